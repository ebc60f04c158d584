/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host has by devices: their interfaces, disks and other nodes; and whether it has them
 * again. */
#ifndef HOOKSCRIPT_VERBS_REHEARSE_PARTS_H
#define HOOKSCRIPT_VERBS_REHEARSE_PARTS_H

#include "host/text/bdf.h"
#include "host/base/fs.h"

enum rehearse_part_kind { REHEARSE_PART_INTERFACE, REHEARSE_PART_DISK, REHEARSE_PART_NODE };

struct rehearse_part {
	struct bdf bdf; /* of its device */
	enum rehearse_part_kind kind;
	char *name; /* "eth0"; "nvme0n1", "snd/controlC0", below /dev */
	bool back;  /* it is there again, or another of its kind */
};

struct rehearse_parts {
	struct rehearse_part *items;
	size_t n;
};

/* Adds what the host has by the device, but for partitions and what is in another network
 * namespace. Returns 0 or -errno. */
int rehearse_parts_read(const struct fs_root *root, const struct bdf *bdf,
			struct rehearse_parts *parts) must_check;
void rehearse_parts_free(struct rehearse_parts *parts);

#define auto_rehearse_parts cleanup_with(rehearse_parts_free)

/*
 * Marks which of PARTS are in NOW, each there for one: an interface by its name, which its
 * configuration goes by; the others by what they are, for their numbers may change. Returns whether
 * all are. Pure.
 */
bool rehearse_parts_compare(struct rehearse_parts *parts, const struct rehearse_parts *now);

/* Waits until all are there again, LIMIT_MS at most. Returns 0, also when they are not, or -errno.
 */
int rehearse_parts_await(const struct fs_root *root, struct rehearse_parts *parts,
			 int limit_ms) must_check;

/* "interface eth0"; for a message. Returns a new string, or NULL without memory. */
char *rehearse_part_text(const struct rehearse_part *part) must_check;

/* The kind for programs: "interface", "disk", "node". */
const char *rehearse_part_kind_name(enum rehearse_part_kind kind);

#endif
