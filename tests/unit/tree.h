/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A temporary root folder for one test, with what the program reads of a host: /sys, /proc,
 * /dev/vfio, /etc/pve, /run. Links have the shape that the kernel gives them. Every function here
 * ends the test when something goes wrong.
 */
#ifndef TESTS_UNIT_TREE_H
#define TESTS_UNIT_TREE_H

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include "host/base/fs.h"

struct tree {
	struct fs_root root;
};

/*
 * A new directory whose name has NAME in it, below TEST_TMP of the environment (tests/summarise
 * sets it, and removes it when it is interrupted), else in memory or in /tmp. The caller removes
 * it, and frees its path.
 */
char *tree_make_temporary(const char *name);

/*
 * Whether programs that act on a host (program_act()) run although a tree is not the running
 * system: they are fakes. True, unless a test sets it.
 */
extern bool tree_acts;

/* For cmocka: *state becomes a new tree with empty folders; and its removal. */
int tree_setup(void **state);
int tree_teardown(void **state);

/* Paths have no leading '/'. Folders above are made. An existing file is replaced. */
void tree_file(struct tree *tree, const char *path, const char *text);
void tree_bytes(struct tree *tree, const char *path, const void *bytes, size_t n);
void tree_link(struct tree *tree, const char *path, const char *target);
void tree_folder(struct tree *tree, const char *path);
void tree_mode(struct tree *tree, const char *path, mode_t mode);
mode_t tree_mode_of(struct tree *tree, const char *path);

/* Removes what is there, folders with all in them; nothing there is fine. */
void tree_delete(struct tree *tree, const char *path);

/* Puts a link to itself in the place of what is there: opening it fails with ELOOP, for root too,
 * while it is not absent. And undoes that. */
void tree_obscure(struct tree *tree, const char *path);
void tree_reveal(struct tree *tree, const char *path);

bool tree_has(struct tree *tree, const char *path);

/* The file's text, or "" when there is none; the caller frees it. */
char *tree_text(struct tree *tree, const char *path);

/*
 * Everything in the tree, one sorted line each: folders, links with their targets, files with mode
 * and content. TREE_ALL is really everything. TREE_STATE leaves out what may stay behind: locks,
 * empty folders below /run/pve-passthrough, the mode of files, which start a record is of, and how
 * often devices came back (hookscript/records/returns.h). The caller frees it.
 */
enum tree_scope { TREE_ALL, TREE_STATE };
char *tree_render(struct tree *tree, enum tree_scope scope);

/* Ends the test, naming the first lines that differ, when the tree is not as it was. */
#define tree_assert_is(tree, scope, before) tree_assert_is_(tree, scope, before, __FILE__, __LINE__)
void tree_assert_is_(struct tree *tree, enum tree_scope scope, const char *before, const char *file,
		     int line);

/* ---- a host ---- */

struct tree_device {
	const char *bdf;
	unsigned int vendor, device, subvendor, subdevice, class;
	int group;	      /* -1: none */
	const char *driver;   /* NULL: none */
	const char *override; /* NULL: none */
	const char *modalias; /* NULL: one made of the ids */
	bool express, bridge;
};

void tree_device(struct tree *tree, const struct tree_device *device);
void tree_device_gone(struct tree *tree, const char *bdf);

/* An Intel 82576 with its driver, which can have 7 VFs (vendor and device 8086:10ca): those of
 * 0000:08:00.0 are 0000:08:10.0, 0000:08:10.2, … */
void tree_igb(struct tree *tree, const char *bdf, int group);

/* Another device of its vendor sits there: a changed device id in all that shows it. */
void tree_device_id(struct tree *tree, const char *bdf, unsigned int device);

/* Changes which driver a device has, links and all; NULL: none. One with "vfio" in its name makes
 * a VFIO device of it. */
void tree_bind(struct tree *tree, const char *bdf, const char *driver);

/* The IOMMU group of a device; -1: none. */
int tree_group_of(struct tree *tree, const char *bdf);

/* A registered PCI driver; MODULE NULL: built in. */
void tree_driver(struct tree *tree, const char *name, const char *module);

/* vfio-pci and what it needs, loaded. */
void tree_vfio(struct tree *tree);

/* An active IOMMU (it has groups as soon as devices are in them). */
void tree_iommu(struct tree *tree);

/* The host's modprobe configuration knows MODULE for the device's modalias. */
void tree_module_for(struct tree *tree, const char *bdf, const char *module);

void tree_vm(struct tree *tree, unsigned int vmid, const char *config);
void tree_settings(struct tree *tree, const char *text);

/* A process; its command line is words with a blank between them, each of which becomes a NUL. */
void tree_process(struct tree *tree, int pid, const char *comm, const char *cmdline);
void tree_process_opens(struct tree *tree, int pid, int fd, const char *target);

/* The VM runs, as Proxmox VE sees it. */
void tree_vm_runs(struct tree *tree, unsigned int vmid, int pid);

/* What the device's driver link and driver_override say; "none" when they say nothing. Static text.
 */
const char *tree_driver_of(struct tree *tree, const char *bdf);
const char *tree_override_of(struct tree *tree, const char *bdf);

#endif
