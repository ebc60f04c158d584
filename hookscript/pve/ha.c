// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/pve/ha.h"

#include "hookscript/pve/cluster.h"
#include "host/text/strbuf.h"
#include "vmcfg/text/sections.h"

#include <stdio.h>
#include <string.h>

/* The settings that matter here, of all three files. */
enum key { STATE, GROUP, NODES, RESTRICTED, RESOURCES, STRICT, DISABLE, KEYS };

static const char *const key_names[KEYS] = {
	"state", "group", "nodes", "restricted", "resources", "strict", "disable",
};

/* "TYPE: NAME" and its settings; pieces of the file. A setting without a value is empty. */
struct section {
	struct text type, name;
	struct text values[KEYS]; /* AT is NULL where it is not given */
};

struct file {
	char *text; /* NULL: there is none */
	struct section *items;
	size_t n;
};

static void free_file(struct file *file)
{
	free(file->text);
	free(file->items);
}

#define auto_file cleanup_with(free_file)

static bool is_type_char(char c)
{
	return char_is_word(c) && c != ':';
}

/* (pve-common, PVE/SectionConfig.pm, parse_section_header) */
static int read_header(void *arg, struct text line, bool *ret_begins, bool *ret_skip)
{
	struct file *file = arg;
	struct section section = {.type = {line.at, text_span(line, is_type_char)}};

	(void)ret_skip;
	section.name = text_skip(line, section.type.len);
	if (!section.type.len || !text_take(&section.name, ":"))
		return 0;
	section.name = text_trim(section.name);
	if (!section.name.len || text_span(section.name, char_is_word) < section.name.len)
		return 0;
	*ret_begins = true;
	if (!array_grow(file->items, file->n))
		return -ENOMEM;
	file->items[file->n++] = section;
	return 0;
}

/* Of a setting that is given twice the first one counts. */
static int read_setting(void *arg, unsigned int line, struct text key, struct text value)
{
	struct file *file = arg;
	struct section *section = &file->items[file->n - 1];

	(void)line;
	for (size_t k = 0; k < KEYS; k++)
		if (text_is(key, key_names[k]) && !section->values[k].at)
			section->values[k] = value.at ? value : text_of("");
	return 0;
}

static const struct sections_reader reader = {read_header, read_setting};

/* No file has no sections. */
static int read_file(const struct fs_root *root, const char *path, struct file *ret)
{
	size_t len = 0;
	int err = fs_read(root, path, VMCFG_TEXT_MAX, &ret->text, &len);

	if (err)
		return fs_is_absent(err) ? 0 : err;
	return sections_read((struct text){ret->text, len}, &reader, ret);
}

/* A later section of the same name replaces an earlier one. */
static const struct section *find(const struct file *file, const char *type, struct text name)
{
	for (size_t i = file->n; i-- > 0;) {
		const struct section *section = &file->items[i];

		if (text_is_nocase(section->type, type) && section->name.len == name.len &&
		    !memcmp(section->name.at, name.at, name.len))
			return section;
	}
	return NULL;
}

static bool is_set(const struct section *section, enum key key)
{
	const struct text *value = &section->values[key];

	return value->at && (!value->len || text_is(*value, "1"));
}

/* ---- lists ---- */

/* Adds the nodes of "pve1:2,pve2", which have priorities after the colon. */
static int add_nodes(struct text list, struct fs_names *ret)
{
	struct text item;
	int err = 0;

	while (!err && text_next_item(&list, &item)) {
		const char *colon = memchr(item.at, ':', item.len);
		auto_free char *name = NULL;

		if (colon)
			item.len = (size_t)(colon - item.at);
		name = text_dup(item);
		err = name ? fs_names_add(ret, name) : -ENOMEM;
	}
	return err;
}

/* ---- the VM ---- */

/* The nodes that a restricted group leaves; an AT of NULL: all. */
static int group_nodes(const struct fs_root *root, const struct section *resource,
		       struct file *groups, struct text *ret)
{
	const struct section *group;
	int err;

	if (!resource->values[GROUP].at)
		return 0;
	err = read_file(root, HA_GROUPS, groups);
	group = err ? NULL : find(groups, "group", resource->values[GROUP]);
	if (group && is_set(group, RESTRICTED))
		*ret = group->values[NODES];
	return err;
}

