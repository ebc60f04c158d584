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
	unsigned int had;      /* the keys of the section that are set: 1 << enum section_key */
};

static int drop(struct parser *p, const char *problem, struct text t)
{
	return dropped_add_part(&p->mappings->dropped, &p->mappings->n_dropped, p->line, problem,
				t);
}

/* --- map lines --- */

/* In the order of map_keys. */
enum { DESCRIPTION, ID, IOMMUGROUP, NODE, PATH, SUBSYSTEM_ID, KEYS };

/* One label of a host name. */
static bool is_node(const struct propstr_key *key, struct text value)
{
	return !memchr(value.at, '.', value.len) && format_is_dns_name(key, value);
}

static bool take_hex(struct text *t, size_t n)
{
	if (t->len < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!char_is_hex(t->at[i]))
			return false;
	}
	*t = text_skip(*t, n);
	return true;
}

static bool is_id(const struct propstr_key *key, struct text value)
{
	(void)key;
	return take_hex(&value, 4) && text_take(&value, ":") && take_hex(&value, 4) && !value.len;
}

static bool is_lower_hex(char c)
{
	return char_is_digit(c) || (c >= 'a' && c <= 'f');
}

/* Takes DOMAIN:BUS:SLOT off T; here the domain must be there. */
static bool take_slot(struct text *t)
{
	bool has_domain;

	return hostpci_take_slot(t, &has_domain) && has_domain;
}

/* Takes what Proxmox VE takes for a function: any byte and a digit, with nothing more behind. */
static bool take_function(struct text *t)
{
	if (t->len < 2 || !is_lower_hex(t->at[1]) || (t->len > 2 && t->at[2] != ';'))
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
	free(entry->description);
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
	int r;

	while (text_next(&rest, ';', &path)) {
		r = add_path(entry, path);
		if (r < 0)
			return r;
	}
	return 0;
}

static int copy_values(struct mapping_entry *entry, const struct text *values)
{
	struct {
		int key;
		char **to;
	} const strings[] = {
		{DESCRIPTION, &entry->description},   {ID, &entry->id},
		{IOMMUGROUP, &entry->iommugroup},     {NODE, &entry->node},
		{SUBSYSTEM_ID, &entry->subsystem_id},
	};

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		if (!values[strings[i].key].at)
			continue;
		*strings[i].to = text_dup(values[strings[i].key]);
		if (!*strings[i].to)
			return -ENOMEM;
	}
	return add_paths(entry, values[PATH]);
}

static int read_map(struct parser *p, struct mapping *mapping, struct text value, char **ret_why)
{
	cleanup_with(free_entry) struct mapping_entry entry = {.line = p->line};
	struct text values[KEYS];
	int r;

	r = propstr_parse(&map_format, value, values, ret_why);
	if (r < 0)
		return r;
	r = copy_values(&entry, values);
	if (r < 0)
		return r;
	if (!array_grow(mapping->entries, mapping->n_entries))
		return -ENOMEM;
	mapping->entries[mapping->n_entries++] = entry;
	entry = (struct mapping_entry){0};
	return 0;
}

/* --- the lines of a section --- */

enum section_key { KEY_DESCRIPTION, KEY_LIVE_MIGRATION, KEY_MAP, KEY_MDEV, KEY_TYPE, SECTION_KEYS };

static const char *const section_keys[SECTION_KEYS] = {
	[KEY_DESCRIPTION] = "description",
	[KEY_LIVE_MIGRATION] = "live-migration-capable",
	[KEY_MAP] = "map",
	[KEY_MDEV] = "mdev",
	[KEY_TYPE] = "type",
};

/* The words for yes and no are none in a file like this. */
static int read_bool(struct text value, bool *ret, char **ret_why)
{
	if (value.at && !text_is(value, "1") && !text_is(value, "0"))
		return text_refuse_part(ret_why, _("must be 1 or 0, not"), value);
	*ret = !value.at || text_is(value, "1");
	return 0;
}

static int read_value(struct parser *p, enum section_key key, struct text value, char **ret_why)
{
	struct mapping *mapping = &p->mappings->items[p->mappings->n - 1];

	if (key == KEY_MDEV)
		return read_bool(value, &mapping->mdev, ret_why);
	if (key == KEY_LIVE_MIGRATION)
		return read_bool(value, &mapping->live_migration_capable, ret_why);
	if (!value.at)
		return text_refuse(ret_why, _("there is no value"));
	if (key == KEY_TYPE)
		return text_is(value, "pci")
			       ? 0
			       : text_refuse_part(ret_why, _("must be pci, not"), value);
	if (memchr(value.at, '\r', value.len))
		return text_refuse_part(ret_why, _("there is a carriage return in"), value);
	if (key == KEY_MAP)
		return read_map(p, mapping, value, ret_why);
	if (value.len > DESCRIPTION_MAX)
		return text_refuse(ret_why, _("is longer than %d characters"), DESCRIPTION_MAX);
	return 0;
}

