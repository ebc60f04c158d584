/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in no file of the host, as entries of a capture. */
#ifndef HOST_SETUP_CAPTURE_FACTS_ADD_H
#define HOST_SETUP_CAPTURE_FACTS_ADD_H

#include "host/setup/capture/walk.h"

/* Adds what was noted in the directory NOTED (host/base/facts.h). Returns 0 or -errno. */
int facts_add(const struct walk *walk, const char *noted) must_check;

/* Adds the last lines of this program's messages in the journal; none where there is none. Returns
 * 0 or -ENOMEM. */
int facts_add_log(const struct walk *walk) must_check;

#endif
