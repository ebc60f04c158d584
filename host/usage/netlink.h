/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnetlink(7) in any network namespace, by libmnl. For host/usage/ only. */
#ifndef HOST_USAGE_NETLINK_H
#define HOST_USAGE_NETLINK_H

#include <libmnl/libmnl.h>

#include "host/usage/netns.h"

/* Opens a file of the namespace. Returns a descriptor (the caller closes it) or -errno. */
int netlink_open_space(const struct netns *space) must_check;

/*
 * Opens a socket in the namespace: it stays there, while this process is back in its own
 * afterwards. Returns 0 (mnl_socket_close()) or -errno.
 */
int netlink_open(const struct netns *space, struct mnl_socket **ret) must_check;

/* What a callback of libmnl returns for ERR, 0 or -errno, so that the following return it. */
int netlink_result(int err);

/* Sends MESSAGE and calls LOOK for each answer. Returns 0 or -errno; -EINTR when it changed
 * meanwhile. */
int netlink_ask(struct mnl_socket *socket, const struct nlmsghdr *message, mnl_cb_t look,
		void *arg) must_check;

/*
 * Calls LOOK for each item of the table TYPE (RTM_GETLINK …), whose messages begin with a header of
 * HEAD bytes, twice for some when the table changes meanwhile. Returns 0 or -errno.
 */
int netlink_dump(struct mnl_socket *socket, uint16_t type, size_t head, mnl_cb_t look,
		 void *arg) must_check;

/* The attribute TYPE of a message whose header has HEAD bytes, or NULL; its number, or 0; its text,
 * or "". */
const struct nlattr *netlink_attr(const struct nlmsghdr *message, size_t head, uint16_t type);
unsigned int netlink_u32(const struct nlmsghdr *message, size_t head, uint16_t type);
const char *netlink_text(const struct nlmsghdr *message, size_t head, uint16_t type);

/* The text in ATTR's attribute TYPE, or "". ATTR may be NULL. */
const char *netlink_nested_text(const struct nlattr *attr, uint16_t type);

#endif
