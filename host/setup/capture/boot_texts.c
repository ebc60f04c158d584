// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/capture/boot_texts.h"

#include <ctype.h>
#include <fnmatch.h>
#include <string.h>

#include "host/setup/capture/wordlist.h"
#include "host/setup/early/boot_uses.h"

#define BLANKS	   " \t\r"
#define DIGITS	   "0123456789"
#define TYPE_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.," DIGITS

static int note(struct standins *standins, const char *text, size_t len)
{
	return standins_of(standins, STANDIN_SERIAL, text, len) ? 0 : -ENOMEM;
}

/* ---- fstab(5), crypttab(5), units ---- */

/* Options that say nothing of whose host it is; others are kept when they name a disk. */
static const char *const options[] = {
	"defaults",
	"auto",
	"noauto",
	"nofail",
	"ro",
	"rw",
	"sw",
	"swap",
	"luks",
	"plain",
	"initramfs",
	"bind",
	"rbind",
	"noatime",
	"relatime",
	"discard*",
	"errors=*",
	"umask=*",
	"pri=*",
	"user",
	"users",
	"nouser",
	"exec",
	"noexec",
	"suid",
	"nosuid",
	"dev",
	"nodev",
	"sync",
	"async",
	"_netdev",
	"x-initrd.*",
	"x-systemd.*timeout=*",
	"x-systemd.automount",
};

/* Whether the whole of TEXT does. */
static bool names_disk(const char *text)
{
	static const char *const marks[] = {
		"/dev/", "UUID=", "LABEL=", "PARTUUID=", "PARTLABEL=", "ID="};

	text += strspn(text, "\"'");
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (after_prefix(text, marks[i]))
			return true;
	return false;
}

/* "FILE:UUID=…" is a file on a disk. (crypttab(5)) */
static bool names_place(const char *text)
{
	const char *colon = strchr(text, ':');

	return names_disk(text) || (colon && names_disk(colon + 1));
}

static bool is_plain_option(const char *option)
{
	const char *value = strchr(option, '=');

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (!fnmatch(options[i], option, 0))
			return true;
	return value && names_place(value + 1);
}

/* Cuts LIST. */
static void add_options(char *list, struct strbuf *out)
{
	char *option;
	bool any = false;

	while ((option = strsep(&list, ","))) {
		if (!is_plain_option(option))
			continue;
		strbuf_add(out, "%s%s", any ? "," : "", option);
		any = true;
	}
	if (!any)
		strbuf_add(out, "defaults");
}

/* What is mounted: of another host's only that it is. */
static int add_source(struct standins *standins, const char *source, struct strbuf *out)
{
	const char *id = after_prefix(source + strspn(source, "\"'"), "ID=");
	bool share = !strncmp(source, "//", 2) ||
		     (*source != '/' && strpbrk(source, ":@#=") && !names_disk(source));
	size_t n;

	strbuf_add(out, "%s", share ? "server:/share" : source);
	if (!id)
		return 0;
	id += strspn(id, "\"'");
	n = strcspn(id, "\"'" BLANKS);
	return n ? note(standins, id, n) : 0;
}

/* The field NUMBER, from 0 on. */
static int add_field(struct standins *standins, const char *words, int number, char *field,
		     struct strbuf *out)
{
	bool key = words && !names_place(field), type = !field[strspn(field, TYPE_CHARS)];

	if (!number)
		return add_source(standins, field, out);
	if (number == 3)
		add_options(field, out);
	else if ((number == 2 && (words ? key : !type)) || number > 5 ||
		 (number > 3 && field[strspn(field, DIGITS)]))
		strbuf_add(out, "none");
	else
		strbuf_add(out, "%s", field);
	return 0;
}

static int add_fields(struct standins *standins, const char *words, const char *line,
		      struct strbuf *out)
{
	auto_free char *copy = strdup(line);
	char *at = copy;
	int number = 0, err = 0;

	if (!copy)
		return -ENOMEM;
	while (!err && *at) {
		size_t n = strspn(at, BLANKS);
		char *end;

		strbuf_add_bytes(out, at, n);
		at += n;
		n = strcspn(at, BLANKS);
		end = at + n;
		if (n) {
			auto_free char *field = strndup(at, n);

			if (!field)
				return -ENOMEM;
			err = add_field(standins, words, number++, field, out);
		}
		at = end;
	}
	return err;
}

