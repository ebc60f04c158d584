// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/early/early_refuse.h"

#include <string.h>

#include "host/base/log.h"
#include "host/text/strbuf.h"
#include "host/pci/driver.h"
#include "host/pci/modules.h"
#include "host/setup/outcome.h"
#include "host/setup/early/boot_uses.h"
#include "host/setup/early/early_script.h"
#include "host/setup/loader/initramfs.h"
#include "host/usage/usage.h"

#define BASE_CLASS_STORAGE 0x01

#define BUILTIN_MAX ((size_t)1024 * 1024)

/* ---- what it is ---- */

int early_refuse_kind(const struct early_change *change, const struct bdf *bdf)
{
	const struct fs_root *root = change->root;
	const char *address = bdf_text(bdf);
	struct pci_identity identity;
	struct bdf above;
	int err = pci_identify(root, bdf, &identity), found;

	if (err == -ENODEV) {
		outcome_refuse(change->options, REASON_ABSENT, bdf,
			       _("refused: there is no PCI device at %s; see: lspci -Dnn"),
			       address);
		outcome_cure(change->options, NULL, "lspci -Dnn");
		return ENABLE_REFUSED;
	}
	found = err ? err : pci_probe_file(root, bdf, "pci_bus");
	if (found > 0 || (!found && identity.class >> 16 == PCI_BASE_CLASS_BRIDGE)) {
		outcome_refuse(change->options, REASON_BRIDGE, bdf,
			       _("refused: %s is a bridge, which stays with the host"), address);
		return ENABLE_REFUSED;
	}
	found = found ? found : pci_probe_file(root, bdf, "physfn");
	if (found > 0) {
		outcome_refuse(
			change->options, REASON_VF_ITSELF, bdf,
			_("refused: %s is a VF, which is not there when a boot begins; VFs get no "
			  "driver of the host at all when host-setup makes them: host-setup "
			  "sriov"),
			address);
		outcome_cure(change->options, NULL, "host-setup sriov");
		return ENABLE_REFUSED;
	}
	found = found ? found : pci_parent_endpoint(root, bdf, &above);
	if (found <= 0)
		return found ? early_say_failed(found) : 0;
	outcome_refuse(
		change->options, REASON_CHILD, bdf,
		_("refused: %s is behind %s, whose driver finds it only later in the boot; to hold "
		  "that one: host-setup early %s"),
		address, bdf_text(&above), bdf_text(&above));
	outcome_cure(change->options, NULL, "host-setup early %s", bdf_text(&above));
	return ENABLE_REFUSED;
}

/* ---- what the host does with it now ---- */

/* The host's console on the card is what such a card is held for; a process that has it open is
 * not. */
static bool is_accepted(const struct usage_finding *finding)
{
	return finding->harmless || (finding->kind == USAGE_DISPLAY && finding->command &&
				     strstr(finding->command, "/sys/class/vtconsole/"));
}

static int check_now(const struct early_change *change, const struct early_target *target,
		     bool *refused)
{
	const char *address = bdf_text(&target->id.bdf);
	const struct usage_device device = {target->id.bdf, target->id.identity.class,
					    target->driver};
	auto_usage struct usage usage = {0};
	int err = usage_read(change->root, &device, 1, &usage);

	for (size_t i = 0; !err && i < usage.n; i++) {
		const struct usage_finding *finding = &usage.items[i];

		if (is_accepted(finding)) {
			log_warning(_("%s: %s; from the next boot on the host has no use of it"),
				    address, finding->what);
			continue;
		}
		outcome_refuse(change->options, REASON_IN_USE, &target->id.bdf,
			       _("refused: the host uses %s: %s"), address, finding->what);
		outcome_cure(change->options, finding->cure, finding->command ? "%s" : NULL,
			     finding->command);
		if (finding->command)
			log_error(_("to end that: %s"), finding->command);
		*refused = true;
	}
	return err;
}

/* ---- and at boot ---- */

static void say_use(const struct early_change *change, const struct bdf *bdf,
		    const struct conf_item *item)
{
	const char *address = bdf_text(bdf);

	if (item->line)
		outcome_refuse(change->options, REASON_USED_AT_BOOT, bdf,
			       _("refused: the host will use %s at boot: /%s:%u: %s"), address,
			       item->file, item->line, item->text);
	else
		outcome_refuse(change->options, REASON_USED_AT_BOOT, bdf,
			       _("refused: the host will use %s at boot: /%s: %s"), address,
			       item->file, item->text);
	outcome_cure(change->options,
		     _("remove these lines, if the host is to do without; then again"), NULL);
}

