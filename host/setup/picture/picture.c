// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/picture/picture.h"

#include "host/pci/modules.h"
#include "host/pci/sriov.h"
#include "host/process/supervise.h"

#include <string.h>

/* More buses than there are below one another in any host. */
#define DEPTH_MAX 64

/* An attribute that not every device or kernel has; unread it is not shown. */
static char *read_optional(const struct fs_root *root, const struct bdf *bdf, const char *name)
{
	auto_free char *path = pci_path(bdf, name);
	char *text = NULL;

	return path && !fs_read_attr(root, path, &text) ? text : NULL;
}

/* The kernel's words for a link that a device has not: a VF, or a part of the root complex. */
static char *known(char *text)
{
	static const char *const none[] = {"", "0", "63", "255", "-1", "Unknown", "Unknown speed"};

	for (size_t i = 0; text && i < ARRAY_SIZE(none); i++)
		if (!strcmp(text, none[i]))
			free(TAKE_PTR(text));
	return text;
}

/* One that does not answer is asked nothing for which its configuration space is read. */
static void read_link(const struct fs_root *root, struct picture_device *device)
{
	const struct bdf *bdf = &device->summary->bdf;

	if (device->summary->dead || !device->summary->express)
		return;
	device->link = (struct picture_link){
		.width = known(read_optional(root, bdf, "current_link_width")),
		.speed = known(read_optional(root, bdf, "current_link_speed")),
		.most_width = known(read_optional(root, bdf, "max_link_width")),
		.most_speed = known(read_optional(root, bdf, "max_link_speed")),
	};
}

static ssize_t index_of(const struct picture *picture, const struct bdf *bdf)
{
	const struct device_summaries *devices = &picture->groups.devices;
	const struct device_summary *found = device_summaries_find(devices, bdf);

	return found ? found - devices->items : -1;
}

/* The directory that the device's own is in is that of the bridge above, down from the root bus,
 * "pci0000:00". */
static int read_place(const struct fs_root *root, const struct picture *picture,
		      struct picture_device *device)
{
	auto_free char *path = pci_dir(&device->summary->bdf), *target = NULL;
	int err = path ? fs_link_target(root, path, &target) : -ENOMEM;
	char *rest = target, *name;
	struct bdf bdf;

	if (err && err != -ENOENT && err != -EINVAL)
		return err;
	while (rest && (name = strsep(&rest, "/"))) {
		const char *bus = after_prefix(name, "pci");

		if (bus && strchr(bus, ':') && !device->complex)
			device->complex = strdup(bus);
		if (!bdf_parse(name, &bdf) && bdf_compare(&bdf, &device->summary->bdf))
			device->above = index_of(picture, &bdf);
	}
	if (!device->complex)
		device->complex = fs_path("%04x:%02x", device->summary->bdf.domain,
					  device->summary->bdf.bus);
	return device->complex ? 0 : -ENOMEM;
}

/* A VF is shown below its PF, beside which the kernel has it. */
static int read_functions(const struct fs_root *root, const struct picture *picture,
			  struct picture_device *device)
{
	auto_free char *path = pci_path(&device->summary->bdf, "physfn"), *name = NULL;
	int err = fs_link_name_if(root, path, &name);
	struct bdf pf;

	if (err)
		return err;
	if (!name || bdf_parse(name, &pf) || index_of(picture, &pf) < 0)
		return sriov_number(root, &device->summary->bdf, "sriov_totalvfs",
				    &device->possible);
	device->vf = true;
	device->above = index_of(picture, &pf);
	return 0;
}

static int read_device(const struct fs_root *root, const struct picture *picture,
		       struct picture_device *device)
{
	int err = read_place(root, picture, device) ?: read_functions(root, picture, device);

	if (err)
		return err;
	read_link(root, device);
	device->node = read_optional(root, &device->summary->bdf, "numa_node");
	if (device->node && *device->node == '-')
		free(TAKE_PTR(device->node));
	return 0;
}

/* What is below a bridge, or an endpoint with a bus of its own, is that of others. */
static int read_attached(const struct fs_root *root, struct picture *picture)
{
	auto_free struct attached **lists = calloc(picture->n + 1, sizeof(*lists));
	int err = lists ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < picture->n; i++) {
		struct picture_device *device = &picture->items[i];

		lists[i] = &device->attached;
		if (!device->summary->bridge && !device->has_below)
			err = attached_read(root, &device->summary->bdf, &device->attached);
	}
	return err ? err : attached_read_usb(root, lists, picture->n);
}

/* No kernel makes a device that is above itself: a tree that was made up must not hang this. */
static void break_circles(struct picture *picture)
{
	for (size_t i = 0; i < picture->n; i++) {
		ssize_t at = picture->items[i].above;

		for (int depth = 0; at >= 0 && depth < DEPTH_MAX; depth++)
			at = picture->items[at].above;
		if (at >= 0)
			picture->items[i].above = -1;
		if (at >= 0)
			picture->items[i].vf = false;
	}
}

static void count_below(struct picture *picture)
{
	for (size_t i = 0; i < picture->n; i++) {
		const struct picture_device *device = &picture->items[i];

		if (device->above >= 0 && device->vf)
			picture->items[device->above].made++;
		else if (device->above >= 0)
			picture->items[device->above].has_below = true;
	}
}

static int read_devices(const struct fs_root *root, struct picture *picture)
{
	const struct groups *groups = &picture->groups;
	int err = 0;

	picture->n = groups->devices.n;
	picture->items = calloc(picture->n + 1, sizeof(*picture->items));
	if (!picture->items)
		return -ENOMEM;
	for (size_t i = 0; i < picture->n; i++)
		picture->items[i] = (struct picture_device){.summary = &groups->devices.items[i],
							    .above = -1};
	for (size_t g = 0; g < groups->n; g++)
		for (size_t i = 0; i < groups->items[g].n_devices; i++)
			picture->items[groups->items[g].devices[i] - groups->devices.items].group =
				&groups->items[g];
	for (size_t i = 0; !err && i < picture->n; i++)
		err = read_device(root, picture, &picture->items[i]);
	break_circles(picture);
	count_below(picture);
	return err ? err : read_attached(root, picture);
}

int picture_read(const struct fs_root *root, device_judge *judge, struct picture *ret)
{
	auto_picture struct picture picture = {0};
	int err = groups_read(root, judge, &picture.groups);

	/* The rest is as much again on a host with thousands of functions. */
	supervise_allow(supervise_read_ms);
	/* Without an IOMMU there are devices all the same. */
	if (!err && !picture.groups.n)
		err = device_summaries_read(root, &picture.groups.devices);
	if (!err)
		err = read_devices(root, &picture);
	if (err)
		return err;
	if (fs_read_attr(root, "proc/sys/kernel/hostname", &picture.host) &&
	    fs_read_attr(root, "etc/hostname", &picture.host))
		picture.host = NULL;
	if (modules_release(root, &picture.release))
		picture.release = NULL;
	*ret = picture;
	picture = (struct picture){0};
	return 0;
}

void picture_free(struct picture *picture)
{
	for (size_t i = 0; i < picture->n; i++) {
		struct picture_device *device = &picture->items[i];

		free(device->complex);
		free(device->link.width);
		free(device->link.speed);
		free(device->link.most_width);
		free(device->link.most_speed);
		free(device->node);
		attached_free(&device->attached);
	}
	free(picture->items);
	free(picture->host);
	free(picture->release);
	groups_free(&picture->groups);
	*picture = (struct picture){0};
}
