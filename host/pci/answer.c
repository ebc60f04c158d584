// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/answer.h"

#include "host/base/clock.h"
#include "host/pci/early/early_id.h"
#include "host/pci/pci.h"
#include "host/process/worker.h"

#include <fcntl.h>
#include <string.h>

#define HEADER_SIZE 64
#define AGAIN_MS    100

/* What a worker reports of a device. */
enum step { STEP_ASKED, STEP_DONE };

/* A serial number is reported in parts: a step has 31 bits. */
#define PARTS	  4
#define PART_BITS 16

/* The work of one worker. */
struct question {
	const struct fs_root *root;
	const struct bdf *devices;
	size_t n;
};

/* Whether the header is all ff goes to *RET. A shorter one was not read, which proves nothing. */
static int read_header(int config, bool *ret)
{
	unsigned char header[HEADER_SIZE];
	size_t set = 0;
	ssize_t len = pread(config, header, sizeof(header), 0);

	*ret = false;
	if (len < 0)
		return errno == ENODEV ? 0 : -errno;
	while (set < (size_t)len && header[set] == 0xff)
		set++;
	*ret = set == HEADER_SIZE;
	return 0;
}

/* Of the open configuration space, as pci_answers(). */
static int answers(int config)
{
	bool silent;
	int err = read_header(config, &silent);

	if (err || !silent)
		return err;
	clock_sleep_ms(AGAIN_MS);
	err = read_header(config, &silent);
	return err ? err : silent ? -ENODATA : 0;
}

/* As pci_answers(); SERIAL, unless it is NULL, is that of a device that answers, or stays. */
static int ask_device(const struct fs_root *root, const struct bdf *bdf, char *serial)
{
	auto_free char *path = pci_path(bdf, "config");
	auto_close int config = path ? fs_open(root, path, O_RDONLY, 0) : -ENOMEM;
	int err = config < 0 ? config : answers(config);

	if (config < 0)
		return fs_is_absent(err) || err == -ENODEV ? 0 : err;
	if (!err && serial)
		(void)!early_serial_read(config, serial);
	return err;
}

int pci_answers(const struct fs_root *root, const struct bdf *bdf)
{
	return ask_device(root, bdf, NULL);
}

static void report_serial(const struct worker *self, size_t n, size_t i, const char *text)
{
	uint64_t serial = strtoull(text, NULL, 16);

	for (size_t k = 0; serial && k < PARTS; k++)
		worker_report(self, n + i * PARTS + k, (uint32_t)(serial >> k * PART_BITS & 0xffff),
			      0);
}

/* What was reported of the serial number of device I. */
static uint64_t reported_serial(const struct worker *worker, size_t n, size_t i)
{
	uint64_t serial = 0;
	uint32_t part;
	int err;

	for (size_t k = 0; k < PARTS; k++)
		if (worker_progress(worker, n + i * PARTS + k, &part, &err))
			serial |= (uint64_t)part << k * PART_BITS;
	return serial;
}

static int ask(const struct worker *self, void *arg)
{
	const struct question *question = arg;

	for (size_t i = 0; i < question->n; i++) {
		char serial[EARLY_SERIAL_SIZE] = "";
		int err;

		worker_report(self, i, STEP_ASKED, 0);
		err = ask_device(question->root, &question->devices[i], serial);
		report_serial(self, question->n, i, serial);
		worker_report(self, i, STEP_DONE, err);
	}
	return 0;
}

/* Asks them until one hangs; how many were asked, that one included, goes to *RET_N. */
static int ask_some(struct question *question, struct pci_answer *ret, size_t *ret_n)
{
	struct worker worker;
	int err = worker_start(&worker, ask, question, question->n * (1 + PARTS),
			       &question->root->fd, 1);
	uint32_t step;
	size_t i = 0;

	if (!err)
		worker_wait_all(&worker, 1, clock_now_ms() + PCI_ANSWER_MS, NULL, NULL);
	while (!err && i < question->n) {
		bool done = worker_progress(&worker, i, &step, &ret[i].err) && step == STEP_DONE;

		if (!done)
			ret[i].err = worker.channel >= 0 ? -ETIMEDOUT : -ECANCELED;
		ret[i].serial = done ? reported_serial(&worker, question->n, i) : 0;
		i++;
		if (!done)
			break;
	}
	worker_release(&worker);
	*ret_n = i;
	return err;
}

int pci_ask(const struct fs_root *root, const struct bdf *devices, size_t n, struct pci_answer *ret)
{
	int err = 0;

	for (size_t i = 0, asked; !err && i < n; i += asked) {
		struct question question = {root, devices + i, n - i};

		err = ask_some(&question, ret + i, &asked);
	}
	return err;
}
