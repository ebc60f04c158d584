// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/state/hoststate.h"
#include "host/base/fs_write.h"
#include "host/text/strbuf.h"

#include <string.h>

#define TEXT_MAX ((size_t)64 * 1024)

int hoststate_merge(struct hoststate *state, const struct hoststate *from)
{
	int err = 0;

	for (size_t i = 0; i < from->words.n && !err; i++)
		err = fs_names_add(&state->words, from->words.items[i]);
	for (size_t i = 0; i < from->dirs.n && !err; i++)
		err = fs_names_add(&state->dirs, from->dirs.items[i]);
	return err;
}

static int read_pending(struct hoststate *state, const char *command)
{
	state->pending = true;
	if (!*command)
		return 0;
	if (*command != ' ' || !command[1] || state->command)
		return -EBADMSG;
	state->command = strdup(command + 1);
	return state->command ? 0 : -ENOMEM;
}

static int read_line(struct hoststate *state, const char *line)
{
	const char *command = after_prefix(line, "pending");

	if (!*line || *line == '#')
		return 0;
	if (command)
		return read_pending(state, command);
	if (!strncmp(line, "word ", 5) && line[5])
		return fs_names_add(&state->words, line + 5);
	if (!strncmp(line, "folder ", 7) && line[7] && line[7] != '/' && !strstr(line, ".."))
		return fs_names_add(&state->dirs, line + 7);
	return -EBADMSG;
}

int hoststate_read(const struct fs_root *root, struct hoststate *ret)
{
	auto_hoststate struct hoststate state = {.exists = true};
	auto_free char *text = NULL;
	char *rest, *line;
	int err;

	err = statefile_read(root, HOSTSTATE_PATH, TEXT_MAX, &text);
	if (fs_is_absent(err))
		return *ret = (struct hoststate){0}, 0;
	if (err)
		return err == -EINVAL ? -EBADMSG : err;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		err = read_line(&state, line);
		if (err)
			return err;
	}
	*ret = state;
	state = (struct hoststate){0};
	return 0;
}

static char *make_text(const struct hoststate *state)
{
	auto_strbuf struct strbuf text = {0};

	strbuf_add(&text,
		   "# Written by `host-setup enable` for `host-setup disable`, which needs it.\n");
	if (state->pending)
		strbuf_add(&text, "pending%s%s\n", state->command ? " " : "",
			   state->command ? state->command : "");
	for (size_t i = 0; i < state->words.n; i++)
		strbuf_add(&text, "word %s\n", state->words.items[i]);
	for (size_t i = 0; i < state->dirs.n; i++)
		strbuf_add(&text, "folder %s\n", state->dirs.items[i]);
	return strbuf_take(&text);
}

int hoststate_write(const struct fs_root *root, const struct hoststate *state)
{
	auto_free char *text = make_text(state);
	auto_free char *now = NULL;

	if (text && !statefile_read(root, HOSTSTATE_PATH, TEXT_MAX, &now) && !strcmp(now, text))
		return 0;
	return statefile_write(root, HOSTSTATE_PATH, text, 0644, true);
}

int hoststate_remove(const struct fs_root *root)
{
	int err = fs_remove_durably(root, HOSTSTATE_PATH);

	return err ? err : fs_remove_empty_dir(root, STATE_DIR);
}

void hoststate_free(struct hoststate *state)
{
	fs_names_free(&state->words);
	fs_names_free(&state->dirs);
	free(state->command);
	*state = (struct hoststate){0};
}
