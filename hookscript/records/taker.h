/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the VM that a record is of does now. */
#ifndef HOOKSCRIPT_RECORDS_TAKER_H
#define HOOKSCRIPT_RECORDS_TAKER_H

#include "host/text/bdf.h"
#include "host/base/fs.h"

enum taker {
	TAKER_RUNS,
	TAKER_LOCKED, /* being started, stopped or changed */
	TAKER_REBOOTS,
	TAKER_STOPPED,	 /* its devices are to be given back */
	TAKER_ABSENT,	 /* the same, and this node has no such VM */
	TAKER_TESTS,	 /* of RECORD_TEST: it runs */
	TAKER_TEST_DIED, /* its devices are to be given back */
};

/* What VM VMID, or RECORD_TEST, does. */
enum taker taker_state(const struct fs_root *root, unsigned int vmid);

/* Whether its devices are to be given back by hand. */
bool taker_is_gone(enum taker taker);

/* Its name for programs, "test-died". */
const char *taker_name(enum taker taker);

/* The command by which a device goes back to the driver that the kernel chooses, without its
 * record, which is removed. Returns a new string, or NULL without memory. */
char *record_by_hand(const struct bdf *bdf) must_check;

#endif
