// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/mapping.h"

#include <stdio.h>
#include <string.h>

#include "vmcfg/text/propstr.h"
#include "vmcfg/text/sections.h"

/* In JSONSchema's characters, which are bytes here. */
#define DESCRIPTION_MAX 4096

struct parser {
	struct mappings *mappings;
	bool has_mdev; /* the section has a valid line "mdev" */
};

/* --- map lines --- */

/* In the order of map_keys. */
enum { DESCRIPTION, ID, IOMMUGROUP, NODE, PATH, SUBSYSTEM_ID, KEYS };

/* One label of a host name. */
static bool is_node(const struct propstr_key *key, struct text value)
{
	(void)key;
	return !memchr(value.at, '.', value.len) && text_is_dns_name(value);
}

static bool is_id(const struct propstr_key *key, struct text value)
{
	(void)key;
	return value.len == strlen("10de:2204") && text_span(value, char_is_hex) == 4 &&
	       value.at[4] == ':' && text_span(text_skip(value, 5), char_is_hex) == 4;
}

/* Takes DOMAIN:BUS:SLOT off T; here the domain must be there. */
static bool take_slot(struct text *t)
{
	bool has_domain;

	return hostpci_take_slot(t, &has_domain) && has_domain;
}

/* Takes what Proxmox VE takes for a function: any byte and a digit, with nothing more after them.
 */
static bool take_function(struct text *t)
{
	if (t->len < 2 || !char_is_lower_hex(t->at[1]) || (t->len > 2 && t->at[2] != ';'))
		return false;
	*t = text_skip(*t, 2);
	return true;
}

static bool is_path(const struct propstr_key *key, struct text value)
{
	(void)key;
	do {
		if (!take_slot(&value))
			return false;
		take_function(&value);
	} while (text_take(&value, ";"));
	return !value.len;
}

static const struct propstr_key map_keys[KEYS] = {
	[DESCRIPTION] = {.name = "description", .len_max = DESCRIPTION_MAX},
	[ID] = {.name = "id",
		.check = is_id,
		.expected = N_("VENDOR:DEVICE, of four hex digits each"),
		.required = true},
	[IOMMUGROUP] = {.name = "iommugroup",
			.check = propstr_is_integer,
			.expected = N_("a whole number"),
			.min = -PROPSTR_ANY,
			.max = PROPSTR_ANY},
	[NODE] = {.name = "node",
		  .check = is_node,
		  .expected = N_("a node's name"),
		  .required = true},
	[PATH] = {.name = "path",
		  .check = is_path,
		  .expected = N_(
			  "PCI addresses like 0000:01:00.0 or 0000:01:00 (lower case), joined with "
			  "';'"),
		  .required = true},
	[SUBSYSTEM_ID] = {.name = "subsystem-id",
			  .check = is_id,
			  .expected = N_("VENDOR:DEVICE, of four hex digits each")},
};

static const struct propstr_format map_format = {PROPSTR_FORMAT(map_keys)};

void mapping_entry_free(struct mapping_entry *entry)
{
	hostpci_addresses_free(entry->paths, entry->n_paths);
	free(entry->node);
	free(entry->id);
	free(entry->subsystem_id);
	free(entry->iommugroup);
	*entry = (struct mapping_entry){0};
}

static int add_path(struct mapping_entry *entry, struct text written)
{
	struct hostpci_address path = {0};
	int err = hostpci_address_parse(written, &path);

	if (err == -EINVAL) { /* another byte where the dot belongs */
		path.impossible = text_quote(written);
		err = path.impossible ? 0 : -ENOMEM;
	}
	if (err)
		return err;
	return hostpci_address_add(&entry->paths, &entry->n_paths, &path);
}

int mapping_entry_parse(const char *value, size_t len, struct mapping_entry *ret, char **ret_why)
{
	auto_mapping_entry struct mapping_entry entry = {0};
	struct text values[KEYS], path;
	int err = propstr_parse(&map_format, (struct text){value, len}, values, ret_why);

	if (err)
		return err;
	if (text_copy(values[ID], &entry.id) || text_copy(values[NODE], &entry.node) ||
	    text_copy(values[IOMMUGROUP], &entry.iommugroup) ||
	    text_copy(values[SUBSYSTEM_ID], &entry.subsystem_id))
		return -ENOMEM;
	while (text_next(&values[PATH], ';', &path)) {
		err = add_path(&entry, path);
		if (err)
			return err;
	}
	*ret = entry;
	entry = (struct mapping_entry){0};
	return 0;
}

static int read_map(struct mapping *mapping, unsigned int line, struct text value)
{
	struct mapping_entry entry;
	int err = mapping_entry_parse(value.at, value.len, &entry, NULL);

	if (err)
		return err == -EINVAL ? 0 : err;
	entry.line = line;
	if (!array_grow(mapping->entries, mapping->n_entries)) {
		mapping_entry_free(&entry);
		return -ENOMEM;
	}
	mapping->entries[mapping->n_entries++] = entry;
	return 0;
}

bool mapping_is_name(const char *name)
{
	return propstr_is_configid(NULL, text_of(name));
}

