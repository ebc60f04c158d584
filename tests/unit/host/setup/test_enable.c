// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The host trees of tests/hosts. Each is a directory: `before` is what a host has; `after` holds
 * the files that enable changes or adds, all others have to stay; `expect` has the rest, a keyword
 * and a text a line:
 * - about: what this host is
 * - enable: options
 * - exit: enable's exit code; with another than 0 nothing may change
 * - efi, loader TEXT, secureboot: how it booted
 * - image: it is not the running system
 * - stale: the boot entries are not up to date
 * - words: the kernel command line that is configured afterwards; for GRUB /bin/sh is asked
 * - run: a command that must be run, in this order; no other may be
 * - says, disable-says: what must be printed; with '!' what must not be
 * Enable is run twice, and then without its options (nothing may change either time), and disable
 * undoes it.
 */
#include "hostcase.h"
#include "sanitized.h"

#include "host/setup/boot/bootcfg.h"

#include <dirent.h>

/* Every host, or some: a sanitizer makes every process slower. */
#define SANITIZED_EVERY 10

static void assert_all_said(const struct hosttree_run *run, const struct hostcase *host,
			    const char *key)
{
	for (size_t i = 0; i < host->n; i++)
		if (!strcmp(host->keys[i], key))
			hosttree_assert_says(run, host->values[i]);
}

/* The commands that were run are those of the "run" lines, or none when NONE. */
static void assert_commands(const struct hosttree *tree, const struct hostcase *host, bool none)
{
	auto_free char *ran = hosttree_commands(tree);
	auto_free char *wanted = strdup("");

	for (size_t i = 0; i < host->n && !none; i++) {
		char *longer;

		if (strcmp(host->keys[i], "run"))
			continue;
		longer = fs_path("%s%s\n", wanted, host->values[i]);
		free(wanted);
		wanted = longer;
	}
	assert_string_equal(ran, wanted);
}

/* What grubcfg understands is what the shell makes of it. */
static char *grub_words(const struct hosttree *tree)
{
	const struct bootloader grub = {.kind = BOOTLOADER_GRUB};
	const struct edits none = {.root = &tree->root};
	auto_bootcfg struct bootcfg bootcfg = {0};
	auto_free char *ours = NULL;
	char *shells = hosttree_shell_words(tree);

	assert_int_equal(bootcfg_read(&none, &grub, &bootcfg), 0);
	ours = cmdline_join(&bootcfg.words);
	if (!bootcfg.unclear.file) {
		assert_non_null(shells);
		assert_string_equal(ours, shells);
	}
	return shells;
}

static void assert_words(const struct hosttree *tree, const struct hostcase *host)
{
	const char *wanted = hostcase_value(host, "words");
	auto_free char *text = hosttree_read(tree, "etc/kernel/cmdline");
	auto_free char *shells = grub_words(tree);
	auto_conf_items struct conf_items line = {0};
	auto_free char *joined = NULL;

	if (!wanted)
		return;
	if (text && !cmdline_split(&line, text, NULL))
		joined = cmdline_join(&line);
	/* The one that does not boot this host does not have them. */
	if (!joined || strcmp(joined, wanted))
		assert_string_equal(shells, wanted);
}

/* What a second run of either finds: nothing to do. */
static void assert_idle(const struct hosttree *tree, const struct hostcase *host,
			struct hosttree_run run, const char *render, const char *what)
{
	hosttree_assert_code(&run, 0);
	hosttree_run_free(&run);
	hosttree_assert(tree, render, what);
	assert_commands(tree, host, true);
}

static void test_host(void **state)
{
	auto_hostcase struct hostcase host = {0};
	auto_hosttree struct hosttree tree = {0};
	auto_free char *before = NULL;
	auto_free char *after = NULL;
	auto_free char *words = NULL;
	int code;

	hostcase_read(*state, &host);
	code = atoi(hostcase_value(&host, "exit"));
	hostcase_build(&tree, &host);
	before = hosttree_render(&tree);
	after = hostcase_after(&host);
	words = grub_words(&tree);
	{
		auto_run struct hosttree_run run = hostcase_enable(&tree, &host);

		hosttree_assert_code(&run, code);
		assert_all_said(&run, &host, "says");
		hosttree_assert(&tree, after, "after enable");
		assert_words(&tree, &host);
		assert_commands(&tree, &host, false);
	}
	hosttree_forget_commands(&tree);
	if (code)
		return;
	assert_idle(&tree, &host, hostcase_enable(&tree, &host), after, "after a second enable");
	assert_idle(&tree, &host, hostcase_enable_plainly(&tree, &host), after,
		    "after an enable without options");
	{
		auto_run struct hosttree_run run = hostcase_disable(&tree, &host);

		hosttree_assert_code(&run, 0);
		assert_all_said(&run, &host, "disable-says");
		hosttree_assert(&tree, before, "after disable");
		assert_commands(&tree, &host, !strcmp(before, after));
	}
	hosttree_forget_commands(&tree);
	assert_idle(&tree, &host, hostcase_disable(&tree, &host), before, "after a second disable");
}

static int is_host(const struct dirent *entry)
{
	return *entry->d_name != '.' && !hostcase_is_capture(entry->d_name);
}

int main(void)
{
	struct dirent **entries;
	int n = scandir(HOSTS, &entries, is_host, alphasort);
	struct CMUnitTest *tests;
	size_t n_tests = 0;
	int failed;

	assert_true(n >= 40);
	tests = calloc((size_t)n, sizeof(*tests));
	for (int i = 0; i < n; i += (int)sweep_every(1, SANITIZED_EVERY))
		tests[n_tests++] = (struct CMUnitTest){entries[i]->d_name, test_host, NULL, NULL,
						       entries[i]->d_name};
	failed = _cmocka_run_group_tests("hosts", tests, n_tests, NULL, NULL);
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
	free(tests);
	return failed;
}
