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

void early_change_free(struct early_change *change)
{
	sriov_conf_free(&change->conf);
	for (size_t i = 0; i < change->n_targets; i++)
		free(change->targets[i].driver);
	free(change->targets);
	early_ids_free(&change->kinds);
}
