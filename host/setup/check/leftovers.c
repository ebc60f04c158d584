// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/check/leftovers.h"

#include "host/pci/modules.h"
#include "host/setup/boot/kernelinfo.h"

#include <stdio.h>
#include <string.h>

#define CONFIG_MAX ((size_t)1024 * 1024)

/* What a line of a file is about. */
enum file_kind { KIND_MODPROBE, KIND_MODULES, KIND_CMDLINE };

/* What a line must also name, to be about passthrough. */
enum subject {
	SUBJECT_ANY,
	SUBJECT_VFIO_PCI,
	SUBJECT_VFIO,
	SUBJECT_GPU, /* a driver whose blacklisting is about passthrough; any other is the
			administrator's */
};

struct leftover {
	enum file_kind kind;
	enum subject subject;
	const char *first;     /* the line's first word; NULL: any */
	const char *parameter; /* what stands in the line, with its '='; NULL: nothing */
	const char *effect;
};

static const struct leftover leftovers[] = {
	{KIND_MODPROBE, SUBJECT_VFIO_PCI, "options", "ids=",
	 N_("vfio-pci claims every device with these ids, at boot and at each hot-plug, so the host never has "
	    "them; the hookscript needs no such line, and gives such a device back to vfio-pci")},
	{KIND_MODPROBE, SUBJECT_GPU, "blacklist", NULL,
	 N_("this module is not loaded by itself; a device that only it drives has no driver on the host, and goes "
	    "back to none")},
	{KIND_MODPROBE, SUBJECT_VFIO, "softdep", NULL,
	 N_("vfio-pci is loaded before this module; it matters only together with ids=")},
	{KIND_MODULES, SUBJECT_VFIO_PCI, NULL, "ids=",
	 N_("in a list of modules, options are read by the initramfs alone; there vfio-pci then claims every "
	    "device with these ids")},
	{KIND_MODULES, SUBJECT_ANY, "vfio_virqfd", NULL,
	 N_("this module exists on kernels before 6.2 only; on later ones the boot log complains")},
	{KIND_CMDLINE, SUBJECT_ANY, NULL, "video=efifb:off",
	 N_("has no effect today: vfio-pci itself evicts the boot framebuffer when it takes the card")},
	{KIND_CMDLINE, SUBJECT_ANY, NULL, "amd_iommu=on",
	 N_("is no parameter of the kernel: an AMD IOMMU is on by itself")},
	{KIND_CMDLINE, SUBJECT_GPU, NULL, "module_blacklist=",
	 N_("these modules are never loaded; a device that only they drive has no driver on the host, and goes back "
	    "to none")},
	{KIND_CMDLINE, SUBJECT_GPU, NULL, "modprobe.blacklist=",
	 N_("these modules are not loaded by themselves; a device that only they drive has no driver on the host, "
	    "and goes back to none")},
	{KIND_CMDLINE, SUBJECT_ANY, NULL, "vfio-pci.ids=",
	 N_("vfio-pci claims every device with these ids at boot, so the host never has them")},
	{KIND_CMDLINE, SUBJECT_ANY, NULL, "vfio_pci.ids=",
	 N_("vfio-pci claims every device with these ids at boot, so the host never has them")},
};

static const char *const gpu_drivers[] = {
	"nouveau", "nvidia", "nvidiafb", "nvidia_drm",	  "nvidia_modeset",    "radeon",
	"amdgpu",  "i915",   "xe",	 "snd_hda_intel", "snd_hda_codec_hdmi"};
static const char *const vfio_drivers[] = {"vfio-pci", "vfio_pci", "vfio"};

/* The names of each subject. */
static const struct {
	const char *const *names;
	size_t n;
} subjects[] = {
	[SUBJECT_VFIO_PCI] = {vfio_drivers, 2},
	[SUBJECT_VFIO] = {vfio_drivers, ARRAY_SIZE(vfio_drivers)},
	[SUBJECT_GPU] = {gpu_drivers, ARRAY_SIZE(gpu_drivers)},
};

static bool line_has_word(const char *line, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = line; *at; at += strcspn(at, " \t\"'=")) {
		at += strspn(at, " \t\"'=");
		if (!strncmp(at, word, len))
			return true;
	}
	return false;
}

