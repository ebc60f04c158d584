/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PCI devices of the host that a VM config's line "args:" gives to QEMU by itself: Proxmox VE
 * neither looks at them nor binds them.
 *
 *	args: -device vfio-pci,host=01:00.0 -device
 *vfio-pci,sysfsdev=/sys/bus/pci/devices/0000:02:00.0
 *
 * Proxmox VE cuts the line into words (pve-common, PVE/Tools.pm, split_args: Perl's
 * Text::ParseWords) and puts them after its own options. QEMU reads -device, or --device, and its
 * argument: a model, then KEY=VALUE joined with ',' (one in a value is written twice; of a key the
 * last one counts), or the same as JSON when it begins with '{' (util/qemu-option.c, system/vl.c).
 *
 * What else could name a device is not looked at: -set and -global, which change one that is given
 * elsewhere, and files that -readconfig names. A word -device is one even where it is the argument
 *of the option before it. Pure.
 */
#ifndef VMCFG_ARGS_H
#define VMCFG_ARGS_H

#include "host/base/base.h"
#include "host/base/bdf.h"

/* One -device of the models vfio-pci and vfio-pci-nohotplug. */
struct args_device {
	char *text;	/* the argument of -device, quotes of the line taken off */
	char *why;	/* why no device can be read in it, for people; NULL: it is BDF */
	struct bdf bdf; /* as QEMU understands it; whether it is there is not known */
};

struct args {
	struct args_device *devices; /* in the order of the line */
	size_t n_devices;
	char *dropped; /* why Proxmox VE gives QEMU nothing of the whole line; NULL: it does */
};

/*
 * Reads VALUE of LEN bytes, as it stands after "args:" (a word ends at a NUL, as the arguments of
 * a process do). Returns 0 and a new struct (args_free()), or -ENOMEM. Mediated devices, which have
 * a UUID where a PCI device has its address, are not listed.
 *
 * With a WHY the start fails in QEMU, except where -set or -global put right what it says.
 */
int args_parse(const char *value, size_t len, struct args **ret) must_check;

/* Frees ARGS and all that it holds; NULL is fine. */
void args_free(struct args *args);
DEFINE_CLEANUP(struct args *, args_free)

#endif
