// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/libkmod.h"

#include "host/base.h"

#include <dlfcn.h>
#include <string.h>

/* The name of the ABI that libkmod.h is of. */
#define LIBRARY "libkmod.so.2"

/* Finds a function; a pointer to it is not one to data in C, so it is copied as bytes. */
static bool find(void *library, const char *name, void *function, size_t size)
{
	void *symbol = dlsym(library, name);

	memcpy(function, &symbol, size);
	return symbol;
}

static bool find_all(void *library, struct libkmod *kmod)
{
	bool good = true;

#define FIND(name) good = good && find(library, "kmod_" #name, &kmod->name, sizeof(kmod->name));
	LIBKMOD_FUNCTIONS(FIND)
#undef FIND
	return good;
}

const struct libkmod *libkmod_load(void)
{
	static struct libkmod kmod;
	static void *library;

	if (library)
		return &kmod;
	library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (library && !find_all(library, &kmod)) {
		dlclose(library);
		library = NULL;
	}
	return library ? &kmod : NULL;
}
