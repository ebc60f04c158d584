// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/net/netns.h"

#include "host/process/process.h"
#include "host/usage/mounts.h"
#include "host/usage/owner.h"

#include <stdio.h>
#include <string.h>

#define MOUNTS_MAX ((size_t)16 * 1024 * 1024)

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

/* The namespace of process PID. Absent: it has ended, or is being ended. */
static int add_of_process(const struct fs_root *root, unsigned int pid, struct netns_list *list)
{
	auto_free char *path = fs_path("proc/%u/ns/net", pid);
	auto_free char *link = NULL;
	unsigned long inode;
	int err = fs_link_name(root, path, &link);

	/* EINVAL: it has ended, and waits to be reaped. */
	if (pid != 1 && (fs_is_absent(err) || err == -ESRCH || err == -EINVAL))
		return 0;
	if (err)
		return err;
	if (!parse_inode(link, &inode) || has(list, inode))
		return 0;
	return add(list, inode, (pid_t)pid, TAKE_PTR(path), name_of(root, (pid_t)pid));
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

int netns_list_read(const struct fs_root *root, struct netns_list *ret)
{
	auto_netns_list struct netns_list list = {0};
	auto_names struct fs_names names = {0};
	auto_free char *mounts = NULL;
	unsigned int pid;
	int err = add_of_process(root, 1, &list);

	err = err ?: fs_list(root, "proc", &names);
	for (size_t i = 0; !err && i < names.n; i++)
		if (number_parse(names.items[i], &pid))
			err = add_of_process(root, pid, &list);
	err = err ?: fs_read(root, "proc/1/mountinfo", MOUNTS_MAX, &mounts, NULL);
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
