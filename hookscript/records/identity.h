/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which devices a VM has by address, /var/lib/pve-passthrough/vm/VMID: an address is a slot, and
 * after a change of hardware or firmware settings another device may be in it at the next boot.
 * What a start found is kept across boots, so that the next start notices. A libconfig file that
 * only root can read, replaced as a whole.
 *
 * Devices by address are those of host= and of args. Those of mapping= are not kept: the mapping
 * itself identifies its device.
 */
#ifndef HOOKSCRIPT_RECORDS_IDENTITY_H
#define HOOKSCRIPT_RECORDS_IDENTITY_H

#include "host/text/bdf.h"
#include "host/base/statefile.h"
#include "host/pci/early/early_id.h"
#include "host/pci/pci.h"

#define IDENTITY_DIR STATE_DIR "/vm"

/* The most devices in a file. */
#define IDENTITY_DEVICES_MAX ((size_t)1024)

/*
 * A device, and where it was found. Its slot and its number tell it from another one of its model:
 * a card that is added may shift the bus numbers of all behind it. Version 0.1.0 neither
 * writes nor reads those two.
 */
struct identity_device {
	struct bdf bdf;
	struct pci_identity identity;
	char path[EARLY_PATH_SIZE]; /* of slots; "": unknown, as of a VF */
	uint64_t serial;	    /* 0: none, or unknown */
};

/*
 * Reads what is kept for VM VMID. Returns 0 with a new array in order of address (the caller frees
 * it), which is empty when there is no file; or -errno and a new text in *ret_why (the caller frees
 * it) that names the file and the cure: -EINVAL when it is not such a file, -EPROTONOSUPPORT when
 * a newer version wrote it in a format unknown here.
 */
int identity_read(const struct fs_root *root, unsigned int vmid, struct identity_device **ret,
		  size_t *ret_n, char **ret_why) must_check;

/*
 * Replaces what is kept by these devices, given in order of address, durably. Writes nothing when
 * nothing changes; no devices is identity_forget(). Returns 0 or -errno: -E2BIG when there are more
 * than IDENTITY_DEVICES_MAX.
 */
int identity_write(const struct fs_root *root, unsigned int vmid,
		   const struct identity_device *list, size_t n) must_check;

/* Removes what is kept of the VM; none is success. Returns 0 or -errno. */
int identity_forget(const struct fs_root *root, unsigned int vmid) must_check;

/* Fills in the paths of N devices that are there. A device without a path, as a VF, has no serial
 * number either. Returns 0; -errno when one cannot be read. */
int identity_add_paths(const struct fs_root *root, struct identity_device *list,
		       size_t n) must_check;

/* The same with their serial numbers, for which the devices are asked, by workers: unknown of one
 * that does not answer now. */
int identity_place(const struct fs_root *root, struct identity_device *list, size_t n) must_check;

/* Gives those of N devices whose serial number is unknown that of the same one among the N_OLD that
 * were known. Pure. */
void identity_keep_serials(struct identity_device *list, size_t n,
			   const struct identity_device *old, size_t n_old);

/*
 * Whether they cannot be one device in one place: of another model, with another serial number, or
 * in another slot, as far as both are known. And whether, wherever they are, their serial numbers
 * or slots say that they are one. Pure.
 */
bool identity_differ(const struct identity_device *a, const struct identity_device *b);
bool identity_prove(const struct identity_device *a, const struct identity_device *b);

enum identity_state {
	IDENTITY_SAME,	 /* the device is where it was */
	IDENTITY_OTHER,	 /* another device is there */
	IDENTITY_ABSENT, /* no device is there */
};

/*
 * Compares a known device with those present NOW, which may include other addresses. With
 * IDENTITY_OTHER, *ret_there is the other device's entry of NOW. Pure.
 */
enum identity_state identity_compare(const struct identity_device *known,
				     const struct identity_device *now, size_t n_now,
				     const struct identity_device **ret_there);

/*
 * The devices of this model that are there now, however many, with path and serial: a new array in
 * order of address (the caller frees it). Reads what every device of the host is. Returns 0 or
 * -errno.
 */
int identity_find(const struct fs_root *root, const struct pci_identity *identity,
		  struct identity_device **ret, size_t *ret_n) must_check;

/* The one of these devices that is the known one, by its serial number or else by its slot; NULL
 * when that does not tell, or tells of several. Pure. */
const struct identity_device *identity_pick(const struct identity_device *known,
					    const struct identity_device *list, size_t n);

#endif
