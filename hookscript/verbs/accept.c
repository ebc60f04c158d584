// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/accept.h"

#include "host/base/log.h"
#include "hookscript/plan/facts/facts.h"
#include "hookscript/pve/exit.h"
#include "hookscript/settings/settings_read.h"

#include <string.h>

/* What was kept before, and what is there now. */
struct acceptance {
	struct facts *facts;
	struct pci *pci;
	struct identity_device *old, *now;
	size_t n_old, n_now;
	bool replaces; /* what was kept before cannot be understood */
};

static void free_acceptance(struct acceptance *a)
{
	pci_close(a->pci);
	facts_free(a->facts);
	free(a->old);
	free(a->now);
}

/* A file that cannot be understood is replaced: its reader names this verb as the cure. */
static int read_old(const struct fs_root *root, unsigned int vmid, struct acceptance *a)
{
	auto_free char *why = NULL;
	int err = identity_read(root, vmid, &a->old, &a->n_old, &why);

	a->replaces = err == -EINVAL || err == -EPROTONOSUPPORT || err == -EFBIG || err == -ELOOP;
	if (a->replaces)
		log_warning(
			_("VM %u: /%s/%u cannot be understood and is replaced; which devices the VM "
			  "had is not known any more"),
			vmid, IDENTITY_DIR, vmid);
	else if (err)
		log_error("VM %u: %s", vmid, why ? why : strerror(-err));
	return a->replaces ? 0 : err;
}

/* Everything that tells the device from another one with the same name. */
static char *describe(const struct acceptance *a, const struct identity_device *device)
{
	const struct pci_identity *id = &device->identity;
	auto_free char *name = pci_name(a->pci, id);
	char *text = fs_path(_("%s, subsystem %04x:%04x, class %06x"),
			     name ? name : _("PCI device"), id->subvendor, id->subdevice,
			     id->class);

	return text ? text : strdup("");
}

static const struct identity_device *find(const struct identity_device *list, size_t n,
					  const struct bdf *bdf)
{
	for (size_t i = 0; i < n; i++)
		if (!bdf_compare(&list[i].bdf, bdf))
			return &list[i];
	return NULL;
}

static void report_now(const struct acceptance *a, const struct identity_device *device)
{
	const struct identity_device *old = find(a->old, a->n_old, &device->bdf);
	auto_free char *is = describe(a, device), *was = old ? describe(a, old) : NULL;
	const char *address = bdf_text(&device->bdf);

	if (!old)
		log_device(LOG_LEVEL_INFO, &device->bdf, NULL, "%s: %s", address, is);
	else if (identity_differ(old, device) &&
		 pci_identity_alike(&old->identity, &device->identity))
		log_device(LOG_LEVEL_INFO, &device->bdf, NULL,
			   _("%s: %s, another one than before, or in another slot"), address, is);
	else if (pci_identity_equal(&old->identity, &device->identity))
		log_device(LOG_LEVEL_INFO, &device->bdf, NULL, _("%s: %s, as before"), address, is);
	else
		log_device(LOG_LEVEL_INFO, &device->bdf, NULL, _("%s: was %s; now %s"), address,
			   was, is);
}

static void report_gone(const struct acceptance *a, const struct identity_device *device)
{
	auto_free char *was = describe(a, device);

	log_device(LOG_LEVEL_INFO, &device->bdf, NULL, _("%s: was %s; forgotten: %s"),
		   bdf_text(&device->bdf), was,
		   facts_name_by_address(a->facts, &device->bdf)
			   ? _("no device is there now")
			   : _("the VM does not name it any more"));
}

/* An address of the VM without a device: nothing to keep, and no start. */
static void warn_of_empty(const struct acceptance *a, const struct hostpci_address *address)
{
	for (size_t i = 0; i < a->n_now; i++)
		if (hostpci_address_names(address, &a->now[i].bdf))
			return;
	log_warning(
		_("%s: no device is there: VM %u cannot start until there is one, or its config "
		  "names another address"),
		hostpci_address_text(address), a->facts->vmid);
}

/* What the settings say of the device that was there does not hold for the one that is. */
static void warn_of_stale(const struct acceptance *a, const struct identity_device *now)
{
	const struct pci_identity *id = &now->identity;
	const struct device_setting *stale = settings_stale(a->facts->settings, &now->bdf,
							    id->vendor, id->device);

	if (!stale || settings_device(a->facts->settings, &now->bdf, id->vendor, id->device))
		return;
	log_warning(
		_("/%s, line %u: the entry of 'devices' for %s is for the device that was there, "
		  "%04x:%04x, and is ignored\n"
		  "if the new one needs it, write id = \"%04x:%04x\" there, else remove it: nano "
		  "+%u /%s"),
		stale->source.path, stale->source.line, bdf_text(&now->bdf), stale->vendor,
		stale->device, id->vendor, id->device, stale->source.line, stale->source.path);
}

static void report(const struct acceptance *a)
{
	unsigned int vmid = a->facts->vmid;

	for (size_t i = 0; i < a->n_now; i++)
		report_now(a, &a->now[i]);
	for (size_t i = 0; i < a->n_now; i++)
		warn_of_stale(a, &a->now[i]);
	for (size_t i = 0; i < a->n_old; i++)
		if (!find(a->now, a->n_now, &a->old[i].bdf))
			report_gone(a, &a->old[i]);
	for (size_t i = 0; i < a->facts->n_candidates; i++) {
		const struct candidate *item = &a->facts->candidates[i];

		for (size_t k = 0; !item->mapping && k < item->n_addresses; k++)
			warn_of_empty(a, &item->addresses[k]);
	}
	if (a->n_now)
		log_info(_("VM %u: from now on its start expects these devices there"), vmid);
	else if (a->n_old || a->replaces)
		log_info(_("VM %u: none of its devices is known any more"), vmid);
	else
		log_info(_("VM %u: it names no address with a device: nothing to accept"), vmid);
}

int accept_devices(const struct fs_root *root, unsigned int vmid)
{
	auto_settings struct settings settings = settings_default;
	cleanup_with(free_acceptance) struct acceptance a = {0};
	auto_free char *why = NULL;
	int err;

	settings_read(root, vmid, &settings);
	if (facts_read(root, vmid, &settings, FACTS_NEXT_START | FACTS_ADDRESSES, &a.facts, &why))
		return exit_failed(why);
	if (read_old(root, vmid, &a))
		return EXIT_FAILED;
	err = pci_open(root, &a.pci);
	a.now = facts_list_known(a.facts, &a.n_now);
	err = err ?: a.now ? identity_place(root, a.now, a.n_now) : -ENOMEM;
	if (err) {
		log_error(_("VM %u: its devices cannot be read: %s"), vmid, log_strerror(err));
		return EXIT_FAILED;
	}
	err = identity_write(root, vmid, a.now, a.n_now);
	if (err) {
		log_error(_("VM %u: /%s/%u cannot be written: %s"), vmid, IDENTITY_DIR, vmid,
			  log_strerror(err));
		return EXIT_FAILED;
	}
	report(&a);
	return EXIT_DONE;
}
