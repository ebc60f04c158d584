// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/check/leftovers.h"

#include "host/text/strbuf.h"
#include "host/pci/module_text.h"
#include "host/pci/modules.h"
#include "host/pci/summary.h"
#include "host/setup/conf/kernelinfo.h"

#include <string.h>

/* What is between two words of a line, or of a list in it. */
#define BETWEEN " \t\"'=,"

#define CONFIG_MAX ((size_t)1024 * 1024)

enum file_kind { KIND_MODPROBE, KIND_MODULES, KIND_CMDLINE };

static const char *const vfio_pci[] = {"vfio-pci", "vfio_pci", NULL};
static const char *const vfio[] = {"vfio-pci", "vfio_pci", "vfio", NULL};
/* Drivers that are blacklisted for passthrough; any other is left to the administrator. */
static const char *const gpus[] = {
	"nouveau", "nvidia", "nvidiafb", "nvidia_drm",	  "nvidia_modeset",	"radeon",
	"amdgpu",  "i915",   "xe",	 "snd_hda_intel", "snd_hda_codec_hdmi", NULL};

/* Another driver for the same cards: where that one is used, MODULE is kept out for it. NVIDIA's
 * installer and Debian's packages of it blacklist nouveau; i915 and xe drive the same GPUs. */
static const struct {
	const char *module, *other;
} rivals[] = {
	{"nouveau", "nvidia"}, {"nvidiafb", "nvidia"}, {"nvidiafb", "nouveau"}, {"xe", "i915"},
	{"i915", "xe"},	       {"radeon", "amdgpu"},   {"amdgpu", "radeon"},
};

/* A line that guides recommend. */
struct leftover {
	enum file_kind kind;
	bool until_6_2;		  /* it is right on kernels before 6.2 */
	const char *const *names; /* one of these words must be in it; NULL: need not */
	const char *first;	  /* its first word; NULL: any */
	const char *parameter;	  /* a part of it; NULL: nothing */
	const char *effect;
};

static const struct leftover leftovers[] = {
	{KIND_MODPROBE, false, vfio_pci, "options", "ids=",
	 N_("vfio-pci claims every device with these ids, at boot and at each hot-plug, so the host never has "
	    "them; the hookscript needs no such line, and gives such a device back to vfio-pci")},
	{KIND_MODPROBE, false, gpus, "blacklist", NULL,
	 N_("this module is not loaded by itself; a device that only it drives has no driver on the host, and goes "
	    "back to none")},
	{KIND_MODPROBE, false, vfio, "softdep", NULL,
	 N_("vfio-pci is loaded before this module; it matters only together with ids=")},
	{KIND_MODULES, false, vfio_pci, NULL, "ids=",
	 N_("in a list of modules, options are read by the initramfs alone; there vfio-pci then claims every "
	    "device with these ids")},
	{KIND_MODULES, true, NULL, "vfio_virqfd", NULL,
	 N_("this module exists on kernels before 6.2 only; on later ones the boot log complains")},
	{KIND_CMDLINE, false, NULL, NULL, "video=efifb:off",
	 N_("has no effect today: vfio-pci itself evicts the boot framebuffer when it takes the card")},
	{KIND_CMDLINE, false, NULL, NULL, "amd_iommu=on",
	 N_("is no parameter of the kernel: an AMD IOMMU is on by itself")},
	{KIND_CMDLINE, false, gpus, NULL, "module_blacklist=",
	 N_("these modules are never loaded; a device that only they drive has no driver on the host, and goes back "
	    "to none")},
	{KIND_CMDLINE, false, gpus, NULL, "modprobe.blacklist=",
	 N_("these modules are not loaded by themselves; a device that only they drive has no driver on the host, "
	    "and goes back to none")},
	{KIND_CMDLINE, false, NULL, NULL, "vfio-pci.ids=",
	 N_("vfio-pci claims every device with these ids at boot, so the host never has them")},
	{KIND_CMDLINE, false, NULL, NULL, "vfio_pci.ids=",
	 N_("vfio-pci claims every device with these ids at boot, so the host never has them")},
};

/* Whether a driver has a device, which is how its directory in sysfs names it. */
static bool driver_is_used(const struct fs_root *root, const char *driver)
{
	auto_free char *path = fs_path("sys/bus/pci/drivers/%s", driver);
	auto_names struct fs_names names = {0};
	struct bdf bdf;

	if (fs_list(root, path, &names))
		return false;
	for (size_t i = 0; i < names.n; i++)
		if (!bdf_parse(names.items[i], &bdf))
			return true;
	return false;
}

static bool has_rival(const struct fs_root *root, const char *module)
{
	for (size_t i = 0; i < ARRAY_SIZE(rivals); i++)
		if (!strcmp(rivals[i].module, module) && driver_is_used(root, rivals[i].other))
			return true;
	return false;
}

static bool line_has_word(const char *line, const char *word)
{
	size_t len;

	for (const char *at = line; *at; at += len) {
		at += strspn(at, BETWEEN);
		len = strcspn(at, BETWEEN);
		if (module_name_is(at, len, word))
			return true;
	}
	return false;
}

