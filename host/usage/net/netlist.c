// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/net/netlist.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "host/base/facts.h"
#include "host/text/strbuf.h"

#define KEY "net"

#define NAME_SIZE 128

/* A namespace that cannot be told. */
#define NOWHERE 0UL

static unsigned long inode_of(const struct net_tables *tables, size_t ns)
{
	return ns < tables->spaces.n ? tables->spaces.items[ns].inode : NOWHERE;
}

static size_t space_of(const struct net_tables *tables, unsigned long inode)
{
	for (size_t i = 0; i < tables->spaces.n; i++)
		if (tables->spaces.items[i].inode == inode)
			return i;
	return SIZE_MAX;
}

static void add_use(struct strbuf *text, const struct net_use *use)
{
	char ip[INET6_ADDRSTRLEN] = "-";

	if (use->family == AF_INET || use->family == AF_INET6)
		inet_ntop(use->family, &use->ip, ip, sizeof(ip));
	strbuf_add(text, "use %d %u %d %d %s\n", (int)use->kind, use->number, use->family,
		   use->is_default, ip);
}

static void note(const struct net_tables *tables)
{
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; facts_are_noted() && i < tables->n_links; i++) {
		const struct net_link *link = &tables->links[i];

		strbuf_add(&text, "link %lu %u %u %lu %d %d %s %s %s\n", inode_of(tables, link->ns),
			   link->index, link->lower, inode_of(tables, link->lower_ns), link->up,
			   link->captured, link->name, *link->kind ? link->kind : "-",
			   *link->parent ? link->parent : "-");
		for (size_t k = 0; k < tables->n_uses; k++)
			if (tables->uses[k].link == i)
				add_use(&text, &tables->uses[k]);
	}
	if (facts_are_noted() && !text.failed)
		facts_note(KEY, "%s", text.text ? text.text : "");
}

static char *text_or_none(const char *text)
{
	return strdup(strcmp(text, "-") ? text : "");
}

/* Returns 1 when it was added; 0 when its namespace has gone meanwhile; -errno. */
static int take_link(const char *line, struct net_tables *tables)
{
	char name[NAME_SIZE], kind[NAME_SIZE], parent[NAME_SIZE];
	unsigned long inode, lower_inode;
	struct net_link link = {0};
	int up, captured;

	if (sscanf(line, "link %lu %u %u %lu %d %d %127s %127s %127s", &inode, &link.index,
		   &link.lower, &lower_inode, &up, &captured, name, kind, parent) != 9)
		return -EBADMSG;
	link.ns = space_of(tables, inode);
	link.lower_ns = space_of(tables, lower_inode);
	link.up = up;
	link.captured = captured;
	if (link.ns == SIZE_MAX)
		return 0;
	link.name = strdup(name);
	link.kind = text_or_none(kind);
	link.parent = text_or_none(parent);
	if (!link.name || !link.kind || !link.parent ||
	    !array_grow(tables->links, tables->n_links)) {
		free(link.name);
		free(link.kind);
		free(link.parent);
		return -ENOMEM;
	}
	tables->links[tables->n_links++] = link;
	return 1;
}

/* Of the last link. */
static int take_use(const char *line, struct net_tables *tables)
{
	struct net_use use = {.link = tables->n_links - 1};
	char ip[NAME_SIZE];
	int kind, is_default;

	if (sscanf(line, "use %d %u %d %d %127s", &kind, &use.number, &use.family, &is_default,
		   ip) != 5 ||
	    kind < NET_ADDRESS || kind > NET_PPPOE)
		return -EBADMSG;
	use.kind = (enum net_use_kind)kind;
	use.is_default = is_default;
	if (use.family == AF_INET || use.family == AF_INET6)
		inet_pton(use.family, ip, &use.ip);
	if (!array_grow(tables->uses, tables->n_uses))
		return -ENOMEM;
	tables->uses[tables->n_uses++] = use;
	tables->links[use.link].n_uses++;
	return 0;
}

static int take_noted(const struct fs_root *root,
		      bool (*wants)(const struct net_link *link, const void *arg), const void *arg,
		      struct net_tables *ret)
{
	auto_free char *text = NULL;
	struct net_link *link = NULL;
	char *rest, *line;
	int err = facts_get(root, KEY, &text);

	rest = text;
	while (err >= 0 && (line = strsep(&rest, "\n"))) {
		if (after_prefix(line, "link ")) {
			err = take_link(line, ret);
			link = err > 0 ? &ret->links[ret->n_links - 1] : NULL;
			if (link)
				link->wanted = wants(link, arg);
		} else if (link && link->wanted && *line) {
			err = take_use(line, ret);
		}
	}
	return err < 0 ? err : 0;
}

int netlist_read(const struct fs_root *root, const struct mounts *mounts,
		 bool (*wants)(const struct net_link *link, const void *arg), const void *arg,
		 struct net_tables *ret)
{
	auto_net_tables struct net_tables tables = {0};
	int err;

	if (!fs_root_is_capture(root)) {
		err = net_tables_read(root, mounts, wants, arg, ret);
		if (!err)
			note(ret);
		return err;
	}
	err = netns_list_read(root, mounts, &tables.spaces);
	err = err ?: take_noted(root, wants, arg, &tables);
	if (err)
		return err;
	*ret = tables;
	tables = (struct net_tables){0};
	return 0;
}
