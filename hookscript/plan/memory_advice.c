// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/plan/memory_advice.h"

#include "host/text/strbuf.h"

#include <string.h>

/* Of the host's memory a VM may have 7/8 when it is given less: the rest is for the host. */
#define HOST_SHARE 8

static const enum host_pages pools[PAGE_SIZES] = {
	[PAGES_2M] = HOST_PAGES_2M,
	[PAGES_1G] = HOST_PAGES_1G,
};

/* ---- in words ---- */

char *memory_size_text(uint64_t mib)
{
	unsigned long long whole = mib / 1024, tenths = mib % 1024 * 10 / 1024;

	if (!whole || (mib % 1024 && !tenths))
		return fs_path("%llu MiB", (unsigned long long)mib);
	return tenths ? fs_path("%llu.%llu GiB", whole, tenths) : fs_path("%llu GiB", whole);
}

const char *memory_page_text(unsigned int kib)
{
	return kib == 4 ? "4 KiB" : kib == 2048 ? "2 MiB" : "1 GiB";
}

char *memory_rule_text(const struct memory_verdict *v)
{
	unsigned long long mib = v->mib;

	switch (v->rule) {
	case MEMORY_STARTS: break;
	case MEMORY_HOTPLUG_NUMA: return strdup(_("hotplug of memory needs numa: 1"));
	case MEMORY_HOTPLUG_NODES:
		return fs_path(_("there can be no numa%u with hotplug of memory"), v->node);
	case MEMORY_HOTPLUG_VIRTIOFS:
		return strdup(_("there can be no virtiofs with hotplug of memory"));
	case MEMORY_HOTPLUG_TOO_SMALL:
		return fs_path(_("with hotplug of memory it has %llu MiB at least"), mib);
	case MEMORY_HOTPLUG_ALIGNED:
		return fs_path(_("hotplug of memory adds modules of %llu MiB, to which its size "
				 "does not come"),
			       mib);
	case MEMORY_PAGES_NUMA: return strdup(_("huge pages need numa: 1"));
	case MEMORY_PAGES_NO_SIZE:
		return mib ? fs_path(_("this host has no huge pages of %llu MiB"), mib)
			   : strdup(_("this host has no huge pages"));
	case MEMORY_PAGES_MULTIPLE:
		return fs_path(_("the memory of its node %u is no multiple of the page, %llu MiB"),
			       v->node, mib);
	case MEMORY_PAGES_HOSTNODES:
		return fs_path(_("numa%u has no hostnodes, which huge pages need"), v->node);
	case MEMORY_PAGES_ONE_NODE:
		return fs_path(_("numa%u is not on one node of the host, from 0 to 9, which huge "
				 "pages need"),
			       v->node);
	case MEMORY_NODE_SIZE:
		return fs_path(_("numa%u does not say how many MiB it has"), v->node);
	case MEMORY_NODE_POLICY: return fs_path(_("numa%u has hostnodes but no policy"), v->node);
	case MEMORY_NODE_ABSENT:
		return fs_path(_("this host does not have the node that its node %u is to be on"),
			       v->node);
	case MEMORY_NODES_SUM:
		return fs_path(_("its numaN have %llu MiB together, which is not what memory says"),
			       mib);
	case MEMORY_SOCKETS: return strdup(_("its memory cannot be shared evenly by its sockets"));
	}
	return strdup("");
}

/* ---- whether the host has it ---- */

static uint64_t pool_kib(const struct host_pool list[HOST_PAGE_SIZES])
{
	uint64_t kib = 0;

	for (unsigned int size = 0; size < PAGE_SIZES; size++)
		kib += list[pools[size]].pages * PAGE_MIB(size) * 1024;
	return kib;
}

/* What a node, or without nodes the host, has outside of pools. */
static uint64_t unpooled_kib(const struct host_memory *host, const struct host_node *node)
{
	uint64_t kib = node ? node->kib : host->kib;
	uint64_t pooled = node ? pool_kib(node->pools) : host->pools_kib;

	return kib > pooled ? kib - pooled : 0;
}

static const struct host_pool *pool_on(const struct host_memory *host, enum page_size size,
				       unsigned int hostnode)
{
	const struct host_node *node = host_memory_node(host, hostnode);

	return &(node ? node->pools : host->pools)[pools[size]];
}

uint64_t memory_free_pages(const struct host_memory *host, enum page_size size,
			   unsigned int hostnode)
{
	return pool_on(host, size, hostnode)->free;
}

uint64_t memory_used_pages(const struct host_memory *host, enum page_size size,
			   unsigned int hostnode)
{
	const struct host_pool *pool = pool_on(host, size, hostnode);

	return pool->pages > pool->free ? pool->pages - pool->free : 0;
}

bool memory_node_fits(const struct host_memory *host, const struct memory_verdict *verdict,
		      unsigned int hostnode)
{
	uint64_t left = unpooled_kib(host, host_memory_node(host, hostnode));

	for (unsigned int size = 0; size < PAGE_SIZES; size++) {
		uint64_t has = memory_free_pages(host, size, hostnode), kib;
		uint64_t needs = verdict->pages[size][hostnode];

		kib = needs > has ? (needs - has) * PAGE_MIB(size) * 1024 : 0;
		if (kib > left)
			return false;
		left -= kib;
	}
	return true;
}

