// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/pve.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/utsname.h>
#include <time.h>

/* Longer than any command line of a VM seen, and less than the kernel's own limit. */
#define CMDLINE_MAX ((size_t)2 * 1024 * 1024)

#define RESERVATIONS_MAX ((size_t)1024 * 1024)

int pve_vmid_parse(const char *text, unsigned int *ret)
{
	size_t len = strlen(text);

	if (len < 3 || len > 9 || text[0] == '0' || strspn(text, "0123456789") != len)
		return -EINVAL;
	*ret = (unsigned int)strtoul(text, NULL, 10);
	return 0;
}

static bool is_node_name(const char *text)
{
	if (!isalnum((unsigned char)text[0]) || strlen(text) > 63)
		return false;
	for (const char *c = text; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-')
			return false;
	return true;
}

int pve_node_name(const struct fs_root *root, char **ret)
{
	struct utsname names;

	if (!fs_link_name(root, "etc/pve/local", ret))
		return 0;
	if (uname(&names))
		return -errno;
	*ret = strndup(names.nodename, strcspn(names.nodename, "."));
	return *ret ? 0 : -ENOMEM;
}

char *pve_config_path(unsigned int vmid, const char *migrated_from)
{
	if (migrated_from && is_node_name(migrated_from))
		return fs_path("etc/pve/nodes/%s/qemu-server/%u.conf", migrated_from, vmid);
	return fs_path("etc/pve/qemu-server/%u.conf", vmid);
}

/* Whether the command line (arguments with a NUL behind each) has WHAT followed by VALUE. */
static bool has_option(const char *cmdline, size_t len, const char *what, const char *value)
{
	const char *end = cmdline + len;
	bool value_next = false;

	for (const char *arg = cmdline; arg < end; arg += strlen(arg) + 1) {
		if (value_next && !strcmp(arg, value))
			return true;
		value_next = !strcmp(arg, what) || (arg[0] == '-' && !strcmp(arg + 1, what));
	}
	return false;
}

pid_t pve_vm_pid(const struct fs_root *root, unsigned int vmid)
{
	auto_free char *pidfile = fs_path("/var/run/qemu-server/%u.pid", vmid);
	auto_free char *text = NULL, *path = NULL, *cmdline = NULL;
	size_t len;
	long pid;

	if (!pidfile || fs_read_attr(root, pidfile + 1, &text))
		return 0;
	pid = strtol(text, NULL, 10);
	if (pid <= 0 || pid > INT_MAX)
		return 0;
	path = fs_path("proc/%ld/cmdline", pid);
	if (fs_read(root, path, CMDLINE_MAX, &cmdline, &len))
		return 0;
	return has_option(cmdline, len, "-pidfile", pidfile) ? (pid_t)pid : 0;
}

bool pve_vm_runs(const struct fs_root *root, unsigned int vmid)
{
	return pve_vm_pid(root, vmid) > 0;
}

bool pve_vm_reboots(const struct fs_root *root, unsigned int vmid)
{
	auto_free char *path = fs_path("run/qemu-server/%u.reboot", vmid);

	return fs_exists(root, path);
}

/* One line of the reservations, "0000:01:00.0 100 pid:4711" or "… time:1767225600", the end of its
 * validity. */
static bool is_reserved(const struct fs_root *root, char *line, const char *address,
			unsigned int *ret_vmid)
{
	const char *id = strsep(&line, " ");
	const char *number = strsep(&line, " ");

	if (!line || strcmp(id, address) || pve_vmid_parse(number, ret_vmid))
		return false;
	if (!strncmp(line, "pid:", 4))
		return strtol(line + 4, NULL, 10) == pve_vm_pid(root, *ret_vmid);
	return !strncmp(line, "time:", 5) && strtoll(line + 5, NULL, 10) > time(NULL);
}

unsigned int pve_reserved_for_other(const struct fs_root *root, unsigned int vmid,
				    const struct bdf *bdf)
{
	char address[BDF_TEXT_SIZE];
	auto_free char *text = NULL;
	char *rest, *line;

	bdf_format(bdf, address);
	if (fs_read(root, "run/qemu-server/pci-id-reservations", RESERVATIONS_MAX, &text, NULL))
		return 0;
	for (rest = text; (line = strsep(&rest, "\n"));) {
		unsigned int other;

		if (is_reserved(root, line, address, &other) && other != vmid)
			return other;
	}
	return 0;
}

int pve_vm_lock(const struct fs_root *root, unsigned int vmid, bool wait)
{
	auto_free char *path = fs_path("var/lock/qemu-server/lock-%u.conf", vmid);
	auto_close int fd = fs_open(root, path, O_RDONLY, 0);
	int err;

	if (fd < 0)
		return fd;
	do
		err = flock(fd, LOCK_SH | (wait ? 0 : LOCK_NB)) ? -errno : 0;
	while (err == -EINTR);
	return err ? err : TAKE_FD(fd);
}

bool pve_vm_is_locked(const struct fs_root *root, unsigned int vmid)
{
	/* Shared: two who look at once do not see each other. */
	auto_close int lock = pve_vm_lock(root, vmid, false);

	return lock == -EWOULDBLOCK;
}
