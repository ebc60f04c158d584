/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Other programs: found on PATH and run without a shell; their standard input is what is given. */
#ifndef HOST_PROCESS_PROGRAM_H
#define HOST_PROCESS_PROGRAM_H

#include "host/base/fs.h"

/* What to run, and how. */
struct program {
	const char *const *args; /* NULL at the end; the first is found on PATH, or is a path */

	/*
	 * 0: in the foreground, without a limit: its output goes where ours goes, and Ctrl-C ends
	 * it and not us, so that we can undo what it left half done. Else a limit in milliseconds:
	 * in a worker (host/process/worker.h), without descriptors of the caller's, and with its
	 * output collected.
	 */
	int limit_ms;
	size_t max;	   /* with a limit: how many bytes of its standard output are wanted */
	const char *input; /* with a limit: what it reads on standard input; NULL: nothing */
	bool goes_on;	   /* at the limit it continues; else it is killed with its children */
};

/* How it ended. All zeroes: nothing to free. */
struct program_end {
	int status;   /* as waitpid(2) gives it */
	char *output; /* its standard output, at most MAX bytes of it; NULL in the foreground */
	bool cut;     /* it printed more than that */
	char *line; /* the last line that it printed, on standard error if there was any; or NULL */
};

/*
 * Runs PROGRAM, which only looks at things. Returns 0 when it has ended, however it did: *ret says
 * how and goes to program_end_free(). -ENOENT when there is no such program; -ETIMEDOUT; -errno.
 */
int program_run(const struct program *program, struct program_end *ret) must_check;

/*
 * The same of one that changes something on the host. Such a program changes the running system:
 * with another ROOT it is not run. Returns 0 when it has ended with exit status 0; -EXDEV when
 * ROOT is not the running system; -EIO when it ended otherwise, as *ret says; -errno as above.
 */
int program_act(const struct fs_root *root, const struct program *program,
		struct program_end *ret) must_check;

/* Whether ROOT may be acted on: it is the running system. */
bool program_may_act(const struct fs_root *root);

void program_end_free(struct program_end *end);

/* Whether it has ended with exit status 0. */
bool program_succeeded(const struct program_end *end);

/*
 * How PROGRAM ended, for people: ERR is what one of the above returned. "exit status 1: Unit
 * x.service not loaded.", "killed by signal 9", "it takes too long", "--root /mnt is not the
 * running system: not run: systemctl stop x.service". Returns a new string, or NULL without memory.
 */
char *program_explain(const struct fs_root *root, const struct program *program, int err,
		      const struct program_end *end) must_check;

/* Whether NAME is found on PATH, or is the path of a program. */
bool program_is_there(const char *name);

#define PROGRAM_WORDS 16

/*
 * Cuts TEXT, which is changed, at its spaces into the words of a program. Returns 0, or -E2BIG when
 * there are more than fit.
 */
int program_split(char *text, const char *ret[PROGRAM_WORDS]) must_check;

#define auto_program_end cleanup_with(program_end_free)

#endif
