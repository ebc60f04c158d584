/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `--json` prints, kept for tests/json/check, which holds it against docs/schema/. */
#ifndef TESTS_UNIT_KEEP_JSON_H
#define TESTS_UNIT_KEEP_JSON_H

#include <json-c/json.h>

#include "tree.h"

/* Parses TEXT, what was printed, which ends the test when it is not JSON alone, and keeps it below
 * build/json/ as SCHEMA.NAME.json. The caller frees it (json_object_put()). */
json_object *keep_json(const char *text, const char *schema, const char *name);

static inline void json_object_putp(json_object **object)
{
	json_object_put(*object);
}
#define auto_json cleanup_with(json_object_putp)

/* The member at PATH, an RFC 6901 pointer; ends the test when there is none. */
json_object *json_at(json_object *root, const char *path);

/* Its text; NULL: it is null. */
const char *json_text(json_object *root, const char *path);

/* Its number, or its truth. */
int64_t json_number(json_object *root, const char *path);

/* How many are in the array there. */
size_t json_count(json_object *root, const char *path);

#endif
