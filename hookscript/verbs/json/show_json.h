/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hookscript/verbs/show.h for programs. */
#ifndef HOOKSCRIPT_VERBS_JSON_SHOW_JSON_H
#define HOOKSCRIPT_VERBS_JSON_SHOW_JSON_H

#include "host/base/fs.h"

/* `status --json`, `settings VMID --json`, `log VMID --json`: each prints one object, and returns
 * the exit code that the verb has without --json. VMID of status is not used. */
int status_json(const struct fs_root *root, unsigned int vmid);
int settings_json(const struct fs_root *root, unsigned int vmid);
int log_json(const struct fs_root *root, unsigned int vmid);

#endif
