// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/log.h"

#include "host/base/journal.h"
#include "host/text/utf8.h"
#include "host/text/wrap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

/* How long one line waits for a journal that does not read; the next ones do not wait. */
#define JOURNAL_WAIT_MS 100

/* The state of this module, set by a main. */
static struct {
	const char *name;
	const struct fs_root *root; /* NULL: kept nowhere */
	unsigned int vmid;
	const char *phase;
	bool journal_is_stuck;
	struct strbuf *copy;
	void (*before)(void);
} state = {.name = "pve-passthrough"};

void log_open(const char *name, const struct fs_root *root)
{
	state.name = name;
	state.root = root;
	/* No LOG_NDELAY: most runs print nothing. */
	if (root)
		openlog(name, LOG_PID, LOG_DAEMON);
}

void log_set_context(unsigned int vmid, const char *phase)
{
	state.vmid = vmid;
	state.phase = phase;
}

void log_copy_to(struct strbuf *to)
{
	state.copy = to;
}

void log_before_lines(void (*before)(void))
{
	state.before = before;
}

static int send_to_journal(int priority, const struct bdf *bdf, const char *driver,
			   const char *line)
{
	auto_free char *level = fs_path("%d", priority);
	auto_free char *facility = fs_path("%d", LOG_FAC(LOG_DAEMON));
	auto_free char *vmid = state.vmid ? fs_path("%u", state.vmid) : NULL;
	auto_free char *safe_driver = driver ? utf8_printable(driver) : NULL;
	char address[BDF_TEXT_SIZE];
	const struct journal_field fields[] = {
		{"MESSAGE", line},
		{"PRIORITY", level},
		{"SYSLOG_FACILITY", facility},
		{"SYSLOG_IDENTIFIER", state.name},
		{"PVE_VMID", vmid},
		{"PVE_PHASE", state.phase},
		{"PCI_SLOT_NAME", bdf ? bdf_format(bdf, address) : NULL},
		{"DRIVER", safe_driver},
	};

	return journal_send(state.root, fields, ARRAY_SIZE(fields),
			    state.journal_is_stuck ? 0 : JOURNAL_WAIT_MS);
}

static void keep_line(enum log_level level, const struct bdf *bdf, const char *driver,
		      const char *line)
{
	int priority = level == LOG_LEVEL_ERROR	    ? LOG_ERR
		       : level == LOG_LEVEL_WARNING ? LOG_WARNING
						    : LOG_INFO;
	int err = send_to_journal(priority, bdf, driver, line);

	/* journald, which does not read this socket, reads syslog's too: syslog(3) would block. */
	state.journal_is_stuck = err == -EAGAIN;
	if (!err || err == -EAGAIN || !fs_root_is_running_system(state.root))
		return;
	if (state.vmid)
		syslog(priority, "VM %u, %s: %s", state.vmid, state.phase, line);
	else
		syslog(priority, "%s", line);
}

/* How much further a line that is wrapped on a terminal is indented. */
#define HANGING_INDENT 2

static void print_line(FILE *to, const char *line, bool wrapped)
{
	auto_free char *whole = state.name ? fs_path("%s: %s", state.name, line) : strdup(line);
	size_t indent = strspn(line, " ");

	if (!whole)
		return;
	if (wrapped)
		wrap_print(to, whole, 0, indent + HANGING_INDENT);
	else
		fprintf(to, "%s\n", whole); /* one write: two streams may meet in one task log */
	fflush(to);
}

static void print_and_keep(enum log_level level, const struct bdf *bdf, const char *driver,
			   const char *line)
{
	FILE *to = level == LOG_LEVEL_INFO || level == LOG_LEVEL_COMMAND ? stdout : stderr;
	auto_free char *safe = utf8_printable(line);

	if (!safe)
		return;
	if (state.before)
		state.before();
	print_line(to, safe, level != LOG_LEVEL_COMMAND && wrap_columns(to));
	if (state.root && level != LOG_LEVEL_PROGRESS)
		keep_line(level, bdf, driver, safe);
	if (state.copy && (level == LOG_LEVEL_WARNING || level == LOG_LEVEL_ERROR))
		strbuf_add(state.copy, "%s\n", safe);
}

void log_device(enum log_level level, const struct bdf *bdf, const char *driver, const char *format,
		...)
{
	auto_free char *text = NULL;
	char *rest, *line;
	va_list args;

	va_start(args, format);
	text = vprintf_text(format, args);
	va_end(args);
	rest = text;
	while ((line = strsep(&rest, "\n")))
		print_and_keep(level, bdf, driver, line);
}

const char *log_strerror(int err)
{
	if (err == -EACCES && geteuid())
		return _("Permission denied; run this as root");
	if (err == -EPERM && geteuid())
		return _("Operation not permitted; run this as root");
	if (err == -EMEDIUMTYPE) /* fs_read_regular() */
		return _("Not a regular file");
	return strerror(-err);
}
