// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/pve/pve.h"

#include "host/base/facts.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "vmcfg/text/text.h"

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
	return strlen(text) <= 63 && !strchr(text, '.') && text_is_dns_name(text_of(text));
}

int pve_node_name(const struct fs_root *root, char **ret)
{
	int err = fs_link_name(root, "etc/pve/local", ret);

	return err == -ENOENT || err == -ENOTDIR ? facts_host_name(root, ret) : err;
}

char *pve_config_path(unsigned int vmid, const char *migrated_from)
{
	if (migrated_from && pve_is_node_name(migrated_from))
		return fs_path("etc/pve/nodes/%s/qemu-server/%u.conf", migrated_from, vmid);
	return fs_path("etc/pve/qemu-server/%u.conf", vmid);
}

/* Whether the command line (arguments with a NUL after each) has the option WHAT with VALUE. */
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

int pve_vm_pid(const struct fs_root *root, unsigned int vmid, pid_t *ret)
{
	auto_free char *pidfile = fs_path("/var/run/qemu-server/%u.pid", vmid);
	auto_free char *text = NULL, *path = NULL, *cmdline = NULL;
	size_t len;
	long pid;
	int err = pidfile ? fs_read_attr(root, pidfile + 1, &text) : -ENOMEM;

	*ret = 0;
	if (err)
		return err == -ENOENT || err == -ENOTDIR ? 0 : err;
	pid = strtol(text, NULL, 10);
	if (pid <= 0 || pid > INT_MAX)
		return 0;
	path = fs_path("proc/%ld/cmdline", pid);
	err = fs_read(root, path, CMDLINE_MAX, &cmdline, &len);
	if (err) /* ESRCH: it ends just now */
		return err == -ENOENT || err == -ENOTDIR || err == -ESRCH ? 0 : err;
	if (has_option(cmdline, len, "-pidfile", pidfile))
		*ret = (pid_t)pid;
	return 0;
}

bool pve_vm_runs(const struct fs_root *root, unsigned int vmid)
{
	pid_t pid;

	return pve_vm_pid(root, vmid, &pid) || pid;
}

bool pve_vm_reboots(const struct fs_root *root, unsigned int vmid)
{
	auto_free char *path = fs_path("run/qemu-server/%u.reboot", vmid);

	return fs_probe(root, path) > 0;
}

/* "0000:01:00.0 100 pid:4711", or, while QEMU is not there yet, "... time:1767225600", until then.
 */
static bool parse_reservation(char *line, struct pve_reservation *ret)
{
	const char *address = strsep(&line, " ");
	const char *number = strsep(&line, " ");

	if (!line || pve_vmid_parse(number, &ret->vmid))
		return false;
	ret->of_start = !strncmp(line, "time:", strlen("time:"));
	if (!ret->of_start && strncmp(line, "pid:", strlen("pid:")) != 0)
		return false;
	ret->value = strtoll(strchr(line, ':') + 1, NULL, 10);
	ret->has_bdf = !bdf_parse(address, &ret->bdf);
	return true;
}

int pve_reservations_read(const struct fs_root *root, struct pve_reservations *ret)
{
	auto_reservations struct pve_reservations list = {0};
	auto_free char *text = NULL;
	char *rest, *line;
	int err = fs_read(root, "run/qemu-server/pci-id-reservations", RESERVATIONS_MAX, &text,
			  NULL);

	if (err && err != -ENOENT)
		return err;
	for (rest = text; (line = strsep(&rest, "\n"));) {
		struct pve_reservation item;

		if (!parse_reservation(line, &item))
			continue;
		if (!array_grow(list.items, list.n))
			return -ENOMEM;
		list.items[list.n++] = item;
	}
	*ret = list;
	list = (struct pve_reservations){0};
	return 0;
}

void pve_reservations_free(struct pve_reservations *list)
{
	free(list->items);
	*list = (struct pve_reservations){0};
}

bool pve_reservation_holds(const struct fs_root *root, const struct pve_reservation *item)
{
	pid_t pid;

	if (item->of_start)
		return item->value > (root->replay ? replay_time(root->replay) : time(NULL));
	return item->value > 0 && (pve_vm_pid(root, item->vmid, &pid) || item->value == pid);
}

bool pve_start_is_under_way(const struct fs_root *root, unsigned int vmid)
{
	auto_reservations struct pve_reservations list = {0};

	if (pve_reservations_read(root, &list))
		return true;
	for (size_t i = 0; i < list.n; i++)
		if (list.items[i].of_start && list.items[i].vmid != vmid &&
		    pve_reservation_holds(root, &list.items[i]))
			return true;
	return false;
}

int pve_reserved_for(const struct fs_root *root, unsigned int vmid, struct bdf **ret, size_t *ret_n)
{
	auto_reservations struct pve_reservations list = {0};
	struct bdf *devices;
	size_t n = 0;
	int err = pve_reservations_read(root, &list);

	if (err)
		return err;
	devices = calloc(list.n + 1, sizeof(*devices));
	if (!devices)
		return -ENOMEM;
	for (size_t i = 0; i < list.n; i++)
		if (list.items[i].vmid == vmid && list.items[i].has_bdf &&
		    pve_reservation_holds(root, &list.items[i]))
			devices[n++] = list.items[i].bdf;
	*ret = devices;
	*ret_n = n;
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
	/* Shared: concurrent calls do not take each other for Proxmox VE. */
	auto_close int lock = pve_vm_lock(root, vmid, false);
	auto_free char *key = fs_path("locked-%u", vmid);
	bool locked = lock < 0 && !fs_is_absent(lock);
	long long noted;

	if (key && !facts_get_number(root, key, &noted))
		return noted;
	if (key)
		facts_note_number(key, locked);
	return locked;
}
