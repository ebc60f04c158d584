// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/problemlist.h"
#include "host/base/log.h"

#include <string.h>

int problems_add(struct problems *problems, const char *name, enum problem_severity severity,
		 char *what, char *cure)
{
	if (!what || !array_grow(problems->items, problems->n)) {
		free(what);
		free(cure);
		return -ENOMEM;
	}
	problems->items[problems->n++] = (struct problem){name, severity, what, cure};
	return 0;
}

char *problems_cure(const struct problem *problem, const char *then)
{
	/* These need nothing else of us. */
	if (!strcmp(problem->name, PROBLEM_BY_HAND) || !strcmp(problem->name, PROBLEM_DRACUT))
		return strdup(problem->cure);
	return fs_path(_("%s, then: %s"), problem->cure, then);
}

void problems_accept(struct problems *problems, const char *name)
{
	for (size_t i = 0; i < problems->n; i++)
		if (!strcmp(problems->items[i].name, name))
			problems->items[i].severity = PROBLEM_NOTE;
}

bool problems_stop(const struct problems *problems, enum problem_severity stops)
{
	const char *verb = stops == PROBLEM_ENABLE ? "host-setup enable" : "host-setup disable";
	bool stop = false;

	for (size_t i = 0; i < problems->n; i++) {
		const struct problem *problem = &problems->items[i];
		auto_free char *cure = NULL;

		if (problem->severity < stops) {
			if (stops == PROBLEM_ENABLE)
				log_warning("%s", problem->what);
			continue;
		}
		cure = problems_cure(problem, verb);
		log_error("%s\n%s", problem->what, cure ? cure : problem->cure);
		stop = true;
	}
	return stop;
}

void problems_free(struct problems *problems)
{
	for (size_t i = 0; i < problems->n; i++) {
		free(problems->items[i].what);
		free(problems->items[i].cure);
	}
	free(problems->items);
	*problems = (struct problems){0};
}
