// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/net/fdb.h"

#include "host/net/netlink.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

bool macs_have(const struct macs *macs, const struct mac *mac)
{
	for (size_t i = 0; i < macs->n; i++)
		if (!memcmp(&macs->items[i], mac, sizeof(*mac)))
			return true;
	return false;
}

int macs_add(struct macs *macs, const struct mac *mac)
{
	if (macs_have(macs, mac))
		return 0;
	if (!array_grow(macs->items, macs->n))
		return -ENOMEM;
	macs->items[macs->n++] = *mac;
	return 0;
}

void macs_free(struct macs *macs)
{
	free(macs->items);
	*macs = (struct macs){0};
}

/* By sysfs, which has the interfaces of this namespace, as all else here. */
static int read_index(const struct fs_root *root, const char *name, int *ret)
{
	auto_free char *path = fs_path("sys/class/net/%s/ifindex", name);
	auto_free char *text = NULL;
	unsigned int index;
	int err = fs_read_attr(root, path, &text);

	if (err)
		return fs_is_absent(err) ? -ENODEV : err;
	if (!number_parse(text, &index))
		return -EINVAL;
	*ret = (int)index;
	return 0;
}

/* ---- listing ---- */

struct listing {
	int index;
	struct macs macs;
};

static int look_at_entry(const struct nlmsghdr *message, void *arg)
{
	const struct ndmsg *head = netlink_head(message);
	struct listing *listing = arg;
	struct netlink_value value;
	struct mac mac;

	if (message->nlmsg_len < NLMSG_SPACE(sizeof(*head)))
		return -EBADMSG;
	value = netlink_attr(message, sizeof(*head), NDA_LLADDR);
	if (head->ndm_ifindex != listing->index || !(head->ndm_flags & NTF_SELF) ||
	    value.len != sizeof(mac))
		return 0;
	memcpy(&mac, value.at, sizeof(mac));
	return macs_add(&listing->macs, &mac);
}

int fdb_list(const struct fs_root *root, const char *name, struct macs *ret)
{
	struct ifinfomsg head = {.ifi_family = PF_BRIDGE};
	struct netlink_request request;
	struct listing listing = {0};
	auto_close int fd = -1;
	int err = read_index(root, name, &listing.index);

	if (!err) {
		fd = netlink_open(root);
		err = fd < 0 ? fd : 0;
	}
	/* A header as of a link: the kernel lists the entries of that interface only. */
	head.ifi_index = listing.index;
	netlink_begin(&request, RTM_GETNEIGH, NLM_F_DUMP, &head, sizeof(head));
	err = err ?: netlink_send(fd, &request, look_at_entry, &listing);
	/* What changed while it was listed: those that count are this program's own. */
	if (err && err != -EINTR) {
		macs_free(&listing.macs);
		return err;
	}
	*ret = listing.macs;
	return 0;
}

/* ---- changing ---- */

static int change(const struct fs_root *root, const char *name, const struct mac *mac,
		  uint16_t type, uint16_t flags)
{
	struct ndmsg head = {.ndm_family = PF_BRIDGE,
			     .ndm_flags = NTF_SELF,
			     .ndm_state = NUD_NOARP | NUD_PERMANENT};
	struct netlink_request request;
	auto_close int fd = -1;
	int err = read_index(root, name, &head.ndm_ifindex);

	if (err)
		return err;
	fd = netlink_open(root);
	if (fd < 0)
		return fd;
	netlink_begin(&request, type, NLM_F_ACK | flags, &head, sizeof(head));
	netlink_add(&request, NDA_LLADDR, mac, sizeof(*mac));
	return netlink_send(fd, &request, NULL, NULL);
}

int fdb_add(const struct fs_root *root, const char *name, const struct mac *mac)
{
	return change(root, name, mac, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL);
}

int fdb_remove(const struct fs_root *root, const char *name, const struct mac *mac)
{
	return change(root, name, mac, RTM_DELNEIGH, 0);
}
