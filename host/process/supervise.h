/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work that reads the host may block in the kernel for ever, beyond kill -9: a driver holds a lock,
 * a file system waits for a server. So a child does it. Its parent does nothing that can block: at
 * the deadline it prints what the child was doing, and ends. The child is killed when its parent
 * ends, for whatever reason, so that it writes nothing later.
 */
#ifndef HOST_PROCESS_SUPERVISE_H
#define HOST_PROCESS_SUPERVISE_H

#include "host/base/base.h"

#define SUPERVISE_FOREVER INT32_MAX

/* How long reading the host may take, in milliseconds. Constant but for tests. */
extern int supervise_read_ms;

struct supervise {
	const char *what; /* for messages: "VM 100, pre-start" */
	int limit_ms;	  /* until the child's first supervise_allow(); 0: supervise_read_ms */

	/*
	 * The child has a session of its own and no descriptor of the caller's but KEEP, so that a
	 * reader of those need not wait for a child that hangs; what it prints on both streams goes
	 * to the caller's standard output, in order. false: it has all that the caller has.
	 */
	bool relay;
	int keep;

	/* Called with WORK's ARG when there was no child, it was killed, or died by a signal. May
	 * be NULL. */
	void (*failed)(void *arg);
};

/*
 * Runs WORK(ARG), which returns an exit code, in a child. Returns that code; 128 + N when signal N
 * ended the child; EXIT_FAILURE, with a message, at the deadline, and when no child can
 * be made: WORK is not run then. With a relay, standard error is what standard
 * output is afterwards; SIGPIPE, or SIGINT without one, is ignored.
 */
int supervise_run(const struct supervise *how, int (*work)(void *arg), void *arg) must_check;

/*
 * In the child: from now on it may take MS milliseconds, and a margin in which it can report itself
 * that they have passed; SUPERVISE_FOREVER: any time. Elsewhere: nothing.
 */
void supervise_allow(int ms);

#endif
