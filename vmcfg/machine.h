/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The value of the line "machine:" (qemu-server, PVE/QemuServer/Machine.pm). Pure. */
#ifndef VMCFG_MACHINE_H
#define VMCFG_MACHINE_H

#include "host/base/base.h"
#include "vmcfg/text/text.h"

/*
 * Checks VALUE (NUL is an ordinary byte there); one of nothing but white space sets nothing.
 * Returns 0; -EINVAL when Proxmox VE would drop the line, with a new string in *ret_why (when not
 * NULL) saying why in printable ASCII, to be freed by the caller; -ENOMEM.
 */
int machine_check(struct text value, char **ret_why) must_check;

/*
 * Whether Proxmox VE takes the machine with this value of LEN bytes for q35 (machine_type_is_q35
 * there). False for a value that machine_check() refuses.
 */
bool machine_is_q35(const char *value, size_t len);

/* Whether it is virt or a version of it, the machine of aarch64 (QEMU: hw/arm/virt.c). */
bool machine_is_virt(const char *value, size_t len);

/* Whether the guest has an IOMMU (viommu=). */
bool machine_has_viommu(const char *value, size_t len);

/*
 * The value with the type q35 and every other option as written, for `qm set VMID --machine`; "q35"
 * for a value that Proxmox VE would drop. Returns a new string, or NULL without memory.
 */
char *machine_value_as_q35(const char *value, size_t len) must_check;

#endif
