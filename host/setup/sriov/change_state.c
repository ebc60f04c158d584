// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/sriov/change_state.h"

#include "host/base/log.h"

void change_free(struct change *change)
{
	free(change->driver);
	sriov_free(&change->sriov);
	fs_names_free(&change->interfaces);
	usage_free(&change->usage);
	sriov_conf_free(&change->conf);
	edits_free(&change->edits);
}

int change_say_failed(const struct change *change, int err)
{
	log_error(_("%s could not be read: %s; nothing was changed"), bdf_text(&change->pf),
		  log_strerror(err));
	return ENABLE_FAILED;
}

bool change_is_due(const struct change *change)
{
	return change->there && change->sriov.n_vfs != change->vfs;
}
