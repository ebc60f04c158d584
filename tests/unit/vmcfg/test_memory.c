// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether Proxmox VE starts a VM with its memory: what PVE/QemuServer/Memory.pm of qemu-server 9
 * (config, hugepages_topology) does with each of these configs, worked out by its rules; those of
 * test/cfg2cmd/memory-*.conf there are among them.
 */
#include "vmcfg/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct vmcfg *parse(const char *text)
{
	struct vmcfg *vm = NULL;

	assert_int_equal(vmcfg_parse(text, strlen(text), &vm), 0);
	return vm;
}

/* A host with so many nodes from 0 on, and pages of both sizes. */
static struct memory_host host_of(unsigned int nodes)
{
	return (struct memory_host){.nodes = ((uint64_t)1 << nodes) - 1, .pages = {true, true}};
}

static struct memory_verdict judge(const char *text, const struct memory_host *host)
{
	cleanup_with(vmcfg_freep) struct vmcfg *vm = parse(text);
	struct memory_config config;

	assert_int_equal(memory_config_read(vm, &config), 0);
	return memory_judge(&config, host);
}

static void test_rules(void **state)
{
	static const struct {
		const char *config;
		enum memory_rule rule;
	} rows[] = {
		{"", MEMORY_STARTS},
		{"memory: 2048\nnuma0: cpus=0\n", MEMORY_STARTS},
		{"memory: 2048\nnuma: 1\n", MEMORY_STARTS},
		{"memory: 2048\nnuma: 1\nsockets: 2\n", MEMORY_STARTS},
		{"memory: 1024\nnuma: 1\nsockets: 3\n", MEMORY_SOCKETS},
		{"memory: 1024\nnuma: 0\nsockets: 3\n", MEMORY_STARTS},
		/* Without huge pages the sockets are on no node of the host. */
		{"memory: 2048\nnuma: 1\nsockets: 4\n", MEMORY_STARTS},
		/* Huge pages. */
		{"memory: 2048\nhugepages: 2\n", MEMORY_PAGES_NUMA},
		{"memory: 2048\nhugepages: 2\nnuma: 0\n", MEMORY_PAGES_NUMA},
		{"memory: 2048\nhugepages: 2\nnuma: 1\n", MEMORY_STARTS},
		{"memory: 2048\nhugepages: 1024\nnuma: 1\n", MEMORY_STARTS},
		{"memory: 2049\nhugepages: 2\nnuma: 1\n", MEMORY_PAGES_MULTIPLE},
		{"memory: 2050\nhugepages: any\nnuma: 1\n", MEMORY_STARTS},
		{"memory: 2049\nhugepages: any\nnuma: 1\n", MEMORY_PAGES_MULTIPLE},
		{"memory: 2050\nhugepages: 1024\nnuma: 1\n", MEMORY_PAGES_MULTIPLE},
		{"memory: 3072\nhugepages: 1024\nnuma: 1\nsockets: 2\n", MEMORY_PAGES_MULTIPLE},
		{"memory: 4096\nhugepages: 1024\nnuma: 1\nsockets: 2\n", MEMORY_STARTS},
		{"memory: 4096\nhugepages: 1024\nnuma: 1\nsmp: 4\n", MEMORY_NODE_ABSENT},
		{"memory: 4096\nhugepages: 1024\nnuma: 1\nsockets: 4\n", MEMORY_NODE_ABSENT},
		/* numaN. */
		{"memory: 2048\nnuma: 1\nnuma0: cpus=0\n", MEMORY_NODE_SIZE},
		{"memory: 2048\nnuma: 1\nnuma0: cpus=0,memory=1024.5\n", MEMORY_NODE_SIZE},
		{"memory: 2048\nnuma: 1\nnuma0: cpus=0,memory=1024\n", MEMORY_NODES_SUM},
		{"memory: 2048\nnuma: 1\nnuma0: cpus=0,memory=2048\n", MEMORY_STARTS},
		{"memory: 2048\nnuma: 1\nnuma0: cpus=0,memory=1024\n"
		 "numa1: cpus=1,memory=1024\n",
		 MEMORY_STARTS},
		{"memory: 2048\nnuma: 1\nnuma0: cpus=0,memory=2048,hostnodes=1\n",
		 MEMORY_NODE_POLICY},
		{"memory: 2048\nnuma: 1\nnuma0: cpus=0,memory=2048,hostnodes=2,policy=bind\n",
		 MEMORY_NODE_ABSENT},
		{"memory: 2048\nnuma: 1\nnuma0: cpus=0,memory=2048,hostnodes=0-1,policy=bind\n",
		 MEMORY_STARTS},
		{"memory: 2048\nnuma: 1\nnuma0: cpus=0,memory=2048,hostnodes=99,policy=bind\n",
		 MEMORY_NODE_ABSENT},
		/* Both. */
		{"memory: 2048\nhugepages: 2\nnuma: 1\nnuma0: cpus=0,memory=2048\n",
		 MEMORY_PAGES_HOSTNODES},
		{"memory: 2048\nhugepages: 2\nnuma: 1\n"
		 "numa0: cpus=0,memory=2048,hostnodes=0-1,policy=bind\n",
		 MEMORY_PAGES_ONE_NODE},
		{"memory: 2048\nhugepages: 2\nnuma: 1\n"
		 "numa0: cpus=0,memory=2048,hostnodes=00,policy=bind\n",
		 MEMORY_PAGES_ONE_NODE},
		{"memory: 2048\nhugepages: 1024\nnuma: 1\n"
		 "numa0: cpus=0,memory=1536,hostnodes=0,policy=bind\n"
		 "numa1: cpus=1,memory=512,hostnodes=1,policy=bind\n",
		 MEMORY_PAGES_MULTIPLE},
		{"memory: 2048\nhugepages: 1024\nnuma: 1\nsockets: 2\n"
		 "numa0: cpus=0,memory=1024,hostnodes=0,policy=bind\n"
		 "numa1: cpus=1,memory=1024,hostnodes=1,policy=bind\n",
		 MEMORY_STARTS},
		/* Memory that can be plugged in. */
		{"memory: 2048\nhotplug: memory\n", MEMORY_HOTPLUG_NUMA},
		{"memory: 2048\nhotplug: network,disk,memory\nnuma: 1\n", MEMORY_STARTS},
		{"memory: 2048\nhotplug: 1\n", MEMORY_STARTS},
		{"memory: 512\nhotplug: memory\nnuma: 1\n", MEMORY_HOTPLUG_TOO_SMALL},
		{"memory: 2000\nhotplug: memory\nnuma: 1\n", MEMORY_HOTPLUG_ALIGNED},
		{"memory: 2048\nhotplug: memory\nnuma: 1\nnuma0: cpus=0,memory=2048\n",
		 MEMORY_HOTPLUG_NODES},
		{"memory: 2048\nhotplug: memory\nnuma: 1\nvirtiofs0: share\n",
		 MEMORY_HOTPLUG_VIRTIOFS},
		{"memory: 2048\nhotplug: memory\nnuma: 1\nsockets: 2\nhugepages: 1024\n",
		 MEMORY_STARTS},
		{"memory: 1024\nhotplug: memory\nnuma: 1\nsockets: 2\nhugepages: 1024\n",
		 MEMORY_HOTPLUG_TOO_SMALL},
		{"memory: 18432\nhotplug: memory\nnuma: 1\nsockets: 2\nhugepages: 1024\n",
		 MEMORY_STARTS},
		{"memory: 17920\nhotplug: memory\nnuma: 1\nhugepages: 2\n", MEMORY_HOTPLUG_ALIGNED},
	};
	const struct memory_host host = host_of(2);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct memory_verdict verdict = judge(rows[i].config, &host);

		if (verdict.rule != rows[i].rule)
			fail_msg("%s: rule %d, not %d", rows[i].config, verdict.rule, rows[i].rule);
	}
}

