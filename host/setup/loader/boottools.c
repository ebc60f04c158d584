// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/loader/boottools.h"
#include "host/base/facts.h"
#include "host/process/program.h"

#include <string.h>

#define SECONDS	 10
#define TEXT_MAX ((size_t)256 * 1024)

/* What comes after KEY in LINE, without spaces; NULL when KEY is not in it. */
static const char *after(const char *line, const char *key)
{
	const char *at = strstr(line, key);

	return at ? at + strlen(key) + strspn(at + strlen(key), " \t") : NULL;
}

static int remember(struct boottools_answer *answer, const char *line)
{
	answer->line = strdup(line + strspn(line, " \t"));
	return answer->line ? 0 : -ENOMEM;
}

int boottools_parse_bootctl(const char *text, struct boottools_answer *ret)
{
	auto_free char *copy = strdup(text);
	bool current = false;
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n"))) {
		const char *product = current ? after(line, "Product:") : NULL;

		/* Titles are not indented. */
		if (*line && !strchr(" \t", *line))
			current = !strncmp(line, "Current Boot Loader:", 20);
		if (!product)
			continue;
		ret->systemd_boot = !strncmp(product, "systemd-boot", strlen("systemd-boot"));
		ret->grub = !strncmp(product, "GRUB", strlen("GRUB"));
		return ret->systemd_boot || ret->grub ? remember(ret, line) : 0;
	}
	return copy ? 0 : -ENOMEM;
}

int boottools_parse_proxmox(const char *text, struct boottools_answer *ret)
{
	static const char bios[] = "System currently booted with legacy bios";
	auto_free char *copy = strdup(text);
	char *rest = copy, *line;
	int err = 0;

	if (strstr(text, bios)) {
		ret->grub = true;
		return remember(ret, bios);
	}
	while (!err && (line = strsep(&rest, "\n"))) {
		const char *kinds = after(line, "is configured with:");

		if (!kinds)
			continue;
		ret->systemd_boot = ret->systemd_boot || strstr(kinds, "uefi");
		ret->grub = ret->grub || strstr(kinds, "grub");
		err = ret->line ? 0 : remember(ret, line);
	}
	return copy ? err : -ENOMEM;
}

/* Nothing was noted of one that reported nothing. */
static int take_noted(const struct fs_root *root, const char *name, struct boottools_answer *ret)
{
	auto_free char *text = NULL;
	int err = facts_get(root, name, &text);

	if (err)
		return err == -ENOMEM ? err : 0;
	ret->grub = text[0] == '1';
	ret->systemd_boot = text[0] && text[1] == '1';
	return remember(ret, text[0] && text[1] ? text + 2 : "");
}

static int ask(const struct fs_root *root, const char *const *args,
	       int (*parse)(const char *text, struct boottools_answer *ret),
	       struct boottools_answer *ret)
{
	const struct program program = {.args = args, .limit_ms = SECONDS * 1000, .max = TEXT_MAX};
	auto_program_end struct program_end end = {0};

	int err;

	if (fs_root_is_capture(root))
		return take_noted(root, args[0], ret);
	err = program_run(&program, &end) || end.cut ? 0 : parse(end.output, ret);
	if (!err && ret->line)
		facts_note(args[0], "%d%d %s", ret->grub, ret->systemd_boot, ret->line);
	return err;
}

int boottools_ask(const struct fs_root *root, struct boottools_answer *bootctl,
		  struct boottools_answer *proxmox)
{
	static const char *const first[] = {"bootctl", "--no-pager", "status", NULL};
	static const char *const second[] = {"proxmox-boot-tool", "status", NULL};

	return ask(root, first, boottools_parse_bootctl, bootctl)
		       ?: ask(root, second, boottools_parse_proxmox, proxmox);
}

void boottools_free(struct boottools_answer *answer)
{
	free(answer->line);
	*answer = (struct boottools_answer){0};
}
