// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/plan/facts/facts.h"

#include "hookscript/phases/start.h"
#include "scenario.h"

static struct facts *read_facts(struct tree *tree, const char *config, unsigned int scope)
{
	auto_free char *before = NULL, *why = NULL;
	struct facts *facts = NULL;

	tree_vm(tree, 100, config);
	before = tree_render(tree, TREE_ALL);
	assert_int_equal(facts_read(&tree->root, 100, &settings_default, scope, &facts, &why), 0);
	tree_assert_is(tree, TREE_ALL, before);
	return facts;
}

/* The device, which must be in it. */
static const struct device *find(const struct facts *facts, const char *address)
{
	static const struct device none;

	for (size_t i = 0; i < facts->n_devices; i++) {
		char text[BDF_TEXT_SIZE];

		if (!strcmp(bdf_format(&facts->devices[i].bdf, text), address))
			return &facts->devices[i];
	}
	fail_msg("%s is not in the facts", address);
	return &none;
}

/* The named ones and all that share a group with them; nothing else. */
static void test_devices(void **state)
{
	static const char *const expected[] = {PORT, GPU, SOUND, NEIGHBOUR, DISK};
	auto_facts struct facts *facts = read_facts(
		*state, "hostpci0: 04:00.0\nhostpci1: 01:00.1\n", FACTS_START);

	assert_true(facts->iommu_active);
	assert_int_equal(facts->n_devices, 5);
	assert_int_equal(facts->n_groups, 2);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		assert_ptr_equal(find(facts, expected[i]), &facts->devices[i]);
	assert_true(find(facts, SOUND)->named);
	assert_true(find(facts, DISK)->named);
	assert_false(find(facts, GPU)->named);
	assert_false(find(facts, NEIGHBOUR)->named);
	assert_true(find(facts, PORT)->bridge);
	assert_false(find(facts, GPU)->bridge);
	assert_string_equal(find(facts, GPU)->driver, "gpu");
	assert_null(find(facts, NEIGHBOUR)->driver);
	assert_int_equal(find(facts, DISK)->group, 12);
	assert_int_equal(find(facts, DISK)->identity.device, 0xa808);
	assert_true(find(facts, DISK)->express);
}

static void test_slot(void **state)
{
	auto_facts struct facts *slot = read_facts(*state, "hostpci0: 01:00\n", FACTS_START);

	assert_true(find(slot, GPU)->named);
	assert_true(find(slot, SOUND)->named);
	assert_false(find(slot, NEIGHBOUR)->named);
}

/* What cannot be read about a device is no fact: neither that it is absent, nor that it is not PCI
 * Express or no bridge. */
static void test_unknown(void **state)
{
	static const char *const files[] = {"max_link_width", "pci_bus", "vendor"};
	struct tree *tree = *state;

	tree_vm(tree, 100, "hostpci0: 04:00.0\n");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		auto_free char *path = fs_path("sys/bus/pci/devices/" DISK "/%s", files[i]);
		auto_free char *why = NULL;
		struct facts *facts = NULL;

		if (fs_probe(&tree->root, path) > 0)
			tree_delete(tree, path);
		tree_link(tree, path, files[i]);
		assert_int_equal(
			facts_read(&tree->root, 100, &settings_default, FACTS_START, &facts, &why),
			-ELOOP);
		tree_delete(tree, path);
		if (!strcmp(files[i], "max_link_width"))
			tree_file(tree, path, "16\n");
	}
}

static void test_what_is_not_there(void **state)
{
	auto_facts struct facts *facts = read_facts(
		*state,
		"hostpci0: 0b:00.0\nhostpci1: ff:ff.f\nhostpci2: ffff:0c:00\n"
		"hostpci3: 06:00.0,mdev=x\nhostpci4: 06:00.0,driver=keep\n",
		FACTS_START);

	assert_int_equal(facts->n_devices, 0);
	assert_int_equal(facts->n_groups, 0);
}

/* Known to be absent, and wanted; not in a tree that has no QEMU. */
static void test_romfiles(void **state)
{
	static const char config[] = "hostpci0: 04:00.0,romfile=here.rom\n"
				     "hostpci1: 01:00.0,romfile=a b.rom\n"
				     "hostpci2: 01:00.1,romfile=none.rom,rombar=0\n"
				     "hostpci3: 06:00.0,mdev=x,romfile=none.rom\n"
				     "hostpci4: 02:00.0,romfile=here.rom/x\n"
				     "hostpci5: 03:00.0,romfile=loop.rom\n";
	struct tree *tree = *state;

	for (unsigned int there = 0; there < 2; there++) {
		auto_facts struct facts *facts = NULL;

		if (there) {
			tree_file(tree, ROMFILES_PATH "/here.rom", "");
			tree_link(tree, ROMFILES_PATH "/loop.rom", "loop.rom");
		}
		facts = read_facts(tree, config, FACTS_START);
		for (size_t e = 0; e < HOSTPCI_MAX; e++)
			assert_int_equal(facts->no_romfile[e], there && (e == 1 || e == 4));
	}
}

static void test_no_iommu(void **state)
{
	struct tree *tree = *state;
	auto_facts struct facts *facts = NULL;

	tree_delete(tree, "sys/class/iommu/dmar0");
	tree_file(tree, "sys/firmware/acpi/tables/IVRS", "");
	tree_device(tree, &(struct tree_device){
				  .bdf = "0000:07:00.0", .vendor = 1, .device = 2, .group = -1});
	facts = read_facts(tree, "hostpci0: 07:00.0\n", FACTS_START);
	assert_false(facts->iommu_active);
	assert_int_equal(facts->host.items[0].status, CHECK_MISSING);
	assert_string_equal(facts->host.items[0].name, "iommu-active");
	assert_true(find(facts, "0000:07:00.0")->group < 0);
	assert_int_equal(facts->n_groups, 0);
}