static void assert_pages(const char *config, enum page_size size, unsigned int node, uint64_t n)
{
	const struct memory_host host = host_of(10);
	struct memory_verdict verdict = judge(config, &host);

	assert_int_equal(verdict.rule, MEMORY_STARTS);
	if (verdict.pages[size][node] != n)
		fail_msg("%s: %llu pages, not %llu", config,
			 (unsigned long long)verdict.pages[size][node], (unsigned long long)n);
}

/* Without numaN, socket i is counted on node i of the host. */
static void test_pages(void **state)
{
	static const char custom[] = "memory: 65536\nnuma: 1\nhugepages: any\n"
				     "numa0: cpus=0-7,memory=1024,hostnodes=9,policy=bind\n"
				     "numa1: cpus=8,memory=64512,hostnodes=9,policy=bind\n";
	static const char sockets[] = "memory: 4096\nsockets: 2\nnuma: 1\nhugepages: 1024\n";
	static const char plugged[] = "memory: 18432\nhotplug: memory\nnuma: 1\nsockets: 2\n"
				      "hugepages: 1024\n";

	(void)state;
	assert_pages("memory: 2048\n", PAGES_2M, 0, 0);
	assert_pages("memory: 2048\nnuma: 1\nhugepages: 2\n", PAGES_2M, 0, 1024);
	assert_pages("memory: current=3072\nnuma: 1\nhugepages: any\n", PAGES_1G, 0, 3);
	assert_pages("memory: 3000\nnuma: 1\nhugepages: any\n", PAGES_2M, 0, 1500);
	assert_pages(sockets, PAGES_1G, 0, 2);
	assert_pages(sockets, PAGES_1G, 1, 2);
	assert_pages(custom, PAGES_1G, 9, 64);
	assert_pages(custom, PAGES_1G, 0, 0);
	assert_pages(plugged, PAGES_1G, 0, 9);
	assert_pages(plugged, PAGES_1G, 1, 9);
}

