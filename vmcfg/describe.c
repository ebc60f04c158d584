// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/describe.h"

#include <stdio.h>
#include <string.h>

#include "vmcfg/args.h"
#include "vmcfg/propstr.h"
#include "vmcfg/text.h"

static void put_value(FILE *out, struct text value)
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

/* Takes the stream's text over when all of it was written. */
static int finish(FILE *out, int err, char **text, char **ret)
{
	bool bad = ferror(out);

	if (fclose(out) || bad)
		return -ENOMEM;
	if (!err)
		*ret = TAKE_PTR(*text);
	return err;
}

/* --- for programs --- */

static void put_raw_entry(FILE *out, size_t index, const struct hostpci *entry)
{
	struct text values[HOSTPCI_OPTIONS];
	bool empty = true;

	read_options(entry, values);
	for (size_t i = 0; i < HOSTPCI_OPTIONS; i++) {
		if (!values[i].at)
			continue;
		fprintf(out, "hostpci%zu %s ", index, hostpci_format.keys[i].name);
		put_value(out, values[i]);
		putc('\n', out);
		empty = false;
	}
	if (empty)
		fprintf(out, "hostpci%zu empty\n", index);
}

char *vmcfg_describe_raw(const struct vmcfg *vm)
{
	auto_free char *text = NULL;
	char *described = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (enum vmcfg_key k = 0; k < VMCFG_KEYS; k++) {
		char buf[VMCFG_KEY_SIZE];

		if (!vm->values[k].text || k == VMCFG_OSTYPE || k == VMCFG_VMSTATE)
			continue;
		fprintf(out, "key %s ", vmcfg_key_name(k, buf));
		put_value(out, text_of_value(&vm->values[k]));
		putc('\n', out);
	}
	fprintf(out, "q35 %s\n", vmcfg_is_q35(vm) ? "yes" : "no");
	for (size_t i = 0; i < HOSTPCI_MAX; i++)
		if (vm->hostpci[i])
			put_raw_entry(out, i, vm->hostpci[i]);
	return finish(out, 0, &text, &described) ? NULL : described;
}

/* --- for people --- */

/* The width of the first column. */
#define COLUMN "%-12s"

static void put_row(FILE *out, const char *key, const struct vmcfg_value *value)
{
	fprintf(out, COLUMN, key);
	put_value(out, text_of_value(value));
	putc('\n', out);
}

static void put_keys(FILE *out, const struct vmcfg *vm)
{
	static const enum vmcfg_key keys[] = {VMCFG_NAME, VMCFG_HOOKSCRIPT, VMCFG_ARCH,
					      VMCFG_BIOS, VMCFG_LOCK,	    VMCFG_VMSTATE};
	char buf[VMCFG_KEY_SIZE];

	fprintf(out, COLUMN "%s (%s)\n", "machine", vmcfg_machine_text(vm),
		vmcfg_is_q35(vm) ? "q35" : _("not q35"));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (vm->values[keys[i]].text)
			put_row(out, vmcfg_key_name(keys[i], buf), &vm->values[keys[i]]);
	if (vmcfg_is_template(vm))
		fprintf(out, COLUMN "%s\n", "template", _("yes: it never starts with devices"));
}

static void put_address(FILE *out, const struct hostpci_address *address)
{
	char buf[BDF_TEXT_SIZE];

	fprintf(out, "%s%s%s", hostpci_address_format(address, buf),
		address->all_functions ? _(" (every function)") : "",
		address->impossible ? _(" (no device can have this address)") : "");
}

/* Options other than those that say which device it is. */
static void put_options(FILE *out, const struct hostpci *entry)
{
	struct text values[HOSTPCI_OPTIONS];
	const char *separator = " ";

	read_options(entry, values);
	for (size_t i = 0; i < HOSTPCI_OPTIONS; i++) {
		const char *name = hostpci_format.keys[i].name;

		if (!values[i].at || !strcmp(name, "host") || !strcmp(name, "mapping"))
			continue;
		fprintf(out, "%s%s=", separator, name);
		put_value(out, values[i]);
		separator = ",";
	}
	putc('\n', out);
}

static void put_entry(FILE *out, size_t index, const struct hostpci *entry)
{
	char buf[VMCFG_KEY_SIZE];

	fprintf(out, COLUMN, vmcfg_key_name(VMCFG_HOSTPCI + (enum vmcfg_key)index, buf));
	for (size_t i = 0; i < entry->n_hosts; i++) {
		fputs(i ? ", " : "", out);
		put_address(out, &entry->hosts[i]);
	}
	if (entry->mapping)
		fprintf(out, _("%smapping %s"), entry->n_hosts ? ", " : "", entry->mapping);
	if (!entry->mapping && !entry->n_hosts)
		fputs(_("no device"), out);
	put_options(out, entry);
}

static int put_args(FILE *out, const struct vmcfg *vm)
{
	const struct vmcfg_value *value = &vm->values[VMCFG_ARGS];
	cleanup_with(args_freep) struct args *args = NULL;
	int err = value->text ? args_parse(value->text, value->len, &args) : 0;

	if (err || !args)
		return err;
	put_row(out, "args", value);
	if (args->dropped)
		fprintf(out, COLUMN "%s\n", "", args->dropped);
	for (size_t i = 0; i < args->n_devices; i++) {
		const struct args_device *device = &args->devices[i];
		char buf[BDF_TEXT_SIZE];

		fprintf(out, COLUMN "%s: %s\n", "", device->text,
			device->why ? device->why : bdf_format(&device->bdf, buf));
	}
	return 0;
}

static void put_pending(FILE *out, const struct vmcfg *vm, bool incoming)
{
	for (enum vmcfg_key k = 0; vm->pending && k < VMCFG_KEYS; k++) {
		const struct vmcfg_value *value = &vm->pending->values[k];
		char buf[VMCFG_KEY_SIZE];

		if (!value->text && !vm->pending->deleted[k])
			continue;
		fprintf(out, COLUMN "%s: ", _("pending"), vmcfg_key_name(k, buf));
		if (value->text)
			put_value(out, text_of_value(value));
		else
			fputs(_("deleted"), out);
		putc('\n', out);
	}
	if (vm->pending)
		fprintf(out, COLUMN "%s\n", "",
			incoming || vmcfg_resumes(vm)
				? _("(waits: the next start continues a suspended or migrated VM)")
				: _("(the next start applies it)"));
}

int vmcfg_describe(const struct vmcfg *vm, bool incoming, char **ret)
{
	auto_free char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int err;

	if (!out)
		return -ENOMEM;
	put_keys(out, vm);
	for (size_t i = 0; i < HOSTPCI_MAX; i++)
		if (vm->hostpci[i])
			put_entry(out, i, vm->hostpci[i]);
	err = put_args(out, vm);
	put_pending(out, vm, incoming);
	return finish(out, err, &text, ret);
}
