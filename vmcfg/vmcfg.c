// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/vmcfg.h"

#include <stdio.h>
#include <string.h>

#include "host/text/strbuf.h"
#include "vmcfg/text/lines.h"
#include "vmcfg/machine.h"
#include "vmcfg/text/text.h"

struct parser {
	struct vmcfg *vm;
	struct vmcfg *into; /* what the section's lines go to; NULL: it is not read */
	unsigned int line;
};

/* Adds the line, which would set KEY, to the dropped ones; takes ownership of WHY, NULL is no
 * memory. */
static int drop(struct parser *p, enum vmcfg_key key, char *why)
{
	struct vmcfg *vm = p->vm;

	if (!why || !array_grow(vm->dropped, vm->n_dropped)) {
		free(why);
		return -ENOMEM;
	}
	vm->dropped[vm->n_dropped++] = (struct vmcfg_dropped){p->line, key, why};
	return 0;
}

/* TEXT is all or the beginning of the line, and quoted after PROBLEM. */
static int drop_if_ours(struct parser *p, const char *problem, struct text text)
{
	char *why = NULL;

	if (!vmcfg_looks_like_key(text))
		return 0;
	return text_refuse_part(&why, text, "%s", problem) == -EINVAL ? drop(p, VMCFG_KEYS, why)
								      : -ENOMEM;
}

static int set_value(struct parser *p, enum vmcfg_key key, struct text value)
{
	struct vmcfg_value *to = &p->into->values[key];
	char *copy = text_dup(value);

	if (!copy)
		return -ENOMEM;
	free(to->text);
	*to = (struct vmcfg_value){copy, value.len};
	return 0;
}

static int read_entry(struct parser *p, enum vmcfg_key key, struct text value, char **ret_why)
{
	struct hostpci **to = &p->into->hostpci[key - VMCFG_HOSTPCI], *entry = NULL;
	int err = hostpci_parse(value.at, value.len, &entry, ret_why);

	if (err)
		return err;
	hostpci_free(*to);
	*to = entry;
	return set_value(p, key, value);
}

static int read_value(struct parser *p, enum vmcfg_key key, struct text value, char **ret_why)
{
	int err;

	if (memchr(value.at, '\r', value.len) && key != VMCFG_NAME)
		return text_refuse(ret_why, _("there is a carriage return in its value"));
	if (key >= VMCFG_HOSTPCI)
		return read_entry(p, key, value, ret_why);
	err = vmcfg_check_value(key, &value, ret_why);
	return err ? err : set_value(p, key, value);
}

/* Drops a line whose value was refused; takes ownership of REASON, NULL reports nothing. */
static int drop_value(struct parser *p, enum vmcfg_key key, char *reason)
{
	char buf[VMCFG_KEY_SIZE];
	char *why;
	int n;

	if (!reason)
		return 0;
	n = asprintf(&why, "%s: %s", vmcfg_key_name(key, buf), reason);
	free(reason);
	return drop(p, key, n < 0 ? NULL : why);
}

static int read_setting(struct parser *p, struct text name, struct text value)
{
	enum vmcfg_key key = vmcfg_find_key(name);
	char *reason = NULL;
	int err;

	if (key == VMCFG_KEYS) {
		err = drives_set(&p->vm->drives, name, value, p->into != p->vm)
			      ?: node_paths_set(&p->into->nodes, name, value);
		return err ? err : drop_if_ours(p, _("unknown setting"), name);
	}
	err = read_value(p, key, value, &reason);
	return err == -EINVAL ? drop_value(p, key, reason) : err;
}

/* --- lines --- */

/* "delete: KEY,!KEY …" of [PENDING]; the last such line counts (parse_pending_delete). */
static int read_delete(struct parser *p, struct text list)
{
	const struct text nothing = {0};
	struct text name;
	int err = 0;

	if (p->into == p->vm)
		return 0; /* dropped */
	memset(p->into->deleted, 0, sizeof(p->into->deleted));
	node_paths_free(&p->into->deleted_nodes);
	while (!err && line_take_name(&list, &name)) {
		enum vmcfg_key key;

		text_take(&name, "!");
		key = vmcfg_find_key(name);
		if (key < VMCFG_KEYS)
			p->into->deleted[key] = true;
		else
			err = node_paths_set(&p->into->deleted_nodes, name, nothing);
	}
	return err;
}