/* The same of a strict rule. */
static int rule_nodes(const struct fs_root *root, const char *id, struct file *rules,
		      struct text *ret)
{
	const struct section *found = NULL;
	size_t n = 0;
	int err = read_file(root, HA_RULES, rules);

	for (size_t i = 0; !err && i < rules->n; i++) {
		const struct section *rule = &rules->items[i];

		if (!text_is_nocase(rule->type, "node-affinity") || is_set(rule, DISABLE) ||
		    find(rules, "node-affinity", rule->name) != rule ||
		    !text_list_has(rule->values[RESOURCES], id))
			continue;
		found = rule;
		n++;
	}
	if (n == 1 && is_set(found, STRICT))
		*ret = found->values[NODES];
	return err;
}

static int read_nodes(const struct fs_root *root, const struct section *resource, const char *id,
		      struct ha *ha)
{
	auto_file struct file groups = {0}, rules = {0};
	auto_cluster struct cluster cluster = {0};
	struct text nodes = {NULL, 0};
	int err = cluster_read(root, &cluster);

	if (!err)
		err = group_nodes(root, resource, &groups, &nodes);
	if (!err)
		err = rule_nodes(root, id, &rules, &nodes);
	if (!err && nodes.at)
		err = add_nodes(nodes, &ha->nodes);
	for (size_t i = 0; !err && !nodes.at && i < cluster.nodes.n; i++)
		err = fs_names_add(&ha->nodes, cluster.nodes.items[i]);
	ha->here = TAKE_PTR(cluster.here);
	return err;
}

int ha_read(const struct fs_root *root, unsigned int vmid, struct ha *ret)
{
	auto_ha struct ha ha = {0};
	auto_file struct file resources = {0};
	const struct section *resource;
	char id[sizeof("vm:4294967295")];
	int err = read_file(root, HA_RESOURCES, &resources);

	snprintf(id, sizeof(id), "vm:%u", vmid);
	resource = err ? NULL : find(&resources, "vm", text_of(id + strlen("vm:")));
	ha.managed = resource &&
		     !(resource->values[STATE].at && text_is(resource->values[STATE], "ignored"));
	if (ha.managed)
		err = read_nodes(root, resource, id, &ha);
	if (err)
		return err;
	*ret = ha;
	ha = (struct ha){0};
	return 0;
}

/* ---- this node ---- */

static int add_if_here(const struct fs_root *root, const struct section *resource,
		       struct fs_names *ret)
{
	const char *dir = text_is_nocase(resource->type, "vm")	 ? "etc/pve/qemu-server"
			  : text_is_nocase(resource->type, "ct") ? "etc/pve/lxc"
								 : NULL;
	auto_free char *type = text_dup(resource->type), *name = text_dup(resource->name);
	auto_free char *path = NULL, *id = NULL;
	int there;

	if (!dir)
		return 0;
	if (!type || !name)
		return -ENOMEM;
	path = fs_path("%s/%s.conf", dir, name);
	there = fs_probe(root, path);
	if (there <= 0)
		return there;
	id = fs_path("%s:%s", type, name);
	return id ? fs_names_add(ret, id) : -ENOMEM;
}

int ha_list_here(const struct fs_root *root, struct fs_names *ret)
{
	auto_file struct file resources = {0};
	int err = read_file(root, HA_RESOURCES, &resources);

	for (size_t i = 0; !err && i < resources.n; i++) {
		const struct section *resource = &resources.items[i];
		const struct text *state = &resource->values[STATE];
		auto_free char *type = text_dup(resource->type);

		if (!type)
			return -ENOMEM;
		if (find(&resources, type, resource->name) != resource)
			continue;
		if (!(state->at && text_is(*state, "ignored")))
			err = add_if_here(root, resource, ret);
	}
	return err;
}

void ha_free(struct ha *ha)
{
	free(ha->here);
	fs_names_free(&ha->nodes);
	*ha = (struct ha){0};
}

bool ha_moves(const struct ha *ha)
{
	for (size_t i = 0; ha->managed && i < ha->nodes.n; i++)
		if (!ha->here || strcmp(ha->nodes.items[i], ha->here) != 0)
			return true;
	return false;
}

char *ha_other_nodes(const struct ha *ha)
{
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < ha->nodes.n; i++)
		if (!ha->here || strcmp(ha->nodes.items[i], ha->here) != 0)
			strbuf_add_item(&text, "%s", ha->nodes.items[i]);
	return strbuf_take(&text);
}
