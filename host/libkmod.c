// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/libkmod.h"

#include "host/library.h"

const struct libkmod *libkmod_load(void)
{
	static struct libkmod kmod;
	static bool loaded;

#define FUNCTION(name) {"kmod_" #name, &kmod.name},
	static const struct library_function functions[] = {LIBKMOD_FUNCTIONS(FUNCTION)};
#undef FUNCTION

	/* The name of the ABI that libkmod.h is of. */
	loaded = loaded || library_load("libkmod.so.2", functions, ARRAY_SIZE(functions));
	return loaded ? &kmod : NULL;
}
