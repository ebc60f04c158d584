/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Libraries that are loaded when something is to be done with them, and not with the program: most
 * starts need none of them, and loading is most of what those cost (`make bench`). As low as
 * host/base.h: everybody may include it.
 */
#ifndef HOST_LIBRARY_H
#define HOST_LIBRARY_H

#include "host/base.h"

/* A function that is used of one, and the pointer to functions that is to point to it. */
struct library_function {
	const char *name;
	void *pointer;
};

/*
 * Loads the library of that ABI, "libz.so.1", for as long as the process lives, and finds its N
 * functions. Returns false when it is not on this host, or lacks one of them: then none may be
 * called, and it is not loaded.
 */
bool library_load(const char *soname, const struct library_function *functions,
		  size_t n) must_check;

#endif
