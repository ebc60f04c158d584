// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/conf/grubcfg.h"

#include "host/text/strbuf.h"

#include <string.h>

/* What makes a value unknown, and where, in the text of a source; all zeroes: nothing. */
struct unknown {
	const char *what;
	const char *at;
	bool broken;
};

struct variable {
	char *name;
	char *value;
	struct unknown unknown;
	const char *from, *to; /* the assignment that set it last, in the text of a source */
};

struct reader {
	const char *at;
	struct variable *variables;
	size_t n_variables;
	struct strbuf value;	/* of the word that is being read */
	struct unknown unknown; /* what is unknown in it */
	struct unknown unclear; /* what ended the reading */
};

static void mark_unknown(struct reader *reader, const char *what, const char *at)
{
	if (!reader->unknown.what)
		reader->unknown = (struct unknown){.what = what, .at = at};
}

/* What follows may depend on what is at AT. Returns -EBADMSG, which ends the reading. */
static int end_reading(struct reader *reader, const char *what, const char *at)
{
	reader->unclear = (struct unknown){.what = what, .at = at};
	return -EBADMSG;
}

/* The same for what grub-mkconfig fails on. */
static int end_broken(struct reader *reader, const char *what, const char *at)
{
	reader->unclear = (struct unknown){what, at, true};
	return -EBADMSG;
}

/* Takes N characters as they are. */
static int take(struct reader *reader, size_t n)
{
	strbuf_add_bytes(&reader->value, reader->at, n);
	reader->at += n;
	return 0;
}

static bool is_name_character(char c, bool first)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (!first && c >= '0' && c <= '9');
}

/* The length of the name at the beginning of TEXT, 0 when none is there. */
static size_t name_length(const char *text)
{
	size_t len = 0;

	while (is_name_character(text[len], !len))
		len++;
	return len;
}

static struct variable *find_variable(const struct reader *reader, const char *name, size_t len)
{
	for (size_t i = 0; i < reader->n_variables; i++)
		if (!strncmp(reader->variables[i].name, name, len) &&
		    !reader->variables[i].name[len])
			return &reader->variables[i];
	return NULL;
}

/* Adds the value of the variable named at NAME. */
static int expand(struct reader *reader, const char *name, size_t len)
{
	const struct variable *variable = find_variable(reader, name, len);

	if (variable && variable->unknown.what)
		reader->unknown = reader->unknown.what ? reader->unknown : variable->unknown;
	else if (variable)
		strbuf_add(&reader->value, "%s", variable->value);
	/* grub-mkconfig has variables of its own, but none with these names. */
	else if (strncmp(name, "GRUB_CMDLINE_LINUX", strlen("GRUB_CMDLINE_LINUX")))
		mark_unknown(reader, _("a variable that none of these files sets"), name);
	return 0;
}

/* Skips a command in "$(" or a backquote, to its CLOSE; nested ones and quotes are skipped. */
static int skip_command(struct reader *reader, size_t opening, char close)
{
	const char *start = reader->at;
	size_t depth = 1;
	char quote = 0;

	mark_unknown(reader, _("the output of a command"), start);
	for (reader->at += opening; *reader->at; reader->at++) {
		char c = *reader->at;

		if (c == '\\' && quote != '\'' && reader->at[1])
			reader->at++;
		else if (quote)
			quote = c == quote ? 0 : quote;
		else if ((c == '"' || c == '\'') && close != '`')
			quote = c;
		else if (c == close && !--depth)
			return reader->at++, 0;
		else if (c == '(')
			depth += close == ')';
	}
	return end_broken(reader, _("a command that is not closed"), start);
}

/* What begins with '$'. */
static int take_dollar(struct reader *reader)
{
	const char *at = reader->at;
	bool braces = at[1] == '{';
	const char *name = at + 1 + braces;
	size_t len = name_length(name);

	if (!strncmp(name + len, "\\\n", 2))
		return end_reading(reader, _("a variable's name over two lines"), at);
	if (len && (!braces || name[len] == '}')) {
		reader->at = name + len + braces;
		return expand(reader, name, len);
	}
	if (at[1] == '(')
		return skip_command(reader, 2, ')');
	/* ${NAME=word} sets the variable, and ${NAME?word} may end it all. */
	if (at[1] && strchr("{@*#?-$!0123456789", at[1]))
		return end_reading(reader, _("an expansion of more than a name"), at);
	return take(reader, 1);
}

