// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/libjson.h"

#include "host/library.h"

const struct libjson *libjson_load(void)
{
	static struct libjson json;
	static bool loaded;

#define FUNCTION(name) {"json_" #name, &json.name},
	static const struct library_function functions[] = {LIBJSON_FUNCTIONS(FUNCTION)};
#undef FUNCTION

	/* The name of the ABI that json-c/json.h is of. */
	loaded = loaded || library_load("libjson-c.so.5", functions, ARRAY_SIZE(functions));
	return loaded ? &json : NULL;
}
