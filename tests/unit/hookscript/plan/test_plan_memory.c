// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is said of a VM's memory, on hosts that were read nowhere: a start's refusal and warning,
 * and the notes of plan and vm. Each command that is printed is carried out on the config, and
 * Proxmox VE's rules (vmcfg/memory.h) must let the VM start with it then.
 */
#include "hookscript/plan/plan.h"

#include "factscase.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define GIB	 ((uint64_t)1024 * 1024) /* in KiB */
#define VM	 "machine: q35\nhostpci0: 0000:01:00.0,pcie=1\n"
#define CPUS	 "0-15,32-47"
#define CPUS_ON1 "16-31,48-63"

/* What the facts point at. */
struct machine {
	struct facts facts;
	struct device devices[2];
	struct device_group groups[2];
	struct host_node nodes[2];
	char cpus[2][16];
	struct plan *plan;
};

static void forget(struct machine *m)
{
	plan_free(TAKE_PTR(m->plan));
	factscase_free(&m->facts);
}

#define auto_machine cleanup_with(forget)

/* A host with 128 GiB on two nodes, and a NIC on each; the VM's is on NODE. */
static void prepare(struct machine *m, int node)
{
	forget(m);
	*m = (struct machine){
		.devices = {{.bdf = {0, 1, 0, 0},
			     .identity = {0x8086, 0x10d3, 0x8086, 0, 0x020000},
			     .group = 10,
			     .express = true,
			     .numa_node = node},
			    {.bdf = {0, 2, 0, 0},
			     .identity = {0x8086, 0x10d3, 0x8086, 0, 0x020000},
			     .group = 11,
			     .express = true,
			     .numa_node = 0}},
		.groups = {{.number = 10}, {.number = 11}},
		.nodes = {{.id = 0, .kib = 64 * GIB}, {.id = 1, .kib = 64 * GIB}},
		.cpus = {CPUS, CPUS_ON1},
		.facts = {.iommu_active = true, .n_devices = 2, .n_groups = 2},
	};
	for (size_t i = 0; i < 2; i++) {
		m->nodes[i].cpus = m->cpus[i];
		m->nodes[i].pools[HOST_PAGES_2M].there = true;
		m->nodes[i].pools[HOST_PAGES_1G].there = true;
	}
	m->facts.devices = m->devices;
	m->facts.groups = m->groups;
	m->facts.memory_known = true;
	m->facts.host_memory = (struct host_memory){
		.kib = 128 * GIB,
		.available_kib = 120 * GIB,
		.pools = {{.there = true}, {.there = true}},
		.nodes = m->nodes,
		.n_nodes = 2,
	};
}

/* The same with one node. */
static void prepare_small(struct machine *m)
{
	prepare(m, -1);
	m->facts.host_memory.n_nodes = 1;
	m->facts.host_memory.kib = m->nodes[0].kib = 64 * GIB;
	m->facts.host_memory.available_kib = 60 * GIB;
}

static void make(struct machine *m, const char *lines)
{
	auto_free char *config = fs_path(VM "%s", lines);

	forget(m);
	factscase_decide(&m->facts, config, NULL);
	assert_int_equal(memory_config_read(m->facts.vm, &m->facts.memory), 0);
	assert_int_equal(plan_make(&m->facts, &m->plan), 0);
}

/* ---- what was said ---- */

/* A part of what it says, or a whole command. */
static bool notes(const struct machine *m, const char *text)
{
	for (size_t i = 0; i < m->plan->n_notes; i++)
		if (strstr(m->plan->notes[i].what, text) ||
		    (m->plan->notes[i].command && !strcmp(m->plan->notes[i].command, text)))
			return true;
	return false;
}

/* A part of either. */
static bool mentions(const struct machine *m, const char *text)
{
	for (size_t i = 0; i < m->plan->n_notes; i++)
		if (strstr(m->plan->notes[i].what, text) ||
		    (m->plan->notes[i].command && strstr(m->plan->notes[i].command, text)))
			return true;
	return false;
}

