// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/kernlog.h"
#include "host/program.h"

#include <stdio.h>
#include <string.h>
#include <sys/klog.h>

/* syslog(2)'s names have no header of their own. */
#define SYSLOG_ACTION_READ_ALL	  3
#define SYSLOG_ACTION_SIZE_BUFFER 10

#define LOG_TEXT_MAX	((size_t)16 * 1024 * 1024)
#define JOURNAL_SECONDS 20

static enum kernlog_topic topic_of(const char *line)
{
	static const struct {
		const char *word;
		enum kernlog_topic topic;
	} words[] = {
		{"to iommu group", KERNLOG_GROUP}, {"remapping", KERNLOG_REMAPPING},
		{"DMAR", KERNLOG_IOMMU},	   {"AMD-Vi", KERNLOG_IOMMU},
		{"IOMMU", KERNLOG_IOMMU},	   {"iommu:", KERNLOG_IOMMU},
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(line, words[i].word))
			return words[i].topic;
	return KERNLOG_TOPICS;
}

/* A line of syslog(2) begins with its priority, "<6>". */
static const char *skip_priority(const char *line)
{
	const char *end = line[0] == '<' ? strchr(line, '>') : NULL;

	return end ? end + 1 : line;
}

int kernlog_parse(const char *log, struct kernlog *ret)
{
	auto_free char *copy = strdup(log);
	struct kernlog parsed = {0};
	char *rest = copy;
	char *line;

	if (!copy)
		return -ENOMEM;
	while ((line = strsep(&rest, "\n"))) {
		enum kernlog_topic topic = topic_of(line);
		size_t n;

		if (topic == KERNLOG_TOPICS)
			continue;
		n = parsed.n[topic]++;
		if (n >= KERNLOG_LINES_MAX)
			continue;
		parsed.lines[topic][n] = strdup(skip_priority(line));
		if (!parsed.lines[topic][n]) {
			kernlog_free(&parsed);
			return -ENOMEM;
		}
	}
	*ret = parsed;
	return 0;
}

void kernlog_free(struct kernlog *log)
{
	for (size_t t = 0; t < KERNLOG_TOPICS; t++)
		for (size_t i = 0; i < KERNLOG_LINES_MAX; i++)
			free(TAKE_PTR(log->lines[t][i]));
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

static int read_journal(char **ret)
{
	static const char *const args[] = {"journalctl", "-k",	       "-b", "-o",
					   "cat",	 "--no-pager", NULL};
	const struct program program = {
		.args = args, .limit_ms = JOURNAL_SECONDS * 1000, .max = LOG_TEXT_MAX};
	auto_program_end struct program_end end = {0};
	int err = program_run(&program, &end);

	if (err)
		return err;
	if (end.cut || !*end.output)
		return -ENODATA;
	*ret = TAKE_PTR(end.output);
	return 0;
}

int kernlog_read(const struct fs_root *root, char **ret)
{
	auto_free char *text = NULL;
	int err;

	if (!fs_root_is_running_system(root))
		return fs_read(root, "var/log/dmesg", LOG_TEXT_MAX, ret, NULL);
	err = read_ring_buffer(&text);
	/* The first line of a boot is the kernel's version: while it is there, nothing is
	 * forgotten. */
	if (!err && text && strstr(text, "Linux version")) {
		*ret = TAKE_PTR(text);
		return 0;
	}
	if (!read_journal(ret))
		return 0;
	if (!err)
		*ret = TAKE_PTR(text);
	return err;
}
