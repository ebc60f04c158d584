// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/statefile.h"

#include "host/base/fs_write.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

int statefile_read(const struct fs_root *root, const char *path, size_t max, char **ret)
{
	auto_close int fd = fs_open(root, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	auto_free char *text = NULL;
	struct stat st;
	size_t len = 0;
	int err;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st))
		return -errno;
	/* A directory has an error of its own. */
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return -EINVAL;
	err = fs_read_fd(fd, max, &text, &len);
	if (err)
		return err;
	if (strlen(text) != len)
		return -EINVAL;
	*ret = TAKE_PTR(text);
	return 0;
}

int statefile_write(const struct fs_root *root, const char *path, const char *text, mode_t mode,
		    bool durably)
{
	const struct fs_owner owner = {mode, geteuid(), getegid()};
	const char *slash = path ? strrchr(path, '/') : NULL;
	auto_free char *dir = slash ? strndup(path, (size_t)(slash - path)) : NULL;
	int err = dir && text ? fs_make_dir(root, STATE_DIR, 0755) : -ENOMEM;

	if (!err && strcmp(dir, STATE_DIR) != 0)
		err = fs_make_dir(root, dir, 0700);
	if (err)
		return err;
	return durably ? fs_replace_durably(root, path, text, &owner)
		       : fs_replace(root, dir, slash + 1, text, mode);
}
