// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/text/argv.h"

#include <string.h>

#include "host/text/strbuf.h"
#include "host/text/utf8.h"

/* Characters that are special to no shell. */
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,=@%+"

char **argv_copy(const char *const *words)
{
	cleanup_with(argv_freep) char **argv = NULL;
	size_t n = 0;

	while (words[n])
		n++;
	argv = calloc(n + 1, sizeof(*argv));
	if (!argv)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		argv[i] = strdup(words[i]);
		if (!argv[i])
			return NULL;
	}
	return TAKE_PTR(argv);
}

/* $'WORD' with \xNN for what a terminal would not show, so that it could not be copied. */
static char *quote_escaped(const char *word)
{
	auto_strbuf struct strbuf text = {0};

	strbuf_add(&text, "$'");
	for (; *word; word++)
		strbuf_add(&text, strchr("'\\", *word) ? "\\%c" : "%c", *word);
	strbuf_add(&text, "'");
	return text.failed ? NULL : utf8_printable(text.text);
}

char *argv_quote(const char *word)
{
	auto_strbuf struct strbuf quoted = {0};
	auto_free char *safe = word ? utf8_printable(word) : NULL;

	if (!safe)
		return NULL;
	if (strcmp(safe, word) != 0)
		return quote_escaped(word);
	strbuf_add(&quoted, "'");
	for (; *word; word++)
		strbuf_add(&quoted, *word == '\'' ? "'\\''" : "%c", *word);
	strbuf_add(&quoted, "'");
	return strbuf_take(&quoted);
}

char *argv_text(char *const *argv)
{
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; argv[i]; i++) {
		bool plain = *argv[i] && !argv[i][strspn(argv[i], PLAIN)];
		auto_free char *quoted = plain ? NULL : argv_quote(argv[i]);

		if (!plain && !quoted)
			return NULL;
		strbuf_add(&text, "%s%s", i ? " " : "", plain ? argv[i] : quoted);
	}
	return strbuf_take(&text);
}

void argv_free(char **argv)
{
	if (!argv)
		return;
	for (size_t i = 0; argv[i]; i++)
		free(argv[i]);
	free(argv);
}
