// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/bind/claim.h"

#include "hookscript/pve/pve.h"
#include "hookscript/records/reboot.h"
#include "hookscript/records/record.h"
#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/text/strbuf.h"

#include <string.h>

/* Whether the record is still as the plan saw it, so that the plan holds. */
static bool record_is_as_planned(const struct fs_root *root, unsigned int vmid,
				 const struct record *planned, const struct record *now)
{
	if (!now || !planned)
		return now == planned;
	if (now->vmid != planned->vmid || now->stage != planned->stage)
		return false;
	return now->vmid == vmid ||
	       (!pve_vm_runs(root, now->vmid) && !pve_vm_is_locked(root, now->vmid));
}

/* What the device's network interface will lose; a new string in *RET, left alone when that is
 * nothing. */
static int copy_network(const struct plan *plan, const struct bdf *bdf, char **ret)
{
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < plan->n_accepted; i++) {
		const struct usage_finding *use = plan->accepted[i];

		if (use->network && !bdf_compare(&use->bdf, bdf))
			strbuf_add(&text, "%s%s", text.len ? "; " : "", use->network);
	}
	if (!text.len && !text.failed)
		return 0;
	*ret = strbuf_take(&text);
	return *ret ? 0 : -ENOMEM;
}

static int copy(char **to, const char *text)
{
	free(*to);
	*to = text ? strdup(text) : NULL;
	return text && !*to ? -ENOMEM : 0;
}

static char *join(char *const *names, size_t n)
{
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < n; i++)
		strbuf_add(&text, "%s%s", i ? " " : "", names[i]);
	return strbuf_take(&text);
}

/* Copies what the settings want done with the device. Attributes and modules only while it has no
 * before-image: after that they are what an earlier start has made of them. */
static int copy_setting(struct record *record, const struct device_setting *setting,
			const struct plan_step *step)
{
	auto_free char *unload = NULL;
	int err;

	err = copy(&record->return_to, setting ? setting->return_to : NULL);
	if (!err)
		err = copy(&record->bind_to, step->variant);
	if (err || record->stage == RECORD_TAKEN)
		return err;
	if (step->reset_method || setting)
		err = copy(&record->attributes[RECORD_RESET_METHOD].set,
			   step->reset_method ? step->reset_method : setting->reset_method);
	if (err || !setting)
		return err;
	if (setting->d3cold != D3COLD_AS_IT_IS)
		err = copy(&record->attributes[RECORD_D3COLD].set,
			   setting->d3cold == D3COLD_ALLOW ? "1" : "0");
	if (!err && setting->n_unload) {
		unload = join(setting->unload, setting->n_unload);
		err = unload ? copy(&record->unload, unload) : -ENOMEM;
	}
	return err;
}

static int claim_device(const struct fs_root *root, unsigned int vmid, uint64_t claim,
			const struct settings *settings, const struct plan *plan,
			const struct plan_step *step)
{
	const struct device *device = step->device;
	cleanup_with(record_freep) struct record *record = NULL;
	auto_free char *why = NULL;
	int err = record_read(root, &device->bdf, &record, &why);

	if (err && !record_is_unusable(err))
		return err;
	if (err || !record_is_as_planned(root, vmid, device->record, record))
		return -EAGAIN;
	if (!record) {
		record = calloc(1, sizeof(*record));
		if (!record)
			return -ENOMEM;
		record->bdf = device->bdf;
		record->stage = RECORD_CLAIMED;
		record->identity = device->identity;
	}
	/* An older record keeps its before-image: the device was not given back yet. */
	record->vmid = vmid;
	record->claim = claim;
	record->deadline = settings->deadline;
	record->ifreload = settings->ifreload;
	record->no_mail = !settings->mail;
	err = copy_setting(record,
			   settings_device(settings, &device->bdf, device->identity.vendor,
					   device->identity.device),
			   step);
	if (!err)
		err = record_want_vf(record, &step->vf_wanted,
				     step->vf && step->fdb ? &step->vf->pf : NULL);
	if (err)
		return err;
	record->choice = step->choice;
	if (!record->network)
		err = copy_network(plan, &device->bdf, &record->network);
	return err ? err : record_write(root, record);
}

/* Takes back the claims of this attempt: those records that did not exist before it. */
static void unclaim(const struct fs_root *root, const struct plan *plan, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct device *device = plan->steps[i].device;
		int err = device->record ? record_write(root, device->record)
					 : record_remove(root, &device->bdf);

		/* Not fatal: post-stop and restore see that the device was not written to. */
		if (err)
			log_device(LOG_LEVEL_WARNING, &device->bdf, device->driver,
				   _("a claim could not be taken back: %s"), strerror(-err));
	}
}

static int claim_devices(const struct fs_root *root, unsigned int vmid,
			 const struct settings *settings, const struct plan *plan, int64_t deadline)
{
	auto_close int lock = record_lock_claims(root, deadline);
	uint64_t claim = record_new_claim();

	if (lock < 0)
		return lock;
	for (size_t i = 0; i < plan->n_steps; i++) {
		int err = claim_device(root, vmid, claim, settings, plan, &plan->steps[i]);

		if (err) {
			unclaim(root, plan, i);
			return err;
		}
	}
	/* The devices that a reboot kept are claimed now. */
	return reboot_forget(root, vmid);
}

int claim_plan(const struct fs_root *root, unsigned int vmid, int64_t deadline,
	       const struct settings *settings, const struct plan *plan)
{
	auto_free int *locks = calloc(plan->n_steps + 1, sizeof(*locks));
	size_t n_locks = 0;
	int err = locks ? 0 : -ENOMEM;

	/* A hook may have been killed while its workers live on. They write records, too: a claim
	 * between such a worker's read and write would lose the before-image. */
	while (!err && n_locks < plan->n_steps) {
		int fd = record_lock_device(root, &plan->steps[n_locks].device->bdf, deadline);

		if (fd < 0)
			err = fd;
		else
			locks[n_locks++] = fd;
	}
	if (!err)
		err = claim_devices(root, vmid, settings, plan, deadline);
	while (n_locks)
		close(locks[--n_locks]);
	return err;
}
