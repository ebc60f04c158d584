// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/vm.h"

#include "hookscript/pve.h"
#include "hookscript/variant.h"
#include "host/log.h"

#include <string.h>

int vm_read(const struct fs_root *root, unsigned int vmid, struct vmcfg **ret)
{
	auto_free char *path = pve_config_path(vmid, getenv("PVE_MIGRATED_FROM"));
	cleanup_with(vmcfg_freep) struct vmcfg *vm = NULL;
	auto_free char *text = NULL;
	size_t len = 0;
	int err;

	err = fs_read(root, path, VMCFG_TEXT_MAX, &text, &len);
	if (!err)
		err = vmcfg_parse(text, len, &vm);
	if (!err)
		err = variant_mark(root, vmid, vm);
	if (err == -ENOENT)
		log_error(_("VM %u: there is no config /%s on this node; the VMs that it has: qm "
			    "list"),
			  vmid, path);
	else if (err == -EACCES)
		log_error(_("VM %u: /%s cannot be read: %s; run this as root"), vmid, path,
			  strerror(-err));
	else if (err)
		log_error(_("VM %u: /%s cannot be read: %s"), vmid, path ? path : "etc/pve",
			  strerror(-err));
	else
		*ret = TAKE_PTR(vm);
	return err;
}
