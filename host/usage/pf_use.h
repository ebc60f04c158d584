/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host would miss while a PF makes or removes its VFs. Many drivers reset their device for
 * that: a network card has no link for seconds.
 */
#ifndef HOST_USAGE_PF_USE_H
#define HOST_USAGE_PF_USE_H

#include "host/base/fs.h"
#include "host/usage/finding.h"
#include "host/usage/net/cluster.h"

/*
 * What usage_read() finds of the PF and blocks a start, but for its VFs, and the links of the
 * cluster (corosync) that go over it, or may. Nothing for a graphics device whose driver is i915 or
 * xe, which goes on meanwhile. Returns 0 (free with usage_free()) or -errno.
 */
int pf_use_read(const struct fs_root *root, const struct bdf *pf, struct usage *ret) must_check;

/* The uses as a list, "interface eno1 … ; …". Returns a new string, or NULL without memory. */
char *pf_use_text(const struct usage *usage) must_check;

/* Adds which LINKS of the cluster go over ADDRESS, of the PF's interface NAME, or may: those whose
 * address is not known, once. Returns 0 or -ENOMEM. */
int pf_use_add_links(const struct bdf *pf, const char *name, const char *address,
		     struct cluster_links *links, struct usage *usage) must_check;

#endif
