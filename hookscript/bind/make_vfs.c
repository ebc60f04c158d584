// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/bind/make_vfs.h"

#include "hookscript/records/record.h"
#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/pci/sriov.h"

#include <string.h>

/* Whether a VM has claimed the PF itself since the facts were read: 0; -EBUSY; -errno. */
static int check_claim(const struct fs_root *root, const struct bdf *pf)
{
	cleanup_with(record_freep) struct record *record = NULL;
	auto_free char *why = NULL;
	int err = record_read(root, pf, &record, &why);

	return err ? err : record ? -EBUSY : 0;
}

/* Another start may be making them: as long as that may take. */
static int make(const struct fs_root *root, const struct absent_vf *vf, char **ret_log)
{
	const struct sriov_wish wish = {vf->pf, vf->configured, vf->autoprobe};
	auto_close int lock = record_lock_device(root, &vf->pf, clock_now_ms() + SRIOV_SET_MS);
	unsigned int made;
	int err;

	if (lock < 0)
		return lock;
	err = check_claim(root, &vf->pf) ?: sriov_count(root, &vf->pf, &made);
	if (err || made)
		return err;
	return sriov_set_in_worker(root, &wish, ret_log);
}

int make_vfs(const struct fs_root *root, unsigned int vmid, const struct plan *plan)
{
	int err = 0;

	for (size_t i = 0; !err && i < plan->n_vfs; i++) {
		const struct absent_vf *vf = plan->vfs[i];
		const char *pf = bdf_text(&vf->pf);
		auto_free char *log = NULL;

		err = make(root, vf, &log);
		if (!err)
			log_device(LOG_LEVEL_INFO, &vf->pf, vf->pf_driver,
				   _("VM %u: made the %u VFs that %s is to have"), vmid,
				   vf->configured, pf);
		else
			log_device(LOG_LEVEL_ERROR, &vf->pf, vf->pf_driver,
				   _("VM %u: the VFs of %s could not be made: %s; to see why: "
				     "host-setup sriov %s %u"),
				   vmid, pf, strerror(-err), pf, vf->configured);
		if (log)
			log_device(LOG_LEVEL_ERROR, &vf->pf, vf->pf_driver,
				   _("the kernel's log says: %s"), log);
	}
	return err;
}
