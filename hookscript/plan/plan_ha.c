// SPDX-License-Identifier: GPL-2.0-or-later
/* HA moves a VM by force, whatever devices it has: an address means another device there. */
#include "hookscript/plan/plan_check.h"

#include "host/base/log.h"
#include "host/text/strbuf.h"

#include <string.h>

static bool is_by_address(const struct facts *facts, size_t e)
{
	return facts->binds[e] && facts->vm->hostpci[e]->n_hosts;
}

/* The command that makes a mapping of the entry. A new string, or NULL without memory. */
static char *mapping_command(const struct facts *facts, size_t e)
{
	const struct hostpci_address *first = &facts->vm->hostpci[e]->hosts[0];

	return fs_path("pve-passthrough vm %u --add %s --mapping=vm%u-hostpci%zu", facts->vmid,
		       hostpci_address_text(first), facts->vmid, e);
}

static void warn_of_entry(struct plan_check *c, size_t e, const char *nodes)
{
	const struct facts *facts = c->facts;
	auto_free char *command = mapping_command(facts, e);

	plan_add_lasting(c,
			 fs_path(_("hostpci%zu: HA may start this VM on another node (%s), "
				   "where it would get whatever device has the address %s "
				   "there; a mapping names the device of each node: %s"),
				 e, nodes, hostpci_address_text(&facts->vm->hostpci[e]->hosts[0]),
				 plan_text(c, command)));
}

static void warn_of_args(struct plan_check *c, const char *nodes)
{
	const struct args *args = c->facts->args;

	if (args && args->n_devices)
		plan_add_lasting(
			c, fs_path(_("args: HA may start this VM on another node (%s), where it "
				     "would get whatever device has that address there; give it "
				     "by a mapping instead: pve-passthrough vm %u --add ADDRESS "
				     "--mapping=NAME"),
				   nodes, c->facts->vmid));
}

/* What is at its addresses here, "0000:01:00.0 (10de:1001:…), …"; "" for nothing. */
static char *describe_known(const struct facts *facts)
{
	auto_strbuf struct strbuf text = {0};
	auto_free struct identity_device *list = NULL;
	size_t n;

	list = facts_list_known(facts, &n);
	for (size_t i = 0; list && i < n; i++)
		strbuf_add_item(&text, "%s (%s)", bdf_text(&list[i].bdf),
				pci_identity_text(&list[i].identity));
	return list ? strbuf_take(&text) : NULL;
}

static void cure_new_node(struct plan_check *c)
{
	cure_command(c, _("if these are the right devices"), "pve-passthrough accept %u",
		     c->facts->vmid);
	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		if (is_by_address(c->facts, e))
			cure_add(c, _("or, for all nodes, name the device by a mapping"),
				 mapping_command(c->facts, e), NULL);
}

/* It may have been moved here with the addresses of another node. */
static void refuse_new_node(struct plan_check *c)
{
	const struct facts *facts = c->facts;
	auto_free char *known = describe_known(facts), *brief = NULL;

	if (!known)
		c->err = -ENOMEM;
	if (!known || !*known)
		return;
	brief = strdup(_("confirmation of its devices on this node"));
	if (facts->ha_err)
		plan_refuse(c, REFUSAL_NEW_NODE, NULL, TAKE_PTR(brief),
			    _("whether HA has moved this VM here cannot be read (/%s: %s), and it "
			      "has never started on this node with these addresses: there is now "
			      "%s"),
			    HA_RESOURCES, log_strerror(facts->ha_err), known);
	else
		plan_refuse(c, REFUSAL_NEW_NODE, NULL, TAKE_PTR(brief),
			    _("HA moves this VM, and it has never started on this node (%s) with "
			      "these addresses, where they may be those of other devices: there is "
			      "now %s"),
			    facts->ha.here, known);
	cure_new_node(c);
}

void plan_check_ha(struct plan_check *c)
{
	const struct facts *facts = c->facts;
	auto_free char *nodes = NULL;

	if (!facts->ha_err && !ha_moves(&facts->ha))
		return;
	nodes = ha_other_nodes(&facts->ha);
	for (size_t e = 0; !facts->ha_err && e < HOSTPCI_MAX; e++)
		if (is_by_address(facts, e))
			warn_of_entry(c, e, plan_text(c, nodes));
	if (!facts->ha_err)
		warn_of_args(c, plan_text(c, nodes));
	if (!facts->known_here && !facts->identity_err)
		refuse_new_node(c);
}
