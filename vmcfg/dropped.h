/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of a text that Proxmox VE drops, and why. Pure. */
#ifndef VMCFG_DROPPED_H
#define VMCFG_DROPPED_H

#include "host/base.h"
#include "vmcfg/text.h"

/* A line that Proxmox VE drops or warns about. */
struct vmcfg_dropped {
	unsigned int line;
	char *why; /* for people; printable, and in English ASCII */
};

/* Adds a line to the array *LIST with *N elements; takes WHY over, whatever happens. Returns 0 or
 * -ENOMEM. */
int dropped_add(struct vmcfg_dropped **list, size_t *n, unsigned int line, char *why) must_check;

/* The same; why is PROBLEM, then T in quotes. */
int dropped_add_part(struct vmcfg_dropped **list, size_t *n, unsigned int line, const char *problem,
		     struct text t) must_check;

/* The same for a line whose value was refused: "KEY: REASON". Takes REASON over. */
int dropped_add_value(struct vmcfg_dropped **list, size_t *n, unsigned int line, struct text key,
		      char *reason) must_check;

/* Frees LIST and its N elements; NULL is fine. */
void dropped_free(struct vmcfg_dropped *list, size_t n);

#endif