static bool pages_fit(const struct host_memory *host, const struct memory_verdict *verdict)
{
	for (unsigned int i = 0; i < PAGE_NODES; i++)
		if (!memory_node_fits(host, verdict, i))
			return false;
	return true;
}

/* ---- changes ---- */

struct change {
	const struct facts *facts;
	struct memory_config next;
	struct memory_verdict verdict;
	int hostnode; /* of numa0, which the change adds; negative: it adds none */
	bool fits;
};

static bool has_lines(const struct memory_config *config)
{
	for (unsigned int i = 0; i < NUMA_MAX; i++)
		if (config->has_node[i])
			return true;
	return false;
}

static bool node_fits(const struct facts *facts, unsigned int id)
{
	const struct host_node *node = host_memory_node(&facts->host_memory, id);

	return node && facts->memory.mib * 1024 <= unpooled_kib(&facts->host_memory, node);
}

/* Works out what becomes of such a change. Returns whether the VM starts with it. */
static bool change_to(struct change *change, const struct facts *facts, enum hugepages hugepages,
		      int hostnode)
{
	*change = (struct change){.facts = facts, .next = facts->memory, .hostnode = hostnode};
	change->next.numa = true;
	change->next.hugepages = hugepages;
	if (hostnode >= 0) {
		change->next.has_node[0] = true;
		change->next.nodes[0] = (struct numa_value){
			.mib = facts->memory.mib,
			.pinned = true,
			.nodes = (uint64_t)1 << hostnode,
			.one_node = hostnode < PAGE_NODES ? hostnode : -1,
			.policy = true,
		};
	}
	change->verdict = facts_judge_memory(&change->next, &facts->host_memory);
	if (change->verdict.rule != MEMORY_STARTS)
		return false;
	change->fits = hugepages != HUGEPAGES_NONE
			       ? pages_fit(&facts->host_memory, &change->verdict)
			       : hostnode < 0 || node_fits(facts, (unsigned int)hostnode);
	return change->fits;
}

/* NULL without memory. */
static char *command_of(const struct change *change)
{
	const struct memory_config *now = &change->facts->memory, *next = &change->next;
	auto_strbuf struct strbuf text = {0};

	strbuf_add(&text, "qm set %u", change->facts->vmid);
	if (!now->numa)
		strbuf_add(&text, " --numa 1");
	if (next->hugepages != now->hugepages)
		strbuf_add(&text, " --hugepages %s",
			   next->hugepages == HUGEPAGES_1G ? "1024" : "2");
	if (change->hostnode >= 0) {
		strbuf_add(&text, " --numa0 cpus=0");
		if (now->cpus > 1)
			strbuf_add(&text, "-%llu", (unsigned long long)now->cpus - 1);
		strbuf_add(&text, ",hostnodes=%d,memory=%llu,policy=bind", change->hostnode,
			   (unsigned long long)now->mib);
	}
	return strbuf_take(&text);
}

static int finish(const struct change *change, struct memory_advice *ret)
{
	*ret = (struct memory_advice){.verdict = change->verdict, .hostnode = change->hostnode};
	if (change->fits)
		ret->command = command_of(change);
	else if (change->verdict.rule != MEMORY_STARTS)
		ret->why = memory_rule_text(&change->verdict);
	else
		ret->why = strdup(_("no node of this host has so much memory"));
	return ret->command || ret->why ? 0 : -ENOMEM;
}

int memory_advise_pages(const struct facts *facts, int hostnode, struct memory_advice *ret)
{
	static const enum hugepages sizes[] = {HUGEPAGES_1G, HUGEPAGES_2M};
	/* There; as the sockets are counted, or as numaN says; all on the first one. */
	const int places[] = {hostnode, -1, 0};
	struct change change = {0};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (size_t k = 0; k < ARRAY_SIZE(places); k++) {
			if (places[k] >= 0 && has_lines(&facts->memory))
				continue;
			if (change_to(&change, facts, sizes[i], places[k]))
				return finish(&change, ret);
		}
	/* What is wrong with the smaller pages, as the config is. */
	(void)change_to(&change, facts, HUGEPAGES_2M, -1);
	return finish(&change, ret);
}

int memory_advise_node(const struct facts *facts, unsigned int hostnode, struct memory_advice *ret)
{
	struct change change;

	(void)change_to(&change, facts, facts->memory.hugepages, (int)hostnode);
	return finish(&change, ret);
}

int memory_advise_less(const struct facts *facts, uint64_t host_mib, char **ret)
{
	struct memory_config next = facts->memory;
	uint64_t step = host_mib < 8192 ? 64 : 1024;
	bool balloon;

	*ret = NULL;
	next.mib = (host_mib - host_mib / HOST_SHARE) / step * step;
	if (!next.mib || facts_judge_memory(&next, &facts->host_memory).rule != MEMORY_STARTS)
		return 0;
	/* qm refuses a balloon of more than the memory. */
	balloon = facts->memory.balloon_mib > next.mib;
	*ret = fs_path("qm set %u --memory %llu%s", facts->vmid, (unsigned long long)next.mib,
		       balloon ? " --balloon 0" : "");
	return *ret ? 0 : -ENOMEM;
}

void memory_advice_free(struct memory_advice *advice)
{
	free(advice->command);
	free(advice->why);
	*advice = (struct memory_advice){0};
}
