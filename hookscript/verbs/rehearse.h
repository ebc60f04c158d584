/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `test ADDRESS`: a dress rehearsal. The device is taken as a start takes it, with all of its
 * group; opened through VFIO, read, and reset twice (host/vfio/trial.h); and given back. What was
 * seen is told.
 *
 * Its records are of RECORD_TEST, and while it runs it holds the lock that Proxmox VE would have
 * for a VM of that number, so that it is for all others a VM that is being started. When it dies,
 * the watcher gives back what it took.
 */
#ifndef HOOKSCRIPT_VERBS_REHEARSE_H
#define HOOKSCRIPT_VERBS_REHEARSE_H

#include "hookscript/verbs/rehearse_print.h"

/*
 * Returns the program's exit code (hookscript/pve/exit.h): EXIT_DONE, the device came back from
 * both resets and then to its driver; EXIT_PARTLY, it cannot be reset, and is fine else;
 * EXIT_REFUSED, nothing was touched; EXIT_FAILED, all else.
 */
int rehearse_run(const struct fs_root *root, const struct rehearse_options *options);

#endif
