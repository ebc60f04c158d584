// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/picture/picture_verb.h"

#include "host/base/fs_write.h"
#include "host/base/log.h"
#include "host/process/supervise.h"
#include "host/setup/options.h"
#include "host/setup/picture/page.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* As open(2) gives a new file. */
static mode_t new_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

/* PATH is no link. */
static int replace(const char *path, mode_t mode, const char *text)
{
	const char *slash = strrchr(path, '/');
	auto_free char *dir_path = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	auto_root struct fs_root dir = {.fd = -1};
	int err = dir_path ? fs_root_open(dir_path, &dir) : -ENOMEM;

	return err ? err : fs_replace(&dir, ".", slash ? slash + 1 : path, text, mode);
}

/* Whether it is an earlier page, or empty: what else is there is not ours to replace. Returns 1, 0,
 * or -errno. */
static int is_page(const char *path)
{
	static const char begin[] = PAGE_BEGIN;
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char bytes[sizeof(begin) - 1];
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

	if (n < 0)
		return -errno;
	return !n || (n == (ssize_t)sizeof(bytes) && !memcmp(bytes, begin, sizeof(bytes)));
}

/* A link stays, and the file that it leads to is replaced. -EEXIST: that is no page. */
static int write_file(const char *file, const char *text)
{
	auto_free char *target = realpath(file, NULL);
	struct stat st;
	int ours;

	if (!target)
		return errno == ENOENT ? replace(file, new_mode(), text) : -errno;
	if (stat(target, &st))
		return -errno;
	ours = S_ISREG(st.st_mode) ? is_page(target) : 0;
	if (ours <= 0)
		return ours ? ours : -EEXIST;
	return replace(target, st.st_mode & 07777, text);
}

static int write_page(const char *file, const char *text)
{
	int err;

	if (!strcmp(file, "-"))
		return fputs(text, stdout) < 0 ? ENABLE_FAILED : ENABLE_DONE;
	err = write_file(file, text);
	if (!err)
		log_info(_("%s is written: open it in a browser"), file);
	else if (err == -EEXIST)
		log_error(_("%s is there, and no page of this command, so it is not replaced: give "
			    "another name, or - for standard output"),
			  file);
	else
		log_error(_("%s could not be written: %s"), file, log_strerror(err));
	if (err == -EEXIST)
		return ENABLE_REFUSED;
	return err ? ENABLE_FAILED : ENABLE_DONE;
}

int picture_run(const struct fs_root *root, device_judge *judge, const char *file)
{
	auto_picture struct picture picture = {0};
	auto_free char *page = NULL;
	int err = picture_read(root, judge, &picture);

	supervise_allow(SUPERVISE_FOREVER);
	if (!err)
		err = page_make(&picture, &page);
	if (!err)
		return write_page(file, page);
	log_error("%s: %s", _("the IOMMU groups could not be read"), log_strerror(err));
	return ENABLE_FAILED;
}
