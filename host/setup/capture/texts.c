// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/capture/texts.h"

#include <stdio.h>
#include <string.h>

#include "host/text/strbuf.h"
#include "host/setup/capture/boot_texts.h"
#include "host/setup/capture/wordlist.h"
#include "host/setup/capture/words.h"

/* One line, without its newline. */
struct line {
	const char *at;
	size_t len;
};

typedef int reduce_line(const struct texts *texts, const char *words, const char *line,
			struct strbuf *out);

/* Whether the line begins with one of WORDS, and a character that ends it. */
static bool begins_with_one(const char *line, const char *words)
{
	const char *word;
	size_t len;

	line += strspn(line, " \t");
	while (wordlist_next(&words, &word, &len))
		if (!strncmp(line, word, len) && strchr(" \t:=", line[len]))
			return true;
	return false;
}

/* ---- one line of each kind ---- */

/* What begins a comment counts outside quotes, and where a word could begin. */
static size_t comment_at(const char *line)
{
	char quote = '\0';

	for (size_t i = 0; line[i]; i++) {
		if (quote ? line[i] == quote : line[i] == '"' || line[i] == '\'')
			quote = quote ? '\0' : line[i];
		else if (!quote && (line[i] == '#' || (line[i] == '/' && line[i + 1] == '/')) &&
			 (!i || strchr(" \t;,{}()", line[i - 1])))
			return i;
	}
	return strlen(line);
}

static int add_without_comment(const struct texts *texts, const char *words, const char *line,
			       struct strbuf *out)
{
	size_t n = comment_at(line);

	(void)texts;
	(void)words;
	strbuf_add_bytes(out, line, n);
	strbuf_add(out, "%s", line[n] ? "#" : "");
	return 0;
}

static int add_words(const struct texts *texts, const char *words, const char *line,
		     struct strbuf *out)
{
	size_t n = comment_at(line);

	(void)words;
	if (strspn(line, " \t") == n) {
		strbuf_add(out, "%s", line[n] ? "#" : "");
		return 0;
	}
	return words_mask(texts->standins, line, n, out)
		       ?: (strbuf_add(out, "%s", line[n] ? "#" : ""), 0);
}

static int add_place(const struct texts *texts, const char *words, const char *line,
		     struct strbuf *out)
{
	const char *entry = after_prefix(line, "entry ");

	(void)words;
	strbuf_add(out, "%s", entry ? "entry " : line);
	return entry ? words_mask(texts->standins, entry, strlen(entry), out) : 0;
}

static int add_if_has(const struct texts *texts, const char *words, const char *line,
		      struct strbuf *out)
{
	(void)texts;
	if (wordlist_in_line(words, line))
		strbuf_add(out, "%s", line);
	return 0;
}

static int add_if_sets_it(const struct texts *texts, const char *words, const char *line,
			  struct strbuf *out)
{
	return wordlist_in_line(words, line) ? add_without_comment(texts, words, line, out) : 0;
}

/* Headers are not indented. */
static int add_if_sets(const struct texts *texts, const char *words, const char *line,
		       struct strbuf *out)
{
	bool header = *line && !strchr(" \t#", *line);

	(void)texts;
	if (header || begins_with_one(line, words))
		strbuf_add(out, "%s", line);
	else if (line[strspn(line, " \t\r")])
		strbuf_add(out, "#");
	return 0;
}

/* "ring0_addr: pve1", "cluster_name: home". */
static int add_if_named(const struct texts *texts, const char *words, const char *line,
			struct strbuf *out)
{
	const char *value = strchr(line, ':');

	if (strpbrk(line, "{}"))
		strbuf_add(out, "%s", line);
	if (!value || !begins_with_one(line, words))
		return 0;
	value += 1 + strspn(value + 1, " \t");
	if (!strstr(line, "id:") && !(*value >= '0' && *value <= '9') && !strchr(value, ':') &&
	    !standins_of(texts->standins, STANDIN_HOST, value, strcspn(value, " \t\r")))
		return -ENOMEM;
	strbuf_add(out, "%s", line);
	return 0;
}

static int add_hosts(const struct texts *texts, const char *words, const char *line,
		     struct strbuf *out)
{
	size_t n = strcspn(line, "#"), at = strcspn(line, " \t");

	(void)words;
	while (at < n) {
		at += strspn(line + at, " \t");
		if (at < n && !standins_of(texts->standins, STANDIN_HOST, line + at,
					   strcspn(line + at, " \t.#")))
			return -ENOMEM;
		at += strcspn(line + at, " \t");
	}
	strbuf_add_bytes(out, line, n);
	return 0;
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue": the sixth field
 * and the last are options, and the one before a file system's server. (Linux:
 * Documentation/filesystems/proc.rst) */
static int add_mount(const struct texts *texts, const char *words, const char *line,
		     struct strbuf *out)
{
	auto_free char *copy = strdup(line);
	char *rest = copy, *field;
	int i = 0, behind = -1;

