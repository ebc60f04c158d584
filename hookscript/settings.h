/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /etc/pve-passthrough.conf (libconfig): every key is optional, and so is the file.
 *
 *	machine = "refuse";            # or "warn", "off": a VM that is not q35
 *	pcie = "refuse";               # or "warn", "off": a PCIe device without pcie=1
 *	deadline = 30;                 # seconds that taking or giving back may last
 *	group = "take";                # or "refuse": a start that takes neighbours of a group
 *	ifreload = false;              # or true: run `ifreload -a` when an interface comes back
 *	at_shutdown = "keep";          # or "return": devices of VMs that stop because the host does
 *	devices = ( { address = "0000:03:00.0"; id = "8086:10fb"; allow = [ "network" ]; } );
 *	                               # a VM may have it although the host uses it so
 *	vm100 = { machine = "warn"; }; # the same keys, for VM 100 alone
 */
#ifndef HOOKSCRIPT_SETTINGS_H
#define HOOKSCRIPT_SETTINGS_H

#include "host/bdf.h"
#include "host/fs.h"
#include "host/usage/usage.h"

#define SETTINGS_PATH	  "etc/pve-passthrough.conf"
#define SETTINGS_TEXT_MAX ((size_t)1024 * 1024)

/* What to do with a VM that does not meet a check. */
enum policy { POLICY_REFUSE, POLICY_WARN, POLICY_OFF };

/* What to do with the members of a group that the VM does not name. */
enum group_policy { GROUP_TAKE, GROUP_REFUSE };

#define SETTINGS_DEVICES_MAX 64

/* What is allowed with one device, as long as it is that device which sits there. */
struct device_setting {
	struct bdf bdf;
	uint16_t vendor, device;
	unsigned int allow; /* bits 1 << enum usage_kind */
};

struct settings {
	enum policy machine;
	enum policy pcie;
	int deadline; /* seconds, 1 to 3600 */
	enum group_policy group;
	bool ifreload;		 /* bring the network up after an interface came back */
	bool return_at_shutdown; /* give devices back although the host shuts down */
	struct device_setting devices[SETTINGS_DEVICES_MAX];
	size_t n_devices;
};

/* What holds without a file. */
extern const struct settings settings_default;

/*
 * Reads the settings that hold for VM VMID. Without a file: the defaults. Returns 0; or -errno and
 * a new text in *ret_why (the caller frees it) that names file, line and key: -EINVAL for an
 * unknown key, a wrong type or value, -EPERM when others than root can write the file.
 */
int settings_read(const struct fs_root *root, unsigned int vmid, struct settings *ret,
		  char **ret_why) must_check;

#endif
