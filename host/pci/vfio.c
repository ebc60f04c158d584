// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/vfio.h"

#include "host/base/clock.h"
#include "host/pci/iommu.h"
#include "host/pci/pci.h"
#include "host/process/process.h"
#include "host/process/process_nodes.h"
#include "host/text/strbuf.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Between two looks. */
#define LOOK_AGAIN_MS 50

static int add_node(struct fs_names *nodes, char *node)
{
	if (!node || !array_grow(nodes->items, nodes->n)) {
		free(node);
		return -ENOMEM;
	}
	nodes->items[nodes->n++] = node;
	return 0;
}

/* Adds the nodes of one device, which it has when a driver of VFIO has it. */
static int add_device_nodes(const struct fs_root *root, const struct bdf *bdf,
			    struct fs_names *nodes)
{
	auto_free char *path = pci_path(bdf, "vfio-dev");
	auto_names struct fs_names devs = {0};
	int err = fs_list(root, path, &devs);

	for (size_t i = 0; !err && i < devs.n; i++) {
		auto_free char *number = fs_path("%s/%s/dev", path, devs.items[i]);
		int there = fs_probe(root, number);

		/* Without iommufd's interface there is no node of the device. */
		err = there > 0 ? add_node(nodes, fs_path("/dev/vfio/devices/%s", devs.items[i]))
				: there;
	}
	return err;
}

/* The names below /dev whose holders hold the group. */
static int group_nodes(const struct fs_root *root, int group, const struct bdf *members,
		       size_t n_members, struct fs_names *ret)
{
	int err = add_node(ret, fs_path("/dev/vfio/%d", group));

	for (size_t i = 0; !err && i < n_members; i++)
		err = add_device_nodes(root, &members[i], ret);
	return err;
}

/* The search for holders: of which nodes, and those found so far. */
struct search {
	const struct fs_root *root;
	const struct fs_names *nodes;
	struct vfio_holders *holders;
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

static int look_for_node(const struct open_node *node, void *arg)
{
	struct search *search = arg;

	for (size_t k = 0; k < search->nodes->n; k++)
		if (!strcmp(node->path, search->nodes->items[k]))
			return add_holder(search->root, node->pid, search->holders) ?: 1;
	return 0;
}

/* Whether a node is open: the kernel lets each be opened only once (EBUSY). One that is absent, or
 * has no device, is not. Returns 0 or -errno. */
static int node_is_busy(const struct fs_root *root, const char *node, bool *ret)
{
	auto_close int fd = fs_open(root, node + 1, O_RDWR, 0);

	*ret = fd == -EBUSY;
	return fd >= 0 || fd == -EBUSY || fd == -ENOENT || fd == -ENODEV || fd == -ENXIO ? 0 : fd;
}

/* Whom the node belongs to, in *RET; root when there is none. Returns 0 or -errno. */
static int read_owner(const struct fs_root *root, const char *node, struct owner_ids *ret)
{
	auto_close int fd = fs_open(root, node + 1, O_PATH, 0);
	struct stat st;
	int err = fd < 0 ? fd : fs_stat(root, fd, &st);

	*ret = (struct owner_ids){0};
	if (err)
		return fs_is_absent(err) ? 0 : err;
	*ret = (struct owner_ids){st.st_uid, st.st_gid};
	return 0;
}

static int find_holders(struct search *search)
{
	const struct fs_names *nodes = search->nodes;
	auto_free struct owner_ids *owners = calloc(nodes->n + 1, sizeof(*owners));
	int err = owners ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < nodes->n; i++)
		err = read_owner(search->root, nodes->items[i], &owners[i]);
	return err ?: process_each_node(search->root, owners, nodes->n, look_for_node, search);
}

int vfio_members_holders(const struct fs_root *root, int group, const struct bdf *members,
			 size_t n_members, bool probe, struct vfio_holders *ret)
{
	auto_holders struct vfio_holders holders = {0};
	auto_names struct fs_names nodes = {0};
	struct search search = {root, &nodes, &holders};
	int err = group_nodes(root, group, members, n_members, &nodes);

	for (size_t i = 0; !err && probe && i < nodes.n; i++) {
		bool busy;

		err = node_is_busy(root, nodes.items[i], &busy);
		holders.open |= !err && busy;
	}
	/* Going through all processes costs; without iommufd's nodes EBUSY alone decides. */
	if (!err && (!probe || holders.open || nodes.n > 1 || !fs_root_is_running_system(root)))
		err = find_holders(&search);
	if (err)
		return err;
	if (holders.n)
		qsort(holders.items, holders.n, sizeof(*holders.items), compare_ints);
	*ret = holders;
	holders = (struct vfio_holders){0};
	return 0;
}