/* What the host does not have. */
static void test_hosts(void **state)
{
	struct memory_host host = host_of(1);
	static const char any[] = "memory: 2048\nnuma: 1\nhugepages: any\n";
	struct memory_verdict verdict;

	(void)state;
	host.pages[PAGES_1G] = false;
	verdict = judge(any, &host);
	assert_int_equal(verdict.pages[PAGES_2M][0], 1024);
	assert_int_equal(memory_page_kib(&verdict), 2048);
	verdict = judge("memory: 2048\nnuma: 1\nhugepages: 1024\n", &host);
	assert_int_equal(verdict.rule, MEMORY_PAGES_NO_SIZE);
	assert_int_equal(verdict.mib, 1024);
	host.pages[PAGES_2M] = false;
	assert_int_equal(judge(any, &host).rule, MEMORY_PAGES_NO_SIZE);
	host.pages[PAGES_1G] = true;
	verdict = judge(any, &host);
	assert_int_equal(verdict.pages[PAGES_1G][0], 2);
	assert_int_equal(memory_page_kib(&verdict), 1024 * 1024);
	verdict = judge("memory: 2050\nnuma: 1\nhugepages: any\n", &host);
	assert_int_equal(verdict.rule, MEMORY_PAGES_MULTIPLE);
	/* Not even a node 0: a kernel without NUMA. */
	host.nodes = 0;
	assert_int_equal(judge(any, &host).rule, MEMORY_NODE_ABSENT);
	verdict = judge("", &host);
	assert_int_equal(memory_page_kib(&verdict), 4);
}

