// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/grubcfg.h"
#include "host/setup/shellword.h"

#include <string.h>

/* Goes over blanks and continued line ends. */
static void skip_blanks(struct shell *shell)
{
	for (;;) {
		if (*shell->at == ' ' || *shell->at == '\t') {
			shell->at++;
		} else if (shell->at[0] == '\\' && shell->at[1] == '\n') {
			shell->at += 2;
			shell->line++;
		} else {
			return;
		}
	}
}

/* Whether a command ends here; a comment is skipped up to its line's end. */
static bool at_command_end(struct shell *shell)
{
	skip_blanks(shell);
	if (*shell->at == '#')
		shell->at += strcspn(shell->at, "\n");
	return !*shell->at || *shell->at == '\n' || *shell->at == ';';
}

/* The length of the name that is being set here ("NAME="), 0 when nothing is. */
static size_t assigned_name(const struct shell *shell)
{
	size_t len = shell_name_length(shell->at);

	return len && shell->at[len] == '=' ? len : 0;
}

static int take_assignment(struct shell *shell, size_t len)
{
	const char *name = shell->at;
	auto_value struct value value = {0};
	int err;

	shell->at += len + 1;
	err = shell_take_word(shell, &value);
	return err ? err : shell_set(shell, name, len, &value);
}

/* The operands of `export` (NAME or NAME=word) and of `unset` (NAME). */
static int take_operands(struct shell *shell, bool unset)
{
	struct place place = shell_place(shell);

	for (size_t n = 0; !at_command_end(shell); n++) {
		size_t len = assigned_name(shell);
		auto_value struct value value = {0};
		int err = 0;

		if (len && !unset) {
			/* All operands are expanded before the first is set, and some shells split
			 * them. */
			if (n || strchr("$`", shell->at[len + 1]))
				return shell_problem(
					shell, place,
					_("`export` with more than one plain assignment"));
			err = take_assignment(shell, len);
		} else {
			len = shell_name_length(shell->at);
			if (!len || (shell->at[len] && !strchr(" \t\n;", shell->at[len])))
				return shell_problem(shell, place,
						     _("`%s` with more than plain names"),
						     unset ? "unset" : "export");
			if (unset && shell_find(shell, shell->at, len))
				err = shell_set(shell, shell->at, len, &value);
			shell->at += len;
		}
		if (err)
			return err;
	}
	return 0;
}

static int command_problem(struct shell *shell)
{
	size_t len = 1 + strcspn(shell->at + 1, " \t\n;");

	if (*shell->at == '\r')
		return shell_problem(
			shell, shell_place(shell),
			_("a line that holds only a carriage return is a command for the shell "
			  "(remove them all: sed -i 's/\\r$//' /%s)"),
			shell->sources[shell->source].file);
	return shell_problem(shell, shell_place(shell), _("`%.*s` is more than an assignment"),
			     (int)len, shell->at);
}

/* One command: assignments, or export or unset. */
static int take_command(struct shell *shell)
{
	size_t n = 0;

	for (; !at_command_end(shell); n++) {
		size_t len = assigned_name(shell);
		size_t word = strcspn(shell->at, " \t\n;");
		int err;

		if (len) {
			err = take_assignment(shell, len);
		} else if (!n && word == 6 && !strncmp(shell->at, "export", word)) {
			shell->at += word;
			return take_operands(shell, false);
		} else if (!n && word == 5 && !strncmp(shell->at, "unset", word)) {
			shell->at += word;
			return take_operands(shell, true);
		} else {
			err = command_problem(shell);
		}
		if (err)
			return err;
	}
	return n || *shell->at != ';' ? 0 : command_problem(shell);
}

static int read_source(struct shell *shell, size_t source)
{
	int err;

	shell->source = source;
	shell->at = shell->sources[source].text;
	shell->line = 1;
	while (*shell->at) {
		err = take_command(shell);
		/* What comes after a problem may depend on it: nothing more of this file. */
		if (err)
			return err == -EBADMSG ? 0 : err;
		if (*shell->at)
			shell->line += *shell->at++ == '\n';
	}
	return 0;
}

/* A variable's words, each with the place of its first letter. */
static int split_value(struct shell *shell, const char *name, struct cmdline *ret)
{
	const struct variable *variable = shell_find(shell, name, strlen(name));
	auto_free char *text = NULL;
	const char *at;
	size_t len;
	int err;

	if (!variable)
		return 0;
	if (variable->value.unknown) {
		err = shell_problem(shell, variable->value.unknown_at, _("%s depends on %s"), name,
				    variable->value.unknown);
		return err == -EBADMSG ? 0 : err;
	}
	text = strndup(variable->value.n ? variable->value.text : "", variable->value.n);
	if (!text)
		return -ENOMEM;
	at = strchr(text, '\n');
	if (at) {
		err = shell_problem(shell, variable->value.places[at - text],
				    _("%s has a line break in it, behind which nothing reaches the "
				      "kernel; end the line with a backslash"),
				    name);
		return err == -EBADMSG ? 0 : err;
	}
	for (at = text; (at = cmdline_next(at, &len)); at += len) {
		const struct place *place = &variable->value.places[at - text];

		err = cmdline_add(ret, at, len, shell->sources[place->source].file, place->line);
		if (err)
			return err;
	}
	return 0;
}

int grubcfg_evaluate(const struct grubcfg_source *sources, size_t n, struct grubcfg *ret)
{
	auto_grubcfg struct grubcfg result = {0};
	struct shell shell = {.sources = sources, .result = &result};
	int err = 0;

	for (size_t i = 0; i < n && !err; i++)
		err = read_source(&shell, i);
	err = err ?: split_value(&shell, "GRUB_CMDLINE_LINUX", &result.always);
	err = err ?: split_value(&shell, "GRUB_CMDLINE_LINUX_DEFAULT", &result.normal);
	shell_free(&shell);
	if (err)
		return err;
	*ret = result;
	result = (struct grubcfg){0};
	return 0;
}

void grubcfg_problems_free(struct grubcfg_problem *problems, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(problems[i].file);
		free(problems[i].what);
	}
	free(problems);
}

void grubcfg_free(struct grubcfg *grubcfg)
{
	cmdline_free(&grubcfg->always);
	cmdline_free(&grubcfg->normal);
	grubcfg_problems_free(grubcfg->problems, grubcfg->n_problems);
	*grubcfg = (struct grubcfg){0};
}
