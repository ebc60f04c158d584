// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/mapping_make.h"

#include "host/text/argv.h"
#include "vmcfg/text/text.h"

#include <stdio.h>
#include <string.h>

/* What a line says of the hardware, and what the line is about: the rest is kept as it is. */
#define OWN_KEYS "node path id subsystem-id iommugroup"

struct maker {
	const struct mapping_wish *wish;
	const struct pvesh_mapping *now;
	struct mapping_change *change;
	bool *own;    /* of each target: there is a line with its path now */
	bool *placed; /* there is one in what will be */
	bool changed;
	int err;
};

/* ---- targets ---- */

static void free_target(struct mapping_target *target)
{
	free(target->node);
	free(target->path);
}

int mapping_targets_add(struct mapping_targets *list, const struct mapping_target *target)
{
	struct mapping_target copy = *target;

	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->items[i].node, target->node) &&
		    !strcmp(list->items[i].path, target->path))
			return 0;
	copy.node = strdup(target->node);
	copy.path = strdup(target->path);
	if (!copy.node || !copy.path || !array_grow(list->items, list->n)) {
		free_target(&copy);
		return -ENOMEM;
	}
	list->items[list->n++] = copy;
	return 0;
}

void mapping_targets_free(struct mapping_targets *list)
{
	for (size_t i = 0; i < list->n; i++)
		free_target(&list->items[i]);
	free(list->items);
	*list = (struct mapping_targets){0};
}

char *mapping_path(const struct hostpci_address *addresses, size_t n)
{
	auto_strbuf struct strbuf path = {0};

	for (size_t i = 0; i < n; i++)
		strbuf_add(&path, "%s%s", i ? ";" : "", hostpci_address_text(&addresses[i]));
	return strbuf_take(&path);
}

/* ---- lines ---- */

static void id_text(uint16_t vendor, uint16_t device, char buf[10])
{
	snprintf(buf, 10, "%04x:%04x", vendor, device);
}

static void add_target(struct strbuf *line, const struct mapping_target *target)
{
	const struct pci_identity *id = &target->identity;

	strbuf_add(line, "node=%s,path=%s,id=%04x:%04x", target->node, target->path, id->vendor,
		   id->device);
	if (target->has_subsystem)
		strbuf_add(line, ",subsystem-id=%04x:%04x", id->subvendor, id->subdevice);
	if (target->group >= 0)
		strbuf_add(line, ",iommugroup=%d", target->group);
}

/* "node=pve1,path=0000:03:00.0,id=8086:10fb,subsystem-id=8086:000c,iommugroup=25". NULL without
 * memory. */
static char *line_of(const struct mapping_target *target)
{
	auto_strbuf struct strbuf line = {0};

	add_target(&line, target);
	return strbuf_take(&line);
}

/* The line for TARGET with what else OLD says, its description. */
static char *mended_line(const struct mapping_target *target, const char *old)
{
	auto_strbuf struct strbuf line = {0};
	struct text rest = text_of(old), part;

	add_target(&line, target);
	while (text_next(&rest, ',', &part)) {
		const char *equals = memchr(part.at, '=', part.len);
		auto_free char *key = equals ? strndup(part.at, (size_t)(equals - part.at)) : NULL;

		if (equals && !key)
			return NULL;
		if (key && !has_word(OWN_KEYS, key))
			strbuf_add(&line, ",%.*s", (int)part.len, part.at);
	}
	return strbuf_take(&line);
}

/* Whether Proxmox VE's check of the line will pass: it compares texts. */
static bool fits(const struct mapping_entry *entry, const struct mapping_target *target)
{
	const struct pci_identity *identity = &target->identity;
	char id[10], subsystem[10] = "", group[12] = "";

	id_text(identity->vendor, identity->device, id);
	if (target->has_subsystem)
		id_text(identity->subvendor, identity->subdevice, subsystem);
	if (target->group >= 0)
		snprintf(group, sizeof(group), "%d", target->group);
	return !strcmp(entry->id, id) &&
	       !strcmp(entry->subsystem_id ? entry->subsystem_id : "", subsystem) &&
	       !strcmp(entry->iommugroup ? entry->iommugroup : "", group);
}

/* Takes LINE over; NULL means that memory is out. */
static void add_line(struct maker *m, char *line)
{
	struct mapping_change *change = m->change;

	if (line && array_grow(change->lines, change->n_lines)) {
		change->lines[change->n_lines++] = line;
		return;
	}
	free(line);
	m->err = -ENOMEM;
}

