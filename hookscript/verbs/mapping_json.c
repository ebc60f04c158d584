// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/mapping_json.h"

#include "host/text/utf8.h"
#include "host/text/json.h"

#include <string.h>

/* A text, cut to LEN bytes, at the end of ARRAY. */
static void add_text(json_object *array, const char *text, size_t len, bool *failed)
{
	auto_free char *copy = strndup(text, len);
	auto_free char *valid = copy ? utf8_valid(copy) : NULL;
	json_object *item = valid ? json_object_new_string(valid) : NULL;

	if (array && item && !json_object_array_add(array, item))
		return;
	json_object_put(item);
	*failed = true;
}

static void add_lines(json_object *array, const struct strbuf *text, bool *failed)
{
	const char *rest = text->text;

	while (rest && *rest) {
		size_t len = strcspn(rest, "\n");

		add_text(array, rest, len, failed);
		rest += len + (rest[len] == '\n');
	}
}

int mapping_print_json(const char *name, const struct pvesh_mapping *now,
		       const struct strbuf *found, const struct mapping_change *change)
{
	json_object *root = json_object_new_object(), *lines = json_object_new_array();
	json_object *notes = json_object_new_array(), *command = json_object_new_array();
	bool failed = false;

	json_add_text(root, "mapping", name, &failed);
	json_add(root, "exists", json_object_new_boolean(now->exists), &failed);
	json_add_text(root, "refusal", change->refusal, &failed);
	add_lines(notes, found, &failed);
	add_lines(notes, &change->notes, &failed);
	json_add(root, "notes", notes, &failed);
	for (char *const *word = change->command; word && *word; word++)
		add_text(command, *word, strlen(*word), &failed);
	json_add(root, "command", command, &failed);
	for (size_t i = 0; i < change->n_lines; i++)
		add_text(lines, change->lines[i], strlen(change->lines[i]), &failed);
	return json_print(root, "lines", lines, failed);
}
