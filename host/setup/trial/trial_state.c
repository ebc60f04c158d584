// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/trial/trial_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/base/fs_write.h"
#include "host/text/strbuf.h"

#define TEXT_MAX ((size_t)64 * 1024)

static const char *const stages[] = {
	[TRIAL_ARMED] = "armed",
	[TRIAL_UNDOING] = "undoing",
	[TRIAL_UNDONE] = "undone",
	[TRIAL_NOT_DONE] = "not-done",
};

void trial_free(struct trial *trial)
{
	free(trial->armed_in);
	free(trial->tried_in);
	free(trial->bootloader);
	fs_names_free(&trial->words);
	*trial = (struct trial){0};
}

void trial_change_free(struct trial_change *change)
{
	trial_free(&change->before);
	trial_free(&change->after);
}

/* ---- its text ---- */

static int set(char **to, const char *value)
{
	free(*to);
	*to = strdup(value);
	return *to ? 0 : -ENOMEM;
}

static int read_stage(struct trial *trial, const char *value)
{
	for (size_t i = TRIAL_ARMED; i < ARRAY_SIZE(stages); i++)
		if (!strcmp(stages[i], value)) {
			trial->stage = (enum trial_stage)i;
			return 0;
		}
	return -EBADMSG;
}

static int read_minutes(struct trial *trial, const char *value)
{
	char end;

	if (sscanf(value, "%u%c", &trial->minutes, &end) != 1 || !trial->minutes ||
	    trial->minutes > TRIAL_MINUTES_MAX)
		return -EBADMSG;
	return 0;
}

static int read_armed(struct trial *trial, const char *value)
{
	return set(&trial->armed_in, value);
}

static int read_tried(struct trial *trial, const char *value)
{
	return set(&trial->tried_in, value);
}

static int read_since(struct trial *trial, const char *value)
{
	char end;

	return sscanf(value, "%" SCNd64 "%c", &trial->since_ms, &end) == 1 ? 0 : -EBADMSG;
}

static int read_word(struct trial *trial, const char *value)
{
	return fs_names_add(&trial->words, value);
}

static int read_bootloader(struct trial *trial, const char *value)
{
	return set(&trial->bootloader, value);
}

static const struct {
	const char *key;
	int (*read)(struct trial *trial, const char *value);
} keys[] = {
	{"stage", read_stage},		 {"minutes", read_minutes}, {"armed-in", read_armed},
	{"tried-in", read_tried},	 {"since-ms", read_since},  {"word", read_word},
	{"bootloader", read_bootloader},
};

static int read_line(struct trial *trial, char *line)
{
	char *value = strchr(line, ' ');

	if (!*line || *line == '#')
		return 0;
	if (!value || !value[1])
		return -EBADMSG;
	*value++ = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(keys[i].key, line))
			return keys[i].read(trial, value);
	return -EBADMSG;
}

int trial_read(const struct fs_root *root, struct trial *ret)
{
	auto_trial struct trial trial = {0};
	auto_free char *text = NULL;
	char *rest, *line;
	int err = statefile_read(root, TRIAL_PATH, TEXT_MAX, &text);

	if (err && !fs_is_absent(err))
		return err == -EINVAL ? -EBADMSG : err;
	rest = text;
	for (err = 0; !err && (line = strsep(&rest, "\n"));)
		err = read_line(&trial, line);
	if (!err && text && (!trial.stage || !trial.minutes || !trial.armed_in))
		err = -EBADMSG;
	if (err)
		return err;
	*ret = trial;
	trial = (struct trial){0};
	return 0;
}

static char *make_text(const struct trial *trial)
{
	auto_strbuf struct strbuf text = {0};

	strbuf_add(
		&text,
		"# Written by `host-setup enable --confirm-within`; `host-setup confirm` removes it.\n"
		"stage %s\nminutes %u\narmed-in %s\n",
		stages[trial->stage], trial->minutes, trial->armed_in);
	if (trial->tried_in)
		strbuf_add(&text, "tried-in %s\nsince-ms %" PRId64 "\n", trial->tried_in,
			   trial->since_ms);
	for (size_t i = 0; i < trial->words.n; i++)
		strbuf_add(&text, "word %s\n", trial->words.items[i]);
	if (trial->bootloader)
		strbuf_add(&text, "bootloader %s\n", trial->bootloader);
	return strbuf_take(&text);
}

int trial_write(const struct fs_root *root, const struct trial *trial)
{
	auto_free char *text = NULL;

	if (trial->stage == TRIAL_NONE)
		return trial_remove(root);
	text = make_text(trial);
	return statefile_write(root, TRIAL_PATH, text, 0644, true);
}

int trial_remove(const struct fs_root *root)
{
	int err = fs_remove_durably(root, TRIAL_PATH);

	return err ? err : fs_remove_empty_dir(root, STATE_DIR);
}

/* ---- this boot ---- */

int trial_boot_id(const struct fs_root *root, char **ret)
{
	return fs_read_attr(root, "proc/sys/kernel/random/boot_id", ret);
}

/* The words of a boot that is for repair (systemd: kernel-command-line(7)). */
static bool is_recovery(const struct conf_items *running)
{
	static const char *const words[] = {
		"single",
		"s",
		"S",
		"1",
		"-s",
		"rescue",
		"-b",
		"emergency",
		"systemd.unit=rescue.target",
		"systemd.unit=emergency.target",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (cmdline_find(running, words[i]))
			return true;
	return false;
}

enum trial_due trial_judge(const struct trial *trial, const char *boot_id,
			   const struct conf_items *running)
{
	if (trial->stage == TRIAL_NONE)
		return TRIAL_NOTHING;
	if (trial->stage != TRIAL_ARMED)
		return TRIAL_TOLD;
	if (trial->tried_in && !strcmp(trial->tried_in, boot_id))
		return TRIAL_RUNS;
	if (!strcmp(trial->armed_in, boot_id))
		return TRIAL_NOT_BOOTED;
	if (is_recovery(running))
		return TRIAL_OTHER_BOOT;
	for (size_t i = 0; i < trial->words.n; i++)
		if (!cmdline_covers(running, trial->words.items[i], NULL))
			return TRIAL_OTHER_BOOT;
	return trial->tried_in ? TRIAL_AGAIN : TRIAL_BEGINS;
}
