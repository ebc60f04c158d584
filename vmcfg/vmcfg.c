// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/vmcfg.h"

#include <search.h>
#include <stdio.h>
#include <string.h>

#include "vmcfg/machine.h"
#include "vmcfg/propstr.h"
#include "vmcfg/setting.h"
#include "vmcfg/text.h"

enum section { MAIN, PENDING, CLOUDINIT, FLEECING, SNAPSHOT, UNKNOWN };

struct parser {
	struct vmcfg *vm;
	unsigned int line;
	enum section section;
	bool had[UNKNOWN]; /* of the sections there is one of each */
	void *snapshots;   /* tsearch() tree: where in the text their names begin */
};

static const char *const key_names[VMCFG_KEYS] = {
	[VMCFG_ARCH] = "arch", [VMCFG_ARGS] = "args",
	[VMCFG_BIOS] = "bios", [VMCFG_HOOKSCRIPT] = "hookscript",
	[VMCFG_LOCK] = "lock", [VMCFG_MACHINE] = "machine",
	[VMCFG_NAME] = "name", [VMCFG_TEMPLATE] = "template",
};

/* Lists the line as one that is dropped. */
static int drop(struct parser *p, const char *problem, struct text t)
{
	return dropped_add_part(&p->vm->dropped, &p->vm->n_dropped, p->line, problem, t);
}

/* The same for a line whose value was refused; takes REASON over. */
static int drop_value(struct parser *p, struct text key, char *reason)
{
	return dropped_add_value(&p->vm->dropped, &p->vm->n_dropped, p->line, key, reason);
}

/* --- sections --- */

/* Order of snapshot names in the text, each with its ']' behind it. */
static int compare_names(const void *a, const void *b)
{
	const char *x = a, *y = b;

	while (*x == *y && *x != ']') {
		x++;
		y++;
	}
	return (unsigned char)*x - (unsigned char)*y;
}

static void forget_nothing(void *name)
{
	(void)name;
}

static int begin_snapshot(struct parser *p, struct text name)
{
	const char *const *first;

	p->section = SNAPSHOT;
	/* The tree keeps a file of nothing but headers from taking quadratic time. */
	first = tsearch(name.at, &p->snapshots, compare_names);
	if (!first)
		return -ENOMEM;
	return *first == name.at ? 0 : drop(p, _("there is already a snapshot"), name);
}

static int begin_section(struct parser *p, enum section section, struct text name)
{
	p->section = section;
	if (p->had[section])
		return drop(p, _("there is already a section"), name);
	p->had[section] = true;
	return 0;
}

/* The name in a header, or an AT of NULL when LINE is none; a blank before it makes it none. */
static struct text header_name(struct text line)
{
	struct text name = text_trim_end(line);

	if (!text_take(&name, "[") || !text_take_end(&name, "]") ||
	    (name.len && memchr(name.at, ']', name.len)))
		return (struct text){NULL, 0};
	return name;
}

/* The word "special" may be in any case, the name behind it may not: so it is there. */
static int read_header(struct parser *p, struct text name)
{
	struct text special = name;

	if (text_is_nocase(name, "PENDING"))
		return begin_section(p, PENDING, name);
	if (text_take_nocase(&special, "special:")) {
		if (text_is(special, "cloudinit"))
			return begin_section(p, CLOUDINIT, name);
		if (text_is(special, "fleecing"))
			return begin_section(p, FLEECING, name);
	}
	if (propstr_is_configid(NULL, name))
		return begin_snapshot(p, name);
	p->section = UNKNOWN;
	return drop(p, _("nobody reads the section"), name);
}

/* --- settings --- */

static int set_value(struct parser *p, struct vmcfg_value *value, struct text text)
{
	char *copy = text_dup(text);

	if (!copy)
		return -ENOMEM;
	free(value->text);
	*value = (struct vmcfg_value){copy, text.len, p->line};
	return 0;
}

static int set_key(struct parser *p, const char *name, struct text value)
{
	for (size_t i = 0; i < VMCFG_KEYS; i++) {
		if (!strcmp(name, key_names[i]))
			return set_value(p, &p->vm->values[i], value);
	}
	return 0;
}

