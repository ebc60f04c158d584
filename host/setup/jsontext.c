// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/jsontext.h"

#include "host/base/strbuf.h"

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
