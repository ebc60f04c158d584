// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/log.h"

#include "host/base/journal.h"
#include "host/base/utf8.h"
#include "host/base/wrap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

/* How long a journal that does not read may hold up a line; the next ones do not wait for it. */
#define JOURNAL_WAIT_MS 100

/* The one piece of state: who speaks, of what, and where it is kept. Set by a main. */
static struct {
	const char *name;
	const struct fs_root *root; /* NULL: kept nowhere */
	unsigned int vmid;
	const char *phase;
	bool journal_is_stuck;
} speaker = {.name = "pve-passthrough"};

/* What one line is about. */
struct about {
	const struct bdf *bdf;
	const char *driver;
};

void log_open(const char *name, const struct fs_root *root)
{
	speaker.name = name;
	speaker.root = root;
	/* No LOG_NDELAY: most runs have nothing to say, and a connection costs. */
	if (root)
		openlog(name, LOG_PID, LOG_DAEMON);
}

void log_set_context(unsigned int vmid, const char *phase)
{
	speaker.vmid = vmid;
	speaker.phase = phase;
}

static int tell_journal(int priority, const struct about *about, const char *line)
{
	auto_free char *level = fs_path("%d", priority);
	auto_free char *facility = fs_path("%d", LOG_FAC(LOG_DAEMON));
	auto_free char *vmid = speaker.vmid ? fs_path("%u", speaker.vmid) : NULL;
	auto_free char *driver = about && about->driver ? utf8_printable(about->driver) : NULL;
	char address[BDF_TEXT_SIZE];
	const struct journal_field fields[] = {
		{"MESSAGE", line},
		{"PRIORITY", level},
		{"SYSLOG_FACILITY", facility},
		{"SYSLOG_IDENTIFIER", speaker.name},
		{"PVE_VMID", vmid},
		{"PVE_PHASE", speaker.phase},
		{"PCI_SLOT_NAME", about ? bdf_format(about->bdf, address) : NULL},
		{"DRIVER", driver},
	};

	return journal_send(speaker.root, fields, ARRAY_SIZE(fields),
			    speaker.journal_is_stuck ? 0 : JOURNAL_WAIT_MS);
}

/* With the VM at the front: syslog has no field that could tell. */
static void tell_syslog(int priority, const char *line)
{
	if (speaker.vmid)
		syslog(priority, "VM %u, %s: %s", speaker.vmid, speaker.phase, line);
	else
		syslog(priority, "%s", line);
}

static void keep_line(enum log_level level, const struct about *about, const char *line)
{
	static const int priorities[] = {
		[LOG_LEVEL_INFO] = LOG_INFO,
		[LOG_LEVEL_COMMAND] = LOG_INFO,
		[LOG_LEVEL_WARNING] = LOG_WARNING,
		[LOG_LEVEL_ERROR] = LOG_ERR,
	};
	int err = tell_journal(priorities[level], about, line);

	/* What does not read there does not read syslog's socket either, for it is the journal's
	 * too, and syslog(3) would wait for it. */
	speaker.journal_is_stuck = err == -EAGAIN;
	if (err && err != -EAGAIN && fs_root_is_running_system(speaker.root))
		tell_syslog(priorities[level], line);
}

/* Where a line on a terminal goes on. */
#define HANGING_INDENT 2

static void print_line(FILE *to, const char *line, bool wrapped)
{
	auto_free char *whole = speaker.name ? fs_path("%s: %s", speaker.name, line) : strdup(line);
	size_t indent = strspn(line, " ");

	if (!whole)
		return;
	if (wrapped)
		wrap_print(to, whole, 0, indent + HANGING_INDENT);
	else
		fprintf(to, "%s\n", whole); /* one write: two streams may meet in one task log */
	fflush(to);
}

static void say_line(enum log_level level, const struct about *about, const char *line)
{
	FILE *to = level == LOG_LEVEL_INFO || level == LOG_LEVEL_COMMAND ? stdout : stderr;
	auto_free char *safe = utf8_printable(line);

	if (!safe)
		return;
	print_line(to, safe, level != LOG_LEVEL_COMMAND && wrap_columns(to));
	if (speaker.root)
		keep_line(level, about, safe);
}

static void say(enum log_level level, const struct about *about, const char *format, va_list args)
	printf_like(3, 0);

static void say(enum log_level level, const struct about *about, const char *format, va_list args)
{
	auto_free char *text = NULL;
	char *rest, *line;

	if (vasprintf(&text, format, args) < 0) {
		text = NULL;
		return;
	}
	rest = text;
	while ((line = strsep(&rest, "\n")))
		say_line(level, about, line);
}

void log_say(enum log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(level, NULL, format, args);
	va_end(args);
}

void log_device(enum log_level level, const struct bdf *bdf, const char *driver, const char *format,
		...)
{
	struct about about = {bdf, driver};
	va_list args;

	va_start(args, format);
	say(level, &about, format, args);
	va_end(args);
}

const char *log_strerror(int err)
{
	if (err == -EACCES && geteuid())
		return _("Permission denied; run this as root");
	if (err == -EPERM && geteuid())
		return _("Operation not permitted; run this as root");
	return strerror(-err);
}
