/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VM needs (hookscript/vm_needs.h), read from this node's files. */
#ifndef HOOKSCRIPT_VM_STATE_H
#define HOOKSCRIPT_VM_STATE_H

#include "hookscript/selection.h"
#include "hookscript/vm_needs.h"
#include "host/check.h"
#include "host/fs.h"

struct vm_state {
	struct settings settings;
	struct storages storages;
	struct selection *selection; /* what the VM's entries stand for */
	struct vm_needs needs;
	bool binds; /* it has devices that this hook binds */
	bool runs;
};

/*
 * Reads the state of VM VMID, whose config is VM, which must outlive it. Returns 0 (free with
 * vm_state_free()); or -errno and a new text in *ret_why (the caller frees it; NULL without memory)
 * that says what could not be read.
 */
int vm_state_read(const struct fs_root *root, unsigned int vmid, const struct vmcfg *vm,
		  struct vm_state *ret, char **ret_why) must_check;
void vm_state_free(struct vm_state *state);

/*
 * Adds an item "vm" for every VM of this node that has hostpci entries: whether it runs, and what
 * it needs; never CHECK_MISSING, for it says nothing of the host. What cannot be read is an item,
 * too. Returns 0 or -ENOMEM.
 */
int vm_states_check(const struct fs_root *root, struct checklist *list) must_check;

#define auto_vm_state cleanup_with(vm_state_free)

#endif
