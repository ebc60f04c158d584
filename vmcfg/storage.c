// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/storage.h"

#include <stdio.h>
#include <string.h>

#include "vmcfg/text/sections.h"

/* The storage that Proxmox VE adds. */
#define LOCAL                                        \
	"dir: local\n\tpath /var/lib/vz\n\tcontent " \
	"backup,images,iso,rootdir,snippets,vztmpl\n"

/* The kinds of content (verify_content in PVE/Storage/Plugin.pm). */
#define CONTENTS "images|rootdir|vztmpl|iso|backup|snippets|none|import"

/* Where the files of a storage of that type are. */
enum place { NO_DIRECTORY, AT_PATH, MOUNTED };

/* The types that Proxmox VE includes and that have files, or take new disks, with their default
 * content. */
static const struct type {
	const char *name, *content;
	enum place place;
	bool allocates; /* new disks */
} types[] = {
	{"dir", "images,rootdir", AT_PATH, true},
	{"btrfs", "images,rootdir", AT_PATH, true},
	{"nfs", "images", MOUNTED, true},
	{"cifs", "images", MOUNTED, true},
	{"cephfs", "backup", MOUNTED, false},
	{"glusterfs", "images", MOUNTED, true}, /* until Proxmox VE 8 */
	{"lvm", "images", NO_DIRECTORY, true},
	{"lvmthin", "images", NO_DIRECTORY, true},
	{"zfspool", "images,rootdir", NO_DIRECTORY, true},
	{"rbd", "images", NO_DIRECTORY, true},
};

struct parser {
	struct storages *storages;
	bool had_directories, had_disable; /* the section has set content-dirs, or disable */
};

/* NULL when the type is unknown. */
static const struct type *find_type(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(types[i].name, name))
			return &types[i];
	return NULL;
}

/* --- lists --- */

/* The items of LIST joined with commas, without WORD when that is not NULL. */
static char *list_join(struct text list, const char *without)
{
	char *joined = calloc(1, list.len + 2);
	char *to = joined;
	struct text item;

	while (joined && text_next_item(&list, &item)) {
		if (without && text_is(item, without))
			continue;
		if (to != joined)
			*to++ = ',';
		to = mempcpy(to, item.at, item.len);
	}
	return joined;
}

/* --- settings of a section --- */

static int set_content(struct storage *storage, struct text value)
{
	struct text rest = value, item;
	size_t n = 0;

	for (; text_next_item(&rest, &item); n++)
		if (!text_is_one_of(item, CONTENTS))
			return 0; /* dropped: the default applies */
	if (!n)
		return 0;
	storage->content = list_join(value, NULL);
	return storage->content ? 0 : -ENOMEM;
}

/* "snippets=scripts,iso=images": other directories than the default ones. */
static int set_directories(struct storage *storage, struct text value)
{
	struct text item;

	while (text_next_item(&value, &item)) {
		if (!text_take(&item, "snippets="))
			continue;
		free(TAKE_PTR(storage->snippets));
		if (text_copy(item, &storage->snippets))
			return -ENOMEM;
	}
	return 0;
}

static int read_setting(void *arg, unsigned int line, struct text key, struct text value)
{
	struct parser *p = arg;
	struct storage *storage = &p->storages->items[p->storages->n - 1];

	(void)line;
	if (text_is(key, "disable") && !p->had_disable) {
		p->had_disable = true;
		storage->disabled = !value.at || text_is(value, "1");
	}
	/* Only a boolean may have no value. */
	if (!value.at)
		return 0;
	if (text_is(key, "path") && !storage->path && value.at[0] == '/')
		return text_copy(value, &storage->path);
	if (text_is(key, "nodes") && !storage->nodes)
		return text_copy(value, &storage->nodes);
	if (text_is(key, "content") && !storage->content)
		return set_content(storage, value);
	if (text_is(key, "content-dirs") && !p->had_directories) {
		p->had_directories = true;
		return set_directories(storage, value);
	}
	return 0;
}

/* --- sections --- */

/* What dir and btrfs take for a path (PVE/Storage/DirPlugin.pm, check_config). */
static bool is_plain_path(const char *path)
{
	return path && path[0] == '/' && path[1] &&
	       !path[strspn(path, "-/_.@ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789")];
}

static int set_defaults(struct storage *storage)
{
	bool is_none = storage->content && text_list_has(text_of(storage->content), "none");
	const struct type *type = find_type(storage->type);

	/* With "none" beside other contents Proxmox VE ignores all of the section. */
	if (is_none && strchr(storage->content, ',')) {
		strcpy(storage->content, "none");
		free(TAKE_PTR(storage->path));
		return 0;
	}
	/* Another's plugin, or one without files: what is at a path is known when it is for
	 * snippets, where all plugins have them (get_subdir in PVE/Storage/Plugin.pm). */
	if (!type) {
		if (!storage_is_for(storage, "snippets"))
			free(TAKE_PTR(storage->path));
		return 0;
	}
	if (!storage->content) {
		storage->content = strdup(type->content);
		if (!storage->content)
			return -ENOMEM;
	}
	if (type->place == MOUNTED && !storage->path)
		return asprintf(&storage->path, "/mnt/pve/%s", storage->id) < 0 ? -ENOMEM : 0;
	if (type->place == NO_DIRECTORY ||
	    (type->place == AT_PATH && !is_plain_path(storage->path)))
		free(TAKE_PTR(storage->path));
	return 0;
}

