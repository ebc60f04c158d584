/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json-c, loaded when there is JSON to read, which is hardly ever (host/library.h). */
#ifndef VMCFG_LIBJSON_H
#define VMCFG_LIBJSON_H

#include <json-c/json.h>

/* What is used of it; each function is called json_NAME there. */
#define LIBJSON_FUNCTIONS(each)                                                                  \
	each(object_get_string) each(object_is_type) each(object_object_get_ex) each(object_put) \
		each(tokener_parse)

#define LIBJSON_MEMBER(name) __typeof__(json_##name) *name;
struct libjson {
	LIBJSON_FUNCTIONS(LIBJSON_MEMBER)
};

/* The library, which stays loaded. NULL when it is not on this host, or is too old. */
const struct libjson *libjson_load(void);

#endif
