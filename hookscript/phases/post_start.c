// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/phases/post_start.h"

#include "hookscript/bind/fdb_guests.h"
#include "hookscript/bind/spares.h"
#include "hookscript/bind/vf_follow.h"
#include "hookscript/plan/facts/facts.h"
#include "hookscript/pve/exit.h"
#include "hookscript/records/duration.h"
#include "hookscript/records/identity.h"
#include "host/base/log.h"

#include <string.h>

/* The start was good with what is at the VM's addresses now. */
static int remember_devices(const struct fs_root *root, const struct facts *facts)
{
	auto_free struct identity_device *list = NULL, *old = NULL;
	unsigned int vmid = facts->vmid;
	auto_free char *why = NULL;
	size_t n, n_old = 0;
	int err;

	list = facts_list_known(facts, &n);
	err = list ? identity_place(root, list, n) : -ENOMEM;
	if (err) {
		log_warning(_("VM %u: which devices it has cannot be read: %s; /%s/%u stays as it "
			      "is"),
			    vmid, log_strerror(err), IDENTITY_DIR, vmid);
		return EXIT_FAILED;
	}
	/* Its guest may be resetting one at this moment. What cannot be understood is replaced. */
	if (!identity_read(root, vmid, &old, &n_old, &why))
		identity_keep_serials(list, n, old, n_old);
	err = identity_write(root, vmid, list, n);
	if (err)
		log_warning(_("VM %u: /%s/%u cannot be written: %s; should its devices get other "
			      "addresses, its next start will not notice"),
			    vmid, IDENTITY_DIR, vmid, strerror(-err));
	return err ? EXIT_FAILED : EXIT_DONE;
}

/* For the next plan. What is not kept is no reason to complain of a VM that runs. */
static void remember_duration(const struct fs_root *root, const struct facts *facts, int64_t ms)
{
	auto_host_memory struct host_memory host = {0};
	struct memory_config config;
	struct memory_verdict verdict;
	int err;

	if (!ms || !facts_pin_memory(facts) || host_memory_read(root, &host) ||
	    memory_config_read(facts->vm, &config) || config.by_args)
		return;
	verdict = facts_judge_memory(&config, &host);
	err = duration_write(root, facts->vmid,
			     &(struct duration){ms, config.mib, memory_page_kib(&verdict)});
	if (err)
		log_warning(_("VM %u: /%s/%u, how long its start took, cannot be written: %s"),
			    facts->vmid, DURATION_DIR, facts->vmid, log_strerror(err));
}

static int read_facts(const struct fs_root *root, unsigned int vmid,
		      const struct settings *settings, struct facts **ret)
{
	auto_free char *why = NULL;

	if (!facts_read(root, vmid, settings, FACTS_ADDRESSES, ret, &why))
		return EXIT_DONE;
	return exit_failed(why);
}

/* AGAIN: what an earlier attempt recorded it may not have set. */
static int finish(const struct fs_root *root, const struct facts *facts, bool again)
{
	const struct settings *settings = facts->settings;
	unsigned int vmid = facts->vmid;
	int recorded, set, returned, remembered;
	bool unknown = false;

	if (settings->err)
		log_error(
			_("%s; should Proxmox VE have chosen another device of a mapping than was "
			  "expected, nothing is set on that, and its guest may be in the wrong "
			  "network"),
			settings_error(settings));
	recorded = spares_record_choice(root, vmid);
	/* At once; but while the one that was foreseen has the same MAC, the card may refuse it. */
	set = vf_follow(root, facts, false, &unknown);
	returned = recorded ? recorded : spares_return_needless(root, vmid);
	if (set || again)
		set = vf_follow(root, facts, true, &unknown);
	if (fdb_is_noted(root))
		fdb_update(root, true);
	remembered = remember_devices(root, facts);
	/* Until here they say that this has not been done to its end. */
	if (!returned && !settings->err && !(set && unknown))
		spares_forget(root, vmid);
	return returned ?: set || settings->err ? EXIT_FAILED : remembered;
}

int start_post_start(const struct fs_root *root, unsigned int vmid, const struct settings *settings)
{
	int64_t ms = duration_since_claim(root, vmid);
	auto_facts struct facts *facts = NULL;
	int code = read_facts(root, vmid, settings, &facts);

	if (code || !facts_need_binding(facts))
		return code;
	code = finish(root, facts, false);
	remember_duration(root, facts, ms);
	return code;
}

int start_finish(const struct fs_root *root, unsigned int vmid, const struct settings *settings)
{
	auto_facts struct facts *facts = NULL;
	int code;

	if (!spares_are_kept(root, vmid))
		return EXIT_DONE;
	log_warning(_("VM %u runs, and its post-start has not come to an end; this is done now"),
		    vmid);
	code = read_facts(root, vmid, settings, &facts);
	if (!code && facts_need_binding(facts))
		code = finish(root, facts, true);
	return code;
}
