// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/argv.h"

#include <stdio.h>
#include <string.h>

#include "host/base/fs.h"

/* What no shell takes for anything but itself, wherever it stands. */
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

char *argv_quote(const char *word)
{
	char *quoted = word ? malloc(strlen(word) * 4 + 3) : NULL;
	char *to = quoted;

	if (!quoted)
		return NULL;
	*to++ = '\'';
	for (; *word; word++)
		if (*word == '\'')
			to = stpcpy(to, "'\\''");
		else
			*to++ = *word;
	strcpy(to, "'");
	return quoted;
}

char *argv_text(char *const *argv)
{
	char *text = strdup("");

	for (size_t i = 0; text && argv[i]; i++) {
		bool plain = *argv[i] && !argv[i][strspn(argv[i], PLAIN)];
		auto_free char *word = plain ? strdup(argv[i]) : argv_quote(argv[i]);
		char *longer = word ? fs_path("%s%s%s", text, i ? " " : "", word) : NULL;

		free(text);
		text = longer;
	}
	return text;
}

void argv_free(char **argv)
{
	if (!argv)
		return;
	for (size_t i = 0; argv[i]; i++)
		free(argv[i]);
	free(argv);
}