static void test_config(void **state)
{
	cleanup_with(vmcfg_freep) struct vmcfg *vm = parse(
		"memory: current=4096\nballoon: 1024\nsockets: 2\ncores: 4\nsmp: 9\nnuma: on\n"
		"hugepages: any\naffinity: 0-3,8\nmachine: q35,viommu=intel\n"
		"numa7: cpus=0;3-4,memory=4096,hostnodes=1;3,policy=preferred\n"
		"virtiofs9: x\nhotplug: disk;memory\n");
	struct memory_config config;

	(void)state;
	assert_int_equal(vm->n_dropped, 0);
	assert_int_equal(memory_config_read(vm, &config), 0);
	assert_int_equal(config.mib, 4096);
	assert_int_equal(config.balloon_mib, 1024);
	assert_int_equal(config.sockets, 2);
	assert_int_equal(config.cpus, 8);
	assert_true(config.numa && config.viommu && config.virtiofs && config.hotplug);
	assert_int_equal(config.hugepages, HUGEPAGES_ANY);
	assert_string_equal(config.affinity, "0-3,8");
	assert_true(memory_has_nodes(&config) && config.has_node[7] && !config.has_node[0]);
	assert_int_equal(config.nodes[7].nodes, 1 << 1 | 1 << 3);
	assert_int_equal(config.nodes[7].one_node, -1);
	assert_false(config.by_args);
}

/* What Proxmox VE drops is the default then, and said. */
static void test_dropped(void **state)
{
	static const char *const lines[] = {
		"memory: 8\n",	       "memory: much\n",
		"memory: max=1024\n",  "balloon: -1\n",
		"sockets: 0\n",	       "cores: 1.5\n",
		"numa: yess\n",	       "hugepages: 4\n",
		"hotplug: memories\n", "numa0: memory=512\n",
		"numa0: cpus=1-0\n",   "numa0: cpus=0,policy=best\n",
		"numa0: cpus=0;\n",    "numa0: cpus=0,color=1\n",
		"numa0: cpus=a\n",     "smp: no\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		cleanup_with(vmcfg_freep) struct vmcfg *vm = parse(lines[i]);
		struct memory_config config;

		if (vm->n_dropped != 1)
			fail_msg("%s: is not dropped", lines[i]);
		assert_int_equal(memory_config_read(vm, &config), 0);
		assert_int_equal(config.mib, MEMORY_DEFAULT_MIB);
		assert_int_equal(config.cpus, 1);
		assert_false(config.numa || config.hotplug || config.has_node[0]);
	}
}

/* The next start applies what is pending. */
static void test_pending(void **state)
{
	cleanup_with(vmcfg_freep) struct vmcfg *vm = parse(
		"memory: 4096\nhugepages: 2\nnuma: 1\n[PENDING]\nmemory: 8192\n"
		"numa0: cpus=0,memory=8192\ndelete: hugepages\n");
	struct memory_config config;

	(void)state;
	assert_string_equal(vm->pending_keys, "hugepages, memory, numa0");
	assert_int_equal(vmcfg_apply_pending(vm, false), VMCFG_PENDING_APPLIED);
	assert_int_equal(memory_config_read(vm, &config), 0);
	assert_int_equal(config.mib, 8192);
	assert_int_equal(config.hugepages, HUGEPAGES_NONE);
	assert_true(config.has_node[0]);
}

/* A device's memory in args is not the guest's. */
static void test_args(void **state)
{
	static const struct {
		const char *config;
		bool by_args;
	} rows[] = {
		{"args: -m 4096\n", true},
		{"args: -cpu host --mem-path /dev/hugepages\n", true},
		{"args: -numa node,memdev=m0\n", true},
		{"args: -machine memory-backend=m0 -object memory-backend-memfd,id=m0\n", true},
		{"args: -device ivshmem-plain,memdev=i -object memory-backend-file,id=i,size=32M\n",
		 false},
		{"args: -monitor none\n", false},
		{"args: -m 4096 'open\n", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_with(vmcfg_freep) struct vmcfg *vm = parse(rows[i].config);
		struct memory_config config;

		assert_int_equal(memory_config_read(vm, &config), 0);
		if (config.by_args != rows[i].by_args)
			fail_msg("%s", rows[i].config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),	cmocka_unit_test(test_pages),
		cmocka_unit_test(test_hosts),	cmocka_unit_test(test_config),
		cmocka_unit_test(test_dropped), cmocka_unit_test(test_pending),
		cmocka_unit_test(test_args),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
