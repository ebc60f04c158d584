// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/hostpci.h"

#include <stdio.h>
#include <string.h>

#include "host/text/strbuf.h"
#include "vmcfg/text/propstr.h"

/* In the order of hostpci_keys. */
enum {
	DEVICE_ID,
	DRIVER,
	HOST,
	LEGACY_IGD,
	MAPPING,
	MDEV,
	PCIE,
	ROMBAR,
	ROMFILE,
	SUB_DEVICE_ID,
	SUB_VENDOR_ID,
	VENDOR_ID,
	X_VGA,
	KEYS
};
_Static_assert(KEYS == HOSTPCI_OPTIONS, "hostpci.h says how many");

/* Takes a number of exactly N digits off T. */
static bool take_hex(struct text *t, size_t n)
{
	if (t->len < n || text_span((struct text){t->at, n}, char_is_lower_hex) < n)
		return false;
	*t = text_skip(*t, n);
	return true;
}

bool hostpci_take_slot(struct text *t, bool *ret_has_domain)
{
	size_t digits = text_span(*t, char_is_lower_hex);

	*ret_has_domain = digits >= 4;
	if (*ret_has_domain) {
		*t = text_skip(*t, digits);
		if (!text_take(t, ":"))
			return false;
	}
	return take_hex(t, 2) && text_take(t, ":") && take_hex(t, 2);
}

static bool is_address(struct text t, bool *has_domain, bool *has_function)
{
	if (!hostpci_take_slot(&t, has_domain))
		return false;
	*has_function = t.len > 0;
	return !*has_function || (text_take(&t, ".") && take_hex(&t, 1) && !t.len);
}

int hostpci_address_parse(struct text written, struct hostpci_address *ret)
{
	struct hostpci_address address = {0};
	bool has_domain, has_function;
	auto_free char *full = NULL;

	if (!is_address(written, &has_domain, &has_function))
		return -EINVAL;
	if (asprintf(&full, "%s%.*s%s", has_domain ? "" : "0000:", (int)written.len, written.at,
		     has_function ? "" : ".0") < 0)
		return -ENOMEM;
	address.all_functions = !has_function;
	if (bdf_parse(full, &address.bdf)) {
		if (!has_function)
			full[strlen(full) - strlen(".0")] = '\0';
		address.impossible = TAKE_PTR(full);
	}
	*ret = address;
	return 0;
}

int hostpci_address_add(struct hostpci_address **list, size_t *n, struct hostpci_address *address)
{
	if (!array_grow(*list, *n)) {
		free(address->impossible);
		return -ENOMEM;
	}
	(*list)[(*n)++] = *address;
	return 0;
}

void hostpci_addresses_free(struct hostpci_address *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i].impossible);
	free(list);
}

const char *hostpci_address_format(const struct hostpci_address *address, char buf[BDF_TEXT_SIZE])
{
	if (address->impossible)
		return address->impossible;
	bdf_format(&address->bdf, buf);
	if (address->all_functions)
		buf[strlen(buf) - strlen(".0")] = '\0';
	return buf;
}

bool hostpci_address_names(const struct hostpci_address *address, const struct bdf *bdf)
{
	if (address->impossible)
		return false;
	return address->all_functions ? bdf_same_slot(&address->bdf, bdf)
				      : !bdf_compare(&address->bdf, bdf);
}

bool hostpci_addresses_name(const struct hostpci_address *addresses, size_t n,
			    const struct bdf *bdf)
{
	for (size_t i = 0; i < n; i++)
		if (hostpci_address_names(&addresses[i], bdf))
			return true;
	return false;
}

static bool is_addresses(const struct propstr_key *key, struct text value)
{
	struct text rest = value, address;
	bool has_domain, has_function;

	(void)key;
	while (text_next(&rest, ';', &address)) {
		if (!is_address(address, &has_domain, &has_function))
			return false;
	}
	return true;
}

static bool is_id(const struct propstr_key *key, struct text value)
{
	(void)key;
	return value.len == strlen("0x1234") && text_take(&value, "0x") &&
	       text_span(value, char_is_hex) == value.len;
}

static bool is_mdev_char(char c)
{
	return c != '/' && c != '.' && c != ':';
}

static bool is_mdev(const struct propstr_key *key, struct text value)
{
	(void)key;
	return text_span(value, is_mdev_char) == value.len;
}

static bool is_romfile(const struct propstr_key *key, struct text value)
{
	(void)key;
	return !memchr(value.at, ';', value.len);
}

#define BOOL(text) .name = (text), .check = propstr_is_bool, .expected = PROPSTR_EXPECT_BOOL
#define ID(text)   .name = (text), .check = is_id, .expected = N_("0x and four hex digits")

