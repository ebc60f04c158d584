// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The captures of tests/hosts, as users have sent them. Each is a directory: capture.tar.xz, as it
 * is, and `expect`, a keyword and a text a line:
 *
 *	check, groups, plan VMID, vm VMID, config VMID, early ADDRESS	what is run
 *	code N		its exit code
 *	says TEXT	what it prints, on one line
 *	silent TEXT	what it does not
 *	# TEXT		a comment
 */
#include "capturecase.h"
#undef auto_run /* hostcase.h has one, too */

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "host/process/program.h"
#include "host/setup/capture/store.h"
#include "hostcase.h"
#include "scenario.h"

static const struct {
	const char *name;
	run_phase *phase;
} commands[] = {
	{"check", capturecase_check}, {"groups", capturecase_groups}, {"plan", capturecase_plan},
	{"vm", capturecase_vm},	      {"config", capturecase_config}, {"early", capturecase_early},
};

static void unpack(const char *name, const char *dir)
{
	auto_free char *file = fs_path(HOSTS "/%s/capture.tar.xz", name);
	const char *const args[] = {"tar", "xf", file, "-C", dir, NULL};
	const struct program program = {.args = args, .limit_ms = 20000, .max = 64};
	auto_program_end struct program_end end = {0};

	assert_int_equal(program_run(&program, &end), 0);
	assert_true(program_succeeded(&end));
}

/* Runs what the line says, if it is a command. */
static bool run_line(struct tree *tree, const char *key, const char *value, struct run *run)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(key, commands[i].name) != 0)
			continue;
		run_free(run);
		capturecase_address = value;
		run_hook_only(tree, commands[i].phase, (unsigned int)strtoul(value, NULL, 10), run);
		return true;
	}
	return false;
}

static bool holds(const char *key, const char *value, const struct run *run)
{
	if (!strcmp(key, "code"))
		return run->code == (int)strtol(value, NULL, 10);
	if (!strcmp(key, "says"))
		return run_says(run, value);
	return !strcmp(key, "silent") && !run_says(run, value);
}

static void look_at(const char *name)
{
	auto_hostcase struct hostcase host = {0};
	auto_free char *dir = tree_make_temporary("captured");
	struct run run = {0};
	struct tree tree;

	hostcase_read(name, &host);
	unpack(name, dir);
	assert_int_equal(fs_root_open(dir, &tree.root), 0);
	assert_true(fs_root_is_capture(&tree.root));
	for (size_t i = 0, command = 0; i < host.n; i++) {
		if (run_line(&tree, host.keys[i], host.values[i], &run)) {
			command = i;
			continue;
		}
		if (holds(host.keys[i], host.values[i], &run))
			continue;
		print_error("%s %s ended with %d and said:\n%s%s", host.keys[command],
			    host.values[command], run.code, run.out, run.err);
		fail_msg("tests/hosts/%s/expect, below \"%s %s\": \"%s %s\" does not hold", name,
			 host.keys[command], host.values[command], host.keys[i], host.values[i]);
	}
	run_free(&run);
	fs_root_close(&tree.root);
	store_remove(dir);
}

static void test_all(void **state)
{
	DIR *dir = opendir(HOSTS);
	const struct dirent *entry;
	size_t n = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (hostcase_is_capture(entry->d_name)) {
			look_at(entry->d_name);
			n++;
		}
	closedir(dir);
	assert_true(n > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all, scenario_setup, fake_kernel_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
