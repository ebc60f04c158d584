// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/pf_use.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <string.h>

#include "host/base/strbuf.h"
#include "host/pci/pci.h"
#include "host/usage/usage.h"

#define COROSYNC_MAX   ((size_t)1024 * 1024)
#define INTERFACES_MAX 256

bool pf_use_goes_on(const char *driver)
{
	return driver && (!strcmp(driver, "i915") || !strcmp(driver, "xe"));
}

/* ---- the cluster's links ---- */

/* What follows "ringN_addr:" in a line; NULL: it is another one. */
static const char *link_address(const char *line)
{
	unsigned int number;

	line += strspn(line, " \t");
	line = after_prefix(line, "ring");
	if (!line || !number_take(&line, &number))
		return NULL;
	line = after_prefix(line, "_addr");
	if (!line)
		return NULL;
	line += strspn(line, " \t");
	return *line == ':' ? line + 1 + strspn(line + 1, " \t") : NULL;
}

bool pf_use_is_link(const char *text, const char *address)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *value;

		line += *line == '\n';
		value = link_address(line);
		if (value && strcspn(value, " \t\r\n") == strlen(address) &&
		    !strncmp(value, address, strlen(address)))
			return true;
	}
	return false;
}

/* Adds what is on top of NAME, by its links upper_*, and so on. */
static int add_uppers(const struct fs_root *root, const char *name, struct fs_names *names)
{
	auto_free char *dir = fs_path("sys/class/net/%s", name);
	auto_names struct fs_names links = {0};
	int err = dir ? fs_list(root, dir, &links) : -ENOMEM;

	for (size_t i = 0; !err && i < links.n; i++) {
		const char *upper = after_prefix(links.items[i], "upper_");

		if (upper)
			err = fs_names_add(names, upper);
	}
	return err;
}

/* The interfaces of the device, and all on top of them. */
static int list_interfaces(const struct fs_root *root, const struct bdf *pf, struct fs_names *ret)
{
	auto_free char *dir = pci_path(pf, "net");
	int err = dir ? fs_list(root, dir, ret) : -ENOMEM;

	for (size_t i = 0; !err && i < ret->n && i < INTERFACES_MAX; i++)
		err = add_uppers(root, ret->items[i], ret);
	return err;
}

static int add_link(const struct bdf *pf, const char *name, const char *address,
		    struct usage *usage)
{
	int err = usage_add(
		usage, pf, USAGE_NETWORK,
		fs_path(_("the cluster's link (corosync, %s) goes over it, by %s"), address, name),
		_("the node may be fenced when it has no other link"),
		strdup(_("give the cluster a second link on another card")));

	return err ? err : usage_name(usage, strdup(name));
}

static int find_links(const struct bdf *pf, const struct fs_names *names, const char *text,
		      struct usage *usage)
{
	struct ifaddrs *list;
	int err = 0;

	if (getifaddrs(&list))
		return -errno;
	for (const struct ifaddrs *at = list; !err && at; at = at->ifa_next) {
		bool v6 = at->ifa_addr && at->ifa_addr->sa_family == AF_INET6;
		char address[NI_MAXHOST];

		if (!at->ifa_addr || (!v6 && at->ifa_addr->sa_family != AF_INET) ||
		    !fs_names_has(names, at->ifa_name))
			continue;
		if (getnameinfo(at->ifa_addr,
				v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in),
				address, sizeof(address), NULL, 0, NI_NUMERICHOST))
			continue;
		if (pf_use_is_link(text, address))
			err = add_link(pf, at->ifa_name, address, usage);
	}
	freeifaddrs(list);
	return err;
}

/* The addresses are those of the running system. */
static int add_links(const struct fs_root *root, const struct bdf *pf, struct usage *usage)
{
	auto_names struct fs_names names = {0};
	auto_free char *text = NULL;
	int err;

	if (!fs_root_is_running_system(root))
		return 0;
	err = fs_read(root, "etc/corosync/corosync.conf", COROSYNC_MAX, &text, NULL);
	if (err)
		return fs_is_absent(err) ? 0 : err;
	err = list_interfaces(root, pf, &names);
	return err ? err : find_links(pf, &names, text, usage);
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
	if (pf_use_goes_on(driver)) {
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
