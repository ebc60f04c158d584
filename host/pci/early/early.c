// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/early/early.h"

#include <string.h>

#include "host/pci/sriov_conf.h"

#define TEXT_MAX ((size_t)64 * 1024)

/* ---- whether all devices of a kind are as they were ---- */

static const struct early_id *find_same(const struct early_ids *now, const struct early_id *id)
{
	for (size_t i = 0; i < now->n; i++)
		if (early_id_same(&now->items[i], id))
			return &now->items[i];
	return NULL;
}

static bool is_known(const struct early_list *was, const struct early_id *id)
{
	for (size_t i = 0; i < was->n; i++)
		if (early_id_same(&was->items[i].id, id))
			return true;
	return false;
}

/* A device of the kind that no entry knows; NULL: none. */
static const struct early_id *find_new(const struct early_list *was, const struct early_ids *now,
				       const struct early_id *id)
{
	for (size_t i = 0; i < now->n; i++)
		if (early_id_alike(&now->items[i], id) && !is_known(was, &now->items[i]))
			return &now->items[i];
	return NULL;
}

static const struct early_id *find_gone(const struct early_list *was, const struct early_ids *now,
					const struct early_id *id)
{
	for (size_t i = 0; i < was->n; i++)
		if (early_id_alike(&was->items[i].id, id) && !find_same(now, &was->items[i].id))
			return &was->items[i].id;
	return NULL;
}

int early_compare(const struct early_list *was, const struct early_ids *now,
		  const struct early_id *id, char **ret)
{
	const struct early_id *new = find_new(was, now, id), *gone = find_gone(was, now, id);

	*ret = NULL;
	if (!new && !gone)
		return 0;
	if (new &&gone && !strcmp(new->path, gone->path))
		*ret = fs_path(_("the one at %s has another serial number than before"),
			       bdf_text(&new->bdf));
	else if (new &&gone)
		*ret = fs_path(_("one that was in slot %s is in slot %s now (%s)"), gone->path,
			       new->path, bdf_text(&new->bdf));
	else if (new)
		*ret = fs_path(_("one has appeared at %s, in slot %s"), bdf_text(&new->bdf),
			       new->path);
	else
		*ret = fs_path(_("the one in slot %s, which was %s, is gone"), gone->path,
			       bdf_text(&gone->bdf));
	return *ret ? 0 : -ENOMEM;
}

/* ---- what became of each ---- */

/* What this boot has done: the kernel's words, and what the script has left. */
struct boot {
	bool off;
	char *seen; /* "" when the script did not run */
};

static void boot_free(struct boot *boot)
{
	free(boot->seen);
}

static int read_boot(const struct fs_root *root, struct boot *ret)
{
	auto_free char *cmdline = NULL;
	int err = fs_read_attr(root, "proc/cmdline", &cmdline);

	if (err && !fs_is_absent(err))
		return err;
	ret->off = cmdline && has_word(cmdline, EARLY_OFF_WORD);
	err = fs_read(root, EARLY_SEEN_PATH, TEXT_MAX, &ret->seen, NULL);
	if (!fs_is_absent(err))
		return err;
	ret->seen = strdup("");
	return ret->seen ? 0 : -ENOMEM;
}

/* Whether the script has held the device, or would have. */
static bool was_seen(const struct boot *boot, const struct early_item *item)
{
	auto_free char *word = fs_path("%s", item->entry.id.path);

	return word && has_word(boot->seen, word);
}

static enum early_state judge(const struct boot *boot, const struct early_item *item)
{
	if (item->why)
		return EARLY_CHANGED;
	if (item->driver && strstr(item->driver, "vfio"))
		return EARLY_HELD;
	if (boot->off)
		return EARLY_OFF;
	if (!was_seen(boot, item))
		return EARLY_NEXT_BOOT;
	return item->driver ? EARLY_OTHER : EARLY_NO_DRIVER;
}

