// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/memory.h"

#include <string.h>

#include "vmcfg/args.h"
#include "vmcfg/machine.h"

/* What a VM has from the start when more can be plugged in: $STATICMEM; and what is plugged in:
 * foreach_dimm. */
#define STATIC_MIB   1024
#define DIMM_MIB     512
#define DIMM_SIZES   8
#define DIMMS_A_SIZE 32

/* ---- the config ---- */

/* More sockets, or cores of one, than any machine has. */
#define CPUS_MAX ((uint64_t)1 << 20)

static uint64_t number_of(const struct vmcfg *vm, enum vmcfg_key key, uint64_t without)
{
	struct text text = vmcfg_text(vm, key);
	uint64_t n = text.at ? memory_number(text) : 0;

	return n ? n : without;
}

static uint64_t cpus_of(const struct vmcfg *vm, enum vmcfg_key key, uint64_t without)
{
	uint64_t n = number_of(vm, key, without);

	return n < CPUS_MAX ? n : CPUS_MAX;
}

static enum hugepages hugepages_of(const struct vmcfg *vm)
{
	struct text text = vmcfg_text(vm, VMCFG_HUGEPAGES);

	if (!text.at)
		return HUGEPAGES_NONE;
	if (text_is(text, "any"))
		return HUGEPAGES_ANY;
	return text_is(text, "2") ? HUGEPAGES_2M : HUGEPAGES_1G;
}

static void read_nodes(const struct vmcfg *vm, struct memory_config *ret)
{
	for (unsigned int i = 0; i < NUMA_MAX; i++) {
		struct text text = vmcfg_text(vm, VMCFG_NODE + i);

		ret->has_node[i] = text.at;
		if (text.at)
			ret->nodes[i] = numa_parse(text);
	}
	for (unsigned int i = 0; i < VIRTIOFS_MAX; i++)
		ret->virtiofs |= vm->values[VMCFG_VIRTIOFS + i].text != NULL;
}

static int read_args(const struct vmcfg *vm, bool *ret)
{
	const struct vmcfg_value *value = &vm->values[VMCFG_ARGS];
	cleanup_with(args_freep) struct args *args = NULL;
	int err = value->text ? args_parse(value->text, value->len, &args) : 0;

	*ret = args && args->memory;
	return err;
}

int memory_config_read(const struct vmcfg *vm, struct memory_config *ret)
{
	struct text memory = vmcfg_text(vm, VMCFG_MEMORY), numa = vmcfg_text(vm, VMCFG_NUMA);
	struct text hotplug = vmcfg_text(vm, VMCFG_HOTPLUG);
	struct text machine = vmcfg_text(vm, VMCFG_MACHINE);
	uint64_t sockets = cpus_of(vm, VMCFG_SOCKETS, cpus_of(vm, VMCFG_SMP, 1));

	*ret = (struct memory_config){
		.mib = memory.at ? memory_parse(memory) : MEMORY_DEFAULT_MIB,
		.balloon_mib = number_of(vm, VMCFG_BALLOON, 0),
		.sockets = sockets,
		.cpus = sockets * cpus_of(vm, VMCFG_CORES, 1),
		.numa = numa.at && text_is(numa, "1"),
		.hotplug = hotplug.at && hotplug_has_memory(hotplug),
		.hugepages = hugepages_of(vm),
		.affinity = vm->values[VMCFG_AFFINITY].text,
		.viommu = machine.at && machine_has_viommu(machine.at, machine.len),
	};
	read_nodes(vm, ret);
	return read_args(vm, &ret->by_args);
}

bool memory_has_nodes(const struct memory_config *config)
{
	for (unsigned int i = 0; i < NUMA_MAX; i++)
		if (config->numa && config->has_node[i])
			return true;
	return false;
}

/* ---- huge pages ---- */

struct judge {
	const struct memory_config *config;
	const struct memory_host *host;
	struct memory_verdict verdict;
};

static bool refuse(struct judge *j, enum memory_rule rule, unsigned int node, uint64_t mib)
{
	j->verdict.rule = rule;
	j->verdict.node = node;
	j->verdict.mib = mib;
	return false;
}

/* hugepages_size */
static bool choose_size(struct judge *j, unsigned int node, uint64_t mib, enum page_size *ret)
{
	const bool *has = j->host->pages;
	enum page_size size = PAGES_1G;

	if (!has[PAGES_2M] && !has[PAGES_1G])
		return refuse(j, MEMORY_PAGES_NO_SIZE, node, 0);
	if (j->config->hugepages == HUGEPAGES_2M ||
	    (j->config->hugepages == HUGEPAGES_ANY && has[PAGES_2M] &&
	     (!has[PAGES_1G] || mib % PAGE_MIB(PAGES_1G))))
		size = PAGES_2M;
	if (!has[size])
		return refuse(j, MEMORY_PAGES_NO_SIZE, node, PAGE_MIB(size));
	if (mib % PAGE_MIB(size))
		return refuse(j, MEMORY_PAGES_MULTIPLE, node, PAGE_MIB(size));
	*ret = size;
	return true;
}

