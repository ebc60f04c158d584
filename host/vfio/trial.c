// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/vfio/trial.h"

#include "host/base/clock.h"
#include "host/pci/answer.h"
#include "host/pci/pci.h"
#include "host/process/worker.h"

#include <fcntl.h>
#include <linux/pci_regs.h>
#include <signal.h>
#include <string.h>

#define HEADER_SIZE 64

int trial_limit_ms = 130000;

/* What the worker reports: how far it is, and what it has found. */
enum item { ITEM_STEP, ITEM_BARS, ITEM_RESET, ITEM_BACK, ITEMS };

/* In the worker. */
struct work {
	const struct fs_root *root;
	const struct bdf *bdf;
	int group;
	bool own_reset;
	const struct worker *self;
	enum trial_step step;
	struct vfio_device device;
	unsigned char header[HEADER_SIZE]; /* before the first reset */
	bool slot_first;
};

static int capability(const unsigned char config[VFIO_CONFIG_SIZE], unsigned char id)
{
	unsigned int at = config[PCI_CAPABILITY_LIST];

	if (!(config[PCI_STATUS] & PCI_STATUS_CAP_LIST))
		return 0;
	/* As many as fit: a chain may be a circle. */
	for (unsigned int n = 0; n < VFIO_CONFIG_SIZE / 4; n++) {
		at &= ~3U;
		if (at < HEADER_SIZE || at > VFIO_CONFIG_SIZE - 8)
			return 0;
		if (config[at + PCI_CAP_LIST_ID] == id)
			return (int)at;
		at = config[at + PCI_CAP_LIST_NEXT];
	}
	return 0;
}

bool trial_prefers_slot(const unsigned char config[VFIO_CONFIG_SIZE])
{
	int express = capability(config, PCI_CAP_ID_EXP), af = capability(config, PCI_CAP_ID_AF);
	int pm = capability(config, PCI_CAP_ID_PM);
	unsigned char af_flr = PCI_AF_CAP_TP | PCI_AF_CAP_FLR;

	/* The highest byte of the capabilities, in which the bit is. */
	if (express && config[express + PCI_EXP_DEVCAP + 3] & PCI_EXP_DEVCAP_FLR >> 24)
		return false;
	if (af && (config[af + PCI_AF_CAP] & af_flr) == af_flr)
		return false;
	return pm && !(config[pm + PCI_PM_CTRL] & PCI_PM_CTRL_NO_SOFT_RESET);
}

/* ---- in the worker ---- */

static void begin(struct work *work, enum trial_step step)
{
	work->step = step;
	worker_report(work->self, ITEM_STEP, step, 0);
}

/* As the hardware has it: VFIO makes up parts of what it shows to a guest. */
static int read_header(const struct work *work, unsigned char ret[HEADER_SIZE])
{
	auto_free char *path = pci_path(work->bdf, "config");
	auto_close int fd = path ? fs_open(work->root, path, O_RDONLY, 0) : -ENOMEM;
	ssize_t len = fd < 0 ? 0 : pread(fd, ret, HEADER_SIZE, 0);

	if (fd < 0 || len < 0)
		return fd < 0 ? fd : -errno;
	return len == HEADER_SIZE ? 0 : -EIO;
}

/* Its ids and class, and where its BARs are. */
static bool is_same(const unsigned char *a, const unsigned char *b)
{
	return !memcmp(a + PCI_VENDOR_ID, b + PCI_VENDOR_ID, 4) &&
	       !memcmp(a + PCI_CLASS_REVISION, b + PCI_CLASS_REVISION, 4) &&
	       !memcmp(a + PCI_BASE_ADDRESS_0, b + PCI_BASE_ADDRESS_0,
		       sizeof(uint32_t) * VFIO_BARS);
}

static int look(struct work *work)
{
	unsigned char header[HEADER_SIZE];
	unsigned int bars;
	int err = pci_answers(work->root, work->bdf);

	if (!err)
		err = read_header(work, header);
	if (err)
		return err;
	return is_same(header, work->header) ? vfio_device_read_bars(&work->device, &bars) : -EIO;
}

static int reset_alone(const struct work *work)
{
	int can = vfio_device_can_reset(&work->device);

	return can < 0 ? can : can ? vfio_device_reset(&work->device) : -ENOTTY;
}

