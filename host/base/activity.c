// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/activity.h"

#include <string.h>

static struct activity *noted;

void activity_set_page(struct activity *page)
{
	noted = page;
}

void activity_begin(const char *verb, const char *path)
{
	if (!noted)
		return;
	stpncpy(noted->path, path ? path : "", sizeof(noted->path) - 1);
	stpncpy(noted->verb, verb, sizeof(noted->verb) - 1);
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
