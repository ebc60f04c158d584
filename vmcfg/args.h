/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PCI devices of the host that a VM config's line "args:" passes to QEMU directly: Proxmox VE
 * neither checks nor binds them.
 *
 *	args: -device vfio-pci,host=01:00.0
 *
 * Proxmox VE splits the line into words (pve-common, PVE/Tools.pm, split_args: Perl's
 * Text::ParseWords) and puts them after its own options. QEMU reads -device, or --device, and its
 * argument: a model, then KEY=VALUE joined with ',' (one in a value is written twice; of a key the
 * last one is used), or the same as JSON when it begins with '{' (util/qemu-option.c, system/vl.c).
 *
 * Ignored are -set and -global, which change a device given elsewhere, and the files of
 *-readconfig. A word -device is taken for the option even where it is the argument of the option
 *before it. Pure.
 */
#ifndef VMCFG_ARGS_H
#define VMCFG_ARGS_H

#include "host/base/base.h"
#include "host/text/bdf.h"
#include "vmcfg/drives.h"

/* One -device of the models vfio-pci and vfio-pci-nohotplug. */
struct args_device {
	char *text;	/* the argument of -device, without the quotes of the line */
	char *why;	/* why it has no valid address, for people; NULL: it is BDF */
	struct bdf bdf; /* as QEMU reads it; the device may not exist */
};

struct args {
	struct args_device *devices; /* in the order of the line */
	size_t n_devices;
	/* Of mediated devices, which have a UUID where a PCI device has its address, the arguments
	 * of -device. */
	char **mdevs;
	size_t n_mdevs;
	/* The paths below /dev in whatever argument, each once: "file=/dev/sdb", also as JSON,
	 * "/dev/sr0", "evdev=/dev/input/by-id/…", but not behind ",,". QEMU opens them. The key is
	 * "args". */
	struct node_paths nodes;
	bool memory;   /* they decide about the guest's memory: -m, -mem-path, -numa, or -machine's
			  memory-backend= */
	char *dropped; /* why Proxmox VE ignores the whole line; NULL: it does not */
};

/*
 * Reads VALUE of LEN bytes, as written after "args:" (a word ends at a NUL, as the arguments of
 * a process do). Returns 0 and a new struct (args_free()), or -ENOMEM.
 *
 * With a WHY the start fails in QEMU, except where -set or -global corrects it.
 */
int args_parse(const char *value, size_t len, struct args **ret) must_check;

/* Frees ARGS; NULL is fine. */
void args_free(struct args *args);
DEFINE_CLEANUP(struct args *, args_free)

#endif
