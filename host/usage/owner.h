/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * To what a process belongs, by its control group: a unit of systemd, a VM or container of
 * Proxmox VE, a container of Docker or Podman, a user's login. What ends it depends on that.
 */
#ifndef HOST_USAGE_OWNER_H
#define HOST_USAGE_OWNER_H

#include <sys/types.h>

#include "host/base/fs.h"

enum owner_kind {
	OWNER_UNKNOWN,
	OWNER_VM,     /* number: VMID */
	OWNER_CT,     /* number: of the Proxmox VE container */
	OWNER_DOCKER, /* name: the beginning of the container's id, as `docker ps` shows it */
	OWNER_PODMAN, /* the same, one that root runs */
	OWNER_UNIT,   /* name: a service or scope of the system */
	OWNER_PART, /* the same, of systemd, Proxmox VE, dbus, ssh or udev, which have to run on */
	OWNER_MANAGER, /* number: of a user; name: a service or scope of that user's systemd */
	OWNER_SESSION, /* number: of a user; name: of the login */
};

struct owner {
	enum owner_kind kind;
	unsigned int number;
	char *name; /* NULL where none is said above */
	char *user; /* the name of that user; "uid 1000" for one without a name */
	/* The unit that the settings' stop_units can have, so that a start stops it: the service,
	 * the user's manager, the display manager of a graphical login. Or NULL. */
	char *unit;
};

/*
 * Reads the text of /proc/PID/cgroup: the unified hierarchy's line, "0::/system.slice/x.service",
 * or with the old one that of "name=systemd" (Linux: cgroups(7)). Names in it are systemd's
 * (systemd.slice(5)), Proxmox VE's (qemu.slice/105.scope, lxc/105), LXC's (lxc.payload.105),
 * Docker's and Podman's (docker-ID.scope, libpod-ID.scope). Fills in kind, number, name and
 * unit, of which the names are new. Returns 0 or -ENOMEM.
 */
int owner_parse(const char *cgroup, struct owner *ret) must_check;

/* The owner of process PID; OWNER_UNKNOWN when that cannot be read. Returns 0 (free with
 * owner_free()) or -ENOMEM. */
int owner_read(const struct fs_root *root, pid_t pid, struct owner *ret) must_check;

/* The host's display manager, "gdm.service": what /etc/systemd/system/display-manager.service leads
 * to. A new string; NULL for none, or without memory. */
char *owner_display_manager(const struct fs_root *root) must_check;

void owner_free(struct owner *owner);

#define auto_owner cleanup_with(owner_free)

#endif
