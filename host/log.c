// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

/* The one piece of state: who speaks, and whether syslog listens. Set once by a main. */
static const char *log_name = "pve-passthrough";
static bool log_to_syslog;

void log_open(const char *name, bool to_syslog)
{
	log_name = name;
	log_to_syslog = to_syslog;
	/* No LOG_NDELAY: most runs have nothing to say, and a connection costs. */
	if (to_syslog)
		openlog(name, LOG_PID, LOG_DAEMON);
}

/*
 * How many bytes the printable character at AT has; 0 when there is none: a control character, one
 * of U+0080 to U+009F too (C1), or a byte of no UTF-8 character, which may be a C1 control
 * elsewhere.
 */
static size_t printable_length(const unsigned char *at)
{
	size_t n = *at < 0x80 ? 1 : *at < 0xc2 ? 0 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;

	if (*at < 0x20 || *at == 0x7f || *at > 0xf4)
		return 0;
	/* C1, and what is written with more bytes than it needs. */
	if ((*at == 0xc2 && at[1] < 0xa0) || (*at == 0xe0 && at[1] < 0xa0) ||
	    (*at == 0xf0 && at[1] < 0x90))
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

char *log_printable(const char *text)
{
	char *safe = malloc(strlen(text) * 4 + 1);
	char *to = safe;

	if (!safe)
		return NULL;
	for (const unsigned char *at = (const unsigned char *)text; *at;) {
		size_t n = printable_length(at);

		if (!n)
			to += sprintf(to, "\\x%02x", *at++);
		for (; n; n--)
			*to++ = (char)*at++;
	}
	*to = '\0';
	return safe;
}

static void say_line(enum log_level level, const char *line)
{
	static const int priorities[] = {
		[LOG_LEVEL_INFO] = LOG_INFO,
		[LOG_LEVEL_WARNING] = LOG_WARNING,
		[LOG_LEVEL_ERROR] = LOG_ERR,
	};
	FILE *to = level == LOG_LEVEL_INFO ? stdout : stderr;
	auto_free char *safe = log_printable(line);

	if (!safe)
		return;
	/* One write per line: the two streams meet in one task log. */
	fprintf(to, "%s%s%s\n", log_name ? log_name : "", log_name ? ": " : "", safe);
	fflush(to);
	if (log_to_syslog)
		syslog(priorities[level], "%s", safe);
}

void log_say(enum log_level level, const char *format, ...)
{
	auto_free char *text = NULL;
	char *rest, *line;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0) {
		text = NULL;
		return;
	}
	rest = text;
	while ((line = strsep(&rest, "\n")))
		say_line(level, line);
}