/* A line of a section that is read, in the order in which Proxmox VE tries what it could be. */
static int read_line(struct parser *p, struct text line)
{
	struct text value = line, key;

	if (line_is_snapstate(line))
		return 0;
	if (!line_take_key(&value, &key))
		return drop_if_ours(p, _("expected 'key: value', got"), line);
	if (!value.len)
		return drop_if_ours(p, _("no value in"), line);
	/* Of nothing but white space, the last character is the value; read_value() refuses a
	 * carriage return. */
	if (text_is_blank(value))
		return read_setting(p, key, text_skip(value, value.len - 1));
	value = text_trim(value);
	/* Taken as they are, with quotes and carriage returns. */
	if (text_is(key, "args"))
		return set_value(p, VMCFG_ARGS, value);
	if (text_is(key, "delete"))
		return read_delete(p, value);
	return read_setting(p, key, value);
}

/* A second [PENDING] replaces the first. */
static int begin_section(struct parser *p, struct text name)
{
	p->into = NULL;
	if (!text_is_nocase(name, "PENDING"))
		return 0;
	vmcfg_free(p->vm->pending);
	p->into = p->vm->pending = calloc(1, sizeof(*p->into));
	return p->into ? 0 : -ENOMEM;
}

static int parse_line(struct parser *p, struct text line)
{
	struct text name;

	if (text_is_blank(line))
		return 0;
	name = line_header(line);
	if (name.at)
		return begin_section(p, name);
	return !p->into || line.at[0] == '#' ? 0 : read_line(p, line);
}

/* --- pending --- */

static bool changes(const struct vmcfg *vm, size_t key)
{
	const struct vmcfg_value *old = &vm->values[key], *new = &vm->pending->values[key];

	if (!new->text)
		return vm->pending->deleted[key] && old->text;
	return !old->text || old->len != new->len || memcmp(old->text, new->text, new->len) != 0;
}

/* The path of the key once [PENDING] is applied, in *RET_SET where it sets the key (else NULL). */
static const char *next_path(const struct vmcfg *pending, const struct node_path *node,
			     struct node_path **ret_set)
{
	*ret_set = node_paths_find(&pending->nodes, node->key);
	if (*ret_set)
		return (*ret_set)->path;
	return node_paths_find(&pending->deleted_nodes, node->key) ? NULL : node->path;
}

/* Lists the nodes that [PENDING] changes. */
static int list_nodes(struct vmcfg *vm, struct strbuf *names)
{
	const struct text nothing = {0};

	/* What it sets alone has no path yet. */
	for (size_t i = 0; i < vm->pending->nodes.n; i++) {
		const char *key = vm->pending->nodes.items[i].key;

		if (!node_paths_find(&vm->nodes, key) &&
		    node_paths_set(&vm->nodes, text_of(key), nothing))
			return -ENOMEM;
	}
	for (size_t i = 0; i < vm->nodes.n; i++) {
		const struct node_path *node = &vm->nodes.items[i];
		struct node_path *set;
		const char *next = next_path(vm->pending, node, &set);

		if (!next != !node->path || (next && strcmp(next, node->path) != 0))
			strbuf_add_item(names, "%s", node->key);
	}
	return 0;
}

/* Lists what [PENDING] changes; removes it when it changes nothing. */
static int finish_pending(struct vmcfg *vm)
{
	auto_strbuf struct strbuf names = {0};

	for (enum vmcfg_key k = 0; vm->pending && k < VMCFG_KEYS; k++) {
		char buf[VMCFG_KEY_SIZE];

		if (changes(vm, k))
			strbuf_add_item(&names, "%s", vmcfg_key_name(k, buf));
	}
	if (vm->pending && list_nodes(vm, &names))
		return -ENOMEM;
	if (!names.len && !names.failed) {
		vmcfg_free(TAKE_PTR(vm->pending));
		return 0;
	}
	vm->pending_keys = strbuf_take(&names);
	return vm->pending_keys ? 0 : -ENOMEM;
}

