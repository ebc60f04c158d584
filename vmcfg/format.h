/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The formats of single values in a VM config (pve-common, PVE/JSONSchema.pm;
 * PVE/Storage/Plugin.pm; qemu-server, PVE/QemuServer.pm and its modules), as checks for settings
 * and for struct propstr_key. KEY is only there for the latter, and not looked at. All of them take
 * any bytes, and say whether VALUE as a whole is of that format. Pure.
 */
#ifndef VMCFG_FORMAT_H
#define VMCFG_FORMAT_H

#include "host/base.h"
#include "vmcfg/text.h"

struct propstr_key;

/* How many there can be of the devices that can be booted from: ide0 … ide3 and so on. */
#define FORMAT_IDE_MAX	  4
#define FORMAT_NET_MAX	  32
#define FORMAT_SATA_MAX	  6
#define FORMAT_SCSI_MAX	  31
#define FORMAT_USB_MAX	  14
#define FORMAT_VIRTIO_MAX 16

/*
 * Reads the number at the end of a key ("15") into *ret: one below COUNT, at most 999, without
 * zeros in front. False, and *ret left alone, when it is none.
 */
bool format_parse_index(struct text digits, unsigned int count, unsigned int *ret);

/* Names. */
bool format_is_dns_name(const struct propstr_key *key, struct text value);
bool format_is_storage(const struct propstr_key *key, struct text value);
bool format_is_bridge(const struct propstr_key *key, struct text value);
bool format_is_disk(const struct propstr_key *key, struct text value);

/* Volumes: STORAGE:NAME; or a path, "none" or "cdrom" as well. */
bool format_is_volume(const struct propstr_key *key, struct text value);
bool format_is_volume_or_path(const struct propstr_key *key, struct text value);
bool format_is_size(const struct propstr_key *key, struct text value);

/* Addresses. */
bool format_is_mac(const struct propstr_key *key, struct text value);
bool format_is_ipv4(const struct propstr_key *key, struct text value);
bool format_is_ipv6(const struct propstr_key *key, struct text value);
bool format_is_ipv4_config(const struct propstr_key *key, struct text value);
bool format_is_ipv6_config(const struct propstr_key *key, struct text value);

/* Lists, split as Proxmox VE splits any: at commas, semicolons and blanks; they may be empty. */
bool format_is_address_list(const struct propstr_key *key, struct text value);
bool format_is_boot_list(const struct propstr_key *key, struct text value);
bool format_is_hotplug(const struct propstr_key *key, struct text value);
bool format_is_tag_list(const struct propstr_key *key, struct text value);
bool format_is_volume_list(const struct propstr_key *key, struct text value);

/* Numbers. */
bool format_is_cpuset(const struct propstr_key *key, struct text value); /* 0,5,8-11 */
bool format_is_ranges(const struct propstr_key *key, struct text value); /* 0;5;8-11 */
bool format_is_startup(const struct propstr_key *key, struct text value);
bool format_is_version(const struct propstr_key *key, struct text value); /* at least one dot */

/* Bytes of one kind. */
bool format_is_base64(const struct propstr_key *key, struct text value);
bool format_is_urlencoded(const struct propstr_key *key, struct text value);
bool format_is_uuid(const struct propstr_key *key, struct text value);

#endif
