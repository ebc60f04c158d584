/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The modules that a start needs before it takes devices. */
#ifndef HOOKSCRIPT_BIND_LOAD_H
#define HOOKSCRIPT_BIND_LOAD_H

#include "hookscript/plan/plan.h"
#include "host/base/fs.h"

/* Loads vfio-pci and what it needs, unless they are loaded. Returns 0, or -errno, reported. */
int load_vfio(const struct fs_root *root) must_check;

/*
 * Loads the modules of the variant drivers that the plan binds devices to, which have the drivers'
 * names. Returns 0, or -errno, reported.
 */
int load_variants(const struct fs_root *root, const struct plan *plan) must_check;

#endif