static void show(const struct machine *m)
{
	for (size_t i = 0; i < m->plan->n_refusals; i++)
		print_message("refused: %s\n", m->plan->refusals[i].what);
	for (size_t i = 0; i < m->plan->n_warnings; i++)
		print_message("warning: %s\n", m->plan->warnings[i].what);
	for (size_t i = 0; i < m->plan->n_notes; i++)
		print_message("note: %s\n    %s\n", m->plan->notes[i].what,
			      m->plan->notes[i].command ? m->plan->notes[i].command : "");
}

#define assert_notes(m, text)                                    \
	do {                                                     \
		if (!notes((m), (text))) {                       \
			show(m);                                 \
			fail_msg("it does not say: %s", (text)); \
		}                                                \
	} while (0)
#define assert_no_note(m, text)                          \
	do {                                             \
		if (mentions((m), (text))) {             \
			show(m);                         \
			fail_msg("it says: %s", (text)); \
		}                                        \
	} while (0)

static void assert_warned(const struct machine *m, const char *text, size_t n)
{
	size_t found = 0;

	for (size_t i = 0; i < m->plan->n_warnings; i++)
		found += strstr(m->plan->warnings[i].what, text) != NULL;
	if (found == n)
		return;
	show(m);
	fail_msg("%zu warnings: %s", found, text);
}

/* ---- what the commands do ---- */

/* CONFIG without the line of that key. */
static char *without(const char *config, const char *key)
{
	char *to = calloc(1, strlen(config) + 1), *end = to;

	assert_non_null(to);
	while (*config) {
		size_t n = strcspn(config, "\n") + 1, len = strlen(key);

		if (strncmp(config, key, len) != 0 || config[len] != ':')
			end = mempcpy(end, config, n);
		config += n;
	}
	return to;
}

/* What `qm set` makes of the config. */
static char *carry_out(const char *config, const char *command)
{
	char *words = strdup(command), *rest = words, *word, *changed = strdup(config);

	while ((word = strsep(&rest, " "))) {
		const char *key = after_prefix(word, "--"), *value;
		char *before = changed;

		if (!key)
			continue;
		value = strsep(&rest, " ");
		assert_non_null(value);
		if (!strcmp(key, "delete")) {
			changed = without(before, value);
		} else {
			auto_free char *less = without(before, key);

			changed = fs_path("%s%s: %s\n", less, key, value);
		}
		free(before);
	}
	free(words);
	return changed;
}

static void assert_starts(const struct machine *m, const char *lines, const char *command)
{
	auto_free char *config = fs_path(VM "%s", lines);
	auto_free char *changed = carry_out(config, command);
	cleanup_with(vmcfg_freep) struct vmcfg *vm = NULL;
	struct memory_config memory;
	struct memory_verdict verdict;

	assert_int_equal(vmcfg_parse(changed, strlen(changed), &vm), 0);
	if (vm->n_dropped)
		fail_msg("%s: %s", command, vm->dropped[0].why);
	assert_int_equal(memory_config_read(vm, &memory), 0);
	verdict = facts_judge_memory(&memory, &m->facts.host_memory);
	if (verdict.rule != MEMORY_STARTS)
		fail_msg("%s: rule %d", command, verdict.rule);
	if (memory.balloon_mib > memory.mib)
		fail_msg("%s: qm refuses such a balloon", command);
}

/* Every command of the plan, all of which were also made by one hand. */
static void assert_commands(const struct machine *m, const char *lines)
{
	for (size_t i = 0; i < m->plan->n_notes; i++)
		if (m->plan->notes[i].command &&
		    after_prefix(m->plan->notes[i].command, "qm set 100 "))
			assert_starts(m, lines, m->plan->notes[i].command);
	for (size_t i = 0; i < m->plan->n_refusals; i++)
		for (size_t k = 0; k < m->plan->refusals[i].n_cures; k++)
			if (m->plan->refusals[i].cures[k].command)
				assert_starts(m, lines, m->plan->refusals[i].cures[k].command);
}

/* ---- a start ---- */

