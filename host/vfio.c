// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/vfio.h"

#include "host/clock.h"
#include "host/iommu.h"
#include "host/pci.h"
#include "host/process.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

/* How often to look again while nobody can be waited for. */
#define LOOK_AGAIN_MS 50

/* The names below /dev whose holders hold the group. */
static int group_nodes(const struct fs_root *root, int group, const struct bdf *members,
		       size_t n_members, struct fs_names *ret)
{
	auto_names struct fs_names nodes = {0};

	nodes.items = calloc(1, sizeof(*nodes.items));
	if (!nodes.items)
		return -ENOMEM;
	nodes.items[0] = fs_path("/dev/vfio/%d", group);
	if (!nodes.items[0])
		return -ENOMEM;
	nodes.n = 1;

	for (size_t i = 0; i < n_members; i++) {
		auto_free char *path = pci_path(&members[i], "vfio-dev");
		auto_names struct fs_names devs = {0};

		int err = fs_list(root, path, &devs);

		if (err == -ENOENT)
			continue; /* not on vfio-pci */
		if (err)
			return err;
		for (size_t d = 0; d < devs.n; d++) {
			auto_free char *number = fs_path("%s/%s/dev", path, devs.items[d]);
			auto_close int fd = fs_open(root, number, O_PATH, 0);

			/* Without iommufd's interface there is no node of the device. */
			if (fd == -ENOENT)
				continue;
			if (fd < 0)
				return fd;
			if (!array_grow(nodes.items, nodes.n))
				return -ENOMEM;
			nodes.items[nodes.n] = fs_path("/dev/vfio/devices/%s", devs.items[d]);
			if (!nodes.items[nodes.n])
				return -ENOMEM;
			nodes.n++;
		}
	}
	*ret = nodes;
	nodes = (struct fs_names){0};
	return 0;
}

/* The search for holders: which nodes, and who was found so far. */
struct search {
	const struct fs_root *root;
	const struct fs_names *nodes;
	struct vfio_holders *holders;
	int err;
};

static int add_holder(const struct fs_root *root, pid_t pid, struct vfio_holders *holders)
{
	char *command = process_command(root, pid);

	if (!command || !array_grow(holders->items, holders->n)) {
		free(command);
		return -ENOMEM;
	}
	holders->items[holders->n++] = (struct vfio_holder){pid, command, process_vm(root, pid)};
	holders->open = true;
	return 0;
}

static bool look_for_node(const struct open_node *node, void *arg)
{
	struct search *search = arg;

	for (size_t k = 0; k < search->nodes->n; k++)
		if (!strcmp(node->path, search->nodes->items[k])) {
			if (!search->err)
				search->err = add_holder(search->root, node->pid, search->holders);
			return true;
		}
	return false;
}

/* Whether the kernel says that a node is open: it lets each be opened by one at a time. A node that
 * is not there, or is nobody's, is not. Returns 0 or -errno. */
static int node_is_busy(const struct fs_root *root, const char *node, bool *ret)
{
	auto_close int fd = fs_open(root, node + 1, O_RDWR, 0);

	*ret = fd == -EBUSY;
	return fd >= 0 || fd == -EBUSY || fd == -ENOENT || fd == -ENODEV || fd == -ENXIO ? 0 : fd;
}

int vfio_members_holders(const struct fs_root *root, int group, const struct bdf *members,
			 size_t n_members, struct vfio_holders *ret)
{
	auto_holders struct vfio_holders holders = {0};
	auto_names struct fs_names nodes = {0};
	struct search search = {root, &nodes, &holders, 0};
	int err;

	err = group_nodes(root, group, members, n_members, &nodes);
	for (size_t i = 0; !err && i < nodes.n; i++) {
		bool busy;

		err = node_is_busy(root, nodes.items[i], &busy);
		holders.open |= !err && busy;
	}
	if (err)
		return err;
	/* Going through all processes costs; without iommufd's nodes EBUSY alone decides. */
	if (holders.open || nodes.n > 1 || !fs_root_is_running_system(root)) {
		err = process_each_node(root, look_for_node, &search);
		if (!err)
			err = search.err;
	}
	if (err)
		return err;
	if (holders.n)
		qsort(holders.items, holders.n, sizeof(*holders.items), process_compare);
	*ret = holders;
	holders = (struct vfio_holders){0};
	return 0;
}

int vfio_group_holders(const struct fs_root *root, int group, struct vfio_holders *ret)
{
	auto_free struct bdf *members = NULL;
	size_t n;
	int err = iommu_group_members(root, group, &members, &n);

	return err ? err : vfio_members_holders(root, group, members, n, ret);
}

void vfio_holders_free(struct vfio_holders *holders)
{
	for (size_t i = 0; i < holders->n; i++)
		free(holders->items[i].command);
	free(holders->items);
	*holders = (struct vfio_holders){0};
}

static void put_holder(FILE *to, const struct vfio_holder *holder)
{
	if (holder->vmid)
		fprintf(to, _("process %d (%s of VM %u)"), holder->pid, holder->command,
			holder->vmid);
	else
		fprintf(to, _("process %d (%s)"), holder->pid, holder->command);
}

char *vfio_holders_describe(const struct vfio_holders *holders)
{
	char *text = NULL;
	size_t size;
	FILE *to;

	if (!holders->n)
		return strdup(_("a process that cannot be seen from here"));
	to = open_memstream(&text, &size);
	if (!to)
		return NULL;
	for (size_t i = 0; i < holders->n; i++) {
		if (i)
			fputs(", ", to);
		put_holder(to, &holders->items[i]);
	}
	if (fclose(to)) {
		free(text);
		return NULL;
	}
	return text;
}

/* Sleeps until the first holder ends, or a while when it cannot be waited for. */
static void wait_for_change(const struct fs_root *root, const struct vfio_holders *holders,
			    int64_t deadline)
{
	auto_close int pidfd = -1;
	int left = clock_left_ms(deadline);

	if (holders->n && fs_root_is_running_system(root))
		pidfd = (int)syscall(SYS_pidfd_open, holders->items[0].pid, 0);
	if (pidfd >= 0) {
		struct pollfd ended = {.fd = pidfd, .events = POLLIN};

		/* It may close the group and live on: so not for longer than a second. */
		poll(&ended, 1, left < 1000 ? left : 1000);
	} else {
		clock_sleep_ms(left < LOOK_AGAIN_MS ? left : LOOK_AGAIN_MS);
	}
}

int vfio_group_wait_closed(const struct fs_root *root, int group, int64_t deadline,
			   struct vfio_holders *ret)
{
	for (;;) {
		auto_holders struct vfio_holders holders = {0};
		int err = vfio_group_holders(root, group, &holders);

		if (err)
			return err;
		if (!holders.open)
			return 0;
		if (!clock_left_ms(deadline)) {
			if (ret) {
				*ret = holders;
				holders = (struct vfio_holders){0};
			}
			return -ETIMEDOUT;
		}
		wait_for_change(root, &holders, deadline);
	}
}

bool vfio_has_device(const struct fs_root *root, const struct bdf *bdf)
{
	auto_free char *path = pci_path(bdf, "vfio-dev");

	return fs_exists(root, path);
}
