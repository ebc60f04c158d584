// SPDX-License-Identifier: GPL-2.0-or-later
/* Which interfaces systemd-networkd will use at boot. */
#include "host/setup/early/boot_uses.h"

#include <ctype.h>
#include <fnmatch.h>
#include <string.h>

#include "host/text/strbuf.h"
#include "host/setup/sriov/units.h"

#define TEXT_MAX ((size_t)1024 * 1024)
#define BLANKS	 " \t\r"

/* A file in an earlier one has its name alone. (systemd.network(5)) */
static const char *const dirs[] = {"etc/systemd/network", "run/systemd/network",
				   "usr/local/lib/systemd/network", "usr/lib/systemd/network",
				   "lib/systemd/network"};

enum match { MATCH_NO, MATCH_MAYBE, MATCH_YES };

/* Whether VALUES, words, have one that the device has. */
typedef enum match match_function(const struct boot_names *names, const char *values);

/* ---- what a condition says ---- */

/* Whether the patterns have TEXT (NULL: nothing is known of it but that it is none of these); '!'
 * before one leaves it out. */
static bool globs_match(const char *patterns, const char *text)
{
	auto_free char *copy = strdup(patterns);
	char *rest = copy, *word;
	bool positive = false, match = false;

	while ((word = strsep(&rest, BLANKS))) {
		bool inverted = *word == '!';

		if (!*word)
			continue;
		positive |= !inverted;
		if (!text || fnmatch(word + inverted, text, 0) != 0)
			continue;
		if (inverted)
			return false;
		match = true;
	}
	return match || !positive;
}

/* Other names than the interface's own are those that udev may have given it. */
static enum match match_name(const struct boot_names *names, const char *values)
{
	enum match match = MATCH_NO;

	for (size_t i = 0; i < names->nets.n; i++) {
		const char *name = names->nets.items[i];

		if (globs_match(values, name) && fs_names_has(&names->interfaces, name))
			return MATCH_YES;
		if (globs_match(values, name))
			match = MATCH_MAYBE;
	}
	return match;
}

/* Whether both are the same hexadecimal digits, whatever is between them. */
static bool same_mac(const char *a, size_t len, const char *b)
{
	const char *end = a + len;

	for (;; a++, b++) {
		while (a < end && !isxdigit((unsigned char)*a))
			a++;
		while (*b && !isxdigit((unsigned char)*b))
			b++;
		if (a == end || !*b)
			return a == end && !*b;
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
	}
}

static enum match match_mac(const struct boot_names *names, const char *values)
{
	for (const char *at = values + strspn(values, BLANKS); *at; at += strspn(at, BLANKS)) {
		size_t len = strcspn(at, BLANKS);

		for (size_t i = 0; i < names->macs.n; i++)
			if (same_mac(at, len, names->macs.items[i]))
				return MATCH_YES;
		at += len;
	}
	return names->macs.n ? MATCH_NO : MATCH_MAYBE;
}

/* The address of now may not be the permanent one. */
static enum match match_permanent_mac(const struct boot_names *names, const char *values)
{
	return match_mac(names, values) == MATCH_YES ? MATCH_YES : MATCH_MAYBE;
}

static enum match match_path(const struct boot_names *names, const char *values)
{
	return globs_match(values, names->path) ? MATCH_YES : MATCH_NO;
}

/* One that is on vfio-pci has another driver in a boot without that. */
static enum match match_driver(const struct boot_names *names, const char *values)
{
	if (!names->driver || strstr(names->driver, "vfio"))
		return MATCH_MAYBE;
	return globs_match(values, names->driver) ? MATCH_YES : MATCH_NO;
}

static enum match match_type(const struct boot_names *names, const char *values)
{
	if (!names->type)
		return MATCH_MAYBE;
	return globs_match(values, names->type) ? MATCH_YES : MATCH_NO;
}

/* That of an interface which is no hardware: "bridge". */
static enum match match_kind(const struct boot_names *names, const char *values)
{
	(void)names;
	return globs_match(values, NULL) ? MATCH_YES : MATCH_NO;
}