/* "TYPE: ID", where spaces may follow only the colon and the id; TYPE may contain colons. */
static bool split_header(struct text line, struct text *ret_type, struct text *ret_id)
{
	struct text rest = text_trim_end(line);
	size_t word = text_span(rest, char_is_word), colon;

	*ret_id = text_trim(text_skip(rest, word));
	/* Without a space the id follows the last colon that leaves one. */
	colon = ret_id->len ? word : word ? word - 1 : 0;
	while (colon > 0 && rest.at[colon - 1] != ':')
		colon--;
	if (colon < 2 || (ret_id->len && colon != word))
		return false;
	*ret_type = (struct text){rest.at, colon - 1};
	if (!ret_id->len)
		*ret_id = (struct text){rest.at + colon, word - colon};
	return text_span(*ret_id, char_is_word) == ret_id->len;
}

static int read_header(void *arg, struct text line, bool *ret_begins, bool *ret_skip)
{
	struct parser *p = arg;
	struct storage storage = {0};
	struct text type, id;

	if (!split_header(line, &type, &id))
		return 0;
	*ret_begins = true;
	*ret_skip = !text_is_storage_id(id);
	p->had_directories = p->had_disable = false;
	if (*ret_skip)
		return 0;
	storage.type = text_dup(type);
	storage.id = text_dup(id);
	if (!storage.type || !storage.id || !array_grow(p->storages->items, p->storages->n)) {
		free(storage.type);
		free(storage.id);
		return -ENOMEM;
	}
	for (char *c = storage.type; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	p->storages->items[p->storages->n++] = storage;
	return 0;
}

static const struct sections_reader reader = {read_header, read_setting};

static bool has_local(const struct storages *storages)
{
	const struct storage *local = storages_find(storages, "local");

	return local && !strcmp(local->type, "dir") && local->path &&
	       !strcmp(local->path, "/var/lib/vz");
}

int storages_parse(const char *text, size_t len, struct storages *ret)
{
	auto_storages struct storages storages = {0};
	struct parser parser = {.storages = &storages};
	int err = sections_read((struct text){text, len}, &reader, &parser);

	for (size_t i = 0; !err && i < storages.n; i++)
		err = set_defaults(&storages.items[i]);
	if (!err && !has_local(&storages))
		err = sections_read(text_of(LOCAL), &reader, &parser);
	if (err)
		return err;
	*ret = storages;
	storages = (struct storages){0};
	return 0;
}

void storages_free(struct storages *storages)
{
	for (size_t i = 0; i < storages->n; i++) {
		struct storage *storage = &storages->items[i];

		free(storage->id);
		free(storage->type);
		free(storage->path);
		free(storage->content);
		free(storage->snippets);
		free(storage->nodes);
	}
	free(storages->items);
	*storages = (struct storages){0};
}

/* --- questions --- */

const struct storage *storages_find(const struct storages *storages, const char *id)
{
	for (size_t i = storages->n; i--;)
		if (!strcmp(storages->items[i].id, id))
			return &storages->items[i];
	return NULL;
}

bool storage_is_for(const struct storage *storage, const char *content)
{
	return storage->content && text_list_has(text_of(storage->content), content);
}

char *storage_content_with(const struct storage *storage, const char *content)
{
	auto_free char *others = list_join(text_of(storage->content ? storage->content : ""),
					   "none");
	char *with;

	if (!others)
		return NULL;
	if (text_list_has(text_of(others), content))
		return TAKE_PTR(others);
	return asprintf(&with, "%s%s%s", others, *others ? "," : "", content) < 0 ? NULL : with;
}

const struct storage *storages_for_disks(const struct storages *storages)
{
	for (size_t i = 0; i < storages->n; i++) {
		const struct storage *storage = &storages->items[i];
		const struct type *type = find_type(storage->type);

		if (storages_find(storages, storage->id) == storage && type && type->allocates &&
		    !storage->disabled && !storage->nodes && storage_is_for(storage, "images"))
			return storage;
	}
	return NULL;
}

int storage_split_snippet(const char *volume, char **ret_storage, char **ret_name)
{
	struct text name = text_of(volume), id = name;
	char *storage;

	id.len = strcspn(volume, ":");
	name = text_skip(name, id.len);
	if (!text_is_storage_id(id) || !text_take(&name, ":snippets/") || !name.len ||
	    memchr(name.at, '/', name.len) || text_is(name, ".") || text_is(name, ".."))
		return -EINVAL;
	storage = text_dup(id);
	*ret_name = storage ? text_dup(name) : NULL;
	if (!*ret_name) {
		free(storage);
		return -ENOMEM;
	}
	*ret_storage = storage;
	return 0;
}

int storages_snippet_path(const struct storages *storages, const char *volume, char **ret,
			  char **ret_why)
{
	auto_free char *id = NULL, *name = NULL;
	const struct storage *storage;
	int r = storage_split_snippet(volume, &id, &name);

	if (r == -EINVAL)
		return text_refuse_part(ret_why, text_of(volume),
					_("expected STORAGE:snippets/NAME, got"));
	if (r < 0)
		return r;
	storage = storages_find(storages, id);
	if (!storage)
		return text_refuse(ret_why, _("there is no storage '%s'"), id);
	if (!storage->path)
		return text_refuse(ret_why,
				   _("the storage '%s' of type %s has no directory for snippets"),
				   id, storage->type);
	return asprintf(ret, "%s/%s/%s", storage->path + strspn(storage->path, "/"),
			storage->snippets ? storage->snippets : "snippets", name) < 0
		       ? -ENOMEM
		       : 0;
}
