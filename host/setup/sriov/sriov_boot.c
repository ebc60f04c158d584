// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/sriov/sriov_boot.h"

#include <string.h>

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/pci/driver.h"
#include "host/pci/sriov.h"
#include "host/pci/sriov_conf.h"
#include "host/process/kernel_log.h"
#include "host/process/program.h"
#include "host/process/supervise.h"
#include "host/process/worker.h"
#include "host/setup/options.h"
#include "host/setup/sriov/pfs.h"

/* How long a PF is waited for, which may have been taken out of the host; and then its driver; and
 * until when all is done: TimeoutStartSec of the unit is 30 s. */
#define APPEAR_MS 3000
#define DRIVER_MS 20000
#define ALL_MS	  26000
#define AGAIN_MS  100

#define LOG_LINES 3

struct job {
	const struct fs_root *root;
	const struct sriov_entry *entry;
	int64_t appears;  /* until then it is waited for */
	int64_t deadline; /* and until then for its driver */
};

/* Whether the PF, with the id that was set up, has its driver: 0; -ENODEV when it is not there,
 * -EAGAIN when it has none. */
static int look(const struct job *job)
{
	const struct sriov_entry *entry = job->entry;
	struct pci_identity identity;
	auto_free char *driver = NULL;
	int err = pci_identify(job->root, &entry->bdf, &identity);

	if (err)
		return err == -ENOENT ? -ENODEV : err;
	if (!sriov_entry_is(entry, &identity))
		return -ESTALE;
	err = pci_driver(job->root, &entry->bdf, &driver);
	if (err)
		return err;
	if (driver && !strcmp(driver, DRIVER_VFIO_PCI))
		return -EBUSY;
	return driver ? 0 : -EAGAIN;
}

/* Whether there is still something to wait for. */
static bool may_come(const struct job *job, int err)
{
	return (err == -ENODEV && clock_left_ms(job->appears)) ||
	       (err == -EAGAIN && clock_left_ms(job->deadline));
}

static int work(const struct worker *self, void *arg)
{
	const struct job *job = arg;
	struct sriov_wish wish = {
		.pf = job->entry->bdf,
		.vfs = job->entry->vfs,
		.autoprobe = job->entry->host_driver ? -1 : 0,
	};
	unsigned int made = 0;
	int err;

	(void)self;
	while (may_come(job, err = look(job)))
		clock_sleep_ms(AGAIN_MS);
	if (!err)
		err = sriov_count(job->root, &wish.pf, &made);
	/* Something else made them, and may use them. */
	if (!err && made && made != wish.vfs)
		err = -EEXIST;
	if (err)
		return err;
	err = sriov_set(job->root, &wish);
	/* Above they mean that it has no driver, or vfio-pci. */
	return err == -EAGAIN || err == -EBUSY ? -ETIMEDOUT : err;
}

static const char *explain(int err)
{
	switch (err) {
	case -ENODEV: return _("it is not there");
	case -EAGAIN: return _("it has had no driver for 20 seconds");
	case -ESTALE: return _("another device is at this address than the one that was set up");
	case -EBUSY: return _("it is on vfio-pci, which makes no VFs");
	case -EEXIST:
		return _("it has another number of VFs already, which host-setup did not "
			 "make");
	case -ETIMEDOUT: return _("its driver did not make them in time");
	case -ENOENT: return _("its driver makes no VFs");
	case -EIO: return _("its driver made fewer");
	default: return log_strerror(err);
	}
}

static void say(const struct fs_root *root, const struct sriov_entry *entry, int err)
{
	const char *address = bdf_text(&entry->bdf);
	auto_free char *log = NULL;

	if (!err) {
		log_info(_("%s: %u VFs"), address, entry->vfs);
		return;
	}
	log_error(
		_("%s: its %u VFs were not made: %s; when that is mended: host-setup sriov %s %u"),
		address, entry->vfs, explain(err), address, entry->vfs);
	if (!kernel_log_about(root, address, LOG_LINES, &log) && log)
		log_error(_("the kernel's log says: %s"), log);
}

/* Starts a worker for each, waits for all, and reports each. Returns an exit code. */
static int make_all(const struct fs_root *root, const struct sriov_conf *conf, struct job *jobs,
		    struct worker *workers)
{
	int64_t now = clock_now_ms();
	int code = ENABLE_DONE;

	for (size_t i = 0; i < conf->n; i++) {
		jobs[i] = (struct job){root, &conf->items[i], now + APPEAR_MS, now + DRIVER_MS};
		workers[i].result = worker_start(&workers[i], work, &jobs[i], 1, &root->fd, 1);
	}
	worker_wait_all(workers, conf->n, now + ALL_MS, NULL, NULL);
	for (size_t i = 0; i < conf->n; i++) {
		int err = worker_result(&workers[i]);

		worker_release(&workers[i]);
		say(root, &conf->items[i], err);
		code = err ? ENABLE_FAILED : code;
	}
	return code;
}

int sriov_boot(const struct fs_root *root)
{
	auto_sriov_conf struct sriov_conf conf = {0};
	auto_free struct worker *workers = NULL;
	auto_free struct job *jobs = NULL;
	int err;

	if (!program_may_act(root)) {
		log_error(_("--root %s is not the running system: no VFs are made there"),
			  root->path);
		return ENABLE_REFUSED;
	}
	err = sriov_conf_read(root, &conf);
	if (err) {
		log_error(_("/%s: %s; no VFs were made; see: host-setup check"), SRIOV_CONF_PATH,
			  sriov_conf_strerror(err));
		return ENABLE_FAILED;
	}
	supervise_allow(ALL_MS);
	workers = calloc(conf.n + 1, sizeof(*workers));
	jobs = calloc(conf.n + 1, sizeof(*jobs));
	if (!workers || !jobs) {
		log_error("%s", log_strerror(-ENOMEM));
		return ENABLE_FAILED;
	}
	return make_all(root, &conf, jobs, workers);
}