/* A wireless card begins as a station. */
static enum match match_wireless(const struct boot_names *names, const char *values)
{
	if (names->type && !strcmp(names->type, "ether"))
		return MATCH_NO;
	return strstr(values, "station") || strchr(values, '!') ? MATCH_MAYBE : MATCH_NO;
}

static enum match match_unknown(const struct boot_names *names, const char *values)
{
	(void)names;
	(void)values;
	return MATCH_MAYBE;
}

static const struct {
	const char *key;
	match_function *match;
} conditions[] = {
	{"Name", match_name},
	{"MACAddress", match_mac},
	{"PermanentMACAddress", match_permanent_mac},
	{"Path", match_path},
	{"Driver", match_driver},
	{"Type", match_type},
	{"Kind", match_kind},
	{"WLANInterfaceType", match_wireless},
	{NULL, match_unknown}, /* all others */
};

#define N_CONDITIONS ARRAY_SIZE(conditions)

/* ---- a file ---- */

struct network {
	struct strbuf values[N_CONDITIONS];
	bool unmanaged;
	char *file, *text; /* of the first condition; NULL: there is none */
	unsigned int line;
};

static void network_free(struct network *network)
{
	for (size_t i = 0; i < N_CONDITIONS; i++)
		strbuf_free(&network->values[i]);
	free(network->file);
	free(network->text);
}

/* What a '!' before the first word stands before is all of the line. */
static void add_values(struct strbuf *to, char *values)
{
	const char *sign = *values == '!' ? "!" : "";
	char *rest = values + strlen(sign), *word;

	while ((word = strsep(&rest, BLANKS)))
		if (*word)
			strbuf_add(to, " %s%s", *word == '!' ? "" : sign, word);
}

/* Takes "KEY=VALUE" of the section [Match], which is cut; an empty value forgets those before. */
static int add_condition(struct network *network, char *line, const char *file, unsigned int number)
{
	auto_free char *text = strdup(line);
	char *value = strchr(line, '=');
	size_t i = 0;

	if (!text)
		return -ENOMEM;
	if (!value)
		return 0;
	*value++ = '\0';
	line[strcspn(line, BLANKS)] = '\0';
	value += strspn(value, BLANKS);
	while (conditions[i].key && strcmp(conditions[i].key, line) != 0)
		i++;
	if (!*value) {
		strbuf_free(&network->values[i]);
		return 0;
	}
	add_values(&network->values[i], value);
	if (network->text)
		return network->values[i].failed ? -ENOMEM : 0;
	network->file = strdup(file);
	network->text = TAKE_PTR(text);
	network->line = number;
	return network->file && !network->values[i].failed ? 0 : -ENOMEM;
}

static bool is_true(const char *value)
{
	return strchr("1yYtT", *value) || !strncasecmp(value, "on", 2);
}

/* Takes a line of a section of KIND: 'M' of [Match], 'L' of [Link]. */
static int take_line(struct network *network, char kind, char *line, const char *file,
		     unsigned int number)
{
	const char *value;

	if (kind == 'M')
		return add_condition(network, line, file, number);
	value = kind == 'L' ? after_prefix(line, "Unmanaged") : NULL;
	value = value ? value + strspn(value, BLANKS) : NULL;
	if (value && *value == '=')
		network->unmanaged = value[1] && is_true(value + 1 + strspn(value + 1, BLANKS));
	return 0;
}

static int parse(struct network *network, char *text, const char *file)
{
	char kind = 0, *rest = text, *line;
	int err = 0;

	for (char *at = text; (at = strstr(at, "\\\n")); at += 2)
		memcpy(at, " \r", 2);
	for (unsigned int number = 1; !err && (line = strsep(&rest, "\n")); number++) {
		unsigned int more = 0;

		for (const char *at = line; (at = strchr(at, '\r')); at++)
			more++;
		line += strspn(line, BLANKS);
		if (*line == '[')
			kind = after_prefix(line, "[Match]")  ? 'M'
			       : after_prefix(line, "[Link]") ? 'L'
							      : 0;
		else if (*line && !strchr("#;", *line))
			err = take_line(network, kind, line, file, number);
		number += more;
	}
	return err;
}

