/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host with one of everything that a start has to do with, and VM 100 that wants most of it. */
#ifndef TESTS_UNIT_SCENARIO_H
#define TESTS_UNIT_SCENARIO_H

#include "fake_kernel.h"
#include "run.h"

#define PORT	  "0000:00:01.0" /* the bridge above the card, in its group, on pcieport */
#define GPU	  "0000:01:00.0" /* function 0 of a card, on the driver gpu; group 10 */
#define SOUND	  "0000:01:00.1" /* its function 1, on snd, which is built in; group 10 */
#define NEIGHBOUR "0000:02:00.0" /* no driver, not named by the VM; group 10 */
#define PARKED	  "0000:03:00.0" /* on vfio-pci already; group 11 */
#define DISK	  "0000:04:00.0" /* on nvme, and its driver_override says so; group 12 */
#define TWIN	  "0000:05:00.0" /* the same ids as GPU, and not the VM's; group 13 */
#define USB	  "0000:06:00.0" /* on xhci_hcd, which lives in xhci_pci; conventional PCI; group 14 */

#define SCENARIO_CONFIG                         \
	"machine: q35\n"                        \
	"hostpci0: 0000:01:00,pcie=1,x-vga=1\n" \
	"hostpci1: 03:00.0,pcie=1\n"            \
	"hostpci2: 0000:04:00.0,pcie=1\n"       \
	"hostpci3: 0000:06:00.0\n"

/* For cmocka: a tree with that host and VM on it, under a fake kernel. */
int scenario_setup(void **state);

/* Ends the test when not all of the VM's devices, or of its neighbours, are on vfio-pci. */
void scenario_assert_taken(struct tree *tree);

/* Our part of the phases, as hookscript/phases/phase.c runs it: with the VM's settings. */
int start_pre(const struct fs_root *root, unsigned int vmid);
int start_post(const struct fs_root *root, unsigned int vmid);
int stop_post(const struct fs_root *root, unsigned int vmid);

/* A phase that must end with 0. */
void scenario_must(struct tree *tree, run_phase *phase, unsigned int vmid);

/* `plan VMID`, as main runs it. */
int scenario_plan(const struct fs_root *root, unsigned int vmid);

/* `status` and `restore --all`. */
int scenario_status(const struct fs_root *root, unsigned int vmid);
int scenario_restore_all(const struct fs_root *root, unsigned int vmid);

/* A refused pre-start: exit code 2, the tree as it was to the last byte, the right last line. */
void scenario_assert_refused(struct tree *tree, unsigned int vmid, const char *because);

/* Makes another process hold the VM's config lock; ends it. */
pid_t scenario_lock_vm(struct tree *tree, unsigned int vmid);
void scenario_end_process(pid_t pid);

/* The VFIO modules as files that this kernel can load: in a tree without module files an alias says
 * the same. */
void scenario_offer_vfio(struct tree *tree);

/* The same, and they are not loaded yet; VM 100 wants the disk alone. */
void scenario_unload_vfio(struct tree *tree);

#endif
