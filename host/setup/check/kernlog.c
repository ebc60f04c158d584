// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/check/kernlog.h"
#include "host/base/log.h"
#include "host/process/kernel_log.h"
#include "host/text/strbuf.h"

#include <string.h>

#define JOURNAL_SECONDS 20

/* How many lines of a topic are shown. */
#define LINES_MAX 4

/* In the order in which they are shown. */
enum topic { TOPIC_IOMMU, TOPIC_REMAPPING, TOPIC_GROUP, TOPICS };

/* A line belongs to the topic of the first word that is in it. */
static const struct {
	const char *word;
	enum topic topic;
} words[] = {
	{"to iommu group", TOPIC_GROUP}, {"remapping", TOPIC_REMAPPING}, {"DMAR", TOPIC_IOMMU},
	{"AMD-Vi", TOPIC_IOMMU},	 {"IOMMU", TOPIC_IOMMU},	 {"iommu:", TOPIC_IOMMU},
};

static bool is_about(const char *line, enum topic topic)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(line, words[i].word))
			return words[i].topic == topic;
	return false;
}

static bool is_trouble(const char *line)
{
	static const char *const signs[] = {"Firmware", "BIOS", "fail", "Fail",	   "isabl",  "rror",
					    "nable to", "not ", "n't ", "No DRHD", "invalid"};

	if (!is_about(line, TOPIC_IOMMU) && !is_about(line, TOPIC_REMAPPING))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
		if (strstr(line, signs[i]))
			return true;
	return false;
}

/* The first lines of LOG on a topic (TOPICS: on trouble), and how many more there are; NULL without
 * memory. */
static char *pick_lines(const char *log, enum topic topic)
{
	auto_free char *copy = strdup(log);
	auto_strbuf struct strbuf picked = {0};
	char *rest = copy, *line;
	size_t n = 0;

	while ((line = strsep(&rest, "\n"))) {
		if (topic == TOPICS ? !is_trouble(line) : !is_about(line, topic))
			continue;
		if (n++ < LINES_MAX)
			strbuf_add(&picked, "%s%s", n > 1 ? "\n" : "", kernel_log_text(line));
	}
	if (n > LINES_MAX)
		strbuf_add(&picked, _("\n... and %zu more"), n - LINES_MAX);
	return copy ? strbuf_take(&picked) : NULL;
}

int check_log_of_iommu(const struct fs_root *root, char **ret)
{
	auto_free char *log = NULL, *lines = NULL;

	*ret = NULL;
	if (kernel_log_read(root, JOURNAL_SECONDS * 1000, &log))
		return 0;
	lines = pick_lines(log, TOPICS);
	if (lines && *lines)
		*ret = TAKE_PTR(lines);
	return lines || *ret ? 0 : -ENOMEM;
}

int check_log(const struct fs_root *root, struct checklist *list)
{
	static const char *const titles[] = {
		[TOPIC_IOMMU] = N_("the IOMMU"),
		[TOPIC_REMAPPING] = N_("interrupt remapping"),
		[TOPIC_GROUP] = N_("IOMMU groups"),
	};
	auto_free char *log = NULL;
	int err = kernel_log_read(root, JOURNAL_SECONDS * 1000, &log);

	if (err == -ENOENT && !fs_root_was_running(root))
		return 0; /* no kernel runs there */
	if (err)
		return check_add(
			list, "kernel-log", CHECK_NOTE,
			strdup(_("the kernel's log cannot be read; nothing depends on it")),
			strdup(log_strerror(err)), NULL);
	for (enum topic topic = 0; topic < TOPICS && !err; topic++) {
		auto_free char *lines = pick_lines(log, topic);

		if (!lines)
			return -ENOMEM;
		if (*lines)
			err = check_add(
				list, "kernel-log", CHECK_NOTE,
				fs_path(_("what the kernel's log says of %s"), _(titles[topic])),
				TAKE_PTR(lines), NULL);
	}
	return err;
}
