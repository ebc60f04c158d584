// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/early/early_state.h"

#include "host/base/log.h"

int early_say_failed(int err)
{
	log_error(_("the devices of this host could not be read: %s; nothing was changed"),
		  log_strerror(err));
	return ENABLE_FAILED;
}

struct early_target *early_target_find(const struct early_change *change, const struct bdf *bdf)
{
	for (size_t i = 0; i < change->n_targets; i++)
		if (!bdf_compare(&change->targets[i].id.bdf, bdf))
			return &change->targets[i];
	return NULL;
}

int early_change_add(struct early_change *change, const struct bdf *bdf, const struct bdf *with)
{
	struct early_target target = {.with = *with};
	int err;

	if (early_target_find(change, bdf))
		return 0;
	err = early_id_read(change->root, bdf, &target.id);
	err = err ?: pci_driver(change->root, bdf, &target.driver);
	if (err)
		return err;
	if (!array_grow(change->targets, change->n_targets)) {
		free(target.driver);
		return -ENOMEM;
	}
	change->targets[change->n_targets++] = target;
	return 0;
}

/* Where the device of the entry at the address is now; the address, when none is there. */
static struct bdf now_at(const struct early_list *list, const struct early_ids *now,
			 const struct bdf *bdf)
{
	for (size_t i = 0; i < list->n; i++)
		for (size_t k = 0; !bdf_compare(&list->items[i].id.bdf, bdf) && k < now->n; k++)
			if (early_id_same(&list->items[i].id, &now->items[k]))
				return now->items[k].bdf;
	return *bdf;
}

int early_change_renew(struct early_change *change)
{
	auto_early_ids struct early_ids kinds = {0}, now = {0};
	struct early_list renewed = {0}, *list = &change->conf.early;
	int err = 0;

	for (size_t i = 0; !err && i < list->n; i++)
		err = early_ids_add(&kinds, &list->items[i].id);
	err = err ?: early_ids_find(change->root, &kinds, &now);
	for (size_t i = 0; !err && i < list->n; i++) {
		struct early_entry entry = list->items[i];

		entry.id.bdf = now_at(list, &now, &list->items[i].id.bdf);
		entry.with = now_at(list, &now, &list->items[i].with);
		err = early_list_add(&renewed, &entry);
	}
	if (err) {
		early_list_free(&renewed);
		return err;
	}
	early_list_free(list);
	*list = renewed;
	return 0;
}

void early_change_free(struct early_change *change)
{
	sriov_conf_free(&change->conf);
	for (size_t i = 0; i < change->n_targets; i++)
		free(change->targets[i].driver);
	free(change->targets);
	early_ids_free(&change->kinds);
}
