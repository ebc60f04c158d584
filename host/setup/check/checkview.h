/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checklist and the IOMMU groups, for people and for programs, on standard output. */
#ifndef HOST_SETUP_CHECK_CHECKVIEW_H
#define HOST_SETUP_CHECK_CHECKVIEW_H

#include "host/pci/check.h"
#include "host/setup/groups/groups.h"

/* What a checklist comes to. The values are the exit codes of `host-setup check`. */
enum check_verdict {
	VERDICT_READY = 0,
	VERDICT_NOT_READY = 2,
	VERDICT_AFTER_REBOOT = 3,
};

/* Lines of status, finding, evidence and cure, and the verdict; colour when standard output is a
 * terminal. */
void checkview_print(const struct checklist *list, enum check_verdict verdict);

/* The same as one JSON object: {"verdict": …, "items": [{"name", "status", "what", "evidence",
 * "cure"}]}. Returns 0 or -ENOMEM. */
int checkview_print_json(const struct checklist *list, enum check_verdict verdict) must_check;

/* One tree of groups and their devices, at most 80 columns where the names let it. */
void groupsview_print(const struct groups *groups);

/* The same as one JSON object: {"groups": [{"group", "can_be_passed", …, "devices": […]}]}. Returns
 * 0 or -ENOMEM. */
int groupsview_print_json(const struct groups *groups) must_check;

#endif
