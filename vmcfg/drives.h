/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The drives in a VM config, and whether a system may be installed on them (qemu-server,
 * PVE/QemuServer/Drive.pm); and which nodes below /dev the config has QEMU open. Pure. */
#ifndef VMCFG_DRIVES_H
#define VMCFG_DRIVES_H

#include "host/base/base.h"
#include "vmcfg/text/text.h"

enum drive_kind {
	DRIVE_NO_DISK, /* a CD drive, or an empty one */
	DRIVE_DISK,    /* a disk, which may have a system on it; also a detached one (unusedN) */
	DRIVE_EFI,     /* where the firmware OVMF keeps its variables */
};

struct drive {
	char *key; /* "scsi0" */
	enum drive_kind kind;
};

struct drives {
	struct drive *items; /* one of each key, in the order of the first line of each */
	size_t n;
};

/*
 * Adds the drive of the line "KEY: VALUE", in place of an earlier one of that key; with PENDING, a
 * line of [PENDING], an earlier one is kept, since its data is kept. A key that is not a drive's
 * changes nothing, and an unknown VALUE is taken for a disk. Returns 0 or -ENOMEM.
 */
int drives_set(struct drives *drives, struct text key, struct text value, bool pending) must_check;

/* The first drive of that kind; NULL when there is none. */
const struct drive *drives_first(const struct drives *drives, enum drive_kind kind);

void drives_free(struct drives *drives);

/* What a key has QEMU open of the host: a drive that is no volume of a storage, a serial or a
 * parallel port; or what args have it open (vmcfg/args.h). */
struct node_path {
	char *key;  /* "scsi1", "serial0", "args" */
	char *path; /* "/dev/disk/by-id/…"; NULL: the key is set, to nothing below /dev */
};

struct node_paths {
	struct node_path *items; /* one of each key, in the order of the first line of each */
	size_t n;
};

/* Whether PATH is one below /dev, without "/../" or white space. */
bool node_path_is_one(struct text path);

/* Whether KEY, "scsi1" or "serial0", may have such a path. */
bool node_paths_have_key(struct text key);

/*
 * Adds what the line "KEY: VALUE" has QEMU open, in place of what an earlier one of that key had. A
 * key that has no such path changes nothing. An AT of NULL is a value of nothing. Returns 0 or
 * -ENOMEM.
 *
 * A line that Proxmox VE drops for a bad option counts like any other. Which options a drive may
 * have changes with its versions, and to miss a node that QEMU does open is worse than to name one
 * that it does not: the devices would be taken for a VM that cannot start.
 */
int node_paths_set(struct node_paths *nodes, struct text key, struct text value) must_check;

/* That of the key; NULL: it is not set. */
struct node_path *node_paths_find(const struct node_paths *nodes, const char *key);

void node_paths_free(struct node_paths *nodes);

#endif
