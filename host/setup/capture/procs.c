// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/capture/procs.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "host/text/strbuf.h"
#include "host/process/process.h"
#include "host/process/process_nodes.h"

static const struct pattern files[] = {
	{"cgroup", TEXTS_WHOLE, NULL},
	{"comm", TEXTS_WHOLE, NULL},
	{"cmdline", TEXTS_COMMAND, NULL},
	{"net/packet", TEXTS_WHOLE, NULL},
	{"task/*/status", TEXTS_LINES, "Name:|Uid:|Gid:|Groups:|CapEff:"},
};

/* Of one in each mount namespace. */
static const struct pattern mount_file = {"mountinfo", TEXTS_MOUNTS, NULL};

/* A link of /proc leads to no path: it is added as it stands there. */
static int add_link(const struct walk *walk, const char *path, const char *target)
{
	struct entry *entry;
	auto_free char *copy = strdup(target);

	if (!copy || walk_dir_of(walk, path))
		return -ENOMEM;
	entry = entries_add(walk->entries, path, ENTRY_LINK);
	if (!entry)
		return -ENOMEM;
	free(entry->bytes);
	entry->len = strlen(copy);
	entry->bytes = TAKE_PTR(copy);
	return 0;
}

/* "ns/net", and "exe", whose target is nobody's business: that there is one tells it from a thread
 * of the kernel. */
static int add_own_link(const struct walk *walk, pid_t pid, const char *name, const char *instead)
{
	auto_free char *path = fs_path("proc/%d/%s", pid, name), *target = NULL;
	int err = fs_link_target(walk->root, path, &target);

	if (err)
		return err == -ENOMEM ? err : 0;
	return add_link(walk, path, instead ? instead : target);
}

/* ---- what is open ---- */

/* The name below /dev of a node that was opened by another path. */
static char *name_of(const struct walk *walk, const struct open_node *node)
{
	auto_free char *path = fs_path("sys/dev/%s/%u:%u/uevent", node->block ? "block" : "char",
				       node->major, node->minor);
	auto_free char *text = NULL;
	const char *name;

	if (!node->numbered || fs_read_attr(walk->root, path, &text))
		return strdup(node->path);
	name = strstr(text, "DEVNAME=");
	if (!name || (name > text && name[-1] != '\n'))
		return strdup(node->path);
	name += strlen("DEVNAME=");
	return fs_path("/dev/%.*s", (int)strcspn(name, "\n"), name);
}

static bool counts(const struct open_node *node)
{
	return node->numbered ? after_prefix(node->path, "/dev/") ||
					after_prefix(node->path, "anon_inode:[io_uring]") ||
					node->major || node->minor
			      : after_prefix(node->path, "/dev/") ||
					after_prefix(node->path, "anon_inode:[io_uring]");
}

static int add_open(const struct open_node *node, void *arg)
{
	const struct walk *walk = arg;
	auto_free char *path = fs_path("proc/%d/fd/%s", node->pid, node->fd);
	auto_free char *info = fs_path("proc/%d/fdinfo/%s", node->pid, node->fd);
	auto_free char *name = NULL;

	if (!path || !info)
		return -ENOMEM;
	if (!counts(node))
		return LOOK_SAME;
	name = name_of(walk, node);
	if (!name)
		return -ENOMEM;
	return add_link(walk, path, name)
		       ?: walk_add(walk, info, TEXTS_LINES,
				   "flags:|UserFiles:|sd|nvme|vd|dm-|md|/dev/")
		       ?: LOOK_SAME;
}

static int add_mapped(const struct open_node *node, void *arg)
{
	struct strbuf *maps = arg;

	if (counts(node))
		strbuf_add(maps, "0-1 rw-s 00000000 00:00 0 %s\n", node->path);
	return LOOK_SAME;
}

/* Adds a directory, or a file of that text, that is none of the host's as it is here. */
static struct entry *add_made(const struct walk *walk, enum entry_type type, const char *path)
{
	return walk_dir_of(walk, path) ? NULL : entries_add(walk->entries, path, type);
}

static int add_nodes(const struct walk *walk, pid_t pid)
{
	auto_free char *dir = fs_path("proc/%d/fd", pid), *path = fs_path("proc/%d/maps", pid);
	auto_strbuf struct strbuf maps = {0};
	struct entry *entry = dir && path ? add_made(walk, ENTRY_DIR, dir) : NULL;
	int err;

	if (!entry)
		return -ENOMEM;
	err = process_each_open(walk->root, pid, add_open, (void *)(uintptr_t)walk);
	if (err == -ENOMEM)
		return err;
	entry = entries_find(walk->entries, dir);
	entry->err = err;
	err = process_each_mapping(walk->root, pid, add_mapped, &maps);
	entry = err == -ENOMEM ? NULL : add_made(walk, ENTRY_FILE, path);
	if (!entry)
		return -ENOMEM;
	entry->err = err;
	entry->len = maps.len;
	entry->bytes = strbuf_take(&maps);
	return entry->bytes ? 0 : -ENOMEM;
}

/* ---- one process ---- */

static int add_file(const struct walk *walk, pid_t pid, const struct pattern *file)
{
	auto_free char *path = fs_path("proc/%d/%s", pid, file->path);
	const struct pattern pattern = {path, file->kind, file->words};

	return path ? walk_pattern(walk, &pattern) : -ENOMEM;
}

static int add_process(const struct walk *walk, pid_t pid)
{
	auto_free char *path = fs_path("proc/%d", pid);
	int err = walk_add(walk, path, TEXTS_HERE, NULL);

	for (size_t i = 0; !err && i < ARRAY_SIZE(files); i++)
		err = add_file(walk, pid, &files[i]);
	err = err ?: add_own_link(walk, pid, "ns/net", NULL);
	err = err ?: add_own_link(walk, pid, "ns/mnt", NULL);
	err = err ?: add_own_link(walk, pid, "exe", "/program");
	return err ?: add_nodes(walk, pid);
}

int procs_add(const struct walk *walk)
{
	cleanup_with(process_list_free) struct process_list list = {0};
	auto_free unsigned long *spaces = NULL;
	int err = process_list_read(walk->root, &list);

	if (err)
		return fs_is_absent(err) ? 0 : err;
	spaces = calloc(list.n + 1, sizeof(*spaces));
	if (!spaces)
		return -ENOMEM;
	/* Without them each is another one. */
	if (process_list_namespaces(walk->root, &list, "mnt", spaces))
		memset(spaces, 0, list.n * sizeof(*spaces));
	for (size_t i = 0; !err && i < list.n; i++) {
		bool seen = false;

		for (size_t k = 0; k < i && !seen; k++)
			seen = spaces[i] && spaces[k] == spaces[i];
		err = add_process(walk, list.items[i].pid);
		if (!err && !seen)
			err = add_file(walk, list.items[i].pid, &mount_file);
	}
	return err;
}
