// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/capture/wordlist.h"

#include <string.h>

bool wordlist_next(const char **list, const char **ret, size_t *ret_len)
{
	const char *word = *list;
	size_t len = word ? strcspn(word, "|") : 0;

	if (!word || !*word)
		return false;
	*list = word + len + (word[len] == '|');
	*ret = word;
	*ret_len = len;
	return true;
}

bool wordlist_in_line(const char *list, const char *line)
{
	const char *word;
	size_t len;

	while (wordlist_next(&list, &word, &len))
		if (memmem(line, strlen(line), word, len))
			return true;
	return false;
}
