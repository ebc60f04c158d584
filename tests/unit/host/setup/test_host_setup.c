// SPDX-License-Identifier: GPL-2.0-or-later
/* The built host-setup, beside the directory of the tests: its command line. Skipped where it is
 * not built. */
#include <fcntl.h>
#include <unistd.h>

#include "host/setup/state/hostlock.h"
#include "hosttree.h"
#include "program.h"

static char *program;

/* One after the other on one host. It is a tree, not the running system, so no command is run. */
static void test_command_lines(void **state)
{
	static const struct {
		const char *args;
		int code;
		const char *out, *err; /* NULL: nothing */
	} rows[] = {
		{"--help", 0, "usage: host-setup [COMMAND]", NULL},
		{"enable --help", 0, "usage: host-setup enable", NULL},
		{"-h", 0, "usage: host-setup [COMMAND]", NULL},
		{"help", 0, "usage: host-setup [COMMAND]", NULL},
		{"help enable", 0, "usage: host-setup enable", NULL},
		{"--version", 0, "host-setup ", NULL},
		{"frobnicate", 64, NULL, "unknown command 'frobnicate'"},
		{"check more", 64, NULL, "more"},
		{"chekc", 64, NULL, "did you mean 'check'?"},
		{"enable --dry-rnu", 64, NULL, "did you mean '--dry-run'?"},
		{"enable --kernel-arg", 64, NULL, "option --kernel-arg needs a value"},
		{"groups --bootloader=grub", 64, NULL, "groups has no option --bootloader"},
		{"enable --manual-too", 64, NULL, "enable has no option --manual-too"},
		{"enable --json", 64, NULL, "enable has no option --json"},
		{"--dry-run", 64, NULL, "host-setup has no option --dry-run"},
		{"enable --what", 64, NULL, "unknown option"},
		{"check --yes", 64, NULL, "check has no option --yes"},
		{"groups --acs-override=both", 64, NULL, "groups has no option --acs-override"},
		{"enable --confirm-within 0", 64, NULL, "minutes, from 1 to 1440, got '0'"},
		{"enable --confirm-within 5m", 64, NULL, "minutes, from 1 to 1440, got '5m'"},
		{"enable --confirm-within=-5", 64, NULL, "minutes, from 1 to 1440, got '-5'"},
		{"disable --confirm-within=5", 64, NULL, "disable has no option --confirm-within"},
		{"confirm now", 64, NULL, "confirm takes no argument"},
		{"confirm --root ROOT", 2, NULL, "is not the running system"},
		{"confirm --boot --root ROOT", 2, NULL, "is not the running system"},
		{"enable --yes --confirm-within 5 --root ROOT", 2, "boot loader: GRUB",
		 "is for the running system"},
		{"enable --pci-realloc=on", 64, NULL, "--pci-realloc must be off, got 'on'"},
		{"check --root /no/such/directory", 1, NULL, "/no/such/directory"},
		{"check --root ROOT", 2, "missing", NULL},
		{"check --json --root ROOT", 2, "\"verdict\":\"not-ready\"", NULL},
		{"--root ROOT", 2, "missing", NULL},
		{"groups --root ROOT", 0, "there are no IOMMU groups", NULL},
		{"groups --json --root ROOT", 0, "\"groups\":[", NULL},
		{"disable --yes --root ROOT", 0, "has changed nothing here", NULL},
		{"enable --dry-run --root ROOT", 0, "\n+vfio_pci\n", NULL},
		{"enable --yes --root ROOT", 0, "in it, run\n  update-initramfs", NULL},
		{"enable --yes --root ROOT", 0, "in it, run\n  update-initramfs", NULL},
		{"check --json --root ROOT", 2, "\"unfinished\"", NULL},
		{"disable --dry-run --root ROOT", 0, "\n-vfio_pci\n", NULL},
		{"disable --yes --root ROOT", 0, "in it, run\n  update-initramfs", NULL},
	};
	auto_hosttree struct hosttree tree = {0};
	auto_free char *before = NULL;

	(void)state;
	hosttree_open(&tree, false);
	hosttree_copy(&tree, TESTS_DIR "/hosts/grub-intel/before");
	before = hosttree_render(&tree);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_run struct run run = {0};

		run_program(program, tree.dir, rows[i].args, &run);
		if (run.code != rows[i].code ||
		    (rows[i].out ? !strstr(run.out, rows[i].out) : *run.out) ||
		    (rows[i].err ? !strstr(run.err, rows[i].err) : *run.err))
			fail_msg("'%s' gave %d, '%s', '%s'", rows[i].args, run.code, run.out,
				 run.err);
	}
	hosttree_assert(&tree, before, "after disable");
}

