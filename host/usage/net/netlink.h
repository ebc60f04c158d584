/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnetlink(7) in any network namespace. For host/usage/ only. */
#ifndef HOST_USAGE_NET_NETLINK_H
#define HOST_USAGE_NET_NETLINK_H

#include <linux/netlink.h>

#include "host/usage/net/netns.h"

/* Opens a file of the namespace. Returns a descriptor (the caller closes it) or -errno. */
int netlink_open_space(const struct netns *space) must_check;

/*
 * Opens a socket in the namespace: it stays there, while this process is back in its own
 * afterwards. Returns a descriptor (the caller closes it) or -errno.
 */
int netlink_open(const struct netns *space) must_check;

/* Looks at a message of the kernel. Returns 0; or -errno, which ends the reading. */
typedef int netlink_look(const struct nlmsghdr *message, void *arg);

/*
 * Calls LOOK for each item of the table TYPE (RTM_GETLINK …), whose messages begin with a header of
 * HEAD bytes, twice for some when the table changes meanwhile. Returns 0 or -errno; -EAGAIN when it
 * has changed in each of many tries, so that it may not have been seen whole.
 */
int netlink_dump(int fd, uint16_t type, size_t head, netlink_look *look, void *arg) must_check;

/* Asks for the item of TYPE that the attribute ATTR, of VALUE, names, and calls LOOK for it.
 * Returns 0 or -errno. */
int netlink_ask(int fd, uint16_t type, size_t head, uint16_t attr, uint32_t value,
		netlink_look *look, void *arg) must_check;

/* What follows the netlink header of a message. */
const void *netlink_head(const struct nlmsghdr *message);

/* A value in a message. */
struct netlink_value {
	const void *at; /* NULL: there is none */
	size_t len;
};

/* The attribute TYPE of a message whose header has HEAD bytes; and of those in another attribute.
 */
struct netlink_value netlink_attr(const struct nlmsghdr *message, size_t head, uint16_t type);
struct netlink_value netlink_nested(struct netlink_value outer, uint16_t type);

/* It as a number, 0 without it; and as a text, "" without it. */
uint32_t netlink_u32(struct netlink_value value);
const char *netlink_text(struct netlink_value value);

#endif
