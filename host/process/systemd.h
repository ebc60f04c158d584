/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions and requests to systemd, through systemctl(1), within seconds. */
#ifndef HOST_PROCESS_SYSTEMD_H
#define HOST_PROCESS_SYSTEMD_H

#include "host/base/fs.h"

/* Whether the host is shutting down or rebooting. False where systemd does not run or answer. */
bool systemd_is_stopping(const struct fs_root *root);

/* Whether a unit of that file name is installed, and systemd runs. */
bool systemd_has_unit(const struct fs_root *root, const char *file);

/* systemctl --no-block restart UNIT: does not wait for it. Returns 0 or -errno. */
int systemd_restart(const struct fs_root *root, const char *unit) must_check;

#endif
