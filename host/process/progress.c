// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/process/progress.h"

#include "host/base/clock.h"
#include "host/base/fs_write.h"
#include "host/base/log.h"
#include "host/text/utf8.h"
#include "host/text/wrap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* To the beginning of the line, and erases it (ECMA-48: EL). */
#define ERASE "\r\033[K"

/* What " (9999 s)" needs, in every language, and the last column, after which some terminals begin
 * another line. */
#define TIME_COLUMNS 12

struct progress_times progress_on_terminal = {2000, 1000}, progress_elsewhere = {60000, 60000};

static struct {
	char *what; /* NULL: nothing is being waited for */
	bool terminal;
	int64_t begun, next;
	bool drawn;   /* the line is there */
	bool in_line; /* others have begun a line and not ended it */
} state;

static const struct progress_times *times(void)
{
	return state.terminal ? &progress_on_terminal : &progress_elsewhere;
}

static int seconds(void)
{
	return (int)((clock_now_ms() - state.begun) / 1000);
}

static void erase(void)
{
	if (state.drawn)
		fs_write_fd(STDERR_FILENO, ERASE, strlen(ERASE));
	state.drawn = false;
}

/* The text of the line; NULL without memory. */
static char *line_text(void)
{
	return fs_path(_("%s (%d s)"), state.what, seconds());
}

static void draw(void)
{
	auto_free char *text = line_text();
	auto_free char *line = text ? fs_path(ERASE "%s", text) : NULL;

	if (!line)
		return;
	fs_write_fd(STDERR_FILENO, line, strlen(line));
	state.drawn = true;
}

/* So that it stays one line. */
static void cut(char *text, size_t columns)
{
	size_t len = strlen(text);

	while (len && wrap_width(text) + TIME_COLUMNS > columns) {
		do
			len--;
		while (len && ((unsigned char)text[len] & 0xc0) == 0x80);
		text[len] = '\0';
	}
}

static void say(void)
{
	auto_free char *text = line_text();

	log_say(LOG_LEVEL_PROGRESS, "%s", text ? text : state.what);
}

void progress_begin(const char *format, ...)
{
	auto_free char *text = NULL;
	va_list args;

	progress_end();
	va_start(args, format);
	text = vprintf_text(format, args);
	va_end(args);
	state.what = text ? utf8_printable(text) : NULL;
	if (!state.what)
		return;
	state.terminal = isatty(STDERR_FILENO);
	if (state.terminal)
		cut(state.what, wrap_columns(stderr));
	state.begun = clock_now_ms();
	state.next = state.begun + times()->first_ms;
	state.in_line = false;
	log_before_lines(erase);
}

int progress_end(void)
{
	int took = state.what ? seconds() : 0;

	erase();
	free(state.what);
	state.what = NULL;
	log_before_lines(NULL);
	return took;
}

int progress_tick(int ms)
{
	int left;

	if (!state.what)
		return ms;
	if (!clock_left_ms(state.next)) {
		state.next = clock_now_ms() + times()->again_ms;
		if (!state.terminal)
			say();
		else if (!state.in_line)
			draw();
	}
	left = clock_left_ms(state.next);
	return left < ms ? left : ms;
}

bool progress_is_shown(void)
{
	return state.what && state.terminal;
}

void progress_print(const char *text, size_t n)
{
	if (!n)
		return;
	erase();
	state.in_line = text[n - 1] != '\n';
	fs_write_fd(STDERR_FILENO, text, n);
}