int vfio_group_holders(const struct fs_root *root, int group, struct vfio_holders *ret)
{
	auto_free struct bdf *members = NULL;
	size_t n;
	int err = iommu_group_members(root, group, &members, &n);

	return err ? err : vfio_members_holders(root, group, members, n, true, ret);
}

void vfio_holders_free(struct vfio_holders *holders)
{
	for (size_t i = 0; i < holders->n; i++)
		free(holders->items[i].command);
	free(holders->items);
	*holders = (struct vfio_holders){0};
}

/* ---- of all groups ---- */

struct vms_search {
	const struct fs_root *root;
	struct vfio_vms *vms;
};

static int look_for_vm(const struct open_node *node, void *arg)
{
	struct vms_search *search = arg;
	struct vfio_vms *vms = search->vms;
	unsigned int vmid;
	char *path;

	if (!after_prefix(node->path, "/dev/vfio/") || !strcmp(node->path, "/dev/vfio/vfio"))
		return LOOK_ON;
	vmid = process_vm(search->root, node->pid);
	if (!vmid)
		return LOOK_NEXT;
	path = strdup(node->path);
	if (!path || !array_grow(vms->items, vms->n)) {
		free(path);
		return -ENOMEM;
	}
	vms->items[vms->n++] = (struct vfio_vm){path, vmid};
	return LOOK_ON;
}

int vfio_vms_read(const struct fs_root *root, struct vfio_vms *ret)
{
	auto_vfio_vms struct vfio_vms vms = {0};
	struct vms_search search = {root, &vms};
	int err = process_each_node(root, NULL, 0, look_for_vm, &search);

	if (err)
		return err;
	*ret = vms;
	vms = (struct vfio_vms){0};
	return 0;
}

int vfio_vms_find(const struct fs_root *root, const struct vfio_vms *vms, int group,
		  unsigned int *ret)
{
	auto_free struct bdf *members = NULL;
	auto_names struct fs_names nodes = {0};
	size_t n = 0;
	int err = vms->n ? iommu_group_members(root, group, &members, &n) : 0;

	*ret = 0;
	if (!err && vms->n)
		err = group_nodes(root, group, members, n, &nodes);
	for (size_t i = 0; !err && !*ret && i < vms->n; i++)
		if (fs_names_has(&nodes, vms->items[i].node))
			*ret = vms->items[i].vmid;
	return err;
}

void vfio_vms_free(struct vfio_vms *vms)
{
	for (size_t i = 0; i < vms->n; i++)
		free(vms->items[i].node);
	free(vms->items);
	*vms = (struct vfio_vms){0};
}

/* ---- in words, and waiting ---- */

char *vfio_holders_describe(const struct vfio_holders *holders)
{
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < holders->n; i++) {
		const struct vfio_holder *holder = &holders->items[i];

		if (holder->vmid)
			strbuf_add_item(&text, _("process %d (%s of VM %u)"), holder->pid,
					holder->command, holder->vmid);
		else
			strbuf_add_item(&text, _("process %d (%s)"), holder->pid, holder->command);
	}
	if (!holders->n)
		strbuf_add(&text, "%s", _("a process that cannot be seen from here"));
	return strbuf_take(&text);
}

int vfio_group_wait_closed(const struct fs_root *root, int group, int64_t deadline,
			   struct vfio_holders *ret)
{
	for (;;) {
		auto_holders struct vfio_holders holders = {0};
		int err = vfio_group_holders(root, group, &holders);
		int left = clock_left_ms(deadline);

		if (err)
			return err;
		if (!holders.open)
			return 0;
		if (!left) {
			if (ret) {
				*ret = holders;
				holders = (struct vfio_holders){0};
			}
			return -ETIMEDOUT;
		}
		clock_sleep_ms(left < LOOK_AGAIN_MS ? left : LOOK_AGAIN_MS);
	}
}

int vfio_has_device(const struct fs_root *root, const struct bdf *bdf)
{
	auto_free char *path = pci_path(bdf, "vfio-dev");

	return fs_probe(root, path);
}
