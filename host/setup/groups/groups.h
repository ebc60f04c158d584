/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IOMMU groups of the host, with what people want to know before they pass one through. */
#ifndef HOST_SETUP_GROUPS_GROUPS_H
#define HOST_SETUP_GROUPS_GROUPS_H

#include "host/pci/summary.h"
#include "host/setup/groups/split.h"

enum group_verdict {
	GROUP_CAN,     /* it can be passed through */
	GROUP_USED,    /* not now: one of its devices is in use */
	GROUP_BRIDGES, /* only bridges are in it, or nothing */
	GROUP_CANNOT,  /* not as this host is, or that is unknown */
};

struct group {
	int number;
	enum group_verdict verdict;
	const struct device_summary **devices; /* of struct groups, in order of address */
	size_t n_devices;
	char *why_not; /* NULL: it can be passed through; else why it cannot, now or at all */
	const char *why_not_code; /* the same for programs, a reason of pve-passthrough-json(7) */
	char *why_together; /* why several devices share it: which port does not isolate; NULL: they
			       do not */
	struct splits splits; /* what would split one that holds too much */
};

struct groups {
	struct group *items; /* in order of number */
	size_t n;
	const struct device_summary **ungrouped; /* no bridges; in order of address */
	size_t n_ungrouped;
	char *igpu_cure; /* of a graphics device among them; NULL: none is known */
	struct device_summaries devices;
};

/*
 * Reads all groups, with what JUDGE finds about their devices; NULL: nothing. Returns 0 (free
 * with groups_free()) or -errno.
 */
int groups_read(const struct fs_root *root, device_judge *judge, struct groups *ret) must_check;
void groups_free(struct groups *groups);

#define auto_groups cleanup_with(groups_free)

#endif