static int read_one(const struct fs_root *root, const char *path, struct network *network)
{
	auto_free char *text = NULL;
	int err = boot_uses_read(root, path, TEXT_MAX, &text, NULL);

	return err || !text ? err : parse(network, text, path);
}

/* Adds the names in BELOW (NULL: nothing) of each directory that end in SUFFIX. */
static int list_names(const struct fs_root *root, const char *below, const char *suffix,
		      struct fs_names *ret)
{
	int err = 0;

	for (size_t k = 0; !err && k < ARRAY_SIZE(dirs); k++) {
		auto_free char *dir = fs_path("%s%s%s", dirs[k], below ? "/" : "",
					      below ? below : "");
		auto_names struct fs_names names = {0};

		err = fs_list(root, dir, &names);
		for (size_t i = 0; !err && i < names.n; i++) {
			const char *end = strrchr(names.items[i], '.');

			if (end && !strcmp(end, suffix))
				err = fs_names_add(ret, names.items[i]);
		}
	}
	fs_names_sort(ret);
	return err;
}

/* Reads NAME of the first directory that has it. */
static int read_first(const struct fs_root *root, const char *name, struct network *network)
{
	for (size_t k = 0; k < ARRAY_SIZE(dirs); k++) {
		auto_free char *path = fs_path("%s/%s", dirs[k], name), *target = NULL;
		int err = fs_link_target(root, path, &target);

		if (err && err != -EINVAL && !fs_is_absent(err))
			return err;
		if (!err || err == -EINVAL) /* a link to /dev/null masks the others */
			return read_one(root, path, network);
	}
	return 0;
}

static int read_network(const struct fs_root *root, const char *name, struct network *network)
{
	auto_free char *dir = fs_path("%s.d", name);
	auto_names struct fs_names names = {0};
	int err = dir ? read_first(root, name, network) : -ENOMEM;

	err = err ?: list_names(root, dir, ".conf", &names);
	for (size_t i = 0; !err && i < names.n; i++) {
		auto_free char *path = fs_path("%s/%s", dir, names.items[i]);

		err = path ? read_first(root, path, network) : -ENOMEM;
	}
	return err;
}

/* All conditions must be true; a file without any is ignored. */
static enum match match(const struct network *network, const struct boot_names *names)
{
	enum match all = MATCH_NO;

	for (size_t i = 0; i < N_CONDITIONS; i++) {
		enum match one;

		if (!network->values[i].len)
			continue;
		one = conditions[i].match(names, network->values[i].text);
		if (one == MATCH_NO)
			return MATCH_NO;
		all = all == MATCH_NO || one < all ? one : all;
	}
	return all;
}

/* ---- all of them ---- */

/* Whether it runs at boot; its state is there once it has run. */
static int is_enabled(const struct fs_root *root)
{
	int enabled = units_enabled(root, "systemd-networkd.service");

	return enabled ? enabled : fs_probe(root, "run/systemd/netif/state");
}

int boot_uses_find_networkd(const struct fs_root *root, const struct boot_names *names,
			    struct conf_items *ret)
{
	auto_names struct fs_names files = {0};
	int err = is_enabled(root);

	if (err <= 0)
		return err;
	err = list_names(root, NULL, ".network", &files);
	for (size_t i = 0; !err && i < files.n; i++) {
		cleanup_with(network_free) struct network network = {0};
		enum match matches;

		err = read_network(root, files.items[i], &network);
		matches = err ? MATCH_NO : match(&network, names);
		if (matches == MATCH_YES && network.unmanaged)
			return 0;
		if (matches != MATCH_NO && !network.unmanaged)
			return conf_items_add(ret, network.text, network.file, network.line);
	}
	return err;
}
