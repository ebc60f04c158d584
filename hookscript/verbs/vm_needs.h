/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a VM needs beyond what a start decides (hookscript/plan/plan.h): that it has a device at
 * all, and that Proxmox VE runs this hook. Pure: no files, no output.
 */
#ifndef HOOKSCRIPT_VERBS_VM_NEEDS_H
#define HOOKSCRIPT_VERBS_VM_NEEDS_H

#include "hookscript/plan/plan.h"
#include "vmcfg/storage.h"

/* The hook, as a VM's config names it. */
#define VM_HOOK_VOLUME "local:snippets/pve-passthrough"

/* What there is of a file that is to be run. */
enum snippet_state { SNIPPET_GOOD, SNIPPET_ABSENT, SNIPPET_NOT_EXECUTABLE };

/* What there is of the hook. */
struct vm_hook {
	struct storages storages;
	enum snippet_state snippet; /* of the file of vm_hook_volume() */
};

/* Whether the volume is our hook, on whatever storage. */
bool vm_hook_is_ours(const char *volume);

/* Where the VM has our hook from, or should have: what its config names when that is ours, on a
 * storage that there is; else VM_HOOK_VOLUME. */
const char *vm_hook_volume(const struct vmcfg *vm, const struct storages *storages);

/*
 * Adds to the plan, as refusals, what else the VM needs. A VM whose devices Proxmox VE binds needs
 * nothing: its plan must not be asked. Returns 0 or -errno.
 */
int vm_needs_add(const struct facts *facts, const struct vm_hook *hook,
		 struct plan *plan) must_check;

/* What the plan refuses, in short, "q35, hookscript"; "" for nothing. LASTING: but for what is said
 * of the host, and what passes when another VM ends. Returns a new string, or NULL without memory.
 */
char *vm_needs_names(const struct plan *plan, bool lasting) must_check;

#endif
