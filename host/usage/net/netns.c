// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/net/netns.h"

#include "host/process/process.h"
#include "host/usage/owner.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static bool has(const struct netns_list *list, unsigned long inode)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].inode == inode)
			return true;
	return false;
}

/* The inode in "net:[4026531840]". */
static bool parse_inode(const char *text, unsigned long *ret)
{
	const char *digits = after_prefix(text, "net:[");
	char *end;

	if (!digits)
		return false;
	*ret = strtoul(digits, &end, 10);
	return end != digits && !strcmp(end, "]");
}

/* Adds a namespace, and takes PATH and NAME over. */
static int add(struct netns_list *list, unsigned long inode, pid_t pid, char *path, char *name)
{
	if (path && name && array_grow(list->items, list->n)) {
		list->items[list->n++] = (struct netns){inode, path, pid, name};
		return 0;
	}
	free(path);
	free(name);
	return -ENOMEM;
}

static char *name_of(const struct fs_root *root, pid_t pid)
{
	auto_owner struct owner owner = {0};
	auto_free char *command = NULL;

	if (owner_read(root, pid, &owner))
		return NULL;
	if (owner.kind == OWNER_CT)
		return fs_path(_("container %u"), owner.number);
	command = process_command(root, pid);
	return command ? fs_path(_("process %d (%s)"), pid, command) : NULL;
}

/* Adds the namespaces of all processes. Process 1 is the first one of the list. */
static int add_of_processes(const struct fs_root *root, struct netns_list *list)
{
	cleanup_with(process_list_free) struct process_list processes = {0};
	auto_free unsigned long *inodes = NULL;
	int err = process_list_read(root, &processes);

	if (err)
		return err;
	if (!processes.n || processes.items[0].pid != 1)
		return -ENOENT;
	inodes = calloc(processes.n, sizeof(*inodes));
	err = inodes ? process_list_namespaces(root, &processes, "net", inodes) : -ENOMEM;
	if (!err && !inodes[0])
		err = -ENOENT;
	for (size_t i = 0; !err && i < processes.n; i++) {
		pid_t pid = processes.items[i].pid;

		if (inodes[i] && !has(list, inodes[i]))
			err = add(list, inodes[i], pid, fs_path("proc/%d/ns/net", pid),
				  name_of(root, pid));
	}
	return err;
}

static int add_mounted(const struct mount *mount, void *arg)
{
	struct netns_list *list = arg;
	unsigned long inode;

	if (strcmp(mount->type, "nsfs") || !parse_inode(mount->root, &inode) || has(list, inode) ||
	    *mount->where != '/')
		return 0;
	return add(list, inode, 0, strdup(mount->where + 1), strdup(mount->where));
}

int netns_list_read(const struct fs_root *root, const struct mounts *mounts, struct netns_list *ret)
{
	auto_netns_list struct netns_list list = {0};
	int err = add_of_processes(root, &list);

	err = err ?: mounts_each(mounts, add_mounted, &list);
	if (err)
		return err;
	*ret = list;
	list = (struct netns_list){0};
	return 0;
}

void netns_list_free(struct netns_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->items[i].path);
		free(list->items[i].name);
	}
	free(list->items);
	*list = (struct netns_list){0};
}

int netns_open(const struct netns *space)
{
	auto_free char *path = fs_path("/%s", space->path);
	/* Not fs_open(): the files of processes are links that it does not follow. */
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (!path)
		return -ENOMEM;
	return fd < 0 ? -errno : fd;
}
