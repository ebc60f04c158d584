// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/sriov/setters_match.h"

#include <ctype.h>
#include <fnmatch.h>
#include <string.h>

#include "host/pci/driver.h"
#include "host/pci/pci.h"

#define NET "sys/class/net"

/* ---- the PF ---- */

#define UDEV_TEXT_MAX ((size_t)64 * 1024)

/*
 * The interface's name, and those that udev found for it: its alternative names, by which
 * configurations call it that are older than the name that it has (systemd.link(5),
 * AlternativeNamesPolicy=), "E:ID_NET_NAME_PATH=enp3s0f0" in udev's file of it.
 */
static int add_names(const struct fs_root *root, const char *name, struct fs_names *names)
{
	auto_free char *path = fs_path(NET "/%s/ifindex", name), *index = NULL;
	auto_free char *file = NULL, *text = NULL;
	char *rest, *line;
	int err = fs_names_add(names, name) ?: fs_read_attr(root, path, &index);

	if (err)
		return err == -ENOENT || err == -ENODEV ? 0 : err;
	file = fs_path("run/udev/data/n%s", index);
	err = fs_read(root, file, UDEV_TEXT_MAX, &text, NULL);
	rest = text;
	while (!err && (line = strsep(&rest, "\n"))) {
		const char *value = after_prefix(line, "E:ID_NET_NAME");

		value = value ? strchr(value, '=') : NULL;
		err = value && value[1] ? fs_names_add(names, value + 1) : 0;
	}
	return err == -ENOENT ? 0 : err;
}

static int add_interface(const struct fs_root *root, const char *name, struct setters_pf *pf)
{
	auto_free char *link = fs_path(NET "/%s/device", name), *device = NULL;
	auto_free char *path = fs_path(NET "/%s/address", name), *mac = NULL;
	int err = link ? fs_link_name_if(root, link, &device) : -ENOMEM;

	if (err || !device)
		return err;
	if (strcmp(device, bdf_text(&pf->bdf)))
		return add_names(root, name, &pf->others);
	err = add_names(root, name, &pf->interfaces);
	if (!err && path && !fs_read_attr(root, path, &mac))
		err = fs_names_add(&pf->macs, mac);
	return err;
}

int setters_pf_read(const struct fs_root *root, const struct bdf *bdf, struct setters_pf *ret)
{
	auto_setters_pf struct setters_pf pf = {.bdf = *bdf};
	auto_names struct fs_names names = {0};
	int err = pci_driver(root, bdf, &pf.driver);

	if (!err && pf.driver)
		err = driver_module(root, pf.driver, &pf.module);
	if (!err && pf.driver && !pf.module && !(pf.module = strdup(pf.driver)))
		err = -ENOMEM;
	if (!err)
		err = fs_list(root, NET, &names);
	for (size_t i = 0; !err && i < names.n; i++)
		err = add_interface(root, names.items[i], &pf);
	if (err)
		return err;
	*ret = pf;
	pf = (struct setters_pf){0};
	return 0;
}

void setters_pf_free(struct setters_pf *pf)
{
	free(pf->driver);
	free(pf->module);
	fs_names_free(&pf->interfaces);
	fs_names_free(&pf->macs);
	fs_names_free(&pf->others);
	*pf = (struct setters_pf){0};
}

/* ---- addresses and names in a text ---- */

/* The address at TEXT, "0000:03:00.0" or "03:00.0", and how long it is; 0: there is none. */
static size_t address_at(const char *text, struct bdf *ret)
{
	static const char *const shapes[] = {"0000:%.*s", "%.*s"};
	static const size_t lengths[] = {7, 12};

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		size_t len = strnlen(text, lengths[i]);
		auto_free char *address = i ? fs_path("%.*s", (int)len, text)
					    : fs_path("0000:%.*s", (int)len, text);

		if (len == lengths[i] && address && !bdf_parse(address, ret) &&
		    !isxdigit((unsigned char)text[len]))
			return len;
	}
	return 0;
}

