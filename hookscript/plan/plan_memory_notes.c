// SPDX-License-Identifier: GPL-2.0-or-later
/* How long a start takes because of the VM's memory, and what makes that shorter. */
#include "hookscript/plan/plan_check.h"

#include "hookscript/plan/memory_advice.h"
#include "host/base/conftext.h"
#include "host/text/strbuf.h"

#include <string.h>

/*
 * An estimate of what clearing and pinning take, for before the first start: one processor clears
 * about 4 GiB a second in pages of 4 KiB, and reports go down to 2 (qemu-server,
 * PVE/QemuServer/Helpers.pm, config_aware_timeout: 512 GiB in four to five minutes). Huge pages
 * QEMU clears with a thread for each of the VM's processors (QEMU, commit 1e356fc14bea: 256 GiB in
 * 131 s with one, in 12 s with 16), and pinning is little then (Ming Mao, on the list linux-kernel
 * in 2020: 50 GiB in pages of 1 GiB in 0.7 s).
 */
#define MS_A_GIB       250
#define HUGE_IS_FASTER 4

/* A start that takes longer is worth a change of the config. */
#define LONG_MS 20000

/* So is so much memory where all of it is in pages of 4 KiB. The slowest host of those above clears
 * less in two seconds: there is nothing to be gained. */
#define WITHOUT_THP_MIB 4096

/* Adds a note by a format and its arguments; COMMAND: NULL for none, or taken over. */
#define note(c, command, ...) plan_add_note((c), fs_path(__VA_ARGS__), (command))

/* A note that `vm` does not say. */
static void only_in_plan(struct plan_check *c)
{
	if (!c->err)
		c->plan->notes[c->plan->n_notes - 1].plan_only = true;
}

/* "0.4 s", "16 s", "4 min 10 s" */
static char *time_text(int64_t ms)
{
	int64_t s = (ms + 500) / 1000;

	if (ms < 950)
		return fs_path(_("0.%lld s"), (long long)(ms < 100 ? 1 : (ms + 50) / 100));
	if (s < 120)
		return fs_path(_("%lld s"), (long long)s);
	return fs_path(_("%lld min %lld s"), (long long)(s / 60), (long long)(s % 60));
}

/* ---- how long it takes ---- */

static void note_last(struct plan_check *c)
{
	const struct duration *last = &c->facts->last_start;
	auto_free char *time = time_text(last->ms), *size = memory_size_text(last->mib);

	if (!time || !size)
		c->err = -ENOMEM;
	else
		note(c, NULL, _("memory: the last start took %s, %s, %s pages"), time, size,
		     memory_page_text(last->page_kib));
}

/* With an IOMMU of its own the guest has a mapping for each device, all of which QEMU fills (QEMU:
 * hw/i386/intel_iommu.c, vtd_find_add_as(): an address space for each). */
static uint64_t mappings_of(const struct facts *facts)
{
	return facts->memory.viommu && facts->n_groups ? facts->n_groups : 1;
}

static void note_estimate(struct plan_check *c, const struct memory_verdict *verdict)
{
	const struct facts *facts = c->facts;
	unsigned int kib = memory_page_kib(verdict);
	uint64_t ms = facts->memory.mib * MS_A_GIB / 1024 * mappings_of(facts);
	auto_free char *time = time_text((int64_t)(kib > 4 ? ms / HUGE_IS_FASTER : ms));
	auto_free char *size = memory_size_text(facts->memory.mib);

	if (!time || !size)
		c->err = -ENOMEM;
	else
		note(c, NULL,
		     _("memory: a start will take about %s, to clear and pin %s, %s pages"), time,
		     size, memory_page_text(kib));
}

/* Who may not read it needs root; else a start writes a new one. */
static void note_unread(struct plan_check *c)
{
	int err = c->facts->last_start_err;
	const char *why = conftext_strerror(err, _("not what a start has written"));

	if (err == -EACCES || err == -EPERM)
		note(c, NULL, _("memory: how long the last start took cannot be read: /%s/%u: %s"),
		     DURATION_DIR, c->facts->vmid, why);
	else
		note(c, NULL,
		     _("memory: how long the last start took cannot be read: /%s/%u: %s; the next "
		       "start replaces it"),
		     DURATION_DIR, c->facts->vmid, why);
	only_in_plan(c);
}

static void note_time(struct plan_check *c, const struct memory_verdict *verdict)
{
	const struct facts *facts = c->facts;

	if (facts->last_start_err)
		note_unread(c);
	if (facts->last_start.ms)
		note_last(c);
	else if (!facts->memory_err && verdict->rule == MEMORY_STARTS)
		note_estimate(c, verdict);
	if (mappings_of(facts) > 1)
		note(c, NULL,
		     _("machine: with viommu each of the %zu devices maps the memory for itself, "
		       "which takes %zu times as long; the memory is needed once"),
		     facts->n_groups, facts->n_groups);
}

