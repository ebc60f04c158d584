/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `mapping` would do, for programs. */
#ifndef HOOKSCRIPT_VERBS_MAPPING_JSON_H
#define HOOKSCRIPT_VERBS_MAPPING_JSON_H

#include "hookscript/verbs/mapping_make.h"

/*
 * Prints one JSON object: {"mapping": "gpu", "exists", "refusal", "notes": […], "command":
 * ["pvesh", …], "lines": […]}. FOUND: notes beside those of the change, one a line; "refusal": why
 * it cannot be, or null; "command" is empty when the mapping is as wished. Returns 0 or -ENOMEM.
 */
int mapping_print_json(const char *name, const struct pvesh_mapping *now,
		       const struct strbuf *found, const struct mapping_change *change) must_check;

#endif
