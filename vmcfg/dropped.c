// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/dropped.h"

#include <stdio.h>

int dropped_add(struct vmcfg_dropped **list, size_t *n, unsigned int line, char *why)
{
	if (!why || !array_grow(*list, *n)) {
		free(why);
		return -ENOMEM;
	}
	(*list)[(*n)++] = (struct vmcfg_dropped){line, why};
	return 0;
}

int dropped_add_part(struct vmcfg_dropped **list, size_t *n, unsigned int line, const char *problem,
		     struct text t)
{
	char *why = NULL;
	int r;

	r = text_refuse_part(&why, problem, t);
	return r == -EINVAL ? dropped_add(list, n, line, why) : r;
}

int dropped_add_value(struct vmcfg_dropped **list, size_t *n, unsigned int line, struct text key,
		      char *reason)
{
	char *why;
	int len;

	len = asprintf(&why, "%.*s: %s", (int)key.len, key.at, reason);
	free(reason);
	return len < 0 ? -ENOMEM : dropped_add(list, n, line, why);
}

void dropped_free(struct vmcfg_dropped *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i].why);
	free(list);
}
