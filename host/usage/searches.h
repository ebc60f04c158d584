/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The searches that usage_read() makes. Each adds its findings, and returns 0 or -errno. */
#ifndef HOST_USAGE_SEARCHES_H
#define HOST_USAGE_SEARCHES_H

#include "host/usage/survey.h"

/* Disks below the devices that the host uses: mounts, swap, and other claims (disks.c). */
int usage_find_disks(const struct fs_root *root, const struct survey *survey,
		     struct usage *usage) must_check;

/*
 * Interfaces that are below another (bridge, bond, VLAN, macvlan, Open vSwitch), have an address or
 * a route beyond their own link, or have been moved to another namespace (nets.c). That one is up
 * proves nothing: it has fe80::/64 and multicast routes then.
 */
int usage_find_nets(const struct fs_root *root, const struct survey *survey,
		    struct usage *usage) must_check;

/*
 * Adds to the survey what is on top of its disks, volumes and arrays, for usage_find_openers(): an
 * OSD or a VM has a volume open, and never the disk. Not of disks that the host runs from, by what
 * usage_find_disks() has found (holders.c).
 */
int usage_survey_holders(const struct fs_root *root, const struct usage *usage,
			 struct survey *survey) must_check;

/*
 * Device nodes that a process has open or mapped (an open disk is no claim: QEMU opens raw disks
 * without one), as open_search() finds them (openers.c).
 */
int usage_find_openers(const struct fs_root *root, const struct survey *survey,
		       struct usage *usage) must_check;

/* Nodes that the config of a running container gives to it, in any spelling (containers.c). */
int usage_find_containers(const struct fs_root *root, const struct survey *survey,
			  struct usage *usage) must_check;

/* What the driver of a platform's bridge or SMBus controller serves (served.c). */
int usage_find_served(const struct fs_root *root, const struct usage_device *device,
		      struct usage *usage) must_check;

/* VFs and mediated devices of it, which may belong to VMs (parts.c). */
int usage_find_parts(const struct fs_root *root, const struct usage_device *device,
		     struct usage *usage) must_check;

/*
 * Uses without a node below the device, or without a process that has it open. Each looks at one
 * device, whose nodes are in the survey.
 */
typedef int usage_search(const struct fs_root *root, const struct survey *survey,
			 const struct usage_device *device, struct usage *usage) must_check;

/* Mounts of directories that a hypervisor shares, by virtio-9p or virtiofs (shares.c). */
usage_search usage_find_shares;

/* A watchdog whose node is below no device (watchdogs.c). */
usage_search usage_find_watchdogs;

/* A warning when it has all keyboards of the host (keyboards.c). */
usage_search usage_find_keyboards;

/* A USB device of it that another host has by usbip (usbip.c). */
usage_search usage_find_usbip;

/* The kernel's console on a serial port; the users of its channels as a DMA engine; those of its
 * algorithms as a crypto accelerator (kernel_uses.c). */
usage_search usage_find_serial_console;
usage_search usage_find_dma;
usage_search usage_find_crypto;

#endif
