/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The phase post-start: what Proxmox VE chose, which is known only now that the VM runs. */
#ifndef HOOKSCRIPT_PHASES_POST_START_H
#define HOOKSCRIPT_PHASES_POST_START_H

#include "hookscript/settings/settings.h"
#include "host/base/fs.h"

/*
 * post-start: compares what was taken with what Proxmox VE chose, sets on that what the settings
 * want, and keeps which devices are at the VM's addresses, so that the next start notices when
 * others are (hookscript/records/identity.h). Returns the program's exit code and reports what was
 * done or is wrong.
 */
int start_post_start(const struct fs_root *root, unsigned int vmid,
		     const struct settings *settings);

/*
 * The same for a VM that runs, once its start has ended, unless its post-start came to its end:
 * that may have died, or never have been called. Until then the guest may be in the wrong network.
 */
int start_finish(const struct fs_root *root, unsigned int vmid, const struct settings *settings);

#endif
