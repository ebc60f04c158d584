// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/activity.h"

#include <string.h>

static struct activity *noted;

void activity_set_page(struct activity *page)
{
	noted = page;
}

/* The last byte is never written, so that whoever reads finds an end. */
static void put(char *to, size_t size, const char *text)
{
	size_t len = text ? strnlen(text, size - 1) : 0;

	memcpy(to, text ? text : "", len);
	to[len] = '\0';
}

void activity_begin(const char *verb, const char *path)
{
	if (!noted)
		return;
	put(noted->path, sizeof(noted->path), path);
	put(noted->verb, sizeof(noted->verb), verb);
}

void activity_end(void)
{
	if (noted)
		noted->verb[0] = '\0';
}

bool activity_read(const struct activity *page, struct activity *ret)
{
	*ret = *(const volatile struct activity *)page;
	ret->verb[sizeof(ret->verb) - 1] = '\0';
	ret->path[sizeof(ret->path) - 1] = '\0';
	return ret->verb[0];
}
