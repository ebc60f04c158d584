/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The value of the line "machine:" -> struct (qemu-server, PVE/QemuServer/Machine.pm). Pure. */
#ifndef VMCFG_MACHINE_H
#define VMCFG_MACHINE_H

#include "host/base.h"

struct propstr_format;

/* NULL strings and -1 booleans were not given. */
struct machine {
	char *type; /* "pc", "q35", "pc-q35-9.2+pve1", "virt", ...; NULL: the default of the arch */
	bool q35;   /* whether Proxmox VE takes it for q35: the type says so; no default does */
	char *viommu;  /* "intel" or "virtio" */
	char *aw_bits; /* a number from 32 to 64 as written, maybe with a fraction or an exponent */
	int enable_s3, enable_s4;
};

/* The options of the line, for vmcfg/propstr.h. */
extern const struct propstr_format machine_format;

/*
 * Parses VALUE of LEN bytes (NUL is an ordinary byte there); a blank one is a machine of which
 * nothing is given. Returns 0 and a new struct, which the caller frees with machine_free(); -EINVAL
 * when Proxmox VE would drop the line, with a new string in *ret_why (when not NULL) saying why in
 * printable ASCII, to be freed by the caller; -ENOMEM.
 */
int machine_parse(const char *value, size_t len, struct machine **ret, char **ret_why) must_check;

/*
 * Whether Proxmox VE takes the machine with this valid value for q35 (machine_type_is_q35 there).
 * Allocates nothing; false for a value that machine_parse() refuses.
 */
bool machine_is_q35(const char *value, size_t len);

/*
 * The value as it is, but for q35 as its type: what to give to `qm set VMID --machine`. For a value
 * that Proxmox VE would drop it is "q35". Returns a new string, or NULL without memory.
 */
char *machine_value_as_q35(const char *value, size_t len) must_check;

/*
 * The type of a machine without one, on a VM whose line "arch:" says ARCH, or on an x86_64 host
 * when that is NULL: a constant, or NULL for an arch that Proxmox VE does not run.
 */
const char *machine_default_type(const char *arch);

/* Frees MACHINE and all that it holds; NULL is fine. */
void machine_free(struct machine *machine);
DEFINE_CLEANUP(struct machine *, machine_free)

#endif
