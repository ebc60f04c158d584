/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel for the tree (tests/unit/tree.h), behind fs_write_attr() and modules_load(), which the
 * Makefile wraps: drivers lose and get devices when the program writes to sysfs. Its state is the
 * tree itself; its switches and counts are in memory that all processes of a run share. A write to
 * a path that it does not know, to a device without a record or without that device's lock, or an
 * unbind under an open group, is a violation. Without fake_kernel_setup() the real functions are
 * called.
 */
#ifndef TESTS_UNIT_FAKE_KERNEL_H
#define TESTS_UNIT_FAKE_KERNEL_H

#include "tree.h"

/* For cmocka, in place of tree_setup() and tree_teardown(); teardown fails on a violation. */
int fake_kernel_setup(void **state);
int fake_kernel_teardown(void **state);

/* Which driver's own table has these ids. */
void fake_kernel_knows(unsigned int vendor, unsigned int device, const char *driver);

/* What happens at a write. */
enum fake_fault {
	FAULT_NONE,
	FAULT_ERROR,	   /* the write fails and has no effect */
	FAULT_HANG,	   /* it blocks, and has its effect then */
	FAULT_KILL_ALL,	   /* the hook and all its workers die */
	FAULT_KILL_HOOK,   /* the hook dies, its workers live on */
	FAULT_KILL_WORKER, /* the worker that writes dies */
};

struct fake_plan {
	enum fake_fault fault;
	unsigned int at; /* at which write, counted from 1 */
	bool after;	 /* kills: after the write's effect, not before it */
	int error;	 /* FAULT_ERROR: an errno */
	int hang_ms;	 /* FAULT_HANG: how long; 0 is for ever */
};

/* Counts writes from 0 again, with this fault to come. */
void fake_kernel_reset(const struct fake_plan *plan);

/* Switches until the next reset; NULL: none. */
void fake_kernel_probe_fails(const char *driver);   /* the driver refuses every device */
void fake_kernel_ignores_override(const char *bdf); /* writes there succeed and do nothing */
void fake_kernel_module_error(int error);	    /* modules_load() fails so */
void fake_kernel_at_load(
	void (*what)(struct tree *tree));    /* at the first modules_load() of a run */
void fake_kernel_checks_records(bool check); /* that a write has a record and its lock */

/* How many writes there were since the reset, and what they were: "BDF/driver_override=vfio-pci",
 * one a line, newlines in the values left out. The text is static. */
unsigned int fake_kernel_writes(void);
const char *fake_kernel_log(void);

/* The first violation so far, or NULL. */
const char *fake_kernel_violation(void);

/*
 * Counts, notes and faults, as one to sysfs, a write of another kind to the device BDF, which
 * EFFECT does and returns 0 or -errno of.
 */
int fake_kernel_write(const char *bdf, const char *file, const char *text, int (*effect)(void *arg),
		      void *arg);

/* ---- for run.c ---- */

/* In the child that runs the code under test, before it does. */
void fake_kernel_enter(void);

/* Whether what hangs or is to die would not end by itself. */
bool fake_kernel_is_deadly(void);

/* Waits until the workers of all runs have ended; kills them first when KILL. */
void fake_kernel_settle(bool kill_workers);

#endif