static bool is_about(enum subject subject, const char *line)
{
	for (size_t i = 0; i < subjects[subject].n; i++)
		if (line_has_word(line, subjects[subject].names[i]))
			return true;
	return subject == SUBJECT_ANY;
}

/* Proxmox VE itself ships this one line, for reasons of its own. */
static bool is_shipped(const char *path, const char *line)
{
	return !strcmp(path, "etc/modprobe.d/pve-blacklist.conf") &&
	       !strcmp(line, "blacklist nvidiafb");
}

static bool leftover_matches(const struct leftover *leftover, enum file_kind kind, const char *line)
{
	const char *start = line + strspn(line, " \t");
	size_t first = strcspn(start, " \t");

	if (leftover->kind != kind || *start == '#' || !*start)
		return false;
	if (leftover->first &&
	    (strlen(leftover->first) != first || strncmp(start, leftover->first, first)))
		return false;
	if (leftover->parameter && !strstr(line, leftover->parameter))
		return false;
	return is_about(leftover->subject, line);
}

/* vfio_virqfd is right where this kernel has it. */
static bool is_right_here(const struct fs_root *root, const struct leftover *leftover)
{
	auto_free char *release = NULL;

	return leftover->kind == KIND_MODULES && !modules_release(root, &release) &&
	       kernelinfo_is_before(release, 6, 2);
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

static int check_line(const struct fs_root *root, const char *path, unsigned int number,
		      const char *line, enum file_kind kind, struct checklist *list)
{
	for (size_t i = 0; i < ARRAY_SIZE(leftovers); i++) {
		int err;

		if (!leftover_matches(&leftovers[i], kind, line) ||
		    is_right_here(root, &leftovers[i]) || is_shipped(path, line))
			continue;
		err = check_add(
			list, "leftover", CHECK_NOTE,
			fs_path("/%s:%u: %s: %s", path, number,
				kind == KIND_CMDLINE ? leftovers[i].parameter
						     : line + strspn(line, " \t"),
				_(leftovers[i].effect)),
			NULL,
			fs_path(_("if nothing else needs it, remove it from line %u of /%s; %s"),
				number, path, cure_of(kind)));
		if (err)
			return err;
	}
	return 0;
}

static int check_file(const struct fs_root *root, const char *path, enum file_kind kind,
		      struct checklist *list)
{
	auto_free char *text = NULL;
	unsigned int number = 0;
	char *rest, *line;

	if (fs_read(root, path, CONFIG_MAX, &text, NULL))
		return 0;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		int err;

		line[strcspn(line, "\r")] = '\0';
		err = check_line(root, path, ++number, line, kind, list);
		if (err)
			return err;
	}
	return 0;
}

/* A file by another name is read by nobody: the copies that editors and dpkg leave, above all. */
static bool is_read(const char *name, enum file_kind kind)
{
	const char *end = strrchr(name, '.');

	return *name != '.' && end && !strcmp(end, kind == KIND_CMDLINE ? ".cfg" : ".conf");
}

static int check_dir(const struct fs_root *root, const char *dir, enum file_kind kind,
		     struct checklist *list)
{
	auto_names struct fs_names names = {0};

	if (fs_list(root, dir, &names))
		return 0;
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *path = fs_path("%s/%s", dir, names.items[i]);
		int err;

		if (!is_read(names.items[i], kind))
			continue;
		err = path ? check_file(root, path, kind, list) : -ENOMEM;

		if (err)
			return err;
	}
	return 0;
}

int leftovers_check(const struct fs_root *root, struct checklist *list)
{
	static const struct {
		const char *path;
		enum file_kind kind;
		bool dir;
	} places[] = {
		{"etc/modprobe.d", KIND_MODPROBE, true},
		{"etc/modules", KIND_MODULES, false},
		{"etc/modules-load.d", KIND_MODULES, true},
		{"etc/initramfs-tools/modules", KIND_MODULES, false},
		{"etc/default/grub", KIND_CMDLINE, false},
		{"etc/default/grub.d", KIND_CMDLINE, true},
		{"etc/kernel/cmdline", KIND_CMDLINE, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		int err = places[i].dir ? check_dir(root, places[i].path, places[i].kind, list)
					: check_file(root, places[i].path, places[i].kind, list);

		if (err)
			return err;
	}
	return 0;
}