static void apply_nodes(struct vmcfg *vm)
{
	for (size_t i = 0; i < vm->nodes.n; i++) {
		struct node_path *node = &vm->nodes.items[i], *set;

		if (next_path(vm->pending, node, &set) == node->path)
			continue;
		free(node->path);
		node->path = set ? TAKE_PTR(set->path) : NULL;
	}
}

enum vmcfg_pending vmcfg_apply_pending(struct vmcfg *vm, bool incoming)
{
	struct vmcfg *pending = vm->pending;

	if (!pending)
		return VMCFG_PENDING_NONE;
	if (incoming || vmcfg_resumes(vm))
		return VMCFG_PENDING_WAITS;
	for (size_t k = 0; k < VMCFG_KEYS; k++) {
		if (!pending->values[k].text && !pending->deleted[k])
			continue;
		free(vm->values[k].text);
		vm->values[k] = pending->values[k];
		pending->values[k] = (struct vmcfg_value){0};
		if (k < VMCFG_HOSTPCI)
			continue;
		hostpci_free(vm->hostpci[k - VMCFG_HOSTPCI]);
		vm->hostpci[k - VMCFG_HOSTPCI] = TAKE_PTR(pending->hostpci[k - VMCFG_HOSTPCI]);
	}
	apply_nodes(vm);
	vmcfg_free(TAKE_PTR(vm->pending));
	return VMCFG_PENDING_APPLIED;
}

/* --- all of it --- */

int vmcfg_parse(const char *text, size_t len, struct vmcfg **ret)
{
	cleanup_with(vmcfg_freep) struct vmcfg *vm = NULL;
	struct text rest = {text, len}, line;
	struct parser p = {0};
	int err = 0;

	if (len > VMCFG_TEXT_MAX)
		return -EFBIG;
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return -ENOMEM;
	p.vm = p.into = vm;
	while (!err && text_next(&rest, '\n', &line)) {
		p.line++;
		err = parse_line(&p, line);
	}
	if (!err)
		err = finish_pending(vm);
	if (err)
		return err;
	*ret = TAKE_PTR(vm);
	return 0;
}

struct text vmcfg_text(const struct vmcfg *vm, enum vmcfg_key key)
{
	return (struct text){vm->values[key].text, vm->values[key].len};
}

static bool value_is(const struct vmcfg *vm, enum vmcfg_key key, const char *text)
{
	return vm->values[key].text && !strcmp(vm->values[key].text, text);
}

bool vmcfg_resumes(const struct vmcfg *vm)
{
	return value_is(vm, VMCFG_LOCK, "suspended") || vm->values[VMCFG_VMSTATE].text;
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
	return value_is(vm, VMCFG_TEMPLATE, "1");
}

/* wxp, w2k8, win11, … (qemu-server, PVE/QemuServer/Helpers.pm, windows_version). */
bool vmcfg_is_windows(const struct vmcfg *vm)
{
	const char *type = vm->values[VMCFG_OSTYPE].text;

	return type && type[0] == 'w';
}

void vmcfg_free(struct vmcfg *vm)
{
	if (!vm)
		return;
	for (size_t i = 0; i < VMCFG_KEYS; i++)
		free(vm->values[i].text);
	for (size_t i = 0; i < HOSTPCI_MAX; i++)
		hostpci_free(vm->hostpci[i]);
	for (size_t i = 0; i < vm->n_dropped; i++)
		free(vm->dropped[i].why);
	free(vm->dropped);
	drives_free(&vm->drives);
	node_paths_free(&vm->nodes);
	node_paths_free(&vm->deleted_nodes);
	vmcfg_free(vm->pending);
	free(vm->pending_keys);
	free(vm);
}