static int check_boot(const struct early_change *change, const struct early_target *target,
		      bool *refused)
{
	const struct usage_device device = {target->id.bdf, target->id.identity.class,
					    target->driver};
	auto_boot_names struct boot_names names = {0};
	auto_conf_items struct conf_items found = {0};
	int err = boot_names_read(change->root, &device, &names);

	err = err ?: boot_uses_find_disks(change->root, &names, &found);
	err = err ?: boot_uses_find_nets(change->root, &names, &found);
	for (size_t i = 0; !err && i < found.n; i++)
		say_use(change, &target->id.bdf, &found.items[i]);
	if (!err && found.n)
		log_error(_("remove these lines, if the host is to do without; then again"));
	*refused |= !err && found.n;
	return err;
}

/* A PF that has VFs made by its driver at every boot. */
static int check_sriov(const struct early_change *change, const struct early_target *target,
		       bool *refused)
{
	const char *address = bdf_text(&target->id.bdf);

	if (!sriov_conf_at(&change->conf, &target->id.bdf))
		return 0;
	outcome_refuse(
		change->options, REASON_MAKES_VFS, &target->id.bdf,
		_("refused: %s is to have VFs at every boot, which its driver makes; to undo that: "
		  "host-setup sriov %s 0"),
		address, address);
	outcome_cure(change->options, NULL, "host-setup sriov %s 0", address);
	*refused = true;
	return 0;
}

/* ---- drivers that are there before any script ---- */

/* Whether MODULE is part of the running kernel. */
static int is_builtin(const struct fs_root *root, const char *module)
{
	auto_free char *release = NULL, *path = NULL, *text = NULL, *name = NULL;
	int err = modules_release(root, &release);

	path = fs_path("lib/modules/%s/modules.builtin", release ? release : "");
	name = fs_path("/%s.ko", module);
	if (!err)
		err = name ? fs_read(root, path, BUILTIN_MAX, &text, NULL) : -ENOMEM;
	if (err)
		return fs_is_absent(err) ? 0 : err;
	for (char *c = text; *c; c++)
		*c = *c == '-' ? '_' : *c;
	for (char *c = name; *c; c++)
		*c = *c == '-' ? '_' : *c;
	return strstr(text, name) != NULL;
}

/* The driver that it has; or, of one that has none of the host's, the one that it would get. */
static int find_builtin(const struct early_change *change, const struct early_target *target,
			char **ret)
{
	cleanup_with(modules_closep) struct modules *modules = NULL;
	auto_free char *alias = NULL, *module = NULL;
	bool blacklisted;
	int err, builtin;

	if (target->driver && !strstr(target->driver, "vfio")) {
		err = driver_module(change->root, target->driver, &module);
		*ret = err || module ? NULL : strdup(target->driver);
		return err ? err : module || *ret ? 0 : -ENOMEM;
	}
	err = pci_modalias(change->root, &target->id.bdf, &alias);
	err = err ?: modules_open(change->root, &modules);
	err = err ?: modules_for_alias(modules, alias, &module, &blacklisted);
	builtin = err || !module ? err : is_builtin(change->root, module);
	*ret = builtin > 0 ? TAKE_PTR(module) : NULL;
	return builtin < 0 ? builtin : 0;
}

static int check_builtin(const struct early_change *change, const struct early_target *target,
			 bool *refused)
{
	auto_free char *driver = NULL;
	int err = find_builtin(change, target, &driver);

	if (err || !driver)
		return err;
	outcome_refuse(
		change->options, REASON_BUILT_IN, &target->id.bdf,
		_("refused: %s: its driver %s is part of the kernel itself, and has the device "
		  "before anything else runs at boot; a VM's start can take it all the same"),
		bdf_text(&target->id.bdf), driver);
	*refused = true;
	return 0;
}

/* ---- twins ---- */

static bool serials_tell(const struct early_ids *kinds, const struct early_id *id)
{
	for (size_t i = 0; i < kinds->n; i++) {
		const struct early_id *a = &kinds->items[i];

		if (!early_id_alike(a, id))
			continue;
		for (size_t k = 0; k < kinds->n; k++)
			if (k != i && early_id_alike(&kinds->items[k], id) &&
			    (!*a->serial || !strcmp(a->serial, kinds->items[k].serial)))
				return false;
	}
	return true;
}

