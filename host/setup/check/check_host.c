// SPDX-License-Identifier: GPL-2.0-or-later
/* The part of the checklist that only `host-setup check` prints. */
#include "host/setup/check/check_host.h"
#include "host/base/log.h"
#include "host/text/strbuf.h"

#include "host/pci/arch.h"
#include "host/pci/iommu.h"
#include "host/setup/conf/kernelinfo.h"
#include "host/setup/check/leftovers.h"
#include "host/pci/modules.h"
#include "host/pci/pci.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PROC_TEXT_MAX ((size_t)16 * 1024 * 1024)

/* What is no x86 shows no flag; that KVM is there proves it. */
static int check_kvm(const struct fs_root *root, struct checklist *list)
{
	static const char name[] = "cpu-virtualisation";

	if (fs_probe(root, "dev/kvm") > 0)
		return check_add(list, name, CHECK_OK, strdup(_("the processor can virtualise")),
				 strdup("/dev/kvm"), NULL);
	if (!fs_root_was_running(root))
		return 0;
	return check_add(list, name, CHECK_WARNING,
			 strdup(_("the kernel offers no virtualisation; VMs would run without "
				  "KVM")),
			 strdup(_("no /dev/kvm")), strdup("journalctl -k -b -g kvm"));
}

static int check_processor(const struct fs_root *root, struct checklist *list)
{
	static const char name[] = "cpu-virtualisation";
	auto_free char *text = NULL;
	const char *flags;

	if (!arch_is_x86(root))
		return check_kvm(root, list);
	if (fs_read(root, "proc/cpuinfo", PROC_TEXT_MAX, &text, NULL))
		return check_add(list, name, CHECK_WARNING,
				 strdup(_("whether the processor can virtualise is unknown")),
				 strdup(_("/proc/cpuinfo cannot be read")), NULL);
	flags = strstr(text, "\nflags");
	if (flags) {
		auto_free char *line = strndup(flags + 1, strcspn(flags + 1, "\n"));
		bool intel = line && has_word(line, "vmx");

		if (intel || (line && has_word(line, "svm")))
			return check_add(
				list, name, CHECK_OK, strdup(_("the processor can virtualise")),
				fs_path(_("flag %s in /proc/cpuinfo"), intel ? "vmx" : "svm"),
				NULL);
	}
	return check_add(
		list, name, CHECK_WARNING,
		strdup(_("the processor does not offer virtualisation; VMs would run without KVM")),
		strdup(_("neither vmx nor svm in /proc/cpuinfo")),
		strdup(arch_machine(root) == MACHINE_REAL
			       ? _("enable VT-x (Intel) or SVM (AMD) in the firmware setup (BIOS)")
			       : _("this host is itself a VM: its hypervisor has to offer it nested "
				   "virtualisation. On Proxmox VE, there: qm set ID --cpu host (ID is "
				   "this VM's), with nested=1 of kvm_intel or kvm_amd, which is "
				   "their default")));
}

static int check_firmware(const struct fs_root *root, struct checklist *list)
{
	static const char name[] = "firmware-iommu";
	const char *table = iommu_table(root);

	if (table)
		return check_add(list, name, CHECK_OK, strdup(_("the firmware describes an IOMMU")),
				 fs_path("/sys/firmware/acpi/tables/%s", table), NULL);
	/* A device tree describes it elsewhere. */
	if (iommu_is_active(root) > 0 && arch_is_x86(root))
		return check_add(list, name, CHECK_NOTE,
				 strdup(_("the firmware describes no IOMMU, but one is active")),
				 NULL, NULL);
	return 0; /* check_essentials() reports it, with the cure */
}

static int check_cmdline(const struct fs_root *root, const struct check_next_boot *next,
			 struct checklist *list)
{
	auto_free char *running = NULL;
	int err;

	if (fs_read_attr(root, "proc/cmdline", &running))
		err = check_add(list, "cmdline-running", CHECK_NOTE,
				strdup(_("no kernel is running here")),
				strdup(_("no /proc/cmdline")), NULL);
	else
		err = check_add(list, "cmdline-running", CHECK_OK,
				fs_path(_("the running kernel was started with: %s"), running),
				next->running_cut
					? fs_path(_("/proc/cmdline, which was cut off: Linux keeps "
						    "%zu bytes"),
						  CMDLINE_KEPT)
					: strdup("/proc/cmdline"),
				NULL);
	if (err)
		return err;
	return check_add(list, "cmdline-next", next->cmdline ? CHECK_OK : CHECK_WARNING,
			 next->cmdline
				 ? fs_path(_("the next boot is started with: %s"), next->cmdline)
				 : strdup(_("what the next boot will be started with is unknown")),
			 next->cut ? fs_path(_("%s; what is behind %zu bytes is cut off"),
					     next->evidence, CMDLINE_KEPT)
				   : strdup(next->evidence),
			 NULL);
}