/* While another one changes the host; who only looks is not in its way. */
/* They are read for warnings alone. */
static void test_disable_without_configs(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_run struct run enabled = {0}, disabled = {0};
	auto_free char *loop = NULL;

	(void)state;
	hosttree_open(&tree, false);
	hosttree_copy(&tree, TESTS_DIR "/hosts/grub-intel/before");
	hosttree_text(&tree, "etc/pve/nodes", "");
	loop = fs_path("%s/etc/pve/qemu-server", tree.dir);
	assert_int_equal(symlink("qemu-server", loop), 0);
	run_program(program, tree.dir, "enable --yes --root ROOT", &enabled);
	assert_int_equal(enabled.code, 0);
	run_program(program, tree.dir, "disable --yes --root ROOT", &disabled);
	assert_int_equal(disabled.code, 0);
	assert_non_null(strstr(disabled.err, "the VMs' configs could not be read: Too many"));
}

static void test_two_at_once(void **state)
{
	static const struct {
		const char *args;
		int code;
	} rows[] = {
		{"enable --yes --root ROOT", 1},
		{"disable --yes --root ROOT", 1},
		{"sriov 03:00.0 4 --yes --root ROOT", 1},
		{"enable --dry-run --root ROOT", 0},
		{"check --root ROOT", 2},
		{"sriov --root ROOT", 0},
	};
	auto_hosttree struct hosttree tree = {0};
	auto_free char *before = NULL;
	auto_close int lock = -1;

	(void)state;
	hosttree_open(&tree, false);
	hosttree_copy(&tree, TESTS_DIR "/hosts/grub-intel/before");
	before = hosttree_render(&tree);
	lock = hostlock_take(&tree.root);
	assert_true(lock >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_run struct run run = {0};
		bool told;

		run_program(program, tree.dir, rows[i].args, &run);
		told = strstr(run.err, "is changing how this host boots");
		if (run.code != rows[i].code || told != (rows[i].code == 1))
			fail_msg("'%s' gave %d, '%s', '%s'", rows[i].args, run.code, run.out,
				 run.err);
	}
	hosttree_assert(&tree, before, "while another one was at work");
}

/* What could not be printed has not been done. */
static void test_full(void **state)
{
	static const char *const args[] = {
		"--help",
		"check --root ROOT",
		"check --json --root ROOT",
		"groups --root ROOT",
		"groups --json --root ROOT",
		"enable --dry-run --root ROOT",
	};
	auto_hosttree struct hosttree tree = {0};
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	hosttree_open(&tree, false);
	hosttree_copy(&tree, TESTS_DIR "/hosts/grub-intel/before");
	for (size_t i = 0; i < ARRAY_SIZE(args); i++) {
		auto_run struct run run = {0};

		run_program_at(program, tree.dir, args[i], -1, full, &run);
		if (run.code != 1 || !strstr(run.err, "not all of the output could"))
			fail_msg("'%s' gave %d, '%s'", args[i], run.code, run.err);
	}
	close(full);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command_lines),
		cmocka_unit_test(test_disable_without_configs),
		cmocka_unit_test(test_two_at_once),
		cmocka_unit_test(test_full),
	};

	(void)argc;
	program = program_find(argv[0], "host-setup", ARRAY_SIZE(tests));
	return program ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