/* One way after the other; the error of the last one, or that there is none. */
static int reset(struct work *work, enum trial_reset *ret)
{
	int err = -ENOTTY, first = 0;

	for (int i = 0; err && i < 2; i++) {
		bool slot = work->slot_first ? !i : i;

		if (slot && work->own_reset)
			continue;
		err = slot ? vfio_device_hot_reset(&work->device) : reset_alone(work);
		*ret = slot ? TRIAL_RESET_SLOT : TRIAL_RESET_DEVICE;
		/* What is no way to reset it says less than a way that failed. */
		if (err && err != -ENOTTY && err != -ENODEV && err != -EPERM && !first)
			first = err;
	}
	if (err)
		*ret = TRIAL_RESET_NONE;
	return err ? first ? first : -ENOTTY : 0;
}

static int reset_and_look(struct work *work, unsigned int i)
{
	enum trial_reset how;
	int err, looked;

	begin(work, i ? TRIAL_RESET_2 : TRIAL_RESET_1);
	err = reset(work, &how);
	worker_report(work->self, ITEM_RESET, how, 0);
	if (err && err != -ENOTTY) {
		/* What failed may have left it dead, which says more. */
		looked = pci_answers(work->root, work->bdf);
		if (looked)
			begin(work, i ? TRIAL_LOOK_2 : TRIAL_LOOK_1);
		return looked ? looked : err;
	}
	if (err)
		return err;
	begin(work, i ? TRIAL_LOOK_2 : TRIAL_LOOK_1);
	err = look(work);
	if (!err)
		worker_report(work->self, ITEM_BACK, i + 1, 0);
	return err;
}

static int try_device(struct work *work)
{
	unsigned char config[VFIO_CONFIG_SIZE];
	unsigned int bars;
	int err;

	begin(work, TRIAL_OPEN);
	err = vfio_device_open(work->root, work->group, work->bdf, &work->device);
	if (err)
		return err;
	begin(work, TRIAL_CONFIG);
	err = vfio_device_read_config(&work->device, config);
	if (!err)
		err = pci_answers(work->root, work->bdf);
	if (!err)
		err = read_header(work, work->header);
	if (err)
		return err;
	work->slot_first = trial_prefers_slot(config);
	begin(work, TRIAL_BARS);
	err = vfio_device_read_bars(&work->device, &bars);
	if (err)
		return err;
	worker_report(work->self, ITEM_BARS, bars, 0);
	for (unsigned int i = 0; !err && i < TRIAL_RESETS; i++)
		err = reset_and_look(work, i);
	return err;
}

static int work_on(const struct worker *self, void *arg)
{
	struct work *work = arg;
	int err;

	work->self = self;
	err = try_device(work);
	worker_report(self, ITEM_STEP, err ? work->step : TRIAL_DONE, err);
	/* The kernel resets it once more. That may hang, too, and is seen when the device is given
	 * back: its group is open then. */
	vfio_device_close(&work->device);
	return err;
}

/* ---- the caller ---- */

static uint32_t found(const struct worker *worker, enum item item)
{
	uint32_t value;
	int unused;

	return worker_progress(worker, item, &value, &unused) ? value : 0;
}

static void read_results(const struct worker *worker, struct trial *ret)
{
	uint32_t step, reset = found(worker, ITEM_RESET);

	*ret = (struct trial){.step = TRIAL_START};
	if (worker_progress(worker, ITEM_STEP, &step, &ret->err))
		ret->step = (enum trial_step)step;
	ret->bars = found(worker, ITEM_BARS);
	ret->reset = (enum trial_reset)reset;
	ret->came_back = found(worker, ITEM_BACK);
	if (ret->step == TRIAL_DONE || ret->err)
		return;
	ret->err = worker->channel >= 0 ? -ETIMEDOUT : -ECANCELED;
	ret->worker = worker->pid;
}

int trial_run(const struct fs_root *root, const struct bdf *bdf, int group, bool own_reset,
	      struct trial *ret)
{
	struct work work = {
		.root = root,
		.bdf = bdf,
		.group = group,
		.own_reset = own_reset,
		.device = {-1, -1, -1, group},
	};
	struct worker worker;
	int err = worker_start(&worker, work_on, &work, ITEMS, &root->fd, 1);

	if (!err) {
		worker_wait_all(&worker, 1, clock_now_ms() + trial_limit_ms, NULL, NULL);
		read_results(&worker, ret);
		/* So that it ends when the kernel lets go of it, and resets the device no more. */
		if (ret->err == -ETIMEDOUT)
			kill(worker.pid, SIGKILL);
	}
	worker_release(&worker);
	return err;
}