static bool is_refused(const struct machine *m)
{
	for (size_t i = 0; i < m->plan->n_refusals; i++)
		if (m->plan->refusals[i].reason == REFUSAL_MEMORY)
			return true;
	return false;
}

static const struct refusal *memory_refusal(const struct machine *m)
{
	size_t i = 0;

	assert_true(is_refused(m));
	while (m->plan->refusals[i].reason != REFUSAL_MEMORY)
		i++;
	return &m->plan->refusals[i];
}

static void test_more_than_the_host(void **state)
{
	auto_machine struct machine m = {0};

	(void)state;
	prepare_small(&m);
	make(&m, "memory: 65536\n");
	assert_false(is_refused(&m));
	make(&m, "memory: 65537\nballoon: 60000\n");
	assert_true(is_refused(&m));
	assert_string_equal(
		memory_refusal(&m)->what,
		"memory: 65537 MiB is more than this host has: 64 GiB; its devices need "
		"all of it at the start");
	assert_string_equal(memory_refusal(&m)->cures[0].command,
			    "qm set 100 --memory 57344 --balloon 0");
	assert_commands(&m, "memory: 65537\nballoon: 60000\n");
	assert_warned(&m, "can be had now", 0);
	/* Not when the same change breaks another rule. */
	make(&m, "memory: 131072\nnuma: 1\nnuma0: cpus=0,memory=131072\n");
	assert_null(memory_refusal(&m)->cures[0].command);
	assert_string_equal(memory_refusal(&m)->cures[0].words,
			    "give it less: qm set 100 --memory …");
}

/* What the pools have is there for a VM with huge pages only. */
static void test_pools(void **state)
{
	static const char plain[] = "memory: 32768\n";
	static const char huge[] = "memory: 32768\nnuma: 1\nhugepages: 1024\n";
	auto_machine struct machine m = {0};

	(void)state;
	prepare_small(&m);
	m.facts.host_memory.pools_kib = 40 * GIB;
	m.facts.host_memory.available_kib = 20 * GIB;
	m.nodes[0].pools[HOST_PAGES_1G] = (struct host_pool){true, 40, 40};
	make(&m, plain);
	assert_string_equal(memory_refusal(&m)->what,
			    "memory: 32 GiB is more than this host has: 24 GiB, and 40 GiB more in "
			    "pools of huge pages, which this VM does not use; its devices need all "
			    "of it at the start");
	assert_string_equal(memory_refusal(&m)->cures[0].command, "qm set 100 --memory 21504");
	assert_string_equal(memory_refusal(&m)->cures[1].command,
			    "qm set 100 --numa 1 --hugepages 1024");
	assert_commands(&m, plain);
	make(&m, huge);
	assert_false(is_refused(&m));
	assert_warned(&m, "can be had now", 0);
	make(&m, "memory: 66560\nnuma: 1\nhugepages: 1024\n");
	assert_true(is_refused(&m));
	assert_int_equal(memory_refusal(&m)->n_cures, 1);
}

static void test_short_now(void **state)
{
	auto_machine struct machine m = {0};

	(void)state;
	prepare_small(&m);
	m.facts.host_memory.available_kib = 16 * GIB;
	make(&m, "memory: 16384\n");
	assert_warned(&m, "can be had now", 0);
	make(&m, "memory: 16896\n");
	assert_warned(&m,
		      "memory: its devices need 16.5 GiB at the start, and 16 GiB can be had now: "
		      "the start may fail, or end other programs; what uses memory: ps -eo "
		      "rss,args --sort=-rss",
		      1);
	assert_false(is_refused(&m));
	m.facts.host_memory.arc_kib = 512 * 1024;
	make(&m, "memory: 16896\n");
	assert_warned(&m, "can be had now", 0);
	make(&m, "memory: 17408\n");
	assert_warned(&m, "16.5 GiB can be had now, of which ZFS' cache (ARC) has 512 MiB", 1);
	/* Its own memory is not available while it runs. */
	m.facts.vm_runs = true;
	make(&m, "memory: 17408\n");
	assert_warned(&m, "can be had now", 0);
	/* Of huge pages, those that Proxmox VE has to make. */
	m.facts.vm_runs = false;
	m.nodes[0].pools[HOST_PAGES_1G] = (struct host_pool){true, 10, 10};
	make(&m, "memory: 26624\nnuma: 1\nhugepages: 1024\n");
	assert_warned(&m, "can be had now", 0);
	make(&m, "memory: 28672\nnuma: 1\nhugepages: 1024\n");
	assert_warned(&m, "memory: its devices need 18 GiB at the start", 1);
}

