// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/groups/split.h"

#include "host/text/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const how_names[] = {
	[SPLIT_SLOT] = "slot",	       [SPLIT_ON] = "acs-on",
	[SPLIT_FIRMWARE] = "firmware", [SPLIT_OVERRIDE] = "acs-override",
	[SPLIT_CARD] = "other-card",
};

const char *split_how_name(enum split_how how)
{
	return how_names[how];
}

static bool is_member(const struct topology_device *device, int group)
{
	return device->group == group;
}

/* What a VM can have of it. */
static bool is_wanted(const struct topology_device *device, int group)
{
	return is_member(device, group) && !device->bridge;
}

/* Whether it holds more than what a VM wants of one card. */
static bool are_much(const struct topology_device *a, const struct topology_device *b)
{
	return !bdf_same_slot(&a->bdf, &b->bdf) || a->class == b->class || a->above < 0;
}

bool split_holds_much(const struct topology *topology, int group)
{
	for (size_t i = 0; i < topology->n; i++)
		for (size_t k = 0; k < i; k++)
			if (is_wanted(&topology->items[i], group) &&
			    is_wanted(&topology->items[k], group) &&
			    are_much(&topology->items[i], &topology->items[k]))
				return true;
	return false;
}

/* ---- which devices are to blame ---- */

/* The members of a group that do not isolate, and are of one kind. */
typedef bool to_blame(const struct topology *topology, size_t i);

static bool shares_a_bus(const struct topology *topology, size_t i)
{
	return topology_is_shared_bus(&topology->items[i]);
}

static bool lacks_acs(const struct topology *topology, size_t i)
{
	return topology_is_port(&topology->items[i]) && !topology->items[i].link.acs;
}

static bool has_acs_off(const struct topology *topology, size_t i)
{
	return topology->items[i].link.acs && !topology_isolates(topology, i, 0) &&
	       topology_isolates(topology, i, ASSUME_ON);
}

static int find_blamed(const struct topology *topology, int group, to_blame *is_it,
		       struct bdf_set *ret)
{
	int err = 0;

	for (size_t i = 0; !err && i < topology->n; i++)
		if (is_member(&topology->items[i], group) && topology->items[i].read &&
		    is_it(topology, i))
			err = bdf_set_add(ret, &topology->items[i].bdf);
	return err;
}

/* "0000:00:1c.0, 0000:00:1d.0"; NULL without memory. */
static char *name_ports(const struct bdf_set *ports)
{
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < ports->n; i++)
		strbuf_add_item(&text, "%s", bdf_text(&ports->items[i]));
	return strbuf_take(&text);
}

/* What is wrong with PORTS, all of one kind; NULL without memory. */
typedef char *put_blame(const struct bdf_set *ports, const char *names);

static char *put_acs(const struct bdf_set *ports, const char *names)
{
	return fs_path(ngettext("bridge %s does not isolate what is below it (no ACS)",
				"bridges %s do not isolate what is below them (no ACS)", ports->n),
		       names);
}

static char *put_off(const struct bdf_set *ports, const char *names)
{
	return fs_path(ngettext("%s does not isolate: its ACS is off",
				"%s do not isolate: their ACS is off", ports->n),
		       names);
}

static char *put_bus(const struct bdf_set *ports, const char *names)
{
	return fs_path(ngettext("what is below bridge %s shares one bus of conventional PCI",
				"what is below bridges %s shares a bus of conventional PCI",
				ports->n),
		       names);
}

int split_explain(const struct topology *topology, int group, char **ret)
{
	static const struct {
		to_blame *is_it;
		put_blame *put;
	} kinds[] = {{lacks_acs, put_acs}, {has_acs_off, put_off}, {shares_a_bus, put_bus}};
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		cleanup_with(bdf_set_free) struct bdf_set ports = {0};
		int err = find_blamed(topology, group, kinds[i].is_it, &ports);
		auto_free char *names = err ? NULL : name_ports(&ports);
		auto_free char *put = names ? kinds[i].put(&ports, names) : NULL;

		if (!put)
			return -ENOMEM;
		if (ports.n)
			strbuf_add(&text, "%s%s", text.len ? "; " : "", put);
	}
	*ret = NULL;
	if (!text.len && !text.failed)
		return 0;
	*ret = strbuf_take(&text);
	return *ret ? 0 : -ENOMEM;
}

/* ---- what would be, if ---- */

struct finder {
	const struct split_facts *facts;
	const struct topology *topology;
	int group;
	unsigned int assumed; /* what the kernel was told to take for isolated */
	size_t *numbers;      /* of topology->n */
	struct splits splits;
};

/* Whether devices that a VM can have would be in several groups. */
static bool splits(struct finder *finder, unsigned int assume)
{
	const struct topology *topology = finder->topology;
	size_t first = topology->n;

	topology_groups(topology, finder->assumed | assume, finder->numbers);
	for (size_t i = 0; i < topology->n; i++) {
		if (!is_wanted(&topology->items[i], finder->group))
			continue;
		if (first < topology->n && finder->numbers[i] != finder->numbers[first])
			return true;
		first = i;
	}
	return false;
}

