/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of /etc/pve/mapping/pci.cfg (vmcfg/text/sections.h) -> struct, as Proxmox VE itself
 *reads it (pve-guest-common, PVE/Mapping/PCI.pm), and the check that it makes before a start
 *(there, assert_valid).
 *
 *	gpu
 *		description the big one
 *		mdev 1
 *		map id=10de:2204,iommugroup=14,node=pve1,path=0000:01:00,subsystem-id=1043:87b3
 *		map id=10de:2204,iommugroup=9,node=pve1,path=0000:81:00,subsystem-id=1043:87b3
 *
 * Invalid lines are dropped; of mdev the first valid line is used, of an id the last section, even
 * when it is empty. Pure.
 */
#ifndef VMCFG_MAPPING_H
#define VMCFG_MAPPING_H

#include "host/base/base.h"
#include "host/text/bdf.h"
#include "vmcfg/hostpci.h"

/*
 * A valid "map" line: devices of one node. All strings are as written; NULL ones were not given.
 * Proxmox VE accepts any byte in place of the dot before the function, and then finds no device;
 * such a path is impossible here, and its text in quotes.
 */
struct mapping_entry {
	unsigned int line; /* 1 is the first line of the file */
	char *node;
	char *id;	    /* VENDOR:DEVICE, four hex digits each */
	char *subsystem_id; /* the same */
	char *iommugroup;   /* a number, maybe with a sign or zeros in front */
	struct hostpci_address *paths;
	size_t n_paths; /* at least 1 */
};

struct mapping {
	char *id;
	bool mdev; /* its devices provide mediated devices */
	struct mapping_entry *entries;
	size_t n_entries; /* 0: Proxmox VE ignores the mapping */
};

struct mappings {
	struct mapping *items; /* in the order of the file; of an id the last one is used */
	size_t n;
};

/*
 * Parses TEXT of LEN bytes (NUL is an ordinary byte there). Returns 0 and a new struct (free with
 * mappings_free()); -EFBIG when LEN is over VMCFG_TEXT_MAX; -ENOMEM. Invalid lines are
 * dropped, as Proxmox VE does. The time it takes grows with LEN only, whatever the text.
 */
int mappings_parse(const char *text, size_t len, struct mappings **ret) must_check;

/*
 * Reads the value of one "map" line. Returns 0 and *ret (free with mapping_entry_free()), whose
 * line is 0; -EINVAL when Proxmox VE would drop the line, with a new string in *ret_why (when not
 * NULL); -ENOMEM.
 */
int mapping_entry_parse(const char *value, size_t len, struct mapping_entry *ret,
			char **ret_why) must_check;
void mapping_entry_free(struct mapping_entry *entry);

#define auto_mapping_entry cleanup_with(mapping_entry_free)

/* Whether NAME can be a mapping's: a letter, and one or more letters, digits, '_' or '-'. */
bool mapping_is_name(const char *name);

/* The last mapping called ID; NULL when there is none. */
const struct mapping *mappings_find(const struct mappings *mappings, const char *id);

/*
 * The alternatives that the mapping has on NODE, in the order in which Proxmox VE tries to reserve
 * them: the one after the entry AFTER, or the first when that is NULL. NULL when there is none
 * (left). Every one must pass mapping_check(), or the VM's start fails.
 */
const struct mapping_entry *mapping_next(const struct mapping *mapping, const char *node,
					 const struct mapping_entry *after);

/* The device at a path according to sysfs: function 0 of a path that names them all. */
struct mapping_device {
	bool exists; /* if not, the other fields are not set */
	uint16_t vendor, device;
	/* Whether sysfs has the files subsystem_vendor and subsystem_device. Linux always has them:
	 * a device without a subsystem is 0000:0000 there, and Proxmox VE wants it so. */
	bool has_subsystem;
	uint16_t sub_vendor, sub_device;
	int iommugroup; /* -1: in none */
	bool mdev;	/* it has a directory mdev_supported_types or nvidia (pve-common,
			   PVE/SysFSTools.pm) */
};

/* What is wrong with an entry, in the order of Proxmox VE's checks. */
enum mapping_wrong {
	MAPPING_NO_DEVICE,    /* there is no device at the path */
	MAPPING_ID,	      /* id= */
	MAPPING_IOMMUGROUP,   /* iommugroup= */
	MAPPING_MDEV,	      /* the flag of the section (older versions ignore it) */
	MAPPING_SUBSYSTEM_ID, /* subsystem-id= */
};

struct mapping_verdict {
	enum mapping_wrong wrong;
	size_t path;	      /* which of the entry's paths it is about */
	const char *expected; /* the value in the file; NULL: none, or no device */
	char seen[12];	      /* the value for the file according to sysfs; "": none */
};

/*
 * Checks ENTRY of MAPPING against DEVICES, of which there is one for every path of it. Texts are
 * compared: an id in upper case, or a group with a zero in front, is never right. True when all is
 * well; false, and the first thing that is wrong in *ret, when Proxmox VE would say "PCI device
 * mapping invalid (hardware probably changed)". *ret points into ENTRY.
 */
bool mapping_check(const struct mapping *mapping, const struct mapping_entry *entry,
		   const struct mapping_device *devices, struct mapping_verdict *ret);

/* Frees MAPPINGS; NULL is fine. */
void mappings_free(struct mappings *mappings);
DEFINE_CLEANUP(struct mappings *, mappings_free)

#endif
