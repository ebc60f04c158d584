// SPDX-License-Identifier: GPL-2.0-or-later
/* What is left of a VM's or container's config in a capture (vmcfg/reduce.h). */
#include "fuzz.h"

#include <string.h>

#include "vmcfg/args.h"
#include "vmcfg/nets.h"
#include "vmcfg/reduce.h"
#include "vmcfg/vmcfg.h"

/* Stands in the input wherever something is that is nobody else's business. */
#define SECRET "S3CR3T"

static struct vmcfg *parse(const char *text, size_t len)
{
	struct vmcfg *vm = NULL;

	fuzz_require(!vmcfg_parse(text, len, &vm) && vm);
	return vm;
}

/* Of these only that they are set is left. */
static bool is_stood_in(size_t key)
{
	return key == VMCFG_NAME || key == VMCFG_ARGS || key == VMCFG_VMSTATE ||
	       (key >= VMCFG_VIRTIOFS && key < VMCFG_HOSTPCI);
}

static void check_value(const struct vmcfg_value *was, const struct vmcfg_value *is, size_t key)
{
	fuzz_require(!was->text == !is->text);
	if (was->text && !is_stood_in(key))
		fuzz_require(was->len == is->len && !memcmp(was->text, is->text, was->len));
}

/* Each of them, in any order. */
static void check_args_nodes(const struct node_paths *was, const struct node_paths *is)
{
	fuzz_require(was->n == is->n);
	for (size_t i = 0; i < was->n; i++) {
		size_t k = 0;

		while (k < is->n && strcmp(was->items[i].path, is->items[k].path) != 0)
			k++;
		fuzz_require(k < is->n);
	}
}

/* The devices that it passes to QEMU, what it has it open, and whether it decides about memory. */
static void check_args(const struct vmcfg_value *was, const struct vmcfg_value *is)
{
	cleanup_with(args_freep) struct args *a = NULL, *b = NULL;

	if (!was->text)
		return;
	fuzz_require(!args_parse(was->text, was->len, &a) && !args_parse(is->text, is->len, &b));
	fuzz_require(same_text(a->dropped, b->dropped) && a->memory == b->memory);
	fuzz_require(a->n_devices == b->n_devices);
	for (size_t i = 0; i < a->n_devices; i++) {
		fuzz_require(same_text(a->devices[i].text, b->devices[i].text));
		fuzz_require(same_text(a->devices[i].why, b->devices[i].why));
	}
	check_args_nodes(&a->nodes, &b->nodes);
	fuzz_require(a->n_mdevs == b->n_mdevs);
	for (size_t i = 0; i < a->n_mdevs; i++)
		fuzz_require(same_text(a->mdevs[i], b->mdevs[i]));
}

/* What a message quotes of a line may be left out. */
static size_t said(const char *why)
{
	const char *quoted = strstr(why, ", got '");

	return quoted ? (size_t)(quoted - why) : strlen(why);
}

static void check_dropped(const struct vmcfg *was, const struct vmcfg *is)
{
	fuzz_require(was->n_dropped == is->n_dropped);
	for (size_t i = 0; i < was->n_dropped; i++) {
		fuzz_require(was->dropped[i].line == is->dropped[i].line);
		fuzz_require(was->dropped[i].key == is->dropped[i].key);
		fuzz_require(said(was->dropped[i].why) == said(is->dropped[i].why));
		fuzz_require(!strncmp(was->dropped[i].why, is->dropped[i].why,
				      said(was->dropped[i].why)));
	}
}

static void check_drives(const struct drives *was, const struct drives *is)
{
	fuzz_require(was->n == is->n);
	for (size_t i = 0; i < was->n; i++) {
		fuzz_require(same_text(was->items[i].key, is->items[i].key));
		fuzz_require(was->items[i].kind == is->items[i].kind);
	}
}

static void check_nodes(const struct node_paths *was, const struct node_paths *is)
{
	fuzz_require(was->n == is->n);
	for (size_t i = 0; i < was->n; i++) {
		fuzz_require(same_text(was->items[i].key, is->items[i].key));
		fuzz_require(same_text(was->items[i].path, is->items[i].path));
	}
}

