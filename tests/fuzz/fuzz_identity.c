// SPDX-License-Identifier: GPL-2.0-or-later
/* What is kept of a VM's devices across reboots (hookscript/records/identity.h). */
#include "fuzz.h"

#include <string.h>

#include "hookscript/records/identity.h"

#define FILE_NAME IDENTITY_DIR "/100"

/* Whether the file of VM VMID could be read. */
static bool read_devices(unsigned int vmid, struct identity_device **ret, size_t *ret_n)
{
	auto_free char *why = NULL;
	int err = identity_read(fuzz_root(), vmid, ret, ret_n, &why);

	fuzz_require(!err == !why);
	fuzz_require(!why || strstr(why, "/" IDENTITY_DIR "/"));
	return !err;
}

static void check_order(const struct identity_device *list, size_t n)
{
	fuzz_require(n <= IDENTITY_DEVICES_MAX);
	for (size_t i = 1; i < n; i++)
		fuzz_require(bdf_compare(&list[i - 1].bdf, &list[i].bdf) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free struct identity_device *list = NULL, *again = NULL;
	size_t n, n_again;

	fuzz_write_file(FILE_NAME, size ? (const void *)data : "", size);
	if (!read_devices(100, &list, &n))
		return 0;
	check_order(list, n);
	/* parse(format(x)) is x; for another VM, as what does not change is not written. */
	fuzz_require(!identity_write(fuzz_root(), 101, list, n));
	fuzz_require(read_devices(101, &again, &n_again) && n == n_again);
	for (size_t i = 0; i < n; i++)
		fuzz_require(!bdf_compare(&list[i].bdf, &again[i].bdf) &&
			     pci_identity_equal(&list[i].identity, &again[i].identity) &&
			     !strcmp(list[i].path, again[i].path) &&
			     list[i].serial == again[i].serial);
	fuzz_require(!identity_forget(fuzz_root(), 101));
	return 0;
}
