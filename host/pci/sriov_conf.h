/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /etc/pve-passthrough.d/host.conf: how many VFs each PF of this node is to have, and which devices
 * are held early (early_conf.h). Written by `host-setup sriov` and `host-setup early` alone; read
 * by these, at boot, and by the start of a VM.
 */
#ifndef HOST_PCI_SRIOV_CONF_H
#define HOST_PCI_SRIOV_CONF_H

#include "host/text/bdf.h"
#include "host/base/fs.h"
#include "host/pci/early/early_conf.h"
#include "host/pci/pci.h"

#define SRIOV_CONF_DIR	"etc/pve-passthrough.d"
#define SRIOV_CONF_PATH SRIOV_CONF_DIR "/host.conf"

/* Its first line. */
#define SRIOV_CONF_COMMENT                                                                    \
	"# Written by `host-setup sriov`; do not edit: `host-setup sriov ADDRESS N` changes " \
	"it, N = 0 undoes it."

/* A PF: a device of this id at this address. */
struct sriov_entry {
	struct bdf bdf;
	uint16_t vendor, device;
	unsigned int vfs;
	bool host_driver;  /* the VFs get drivers of the host: sriov_drivers_autoprobe stays 1 */
	int autoprobe_was; /* sriov_drivers_autoprobe before the first change; -1: unknown */
};

struct sriov_conf {
	bool exists;
	struct sriov_entry *items; /* in order of address */
	size_t n;
	/* What was made for the file, and goes with it: its directory, and that the service is
	 * enabled. */
	bool made_directory, enabled_service;
	struct early_list early;
};

/* The end of a message about the file: that it is damaged, and the cure. A static text. */
const char *sriov_conf_strerror(int err);

/*
 * Reads it. Without a file *ret->exists is false. Returns 0 (free with sriov_conf_free()); -EINVAL
 * when it is not understood; -EPROTONOSUPPORT when a newer version wrote it; -errno.
 */
int sriov_conf_read(const struct fs_root *root, struct sriov_conf *ret) must_check;

/* Whether the file is needed: it has an entry of either list. */
bool sriov_conf_is_needed(const struct sriov_conf *conf);

/* Its text, which older versions read, too. Returns a new string, or NULL without memory. */
char *sriov_conf_text(const struct sriov_conf *conf) must_check;

/* The entry of the address, whatever device is there; or NULL. */
struct sriov_entry *sriov_conf_at(const struct sriov_conf *conf, const struct bdf *bdf);

/* Whether the device is that of the entry. */
bool sriov_entry_is(const struct sriov_entry *entry, const struct pci_identity *identity);

/* Adds the entry, or puts it in the place of that of its address. Returns 0 or -ENOMEM. */
int sriov_conf_put(struct sriov_conf *conf, const struct sriov_entry *entry) must_check;

/* Takes the entry of the address out. */
void sriov_conf_drop(struct sriov_conf *conf, const struct bdf *bdf);

void sriov_conf_free(struct sriov_conf *conf);

#define auto_sriov_conf cleanup_with(sriov_conf_free)

#endif
