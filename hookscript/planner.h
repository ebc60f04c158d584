/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rooms behind plan_make(): what deciding looks at, and its checks. Pure, like
 * hookscript/plan.h. Every function returns 0 or -ENOMEM. */
#ifndef HOOKSCRIPT_PLANNER_H
#define HOOKSCRIPT_PLANNER_H

#include "hookscript/plan.h"

/* What deciding looks at, and the plan it fills. */
struct planner {
	unsigned int vmid;
	const struct settings *settings;
	const struct vmcfg *vm;
	const struct selection *selection;
	const struct snapshot *snapshot;
	struct plan *plan;
};

/* Adds a refusal or a warning. They take their texts over; a NULL one means that memory is out. */
int planner_refuse(struct planner *p, enum refusal_reason reason, char *what,
		   char *cure) must_check;
int planner_warn(struct planner *p, char *text) must_check;

/* The same, about one device, whose address stays where it is: in the snapshot. */
int planner_refuse_device(struct planner *p, const struct bdf *bdf, enum refusal_reason reason,
			  char *what, char *cure) must_check;
int planner_warn_device(struct planner *p, const struct bdf *bdf, char *text) must_check;

/* A check that the settings can turn into a warning or off. */
int planner_apply_policy(struct planner *p, enum policy policy, enum refusal_reason reason,
			 char *what, char *cure) must_check;

/* The device's IOMMU group if the plan looks at it, or NULL. */
const struct snapshot_group *planner_group_of(const struct planner *p, const struct device *device);

/* Whether a start would take the device: an endpoint in a group that the VM needs. */
bool planner_takes(const struct planner *p, const struct device *device);

/* The VM's config: its machine, its hostpci entries, the lines that Proxmox VE drops. */
int planner_check_config(struct planner *p) must_check;

/* What `host-setup check` calls missing, in its words. */
int planner_check_host(struct planner *p) must_check;

/* That there is a device at every address that the entries name. */
int planner_check_addresses(struct planner *p) must_check;

/* That the devices at the addresses are those of the VM's last start. */
int planner_check_identity(struct planner *p) must_check;

/* The devices that the entries name, and all members of their groups. */
int planner_check_devices(struct planner *p) must_check;

/* What the host itself does with the devices that would be taken (host/usage/usage.h). */
int planner_check_usage(struct planner *p) must_check;

#endif
