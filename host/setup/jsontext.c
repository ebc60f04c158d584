// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/jsontext.h"

#include "host/base/strbuf.h"
#include "host/base/utf8.h"

#include <stdio.h>
#include <string.h>

void json_add(json_object *object, const char *key, json_object *value, bool *failed)
{
	if (object && value && !json_object_object_add(object, key, value))
		return;
	json_object_put(value);
	*failed = true;
}

void json_add_text(json_object *object, const char *key, const char *text, bool *failed)
{
	auto_free char *valid = text ? utf8_valid(text) : NULL;

	if (text)
		json_add(object, key, valid ? json_object_new_string(valid) : NULL, failed);
	else if (!object || json_object_object_add(object, key, NULL))
		*failed = true;
}

json_object *json_add_object(json_object *array, bool *failed)
{
	json_object *object = json_object_new_object();

	if (array && object && !json_object_array_add(array, object))
		return object;
	json_object_put(object);
	*failed = true;
	return NULL;
}

int json_print(json_object *root, const char *key, json_object *items, bool failed)
{
	json_add(root, key, items, &failed);
	if (!failed)
		puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
								  JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(root);
	return failed ? -ENOMEM : 0;
}

void json_add_words(json_object *object, const char *key, const char *text, bool *failed)
{
	json_object *words = json_object_new_array();

	while (text && *(text += strspn(text, " "))) {
		size_t len = strcspn(text, " ");
		json_object *word = json_object_new_string_len(text, (int)len);

		if (!words || !word || json_object_array_add(words, word)) {
			json_object_put(word);
			*failed = true;
			break;
		}
		text += len;
	}
	json_add(object, key, words, failed);
}

void json_add_vm(json_object *array, const struct device_vm *vm, bool *failed)
{
	json_object *object = json_add_object(array, failed);
	auto_strbuf struct strbuf entries = {0};

	for (unsigned int e = 0; vm->entries >> e; e++)
		if (vm->entries >> e & 1)
			strbuf_add(&entries, "hostpci%u ", e);
	*failed |= entries.failed;
	json_add(object, "vmid", json_object_new_int64(vm->vmid), failed);
	if (vm->entries)
		json_add_words(object, "entries", entries.text, failed);
	else
		json_add_text(object, "entries", NULL, failed);
}
