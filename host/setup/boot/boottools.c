// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/boottools.h"
#include "host/process/program.h"

#include <string.h>

#define SECONDS	 10
#define TEXT_MAX ((size_t)256 * 1024)

/* What stands after KEY in LINE, spaces left out; NULL when KEY is not in it. */
static const char *after(const char *line, const char *key)
{
	const char *at = strstr(line, key);

	return at ? at + strlen(key) + strspn(at + strlen(key), " \t") : NULL;
}

static int remember(struct boottools_answer *answer, const char *line)
{
	line += strspn(line, " \t");
	answer->line = strdup(line);
	return answer->line ? 0 : -ENOMEM;
}

int boottools_parse_bootctl(const char *text, struct boottools_answer *ret)
{
	auto_free char *copy = strdup(text);
	bool current = false;
	char *rest = copy, *line;

	if (!copy)
		return -ENOMEM;
	while ((line = strsep(&rest, "\n"))) {
		const char *product = current ? after(line, "Product:") : NULL;

		/* Titles begin at the edge. */
		if (*line && !strchr(" \t", *line))
			current = !strncmp(line, "Current Boot Loader:", 20);
		if (!product)
			continue;
		ret->systemd_boot = !strncmp(product, "systemd-boot", strlen("systemd-boot"));
		ret->grub = !strncmp(product, "GRUB", strlen("GRUB"));
		return ret->systemd_boot || ret->grub ? remember(ret, line) : 0;
	}
	return 0;
}

int boottools_parse_proxmox(const char *text, struct boottools_answer *ret)
{
	struct boottools_answer answer = {0};
	auto_free char *copy = strdup(text);
	char *rest = copy, *line;
	int err = 0;

	if (!copy)
		return -ENOMEM;
	while ((line = strsep(&rest, "\n")) && !err) {
		const char *kinds = after(line, "is configured with:");
		bool legacy = strstr(line, "currently booted with legacy bios");

		if (legacy) {
			boottools_free(&answer);
			answer.grub = true;
			err = remember(&answer, line);
			break;
		}
		if (!kinds)
			continue;
		answer.systemd_boot = answer.systemd_boot || strstr(kinds, "uefi");
		answer.grub = answer.grub || strstr(kinds, "grub");
		err = answer.line ? 0 : remember(&answer, line);
	}
	if (err)
		return err;
	*ret = answer;
	return 0;
}

static int ask(const char *const *args,
	       int (*parse)(const char *text, struct boottools_answer *ret),
	       struct boottools_answer *ret)
{
	const struct program program = {.args = args, .limit_ms = SECONDS * 1000, .max = TEXT_MAX};
	auto_program_end struct program_end end = {0};

	return program_run(&program, &end) || end.cut ? 0 : parse(end.output, ret);
}

int boottools_ask_bootctl(struct boottools_answer *ret)
{
	static const char *const args[] = {"bootctl", "--no-pager", "status", NULL};

	return ask(args, boottools_parse_bootctl, ret);
}

int boottools_ask_proxmox(struct boottools_answer *ret)
{
	static const char *const args[] = {"proxmox-boot-tool", "status", NULL};

	return ask(args, boottools_parse_proxmox, ret);
}

void boottools_free(struct boottools_answer *answer)
{
	free(answer->line);
	*answer = (struct boottools_answer){0};
}