int boot_texts_add_mount(struct standins *standins, const char *words, const char *line,
			 struct strbuf *out)
{
	const char *text = line + strspn(line, BLANKS);
	bool unit = words && !strcmp(words, "unit");
	const char *what = unit ? after_prefix(text, "What") : NULL;

	what = what ? what + strspn(what, BLANKS) : "";
	if (*what == '=') {
		what += 1 + strspn(what + 1, BLANKS);
		strbuf_add_bytes(out, text, (size_t)(what - text));
		return add_source(standins, what, out);
	}
	if (*text == '#' || unit) {
		strbuf_add(out, "%s", *text ? "#" : "");
		return 0;
	}
	return add_fields(standins, words, line, out);
}

/* ---- mdadm.conf(5) ---- */

/* The name of an array has that of the host that made it: "HOST:0", "HOST:data". */
static int note_maker(struct standins *standins, const char *name)
{
	size_t n = strcspn(name, ":" BLANKS);

	/* One letter is a word of too many other texts. */
	if (n < 2 || name[n] != ':' || !name[n + 1] || strchr(BLANKS, name[n + 1]))
		return 0;
	return standins_of(standins, STANDIN_HOST, name, n) ? 0 : -ENOMEM;
}

/* A line that begins with a blank goes on with the one before. */
static bool is_kept(const char *line, const char *text)
{
	if (text != line)
		return strcasestr(text, "UUID=") || strstr(text, "/dev/");
	return !strncasecmp(text, "ARRAY", 5) || !strncasecmp(text, "DEVICE", 6);
}

int boot_texts_add_array(struct standins *standins, const char *line, struct strbuf *out)
{
	static const char *const before[] = {"name=", "/md/"};
	const char *text = line + strspn(line, BLANKS);
	auto_free char *bare = strndup(line, strcspn(line, "#"));
	int err = bare ? 0 : -ENOMEM;

	if (!is_kept(line, text)) {
		strbuf_add(out, "%s", *text ? "#" : "");
		return err;
	}
	for (size_t i = 0; !err && i < ARRAY_SIZE(before); i++) {
		const char *name = strcasestr(bare, before[i]);

		err = name ? note_maker(standins, name + strlen(before[i])) : 0;
	}
	strbuf_add(out, "%s", bare ? bare : "");
	return err;
}

/* ---- names of disks ---- */

int boot_texts_note_disks(const struct fs_root *root, struct standins *standins)
{
	auto_names struct fs_names names = {0};
	int err = fs_list(root, "dev/disk/by-id", &names);

	if (err) /* what cannot be listed is in no capture */
		return err == -ENOMEM ? err : 0;
	for (size_t i = 0; !err && i < names.n; i++)
		err = note(standins, names.items[i], strlen(names.items[i]));
	return err;
}

/* "disk/by-id/…", "md/HOST:0" */
static int note_link(struct standins *standins, const char *link)
{
	const char *id = after_prefix(link, "disk/by-id/"), *array = after_prefix(link, "md/");

	if (id)
		return note(standins, id, strlen(id));
	return array ? note_maker(standins, array) : 0;
}

/* An id that is none of those which are known by their form: that of ZFS is a number. */
static int note_id(struct standins *standins, const char *id)
{
	return strlen(id) > 9 && !strchr(id, '-') ? note(standins, id, strlen(id)) : 0;
}