/* Whether all that decides about the group is known. */
static bool is_known(const struct topology *topology, int group)
{
	for (size_t i = 0; i < topology->n; i++) {
		if (!is_member(&topology->items[i], group))
			continue;
		for (ssize_t at = (ssize_t)i; at >= 0; at = topology->items[at].above)
			if (!topology->items[at].read)
				return false;
	}
	return true;
}

/* A new way, with its ports, which it takes over; NULL without memory. */
static struct split *add(struct finder *finder, enum split_how how, struct bdf_set *ports)
{
	struct splits *to = &finder->splits;
	struct split *split;

	if (!array_grow(to->items, to->n))
		return NULL;
	split = &to->items[to->n++];
	*split = (struct split){.how = how};
	if (ports) {
		split->ports = *ports;
		*ports = (struct bdf_set){0};
	}
	return split;
}

/* ---- another slot ---- */

static bool is_empty(const struct topology *topology, size_t port)
{
	for (size_t i = 0; i < topology->n; i++)
		if (topology->items[i].above == (ssize_t)port)
			return false;
	return true;
}

/* A slot that has nothing in it, and would not share what is put there with anything. */
static bool is_free_slot(const struct topology *topology, size_t i, unsigned int assumed)
{
	const struct topology_device *port = &topology->items[i];

	return port->read && port->bridge && topology_is_port(port) && port->link.slot &&
	       is_empty(topology, i) && is_known(topology, port->group) &&
	       topology_path_isolates(topology, i, assumed);
}

/* Whether it is a card for an Express slot: neither a part of the chipset nor conventional PCI. */
static bool is_express_card(const struct topology *topology, size_t i)
{
	const struct topology_device *device = &topology->items[i];

	return device->above >= 0 && device->link.type == PCI_LINK_ENDPOINT &&
	       topology->items[device->above].link.slot;
}

static int add_slot(struct finder *finder)
{
	const struct topology *topology = finder->topology;
	cleanup_with(bdf_set_free) struct bdf_set ports = {0};
	auto_strbuf struct strbuf names = {0};
	auto_free char *list = NULL;
	struct split *split;
	bool card = false;
	int err = 0;

	for (size_t i = 0; i < topology->n; i++)
		card |= is_wanted(&topology->items[i], finder->group) &&
			is_express_card(topology, i);
	for (size_t i = 0; !err && card && i < topology->n; i++) {
		const struct topology_device *port = &topology->items[i];

		if (!is_free_slot(topology, i, finder->assumed))
			continue;
		strbuf_add_item(&names, "%s (x%u)", bdf_text(&port->bdf), port->link.width);
		err = bdf_set_add(&ports, &port->bdf);
	}
	if (err || !ports.n)
		return err;
	list = strbuf_take(&names);
	split = add(finder, SPLIT_SLOT, &ports);
	if (!list || !split)
		return -ENOMEM;
	split->what = fs_path(ngettext("another slot: a card in that of port %s, which is empty, "
				       "has a group of its own",
				       "another slot: a card in that of one of the ports %s, which "
				       "are empty, has a group of its own",
				       split->ports.n),
			      list);
	return split->what ? 0 : -ENOMEM;
}

/* ---- ACS ---- */

/* Who has it off: a word of the kernel's command line, or nobody that can be seen. */
static const char *word_against_acs(const struct conf_items *cmdline)
{
	for (size_t i = 0; i < cmdline->n; i++) {
		const char *value = cmdline_value(cmdline->items[i].text, "pci");

		if (value && (strstr(value, "disable_acs_redir=") || strstr(value, "config_acs=")))
			return cmdline->items[i].text;
	}
	return NULL;
}

static int add_on(struct finder *finder)
{
	cleanup_with(bdf_set_free) struct bdf_set ports = {0};
	const char *word = word_against_acs(finder->facts->cmdline);
	auto_free char *names = NULL;
	struct split *split;
	int err = find_blamed(finder->topology, finder->group, has_acs_off, &ports);

	if (err || !ports.n || !splits(finder, ASSUME_ON))
		return err;
	names = name_ports(&ports);
	split = names ? add(finder, SPLIT_ON, &ports) : NULL;
	if (!split)
		return -ENOMEM;
	split->what =
		word ? fs_path(_("the ACS of %s is off: take %s off the kernel command line, "
				 "and reboot"),
			       names, word)
		     : fs_path(_("the ACS of %s is off, and the kernel switches it on when it "
				 "finds them: reboot"),
			       names);
	return split->what ? 0 : -ENOMEM;
}