	(void)texts;
	(void)words;
	if (!copy)
		return -ENOMEM;
	for (; (field = strsep(&rest, " ")); i++) {
		if (behind < 0 && i >= 6 && !strcmp(field, "-"))
			behind = 0;
		else if (behind >= 0)
			behind++;
		if (i == 5 || behind == 3)
			field = (char *)(uintptr_t) "rw";
		else if (behind == 2 && strpbrk(field, ":@") && field[0] != '/')
			field = (char *)(uintptr_t) "server:/share";
		else if (behind == 2 && !strncmp(field, "//", 2))
			field = (char *)(uintptr_t) "//server/share";
		strbuf_add(out, "%s%s", i ? " " : "", field);
	}
	return 0;
}

static int add_user(const struct texts *texts, const char *words, const char *line,
		    struct strbuf *out)
{
	size_t n = strcspn(line, ":");
	unsigned int uid;
	const char *number = strchr(line + n + !!line[n], ':'), *name;

	(void)words;
	if (!number || (number++, !number_take(&number, &uid)))
		return 0;
	name = uid < 1000 ? NULL : standins_of(texts->standins, STANDIN_USER, line, n);
	if (uid >= 1000 && !name)
		return -ENOMEM;
	strbuf_add(out, "%.*s:x:%u:%u:::", name ? (int)strlen(name) : (int)n, name ? name : line,
		   uid, uid);
	return 0;
}

static int add_mapping(const struct texts *texts, const char *words, const char *line,
		       struct strbuf *out)
{
	(void)texts;
	(void)words;
	if (strstr(line, " /dev/"))
		strbuf_add(out, "%s", line);
	return 0;
}

static int add_mounted(const struct texts *texts, const char *words, const char *line,
		       struct strbuf *out)
{
	return boot_texts_add_mount(texts->standins, words, line, out);
}

static int add_array(const struct texts *texts, const char *words, const char *line,
		     struct strbuf *out)
{
	(void)words;
	return boot_texts_add_array(texts->standins, line, out);
}

static int add_udev(const struct texts *texts, const char *words, const char *line,
		    struct strbuf *out)
{
	(void)words;
	return boot_texts_add_udev(texts->standins, line, out);
}

static int each_line(const struct texts *texts, const char *words, const char *text, size_t len,
		     reduce_line *reduce, struct strbuf *out)
{
	int err = 0;

	for (size_t at = 0; !err && at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;
		auto_free char *line = strndup(text + at, n);

		err = line ? reduce(texts, words, line, out) : -ENOMEM;
		if (end)
			strbuf_add(out, "\n");
		at += n + 1;
	}
	return err;
}

/* ---- what has no lines ---- */

#define SERIAL_CAP 3

static uint32_t word_at(const char *space, size_t at)
{
	const unsigned char *b = (const unsigned char *)space + at;

	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* The stand-in of the serial number at AT, in its eight bytes, lowest first. (PCI Express Base
 * Specification, 7.9.3) */
static int replace_serial(const struct texts *texts, char *space, size_t at)
{
	char text[17];
	const char *with;
	uint64_t number;

	snprintf(text, sizeof(text), "%08x%08x", word_at(space, at + 4), word_at(space, at));
	if (strspn(text, "0") == 16 || strspn(text, "f") == 16)
		return 0;
	with = standins_of(texts->standins, STANDIN_SERIAL, text, 16);
	number = with ? strtoull(with, NULL, 16) : 0;
	for (size_t i = 0; i < 8; i++)
		space[at + i] = (char)(number >> 8 * i & 0xff);
	return with ? 0 : -ENOMEM;
}

static int reduce_space(const struct texts *texts, char *space, size_t len)
{
	size_t at = 256;
	int err = 0;

	for (size_t left = 1024; !err && left && at >= 256 && at + 12 <= len; left--) {
		uint32_t head = word_at(space, at);

		if (!head || head == UINT32_MAX)
			break;
		if ((head & 0xffff) == SERIAL_CAP)
			err = replace_serial(texts, space, at + 4);
		at = head >> 20 & 0xffc;
	}
	return err;
}

/* Attributes of the variable and of the entry, the length of its path, its name in UTF-16 with two
 * NULs behind it; and the path, which may name a disk or a network card. Of the name the first
 * words that are of letters only: behind "UEFI Samsung" comes the serial number. (UEFI
 * Specification, 3.1.3) */
static void reduce_entry(const char *text, size_t len, struct strbuf *out)
{
	const size_t name_at = 10;
	size_t good = name_at, n = name_at, letters = 0, digits = 0;

	for (; n + 1 < len && !text[n + 1]; n += 2) {
		bool digit = text[n] >= '0' && text[n] <= '9';

		if (text[n] && text[n] != ' ') {
			letters += !digit && text[n] != '.';
			digits += digit;
			continue;
		}
		if (digits && (letters || digits > 4))
			break;
		good = n;
		letters = digits = 0;
		if (!text[n])
			break;
	}
	strbuf_add_bytes(out, text, len < good ? len : good);
	if (len > name_at)
		strbuf_add_bytes(out, "\0\0", 2);
}

/* Whether LINE is one of WORDS, "a|b". */
static bool is_one(const char *line, const char *words)
{
	const char *word;
	size_t len;

	while (wordlist_next(&words, &word, &len))
		if (strlen(line) == len && !strncmp(line, word, len))
			return true;
	return false;
}

static int add_setting(const struct texts *texts, const char *words, const char *line,
		       struct strbuf *out)
{
	if (!is_one(line, words))
		return add_without_comment(texts, words, line, out);
	strbuf_add(out, "%s", line);
	return 0;
}

/* TEXT with spaces for the comments that can go on over lines; WORDS are comments of ours. */
static int reduce_settings(const struct texts *texts, const char *words, const char *text,
			   size_t len, struct strbuf *out)
{
	auto_free char *copy = malloc(len + 1);
	char *at = copy, *end;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, len);
	copy[len] = '\0';
	while ((at = strstr(at, "/*"))) {
		end = strstr(at + 2, "*/");
		for (end = end ? end + 2 : copy + len; at < end; at++)
			if (*at != '\n')
				*at = ' ';
	}
	return each_line(texts, words, copy, len, add_setting, out);
}

