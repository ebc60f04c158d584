// SPDX-License-Identifier: GPL-2.0-or-later
/* A VM's memory in the phases, and in plan and vm: what is refused, said, kept and forgotten. */
#include <stdio.h>

#include "hookscript/plan/facts/facts.h"
#include "hookscript/pve/exit.h"
#include "hookscript/records/duration.h"
#include "hookscript/verbs/vm_verb.h"
#include "host/base/log.h"
#include "scenario.h"

#define CONFIG "machine: q35\nhostpci2: 04:00.0,pcie=1\nmemory: 16384\n"
#define KEPT   DURATION_DIR "/100"

static void put_host(struct tree *tree, unsigned int gib, unsigned int available)
{
	auto_free char *text = fs_path("MemTotal: %u kB\nMemAvailable: %u kB\nHugetlb: 0 kB\n",
				       gib << 20, available << 20);

	tree_file(tree, "proc/meminfo", text);
}

static int setup(void **state)
{
	struct tree *tree;

	if (scenario_setup(state))
		return -1;
	tree = *state;
	tree_vm(tree, 100, CONFIG);
	put_host(tree, 64, 60);
	tree_file(tree, "sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
	tree_folder(tree, "sys/kernel/mm/hugepages/hugepages-1048576kB");
	tree_file(tree, "sys/devices/system/node/node0/meminfo", "Node 0 MemTotal: 67108864 kB\n");
	tree_file(tree, "sys/devices/system/node/node0/cpulist", "0-15\n");
	tree_file(tree, "sys/devices/pci0000:00/" DISK "/numa_node", "0\n");
	return 0;
}

static int run_vm(const struct fs_root *root, unsigned int vmid)
{
	const struct vm_options options = {.run = false};

	log_open(NULL, NULL);
	return vm_verb_run(root, vmid, &options);
}

static void assert_says(struct tree *tree, run_phase *phase, const char *text, bool says)
{
	auto_run struct run run = {0};

	run_hook(tree, phase, 100, &run);
	if (says)
		run_assert_says(&run, text);
	else if (run_says(&run, text))
		fail_msg("it says: %s\n%s%s", text, run.out, run.err);
}

static void test_refused(void **state)
{
	struct tree *tree = *state;

	put_host(tree, 8, 7);
	scenario_assert_refused(tree, 100,
				"refused: memory: 16 GiB is more than this host has: 8 GiB");
	scenario_assert_refused(tree, 100, "cure: give it less: qm set 100 --memory 7168");
	assert_says(tree, scenario_plan, "memory: 16 GiB is more than this host has", true);
	assert_says(tree, run_vm, "memory: 16 GiB is more than this host has", true);
	/* A mediated device pins only what it uses. */
	tree_vm(tree, 100, "machine: q35\nhostpci0: 04:00.0,mdev=x\nmemory: 16384\n");
	scenario_must(tree, start_pre, 100);
}

static void test_short(void **state)
{
	static const char warning[] =
		"memory: its devices need 16 GiB at the start, and 12 GiB can "
		"be had now";
	struct tree *tree = *state;
	auto_run struct run run = {0};

	put_host(tree, 64, 12);
	assert_says(tree, scenario_plan, warning, true);
	assert_says(tree, run_vm, warning, false);
	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run, warning);
	scenario_must(tree, stop_post, 100);
	tree_file(tree, "proc/spl/kstat/zfs/arcstats", "size 4 5368709120\nc_min 4 1073741824\n");
	assert_says(tree, start_pre, warning, false);
}

/* What a start does not say. */
static void test_start_is_silent(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	tree_vm(tree, 100, CONFIG "balloon: 1024\n");
	tree_file(tree, "sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	assert_false(run_says(&run, "memory:") || run_says(&run, "balloon"));
	scenario_must(tree, stop_post, 100);
	assert_says(tree, scenario_plan, "memory: a start will take about 4 s", true);
	assert_says(tree, scenario_plan, "    qm set 100 --numa 1 --hugepages 1024", true);
	assert_says(tree, scenario_plan, "balloon: 1024 has no effect", true);
	assert_says(tree, run_vm, "    qm set 100 --numa 1 --hugepages 1024", true);
	assert_says(tree, run_vm, "balloon", false);
}

/* From the claim in pre-start to post-start; without devices, nothing. */
static void test_kept(void **state)
{
	struct tree *tree = *state;
	struct duration kept;

	scenario_must(tree, start_pre, 100);
	assert_false(tree_has(tree, KEPT));
	scenario_must(tree, start_post, 100);
	assert_int_equal(duration_read(&tree->root, 100, &kept), 0);
	assert_in_range(kept.ms, 1, 20000);
	assert_int_equal(kept.mib, 16384);
	assert_int_equal(kept.page_kib, 4);
	scenario_must(tree, stop_post, 100);
	assert_true(tree_has(tree, KEPT));
	assert_says(tree, scenario_plan, "memory: the last start took ", true);
	assert_says(tree, scenario_plan, ", 16 GiB, 4 KiB pages", true);
	assert_says(tree, run_vm, ", 16 GiB, 4 KiB pages", true);
	tree_vm(tree, 101, "machine: q35\nmemory: 16384\n");
	scenario_must(tree, start_post, 101);
	assert_false(tree_has(tree, DURATION_DIR "/101"));
}

static void test_kept_with_huge_pages(void **state)
{
	struct tree *tree = *state;
	struct duration kept;

	tree_vm(tree, 100, CONFIG "numa: 1\nhugepages: any\n");
	scenario_must(tree, start_pre, 100);
	scenario_must(tree, start_post, 100);
	assert_int_equal(duration_read(&tree->root, 100, &kept), 0);
	assert_int_equal(kept.page_kib, 1024 * 1024);
}

/* A file that somebody has changed is said once, and replaced; nothing fails by it. */
static void test_bad_file(void **state)
{
	static const char text[] = "memory: how long the last start took cannot be read: /" KEPT;
	struct tree *tree = *state;

	tree_file(tree, KEPT, "ms = 3000000000000L; %s%n");
	assert_says(tree, scenario_plan, text, true);
	assert_says(tree, run_vm, text, false);
	assert_says(tree, start_pre, text, false);
	scenario_must(tree, start_post, 100);
	assert_says(tree, scenario_plan, text, false);
	scenario_must(tree, stop_post, 100);
	/* Where it cannot be kept, the VM runs all the same. */
	scenario_must(tree, start_pre, 100);
	tree_delete(tree, DURATION_DIR);
	tree_file(tree, DURATION_DIR, "");
	assert_says(tree, start_post, "VM 100: /" KEPT ", how long its start took, cannot be",
		    true);
	scenario_must(tree, start_post, 100);
}

/* What cannot be read of the host refuses no start. */
static void test_unreadable(void **state)
{
	static const char text[] =
		"memory: whether this host has what the VM needs cannot be read: ";
	struct tree *tree = *state;
	auto_run struct run run = {0};

	tree_obscure(tree, "proc/meminfo");
	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run, text);
	scenario_must(tree, start_post, 100);
	assert_false(tree_has(tree, KEPT));
	scenario_must(tree, stop_post, 100);
	tree_reveal(tree, "proc/meminfo");
	tree_obscure(tree, "sys/devices/pci0000:00/" DISK "/numa_node");
	assert_says(tree, scenario_plan, text, true);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fake_kernel_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_refused),
		TEST(test_short),
		TEST(test_start_is_silent),
		TEST(test_kept),
		TEST(test_kept_with_huge_pages),
		TEST(test_bad_file),
		TEST(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
