/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel modules (libkmod): load them, and ask what the host's modprobe configuration says. Whether
 * a module is loaded is read below the root; the rest needs an open handle, which
 * costs a start of libkmod.
 */
#ifndef HOST_PCI_MODULES_H
#define HOST_PCI_MODULES_H

#include "host/base/fs.h"
#include "host/pci/pci.h"

/* Whether the module is loaded, or built in with parameters of its own ('-' and '_' are one): 1 or
 * 0; -errno when that is unknown. */
int module_is_loaded(const struct fs_root *root, const char *name) must_check;

/* Whether a module that is loaded (as above) is a part of the kernel itself. */
bool module_is_builtin(const struct fs_root *root, const char *name);

/*
 * The running kernel's release (proc/sys/kernel/osrelease); for a tree without a /proc the newest
 * below lib/modules. Returns 0 with a new string, -ENOENT when neither is there, or -errno.
 */
int modules_release(const struct fs_root *root, char **ret) must_check;

struct modules;

/* Returns 0 and a new handle (modules_close()), or -errno. */
int modules_open(const struct fs_root *root, struct modules **ret) must_check;
void modules_close(struct modules *modules);
DEFINE_CLEANUP(struct modules *, modules_close)

/*
 * Loads a module with what it depends on, as modprobe would. Loaded or built in already is success.
 * Returns 0; -ENOENT when this kernel has no such module; -EOPNOTSUPP when the root is not the
 * running system; -ECANCELED when an install line of modprobe.d (modprobe.d(5)) was run in its
 * place, and it is not loaded; -errno, which module_strerror() puts in words.
 */
int modules_load(struct modules *modules, const char *name) must_check;

struct module_obstacle {
	char *text;	 /* "install vfio_pci /bin/true", "module_blacklist=vfio_pci"; NULL: none */
	bool on_cmdline; /* it is a word of the kernel command line, not a line of modprobe.d */
};

/*
 * What keeps the module from being loaded, or one that it needs and that is not loaded. ANY: an
 * install line whatever its command is; else only one that loads nothing. Returns 0 (the caller
 * frees the text) or -errno.
 */
int modules_find_obstacle(struct modules *modules, const char *name, bool any,
			  struct module_obstacle *ret) must_check;

/* What -errno of modules_load() and driver_load() means. */
const char *module_strerror(int err);

/*
 * Unloads the module. Not loaded is success. Returns 0; -EBUSY when something needs it; -EOPNOTSUPP
 * when the root is not the running system; -errno. Its driver releases all its devices: see
 * module_serves_others().
 */
int modules_unload(struct modules *modules, const char *name) must_check;

/* Whether a PCI driver of the module has, or may have, a device beside this one. */
bool module_serves_others(const struct fs_root *root, const char *name, const struct bdf *bdf);

/* Whether this kernel has the module, loaded, built in, or as a file: 1 or 0; -errno when that is
 * unknown. */
int modules_has(struct modules *modules, const char *name) must_check;

/*
 * The module that would be loaded for a modalias. Returns 0 with a new string in *ret, and
 * *ret_blacklisted true when only blacklisted ones match, in modprobe.d (also by an install line
 * that loads nothing) or on the kernel command line (the name is then one of those); 0 with NULL
 * when none matches; -errno.
 */
int modules_for_alias(struct modules *modules, const char *modalias, char **ret,
		      bool *ret_blacklisted) must_check;

/*
 * Whether the host's configuration gives the device to vfio-pci by its ids: `options vfio-pci ids=`
 * in modprobe.d, or vfio-pci.ids= on the kernel command line: 1 or 0; -errno when that is unknown.
 * Of several, the last one counts, and that of the command line is the last.
 * (Linux: drivers/vfio/pci/vfio_pci.c)
 */
int modules_vfio_ids_match(struct modules *modules, const struct pci_identity *id) must_check;

/*
 * Whether the host's configuration sets a boolean option of a module: NAME alone, or NAME=1, Y, y,
 * on, in modprobe.d or on the kernel command line.
 */
bool modules_has_option(struct modules *modules, const char *module, const char *option);

/*
 * The values that the host's configuration gives to an option of a module, in modprobe.d and on the
 * kernel command line, each after a newline; "" for none. Returns 0 with a new string, or -errno.
 */
int modules_option(struct modules *modules, const char *module, const char *option,
		   char **ret) must_check;

#endif