static bool leftover_matches(const struct fs_root *root, const struct leftover *leftover,
			     enum file_kind kind, const char *line)
{
	size_t first = strcspn(line, " \t");
	bool named = !leftover->names;

	for (size_t i = 0; !named && leftover->names[i]; i++)
		named = line_has_word(line, leftover->names[i]) &&
			!(leftover->names == gpus && has_rival(root, leftover->names[i]));
	if (leftover->kind != kind || *line == '#' || !*line || !named)
		return false;
	if (leftover->first &&
	    (strlen(leftover->first) != first || strncmp(line, leftover->first, first)))
		return false;
	return !leftover->parameter || strstr(line, leftover->parameter);
}

/* Whether the line is right on this host. */
static bool is_right_here(const struct fs_root *root, const char *path,
			  const struct leftover *leftover, const char *line)
{
	auto_free char *release = NULL;

	/* Proxmox VE itself ships this one. */
	if (!strcmp(path, "etc/modprobe.d/pve-blacklist.conf") &&
	    !strcmp(line, "blacklist nvidiafb"))
		return true;
	return leftover->until_6_2 && !modules_release(root, &release) &&
	       kernelinfo_is_before(release, "6.2");
}

static const char *cure_of(enum file_kind kind)
{
	switch (kind) {
	case KIND_MODPROBE: return _("then: update-initramfs -u -k all && reboot");
	case KIND_MODULES: return _("then: update-initramfs -u -k all");
	case KIND_CMDLINE:
		return _("then: update-grub (systemd-boot: proxmox-boot-tool refresh) && reboot");
	}
	return "";
}

/* What is looked for, and what was found so far. */
struct scan {
	const struct fs_root *root;
	struct checklist *list;
	size_t ids;  /* 1 + the item of the last line that gives vfio-pci ids; 0: none */
	char *where; /* that line's place and text */
	bool any;    /* there is one, here or on the kernel command line */
};

static bool gives_ids(const struct leftover *leftover)
{
	return leftover->kind == KIND_MODPROBE && leftover->names == vfio_pci;
}

/* A line that gives ids was found, at PATH:NUMBER: of several the kernel keeps the last alone. */
static int note_ids(struct scan *scan, const char *path, unsigned int number, const char *line)
{
	char *where = fs_path("/%s:%u: %s", path, number, line);
	char *what = scan->ids ? fs_path(_("%s: has no effect: of several lines with ids= the "
					   "kernel takes the last one only, line %u of /%s"),
					 scan->where, number, path)
			       : NULL;

	if (what) {
		free(scan->list->items[scan->ids - 1].what);
		scan->list->items[scan->ids - 1].what = what;
	}
	free(scan->where);
	scan->where = where;
	if (!where || (scan->ids && !what))
		return -ENOMEM;
	scan->ids = scan->list->n;
	return 0;
}

/* Whether a word after ids= looks like one more: "ids=10de:1b80, 10de:10f0". */
static bool is_split(const char *line)
{
	const char *ids = strstr(line, "ids=");

	for (const char *at = ids ? ids : ""; *at; at += strcspn(at, " \t")) {
		at += strspn(at, " \t");
		if (strspn(at, "0123456789abcdefABCDEF") == 4 && at[4] == ':')
			return true;
	}
	return false;
}

static const char *effect_of(const struct leftover *leftover, const char *line)
{
	return gives_ids(leftover) && is_split(line)
		       ? _("vfio-pci claims the devices with the ids before the space only, and the "
			   "kernel ignores the others: a list has no spaces; the hookscript needs no "
			   "such line")
		       : _(leftover->effect);
}

static int check_line(struct scan *scan, const char *path, unsigned int number, const char *line,
		      enum file_kind kind)
{
	const struct fs_root *root = scan->root;
	struct checklist *list = scan->list;
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(leftovers) && !err; i++) {
		const struct leftover *leftover = &leftovers[i];

		if (!leftover_matches(root, leftover, kind, line) ||
		    is_right_here(root, path, leftover, line))
			continue;
		err = check_add(
			list, "leftover", CHECK_NOTE,
			fs_path("/%s:%u: %s: %s", path, number,
				kind == KIND_CMDLINE ? leftover->parameter : line,
				effect_of(leftover, line)),
			NULL,
			fs_path(_("if nothing else needs it, remove it from line %u of /%s; %s"),
				number, path, cure_of(kind)));
		scan->any |= leftover->parameter && strstr(leftover->parameter, "ids=");
		if (!err && gives_ids(leftover))
			err = note_ids(scan, path, number, line);
	}
	return err;
}

/* What modprobe knows to begin a line; it passes over any other. (kmod, libkmod-config.c) */
static bool is_command(const char *line)
{
	static const char *const commands[] = {"alias",	  "blacklist", "install",
					       "options", "remove",    "softdep",
					       "weakdep", "include",   "config"};
	size_t len = strcspn(line, " \t");

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (len == strlen(commands[i]) && !strncmp(line, commands[i], len))
			return true;
	return false;
}

