// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/early/early_change.h"

#include <string.h>

#include "host/text/json.h"
#include "host/base/log.h"
#include "host/pci/early/early.h"
#include "host/pci/iommu.h"
#include "host/setup/outcome.h"
#include "host/setup/confirm.h"
#include "host/setup/early/early_commit.h"
#include "host/setup/early/early_refuse.h"
#include "host/setup/early/early_state.h"
#include "host/setup/state/hoststate.h"

/* ---- what is to be held ---- */

static int read_conf(struct early_change *change)
{
	int err = sriov_conf_read(change->root, &change->conf);

	if (!err) {
		err = early_change_renew(change);
		return err ? early_say_failed(err) : 0;
	}
	outcome_refuse(
		change->options, REASON_FILE, NULL,
		_("/%s: %s; nothing was changed\nif it is damaged: delete it, and set up each "
		  "device again; see: host-setup early, host-setup sriov"),
		SRIOV_CONF_PATH, sriov_conf_strerror(err));
	return ENABLE_REFUSED;
}

static int add_addresses(struct early_change *change, const struct bdf_set *addresses)
{
	int code = 0;

	for (size_t i = 0; !code && i < addresses->n; i++) {
		const struct bdf *bdf = &addresses->items[i];
		int err;

		code = early_refuse_kind(change, bdf);
		err = code ? 0 : early_change_add(change, bdf, bdf);
		if (err)
			code = early_say_failed(err);
	}
	return code;
}

/* Whether a member of a group can go with it: bridges stay, and so does what is not there when a
 * boot begins. Returns 1, 0, or -errno. */
static int goes_along(const struct early_change *change, const struct bdf *bdf)
{
	struct early_id id;
	int err = early_id_read(change->root, bdf, &id);
	int bus = err ? 0 : pci_probe_file(change->root, bdf, "pci_bus");

	if (err)
		return err == -EXDEV || err == -ENODEV ? 0 : err;
	if (bus || id.identity.class >> 16 == PCI_BASE_CLASS_BRIDGE)
		return bus < 0 ? bus : 0;
	return !early_target_find(change, bdf);
}

/* Whether they are to be held, too: without a terminal the question comes with the changes. */
static bool ask_for_group(const struct early_change *change, const struct bdf *bdf,
			  const struct bdf_set *others)
{
	auto_strbuf struct strbuf list = {0};

	for (size_t i = 0; i < others->n; i++)
		strbuf_add_item(&list, "%s", bdf_text(&others->items[i]));
	log_info(_("%s shares its IOMMU group with %s: a VM gets the whole group"), bdf_text(bdf),
		 list.text ? list.text : "");
	if (change->options->yes || !json_can_ask(change->options->json))
		return true;
	return confirm_ask(_("Hold these early, too? [y/N] "));
}

static int add_group(struct early_change *change, const struct bdf *bdf)
{
	auto_bdf_set struct bdf_set others = {0};
	auto_free struct bdf *members = NULL;
	int group = iommu_group_of(change->root, bdf), err;
	size_t n = 0;

	if (group < 0)
		return group == -ENOENT ? 0 : group;
	err = iommu_group_members(change->root, group, &members, &n);
	for (size_t i = 0; !err && i < n; i++) {
		int along = goes_along(change, &members[i]);

		err = along <= 0 ? along : bdf_set_add(&others, &members[i]);
	}
	if (err || !others.n || !ask_for_group(change, bdf, &others))
		return err;
	for (size_t i = 0; !err && i < others.n; i++)
		err = early_change_add(change, &others.items[i], bdf);
	return err;
}

static int add_groups(struct early_change *change, const struct bdf_set *addresses)
{
	int err = 0;

	for (size_t i = 0; !err && i < addresses->n; i++)
		err = add_group(change, &addresses->items[i]);
	return err;
}

/* ---- the list as it will be ---- */

static bool is_target_kind(const struct early_change *change, const struct early_id *id)
{
	for (size_t i = 0; i < change->n_targets; i++)
		if (early_id_alike(&change->targets[i].id, id))
			return true;
	return false;
}

