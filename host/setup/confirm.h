/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking before something is changed. */
#ifndef HOST_SETUP_CONFIRM_H
#define HOST_SETUP_CONFIRM_H

#include "host/setup/options.h"

/* Whether the person at the terminal answers the question TEXT, "Do this? [y/N] ", with yes. */
bool confirm_ask(const char *text);

/* Whether what was shown may be done: by --yes, or by the answer at the terminal. Says so when it
 * may not. */
bool confirm(const struct setup_options *options);

#endif
