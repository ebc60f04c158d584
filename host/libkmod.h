/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libkmod, loaded when its first function is needed: it brings libraries of compression and
 * cryptography along, and most starts find every module loaded (host/library.h).
 */
#ifndef HOST_LIBKMOD_H
#define HOST_LIBKMOD_H

#include <libkmod.h>

/* What is used of it; each function is called kmod_NAME there. */
#define LIBKMOD_FUNCTIONS(each)                                                                 \
	each(new) each(unref) each(list_next) each(module_apply_filter) each(module_get_module) \
		each(module_get_name) each(module_get_options) each(module_new_from_lookup)     \
			each(module_new_from_name) each(module_probe_insert_module)             \
				each(module_remove_module) each(module_unref)                   \
					each(module_unref_list)

#define LIBKMOD_MEMBER(name) __typeof__(kmod_##name) *name;
struct libkmod {
	LIBKMOD_FUNCTIONS(LIBKMOD_MEMBER)
};

/* The library, which stays loaded. NULL when it is not on this host, or is too old. */
const struct libkmod *libkmod_load(void);

#endif