static int check_command(const char *path, unsigned int number, const char *line,
			 struct checklist *list)
{
	if (!*line || *line == '#' || is_command(line))
		return 0;
	return check_add(
		list, "leftover", CHECK_NOTE,
		fs_path(_("/%s:%u: %s: modprobe ignores this line: it begins with none of "
			  "its commands (options, blacklist, softdep …)"),
			path, number, line),
		NULL,
		fs_path(_("complete line %u of /%s, or join it to the line before by \\ at "
			  "that line's end, or remove it; %s"),
			number, path, cure_of(KIND_MODPROBE)));
}

static int check_file(struct scan *scan, const char *path, enum file_kind kind)
{
	auto_free char *text = NULL;
	unsigned int number = 0;
	bool continued = false;
	char *rest, *line;
	int err = 0;

	if (fs_read_regular(scan->root, path, CONFIG_MAX, &text, NULL))
		return path ? 0 : -ENOMEM;
	rest = text;
	while (!err && (line = strsep(&rest, "\n"))) {
		line[strcspn(line, "\r")] = '\0';
		line += strspn(line, " \t");
		err = check_line(scan, path, ++number, line, kind);
		if (!err && kind == KIND_MODPROBE && !continued)
			err = check_command(path, number, line, scan->list);
		continued = *line && line[strlen(line) - 1] == '\\';
	}
	return err;
}

/* Files with another name, such as the copies that editors and dpkg leave, have no effect. */
static int check_dir(struct scan *scan, const char *dir, const char *suffix, enum file_kind kind)
{
	auto_names struct fs_names names = {0};
	int err = 0;

	if (fs_list(scan->root, dir, &names))
		return 0;
	for (size_t i = 0; i < names.n && !err; i++) {
		auto_free char *path = fs_path("%s/%s", dir, names.items[i]);
		const char *end = strrchr(names.items[i], '.');

		if (end && *names.items[i] != '.' && !strcmp(end, suffix))
			err = check_file(scan, path, kind);
	}
	return err;
}

/* Whether ids= names a device that a driver of the host has now: 1 or 0; -errno. */
static int is_claimed(struct modules *modules, const struct device_summary *device)
{
	if (device->bridge || !device->driver || !strcmp(device->driver, "vfio-pci"))
		return 0;
	return modules_vfio_ids_match(modules, &device->identity);
}

/* A model is what ids= names: the host's own disk or network card may be one of it, too. */
static int check_claimed(const struct fs_root *root, struct checklist *list)
{
	cleanup_with(modules_closep) struct modules *modules = NULL;
	cleanup_with(device_summaries_free) struct device_summaries devices = {0};
	auto_strbuf struct strbuf names = {0};
	auto_free char *text = NULL;
	int err = device_summaries_read(root, &devices);

	err = err ?: modules_open(root, &modules);
	for (size_t i = 0; !err && i < devices.n; i++) {
		const struct device_summary *device = &devices.items[i];
		int claimed = is_claimed(modules, device);

		if (claimed > 0)
			strbuf_add_item(&names, "%s (%s)", bdf_text(&device->bdf), device->driver);
		err = claimed < 0 ? claimed : 0;
	}
	if (err || !names.len)
		return err == -ENOMEM ? err : 0;
	text = strbuf_take(&names);
	if (!text)
		return -ENOMEM;
	return check_add(
		list, "leftover", CHECK_WARNING,
		fs_path(_("vfio-pci's ids= names devices that drivers of the host have now: %s; at the "
			  "next boot vfio-pci may have them first, and the host none of them"),
			text),
		NULL,
		fs_path(_("take the ids of what the host needs out of ids=, or remove it; %s"),
			cure_of(KIND_MODPROBE)));
}

int leftovers_check(const struct fs_root *root, struct checklist *list)
{
	static const struct {
		const char *path;
		enum file_kind kind;
		const char *suffix; /* of the files in a directory; NULL: it is a file */
	} places[] = {
		{"etc/modprobe.d", KIND_MODPROBE, ".conf"},
		{"etc/modules", KIND_MODULES, NULL},
		{"etc/modules-load.d", KIND_MODULES, ".conf"},
		{"etc/initramfs-tools/modules", KIND_MODULES, NULL},
		{"etc/default/grub", KIND_CMDLINE, NULL},
		{"etc/default/grub.d", KIND_CMDLINE, ".cfg"},
		{"etc/kernel/cmdline", KIND_CMDLINE, NULL},
	};
	struct scan scan = {.root = root, .list = list};
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(places) && !err; i++)
		err = places[i].suffix
			      ? check_dir(&scan, places[i].path, places[i].suffix, places[i].kind)
			      : check_file(&scan, places[i].path, places[i].kind);
	free(scan.where);
	return err ? err : scan.any ? check_claimed(root, list) : 0;
}
