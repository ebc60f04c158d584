// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/base.h"

#include <stdio.h>
#include <string.h>

void *array_grown_(void *items, size_t n, size_t size)
{
	if (n & (n - 1))
		return items;
	return reallocarray(items, n ? n * 2 : 1, size);
}

int compare_ints(const void *a, const void *b)
{
	int first = *(const int *)a, second = *(const int *)b;

	return first < second ? -1 : first > second;
}

const char *after_prefix(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) ? NULL : text + len;
}

bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += len)
		if ((at == words || strchr(" \t\n", at[-1])) && strchr(" \t\n", at[len]))
			return true;
	return false;
}

bool number_take(const char **text, unsigned int *ret)
{
	size_t n = strspn(*text, "0123456789");

	if (!n || n > 9)
		return false;
	*ret = (unsigned int)strtoul(*text, NULL, 10);
	*text += n;
	return true;
}

bool number_parse(const char *text, unsigned int *ret)
{
	unsigned int number;

	if (!number_take(&text, &number) || *text)
		return false;
	*ret = number;
	return true;
}

char *vprintf_text(const char *format, va_list args)
{
	char *text;

	return vasprintf(&text, format, args) < 0 ? NULL : text;
}
