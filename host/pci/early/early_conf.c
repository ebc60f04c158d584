// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/early/early_conf.h"

#include "host/base/conftext.h"

#include <stdio.h>
#include <string.h>

#define ENTRIES_MAX 1024

static int compare(const void *a, const void *b)
{
	const struct early_id *x = &((const struct early_entry *)a)->id;
	const struct early_id *y = &((const struct early_entry *)b)->id;
	int order = bdf_compare(&x->bdf, &y->bdf);

	/* One that is gone may have been where another is now. */
	order = order ? order : strcmp(x->path, y->path);
	order = order ? order : x->identity.vendor - y->identity.vendor;
	return order ? order : x->identity.device - y->identity.device;
}

/* A text of at most SIZE - 1 characters, none of which a script could misread. */
static bool copy_word(const config_setting_t *setting, const char *name, char *to, size_t size)
{
	const char *text;

	if (!config_setting_lookup_string(setting, name, &text) || strlen(text) >= size ||
	    text[strspn(text, HEX_LOWER ":/.")])
		return false;
	memcpy(to, text, strlen(text) + 1);
	return true;
}

static bool read_entry(const config_setting_t *setting, struct early_entry *ret)
{
	const char *address, *identity, *with = NULL;
	int revision, held = 0;

	*ret = (struct early_entry){0};
	if (!config_setting_is_group(setting) ||
	    !config_setting_lookup_string(setting, "address", &address) ||
	    !config_setting_lookup_string(setting, "identity", &identity) ||
	    !config_setting_lookup_int(setting, "revision", &revision) ||
	    !copy_word(setting, "path", ret->id.path, sizeof(ret->id.path)) ||
	    !copy_word(setting, "serial", ret->id.serial, sizeof(ret->id.serial)))
		return false;
	config_setting_lookup_bool(setting, "held", &held);
	config_setting_lookup_string(setting, "with", &with);
	ret->held = held;
	ret->id.revision = (uint8_t)revision;
	return revision >= 0 && revision <= UINT8_MAX && strchr(ret->id.path, '/') &&
	       !bdf_parse(address, &ret->id.bdf) &&
	       !pci_identity_parse(identity, &ret->id.identity) &&
	       !bdf_parse(with ? with : address, &ret->with);
}

static bool has_place(const struct early_list *list, const struct early_id *id)
{
	for (size_t i = 0; i < list->n; i++)
		if (early_id_alike(&list->items[i].id, id) &&
		    !strcmp(list->items[i].id.path, id->path))
			return true;
	return false;
}

int early_list_read(const config_t *config, struct early_list *list)
{
	const config_setting_t *setting = config_lookup(config, "early");
	int n = setting ? config_setting_length(setting) : 0, err = 0;

	if (setting && (!config_setting_is_list(setting) || n > ENTRIES_MAX))
		return -EINVAL;
	for (int i = 0; !err && i < n; i++) {
		struct early_entry entry;

		if (!read_entry(config_setting_get_elem(setting, (unsigned int)i), &entry) ||
		    has_place(list, &entry.id))
			return -EINVAL;
		err = early_list_add(list, &entry);
	}
	return err;
}

static void put_entry(struct strbuf *to, const struct early_entry *entry)
{
	const struct early_id *id = &entry->id;

	strbuf_add(to, "  { address = \"%s\"; path = \"%s\"; identity = \"%s\"; revision = %u;",
		   bdf_text(&id->bdf), id->path, pci_identity_text(&id->identity), id->revision);
	strbuf_add(to, " serial = \"%s\"; held = %s;", id->serial, entry->held ? "true" : "false");
	if (entry->held)
		strbuf_add(to, " with = \"%s\";", bdf_text(&entry->with));
	strbuf_add(to, " }");
}

void early_list_put(struct strbuf *to, const struct early_list *list)
{
	if (!list->n)
		return;
	strbuf_add(to, EARLY_CONF_COMMENT "\nearly = (\n");
	for (size_t i = 0; i < list->n; i++) {
		put_entry(to, &list->items[i]);
		strbuf_add(to, "%s\n", i + 1 < list->n ? "," : "");
	}
	strbuf_add(to, ");\n");
}

int early_list_add(struct early_list *list, const struct early_entry *entry)
{
	if (!array_grow(list->items, list->n))
		return -ENOMEM;
	list->items[list->n++] = *entry;
	qsort(list->items, list->n, sizeof(*list->items), compare);
	return 0;
}

bool early_list_holds(const struct early_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].held)
			return true;
	return false;
}

void early_list_free(struct early_list *list)
{
	free(list->items);
	*list = (struct early_list){0};
}