static void test_unknown_host(void **state)
{
	auto_machine struct machine m = {0};

	(void)state;
	prepare_small(&m);
	m.facts.memory_err = -EIO;
	make(&m, "memory: 999999\n");
	assert_false(is_refused(&m));
	assert_warned(&m,
		      "memory: whether this host has what the VM needs cannot be read: "
		      "Input/output error",
		      1);
	m.facts.memory_err = -ENOENT;
	make(&m, "memory: 999999\n");
	assert_warned(&m, "memory:", 0);
	assert_int_equal(m.plan->n_notes, 0);
}

static void test_left_out(void **state)
{
	static const struct {
		const char *config;
		bool pins;
	} rows[] = {
		{"hostpci0: 01:00.0,mdev=nvidia-11\n", false},
		{"hostpci0: 01:00.0,mdev=nvidia-11\nhostpci1: 02:00.0\n", true},
		{"hostpci0: 01:00.0,driver=keep\n", true},
		{"hostpci0: mapping=gpu\n", true},
		{"hostpci0: 01:00.0\ntemplate: 1\n", false},
		{"args: -device vfio-pci,host=01:00.0\n", true},
		{"", false},
	};
	auto_machine struct machine m = {0};

	(void)state;
	prepare_small(&m);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		factscase_decide(&m.facts, rows[i].config, NULL);
		if (facts_pin_memory(&m.facts) != rows[i].pins)
			fail_msg("%s", rows[i].config);
	}
	/* args decide about the memory themselves. */
	make(&m, "memory: 999999\nargs: -m 4096\n");
	assert_false(is_refused(&m));
	assert_int_equal(m.plan->n_notes, 0);
}

/* ---- plan and vm ---- */

static void test_time(void **state)
{
	static const struct {
		const char *lines, *text;
	} rows[] = {
		{"memory: 16384\n",
		 "memory: a start will take about 4 s, to clear and pin 16 GiB, 4 KiB pages"},
		{"memory: 512\n",
		 "memory: a start will take about 0.1 s, to clear and pin 512 MiB, 4 KiB pages"},
		{"memory: 57344\nnuma: 1\nhugepages: 2\n",
		 "memory: a start will take about 4 s, to clear and pin 56 GiB, 2 MiB pages"},
		{"memory: 524288\n", "memory: a start will take about 2 min 8 s"},
	};
	auto_machine struct machine m = {0};

	(void)state;
	prepare_small(&m);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		make(&m, rows[i].lines);
		assert_notes(&m, rows[i].text);
	}
	m.facts.last_start = (struct duration){16042, 65536, 4};
	make(&m, "memory: 65536\n");
	assert_notes(&m, "memory: the last start took 16 s, 64 GiB, 4 KiB pages");
	assert_no_note(&m, "a start will take about");
	assert_false(m.plan->notes[0].plan_only);
	/* A file that somebody has changed. */
	m.facts.last_start = (struct duration){0};
	m.facts.last_start_err = -EINVAL;
	make(&m, "memory: 16384\n");
	assert_notes(&m, "memory: how long the last start took cannot be read: "
			 "/var/lib/pve-passthrough/starts/100: not what a start has written; the "
			 "next start replaces it");
	assert_true(m.plan->notes[0].plan_only);
	assert_notes(&m, "memory: a start will take about 4 s");
	assert_int_equal(m.plan->n_refusals, 0);
	m.facts.last_start_err = -EACCES;
	make(&m, "memory: 16384\n");
	assert_notes(&m, "starts/100: Permission denied");
	assert_no_note(&m, "replaces");
}

