// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/net/net_uses.h"

#include "host/text/strbuf.h"

#include <arpa/inet.h>
#include <string.h>

bool net_link_is(const struct net_link *link, const char *parent, const char *name)
{
	/* Stacked interfaces have no device. */
	return !strcmp(link->parent, parent) && (!name || !strcmp(link->name, name));
}

const struct net_link *net_tables_find(const struct net_tables *tables, const char *parent,
				       const char *name)
{
	for (size_t i = 0; i < tables->n_links; i++)
		if (net_link_is(&tables->links[i], parent, name))
			return &tables->links[i];
	return NULL;
}

/* Adds the interfaces that lie on LINK, whatever their namespace, but for those in UPPERS. */
static void put_stacked(const struct net_tables *tables, const struct net_link *link,
			const struct fs_names *uppers, struct strbuf *found,
			const char **ret_elsewhere)
{
	for (size_t i = 0; i < tables->n_links; i++) {
		const struct net_link *above = &tables->links[i];
		const char *where = tables->spaces.items[above->ns].name;

		if (above == link || above->lower != link->index ||
		    (above->lower_ns != link->ns && above->lower_ns != SIZE_MAX))
			continue;
		if (above->ns == link->ns) {
			if (!fs_names_has(uppers, above->name))
				strbuf_add_item(found, _("below %s"), above->name);
			continue;
		}
		*ret_elsewhere = where;
		strbuf_add_item(found, _("below the %s %s in the network namespace of %s"),
				above->kind, above->name, where);
	}
}

static void put_use(const struct net_use *use, struct strbuf *found, struct strbuf *links_only)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (use->kind == NET_NEXTHOP)
		strbuf_add_item(found, _("nexthop %u"), use->number);
	else if (use->kind == NET_RULE)
		strbuf_add_item(found, _("the routing rule %u"), use->number);
	else if (use->kind == NET_PPPOE)
		strbuf_add_item(found, "%s", _("a PPPoE connection"));
	else if (use->is_default)
		strbuf_add_item(found, use->family == AF_INET6 ? _("the IPv6 default route")
							       : _("the default route"));
	else if (!inet_ntop(use->family, &use->ip, text, sizeof(text)))
		strbuf_add_item(found, "?");
	else if (use->kind == NET_LINK_ADDRESS)
		strbuf_add_item(links_only, "%s", text);
	else if (use->kind == NET_ADDRESS)
		strbuf_add_item(found, _("address %s"), text);
	else
		strbuf_add_item(found, _("route to %s"), text);
}

/* What may be a use: the address is of a direct cable between two nodes; or anything that sends
 * frames. */
static char *make_warning(const struct net_link *link, const char *links_only)
{
	if (*links_only)
		return fs_path(_("is up, with the address %s, which is valid on its link only, as "
				 "on direct links between the nodes of a cluster"),
			       links_only);
	return link && link->up ? strdup(_("is up, although it has neither an address nor a "
					   "bridge"))
				: NULL;
}

int net_uses_describe(const struct net_tables *tables, const struct net_link *link,
		      const struct fs_names *uppers, struct net_uses *ret)
{
	auto_strbuf struct strbuf found = {0}, links_only = {0};
	auto_net_uses struct net_uses uses = {0};
	auto_free char *addresses = NULL;
	size_t before;

	for (size_t i = 0; i < uppers->n; i++)
		strbuf_add_item(&found, _("below %s"), uppers->items[i]);
	uses.pppoe = !found.len;
	for (size_t i = 0; link && i < tables->n_uses; i++) {
		if (&tables->links[tables->uses[i].link] != link)
			continue;
		put_use(&tables->uses[i], &found, &links_only);
		uses.pppoe &= tables->uses[i].kind == NET_PPPOE;
	}
	uses.pppoe &= found.len > 0;
	before = found.len;
	if (link)
		put_stacked(tables, link, uppers, &found, &uses.elsewhere);
	if (before)
		uses.elsewhere = NULL;
	if (link && link->captured) {
		uses.captured = !found.len;
		strbuf_add_item(&found, _("a program captures all packets that it receives"));
	}
	addresses = strbuf_take(&links_only);
	uses.what = strbuf_take(&found);
	if (!addresses || !uses.what)
		return -ENOMEM;
	uses.warning = make_warning(link, addresses);
	*ret = uses;
	uses = (struct net_uses){0};
	return 0;
}

void net_uses_free(struct net_uses *uses)
{
	free(uses->what);
	free(uses->warning);
	*uses = (struct net_uses){0};
}
