/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The built programs, which are in the directory above build/tests, run as a user runs them. */
#ifndef TESTS_UNIT_PROGRAM_H
#define TESTS_UNIT_PROGRAM_H

#include "run.h"

/*
 * The path of the program NAME, found from ARGV0, the test's own. NULL when it is not built;
 * cmocka's summary of N skipped tests has been printed then. The caller frees it.
 */
char *program_find(const char *argv0, const char *name, unsigned int n);

/*
 * Runs it to its end with ARGS, a blank between words; ROOT among them stands for the folder ROOT.
 * What it prints has to fit into a pipe.
 */
void run_program(char *program, const char *root, const char *args, struct run *ret);

/* The same, with standard input, and with standard output, at IN and OUT; -1: as above. */
void run_program_at(char *program, const char *root, const char *args, int in, int out,
		    struct run *ret);

/* A terminal of COLUMNS: returns the program's end of it, and the other one in *RET_OTHER. */
int program_terminal(unsigned short columns, int *ret_other);

#endif