/* Each device of a guest with an IOMMU has a mapping of its own. */
static void test_viommu(void **state)
{
	static const char lines[] = "memory: 16384\nmachine: q35,viommu=virtio\n"
				    "hostpci1: 02:00.0,pcie=1\n";
	auto_machine struct machine m = {0};

	(void)state;
	prepare_small(&m);
	make(&m, lines);
	assert_notes(&m, "memory: a start will take about 8 s, to clear and pin 16 GiB");
	assert_notes(&m, "machine: with viommu each of the 2 devices maps the memory for itself, "
			 "which takes 2 times as long; the memory is needed once");
	m.facts.n_groups = 1;
	make(&m, lines);
	assert_no_note(&m, "viommu");
}

static void test_balloon(void **state)
{
	auto_machine struct machine m = {0};

	(void)state;
	prepare_small(&m);
	make(&m, "memory: 16384\nballoon: 4096\n");
	assert_notes(&m, "balloon: 4096 has no effect: with its devices the VM has all of its "
			 "memory, 16 GiB, from the start to the end");
	assert_notes(&m, "qm set 100 --delete balloon");
	assert_warned(&m, "balloon", 0);
	for (size_t i = 0; i < m.plan->n_notes; i++)
		assert_true(!strstr(m.plan->notes[i].what, "balloon") ||
			    m.plan->notes[i].plan_only);
	assert_commands(&m, "memory: 16384\nballoon: 4096\n");
	make(&m, "memory: 16384\nballoon: 16384\n");
	assert_no_note(&m, "balloon");
	make(&m, "memory: 16384\nballoon: 0\n");
	assert_no_note(&m, "balloon");
}

/* ---- huge pages ---- */

static void assert_advice(struct machine *m, const char *lines, const char *text)
{
	make(m, lines);
	assert_notes(m, text);
	assert_commands(m, lines);
}

static void test_huge_pages(void **state)
{
	static const struct {
		const char *lines, *text;
	} rows[] = {
		{"memory: 16384\n", "qm set 100 --numa 1 --hugepages 1024"},
		{"memory: 16384\nnuma: 1\n", "qm set 100 --hugepages 1024"},
		{"memory: 6000\n", "qm set 100 --numa 1 --hugepages 2"},
		/* A socket would be on a node that the host does not have. */
		{"memory: 16384\nsockets: 2\ncores: 8\n",
		 "qm set 100 --numa 1 --hugepages 1024 --numa0 "
		 "cpus=0-15,hostnodes=0,memory=16384,policy=bind"},
		{"memory: 1025\n", "would not start this VM with them: the memory of its node 0 is "
				   "no multiple of the page, 2 MiB"},
		{"memory: 16384\nhotplug: memory\n", "not start this VM: hotplug of memory needs"},
		{"memory: 16384\nnuma: 1\nnuma0: cpus=0,memory=16384\n",
		 "would not start this VM with them: numa0 has no hostnodes, which huge pages "
		 "need"},
		{"memory: 16384\nnuma: 1\nnuma0: cpus=0,memory=16384,hostnodes=0,policy=bind\n",
		 "qm set 100 --hugepages 1024"},
		{"memory: 16384\nnuma: 1\nnuma1: cpus=0,memory=16380,hostnodes=0,policy=bind\n"
		 "numa2: cpus=1,memory=4,hostnodes=0,policy=bind\n",
		 "qm set 100 --hugepages 2"},
		{"memory: 65536\n", "qm set 100 --numa 1 --hugepages 1024"},
	};
	auto_machine struct machine m = {0};

	(void)state;
	prepare_small(&m);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		m.facts.host_memory.no_thp = false;
		m.facts.last_start = (struct duration){20000, 512, 4};
		make(&m, rows[i].lines);
		assert_no_note(&m, "--hugepages");
		m.facts.last_start.ms = 20001;
		assert_advice(&m, rows[i].lines, rows[i].text);
		m.facts.last_start = (struct duration){0};
		m.facts.host_memory.no_thp = true;
		/* Where it has so little, there is nothing to be gained. */
		make(&m, rows[i].lines);
		if (m.facts.memory.mib < 4096)
			assert_no_note(&m, "quarter");
		else
			assert_advice(&m, rows[i].lines, rows[i].text);
	}
	make(&m, "memory: 4095\n");
	assert_no_note(&m, "quarter");
	assert_advice(&m, "memory: 4096\n", "qm set 100 --numa 1 --hugepages 1024");
	/* A node that has too little outside of pools. */
	m.nodes[0].pools[HOST_PAGES_2M] = (struct host_pool){true, 25600, 0};
	make(&m, "memory: 16384\n");
	assert_notes(&m, "would not start this VM with them: no node of this host has so much");
	/* It was slow with more memory than it has now, or has them already. */
	prepare_small(&m);
	m.facts.last_start = (struct duration){60000, 65536, 4};
	make(&m, "memory: 16384\n");
	assert_no_note(&m, "--hugepages");
	m.facts.last_start = (struct duration){60000, 16384, 2048};
	make(&m, "memory: 16384\nnuma: 1\nhugepages: 2\n");
	assert_no_note(&m, "quarter");
}

