// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/reduce.h"

#include <stdio.h>
#include <string.h>

#include "host/base/strbuf.h"
#include "vmcfg/args.h"
#include "vmcfg/drives.h"
#include "vmcfg/keys.h"
#include "vmcfg/nets.h"
#include "vmcfg/text.h"

/* What stands for a line that decides nothing. */
#define NOTHING "#"

static bool is_key_char(char c)
{
	return char_is_alnum(c) || c == '_' || c == '-';
}

static bool is_list_char(char c)
{
	return !char_is_space(c) && c != ',' && c != ';';
}

static void add_text(struct strbuf *out, struct text t)
{
	strbuf_add_bytes(out, t.at, t.len);
}

/* ---- args ---- */

/* A word with the quotes that keep it one. */
static void add_word(struct strbuf *out, const char *word)
{
	strbuf_add(out, " \"");
	for (; *word; word++) {
		if (strchr("\"\\", *word))
			strbuf_add(out, "\\");
		strbuf_add_bytes(out, word, 1);
	}
	strbuf_add(out, "\"");
}

/* Of "-machine q35,memory-backend=mem": what may name a file of the host's is left out. */
static void add_option(struct strbuf *out, const char *option, struct text value)
{
	struct text part;
	bool first = true;

	strbuf_add(out, " %s ", option);
	while (text_next(&value, ',', &part)) {
		bool plain = part.len && part.len < 64 && !memchr(part.at, '/', part.len) &&
			     text_span(part, char_is_word) == part.len;

		if (!plain || memchr(part.at, '"', part.len) || memchr(part.at, '\'', part.len) ||
		    memchr(part.at, '\\', part.len))
			continue;
		strbuf_add(out, "%s%.*s", first ? "" : ",", (int)part.len, part.at);
		first = false;
	}
	if (first)
		strbuf_add(out, "none");
}

/* The options -machine and -cpu as they are written, without quotes that were around all of one. */
static void add_options(struct strbuf *out, struct text rest)
{
	static const char *const kept[] = {"-machine", "-cpu"};
	const char *option = NULL;

	while (rest.len) {
		struct text word;

		rest = text_skip(rest, text_span(rest, char_is_space));
		word = (struct text){rest.at, text_span(rest, char_is_word)};
		rest = text_skip(rest, word.len);
		if (option)
			add_option(out, option, word);
		option = NULL;
		text_take(&word, "-");
		for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
			if (text_is(word, kept[i]) || text_is(word, kept[i] + 1))
				option = kept[i];
	}
}

static int add_args(struct strbuf *out, struct text value)
{
	cleanup_with(args_freep) struct args *args = NULL;
	int err = args_parse(value.at, value.len, &args);

	if (err)
		return err;
	strbuf_add(out, "args:");
	if (args->dropped) { /* the whole line is ignored, and so is this one */
		strbuf_add(out, " \"");
		return 0;
	}
	for (size_t i = 0; i < args->n_devices; i++) {
		strbuf_add(out, " -device");
		add_word(out, args->devices[i].text);
	}
	add_options(out, value);
	if (args->memory && !strstr(out->text, "memory-backend="))
		strbuf_add(out, " -numa none");
	else if (!args->n_devices && out->len && out->text[out->len - 1] == ':')
		strbuf_add(out, " -S");
	return 0;
}

/* ---- one line ---- */

/* "net0: mac=…,bridge=vmbr0", or a uuid. Returns 1 when it was added; 0; -ENOMEM. */
static int add_identity(struct strbuf *out, struct text key, struct text line)
{
	struct guest_nets nets = {0};
	auto_free char *uuid = NULL;
	char mac[MAC_TEXT_SIZE];
	int err = guest_nets_parse(line.at, line.len, &nets);

	err = err ?: guest_uuid_parse(line.at, line.len, &uuid);
	if (!err && nets.n)
		strbuf_add(out, "%.*s: mac=%s,bridge=%s", (int)key.len, key.at,
			   mac_format(nets.items[0].mac, mac), nets.items[0].bridge);
	else if (!err && uuid)
		strbuf_add(out, "%.*s: uuid=%s", (int)key.len, key.at, uuid);
	err = err ? err : nets.n || uuid;
	guest_nets_free(&nets);
	return err;
}

static int add_drive(struct strbuf *out, struct text key, struct text value)
{
	struct drives drives = {0};
	int err = drives_set(&drives, key, value, false);

	if (err)
		return err;
	if (!drives.n)
		strbuf_add(out, NOTHING);
	else
		strbuf_add(out, "%.*s: %s", (int)key.len, key.at,
			   drives.items[0].kind == DRIVE_NO_DISK ? "none,media=cdrom" : "disk");
	drives_free(&drives);
	return 0;
}

/* The keys of "delete: a,!b" that decide. */
static void add_delete(struct strbuf *out, struct text list)
{
	strbuf_add(out, "delete: ");
	while (list.len) {
		struct text name = {list.at, text_span(list, is_list_char)}, bare = name;

		list = text_skip(list, name.len + (name.len < list.len));
		text_take(&bare, "!");
		strbuf_add(out, "%.*s,", vmcfg_find_key(bare) < VMCFG_KEYS ? (int)name.len : 0,
			   name.at);
	}
}

