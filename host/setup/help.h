/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `host-setup --help` and `host-setup COMMAND --help` print: parts, each to be translated, up
 * to a NULL. */
#ifndef HOST_SETUP_HELP_H
#define HOST_SETUP_HELP_H

extern const char *const summary_help[];
extern const char *const capture_help[];
extern const char *const check_help[];
extern const char *const enable_help[];
extern const char *const disable_help[];
extern const char *const confirm_help[];
extern const char *const groups_help[];
extern const char *const sriov_help[];
extern const char *const early_help[];

#endif