static void test_missing_pages(void **state)
{
	static const char lines[] = "memory: 16384\nnuma: 1\nhugepages: 1024\n";
	auto_machine struct machine m = {0};

	(void)state;
	prepare_small(&m);
	m.nodes[0].pools[HOST_PAGES_1G] = (struct host_pool){true, 20, 12};
	make(&m, lines);
	assert_notes(&m, "memory: of the 16 pages of 1 GiB on node 0, 12 are free: Proxmox VE "
			 "reserves the others before QEMU starts, which may fail when memory is "
			 "fragmented");
	assert_notes(&m, "host-setup enable --kernel-arg hugepagesz=1G --kernel-arg hugepages=24");
	assert_no_note(&m, "qm set 100 --keephugepages 1");
	m.facts.host_memory.pages_by_boot = true;
	make(&m, lines);
	assert_notes(&m, "the kernel's command line has hugepages= already");
	assert_no_note(&m, "host-setup");
	m.nodes[0].pools[HOST_PAGES_1G].free = 16;
	make(&m, lines);
	assert_no_note(&m, "fragmented");
	/* No boot helps a node that has too little. */
	m.facts.host_memory.pages_by_boot = false;
	m.nodes[0].kib = 24 * GIB;
	m.nodes[0].pools[HOST_PAGES_1G] = (struct host_pool){true, 12, 0};
	make(&m, lines);
	assert_notes(&m, "memory: of the 16 pages of 1 GiB on node 0, 0 are free, and it has no "
			 "memory for the others: Proxmox VE will not start this VM");
	assert_no_note(&m, "host-setup");
	/* On one of two nodes the plain number would be shared. */
	prepare(&m, -1);
	make(&m, "memory: 16384\nnuma: 1\nhugepages: 2\n"
		 "numa0: cpus=0,memory=16384,hostnodes=1,policy=bind\n");
	assert_notes(&m, "host-setup enable --kernel-arg hugepagesz=2M --kernel-arg "
			 "hugepages=1:8192");
	assert_notes(&m, "qm set 100 --keephugepages 1");
	make(&m, "memory: 16384\nnuma: 1\nsockets: 2\nhugepages: 1024\n");
	assert_notes(&m, "host-setup enable --kernel-arg hugepagesz=1G --kernel-arg "
			 "hugepages=0:8,1:8");
	/* Its own are used while it runs. */
	m.facts.vm_runs = true;
	make(&m, "memory: 16384\nnuma: 1\nsockets: 2\nhugepages: 1024\n");
	assert_no_note(&m, "fragmented");
}

static void test_not_started_by_proxmox(void **state)
{
	auto_machine struct machine m = {0};

	(void)state;
	prepare_small(&m);
	make(&m, "memory: 16384\nhugepages: 1024\n");
	assert_notes(&m, "memory: Proxmox VE would not start this VM: huge pages need numa: 1");
	assert_int_equal(m.plan->n_refusals, 0);
}

/* ---- NUMA ---- */

