/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of a PF's VFs, also of a capture of the host, for which it is noted as a text
 * (host/base/facts.h). */
#ifndef HOST_NET_VF_LIST_H
#define HOST_NET_VF_LIST_H

#include "host/net/vf_net.h"

/* vf_net_list() for what only looks at it; -ENODATA when a capture has nothing of that PF. */
int vf_list_read(const struct fs_root *root, const struct bdf *pf, struct vf_net **ret,
		 size_t *ret_n) must_check;

#endif
