/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of /etc/pve/qemu-server/VMID.conf -> struct, as Proxmox VE itself reads it (qemu-server,
 * PVE/QemuServer.pm, parse_vm_config): line by line, a bad line is dropped and the others count,
 * the last valid one of a key wins. Only the main section: pending changes, snapshots and special
 * sections are not the machine that starts. Pure.
 */
#ifndef VMCFG_VMCFG_H
#define VMCFG_VMCFG_H

#include "host/base.h"
#include "vmcfg/drives.h"
#include "vmcfg/dropped.h"
#include "vmcfg/hostpci.h"

/* What /etc/pve can hold at most (pmxcfs), and so the longest text accepted. */
#define VMCFG_TEXT_MAX ((size_t)1024 * 1024)

enum vmcfg_key {
	VMCFG_ARCH,
	VMCFG_ARGS,
	VMCFG_BIOS,
	VMCFG_HOOKSCRIPT,
	VMCFG_LOCK,
	VMCFG_MACHINE,
	VMCFG_NAME,
	VMCFG_TEMPLATE, /* "1" or "0" */
	VMCFG_KEYS
};

/*
 * A setting's value; text is NULL when unset, else LEN bytes and a NUL behind them (it may hold
 * NULs). A line with nothing but a blank is set all the same: to that blank (machine, args, lock,
 * …), and an entry like that has no options.
 */
struct vmcfg_value {
	char *text;
	size_t len;
	unsigned int line; /* 1 is the first line of the file */
};

struct vmcfg {
	struct vmcfg_value values[VMCFG_KEYS];
	struct vmcfg_value hostpci_values[HOSTPCI_MAX];
	struct hostpci *hostpci[HOSTPCI_MAX]; /* NULL: not set */
	struct drives drives;
	bool windows;		       /* the guest is a Windows, as far as ostype says */
	struct vmcfg_dropped *dropped; /* in the order of their lines, in all sections */
	size_t n_dropped;
};

/*
 * Parses TEXT of LEN bytes. Returns 0 and a new struct (free with vmcfg_free()); -EFBIG when LEN is
 * over VMCFG_TEXT_MAX; -ENOMEM. Bad lines are not errors: they are listed in dropped. The time it
 * takes grows with LEN only, whatever the text.
 *
 * One line cannot be judged by the text alone: "cpu: custom-NAME" is dropped by Proxmox VE unless
 * virtual-guest/cpu-models.conf defines NAME. It is listed, and the reason says so.
 */
int vmcfg_parse(const char *text, size_t len, struct vmcfg **ret) must_check;

/* Whether Proxmox VE takes the machine for q35 (qemu-server, PVE/QemuServer/Machine.pm). */
bool vmcfg_is_q35(const struct vmcfg *vm);

/* The machine as written, or that it is the default, for a message. Valid as long as VM. */
const char *vmcfg_machine_text(const struct vmcfg *vm);

/* Whether the VM is a template: it never starts with devices. */
bool vmcfg_is_template(const struct vmcfg *vm);

/*
 * What was understood, one fact a line ("key NAME VALUE", "q35 yes|no", "hostpciN OPTION VALUE",
 * "hostpciN empty", "warnings K"), non-printing bytes and a blank at either end of a value as \xNN,
 * a backslash as two. Returns a new string or NULL without memory.
 */
char *vmcfg_describe(const struct vmcfg *vm) must_check;

/* Frees VM and all that it holds; NULL is fine. */
void vmcfg_free(struct vmcfg *vm);
DEFINE_CLEANUP(struct vmcfg *, vmcfg_free)

#endif
