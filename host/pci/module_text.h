/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts about kernel modules: their names, and what modprobe.d has of them. Pure. */
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

#endif
