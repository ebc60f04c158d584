/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints the checklist and the IOMMU groups on standard output, for people and for programs. */
#ifndef HOST_SETUP_CHECK_CHECK_PRINT_H
#define HOST_SETUP_CHECK_CHECK_PRINT_H

#include "host/pci/check.h"
#include "host/setup/groups/groups.h"

/* The result of a checklist. The values are the exit codes of `host-setup check`. */
enum check_verdict {
	VERDICT_READY = 0,
	VERDICT_NOT_READY = 2,
	VERDICT_AFTER_REBOOT = 3,
	VERDICT_UNTIL_REBOOT = 4, /* ready now, but not after the next boot */
};

/* Lines of status, finding, evidence and cure, and the verdict; colour when standard output is a
 * terminal. */
void checklist_print(const struct checklist *list, enum check_verdict verdict);

/* The same as one JSON object: {"verdict": …, "items": [{"name", "status", "what", "evidence",
 * "cure"}]}. Returns 0 or -ENOMEM. */
int checklist_print_json(const struct checklist *list, enum check_verdict verdict) must_check;

/* The groups and their devices as a tree, at most 80 columns wide where the names allow it. */
void groups_print(const struct groups *groups);

/* The same as one JSON object: {"groups": [{"group", "can_be_passed", …, "splits": [{"how": "slot",
 * "what", "command", "price", "ports": ["0000:00:1c.0"]}], "devices": [{"address", …,
 * "reset_method": ["flr"], "vms": [{"vmid": 100, "entries": ["hostpci0"]}]}]}], "ungrouped": […]}.
 * Returns 0 or -ENOMEM. */
int groups_print_json(const struct groups *groups) must_check;

#endif
