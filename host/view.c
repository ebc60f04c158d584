// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/view.h"

#include <fcntl.h>
#include <string.h>

struct folder {
	char *path;
	size_t len;
	int fd;
};

struct view_folders {
	struct folder *items;
	size_t n;
};

void view_open(const struct fs_root *root, struct fs_root *ret)
{
	*ret = *root;
	ret->near = fs_root_is_running_system(root) ? calloc(1, sizeof(*ret->near)) : NULL;
}

void view_close(struct fs_root *view)
{
	struct view_folders *near = TAKE_PTR(view->near);

	for (size_t i = 0; near && i < near->n; i++) {
		close(near->items[i].fd);
		free(near->items[i].path);
	}
	if (near)
		free(near->items);
	free(near);
}

/* The entered folder that PATH is or leads into, or NULL. */
static const struct folder *find_folder(const struct fs_root *view, const char *path)
{
	for (size_t i = 0; view->near && i < view->near->n; i++) {
		const struct folder *folder = &view->near->items[i];

		if (!strncmp(path, folder->path, folder->len) &&
		    (!path[folder->len] || path[folder->len] == '/'))
			return folder;
	}
	return NULL;
}

bool view_enter(const struct fs_root *view, const char *folder)
{
	struct folder added = {.fd = -1};

	if (!view->near || !folder)
		return false;
	if (find_folder(view, folder))
		return true;
	/* Links need not be kept inside of the running system's root: there is nothing outside. */
	added.fd = openat(view->fd, folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (added.fd < 0)
		return false;
	added.path = strdup(folder);
	if (!added.path || !array_grow(view->near->items, view->near->n)) {
		close(added.fd);
		free(added.path);
		return false;
	}
	added.len = strlen(folder);
	view->near->items[view->near->n++] = added;
	return true;
}

int view_begin(const struct fs_root *view, const char **path)
{
	const struct folder *folder = find_folder(view, *path);

	if (!folder)
		return view->fd;
	*path = (*path)[folder->len] ? *path + folder->len + 1 : ".";
	return folder->fd;
}
