/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host has by devices: their interfaces, disks and other nodes; and whether it has them
 * again. */
#ifndef HOOKSCRIPT_VERBS_REHEARSE_PARTS_H
#define HOOKSCRIPT_VERBS_REHEARSE_PARTS_H

#include "host/base/bdf.h"
#include "host/base/fs.h"

enum part_kind { PART_INTERFACE, PART_DISK, PART_NODE };

struct part {
	struct bdf bdf; /* of its device */
	enum part_kind kind;
	char *name; /* "eth0"; "nvme0n1", "snd/controlC0", below /dev */
	bool back;  /* it is there again, or another of its kind */
};

struct parts {
	struct part *items;
	size_t n;
};

/* Adds what the host has by the device, but for partitions and what is in another network
 * namespace. Returns 0 or -errno. */
int parts_read(const struct fs_root *root, const struct bdf *bdf, struct parts *parts) must_check;
void parts_free(struct parts *parts);

#define auto_parts cleanup_with(parts_free)

/*
 * Marks which of PARTS are in NOW, each there for one: an interface by its name, which its
 * configuration goes by; the others by what they are, for their numbers may change. Returns whether
 * all are. Pure.
 */
bool parts_compare(struct parts *parts, const struct parts *now);

/* Waits until all are there again, LIMIT_MS at most. Returns 0, also when they are not, or -errno.
 */
int parts_await(const struct fs_root *root, struct parts *parts, int limit_ms) must_check;

/* "interface eth0"; for a message. Returns a new string, or NULL without memory. */
char *part_text(const struct part *part) must_check;

/* The kind for programs: "interface", "disk", "node". */
const char *part_kind_name(enum part_kind kind);

#endif
