/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the picture of a host shows (`host-setup groups --html`): its PCI devices as the tree that
 * they are, with their groups, links, and what is below each.
 */
#ifndef HOST_SETUP_PICTURE_PICTURE_H
#define HOST_SETUP_PICTURE_PICTURE_H

#include "host/setup/groups/groups.h"
#include "host/setup/picture/attached.h"

/* A link's lanes and speed as the kernel has them, "16" and "8.0 GT/s PCIe"; NULL: unknown. */
struct picture_link {
	char *width, *speed;	       /* now */
	char *most_width, *most_speed; /* at most */
};

struct picture_device {
	const struct device_summary *summary;
	const struct group *group; /* NULL: it has none */
	char *complex;		   /* its root bus, "0000:00" */
	ssize_t above; /* the index of the bridge above, or of a VF's PF; -1: it is on a root bus */
	bool vf;
	bool has_below; /* devices, but for VFs */
	struct picture_link link;
	char *node;	       /* the number of its NUMA node; NULL: none, or unknown */
	unsigned int possible; /* so many VFs it can have */
	unsigned int made;     /* and has */
	struct attached attached;
};

struct picture {
	struct groups groups; /* of which the devices are */
	struct picture_device *items;
	size_t n;
	char *host;    /* the host's name; NULL: unknown */
	char *release; /* the kernel's; NULL: unknown */
};

/*
 * Reads it, with what JUDGE finds about the devices; NULL: nothing. Returns 0 (free with
 * picture_free()) or -errno.
 */
int picture_read(const struct fs_root *root, device_judge *judge, struct picture *ret) must_check;
void picture_free(struct picture *picture);

#define auto_picture cleanup_with(picture_free)

#endif
