// SPDX-License-Identifier: GPL-2.0-or-later
#include "clustercase.h"

#include <stdlib.h>

int clustercase_setup(void **state)
{
	struct tree *tree;
	auto_free char *log = NULL;

	if (scenario_setup(state))
		return -1;
	tree = *state;
	log = fs_path("%s/commands", tree->root.path);
	setenv("FAKE_LOG", log, 1);
	setenv("PATH", TESTS_DIR "/fakes:/usr/bin:/bin", 1);
	unsetenv("FAKE_FAIL");
	unsetenv("FAKE_RACE");
	tree_link(tree, "etc/pve/local", "nodes/lab");
	tree_file(tree, "etc/pve/.members",
		  "{\"nodename\": \"lab\", \"version\": 4, \"cluster\": { \"name\": \"c\", "
		  "\"version\": 3, \"nodes\": 3, \"quorate\": 1 },\n\"nodelist\": {\n"
		  "\"lab\": { \"id\": 1, \"online\": 1, \"ip\": \"10.0.0.1\"},\n"
		  "\"pve2\": { \"id\": 2, \"online\": 1, \"ip\": \"10.0.0.2\"},\n"
		  "\"pve3\": { \"id\": 3, \"online\": 0}}}\n");
	tree_folder(tree, "etc/pve/mapping");
	return 0;
}

void clustercase_assert_config(struct tree *tree, const char *expected)
{
	auto_free char *text = tree_text(tree, CONFIG);

	assert_string_equal(text, expected);
}

void clustercase_assert_ran(struct tree *tree, const char *expected)
{
	auto_free char *log = tree_text(tree, "commands");

	assert_string_equal(log, expected);
}
