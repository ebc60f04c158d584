/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several commands have in what `--json` prints (host/text/json.h). */
#ifndef HOST_SETUP_JSONTEXT_H
#define HOST_SETUP_JSONTEXT_H

#include "host/text/json.h"
#include "host/pci/summary.h"

/* Adds {"vmid": 100, "entries": ["hostpci0"]} to ARRAY; null for the entries of a config that
 * cannot be read. */
void json_add_vm(json_object *array, const struct device_vm *vm, bool *failed);

/* Adds "uses", an array of why a start with the device would be refused; NULL: an empty one. */
void json_add_uses(json_object *object, const struct device_summary *device, bool *failed);

#endif
