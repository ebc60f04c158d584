// SPDX-License-Identifier: GPL-2.0-or-later
/* What plan says when what is at a VM's addresses is not what was there at its last start. */
#include "hookscript/records/identity.h"

#include <stdio.h>

#include "hookscript/pve/exit.h"
#include "earlycase.h"
#include "scenario.h"

/* What is kept of VM VMID, without serial numbers and slots, as older versions write it: pairs of
 * an address and an identity. */
static void keep(struct tree *tree, unsigned int vmid, const char *const (*pairs)[2], size_t n)
{
	struct identity_device list[8] = {0};

	assert_true(n <= ARRAY_SIZE(list));
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(bdf_parse(pairs[i][0], &list[i].bdf), 0);
		assert_int_equal(pci_identity_parse(pairs[i][1], &list[i].identity), 0);
	}
	assert_int_equal(identity_write(&tree->root, vmid, list, n), 0);
}

#define KEEP(tree, vmid, ...)                                       \
	keep((tree), (vmid), (const char *const[][2]){__VA_ARGS__}, \
	     sizeof((const char *const[][2]){__VA_ARGS__}) / (2 * sizeof(const char *)))

static void plan_of(struct tree *tree, unsigned int vmid, const char *config, struct run *ret)
{
	if (config)
		tree_vm(tree, vmid, config);
	run_hook(tree, scenario_plan, vmid, ret);
}

#define GPU_ID	 "10de:1001:1043:8600:030000"
#define SOUND_ID "10de:1002:1043:8600:040300"
#define DISK_ID	 "144d:a808:144d:a801:010802"
#define GONE	 "0000:0a:00.0"
#define GONE_ID	 "8086:10d3:8086:a01f:020000"

/* ---- a device that is nowhere ---- */

/* The rest of the card, or of the list, stays with the VM. */
static void test_lost(void **state)
{
	static const struct {
		const char *config, *cure;
	} rows[] = {
		{"machine: q35\nhostpci0: 01:00,pcie=1\n", "pve-passthrough accept 100"},
		{"machine: q35\nhostpci0: 01:00.0;0a:00.0,pcie=1\n",
		 "qm set 100 --hostpci0 '01:00.0,pcie=1'"},
		{"machine: q35\nhostpci0: 0a:00;01:00.0,pcie=1\n",
		 "qm set 100 --hostpci0 '01:00.0,pcie=1'"},
		{"machine: q35\nhostpci0: 01:00.0,pcie=1\nhostpci1: 0a:00.0\n",
		 "qm set 100 --delete hostpci1"},
		{"machine: q35\nhostpci1: 0a:00.0;01:00.2\n", "qm set 100 --delete hostpci1"},
	};
	struct tree *tree = *state;

	KEEP(tree, 100, {GPU, GPU_ID}, {SOUND, SOUND_ID},
	     {"0000:01:00.2", "10de:1ad8:1043:8600:0c0330"}, {GONE, GONE_ID});
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *cure = fs_path("or, if it was taken out: %s\n", rows[i].cure);
		auto_run struct run run = {0};

		plan_of(tree, 100, rows[i].config, &run);
		run_assert_code(&run, EXIT_REFUSED);
		run_assert_says(&run, "it fell off the bus");
		run_assert_says(&run, cure);
		if (!strstr(rows[i].cure, "--delete"))
			assert_false(run_says(&run, "--delete"));
	}
}

/* A card with fewer functions in its place: what is gone is no reason to take the slot out. */
static void test_fewer_functions(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	KEEP(tree, 100, {GPU, "10de:1e87:1043:8600:030000"},
	     {"0000:01:00.2", "10de:1ad8:1043:8600:0c0330"});
	plan_of(tree, 100, "machine: q35\nhostpci0: 01:00,pcie=1\n", &run);
	run_assert_says(&run, "  cure: take what is there now as the right one: pve-passthrough "
			      "accept 100\n");
	run_assert_says(&run, "or, if it was taken out: pve-passthrough accept 100\n");
	assert_false(run_says(&run, "--delete"));
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, scenario_setup, fake_kernel_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_lost),
		TEST(test_fewer_functions),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