static void note_balloon(struct plan_check *c)
{
	const struct memory_config *memory = &c->facts->memory;
	auto_free char *size = NULL;

	if (!memory->balloon_mib || memory->balloon_mib >= memory->mib)
		return;
	size = memory_size_text(memory->mib);
	note(c, fs_path("qm set %u --delete balloon", c->facts->vmid),
	     _("balloon: %llu has no effect: with its devices the VM has all of its memory, %s, from "
	       "the start to the end; to say so in the config:"),
	     (unsigned long long)memory->balloon_mib, plan_text(c, size));
	only_in_plan(c);
}

/* ---- pages at boot ---- */

/* As many as the VM needs, and other VMs have. */
static unsigned long long pool_of(const struct facts *facts, const struct memory_verdict *verdict,
				  enum page_size size, unsigned int i)
{
	return verdict->pages[size][i] + memory_used_pages(&facts->host_memory, size, i);
}

/* The words of the kernel's command line for such pools. On more nodes than one the kernel would
 * share the plain number among them (Linux: Documentation/admin-guide/kernel-parameters.txt,
 * hugepages=). */
static char *boot_words(const struct facts *facts, const struct memory_verdict *verdict,
			enum page_size size)
{
	size_t nodes = facts->host_memory.n_nodes;
	auto_strbuf struct strbuf text = {0};

	strbuf_add(&text, "host-setup enable --kernel-arg hugepagesz=%s --kernel-arg hugepages=",
		   size == PAGES_1G ? "1G" : "2M");
	if (nodes < 2)
		strbuf_add(&text, "%llu", pool_of(facts, verdict, size, 0));
	for (unsigned int i = 0, n = 0; nodes > 1 && i < PAGE_NODES; i++)
		if (verdict->pages[size][i])
			strbuf_add(&text, "%s%u:%llu", n++ ? "," : "", i,
				   pool_of(facts, verdict, size, i));
	return strbuf_take(&text);
}

static void note_boot(struct plan_check *c, const struct memory_verdict *verdict,
		      enum page_size size)
{
	const struct facts *facts = c->facts;
	char *command;

	if (facts->host_memory.pages_by_boot) {
		note(c, NULL,
		     _("memory: the kernel's command line has hugepages= already; a higher number "
		       "there makes sure of the pages"));
		return;
	}
	command = boot_words(facts, verdict, size);
	if (!command)
		c->err = -ENOMEM;
	note(c, command, _("memory: at boot the pages can always be had:"));
	/* Proxmox VE knows the plain number only, and returns other pages after the start
	 * (hugepages_default_nr_hugepages). */
	if (facts->host_memory.n_nodes > 1)
		note(c, fs_path("qm set %u --keephugepages 1", facts->vmid),
		     _("memory: and so that Proxmox VE leaves them there:"));
}

/* Pages on a node that Proxmox VE has to make before QEMU starts (hugepages_allocate). Returns
 * whether there are any that it can make. */
static bool note_missing_on(struct plan_check *c, const struct memory_verdict *verdict,
			    enum page_size size, unsigned int i)
{
	const struct host_memory *host = &c->facts->host_memory;
	unsigned long long needs = verdict->pages[size][i];
	unsigned long long has = memory_free_pages(host, size, i);
	const char *page = memory_page_text((unsigned int)PAGE_MIB(size) * 1024);
	bool fits = memory_node_fits(host, verdict, i);

	if (needs <= has)
		return false;
	if (fits)
		note(c, NULL,
		     _("memory: of the %llu pages of %s on node %u, %llu are free: Proxmox VE "
		       "reserves the others before QEMU starts, which may fail when memory is "
		       "fragmented"),
		     needs, page, i, has);
	else
		note(c, NULL,
		     _("memory: of the %llu pages of %s on node %u, %llu are free, and it has no "
		       "memory for the others: Proxmox VE will not start this VM"),
		     needs, page, i, has);
	return fits;
}

static void note_missing(struct plan_check *c, const struct memory_verdict *verdict)
{
	for (enum page_size size = 0; size < PAGE_SIZES; size++) {
		bool missing = false;

		for (unsigned int i = 0; i < PAGE_NODES; i++)
			missing |= note_missing_on(c, verdict, size, i);
		if (missing)
			note_boot(c, verdict, size);
	}
}

/* ---- huge pages ---- */