/* --- sections --- */

static int read_header(void *arg, struct text line, bool *ret_begins, bool *ret_skip)
{
	struct parser *p = arg;
	struct mapping mapping = {0};
	struct text id = text_trim_end(line);

	if (!id.len || text_span(id, char_is_word) < id.len)
		return 0;
	*ret_begins = true;
	*ret_skip = !propstr_is_configid(NULL, id);
	p->has_mdev = false;
	if (*ret_skip)
		return 0;
	mapping.id = text_dup(id);
	if (!mapping.id || !array_grow(p->mappings->items, p->mappings->n)) {
		free(mapping.id);
		return -ENOMEM;
	}
	p->mappings->items[p->mappings->n++] = mapping;
	return 0;
}

static int read_setting(void *arg, unsigned int line, struct text key, struct text value)
{
	struct parser *p = arg;
	struct mapping *mapping = &p->mappings->items[p->mappings->n - 1];

	/* The words for yes and no do not count in a file like this. */
	if (text_is(key, "mdev") && !p->has_mdev && (!value.at || text_is_one_of(value, "1|0"))) {
		p->has_mdev = true;
		mapping->mdev = !value.at || text_is(value, "1");
	}
	if (text_is(key, "map") && value.at && !memchr(value.at, '\r', value.len))
		return read_map(mapping, line, value);
	return 0;
}

static const struct sections_reader reader = {read_header, read_setting};

int mappings_parse(const char *text, size_t len, struct mappings **ret)
{
	cleanup_with(mappings_freep) struct mappings *mappings = calloc(1, sizeof(*mappings));
	struct parser parser = {.mappings = mappings};
	int err;

	if (!mappings)
		return -ENOMEM;
	err = sections_read((struct text){text, len}, &reader, &parser);
	if (!err)
		*ret = TAKE_PTR(mappings);
	return err;
}

void mappings_free(struct mappings *mappings)
{
	if (!mappings)
		return;
	for (size_t i = 0; i < mappings->n; i++) {
		struct mapping *mapping = &mappings->items[i];

		for (size_t j = 0; j < mapping->n_entries; j++)
			mapping_entry_free(&mapping->entries[j]);
		free(mapping->entries);
		free(mapping->id);
	}
	free(mappings->items);
	free(mappings);
}

/* --- questions --- */

const struct mapping *mappings_find(const struct mappings *mappings, const char *id)
{
	for (size_t i = mappings->n; i-- > 0;) {
		if (!strcmp(mappings->items[i].id, id))
			return &mappings->items[i];
	}
	return NULL;
}

const struct mapping_entry *mapping_next(const struct mapping *mapping, const char *node,
					 const struct mapping_entry *after)
{
	size_t i = after ? (size_t)(after - mapping->entries) + 1 : 0;

	for (; i < mapping->n_entries; i++) {
		if (!strcmp(mapping->entries[i].node, node))
			return &mapping->entries[i];
	}
	return NULL;
}

/* Whether EXPECTED (NULL: nothing) is VERDICT's text of the hardware. Sets what is wrong if not. */
static bool agrees(struct mapping_verdict *verdict, enum mapping_wrong wrong, const char *expected)
{
	verdict->wrong = wrong;
	verdict->expected = expected;
	return !strcmp(expected ? expected : "", verdict->seen);
}

static void put_id(struct mapping_verdict *verdict, uint16_t vendor, uint16_t device)
{
	snprintf(verdict->seen, sizeof(verdict->seen), "%04x:%04x", vendor, device);
}

static bool check_path(const struct mapping *mapping, const struct mapping_entry *entry,
		       const struct mapping_device *device, struct mapping_verdict *verdict)
{
	if (!device->exists) {
		verdict->wrong = MAPPING_NO_DEVICE;
		return false;
	}
	put_id(verdict, device->vendor, device->device);
	if (!agrees(verdict, MAPPING_ID, entry->id))
		return false;
	verdict->seen[0] = '\0';
	if (device->iommugroup >= 0)
		snprintf(verdict->seen, sizeof(verdict->seen), "%d", device->iommugroup);
	/* The other paths may be in any group. */
	if (verdict->path == 0 && !agrees(verdict, MAPPING_IOMMUGROUP, entry->iommugroup))
		return false;
	strcpy(verdict->seen, device->mdev ? "1" : "0");
	if (!agrees(verdict, MAPPING_MDEV, mapping->mdev ? "1" : "0"))
		return false;
	verdict->seen[0] = '\0';
	if (device->has_subsystem)
		put_id(verdict, device->sub_vendor, device->sub_device);
	return agrees(verdict, MAPPING_SUBSYSTEM_ID, entry->subsystem_id);
}

bool mapping_check(const struct mapping *mapping, const struct mapping_entry *entry,
		   const struct mapping_device *devices, struct mapping_verdict *ret)
{
	for (size_t i = 0; i < entry->n_paths; i++) {
		struct mapping_verdict verdict = {.path = i};

		if (!check_path(mapping, entry, &devices[i], &verdict)) {
			*ret = verdict;
			return false;
		}
	}
	return true;
}
