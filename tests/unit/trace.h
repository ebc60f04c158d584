/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which paths the code opens below a root (host/base/activity.h, which the Makefile wraps). */
#ifndef TESTS_UNIT_TRACE_H
#define TESTS_UNIT_TRACE_H

/* From now on they are added to FILE, a line each, by every process that is forked, too; NULL: no
 * more. */
void trace_to(const char *file);

#endif