static int add_firmware(struct finder *finder)
{
	cleanup_with(bdf_set_free) struct bdf_set ports = {0};
	auto_free char *names = NULL;
	struct split *split;
	int err = find_blamed(finder->topology, finder->group, lacks_acs, &ports);

	if (err || !ports.n || !splits(finder, ASSUME_DOWNSTREAM))
		return err;
	names = name_ports(&ports);
	split = names ? add(finder, SPLIT_FIRMWARE, &ports) : NULL;
	if (!split)
		return -ENOMEM;
	split->what = fs_path(
		finder->facts->in_vm
			? ngettext("port %s shows no ACS; this host is itself a VM: where it runs, "
				   "give it one that does (QEMU's pcie-root-port, without "
				   "disable-acs)",
				   "ports %s show no ACS; this host is itself a VM: where it runs, "
				   "give it some that do (QEMU's pcie-root-port, without "
				   "disable-acs)",
				   split->ports.n)
			: ngettext("port %s shows no ACS; if the firmware's setup has ACS (often "
				   "beside ARI and AER), switch it on there",
				   "ports %s show no ACS; if the firmware's setup has ACS (often "
				   "beside ARI and AER), switch it on there",
				   split->ports.n),
		names);
	return split->what ? 0 : -ENOMEM;
}

static const struct {
	const char *word;
	unsigned int assume;
} overrides[] = {
	/* The least that helps is the first. */
	{"downstream", ASSUME_DOWNSTREAM},
	{"multifunction", ASSUME_MULTIFUNCTION},
	{"both", ASSUME_DOWNSTREAM | ASSUME_MULTIFUNCTION},
};

/* The kernel may have the word, or not, or nobody knows. */
static int write_override(const struct split_facts *facts, const char *word, struct split *split)
{
	enum answer known = facts->release ? kernelinfo_has_acs_override(facts->release)
					   : ANSWER_UNKNOWN;
	const char *release = facts->release ? facts->release : "";

	if (known == ANSWER_NO)
		split->what = fs_path(
			_("the kernel can pretend, with pcie_acs_override=%s; Proxmox "
			  "VE's kernels know that word, this one (%s) does not"),
			word, release);
	else if (known == ANSWER_YES)
		split->what = strdup(_("the kernel can pretend that they are isolated"));
	else
		split->what = fs_path(
			_("the kernel can pretend that they are isolated, if this one "
			  "(%s) has the patch, as Proxmox VE's have"),
			release);
	if (known != ANSWER_NO)
		split->command = fs_path("host-setup enable --acs-override=%s && reboot", word);
	split->price = strdup(_("the hardware stays as it is: a guest that has one of them may "
				"reach the others, and with them the host's memory"));
	return split->what && split->price && (split->command || known == ANSWER_NO) ? 0 : -ENOMEM;
}

/* With what is pretended already: `enable` keeps no other value of the word. */
static int add_override(struct finder *finder)
{
	unsigned int now = finder->assumed;
	struct split *split;

	for (size_t i = 0; i < ARRAY_SIZE(overrides); i++) {
		if (now & ~overrides[i].assume || !splits(finder, overrides[i].assume))
			continue;
		split = add(finder, SPLIT_OVERRIDE, NULL);
		return split ? write_override(finder->facts, overrides[i].word, split) : -ENOMEM;
	}
	return 0;
}

static int add_card(struct finder *finder)
{
	cleanup_with(bdf_set_free) struct bdf_set bridges = {0};
	auto_free char *names = NULL;
	struct split *split;
	int err = find_blamed(finder->topology, finder->group, shares_a_bus, &bridges);

	if (err || !bridges.n ||
	    splits(finder, ASSUME_ON | ASSUME_DOWNSTREAM | ASSUME_MULTIFUNCTION))
		return err;
	names = name_ports(&bridges);
	split = names ? add(finder, SPLIT_CARD, &bridges) : NULL;
	if (!split)
		return -ENOMEM;
	split->what = fs_path(_("nothing splits conventional PCI (below %s): only a card for PCI "
				"Express in place of one of these, in a slot of its own"),
			      names);
	return split->what ? 0 : -ENOMEM;
}

static unsigned int assumed_by(const struct conf_items *cmdline)
{
	unsigned int assumed = 0;

	for (size_t i = 0; i < cmdline->n; i++) {
		const char *value = cmdline_value(cmdline->items[i].text, "pcie_acs_override");

		for (size_t k = 0; value && k < 2; k++)
			if (cmdline_value_has(value, overrides[k].word))
				assumed |= overrides[k].assume;
	}
	return assumed;
}

int splits_find(const struct split_facts *facts, int group, struct splits *ret)
{
	static int (*const ways[])(struct finder *) = {add_slot, add_on, add_firmware, add_override,
						       add_card};
	const struct topology *topology = facts->topology;
	auto_free size_t *numbers = calloc(topology->n + 1, sizeof(*numbers));
	struct finder finder = {facts, topology, group, assumed_by(facts->cmdline), numbers, {0}};
	int err = numbers ? 0 : -ENOMEM;

	*ret = (struct splits){0};
	if (err || !split_holds_much(topology, group) || !is_known(topology, group) ||
	    splits(&finder, 0))
		return err;
	for (size_t i = 0; !err && i < ARRAY_SIZE(ways); i++)
		err = ways[i](&finder);
	if (err)
		splits_free(&finder.splits);
	else
		*ret = finder.splits;
	return err;
}

void splits_free(struct splits *splits)
{
	for (size_t i = 0; i < splits->n; i++) {
		free(splits->items[i].what);
		free(splits->items[i].command);
		free(splits->items[i].price);
		bdf_set_free(&splits->items[i].ports);
	}
	free(splits->items);
	*splits = (struct splits){0};
}
