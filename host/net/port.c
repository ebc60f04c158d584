// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/net/port.h"

#include "host/net/ovs.h"
#include "host/pci/pci.h"

#include <string.h>

/* An interface may have thousands of VLANs. */
#define UPPERS_MAX 4096

int net_port_add_uppers(const struct fs_root *root, const char *interface, struct fs_names *names)
{
	auto_free char *dir = fs_path("sys/class/net/%s", interface);
	auto_free char *path = fs_path("sys/class/net/%s/master", interface);
	auto_free char *master = NULL;
	auto_names struct fs_names entries = {0};
	int err = dir && path ? fs_link_name_if(root, path, &master) : -ENOMEM;

	if (!err && master)
		err = fs_names_add(names, master);
	if (!err)
		err = fs_list(root, dir, &entries);
	for (size_t i = 0; !err && i < entries.n; i++) {
		const char *upper = after_prefix(entries.items[i], "upper_");

		if (upper)
			err = fs_names_add(names, upper);
	}
	return err;
}

/* 1, 0 or -errno. */
static int is_bridge(const struct fs_root *root, const char *interface)
{
	auto_free char *path = fs_path("sys/class/net/%s/bridge", interface);

	return fs_probe(root, path);
}

/* Adds the bridge of Open vSwitch that the interface is a port of, if it is one. Which one may be
 * unknown: then *UNKNOWN is -errno. */
static int add_ovs_bridge(const struct fs_root *root, const char *interface, struct fs_names *names,
			  struct fs_names *all, int *unknown)
{
	auto_free char *path = fs_path("sys/class/net/%s/master", interface);
	auto_free char *master = NULL, *bridge = NULL;
	int err = fs_link_name_if(root, path, &master), asked;

	if (err || !master || strcmp(master, OVS_MASTER) != 0)
		return err;
	asked = ovs_bridge_of(root, interface, &bridge);
	if (asked == -ENOMEM)
		return asked;
	if (asked)
		*unknown = asked;
	if (!bridge)
		return 0;
	err = fs_names_add(names, bridge);
	return err ? err : fs_names_add(all, bridge);
}

static int list_bridges(const struct fs_root *root, const char *interface, struct fs_names *names,
			int *unknown)
{
	auto_names struct fs_names all = {0};
	int err = fs_names_add(&all, interface);

	for (size_t i = 0; !err && i < all.n && i < UPPERS_MAX; i++) {
		int bridge = is_bridge(root, all.items[i]);

		err = bridge < 0 ? bridge : bridge ? fs_names_add(names, all.items[i]) : 0;
		err = err ?: add_ovs_bridge(root, all.items[i], names, &all, unknown);
		err = err ?: net_port_add_uppers(root, all.items[i], &all);
	}
	return err;
}

int net_port_bridges(const struct fs_root *root, const char *interface, struct fs_names *names)
{
	int unknown = 0, err = list_bridges(root, interface, names, &unknown);

	return err ? err : unknown;
}

/* The nearest bridge above the interface; NULL: none. */
static int find_bridge(const struct fs_root *root, const char *interface, struct net_port *port)
{
	auto_names struct fs_names bridges = {0};
	int err = list_bridges(root, interface, &bridges, &port->unknown);

	port->bridge = !err && bridges.n ? strdup(bridges.items[0]) : NULL;
	return err ?: bridges.n && !port->bridge ? -ENOMEM : 0;
}

int net_port_read(const struct fs_root *root, const struct bdf *bdf, struct net_port *ret)
{
	auto_free char *dir = pci_path(bdf, "net");
	auto_names struct fs_names names = {0};
	auto_net_port struct net_port port = {0};
	int err = dir ? fs_list(root, dir, &names) : -ENOMEM;

	for (size_t i = 0; !err && i < names.n && !port.bridge; i++) {
		err = find_bridge(root, names.items[i], &port);
		if (err || (port.name && !port.bridge))
			continue;
		free(port.name);
		port.name = strdup(names.items[i]);
		err = port.name ? 0 : -ENOMEM;
	}
	if (err)
		return err;
	*ret = port;
	port = (struct net_port){0};
	return 0;
}

void net_port_free(struct net_port *port)
{
	free(port->name);
	free(port->bridge);
	*port = (struct net_port){0};
}
