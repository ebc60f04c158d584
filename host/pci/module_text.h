/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts about kernel modules: their names, and what modprobe.d and the kernel command line have of
 * them. Pure. */
#ifndef HOST_PCI_MODULE_TEXT_H
#define HOST_PCI_MODULE_TEXT_H

#include "host/pci/pci.h"

/* Whether the LEN characters at AT are the module's NAME, in which '-' is '_'. (Linux:
 * kernel/params.c, parameqn()) */
bool module_name_is(const char *at, size_t len, const char *name);

/* Whether the command of an install line does nothing: /bin/true, /bin/false, … */
bool module_command_is_none(const char *command);

/* Whether the text of one ids= value gives the device to vfio-pci. (Linux:
 * drivers/vfio/pci/vfio_pci.c) */
bool module_ids_match(const char *ids, const struct pci_identity *id);

/* The word of the kernel command line CMDLINE for which the kernel itself never loads the module;
 * NULL: none. Of several it reads the last, and it compares names as they are. (Linux:
 * kernel/module/main.c, blacklisted()) */
const char *module_kernels_blacklist(const char *cmdline, const char *module);

/* Whether there is such a word, or one for which libkmod does not load the module by itself. */
bool module_is_blacklisted(const char *cmdline, const char *module);

#endif
