// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/settings/settings_grammar.h"

#include <string.h>

#define LETTERS	     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS	     "0123456789"
#define MODULE_BYTES LETTERS DIGITS "_-"
#define MODULE_MAX   55
#define UNIT_BYTES   LETTERS DIGITS ":-_.\\@"
#define UNIT_MAX     255
#define STORAGE_MAX  100
#define SNIPPET_MAX  255

static bool is_only(const char *text, size_t len, const char *bytes)
{
	return strspn(text, bytes) >= len;
}

bool grammar_is_module(const char *text)
{
	size_t len = strlen(text);

	return len >= 1 && len <= MODULE_MAX && *text != '-' && is_only(text, len, MODULE_BYTES);
}

static bool is_unit_type(const char *type)
{
	static const char *const types[] = {"service",	 "socket", "target", "mount",
					    "automount", "swap",   "timer",  "path"};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(types[i], type))
			return true;
	return false;
}

bool grammar_is_unit(const char *text)
{
	const char *dot = strrchr(text, '.');
	const char *at = strchr(text, '@');
	size_t len = strlen(text);

	if (len > UNIT_MAX || !is_only(text, len, UNIT_BYTES) || !strspn(text, LETTERS DIGITS "_"))
		return false;
	/* "getty@.service" is a template, of which no instance is named. */
	return dot && is_unit_type(dot + 1) && (!at || at + 1 < dot);
}

static bool is_storage(const char *text, size_t len)
{
	return len >= 2 && len <= STORAGE_MAX && strspn(text, LETTERS) &&
	       is_only(text, len, LETTERS DIGITS "-_.") && strchr(LETTERS DIGITS, text[len - 1]);
}

static bool is_snippet_name(const char *name)
{
	size_t len = strlen(name);

	for (const char *c = name; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == '/' || *c == 0x7f)
			return false;
	return len >= 1 && len <= SNIPPET_MAX && !strstr(name, "..") && strcmp(name, ".");
}

bool grammar_is_snippet(const char *text)
{
	static const char folder[] = ":snippets/";
	size_t len = strcspn(text, ":");

	return is_storage(text, len) && !strncmp(text + len, folder, strlen(folder)) &&
	       is_snippet_name(text + len + strlen(folder));
}

static const char *const reset_methods[] = {"device_specific", "acpi", "flr", "af_flr", "pm", "bus",
					    "cxl_bus"};

/* A bit for that method, or 0. */
static unsigned int reset_method_bit(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(reset_methods); i++)
		if (strlen(reset_methods[i]) == len && !strncmp(reset_methods[i], name, len))
			return 1U << i;
	return 0;
}

int grammar_reset_method(const char *text, char **ret)
{
	auto_free char *list = calloc(1, strlen(text) + 1);
	bool is_default = !strcmp(text, "default");
	unsigned int seen = 0;
	char *end = list;

	if (!list)
		return -ENOMEM;
	for (const char *name = text + strspn(text, " "); *name; name += strspn(name, " ")) {
		size_t len = strcspn(name, " ");
		unsigned int bit = is_default ? 1 : reset_method_bit(name, len);

		if (!bit || seen & bit)
			return -EINVAL;
		seen |= bit;
		if (end > list)
			*end++ = ' ';
		end = mempcpy(end, name, len);
		name += len;
	}
	*ret = TAKE_PTR(list);
	return 0;
}
