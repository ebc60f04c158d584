/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fails one system call or allocation of a process, or of one of its children. The calls are caught
 * by seccomp(2) where they are made, so that those of libraries fail, too; allocations only in a
 * suite that defines malloc() by faults_allocation_fails(). Calls of the fake kernel are neither
 * counted nor failed, but for one "write to sysfs" in their place.
 */
#ifndef TESTS_UNIT_FAULTS_H
#define TESTS_UNIT_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

/* Processes of one run, and calls of each. */
#define FAULTS_PROCESSES 32
#define FAULTS_CALLS	 16384

struct faults_point {
	unsigned int process; /* 0: the one that calls faults_begin(); then as they are forked */
	unsigned int at;      /* which of its calls, from 0 */
	int error;	      /* an errno; 0: none fails */
	bool show;	      /* writes its callers to standard error */
};

/* Sets what is to fail in the run to come, and forgets the calls of the one before. */
void faults_set(const struct faults_point *point);

/* Around the code whose calls are counted and fail; to be called once in a process, which is a
 * child made for that: the filter stays. */
void faults_begin(void);
void faults_end(void);

/* Around what is not to be counted. */
void faults_pause(void);
void faults_resume(void);

/* Whether the call that is to be counted here must fail; with errno. For what seccomp cannot see.
 */
bool faults_write_fails(void);
bool faults_allocation_fails(const void *caller);

/* How many calls a process of the last run made (0: there was none); the name of one; the errors
 * that it may end with, as an array that ends with 0; and whether it changes a device or the names
 * of files, as few do. */
unsigned int faults_calls(unsigned int process);
const char *faults_name(unsigned int process, unsigned int at);
const int *faults_errors(unsigned int process, unsigned int at);
bool faults_changes(unsigned int process, unsigned int at);

/* Whether the allocation that failed was one of libconfig's own, which looks at few of them: it
 * dies. */
bool faults_in_libconfig(void);

#endif
