/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a device answers, and what its serial number is. One that fell off its bus, or that a
 * failed reset has left dead, is still in sysfs, and may still have a driver.
 */
#ifndef HOST_PCI_ANSWER_H
#define HOST_PCI_ANSWER_H

#include "host/text/bdf.h"
#include "host/base/fs.h"

/* How long a device is given to answer. One in D3cold is powered up first. */
#define PCI_ANSWER_MS 5000

/*
 * Reads the 64 bytes of the header from the device's configuration space. Where nothing answers,
 * all of them are ff; the ids alone prove nothing, for those of a virtual function always are (PCI
 * Express Base Specification, SR-IOV). They are read twice, 100 ms apart, because a device that is
 * being reset does not answer either. Returns 0 when it answers, also when it has no such file;
 * -ENODATA when it does not; -errno when that is unknown. May block inside the kernel: for workers.
 */
int pci_answers(const struct fs_root *root, const struct bdf *bdf) must_check;

struct pci_answer {
	int err; /* as pci_answers(); -ETIMEDOUT: its read did not end within PCI_ANSWER_MS */
	uint64_t
		serial; /* early_serial_read(); 0: none, or unknown, as to a user who is not root */
};

/*
 * Asks N devices, by workers, and fills in N answers. Returns 0, or -errno when no worker could be
 * started.
 */
int pci_ask(const struct fs_root *root, const struct bdf *devices, size_t n,
	    struct pci_answer *ret) must_check;

#endif
