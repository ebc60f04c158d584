// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/plan/judge.h"

#include "hookscript/records/record.h"
#include "hookscript/records/returns.h"
#include "scenario.h"

/* All of them, in order of address. */
static void test_devices(void **state)
{
	static const char *const expected[] = {
		"0000:00:00.0", PORT,	"0000:00:1f.0", "0000:00:1f.3", GPU, SOUND,
		NEIGHBOUR,	PARKED, DISK,		TWIN,		USB};
	struct tree *tree = *state;
	auto_summaries struct device_summaries list = {0};
	auto_free char *before = NULL;

	tree_device(tree, &(struct tree_device){.bdf = "0000:00:1f.3",
						.vendor = 0x8086,
						.class = 0x040300,
						.group = -1});
	tree_device(tree, &(struct tree_device){.bdf = "0000:00:00.0",
						.vendor = 0x8086,
						.class = 0x060000,
						.group = 0});
	tree_device(tree, &(struct tree_device){.bdf = "0000:00:1f.0",
						.vendor = 0x8086,
						.class = 0x060100,
						.group = 1});
	before = tree_render(tree, TREE_ALL);
	assert_int_equal(device_summaries_read(&tree->root, &list), 0);
	tree_assert_is(tree, TREE_ALL, before);
	assert_int_equal(list.n, ARRAY_SIZE(expected));
	for (size_t i = 0; i < list.n; i++) {
		char address[BDF_TEXT_SIZE];

		assert_string_equal(bdf_format(&list.items[i].bdf, address), expected[i]);
	}
	assert_true(device_is_platform(&list.items[0]));
	assert_true(list.items[1].bridge);
	assert_false(device_is_platform(&list.items[1]));
	assert_true(device_is_platform(&list.items[2]));
	assert_true(list.items[3].group < 0);
	assert_true(device_is_display(&list.items[4]));
	assert_false(device_is_display(&list.items[5]));
	assert_int_equal(list.items[4].group, 10);
	assert_string_equal(list.items[4].driver, "gpu");
	assert_non_null(strstr(list.items[4].name, "[10de:1001]"));
	assert_null(list.items[6].driver);
	assert_true(list.items[9].express);
	assert_false(list.items[10].express);
}

static const struct device_summary *judged(struct tree *tree, struct device_summaries *list,
					   const char *address)
{
	const struct device_summary *device;
	auto_free char *before = tree_render(tree, TREE_ALL);
	struct bdf bdf;

	device_summaries_free(list);
	assert_int_equal(device_summaries_read(&tree->root, list), 0);
	assert_int_equal(judge_devices(&tree->root, list), 0);
	tree_assert_is(tree, TREE_ALL, before);
	assert_int_equal(bdf_parse(address, &bdf), 0);
	device = device_summaries_find(list, &bdf);
	assert_non_null(device);
	return device;
}

/* Which VMs name a device, and what the host does with it. */
static void test_uses(void **state)
{
	struct tree *tree = *state;
	auto_summaries struct device_summaries list = {0};
	const struct device_summary *device;

	tree_vm(tree, 101, "hostpci0: 03:00\n");
	tree_link(tree, "sys/devices/pci0000:00/" PARKED "/net/eth0/upper_vmbr0",
		  "/sys/class/net/vmbr0");
	tree_folder(tree, "sys/class/net/vmbr0");
	device = judged(tree, &list, PARKED);
	assert_string_equal(device->vms, "VM 100 (hostpci1), VM 101 (hostpci0)");
	assert_int_equal(device->n_named_by, 2);
	assert_int_equal(device->named_by[0].vmid, 100);
	assert_int_equal(device->named_by[0].entries, 1 << 1);
	assert_int_equal(device->named_by[1].entries, 1 << 0);
	assert_string_equal(device->used,
			    "its interface eth0 carries the host's network: below vmbr0");
	assert_int_equal(device->n_uses, 1);
	assert_string_equal(device->uses[0].reason, "in-use");
	assert_string_equal(device->uses[0].kind, "network");
	assert_string_equal(device->uses[0].name, "eth0");
	assert_string_equal(device->uses[0].what, device->used);
	device = judged(tree, &list, TWIN);
	assert_null(device->vms);
	assert_null(device->used);
	/* A config that cannot be read may name any device. */
	tree_obscure(tree, "etc/pve/qemu-server/101.conf");
	assert_string_equal(judged(tree, &list, TWIN)->vms,
			    "maybe VM 101 (its config cannot be read)");
	device = judged(tree, &list, TWIN);
	assert_int_equal(device->n_named_by, 1);
	assert_int_equal(device->named_by[0].vmid, 101);
	assert_int_equal(device->named_by[0].entries, 0);
}

