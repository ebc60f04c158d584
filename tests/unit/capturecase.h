/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tree captured, and the capture unpacked. Functions here end the test when something goes wrong.
 */
#ifndef TESTS_UNIT_CAPTURECASE_H
#define TESTS_UNIT_CAPTURECASE_H

#include "run.h"

#include "host/setup/capture/capture.h"
#include "host/setup/capture/entries.h"

struct capturecase {
	char *dir; /* where all of it is */
	struct standins *standins;
	struct tree replay; /* the capture, unpacked */
	const char *top;    /* the path of the tree, which programs may print */
};

/* Captures ROOT, as `host-setup capture` does. */
void capturecase_make(const struct fs_root *root, struct capturecase *ret);
void capturecase_free(struct capturecase *capture);

#define auto_capturecase cleanup_with(capturecase_free)

/*
 * Runs PHASE for VM VMID on LIVE and on its capture, and ends the test unless both end and print
 * the same, but for stand-ins; and unless all that is there of what it opens is in the capture.
 */
void capturecase_compare(const struct capturecase *capture, struct tree *live, run_phase *phase,
			 unsigned int vmid, const char *what);

/* `check` and `groups`, as host-setup's main runs them. */
int capturecase_check(const struct fs_root *root, unsigned int unused);
int capturecase_groups(const struct fs_root *root, unsigned int unused);

/* `plan VMID`, `vm VMID` and `config VMID`. */
int capturecase_plan(const struct fs_root *root, unsigned int vmid);
int capturecase_vm(const struct fs_root *root, unsigned int vmid);
int capturecase_config(const struct fs_root *root, unsigned int vmid);

/* `early ADDRESS --dry-run`, of this address; "": the list of `early`. */
extern const char *capturecase_address;
int capturecase_early(const struct fs_root *root, unsigned int unused);

/* All of these but early, the three before it for each VM in VMIDS, up to a 0. */
void capturecase_compare_all(const struct capturecase *capture, struct tree *live,
			     const unsigned int *vmids, const char *what);

/* Calls LOOK with every name, text and target of a link in it, of LEN bytes, and where that is. */
void capturecase_each(const struct capturecase *capture,
		      void (*look)(const char *where, const char *text, size_t len));

#endif
