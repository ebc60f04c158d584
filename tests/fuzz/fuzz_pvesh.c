// SPDX-License-Identifier: GPL-2.0-or-later
/* What pvesh answers (hookscript/pve/pvesh.h). */
#include "fuzz.h"

#include <string.h>

#include "hookscript/pve/pvesh.h"

static void check_mapping(const char *text)
{
	struct pvesh_mapping mapping;
	int err = pvesh_parse_mapping(text, "gpu", &mapping);

	fuzz_require(!err || err == -EBADMSG);
	if (err)
		return;
	fuzz_require(mapping.exists || (!mapping.n_lines && !mapping.errors));
	for (size_t i = 0; i < mapping.n_lines; i++)
		fuzz_require(mapping.lines[i]);
	pvesh_mapping_free(&mapping);
}

static void check_devices(const char *text)
{
	struct pvesh_devices list;
	int err = pvesh_parse_devices(text, &list);

	fuzz_require(!err || err == -EBADMSG);
	if (err)
		return;
	for (size_t i = 0; i < list.n; i++)
		fuzz_require(list.items[i].name && list.items[i].group >= -1);
	pvesh_devices_free(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = fuzz_bytes(data, size);
	auto_free char *string = strndup(text, size);

	fuzz_require(string);
	check_mapping(string);
	check_devices(string);
	return 0;
}
