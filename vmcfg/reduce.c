// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/reduce.h"

#include <stdio.h>
#include <string.h>

#include "host/text/strbuf.h"
#include "vmcfg/args.h"
#include "vmcfg/drives.h"
#include "vmcfg/keys.h"
#include "vmcfg/text/lines.h"
#include "vmcfg/nets.h"
#include "vmcfg/text/text.h"

/* What stands for a line that decides nothing. */
#define NOTHING "#"

static bool is_key_char(char c)
{
	return char_is_alnum(c) || c == '_' || c == '-';
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

/* 'host,kvm=off' is host,kvm=off. */
static struct text without_quotes(struct text word)
{
	struct text bare = word;

	if ((text_take(&bare, "'") && text_take_end(&bare, "'")) ||
	    (text_take(&bare, "\"") && text_take_end(&bare, "\"")))
		return bare;
	return word;
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
			add_option(out, option, without_quotes(word));
		option = NULL;
		text_take(&word, "-");
		for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
			if (text_is(word, kept[i]) || text_is(word, kept[i] + 1))
				option = kept[i];
	}
}

static int add_args(struct strbuf *out, struct text value, bool other)
{
	cleanup_with(args_freep) struct args *args = NULL;
	int err = args_parse(value.at, value.len, &args);
	size_t begin;

	if (err)
		return err;
	strbuf_add(out, "args:");
	begin = out->len;
	if (args->dropped) { /* the whole line is ignored, and so is this one */
		strbuf_add(out, other ? " '" : " \"");
		return 0;
	}
	for (size_t i = 0; i < args->n_devices; i++) {
		strbuf_add(out, " -device");
		add_word(out, args->devices[i].text);
	}
	for (size_t i = 0; i < args->n_mdevs; i++) {
		strbuf_add(out, " -device");
		add_word(out, args->mdevs[i]);
	}
	for (size_t i = 0; i < args->nodes.n; i++) {
		strbuf_add(out, " -drive");
		add_word(out, args->nodes.items[i].path);
	}
	add_options(out, value);
	if (out->failed)
		return -ENOMEM;
	if (args->memory && !strstr(out->text + begin, "memory-backend="))
		strbuf_add(out, " -numa none");
	else if (out->len == begin)
		strbuf_add(out, " -S");
	strbuf_add(out, "%s", other ? " -S" : "");
	return 0;
}

/* ---- one line ---- */

/* "net0: mac=…,bridge=vmbr0", or a uuid. Returns 1 when it was added; 0; -ENOMEM. */
static int add_identity(struct strbuf *out, struct text line)
{
	struct text rest = text_trim(line), key;
	struct guest_nets nets = {0};
	auto_free char *uuid = NULL;
	char mac[MAC_TEXT_SIZE];
	int err;

	if (!text_next(&rest, ':', &key) || !rest.at)
		return 0;
	key = text_trim(key);
	err = guest_nets_parse(line.at, line.len, &nets);
	err = err ?: guest_uuid_parse(line.at, line.len, &uuid);
	if (!err && nets.n)
		strbuf_add(out, "%.*s: mac=%s,bridge=%s", (int)key.len, key.at,
			   mac_format(nets.items[0].mac, mac), nets.items[0].bridge);
	else if (!err &&
		 text_is(key, "smbios1")) /* without one it takes away that of an earlier line */
		strbuf_add(out, "smbios1: uuid=%s", uuid ? uuid : "none");
	err = err ? err : nets.n || text_is(key, "smbios1");
	guest_nets_free(&nets);
	return err;
}

/* What a drive is, and the node that QEMU opens for it, or for a port. */
static int add_drive(struct strbuf *out, struct text key, struct text value)
{
	struct node_paths nodes = {0};
	struct drives drives = {0};
	int err = drives_set(&drives, key, value, false) ?: node_paths_set(&nodes, key, value);
	const char *path = nodes.n ? nodes.items[0].path : NULL;
	bool no_disk = drives.n && drives.items[0].kind == DRIVE_NO_DISK;
	/* A '=' in a part without a name would end one; a port's value has no parts. */
	bool named = path && strchr(path, '=') && !text_is(value, path);

	if (!drives.n && !nodes.n)
		strbuf_add(out, NOTHING);
	else
		strbuf_add(out, "%.*s: %s%s%s", (int)key.len, key.at, named ? "file=" : "",
			   path			  ? path
			   : drives.n && !no_disk ? "disk"
						  : "none",
			   no_disk ? ",media=cdrom" : "");
	drives_free(&drives);
	node_paths_free(&nodes);
	return err;
}

/* The keys of "delete: a,!b" that decide. */
static void add_delete(struct strbuf *out, struct text list)
{
	struct text name;

	strbuf_add(out, "delete: ");
	while (line_take_name(&list, &name)) {
		struct text bare = name;

		text_take(&bare, "!");
		if (vmcfg_find_key(bare) < VMCFG_KEYS || node_paths_have_key(bare))
			add_text(out, name);
		strbuf_add(out, ",");
	}
}

/* The config so far: what the main section sets, and whether [PENDING] has begun. */
struct config {
	struct text values[VMCFG_KEYS];
	bool pending;
};