static bool is_name_character(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* Whether NAME is in TEXT as a word. */
static bool has_name(const char *text, const char *name)
{
	for (const char *at = text; (at = strstr(at, name)); at++)
		if ((at == text || !is_name_character(at[-1])) &&
		    !is_name_character(at[strlen(name)]))
			return true;
	return false;
}

static bool has_any(const char *text, const struct fs_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		if (has_name(text, names->items[i]))
			return true;
	return false;
}

static bool is_name_of(const struct fs_names *names, const char *text, size_t len)
{
	for (size_t i = 0; i < names->n; i++)
		if (strlen(names->items[i]) == len && !strncmp(names->items[i], text, len))
			return true;
	return false;
}

/*
 * Whether TEXT has a path of an interface of which it is not known whose it is,
 * "class/net/enp9s0/": one that is not there now may be the PF's, as soon as that has its driver or
 * another name.
 */
static bool names_unknown(const struct setters_pf *pf, const char *text)
{
	static const char net[] = "class/net/";

	for (const char *at = text; (at = strstr(at, net));) {
		size_t len;

		at += strlen(net);
		len = strcspn(at, "/ \t\"'");
		if (at[len] == '/' && len && strcspn(at, "$*?[{%") > len &&
		    !is_name_of(&pf->others, at, len))
			return true;
	}
	return false;
}

enum setters_match setters_match(const struct setters_pf *pf, const char *text)
{
	enum setters_match match = SETTERS_UNCLEAR;

	for (const char *at = text; *at; at++) {
		struct bdf bdf;
		bool inside = at > text && (isxdigit((unsigned char)at[-1]) || at[-1] == ':');
		size_t len = inside ? 0 : address_at(at, &bdf);

		if (!len)
			continue;
		if (!bdf_compare(&bdf, &pf->bdf))
			return SETTERS_OURS;
		match = SETTERS_OTHER;
		at += len - 1;
	}
	if (has_any(text, &pf->interfaces) || has_any(text, &pf->macs))
		return SETTERS_OURS;
	if (names_unknown(pf, text))
		return SETTERS_UNCLEAR;
	return has_any(text, &pf->others) ? SETTERS_OTHER : match;
}

/* ---- patterns ---- */

static bool pattern_fits(const char *pattern, const struct fs_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		if (!fnmatch(pattern, names->items[i], FNM_CASEFOLD))
			return true;
	return false;
}

/* Whether one of the patterns in VALUE, of LEN characters and with SEPARATORS between them, fits
 * the PF's address after PREFIX, or one of NAMES. */
static bool value_fits(const struct setters_pf *pf, const char *value, size_t len,
		       const char *separators, const char *prefix, const struct fs_names *names)
{
	auto_free char *copy = strndup(value, len);
	auto_free char *address = fs_path("%s%s", prefix, bdf_text(&pf->bdf));
	char *rest = copy, *pattern;

	if (!copy || !address)
		return true;
	while ((pattern = strsep(&rest, separators)))
		if (*pattern == '!' ||
		    (*pattern && (!fnmatch(pattern, address, 0) || pattern_fits(pattern, names))))
			return true;
	return false;
}

/* The value of KEY=="VALUE" in the rule, of *RET_LEN characters; NULL: it has no such key. */
static const char *rule_value(const char *rule, const char *key, size_t *ret_len)
{
	auto_free char *wanted = fs_path("%s==\"", key);

	for (const char *at = rule; wanted && (at = strstr(at, wanted)); at++) {
		if (at != rule && (isalnum((unsigned char)at[-1]) || at[-1] == '_'))
			continue;
		at += strlen(wanted);
		*ret_len = strcspn(at, "\"");
		return at;
	}
	return NULL;
}

enum setters_match setters_match_rule(const struct setters_pf *pf, const char *rule)
{
	static const char *const keys[] = {"KERNEL", "KERNELS", "NAME", "ENV{INTERFACE}",
					   "ATTR{address}"};
	struct fs_names drivers = {.items = (char **)&pf->driver, .n = pf->driver ? 1 : 0};
	const char *value;
	bool fits = false;
	size_t len;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		value = rule_value(rule, keys[i], &len);
		if (!value)
			continue;
		if (!value_fits(pf, value, len, "|", "", &pf->interfaces) &&
		    !value_fits(pf, value, len, "|", "", &pf->macs))
			return SETTERS_OTHER;
		fits = true;
	}
	value = rule_value(rule, "DRIVERS", &len) ?: rule_value(rule, "DRIVER", &len);
	if (value && pf->driver && !value_fits(pf, value, len, "|", "", &drivers))
		return SETTERS_OTHER;
	return fits ? SETTERS_OURS : setters_match(pf, rule);
}

/* Whether the line KEY=VALUE of [Match] lets the PF's interface through. */
static bool link_line_fits(const struct setters_pf *pf, const char *key, size_t key_len,
			   const char *value)
{
	const struct fs_names drivers = {.items = (char **)&pf->driver, .n = pf->driver ? 1 : 0};
	const struct {
		const char *key, *prefix;
		const struct fs_names *names;
	} lines[] = {
		{"Path", "pci-", &(const struct fs_names){0}}, {"Driver", "", &drivers},
		{"OriginalName", "", &pf->interfaces},	       {"MACAddress", "", &pf->macs},
		{"PermanentMACAddress", "", &pf->macs},
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (strlen(lines[i].key) == key_len && !strncmp(lines[i].key, key, key_len))
			return (!lines[i].names->n && !*lines[i].prefix) ||
			       value_fits(pf, value, strlen(value), " \t", lines[i].prefix,
					  lines[i].names);
	return true;
}

enum setters_match setters_match_link(const struct setters_pf *pf, const char *text)
{
	auto_free char *copy = strdup(text);
	char *rest = copy, *line;
	bool in_match = false;

	while (copy && (line = strsep(&rest, "\n"))) {
		size_t len;

		line += strspn(line, " \t");
		if (*line == '[')
			in_match = after_prefix(line, "[Match]");
		if (!in_match || *line == '#' || *line == ';' || !strchr(line, '='))
			continue;
		len = strcspn(line, "= \t");
		if (!link_line_fits(pf, line, len,
				    strchr(line, '=') + 1 + strspn(strchr(line, '=') + 1, " \t")))
			return SETTERS_OTHER;
	}
	return SETTERS_UNCLEAR;
}