int boot_texts_add_udev(struct standins *standins, const char *line, struct strbuf *out)
{
	static const struct {
		const char *key;
		int (*note)(struct standins *standins, const char *value);
	} kept[] = {
		{"S:", note_link},
		{"E:ID_FS_TYPE=", NULL},
		{"E:ID_FS_LABEL=", note_maker},
		{"E:ID_FS_UUID=", note_id},
		{"E:ID_PART_ENTRY_UUID=", note_id},
		{"E:ID_PART_ENTRY_NAME=", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		const char *value = after_prefix(line, kept[i].key);

		if (!value)
			continue;
		/* "disk/by-loop-ref/FILE" */
		if (after_prefix(value, "disk/by-loop"))
			return 0;
		strbuf_add(out, "%s", line);
		return kept[i].note ? kept[i].note(standins, value) : 0;
	}
	return 0;
}

/* ---- zpool.cache ---- */

int boot_texts_reduce_pools(const char *text, size_t len, struct strbuf *out)
{
	bool named = false;
	size_t n;

	for (size_t at = 0; at < len; at += n + !n) {
		auto_free char *run = NULL;
		const char *path;

		for (n = 0; at + n < len && isgraph((unsigned char)text[at + n]);)
			n++;
		if (!n || (n < 3 && !named))
			continue;
		run = strndup(text + at, n);
		if (!run)
			return -ENOMEM;
		/* The last byte of a string's length is before it, and may be one that is printed.
		 */
		path = strstr(run, "/dev/");
		if (path || named)
			strbuf_add(out, "%s\n", path ? path : run);
		named = !strcmp(run, "name");
	}
	return 0;
}

/* ---- lines that go on ---- */

/* Without what somebody took for a comment; a line that goes on still does. */
static void add_without_comment(const char *line, struct strbuf *out)
{
	const char *comment = line[strspn(line, BLANKS)] == ';' ? line : strchr(line, '#');
	size_t n = strlen(line);

	while (comment && comment > line && !strchr(BLANKS, comment[-1]))
		comment = strchr(comment + 1, '#');
	if (comment)
		strbuf_add(out, "%.*s%s", (int)(comment - line), line,
			   line[n - 1] == '\\' ? "\\" : "");
	else
		strbuf_add(out, "%s", line);
}

/* Of a file that is read line by line. */
struct reading {
	bool goes_on; /* the line before goes on in this one */
	bool kept;    /* and was kept */
	bool match;   /* in the section [Match] */
};

typedef int add_line(struct reading *reading, const char *words, const char *line,
		     struct strbuf *out);

/* A line that goes on is kept or not with its first part. */
static int each_line(add_line *add, const char *words, const char *text, struct strbuf *out)
{
	struct reading reading = {0};
	auto_free char *copy = strdup(text);
	char *rest = copy, *line;
	int err = copy ? 0 : -ENOMEM;

	while (!err && (line = strsep(&rest, "\n"))) {
		size_t n = strlen(line);

		if (!reading.goes_on)
			err = add(&reading, words, line, out);
		else if (reading.kept)
			add_without_comment(line, out);
		reading.goes_on = n && line[n - 1] == '\\';
		if (rest)
			strbuf_add(out, "\n");
	}
	return err;
}

static int add_interface_line(struct reading *reading, const char *words, const char *line,
			      struct strbuf *out)
{
	const char *text = line + strspn(line, BLANKS);

	reading->kept = *text && *text != '#' &&
			(boot_uses_decides(text) || wordlist_in_line(words, text));
	if (reading->kept)
		add_without_comment(line, out);
	return 0;
}

int boot_texts_reduce_interfaces(const char *words, const char *text, struct strbuf *out)
{
	return each_line(add_interface_line, words, text, out);
}

/* A condition of the section [Match]: one that is not looked at counts as it is, but not with its
 * value, which may be a network's name. */
static int add_condition(struct reading *reading, const char *text, struct strbuf *out)
{
	static const char *const looked_at[] = {
		"Name", "MACAddress", "PermanentMACAddress", "Path",	    "Driver",
		"Type", "Kind",	      "WLANInterfaceType",   "OriginalName"};
	size_t n = strcspn(text, "=" BLANKS);
	const char *value = text + n + strspn(text + n, "=" BLANKS);

	for (size_t i = 0; !reading->kept && i < ARRAY_SIZE(looked_at); i++)
		reading->kept = strlen(looked_at[i]) == n && !strncmp(text, looked_at[i], n);
	if (reading->kept || !*value)
		add_without_comment(text, out);
	else
		strbuf_add(out, "%.*s=?", (int)n, text);
	return 0;
}

static int add_network_line(struct reading *reading, const char *words, const char *line,
			    struct strbuf *out)
{
	const char *text = line + strspn(line, BLANKS);

	reading->kept = *text == '[';
	if (*text == '[')
		reading->match = !!after_prefix(text, "[Match]");
	else if (!*text || strchr("#;", *text))
		return 0;
	else if (reading->match)
		return add_condition(reading, text, out);
	reading->kept |= after_prefix(text, "Unmanaged") || after_prefix(text, "Name=") ||
			 wordlist_in_line(words, text);
	if (reading->kept)
		add_without_comment(line, out);
	return 0;
}

int boot_texts_reduce_network(const char *words, const char *text, struct strbuf *out)
{
	return each_line(add_network_line, words, text, out);
}
