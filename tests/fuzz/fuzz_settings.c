// SPDX-License-Identifier: GPL-2.0-or-later
/* /etc/pve-passthrough.conf (hookscript/settings.h). */
#include "fuzz.h"

#include <string.h>

#include "hookscript/settings.h"

static void check_settings(const struct settings *settings)
{
	fuzz_require(settings->machine <= POLICY_OFF && settings->pcie <= POLICY_OFF);
	fuzz_require(settings->group <= GROUP_REFUSE);
	fuzz_require(settings->deadline >= 1 && settings->deadline <= 3600);
	fuzz_require(settings->n_devices <= SETTINGS_DEVICES_MAX);
	for (size_t i = 0; i < settings->n_devices; i++) {
		const struct device_setting *device = &settings->devices[i];

		fuzz_require(device->bdf.slot < 32 && device->bdf.func < 8);
		fuzz_require(!(device->allow >> (USAGE_VFS + 1)));
	}
}

/* What is wrong, and where, is said in full or not at all. */
static void check_refusal(int err, const char *why)
{
	fuzz_require(err == -EINVAL && why);
	fuzz_require(!strncmp(why, "/" SETTINGS_PATH, strlen("/" SETTINGS_PATH)));
}

static bool read_for(unsigned int vmid)
{
	static const struct settings untouched = {.deadline = -7};
	struct settings settings = untouched;
	auto_free char *why = NULL;
	int err = settings_read(fuzz_root(), vmid, &settings, &why);

	if (err) {
		check_refusal(err, why);
		fuzz_require(settings.deadline == untouched.deadline);
		return false;
	}
	fuzz_require(!why);
	check_settings(&settings);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool good;

	fuzz_write_file(SETTINGS_PATH, size ? (const void *)data : "", size);
	/* Other VMs' groups are checked too: a file is good for all or for none. */
	good = read_for(100);
	fuzz_require(read_for(101) == good && read_for(999999999) == good);
	return 0;
}
