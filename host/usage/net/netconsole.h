/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's messages, sent over the network by netconsole. */
#ifndef HOST_USAGE_NET_NETCONSOLE_H
#define HOST_USAGE_NET_NETCONSOLE_H

#include "host/usage/survey.h"

/*
 * The interface that VALUE, of the module's parameter, names: "eth1" of
 * "6665@10.0.0.1/eth1,6666@10.0.0.2/"; its length in *RET_LEN. NULL for none. Pure. (Linux:
 * Documentation/networking/netconsole.rst)
 */
const char *netconsole_interface(const char *value, size_t *ret_len);

/* Adds a harmless finding for each interface that netconsole sends through, or is configured to.
 * Returns 0 or -errno. */
int usage_find_netconsole(const struct fs_root *root, const struct survey *survey,
			  struct usage *usage) must_check;

#endif
