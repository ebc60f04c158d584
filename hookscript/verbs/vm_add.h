/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * (VM config, devices of the host, a choice) -> the hostpci entry that gives the VM that device, as
 * a command, and what to know about it before. Pure: no files, no output.
 */
#ifndef HOOKSCRIPT_VERBS_VM_ADD_H
#define HOOKSCRIPT_VERBS_VM_ADD_H

#include "hookscript/plan/facts/facts.h"
#include "host/text/strbuf.h"
#include "host/pci/summary.h"
#include "vmcfg/storage.h"

struct vm_add_choice {
	const struct facts *facts;		/* about the VM */
	const struct device_summaries *devices; /* of the host, judged */
	const struct storages *storages;
	const char *address; /* "0000:01:00.0", "01:00.0" as lspci has it, or "01:00" for all of a
				card's functions */
	bool gpu;	     /* as a graphics card: all functions of it, whatever ADDRESS says */
	bool primary;	     /* and as the display that the VM starts with */
	const char *mapping; /* the entry names this mapping in place of the device; NULL: not */
};

struct vm_addition {
	char *refusal;	     /* why this cannot be proposed, and what to do; NULL: it is */
	char **command;	     /* sets the entry (host/text/argv.h); NULL: it is as it should be */
	char *path;	     /* with a mapping: what the mapping must name on this node */
	char **firmware;     /* gives an empty VM the firmware OVMF, before that; NULL: it keeps its
				own */
	struct strbuf notes; /* what to know about it, one thing a line */
};

/* Whether to offer the device: not bridges, which stay with the host, nor the platform's own. */
bool vm_can_have(const struct device_summary *device);

/* Makes a proposal. Returns 0 (free with vm_addition_free()) or -ENOMEM. */
int vm_add_propose(const struct vm_add_choice *choice, struct vm_addition *ret) must_check;
void vm_addition_free(struct vm_addition *addition);

#define auto_vm_addition cleanup_with(vm_addition_free)

#endif
