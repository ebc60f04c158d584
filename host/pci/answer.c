// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/answer.h"

#include "host/base/clock.h"
#include "host/pci/pci.h"
#include "host/process/worker.h"

#include <fcntl.h>
#include <string.h>

#define HEADER_SIZE 64
#define AGAIN_MS    100

/* What a worker reports of a device. */
enum step { STEP_ASKED, STEP_DONE };

/* The work of one worker. */
struct question {
	const struct fs_root *root;
	const struct bdf *devices;
	size_t n;
};

/* Whether the header is all ff goes to *RET. A shorter one was not read, which proves nothing. */
static int read_header(const struct fs_root *root, const struct bdf *bdf, bool *ret)
{
	auto_free char *path = pci_path(bdf, "config");
	auto_close int fd = path ? fs_open(root, path, O_RDONLY, 0) : -ENOMEM;
	unsigned char header[HEADER_SIZE];
	size_t set = 0;
	ssize_t len;

	*ret = false;
	if (fd < 0)
		return fs_is_absent(fd) || fd == -ENODEV ? 0 : fd;
	len = pread(fd, header, sizeof(header), 0);
	if (len < 0)
		return errno == ENODEV ? 0 : -errno;
	while (set < (size_t)len && header[set] == 0xff)
		set++;
	*ret = set == HEADER_SIZE;
	return 0;
}

int pci_answers(const struct fs_root *root, const struct bdf *bdf)
{
	bool silent;
	int err = read_header(root, bdf, &silent);

	if (err || !silent)
		return err;
	clock_sleep_ms(AGAIN_MS);
	err = read_header(root, bdf, &silent);
	return err ? err : silent ? -ENODATA : 0;
}

static int ask(const struct worker *self, void *arg)
{
	const struct question *question = arg;

	for (size_t i = 0; i < question->n; i++) {
		worker_report(self, i, STEP_ASKED, 0);
		worker_report(self, i, STEP_DONE,
			      pci_answers(question->root, &question->devices[i]));
	}
	return 0;
}

/* Asks them until one hangs; how many were asked, that one included, goes to *RET_N. */
static int ask_some(struct question *question, int *ret, size_t *ret_n)
{
	struct worker worker;
	int err = worker_start(&worker, ask, question, question->n, &question->root->fd, 1);
	uint32_t step;
	size_t i = 0;

	if (!err)
		worker_wait_all(&worker, 1, clock_now_ms() + PCI_ANSWER_MS, NULL, NULL);
	while (!err && i < question->n) {
		bool done = worker_progress(&worker, i, &step, &ret[i]) && step == STEP_DONE;

		if (!done)
			ret[i] = worker.channel >= 0 ? -ETIMEDOUT : -ECANCELED;
		i++;
		if (!done)
			break;
	}
	worker_release(&worker);
	*ret_n = i;
	return err;
}

int pci_ask(const struct fs_root *root, const struct bdf *devices, size_t n, int *ret)
{
	int err = 0;

	for (size_t i = 0, asked; !err && i < n; i += asked) {
		struct question question = {root, devices + i, n - i};

		err = ask_some(&question, ret + i, &asked);
	}
	return err;
}
