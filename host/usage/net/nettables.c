// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/net/nettables.h"

#include "host/base/facts.h"
#include "host/net/netlink.h"
#include "host/process/process.h"

#include <arpa/inet.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/net_namespace.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#define TABLE_MAX ((size_t)16 * 1024 * 1024)

/* As many uses of a link are enough: a router has a million routes. */
#define USES_MAX 16

/* How often a namespace whose process has ended meanwhile makes it all be read again. */
#define READS_MAX 3

struct reader {
	const struct fs_root *root;
	bool (*wants)(const struct net_link *link, const void *arg);
	const void *arg;
	struct net_tables *tables;
	size_t ns; /* the namespace that is read */
	int socket;
	int *ids; /* the ids of all namespaces in this one; NULL: not read yet */
};

bool net_is_local_only(int family, const void *ip)
{
	uint32_t v4;

	if (family == AF_INET6)
		return IN6_IS_ADDR_LINKLOCAL(ip) || IN6_IS_ADDR_MULTICAST(ip);
	memcpy(&v4, ip, sizeof(v4));
	v4 = ntohl(v4);
	return v4 >> 16 == 0xa9fe /* 169.254/16 */ || IN_MULTICAST(v4);
}

bool net_is_captured(unsigned int promiscuity, bool has_master, unsigned int flags)
{
	/* The kernel shows this flag only of "ip link set X promisc on", which counts once. (Linux:
	 * net/core/dev.c, dev_get_flags()) */
	return !has_master && promiscuity > !!(flags & IFF_PROMISC);
}

/* ---- namespaces ---- */

static int look_at_id(const struct nlmsghdr *message, void *arg)
{
	struct reader *r = arg;
	struct netlink_value id = netlink_attr(message, sizeof(struct rtgenmsg), NETNSA_NSID);

	r->ids[r->tables->spaces.n] = id.at ? (int)netlink_u32(id) : NETNSA_NSID_NOT_ASSIGNED;
	return 0;
}

/* The id that namespace NS has in the one that is read. (Linux: net/core/net_namespace.c) */
static int read_id(struct reader *r, size_t ns)
{
	auto_close int fd = netns_open(&r->tables->spaces.items[ns]);
	int err;

	if (fd < 0)
		return fd;
	err = netlink_ask(r->socket, RTM_GETNSID, sizeof(struct rtgenmsg), NETNSA_FD, (uint32_t)fd,
			  look_at_id, r);
	if (!err)
		r->ids[ns] = r->ids[r->tables->spaces.n];
	return err;
}

static int read_ids(struct reader *r)
{
	int err = 0;

	r->ids = calloc(r->tables->spaces.n + 1, sizeof(*r->ids));
	if (!r->ids)
		return -ENOMEM;
	for (size_t i = 0; !err && i < r->tables->spaces.n; i++)
		err = read_id(r, i);
	return err;
}

/* ---- links ---- */

static int add_link(struct reader *r, const struct nlmsghdr *message)
{
	const struct ifinfomsg *head = netlink_head(message);
	struct netlink_value info = netlink_attr(message, sizeof(*head), IFLA_LINKINFO);
	struct netlink_value id = netlink_attr(message, sizeof(*head), IFLA_LINK_NETNSID);
	struct net_link link = {
		.ns = r->ns,
		.index = (unsigned int)head->ifi_index,
		.lower = netlink_u32(netlink_attr(message, sizeof(*head), IFLA_LINK)),
		.up = head->ifi_flags & IFF_UP,
		/* A bridge and the like listen to all, too. */
		.captured = net_is_captured(
			netlink_u32(netlink_attr(message, sizeof(*head), IFLA_PROMISCUITY)),
			netlink_u32(netlink_attr(message, sizeof(*head), IFLA_MASTER)),
			head->ifi_flags),
	};

	/* The id for now: ids cannot be asked for while links are dumped. */
	link.lower_ns = id.at ? netlink_u32(id) : SIZE_MAX;
	link.name = strdup(netlink_text(netlink_attr(message, sizeof(*head), IFLA_IFNAME)));
	link.kind = strdup(netlink_text(netlink_nested(info, IFLA_INFO_KIND)));
	link.parent = strdup(
		netlink_text(netlink_attr(message, sizeof(*head), IFLA_PARENT_DEV_NAME)));
	if (!link.name || !link.kind || !link.parent ||
	    !array_grow(r->tables->links, r->tables->n_links)) {
		free(link.name);
		free(link.kind);
		free(link.parent);
		return -ENOMEM;
	}
	link.wanted = r->wants(&link, r->arg);
	r->tables->links[r->tables->n_links++] = link;
	return 0;
}

