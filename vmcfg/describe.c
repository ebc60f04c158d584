// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/describe.h"

#include <string.h>

#include "host/text/strbuf.h"
#include "vmcfg/args.h"
#include "vmcfg/text/propstr.h"
#include "vmcfg/text/text.h"

/* A space at either end is escaped, too. */
static void put_value(struct strbuf *out, struct text value)
{
	bool first = text_take(&value, " "), last = text_take_end(&value, " ");

	strbuf_add(out, "%s", first ? "\\x20" : "");
	text_escape(out, value);
	strbuf_add(out, "%s", last ? "\\x20" : "");
}

static struct text text_of_value(const struct vmcfg_value *value)
{
	return (struct text){value->text, value->len};
}

/* The options of an entry; from the text, for the struct's strings end at a NUL. */
static void read_options(const struct hostpci *entry, struct text values[HOSTPCI_OPTIONS])
{
	const struct text text = {entry->value, entry->value_len};

	/* It was good before. */
	if (propstr_parse(&hostpci_format, text, values, NULL))
		memset(values, 0, HOSTPCI_OPTIONS * sizeof(*values));
}

/* --- for programs --- */

static void put_raw_entry(struct strbuf *out, size_t index, const struct hostpci *entry)
{
	struct text values[HOSTPCI_OPTIONS];
	bool empty = true;

	read_options(entry, values);
	for (size_t i = 0; i < HOSTPCI_OPTIONS; i++) {
		if (!values[i].at)
			continue;
		strbuf_add(out, "hostpci%zu %s ", index, hostpci_format.keys[i].name);
		put_value(out, values[i]);
		strbuf_add(out, "\n");
		empty = false;
	}
	if (empty)
		strbuf_add(out, "hostpci%zu empty\n", index);
}

char *vmcfg_describe_raw(const struct vmcfg *vm)
{
	auto_strbuf struct strbuf text = {0};
	struct strbuf *out = &text;

	for (enum vmcfg_key k = 0; k < VMCFG_KEYS; k++) {
		char buf[VMCFG_KEY_SIZE];

		if (!vm->values[k].text || (k >= VMCFG_OSTYPE && k < VMCFG_HOSTPCI))
			continue;
		strbuf_add(out, "key %s ", vmcfg_key_name(k, buf));
		put_value(out, text_of_value(&vm->values[k]));
		strbuf_add(out, "\n");
	}
	strbuf_add(out, "q35 %s\n", vmcfg_is_q35(vm) ? "yes" : "no");
	for (size_t i = 0; i < HOSTPCI_MAX; i++)
		if (vm->hostpci[i])
			put_raw_entry(out, i, vm->hostpci[i]);
	return strbuf_take(out);
}

/* --- for people --- */

/* The width of the first column. */
#define COLUMN "%-12s"

static void put_row(struct strbuf *out, const char *key, const struct vmcfg_value *value)
{
	strbuf_add(out, COLUMN, key);
	put_value(out, text_of_value(value));
	strbuf_add(out, "\n");
}

static void put_keys(struct strbuf *out, const struct vmcfg *vm)
{
	static const enum vmcfg_key keys[] = {VMCFG_NAME, VMCFG_HOOKSCRIPT, VMCFG_ARCH,
					      VMCFG_BIOS, VMCFG_LOCK,	    VMCFG_VMSTATE};
	char buf[VMCFG_KEY_SIZE];

	strbuf_add(out, COLUMN "%s (%s)\n", "machine", vmcfg_machine_text(vm),
		   vmcfg_is_q35(vm) ? "q35" : _("not q35"));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (vm->values[keys[i]].text)
			put_row(out, vmcfg_key_name(keys[i], buf), &vm->values[keys[i]]);
	if (vmcfg_is_template(vm))
		strbuf_add(out, COLUMN "%s\n", "template", _("yes: it never starts with devices"));
}

static void put_address(struct strbuf *out, const struct hostpci_address *address)
{
	char buf[BDF_TEXT_SIZE];

	strbuf_add(out, "%s%s%s", hostpci_address_format(address, buf),
		   address->all_functions ? _(" (every function)") : "",
		   address->impossible ? _(" (no device can have this address)") : "");
}

