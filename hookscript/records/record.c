// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/records/record.h"

#include "host/base/clock.h"
#include "host/base/conftext.h"
#include "host/base/fs_write.h"
#include "host/process/changes.h"
#include "vmcfg/text/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#define RUN_DIR	 "run/pve-passthrough"
#define LOCK_DIR "run/pve-passthrough/locks"

#define RECORD_TEXT_MAX ((size_t)64 * 1024)

#define LOCK_AGAIN_MS 20

/* A new string, or NULL when there is no file of that name. Returns 0 or -errno. */
static int read_text(const struct fs_root *root, const char *name, char **ret)
{
	auto_free char *path = name ? fs_path("%s/%s", RECORD_DIR, name) : NULL;
	auto_close int fd = fs_open(root, path, O_RDONLY | O_NOFOLLOW, 0);

	if (fd != -ENOENT)
		return fd < 0 ? fd : fs_read_fd(fd, RECORD_TEXT_MAX, ret, NULL);
	*ret = NULL;
	return 0;
}

static int read_named(const struct fs_root *root, const char *name, const struct bdf *bdf,
		      struct record **ret, char **ret_why)
{
	auto_free char *text = NULL;
	int err = read_text(root, name, &text);

	*ret = NULL;
	if (!err && text)
		err = record_parse(text, bdf, ret);
	if (err)
		*ret_why = fs_path("/%s/%s: %s", RECORD_DIR, name ? name : "",
				   conftext_strerror(err, _("not a record of pve-passthrough")));
	return err;
}

int record_read(const struct fs_root *root, const struct bdf *bdf, struct record **ret,
		char **ret_why)
{
	char address[BDF_TEXT_SIZE];

	return read_named(root, bdf_format(bdf, address), bdf, ret, ret_why);
}

/* Not the form of an address, so that it is not taken for a record. */
static char *spare_name(unsigned int vmid, const struct bdf *bdf)
{
	char address[BDF_TEXT_SIZE];

	return fs_path("%s.spare-%u", bdf_format(bdf, address), vmid);
}

int record_read_spare(const struct fs_root *root, unsigned int vmid, const struct bdf *bdf,
		      struct record **ret, char **ret_why)
{
	auto_free char *name = spare_name(vmid, bdf);

	return read_named(root, name, bdf, ret, ret_why);
}

/* 22 bits hold every process number (Linux: PID_MAX_LIMIT). */
#define CLAIM_PID_BITS 22

