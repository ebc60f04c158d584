// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/process/kernel_log.h"

#include "host/base/facts.h"

#include "host/text/strbuf.h"
#include "host/process/program.h"

#include <string.h>
#include <sys/klog.h>

/* syslog(2)'s names have no header of their own. */
#define SYSLOG_ACTION_READ_ALL	  3
#define SYSLOG_ACTION_SIZE_BUFFER 10

#define LOG_TEXT_MAX ((size_t)16 * 1024 * 1024)

/* For a few lines about a device a start waits no longer for journalctl. */
#define ABOUT_JOURNAL_MS 3000

const char *kernel_log_text(const char *line)
{
	const char *end = line[0] == '<' ? strchr(line, '>') : NULL;

	return end ? end + 1 : line;
}

static int read_ring_buffer(char **ret)
{
	int size = klogctl(SYSLOG_ACTION_SIZE_BUFFER, NULL, 0);
	auto_free char *text = NULL;
	int len;

	if (size < 0)
		return -errno;
	text = malloc((size_t)size + 1);
	if (!text)
		return -ENOMEM;
	len = klogctl(SYSLOG_ACTION_READ_ALL, text, size);
	if (len < 0)
		return -errno;
	text[len] = '\0';
	*ret = TAKE_PTR(text);
	return 0;
}

static int read_journal(int limit_ms, char **ret)
{
	static const char *const args[] = {"journalctl", "-k",	       "-b", "-o",
					   "cat",	 "--no-pager", NULL};
	const struct program program = {.args = args, .limit_ms = limit_ms, .max = LOG_TEXT_MAX};
	auto_program_end struct program_end end = {0};
	int err = program_run(&program, &end);

	if (err)
		return err;
	if (end.cut || !*end.output)
		return -ENODATA;
	*ret = TAKE_PTR(end.output);
	return 0;
}

static int read_running(int journal_ms, char **ret)
{
	auto_free char *text = NULL;
	int err;

	err = read_ring_buffer(&text);
	/* The first line of a boot is the kernel's version: while it is there, no line is
	 * lost. */
	if (!err && text && strstr(text, "Linux version")) {
		*ret = TAKE_PTR(text);
		return 0;
	}
	if (!read_journal(journal_ms, ret))
		return 0;
	if (!err)
		*ret = TAKE_PTR(text);
	return err;
}

int kernel_log_read(const struct fs_root *root, int journal_ms, char **ret)
{
	int err;

	if (fs_root_is_capture(root) && fs_root_was_running(root))
		return facts_get(root, "kernel-log", ret);
	if (!fs_root_is_running_system(root))
		return fs_read(root, "var/log/dmesg", LOG_TEXT_MAX, ret, NULL);
	err = read_running(journal_ms, ret);
	if (!err && *ret)
		facts_note("kernel-log", "%s", *ret);
	return err;
}

/* Whether the line is one of the last LINES of those N with WORD, of which SEEN were before it. */
static bool is_picked(const char *line, const char *word, size_t lines, size_t n, size_t *seen)
{
	return strstr(line, word) && (*seen)++ + lines >= n;
}

int kernel_log_about(const struct fs_root *root, const char *word, size_t lines, char **ret)
{
	auto_free char *log = NULL;
	auto_strbuf struct strbuf picked = {0};
	size_t n = 0, seen = 0;
	char *rest, *line;
	int err = kernel_log_read(root, ABOUT_JOURNAL_MS, &log);

	*ret = NULL;
	if (err || !log)
		return err == -ENOMEM ? err : 0;
	for (const char *at = log; (at = strstr(at, word)); at += strcspn(at, "\n"))
		n++;
	rest = log;
	while ((line = strsep(&rest, "\n")))
		if (is_picked(line, word, lines, n, &seen))
			strbuf_add(&picked, "%s%s", picked.len ? "\n" : "", kernel_log_text(line));
	if (!picked.len && !picked.failed)
		return 0;
	*ret = strbuf_take(&picked);
	return *ret ? 0 : -ENOMEM;
}