/* What is not in single quotes; QUOTED: in double quotes. */
static int take_character(struct reader *reader, bool quoted)
{
	char next = reader->at[1];

	switch (*reader->at) {
	case '$': return take_dollar(reader);
	case '`': return skip_command(reader, 1, '`');
	case '\\':
		if (next == '\n') {
			reader->at += 2;
			return 0;
		}
		if (next && (!quoted || strchr("$`\"\\", next)))
			reader->at++;
	}
	return take(reader, 1);
}

/* Takes the rest of the word. */
static int take_word(struct reader *reader)
{
	const char *start = reader->at, *open = NULL;
	char quote = 0;
	int err = 0;

	while (*reader->at && !err && (quote || !strchr(" \t\n;&|<>()", *reader->at))) {
		char c = *reader->at;

		if (c == '\n')
			reader->unknown = (struct unknown){
				_("a value with a line break, after which nothing reaches the kernel"),
				reader->at, true};
		else if (c == '~' && !quote && (reader->at == start || reader->at[-1] == ':'))
			mark_unknown(reader, _("a home directory"), reader->at);
		if (c == quote || (!quote && (c == '"' || c == '\''))) {
			quote = quote ? 0 : c;
			open = reader->at++;
		} else {
			err = quote == '\'' ? take(reader, 1) : take_character(reader, quote);
		}
	}
	if (quote && !err)
		return end_broken(reader, _("a quote that is not closed"), open);
	return err;
}

/* An assignment to the name of LEN characters here. */
static int take_assignment(struct reader *reader, size_t len)
{
	const char *name = reader->at;
	struct variable *variable;
	int err;

	reader->unknown = (struct unknown){0};
	reader->at += len + 1;
	err = take_word(reader);
	if (err)
		return err;
	variable = find_variable(reader, name, len);
	if (!variable) {
		if (!array_grow(reader->variables, reader->n_variables))
			return -ENOMEM;
		variable = &reader->variables[reader->n_variables++];
		*variable = (struct variable){.name = strndup(name, len)};
	}
	free(variable->value);
	variable->value = strbuf_take(&reader->value);
	variable->unknown = reader->unknown;
	variable->from = name;
	variable->to = reader->at;
	return variable->name && variable->value ? 0 : -ENOMEM;
}

/* Skips spaces and continued line ends. */
static void skip_spaces(struct reader *reader)
{
	for (;;) {
		if (*reader->at == ' ' || *reader->at == '\t')
			reader->at++;
		else if (reader->at[0] == '\\' && reader->at[1] == '\n')
			reader->at += 2;
		else
			return;
	}
}

/* Whether a command ends here; a comment is skipped up to its line's end. */
static bool at_command_end(struct reader *reader)
{
	skip_spaces(reader);
	if (*reader->at == '#')
		reader->at += strcspn(reader->at, "\n");
	return !*reader->at || *reader->at == '\n' || *reader->at == ';';
}

/* What is here instead of an assignment; AFTER: the name that was assigned to before it. */
static int end_at_command(struct reader *reader, const char *after)
{
	static const char name[] = "GRUB_CMDLINE_LINUX";
	const char *at = reader->at, *rest = at + name_length(at);

	if (after && !strncmp(after, name, strlen(name)) && !strchr("&|<>()", *at))
		return end_broken(reader,
				  _("a second word after a value without quotes around both"), at);
	if (rest > at && !strncmp(rest, "+=", 2))
		return end_broken(reader, _("NAME+=VALUE, which /bin/sh does not know"), at);
	if (rest > at && rest[strspn(rest, " \t")] == '=')
		return end_broken(reader,
				  _("a space before '=', which makes a command of the name"), at);
	if (*at == '\r')
		return end_broken(reader, _("a carriage return, which /bin/sh takes for a command"),
				  at);
	return end_reading(reader, _("a command"), at);
}

/* One command: assignments. */
static int take_command(struct reader *reader)
{
	const char *after = NULL;
	int err = 0;
	size_t n;

	for (n = 0; !err && !at_command_end(reader); n++) {
		size_t len = name_length(reader->at);

		if (!len || reader->at[len] != '=')
			return end_at_command(reader, after);
		after = reader->at;
		err = take_assignment(reader, len);
	}
	return !err && !n && *reader->at == ';' ? end_reading(reader, _("a command"), reader->at)
						: err;
}

