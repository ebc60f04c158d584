/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `--json` prints, put together with json-c. Without memory *FAILED becomes true. */
#ifndef HOST_SETUP_JSONTEXT_H
#define HOST_SETUP_JSONTEXT_H

#include <json-c/json.h>

#include "host/pci/summary.h"

/* Adds VALUE, taking it over, to OBJECT. */
void json_add(json_object *object, const char *key, json_object *value, bool *failed);

/* A text, in which a byte that is no UTF-8 is written as \xNN; NULL: null. */
void json_add_text(json_object *object, const char *key, const char *text, bool *failed);

/* Adds an object to ARRAY, and returns it, of which ARRAY is the owner; NULL without memory. */
json_object *json_add_object(json_object *array, bool *failed);

/* The words of TEXT, which has spaces between them, as an array; NULL: an empty one. */
void json_add_words(json_object *object, const char *key, const char *text, bool *failed);

/* Adds {"vmid": 100, "entries": ["hostpci0"]} to ARRAY; null for the entries of a config that
 * cannot be read. */
void json_add_vm(json_object *array, const struct device_vm *vm, bool *failed);

/* Prints ROOT with its array ITEMS, and frees both. Returns 0 or -ENOMEM. */
int json_print(json_object *root, const char *key, json_object *items, bool failed) must_check;

#endif
