/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this process is reading or writing at this moment, in memory that another process sees, for
 * when the call hangs in the kernel.
 */
#ifndef HOST_BASE_ACTIVITY_H
#define HOST_BASE_ACTIVITY_H

#include "host/base/base.h"

#define ACTIVITY_VERB_SIZE 16
#define ACTIVITY_PATH_SIZE 240

/* All zeroes: nothing was noted. Both texts always end with a NUL. */
struct activity {
	char verb[ACTIVITY_VERB_SIZE]; /* "read"; "": nothing is being done */
	char path[ACTIVITY_PATH_SIZE]; /* what follows '/', or the call's own name */
};

/*
 * From now on notes go to PAGE, memory shared with its reader (mmap(2), MAP_SHARED); not copied.
 * NULL, as at the beginning: there are none. A worker (host/process/worker.h) makes none.
 */
void activity_set_page(struct activity *page);

/*
 * Notes that VERB ("read", "write", "open", "list", "call") is about to be done to PATH, which is
 * cut to what fits; a path without memory (NULL) is noted as "". No allocation, no system
 * call. host/base/fs.h notes what it does; others note calls that may block, such as getifaddrs(3).
 */
void activity_begin(const char *verb, const char *path);

/* Notes that it is done. errno is preserved. */
void activity_end(void);

/*
 * Copies PAGE. Returns whether anything is being done. A text that changes at this moment may be a
 * mix of two.
 */
bool activity_read(const struct activity *page, struct activity *ret);

#endif
