/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line per thing said: to the task log (stdout for what was done, stderr for what went wrong)
 * and, when asked, to syslog, where it stays when the task log is nobody's.
 */
#ifndef HOST_LOG_H
#define HOST_LOG_H

#include "host/base.h"

enum log_level {
	LOG_LEVEL_INFO,	   /* done, as expected */
	LOG_LEVEL_WARNING, /* the administrator should read this */
	LOG_LEVEL_ERROR,   /* what was asked for was not done */
};

/*
 * From now on lines begin with "NAME: " (with nothing, when it is NULL: an answer to a person who
 * asked), and go to syslog too when SYSLOG, which needs a NAME. NAME is not copied.
 */
void log_open(const char *name, bool syslog);

/*
 * Says one line. Control characters in it (they may come from a VM config) are written as \xNN,
 * except that '\n' begins another line. Standard output is flushed, so that the order survives.
 */
void log_say(enum log_level level, const char *format, ...) printf_like(2, 3);

#define log_info(...)	 log_say(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warning(...) log_say(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_error(...)	 log_say(LOG_LEVEL_ERROR, __VA_ARGS__)

/*
 * TEXT with everything that a terminal might take for a command (bytes below 0x20, 0x7f, C1
 * controls, bytes that are no UTF-8) as \xNN. Returns a new string, or NULL without memory.
 */
char *log_printable(const char *text) must_check;

#endif