/* Its arguments have a NUL after each. */
static int reduce_command(const char *text, size_t len, struct strbuf *out)
{
	static const char *const kept[] = {"-id", "--id", "-pidfile", "--pidfile"};
	const char *option = NULL;

	for (const char *arg = text; arg < text + len; arg += strlen(arg) + 1) {
		const char *device = strcmp(option ? option : "", "-device") ? NULL : arg;

		if (option && (!device || strstr(device, "vfio-pci"))) {
			strbuf_add_bytes(out, option, strlen(option) + 1);
			strbuf_add_bytes(out, arg, strlen(arg) + 1);
		}
		option = strcmp(arg, "-device") ? NULL : arg;
		for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
			if (!strcmp(arg, kept[i]))
				option = arg;
	}
	return 0;
}

/* ---- all kinds ---- */

static int reduce_config(texts_reduce *reduce, const char *text, size_t len, struct strbuf *out)
{
	auto_free char *reduced = NULL;
	int err = reduce(text, len, &reduced);

	if (!err)
		strbuf_add(out, "%s", reduced);
	return err;
}

static int reduce(const struct texts *texts, enum texts_kind kind, const char *words,
		  const char *text, size_t len, struct strbuf *out)
{
	static reduce_line *const by_line[] = {
		[TEXTS_CONFIG] = add_without_comment,
		[TEXTS_WORDS] = add_words,
		[TEXTS_LINES] = add_if_has,
		[TEXTS_KEYS] = add_if_sets,
		[TEXTS_SERVERS] = add_if_named,
		[TEXTS_MOUNTS] = add_mount,
		[TEXTS_MAPS] = add_mapping,
		[TEXTS_USERS] = add_user,
		[TEXTS_HOSTS] = add_hosts,
		[TEXTS_PLACES] = add_place,
		[TEXTS_SETTERS] = add_if_sets_it,
		[TEXTS_FSTAB] = add_mounted,
		[TEXTS_ARRAYS] = add_array,
		[TEXTS_UDEV] = add_udev,
	};

	if (kind < ARRAY_SIZE(by_line) && by_line[kind])
		return each_line(texts, words, text, len, by_line[kind], out);
	if (kind == TEXTS_HERE)
		return 0;
	if (kind == TEXTS_COMMAND)
		return reduce_command(text, len, out);
	if (kind == TEXTS_SETTINGS)
		return reduce_settings(texts, words, text, len, out);
	if (kind == TEXTS_POOLS)
		return boot_texts_reduce_pools(text, len, out);
	if (kind == TEXTS_IFACES)
		return boot_texts_reduce_interfaces(words, text, out);
	if (kind == TEXTS_NETWORK)
		return boot_texts_reduce_network(words, text, out);
	if (kind == TEXTS_ENTRY)
		reduce_entry(text, len, out);
	if (kind == TEXTS_PREFIX)
		strbuf_add(out, "%.*s", (int)strcspn(text, "-") + (text[strcspn(text, "-")] == '-'),
			   text);
	if (kind == TEXTS_ENTRY || kind == TEXTS_PREFIX)
		return 0;
	if (kind == TEXTS_VM || kind == TEXTS_CT)
		return reduce_config(kind == TEXTS_VM ? texts->reduce_vm : texts->reduce_ct, text,
				     len, out);
	strbuf_add_bytes(out, text, len);
	return kind == TEXTS_SPACE && out->text ? reduce_space(texts, out->text, out->len) : 0;
}

int texts_reduce_one(const struct texts *texts, enum texts_kind kind, const char *words,
		     const char *text, size_t len, char **ret, size_t *ret_len)
{
	auto_strbuf struct strbuf out = {0};
	int err = reduce(texts, kind, words, text, len, &out);

	if (err)
		return err;
	if (kind == TEXTS_BYTES || kind == TEXTS_SPACE || kind == TEXTS_ENTRY) {
		*ret_len = out.len;
		*ret = strbuf_take(&out);
	} else {
		*ret = out.failed ? NULL
				  : standins_replace(texts->standins, out.text ? out.text : "",
						     out.len, ret_len);
	}
	return *ret ? 0 : -ENOMEM;
}
