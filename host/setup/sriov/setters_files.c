// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/sriov/setters_files.h"

#include <string.h>

#include "host/setup/sriov/units.h"

#define TEXT_MAX ((size_t)1024 * 1024)

#define NUMVFS "sriov_numvfs"

/* Whose number of VFs a line sets. TEXT is the file's, and BLOCK the line above that the line
 * belongs to: "iface eno1 …"; or NULL. */
typedef enum setters_match matcher(const struct setters_pf *pf, const char *line, const char *block,
				   const char *text);

/* A kind of file: in each of the directories, the first one that has a name counts. */
struct kind {
	const char *dirs[6];
	const char *suffix; /* of the names that count; NULL: all */
	const char *word;
	matcher *match;
	bool units;
	bool scripts; /* its lines may run scripts of the administrator's */
};

/* ---- one file ---- */

static enum setters_match match_line(const struct setters_pf *pf, const char *line,
				     const char *block, const char *text)
{
	enum setters_match match = setters_match(pf, line);

	if (match == SETTERS_UNCLEAR && block)
		match = setters_match(pf, block);
	return match == SETTERS_UNCLEAR ? setters_match(pf, text) : match;
}

static enum setters_match match_rule(const struct setters_pf *pf, const char *line,
				     const char *block, const char *text)
{
	(void)block;
	(void)text;
	return setters_match_rule(pf, line);
}

static enum setters_match match_link(const struct setters_pf *pf, const char *line,
				     const char *block, const char *text)
{
	(void)line;
	(void)block;
	return setters_match_link(pf, text);
}

/* A regular file's text, or NULL for anything else that is no error: a program, a device. */
static int read_text(const struct fs_root *root, const char *path, char **ret)
{
	auto_free char *text = NULL;
	size_t len = 0;
	int err = fs_read_regular(root, path, TEXT_MAX, &text, &len);

	*ret = NULL;
	if (err)
		return fs_is_absent(err) || err == -EISDIR || err == -EMEDIUMTYPE || err == -EFBIG
			       ? 0
			       : err;
	if (strlen(text) == len)
		*ret = TAKE_PTR(text);
	return 0;
}

/* A condition of a rule, ATTR{sriov_numvfs}=="0", sets nothing. */
static bool is_condition(const char *line)
{
	const char *at = strstr(line, NUMVFS "}");

	for (; at; at = strstr(at + 1, NUMVFS "}")) {
		const char *sign = at + strlen(NUMVFS "}");

		if (*sign == '=' && sign[1] != '=')
			return false;
	}
	return strstr(line, NUMVFS "}=") || strstr(line, NUMVFS "}!");
}

static bool is_setting(const char *line, const char *word)
{
	line += strspn(line, " \t");
	return *line != '#' && *line != ';' && strstr(line, word) && !is_condition(line);
}

/* Joins what a backslash at its end continues, in place. Returns what follows the line, and how
 * many lines it is. */
static char *end_line(char *line, unsigned int *ret_lines)
{
	char *end = line;

	for (*ret_lines = 1; (end = strchr(end, '\n')) && end > line && end[-1] == '\\';
	     ++*ret_lines)
		end[-1] = end[0] = ' ';
	if (end)
		*end = '\0';
	return end ? end + 1 : NULL;
}

static void strip_end(char *line)
{
	for (size_t len = strlen(line); len && strchr(" \t\r", line[len - 1]);)
		line[--len] = '\0';
}

/* Adds the lines of the file that set the number of the PF's VFs, or may. */
static int scan(const struct setters_pf *pf, const struct kind *kind, const char *file,
		const char *text, struct conf_items *ret)
{
	auto_free char *copy = strdup(text);
	char *line = copy, *next;
	const char *block = NULL;
	unsigned int number = 1, lines;
	int err = copy ? 0 : -ENOMEM;

	for (; !err && line; line = next, number += lines) {
		next = end_line(line, &lines);
		line += strspn(line, " \t");
		strip_end(line);
		if (after_prefix(line, "iface "))
			block = line;
		if (is_setting(line, kind->word) &&
		    kind->match(pf, line, block, text) != SETTERS_OTHER)
			err = conf_items_add(ret, line, file, number);
	}
	return err;
}