/* The default domain of the first group has the type of all. */
static int check_domain_type(const struct fs_root *root, struct checklist *list)
{
	static const char name[] = "domain-type";
	auto_names struct fs_names groups = {0};
	auto_free char *path = NULL, *type = NULL;
	const char *word = arch_is_x86(root) ? "iommu=pt" : "iommu.passthrough=1";
	bool identity;

	if (fs_list(root, "sys/kernel/iommu_groups", &groups) || !groups.n)
		return 0;
	path = fs_path("sys/kernel/iommu_groups/%s/type", groups.items[0]);
	if (fs_read_attr(root, path, &type))
		return 0;
	identity = !strcmp(type, "identity");
	return check_add(
		list, name, identity ? CHECK_OK : CHECK_NOTE,
		fs_path(identity
				? _("DMA of the host's own devices is not translated (%s)")
				: _("DMA of the host's own devices is translated by the IOMMU, which is "
				    "slower; %s turns that off"),
			word),
		fs_path(_("/%s says %s"), path, type), NULL);
}

static int check_at_boot(const struct fs_root *root, const struct check_next_boot *next,
			 struct checklist *list)
{
	static const char name[] = "modules-at-boot";

	if (next->modules_kept)
		return check_add(
			list, name, CHECK_WARNING,
			strdup(_("vfio-pci's modules are not all loaded at boot: a line of "
				 "modprobe.d keeps one of them away")),
			strdup(next->modules_kept), strdup(_("remove that line")));
	if (next->modules_at_boot)
		return check_add(list, name, CHECK_OK,
				 strdup(_("vfio-pci's modules are loaded at boot")),
				 strdup(next->modules_at_boot), NULL);
	if (module_is_builtin(root, "vfio_pci") && module_is_builtin(root, "vfio_iommu_type1"))
		return check_add(list, name, CHECK_OK,
				 strdup(_("vfio-pci is built into the kernel, and there at boot")),
				 NULL, NULL);
	return check_add(
		list, name, CHECK_WARNING,
		strdup(_("vfio-pci's modules are on no list that is loaded at boot; a VM's start "
			 "loads them")),
		NULL, strdup("host-setup enable"));
}

static bool changed_after(const struct fs_root *root, const char *path, const struct stat *when)
{
	auto_close int fd = fs_open(root, path, O_PATH, 0);
	struct stat st;

	return fd >= 0 && !fs_stat(root, fd, &st) && st.st_mtime > when->st_mtime;
}

/* The first thing that goes into an initramfs and changed after it; NULL when none did. */
static char *newer_than_initramfs(const struct fs_root *root, const struct stat *initramfs)
{
	static const char *const paths[] = {"etc/modules",
					    "etc/modprobe.d",
					    "etc/modules-load.d",
					    "etc/initramfs-tools/modules",
					    "etc/initramfs-tools/hooks",
					    "etc/initramfs-tools/scripts/init-top"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		auto_names struct fs_names names = {0};

		if (changed_after(root, paths[i], initramfs))
			return strdup(paths[i]);
		if (fs_list(root, paths[i], &names))
			continue;
		for (size_t k = 0; k < names.n; k++) {
			char *path = fs_path("%s/%s", paths[i], names.items[k]);

			if (path && changed_after(root, path, initramfs))
				return path;
			free(path);
		}
	}
	return NULL;
}

static int check_initramfs(const struct fs_root *root, struct checklist *list)
{
	static const char name[] = "initramfs";
	auto_free char *release = NULL, *path = NULL, *newer = NULL;
	auto_close int fd = -1;
	struct stat st;

	if (modules_release(root, &release))
		return 0; /* a tree without a kernel */
	path = fs_path("boot/initrd.img-%s", release);
	fd = fs_open(root, path, O_PATH, 0);
	if (fd < 0 || fs_stat(root, fd, &st))
		return 0; /* a host without an initramfs, or a tree with another kernel */
	newer = newer_than_initramfs(root, &st);
	if (!newer)
		return check_add(list, name, CHECK_OK,
				 strdup(_("the initramfs is newer than what goes into it")),
				 fs_path("/%s", path), NULL);
	return check_add(list, name, CHECK_WARNING,
			 strdup(_("the initramfs is older than what goes into it")),
			 fs_path(_("/%s changed after /%s"), newer, path),
			 strdup("update-initramfs -u -k all"));
}

/* Before 6.2 a module of its own, which vfio-pci needs; a part of vfio since. */
static int check_virqfd(const struct fs_root *root, struct checklist *list)
{
	static const char name[] = "vfio_virqfd";
	cleanup_with(modules_closep) struct modules *modules = NULL;
	auto_free char *release = NULL;
	int there, kept;

	if (modules_release(root, &release) || !kernelinfo_is_before(release, "6.2"))
		return 0;
	there = module_is_loaded(root, name);
	if (there > 0)
		return check_add(list, name, CHECK_OK, strdup(_("module vfio_virqfd is loaded")),
				 strdup("/sys/module/vfio_virqfd"), NULL);
	if (!there)
		there = modules_open(root, &modules) ?: modules_has(modules, name);
	kept = there > 0 ? check_kept(modules, name, NULL, list) : there;
	if (kept)
		return kept < 0 ? kept : 0;
	if (there)
		return check_add(
			list, name, CHECK_OK,
			strdup(_("module vfio_virqfd is available, and loaded with vfio-pci")),
			NULL, NULL);
	return check_add(
		list, name, CHECK_NOTE,
		fs_path(_("kernel %s has no module vfio_virqfd, which kernels before 6.2 have; it "
			  "may be built in"),
			release),
		NULL, NULL);
}

