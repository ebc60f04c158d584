/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices with a path of slots and a serial number, for what `host-setup early` knows them by. */
#ifndef TESTS_UNIT_EARLYCASE_H
#define TESTS_UNIT_EARLYCASE_H

#include "tree.h"

struct early_case {
	const char *at; /* below sys/devices: "pci0000:00/0000:00:1c.0/0000:01:00.0" */
	unsigned int vendor, device, class, revision;
	unsigned long long serial; /* 0: it has no such capability */
	const char *driver;	   /* NULL: none */
};

/* Puts it, or puts it at another place. Its address is the last word of its place. */
void early_case_put(struct tree *tree, const struct early_case *device);
void early_case_remove(struct tree *tree, const struct early_case *device);

/* The driver that it has; NULL: none. */
void early_case_bind(struct tree *tree, const struct early_case *device, const char *driver);

/* Its IOMMU group, without the link back, which hosttree_render() would follow for ever. */
void early_case_group(struct tree *tree, const struct early_case *device, int group);

#endif
