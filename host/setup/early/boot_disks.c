// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/early/boot_uses.h"

#include "host/base/log.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX ((size_t)4 * 1024 * 1024)

/* Where disks are named; a directory stands for those of its files that end in SUFFIX. */
static const struct place {
	const char *path, *suffix; /* NULL: a file */
	bool noauto;		   /* a line with the option noauto is no use at boot */
	bool bytes;		   /* it has no lines */
} places[] = {
	{"etc/fstab", NULL, true, false},
	{"etc/crypttab", NULL, true, false},
	{"etc/mdadm/mdadm.conf", NULL, false, false},
	{"etc/mdadm.conf", NULL, false, false},
	{"etc/pve/storage.cfg", NULL, false, false},
	{"etc/zfs/zpool.cache", NULL, false, true},
	{"etc/lvm/backup", "", false, false},
	{"etc/systemd/system", ".mount", false, false},
	{"etc/systemd/system", ".swap", false, false},
	{"etc/initramfs-tools/conf.d", "", false, false},
	{"etc/kernel/cmdline", NULL, false, false},
	{"etc/default/grub", NULL, false, false},
	{"proc/cmdline", NULL, false, false},
};

/* What may be a part of a name. */
static bool is_part(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("-_.:", c));
}

bool boot_uses_mention(const char *text, size_t len, const char *name)
{
	size_t n = strlen(name);
	const char *end = text + len, *at = text;

	while (n && (at = memmem(at, (size_t)(end - at), name, n))) {
		bool begins = at == text || (!is_part(at[-1]) && at[-1] != '/') || *name == '/' ||
			      (at[-1] == ':' && strchr(name, '=')); /* "/keyfile:UUID=…" */
		bool ends = at + n == end || !at[n] || !is_part(at[n]);

		if (begins && ends)
			return true;
		at++;
	}
	return false;
}

static bool mentions(const struct boot_names *names, const char *text, size_t len)
{
	if (names->by_path && memmem(text, len, names->by_path, strlen(names->by_path)))
		return true;
	for (size_t i = 0; i < names->disks.n; i++)
		if (boot_uses_mention(text, len, names->disks.items[i]))
			return true;
	return false;
}

static bool is_noauto(const char *line)
{
	return boot_uses_mention(line, strlen(line), "noauto");
}

/* UUID="…" is UUID=… */
static void drop_quotes(char *line)
{
	char *to = line;

	for (; *line; line++)
		if (*line != '"' && *line != '\'')
			*to++ = *line;
	*to = '\0';
}

static int read_lines(const struct place *place, const char *path, char *text,
		      const struct boot_names *names, struct conf_items *ret)
{
	char *rest = text, *line;
	int err = 0;

	for (unsigned int number = 1; !err && (line = strsep(&rest, "\n")); number++) {
		line += strspn(line, " \t");
		drop_quotes(line);
		if (*line == '#' || !mentions(names, line, strlen(line)) ||
		    (place->noauto && is_noauto(line)))
			continue;
		err = conf_items_add(ret, line, path, number);
	}
	return err;
}

int boot_uses_read(const struct fs_root *root, const char *path, size_t max, char **ret,
		   size_t *ret_len)
{
	int err = fs_read_regular(root, path, max, ret, ret_len);

	if (!err)
		return 0;
	*ret = NULL;
	if (err == -EMEDIUMTYPE)
		log_error(_("/%s is no regular file and is not read, so what it has the host do at "
			    "boot is not known; make it a regular file, or remove it"),
			  path);
	return fs_is_absent(err) || err == -EISDIR ? 0 : err;
}

static int read_file(const struct fs_root *root, const struct place *place, const char *path,
		     const struct boot_names *names, struct conf_items *ret)
{
	auto_free char *text = NULL;
	size_t len = 0;
	int err = boot_uses_read(root, path, TEXT_MAX, &text, &len);

	if (err || !text)
		return err;
	if (!place->bytes)
		return read_lines(place, path, text, names, ret);
	return mentions(names, text, len) ? conf_items_add(ret, _("a pool of ZFS"), path, 0) : 0;
}

static bool ends_in(const char *name, const char *suffix)
{
	size_t len = strlen(name), end = strlen(suffix);

	return len >= end && !strcmp(name + len - end, suffix);
}

static int read_dir(const struct fs_root *root, const struct place *place,
		    const struct boot_names *names, struct conf_items *ret)
{
	auto_names struct fs_names files = {0};
	int err = fs_list(root, place->path, &files);

	for (size_t i = 0; !err && i < files.n; i++) {
		auto_free char *path = fs_path("%s/%s", place->path, files.items[i]);

		if (ends_in(files.items[i], place->suffix))
			err = read_file(root, place, path, names, ret);
	}
	return err;
}

int boot_uses_find_disks(const struct fs_root *root, const struct boot_names *names,
			 struct conf_items *ret)
{
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(places); i++)
		err = places[i].suffix ? read_dir(root, &places[i], names, ret)
				       : read_file(root, &places[i], places[i].path, names, ret);
	return err;
}
