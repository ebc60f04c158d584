/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the configuration of the host will use of a device at the next boot, whether or not it does
 * so now: its disks, by whatever name, and its network interfaces.
 */
#ifndef HOST_SETUP_EARLY_BOOT_USES_H
#define HOST_SETUP_EARLY_BOOT_USES_H

#include "host/setup/conf/cmdline.h"
#include "host/usage/survey.h"

/* By which names files may mean what is below a device. */
struct boot_names {
	struct fs_names
		disks; /* "/dev/sda1", "/dev/disk/by-id/…", "UUID=…", "ID=…", a pool's name */
	struct fs_names nets;	    /* of its interfaces: "eno1", "enp3s0" */
	struct fs_names interfaces; /* which of these they have now, and not besides or maybe */
	struct fs_names macs;	    /* of these, "52:54:00:00:00:01" */
	char *path;		    /* of the device, as udev has it: "pci-0000:03:00.0" */
	char *driver;		    /* NULL: none */
	const char *type;	    /* as networkctl(1) has it, "ether"; NULL: not known; static */
	char *by_path;		    /* how the links of its disks in /dev/disk/by-path begin */
};

/* Reads them: what udev and the links in /dev/disk say of its disks, and its interfaces. Returns 0
 * (free with boot_names_free(), in any case) or -errno. */
int boot_names_read(const struct fs_root *root, const struct usage_device *device,
		    struct boot_names *ret) must_check;
void boot_names_free(struct boot_names *names);

/* Adds the names that the text of an entry in udev's database gives to a disk. Pure. Returns 0 or
 * -ENOMEM. (systemd: sd-device, device-private.c; "S:" is a link, "E:" a property) */
int boot_names_add_udev(const char *text, struct fs_names *disks) must_check;

/*
 * Reads a file of the configuration, of at most MAX bytes: *RET is new (*RET_LEN as for fs_read()),
 * or NULL: there is none, or it is a directory. What is no regular file is not read, which is said,
 * and -EMEDIUMTYPE. Returns 0 or -errno.
 */
int boot_uses_read(const struct fs_root *root, const char *path, size_t max, char **ret,
		   size_t *ret_len) must_check;

/*
 * Finds the lines that use a disk: fstab(5), crypttab(5), mdadm.conf(5), Proxmox VE's storage.cfg,
 * mount units, the copies of LVM's metadata, ZFS' list of pools, the kernel command line. Returns
 * 0 or -errno.
 */
int boot_uses_find_disks(const struct fs_root *root, const struct boot_names *names,
			 struct conf_items *ret) must_check;

/*
 * Finds the lines that use an interface, with an address, as a port of a bridge or bond, below a
 * VLAN: of /etc/network/interfaces, of interfaces.d, and of what these name by "source" and
 * "source-directory" (interfaces(5), ifupdown2, Open vSwitch); a line "iface NAME inet manual"
 * alone is no use. And what boot_uses_find_networkd() finds. Returns 0 or -errno.
 */
int boot_uses_find_nets(const struct fs_root *root, const struct boot_names *names,
			struct conf_items *ret) must_check;

/* Whether LINE of such a file, from its first word on, is one of those that are looked at. Pure. */
bool boot_uses_decides(const char *line);

/* These files, each once, whether or not there is one. Returns 0; -ELOOP when they are too many;
 * -errno. */
int boot_uses_list_interfaces(const struct fs_root *root, struct fs_names *ret) must_check;

/*
 * The files that the lines "source" and "source-directory" of TEXT name, of the file PATH: patterns
 * are looked up, and are relative to its directory. Returns 0 or -errno.
 */
int boot_uses_list_sources(const struct fs_root *root, const char *text, const char *path,
			   struct fs_names *ret) must_check;

/*
 * When systemd-networkd is enabled or has run: finds the line by which the first file *.network
 * that matches an interface does, with its drop-ins, unless it says Unmanaged=yes. A condition that
 * is not known here counts as true. Returns 0 or -errno. (systemd.network(5))
 */
int boot_uses_find_networkd(const struct fs_root *root, const struct boot_names *names,
			    struct conf_items *ret) must_check;

/* The same for the text of one file. Pure. Returns 0 or -ENOMEM. */
int boot_uses_parse_nets(const char *text, const char *file, const struct fs_names *nets,
			 struct conf_items *ret) must_check;

/* Whether NAME is in the LEN bytes at TEXT as a whole, not as a part of a longer name. Pure. */
bool boot_uses_mention(const char *text, size_t len, const char *name);

#define auto_boot_names cleanup_with(boot_names_free)

#endif
