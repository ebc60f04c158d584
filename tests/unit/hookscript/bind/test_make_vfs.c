// SPDX-License-Identifier: GPL-2.0-or-later
/* A start whose VF is set up and missing: made when nobody misses its PF meanwhile, else refused.
 */
#include "scenario.h"

#include "hookscript/bind/make_vfs.h"
#include "hookscript/pve/exit.h"
#include "hookscript/records/record.h"

#define PF  "0000:08:00.0"
#define VF1 "0000:08:10.2"
#define AT  "sys/bus/pci/devices/" PF "/"

static int setup(void **state)
{
	struct tree *tree;

	if (scenario_setup(state))
		return -1;
	tree = *state;
	tree_driver(tree, "igb", "igb");
	tree_driver(tree, "igbvf", "igbvf");
	fake_kernel_knows(0x8086, 0x10ca, "igbvf");
	tree_igb(tree, PF, 40);
	tree_vm(tree, 100, "machine: q35\nhostpci0: 08:10.2,pcie=1\n");
	tree_file(tree, "etc/pve-passthrough.d/host.conf",
		  "format = 1; sriov = ( { address = \"" PF
		  "\"; id = \"8086:10c9\"; vfs = 3; } );");
	return 0;
}

static void refused(struct tree *tree, const char *text)
{
	auto_run struct run run = {0};

	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_REFUSED);
	run_assert_says(&run, text);
	assert_string_equal(fake_kernel_log(), "");
}

static void test_made(void **state)
{
	struct tree *tree = *state;
	auto_run struct run plan = {0}, run = {0};
	auto_free char *before = NULL;

	run_hook(tree, scenario_plan, 100, &plan);
	run_assert_code(&plan, 0);
	run_assert_says(&plan, VF1 "  is not there: the start first makes the 3 VFs");
	assert_string_equal(fake_kernel_log(), "");
	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, 0);
	run_assert_says(&run, "made the 3 VFs that " PF " is to have");
	assert_string_equal(tree_driver_of(tree, VF1), "vfio-pci");
	assert_false(run_says(&run, "has no driver")); /* as its PF wants it */
	scenario_must(tree, stop_post, 100);
	assert_string_equal(tree_driver_of(tree, VF1), "none");
	/* They stay. A start that follows makes none. */
	before = tree_render(tree, TREE_STATE);
	fake_kernel_reset(NULL);
	scenario_must(tree, start_pre, 100);
	assert_null(strstr(fake_kernel_log(), "sriov"));
	scenario_must(tree, stop_post, 100);
	tree_assert_is(tree, TREE_STATE, before);
}

static void test_refused(void **state)
{
	struct tree *tree = *state;

	/* The host uses the PF. */
	tree_folder(tree, AT "net/eno1/upper_vmbr0");
	tree_link(tree, "sys/class/net/eno1", "../../bus/pci/devices/" PF "/net/eno1");
	refused(tree, "host-setup sriov " PF " 3 --now");
	tree_delete(tree, "sys/class/net/eno1");
	tree_delete(tree, AT "net");
	/* It has others, and so has to lose them first. */
	tree_link(tree, AT "virtfn0", "../" PF); /* some device */
	refused(tree, "once nothing uses the present VFs");
	tree_delete(tree, AT "virtfn0");
	/* Fewer are set up than this one; or for another card; or none. */
	tree_vm(tree, 100, "machine: q35\nhostpci0: 08:10.6,pcie=1\n");
	refused(tree, "create it, now and at every boot: host-setup sriov " PF " 4");
	tree_vm(tree, 100, "machine: q35\nhostpci0: 08:10.2,pcie=1\n");
	tree_device_id(tree, PF, 0x1521);
	refused(tree, "host-setup sriov " PF " 2");
	tree_device_id(tree, PF, 0x10c9);
	tree_bind(tree, PF, NULL);
	refused(tree, "its PF has no driver");
	tree_bind(tree, PF, "igb");
	tree_file(tree, "etc/pve-passthrough.d/host.conf", "x");
	refused(tree, "/etc/pve-passthrough.d/host.conf: not what host-setup writes");
	tree_delete(tree, "etc/pve-passthrough.d");
	refused(tree, "host-setup sriov " PF " 2");
}

/* The kernel does not make them: nothing is taken. */
static void test_fails(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};
	auto_free char *before = NULL;

	tree_file(tree, AT "sriov_limit", "2\n");
	tree_file(tree, AT "sriov_drivers_autoprobe", "0\n");
	before = tree_render(tree, TREE_STATE);
	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, "the VFs of " PF " could not be made: Cannot allocate memory");
	tree_assert_is(tree, TREE_STATE, before);
}

/* A card that is being reset makes them a moment later. */
static void test_busy(void **state)
{
	static const int errors[] = {EAGAIN, EBUSY};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		const struct fake_plan plan = {
			.fault = FAULT_ERROR, .at = i ? 1 : 2, .error = errors[i]};
		auto_run struct run run = {0};

		fake_kernel_reset(&plan);
		run_hook(tree, start_pre, 100, &run);
		run_assert_code(&run, EXIT_DONE);
		run_assert_says(&run, "made the 3 VFs that " PF " is to have");
		assert_non_null(
			strstr(fake_kernel_log(), PF "/sriov_numvfs=3\n" PF "/sriov_numvfs=3\n"));
		scenario_must(tree, stop_post, 100);
		tree_delete(tree, AT "virtfn0");
		tree_delete(tree, AT "virtfn1");
		tree_delete(tree, AT "virtfn2");
		tree_file(tree, AT "sriov_numvfs", "0\n");
		tree_device_gone(tree, "0000:08:10.0");
		tree_device_gone(tree, VF1);
		tree_device_gone(tree, "0000:08:10.4");
	}
}

/* Another VM has just claimed the PF, which will lose its driver. */
static void test_pf_is_claimed(void **state)
{
	struct tree *tree = *state;
	struct absent_vf vf = {.configured = 3, .autoprobe = -1};
	const struct absent_vf *vfs[] = {&vf};
	const struct plan plan = {.vfs = vfs, .n_vfs = 1};
	struct record record = {
		.vmid = 101, .deadline = 30, .identity = {0x8086, 0x10c9, 0, 0, 0x020000}};

	assert_int_equal(bdf_parse(PF, &vf.pf), 0);
	record.bdf = vf.pf;
	assert_int_equal(record_write(&tree->root, &record), 0);
	assert_int_equal(make_vfs(&tree->root, 100, &plan), -EBUSY);
	assert_null(strstr(fake_kernel_log(), "sriov"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_made, setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_fails, setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_busy, setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_pf_is_claimed, setup, fake_kernel_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
