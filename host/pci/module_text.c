// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/module_text.h"

#include <stdio.h>
#include <string.h>

/* A field of an id that matches every device. */
#define ANY 0xffffffffUL

/* Longer than six fields of 32 bits. */
#define ID_TEXT_MAX 64

/* VENDOR:DEVICE[:SUBVENDOR[:SUBDEVICE[:CLASS[:MASK]]]] in hex; an empty field, or ffffffff, is any,
 * and MASK says which bits of the class count. Cuts ID. */
static bool one_id_matches(char *id, const struct pci_identity *device)
{
	const uint32_t values[] = {device->vendor, device->device, device->subvendor,
				   device->subdevice, device->class};
	unsigned long fields[] = {ANY, ANY, ANY, ANY, ANY, 0xffffff};
	char *rest = id, *word, *end;
	size_t n = 0;

	for (; n < ARRAY_SIZE(fields) && (word = strsep(&rest, ":")); n++) {
		if (*word)
			fields[n] = strtoul(word, &end, 16);
		if (*word && *end)
			return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		if (fields[i] != ANY && (fields[i] ^ values[i]) & (i == 4 ? fields[5] : ANY))
			return false;
	return n > 1;
}

bool module_ids_match(const char *ids, const struct pci_identity *id)
{
	static const char between[] = ", \t\n";

	for (const char *at = ids + strspn(ids, between); *at; at += strspn(at, between)) {
		char one[ID_TEXT_MAX];
		size_t len = strcspn(at, between);

		snprintf(one, sizeof(one), "%.*s", (int)len, at);
		if (len < sizeof(one) && one_id_matches(one, id))
			return true;
		at += len;
	}
	return false;
}

bool module_name_is(const char *at, size_t len, const char *name)
{
	if (len != strlen(name))
		return false;
	for (size_t i = 0; i < len; i++)
		if ((at[i] == '-' ? '_' : at[i]) != (name[i] == '-' ? '_' : name[i]))
			return false;
	return true;
}

bool module_command_is_none(const char *command)
{
	static const char *const none[] = {
		"/bin/true", "/bin/false", "/usr/bin/true", "/usr/bin/false", "true", "false", ":"};
	const char *first = command + strspn(command, " \t");
	size_t len = strcspn(first, " \t#");

	if (strcspn(command, ";&|") < strcspn(command, "#"))
		return false; /* another command follows */
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		if (len == strlen(none[i]) && !strncmp(first, none[i], len))
			return true;
	return false;
}

/* Whether the list, up to the end of its word, has the module; EXACT: '-' is not '_' there. */
static bool list_has(const char *at, const char *module, bool exact)
{
	for (;; at++) {
		size_t len = strcspn(at, ", \n");

		if (module_name_is(at, len, module) && !(exact && memchr(at, '-', len)))
			return true;
		at += len;
		if (*at != ',')
			return false;
	}
}

const char *module_kernels_blacklist(const char *cmdline, const char *module)
{
	const char *word = NULL;

	for (const char *at = cmdline; *at; at += strcspn(at, " \n")) {
		at += strspn(at, " \n");
		if (after_prefix(at, "module_blacklist="))
			word = at;
	}
	return word && list_has(strchr(word, '=') + 1, module, true) ? word : NULL;
}

bool module_is_blacklisted(const char *cmdline, const char *module)
{
	for (const char *at = cmdline; *at; at += strcspn(at, " \n")) {
		const char *list;

		at += strspn(at, " \n");
		list = after_prefix(at, "modprobe.blacklist=");
		if (list && list_has(list, module, false))
			return true;
	}
	return module_kernels_blacklist(cmdline, module);
}
