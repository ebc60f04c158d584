// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/sriov.h"

#include "host/base/clock.h"
#include "host/text/strbuf.h"
#include "host/pci/driver.h"
#include "host/process/kernel_log.h"
#include "host/process/worker.h"

#include <string.h>

#define DEVICES "sys/bus/pci/devices"

/* Of the kernel's log, about one PF. */
#define LOG_LINES 8

/* How long a driver that is busy is asked again, as i40e (EAGAIN) and ice (EBUSY) are while their
 * card is being reset. */
#define BUSY_MS	 5000
#define AGAIN_MS 100

int sriov_number(const struct fs_root *root, const struct bdf *bdf, const char *name,
		 unsigned int *ret)
{
	auto_free char *path = pci_path(bdf, name), *text = NULL;
	int err = path ? fs_read_attr(root, path, &text) : -ENOMEM;

	*ret = 0;
	if (err)
		return fs_is_absent(err) || err == -ENODEV ? 0 : err;
	return number_parse(text, ret) ? 0 : -EINVAL;
}

static int compare_vfs(const void *a, const void *b)
{
	unsigned int first = ((const struct sriov_vf *)a)->number;
	unsigned int second = ((const struct sriov_vf *)b)->number;

	return first < second ? -1 : first > second;
}

/* Adds the VF that the link NAME leads to; one that has just gone is none. */
static int add_vf(const struct fs_root *root, const struct bdf *pf, const char *name,
		  struct sriov *sriov)
{
	const char *number = after_prefix(name, "virtfn");
	auto_free char *path = NULL, *address = NULL;
	struct sriov_vf vf;
	int err;

	if (!number || !number_parse(number, &vf.number))
		return 0;
	path = pci_path(pf, name);
	err = path ? fs_link_name_if(root, path, &address) : -ENOMEM;
	if (err || !address || bdf_parse(address, &vf.bdf))
		return err;
	if (!array_grow(sriov->vfs, sriov->n_vfs))
		return -ENOMEM;
	sriov->vfs[sriov->n_vfs++] = vf;
	return 0;
}

/* The first one is there while any is (Linux: drivers/pci/iov.c, sriov_enable()). */
static int read_vfs(const struct fs_root *root, const struct bdf *pf, struct sriov *sriov)
{
	auto_free char *dir = pci_dir(pf);
	auto_names struct fs_names names = {0};
	int err = dir ? pci_probe_file(root, pf, "virtfn0") : -ENOMEM;

	if (err > 0)
		err = fs_list(root, dir, &names);
	for (size_t i = 0; !err && i < names.n; i++)
		err = add_vf(root, pf, names.items[i], sriov);
	if (!err && sriov->n_vfs)
		qsort(sriov->vfs, sriov->n_vfs, sizeof(*sriov->vfs), compare_vfs);
	return err;
}

int sriov_read(const struct fs_root *root, const struct bdf *bdf, struct sriov *ret)
{
	auto_sriov struct sriov sriov = {.autoprobe = -1};
	unsigned int autoprobe;
	int err = sriov_number(root, bdf, "sriov_totalvfs", &sriov.total);
	int there = err ? err : pci_probe_file(root, bdf, SRIOV_AUTOPROBE);

	if (there > 0) {
		err = sriov_number(root, bdf, SRIOV_AUTOPROBE, &autoprobe);
		sriov.autoprobe = (int)autoprobe;
	}
	if (there < 0)
		err = there;
	if (!err)
		err = read_vfs(root, bdf, &sriov);
	if (err)
		return err;
	*ret = sriov;
	sriov = (struct sriov){0};
	return 0;
}

void sriov_free(struct sriov *sriov)
{
	free(sriov->vfs);
	*sriov = (struct sriov){0};
}

int sriov_count(const struct fs_root *root, const struct bdf *pf, unsigned int *ret)
{
	auto_sriov struct sriov sriov = {0};
	int err = read_vfs(root, pf, &sriov);

	*ret = (unsigned int)sriov.n_vfs;
	return err;
}

static int compare_addresses(const void *a, const void *b)
{
	return bdf_compare(a, b);
}

/* All PFs of the host, in order of address: a new array. */
static int list_pfs(const struct fs_root *root, struct bdf **ret, size_t *ret_n)
{
	auto_names struct fs_names names = {0};
	auto_free struct bdf *list = NULL;
	int err = fs_list(root, DEVICES, &names);
	size_t n = 0;

	list = calloc(names.n + 1, sizeof(*list));
	if (!err && !list)
		err = -ENOMEM;
	for (size_t i = 0; !err && i < names.n; i++) {
		unsigned int total;

		if (bdf_parse(names.items[i], &list[n]))
			continue;
		err = sriov_number(root, &list[n], "sriov_totalvfs", &total);
		n += total > 0;
	}
	if (err)
		return err;
	qsort(list, n, sizeof(*list), compare_addresses);
	*ret = TAKE_PTR(list);
	*ret_n = n;
	return 0;
}

