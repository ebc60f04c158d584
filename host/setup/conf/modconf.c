// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/conf/modconf.h"

#include "host/pci/module_text.h"

#include <string.h>

/* The modules that passthrough needs. */
static const char *const vfio_modules[] = {"vfio", "vfio_iommu_type1", "vfio_pci", "vfio_pci_core"};

static char *strip(char *line)
{
	size_t len;

	line += strspn(line, " \t\r");
	len = strlen(line);
	while (len && strchr(" \t\r", line[len - 1]))
		line[--len] = '\0';
	return line;
}

/* Whether the line is in the list, as one of etc/modules. */
static bool is_in_etc_modules(const struct conf_items *modules, const char *text, unsigned int line)
{
	for (size_t i = 0; i < modules->n; i++)
		if (modules->items[i].line == line && !strcmp(modules->items[i].text, text) &&
		    !strcmp(modules->items[i].file, "etc/modules"))
			return true;
	return false;
}

int modconf_read_modules(struct conf_items *modules, const char *file, char *text)
{
	/* A link to etc/modules, which is read first: its lines are added once. */
	bool link = !strcmp(file, "etc/modules-load.d/modules.conf");
	unsigned int number = 0;
	int err = 0;
	char *line;

	while (!err && (line = strsep(&text, "\n"))) {
		number++;
		line = strip(line);
		if (!*line || *line == '#' || *line == ';')
			continue;
		for (char *c = line; *c; c++)
			*c = *c == '-' ? '_' : *c;
		if (!link || !is_in_etc_modules(modules, line, number))
			err = conf_items_add(modules, line, file, number);
	}
	return err;
}

bool modconf_is_vfio(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(vfio_modules); i++)
		if (module_name_is(name, len, vfio_modules[i]))
			return true;
	return false;
}

/* Whether LINE's first word is VERB. */
static bool is_verb(const char *line, const char *verb)
{
	size_t len = strcspn(line, " \t");

	return len == strlen(verb) && !strncmp(line, verb, len);
}

const char *modconf_line_effect(const char *line)
{
	const char *name = line + strcspn(line, " \t");
	size_t len;

	name += strspn(name, " \t");
	len = strcspn(name, " \t");
	if (!modconf_is_vfio(name, len))
		return NULL;
	if (is_verb(line, "blacklist"))
		return _("the module is then not loaded at boot");
	if (is_verb(line, "install") && module_command_is_none(name + len))
		return _("the module is then never loaded");
	return NULL;
}

int modconf_read_modprobe(struct conf_items *options, struct conf_items *contradictions,
			  const char *file, char *text)
{
	unsigned int number = 1;
	int err = 0;

	while (text && !err) {
		unsigned int first = number;
		char *end = text;
		char *line = text;

		for (; (end = strchr(end, '\n')) && end > line && end[-1] == '\\'; number++)
			end[-1] = end[0] = ' ';
		text = end ? end + 1 : NULL;
		if (end)
			*end = '\0';
		number++;
		line = strip(line);
		if (is_verb(line, "options"))
			err = conf_items_add(options, line, file, first);
		else if (modconf_line_effect(line))
			err = conf_items_add(contradictions, line, file, first);
	}
	return err;
}
