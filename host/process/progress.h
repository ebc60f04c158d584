/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is being waited for, and for how long already, for the person who waits: on standard error,
 * once it has taken longer than a moment. On a terminal this is one line, which is written again
 * each second, and erased before anything else is printed; elsewhere it is a line a minute.
 */
#ifndef HOST_PROCESS_PROGRESS_H
#define HOST_PROCESS_PROGRESS_H

#include "host/base/base.h"

/* When the first line comes, and how long it is until the next one, in milliseconds. Constant but
 * for tests. */
struct progress_times {
	int first_ms, again_ms;
};
extern struct progress_times progress_on_terminal, progress_elsewhere;

/* From now on FORMAT, a few words without a newline, is being waited for, and nothing else. */
void progress_begin(const char *format, ...) printf_like(1, 2);

/* It has ended. Returns how long it took, in seconds; 0 when nothing had begun. */
int progress_end(void);

/*
 * For who is about to sleep for MS milliseconds at most, and calls this again when he is awake:
 * prints the line if it is due. Returns how long he may sleep, at most MS.
 */
int progress_tick(int ms);

/*
 * Whether what is being waited for has a line on a terminal. Who prints there by other means than
 * host/base/log.h calls progress_print() then.
 */
bool progress_is_shown(void);

/* Prints the N bytes at TEXT on standard error, in the line's place; that comes back after the next
 * newline. */
void progress_print(const char *text, size_t n);

#endif
