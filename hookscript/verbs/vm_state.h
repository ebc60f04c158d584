/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VM's next start would do, and what the VM needs, read from this node. */
#ifndef HOOKSCRIPT_VERBS_VM_STATE_H
#define HOOKSCRIPT_VERBS_VM_STATE_H

#include "hookscript/verbs/vm_needs.h"
#include "host/pci/check.h"
#include "host/base/fs.h"

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

/* Whether the VM has devices, and all of them are left to Proxmox VE (mdev=, driver=keep), or it is
 * a template: then it needs nothing. */
bool vm_state_is_exempt(const struct vm_state *state);

/*
 * Adds an item "vm" for every VM of this node that has hostpci entries: whether it runs, and what
 * it needs; never CHECK_MISSING, for it says nothing of the host. What cannot be read is an item,
 * too. Returns 0 or -ENOMEM.
 */
int vm_states_check(const struct fs_root *root, struct checklist *list) must_check;

#define auto_vm_state cleanup_with(vm_state_free)

#endif
