/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a phase or a verb in a process of its own, as Proxmox VE does, and keeps what it says. */
#ifndef TESTS_UNIT_RUN_H
#define TESTS_UNIT_RUN_H

#include "sanitized.h"
#include "tree.h"

/* A fork's memory leaked: the code of a run under LeakSanitizer. */
#define RUN_LEAKED 23

/* It left a descriptor open, or closed one that was not its own. */
#define RUN_LEFT_OPEN 24

struct run {
	int code;  /* its exit code, or -SIGNAL */
	char *out; /* all that it and its children wrote, to the end of file of both */
	char *err;
	int ms; /* until then */
};

extern bool run_checks_leaks;

/* False for what keeps descriptors until its process ends, as a worker's job keeps its locks. */
extern bool run_checks_descriptors;

typedef int run_phase(const struct fs_root *root, unsigned int vmid);

/*
 * Runs PHASE for VM VMID on the tree. With a fake kernel its workers have ended when this returns,
 * killed when they were to hang or to die. A hook that is not done after 20 s fails the test.
 */
void run_hook(struct tree *tree, run_phase *phase, unsigned int vmid, struct run *ret);

/* The same, and leaves its workers to work on. */
void run_hook_only(struct tree *tree, run_phase *phase, unsigned int vmid, struct run *ret);

void run_free(struct run *run);
#define auto_run cleanup_with(run_free)

/* Ends the test, showing the run, when its exit code is another, or it did not say TEXT. */
#define run_assert_code(run, code) run_assert_code_(run, code, __FILE__, __LINE__)
#define run_assert_says(run, text) run_assert_says_(run, text, __FILE__, __LINE__)
void run_assert_code_(const struct run *run, int code, const char *file, int line);
void run_assert_says_(const struct run *run, const char *text, const char *file, int line);

bool run_says(const struct run *run, const char *text);

/* The last line of what it wrote to standard error, without its newline; static text. */
const char *run_last_line(const struct run *run);

#endif
