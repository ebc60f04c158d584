// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/early/early_boot.h"

#include <string.h>

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/pci/driver.h"
#include "host/pci/early/early.h"
#include "host/pci/modules.h"
#include "host/pci/sriov_conf.h"
#include "host/process/program.h"
#include "host/process/supervise.h"
#include "host/process/worker.h"
#include "host/setup/early/early_print.h"
#include "host/setup/options.h"

/* TimeoutStartSec of the unit is 30 s. */
#define ALL_MS	26000
#define LOCK_MS 5000

struct job {
	const struct fs_root *root;
	const struct early *early;
	early_lock *lock;
};

/* A start that was quicker has taken it: then it has a driver. */
static int take(const struct job *job, const struct bdf *bdf)
{
	auto_close int lock = job->lock(job->root, bdf, clock_now_ms() + LOCK_MS);
	auto_free char *driver = NULL;
	int err = lock < 0 ? lock : pci_driver(job->root, bdf, &driver);

	if (err || driver)
		return err;
	err = driver_set_override(job->root, bdf, DRIVER_VFIO_PCI);
	return err ?: driver_probe(job->root, bdf, DRIVER_VFIO_PCI);
}

/* Without the module none can be taken; one that fails keeps no other from it. */
static int work(const struct worker *self, void *arg)
{
	const struct job *job = arg;
	int err = driver_load(job->root, DRIVER_VFIO_PCI, "vfio_pci"), first = err;

	(void)self;
	for (size_t i = 0; !err && i < job->early->n; i++) {
		const struct early_item *item = &job->early->items[i];
		int failed = item->state == EARLY_NO_DRIVER ? take(job, &item->bdf) : 0;

		first = first ? first : failed;
	}
	return first;
}

static bool is_due(const struct early *early)
{
	for (size_t i = 0; i < early->n; i++)
		if (early->items[i].state == EARLY_NO_DRIVER)
			return true;
	return false;
}

/* What the script could not: in a worker, for loading and probing may hang. */
static void complete(const struct fs_root *root, struct early *early, early_lock *lock)
{
	auto_early struct early after = {0};
	struct job job = {root, early, lock};
	struct worker worker = {0};
	int err = worker_start(&worker, work, &job, 1, &root->fd, 1);

	worker.result = err;
	worker_wait_all(&worker, 1, clock_now_ms() + ALL_MS, NULL, NULL);
	if (!err && !worker.finished)
		err = -ETIMEDOUT;
	else
		err = worker.result;
	worker_release(&worker);
	if (err)
		log_error(_("vfio-pci did not take what is held early: %s"), module_strerror(err));
	if (early_read(root, &after))
		return;
	early_free(early);
	*early = after;
	after = (struct early){0};
}

static void say(const struct early_item *item, int *code)
{
	auto_free char *text = early_state_text(item), *cure = early_cure(item);
	const char *address = bdf_text(&item->bdf);

	switch (item->state) {
	case EARLY_HELD:
	case EARLY_OFF: log_info("%s: %s", address, text ? text : ""); return;
	case EARLY_NEXT_BOOT:
		log_error(_("%s: not held early: the initramfs that started this boot lacks the "
			    "script that holds it; to have it: update-initramfs -u -k all; reboot"),
			  address);
		break;
	case EARLY_CHANGED:
	case EARLY_NO_DRIVER:
	case EARLY_OTHER:
		log_error("%s: %s; %s", address, text ? text : "", cure ? cure : "");
		break;
	}
	*code = ENABLE_FAILED;
}

int early_boot(const struct fs_root *root, early_lock *lock)
{
	auto_early struct early early = {0};
	int code = ENABLE_DONE, err;

	if (!program_may_act(root)) {
		log_error(_("--root %s is not the running system: nothing is held there"),
			  root->path);
		return ENABLE_REFUSED;
	}
	supervise_allow(ALL_MS);
	err = early_read(root, &early);
	err = err ? err : early.conf_err;
	if (err) {
		log_error(_("/%s: %s; what is held early was not looked at; see: host-setup check"),
			  SRIOV_CONF_PATH, sriov_conf_strerror(err));
		return ENABLE_FAILED;
	}
	if (is_due(&early))
		complete(root, &early, lock);
	for (size_t i = 0; i < early.n; i++)
		say(&early.items[i], &code);
	return code;
}
