/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The phases in which Proxmox VE runs a hookscript: ours, and the one that the settings name as
 * next. */
#ifndef HOOKSCRIPT_PHASES_PHASE_H
#define HOOKSCRIPT_PHASES_PHASE_H

#include "host/base/fs.h"

/*
 * Runs the phase of that name for the VM: at the beginning of a VM's life our part comes first, at
 * its end the other hookscript's. When the other one fails at pre-start, the start is aborted, and
 * what was taken goes back. An unknown phase does nothing; at a terminal it is reported
 * (EXIT_USAGE). Returns the program's exit code.
 *
 * A child does it (host/process/supervise.h), so that this returns, with EXIT_FAILED, also when the
 * kernel holds what it reads: after supervise_read_ms until the settings are known, and then when
 * their deadline has passed. What was taken by then is left to a watcher. All output goes to
 * standard output and, below ROOT, to the journal.
 */
int phase_run(const struct fs_root *root, unsigned int vmid, const char *name);

#endif