#define note(m, ...)                                                                       \
	do {                                                                               \
		strbuf_add(&(m)->change->notes, "%s", (m)->change->notes.len ? "\n" : ""); \
		strbuf_add(&(m)->change->notes, __VA_ARGS__);                              \
	} while (0)

/* ---- what becomes of each line that there is ---- */

static const struct mapping_target *target_of_path(const struct maker *m, const char *node,
						   const char *path)
{
	for (size_t i = 0; i < m->wish->targets->n; i++) {
		const struct mapping_target *target = &m->wish->targets->items[i];

		if (!strcmp(target->node, node) && !strcmp(target->path, path))
			return target;
	}
	return NULL;
}

/* The first target of the node that has no line yet. */
static const struct mapping_target *next_target(const struct maker *m, const char *node)
{
	for (size_t i = 0; i < m->wish->targets->n; i++)
		if (!m->own[i] && !m->placed[i] && !strcmp(m->wish->targets->items[i].node, node))
			return &m->wish->targets->items[i];
	return NULL;
}

static bool *placed(const struct maker *m, const struct mapping_target *target)
{
	return &m->placed[target - m->wish->targets->items];
}

/* Whether the line of another path stays: only a device that has no line needs its place. */
static bool stays(const struct maker *m, const struct mapping_entry *entry)
{
	bool wanted = false, twin = false;

	for (size_t i = 0; i < m->wish->targets->n; i++) {
		const struct mapping_target *target = &m->wish->targets->items[i];
		char id[10];

		if (strcmp(target->node, entry->node) != 0)
			continue;
		id_text(target->identity.vendor, target->identity.device, id);
		wanted |= !m->own[i] || m->wish->mends;
		twin |= !strcmp(entry->id, id);
	}
	return !wanted || m->wish->beside || (m->wish->twins && twin);
}

/* The same path: it stays, or is set right. */
static void keep_or_mend(struct maker *m, const char *line, const struct mapping_entry *entry,
			 const struct mapping_target *target)
{
	if (*placed(m, target)) {
		note(m, _("node %s: the second line for %s would be removed"), entry->node,
		     target->path);
		m->changed = true;
		return;
	}
	*placed(m, target) = true;
	if (fits(entry, target)) {
		add_line(m, strdup(line));
		return;
	}
	note(m, _("node %s: the line for %s no longer fits the hardware: %s"), entry->node,
	     target->path, line);
	add_line(m, mended_line(target, line));
	m->changed = true;
}

/* It goes; a target that has no line takes its place. */
static void replace(struct maker *m, const char *line, const struct mapping_entry *entry)
{
	const struct mapping_target *target = next_target(m, entry->node);

	if (m->wish->mends)
		note(m,
		     _("node %s: there is no such device any more, and this line would be "
		       "removed: %s"),
		     entry->node, line);
	else
		note(m,
		     _("node %s: this line would be removed (to keep it: pve-passthrough mapping "
		       "%s ADDRESS --alternative): %s"),
		     entry->node, m->wish->name, line);
	m->changed = true;
	if (!target)
		return;
	*placed(m, target) = true;
	add_line(m, line_of(target));
}

static bool has_line(const struct maker *m, const struct mapping_target *target)
{
	for (size_t i = 0; i < m->now->n_lines; i++) {
		auto_mapping_entry struct mapping_entry entry = {0};
		auto_free char *path = NULL;
		const char *line = m->now->lines[i];

		if (mapping_entry_parse(line, strlen(line), &entry, NULL))
			continue;
		path = mapping_path(entry.paths, entry.n_paths);
		if (path && !strcmp(entry.node, target->node) && !strcmp(path, target->path))
			return true;
	}
	return false;
}

static void take_line(struct maker *m, const char *line)
{
	auto_mapping_entry struct mapping_entry entry = {0};
	const struct mapping_target *target;
	auto_free char *path = NULL;
	int err = mapping_entry_parse(line, strlen(line), &entry, NULL);

	if (err == -EINVAL) { /* a newer Proxmox VE's: not ours to judge */
		add_line(m, strdup(line));
		return;
	}
	path = err ? NULL : mapping_path(entry.paths, entry.n_paths);
	if (!path) {
		m->err = -ENOMEM;
		return;
	}
	target = target_of_path(m, entry.node, path);
	if (target)
		keep_or_mend(m, line, &entry, target);
	else if (stays(m, &entry) || (m->wish->kept && fs_names_has(m->wish->kept, line)))
		add_line(m, strdup(line));
	else
		replace(m, line, &entry);
}

