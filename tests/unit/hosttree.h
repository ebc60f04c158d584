/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host's files in a temporary directory, for host-setup's tests: /etc, /boot and what the kernel
 * shows. The commands that host-setup runs are those of tests/fakes; the code under test can be
 * killed at every write and command. Functions here end the test when something goes wrong.
 */
#ifndef TESTS_UNIT_HOSTTREE_H
#define TESTS_UNIT_HOSTTREE_H

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "host/base/fs.h"

struct hosttree {
	struct fs_root root;
	char *base;
	char *dir; /* absolute */
	char *log; /* what the fakes wrote: the commands run, one a line */
};

/* An empty tree but for var/lib. It is the running system when RUNNING. */
void hosttree_open(struct hosttree *tree, bool running);

/* Removes it. */
void hosttree_close(struct hosttree *tree);

#define auto_hosttree cleanup_with(hosttree_close)

/* Paths have no leading '/'; directories above are made. */
void hosttree_put(const struct hosttree *tree, const char *path, const void *bytes, size_t n);
void hosttree_text(const struct hosttree *tree, const char *path, const char *text);

/* An EFI variable: a text in UTF-16, or one byte. */
void hosttree_loader(const struct hosttree *tree, const char *info);
void hosttree_secure_boot(const struct hosttree *tree);

/* Copies the directory FROM (absolute) over it; not there is fine. */
void hosttree_copy(const struct hosttree *tree, const char *from);

/* A file's text; NULL when it is not there. The caller frees it. */
char *hosttree_read(const struct hosttree *tree, const char *path);

/*
 * All files and directories with mode, owner and text, one sorted text, except what the boot
 * loader's tools write. The caller frees it.
 */
char *hosttree_render(const struct hosttree *tree);

/* Ends the test, showing both, when the tree is not as WANT says. */
void hosttree_assert(const struct hosttree *tree, const char *want, const char *what);

/* What /bin/sh makes of etc/default/grub and etc/default/grub.d, sourced as grub-mkconfig sources
 * them: both variables, as words with one space between; NULL when the shell fails. The caller
 * frees it. */
char *hosttree_shell_words(const struct hosttree *tree);

/* What FUNCTION of the tree ended with, and what it printed (the caller frees it). */
struct hosttree_run {
	int code;
	char *output;
};

typedef int hosttree_function(const struct fs_root *root, const void *options);

/* Runs it in a child of this process, with the fakes on PATH. */
struct hosttree_run hosttree_run(const struct hosttree *tree, hosttree_function *function,
				 const void *options);

/* When the child dies of the power cut. */
enum hosttree_cut {
	CUT_NEVER,
	CUT_BEFORE, /* before the step */
	CUT_TORN,   /* in its middle: half a temporary file is written */
	CUT_AFTER,
};

/* The exit codes of a power cut, and of one that should have torn a step that is not a write. */
#define HOSTTREE_DEAD	  77
#define HOSTTREE_NOT_TORN 78

/* A run's that left a descriptor open, or closed one that was not its own, and one's that leaked
 * memory. */
#define HOSTTREE_LEFT_OPEN 98
#define HOSTTREE_LEAKED	   99

/* In the runs to come it dies at step AT (a write, a removal, a new directory, a command), from 1
 * on.
 */
void hosttree_cut(enum hosttree_cut cut, unsigned int at);

/* In the runs to come there are so many bytes free on every disk; 0: as many as there are. */
void hosttree_free_space(uint64_t bytes);

/* In the runs to come the write of a file whose path ends so fails with ENOSPC; NULL: none does. */
void hosttree_fail_write(const char *path_end);

#endif
