// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/arch.h"

#include "tree.h"

static void test_cpuinfo(void **state)
{
	static const struct {
		const char *text;
		int is_x86;
	} rows[] = {
		{"processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu vmx\n", 1},
		{"flags\t\t: fpu\n", 1},
		/* ARM, LoongArch, RISC-V, POWER */
		{"processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd\n"
		 "CPU implementer\t: 0x41\n",
		 0},
		{"system type\t\t: generic-loongson-machine\n\nprocessor\t\t: 0\n"
		 "Features\t\t: cpucfg lam\n",
		 0},
		{"processor\t: 0\nhart\t\t: 0\nisa\t\t: rv64imafdc\n", 0},
		{"processor\t: 0\ncpu\t\t: POWER9\n", 0},
		{"", -1},
		{"processor\t: 0\nflagship\t: x\n", -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (arch_of_cpuinfo(rows[i].text) != rows[i].is_x86)
			fail_msg("row %zu is not %d", i, rows[i].is_x86);
}

/* A tree without a /proc is judged by the interpreter of its programs. */
static void test_image(void **state)
{
	struct tree *tree = *state;

	assert_true(arch_is_x86(&tree->root));
	tree_file(tree, "lib/ld-linux-aarch64.so.1", "");
	assert_false(arch_is_x86(&tree->root));
	tree_file(tree, "proc/cpuinfo", "vendor_id\t: AuthenticAMD\n");
	assert_true(arch_is_x86(&tree->root));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpuinfo),
		cmocka_unit_test_setup_teardown(test_image, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
