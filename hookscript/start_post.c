// SPDX-License-Identifier: GPL-2.0-or-later
/* The phase post-start: the VM runs, and what it runs with is settled. */
#include "hookscript/start.h"

#include "hookscript/exit.h"
#include "hookscript/identity.h"
#include "hookscript/spares.h"
#include "hookscript/vm.h"
#include "host/log.h"

#include <string.h>

/* The start was good with what is at the VM's addresses now. */
static int remember_devices(const struct fs_root *root, unsigned int vmid, const struct vmcfg *vm)
{
	cleanup_with(selection_freep) struct selection *selection = NULL;
	auto_free struct known_device *list = NULL;
	size_t n;
	int err = selection_read(root, vmid, vm, &selection);

	if (!err)
		err = identity_survey(root, selection, &list, &n);
	if (!err)
		err = identity_write(root, vmid, list, n);
	if (err)
		log_warning(_("VM %u: /%s/%u cannot be written: %s; should its devices get other "
			      "addresses, its next start will not notice"),
			    vmid, IDENTITY_FOLDER, vmid, strerror(-err));
	return err ? EXIT_FAILED : EXIT_DONE;
}

int start_post(const struct fs_root *root, unsigned int vmid)
{
	cleanup_with(vmcfg_freep) struct vmcfg *vm = NULL;
	int settled, remembered;

	if (vm_read(root, vmid, &vm))
		return EXIT_FAILED;
	if (!selection_is_needed(vm))
		return EXIT_DONE;
	settled = spares_settle(root, vmid);
	remembered = remember_devices(root, vmid, vm);
	return settled ? settled : remembered;
}