/* What plan refuses of a device is said of it here, with any VM or none. */
static void test_like_a_plan(void **state)
{
	struct tree *tree = *state;
	auto_summaries struct device_summaries list = {0};
	const struct device_summary *device;

	scenario_must(tree, start_pre, 100);
	/* Taken for a VM that does not run: it would be taken over. */
	assert_null(judged(tree, &list, DISK)->used);
	tree_vm_runs(tree, 100, 4711);
	assert_string_equal(judged(tree, &list, DISK)->used, "VM 100 runs with it");
	assert_string_equal(judged(tree, &list, NEIGHBOUR)->used, "VM 100 runs with it");
	assert_null(judged(tree, &list, TWIN)->used);
	assert_null(judged(tree, &list, PORT)->used);
	tree_file(tree, "sys/kernel/iommu_groups/13/reserved_regions",
		  "0x00000000000e0000 0x00000000000fffff direct\n");
	assert_string_equal(judged(tree, &list, TWIN)->used,
			    "the firmware reserves memory for its group (RMRR)");
	tree_file(tree, "run/pve-passthrough/records/" TWIN, "garbage");
	assert_string_equal(judged(tree, &list, TWIN)->used,
			    "its record cannot be used; the firmware reserves memory for its group "
			    "(RMRR)");
	device = judged(tree, &list, TWIN);
	assert_int_equal(device->n_uses, 2);
	assert_string_equal(device->uses[0].reason, "record");
	assert_string_equal(device->uses[1].reason, "reserved-memory");
	assert_null(device->uses[1].kind);
}

static void test_none(void **state)
{
	struct tree *tree = *state;
	auto_summaries struct device_summaries list = {0};

	/* Without a PCI bus, and with an empty one. */
	tree_delete(tree, "sys/bus");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(device_summaries_read(&tree->root, &list), 0);
		assert_int_equal(judge_devices(&tree->root, &list), 0);
		assert_int_equal(list.n, 0);
		tree_folder(tree, "sys/bus/pci/devices");
	}
}

/* What real stops showed, and a test that runs with a device. */
static void test_returns(void **state)
{
	struct record record = {.bdf = {0, 4, 0, 0},
				.vmid = RECORD_TEST,
				.stage = RECORD_TAKEN,
				.identity = {0x144d, 0xa808, 0x144d, 0xa801, 0x010802},
				.driver = (char *)"nvme",
				.claim = 7,
				.deadline = 30};
	auto_summaries struct device_summaries list = {0};
	const struct device_summary *disk;
	struct tree *tree = *state;
	pid_t tester;

	assert_null(judged(tree, &list, DISK)->returned);
	assert_int_equal(returns_count(&tree->root, &record, true, true), 0);
	disk = judged(tree, &list, DISK);
	assert_non_null(strstr(disk->returned, "came back 1 of 1 time, last on 20"));
	assert_int_equal(disk->returned_times, 1);
	assert_int_equal(disk->returned_of, 1);
	assert_true(disk->returned_last > 0);
	assert_null(judged(tree, &list, GPU)->returned);
	assert_int_equal(record_write(&tree->root, &record), 0);
	tester = scenario_lock_vm(tree, RECORD_TEST);
	assert_string_equal(judged(tree, &list, DISK)->used,
			    "a test runs with it (pve-passthrough test)");
	scenario_end_process(tester);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_devices, scenario_setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_uses, scenario_setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_like_a_plan, scenario_setup,
						fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_returns, scenario_setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_none, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
