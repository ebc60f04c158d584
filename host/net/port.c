// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/net/port.h"

#include "host/pci/pci.h"

#include <string.h>

/* A bond in a bridge, and no more. */
#define DEPTH_MAX 2

/* The interface that INTERFACE is part of; NULL: of none, or it has gone. */
static int read_master(const struct fs_root *root, const char *interface, char **ret)
{
	auto_free char *path = fs_path("sys/class/net/%s/master", interface);

	return fs_link_name_if(root, path, ret);
}

/* 1, 0 or -errno. */
static int is_bridge(const struct fs_root *root, const char *interface)
{
	auto_free char *path = fs_path("sys/class/net/%s/bridge", interface);

	return fs_probe(root, path);
}

/* The bridge above the interface; NULL: none. */
static int find_bridge(const struct fs_root *root, const char *interface, char **ret)
{
	auto_free char *at = strdup(interface);

	*ret = NULL;
	for (int i = 0; at && i < DEPTH_MAX; i++) {
		char *master = NULL;
		int err = read_master(root, at, &master);
		int bridge = err || !master ? 0 : is_bridge(root, master);

		free(at);
		at = master;
		if (err || bridge < 0)
			return err ?: bridge;
		if (!master)
			return 0;
		if (bridge) {
			*ret = TAKE_PTR(at);
			return 0;
		}
	}
	return at ? 0 : -ENOMEM;
}

int net_port_read(const struct fs_root *root, const struct bdf *bdf, struct net_port *ret)
{
	auto_free char *dir = pci_path(bdf, "net");
	auto_names struct fs_names names = {0};
	auto_net_port struct net_port port = {0};
	int err = dir ? fs_list(root, dir, &names) : -ENOMEM;

	for (size_t i = 0; !err && i < names.n && !port.bridge; i++) {
		err = find_bridge(root, names.items[i], &port.bridge);
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

/* A bridge whose port is UPPER, a VLAN of another bridge. */
static int add_bridge_of(const struct fs_root *root, const char *upper, struct fs_names *names)
{
	auto_free char *master = NULL;
	int err = read_master(root, upper, &master);
	int bridge = err || !master ? 0 : is_bridge(root, master);

	if (err || bridge < 0)
		return err ?: bridge;
	return bridge ? fs_names_add(names, master) : 0;
}

int net_port_bridges(const struct fs_root *root, const char *bridge, struct fs_names *names)
{
	auto_free char *dir = fs_path("sys/class/net/%s", bridge);
	auto_names struct fs_names entries = {0};
	int err = dir ? fs_list(root, dir, &entries) : -ENOMEM;

	err = err ?: fs_names_add(names, bridge);
	for (size_t i = 0; !err && i < entries.n; i++) {
		const char *upper = after_prefix(entries.items[i], "upper_");

		if (upper)
			err = add_bridge_of(root, upper, names);
	}
	return err;
}
