/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A root that is a capture of a host (host-setup(8), capture): what the tree cannot say by itself
 * of the host's files, because they were unpacked by an ordinary user.
 */
#ifndef HOST_BASE_REPLAY_H
#define HOST_BASE_REPLAY_H

#include <sys/stat.h>

#include "host/base/base.h"

/* Where a capture has what is in no file of the host. */
#define CAPTURE_DIR   ".pve-passthrough-capture"
#define CAPTURE_INDEX CAPTURE_DIR "/index"
#define CAPTURE_FACTS CAPTURE_DIR "/facts"

/*
 * The first line of the index, with whether the host was running and not another root, and when it
 * was captured; then for each file, directory or device that is not root's with the mode 0644 or
 * 0755, or could not be read:
 *
 *	MODE UID GID SIZE TIME MAJOR MINOR ERROR PATH
 *
 * MODE is st_mode in octal, ERROR 0 or an errno, PATH has no links in it.
 */
#define CAPTURE_HEADER "pve-passthrough capture 1 running %d time %lld\n"
#define CAPTURE_LINE   "%o %u %u %lld %lld %u %u %d %s\n"

struct replay;

/* Reads the index below the directory ROOT_FD. Returns 0, with NULL when it is no capture;
 * -EBADMSG; -errno. */
int replay_open(int root_fd, struct replay **ret) must_check;
void replay_close(struct replay *replay);

/* Whether it is of a running host; and when it was made. */
bool replay_was_running(const struct replay *replay);
time_t replay_time(const struct replay *replay);

/* With which error the file that was opened as FD could not be read on the host: -errno, or 0. */
int replay_error(const struct replay *replay, int fd) must_check;

/* Makes of *ST, what fstat(2) says of FD, what it was on the host. */
void replay_stat(const struct replay *replay, int fd, struct stat *st);

#endif
