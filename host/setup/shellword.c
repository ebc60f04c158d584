// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/shellword.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void value_free(struct value *value)
{
	free(value->text);
	free(value->places);
	free(value->unknown);
	*value = (struct value){0};
}

static int value_add(struct value *value, char c, struct place place)
{
	if (!array_grow(value->text, value->n) || !array_grow(value->places, value->n))
		return -ENOMEM;
	value->text[value->n] = c;
	value->places[value->n++] = place;
	return 0;
}

struct place shell_place(const struct shell *shell)
{
	return (struct place){shell->source, shell->line};
}

/* Takes the next letter as it stands. */
static int take_letter(struct shell *shell, struct value *value)
{
	struct place place = shell_place(shell);

	shell->line += *shell->at == '\n';
	return value_add(value, *shell->at++, place);
}

static int mark_unknown(struct value *value, struct place place, const char *why)
{
	if (value->unknown)
		return 0;
	value->unknown = strdup(why);
	value->unknown_at = place;
	return value->unknown ? 0 : -ENOMEM;
}

int shell_problem(struct shell *shell, struct place place, const char *format, ...)
{
	struct grubcfg *result = shell->result;
	struct grubcfg_problem new = {.line = place.line};
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&new.what, format, args);
	va_end(args);
	if (n < 0)
		return -ENOMEM;
	new.file = strdup(shell->sources[place.source].file);
	if (!new.file || !array_grow(result->problems, result->n_problems)) {
		free(new.what);
		free(new.file);
		return -ENOMEM;
	}
	result->problems[result->n_problems++] = new;
	return -EBADMSG;
}

static bool is_name_letter(char c, bool first)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (!first && c >= '0' && c <= '9');
}

size_t shell_name_length(const char *text)
{
	size_t len = 0;

	while (is_name_letter(text[len], !len))
		len++;
	return len;
}

struct variable *shell_find(const struct shell *shell, const char *name, size_t len)
{
	for (size_t i = 0; i < shell->n_variables; i++) {
		struct variable *variable = &shell->variables[i];

		if (!strncmp(variable->name, name, len) && !variable->name[len])
			return variable;
	}
	return NULL;
}

int shell_set(struct shell *shell, const char *name, size_t len, struct value *value)
{
	struct variable *variable = shell_find(shell, name, len);

	if (!variable) {
		char *copy = strndup(name, len);

		if (!copy || !array_grow(shell->variables, shell->n_variables)) {
			free(copy);
			return -ENOMEM;
		}
		variable = &shell->variables[shell->n_variables++];
		*variable = (struct variable){.name = copy};
	}
	value_free(&variable->value);
	variable->value = *value;
	*value = (struct value){0};
	return 0;
}

/* Puts a variable's value at the end of VALUE. */
static int expand(struct shell *shell, const char *name, size_t len, struct value *value)
{
	const struct variable *variable = shell_find(shell, name, len);
	auto_free char *why = NULL;
	int err = 0;

	if (variable) {
		const struct value *from = &variable->value;

		if (from->unknown)
			return mark_unknown(value, from->unknown_at, from->unknown);
		for (size_t i = 0; i < from->n && !err; i++)
			err = value_add(value, from->text[i], from->places[i]);
		return err;
	}
	/* grub-mkconfig has variables of its own, but none with these names. */
	if (!strncmp(name, "GRUB_CMDLINE_LINUX", strlen("GRUB_CMDLINE_LINUX")))
		return 0;
	if (asprintf(&why, _("$%.*s, which none of these files sets"), (int)len, name) < 0) {
		why = NULL;
		return -ENOMEM;
	}
	return mark_unknown(value, shell_place(shell), why);
}

/* Goes behind the CLOSE that ends what begins here; nested pairs and quotes are gone through. */
static int skip_to(struct shell *shell, char open, char close, const char *what)
{
	struct place place = shell_place(shell);
	size_t depth = 1;
	char quote = 0;

	for (; *shell->at; shell->at++) {
		char c = *shell->at;

		shell->line += c == '\n';
		if (c == '\\' && quote != '\'' && shell->at[1])
			shell->line += *++shell->at == '\n';
		else if (quote)
			quote = c == quote ? 0 : quote;
		else if ((c == '"' || c == '\'') && close != '`')
			quote = c;
		else if (c == close && !--depth)
			return shell->at++, 0;
		else if (c == open)
			depth++;
	}
	return shell_problem(shell, place, _("%s is not closed"), what);
}

static int take_backquotes(struct shell *shell, struct value *value)
{
	struct place place = shell_place(shell);
	int err;

	shell->at++;
	err = skip_to(shell, 0, '`', _("the command in `...`"));
	return err ? err : mark_unknown(value, place, _("a command's output, `...`"));
}

