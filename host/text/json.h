/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `--json` prints, put together with json-c; pve-passthrough-json(7) has the names. Without
 * memory *FAILED becomes true, and what is added to NULL is lost, which does no harm.
 */
#ifndef HOST_TEXT_JSON_H
#define HOST_TEXT_JSON_H

#include <json-c/json.h>

#include "host/base/base.h"

/* Adds VALUE, taking it over, to OBJECT. */
void json_add(json_object *object, const char *key, json_object *value, bool *failed);

/* A text, in which a byte that is no UTF-8 is written as \xNN; NULL: null. */
void json_add_text(json_object *object, const char *key, const char *text, bool *failed);

void json_add_number(json_object *object, const char *key, int64_t number, bool *failed);
void json_add_bool(json_object *object, const char *key, bool value, bool *failed);

/* Adds an empty array, or object, to OBJECT, and returns it, of which OBJECT is the owner; NULL
 * without memory. */
json_object *json_add_array(json_object *object, const char *key, bool *failed);
json_object *json_add_member(json_object *object, const char *key, bool *failed);

/* Adds an object to ARRAY, and returns it, of which ARRAY is the owner; NULL without memory. */
json_object *json_add_object(json_object *array, bool *failed);

/* Adds a text, as above, to ARRAY. */
void json_append_text(json_object *array, const char *text, bool *failed);

/* The N texts as an array; and the same up to a NULL, where NULL itself is null. */
void json_add_texts(json_object *object, const char *key, char *const *texts, size_t n,
		    bool *failed);
void json_add_argv(json_object *object, const char *key, char *const *argv, bool *failed);

/* The words of TEXT, which has spaces between them, as an array; NULL: an empty one. */
void json_add_words(json_object *object, const char *key, const char *text, bool *failed);

/*
 * Sends what is printed from now on to standard error: it is no answer for programs. *RET is a
 * descriptor of standard output as it was, and the caller's to close. json_restore_output() sends
 * what follows there again. Both return 0 or -errno.
 */
int json_divert_output(int *ret) must_check;
int json_restore_output(int out) must_check;

/* Whether there is a terminal to ask at: standard input is one; and so is standard error when the
 * answer is JSON, because a question goes there then. */
bool json_can_ask(bool json);

/* Prints ROOT, and frees it. Returns 0 or -ENOMEM. */
int json_print_root(json_object *root, bool failed) must_check;

/* Prints ROOT with its array ITEMS, and frees both. Returns 0 or -ENOMEM. */
int json_print(json_object *root, const char *key, json_object *items, bool failed) must_check;

#endif
