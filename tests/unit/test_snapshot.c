// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/snapshot.h"

#include "hookscript/start.h"
#include "scenario.h"

static struct snapshot *take(struct tree *tree, const char *config, enum snapshot_detail detail)
{
	cleanup_with(vmcfg_freep) struct vmcfg *vm = NULL;
	auto_free char *before = tree_render(tree, TREE_ALL);
	cleanup_with(selection_freep) struct selection *selection = NULL;
	struct snapshot *snapshot = NULL;

	assert_int_equal(vmcfg_parse(config, strlen(config), &vm), 0);
	assert_int_equal(selection_read(&tree->root, 100, vm, &selection), 0);
	assert_int_equal(snapshot_take(&tree->root, 100, selection, detail, &snapshot), 0);
	tree_assert_is(tree, TREE_ALL, before);
	return snapshot;
}

/* The device, which must be in it. */
static const struct device *find(const struct snapshot *snapshot, const char *address)
{
	static const struct device none;

	for (size_t i = 0; i < snapshot->n_devices; i++) {
		char text[BDF_TEXT_SIZE];

		if (!strcmp(bdf_format(&snapshot->devices[i].bdf, text), address))
			return &snapshot->devices[i];
	}
	fail_msg("%s is not in the snapshot", address);
	return &none;
}

#define auto_snapshot cleanup_with(snapshot_freep)

/* The named ones and all that share a group with them; nothing else. */
static void test_devices(void **state)
{
	static const char *const expected[] = {PORT, GPU, SOUND, NEIGHBOUR, DISK};
	auto_snapshot struct snapshot *snapshot = take(
		*state, "hostpci0: 04:00.0\nhostpci1: 01:00.1\n", SNAPSHOT_BRIEF);

	assert_true(snapshot->iommu_active);
	assert_int_equal(snapshot->n_devices, 5);
	assert_int_equal(snapshot->n_groups, 2);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		assert_ptr_equal(find(snapshot, expected[i]), &snapshot->devices[i]);
	assert_true(find(snapshot, SOUND)->named);
	assert_true(find(snapshot, DISK)->named);
	assert_false(find(snapshot, GPU)->named);
	assert_false(find(snapshot, NEIGHBOUR)->named);
	assert_true(find(snapshot, PORT)->bridge);
	assert_false(find(snapshot, GPU)->bridge);
	assert_string_equal(find(snapshot, GPU)->driver, "gpu");
	assert_null(find(snapshot, NEIGHBOUR)->driver);
	assert_int_equal(find(snapshot, DISK)->group, 12);
	assert_int_equal(find(snapshot, DISK)->identity.device, 0xa808);
	assert_true(find(snapshot, DISK)->express);
}

static void test_slot(void **state)
{
	auto_snapshot struct snapshot *slot = take(*state, "hostpci0: 01:00\n", SNAPSHOT_BRIEF);

	assert_true(find(slot, GPU)->named);
	assert_true(find(slot, SOUND)->named);
	assert_false(find(slot, NEIGHBOUR)->named);
}

static void test_what_is_not_there(void **state)
{
	auto_snapshot struct snapshot *snapshot = take(
		*state,
		"hostpci0: 0b:00.0\nhostpci1: ff:ff.f\nhostpci2: ffff:0c:00\n"
		"hostpci3: 06:00.0,mdev=x\nhostpci4: 06:00.0,driver=keep\n",
		SNAPSHOT_BRIEF);

	assert_int_equal(snapshot->n_devices, 0);
	assert_int_equal(snapshot->n_groups, 0);
}

static void test_no_iommu(void **state)
{
	struct tree *tree = *state;
	auto_snapshot struct snapshot *snapshot = NULL;

	tree_delete(tree, "sys/class/iommu/dmar0");
	tree_file(tree, "sys/firmware/acpi/tables/IVRS", "");
	tree_device(tree, &(struct tree_device){
				  .bdf = "0000:07:00.0", .vendor = 1, .device = 2, .group = -1});
	snapshot = take(tree, "hostpci0: 07:00.0\n", SNAPSHOT_BRIEF);
	assert_false(snapshot->iommu_active);
	assert_int_equal(snapshot->host.items[0].status, CHECK_MISSING);
	assert_string_equal(snapshot->host.items[0].name, "iommu-active");
	assert_true(find(snapshot, "0000:07:00.0")->group < 0);
	assert_int_equal(snapshot->n_groups, 0);
}

