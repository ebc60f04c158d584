// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/problems_text.h"
#include "host/setup/boot/bootcfg.h"

#include <string.h>

#define TEXT_MAX ((size_t)1024 * 1024)

/* In UTF-8, with what sed(1) does about them. */
static const struct lookalike {
	const char *bytes, *what, *sed;
} lookalikes[] = {
	{"\xc2\xa0", N_("a no-break space, which does not separate words"), "s/\\xc2\\xa0/ /g"},
	{"\xe2\x80\x8b", N_("a space without a width, which is part of a word"),
	 "s/\\xe2\\x80\\x8b//g"},
	{"\xe2\x80\x9c", N_("a typographic quote, which quotes nothing"),
	 "s/\\xe2\\x80[\\x9c\\x9d]/\"/g"},
	{"\xe2\x80\x9d", N_("a typographic quote, which quotes nothing"),
	 "s/\\xe2\\x80[\\x9c\\x9d]/\"/g"},
	{"\xe2\x80\x98", N_("a typographic quote, which quotes nothing"),
	 "s/\\xe2\\x80[\\x98\\x99]/\\x27/g"},
	{"\xe2\x80\x99", N_("a typographic quote, which quotes nothing"),
	 "s/\\xe2\\x80[\\x98\\x99]/\\x27/g"},
	{"\xef\xbb\xbf", N_("a byte order mark, which is part of a word"), "s/\\xef\\xbb\\xbf//g"},
};

static const struct lookalike *find_lookalike(const char *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(lookalikes); i++)
		if (strstr(line, lookalikes[i].bytes))
			return &lookalikes[i];
	return NULL;
}

/* A mark at the beginning of the file spoils a comment, too. */
static bool counts(const char *line, const char *needle)
{
	return !strncmp(line, "\xef\xbb\xbf", 3) || strstr(line, needle);
}

static bool is_comment(const char *line)
{
	return line[strspn(line, " \t")] == '#';
}

/* NEEDLE: what a line must have to count. */
static int look_at_file(const struct fs_root *root, const char *path, const char *needle,
			struct problems *problems)
{
	auto_free char *text = NULL;
	int err = fs_read_regular(root, path, TEXT_MAX, &text, NULL);
	char *rest = text, *line;

	/* What cannot be read is reported by those who need it. */
	if (err)
		return err == -ENOMEM ? err : 0;
	for (unsigned int number = 1; !err && (line = strsep(&rest, "\n")); number++) {
		const struct lookalike *found = find_lookalike(line);

		if (!found || is_comment(line) || !counts(line, needle))
			continue;
		err = problems_add(problems, "wrong-character", PROBLEM_ENABLE,
				   fs_path(_("/%s:%u: it has %s (copied from a web page?)"), path,
					   number, _(found->what)),
				   fs_path("LC_ALL=C sed -i '%s' /%s", found->sed, path));
	}
	return err;
}

int problems_find_in_text(const struct fs_root *root, const struct bootloader *bootloader,
			  struct problems *problems)
{
	const struct edits none = {.root = root};
	const char *file = bootloader_config_file(bootloader->kind);
	auto_names struct fs_names files = {0};
	int err = 0;

	if (bootloader->kind == BOOTLOADER_GRUB)
		err = bootcfg_grub_files(&none, &files);
	else if (file)
		err = fs_names_add(&files, file);
	for (size_t i = 0; i < files.n && !err; i++)
		err = look_at_file(root, files.items[i],
				   bootloader->kind == BOOTLOADER_GRUB ? "GRUB_CMDLINE" : "",
				   problems);
	return err;
}
