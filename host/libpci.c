// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/libpci.h"

#include "host/library.h"

const struct libpci *libpci_load(void)
{
	static struct libpci pci;
	static bool loaded;

#define FUNCTION(name) {"pci_" #name, &pci.name},
	static const struct library_function functions[] = {LIBPCI_FUNCTIONS(FUNCTION)};
#undef FUNCTION

	/* The name of the ABI that pci/pci.h is of. */
	loaded = loaded || library_load("libpci.so.3", functions, ARRAY_SIZE(functions));
	return loaded ? &pci : NULL;
}