static int read_setting(struct parser *p, struct text name, struct text value)
{
	char *why = NULL;
	size_t key = 0;
	int r;

	while (key < SECTION_KEYS && !text_is(name, section_keys[key]))
		key++;
	if (key == SECTION_KEYS)
		return drop(p, _("there is no setting"), name);
	if (p->had & 1U << key)
		return drop(p, _("there is already a value of"), name);
	r = read_value(p, (enum section_key)key, value, &why);
	if (r == -EINVAL)
		return dropped_add_value(&p->mappings->dropped, &p->mappings->n_dropped, p->line,
					 name, why);
	if (r == 0 && key != KEY_MAP)
		p->had |= 1U << key;
	return r;
}

/* KEY, or KEY and VALUE, with blanks before, between and behind them. */
static int read_entry(struct parser *p, struct text line)
{
	struct text name = text_trim(line), value;

	if (!name.len)
		return drop(p, _("blanks in an empty line, so that the section goes on behind it:"),
			    line);
	if (!char_is_blank(line.at[0]))
		return drop(p,
			    _("a section begins behind an empty line only, and it is none of its "
			      "settings without a blank before it:"),
			    line);
	value = name;
	while (value.len && !char_is_blank(value.at[0]))
		value = text_skip(value, 1);
	name.len -= value.len;
	value = value.len ? text_trim(value) : (struct text){NULL, 0};
	return read_setting(p, name, value);
}

/* --- sections --- */

static int read_header(struct parser *p, struct text line)
{
	struct mapping mapping = {.line = p->line};
	struct text id = text_trim_end(line);

	for (size_t i = 0; i < id.len; i++) {
		if (char_is_blank(id.at[i]))
			return drop(p, _("it is in no section, and does not begin one:"), line);
	}
	if (!id.len)
		return drop(p, _("there are only blanks in"), line);
	p->in_section = true;
	p->skip = !propstr_is_configid(NULL, id);
	p->had = 0;
	if (p->skip)
		return drop(p,
			    _("the section is skipped, for its id must be a letter and one or "
			      "more letters, digits, '_' or '-', not"),
			    id);
	mapping.id = text_dup(id);
	if (!mapping.id || !array_grow(p->mappings->items, p->mappings->n)) {
		free(mapping.id);
		return -ENOMEM;
	}
	p->mappings->items[p->mappings->n++] = mapping;
	return 0;
}

static int end_section(struct parser *p)
{
	struct mappings *all = p->mappings;
	const struct mapping *mapping;

	if (!p->in_section)
		return 0;
	p->in_section = false;
	if (p->skip)
		return 0;
	mapping = &all->items[all->n - 1];
	if (mapping->n_entries)
		return 0;
	return dropped_add_part(&all->dropped, &all->n_dropped, mapping->line,
				_("there is no valid line 'map' in the section"),
				text_of(mapping->id));
}

static int parse_line(struct parser *p, struct text line)
{
	struct text words = text_trim(line);

	if (words.len && words.at[0] == '#')
		return 0;
	/* To Perl, "0" is as false as an empty line. */
	if (!line.len || text_is(line, "0"))
		return end_section(p);
	if (!p->in_section)
		return read_header(p, line);
	return p->skip ? 0 : read_entry(p, line);
}

int mappings_parse(const char *text, size_t len, struct mappings **ret)
{
	cleanup_with(mappings_freep) struct mappings *mappings = NULL;
	struct text rest = {text, len}, line;
	struct parser parser = {0};
	int r = 0;

	if (len > MAPPING_TEXT_MAX)
		return -EFBIG;
	mappings = calloc(1, sizeof(*mappings));
	if (!mappings)
		return -ENOMEM;
	parser.mappings = mappings;
	while (r >= 0 && text_next(&rest, '\n', &line)) {
		parser.line++;
		r = parse_line(&parser, line);
	}
	if (r >= 0)
		r = end_section(&parser);
	if (r < 0)
		return r;
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
	dropped_free(mappings->dropped, mappings->n_dropped);
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
					 const struct mapping_entry *behind)
{
	size_t i = behind ? (size_t)(behind - mapping->entries) + 1 : 0;

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
