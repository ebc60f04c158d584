/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of the facts about devices that do not answer, those that are not there, programs that
 * hold groups open, HA, and virtual functions. */
#ifndef HOOKSCRIPT_PLAN_FACTS_FACTS_STATE_H
#define HOOKSCRIPT_PLAN_FACTS_FACTS_STATE_H

#include "hookscript/plan/facts/facts.h"

/*
 * Asks the devices that a start would take whether they answer, in workers, and fills in their
 * answer_err and kernel_log. Returns 0 or -errno.
 */
int facts_read_answers(const struct fs_root *root, struct facts *facts) must_check;

/*
 * Fills in which devices are not where they were at the VM's last start, with kernel_log of those
 * where nothing is, and known_here. The whole bus is looked at only for one that has moved. Returns
 * 0 or -errno.
 */
int facts_read_moved(const struct fs_root *root, struct facts *facts) must_check;

/* Fills in which VFs are absent. The bus is looked at only when a device is not where the VM names
 * it. Returns 0 or -errno. */
int facts_read_absent(const struct fs_root *root, struct facts *facts) must_check;

/* Fills in what the host does with the devices that are named or would be taken, and which of their
 * nodes the VM's config has QEMU open. Returns 0 or -ENOMEM. */
int facts_read_usage(const struct fs_root *root, struct facts *facts) must_check;

/* Fills in what may help a graphics device that is in no group. Returns 0 or -errno. */
int facts_read_igpu_cure(const struct fs_root *root, struct facts *facts) must_check;

/* Fills in how the holders of the group that are no VM's are ended. Returns 0 or -ENOMEM. */
int facts_read_holder_cures(const struct fs_root *root, struct device_group *group) must_check;

/* Fills in which of the entries that are bound name a romfile that is not there. Returns 0 or
 * -ENOMEM. */
int facts_read_romfiles(const struct fs_root *root, struct facts *facts) must_check;

/* Fills in whether this host is a VM, if there is a device or a group that makes it matter: it
 * costs a read of /proc/cpuinfo, which grows with the processors. */
void facts_read_machine(const struct fs_root *root, struct facts *facts);

/* Fills in whether HA moves the VM, and to which nodes. Returns 0 or -ENOMEM. */
int facts_read_ha(const struct fs_root *root, struct facts *facts) must_check;

/* Fills in what is set up to be held early, for those who print a plan: nothing is decided by it.
 * Returns 0 or -errno. */
int facts_read_early(const struct fs_root *root, struct facts *facts) must_check;

/* Fills in what identifies the VM, if a key of the settings needs it. Returns 0 or -ENOMEM. */
int facts_read_vm_identity(const struct fs_root *root, struct facts *facts) must_check;

/* Fills in whether the device is a VF whose PF is on vfio-pci. Returns 0 or -errno. */
int facts_read_pf(const struct fs_root *root, struct device *device) must_check;

/*
 * Fills in what is known of the virtual functions that the entries get. Asks rtnetlink only for
 * those that the settings have keys for. Returns 0 or -ENOMEM.
 */
int facts_read_vfs(const struct fs_root *root, struct facts *facts) must_check;

/*
 * Fills in what is known of the VM's memory and of the host's, and for SCOPE, how long its last
 * start took; nothing for a VM whose devices pin none. Returns 0 or -ENOMEM.
 */
int facts_read_memory(const struct fs_root *root, unsigned int scope,
		      struct facts *facts) must_check;

#endif