/* ---- the whole ---- */

static bool has_control(const char *line)
{
	for (; *line; line++)
		if ((unsigned char)*line < 0x20 || *line == 0x7f)
			return true;
	return false;
}

static bool is_ascii(const char *line)
{
	for (; *line; line++)
		if ((unsigned char)*line >= 0x80)
			return false;
	return true;
}

static void refuse(struct maker *m, char *text)
{
	m->change->refusal = text;
	if (!text)
		m->err = -ENOMEM;
}

static void check_now(struct maker *m)
{
	const char *name = m->wish->name;

	if (m->now->mdev && !m->wish->mends)
		refuse(m, fs_path(_("mapping %s is one of mediated devices (mdev), and cannot name "
				    "a device that a VM gets as a whole; take another name"),
				  name));
	for (size_t i = 0; !m->change->refusal && i < m->now->n_lines; i++)
		if (has_control(m->now->lines[i]))
			refuse(m, fs_path(_("mapping %s has a line with control characters, which "
					    "could not be handed back unchanged; change it at "
					    "Datacenter, Resource Mappings: %s"),
					  name, m->now->lines[i]));
}

/*
 * pvesh prints JSON in UTF-8, and reads its arguments in the encoding of the locale (pve-common,
 * PVE::CLIFormatter, print_api_result(); PVE::JSONSchema, get_options()): with UTF-8, too, a line
 * that is handed back has the same characters, and the file the same bytes.
 */
static bool needs_utf8(const struct mapping_change *change)
{
	for (size_t i = 0; i < change->n_lines; i++)
		if (!is_ascii(change->lines[i]))
			return true;
	return false;
}

static void build_command(struct maker *m)
{
	const struct mapping_change *change = m->change;
	auto_free const char **words = calloc(2 * change->n_lines + 10, sizeof(*words));
	auto_free char *path = fs_path("/cluster/mapping/pci/%s", m->wish->name);
	const char *digest = m->now->digest;
	size_t n = 0;

	if (!words || !path) {
		m->err = -ENOMEM;
		return;
	}
	if (needs_utf8(change)) {
		words[n++] = "env";
		words[n++] = "LC_ALL=C.UTF-8";
	}
	words[n++] = "pvesh";
	words[n++] = m->now->exists ? "set" : "create";
	words[n++] = m->now->exists ? path : "/cluster/mapping/pci";
	if (!m->now->exists || digest) {
		words[n++] = m->now->exists ? "--digest" : "--id";
		words[n++] = m->now->exists ? digest : m->wish->name;
	}
	for (size_t i = 0; i < change->n_lines; i++) {
		words[n++] = "--map";
		words[n++] = change->lines[i];
	}
	m->change->command = argv_copy(words);
	if (!m->change->command)
		m->err = -ENOMEM;
}

static void make_lines(struct maker *m)
{
	const struct mapping_targets *targets = m->wish->targets;

	for (size_t i = 0; i < targets->n; i++)
		m->own[i] = has_line(m, &targets->items[i]);
	for (size_t i = 0; !m->err && i < m->now->n_lines; i++)
		take_line(m, m->now->lines[i]);
	for (size_t i = 0; !m->err && i < targets->n; i++)
		if (!m->placed[i]) {
			add_line(m, line_of(&targets->items[i]));
			m->changed = true;
		}
}

int mapping_make(const struct mapping_wish *wish, const struct pvesh_mapping *now,
		 struct mapping_change *ret)
{
	auto_mapping_change struct mapping_change change = {0};
	auto_free bool *flags = calloc(2 * wish->targets->n + 1, sizeof(*flags));
	struct maker m = {.wish = wish, .now = now, .change = &change, .own = flags};

	if (!flags)
		return -ENOMEM;
	m.placed = flags + wish->targets->n;
	check_now(&m);
	if (!m.err && !change.refusal)
		make_lines(&m);
	if (!m.err && m.changed)
		build_command(&m);
	if (m.err || change.notes.failed)
		return -ENOMEM;
	*ret = change;
	change = (struct mapping_change){0};
	return 0;
}

void mapping_change_free(struct mapping_change *change)
{
	for (size_t i = 0; i < change->n_lines; i++)
		free(change->lines[i]);
	free(change->lines);
	free(change->refusal);
	argv_free(change->command);
	strbuf_free(&change->notes);
	*change = (struct mapping_change){0};
}
