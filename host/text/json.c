// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/text/json.h"

#include "host/text/utf8.h"

#include <fcntl.h>
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

void json_add_number(json_object *object, const char *key, int64_t number, bool *failed)
{
	json_add(object, key, json_object_new_int64(number), failed);
}

void json_add_bool(json_object *object, const char *key, bool value, bool *failed)
{
	json_add(object, key, json_object_new_boolean(value), failed);
}

json_object *json_add_array(json_object *object, const char *key, bool *failed)
{
	json_object *array = json_object_new_array();

	json_add(object, key, array, failed);
	return *failed ? NULL : array;
}

json_object *json_add_member(json_object *object, const char *key, bool *failed)
{
	json_object *member = json_object_new_object();

	json_add(object, key, member, failed);
	return *failed ? NULL : member;
}

/* Takes over VALUE. Returns it, of which ARRAY is the owner then. */
static json_object *append(json_object *array, json_object *value, bool *failed)
{
	if (array && value && !json_object_array_add(array, value))
		return value;
	json_object_put(value);
	*failed = true;
	return NULL;
}

json_object *json_add_object(json_object *array, bool *failed)
{
	return append(array, json_object_new_object(), failed);
}

void json_append_text(json_object *array, const char *text, bool *failed)
{
	auto_free char *valid = utf8_valid(text);

	append(array, valid ? json_object_new_string(valid) : NULL, failed);
}

void json_add_texts(json_object *object, const char *key, char *const *texts, size_t n,
		    bool *failed)
{
	json_object *array = json_add_array(object, key, failed);

	for (size_t i = 0; i < n; i++)
		json_append_text(array, texts[i], failed);
}

void json_add_argv(json_object *object, const char *key, char *const *argv, bool *failed)
{
	size_t n = 0;

	while (argv && argv[n])
		n++;
	if (argv)
		json_add_texts(object, key, argv, n, failed);
	else
		json_add_text(object, key, NULL, failed);
}

void json_add_words(json_object *object, const char *key, const char *text, bool *failed)
{
	json_object *words = json_add_array(object, key, failed);

	while (text && *(text += strspn(text, " "))) {
		size_t len = strcspn(text, " ");

		append(words, json_object_new_string_len(text, (int)len), failed);
		text += len;
	}
}

int json_divert_output(int *ret)
{
	auto_close int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);

	fflush(stdout);
	if (out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return -errno;
	*ret = TAKE_FD(out);
	return 0;
}

bool json_can_ask(bool json)
{
	return isatty(STDIN_FILENO) && (!json || isatty(STDERR_FILENO));
}

int json_restore_output(int out)
{
	fflush(stdout);
	return dup2(out, STDOUT_FILENO) < 0 ? -errno : 0;
}

int json_print_root(json_object *root, bool failed)
{
	const char *text = failed ? NULL
				  : json_object_to_json_string_ext(
					    root, JSON_C_TO_STRING_PRETTY |
							  JSON_C_TO_STRING_NOSLASHESCAPE);

	if (text) {
		puts(text);
		fflush(stdout);
	}
	json_object_put(root);
	return text ? 0 : -ENOMEM;
}

int json_print(json_object *root, const char *key, json_object *items, bool failed)
{
	json_add(root, key, items, &failed);
	return json_print_root(root, failed);
}