static const struct propstr_key hostpci_keys[KEYS] = {
	[DEVICE_ID] = {ID("device-id")},
	[DRIVER] = {.name = "driver", .check = propstr_is_choice, .expected = "vfio|keep"},
	[HOST] = {.name = "host",
		  .check = is_addresses,
		  .expected = N_(
			  "PCI addresses like 0000:01:00.0 or 01:00 (lower case), joined with ';'"),
		  .is_default = true},
	[LEGACY_IGD] = {BOOL("legacy-igd")},
	[MAPPING] = {.name = "mapping",
		     .check = propstr_is_configid,
		     .expected = PROPSTR_EXPECT_CONFIGID},
	[MDEV] = {.name = "mdev", .check = is_mdev, .expected = N_("without '/', '.' and ':'")},
	[PCIE] = {BOOL("pcie")},
	[ROMBAR] = {BOOL("rombar")},
	[ROMFILE] = {.name = "romfile", .check = is_romfile, .expected = N_("without ';'")},
	[SUB_DEVICE_ID] = {ID("sub-device-id")},
	[SUB_VENDOR_ID] = {ID("sub-vendor-id")},
	[VENDOR_ID] = {ID("vendor-id")},
	[X_VGA] = {BOOL("x-vga")},
};

const struct propstr_format hostpci_format = {PROPSTR_FORMAT(hostpci_keys)};

static int add_hosts(struct hostpci *entry, struct text value)
{
	struct hostpci_address address;
	struct text written;
	int err = 0;

	while (!err && text_next(&value, ';', &written)) {
		err = hostpci_address_parse(written, &address);
		if (!err)
			err = hostpci_address_add(&entry->hosts, &entry->n_hosts, &address);
	}
	return err;
}

static int get_bool(struct text value)
{
	return value.at ? propstr_bool(value) : -1;
}

int hostpci_parse(const char *value, size_t len, struct hostpci **ret, char **ret_why)
{
	cleanup_with(hostpci_freep) struct hostpci *entry = NULL;
	struct text text = {value, len};
	struct text values[KEYS];
	int err = propstr_parse(&hostpci_format, text, values, ret_why);

	if (err)
		return err;
	entry = calloc(1, sizeof(*entry));
	if (!entry || text_copy(text, &entry->value) ||
	    text_copy(values[MAPPING], &entry->mapping) || text_copy(values[MDEV], &entry->mdev) ||
	    text_copy(values[DRIVER], &entry->driver) ||
	    text_copy(values[ROMFILE], &entry->romfile))
		return -ENOMEM;
	entry->value_len = len;
	err = add_hosts(entry, values[HOST]);
	if (err)
		return err;
	entry->pcie = get_bool(values[PCIE]);
	entry->legacy_igd = get_bool(values[LEGACY_IGD]);
	entry->rombar = get_bool(values[ROMBAR]);
	entry->x_vga = get_bool(values[X_VGA]);
	*ret = TAKE_PTR(entry);
	return 0;
}

/* VALUE with BY in place of PIECE of it. A new string, or NULL without memory. */
static char *splice(struct text value, struct text piece, const char *by)
{
	char *changed;

	return asprintf(&changed, "%.*s%s%s", (int)(piece.at - value.at), value.at, by,
			piece.at + piece.len) < 0
		       ? NULL
		       : changed;
}

char *hostpci_value_with_pcie(const struct hostpci *entry)
{
	struct text value = {entry->value, entry->value_len}, rest = value, part;
	struct text before = {NULL, 0}; /* the part that pcie=1 is to follow */
	bool is_device = false;

	while (text_next(&rest, ',', &part)) {
		struct text option = part;

		if (text_take(&option, "pcie="))
			return splice(value, part, "pcie=1");
		if (text_is_blank(part))
			continue;
		if (!memchr(part.at, '=', part.len) || text_take(&option, "host=") ||
		    text_take(&option, "mapping=")) {
			before = part;
			is_device = true;
		} else if (!is_device) {
			before = part;
		}
	}
	if (!before.at)
		return strdup("pcie=1");
	return splice(value, text_skip(before, before.len), ",pcie=1");
}

char *hostpci_value_without(const struct hostpci *entry, const char *option)
{
	struct text rest = {entry->value, entry->value_len}, part;
	auto_strbuf struct strbuf value = {0};

	while (text_next(&rest, ',', &part)) {
		struct text left = part;

		if (text_take(&left, option) && text_take(&left, "="))
			continue;
		if (value.len)
			strbuf_add(&value, ",");
		strbuf_add_bytes(&value, part.at, part.len);
	}
	return strbuf_take(&value);
}

char *hostpci_value_with_mapping(const struct hostpci *entry, const char *name)
{
	struct text rest = {entry->value, entry->value_len}, part;
	auto_strbuf struct strbuf value = {0};
	bool placed = false;

	while (text_next(&rest, ',', &part)) {
		struct text option = part;
		bool is_host = !text_is_blank(part) &&
			       (!memchr(part.at, '=', part.len) || text_take(&option, "host="));

		/* "0,01:00.0" has two. */
		if (is_host && placed)
			continue;
		if (value.len)
			strbuf_add(&value, ",");
		if (is_host)
			strbuf_add(&value, "mapping=%s", name);
		else
			strbuf_add_bytes(&value, part.at, part.len);
		placed |= is_host;
	}
	return strbuf_take(&value);
}

