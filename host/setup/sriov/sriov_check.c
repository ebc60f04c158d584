// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/sriov/sriov_check.h"

#include <string.h>

#include "host/base/log.h"
#include "host/pci/sriov.h"
#include "host/pci/sriov_conf.h"
#include "host/setup/sriov/pfs.h"
#include "host/setup/sriov/setters.h"
#include "host/setup/sriov/units.h"

static const char name[] = "sriov";

static char *conf_text(const struct bdf *pf)
{
	return fs_path("/%s: %s", SRIOV_CONF_PATH, bdf_text(pf));
}

static int add_warning(struct checklist *list, const struct bdf *pf, char *what, char *cure)
{
	return check_add(list, name, CHECK_WARNING, what, conf_text(pf), cure);
}

/* What sets the number of its VFs, too: since the PF was set up, or by hand in its file. */
static int check_setters(const struct fs_root *root, const char *bootloader, const struct bdf *pf,
			 struct checklist *list)
{
	auto_setters struct setters setters = {0};
	int err = setters_find_at(root, bootloader, pf, &setters);

	if (err && err != -ENOMEM)
		return check_add(list, name, CHECK_NOTE,
				 fs_path(_("whether something else sets the number of VFs of %s, "
					   "too, cannot be read"),
					 bdf_text(pf)),
				 strdup(log_strerror(err)), NULL);
	for (size_t i = 0; !err && i < setters.active.n; i++) {
		const struct conf_item *item = &setters.active.items[i];

		err = add_warning(list, pf,
				  fs_path(_("/%s:%u sets the number of VFs of %s, too, or may: %s"),
					  item->file, item->line, bdf_text(pf), item->text),
				  strdup(_("remove that line")));
	}
	return err;
}

/* A device other than the one that was set up has no VFs of ours. */
static int check_device(const struct fs_root *root, const struct sriov_entry *entry, char **ret)
{
	struct pci_identity identity;
	int err = pci_identify(root, &entry->bdf, &identity);

	if (err && err != -ENODEV && !fs_is_absent(err))
		return err;
	*ret = NULL;
	if (!err && sriov_entry_is(entry, &identity))
		return 0;
	*ret = err ? fs_path(_("%s is to have VFs, and is not there"), bdf_text(&entry->bdf))
		   : fs_path(_("%s: host-setup sriov was told of another device at this address"),
			     bdf_text(&entry->bdf));
	return *ret ? 0 : -ENOMEM;
}

static int check_entry(const struct fs_root *root, const char *bootloader,
		       const struct sriov_entry *entry, struct checklist *list)
{
	const char *address = bdf_text(&entry->bdf);
	unsigned int made;
	char *wrong = NULL;
	int err = check_device(root, entry, &wrong);

	if (!err && wrong)
		return add_warning(
			list, &entry->bdf, wrong,
			fs_path(_("find its address: lspci -Dnn; or forget it: host-setup sriov %s 0"),
				address));
	err = err ?: sriov_count(root, &entry->bdf, &made);
	if (err)
		return err;
	if (made == entry->vfs)
		err = check_add(list, name, CHECK_OK,
				fs_path(_("%s has its %u VFs"), address, made),
				conf_text(&entry->bdf), NULL);
	else
		err = add_warning(
			list, &entry->bdf,
			fs_path(_("%s has %u VFs, and is to have %u"), address, made, entry->vfs),
			fs_path(_("to see why: journalctl -b -u %s; to make them now: "
				  "host-setup sriov %s %u --now"),
				SRIOV_SERVICE, address, entry->vfs));
	return err ?: check_setters(root, bootloader, &entry->bdf, list);
}

static int check_service(const struct fs_root *root, struct checklist *list)
{
	int enabled = units_enabled(root, SRIOV_SERVICE);

	if (enabled)
		return enabled < 0 ? enabled : 0;
	return check_add(list, name, CHECK_WARNING,
			 fs_path(_("%s is disabled: no VFs are made at boot"), SRIOV_SERVICE), NULL,
			 fs_path("systemctl enable %s", SRIOV_SERVICE));
}

int sriov_check(const struct fs_root *root, const char *bootloader, struct checklist *list)
{
	auto_sriov_conf struct sriov_conf conf = {0};
	int err = sriov_conf_read(root, &conf);

	if (err == -ENOMEM)
		return err;
	if (err)
		return check_add(list, name, CHECK_WARNING,
				 fs_path(_("/%s: %s"), SRIOV_CONF_PATH, sriov_conf_strerror(err)),
				 NULL,
				 strdup(_("if it is damaged: delete it, and set up each PF again: "
					  "host-setup sriov ADDRESS N")));
	for (size_t i = 0; !err && i < conf.n; i++)
		err = check_entry(root, bootloader, &conf.items[i], list);
	return err || !conf.n ? err : check_service(root, list);
}
