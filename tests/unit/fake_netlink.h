/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnetlink for the tree (tests/unit/tree.h), behind netlink_open() and netlink_send(), which the
 * Makefile wraps: real messages, made of and applied to files of the tree, so that what a program
 * leaves changed is seen when the tree is compared. Without fake_netlink_begin() the real functions
 * are called.
 */
#ifndef TESTS_UNIT_FAKE_NETLINK_H
#define TESTS_UNIT_FAKE_NETLINK_H

#include "tree.h"

/* From now on, until the end, the fake answers; each process that is forked has it, too. */
void fake_netlink_begin(struct tree *tree);
void fake_netlink_end(void);

/* The device PF has the network interface NAME, of this index. */
void fake_netlink_interface(struct tree *tree, const char *pf, const char *name,
			    unsigned int index);

/* Begins with the device PF on igb, its interface eth7 (7), and its VFs, up to a NULL, on igbvf, of
 * which nothing is listed; in the groups from 20 on. */
void fake_netlink_igb(struct tree *tree, const char *pf, const char *const *vfs);

/* It is a port of the bridge NAME. */
void fake_netlink_bridge(struct tree *tree, const char *interface, const char *name);

/* The entries of its forwarding database, a MAC a line; the caller frees it. */
char *fake_netlink_fdb(struct tree *tree, unsigned int index);
void fake_netlink_enter(struct tree *tree, unsigned int index, const char *mac);

/* The device VF is number I of PF's; and what the interface lists of it: words KEY=NUMBER, "mac="
 * an address, of mac, vlan, qos, protocol, spoofchk, trust, link. NULL: it is not listed. */
void fake_netlink_vf(struct tree *tree, const char *pf, unsigned int i, const char *vf);
void fake_netlink_lists(struct tree *tree, unsigned int index, unsigned int i, const char *text);

/* What is listed of it now; the caller frees it. */
char *fake_netlink_listed(struct tree *tree, unsigned int index, unsigned int i);

/*
 * What becomes of a field that is written, KEY, of every VF (KEY@N: of VF N), until it is said
 * anew: it fails with an errno, as often as TIMES (0: always); with error 0 it succeeds and changes
 * nothing. KEY NULL: as it should be. Kept in the tree, below netlink/.
 */
void fake_netlink_fault(struct tree *tree, const char *key, int error, unsigned int times);

#endif
