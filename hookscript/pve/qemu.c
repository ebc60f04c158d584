// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/pve/qemu.h"

#include "hookscript/pve/pve.h"
#include "vmcfg/hostpci.h"
#include "vmcfg/text/text.h"

#include <string.h>

#define CMDLINE_MAX ((size_t)1024 * 1024)

/* The address after "host=", with or without a domain. */
static bool take_address(struct text value, struct bdf *ret)
{
	char address[BDF_TEXT_SIZE] = "";

	if (value.len >= sizeof(address))
		return false;
	memcpy(address, value.at, value.len);
	return !bdf_parse_short(address, ret);
}

/* "hostpci0", or, of a device with several functions, "hostpci0.1". */
static bool take_entry(struct text value, int *ret)
{
	unsigned int entry;
	struct text number;

	if (!text_take(&value, "hostpci") || !text_next(&value, '.', &number) ||
	    !text_parse_index(number, HOSTPCI_MAX, &entry))
		return false;
	*ret = (int)entry;
	return true;
}

/* The argument of a -device. */
static bool parse_device(const char *arg, struct qemu_device *ret)
{
	struct text rest = text_of(arg), part;
	bool has_entry = false, has_address = false;

	if (!text_next(&rest, ',', &part) || !text_is(part, "vfio-pci"))
		return false;
	while (text_next(&rest, ',', &part)) {
		if (text_take(&part, "host="))
			has_address = take_address(part, &ret->bdf);
		else if (text_take(&part, "id="))
			has_entry = take_entry(part, &ret->entry);
	}
	return has_entry && has_address;
}

int qemu_devices_read(const struct fs_root *root, unsigned int vmid, struct qemu_device **ret,
		      size_t *ret_n)
{
	auto_free struct qemu_device *list = NULL;
	auto_free char *path = NULL, *cmdline = NULL;
	size_t len = 0, n = 0;
	pid_t pid;
	int err = pve_vm_pid(root, vmid, &pid);

	if (err)
		return err;
	path = fs_path("proc/%d/cmdline", (int)pid);
	err = pid ? fs_read(root, path, CMDLINE_MAX, &cmdline, &len) : -ESRCH;
	if (err)
		return fs_is_absent(err) ? -ESRCH : err;
	for (const char *arg = cmdline; arg < cmdline + len; arg += strlen(arg) + 1) {
		struct qemu_device device;

		if (!parse_device(arg, &device))
			continue;
		if (!array_grow(list, n))
			return -ENOMEM;
		list[n++] = device;
	}
	*ret = TAKE_PTR(list);
	*ret_n = n;
	return 0;
}