static int set_hostpci(struct parser *p, unsigned int index, struct text value)
{
	cleanup_with(hostpci_freep) struct hostpci *entry = NULL;
	int r;

	r = hostpci_parse(value.at, value.len, &entry, NULL);
	if (r < 0)
		return r;
	r = set_value(p, &p->vm->hostpci_values[index], value);
	if (r < 0)
		return r;
	hostpci_free(p->vm->hostpci[index]);
	p->vm->hostpci[index] = TAKE_PTR(entry);
	return 0;
}

static int read_setting(struct parser *p, struct text key, struct text value)
{
	const struct setting *setting;
	unsigned int index;
	char *reason = NULL;
	int r;

	/* Nothing there is looked at (it is a copy for people). */
	if (p->section == CLOUDINIT)
		return 0;
	setting = p->section == FLEECING ? setting_find_fleecing(key, &index)
					 : setting_find(key, &index);
	if (!setting)
		return drop(p, _("there is no setting"), key);
	r = setting_check(setting, value, &value, &reason);
	if (r == -EINVAL)
		return drop_value(p, key, reason);
	if (r < 0 || p->section != MAIN)
		return r;
	if (!strcmp(setting_name(setting), "hostpci"))
		return set_hostpci(p, index, value);
	/* (qemu-server, PVE/QemuServer/Helpers.pm, windows_version: wxp, w2k8, win11, …) */
	if (!strcmp(setting_name(setting), "ostype"))
		p->vm->windows = value.len && value.at[0] == 'w';
	r = drives_set(&p->vm->drives, key, setting_name(setting), value);
	return r < 0 ? r : set_key(p, setting_name(setting), value);
}

/* --- lines --- */

/* Takes a key and its colon off LINE: small letters, '_' and '-', then digits. */
static bool take_key(struct text *line, struct text *ret)
{
	size_t n = 0;

	if (!line->len || line->at[0] < 'a' || line->at[0] > 'z')
		return false;
	while (n < line->len && ((line->at[n] >= 'a' && line->at[n] <= 'z') || line->at[n] == '_' ||
				 line->at[n] == '-'))
		n++;
	while (n < line->len && char_is_digit(line->at[n]))
		n++;
	if (n == line->len || line->at[n] != ':')
		return false;
	*ret = (struct text){line->at, n};
	*line = text_skip(*line, n + 1);
	return true;
}

/* What ends like this is the mark of an unfinished snapshot, whatever comes before it. */
static bool is_snapstate(struct text line)
{
	line = text_trim_end(line);
	if (!text_take_end(&line, "prepare") && !text_take_end(&line, "delete"))
		return false;
	line = text_trim_end(line);
	return text_take_end(&line, "snapstate:");
}

static int read_delete(struct parser *p, struct text line)
{
	if (p->section == PENDING)
		return 0;
	return drop(p, _("settings can be deleted in [PENDING] only:"), line);
}

/* A line of a section that is read, in the order in which Proxmox VE tries what it could be. */
static int read_line(struct parser *p, struct text line)
{
	struct text value = line, key;

	if (!take_key(&value, &key))
		return is_snapstate(line) ? 0 : drop(p, _("there is no 'key: value' in"), line);
	if (text_is(key, "description") && !text_is_blank(value))
		return 0;
	if (is_snapstate(line))
		return 0;
	if (!value.len)
		return drop(p, _("there is no value in"), line);
	/* Of nothing but blanks, the last one is the value: a carriage return is no blank one. */
	if (text_is_blank(value))
		return read_setting(p, key, text_skip(value, value.len - 1));
	value = text_trim(value);
	/* Taken as they are: quotes stay, and carriage returns do no harm. */
	if (text_is(key, "args"))
		return p->section == MAIN ? set_key(p, "args", value) : 0;
	if (text_is(key, "delete"))
		return read_delete(p, line);
	return read_setting(p, key, value);
}

static int parse_line(struct parser *p, struct text line)
{
	struct text name;

	if (text_is_blank(line))
		return 0;
	name = header_name(line);
	if (name.at)
		return read_header(p, name);
	if (p->section == UNKNOWN || line.at[0] == '#')
		return 0;
	return read_line(p, line);
}

static int parse_lines(struct parser *p, struct text text)
{
	struct text line;
	int r = 0;

	while (r >= 0 && text_next(&text, '\n', &line)) {
		p->line++;
		r = parse_line(p, line);
	}
	tdestroy(p->snapshots, forget_nothing);
	return r;
}