static int look_at_link(const struct nlmsghdr *message, void *arg)
{
	return add_link(arg, message);
}

/* Replaces the id of the lower link's namespace by its index. */
static int find_lower_space(struct reader *r, struct net_link *link)
{
	int err = 0;

	if (link->lower_ns == SIZE_MAX) { /* there was no id */
		link->lower_ns = r->ns;
		return 0;
	}
	if (!r->ids)
		err = read_ids(r);
	if (err)
		return err;
	for (size_t i = 0; i < r->tables->spaces.n; i++)
		if (r->ids[i] == (int)link->lower_ns) {
			link->lower_ns = i;
			return 0;
		}
	link->lower_ns = SIZE_MAX;
	return 0;
}

static int read_links(struct reader *r)
{
	size_t first = r->tables->n_links;
	int err = netlink_dump(r->socket, RTM_GETLINK, sizeof(struct ifinfomsg), look_at_link, r);

	for (size_t i = first; !err && i < r->tables->n_links; i++)
		err = find_lower_space(r, &r->tables->links[i]);
	return err;
}

/* ---- what names the wanted links ---- */

static const struct netlink_value none;

static int add_use(struct reader *r, size_t link, struct net_use use, struct netlink_value ip)
{
	if (!array_grow(r->tables->uses, r->tables->n_uses))
		return -ENOMEM;
	use.link = link;
	r->tables->links[link].n_uses++;
	if (ip.at)
		memcpy(&use.ip, ip.at, ip.len < sizeof(use.ip) ? ip.len : sizeof(use.ip));
	r->tables->uses[r->tables->n_uses++] = use;
	return 0;
}

/* Adds USE of the wanted link that has INDEX, or NAME, in the namespace that is read. */
static int add_use_of(struct reader *r, unsigned int index, const char *name, struct net_use use,
		      struct netlink_value ip)
{
	int err = 0;

	for (size_t i = 0; !err && i < r->tables->n_links; i++) {
		const struct net_link *link = &r->tables->links[i];

		if ((link->wanted || facts_are_noted()) && link->n_uses < USES_MAX &&
		    link->ns == r->ns && (name ? !strcmp(link->name, name) : link->index == index))
			err = add_use(r, i, use, ip);
	}
	return err;
}

/* Whether IP is an address of FAMILY. */
static bool has_address(int family, struct netlink_value ip)
{
	return ip.at && ((family == AF_INET && ip.len >= sizeof(struct in_addr)) ||
			 (family == AF_INET6 && ip.len >= sizeof(struct in6_addr)));
}

static int look_at_address(const struct nlmsghdr *message, void *arg)
{
	struct reader *r = arg;
	const struct ifaddrmsg *head = netlink_head(message);
	struct netlink_value ip = netlink_attr(message, sizeof(*head), IFA_LOCAL);
	struct netlink_value proto = netlink_attr(message, sizeof(*head), IFA_PROTO);
	struct net_use use = {.kind = NET_ADDRESS, .family = head->ifa_family};

	if (!ip.at)
		ip = netlink_attr(message, sizeof(*head), IFA_ADDRESS);
	if (!has_address(head->ifa_family, ip) ||
	    (proto.len && *(const uint8_t *)proto.at == IFAPROT_KERNEL_LL))
		return 0;
	if (net_is_local_only(head->ifa_family, ip.at))
		use.kind = NET_LINK_ADDRESS;
	return add_use_of(r, head->ifa_index, NULL, use, ip);
}

