/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM's or container's config without what is nobody else's business: what decides about devices
 * stays, and every other line becomes another that decides as little. Lines keep their numbers.
 * Pure.
 */
#ifndef VMCFG_REDUCE_H
#define VMCFG_REDUCE_H

#include "host/base/base.h"

/*
 * Reduces TEXT of LEN bytes: vmcfg_parse(), guest_nets_parse() and guest_uuid_parse() find in the
 * result what they find in TEXT, but for a VM's name, the volumes of its drives, and of "args" all
 * but -device vfio-pci, -machine, -cpu and paths below /dev. Returns 0 and a new string, or
 * -ENOMEM.
 */
int vmcfg_reduce(const char *text, size_t len, char **ret) must_check;

/* The same of a container's: what it is given of the host's devices, and its interfaces. */
int ctcfg_reduce(const char *text, size_t len, char **ret) must_check;

#endif
