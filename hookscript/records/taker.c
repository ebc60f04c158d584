// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/records/taker.h"

#include "hookscript/pve/pve.h"
#include "hookscript/records/reboot.h"
#include "hookscript/records/record.h"

enum taker taker_state(const struct fs_root *root, unsigned int vmid)
{
	auto_free char *config = pve_config_path(vmid, NULL);

	if (vmid == RECORD_TEST)
		return pve_vm_is_locked(root, vmid) ? TAKER_TESTS : TAKER_TEST_DIED;
	if (pve_vm_runs(root, vmid))
		return TAKER_RUNS;
	if (pve_vm_is_locked(root, vmid))
		return TAKER_LOCKED;
	if (reboot_left_ms(root, vmid) > 0)
		return TAKER_REBOOTS;
	return !config || fs_probe(root, config) ? TAKER_STOPPED : TAKER_ABSENT;
}

bool taker_is_gone(enum taker taker)
{
	return taker == TAKER_STOPPED || taker == TAKER_ABSENT || taker == TAKER_TEST_DIED;
}

const char *taker_name(enum taker taker)
{
	static const char *const names[] = {
		[TAKER_RUNS] = "runs",		 [TAKER_LOCKED] = "locked",
		[TAKER_REBOOTS] = "reboots",	 [TAKER_STOPPED] = "stopped",
		[TAKER_ABSENT] = "absent",	 [TAKER_TESTS] = "tests",
		[TAKER_TEST_DIED] = "test-died",
	};

	return names[taker];
}

char *record_by_hand(const struct bdf *bdf)
{
	const char *address = bdf_text(bdf);

	return fs_path("echo > /sys/bus/pci/devices/%s/driver_override; echo %s > "
		       "/sys/bus/pci/devices/%s/driver/unbind; echo %s > "
		       "/sys/bus/pci/drivers_probe; rm -f /%s/%s /%s/%s.broken",
		       address, address, address, address, RECORD_DIR, address, RECORD_DIR,
		       address);
}
