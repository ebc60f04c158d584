/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a VM's next start would do, and what the VM needs beyond what a start decides
 * (hookscript/plan/plan.h): that it has a device at all, and that Proxmox VE runs this hook.
 */
#ifndef HOOKSCRIPT_VERBS_VM_NEEDS_H
#define HOOKSCRIPT_VERBS_VM_NEEDS_H

#include "host/pci/check.h"
#include "hookscript/plan/plan.h"
#include "vmcfg/storage.h"

/* The hook, as a VM's config names it. */
#define VM_HOOK_VOLUME "local:snippets/pve-passthrough"

/* Where VM configs, and what follows, take storages from. */
#define STORAGES_PATH "etc/pve/storage.cfg"

/* What there is of a file that is to be run. */
enum snippet_state { SNIPPET_GOOD, SNIPPET_ABSENT, SNIPPET_NOT_EXECUTABLE };

/* What there is of the hook. */
struct vm_hook {
	struct storages storages;
	enum snippet_state snippet; /* of the volume that the VM has it from, or should have */
};

/* Whether the volume is our hook, on whatever storage. */
bool vm_hook_is_ours(const char *volume);

struct vm_state {
	struct settings settings;
	struct facts *facts;
	struct vm_hook hook;
	struct plan *plan; /* with what a VM needs beside it (vm_needs_add()) */
};

/*
 * Reads and judges the state of VM VMID into *RET, which must stay where it is. Returns 0; or
 * -errno and a new text in *ret_why (the caller frees it; NULL without memory) that says what could
 * not be read. Free with vm_state_free() in either case.
 */
int vm_state_read(const struct fs_root *root, unsigned int vmid, struct vm_state *ret,
		  char **ret_why) must_check;
void vm_state_free(struct vm_state *state);

/* Whether the VM has devices, and all of them are left to Proxmox VE (mdev=, driver=keep) or QEMU
 * (a mediated device in args), without anything that keeps it from starting, or it is a template:
 * then it needs nothing. */
bool vm_state_is_exempt(const struct vm_state *state);

/*
 * Adds an item "vm" for every VM of this node that has hostpci entries: whether it runs, and what
 * it needs; never CHECK_MISSING, for it says nothing of the host. What cannot be read is an item,
 * too. Returns 0 or -ENOMEM.
 */
int vm_states_check(const struct fs_root *root, struct checklist *list) must_check;

#define auto_vm_state cleanup_with(vm_state_free)

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
