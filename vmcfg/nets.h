/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network interfaces in the config of a VM or a container, netN, and what identifies a VM
 * (qm.conf(5), pct.conf(5)). Only the main section is read. Pure.
 */
#ifndef VMCFG_NETS_H
#define VMCFG_NETS_H

#include "host/text/mac.h"

/* An interface that has an address of its own and is on a bridge. */
struct guest_net {
	uint8_t mac[MAC_SIZE];
	char *bridge;
};

struct guest_nets {
	struct guest_net *items;
	size_t n;
};

/* Adds those of a config, TEXT of LEN bytes, to RET. Lines without an address, or without a bridge,
 * are none. Returns 0 or -ENOMEM; free RET with guest_nets_free() in either case. */
int guest_nets_parse(const char *text, size_t len, struct guest_nets *ret) must_check;
void guest_nets_free(struct guest_nets *nets);

#define auto_guest_nets cleanup_with(guest_nets_free)

/* The uuid of a VM's config, "uuid=…" of smbios1, in lower case. Returns 0 and a new string, or
 * with NULL when it has none; -ENOMEM. */
int guest_uuid_parse(const char *text, size_t len, char **ret) must_check;

#endif
