// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/clock.h"
#include "host/process/worker.h"
#include "host/setup/picture/attached.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/* How long all names together may take, in milliseconds. */
#define NAMES_MS 3000

/* A descriptor of a device has at most 126 characters, a few bytes each. */
#define NAME_SIZE 768

/* What the worker says of an item. */
enum { STEP_ASKED, STEP_READ };

/* The USB devices that are asked, and what they answer, in memory that the worker shares. */
struct question {
	const struct fs_root *root;
	struct attached_item **items;
	size_t n, first; /* those before FIRST have been asked */
	char (*names)[NAME_SIZE];
};

/* By its numbers, when it has no name. */
static void read_ids(const struct fs_root *root, const char *path, char *name)
{
	auto_free char *vendor_path = fs_path("%s/idVendor", path);
	auto_free char *product_path = fs_path("%s/idProduct", path);
	auto_free char *vendor = NULL, *product = NULL;

	if (!fs_read_attr(root, vendor_path, &vendor) &&
	    !fs_read_attr(root, product_path, &product))
		snprintf(name, NAME_SIZE, "%s:%s", vendor, product);
}

static void read_name(const struct fs_root *root, const char *path, char *name)
{
	auto_free char *maker_path = fs_path("%s/manufacturer", path);
	auto_free char *product_path = fs_path("%s/product", path);
	auto_free char *maker = NULL, *product = NULL;
	int no_maker = fs_read_attr(root, maker_path, &maker);
	int no_product = fs_read_attr(root, product_path, &product);

	if (no_product)
		read_ids(root, path, name);
	else
		snprintf(name, NAME_SIZE, "%s%s%s", no_maker ? "" : maker, no_maker ? "" : " ",
			 product);
}

static int ask(const struct worker *self, void *arg)
{
	const struct question *question = arg;

	for (size_t i = question->first; i < question->n; i++) {
		worker_report(self, i, STEP_ASKED, 0);
		read_name(question->root, question->items[i]->path, question->names[i]);
		worker_report(self, i, STEP_READ, 0);
	}
	return 0;
}

/* Asks them until one hangs, after which the next call goes on. */
static int ask_some(struct question *question, int64_t deadline)
{
	struct worker worker;
	int err = worker_start(&worker, ask, question, question->n, &question->root->fd, 1);
	size_t i = question->first;
	uint32_t step = STEP_READ;
	int error;

	if (!err)
		worker_wait_all(&worker, 1, deadline, NULL, NULL);
	for (; !err && i < question->n && step == STEP_READ; i++) {
		if (!worker_progress(&worker, i, &step, &error))
			step = STEP_ASKED;
		if (step != STEP_READ || !question->names[i][0])
			continue;
		question->items[i]->model = strdup(question->names[i]);
		if (!question->items[i]->model)
			err = -ENOMEM;
	}
	worker_release(&worker);
	question->first = i;
	return err;
}

static int ask_all(struct question *question)
{
	size_t size = question->n * NAME_SIZE;
	int64_t deadline = clock_now_ms() + NAMES_MS;
	int err = 0;

	question->names = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			       0);
	if (question->names == MAP_FAILED)
		return -errno;
	while (!err && question->first < question->n && clock_left_ms(deadline)) {
		int64_t soon = clock_now_ms() + NAMES_MS / 3;

		err = ask_some(question, soon < deadline ? soon : deadline);
	}
	munmap(question->names, size);
	return err;
}

int attached_read_usb(const struct fs_root *root, struct attached *const *lists, size_t n)
{
	auto_free struct attached_item **items = NULL;
	struct question question = {.root = root};

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < lists[i]->n; k++) {
			if (lists[i]->items[k].kind != ATTACHED_USB)
				continue;
			if (!array_grow(items, question.n))
				return -ENOMEM;
			items[question.n++] = &lists[i]->items[k];
		}
	question.items = items;
	return question.n ? ask_all(&question) : 0;
}
