// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/language.h"

#include "host/base/fs.h"

#include <locale.h>
#include <string.h>

#define DOMAIN "pve-passthrough"

/* The directory of our own locales, for those that the host lacks; set by a main. */
static const char *locales_dir;

/* The locale that the environment sets for messages (setlocale(3)), or NULL. */
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

/* Uses one of our own. The programs that we start find LOCPATH as it was. */
static void use_own_locale(const char *name)
{
	const char *path = getenv("LOCPATH");
	auto_free char *before = path ? strdup(path) : NULL;

	setenv("LOCPATH", locales_dir, 1);
	setlocale(LC_MESSAGES, name);
	if (before)
		setenv("LOCPATH", before, 1);
	else
		unsetenv("LOCPATH");
}

/* The language of NAME, whatever encoding it says: our texts are UTF-8. */
static void use_language(const char *name)
{
	auto_free char *locale = fs_path("%.*s.UTF-8", (int)strcspn(name, ".@"), name);

	if (!locale)
		return;
	if (!setlocale(LC_MESSAGES, locale))
		use_own_locale(locale);
	setlocale(LC_CTYPE, "C.UTF-8");
}

void language_open(const char *localedir, const char *locales)
{
	const char *wanted = wanted_locale();

	locales_dir = locales;
	bindtextdomain(DOMAIN, localedir);
	bind_textdomain_codeset(DOMAIN, "UTF-8");
	textdomain(DOMAIN);
	/* Only these: numbers are written and read as in C everywhere. */
	setlocale(LC_CTYPE, "");
	if (!setlocale(LC_MESSAGES, "") && wanted)
		use_language(wanted);
}

void language_set(const char *name)
{
	/* It would win over the locale. */
	unsetenv("LANGUAGE");
	if (!strcmp(name, "en"))
		setlocale(LC_MESSAGES, "C");
	else
		use_language(name);
}
