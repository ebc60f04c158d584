// SPDX-License-Identifier: GPL-2.0-or-later
/* The phase post-start: the VM runs, and what it runs with is settled. */
#include "hookscript/start.h"

#include "hookscript/exit.h"
#include "hookscript/facts.h"
#include "hookscript/spares.h"
#include "host/log.h"

#include <string.h>

/* The start was good with what is at the VM's addresses now. */
static int remember_devices(const struct fs_root *root, const struct facts *facts)
{
	auto_free struct known_device *list = NULL;
	unsigned int vmid = facts->vmid;
	size_t n;
	int err;

	list = facts_list_known(facts, &n);
	err = list ? identity_write(root, vmid, list, n) : -ENOMEM;
	if (err)
		log_warning(_("VM %u: /%s/%u cannot be written: %s; should its devices get other "
			      "addresses, its next start will not notice"),
			    vmid, IDENTITY_FOLDER, vmid, strerror(-err));
	return err ? EXIT_FAILED : EXIT_DONE;
}

int start_post_start(const struct fs_root *root, unsigned int vmid, const struct settings *settings)
{
	auto_facts struct facts *facts = NULL;
	auto_free char *why = NULL;
	int settled, remembered;

	if (facts_read(root, vmid, settings, FACTS_ADDRESSES, &facts, &why)) {
		log_error("%s", why ? why : _("out of memory"));
		return EXIT_FAILED;
	}
	if (!facts_need_binding(facts))
		return EXIT_DONE;
	settled = spares_settle(root, vmid);
	remembered = remember_devices(root, facts);
	return settled ? settled : remembered;
}