int vmcfg_parse(const char *text, size_t len, struct vmcfg **ret)
{
	cleanup_with(vmcfg_freep) struct vmcfg *vm = NULL;
	struct parser parser = {0};
	int r;

	if (len > VMCFG_TEXT_MAX)
		return -EFBIG;
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return -ENOMEM;
	parser.vm = vm;
	r = parse_lines(&parser, (struct text){text, len});
	if (r < 0)
		return r;
	*ret = TAKE_PTR(vm);
	return 0;
}

bool vmcfg_is_q35(const struct vmcfg *vm)
{
	const struct vmcfg_value *machine = &vm->values[VMCFG_MACHINE];

	return machine->text && machine_is_q35(machine->text, machine->len);
}

const char *vmcfg_machine_text(const struct vmcfg *vm)
{
	const char *text = vm->values[VMCFG_MACHINE].text;

	return text && text[strspn(text, " \t")] ? text : _("pc, the default");
}

bool vmcfg_is_template(const struct vmcfg *vm)
{
	const struct vmcfg_value *template = &vm->values[VMCFG_TEMPLATE];

	return template->text && !strcmp(template->text, "1");
}

/* --- description --- */

static void describe_value(FILE *out, struct text value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.at[i];
		bool at_end = i == 0 || i == value.len - 1;

		if (c == '\\')
			fputs("\\\\", out);
		else if (c < ' ' || c > '~' || (c == ' ' && at_end))
			fprintf(out, "\\x%02x", c);
		else
			putc(c, out);
	}
	putc('\n', out);
}

static void describe_keys(FILE *out, const struct vmcfg *vm)
{
	for (size_t i = 0; i < VMCFG_KEYS; i++) {
		const struct vmcfg_value *value = &vm->values[i];

		if (!value->text)
			continue;
		fprintf(out, "key %s ", key_names[i]);
		describe_value(out, (struct text){value->text, value->len});
	}
	for (size_t i = 0; i < HOSTPCI_MAX; i++) {
		const struct vmcfg_value *value = &vm->hostpci_values[i];

		if (!value->text)
			continue;
		fprintf(out, "key hostpci%zu ", i);
		describe_value(out, (struct text){value->text, value->len});
	}
}

/* From the text, not from the struct: that one's strings end at a NUL. */
static int describe_hostpci(FILE *out, size_t index, const struct hostpci *entry)
{
	size_t n = hostpci_format.n_keys;
	auto_free struct text *values = calloc(n, sizeof(*values));
	bool empty = true;

	if (!values)
		return -ENOMEM;
	if (propstr_parse(&hostpci_format, (struct text){entry->value, entry->value_len}, values,
			  NULL) < 0)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (!values[i].at)
			continue;
		fprintf(out, "hostpci%zu %s ", index, hostpci_format.keys[i].name);
		describe_value(out, values[i]);
		empty = false;
	}
	if (empty)
		fprintf(out, "hostpci%zu empty\n", index);
	return 0;
}

char *vmcfg_describe(const struct vmcfg *vm)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool bad = false;

	if (!out)
		return NULL;
	describe_keys(out, vm);
	fprintf(out, "q35 %s\n", vmcfg_is_q35(vm) ? "yes" : "no");
	for (size_t i = 0; i < HOSTPCI_MAX; i++)
		bad |= vm->hostpci[i] && describe_hostpci(out, i, vm->hostpci[i]) < 0;
	fprintf(out, "warnings %zu\n", vm->n_dropped);
	bad |= ferror(out);
	bad |= fclose(out) != 0;
	if (!bad)
		return text;
	free(text);
	return NULL;
}

void vmcfg_free(struct vmcfg *vm)
{
	if (!vm)
		return;
	for (size_t i = 0; i < VMCFG_KEYS; i++)
		free(vm->values[i].text);
	for (size_t i = 0; i < HOSTPCI_MAX; i++) {
		free(vm->hostpci_values[i].text);
		hostpci_free(vm->hostpci[i]);
	}
	drives_free(&vm->drives);
	dropped_free(vm->dropped, vm->n_dropped);
	free(vm);
}
