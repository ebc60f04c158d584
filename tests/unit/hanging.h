/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program's main() on a tree in which a file never answers. */
#ifndef TESTS_UNIT_HANGING_H
#define TESTS_UNIT_HANGING_H

#include "run.h"

/* A command line, its words with blanks between them, and the file that never answers. */
struct hanging {
	const char *args, *path;
};

/*
 * Runs MAIN, of the program NAME, with --root and the row's words, on a tree in which the row's
 * file is one that waits for ever. Ends the test unless it fails soon, and names that file.
 */
void assert_hangs(struct tree *tree, int (*main)(int argc, char **argv), const char *name,
		  const struct hanging *row);

#endif
