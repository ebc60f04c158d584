// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/problems_initramfs.h"

#include "host/text/strbuf.h"
#include "host/setup/loader/initramfs.h"

#include <string.h>

/* Where the words are written by hand, and what makes them take effect. */
static const char *place_by_hand(enum bootloader_kind kind)
{
	return kind == BOOTLOADER_GRUB
		       ? _("GRUB_CMDLINE_LINUX_DEFAULT in /etc/default/grub and run update-grub")
		       : _("/etc/kernel/cmdline and run kernel-install for each kernel");
}

/* dracut's initramfs is not made by what host-setup runs. */
static int find_dracut(const struct fs_root *root, enum bootloader_kind kind,
		       const struct wanted *wanted, struct problems *problems)
{
	int dracut = initramfs_by_dracut(root);
	auto_free char *words = cmdline_join(&wanted->words);
	auto_strbuf struct strbuf modules = {0};

	if (dracut <= 0 || kind == BOOTLOADER_OTHER)
		return dracut < 0 ? dracut : 0;
	for (size_t i = 0; i < wanted->n_modules; i++)
		strbuf_add(&modules, " %s", wanted->modules[i]);
	return problems_add(
		problems, PROBLEM_DRACUT, PROBLEM_ENABLE,
		strdup(_("dracut makes this host's initramfs, and host-setup works with that of "
			 "initramfs-tools alone")),
		fs_path(_("by hand: add %s to %s; printf '%%s\\n'%s >/etc/modules-load.d/vfio.conf; "
			  "dracut --regenerate-all --force; reboot"),
			words ? words : "", place_by_hand(kind), modules.text ? modules.text : ""));
}

static int find_off(const struct fs_root *root, bool changes, struct problems *problems)
{
	unsigned int line;
	int err = initramfs_is_off(root, &line);

	if (err <= 0)
		return err;
	return problems_add(
		problems, "initramfs-off", changes ? PROBLEM_ENABLE : PROBLEM_NOTE,
		fs_path(_("/%s:%u: update_initramfs=no: `update-initramfs -u` does nothing on this "
			  "host"),
			INITRAMFS_CONF, line),
		fs_path(_("set update_initramfs=yes there (nano +%u /%s)"), line, INITRAMFS_CONF));
}

int problems_find_in_initramfs(const struct fs_root *root, enum bootloader_kind kind,
			       const struct wanted *wanted, bool changes, struct problems *problems)
{
	size_t n = problems->n;
	int err = changes ? find_dracut(root, kind, wanted, problems) : 0;

	return err || problems->n > n ? err : find_off(root, changes, problems);
}
