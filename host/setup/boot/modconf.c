// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/modconf.h"

#include <string.h>

/* The modules without which nothing is passed through. */
static const char *const vfio_modules[] = {"vfio", "vfio_iommu_type1", "vfio_pci", "vfio_pci_core"};

int modconf_add(struct bootcfg_lines *lines, const char *text, const char *file, unsigned int line,
		const char *effect)
{
	struct bootcfg_line new = {.text = strdup(text), .file = strdup(file), .line = line};

	if (effect)
		new.effect = strdup(effect);
	if (!new.text || !new.file || (effect && !new.effect) ||
	    !array_grow(lines->items, lines->n)) {
		free(new.text);
		free(new.file);
		free(new.effect);
		return -ENOMEM;
	}
	lines->items[lines->n++] = new;
	return 0;
}

static char *strip(char *line)
{
	size_t len;

	line += strspn(line, " \t\r");
	len = strlen(line);
	while (len && strchr(" \t\r", line[len - 1]))
		line[--len] = '\0';
	return line;
}

int modconf_read_modules(struct bootcfg_lines *modules, const char *file, char *text)
{
	const struct bootcfg_lines *known = modules;
	size_t n_etc = known->n; /* lines of etc/modules, which is read first */
	unsigned int number = 0;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		size_t same = 0;
		int err;

		number++;
		line = strip(line);
		if (!*line || *line == '#' || *line == ';')
			continue;
		for (char *c = line; *c; c++)
			*c = *c == '-' ? '_' : *c;
		/* modules.conf is a link to etc/modules: once is enough. */
		while (same < n_etc &&
		       (known->items[same].line != number || strcmp(known->items[same].text, line)))
			same++;
		if (same < n_etc && !strcmp(file, "etc/modules-load.d/modules.conf"))
			continue;
		err = modconf_add(modules, line, file, number, NULL);
		if (err)
			return err;
	}
	return 0;
}

bool modconf_name_is(const char *name, const char *text, size_t len)
{
	size_t at = 0;

	while (at < len && name[at] &&
	       (name[at] == '-' ? '_' : name[at]) == (text[at] == '-' ? '_' : text[at]))
		at++;
	return at == len && !name[at];
}

bool modconf_is_vfio(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(vfio_modules); i++)
		if (modconf_name_is(vfio_modules[i], name, len))
			return true;
	return false;
}

/* Whether an `install` line's command does nothing. */
static bool is_no_command(const char *command)
{
	command += strspn(command, " \t");
	return !strcmp(command, "/bin/true") || !strcmp(command, "/bin/false") ||
	       !strcmp(command, "/usr/bin/true") || !strcmp(command, "/usr/bin/false") ||
	       !strcmp(command, "true") || !strcmp(command, "false") || !strcmp(command, ":");
}

static int read_modprobe_line(struct bootcfg_lines *options, struct bootcfg_lines *contradictions,
			      const char *file, unsigned int number, const char *line)
{
	size_t verb = strcspn(line, " \t");
	const char *name = line + verb + strspn(line + verb, " \t");
	size_t len = strcspn(name, " \t");

	if (verb == 7 && !strncmp(line, "options", verb))
		return modconf_add(options, line, file, number, NULL);
	if (!modconf_is_vfio(name, len))
		return 0;
	if (verb == 9 && !strncmp(line, "blacklist", verb))
		return modconf_add(contradictions, line, file, number,
				   _("the module is then not loaded at boot"));
	if (verb == 7 && !strncmp(line, "install", verb) && is_no_command(name + len))
		return modconf_add(contradictions, line, file, number,
				   _("the module is then never loaded"));
	return 0;
}

int modconf_read_modprobe(struct bootcfg_lines *options, struct bootcfg_lines *contradictions,
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
		err = read_modprobe_line(options, contradictions, file, first, strip(line));
	}
	return err;
}

void modconf_lines_free(struct bootcfg_lines *lines)
{
	for (size_t i = 0; i < lines->n; i++) {
		free(lines->items[i].text);
		free(lines->items[i].file);
		free(lines->items[i].effect);
	}
	free(lines->items);
}