static void test_place(void **state)
{
	static const struct {
		const char *lines, *text;
	} rows[] = {
		{"memory: 32768\ncores: 8\n", "qm set 100 --affinity " CPUS_ON1},
		{"memory: 32768\ncores: 8\n",
		 "qm set 100 --numa 1 --numa0 cpus=0-7,hostnodes=1,memory=32768,policy=bind"},
		{"memory: 32768\n",
		 "qm set 100 --numa 1 --numa0 cpus=0,hostnodes=1,memory=32768,policy=bind"},
		{"memory: 32768\naffinity: 0-3\n", "qm set 100 --affinity " CPUS_ON1},
		{"memory: 32768\ncores: 33\n",
		 "affinity: its devices are on node 1 of this host, whose processors (32) are fewer "
		 "than the VM's (33)"},
		{"memory: 98304\n",
		 "numa0: memory from node 1 only is not possible: no node of this host has so "
		 "much memory"},
		{"memory: 32768\nnuma: 1\nhotplug: memory\n",
		 "numa0: memory from node 1 only is not possible: there can be no numa0 with "
		 "hotplug of memory"},
	};
	auto_machine struct machine m = {0};

	(void)state;
	prepare(&m, 1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_advice(&m, rows[i].lines, rows[i].text);
	/* First the one, then the other. */
	make(&m, "memory: 32768\n");
	assert_int_equal(m.plan->n_notes, 3);
	assert_non_null(strstr(m.plan->notes[1].command, "--affinity"));
	assert_non_null(strstr(m.plan->notes[2].command, "--numa0"));
}

/* Huge pages have the same place. */
static void test_pages_there(void **state)
{
	auto_machine struct machine m = {0};

	(void)state;
	prepare(&m, 1);
	m.facts.host_memory.no_thp = true;
	assert_advice(&m, "memory: 32768\ncores: 16\n",
		      "qm set 100 --numa 1 --hugepages 1024 --numa0 "
		      "cpus=0-15,hostnodes=1,memory=32768,policy=bind");
	assert_notes(&m, "host-setup enable --kernel-arg hugepagesz=1G --kernel-arg "
			 "hugepages=1:32");
	assert_no_note(&m, "numa0: second");
	assert_notes(&m, "qm set 100 --affinity " CPUS_ON1);
	/* It does not fit there, nor anywhere else. */
	make(&m, "memory: 98304\n");
	assert_notes(&m, "would not start this VM with them: no node of this host has so much");
	/* By its sockets it does. */
	assert_advice(&m, "memory: 98304\nsockets: 2\n", "qm set 100 --numa 1 --hugepages 1024");
}

static void test_no_place(void **state)
{
	auto_machine struct machine m = {0};

	(void)state;
	/* The firmware does not say. */
	prepare(&m, -1);
	make(&m, "memory: 32768\n");
	assert_no_note(&m, "affinity");
	assert_no_note(&m, "numa0");
	/* The host has one node with processors. */
	prepare(&m, 0);
	m.cpus[1][0] = '\0';
	make(&m, "memory: 32768\n");
	assert_no_note(&m, "affinity");
	/* The devices are on both. */
	prepare(&m, 1);
	make(&m, "memory: 32768\nhostpci1: 02:00.0,pcie=1\n");
	assert_no_note(&m, "affinity");
	/* It is there already. */
	prepare(&m, 1);
	make(&m, "memory: 32768\nnuma: 1\naffinity: 16,20-24\n"
		 "numa0: cpus=0,memory=32768,hostnodes=1,policy=bind\n");
	assert_no_note(&m, "affinity");
	assert_no_note(&m, "numa0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_more_than_the_host),
		cmocka_unit_test(test_pools),
		cmocka_unit_test(test_short_now),
		cmocka_unit_test(test_unknown_host),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_viommu),
		cmocka_unit_test(test_balloon),
		cmocka_unit_test(test_huge_pages),
		cmocka_unit_test(test_missing_pages),
		cmocka_unit_test(test_not_started_by_proxmox),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_pages_there),
		cmocka_unit_test(test_no_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
