// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/loader/entryline.h"

#include <string.h>

const char *entryline_after(const char *line, const char *key)
{
	size_t len = strlen(key);

	line += strspn(line, " \t");
	return !strncmp(line, key, len) && (line[len] == ' ' || line[len] == '\t') ? line + len
										   : NULL;
}

const char *entryline_of(const char *text, const char *key)
{
	const char *after = NULL;

	for (const char *line = text; line && !after; line = strchr(line, '\n')) {
		line += *line == '\n';
		after = entryline_after(line, key);
	}
	return after ? after + strspn(after, " \t") : NULL;
}

const char *entryline_image(const char *line)
{
	static const char *const keys[] = {"linux", "linuxefi", "linux16"};
	const char *image = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(keys) && !image; i++)
		image = entryline_after(line, keys[i]);
	return image ? image + strspn(image, " \t") : NULL;
}