/* Options other than host and mapping. */
static void put_options(struct strbuf *out, const struct hostpci *entry)
{
	struct text values[HOSTPCI_OPTIONS];
	const char *separator = " ";

	read_options(entry, values);
	for (size_t i = 0; i < HOSTPCI_OPTIONS; i++) {
		const char *name = hostpci_format.keys[i].name;

		if (!values[i].at || !strcmp(name, "host") || !strcmp(name, "mapping"))
			continue;
		strbuf_add(out, "%s%s=", separator, name);
		put_value(out, values[i]);
		separator = ",";
	}
	strbuf_add(out, "\n");
}

static void put_entry(struct strbuf *out, size_t index, const struct hostpci *entry)
{
	char buf[VMCFG_KEY_SIZE];

	strbuf_add(out, COLUMN, vmcfg_key_name(VMCFG_HOSTPCI + (enum vmcfg_key)index, buf));
	for (size_t i = 0; i < entry->n_hosts; i++) {
		strbuf_add(out, "%s", i ? ", " : "");
		put_address(out, &entry->hosts[i]);
	}
	if (entry->mapping)
		strbuf_add(out, _("%smapping %s"), entry->n_hosts ? ", " : "", entry->mapping);
	if (!entry->mapping && !entry->n_hosts)
		strbuf_add(out, "%s", _("no device"));
	put_options(out, entry);
}

static int put_args(struct strbuf *out, const struct vmcfg *vm)
{
	const struct vmcfg_value *value = &vm->values[VMCFG_ARGS];
	cleanup_with(args_freep) struct args *args = NULL;
	int err = value->text ? args_parse(value->text, value->len, &args) : 0;

	if (err || !args)
		return err;
	put_row(out, "args", value);
	if (args->dropped)
		strbuf_add(out, COLUMN "%s\n", "", args->dropped);
	for (size_t i = 0; i < args->n_devices; i++) {
		const struct args_device *device = &args->devices[i];
		char buf[BDF_TEXT_SIZE];

		strbuf_add(out, COLUMN "%s: %s\n", "", device->text,
			   device->why ? device->why : bdf_format(&device->bdf, buf));
	}
	for (size_t i = 0; i < args->n_mdevs; i++)
		strbuf_add(out, COLUMN "%s: %s\n", "", args->mdevs[i],
			   _("a mediated device, which is left to QEMU"));
	return 0;
}

/* Drives and ports that were a node of the host, or become one. */
static void put_pending_nodes(struct strbuf *out, const struct vmcfg *vm)
{
	for (size_t i = 0; vm->pending && i < vm->nodes.n; i++) {
		const struct node_path *node = &vm->nodes.items[i];
		const struct node_path *set = node_paths_find(&vm->pending->nodes, node->key);
		bool deleted = node_paths_find(&vm->pending->deleted_nodes, node->key);

		if (!(set && set->path) && !(node->path && (set || deleted)))
			continue;
		strbuf_add(out, COLUMN "%s: ", _("pending"), node->key);
		if (set && set->path)
			put_value(out, text_of(set->path));
		else
			strbuf_add(out, "%s", set ? _("something else") : _("deleted"));
		strbuf_add(out, "\n");
	}
}

static void put_pending(struct strbuf *out, const struct vmcfg *vm, bool incoming)
{
	for (enum vmcfg_key k = 0; vm->pending && k < VMCFG_KEYS; k++) {
		const struct vmcfg_value *value = &vm->pending->values[k];
		char buf[VMCFG_KEY_SIZE];

		if (!value->text && !vm->pending->deleted[k])
			continue;
		strbuf_add(out, COLUMN "%s: ", _("pending"), vmcfg_key_name(k, buf));
		if (value->text)
			put_value(out, text_of_value(value));
		else
			strbuf_add(out, "%s", _("deleted"));
		strbuf_add(out, "\n");
	}
	put_pending_nodes(out, vm);
	if (vm->pending)
		strbuf_add(
			out, COLUMN "%s\n", "",
			incoming || vmcfg_resumes(vm)
				? _("(waits: the next start continues a suspended or migrated VM)")
				: _("(the next start applies it)"));
}

char *vmcfg_describe(const struct vmcfg *vm, bool incoming)
{
	auto_strbuf struct strbuf text = {0};
	struct strbuf *out = &text;
	put_keys(out, vm);
	for (size_t i = 0; i < HOSTPCI_MAX; i++)
		if (vm->hostpci[i])
			put_entry(out, i, vm->hostpci[i]);
	if (put_args(out, vm))
		return NULL;
	put_pending(out, vm, incoming);
	return strbuf_take(out);
}
