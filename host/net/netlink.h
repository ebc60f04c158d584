/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnetlink(7). Every call may block for as long as the kernel holds its lock of the network
 * configuration: call these where a deadline is kept. */
#ifndef HOST_NET_NETLINK_H
#define HOST_NET_NETLINK_H

#include <linux/netlink.h>

#include "host/base/fs.h"

/*
 * Opens a socket in this process's own network namespace. Returns a descriptor (the caller closes
 * it) or -errno: -EXDEV when the root is not the running system, whose network this is not.
 */
int netlink_open(const struct fs_root *root) must_check;

/*
 * Opens a socket in the namespace of which SPACE is a file that is open (setns(2)): it stays there,
 * while this process is back in its own afterwards. Returns a descriptor (the caller closes it) or
 * -errno.
 */
int netlink_open_in(int space) must_check;

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

/* ---- messages with attributes of attributes ---- */

/* The largest that is sent. */
#define NETLINK_REQUEST_MAX 512

struct netlink_request {
	struct nlmsghdr message;
	char rest[NETLINK_REQUEST_MAX - sizeof(struct nlmsghdr)];
};

/* Begins a request of TYPE with a header of LEN bytes. FLAGS are added to NLM_F_REQUEST. */
void netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags, const void *head,
		   size_t len);

/* Adds an attribute; and one that contains those that are added until netlink_end(), to which the
 * result is handed. */
void netlink_add(struct netlink_request *request, uint16_t type, const void *value, size_t len);
size_t netlink_nest(struct netlink_request *request, uint16_t type);
void netlink_end(struct netlink_request *request, size_t nest);

/*
 * Sends it, and calls LOOK (NULL: only an acknowledgement is expected, so NLM_F_ACK is in its
 * flags) for the answer. Returns 0, or -errno: what the kernel refuses it with, too.
 */
int netlink_send(int fd, const struct netlink_request *request, netlink_look *look,
		 void *arg) must_check;

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

/* Takes the first attribute, of *RET_TYPE, off REST. Returns whether there was one. */
bool netlink_next(struct netlink_value *rest, uint16_t *ret_type, struct netlink_value *ret);

/* It as a number, 0 without it; and as a text, "" without it. */
uint32_t netlink_u32(struct netlink_value value);
const char *netlink_text(struct netlink_value value);

#endif