static void check_vm(const struct vmcfg *was, const struct vmcfg *is)
{
	for (size_t i = 0; i < VMCFG_KEYS; i++)
		check_value(&was->values[i], &is->values[i], i);
	check_args(&was->values[VMCFG_ARGS], &is->values[VMCFG_ARGS]);
	check_dropped(was, is);
	check_drives(&was->drives, &is->drives);
	check_nodes(&was->nodes, &is->nodes);
	check_nodes(&was->deleted_nodes, &is->deleted_nodes);
	fuzz_require(same_text(was->pending_keys, is->pending_keys));
	fuzz_require(!was->pending == !is->pending);
	fuzz_require(!memcmp(was->deleted, is->deleted, sizeof(was->deleted)));
	if (was->pending)
		check_vm(was->pending, is->pending);
}

static void check_nets(const char *text, size_t len, const char *reduced)
{
	auto_guest_nets struct guest_nets was = {0}, is = {0};

	fuzz_require(!guest_nets_parse(text, len, &was));
	fuzz_require(!guest_nets_parse(reduced, strlen(reduced), &is));
	fuzz_require(was.n == is.n);
	for (size_t i = 0; i < was.n; i++) {
		fuzz_require(!memcmp(was.items[i].mac, is.items[i].mac, MAC_SIZE));
		fuzz_require(same_text(was.items[i].bridge, is.items[i].bridge));
	}
}

static void check_uuid(const char *text, size_t len, const char *reduced)
{
	auto_free char *uuid_was = NULL, *uuid_is = NULL;

	fuzz_require(!guest_uuid_parse(text, len, &uuid_was));
	fuzz_require(!guest_uuid_parse(reduced, strlen(reduced), &uuid_is));
	fuzz_require(same_text(uuid_was, uuid_is));
}

/* Lines that no config of ours decides by, in the sections of the text. */
static char *with_secrets(const char *text, size_t size, size_t *ret_size)
{
	static const char before[] = "#" SECRET "\ndescription: " SECRET "\nname: " SECRET
				     "\ncipassword: " SECRET "\nscsi7: a:" SECRET ",size=4G\n",
			  behind[] = "\n#" SECRET "\nsshkeys: " SECRET "\n[" SECRET
				     "]\nargs: -x " SECRET "\nhostpci0: 01:00.0," SECRET "=1\n";
	char *all = malloc(sizeof(before) + size + sizeof(behind));

	fuzz_require(all);
	memcpy(all, before, sizeof(before) - 1);
	if (size)
		memcpy(all + sizeof(before) - 1, text, size);
	memcpy(all + sizeof(before) - 1 + size, behind, sizeof(behind));
	*ret_size = sizeof(before) - 1 + size + sizeof(behind) - 1;
	return all;
}

static void check_secrets(const char *text, size_t size)
{
	size_t len;
	auto_free char *all = with_secrets(text, size, &len);
	auto_free char *vm = NULL, *ct = NULL;

	if (size && memmem(text, size, SECRET, strlen(SECRET)))
		return;
	fuzz_require(!vmcfg_reduce(all, len, &vm) && !ctcfg_reduce(all, len, &ct));
	fuzz_require(!strstr(vm, SECRET) && !strstr(ct, SECRET));
}

/* A NUL is another character there. */
static void check_parsed(const char *text, size_t size, const char *reduced, const char *container)
{
	struct vmcfg *was, *is;

	if (size && memchr(text, '\0', size))
		return;
	was = parse(text, size);
	is = parse(reduced, strlen(reduced));
	check_vm(was, is);
	vmcfg_free(was);
	vmcfg_free(is);
	check_nets(text, size, reduced);
	check_uuid(text, size, reduced);
	check_nets(text, size, container);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = fuzz_bytes(data, size);
	unsigned int lines = fuzz_count_lines(text, size);
	auto_free char *reduced = NULL, *container = NULL;

	if (size > VMCFG_TEXT_MAX / 2)
		return 0;
	fuzz_require(!vmcfg_reduce(text, size, &reduced) && !ctcfg_reduce(text, size, &container));
	check_parsed(text, size, reduced, container);
	fuzz_require(fuzz_count_lines(reduced, strlen(reduced)) == lines);
	fuzz_require(fuzz_count_lines(container, strlen(container)) == lines);
	check_secrets(text, size);
	return 0;
}