static bool is_slow(const struct facts *facts)
{
	const struct duration *last = &facts->last_start;

	return last->ms > LONG_MS && last->page_kib == 4 && last->mib <= facts->memory.mib;
}

static bool lacks_thp(const struct facts *facts)
{
	return facts->host_memory.no_thp && facts->memory.mib >= WITHOUT_THP_MIB;
}

/* Returns whether it gives the VM its place on HOSTNODE, too. */
static bool note_pages(struct plan_check *c, int hostnode)
{
	const struct facts *facts = c->facts;
	const char *why = lacks_thp(facts)
				  ? _("transparent huge pages are off on this host (never)")
				  : _("the last start took long");
	auto_advice struct memory_advice advice = {0};

	if (facts->memory.hugepages != HUGEPAGES_NONE || (!lacks_thp(facts) && !is_slow(facts)))
		return false;
	if (memory_advise_pages(facts, hostnode, &advice)) {
		c->err = -ENOMEM;
	} else if (advice.command) {
		note(c, strdup(advice.command),
		     _("memory: %s; with huge pages a start takes a quarter of the time, or less:"),
		     why);
		note_missing(c, &advice.verdict);
	} else {
		note(c, NULL,
		     _("memory: %s; with huge pages a start would take a quarter of the time, or "
		       "less, but Proxmox VE would not start this VM with them: %s"),
		     why, advice.why);
	}
	return advice.command && hostnode >= 0 && advice.hostnode == hostnode;
}

/* ---- the place on the host ---- */

/* The node that all of the VM's devices are on, as far as the firmware says; -1: none, or several.
 */
static int node_of_devices(const struct facts *facts)
{
	int node = -1;

	for (size_t i = 0; i < facts->n_devices; i++) {
		const struct device *device = &facts->devices[i];

		if (!device->named || device->bridge || device->numa_node < 0)
			continue;
		if (node >= 0 && node != device->numa_node)
			return -1;
		node = device->numa_node;
	}
	return node;
}

/* The node that the VM is to be near to, or NULL: there is no choice. */
static const struct host_node *wanted_node(const struct facts *facts)
{
	int id = node_of_devices(facts);
	const struct host_node *node = id < 0 ? NULL
					      : host_memory_node(&facts->host_memory,
								 (unsigned int)id);

	return node && node->cpus[0] && host_memory_cpu_nodes(&facts->host_memory) > 1 ? node
										       : NULL;
}

static void note_affinity(struct plan_check *c, const struct host_node *node)
{
	const struct memory_config *memory = &c->facts->memory;
	size_t has = cpulist_count(node->cpus);

	if (memory->affinity && cpulist_within(memory->affinity, node->cpus))
		return;
	if (memory->cpus > has)
		note(c, NULL,
		     _("affinity: its devices are on node %u of this host, whose processors (%zu) are "
		       "fewer than the VM's (%llu): not all of these can be near them"),
		     node->id, has, (unsigned long long)memory->cpus);
	else
		note(c, fs_path("qm set %u --affinity %s", c->facts->vmid, node->cpus),
		     _("affinity: its devices are on node %u of this host; from the processors "
		       "there, and with memory from there, they are faster:"),
		     node->id);
}

static void note_place(struct plan_check *c, const struct host_node *node)
{
	auto_advice struct memory_advice advice = {0};

	/* An administrator's. */
	if (memory_has_nodes(&c->facts->memory))
		return;
	if (memory_advise_node(c->facts, node->id, &advice))
		c->err = -ENOMEM;
	else if (advice.command)
		note(c, TAKE_PTR(advice.command),
		     _("numa0: second, memory from node %u only, and a guest that knows its nodes:"),
		     node->id);
	else
		note(c, NULL, _("numa0: memory from node %u only is not possible: %s"), node->id,
		     advice.why);
}

void plan_note_memory(struct plan_check *c)
{
	const struct facts *facts = c->facts;
	const struct host_node *node;
	struct memory_verdict verdict;
	bool placed;

	if (!facts->memory_known || facts->memory.by_args)
		return;
	verdict = facts_judge_memory(&facts->memory, &facts->host_memory);
	note_time(c, &verdict);
	note_balloon(c);
	if (facts->memory_err)
		return;
	if (verdict.rule != MEMORY_STARTS) {
		auto_free char *rule = memory_rule_text(&verdict);

		note(c, NULL, _("memory: Proxmox VE would not start this VM: %s"),
		     plan_text(c, rule));
		return;
	}
	node = wanted_node(facts);
	if (!facts->vm_runs)
		note_missing(c, &verdict);
	if (node)
		note_affinity(c, node);
	placed = note_pages(c, node ? (int)node->id : -1);
	if (node && !placed)
		note_place(c, node);
}