static void test_records(void **state)
{
	struct tree *tree = *state;
	auto_snapshot struct snapshot *snapshot = NULL;
	pid_t holder;

	scenario_must(tree, start_pre, 100);
	tree_file(tree, "run/pve-passthrough/records/" DISK, "garbage");
	tree_vm_runs(tree, 100, 4711);
	holder = scenario_lock_vm(tree, 100);
	snapshot = take(tree, SCENARIO_CONFIG, SNAPSHOT_BRIEF);
	scenario_end_process(holder);
	assert_int_equal(find(snapshot, GPU)->record->vmid, 100);
	assert_string_equal(find(snapshot, GPU)->record->driver, "gpu");
	assert_true(find(snapshot, GPU)->record_vm_runs);
	assert_true(find(snapshot, GPU)->record_vm_locked);
	assert_null(find(snapshot, DISK)->record);
	assert_non_null(strstr(find(snapshot, DISK)->record_error, "not a record"));
}

static void test_holders(void **state)
{
	struct tree *tree = *state;
	auto_snapshot struct snapshot *snapshot = NULL;

	tree_process(tree, 4711, "kvm", "kvm");
	tree_process_opens(tree, 4711, 9, "/dev/vfio/11");
	snapshot = take(tree, SCENARIO_CONFIG, SNAPSHOT_BRIEF);
	for (size_t i = 0; i < snapshot->n_groups; i++)
		assert_int_equal(snapshot->groups[i].holders.open, snapshot->groups[i].group == 11);
}

static void test_reserved(void **state)
{
	struct tree *tree = *state;
	auto_snapshot struct snapshot *snapshot = NULL;

	tree_file(tree, "sys/kernel/iommu_groups/11/reserved_regions",
		  "0x00000000000e0000 0x00000000000fffff direct\n");
	snapshot = take(tree, SCENARIO_CONFIG, SNAPSHOT_BRIEF);
	assert_true(snapshot->n_groups > 1);
	for (size_t i = 0; i < snapshot->n_groups; i++)
		assert_int_equal(snapshot->groups[i].reserved, snapshot->groups[i].group == 11);
}

static void test_awaits_driver(void **state)
{
	struct tree *tree = *state;
	auto_snapshot struct snapshot *none = take(tree, SCENARIO_CONFIG, SNAPSHOT_BRIEF);
	auto_snapshot struct snapshot *coming = NULL;
	auto_snapshot struct snapshot *elsewhere = NULL;
	auto_snapshot struct snapshot *blacklisted = NULL;
	auto_snapshot struct snapshot *recorded = NULL;

	assert_false(snapshot_awaits_driver(none));
	tree_module_for(tree, NEIGHBOUR, "coming");
	coming = take(tree, SCENARIO_CONFIG, SNAPSHOT_BRIEF);
	assert_true(snapshot_awaits_driver(coming));
	assert_string_equal(find(coming, NEIGHBOUR)->module.name, "coming");
	assert_null(find(coming, GPU)->module.name);
	elsewhere = take(tree, "hostpci0: 04:00.0\n", SNAPSHOT_BRIEF);
	assert_false(snapshot_awaits_driver(elsewhere));
	tree_file(tree, "etc/modprobe.d/b.conf", "blacklist coming\n");
	blacklisted = take(tree, SCENARIO_CONFIG, SNAPSHOT_BRIEF);
	assert_false(snapshot_awaits_driver(blacklisted));
	assert_true(find(blacklisted, NEIGHBOUR)->module.blacklisted);
	tree_delete(tree, "etc/modprobe.d/b.conf");
	scenario_must(tree, start_pre, 100);
	tree_bind(tree, NEIGHBOUR, NULL);
	recorded = take(tree, SCENARIO_CONFIG, SNAPSHOT_BRIEF);
	assert_false(snapshot_awaits_driver(recorded));
}

static void test_detail(void **state)
{
	struct tree *tree = *state;
	auto_snapshot struct snapshot *snapshot = NULL;

	tree_module_for(tree, GPU, "nouveau");
	tree_file(tree, "etc/modprobe.d/b.conf",
		  "blacklist nouveau\noptions vfio-pci ids=8086:1521\n");
	snapshot = take(tree, SCENARIO_CONFIG, SNAPSHOT_DETAIL);
	assert_string_equal(find(snapshot, GPU)->module.name, "nouveau");
	assert_true(find(snapshot, GPU)->module.blacklisted);
	assert_true(find(snapshot, PARKED)->vfio_ids);
	assert_false(find(snapshot, GPU)->vfio_ids);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scenario_setup, fake_kernel_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_devices),  TEST(test_slot),	       TEST(test_what_is_not_there),
		TEST(test_no_iommu), TEST(test_records),       TEST(test_holders),
		TEST(test_reserved), TEST(test_awaits_driver), TEST(test_detail),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