static void test_records(void **state)
{
	struct tree *tree = *state;
	auto_facts struct facts *facts = NULL;
	pid_t holder;

	scenario_must(tree, start_pre, 100);
	tree_file(tree, "run/pve-passthrough/records/" DISK, "garbage");
	tree_vm_runs(tree, 100, 4711);
	holder = scenario_lock_vm(tree, 100);
	facts = read_facts(tree, SCENARIO_CONFIG, FACTS_START);
	scenario_end_process(holder);
	assert_int_equal(find(facts, GPU)->record->vmid, 100);
	assert_string_equal(find(facts, GPU)->record->driver, "gpu");
	assert_true(find(facts, GPU)->record_vm_runs);
	assert_true(find(facts, GPU)->record_vm_locked);
	assert_null(find(facts, DISK)->record);
	assert_non_null(strstr(find(facts, DISK)->record_error, "not a record"));
}

static void test_holders(void **state)
{
	struct tree *tree = *state;
	auto_facts struct facts *facts = NULL;

	tree_process(tree, 4711, "kvm", "kvm");
	tree_process_opens(tree, 4711, 9, "/dev/vfio/11");
	facts = read_facts(tree, SCENARIO_CONFIG, FACTS_START);
	for (size_t i = 0; i < facts->n_groups; i++)
		assert_int_equal(facts->groups[i].holders.open, facts->groups[i].number == 11);
}

static void test_reserved(void **state)
{
	struct tree *tree = *state;
	auto_facts struct facts *facts = NULL;

	tree_file(tree, "sys/kernel/iommu_groups/11/reserved_regions",
		  "0x00000000000e0000 0x00000000000fffff direct\n");
	facts = read_facts(tree, SCENARIO_CONFIG, FACTS_START);
	assert_true(facts->n_groups > 1);
	for (size_t i = 0; i < facts->n_groups; i++)
		assert_int_equal(facts->groups[i].reserved, facts->groups[i].number == 11);
}

static void test_awaits_driver(void **state)
{
	struct tree *tree = *state;
	auto_facts struct facts *none = read_facts(tree, SCENARIO_CONFIG, FACTS_START);
	auto_facts struct facts *coming = NULL;
	auto_facts struct facts *elsewhere = NULL;
	auto_facts struct facts *blacklisted = NULL;
	auto_facts struct facts *recorded = NULL;

	assert_false(facts_await_driver(none));
	tree_module_for(tree, NEIGHBOUR, "coming");
	coming = read_facts(tree, SCENARIO_CONFIG, FACTS_START);
	assert_true(facts_await_driver(coming));
	assert_string_equal(find(coming, NEIGHBOUR)->module.name, "coming");
	assert_null(find(coming, GPU)->module.name);
	elsewhere = read_facts(tree, "hostpci0: 04:00.0\n", FACTS_START);
	assert_false(facts_await_driver(elsewhere));
	tree_file(tree, "etc/modprobe.d/b.conf", "blacklist coming\n");
	blacklisted = read_facts(tree, SCENARIO_CONFIG, FACTS_START);
	assert_false(facts_await_driver(blacklisted));
	assert_true(find(blacklisted, NEIGHBOUR)->module.blacklisted);
	tree_delete(tree, "etc/modprobe.d/b.conf");
	scenario_must(tree, start_pre, 100);
	tree_bind(tree, NEIGHBOUR, NULL);
	recorded = read_facts(tree, SCENARIO_CONFIG, FACTS_START);
	assert_false(facts_await_driver(recorded));
}

static void test_detail(void **state)
{
	struct tree *tree = *state;
	auto_facts struct facts *facts = NULL;

	tree_module_for(tree, GPU, "nouveau");
	tree_file(tree, "etc/modprobe.d/b.conf",
		  "blacklist nouveau\noptions vfio-pci ids=8086:1521\n");
	facts = read_facts(tree, SCENARIO_CONFIG, FACTS_MODULES);
	assert_string_equal(find(facts, GPU)->module.name, "nouveau");
	assert_true(find(facts, GPU)->module.blacklisted);
	assert_true(find(facts, PARKED)->vfio_ids);
	assert_false(find(facts, GPU)->vfio_ids);
}

/* Whose VF a device is, and on which driver that one is. */
static void test_pf(void **state)
{
	static const char config[] = "hostpci0: 04:00.0\nhostpci1: 06:00.0\n";
	struct tree *tree = *state;
	auto_facts struct facts *facts = NULL;
	auto_free char *why = NULL;
	struct facts *none = NULL;

	tree_link(tree, "sys/bus/pci/devices/" DISK "/physfn", "../" PARKED);
	tree_link(tree, "sys/bus/pci/devices/" USB "/physfn", "../" TWIN);
	facts = read_facts(tree, config, FACTS_START);
	assert_true(find(facts, DISK)->pf_on_vfio);
	assert_string_equal(bdf_text(&find(facts, DISK)->pf), PARKED);
	assert_false(find(facts, USB)->pf_on_vfio);
	tree_delete(tree, "sys/bus/pci/devices/" DISK "/physfn");
	tree_file(tree, "sys/bus/pci/devices/" DISK "/physfn", "");
	assert_int_equal(facts_read(&tree->root, 100, &settings_default, FACTS_START, &none, &why),
			 -EINVAL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scenario_setup, fake_kernel_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_devices),	      TEST(test_unknown),  TEST(test_slot),
		TEST(test_what_is_not_there), TEST(test_romfiles), TEST(test_no_iommu),
		TEST(test_records),	      TEST(test_holders),  TEST(test_reserved),
		TEST(test_awaits_driver),     TEST(test_detail),   TEST(test_pf),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
