// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/mapping.h"

#include <stdio.h>
#include <string.h>

#include "vmcfg/format.h"
#include "vmcfg/propstr.h"
#include "vmcfg/text.h"

/* In JSONSchema's characters, which are bytes here. */
#define DESCRIPTION_MAX 4096

struct parser {
	struct mappings *mappings;
	unsigned int line;
	bool in_section, skip; /* a skipped section's lines are not looked at */
	bool has_mdev;	       /* the section has a valid line "mdev" */
};

/* --- map lines --- */

/* In the order of map_keys. */
enum { DESCRIPTION, ID, IOMMUGROUP, NODE, PATH, SUBSYSTEM_ID, KEYS };

/* One label of a host name. */
static bool is_node(const struct propstr_key *key, struct text value)
{
	(void)key;
	return !memchr(value.at, '.', value.len) && format_is_dns_name(value);
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

static void free_entry(struct mapping_entry *entry)
{
	for (size_t i = 0; i < entry->n_paths; i++)
		free(entry->paths[i].impossible);
	free(entry->paths);
	free(entry->node);
	free(entry->id);
	free(entry->subsystem_id);
	free(entry->iommugroup);
}

static int add_path(struct mapping_entry *entry, struct text written)
{
	struct hostpci_address path = {0};
	int err = hostpci_address_parse(written, &path);

	if (err == -EINVAL) /* another byte where the dot belongs */
		path.impossible = text_quote(written);
	if (err == -ENOMEM || (err && !path.impossible) ||
	    !array_grow(entry->paths, entry->n_paths)) {
		free(path.impossible);
		return -ENOMEM;
	}
	entry->paths[entry->n_paths++] = path;
	return 0;
}

static int add_paths(struct mapping_entry *entry, struct text value)
{
	struct text rest = value, path;
	int err = 0;

	while (!err && text_next(&rest, ';', &path))
		err = add_path(entry, path);
	return err;
}

static int read_map(struct parser *p, struct mapping *mapping, struct text value)
{
	cleanup_with(free_entry) struct mapping_entry entry = {.line = p->line};
	struct text values[KEYS];
	int err = propstr_parse(&map_format, value, values, NULL);

	if (err)
		return err == -EINVAL ? 0 : err;
	if (text_copy(values[ID], &entry.id) || text_copy(values[NODE], &entry.node) ||
	    text_copy(values[IOMMUGROUP], &entry.iommugroup) ||
	    text_copy(values[SUBSYSTEM_ID], &entry.subsystem_id))
		return -ENOMEM;
	err = add_paths(&entry, values[PATH]);
	if (err)
		return err;
	if (!array_grow(mapping->entries, mapping->n_entries))
		return -ENOMEM;
	mapping->entries[mapping->n_entries++] = entry;
	entry = (struct mapping_entry){0};
	return 0;
}

/* --- the lines of a section --- */

/* The words for yes and no do not count in a file like this. */
static void read_mdev(struct parser *p, struct mapping *mapping, struct text value)
{
	if (p->has_mdev || (value.at && !text_is_one_of(value, "1|0")))
		return;
	p->has_mdev = true;
	mapping->mdev = !value.at || text_is(value, "1");
}

/* KEY, or KEY and VALUE, with white space before, between and after them. */
static int read_entry(struct parser *p, struct text line)
{
	struct mapping *mapping = &p->mappings->items[p->mappings->n - 1];
	struct text name = text_trim(line), value;

	if (!char_is_blank(line.at[0]))
		return 0;
	value = text_skip(name, text_span(name, char_is_word));
	name.len -= value.len;
	value = value.len ? text_trim(value) : (struct text){NULL, 0};
	if (text_is(name, "mdev"))
		read_mdev(p, mapping, value);
	else if (text_is(name, "map") && value.at && !memchr(value.at, '\r', value.len))
		return read_map(p, mapping, value);
	return 0;
}

/* --- sections --- */

static int read_header(struct parser *p, struct text line)
{
	struct mapping mapping = {0};
	struct text id = text_trim_end(line);

	if (!id.len || text_span(id, char_is_word) < id.len)
		return 0;
	p->in_section = true;
	p->skip = !propstr_is_configid(NULL, id);
	p->has_mdev = false;
	if (p->skip)
		return 0;
	mapping.id = text_dup(id);
	if (!mapping.id || !array_grow(p->mappings->items, p->mappings->n)) {
		free(mapping.id);
		return -ENOMEM;
	}
	p->mappings->items[p->mappings->n++] = mapping;
	return 0;
}

static int parse_line(struct parser *p, struct text line)
{
	struct text words = text_trim(line);

	if (words.len && words.at[0] == '#')
		return 0;
	/* To Perl, "0" is as false as an empty line. */
	if (!line.len || text_is(line, "0")) {
		p->in_section = false;
		return 0;
	}
	if (!p->in_section)
		return read_header(p, line);
	return p->skip ? 0 : read_entry(p, line);
}

int mappings_parse(const char *text, size_t len, struct mappings **ret)
{
	cleanup_with(mappings_freep) struct mappings *mappings = NULL;
	struct text rest = {text, len}, line;
	struct parser parser = {0};
	int err = 0;

	if (len > MAPPING_TEXT_MAX)
		return -EFBIG;
	mappings = calloc(1, sizeof(*mappings));
	if (!mappings)
		return -ENOMEM;
	parser.mappings = mappings;
	while (!err && text_next(&rest, '\n', &line)) {
		parser.line++;
		err = parse_line(&parser, line);
	}
	if (err)
		return err;
	*ret = TAKE_PTR(mappings);
	return 0;
}

void mappings_free(struct mappings *mappings)
{
	if (!mappings)
		return;
	for (size_t i = 0; i < mappings->n; i++) {
		struct mapping *mapping = &mappings->items[i];

		for (size_t j = 0; j < mapping->n_entries; j++)
			free_entry(&mapping->entries[j]);
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

/* Whether EXPECTED (NULL: nothing) is what was seen ("": nothing); else the verdict is complete. */
static bool agrees(struct mapping_verdict *verdict, enum mapping_wrong wrong, const char *expected)
{
	verdict->wrong = wrong;
	verdict->expected = expected;
	return !strcmp(expected ? expected : "", verdict->seen);
}

static void see_id(struct mapping_verdict *verdict, uint16_t vendor, uint16_t device)
{
	snprintf(verdict->seen, sizeof(verdict->seen), "%04x:%04x", vendor, device);
}

static bool check_path(const struct mapping *mapping, const struct mapping_entry *entry,
		       const struct mapping_device *device, struct mapping_verdict *verdict)
{
	verdict->seen[0] = '\0';
	if (!device->exists) {
		verdict->wrong = MAPPING_NO_DEVICE;
		return false;
	}
	see_id(verdict, device->vendor, device->device);
	if (!agrees(verdict, MAPPING_ID, entry->id))
		return false;
	/* The other paths may be in any group. */
	verdict->seen[0] = '\0';
	if (device->iommugroup >= 0)
		snprintf(verdict->seen, sizeof(verdict->seen), "%d", device->iommugroup);
	if (verdict->path == 0 && !agrees(verdict, MAPPING_IOMMUGROUP, entry->iommugroup))
		return false;
	strcpy(verdict->seen, device->mdev ? "1" : "0");
	if (!agrees(verdict, MAPPING_MDEV, mapping->mdev ? "1" : "0"))
		return false;
	verdict->seen[0] = '\0';
	if (device->has_subsystem)
		see_id(verdict, device->sub_vendor, device->sub_device);
	return agrees(verdict, MAPPING_SUBSYSTEM_ID, entry->subsystem_id);
}

bool mapping_check(const struct mapping *mapping, const struct mapping_entry *entry,
		   const struct mapping_device *devices, struct mapping_verdict *ret)
{
	for (size_t i = 0; i < entry->n_paths; i++) {
		struct mapping_verdict verdict = {.path = i};

		if (check_path(mapping, entry, &devices[i], &verdict))
			continue;
		*ret = verdict;
		return false;
	}
	return true;
}