/* Whether [PENDING] changes KEY to VALUE, which is to be seen, too. */
static bool changes(struct config *config, enum vmcfg_key key, struct text value)
{
	struct text *was = &config->values[key];

	if (config->pending)
		return was->at && (was->len != value.len || memcmp(was->at, value.at, value.len));
	*was = value;
	return false;
}

/* A line that sets KEY, which decides. */
static void add_setting(struct strbuf *out, struct config *config, enum vmcfg_key key,
			struct text name, struct text value, struct text line)
{
	bool valid = key == VMCFG_NAME	    ? text_is_dns_name(value)
		     : key == VMCFG_VMSTATE ? text_is_volume(value)
					    : key >= VMCFG_VIRTIOFS && key < VMCFG_HOSTPCI;
	/* A line with a carriage return is refused with a message. */
	bool stands = valid && !memchr(value.at, '\r', value.len);
	const char *with = key == VMCFG_NAME ? "vm" : key == VMCFG_VMSTATE ? "local:state" : "dir";

	if (stands)
		strbuf_add(out, "%.*s: %s%s", (int)name.len, name.at, with,
			   changes(config, key, value) ? "2" : "");
	else if (key == VMCFG_NAME)
		strbuf_add(out, NOTHING);
	else
		add_text(out, line);
}

/* What only looks like a setting of ours, with which a message begins. */
static void add_lookalike(struct strbuf *out, struct text line)
{
	struct text word = text_trim(line);
	size_t n = text_span(word, is_key_char);

	if (word.at[0] == '[')
		strbuf_add(out, " [");
	else if (!vmcfg_looks_like_key(line))
		strbuf_add(out, NOTHING);
	else
		strbuf_add(out, " %.*s%s", (int)n, word.at, n < word.len ? " ..." : "");
}

/* A line whose value has no text in it, which sets it all the same. */
static void add_blank(struct strbuf *out, struct text key, struct text line)
{
	struct drives drives = {0};
	bool decides = vmcfg_find_key(key) < VMCFG_KEYS || vmcfg_looks_like_key(key);
	int err = drives_set(&drives, key, text_of(" "), false);

	if (err || decides || drives.n || node_paths_have_key(key))
		add_text(out, line);
	else
		strbuf_add(out, NOTHING);
	drives_free(&drives);
}

/* A line of a section that is read. */
static int add_line(struct strbuf *out, struct config *config, struct text line)
{
	struct text key, value = line;
	enum vmcfg_key number;
	int done = add_identity(out, line);

	if (done)
		return done < 0 ? done : 0;
	if (line_is_snapstate(line)) {
		strbuf_add(out, NOTHING);
		return 0;
	}
	if (!line_take_key(&value, &key)) {
		add_lookalike(out, line);
		return 0;
	}
	if (text_is_blank(value)) {
		add_blank(out, key, line);
		return 0;
	}
	value = text_trim(value);
	if (text_is(key, "args"))
		return add_args(out, value, changes(config, VMCFG_ARGS, value));
	number = vmcfg_find_key(key);
	if (text_is(key, "delete"))
		add_delete(out, value);
	else if (number < VMCFG_KEYS)
		add_setting(out, config, number, key, value, line);
	else if (vmcfg_looks_like_key(key))
		strbuf_add(out, "%.*s: none", (int)key.len, key.at);
	else
		return add_drive(out, key, value);
	return 0;
}

/* A NUL would end it for whoever reads on. */
static char *take_text(struct strbuf *out)
{
	for (size_t i = 0; i < out->len; i++)
		if (!out->text[i])
			out->text[i] = '?';
	return strbuf_take(out);
}

int vmcfg_reduce(const char *text, size_t len, char **ret)
{
	auto_strbuf struct strbuf out = {0};
	struct text rest = {text, len}, line;
	struct config config = {0};
	bool read = true, first = true;
	int err = 0;

	while (!err && text_next(&rest, '\n', &line)) {
		struct text header = line_header(line);

		strbuf_add(&out, "%s", first ? "" : "\n");
		first = false;
		if (text_is_blank(line))
			continue;
		if (header.at) {
			read = config.pending = text_is_nocase(header, "PENDING");
			strbuf_add(&out, read ? "[PENDING]" : "[snapshot]");
		} else if (!read || line.at[0] == '#') {
			strbuf_add(&out, NOTHING);
		} else {
			err = add_line(&out, &config, line);
		}
	}
	*ret = err ? NULL : take_text(&out);
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

		strbuf_add(&out, "%s", first ? "" : "\n");
		first = false;
		main = main && !(trimmed.len && trimmed.at[0] == '[');
		if (!main && line.len)
			strbuf_add(&out, line.at[0] == '[' ? "[snapshot]" : NOTHING);
		else if (line.len && line.at[0] != '#')
			err = add_identity(&out, line);
		else
			strbuf_add(&out, line.len ? NOTHING : "");
		if (main && !err && line.len && line.at[0] != '#')
			add_given(&out, line);
		err = err < 0 ? err : 0;
	}
	*ret = err ? NULL : take_text(&out);
	return err ? err : *ret ? 0 : -ENOMEM;
}
