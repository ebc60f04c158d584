// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/searches.h"

#include "host/base/activity.h"
#include "host/base/strbuf.h"
#include "host/base/utf8.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

#define TABLE_MAX ((size_t)64 * 1024 * 1024)
#define DEPTH_MAX 8

/* Those of the first process are the host's, whatever namespace this one was put in. */
#define NET_DIR "proc/1/net"

/* The search for uses of one interface. */
struct net_search {
	const struct fs_root *root;
	const char *name;
	struct strbuf found;
};

/* The interfaces above one, and above those: a bridge above a bond above two NICs. */
static int put_uppers(struct net_search *search, const char *path, int depth)
{
	auto_names struct fs_names names = {0};
	int err = fs_list(search->root, path, &names);

	for (size_t i = 0; !err && i < names.n && depth < DEPTH_MAX; i++) {
		const char *upper = after_prefix(names.items[i], "upper_");
		auto_free char *above = NULL;

		if (!upper)
			continue;
		strbuf_add_item(&search->found, _("below %s"), upper);
		above = fs_path("sys/class/net/%s", upper);
		err = put_uppers(search, above, depth + 1);
	}
	return err;
}

/* Whether an address, or a route to it, never leaves the link. */
static bool is_local_only(int family, const void *ip)
{
	uint32_t v4;

	if (family == AF_INET6)
		return IN6_IS_ADDR_LINKLOCAL(ip) || IN6_IS_ADDR_MULTICAST(ip);
	memcpy(&v4, ip, sizeof(v4));
	v4 = ntohl(v4);
	return v4 >> 16 == 0xa9fe /* 169.254/16 */ || IN_MULTICAST(v4);
}

/* Adds the address IP, or a route to it. */
static void put_ip(struct net_search *search, int family, const void *ip, bool route)
{
	char text[INET6_ADDRSTRLEN];

	if (is_local_only(family, ip) || !inet_ntop(family, ip, text, sizeof(text)))
		return;
	if (route)
		strbuf_add_item(&search->found, _("route to %s"), text);
	else
		strbuf_add_item(&search->found, _("address %s"), text);
}

static void put_address(struct net_search *search, const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		put_ip(search, AF_INET,
		       &((const struct sockaddr_in *)(const void *)address)->sin_addr, false);
	else if (address->sa_family == AF_INET6)
		put_ip(search, AF_INET6,
		       &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, false);
}

/* IPv4 has no table of addresses in /proc, so the kernel itself is asked on a running system. */
static int put_addresses(struct net_search *search)
{
	struct ifaddrs *list;
	int err;

	if (!fs_root_is_running_system(search->root))
		return 0;
	activity_begin("call", "getifaddrs");
	err = getifaddrs(&list) ? -errno : 0;
	activity_end();
	if (err)
		return err;
	for (const struct ifaddrs *at = list; at; at = at->ifa_next)
		if (at->ifa_addr && !strcmp(at->ifa_name, search->name))
			put_address(search, at->ifa_addr);
	freeifaddrs(list);
	return 0;
}

/* Iface Destination Gateway Flags …: numbers in hex, in the byte order of the network (Linux:
 * net/ipv4/fib_trie.c, fib_route_seq_show). */
static void put_ipv4_route(struct net_search *search, char *line)
{
	const char *name = strsep(&line, "\t");
	const char *destination = strsep(&line, "\t");
	struct in_addr to;

	if (!destination || strcmp(name, search->name))
		return;
	to.s_addr = (in_addr_t)strtoul(destination, NULL, 16);
	if (!to.s_addr)
		strbuf_add_item(&search->found, _("the default route"));
	else
		put_ip(search, AF_INET, &to, true);
}

/* Destination prefix … interface, 32 digits and two, with spaces between (Linux: net/ipv6/route.c,
 * rt6_info_route). */
static void put_ipv6_route(struct net_search *search, char *line)
{
	const char *name = strrchr(line, ' ');
	struct in6_addr to;

	if (!name || strcmp(name + 1, search->name) || strspn(line, "0123456789abcdef") != 32)
		return;
	for (size_t i = 0; i < sizeof(to.s6_addr); i++) {
		char pair[3] = {line[2 * i], line[2 * i + 1], '\0'};

		to.s6_addr[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	if (IN6_IS_ADDR_UNSPECIFIED(&to))
		strbuf_add_item(&search->found, _("the IPv6 default route"));
	else
		put_ip(search, AF_INET6, &to, true);
}

static int put_routes(struct net_search *search, const char *table,
		      void (*put_route)(struct net_search *search, char *line))
{
	auto_free char *path = fs_path("%s/%s", NET_DIR, table);
	auto_free char *text = NULL;
	char *rest, *line;
	int err = fs_read(search->root, path, TABLE_MAX, &text, NULL);

	if (err)
		return err == -ENOENT ? 0 : err;
	for (rest = text; (line = strsep(&rest, "\n"));) {
		size_t len = strlen(line);

		while (len && line[len - 1] == ' ')
			line[--len] = '\0';
		put_route(search, line);
	}
	return 0;
}

/* What uses the interface; *ret is a new text, "" for nothing. */
static int describe(const struct fs_root *root, const struct survey_net *net, char **ret)
{
	struct net_search search = {.root = root, .name = net->name};
	int err = put_uppers(&search, net->path, 0);

	if (!err)
		err = put_addresses(&search);
	if (!err)
		err = put_routes(&search, "route", put_ipv4_route);
	if (!err)
		err = put_routes(&search, "ipv6_route", put_ipv6_route);
	*ret = strbuf_take(&search.found);
	return err || *ret ? err : -ENOMEM;
}

static int add_net(const struct survey_net *net, const char *uses, struct usage *usage)
{
	auto_free char *text = fs_path("%s: %s", net->name, uses);
	auto_free char *network = text ? utf8_printable(text) : NULL;
	int err;

	if (!network)
		return -ENOMEM;
	err = usage_add_command(
		usage, &net->device->bdf, USAGE_NETWORK,
		fs_path(_("its interface %s carries the host's network: %s"), net->name, uses),
		_("the host would lose that network, and does not get addresses and routes "
		  "back with the device"),
		fs_path(_("take %s out of /etc/network/interfaces, then"), net->name),
		strdup("ifreload -a"));
	if (!err)
		usage_last(usage)->network = TAKE_PTR(network);
	return err;
}

/* Class 02 has other things than interfaces, and a driver may make its interface late; but net/ is
 * made with the first interface, so an empty one had one. */
static int add_moved(const struct usage_device *device, struct usage *usage)
{
	if (!device->driver || device->class >> 16 != 0x02)
		return 0;
	return usage_add_command(usage, &device->bdf, USAGE_NETWORK,
				 strdup(_("its network interface has been moved to another network "
					  "namespace, as containers and routers do")),
				 _("who uses it there would lose it"),
				 strdup(_("find the namespace")),
				 strdup("lsns -t net; ip netns; pct list"));
}

int usage_find_nets(const struct fs_root *root, const struct survey *survey, struct usage *usage)
{
	int err = 0;

	for (size_t i = 0; !err && i < survey->n_nets; i++) {
		auto_free char *uses = NULL;

		err = describe(root, &survey->nets[i], &uses);
		if (!err && *uses)
			err = add_net(&survey->nets[i], uses, usage);
	}
	for (size_t i = 0; !err && i < survey->n_empty_nets; i++)
		err = add_moved(survey->empty_nets[i], usage);
	return err;
}
