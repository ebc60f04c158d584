// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/settings/settings_grammar.h"

#include <string.h>

#include "host/base/strbuf.h"
#include "vmcfg/text.h"

#define LETTERS	     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS	     "0123456789"
#define MODULE_BYTES LETTERS DIGITS "_-"
#define MODULE_MAX   55
#define UNIT_BYTES   LETTERS DIGITS ":-_.\\@"
#define UNIT_MAX     255
#define UNIT_TYPES   "service|socket|target|mount|automount|swap|timer|path"
#define STORAGE_MAX  100
#define SNIPPET_MAX  255

#define RESET_METHODS "device_specific|acpi|flr|af_flr|pm|bus|cxl_bus"

static bool is_only(const char *text, size_t len, const char *bytes)
{
	return strspn(text, bytes) >= len;
}

bool grammar_is_module(const char *text)
{
	size_t len = strlen(text);

	return len >= 1 && len <= MODULE_MAX && *text != '-' && is_only(text, len, MODULE_BYTES);
}

bool grammar_is_unit(const char *text)
{
	const char *dot = strrchr(text, '.');
	const char *at = strchr(text, '@');
	size_t len = strlen(text);

	if (len > UNIT_MAX || !is_only(text, len, UNIT_BYTES) || !strspn(text, LETTERS DIGITS "_"))
		return false;
	/* "getty@.service" is a template without an instance. */
	return dot && text_is_one_of(text_of(dot + 1), UNIT_TYPES) && (!at || at + 1 < dot);
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
	static const char directory[] = ":snippets/";
	size_t len = strcspn(text, ":");

	return len <= STORAGE_MAX && text_is_storage_id((struct text){text, len}) &&
	       !strncmp(text + len, directory, strlen(directory)) &&
	       is_snippet_name(text + len + strlen(directory));
}

/* Whether LIST has the name T already. */
static bool has_name(struct text list, struct text t)
{
	struct text name;

	while (text_next(&list, ' ', &name))
		if (name.len == t.len && !memcmp(name.at, t.at, t.len))
			return true;
	return false;
}

int grammar_reset_method(const char *text, char **ret)
{
	const char *methods = strcmp(text, "default") ? RESET_METHODS : "default";
	auto_strbuf struct strbuf list = {0};
	struct text rest = text_of(text), name;

	while (text_next(&rest, ' ', &name)) {
		if (!name.len)
			continue;
		if (!text_is_one_of(name, methods) ||
		    (list.len && has_name((struct text){list.text, list.len}, name)))
			return -EINVAL;
		strbuf_add(&list, "%s%.*s", list.len ? " " : "", (int)name.len, name.at);
	}
	*ret = strbuf_take(&list);
	return *ret ? 0 : -ENOMEM;
}
