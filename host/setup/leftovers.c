// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/leftovers.h"

#include "host/modules.h"
#include "host/setup/kernelinfo.h"

#include <stdio.h>
#include <string.h>

#define CONFIG_MAX ((size_t)1024 * 1024)

/* What a line of a file is about. */
enum file_kind { KIND_MODPROBE, KIND_MODULES, KIND_CMDLINE };

struct leftover {
	enum file_kind kind;
	const char *first; /* the line's first word; NULL: any */
	const char *word;  /* a word of the line begins so */
	const char *effect;
};

static const struct leftover leftovers[] = {
	{KIND_MODPROBE, "options", "ids=",
	 N_("vfio-pci claims every device with these ids, at boot and at each hot-plug, so the host never has "
	    "them; the hookscript needs no such line, and gives such a device back to vfio-pci")},
	{KIND_MODPROBE, "blacklist", "",
	 N_("this module is not loaded by itself; a device that only it drives has no driver on the host, and goes "
	    "back to none")},
	{KIND_MODPROBE, "softdep", "",
	 N_("vfio-pci is loaded before this module; it matters only together with ids=")},
	{KIND_MODULES, NULL, "ids=",
	 N_("in a list of modules, options are read by the initramfs alone; there vfio-pci then claims every "
	    "device with these ids")},
	{KIND_MODULES, "vfio_virqfd", "",
	 N_("this module exists on kernels before 6.2 only; on later ones the boot log complains")},
	{KIND_CMDLINE, NULL, "video=efifb:off",
	 N_("has no effect today: vfio-pci itself evicts the boot framebuffer when it takes the card")},
	{KIND_CMDLINE, NULL, "amd_iommu=on",
	 N_("is no parameter of the kernel: an AMD IOMMU is on by itself")},
	{KIND_CMDLINE, NULL, "module_blacklist=",
	 N_("these modules are never loaded; a device that only they drive has no driver on the host, and goes back "
	    "to none")},
	{KIND_CMDLINE, NULL, "modprobe.blacklist=",
	 N_("these modules are not loaded by themselves; a device that only they drive has no driver on the host, "
	    "and goes back to none")},
	{KIND_CMDLINE, NULL, "vfio-pci.ids=",
	 N_("vfio-pci claims every device with these ids at boot, so the host never has them")},
	{KIND_CMDLINE, NULL, "vfio_pci.ids=",
	 N_("vfio-pci claims every device with these ids at boot, so the host never has them")},
};

/* The drivers whose blacklisting is about passthrough; any other blacklist is the administrator's.
 */
static const char *const blacklisted[] = {
	"nouveau", "nvidia", "nvidiafb", "nvidia_drm",	  "nvidia_modeset",    "radeon",
	"amdgpu",  "i915",   "xe",	 "snd_hda_intel", "snd_hda_codec_hdmi"};

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

static bool names_gpu_module(const char *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(blacklisted); i++)
		if (line_has_word(line, blacklisted[i]))
			return true;
	return false;
}

static bool is_about_passthrough(const struct leftover *leftover, const char *line)
{
	bool vfio = line_has_word(line, "vfio-pci") || line_has_word(line, "vfio_pci");

	if (!strcmp(leftover->word, "ids="))
		return vfio;
	if (leftover->first && !strcmp(leftover->first, "softdep"))
		return vfio || line_has_word(line, "vfio");
	if ((leftover->first && !strcmp(leftover->first, "blacklist")) ||
	    strstr(leftover->word, "blacklist="))
		return names_gpu_module(line);
	return true;
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
	if (*leftover->word && !strchr(leftover->word, '=') && !line_has_word(line, leftover->word))
		return false;
	if (strchr(leftover->word, '=') && !strstr(line, leftover->word))
		return false;
	return is_about_passthrough(leftover, line);
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
				kind == KIND_CMDLINE ? leftovers[i].word
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

static int check_folder(const struct fs_root *root, const char *folder, enum file_kind kind,
			struct checklist *list)
{
	auto_names struct fs_names names = {0};

	if (fs_list(root, folder, &names))
		return 0;
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *path = fs_path("%s/%s", folder, names.items[i]);
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
		bool folder;
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
		int err = places[i].folder
				  ? check_folder(root, places[i].path, places[i].kind, list)
				  : check_file(root, places[i].path, places[i].kind, list);

		if (err)
			return err;
	}
	return 0;
}
