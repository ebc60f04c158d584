// SPDX-License-Identifier: GPL-2.0-or-later
#include "keep_json.h"

#include <stdio.h>
#include <sys/stat.h>

#define KEPT TEST_BUILD "/json"

json_object *keep_json(const char *text, const char *schema, const char *name)
{
	auto_free char *path = fs_path(KEPT "/%s.%s.json", schema, name);
	enum json_tokener_error why;
	json_object *root = json_tokener_parse_verbose(text, &why);
	FILE *to;

	if (!root)
		print_error("no JSON: %s\n%s\n", json_tokener_error_desc(why), text);
	assert_non_null(root);
	(void)mkdir(KEPT, 0755);
	to = fopen(path, "we");
	assert_non_null(to);
	fputs(text, to);
	assert_int_equal(fclose(to), 0);
	return root;
}

json_object *json_at(json_object *root, const char *path)
{
	json_object *found = NULL;

	if (json_pointer_get(root, path, &found))
		fail_msg("there is no %s in %s", path, json_object_to_json_string(root));
	return found;
}

const char *json_text(json_object *root, const char *path)
{
	return json_object_get_string(json_at(root, path));
}

int64_t json_number(json_object *root, const char *path)
{
	return json_object_get_int64(json_at(root, path));
}

size_t json_count(json_object *root, const char *path)
{
	return json_object_array_length(json_at(root, path));
}
