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
 * Calls LOOK for every device that any process but this one has open, in the kernel's order of
 * processes; one that is not numbered may be anything: "/etc/passwd", "socket:[123]". LOOK returns
 * 0; 1 to leave out the rest of that process; or -errno, which ends the search. A process that ends
 * meanwhile, or cannot be seen, is left out. Without /proc there are no processes. Returns 0 or
 * -errno.
 */
int process_each_node(const struct fs_root *root,
		      int (*look)(const struct open_node *node, void *arg), void *arg) must_check;

/* Its short name, e.g. "kvm", which it may choose itself: printable, whatever it is
 * (host/base/utf8.h); "?" when it has ended. A new string, or NULL without memory. */
char *process_command(const struct fs_root *root, pid_t pid) must_check;

/*
 * The number of the Proxmox VE VM whose QEMU it is (what follows -id on its command line), or
 * 0: none.
 */
unsigned int process_vm(const struct fs_root *root, pid_t pid);

#endif