/* A line that sets KEY, which decides. */
static void add_setting(struct strbuf *out, enum vmcfg_key key, struct text name, struct text value,
			struct text line)
{
	if (key == VMCFG_NAME && text_is_dns_name(value))
		strbuf_add(out, "%.*s: vm", (int)name.len, name.at);
	else if (key == VMCFG_NAME)
		strbuf_add(out, NOTHING);
	else if (key >= VMCFG_VIRTIOFS && key < VMCFG_HOSTPCI)
		strbuf_add(out, "%.*s: dir", (int)name.len, name.at);
	else if (key == VMCFG_VMSTATE && text_is_volume(value))
		strbuf_add(out, "%.*s: local:state", (int)name.len, name.at);
	else
		add_text(out, line);
}

/* What only looks like a setting of ours, with which a message begins. */
static void add_lookalike(struct strbuf *out, struct text line)
{
	struct text word = text_trim(line);
	size_t n = text_span(word, is_key_char);

	if (!vmcfg_looks_like_key(line)) {
		strbuf_add(out, NOTHING);
		return;
	}
	strbuf_add(out, " %.*s%s", (int)n, word.at, n < word.len ? " ..." : "");
}

/* A line of a section that is read. */
static int add_line(struct strbuf *out, struct text line)
{
	struct text key = {line.at, text_span(line, is_key_char)}, value, trimmed = text_trim(line);
	struct text net_key = {trimmed.at, text_span(trimmed, is_key_char)};
	enum vmcfg_key number;
	int done = add_identity(out, net_key, line);

	if (done)
		return done < 0 ? done : 0;
	if (!key.len || key.len == line.len || line.at[key.len] != ':' ||
	    text_is_blank(text_skip(line, key.len + 1))) {
		add_lookalike(out, line);
		return 0;
	}
	value = text_trim(text_skip(line, key.len + 1));
	if (text_is(key, "args"))
		return add_args(out, value);
	number = vmcfg_find_key(key);
	if (text_is(key, "delete"))
		add_delete(out, value);
	else if (number < VMCFG_KEYS)
		add_setting(out, number, key, value, line);
	else if (vmcfg_looks_like_key(key))
		strbuf_add(out, "%.*s: none", (int)key.len, key.at);
	else
		return add_drive(out, key, value);
	return 0;
}

/* Whether it is a section's header; and whether that section is read. */
static bool is_header(struct text line, bool *ret_read)
{
	struct text name = text_trim_end(line);

	if (!text_take(&name, "[") || !text_take_end(&name, "]"))
		return false;
	*ret_read = text_is_nocase(name, "PENDING");
	return true;
}

/* An unfinished snapshot, whatever comes before it. */
static bool is_snapstate(struct text line)
{
	line = text_trim_end(line);
	if (!text_take_end(&line, "prepare") && !text_take_end(&line, "delete"))
		return false;
	line = text_trim_end(line);
	return text_take_end(&line, "snapstate:");
}

int vmcfg_reduce(const char *text, size_t len, char **ret)
{
	auto_strbuf struct strbuf out = {0};
	struct text rest = {text, len}, line;
	bool read = true, first = true;
	int err = 0;

	while (!err && text_next(&rest, '\n', &line)) {
		strbuf_add(&out, "%s", first ? "" : "\n");
		first = false;
		if (text_is_blank(line))
			continue;
		if (is_header(line, &read))
			strbuf_add(&out, read ? "[PENDING]" : "[snapshot]");
		else if (!read || line.at[0] == '#' || is_snapstate(line))
			strbuf_add(&out, NOTHING);
		else
			err = add_line(&out, line);
	}
	*ret = err ? NULL : strbuf_take(&out);
	return err ? err : *ret ? 0 : -ENOMEM;
}

/* ---- containers ---- */

/* "dev0: /dev/dri/card0", "mp0: /dev/sdb1,mp=/x", "lxc.mount.entry: /dev/dri dev/dri …": with the
 * path on the host, and nothing behind it. */
static void add_given(struct strbuf *out, struct text line)
{
	static const char *const keys[] = {"dev", "mp", "rootfs", "lxc.mount.entry"};
	const char *path = line.len ? memchr(line.at, '/', line.len) : NULL;
	size_t begin = path ? (size_t)(path - line.at) : 0, n;

	for (size_t i = 0; path && i < ARRAY_SIZE(keys); i++) {
		struct text key = line;

		if (!text_take(&key, keys[i]))
			continue;
		n = begin;
		while (n < line.len && !char_is_space(line.at[n]) && line.at[n] != ',')
			n++;
		add_text(out, (struct text){line.at, n});
		return;
	}
	strbuf_add(out, NOTHING);
}

int ctcfg_reduce(const char *text, size_t len, char **ret)
{
	auto_strbuf struct strbuf out = {0};
	struct text rest = {text, len}, line;
	bool main = true, first = true;
	int err = 0;

	while (err >= 0 && text_next(&rest, '\n', &line)) {
		struct text trimmed = text_trim(line);
		struct text key = {trimmed.at, text_span(trimmed, is_key_char)};

		strbuf_add(&out, "%s", first ? "" : "\n");
		first = false;
		main = main && !(line.len && line.at[0] == '[');
		if (!main && line.len)
			strbuf_add(&out, line.at[0] == '[' ? "[snapshot]" : NOTHING);
		else if (line.len && line.at[0] != '#')
			err = add_identity(&out, key, line);
		else
			strbuf_add(&out, line.len ? NOTHING : "");
		if (main && !err && line.len && line.at[0] != '#')
			add_given(&out, line);
		err = err < 0 ? err : 0;
	}
	*ret = err ? NULL : strbuf_take(&out);
	return err ? err : *ret ? 0 : -ENOMEM;
}
