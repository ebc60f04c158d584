// SPDX-License-Identifier: GPL-2.0-or-later
#include "hanging.h"

#include <sys/stat.h>

#include "host/process/supervise.h"

/* How long a command may read, which includes to start on a busy machine; and when it has to have
 * ended. */
#define READ_MS (RUN_SANITIZED ? 4000 : 1200)
#define END_MS	20000

static char *words[12];
static int n_words;
static int (*program)(int argc, char **argv);

static int run_program_main(const struct fs_root *root, unsigned int vmid)
{
	(void)root;
	(void)vmid;
	supervise_read_ms = READ_MS;
	return program(n_words, words);
}

/* A reader waits for a writer that never comes. */
static void put_fifo(struct tree *tree, const char *path)
{
	tree_file(tree, path, "");
	assert_int_equal(unlinkat(tree->root.fd, path, 0), 0);
	assert_int_equal(mkfifoat(tree->root.fd, path, 0600), 0);
}

void assert_hangs(struct tree *tree, int (*main)(int argc, char **argv), const char *name,
		  const struct hanging *row)
{
	auto_free char *what = fs_path("stuck in the kernel: open /%s", row->path);
	auto_free char *own_name = strdup(name), *args = strdup(row->args);
	char *rest = args, *word;
	auto_run struct run run = {0};

	put_fifo(tree, row->path);
	program = main;
	words[0] = own_name;
	words[1] = (char *)(uintptr_t) "--root";
	words[2] = tree->root.path;
	n_words = 3;
	while ((word = strsep(&rest, " ")) && (size_t)n_words + 1 < ARRAY_SIZE(words))
		if (*word)
			words[n_words++] = word;
	words[n_words] = NULL;
	run_hook_only(tree, run_program_main, 100, &run);
	if (run.code != 1 || run.ms > END_MS || !(run_says(&run, what) || strstr(run.out, what)))
		fail_msg("%s, %s: %d after %d ms: %s%s", row->args, row->path, run.code, run.ms,
			 run.out, run.err);
}
