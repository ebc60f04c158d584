// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/post_start.h"

#include "hookscript/bind/fdb_guests.h"
#include "hookscript/bind/spares.h"
#include "hookscript/bind/vf_follow.h"
#include "hookscript/plan/facts.h"
#include "hookscript/pve/exit.h"
#include "hookscript/records/identity.h"
#include "host/base/log.h"

#include <string.h>

/* The start was good with what is at the VM's addresses now. */
static int remember_devices(const struct fs_root *root, const struct facts *facts)
{
	auto_free struct identity_device *list = NULL;
	unsigned int vmid = facts->vmid;
	size_t n;
	int err;

	list = facts_list_known(facts, &n);
	err = list ? identity_write(root, vmid, list, n) : -ENOMEM;
	if (err)
		log_warning(_("VM %u: /%s/%u cannot be written: %s; should its devices get other "
			      "addresses, its next start will not notice"),
			    vmid, IDENTITY_DIR, vmid, strerror(-err));
	return err ? EXIT_FAILED : EXIT_DONE;
}

int start_post_start(const struct fs_root *root, unsigned int vmid, const struct settings *settings)
{
	auto_facts struct facts *facts = NULL;
	auto_free char *why = NULL;
	int recorded, set, returned, remembered;

	if (facts_read(root, vmid, settings, FACTS_ADDRESSES, &facts, &why)) {
		log_error("%s", why ? why : _("out of memory"));
		return EXIT_FAILED;
	}
	if (!facts_need_binding(facts))
		return EXIT_DONE;
	if (settings->err)
		log_error(
			_("%s; should Proxmox VE have chosen another device of a mapping than was "
			  "expected, nothing is set on that, and its guest may be in the wrong "
			  "network"),
			settings_error(settings));
	recorded = spares_record_choice(root, vmid);
	/* At once; but while the one that was foreseen has the same MAC, the card may refuse it. */
	set = vf_follow(root, facts, false);
	returned = recorded ? recorded : spares_return_needless(root, vmid);
	if (set)
		set = vf_follow(root, facts, true);
	if (fdb_is_noted(root))
		fdb_update(root, true);
	remembered = remember_devices(root, facts);
	/* Until here they say that this has not been done to its end. */
	if (!returned && !settings->err)
		spares_forget(root, vmid);
	return returned ?: set ? EXIT_FAILED : remembered;
}

int start_finish(const struct fs_root *root, unsigned int vmid, const struct settings *settings)
{
	auto_facts struct facts *facts = NULL;
	auto_free char *why = NULL;
	int code;

	if (!spares_are_kept(root, vmid))
		return EXIT_DONE;
	log_warning(_("VM %u runs, and its post-start has not come to an end; this is done now"),
		    vmid);
	code = start_post_start(root, vmid, settings);
	/* What was recorded may not have been set. */
	if (!code && !facts_read(root, vmid, settings, FACTS_ADDRESSES, &facts, &why) &&
	    vf_follow(root, facts, true))
		code = EXIT_FAILED;
	return code;
}
