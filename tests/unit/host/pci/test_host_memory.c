// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/host_memory.h"

#include <stdio.h>

#include "tree.h"

#define NODE  "sys/devices/system/node/node"
#define POOLS "/hugepages/hugepages-"

static void put_pool(struct tree *tree, const char *dir, const char *size, const char *pages,
		     const char *unused)
{
	auto_free char *nr = fs_path("%s%s%s/nr_hugepages", dir, POOLS, size);
	auto_free char *free_pages = fs_path("%s%s%s/free_hugepages", dir, POOLS, size);

	tree_file(tree, nr, pages);
	tree_file(tree, free_pages, unused);
}

static int setup(void **state)
{
	struct tree *tree;

	if (tree_setup(state))
		return -1;
	tree = *state;
	tree_file(
		tree, "proc/meminfo",
		"MemTotal:       65843524 kB\nMemFree:         1206108 kB\n"
		"MemAvailable:   33554432 kB\nHugePages_Total:      16\nHugePages_Free:        4\n"
		"Hugepagesize:       2048 kB\nHugetlb:        16809984 kB\n");
	tree_file(tree, "proc/cmdline", "BOOT_IMAGE=/vmlinuz root=/dev/sda1 quiet\n");
	tree_file(tree, "proc/spl/kstat/zfs/arcstats",
		  "13 1 0x01 123 33456 5 6\nname                            type data\n"
		  "arc_meta_size                   4    7\n"
		  "size                            4    17179869184\n"
		  "c_min                           4    2147483648\n");
	tree_file(tree, "sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
	put_pool(tree, "sys/kernel/mm", "2048kB", "16\n", "4\n");
	put_pool(tree, "sys/kernel/mm", "1048576kB", "16\n", "16\n");
	tree_file(tree, NODE "0/meminfo", "Node 0 MemTotal:       32921762 kB\n");
	tree_file(tree, NODE "0/cpulist", "0-7,16-23\n");
	put_pool(tree, NODE "0", "2048kB", "16\n", "4\n");
	tree_file(tree, NODE "10/meminfo", "Node 10 MemTotal:       32921760 kB\n");
	tree_file(tree, NODE "10/cpulist", "\n");
	tree_file(tree, NODE "1/meminfo", "Node 1 MemTotal:       32921761 kB\n");
	tree_file(tree, NODE "1/cpulist", "8-15\n");
	put_pool(tree, NODE "1", "1048576kB", "16\n", "16\n");
	tree_file(tree, "sys/devices/system/node/online", "0-1,10\n");
	return 0;
}

static void test_read(void **state)
{
	struct tree *tree = *state;
	auto_host_memory struct host_memory host = {0};

	assert_int_equal(host_memory_read(&tree->root, &host), 0);
	assert_int_equal(host.kib, 65843524);
	assert_int_equal(host.available_kib, 33554432);
	assert_int_equal(host.pools_kib, 16809984);
	assert_int_equal(host.arc_kib, 14 * 1024 * 1024);
	assert_false(host.no_thp || host.pages_by_boot);
	assert_true(host.pools[HOST_PAGES_2M].there && host.pools[HOST_PAGES_1G].there);
	assert_int_equal(host.pools[HOST_PAGES_2M].free, 4);
	assert_int_equal(host.n_nodes, 3);
	assert_int_equal(host.nodes[2].id, 10);
	assert_int_equal(host.nodes[1].kib, 32921761);
	assert_string_equal(host.nodes[0].cpus, "0-7,16-23");
	assert_int_equal(host.nodes[0].pools[HOST_PAGES_2M].pages, 16);
	assert_false(host.nodes[0].pools[HOST_PAGES_1G].there);
	assert_int_equal(host.nodes[1].pools[HOST_PAGES_1G].free, 16);
	assert_int_equal(host_memory_cpu_nodes(&host), 2);
	assert_ptr_equal(host_memory_node(&host, 1), &host.nodes[1]);
	assert_null(host_memory_node(&host, 2));
}

/* Absent is none of it. */
static void test_absent(void **state)
{
	struct tree *tree = *state;
	auto_host_memory struct host_memory host = {0};

	tree_delete(tree, "proc/spl");
	tree_delete(tree, "sys/kernel/mm");
	tree_delete(tree, "sys/devices/system/node");
	tree_file(tree, "proc/cmdline", "quiet hugepagesz=1G hugepages=16\n");
	tree_file(tree, "proc/meminfo", "MemTotal: 1024 kB\nMemAvailable: 512 kB\n");
	assert_int_equal(host_memory_read(&tree->root, &host), 0);
	assert_int_equal(host.arc_kib, 0);
	assert_int_equal(host.pools_kib, 0);
	assert_true(host.no_thp && host.pages_by_boot);
	assert_false(host.pools[HOST_PAGES_2M].there);
	assert_int_equal(host.n_nodes, 0);
	tree_delete(tree, "proc/meminfo");
	host_memory_free(&host);
	assert_int_equal(host_memory_read(&tree->root, &host), -ENOENT);
}

/* What is there and cannot be read, or understood, is an error. */
static void test_errors(void **state)
{
	static const char *const paths[] = {
		"proc/meminfo",
		"proc/cmdline",
		"proc/spl/kstat/zfs/arcstats",
		"sys/kernel/mm/transparent_hugepage/enabled",
		"sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages",
		NODE "0/meminfo",
		NODE "1/cpulist",
		NODE "1/hugepages/hugepages-1048576kB",
	};
	static const char *const texts[] = {
		"proc/meminfo",
		"proc/spl/kstat/zfs/arcstats",
		"sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages",
		NODE "0/meminfo",
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		auto_host_memory struct host_memory host = {0};

		tree_obscure(tree, paths[i]);
		if (host_memory_read(&tree->root, &host) != -ELOOP)
			fail_msg("%s", paths[i]);
		tree_reveal(tree, paths[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		auto_host_memory struct host_memory host = {0};
		auto_free char *text = tree_text(tree, texts[i]);

		tree_file(tree, texts[i], "nothing: of that\n");
		if (host_memory_read(&tree->root, &host) != -EINVAL)
			fail_msg("%s", texts[i]);
		tree_file(tree, texts[i], text);
	}
}

static void test_small_cache(void **state)
{
	struct tree *tree = *state;
	auto_host_memory struct host_memory host = {0};

	tree_file(tree, "proc/spl/kstat/zfs/arcstats", "size 4 1000\nc_min 4 2000000\n");
	tree_file(tree, "sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
	assert_int_equal(host_memory_read(&tree->root, &host), 0);
	assert_int_equal(host.arc_kib, 0);
	assert_true(host.no_thp);
}

static void test_node_of(void **state)
{
	static const struct {
		const char *text;
		int node;
	} rows[] = {{"1\n", 1}, {"-1\n", -1}, {"0\n", 0}};
	const struct bdf bdf = {0, 1, 0, 0};
	struct tree *tree = *state;
	int node = 5;

	assert_int_equal(host_node_of(&tree->root, &bdf, &node), 0);
	assert_int_equal(node, -1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		tree_file(tree, "sys/bus/pci/devices/0000:01:00.0/numa_node", rows[i].text);
		assert_int_equal(host_node_of(&tree->root, &bdf, &node), 0);
		assert_int_equal(node, rows[i].node);
	}
	tree_obscure(tree, "sys/bus/pci/devices/0000:01:00.0/numa_node");
	assert_int_equal(host_node_of(&tree->root, &bdf, &node), -ELOOP);
}

static void test_lists(void **state)
{
	(void)state;
	assert_int_equal(cpulist_count("0-7,16-23"), 16);
	assert_int_equal(cpulist_count("3"), 1);
	assert_int_equal(cpulist_count(""), 0);
	assert_int_equal(cpulist_count("1-"), 0);
	assert_int_equal(cpulist_count("4-1"), 0);
	assert_int_equal(cpulist_count("1,"), 0);
	assert_int_equal(cpulist_count("0-999999999"), 0);
	assert_true(cpulist_within("2-3,17", "0-7,16-23"));
	assert_true(cpulist_within("", "0"));
	assert_false(cpulist_within("7-8", "0-7,16-23"));
	assert_false(cpulist_within("x", "0-7"));
	assert_false(cpulist_within("0", "0 1"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_read),	TEST(test_absent),  TEST(test_errors),
		TEST(test_small_cache), TEST(test_node_of), cmocka_unit_test(test_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
