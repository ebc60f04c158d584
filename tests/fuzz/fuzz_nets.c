// SPDX-License-Identifier: GPL-2.0-or-later
/* The interfaces in the config of a guest, and a VM's uuid (vmcfg/nets.h). */
#include "fuzz.h"

#include <string.h>

#include "vmcfg/nets.h"
#include "vmcfg/text/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *bytes = fuzz_bytes(data, size);
	auto_guest_nets struct guest_nets nets = {0};
	auto_free char *uuid = NULL;

	fuzz_require(!guest_nets_parse(bytes, size, &nets));
	fuzz_require(nets.n <= size / strlen("net0:bridge=,a=52:54:00:00:00:00"));
	for (size_t i = 0; i < nets.n; i++)
		fuzz_require(nets.items[i].bridge && strlen(nets.items[i].bridge) <= size);
	fuzz_require(!guest_uuid_parse(bytes, size, &uuid));
	fuzz_require(!uuid || text_is_uuid(text_of(uuid)));
	for (const char *c = uuid; c && *c; c++)
		fuzz_require(*c < 'A' || *c > 'Z');
	return 0;
}
