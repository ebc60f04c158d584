// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake_netlink.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

#include "faults.h"
#include "host/net/netlink.h"

/* The longest answer. */
#define ANSWER_MAX ((size_t)512 * 1024)

static struct tree *tree;

int __real_netlink_open(const struct fs_root *root);
int __wrap_netlink_open(const struct fs_root *root);
int __real_netlink_send(int fd, const struct netlink_request *request, netlink_look *look,
			void *arg);
int __wrap_netlink_send(int fd, const struct netlink_request *request, netlink_look *look,
			void *arg);

/* ---- the tree ---- */

void fake_netlink_begin(struct tree *here)
{
	tree = here;
}

void fake_netlink_end(void)
{
	tree = NULL;
}

void fake_netlink_interface(struct tree *to, const char *pf, const char *name, unsigned int index)
{
	auto_free char *path = fs_path("sys/devices/pci0000:00/%s/net/%s/ifindex", pf, name);
	auto_free char *text = fs_path("%u\n", index);

	tree_file(to, path, text);
}

void fake_netlink_vf(struct tree *to, const char *pf, unsigned int i, const char *vf)
{
	auto_free char *down = fs_path("sys/devices/pci0000:00/%s/virtfn%u", pf, i);
	auto_free char *up = fs_path("sys/devices/pci0000:00/%s/physfn", vf);
	auto_free char *down_to = fs_path("../%s", vf);
	auto_free char *up_to = fs_path("../%s", pf);

	tree_link(to, down, down_to);
	tree_link(to, up, up_to);
}

static char *vf_path(unsigned int index, unsigned int i)
{
	return fs_path("netlink/%u/vf%u", index, i);
}

void fake_netlink_lists(struct tree *to, unsigned int index, unsigned int i, const char *text)
{
	auto_free char *path = vf_path(index, i);

	if (text)
		tree_file(to, path, text);
	else
		tree_delete(to, path);
}

/* ---- answers ---- */

/* A message that is written, with attributes as the kernel writes them: a length of 16 bits. */
struct answer {
	char *bytes;
	size_t len;
};

static void put(struct answer *to, uint16_t type, const void *value, size_t len)
{
	struct rtattr attr = {.rta_len = (uint16_t)RTA_LENGTH(len), .rta_type = type};

	assert_true(to->len + RTA_SPACE(len) <= ANSWER_MAX);
	memcpy(to->bytes + to->len, &attr, sizeof(attr));
	if (len)
		memcpy(to->bytes + to->len + RTA_LENGTH(0), value, len);
	to->len += RTA_SPACE(len);
}

static void end(struct answer *to, size_t nest)
{
	uint16_t len = (uint16_t)(to->len - nest);

	memcpy(to->bytes + nest, &len, sizeof(len));
}

/* The number after KEY= in the text, else -1: the driver does not know it. */
static uint32_t number(const char *text, const char *key)
{
	auto_free char *name = fs_path(" %s=", key);
	const char *at = strstr(text, name);

	return at ? (uint32_t)strtoul(at + strlen(name), NULL, 0) : UINT32_MAX;
}

static void put_pair(struct answer *to, uint16_t type, unsigned int i, uint32_t value)
{
	const uint32_t pair[] = {i, value};

	put(to, type, pair, sizeof(pair));
}

static void put_mac(struct answer *to, unsigned int i, const char *text)
{
	const char *at = strstr(text, "mac=");
	struct ifla_vf_mac mac = {.vf = i};

	assert_int_equal(sscanf(at ? at : "", "mac=%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac.mac,
				mac.mac + 1, mac.mac + 2, mac.mac + 3, mac.mac + 4, mac.mac + 5),
			 6);
	put(to, IFLA_VF_MAC, &mac, sizeof(mac));
}

