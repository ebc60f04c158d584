// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/jsontext.h"

#include "host/text/strbuf.h"

void json_add_vm(json_object *array, const struct device_vm *vm, bool *failed)
{
	json_object *object = json_add_object(array, failed);
	auto_strbuf struct strbuf entries = {0};

	for (unsigned int e = 0; vm->entries >> e; e++)
		if (vm->entries >> e & 1)
			strbuf_add(&entries, "hostpci%u ", e);
	*failed |= entries.failed;
	json_add_number(object, "vmid", vm->vmid, failed);
	if (vm->entries)
		json_add_words(object, "entries", entries.text, failed);
	else
		json_add_text(object, "entries", NULL, failed);
}

/* A number of which 0 is none: null. */
static void add_number_if(json_object *object, const char *key, int64_t number, bool *failed)
{
	if (number)
		json_add_number(object, key, number, failed);
	else
		json_add_text(object, key, NULL, failed);
}

void json_add_uses(json_object *object, const struct device_summary *device, bool *failed)
{
	json_object *uses = json_add_array(object, "uses", failed);

	for (size_t i = 0; device && i < device->n_uses; i++) {
		const struct device_use *use = &device->uses[i];
		json_object *item = json_add_object(uses, failed);

		json_add_text(item, "reason", use->reason, failed);
		json_add_text(item, "what", use->what, failed);
		json_add_text(item, "kind", use->kind, failed);
		json_add_text(item, "name", use->name, failed);
		json_add_texts(item, "mounts", use->mounts.items, use->mounts.n, failed);
		add_number_if(item, "pid", use->pid, failed);
		json_add_text(item, "program", use->program, failed);
		json_add_text(item, "unit", use->unit, failed);
		add_number_if(item, "ct", use->ctid, failed);
	}
}