/* Adds a route of several ways, which PATHS holds one after the other. */
static int add_paths(struct reader *r, struct netlink_value paths, struct net_use use,
		     struct netlink_value to)
{
	const char *at = paths.at;
	size_t left = paths.len;
	struct rtnexthop hop;
	int err = 0;

	while (!err && left >= sizeof(hop)) {
		size_t len;

		memcpy(&hop, at, sizeof(hop));
		len = (size_t)RTNH_ALIGN((int)hop.rtnh_len);
		if (hop.rtnh_len < sizeof(hop) || len > left)
			break;
		err = add_use_of(r, (unsigned int)hop.rtnh_ifindex, NULL, use, to);
		at += len;
		left -= len;
	}
	return err;
}

static int look_at_route(const struct nlmsghdr *message, void *arg)
{
	struct reader *r = arg;
	const struct rtmsg *head = netlink_head(message);
	struct netlink_value to = netlink_attr(message, sizeof(*head), RTA_DST);
	struct netlink_value paths = netlink_attr(message, sizeof(*head), RTA_MULTIPATH);
	struct net_use use = {
		.kind = NET_ROUTE, .family = head->rtm_family, .is_default = !head->rtm_dst_len};
	int err;

	if ((head->rtm_family != AF_INET && head->rtm_family != AF_INET6) ||
	    head->rtm_type != RTN_UNICAST || head->rtm_protocol == RTPROT_KERNEL ||
	    head->rtm_flags & RTM_F_CLONED ||
	    (has_address(head->rtm_family, to) && net_is_local_only(head->rtm_family, to.at)))
		return 0;
	err = add_use_of(r, netlink_u32(netlink_attr(message, sizeof(*head), RTA_OIF)), NULL, use,
			 to);
	if (!err)
		err = add_paths(r, paths, use, to);
	return err;
}

static int look_at_nexthop(const struct nlmsghdr *message, void *arg)
{
	struct reader *r = arg;
	struct net_use use = {
		.kind = NET_NEXTHOP,
		.number = netlink_u32(netlink_attr(message, sizeof(struct nhmsg), NHA_ID))};

	return add_use_of(r, netlink_u32(netlink_attr(message, sizeof(struct nhmsg), NHA_OIF)),
			  NULL, use, none);
}

static int look_at_rule(const struct nlmsghdr *message, void *arg)
{
	static const uint16_t names[] = {FRA_IIFNAME, FRA_OIFNAME};
	struct reader *r = arg;
	size_t head = sizeof(struct fib_rule_hdr);
	struct net_use use = {.kind = NET_RULE,
			      .number = netlink_u32(netlink_attr(message, head, FRA_PRIORITY))};
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(names); i++)
		if (*netlink_text(netlink_attr(message, head, names[i])))
			err = add_use_of(r, 0, netlink_text(netlink_attr(message, head, names[i])),
					 use, none);
	return err;
}

/* Whether a packet socket in TABLE, the text of /proc/PID/net/packet, is bound to the interface
 * INDEX: the fifth column. (Linux: net/packet/af_packet.c) */
static bool has_packet_socket(const char *table, unsigned int index)
{
	for (const char *line = strchr(table, '\n'); line; line = strchr(line, '\n')) {
		unsigned int bound;

		line++;
		for (int i = 0; i < 4; i++) {
			line += strspn(line, " ");
			line += strcspn(line, " \n");
		}
		line += strspn(line, " ");
		if (number_take(&line, &bound) && bound == index)
			return true;
	}
	return false;
}

/* The text of /proc/PID/net/NAME of a process in the namespace; NULL in *RET where the kernel has
 * no such file yet, or no process is there to have a socket. */
