// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/early/boot_uses.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX ((size_t)1024 * 1024)
#define BLANKS	 " \t\r"

/* Options of one interface that name others below it; ifupdown2 takes '-' and '_' alike. */
static const char *const lowers[] = {
	"bridge-ports", "bond-slaves",	   "slaves",	    "bond-primary", "ovs-ports",
	"ovs-bonds",	"vlan-raw-device", "vxlan-physdev", "vrf-slave",
};

/* Options by which an interface itself is used. */
static const char *const uses[] = {
	"address", "gateway", "ovs-type", "ovs-bridge", "bond-master", "master", "vrf",
};

static bool same_option(const char *word, const char *option)
{
	for (; *word && *option; word++, option++)
		if (*option == '-' ? !strchr("-_", *word) : *word != *option)
			return false;
	return !*word && !*option;
}

static bool is_one_of(const char *word, const char *const *options, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (same_option(word, options[i]))
			return true;
	return false;
}

/* Whether WORD is an interface of ours; its VLAN or alias "eno1.100", "eno1:0" needs it, too. */
static bool is_ours(const struct fs_names *nets, const char *word, bool *ret_derived)
{
	for (size_t i = 0; i < nets->n; i++) {
		const char *rest = after_prefix(word, nets->items[i]);

		*ret_derived = rest && *rest;
		if (rest && (!*rest || *rest == '.' || *rest == ':'))
			return true;
	}
	return false;
}

/* Whether a word of REST is ours, or all ports are. Cuts it. */
static bool names_ours(const struct fs_names *nets, char *rest)
{
	char *word;
	bool derived;

	while ((word = strsep(&rest, BLANKS)))
		if (!strcmp(word, "all") || (*word && is_ours(nets, word, &derived)))
			return true;
	return false;
}

bool boot_uses_decides(const char *line)
{
	static const char *const others[] = {"iface", "auto", "mapping", "source",
					     "source-directory"};
	auto_free char *word = strndup(line, strcspn(line, BLANKS "\\"));

	return !word || after_prefix(word, "allow-") ||
	       is_one_of(word, others, ARRAY_SIZE(others)) ||
	       is_one_of(word, uses, ARRAY_SIZE(uses)) ||
	       is_one_of(word, lowers, ARRAY_SIZE(lowers));
}

struct stanza {
	const struct fs_names *nets;
	bool ours; /* the lines are about an interface of ours */
};

/* Whether the line, which is cut, uses an interface. */
static bool uses_it(struct stanza *stanza, char *line)
{
	char *rest = line, *word = strsep(&rest, BLANKS), *name;
	bool derived = false;

	if (rest)
		rest += strspn(rest, BLANKS);
	if (!strcmp(word, "iface") && rest) {
		name = strsep(&rest, BLANKS);
		stanza->ours = is_ours(stanza->nets, name, &derived);
		if (rest)
			rest += strspn(rest, BLANKS);
		/* ifupdown2 takes a line without a method; its options decide then. */
		return stanza->ours && (derived || (rest && *rest && !has_word(rest, "manual")));
	}
	if (after_prefix(word, "allow-") ||
	    has_word("auto mapping source source-directory", word)) {
		stanza->ours = false;
		return false;
	}
	if (stanza->ours)
		return is_one_of(word, uses, ARRAY_SIZE(uses));
	return rest && is_one_of(word, lowers, ARRAY_SIZE(lowers)) &&
	       names_ours(stanza->nets, rest);
}

/* A line that ends in a backslash goes on in the next one; the '\r' counts it. */
static void join_lines(char *text)
{
	for (char *at = text; (at = strstr(at, "\\\n")); at += 2)
		memcpy(at, " \r", 2);
}

static unsigned int joined(const char *line)
{
	unsigned int n = 0;

	while ((line = strchr(line, '\r'))) {
		n++;
		line++;
	}
	return n;
}

int boot_uses_parse_nets(const char *text, const char *file, const struct fs_names *nets,
			 struct conf_items *ret)
{
	auto_free char *copy = strdup(text);
	struct stanza stanza = {.nets = nets};
	char *rest = copy, *line;
	int err = copy ? 0 : -ENOMEM;

	if (copy)
		join_lines(copy);
	for (unsigned int number = 1; !err && (line = strsep(&rest, "\n"));) {
		auto_free char *cut = strdup(line + strspn(line, BLANKS));

		if (!cut)
			return -ENOMEM;
		if (*cut && *cut != '#' && uses_it(&stanza, cut))
			err = conf_items_add(ret, line + strspn(line, BLANKS), file, number);
		number += 1 + joined(line);
	}
	return err;
}

/* More files than anybody has, and more than any circle of them is let to be read. */
#define FILES_MAX 1000

/* Adds what the file PATH names to the files that are to be read. */
static int add_sources(const struct fs_root *root, const char *path, struct fs_names *files)
{
	auto_free char *text = NULL;
	int err = boot_uses_read(root, path, TEXT_MAX, &text, NULL);

	return err || !text ? err : boot_uses_list_sources(root, text, path, files);
}

int boot_uses_list_interfaces(const struct fs_root *root, struct fs_names *ret)
{
	static const char dir[] = "etc/network/interfaces.d";
	auto_names struct fs_names names = {0};
	int err = fs_list(root, dir, &names);

	err = err ?: fs_names_add(ret, "etc/network/interfaces");
	for (size_t i = 0; !err && i < names.n; i++) {
		auto_free char *path = fs_path("%s/%s", dir, names.items[i]);

		err = path ? fs_names_add(ret, path) : -ENOMEM;
	}
	for (size_t i = 0; !err && i < ret->n; i++)
		err = i < FILES_MAX ? add_sources(root, ret->items[i], ret) : -ELOOP;
	return err;
}

static int find_interfaces(const struct fs_root *root, const struct fs_names *nets,
			   struct conf_items *ret)
{
	auto_names struct fs_names files = {0};
	int err = boot_uses_list_interfaces(root, &files);

	for (size_t i = 0; !err && i < files.n; i++) {
		auto_free char *text = NULL;

		err = boot_uses_read(root, files.items[i], TEXT_MAX, &text, NULL);
		if (!err && text)
			err = boot_uses_parse_nets(text, files.items[i], nets, ret);
	}
	return err;
}

int boot_uses_find_nets(const struct fs_root *root, const struct boot_names *names,
			struct conf_items *ret)
{
	int err = names->nets.n ? find_interfaces(root, &names->nets, ret) : 0;

	return err || !names->nets.n ? err : boot_uses_find_networkd(root, names, ret);
}
