// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/accept.h"
#include "hookscript/settings/settings_read.h"

#include "hookscript/pve/exit.h"
#include "hookscript/plan/facts_read.h"
#include "host/base/log.h"

#include <string.h>

/* What is known so far, and what is there now. */
struct acceptance {
	const struct fs_root *root;
	unsigned int vmid;
	struct facts *facts;
	struct pci *pci;
	struct identity_device *old, *now;
	size_t n_old, n_now;
	bool blind; /* what is known so far cannot be read */
};

static void free_acceptance(struct acceptance *a)
{
	pci_close(a->pci);
	facts_free(a->facts);
	free(a->old);
	free(a->now);
}

static int failed(const struct acceptance *a, const char *what, int err)
{
	log_error("VM %u: %s: %s", a->vmid, what, log_strerror(err));
	return err;
}

/* A file that says nothing is replaced: that is what this command is recommended for. */
static int read_old(struct acceptance *a)
{
	auto_free char *why = NULL;
	int err = identity_read(a->root, a->vmid, &a->old, &a->n_old, &why);

	if (err == -EINVAL || err == -EPROTONOSUPPORT || err == -EFBIG || err == -ELOOP) {
		log_warning(
			_("VM %u: /%s/%u cannot be understood and is replaced; which devices the VM "
			  "had is not known any more"),
			a->vmid, IDENTITY_DIR, a->vmid);
		a->blind = true;
		return 0;
	}
	if (err)
		log_error("VM %u: %s", a->vmid, why ? why : strerror(-err));
	return err;
}

static int read_all(struct acceptance *a)
{
	int err = read_old(a);

	if (err)
		return err;
	err = pci_open(a->root, &a->pci);
	a->now = facts_list_known(a->facts, &a->n_now);
	if (!err && !a->now)
		err = -ENOMEM;
	return err ? failed(a, _("its devices cannot be read"), err) : 0;
}

/* Everything that makes the device this one, for two that may have the same name. */
static char *describe(struct acceptance *a, const struct pci_identity *id)
{
	auto_free char *name = pci_name(a->pci, id);

	return fs_path(_("%s, subsystem %04x:%04x, class %06x"), name ? name : _("PCI device"),
		       id->subvendor, id->subdevice, id->class);
}

static const struct identity_device *find(const struct identity_device *list, size_t n,
					  const struct bdf *bdf)
{
	for (size_t i = 0; i < n; i++)
		if (!bdf_compare(&list[i].bdf, bdf))
			return &list[i];
	return NULL;
}

static void say_now(struct acceptance *a, const struct identity_device *device)
{
	const struct identity_device *old = find(a->old, a->n_old, &device->bdf);
	auto_free char *is = describe(a, &device->identity);
	auto_free char *was = old ? describe(a, &old->identity) : NULL;
	char address[BDF_TEXT_SIZE];

	bdf_format(&device->bdf, address);
	if (!old)
		log_device(LOG_LEVEL_INFO, &device->bdf, NULL, "%s: %s", address, is ? is : "");
	else if (pci_identity_equal(&old->identity, &device->identity))
		log_device(LOG_LEVEL_INFO, &device->bdf, NULL, _("%s: %s, as before"), address,
			   is ? is : "");
	else
		log_device(LOG_LEVEL_INFO, &device->bdf, NULL, _("%s: was %s; now %s"), address,
			   was ? was : "", is ? is : "");
}

static void say_gone(struct acceptance *a, const struct identity_device *device)
{
	auto_free char *was = describe(a, &device->identity);
	bool wanted = facts_name_by_address(a->facts, &device->bdf);
	char address[BDF_TEXT_SIZE];

	log_device(LOG_LEVEL_INFO, &device->bdf, NULL, _("%s: was %s; forgotten: %s"),
		   bdf_format(&device->bdf, address), was ? was : "",
		   wanted ? _("no device is there now") : _("the VM does not name it any more"));
}

/* An address of the VM where nothing is: nothing to keep, and no start. */
static void warn_of_empty(const struct acceptance *a, const struct hostpci_address *address)
{
	char buf[BDF_TEXT_SIZE];

	for (size_t i = 0; i < a->n_now; i++)
		if (hostpci_address_names(address, &a->now[i].bdf))
			return;
	log_warning(
		_("%s: no device is there: VM %u cannot start until there is one, or its config "
		  "names another address"),
		hostpci_address_format(address, buf), a->vmid);
}

static void report(struct acceptance *a)
{
	for (size_t i = 0; i < a->n_now; i++)
		say_now(a, &a->now[i]);
	for (size_t i = 0; i < a->n_old; i++)
		if (!find(a->now, a->n_now, &a->old[i].bdf))
			say_gone(a, &a->old[i]);
	for (size_t i = 0; i < a->facts->n_candidates; i++) {
		const struct candidate *item = &a->facts->candidates[i];

		for (size_t k = 0; !item->mapping && k < item->n_addresses; k++)
			warn_of_empty(a, &item->addresses[k]);
	}
	if (a->n_now)
		log_info(_("VM %u: from now on its start expects these devices there"), a->vmid);
	else if (a->n_old || a->blind)
		log_info(_("VM %u: none of its devices is known any more"), a->vmid);
	else
		log_info(_("VM %u: it names no address with a device: nothing to accept"), a->vmid);
}

int accept_devices(const struct fs_root *root, unsigned int vmid)
{
	auto_settings struct settings settings = settings_default;
	cleanup_with(free_acceptance) struct acceptance a = {.root = root, .vmid = vmid};
	auto_free char *why = NULL;
	int err;

	settings_read(root, vmid, &settings);
	if (facts_read(root, vmid, &settings, FACTS_NEXT_START | FACTS_ADDRESSES, &a.facts, &why)) {
		log_error("%s", why ? why : _("out of memory"));
		return EXIT_FAILED;
	}
	if (read_all(&a))
		return EXIT_FAILED;
	err = identity_write(root, vmid, a.now, a.n_now);
	if (err) {
		auto_free char *what = fs_path(_("/%s/%u cannot be written"), IDENTITY_DIR, vmid);

		failed(&a, what ? what : "", err);
		return EXIT_FAILED;
	}
	report(&a);
	return EXIT_DONE;
}