/* ---- the scripts that they run ---- */

static const struct kind script = {.word = NUMVFS, .match = match_line};

/* Where no script of the administrator's is. */
static bool is_of_the_system(const char *path)
{
	static const char *const places[] = {"bin/", "sbin/", "usr/bin/", "usr/sbin/", "usr/lib/",
					     "lib/", "sys/",  "proc/",	  "dev/",      "run/"};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (after_prefix(path, places[i]))
			return true;
	return false;
}

static int scan_script(const struct fs_root *root, const struct setters_pf *pf, const char *path,
		       struct conf_items *ret)
{
	auto_free char *text = NULL;
	int err;

	if (!*path || is_of_the_system(path))
		return 0;
	err = read_text(root, path, &text);
	return err || !text ? err : scan(pf, &script, path, text, ret);
}

/* The paths in TEXT, "ExecStart=/root/vfs.sh", but those of other programs' files. */
static int scan_scripts(const struct fs_root *root, const struct setters_pf *pf, const char *text,
			struct conf_items *ret)
{
	int err = 0;

	for (const char *at = text; !err && (at = strchr(at, '/'));) {
		size_t len = strcspn(at, " \t\r\n\"';|&()<>");
		auto_free char *path = strndup(at + 1, len - 1);
		bool begins = at == text || strchr(" \t\n\"'=@-+!:", at[-1]);

		if (!path)
			return -ENOMEM;
		if (begins)
			err = scan_script(root, pf, path, ret);
		at += len;
	}
	return err;
}

/* ---- all files ---- */

static const struct kind kinds[] = {
	{{"etc/sysfs.d"}, ".conf", NUMVFS, match_line, false, false},
	{{"etc/tmpfiles.d", "run/tmpfiles.d", "usr/local/lib/tmpfiles.d", "usr/lib/tmpfiles.d"},
	 ".conf",
	 NUMVFS,
	 match_line,
	 false,
	 false},
	{{"etc/systemd/network", "run/systemd/network", "usr/local/lib/systemd/network",
	  "usr/lib/systemd/network"},
	 ".link",
	 "SR-IOVVirtualFunctions",
	 match_link,
	 false,
	 false},
	{{"etc/modprobe.d", "run/modprobe.d", "usr/local/lib/modprobe.d", "usr/lib/modprobe.d",
	  "lib/modprobe.d"},
	 ".conf",
	 NUMVFS,
	 match_line,
	 false,
	 false},
	{{"etc/network/interfaces.d"}, NULL, NUMVFS, match_line, false, true},
	{{"etc/network/if-pre-up.d"}, NULL, NUMVFS, match_line, false, false},
	{{"etc/network/if-up.d"}, NULL, NUMVFS, match_line, false, false},
	{{"etc/udev/rules.d", "run/udev/rules.d", "usr/local/lib/udev/rules.d",
	  "usr/lib/udev/rules.d", "lib/udev/rules.d"},
	 ".rules",
	 NUMVFS,
	 match_rule,
	 false,
	 true},
	{{"etc/systemd/system", "run/systemd/system", "usr/local/lib/systemd/system",
	  "usr/lib/systemd/system", "lib/systemd/system"},
	 ".service",
	 NUMVFS,
	 match_line,
	 true,
	 true},
	{{"etc/init.d"}, NULL, NUMVFS, match_line, false, false},
	{{"etc/cron.d"}, NULL, NUMVFS, match_line, false, true},
	{{"var/spool/cron/crontabs"}, NULL, NUMVFS, match_line, false, true},
};

static const char *const files[] = {"etc/sysfs.conf", "etc/network/interfaces", "etc/rc.local",
				    "etc/crontab"};

