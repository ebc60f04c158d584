// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/early/early_items.h"

#include <string.h>

#include "host/base/log.h"
#include "host/pci/early/early.h"
#include "host/pci/sriov_conf.h"
#include "host/setup/boot/edit.h"
#include "host/setup/early/early_print.h"
#include "host/setup/early/early_script.h"

static const char name[] = "early";

static enum check_status status_of(enum early_state state)
{
	switch (state) {
	case EARLY_HELD: return CHECK_OK;
	case EARLY_NEXT_BOOT:
	case EARLY_OFF: return CHECK_NOTE;
	case EARLY_CHANGED:
	case EARLY_NO_DRIVER:
	case EARLY_OTHER: return CHECK_WARNING;
	}
	return CHECK_WARNING;
}

static int check_item(const struct early_item *item, struct checklist *list)
{
	auto_free char *state = early_state_text(item);

	return check_add(list, name, status_of(item->state),
			 state ? fs_path("%s: %s", bdf_text(&item->bdf), state) : NULL,
			 fs_path(_("/%s: slot %s"), SRIOV_CONF_PATH, item->entry.id.path),
			 early_cure(item));
}

/* Not by the address that it had: another may be there. NULL: all are gone. */
static const struct early_item *find_there(const struct early *early)
{
	for (size_t i = 0; i < early->n; i++)
		if (early->items[i].there)
			return &early->items[i];
	return NULL;
}

/* Whether the script is what host-setup would write: an older version's, or edited. */
static int check_script(const struct fs_root *root, const struct early *early,
			struct checklist *list)
{
	const struct edits none = {.root = root};
	auto_sriov_conf struct sriov_conf conf = {0};
	auto_free char *wanted = NULL, *text = NULL;
	const struct early_item *there;
	int err = sriov_conf_read(root, &conf);

	err = err ?: edits_text(&none, EARLY_SCRIPT_PATH, &text);
	if (err)
		return err;
	if (!early_list_holds(&conf.early))
		return text ? check_add(list, name, CHECK_WARNING,
					fs_path(_("/%s holds devices at boot, and /%s has none"),
						EARLY_SCRIPT_PATH, SRIOV_CONF_PATH),
					NULL,
					fs_path(_("rm /%s /%s; update-initramfs -u -k all"),
						EARLY_SCRIPT_PATH, EARLY_HOOK_PATH))
			    : 0;
	wanted = early_script_text(&conf.early);
	if (!wanted)
		return -ENOMEM;
	if (text && !strcmp(text, wanted))
		return 0;
	there = find_there(early);
	return check_add(
		list, name, CHECK_WARNING,
		fs_path(text ? _("/%s is not what host-setup writes for these devices")
			     : _("/%s is not there, which holds these devices at boot"),
			EARLY_SCRIPT_PATH),
		NULL,
		there ? fs_path(_("write it again: host-setup early %s"), bdf_text(&there->bdf))
		      : NULL);
}

int early_check(const struct fs_root *root, struct checklist *list)
{
	auto_early struct early early = {0};
	int err = early_read(root, &early);

	/* sriov_check() reports a file that cannot be read. */
	if (err || early.conf_err)
		return err;
	for (size_t i = 0; !err && i < early.n; i++)
		err = check_item(&early.items[i], list);
	return err ?: check_script(root, &early, list);
}