/* With interrupt remapping the option has no effect now, but it would hide the loss of that. */
static int check_unsafe_interrupts(const struct fs_root *root, struct checklist *list)
{
	static const char path[] = "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts";
	auto_free char *value = NULL;

	if (fs_read_attr(root, path, &value) || *value != 'Y')
		return 0;
	return check_add(
		list, "unsafe-interrupts", CHECK_WARNING,
		strdup(_(
			"devices would be passed through without interrupt remapping, too: a guest "
			"could then raise any interrupt of the host")),
		fs_path(_("/%s says Y"), path),
		strdup(_("remove allow_unsafe_interrupts=1 from modprobe.d (or: host-setup enable, "
			 "without --unsafe-interrupts), unless this hardware cannot remap")));
}

static int check_acs_override(const struct fs_root *root, struct checklist *list)
{
	static const char name[] = "acs-override",
			  evidence[] = N_("pcie_acs_override= in /proc/cmdline");
	auto_free char *cmdline = NULL, *release = NULL;

	if (fs_read_attr(root, "proc/cmdline", &cmdline) || !strstr(cmdline, "pcie_acs_override="))
		return 0;
	if (!modules_release(root, &release) && kernelinfo_has_acs_override(release) == ANSWER_NO)
		return check_add(
			list, name, CHECK_NOTE,
			fs_path(_("the ACS override is asked for, but the kernel %s lacks "
				  "that patch: the word changes nothing"),
				release),
			strdup(_(evidence)),
			strdup(_("remove pcie_acs_override= from the kernel command line")));
	return check_add(
		list, name, CHECK_WARNING,
		strdup(_(
			"the ACS override splits IOMMU groups: they promise an isolation that the "
			"hardware does not give, and a guest's device may reach another's memory")),
		strdup(_(evidence)),
		strdup(_("remove pcie_acs_override= from the kernel command line, unless you trust "
			 "all guests that have devices")));
}

/* The addresses of a group's devices, in words; NULL without memory. */
static char *name_devices(const struct fs_root *root, int group)
{
	auto_free struct bdf *members = NULL;
	auto_strbuf struct strbuf text = {0};
	char address[BDF_TEXT_SIZE];
	size_t n = 0;

	if (iommu_group_members(root, group, &members, &n) || !n)
		return strdup(_("its devices"));
	for (size_t i = 0; i < n; i++)
		strbuf_add_item(&text, "%s", bdf_format(&members[i], address));
	return strbuf_take(&text);
}

static int add_reserved(const struct fs_root *root, int group, int reserved, struct checklist *list)
{
	static const char name[] = "reserved-region";
	auto_free char *devices = name_devices(root, group);
	auto_free char *path = fs_path("/sys/kernel/iommu_groups/%d/reserved_regions", group);

	if (!devices || !path)
		return -ENOMEM;
	if (reserved < 0)
		return check_add(
			list, name, CHECK_WARNING,
			fs_path(_("whether the firmware reserves memory for %s cannot be read"),
				devices),
			fs_path("%s: %s", path, log_strerror(reserved)), NULL);
	return check_add(list, name, CHECK_WARNING,
			 fs_path(_("the firmware reserves memory for %s (RMRR): the kernel lets no "
				   "guest have that"),
				 devices),
			 fs_path(_("a region of type direct in %s"), path),
			 strdup(arch_is_vm(root)
					? _("this host is itself a VM, and its hypervisor reserves "
					    "that memory: look there how it passes that device to "
					    "this host")
					: _("look in the firmware setup for shared memory or "
					    "management features of that device, and turn them "
					    "off")));
}

static int check_reserved(const struct fs_root *root, struct checklist *list)
{
	auto_free int *groups = NULL;
	size_t n;
	int err = iommu_groups(root, &groups, &n);

	for (size_t i = 0; !err && i < n; i++) {
		int reserved = iommu_group_is_reserved(root, groups[i]);

		if (reserved)
			err = add_reserved(root, groups[i], reserved, list);
	}
	return err;
}

int check_host(const struct fs_root *root, const struct check_next_boot *next,
	       struct checklist *list)
{
	int err = check_processor(root, list);

	err = err ?: check_firmware(root, list);
	err = err ?: check_essentials(root, next->cures, list);
	err = err ?: check_cmdline(root, next, list);
	err = err ?: check_domain_type(root, list);
	err = err ?: check_at_boot(root, next, list);
	err = err ?: check_initramfs(root, list);
	err = err ?: check_virqfd(root, list);
	err = err ?: check_unsafe_interrupts(root, list);
	err = err ?: check_acs_override(root, list);
	err = err ?: check_reserved(root, list);
	return err ?: leftovers_check(root, list);
}
