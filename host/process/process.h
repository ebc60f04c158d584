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
 * Lists all processes but this one and the kernel's threads, by number, each as PROCESS_ROOT. A
 * tree without /proc has none. Returns 0 (free with process_list_free()) or -errno.
 */
int process_list_read(const struct fs_root *root, struct process_list *ret) must_check;
void process_list_free(struct process_list *list);

/*
 * Sorts the list: first those that run as root, then those of services, VMs and containers, then
 * those of users' logins (below user.slice) and jobs, and what users run as root by a setuid
 * program, each by number. What cannot be read of one puts it to another place, never out of the
 * list. Returns 0 or -errno.
 */
int process_list_rank(const struct fs_root *root, struct process_list *list) must_check;

/*
 * Reads in which namespace of KIND ("net", "mnt") each process of the list is: RET has room for
 * LIST->n inodes; 0 for a process that has ended. Returns 0 or -errno.
 */
int process_list_namespaces(const struct fs_root *root, const struct process_list *list,
			    const char *kind, unsigned long *ret) must_check;

/*
 * Whether ERR (-errno), of a file below /proc/PID, means that the process has ended. Where the
 * kernel asks first whether the file may be looked at, it says EACCES of such a one, too (Linux:
 * fs/proc/base.c, proc_fd_access_allowed()): then it is looked whether /proc/PID is there.
 */
bool process_has_ended(const struct fs_root *root, pid_t pid, int err);

/* Its short name, e.g. "kvm", which it may choose itself: printable, whatever it is
 * (host/text/utf8.h); "?" when it has ended. A new string, or NULL without memory. */
char *process_command(const struct fs_root *root, pid_t pid) must_check;

/*
 * The number of the Proxmox VE VM whose QEMU it is (what follows -id on its command line), or
 * 0: none.
 */
unsigned int process_vm(const struct fs_root *root, pid_t pid);

#endif
