/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SR-IOV: a physical function (PF) and the virtual functions (VFs) that its driver makes. (Linux:
 * drivers/pci/iov.c; Documentation/PCI/pci-iov-howto.rst)
 */
#ifndef HOST_PCI_SRIOV_H
#define HOST_PCI_SRIOV_H

#include "host/text/bdf.h"
#include "host/base/fs.h"

/* The attributes of a PF. Reading sriov_numvfs waits for the device's lock: workers only. */
#define SRIOV_NUMVFS	"sriov_numvfs"
#define SRIOV_AUTOPROBE "sriov_drivers_autoprobe"

/* How long a PF's driver may take to make its VFs, or to remove them, in milliseconds. */
#define SRIOV_SET_MS 20000

struct sriov_vf {
	struct bdf bdf;
	unsigned int number; /* N of virtfnN */
};

struct sriov {
	unsigned int total;   /* so many VFs it can have; 0: it is no PF */
	int autoprobe;	      /* sriov_drivers_autoprobe: 1, 0; -1: it has no such file */
	struct sriov_vf *vfs; /* those that there are, by their links, in order of number */
	size_t n_vfs;
};

/*
 * Reads a device's, which may be no PF. Reads no file that waits for the device's lock. Returns 0
 * (free with sriov_free()); -EINVAL when a file holds no number; -errno.
 */
int sriov_read(const struct fs_root *root, const struct bdf *bdf, struct sriov *ret) must_check;
void sriov_free(struct sriov *sriov);

/* How many VFs the PF has, by their links. Returns 0 or -errno. */
int sriov_count(const struct fs_root *root, const struct bdf *pf, unsigned int *ret) must_check;

/* A number in one of the device's attributes; 0 when it has no such file, as a device that is no
 * PF. Returns 0; -EINVAL when it is no number; -errno. */
int sriov_number(const struct fs_root *root, const struct bdf *bdf, const char *name,
		 unsigned int *ret) must_check;

/* Where the VFs of a PF are when there are any. */
struct sriov_places {
	struct bdf pf;
	unsigned int total; /* 0: it has none */
	unsigned int offset, stride;
};

/* Returns 0; of a device that is no PF total is 0; or -errno. */
int sriov_places_read(const struct fs_root *root, const struct bdf *pf,
		      struct sriov_places *ret) must_check;

/* The address of the VF of that number, from 0 on, which may be on a later bus; false: there is no
 * such VF. Pure. (Linux: drivers/pci/iov.c, pci_iov_virtfn_bus(), pci_iov_virtfn_devfn()) */
bool sriov_place(const struct sriov_places *places, unsigned int number, struct bdf *ret);

/*
 * The PF of this host whose VF has, or would have, the address, whether it has been made or not:
 * *RET_NUMBER is 1 for the PF's first VF, 0 when there is no such PF, and *RET_PF is not set then.
 * Returns 0 or -errno.
 */
int sriov_find_pf(const struct fs_root *root, const struct bdf *vf, struct bdf *ret_pf,
		  unsigned int *ret_number) must_check;

/* What a PF is to have. */
struct sriov_wish {
	struct bdf pf;
	unsigned int vfs;
	int autoprobe; /* to be written before VFs are made, and after they are removed; -1: not */
};

/*
 * Has the PF's driver make that many VFs, by way of 0 when there are others, for the kernel changes
 * no other number (Linux: drivers/pci/pci-sysfs.c, sriov_numvfs_store()). Only for a worker.
 * Returns 0 when the PF has them; -EIO when its driver made fewer; -ENOENT when it makes none;
 * -errno, as the driver says. What it has after a failure has to be looked at.
 */
int sriov_set(const struct fs_root *root, const struct sriov_wish *wish) must_check;

/*
 * The same in a worker, which has SRIOV_SET_MS: then -ETIMEDOUT, and the worker goes on. *RET_LOG
 * is what the kernel's log says of the PF since, a new text, or NULL: nothing, or it cannot be
 * read.
 */
int sriov_set_in_worker(const struct fs_root *root, const struct sriov_wish *wish,
			char **ret_log) must_check;

#define auto_sriov cleanup_with(sriov_free)

#endif
