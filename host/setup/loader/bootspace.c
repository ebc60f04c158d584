// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/loader/bootspace.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "host/base/fs_write.h"

/* What an initramfs may grow by when the vfio modules come into it. */
#define GROWTH ((uint64_t)8 * 1024 * 1024)

/* The size of the largest initramfs in /boot; 0 when there is none. */
static uint64_t largest_initramfs(const struct fs_root *root)
{
	auto_names struct fs_names names = {0};
	uint64_t largest = 0;

	if (fs_list(root, "boot", &names))
		return 0;
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *path = fs_path("boot/%s", names.items[i]);
		auto_close int fd = -1;
		struct stat st;

		if (strncmp(names.items[i], "initrd.img-", strlen("initrd.img-")))
			continue;
		fd = fs_open(root, path, O_PATH, 0);
		if (fd >= 0 && !fs_stat(root, fd, &st) && (uint64_t)st.st_size > largest)
			largest = (uint64_t)st.st_size;
	}
	return largest;
}

static int explain_space(const char *name, uint64_t has, uint64_t needs, char **ret_why)
{
	*ret_why = fs_path(
		_("%s has %llu MiB free, and writing a new initramfs may need %llu MiB\n"
		  "remove kernels that are not needed any more: apt-get autoremove --purge"),
		name, (unsigned long long)(has >> 20), (unsigned long long)(needs >> 20));
	return *ret_why ? -ENOSPC : -ENOMEM;
}

int bootplaces_check_space(const struct fs_root *root, const struct bootloader *bootloader,
			   const struct bootplaces *places, char **ret_why)
{
	uint64_t size = largest_initramfs(root), space;
	int err;

	/* update-initramfs writes the new one beside the old one, whose size is the best guess. */
	if (!size)
		return 0;
	err = fs_free_space(root, "boot", &space);
	if (err)
		return err;
	if (space < size + GROWTH)
		return explain_space("/boot", space, size + GROWTH, ret_why);
	if (bootloader->kind != BOOTLOADER_SYSTEMD_BOOT && !bootloader->esps.n)
		return 0;
	/* The copies on an ESP are written over the old ones. */
	for (size_t i = 0; i < places->n; i++)
		if (!places->items[i].err && places->items[i].free < GROWTH)
			return explain_space(places->items[i].name, places->items[i].free, GROWTH,
					     ret_why);
	return 0;
}
