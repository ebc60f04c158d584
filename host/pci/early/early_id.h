/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * By what a device is known from one boot to the next, for `host-setup early`. Its address is not
 * enough: a card in another slot may move the numbers of all buses behind it.
 */
#ifndef HOST_PCI_EARLY_EARLY_ID_H
#define HOST_PCI_EARLY_EARLY_ID_H

#include "host/pci/pci.h"

/* "0000:00/1c.0/00.0": the root bus, and device and function of each bridge and of the device. */
#define EARLY_PATH_SIZE 160

/* 64 bits in hex, and a NUL. */
#define EARLY_SERIAL_SIZE 17

struct early_id {
	struct bdf bdf; /* where it was seen; no part of the identity */
	char path[EARLY_PATH_SIZE];
	struct pci_identity identity;
	uint8_t revision;
	char serial[EARLY_SERIAL_SIZE]; /* its serial-number capability; "": none */
	bool serial_hidden;		/* only root sees it (Linux: drivers/pci/pci-sysfs.c) */
};

struct early_ids {
	struct early_id *items;
	size_t n;
};

/*
 * Reads it of the device, whose configuration space is read. Returns 0; -ENODEV when it is not
 * there; -EXDEV when it is no device of this kind: a VF, or one that the kernel finds behind an
 * endpoint, which is not there when a boot begins; -ENAMETOOLONG; -errno.
 */
int early_id_read(const struct fs_root *root, const struct bdf *bdf,
		  struct early_id *ret) must_check;

/* Whether both are of one kind: vendor, device, subsystem, class and revision. */
bool early_id_alike(const struct early_id *a, const struct early_id *b);

/* Whether they are one device: of one kind, in one place, with one serial number, unless that of
 * one is hidden. */
bool early_id_same(const struct early_id *a, const struct early_id *b);

/* All devices of the host that are like one of WANTED. Returns 0 (free with early_ids_free()) or
 * -errno. */
int early_ids_find(const struct fs_root *root, const struct early_ids *wanted,
		   struct early_ids *ret) must_check;

/* Adds a copy. Returns 0 or -ENOMEM. */
int early_ids_add(struct early_ids *ids, const struct early_id *id) must_check;
void early_ids_free(struct early_ids *ids);

#define auto_early_ids cleanup_with(early_ids_free)

/*
 * The path of slots in TARGET, the link of a device below sys/bus/pci/devices. Pure. Returns 0;
 * -EXDEV behind an endpoint (a VMD controller); -EINVAL when it is no such link; -ENAMETOOLONG.
 */
int early_path_parse(const char *target, char ret[EARLY_PATH_SIZE]) must_check;

/*
 * The path of slots of the device, which stays when bus numbers shift. Returns 0; -ENODEV when it
 * is not there; -EXDEV when it is a VF, or behind an endpoint; or as early_path_parse().
 */
int early_path_read(const struct fs_root *root, const struct bdf *bdf,
		    char ret[EARLY_PATH_SIZE]) must_check;

/*
 * The serial number in an open configuration space, of which no more than the way to it is read,
 * for each word is a read from the device: "" when it has none, one that is all zeroes or all ones,
 * or this user may not see it. Returns 0, or -errno with "". (PCI Express Base Specification,
 * Device Serial Number Extended Capability)
 */
int early_serial_read(int fd, char ret[EARLY_SERIAL_SIZE]) must_check;

#endif