/* The entry of one that was held before, at the same place. */
static const struct early_entry *held_before(const struct early_list *list,
					     const struct early_id *id)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].held && early_id_same(&list->items[i].id, id))
			return &list->items[i];
	return NULL;
}

/* What was held and is of a kind that is set up anew, but is no longer there, is forgotten. */
static void say_forgotten(const struct early_change *change, const struct early_entry *entry)
{
	for (size_t i = 0; i < change->kinds.n; i++)
		if (early_id_same(&change->kinds.items[i], &entry->id))
			return;
	log_warning(_("%s in slot %s is no longer there: it is forgotten"),
		    bdf_text(&entry->id.bdf), entry->id.path);
}

static int read_kinds(struct early_change *change)
{
	auto_early_ids struct early_ids wanted = {0};
	int err = 0;

	for (size_t i = 0; !err && i < change->n_targets; i++)
		err = early_ids_add(&wanted, &change->targets[i].id);
	return err ?: early_ids_find(change->root, &wanted, &change->kinds);
}

/* Kinds of which nothing is held any more are of no interest. */
static void drop_idle_kinds(struct early_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++) {
		bool wanted = false;

		for (size_t k = 0; k < list->n; k++)
			wanted |= list->items[k].held &&
				  early_id_alike(&list->items[k].id, &list->items[i].id);
		/* Those that go are marked first: the search needs all of them. */
		list->items[i].with = wanted ? list->items[i].with
					     : (struct bdf){.domain = UINT32_MAX};
	}
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].with.domain != UINT32_MAX)
			list->items[kept++] = list->items[i];
	list->n = kept;
}

/* Whether a target is in the slot of the entry, which is of another kind: then that one is gone. */
static bool is_replaced(const struct early_change *change, const struct early_id *id)
{
	for (size_t i = 0; i < change->n_targets; i++)
		if (!strcmp(change->targets[i].id.path, id->path))
			return true;
	return false;
}

/* Entries of other kinds stay as they are; those of the targets' kinds are as they are now. */
static int make_list(struct early_change *change)
{
	struct early_list list = {0}, *old = &change->conf.early;
	int err = 0;

	for (size_t i = 0; !err && i < old->n; i++) {
		const struct early_id *id = &old->items[i].id;

		if (!is_target_kind(change, id) && !is_replaced(change, id))
			err = early_list_add(&list, &old->items[i]);
		else if (old->items[i].held)
			say_forgotten(change, &old->items[i]);
	}
	for (size_t i = 0; !err && i < change->kinds.n; i++) {
		const struct early_id *id = &change->kinds.items[i];
		const struct early_entry *before = held_before(old, id);
		const struct early_target *target = early_target_find(change, &id->bdf);
		struct early_entry entry = {.id = *id, .held = target || before};

		if (before && (!target || !bdf_compare(&before->with, &before->id.bdf)))
			entry.with = bdf_compare(&before->with, &before->id.bdf) ? before->with
										 : id->bdf;
		else if (target)
			entry.with = target->with;
		err = early_list_add(&list, &entry);
	}
	if (err) {
		early_list_free(&list);
		return err;
	}
	early_list_free(old);
	*old = list;
	drop_idle_kinds(old);
	return 0;
}

/* ---- holding ---- */

static void warn_iommu(const struct early_change *change)
{
	if (iommu_is_active(change->root) <= 0)
		log_warning(
			_("the IOMMU is off: as long as it is, vfio-pci cannot take what is held, "
			  "and no driver has it; see: host-setup check"));
	for (size_t i = 0; i < change->n_targets; i++) {
		const struct early_target *target = &change->targets[i];

		if (target->driver && strstr(target->driver, "vfio"))
			log_warning(_("%s is on %s: what of its disks or interfaces this host is "
				      "configured to use can only be told by its address"),
				    bdf_text(&target->id.bdf), target->driver);
	}
}

