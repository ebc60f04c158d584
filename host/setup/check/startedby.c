// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/check/startedby.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define STAT_MAX ((size_t)16 * 1024 * 1024)

/* When the kernel was started, in seconds since the epoch; 0: unknown. */
static long long boot_time(const struct fs_root *root)
{
	auto_free char *text = NULL;
	const char *line;

	if (fs_read(root, "proc/stat", STAT_MAX, &text, NULL))
		return 0;
	line = strstr(text, "btime ");
	return line ? strtoll(line + strlen("btime "), NULL, 10) : 0;
}

bool startedby_older_grub(const struct fs_root *root, const struct bootloader *bootloader)
{
	auto_close int fd = -1;
	struct stat st;

	/* On ESPs that proxmox-boot-tool keeps it is another file. */
	if (bootloader->kind != BOOTLOADER_GRUB || bootloader->esps.n)
		return false;
	fd = fs_open(root, "boot/grub/grub.cfg", O_PATH, 0);
	return fd >= 0 && !fs_stat(root, fd, &st) && st.st_mtime < boot_time(root);
}