static uint64_t ms_since_boot(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Milliseconds and the process: no two processes of one number live in one millisecond. */
uint64_t record_new_claim(void)
{
	return ms_since_boot() << CLAIM_PID_BITS | (uint64_t)getpid();
}

int64_t record_claim_age_ms(uint64_t claim)
{
	return (int64_t)(ms_since_boot() - (claim >> CLAIM_PID_BITS));
}

/* Creates the directories, which each boot removes, if ERR says that they are missing. Returns 0
 * when it is worth trying again. */
static int make_dirs(const struct fs_root *root, int err)
{
	if (err != -ENOENT)
		return err;
	/* The 0700 parent first: it closes what is below to others. */
	err = fs_make_dir(root, "run", 0755);
	if (!err)
		err = fs_make_dir(root, RUN_DIR, 0700);
	if (!err)
		err = fs_make_dir(root, RECORD_DIR, 0700);
	return err ? err : fs_make_dir(root, LOCK_DIR, 0700);
}

static int write_text(const struct fs_root *root, const char *name, const char *text)
{
	int err;

	if (!text || !name)
		return -ENOMEM;
	err = fs_replace(root, RECORD_DIR, name, text, 0600);
	if (err && !make_dirs(root, err))
		err = fs_replace(root, RECORD_DIR, name, text, 0600);
	return err;
}

int record_write(const struct fs_root *root, const struct record *record)
{
	auto_free char *text = record_format(record);
	char address[BDF_TEXT_SIZE];

	return write_text(root, bdf_format(&record->bdf, address), text);
}

int record_write_spare(const struct fs_root *root, const struct record *record)
{
	auto_free char *name = spare_name(record->vmid, &record->bdf);
	auto_free char *text = record_format(record);

	return write_text(root, name, text);
}

int record_remove_spare(const struct fs_root *root, unsigned int vmid, const struct bdf *bdf)
{
	auto_free char *name = spare_name(vmid, bdf);

	return name ? fs_remove(root, RECORD_DIR, name) : -ENOMEM;
}

int record_remove(const struct fs_root *root, const struct bdf *bdf)
{
	char address[BDF_TEXT_SIZE];

	return fs_remove(root, RECORD_DIR, bdf_format(bdf, address));
}

int record_mark_broken(const struct fs_root *root, const struct bdf *bdf)
{
	char address[BDF_TEXT_SIZE];
	auto_free char *broken = fs_path("%s.broken", bdf_format(bdf, address));

	return broken ? fs_rename(root, RECORD_DIR, address, broken) : -ENOMEM;
}

bool record_has_broken(const struct fs_root *root, const struct bdf *bdf)
{
	char address[BDF_TEXT_SIZE];
	auto_free char *path = fs_path("%s/%s.broken", RECORD_DIR, bdf_format(bdf, address));

	return fs_probe(root, path) != 0;
}

/* The addresses in the names that are an address and SUFFIX. */
static int list_names(const struct fs_root *root, const char *suffix, struct bdf **ret,
		      size_t *ret_n)
{
	auto_names struct fs_names names = {0};
	auto_free struct bdf *list = NULL;
	size_t n = 0;
	int err = fs_list(root, RECORD_DIR, &names);

	if (err)
		return err;
	list = calloc(names.n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < names.n; i++) {
		struct text name = text_of(names.items[i]);

		if (!text_take_end(&name, suffix))
			continue;
		names.items[i][name.len] = '\0';
		/* Other names are notes, or temporary files left by a crash. */
		if (!bdf_parse(names.items[i], &list[n]))
			n++;
	}
	*ret = TAKE_PTR(list);
	*ret_n = n;
	return 0;
}

int record_list(const struct fs_root *root, struct bdf **ret, size_t *ret_n)
{
	return list_names(root, "", ret, ret_n);
}

int record_list_spares(const struct fs_root *root, unsigned int vmid, struct bdf **ret,
		       size_t *ret_n)
{
	auto_free char *suffix = fs_path(".spare-%u", vmid);

	return suffix ? list_names(root, suffix, ret, ret_n) : -ENOMEM;
}

int record_list_broken(const struct fs_root *root, struct bdf **ret, size_t *ret_n)
{
	return list_names(root, ".broken", ret, ret_n);
}

int record_lock_named(const struct fs_root *root, const char *name, int operation)
{
	auto_free char *path = fs_path("%s/%s", LOCK_DIR, name);
	int fd = fs_lock(root, path, operation);

	return fd < 0 && !make_dirs(root, fd) ? fs_lock(root, path, operation) : fd;
}

static int lock_until(const struct fs_root *root, const char *name, int64_t deadline)
{
	for (;;) {
		int fd = record_lock_named(root, name, LOCK_EX | LOCK_NB);

		if (fd != -EWOULDBLOCK)
			return fd;
		if (!clock_left_ms(deadline))
			return -EBUSY;
		clock_sleep_ms(LOCK_AGAIN_MS);
	}
}

int record_lock_claims(const struct fs_root *root, int64_t deadline)
{
	return lock_until(root, "claims", deadline);
}

int record_lock_device(const struct fs_root *root, const struct bdf *bdf, int64_t deadline)
{
	char address[BDF_TEXT_SIZE];

	return lock_until(root, bdf_format(bdf, address), deadline);
}

bool record_device_is_busy(const struct fs_root *root, const struct bdf *bdf)
{
	char address[BDF_TEXT_SIZE];
	auto_close int lock = record_lock_named(root, bdf_format(bdf, address), LOCK_SH | LOCK_NB);

	return lock == -EWOULDBLOCK;
}

int record_changes(const struct fs_root *root)
{
	int fd = changes_open(root, RECORD_DIR);

	return fd < 0 && !make_dirs(root, fd) ? changes_open(root, RECORD_DIR) : fd;
}
