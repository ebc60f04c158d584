/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs of the system, run for their effect or for one word, within a time. */
#ifndef HOST_EXEC_H
#define HOST_EXEC_H

#include "host/base.h"

/*
 * Runs ARGS (NULL at the end; the first is found on PATH) in a worker (host/worker.h), so that it
 * has nothing of the caller's and cannot hold it up: after LIMIT_MS milliseconds it is left to
 * itself. WANTED: what the first line that it prints must be; NULL: it must end with exit code 0,
 * whatever it prints. Returns 0 when that is so; -ENOMSG for another line; -EIO for another end;
 * -ETIMEDOUT; -ENOENT when there is no such program; -errno.
 */
int exec_run(const char *const *args, const char *wanted, int limit_ms) must_check;

#endif