/* Counts the pages of MIB of guest node NODE on that node of the host. */
static bool add_pages(struct judge *j, unsigned int node, unsigned int hostnode, uint64_t mib)
{
	enum page_size size;

	if (j->config->hugepages == HUGEPAGES_NONE)
		return true;
	if (!choose_size(j, node, mib, &size))
		return false;
	if (hostnode >= PAGE_NODES)
		return refuse(j, MEMORY_PAGES_ONE_NODE, node, 0);
	j->verdict.pages[size][hostnode] += mib / PAGE_MIB(size);
	return true;
}

/* ---- nodes ---- */

static bool judge_node(struct judge *j, unsigned int i)
{
	const struct numa_value *node = &j->config->nodes[i];
	bool huge = j->config->hugepages != HUGEPAGES_NONE;

	if (!node->mib)
		return refuse(j, MEMORY_NODE_SIZE, i, 0);
	if (node->pinned && (node->too_high || (node->nodes & ~j->host->nodes)))
		return refuse(j, MEMORY_NODE_ABSENT, i, 0);
	if (node->pinned && !node->policy)
		return refuse(j, MEMORY_NODE_POLICY, i, 0);
	if (huge && !node->pinned)
		return refuse(j, MEMORY_PAGES_HOSTNODES, i, 0);
	if (huge && node->one_node < 0)
		return refuse(j, MEMORY_PAGES_ONE_NODE, i, 0);
	return add_pages(j, i, (unsigned int)node->one_node, node->mib);
}

static bool judge_nodes(struct judge *j)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < NUMA_MAX; i++) {
		if (!j->config->has_node[i])
			continue;
		if (!judge_node(j, i))
			return false;
		sum += j->config->nodes[i].mib;
	}
	return sum == j->config->mib || refuse(j, MEMORY_NODES_SUM, 0, sum);
}

/* Without numaN: a node for each socket. What is not divisible Proxmox VE hands to QEMU as a
 * fraction, which then misses some of the memory (QEMU: hw/core/numa.c,
 * numa_complete_configuration: "total memory for NUMA nodes … should equal RAM size"). */
static bool judge_sockets(struct judge *j, uint64_t mib)
{
	uint64_t n = j->config->sockets;

	if (mib % n)
		return refuse(j, MEMORY_SOCKETS, 0, 0);
	if (j->config->hugepages == HUGEPAGES_NONE)
		return true;
	for (unsigned int i = 0; i < n; i++) {
		j->verdict.hostnode = i;
		if (i >= MEMORY_HOSTNODES_MAX || !(j->host->nodes >> i & 1))
			return refuse(j, MEMORY_NODE_ABSENT, i, 0);
		if (!add_pages(j, i, i, mib / n))
			return false;
	}
	return true;
}

/* ---- memory that can be plugged in ---- */

static uint64_t static_mib(const struct memory_config *config)
{
	return config->hugepages == HUGEPAGES_1G ? STATIC_MIB * config->sockets : STATIC_MIB;
}

/* Its modules, in growing sizes, to the nodes by turns. */
static bool judge_modules(struct judge *j)
{
	const struct memory_config *config = j->config;
	uint64_t mib = static_mib(config);
	uint64_t size = config->hugepages == HUGEPAGES_1G ? PAGE_MIB(PAGES_1G) : DIMM_MIB;

	for (unsigned int s = 0; s < DIMM_SIZES; s++, size *= 2)
		for (unsigned int i = 0; i < DIMMS_A_SIZE; i++) {
			unsigned int node = (unsigned int)(i % config->sockets);

			if (mib == config->mib)
				return true;
			mib += size;
			if (mib > config->mib)
				return refuse(j, MEMORY_HOTPLUG_ALIGNED, node, size);
			if (!add_pages(j, node, node, size))
				return false;
		}
	return true;
}

static bool judge_hotplug(struct judge *j)
{
	const struct memory_config *config = j->config;

	if (!config->numa)
		return refuse(j, MEMORY_HOTPLUG_NUMA, 0, 0);
	if (memory_has_nodes(config))
		return refuse(j, MEMORY_HOTPLUG_NODES, 0, 0);
	if (config->mib < static_mib(config))
		return refuse(j, MEMORY_HOTPLUG_TOO_SMALL, 0, static_mib(config));
	if (config->virtiofs)
		return refuse(j, MEMORY_HOTPLUG_VIRTIOFS, 0, 0);
	return judge_sockets(j, static_mib(config)) && judge_modules(j);
}

struct memory_verdict memory_judge(const struct memory_config *config,
				   const struct memory_host *host)
{
	struct judge j = {.config = config, .host = host};

	if (config->hotplug)
		judge_hotplug(&j);
	else if (config->hugepages != HUGEPAGES_NONE && !config->numa)
		refuse(&j, MEMORY_PAGES_NUMA, 0, 0);
	else if (memory_has_nodes(config))
		judge_nodes(&j);
	else if (config->numa)
		judge_sockets(&j, config->mib);
	return j.verdict;
}

unsigned int memory_page_kib(const struct memory_verdict *verdict)
{
	uint64_t mib[PAGE_SIZES] = {0};

	for (unsigned int size = 0; size < PAGE_SIZES; size++)
		for (unsigned int i = 0; i < PAGE_NODES; i++)
			mib[size] += verdict->pages[size][i] * PAGE_MIB(size);
	if (!mib[PAGES_2M] && !mib[PAGES_1G])
		return 4;
	return mib[PAGES_1G] >= mib[PAGES_2M] ? 1024 * 1024 : 2048;
}
