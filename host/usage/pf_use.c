// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/pf_use.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <string.h>

#include "host/base/facts.h"
#include "host/net/port.h"
#include "host/text/strbuf.h"
#include "host/pci/pci.h"
#include "host/usage/net/nettables.h"
#include "host/usage/usage.h"

#define COROSYNC_MAX   ((size_t)1024 * 1024)
#define HOSTS_MAX      ((size_t)4 * 1024 * 1024)
#define INTERFACES_MAX 256

/* Whether VFs of the driver are made while its device goes on. */
static bool goes_on(const char *driver)
{
	return driver && (!strcmp(driver, "i915") || !strcmp(driver, "xe"));
}

/* ---- the cluster's links ---- */

/* The interfaces of the device, and all on top of them. */
static int list_interfaces(const struct fs_root *root, const struct bdf *pf, struct fs_names *ret)
{
	auto_free char *dir = pci_path(pf, "net");
	int err = dir ? fs_list(root, dir, ret) : -ENOMEM;

	for (size_t i = 0; !err && i < ret->n && i < INTERFACES_MAX; i++)
		err = net_port_add_uppers(root, ret->items[i], ret);
	return err;
}

static int add_link(const struct bdf *pf, const char *name, char *what, struct usage *usage)
{
	int err = usage_add(usage, pf, USAGE_NETWORK, what,
			    _("the node may be fenced when it has no other link"),
			    strdup(_("give the cluster a second link on another card")));

	return err ? err : usage_name(usage, strdup(name));
}

/* An address that leaves the link, so that another node can reach it. */
static bool is_reachable(const char *address)
{
	struct in6_addr ip = {0};

	if (inet_pton(AF_INET, address, &ip) == 1)
		return !net_is_local_only(AF_INET, &ip);
	return inet_pton(AF_INET6, address, &ip) == 1 && !net_is_local_only(AF_INET6, &ip);
}

int pf_use_add_links(const struct bdf *pf, const char *name, const char *address,
		     struct cluster_links *links, struct usage *usage)
{
	int err = 0;

	for (size_t i = 0; !err && i < links->n; i++) {
		struct cluster_link *link = &links->items[i];

		if (cluster_link_has(link, address)) {
			err = add_link(pf, name,
				       fs_path(_("the cluster's link (corosync, %s) goes over it, "
						 "by %s"),
					       address, name),
				       usage);
		} else if (!link->addresses.n && !link->said && is_reachable(address)) {
			link->said = true;
			err = add_link(pf, name,
				       fs_path(_("the cluster's link (corosync) may go over it, by "
						 "%s: its address is the name %s, which is not in "
						 "/etc/hosts"),
					       name, link->value),
				       usage);
		}
	}
	return err;
}

/* "NAME ADDRESS" of each interface in this network namespace, one a line. */
static int list_addresses(struct strbuf *text)
{
	struct ifaddrs *list;

	if (getifaddrs(&list))
		return -errno;
	for (const struct ifaddrs *at = list; at; at = at->ifa_next) {
		bool v6 = at->ifa_addr && at->ifa_addr->sa_family == AF_INET6;
		char address[NI_MAXHOST];

		if (!at->ifa_addr || (!v6 && at->ifa_addr->sa_family != AF_INET))
			continue;
		if (!getnameinfo(at->ifa_addr,
				 v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in),
				 address, sizeof(address), NULL, 0, NI_NUMERICHOST))
			strbuf_add(text, "%s %s\n", at->ifa_name, address);
	}
	freeifaddrs(list);
	return text->failed ? -ENOMEM : 0;
}

static int read_addresses(const struct fs_root *root, char **ret)
{
	auto_strbuf struct strbuf text = {0};
	int err;

	if (fs_root_is_capture(root))
		return facts_get(root, "addresses", ret);
	err = list_addresses(&text);
	if (err)
		return err;
	*ret = strbuf_take(&text);
	if (*ret)
		facts_note("addresses", "%s", *ret);
	return *ret ? 0 : -ENOMEM;
}

static int find_links(const struct fs_root *root, const struct bdf *pf,
		      const struct fs_names *names, struct cluster_links *links,
		      struct usage *usage)
{
	auto_free char *addresses = NULL;
	char *rest, *address;
	int err = read_addresses(root, &addresses);

	rest = addresses;
	while (!err && (address = strsep(&rest, "\n"))) {
		const char *name = strsep(&address, " ");

		if (address && fs_names_has(names, name))
			err = pf_use_add_links(pf, name, address, links, usage);
	}
	return err;
}

/* Proxmox VE calls a node by the name of its host, without the domain. */
static int read_cluster(const struct fs_root *root, struct cluster_links *ret)
{
	auto_free char *conf = NULL, *hosts = NULL, *node = NULL;
	int err = fs_read(root, "etc/corosync/corosync.conf", COROSYNC_MAX, &conf, NULL);

	if (err)
		return fs_is_absent(err) ? 0 : err;
	err = fs_read(root, "etc/hosts", HOSTS_MAX, &hosts, NULL);
	if (err && !fs_is_absent(err))
		return err;
	err = facts_host_name(root, &node);
	return err ? err : cluster_links_parse(conf, hosts ? hosts : "", node, ret);
}

/* The addresses are those of the running system. */
static int add_links(const struct fs_root *root, const struct bdf *pf, struct usage *usage)
{
	auto_cluster_links struct cluster_links links = {0};
	auto_names struct fs_names names = {0};
	int err;

	if (!fs_root_was_running(root))
		return 0;
	err = read_cluster(root, &links);
	if (err || !links.n)
		return err;
	err = list_interfaces(root, pf, &names);
	return err ? err : find_links(root, pf, &names, &links, usage);
}

/* ---- all uses ---- */

/* Its VFs are looked at one by one, where they would go. */
static void drop_harmless(struct usage *usage)
{
	for (size_t i = usage->n; i-- > 0;)
		if (usage->items[i].harmless || usage->items[i].kind == USAGE_VFS)
			usage_drop(usage, i);
}

int pf_use_read(const struct fs_root *root, const struct bdf *pf, struct usage *ret)
{
	auto_usage struct usage usage = {0};
	auto_free char *driver = NULL;
	struct usage_device device = {.bdf = *pf};
	struct pci_identity identity;
	int err = pci_identify(root, pf, &identity);

	if (!err)
		err = pci_driver(root, pf, &driver);
	if (err)
		return err;
	if (goes_on(driver)) {
		*ret = (struct usage){0};
		return 0;
	}
	device.class = identity.class;
	device.driver = driver;
	err = usage_read(root, &device, 1, &usage);
	if (err)
		return err;
	drop_harmless(&usage);
	err = add_links(root, pf, &usage);
	if (err)
		return err;
	*ret = usage;
	usage = (struct usage){0};
	return 0;
}

char *pf_use_text(const struct usage *usage)
{
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < usage->n; i++)
		strbuf_add(&text, "%s%s", i ? "; " : "", usage->items[i].what);
	return strbuf_take(&text);
}