static int read_table(const struct reader *r, const char *name, char **ret)
{
	pid_t pid = r->tables->spaces.items[r->ns].pid;
	auto_free char *path = fs_path("proc/%d/net/%s", pid, name);
	int err = pid ? fs_read(r->root, path, TABLE_MAX, ret, NULL) : 0;

	if (!fs_is_absent(err))
		return err;
	return process_has_ended(r->root, pid, -EACCES) ? -ESRCH : 0;
}

/* Leaves .captured at those links of the namespace that a packet socket listens to. */
static int read_packet_sockets(struct reader *r)
{
	auto_free char *table = NULL;
	int err = read_table(r, "packet", &table);

	for (size_t i = 0; !err && i < r->tables->n_links; i++) {
		struct net_link *link = &r->tables->links[i];

		if (link->ns == r->ns)
			link->captured = link->captured && table &&
					 has_packet_socket(table, link->index);
	}
	return err;
}

char *net_pppoe_name(const char *line)
{
	for (int i = 0; i < 2; i++) {
		line += strspn(line, " ");
		line += strcspn(line, " \n");
	}
	line += strspn(line, " ");
	return strndup(line, strcspn(line, " \n"));
}

/* Of what goes through PPPoE, no link says on which interface that is. */
static int read_pppoe(struct reader *r)
{
	static const struct net_use use = {.kind = NET_PPPOE};
	auto_free char *table = NULL;
	int err = read_table(r, "pppoe", &table);
	const char *line = table ? strchr(table, '\n') : NULL;

	for (; !err && line && line[1]; line = strchr(line + 1, '\n')) {
		auto_free char *name = net_pppoe_name(line + 1);

		err = name ? add_use_of(r, 0, name, use, none) : -ENOMEM;
	}
	return err;
}

static int read_space(struct reader *r)
{
	auto_close int space = netns_open(&r->tables->spaces.items[r->ns]);
	int err;

	r->socket = space < 0 ? space : netlink_open_in(space);
	if (r->socket < 0)
		return r->socket;
	err = read_links(r);
	err = err
		      ?: netlink_dump(r->socket, RTM_GETADDR, sizeof(struct ifaddrmsg),
				      look_at_address, r);
	err = err ?: netlink_dump(r->socket, RTM_GETROUTE, sizeof(struct rtmsg), look_at_route, r);
	err = err
		      ?: netlink_dump(r->socket, RTM_GETRULE, sizeof(struct fib_rule_hdr),
				      look_at_rule, r);
	err = err
		      ?: netlink_dump(r->socket, RTM_GETNEXTHOP, sizeof(struct nhmsg),
				      look_at_nexthop, r);
	err = err ?: read_packet_sockets(r);
	err = err ?: read_pppoe(r);
	close(r->socket);
	free(r->ids);
	r->ids = NULL;
	return err;
}

int net_tables_read(const struct fs_root *root, const struct mounts *mounts,
		    bool (*wants)(const struct net_link *link, const void *arg), const void *arg,
		    struct net_tables *ret)
{
	int err = -ENOENT;

	for (int i = 0; i < READS_MAX && (fs_is_absent(err) || err == -ESRCH); i++) {
		auto_mounts struct mounts now = {0}; /* one of the namespaces has gone */
		struct net_tables tables = {0};
		struct reader r = {.root = root, .wants = wants, .arg = arg, .tables = &tables};

		err = i ? mounts_read(root, 1, &now) : 0;
		err = err ?: netns_list_read(root, i ? &now : mounts, &tables.spaces);
		for (r.ns = 0; !err && r.ns < tables.spaces.n; r.ns++)
			err = read_space(&r);
		if (!err)
			*ret = tables;
		else
			net_tables_free(&tables);
	}
	return err;
}

void net_tables_free(struct net_tables *tables)
{
	for (size_t i = 0; i < tables->n_links; i++) {
		free(tables->links[i].name);
		free(tables->links[i].kind);
		free(tables->links[i].parent);
	}
	free(tables->links);
	free(tables->uses);
	netns_list_free(&tables->spaces);
	*tables = (struct net_tables){0};
}
