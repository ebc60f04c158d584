/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libpci, loaded when its first function is needed: it brings libz and libudev along, and is asked
 * for what people read only, names (host/library.h).
 */
#ifndef HOST_LIBPCI_H
#define HOST_LIBPCI_H

#include <pci/pci.h>

/* What is used of it; each function is called pci_NAME there. */
#define LIBPCI_FUNCTIONS(each)                                                           \
	each(alloc) each(cleanup) each(find_cap) each(free_dev) each(get_dev) each(init) \
		each(lookup_name) each(set_param)

#define LIBPCI_MEMBER(name) __typeof__(pci_##name) *name;
struct libpci {
	LIBPCI_FUNCTIONS(LIBPCI_MEMBER)
};

/* The library, which stays loaded. NULL when it is not on this host, or is too old. */
const struct libpci *libpci_load(void);

#endif
