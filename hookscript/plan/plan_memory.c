// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether the host has the memory that a VM's devices pin: only what will fail, or is short now. */
#include "hookscript/plan/plan_check.h"

#include "hookscript/plan/memory_advice.h"
#include "host/base/log.h"

#include <string.h>

/* A VM without huge pages cannot have those of the pools. */
static uint64_t host_mib(const struct facts *facts)
{
	const struct host_memory *host = &facts->host_memory;
	bool huge = facts->memory.hugepages != HUGEPAGES_NONE;

	if (huge || host->pools_kib > host->kib)
		return host->kib / 1024;
	return (host->kib - host->pools_kib) / 1024;
}

static void cure_less(struct plan_check *c)
{
	char *command = NULL;

	if (memory_advise_less(c->facts, host_mib(c->facts), &command))
		c->err = -ENOMEM;
	else if (command)
		cure_add(c, _("give it less"), command, NULL);
	else
		cure_words(c, _("give it less: qm set %u --memory …"), c->facts->vmid);
}

/* When it is the pools that have the memory. */
static void cure_by_pools(struct plan_check *c)
{
	auto_advice struct memory_advice advice = {0};
	const struct host_memory *host = &c->facts->host_memory;

	if (c->facts->memory.hugepages != HUGEPAGES_NONE || c->facts->memory.mib > host->kib / 1024)
		return;
	if (memory_advise_pages(c->facts, -1, &advice))
		c->err = -ENOMEM;
	else if (advice.command)
		cure_add(c, _("or let it use the huge pages"), TAKE_PTR(advice.command), NULL);
}

static void refuse(struct plan_check *c, uint64_t has_mib)
{
	const struct facts *facts = c->facts;
	const struct host_memory *host = &facts->host_memory;
	auto_free char *size = memory_size_text(facts->memory.mib);
	auto_free char *has = memory_size_text(has_mib);
	auto_free char *pools = memory_size_text(host->pools_kib / 1024);
	bool pooled = host->pools_kib && facts->memory.hugepages == HUGEPAGES_NONE;

	if (!size || !has || !pools) {
		c->err = -ENOMEM;
		return;
	}
	plan_add_refusal(
		c, REFUSAL_MEMORY, NULL, strdup(_("less memory")),
		pooled ? fs_path(_("memory: %s is more than this host has: %s, and %s more in pools "
				   "of huge pages, which this VM does not use; its devices need all "
				   "of it at the start"),
				 size, has, pools)
		       : fs_path(_("memory: %s is more than this host has: %s; its devices need "
				   "all of it at the start"),
				 size, has));
	cure_less(c);
	cure_by_pools(c);
}

/* What is missing in the pools Proxmox VE takes from the rest. */
static uint64_t needed_kib(const struct facts *facts)
{
	struct memory_verdict verdict = facts_judge_memory(&facts->memory, &facts->host_memory);
	uint64_t kib = 0;

	if (facts->memory.hugepages == HUGEPAGES_NONE)
		return facts->memory.mib * 1024;
	for (unsigned int size = 0; size < PAGE_SIZES; size++)
		for (unsigned int i = 0; i < PAGE_NODES; i++) {
			uint64_t needs = verdict.pages[size][i];
			uint64_t has = memory_free_pages(&facts->host_memory, size, i);

			kib += needs > has ? (needs - has) * PAGE_MIB(size) * 1024 : 0;
		}
	return kib;
}

static void warn_if_short(struct plan_check *c)
{
	const struct host_memory *host = &c->facts->host_memory;
	uint64_t needs = needed_kib(c->facts), has = host->available_kib + host->arc_kib;
	auto_free char *needs_text = NULL, *has_text = NULL, *arc_text = NULL;

	/* A VM that runs has it. */
	if (needs <= has || c->facts->vm_runs)
		return;
	needs_text = memory_size_text(needs / 1024);
	has_text = memory_size_text(has / 1024);
	arc_text = memory_size_text(host->arc_kib / 1024);
	if (!needs_text || !has_text || !arc_text)
		c->err = -ENOMEM;
	else if (host->arc_kib)
		plan_warn(c, NULL,
			  _("memory: its devices need %s at the start, and %s can be had now, of "
			    "which ZFS' cache (ARC) has %s: the start may fail, or end other "
			    "programs; what uses memory: ps -eo rss,args --sort=-rss"),
			  needs_text, has_text, arc_text);
	else
		plan_warn(c, NULL,
			  _("memory: its devices need %s at the start, and %s can be had now: the "
			    "start may fail, or end other programs; what uses memory: ps -eo "
			    "rss,args --sort=-rss"),
			  needs_text, has_text);
}

void plan_check_memory(struct plan_check *c)
{
	const struct facts *facts = c->facts;

	if (!facts->memory_known || facts->memory.by_args)
		return;
	if (facts->memory_err && facts->memory_err != -ENOENT)
		plan_warn(c, NULL,
			  _("memory: whether this host has what the VM needs cannot be read: %s"),
			  log_strerror(facts->memory_err));
	if (facts->memory_err)
		return;
	if (facts->memory.mib > host_mib(facts))
		refuse(c, host_mib(facts));
	else
		warn_if_short(c);
}