int sriov_places_read(const struct fs_root *root, const struct bdf *pf, struct sriov_places *ret)
{
	struct sriov_places places = {.pf = *pf};
	int err = sriov_number(root, pf, "sriov_totalvfs", &places.total);

	if (!err && places.total)
		err = sriov_number(root, pf, "sriov_offset", &places.offset)
			      ?: sriov_number(root, pf, "sriov_stride", &places.stride);
	if (!places.offset)
		places.total = 0;
	if (!err)
		*ret = places;
	return err;
}

bool sriov_place(const struct sriov_places *places, unsigned int number, struct bdf *ret)
{
	const struct bdf *pf = &places->pf;
	uint64_t routing = (uint64_t)pf->bus << 8 | (uint64_t)(pf->slot << 3 | pf->func);

	routing += places->offset + (uint64_t)places->stride * number;
	*ret = (struct bdf){pf->domain, (uint8_t)(routing >> 8), (uint8_t)(routing >> 3 & 0x1f),
			    (uint8_t)(routing & 7)};
	return number < places->total && routing <= UINT16_MAX;
}

/* The number of the PF's VF at the address, from 1; 0: it cannot have one there. */
static int number_of(const struct fs_root *root, const struct bdf *pf, const struct bdf *vf,
		     unsigned int *ret)
{
	struct sriov_places places;
	int err = sriov_places_read(root, pf, &places);
	struct bdf at;

	*ret = 0;
	for (unsigned int n = 0; !err && !*ret && sriov_place(&places, n, &at); n++)
		if (!bdf_compare(&at, vf))
			*ret = n + 1;
	return err;
}

int sriov_find_pf(const struct fs_root *root, const struct bdf *vf, struct bdf *ret_pf,
		  unsigned int *ret_number)
{
	auto_free struct bdf *pfs = NULL;
	size_t n = 0;
	int err = list_pfs(root, &pfs, &n);

	*ret_number = 0;
	for (size_t i = 0; !err && !*ret_number && i < n; i++) {
		err = number_of(root, &pfs[i], vf, ret_number);
		if (*ret_number)
			*ret_pf = pfs[i];
	}
	return err;
}

/* ---- changing their number ---- */

static int set_autoprobe(const struct fs_root *root, const struct sriov_wish *wish)
{
	if (wish->autoprobe < 0)
		return 0;
	return driver_set_attribute(root, &wish->pf, SRIOV_AUTOPROBE, wish->autoprobe ? "1" : "0");
}

static int set_number(const struct fs_root *root, const struct bdf *pf, const char *number)
{
	int64_t end = clock_now_ms() + BUSY_MS;

	for (;;) {
		int err = driver_set_attribute(root, pf, SRIOV_NUMVFS, number);

		if ((err != -EAGAIN && err != -EBUSY) || !clock_left_ms(end))
			return err;
		clock_sleep_ms(AGAIN_MS);
	}
}

int sriov_set(const struct fs_root *root, const struct sriov_wish *wish)
{
	auto_free char *number = fs_path("%u", wish->vfs);
	unsigned int made;
	int err = number ? sriov_count(root, &wish->pf, &made) : -ENOMEM;

	if (!err && made && made != wish->vfs)
		err = set_number(root, &wish->pf, "0");
	if (!err)
		err = set_autoprobe(root, wish);
	return err ? err : set_number(root, &wish->pf, number);
}

struct job {
	const struct fs_root *root;
	const struct sriov_wish *wish;
};

static int work(const struct worker *self, void *arg)
{
	const struct job *job = arg;

	(void)self;
	return sriov_set(job->root, job->wish);
}

/* The lines of AFTER that come after the last one of BEFORE. */
static char *new_lines(const char *before, const char *after)
{
	const char *last = before ? strrchr(before, '\n') : NULL;
	const char *found;

	if (!after)
		return NULL;
	last = last ? last + 1 : before;
	found = last && *last ? strstr(after, last) : NULL;
	if (!found)
		return strdup(after);
	found += strlen(last);
	found += *found == '\n';
	return *found ? strdup(found) : NULL;
}

int sriov_set_in_worker(const struct fs_root *root, const struct sriov_wish *wish, char **ret_log)
{
	auto_free char *before = NULL, *after = NULL;
	const char *address = bdf_text(&wish->pf);
	struct job job = {root, wish};
	struct worker worker;
	int err = kernel_log_about(root, address, LOG_LINES, &before);

	*ret_log = NULL;
	if (err)
		return err;
	err = worker_start(&worker, work, &job, 1, &root->fd, 1);
	worker_wait_all(&worker, 1, clock_now_ms() + SRIOV_SET_MS, NULL, NULL);
	err = err ?: worker_result(&worker);
	worker_release(&worker);
	if (err && !kernel_log_about(root, address, LOG_LINES, &after))
		*ret_log = new_lines(before, after);
	return err;
}