static int read_item(const struct fs_root *root, const struct boot *boot,
		     const struct early_list *list, const struct early_ids *now,
		     struct early_item *item)
{
	const struct early_id *id = find_same(now, &item->entry.id);
	int err = early_compare(list, now, &item->entry.id, &item->why);

	item->bdf = id ? id->bdf : item->entry.id.bdf;
	item->there = id;
	for (size_t i = 0; i < now->n; i++)
		item->twins += &now->items[i] != id &&
			       early_id_alike(&now->items[i], &item->entry.id);
	if (!err && id)
		err = pci_driver(root, &id->bdf, &item->driver);
	item->state = judge(boot, item);
	return err;
}

static int read_items(const struct fs_root *root, const struct early_list *list,
		      struct early *early)
{
	cleanup_with(boot_free) struct boot boot = {0};
	auto_early_ids struct early_ids kinds = {0}, now = {0};
	int err = list->n ? read_boot(root, &boot) : 0;

	for (size_t i = 0; !err && i < list->n; i++)
		err = early_ids_add(&kinds, &list->items[i].id);
	err = err ?: early_ids_find(root, &kinds, &now);
	for (size_t i = 0; !err && i < list->n; i++) {
		if (!list->items[i].held)
			continue;
		if (!array_grow(early->items, early->n))
			return -ENOMEM;
		early->items[early->n] = (struct early_item){.entry = list->items[i]};
		err = read_item(root, &boot, list, &now, &early->items[early->n++]);
	}
	return err;
}

int early_read(const struct fs_root *root, struct early *ret)
{
	auto_sriov_conf struct sriov_conf conf = {0};
	auto_early struct early early = {0};
	int err = sriov_conf_read(root, &conf);

	if (err == -ENOMEM)
		return err;
	early.conf_err = err;
	err = err ? 0 : read_items(root, &conf.early, &early);
	if (err)
		return err;
	*ret = early;
	early = (struct early){0};
	return 0;
}

const struct early_item *early_find(const struct early *early, const struct bdf *bdf)
{
	const struct early_item *gone = NULL;

	for (size_t i = 0; i < early->n; i++) {
		if (bdf_compare(&early->items[i].bdf, bdf))
			continue;
		if (early->items[i].there)
			return &early->items[i];
		gone = &early->items[i];
	}
	return gone;
}

const char *early_state_name(enum early_state state)
{
	static const char *const names[] = {
		[EARLY_HELD] = "held",
		[EARLY_NEXT_BOOT] = "next-boot",
		[EARLY_OFF] = "off",
		[EARLY_CHANGED] = "changed",
		[EARLY_NO_DRIVER] = "no-driver",
		[EARLY_OTHER] = "other-driver",
	};

	return names[state];
}

char *early_state_text(const struct early_item *item)
{
	switch (item->state) {
	case EARLY_HELD: return strdup(_("held early: no driver of the host has seen it"));
	case EARLY_NEXT_BOOT: return strdup(_("held early from the next boot on"));
	case EARLY_OFF:
		return fs_path(_("not held early at this boot: %s is on the kernel command line"),
			       EARLY_OFF_WORD);
	case EARLY_CHANGED:
		return fs_path(_("no longer held early: the devices of its kind are not those that "
				 "were there when it was set up: %s"),
			       item->why);
	case EARLY_NO_DRIVER:
		return strdup(_("kept from the host's drivers, but vfio-pci has not taken it"));
	case EARLY_OTHER:
		return fs_path(_("not held early, although it should have been: driver %s has it"),
			       item->driver);
	}
	return NULL;
}

char *early_warning(const struct early_item *item)
{
	auto_free char *text = early_state_text(item);

	return text ? fs_path(_("%s: %s; see: host-setup early"), bdf_text(&item->bdf), text)
		    : NULL;
}

void early_free(struct early *early)
{
	for (size_t i = 0; i < early->n; i++) {
		free(early->items[i].why);
		free(early->items[i].driver);
	}
	free(early->items);
	*early = (struct early){0};
}
