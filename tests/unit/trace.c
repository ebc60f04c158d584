// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/base/activity.h"

static const char *traced;

void __real_activity_begin(const char *verb, const char *path);
void __wrap_activity_begin(const char *verb, const char *path);

void trace_to(const char *file)
{
	traced = file;
}

/* Not a descriptor that stays open: workers close those. */
void __wrap_activity_begin(const char *verb, const char *path)
{
	if (traced && path && !strcmp(verb, "open")) {
		int fd = open(traced, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

		if (fd >= 0) {
			dprintf(fd, "%s\n", path);
			close(fd);
		}
	}
	__real_activity_begin(verb, path);
}