static int take_braces(struct shell *shell, struct value *value)
{
	const char *name = shell->at + 2;
	struct place place = shell_place(shell);
	size_t len = shell_name_length(name);
	int err;

	shell->at += 2;
	if (len && name[len] == '}') {
		shell->at += len + 1;
		return expand(shell, name, len, value);
	}
	/* ${NAME=word} sets the variable, ${NAME?word} may end it all; the rest has only a value.
	 */
	if (!len || !strchr(":-+%#", name[len]) ||
	    (name[len] == ':' && !strchr("-+", name[len + 1])))
		return shell_problem(shell, place, _("${%.*s...} is more than a value"), (int)len,
				     name);
	err = skip_to(shell, '{', '}', "${");
	if (err)
		return err;
	return mark_unknown(value, place, _("an expansion in ${...} that is more than a name"));
}

/* Whether a continued line's end is at AT, and behind it something that might belong to a name. */
static bool name_goes_on(const char *at)
{
	if (at[0] != '\\' || at[1] != '\n')
		return false;
	return is_name_letter(at[2], false) || at[2] == '\\';
}

/* What begins with '$'. */
static int take_dollar(struct shell *shell, struct value *value)
{
	struct place place = shell_place(shell);
	size_t len = shell_name_length(shell->at + 1);
	int err;

	if (name_goes_on(shell->at + 1 + len) || !strncmp(shell->at + 1, "\\\n", 2))
		return shell_problem(shell, place, _("a variable's name over two lines"));
	if (len) {
		shell->at += len + 1;
		return expand(shell, shell->at - len, len, value);
	}
	if (shell->at[1] == '{')
		return take_braces(shell, value);
	if (shell->at[1] == '(') {
		shell->at += 2;
		err = skip_to(shell, '(', ')', "$(");
		return err ? err : mark_unknown(value, place, _("a command's output, $(...)"));
	}
	if (shell->at[1] && strchr("@*#?-$!0123456789", shell->at[1])) {
		shell->at += 2;
		return mark_unknown(value, place, _("one of the shell's own variables"));
	}
	return take_letter(shell, value);
}

static int take_single_quoted(struct shell *shell, struct value *value)
{
	struct place place = shell_place(shell);
	int err = 0;

	shell->at++;
	while (*shell->at && *shell->at != '\'' && !err)
		err = take_letter(shell, value);
	if (err)
		return err;
	if (!*shell->at)
		return shell_problem(shell, place, _("the quote ' is not closed"));
	shell->at++;
	return 0;
}

/* A backslash; ESCAPED are the letters it protects, NULL for all. */
static int take_backslash(struct shell *shell, struct value *value, const char *escaped)
{
	char next = shell->at[1];

	if (next == '\n') {
		shell->at += 2;
		shell->line++;
		return 0;
	}
	if (next && (!escaped || strchr(escaped, next)))
		shell->at++;
	return take_letter(shell, value);
}

static int take_double_quoted(struct shell *shell, struct value *value)
{
	struct place place = shell_place(shell);
	int err = 0;

	shell->at++;
	while (*shell->at && *shell->at != '"' && !err) {
		if (*shell->at == '\\')
			err = take_backslash(shell, value, "$`\"\\");
		else if (*shell->at == '$')
			err = take_dollar(shell, value);
		else if (*shell->at == '`')
			err = take_backquotes(shell, value);
		else
			err = take_letter(shell, value);
	}
	if (err)
		return err;
	if (!*shell->at)
		return shell_problem(shell, place, _("the quote \" is not closed"));
	shell->at++;
	return 0;
}

int shell_take_word(struct shell *shell, struct value *value)
{
	bool tilde = true;
	int err = 0;

	while (*shell->at && !strchr(" \t\n;&|<>()", *shell->at) && !err) {
		char c = *shell->at;

		if (c == '\\')
			err = take_backslash(shell, value, NULL);
		else if (c == '\'')
			err = take_single_quoted(shell, value);
		else if (c == '"')
			err = take_double_quoted(shell, value);
		else if (c == '$')
			err = take_dollar(shell, value);
		else if (c == '`')
			err = take_backquotes(shell, value);
		else if (c == '~' && tilde)
			err = mark_unknown(value, shell_place(shell), _("a home folder, ~"))
				      ?: take_letter(shell, value);
		else
			err = take_letter(shell, value);
		tilde = c == ':';
	}
	return err;
}

void shell_free(struct shell *shell)
{
	for (size_t i = 0; i < shell->n_variables; i++) {
		free(shell->variables[i].name);
		value_free(&shell->variables[i].value);
	}
	free(shell->variables);
	shell->variables = NULL;
	shell->n_variables = 0;
}
