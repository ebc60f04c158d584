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

bool pve_is_node_name(const char *text)
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
	if (migrated_from && pve_is_node_name(migrated_from))
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

/* A line of the reservations: "0000:01:00.0 100 pid:4711", or, while QEMU is not there yet, "…
 * time:1767225600", until then. */
struct reservation {
	const char *address;
	unsigned int vmid;
	const char *term; /* "pid:4711" */
};

static bool parse_reservation(char *line, struct reservation *ret)
{
	const char *number;

	ret->address = strsep(&line, " ");
	number = strsep(&line, " ");
	ret->term = line;
	return line && !pve_vmid_parse(number, &ret->vmid);
}

static bool is_of_a_start(const struct reservation *reservation)
{
	return !strncmp(reservation->term, "time:", strlen("time:"));
}

/* One whose process or time is over counts no more. To be asked last: a file is read for it. */
static bool reservation_holds(const struct fs_root *root, const struct reservation *reservation)
{
	const char *term = reservation->term;

	if (is_of_a_start(reservation))
		return strtoll(term + strlen("time:"), NULL, 10) > time(NULL);
	return !strncmp(term, "pid:", strlen("pid:")) &&
	       strtol(term + strlen("pid:"), NULL, 10) == pve_vm_pid(root, reservation->vmid);
}

/* Shows LOOK every reservation, whether it holds or not, until it returns true; whether it did. */
static bool each_reservation(const struct fs_root *root,
			     bool (*look)(const struct fs_root *root,
					  const struct reservation *reservation, void *arg),
			     void *arg)
{
	auto_free char *text = NULL;
	char *rest, *line;

	if (fs_read(root, "run/qemu-server/pci-id-reservations", RESERVATIONS_MAX, &text, NULL))
		return false;
	for (rest = text; (line = strsep(&rest, "\n"));) {
		struct reservation reservation;

		if (parse_reservation(line, &reservation) && look(root, &reservation, arg))
			return true;
	}
	return false;
}

struct reservation_search {
	unsigned int vmid;
	char address[BDF_TEXT_SIZE];
	unsigned int found;
};

static bool is_for_other(const struct fs_root *root, const struct reservation *reservation,
			 void *arg)
{
	struct reservation_search *search = arg;

	if (reservation->vmid == search->vmid || strcmp(reservation->address, search->address) ||
	    !reservation_holds(root, reservation))
		return false;
	search->found = reservation->vmid;
	return true;
}

unsigned int pve_reserved_for_other(const struct fs_root *root, unsigned int vmid,
				    const struct bdf *bdf)
{
	struct reservation_search search = {.vmid = vmid};

	bdf_format(bdf, search.address);
	each_reservation(root, is_for_other, &search);
	return search.found;
}

static bool is_start_of_other(const struct fs_root *root, const struct reservation *reservation,
			      void *arg)
{
	return is_of_a_start(reservation) && reservation->vmid != *(const unsigned int *)arg &&
	       reservation_holds(root, reservation);
}

bool pve_start_is_under_way(const struct fs_root *root, unsigned int vmid)
{
	return each_reservation(root, is_start_of_other, &vmid);
}

struct reserved {
	unsigned int vmid;
	struct bdf *items;
	size_t n;
	int err;
};

static bool add_reserved(const struct fs_root *root, const struct reservation *reservation,
			 void *arg)
{
	struct reserved *reserved = arg;
	struct bdf bdf;

	if (reservation->vmid != reserved->vmid || bdf_parse(reservation->address, &bdf) ||
	    !reservation_holds(root, reservation))
		return false;
	if (!array_grow(reserved->items, reserved->n)) {
		reserved->err = -ENOMEM;
		return true;
	}
	reserved->items[reserved->n++] = bdf;
	return false;
}

int pve_reserved_for(const struct fs_root *root, unsigned int vmid, struct bdf **ret, size_t *ret_n)
{
	struct reserved reserved = {.vmid = vmid};

	each_reservation(root, add_reserved, &reserved);
	if (reserved.err) {
		free(reserved.items);
		return reserved.err;
	}
	*ret = reserved.items;
	*ret_n = reserved.n;
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