static int read_source(struct reader *reader, const char *text)
{
	reader->at = text;
	while (*reader->at) {
		int err = take_command(reader);

		if (err)
			return err;
		reader->at += *reader->at != '\0';
	}
	return 0;
}

/* The source that AT points into. */
static const struct grubcfg_source *source_of(const struct grubcfg_source *sources, const char *at)
{
	while (at < sources->text || at > sources->text + strlen(sources->text))
		sources++;
	return sources;
}

static unsigned int line_of(const struct grubcfg_source *source, const char *at)
{
	unsigned int line = 1;

	for (const char *c = source->text; c < at; c++)
		line += *c == '\n';
	return line;
}

/* The last place between FROM and TO where the word is written, outside comments; or NULL. */
static const char *find_written(const char *from, const char *to, const char *word, size_t len)
{
	const char *found = NULL;
	bool comment = false, begins = true;

	for (const char *at = from; at < to; at++) {
		if (begins && *at == '#')
			comment = true;
		if (!comment && (size_t)(to - at) >= len && !strncmp(at, word, len) &&
		    (at == from || strchr(" \t\n\"'=", at[-1])) &&
		    (at + len == to || strchr(" \t\r\n\"'\\;", at[len])))
			found = at;
		begins = *at == '\n' || (begins && (*at == ' ' || *at == '\t'));
		comment = comment && *at != '\n';
	}
	return found;
}

/* Where a word of the variable comes from: preferably where it was set last. */
static const char *find_origin(const struct grubcfg_source *sources, size_t n,
			       const struct variable *variable, const char *word, size_t len)
{
	const char *at = find_written(variable->from, variable->to, word, len);

	for (size_t i = n; i-- && !at;)
		at = find_written(sources[i].text, sources[i].text + strlen(sources[i].text), word,
				  len);
	return at ? at : variable->from;
}

/* Adds a variable's words. */
static int split_value(struct reader *reader, const struct grubcfg_source *sources, size_t n,
		       const char *name, struct conf_items *ret)
{
	const struct variable *variable = find_variable(reader, name, strlen(name));
	size_t len;
	int err = 0;

	if (!variable)
		return 0;
	if (variable->unknown.what) {
		reader->unclear = variable->unknown;
		return -EBADMSG;
	}
	for (const char *at = variable->value; !err && (at = cmdline_next(at, &len)); at += len) {
		const char *origin = find_origin(sources, n, variable, at, len);
		const struct grubcfg_source *source = source_of(sources, origin);

		auto_free char *word = strndup(at, len);

		err = conf_items_add(ret, word, source->file, line_of(source, origin));
	}
	return err;
}

static void reader_free(struct reader *reader)
{
	for (size_t i = 0; i < reader->n_variables; i++) {
		free(reader->variables[i].name);
		free(reader->variables[i].value);
	}
	free(reader->variables);
	strbuf_free(&reader->value);
}

static int say_unclear(const struct reader *reader, const struct grubcfg_source *sources,
		       struct grubcfg *ret)
{
	const struct grubcfg_source *source = source_of(sources, reader->unclear.at);

	conf_items_free(&ret->words);
	ret->unclear = (struct grubcfg_unclear){strdup(source->file),
						line_of(source, reader->unclear.at),
						reader->unclear.what, reader->unclear.broken};
	return ret->unclear.file ? 0 : -ENOMEM;
}

int grubcfg_evaluate(const struct grubcfg_source *sources, size_t n, struct grubcfg *ret)
{
	cleanup_with(reader_free) struct reader reader = {0};
	auto_grubcfg struct grubcfg result = {0};
	int err = 0;

	for (size_t i = 0; i < n && !err; i++)
		err = read_source(&reader, sources[i].text);
	err = err ?: split_value(&reader, sources, n, "GRUB_CMDLINE_LINUX", &result.words);
	err = err ?: split_value(&reader, sources, n, "GRUB_CMDLINE_LINUX_DEFAULT", &result.words);
	if (err == -EBADMSG)
		err = say_unclear(&reader, sources, &result);
	if (err)
		return err;
	*ret = result;
	result = (struct grubcfg){0};
	return 0;
}

void grubcfg_free(struct grubcfg *grubcfg)
{
	conf_items_free(&grubcfg->words);
	free(grubcfg->unclear.file);
	*grubcfg = (struct grubcfg){0};
}
