/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every key that Proxmox VE knows in a VM config, and what it takes as its value (qemu-server 9.2,
 * PVE/QemuServer.pm: the hash of settings and check_type; the formats are in PVE/QemuServer/
 * {Agent,CPUConfig,Drive,Memory,MetaInfo,Network,RNG,USB,Virtiofs}.pm, PVE/JSONSchema.pm and
 * PVE/CpuSet.pm). A config file is held to less than the API: the choices, limits and patterns of a
 * setting itself are not looked at there, only its type, and its format if it has one. Pure.
 */
#ifndef VMCFG_SETTING_H
#define VMCFG_SETTING_H

#include "host/base.h"
#include "vmcfg/text.h"

struct setting;

/*
 * Finds the setting that KEY names. Returns it, with the number in KEY in *ret_index (0 for a key
 * without one), or NULL when Proxmox VE knows no such key: numbers have their limits and no zeros
 * in front.
 */
const struct setting *setting_find(struct text key, unsigned int *ret_index);

/* The same for the keys of the section [special:fleecing]. */
const struct setting *setting_find_fleecing(struct text key, unsigned int *ret_index);

/* The key without its number: "hostpci", "net", "name". */
const char *setting_name(const struct setting *setting);

/*
 * Checks VALUE as it stands behind the key, blanks around it taken off. Returns 0 and what Proxmox
 * VE makes of it in *ret, a piece of VALUE or a constant (booleans become "1" or "0", a text
 * without a format loses quotes around it); -EINVAL with a new string in *ret_why (when not NULL)
 * saying why Proxmox VE drops the line; -ENOMEM.
 */
int setting_check(const struct setting *setting, struct text value, struct text *ret,
		  char **ret_why) must_check;

#endif