static bool ends_in(const char *name, const char *suffix)
{
	size_t len = strlen(name), end = suffix ? strlen(suffix) : 0;

	return *name != '.' && len >= end && (!end || !strcmp(name + len - end, suffix));
}

static int scan_file(const struct fs_root *root, const struct setters_pf *pf,
		     const struct kind *kind, const char *path, struct conf_items *ret)
{
	auto_free char *text = NULL;
	int err = read_text(root, path, &text);

	if (err || !text)
		return err;
	err = scan(pf, kind, path, text, ret);
	/* What packages bring runs no script of the administrator's. */
	if (!err && kind->scripts && !is_of_the_system(path))
		err = scan_scripts(root, pf, text, ret);
	return err;
}

/* The files of a directory X.link.d or X.service.d, which add to X. */
static int scan_dropins(const struct fs_root *root, const struct setters_pf *pf,
			const struct kind *kind, const char *path, struct conf_items *ret)
{
	auto_names struct fs_names names = {0};
	int err = fs_list(root, path, &names);

	for (size_t i = 0; !err && i < names.n; i++) {
		auto_free char *file = fs_path("%s/%s", path, names.items[i]);

		if (ends_in(names.items[i], ".conf"))
			err = file ? scan_file(root, pf, kind, file, ret) : -ENOMEM;
	}
	return err;
}

/* A script that several run is told of once. */
static int add_once(struct conf_items *list, const struct conf_item *item)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].line == item->line && !strcmp(list->items[i].file, item->file))
			return 0;
	return conf_items_add(list, item->text, item->file, item->line);
}

/* An entry of a directory: a file, or the drop-ins of one. */
static int scan_entry(const struct fs_root *root, const struct setters_pf *pf,
		      const struct kind *kind, const char *dir, const char *name,
		      struct fs_names *seen, struct setters *ret)
{
	auto_free char *path = fs_path("%s/%s", dir, name);
	auto_free char *dropins = fs_path("%s.d", kind->suffix ? kind->suffix : "/");
	auto_conf_items struct conf_items found = {0};
	int used, err;

	if (!path || !dropins)
		return -ENOMEM;
	if (ends_in(name, dropins))
		return scan_dropins(root, pf, kind, path, &ret->active);
	if (!ends_in(name, kind->suffix) || fs_names_has(seen, name))
		return 0;
	err = fs_names_add(seen, name);
	if (!err)
		err = scan_file(root, pf, kind, path, &found);
	/* Few units have such lines: only of those it matters whether they are enabled. */
	used = err || !found.n || !kind->units ? 1 : units_may_run(root, path, name);
	if (used < 0)
		err = used;
	for (size_t i = 0; !err && i < found.n; i++)
		err = add_once(used ? &ret->active : &ret->dormant, &found.items[i]);
	return err;
}

static int scan_kind(const struct fs_root *root, const struct setters_pf *pf,
		     const struct kind *kind, struct setters *ret)
{
	auto_names struct fs_names seen = {0};
	int err = 0;

	for (size_t d = 0; !err && d < ARRAY_SIZE(kind->dirs) && kind->dirs[d]; d++) {
		auto_names struct fs_names names = {0};

		err = fs_list(root, kind->dirs[d], &names);
		for (size_t i = 0; !err && i < names.n; i++)
			err = scan_entry(root, pf, kind, kind->dirs[d], names.items[i], &seen, ret);
	}
	return err;
}

int setters_find_in_files(const struct fs_root *root, const struct setters_pf *pf,
			  struct setters *ret)
{
	static const struct kind file = {.word = NUMVFS, .match = match_line, .scripts = true};
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(files); i++)
		err = scan_file(root, pf, &file, files[i], &ret->active);
	for (size_t i = 0; !err && i < ARRAY_SIZE(kinds); i++)
		err = scan_kind(root, pf, &kinds[i], ret);
	return err;
}

void setters_free(struct setters *setters)
{
	conf_items_free(&setters->active);
	conf_items_free(&setters->dormant);
}
