/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a login shows of a trial: /run/motd.d (pam_motd(8)). */
#ifndef HOST_SETUP_TRIAL_TRIAL_MOTD_H
#define HOST_SETUP_TRIAL_TRIAL_MOTD_H

#include "host/base/fs.h"

/* Logs TEXT (NULL: memory has run out), as an error when it is one, and shows it at each login
 * until trial_motd_remove() or the end of this boot. A failure of the latter is only logged. */
void trial_motd_say(const struct fs_root *root, bool error, const char *text);

/* Removes what is shown at a login. */
void trial_motd_remove(const struct fs_root *root);

#endif