/* In the order of rtnl_fill_vfinfo(). */
static void put_vf(struct answer *to, unsigned int i, const char *text)
{
	size_t nest = to->len, list;
	struct ifla_vf_vlan_info vlan = {.vf = i,
					 .vlan = number(text, "vlan"),
					 .qos = number(text, "qos"),
					 .vlan_proto = htons((uint16_t)number(text, "protocol"))};
	const unsigned char rest[40] = {0};

	put(to, IFLA_VF_INFO, NULL, 0);
	put_mac(to, i, text);
	put(to, IFLA_VF_BROADCAST, rest, 32);
	put(to, IFLA_VF_VLAN, &vlan, sizeof(struct ifla_vf_vlan));
	put(to, IFLA_VF_RATE, rest, 12);
	put_pair(to, IFLA_VF_TX_RATE, i, 0);
	put_pair(to, IFLA_VF_SPOOFCHK, i, number(text, "spoofchk"));
	put_pair(to, IFLA_VF_LINK_STATE, i, number(text, "link"));
	put_pair(to, IFLA_VF_RSS_QUERY_EN, i, UINT32_MAX);
	put_pair(to, IFLA_VF_TRUST, i, number(text, "trust"));
	list = to->len;
	put(to, IFLA_VF_VLAN_LIST, NULL, 0);
	put(to, IFLA_VF_VLAN_INFO, &vlan, sizeof(vlan));
	end(to, list);
	end(to, nest);
}

/* The kernel skips a VF of which the driver says nothing. */
static void put_vfs(struct answer *to, unsigned int index)
{
	size_t nest = to->len;
	auto_free char *dir = fs_path("netlink/%u", index);

	if (!tree_has(tree, dir))
		return;
	put(to, IFLA_VFINFO_LIST, NULL, 0);
	for (unsigned int i = 0; i < 1024; i++) {
		auto_free char *path = vf_path(index, i);
		auto_free char *text = tree_text(tree, path);
		auto_free char *spaced = fs_path(" %s", text);

		if (*text)
			put_vf(to, i, spaced);
	}
	end(to, nest);
}

static int get_link(const struct netlink_request *request, netlink_look *look, void *arg)
{
	const struct ifinfomsg *asked = netlink_head(&request->message);
	uint32_t mask = netlink_u32(netlink_attr(&request->message, sizeof(*asked), IFLA_EXT_MASK));
	struct ifinfomsg head = {.ifi_index = asked->ifi_index, .ifi_type = ARPHRD_ETHER};
	struct answer to = {calloc(1, ANSWER_MAX), NLMSG_SPACE(sizeof(head))};
	auto_free char *bytes = to.bytes;
	struct nlmsghdr message = {.nlmsg_type = RTM_NEWLINK};

	assert_non_null(bytes);
	assert_true(mask & RTEXT_FILTER_SKIP_STATS);
	memcpy(bytes + NLMSG_HDRLEN, &head, sizeof(head));
	put(&to, IFLA_IFNAME, "fake", sizeof("fake"));
	if (mask & RTEXT_FILTER_VF)
		put_vfs(&to, (unsigned int)head.ifi_index);
	put(&to, IFLA_GROUP, &mask, sizeof(mask));
	message.nlmsg_len = (uint32_t)to.len;
	memcpy(bytes, &message, sizeof(message));
	return look((const void *)bytes, arg);
}

/* ---- the calls ---- */

int __wrap_netlink_open(const struct fs_root *root)
{
	if (!tree)
		return __real_netlink_open(root);
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int answer(const struct netlink_request *request, netlink_look *look, void *arg)
{
	switch (request->message.nlmsg_type) {
	case RTM_GETLINK: return get_link(request, look, arg);
	default: return -EOPNOTSUPP;
	}
}

int __wrap_netlink_send(int fd, const struct netlink_request *request, netlink_look *look,
			void *arg)
{
	int err;

	if (!tree)
		return __real_netlink_send(fd, request, look, arg);
	if (faults_write_fails())
		return -errno;
	faults_pause();
	err = answer(request, look, arg);
	faults_resume();
	return err;
}