int early_change_hold(const struct fs_root *root, const struct setup_options *options,
		      const struct bdf_set *addresses)
{
	auto_early_change struct early_change change = {.root = root, .options = options};
	int code = early_refuse_host(&change, addresses), err;

	code = code ?: read_conf(&change) ?: add_addresses(&change, addresses);
	if (code)
		return code;
	err = add_groups(&change, addresses) ?: read_kinds(&change);
	if (err)
		return early_say_failed(err);
	code = early_refuse(&change);
	if (code)
		return code;
	warn_iommu(&change);
	err = make_list(&change);
	return err ? early_say_failed(err) : early_commit(&change, addresses);
}

/* ---- and no longer ---- */

/* The entry that the person means: by its slot, or what is at the address now, or else what was. */
static const struct early_item *find_item(const struct early *early, const char *word)
{
	const struct early_item *item;
	struct bdf bdf;

	if (bdf_parse_short(word, &bdf)) {
		for (size_t i = 0; i < early->n; i++)
			if (!strcmp(early->items[i].entry.id.path, word))
				return &early->items[i];
		return NULL;
	}
	item = early_find(early, &bdf);
	for (size_t i = 0; !item && i < early->n; i++)
		if (!bdf_compare(&early->items[i].entry.id.bdf, &bdf))
			item = &early->items[i];
	return item;
}

static const struct early_item *item_of(const struct early *early, const struct early_entry *entry)
{
	for (size_t i = 0; i < early->n; i++)
		if (early_id_same(&early->items[i].entry.id, &entry->id))
			return &early->items[i];
	return NULL;
}

/* Another that has or had the address of ITEM, and is held by itself; NULL: none. */
static const struct early_item *find_other(const struct early_list *list, const struct early *early,
					   const struct early_item *item)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct early_entry *entry = &list->items[i];

		if (entry->held && !bdf_compare(&entry->id.bdf, &item->bdf) &&
		    !early_id_same(&entry->id, &item->entry.id))
			return item_of(early, entry);
	}
	return NULL;
}

/* Says that what has or had the same address stays. */
static void say_other(const struct early_item *other)
{
	if (other->there)
		log_info(_("%s in slot %s stays held"), bdf_text(&other->bdf),
			 other->entry.id.path);
	else
		log_info(_("the one in slot %s, which was %s and is no longer there, stays on the "
			   "list; to forget it, too: host-setup early --remove %s"),
			 other->entry.id.path, bdf_text(&other->bdf), other->entry.id.path);
}

/* It and those that were added for its group. Of two that have or had its address, one is gone, and
 * so are those of its group. */
static void drop(struct early_list *list, const struct early *early, const struct early_item *item)
{
	const struct early_item *other = find_other(list, early, item);

	for (size_t i = 0; i < list->n; i++) {
		struct early_entry *entry = &list->items[i];
		const struct early_item *its = item_of(early, entry);
		bool own = early_id_same(&entry->id, &item->entry.id);
		bool with = bdf_compare(&entry->with, &entry->id.bdf) &&
			    !bdf_compare(&entry->with, &item->bdf);

		if (own || (with && (!other || (its && its->there == item->there))))
			entry->held = false;
	}
	if (other)
		say_other(other);
}

/* Whether the commands of an earlier run were not all run: it may have removed the files, and the
 * initramfs still has them. What cannot be read is reported by whoever commits. */
static bool is_unfinished(const struct fs_root *root)
{
	auto_hoststate struct hoststate state = {0};

	return hoststate_read(root, &state) || state.pending;
}

int early_change_remove(const struct fs_root *root, const struct setup_options *options)
{
	auto_early_change struct early_change change = {.root = root, .options = options};
	auto_early struct early early = {0};
	bool any = false;
	int code = read_conf(&change), err;

	if (code)
		return code;
	err = early_read(root, &early);
	if (err)
		return early_say_failed(err);
	for (char *const *word = options->addresses; *word; word++) {
		const struct early_item *item = find_item(&early, *word);

		if (item)
			drop(&change.conf.early, &early, item);
		else
			log_info(_("nothing to undo: %s is not held early; see: host-setup early"),
				 *word);
		any = any || item;
	}
	if (!any && !is_unfinished(root))
		return ENABLE_DONE;
	drop_idle_kinds(&change.conf.early);
	return early_commit(&change, NULL);
}
