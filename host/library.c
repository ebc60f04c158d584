// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/library.h"

#include <dlfcn.h>
#include <string.h>

/* A pointer to a function is not one to data in C, so it is copied as bytes. */
static bool find(void *library, const struct library_function *function)
{
	void *symbol = dlsym(library, function->name);

	memcpy(function->pointer, &symbol, sizeof(symbol));
	return symbol;
}

bool library_load(const char *soname, const struct library_function *functions, size_t n)
{
	void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);

	for (size_t i = 0; library && i < n; i++)
		if (!find(library, &functions[i])) {
			dlclose(library);
			library = NULL;
		}
	return library;
}