/* Whether address I of the entry names nothing that another one does not name. */
static bool is_superfluous(const struct hostpci *entry, size_t i)
{
	const struct hostpci_address *address = &entry->hosts[i];

	for (size_t k = 0; !address->impossible && k < entry->n_hosts; k++) {
		const struct hostpci_address *other = &entry->hosts[k];

		if (k == i || other->impossible || !hostpci_address_names(other, &address->bdf))
			continue;
		if (address->all_functions ? other->all_functions && k < i
					   : other->all_functions || k < i)
			return true;
	}
	return false;
}

/* The entry's value without the addresses of host= that are true in LEFT_OUT. A new string, or NULL
 * without memory. */
static char *value_without_some(const struct hostpci *entry, const bool *left_out)
{
	struct text value = {entry->value, entry->value_len}, values[KEYS], rest, written;
	auto_strbuf struct strbuf list = {0};
	auto_free char *addresses = NULL;

	if (propstr_parse(&hostpci_format, value, values, NULL) || !values[HOST].at)
		return strdup(entry->value);
	rest = values[HOST];
	for (size_t i = 0; i < entry->n_hosts && text_next(&rest, ';', &written); i++) {
		if (left_out[i])
			continue;
		if (list.len)
			strbuf_add(&list, ";");
		strbuf_add_bytes(&list, written.at, written.len);
	}
	addresses = strbuf_take(&list);
	return addresses ? splice(value, values[HOST], addresses) : NULL;
}

char *hostpci_value_once(const struct hostpci *entry)
{
	auto_free bool *left_out = calloc(entry->n_hosts + 1, sizeof(*left_out));

	for (size_t i = 0; left_out && i < entry->n_hosts; i++)
		left_out[i] = is_superfluous(entry, i);
	return left_out ? value_without_some(entry, left_out) : NULL;
}

char *hostpci_value_without_devices(const struct hostpci *entry, const struct bdf *devices,
				    size_t n)
{
	auto_free bool *left_out = calloc(entry->n_hosts + 1, sizeof(*left_out));

	for (size_t i = 0; left_out && i < entry->n_hosts; i++)
		for (size_t k = 0; k < n; k++)
			left_out[i] |= hostpci_address_names(&entry->hosts[i], &devices[k]);
	return left_out ? value_without_some(entry, left_out) : NULL;
}

/* The move of the address; NULL when it is unchanged. */
static const struct hostpci_move *find_move(const struct hostpci_address *address,
					    const struct hostpci_move *moves, size_t n_moves)
{
	const struct hostpci_move *found = NULL;

	for (size_t i = 0; moves && i < n_moves; i++) {
		const struct hostpci_move *move = &moves[i];

		if (!hostpci_address_names(address, &move->from))
			continue;
		if (!address->all_functions)
			return move;
		if (move->from.func != move->to.func ||
		    (found && !bdf_same_slot(&found->to, &move->to)))
			return NULL;
		found = move;
	}
	return found;
}

/* Adds the new address, without the domain if it is 0 and was not written before. */
static void put_address(struct strbuf *out, const struct hostpci_address *address,
			struct text written, const struct hostpci_move *move)
{
	bool bare = text_span(written, char_is_lower_hex) < 4 && !move->to.domain;
	struct hostpci_address to = {move->to, address->all_functions, NULL};
	char buf[BDF_TEXT_SIZE];

	strbuf_add(out, "%s", hostpci_address_format(&to, buf) + (bare ? strlen("0000:") : 0));
}

/* Adds the list; returns how many addresses moved. */
static size_t put_addresses(struct strbuf *out, const struct hostpci *entry, struct text list,
			    const struct hostpci_move *moves, size_t n_moves)
{
	struct text rest = list, written;
	size_t moved = 0;

	for (size_t i = 0; i < entry->n_hosts && text_next(&rest, ';', &written); i++) {
		const struct hostpci_move *move = find_move(&entry->hosts[i], moves, n_moves);

		strbuf_add(out, "%s", i ? ";" : "");
		if (move)
			put_address(out, &entry->hosts[i], written, move);
		else
			strbuf_add_bytes(out, written.at, written.len);
		moved += move ? 1 : 0;
	}
	return moved;
}

int hostpci_value_with_moves(const struct hostpci *entry, const struct hostpci_move *moves,
			     size_t n_moves, char **ret)
{
	struct text value = {entry->value, entry->value_len}, values[KEYS];
	auto_strbuf struct strbuf list = {0};
	auto_free char *addresses = NULL;
	char *changed;

	if (propstr_parse(&hostpci_format, value, values, NULL) || !values[HOST].at ||
	    !put_addresses(&list, entry, values[HOST], moves, n_moves))
		return -ENOENT;
	addresses = strbuf_take(&list);
	changed = addresses ? splice(value, values[HOST], addresses) : NULL;
	if (!changed)
		return -ENOMEM;
	*ret = changed;
	return 0;
}

void hostpci_free(struct hostpci *entry)
{
	if (!entry)
		return;
	hostpci_addresses_free(entry->hosts, entry->n_hosts);
	free(entry->value);
	free(entry->mapping);
	free(entry->mdev);
	free(entry->driver);
	free(entry->romfile);
	free(entry);
}
