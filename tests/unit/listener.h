/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal of a tree: what listens at its socket. Every function ends the test on an error. */
#ifndef TESTS_UNIT_LISTENER_H
#define TESTS_UNIT_LISTENER_H

#include <sys/types.h>

#include "tree.h"

/* The journal's socket, bound; nobody reads it. The descriptor does not block. */
int listener_bind(struct tree *tree);

/* A process that reads it all the time: its queue may be shorter than what a hook says. */
struct listener {
	pid_t pid;
	int out;
};

void listener_start(struct tree *tree, struct listener *ret);

/* Ends it. Returns all entries so far, each with an empty line behind it; the caller frees them. */
char *listener_end(struct tree *tree, struct listener *listener);

/*
 * The next entry from *AT on, in place, with its last newline cut off, or NULL at the end. *AT
 * moves behind it.
 */
char *listener_next(char **at);

/* The value of the entry's field, up to its newline; a new string, or NULL without such a field. */
char *listener_field(const char *entry, const char *name);

#endif