/* Two disks that change places would be taken for each other, and the guest get the wrong data. */
static int check_twins(const struct early_change *change, const struct early_target *target,
		       bool *refused)
{
	if (target->id.identity.class >> 16 != BASE_CLASS_STORAGE ||
	    serials_tell(&change->kinds, &target->id))
		return 0;
	outcome_refuse(
		change->options, REASON_TWIN, &target->id.bdf,
		_("refused: %s is a storage controller with a twin on this host, and not each of "
		  "them has a serial number of its own (lspci -vv: Device Serial Number): if they "
		  "changed places, the wrong one would be held"),
		bdf_text(&target->id.bdf));
	*refused = true;
	return 0;
}

int early_refuse(const struct early_change *change)
{
	static int (*const checks[])(const struct early_change *, const struct early_target *,
				     bool *) = {check_now, check_boot, check_sriov, check_builtin,
						check_twins};
	bool refused = false;
	int err = 0;

	for (size_t i = 0; !err && i < change->n_targets; i++)
		for (size_t k = 0; !err && k < ARRAY_SIZE(checks); k++)
			err = checks[k](change, &change->targets[i], &refused);
	if (err)
		return early_say_failed(err);
	return refused ? ENABLE_REFUSED : 0;
}

/* ---- who makes the initramfs ---- */

/* Takes TEXT over. */
static void say_command(const struct early_change *change, char *text)
{
	auto_free char *command = text;

	if (!command)
		return;
	log_command("%s", command);
	outcome_cure(change->options, NULL, "%s", command);
}

static void say_dracut(const struct early_change *change, const struct bdf_set *addresses)
{
	auto_strbuf struct strbuf list = {0};

	for (size_t i = 0; i < addresses->n; i++)
		strbuf_add(&list, " %s", bdf_text(&addresses->items[i]));
	say_command(change, strdup("echo 'force_drivers+=\" vfio-pci \"' "
				   ">/etc/dracut.conf.d/vfio-early.conf"));
	say_command(change,
		    fs_path("echo 'install vfio-pci for d in%s; do echo vfio-pci "
			    ">/sys/bus/pci/devices/$d/driver_override; done; modprobe -i vfio-pci' "
			    ">/etc/modprobe.d/vfio-early.conf",
			    list.text ? list.text : ""));
	say_command(change, strdup("dracut --regenerate-all --force"));
	log_error(_("to undo it later, which takes a reboot, too:"));
	log_command("rm /etc/dracut.conf.d/vfio-early.conf /etc/modprobe.d/vfio-early.conf; dracut "
		    "--regenerate-all --force");
}

int early_refuse_host(const struct early_change *change, const struct bdf_set *addresses)
{
	const struct fs_root *root = change->root;
	int dracut = initramfs_by_dracut(root);
	int tools = fs_probe(root, EARLY_SCRIPT_DIR);

	if (tools > 0)
		tools = fs_probe(root, "usr/sbin/mkinitramfs");
	if (dracut < 0 || tools < 0)
		return early_say_failed(dracut < 0 ? dracut : tools);
	if (dracut) {
		outcome_refuse(
			change->options, REASON_INITRAMFS, NULL,
			_("refused: dracut makes this host's initramfs, and host-setup edits only "
			  "that of initramfs-tools; to do it by hand, which goes by the address "
			  "alone:"));
		say_dracut(change, addresses);
		return ENABLE_REFUSED;
	}
	if (tools)
		return 0;
	outcome_refuse(
		change->options, REASON_INITRAMFS, NULL,
		_("refused: initramfs-tools is not installed here, whose scripts are what can hold "
		  "a device before its driver comes: apt-get install initramfs-tools"));
	outcome_cure(change->options, NULL, "apt-get install initramfs-tools");
	return ENABLE_REFUSED;
}

int early_refuse_off(const struct early_change *change)
{
	unsigned int line;
	int off = initramfs_is_off(change->root, &line);

	if (off <= 0)
		return off ? early_say_failed(off) : 0;
	outcome_refuse(change->options, REASON_INITRAMFS, NULL,
		       _("refused: /%s:%u: update_initramfs=no: `update-initramfs -u` does nothing "
			 "on this host; set update_initramfs=yes there (nano +%u /%s), then again"),
		       INITRAMFS_CONF, line, line, INITRAMFS_CONF);
	outcome_cure(change->options, NULL, "nano +%u /%s", line, INITRAMFS_CONF);
	return ENABLE_REFUSED;
}
