// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/searches.h"

#include "host/text/strbuf.h"
#include "host/text/utf8.h"
#include "host/pci/pci.h"
#include "host/usage/net/net_uses.h"
#include "host/usage/net/netconsole.h"
#include "host/usage/net/netlist.h"

#include <string.h>

#define DEPTH_MAX 8

/* The interfaces above one, and above those: a bridge above a bond above two NICs. */
static int put_uppers(const struct fs_root *root, const char *path, int depth,
		      struct fs_names *uppers)
{
	auto_names struct fs_names names = {0};
	int err = fs_list(root, path, &names);

	for (size_t i = 0; !err && i < names.n && depth < DEPTH_MAX; i++) {
		const char *upper = after_prefix(names.items[i], "upper_");
		auto_free char *above = NULL;

		if (!upper)
			continue;
		err = fs_names_add(uppers, upper);
		above = fs_path("sys/class/net/%s", upper);
		err = err ?: put_uppers(root, above, depth + 1, uppers);
	}
	return err;
}

/* The name of the device in sysfs that has the interface: before "/net/eth0", or "/net". */
static char *parent_of(const struct survey_net *net)
{
	const char *end = strstr(net->path, "/net"), *begin;

	for (const char *next = end; next && (next = strstr(next + 1, "/net"));)
		end = next;
	if (!end)
		return strdup("");
	for (begin = end; begin > net->path && begin[-1] != '/';)
		begin--;
	return strndup(begin, (size_t)(end - begin));
}

/* ---- findings ---- */

static int add_use(const struct survey_net *net, const struct net_uses *uses, struct usage *usage)
{
	auto_free char *text = fs_path("%s: %s", net->name, uses->what);
	auto_free char *network = text ? utf8_printable(text) : NULL;
	int err;

	if (!network)
		return -ENOMEM;
	err = usage_add_command(
		usage, &net->device->bdf, USAGE_NETWORK,
		fs_path(_("its interface %s carries the host's network: %s"), net->name,
			uses->what),
		_("the host would lose that network, and does not get addresses and routes "
		  "back with the device"),
		uses->elsewhere ? fs_path(_("end its use in the network namespace of %s; to find "
					    "that"),
					  uses->elsewhere)
		: uses->pppoe	? strdup(_("end the connection of pppd; to see which"))
		: uses->captured
			? strdup(_("end the program that captures packets; to see it"))
			: fs_path(_("remove %s from /etc/network/interfaces, then"), net->name),
		strdup(uses->elsewhere	? "lsns -t net; ip netns; pct list"
		       : uses->pppoe	? "pgrep -a pppd; cat /proc/net/pppoe"
		       : uses->captured ? "ss -0 -p"
					: "ifreload -a"));
	if (err)
		return err;
	usage_last(usage)->network = TAKE_PTR(network);
	return usage_name(usage, strdup(net->name));
}

static int add_warning(const struct survey_net *net, const char *why, struct usage *usage)
{
	int err = usage_add_command(usage, &net->device->bdf, USAGE_NETWORK,
				    fs_path(_("its interface %s %s"), net->name, why),
				    _("programs that use it without an address would lose it"),
				    strdup(_("if nothing uses it, set it down")),
				    fs_path("ip link set %s down", net->name));

	if (!err)
		usage_last(usage)->harmless = true;
	return err;
}

static int add_moved(const struct survey_net *net, const struct net_link *link,
		     const struct net_tables *tables, struct usage *usage)
{
	const char *where = link ? tables->spaces.items[link->ns].name : NULL;
	int err = usage_add_command(
		usage, &net->device->bdf, USAGE_NETWORK,
		where ? fs_path(_("its network interface %s is in the network namespace of %s"),
				link->name, where)
		      : strdup(_("its network interface has been moved to another network "
				 "namespace, as containers and routers do")),
		_("who uses it there would lose it"), strdup(_("find the namespace")),
		strdup("lsns -t net; ip netns; pct list"));

	return err || !where ? err : usage_name(usage, strdup(link->name));
}

/* Programs that use its RDMA devices have nodes open, and all else needs an address, but for parts
 * of the kernel that use InfiniBand alone. */
static int add_rdma(const struct fs_root *root, const struct survey_net *net, struct usage *usage)
{
	auto_free char *path = pci_path(&net->device->bdf, "infiniband");
	auto_names struct fs_names names = {0};
	int err = fs_list(root, path, &names);

	for (size_t i = 0; !err && i < names.n; i++) {
		err = usage_add_command(
			usage, &net->device->bdf, USAGE_NETWORK,
			fs_path(_("it has the RDMA device %s; it cannot be seen whether a part of "
				  "the kernel uses it"),
				names.items[i]),
			_("what uses it, such as SRP, would lose it"), strdup(_("to see it")),
			fs_path("rdma resource show %s", names.items[i]));
		if (!err)
			usage_last(usage)->harmless = true;
	}
	return err;
}

static int find_for_net(const struct fs_root *root, const struct survey_net *net,
			const struct net_tables *tables, struct usage *usage)
{
	auto_names struct fs_names uppers = {0};
	auto_free char *parent = parent_of(net);
	auto_net_uses struct net_uses uses = {0};
	const struct net_link *link;
	int err = parent ? 0 : -ENOMEM;

	if (err)
		return err;
	link = tables ? net_tables_find(tables, parent, net->name) : NULL;
	if (!net->name || (link && link->ns))
		return add_moved(net, link, tables, usage);
	err = put_uppers(root, net->path, 0, &uppers);
	err = err ?: net_uses_describe(tables, link, &uppers, &uses);
	if (!err && *uses.what)
		return add_use(net, &uses, usage);
	if (!err && uses.warning)
		err = add_warning(net, uses.warning, usage);
	return err;
}

/* The tables are read only when there is an interface to look at. */
static bool wants(const struct net_link *link, const void *arg)
{
	const struct survey *survey = arg;

	for (size_t i = 0; i < survey->n_nets; i++) {
		auto_free char *parent = parent_of(&survey->nets[i]);

		if (!parent || net_link_is(link, parent, survey->nets[i].name))
			return true;
	}
	return false;
}

int usage_find_nets(const struct fs_root *root, const struct survey *survey, struct usage *usage)
{
	auto_net_tables struct net_tables tables = {0};
	bool running = fs_root_was_running(root);
	int err = 0;

	if (!survey->n_nets)
		return 0;
	if (running)
		err = netlist_read(root, &survey->mounts, wants, survey, &tables);
	for (size_t i = 0; !err && i < survey->n_nets; i++) {
		const struct survey_net *net = &survey->nets[i];

		err = find_for_net(root, net, running ? &tables : NULL, usage);
		if (!err && (!i || net[-1].device != net->device))
			err = add_rdma(root, net, usage);
	}
	return err ? err : usage_find_netconsole(root, survey, usage);
}
