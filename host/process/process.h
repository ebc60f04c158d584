/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processes of the host. */
#ifndef HOST_PROCESS_PROCESS_H
#define HOST_PROCESS_PROCESS_H

#include <sys/types.h>

#include "host/base/fs.h"

/* In which order processes are looked at: nobody can put one before those of root. */
enum process_rank { PROCESS_ROOT, PROCESS_SERVICE, PROCESS_USER };

struct process {
	pid_t pid; /* first, for compare_ints() */
	enum process_rank rank;
};

struct process_list {
	struct process *items;
	size_t n;
};

/*
 * Lists all processes but this one and the kernel's threads: first those whose user is root, then
 * those of services, VMs and containers, then those of users' logins (below user.slice), each by
 * number. Without /proc there are none. Returns 0 (free with process_list_free()) or -errno.
 */
int process_list_read(const struct fs_root *root, struct process_list *ret) must_check;
void process_list_free(struct process_list *list);

/* Its short name, e.g. "kvm", which it may choose itself: printable, whatever it is
 * (host/base/utf8.h); "?" when it has ended. A new string, or NULL without memory. */
char *process_command(const struct fs_root *root, pid_t pid) must_check;

/*
 * The number of the Proxmox VE VM whose QEMU it is (what follows -id on its command line), or
 * 0: none.
 */
unsigned int process_vm(const struct fs_root *root, pid_t pid);

#endif
