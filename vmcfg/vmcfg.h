/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of /etc/pve/qemu-server/VMID.conf -> struct, as Proxmox VE itself reads it (qemu-server,
 * PVE/QemuServer.pm, parse_vm_config): line by line, invalid lines are dropped, and the last
 * valid one of a key is used. Only the keys that this program uses are checked: a newer Proxmox VE
 * may have others. Read are the main section and [PENDING]; snapshots and other sections do not
 * matter for a start. Pure.
 */
#ifndef VMCFG_VMCFG_H
#define VMCFG_VMCFG_H

#include "host/base/base.h"
#include "vmcfg/drives.h"
#include "vmcfg/hostpci.h"
#include "vmcfg/keys.h"
#include "vmcfg/text/text.h"

/*
 * A setting's value; text is NULL when unset, else LEN bytes, which may include NULs, and a NUL.
 * A value of nothing but white space is set to the last character of it (machine, args, lock, …);
 * an entry like that has no options.
 */
struct vmcfg_value {
	char *text;
	size_t len;
};

/* A line of one of the keys above that Proxmox VE drops. */
struct vmcfg_dropped {
	unsigned int line;  /* 1 is the first line of the file */
	enum vmcfg_key key; /* that it would set; VMCFG_KEYS: none, as it is written */
	char *why;	    /* for people; printable, and in English ASCII */
};

struct vmcfg {
	struct vmcfg_value values[VMCFG_KEYS];
	struct hostpci *hostpci[HOSTPCI_MAX]; /* NULL: not set */
	struct drives drives;		      /* those that [PENDING] adds, too */
	struct node_paths nodes;	      /* what QEMU is to open of /dev */
	struct vmcfg_dropped *dropped;	      /* in the order of their lines, of [PENDING] too */
	size_t n_dropped;

	/* What [PENDING] changes in the values above; NULL: nothing. Its own values, hostpci and
	 * nodes are what it sets; the rest of it is not used. */
	struct vmcfg *pending;
	/* In a struct that is another's pending: what it deletes. */
	bool deleted[VMCFG_KEYS];
	struct node_paths deleted_nodes; /* without paths */
	char *pending_keys; /* the same for people, "machine, hostpci0"; NULL: nothing */
};

/*
 * Parses TEXT of LEN bytes. Returns 0 and a new struct (free with vmcfg_free()); -EFBIG when LEN is
 * over VMCFG_TEXT_MAX; -ENOMEM. Bad lines are not errors: those of our keys are listed in dropped.
 * The time it takes grows with LEN only, whatever the text.
 */
int vmcfg_parse(const char *text, size_t len, struct vmcfg **ret) must_check;

enum vmcfg_pending {
	VMCFG_PENDING_NONE,
	VMCFG_PENDING_APPLIED, /* the next start uses it, and makes it the main section */
	VMCFG_PENDING_WAITS,   /* the next start leaves it where it is */
};

/*
 * Makes VM what its next start uses: [PENDING] applied to the main section, deletions first, as
 * Proxmox VE does before pre-start (qemu-server, vmconfig_apply_pending). It is not applied to a VM
 * that resumes (vmcfg_resumes()), nor when INCOMING says that the start is the target of a
 * migration (PVE_MIGRATED_FROM is not empty): then VM stays as it is. Returns which; for a message,
 * vm->pending_keys stays as it was parsed. vm->pending is NULL once it is applied.
 */
enum vmcfg_pending vmcfg_apply_pending(struct vmcfg *vm, bool incoming);

/* Whether the next start continues a suspended VM: "lock: suspended", or a vmstate. */
bool vmcfg_resumes(const struct vmcfg *vm);

/* Whether Proxmox VE takes the machine for q35 (qemu-server, PVE/QemuServer/Machine.pm). */
bool vmcfg_is_q35(const struct vmcfg *vm);

/* The machine as written, or that it is the default, for a message. Valid as long as VM. */
const char *vmcfg_machine_text(const struct vmcfg *vm);

/* Whether the VM is a template: it never starts with devices. */
bool vmcfg_is_template(const struct vmcfg *vm);

/* Whether the guest runs Windows, according to ostype. */
bool vmcfg_is_windows(const struct vmcfg *vm);

/* The value of a key; its AT is NULL when it is unset. Valid as long as VM. */
struct text vmcfg_text(const struct vmcfg *vm, enum vmcfg_key key);

/* Frees VM; NULL is fine. */
void vmcfg_free(struct vmcfg *vm);
DEFINE_CLEANUP(struct vmcfg *, vmcfg_free)

#endif
