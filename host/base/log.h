/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages, a line each: to the task log (stdout for what was done, stderr for what went wrong)
 * and, when asked, to the journal, with fields that say which VM and which device it is about; to
 * syslog where there is no journal.
 */
#ifndef HOST_BASE_LOG_H
#define HOST_BASE_LOG_H

#include "host/text/bdf.h"
#include "host/base/fs.h"
#include "host/text/strbuf.h"

enum log_level {
	LOG_LEVEL_INFO,	    /* done, as expected */
	LOG_LEVEL_COMMAND,  /* the same, and to be copied: never wrapped */
	LOG_LEVEL_WARNING,  /* the administrator should read this */
	LOG_LEVEL_ERROR,    /* what was asked for was not done */
	LOG_LEVEL_PROGRESS, /* what is being waited for: on stderr, and kept nowhere */
};

/*
 * From now on lines begin with "NAME: " (with nothing, when it is NULL: an answer to a person who
 * asked). ROOT not NULL: they go to the journal below it too, and, where none listens and ROOT is
 * the running system, to syslog; that needs a NAME. Neither is copied. No message waits long for
 * the journal.
 */
void log_open(const char *name, const struct fs_root *root);

/*
 * Of which VM the lines are from now on (0: of none), and what is being done with it: the journal's
 * fields PVE_VMID and PVE_PHASE, and "VM 100, post-stop: " at the beginning of syslog's lines.
 * PHASE is not copied.
 */
void log_set_context(unsigned int vmid, const char *phase);

/* From now on warnings and errors are added to TO, too, a line each; NULL: no longer. */
void log_copy_to(struct strbuf *to);

/* From now on BEFORE is called before a line is printed; NULL: nothing is. */
void log_before_lines(void (*before)(void));

/*
 * log_say() prints one line, which is wrapped (host/text/wrap.h) when it goes to a terminal.
 * Control characters in it (they may come from a VM config) are written as \xNN, except that '\n'
 * begins another line. Standard output is flushed, so that the order survives.
 */
#define log_say(level, ...) log_device(level, NULL, NULL, __VA_ARGS__)

/*
 * The same for a line about one device (BDF not NULL): the journal's fields are PCI_SLOT_NAME, its
 * address, and DRIVER, its driver on the host (NULL: none, or unknown). The line is FORMAT's alone.
 */
void log_device(enum log_level level, const struct bdf *bdf, const char *driver, const char *format,
		...) printf_like(4, 5);

#define log_info(...)	 log_say(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_command(...) log_say(LOG_LEVEL_COMMAND, __VA_ARGS__)
#define log_warning(...) log_say(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_error(...)	 log_say(LOG_LEVEL_ERROR, __VA_ARGS__)

/* What -errno ERR means, as strerror(3) says it; with the advice to run this as root when that is
 * what is missing. Static text. */
const char *log_strerror(int err) must_check;

#endif
