// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/language.h"

#include "host/base.h"

#include <locale.h>
#include <string.h>

#define DOMAIN "pve-passthrough"

/* Built into libc, so it is there whatever was generated; unlike in "C", gettext translates in it.
 */
#define NEUTRAL_LOCALE "C.UTF-8"

/* What the environment wants messages to be in (setlocale(3)), or NULL. */
static const char *wanted_locale(void)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return value;
	}
	return NULL;
}

/* PREFERRED is as the variable LANGUAGE takes it. setlocale() also has gettext look at it again. */
static void speak(const char *preferred)
{
	setenv("LANGUAGE", preferred, 1);
	setlocale(LC_MESSAGES, NEUTRAL_LOCALE);
	setlocale(LC_CTYPE, NEUTRAL_LOCALE);
}

void language_open(const char *localedir)
{
	const char *preferred = getenv("LANGUAGE");
	const char *wanted = wanted_locale();

	bindtextdomain(DOMAIN, localedir);
	bind_textdomain_codeset(DOMAIN, "UTF-8");
	textdomain(DOMAIN);
	/* Only these: numbers are written and read as in C everywhere. */
	setlocale(LC_CTYPE, "");
	if (!setlocale(LC_MESSAGES, "") && wanted)
		speak(preferred && *preferred ? preferred : wanted);
}

void language_set(const char *name)
{
	if (!strcmp(name, "en"))
		setlocale(LC_MESSAGES, "C");
	else
		speak(name);
}
