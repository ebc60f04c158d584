/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processes of the host, and what each of them has open. */
#ifndef HOST_PROCESS_PROCESS_H
#define HOST_PROCESS_PROCESS_H

#include <sys/types.h>

#include "host/base/fs.h"

/* A block or character device that a process has open, by whatever path. */
struct open_node {
	pid_t pid;
	const char *path; /* what its descriptor's link says: "/dev/sda" */
	bool numbered;	  /* the following is known: on the running system */
	bool block;
	unsigned int major, minor;
};

/*
 * Shows LOOK every device that any process but this one has open; one that is not numbered may be
 * anything: "/etc/passwd", "socket:[123]". When LOOK returns true, the rest of that process is left
 * out. A process that ends meanwhile, or cannot be seen, is left out. No /proc is no processes.
 * Returns 0 or -errno.
 */
int process_each_node(const struct fs_root *root,
		      bool (*look)(const struct open_node *node, void *arg), void *arg) must_check;

/*
 * Compares, for qsort(3) and bsearch(3), the numbers of two processes: what A and B point to begins
 * with a pid_t. process_each_node() has processes as the kernel lists them; people see them in
 * order.
 */
int process_compare(const void *a, const void *b);

/* Its short name, e.g. "kvm"; "?" when it has ended. Returns a new string, or NULL without memory.
 */
char *process_command(const struct fs_root *root, pid_t pid) must_check;

/*
 * The number of the Proxmox VE container that it runs in (its control group is below lxc/CTID), or
 * 0: it runs on the host.
 */
unsigned int process_container(const struct fs_root *root, pid_t pid);

/*
 * The number of the Proxmox VE VM whose QEMU it is (what follows -id on its command line), or
 * 0: none.
 */
unsigned int process_vm(const struct fs_root *root, pid_t pid);

#endif
