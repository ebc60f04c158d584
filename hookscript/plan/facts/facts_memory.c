// SPDX-License-Identifier: GPL-2.0-or-later
/* The part of the facts about memory: the VM's, the host's, and how long the last start took. */
#include "hookscript/plan/facts/facts_state.h"

bool facts_pin_memory(const struct facts *facts)
{
	if (!facts->vm || vmcfg_is_template(facts->vm))
		return false;
	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		if (facts->vm->hostpci[e] && !facts->vm->hostpci[e]->mdev)
			return true;
	return facts->args && facts->args->n_devices;
}

struct memory_verdict facts_judge_memory(const struct memory_config *config,
					 const struct host_memory *host)
{
	struct memory_host seen = {
		.pages = {[PAGES_2M] = host->pools[HOST_PAGES_2M].there,
			  [PAGES_1G] = host->pools[HOST_PAGES_1G].there},
	};

	for (size_t i = 0; i < host->n_nodes; i++)
		if (host->nodes[i].id < MEMORY_HOSTNODES_MAX)
			seen.nodes |= (uint64_t)1 << host->nodes[i].id;
	return memory_judge(config, &seen);
}

static int read_nodes(const struct fs_root *root, struct facts *facts)
{
	int err = 0;

	for (size_t i = 0; i < facts->n_devices && !err; i++)
		err = host_node_of(root, &facts->devices[i].bdf, &facts->devices[i].numa_node);
	return err;
}

int facts_read_memory(const struct fs_root *root, unsigned int scope, struct facts *facts)
{
	int err;

	if (!facts->vmid || !facts_pin_memory(facts))
		return 0;
	err = memory_config_read(facts->vm, &facts->memory);
	if (err)
		return err;
	facts->memory_known = true;
	facts->memory_err = host_memory_read(root, &facts->host_memory);
	if (!facts->memory_err)
		facts->memory_err = read_nodes(root, facts);
	if (scope & FACTS_NEXT_START)
		facts->last_start_err = duration_read(root, facts->vmid, &facts->last_start);
	return facts->memory_err == -ENOMEM || facts->last_start_err == -ENOMEM ? -ENOMEM : 0;
}
