/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is below a PCI device in sysfs and may be in use: disks, other nodes, interfaces. */
#ifndef HOST_USAGE_SURVEY_H
#define HOST_USAGE_SURVEY_H

#include "host/base/fs.h"
#include "host/usage/finding.h"
#include "host/usage/mounts.h"

/* A block or character device. */
struct survey_node {
	const struct usage_device *device; /* the PCI device above it */
	char *path;			   /* its directory in sysfs */
	char *name;			   /* below /dev: "nvme0n1", "snd/controlC0" */
	unsigned int major, minor;
	bool block;
	bool partition; /* of the disk before it in the list */
	bool head;	/* an NVMe head, to which several controllers may lead */
};

/* A network interface. */
struct survey_net {
	const struct usage_device *device;
	char *path; /* its directory, or the empty directory net/ of one */
	char *name; /* NULL: it is in another network namespace, so net/ is empty */
};

struct survey {
	struct survey_node *nodes;
	size_t n_nodes;
	struct survey_net *nets;
	size_t n_nets;
	struct mounts mounts; /* of the host: read once, for all searches */
};

/* Adds what is below DEVICE, which must outlive the survey. Returns 0 or -errno. */
int survey_device(const struct fs_root *root, const struct usage_device *device,
		  struct survey *survey) must_check;
void survey_free(struct survey *survey);

/* Adds a node, taking its texts over. Returns 0; or -ENOMEM (also for a NULL text), texts freed. */
int survey_add_node(struct survey *survey, const struct survey_node *node) must_check;

/* Whether it has a node of that number, below the same device. */
bool survey_has_node(const struct survey *survey, const struct survey_node *node);

/*
 * The node, or the directory of nodes, that a path below /dev leads to, as a new string: links in
 * it are followed, "/dev/dri/by-path/pci-…-render" is "/dev/dri/renderD128". *RET becomes NULL for
 * one that is not there, or not below /dev, where a dead server's file system may be. Returns 0 or
 * -errno.
 */
int survey_resolve(const struct fs_root *root, const char *path, char **ret) must_check;

/* The node that the path leads to, in the same way; *RET becomes NULL for one that is not in the
 * survey. Returns 0 or -errno. */
int survey_find(const struct fs_root *root, const struct survey *survey, const char *path,
		const struct survey_node **ret) must_check;

/* The disk of a partition; NODE itself where it is none. */
const struct survey_node *survey_disk_of(const struct survey *survey,
					 const struct survey_node *node);

#define auto_survey cleanup_with(survey_free)

#endif
