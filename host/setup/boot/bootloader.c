// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/bootloader.h"
#include "host/setup/boot/boottools.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define EFIVARS "sys/firmware/efi/efivars/"

/* Whose variables they are: systemd.io/BOOT_LOADER_INTERFACE, and UEFI specification, 3.3. */
#define LOADER_VENDOR "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define GLOBAL_VENDOR "8be4df61-93ca-11d2-aa0d-00e098032b8c"

#define TEXT_MAX ((size_t)1024 * 1024)

static const char *const names[] = {
	[BOOTLOADER_GRUB] = "GRUB",
	[BOOTLOADER_SYSTEMD_BOOT] = "systemd-boot",
};

/* What was found: the sentences that speak for each kind, and how many they are. */
struct findings {
	char *for_kind[ARRAY_SIZE(names)];
	size_t n[ARRAY_SIZE(names)];
	bool stranger; /* a loader that is neither */
	char *other;   /* what speaks for neither */
	bool efi;
	bool secure_boot;
};

static void findings_free(struct findings *findings)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		free(findings->for_kind[i]);
	free(findings->other);
}

const char *bootloader_name(enum bootloader_kind kind)
{
	return names[kind];
}

const char *bootloader_config_file(enum bootloader_kind kind)
{
	return kind == BOOTLOADER_GRUB ? "etc/default/grub" : "etc/kernel/cmdline";
}

/* Adds a line to *TEXT. */
static int printf_like(2, 3) add_line(char **text, const char *format, ...)
{
	auto_free char *line = NULL;
	char *longer;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&line, format, args);
	va_end(args);
	if (n < 0) {
		line = NULL;
		return -ENOMEM;
	}
	longer = fs_path("%s%s%s", *text ? *text : "", *text ? "\n" : "", line);
	if (!longer)
		return -ENOMEM;
	free(*text);
	*text = longer;
	return 0;
}

static int speak_for(struct findings *findings, enum bootloader_kind kind, const char *what)
{
	findings->n[kind]++;
	return add_line(&findings->for_kind[kind], "%s", what);
}

/*
 * The text in an EFI variable: four bytes of attributes, then UTF-16LE (Linux:
 * Documentation/filesystems/efivarfs.rst). What is not ASCII becomes '?'.
 */
static int read_efi_text(const struct fs_root *root, const char *path, char **ret)
{
	auto_free char *raw = NULL;
	size_t len, n = 0;
	char *text;
	int err;

	err = fs_read(root, path, TEXT_MAX, &raw, &len);
	if (err)
		return err;
	text = malloc(len / 2 + 1);
	if (!text)
		return -ENOMEM;
	for (size_t i = 4; i + 1 < len && (raw[i] || raw[i + 1]); i += 2)
		text[n++] = raw[i + 1] || raw[i] < ' ' ? '?' : raw[i];
	text[n] = '\0';
	*ret = text;
	return 0;
}

static bool secure_boot_is_on(const struct fs_root *root)
{
	auto_free char *raw = NULL;
	size_t len;

	return !fs_read(root, EFIVARS "SecureBoot-" GLOBAL_VENDOR, TEXT_MAX, &raw, &len) &&
	       len == 5 && raw[4] == 1;
}

/* What the loader wrote about itself. */
static int look_at_loader_info(const struct fs_root *root, struct findings *findings)
{
	auto_free char *info = NULL;
	auto_free char *what = NULL;

	if (read_efi_text(root, EFIVARS "LoaderInfo-" LOADER_VENDOR, &info))
		return 0;
	what = fs_path(_("the EFI variable LoaderInfo says \"%s\""), info);
	if (!what)
		return -ENOMEM;
	if (!strncmp(info, "systemd-boot", strlen("systemd-boot")))
		return speak_for(findings, BOOTLOADER_SYSTEMD_BOOT, what);
	if (!strncmp(info, "GRUB", strlen("GRUB")))
		return speak_for(findings, BOOTLOADER_GRUB, what);
	findings->stranger = true;
	return add_line(&findings->other, "%s", what);
}

/* What the loader put on the kernel command line. */
static int look_at_cmdline(const char *cmdline, struct findings *findings)
{
	const char *initrd = strstr(cmdline, "initrd=");
	int err = 0;

	if (!strncmp(cmdline, "BOOT_IMAGE=", 11) || strstr(cmdline, " BOOT_IMAGE="))
		err = speak_for(findings, BOOTLOADER_GRUB,
				_("/proc/cmdline has BOOT_IMAGE=, as GRUB writes it"));
	if (!err && initrd && initrd[strlen("initrd=")] == '\\')
		err = speak_for(findings, BOOTLOADER_SYSTEMD_BOOT,
				_("/proc/cmdline has initrd=\\..., as systemd-boot writes it"));
	return err;
}

/* Adds what one of the loaders' own tools said; one that names both kinds only tells. */
static int take_answer(struct findings *findings, const char *tool,
		       const struct boottools_answer *answer)
{
	auto_free char *what = NULL;

	if (!answer->line)
		return 0;
	what = fs_path(_("`%s` says \"%s\""), tool, answer->line);
	if (!what)
		return -ENOMEM;
	if (answer->grub == answer->systemd_boot)
		return add_line(&findings->other, "%s", what);
	return speak_for(findings, answer->grub ? BOOTLOADER_GRUB : BOOTLOADER_SYSTEMD_BOOT, what);
}

/* Asks the tools about a case that is unclear without them. */
static int ask_tools(struct findings *findings)
{
	auto_boottools struct boottools_answer bootctl = {0}, proxmox = {0};
	int err = boottools_ask_bootctl(&bootctl);

	err = err ?: take_answer(findings, "bootctl status", &bootctl);
	err = err ?: boottools_ask_proxmox(&proxmox);
	return err ?: take_answer(findings, "proxmox-boot-tool status", &proxmox);
}

/* Proxmox VE starts a host by GRUB when Secure Boot is on; and without EFI nothing else can. */
static int look_at_firmware(const struct fs_root *root, struct findings *findings)
{
	if (findings->secure_boot)
		return speak_for(findings, BOOTLOADER_GRUB,
				 _("with Secure Boot, Proxmox VE boots by GRUB"));
	if (!findings->efi && fs_probe(root, "boot/grub/grub.cfg") > 0)
		return speak_for(findings, BOOTLOADER_GRUB,
				 _("it did not boot by EFI, and /boot/grub/grub.cfg is there"));
	return 0;
}

static bool is_unclear(const struct findings *findings)
{
	return findings->stranger ||
	       !findings->n[BOOTLOADER_GRUB] == !findings->n[BOOTLOADER_SYSTEMD_BOOT];
}

/* How the host booted. */
static int look_at_boot(const struct fs_root *root, const char *cmdline, struct findings *findings)
{
	int err;

	findings->efi = fs_probe(root, "sys/firmware/efi") > 0;
	findings->secure_boot = secure_boot_is_on(root);
	err = look_at_loader_info(root, findings);
	err = err ?: look_at_cmdline(cmdline, findings);
	if (!err && !findings->efi)
		err = add_line(&findings->other,
			       _("it did not boot by EFI (no /sys/firmware/efi)"));
	if (!err && findings->secure_boot)
		err = add_line(&findings->other, _("Secure Boot is on"));
	if (err || !is_unclear(findings))
		return err;
	if (!findings->n[BOOTLOADER_SYSTEMD_BOOT] && !findings->n[BOOTLOADER_GRUB] &&
	    !findings->stranger)
		err = look_at_firmware(root, findings);
	return err ?: ask_tools(findings);
}

/* What is installed, for a root that is not running. */
static int look_at_files(const struct fs_root *root, struct findings *findings)
{
	static const struct {
		enum bootloader_kind kind;
		const char *path;
	} signs[] = {
		{BOOTLOADER_GRUB, "boot/grub/grub.cfg"},
		{BOOTLOADER_GRUB, "boot/efi/EFI/proxmox/grubx64.efi"},
		{BOOTLOADER_GRUB, "boot/efi/EFI/debian/grubx64.efi"},
		{BOOTLOADER_SYSTEMD_BOOT, "etc/kernel/cmdline"},
		{BOOTLOADER_SYSTEMD_BOOT, "boot/efi/EFI/systemd/systemd-bootx64.efi"},
		{BOOTLOADER_SYSTEMD_BOOT, "efi/EFI/systemd/systemd-bootx64.efi"},
		{BOOTLOADER_SYSTEMD_BOOT, "boot/EFI/systemd/systemd-bootx64.efi"},
	};
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(signs) && !err; i++) {
		auto_free char *what = fs_path(_("/%s is there"), signs[i].path);

		if (!what)
			return -ENOMEM;
		if (fs_probe(root, signs[i].path) > 0)
			err = speak_for(findings, signs[i].kind, what);
	}
	/* Debian's grub-common alone puts this file there: it says little. */
	if (!err && !findings->n[BOOTLOADER_GRUB] && !findings->n[BOOTLOADER_SYSTEMD_BOOT] &&
	    fs_probe(root, "etc/default/grub") > 0)
		err = speak_for(findings, BOOTLOADER_GRUB, _("/etc/default/grub is there"));
	return err;
}

static int explain_unclear(const struct findings *findings, char **ret_why)
{
	bool both = findings->n[BOOTLOADER_GRUB] && findings->n[BOOTLOADER_SYSTEMD_BOOT];
	auto_free char *why = NULL;
	int err = add_line(&why, _("which boot loader starts this host is unclear: %s"),
			   both ? _("the findings contradict each other")
				: _("nothing says that it is GRUB or systemd-boot"));

	for (size_t i = 0; i < ARRAY_SIZE(names) && !err; i++)
		if (findings->n[i])
			err = add_line(&why, _("for %s: %s"), names[i], findings->for_kind[i]);
	if (!err && findings->other)
		err = add_line(&why, _("also: %s"), findings->other);
	err = err
		      ?: add_line(
				 &why,
				 _("add the right one: --bootloader=grub or --bootloader=systemd-boot"));
	if (err)
		return err;
	*ret_why = TAKE_PTR(why);
	return -ENOTUNIQ;
}

static int decide(struct findings *findings, struct bootloader *loader, char **ret_why)
{
	int err;

	if (is_unclear(findings))
		return explain_unclear(findings, ret_why);
	loader->kind = findings->n[BOOTLOADER_GRUB] ? BOOTLOADER_GRUB : BOOTLOADER_SYSTEMD_BOOT;
	loader->evidence = TAKE_PTR(findings->for_kind[loader->kind]);
	err = findings->other ? add_line(&loader->evidence, "%s", findings->other) : 0;
	return err;
}

/* Whether the tool is in charge of any ESP: a line of its list that is no comment. */
static bool has_boot_tool(const struct fs_root *root)
{
	auto_free char *text = NULL;
	char *rest, *line;

	if (fs_read(root, "etc/kernel/proxmox-boot-uuids", TEXT_MAX, &text, NULL))
		return false;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		line += strspn(line, " \t\r");
		if (*line && *line != '#')
			return true;
	}
	return false;
}

static int add_refresh(struct bootloader *loader, char *command)
{
	if (!command)
		return -ENOMEM;
	if (loader->n_refresh == BOOTLOADER_COMMANDS_MAX) {
		free(command);
		return -E2BIG;
	}
	loader->refresh[loader->n_refresh++] = command;
	return 0;
}

/* kernel-install writes one entry for one kernel: all that are installed. */
static int add_kernel_installs(const struct fs_root *root, struct bootloader *loader)
{
	auto_names struct fs_names kernels = {0};
	int err;

	err = fs_list(root, "lib/modules", &kernels);
	for (size_t i = 0; i < kernels.n && !err; i++) {
		auto_free char *image = fs_path("boot/vmlinuz-%s", kernels.items[i]);

		if (strchr(kernels.items[i], ' ') || fs_probe(root, image) <= 0)
			continue;
		err = add_refresh(loader,
				  fs_path("kernel-install add %s /%s", kernels.items[i], image));
	}
	return err;
}

static int choose_refresh(const struct fs_root *root, struct bootloader *loader)
{
	loader->proxmox_boot_tool = has_boot_tool(root);
	if (loader->proxmox_boot_tool)
		return add_line(&loader->evidence, _("proxmox-boot-tool keeps its ESPs "
						     "(/etc/kernel/proxmox-boot-uuids)"))
			       ?: add_refresh(loader, strdup("proxmox-boot-tool refresh"));
	if (loader->kind == BOOTLOADER_GRUB)
		return add_refresh(loader, strdup("update-grub"));
	return add_kernel_installs(root, loader);
}

static int use_override(const char *override, struct bootloader *loader, char **ret_why)
{
	int err;

	if (!strcmp(override, "grub")) {
		loader->kind = BOOTLOADER_GRUB;
	} else if (!strcmp(override, "systemd-boot")) {
		loader->kind = BOOTLOADER_SYSTEMD_BOOT;
	} else {
		err = add_line(ret_why, _("--bootloader: must be grub or systemd-boot, got '%s'"),
			       override);
		return err ? err : -EINVAL;
	}
	return add_line(&loader->evidence, _("--bootloader=%s says so"), override);
}

int bootloader_detect(const struct fs_root *root, const char *override, struct bootloader *ret,
		      char **ret_why)
{
	cleanup_with(findings_free) struct findings findings = {0};
	auto_bootloader struct bootloader loader = {0};
	auto_free char *cmdline = NULL;
	auto_free char *why = NULL;
	int err;

	if (override) {
		err = use_override(override, &loader, &why);
	} else {
		/* A tree that does not run may have the /proc of the system that looks at it. */
		if (!fs_root_is_running_system(root))
			err = look_at_files(root, &findings);
		else if (fs_read(root, "proc/cmdline", TEXT_MAX, &cmdline, NULL) || !*cmdline)
			err = -ENODATA;
		else
			err = look_at_boot(root, cmdline, &findings);
		err = err ?: decide(&findings, &loader, &why);
	}
	err = err ?: choose_refresh(root, &loader);
	if (err == -EINVAL || err == -ENOTUNIQ)
		*ret_why = TAKE_PTR(why);
	if (err)
		return err;
	*ret = loader;
	loader = (struct bootloader){0};
	return 0;
}

void bootloader_free(struct bootloader *bootloader)
{
	for (size_t i = 0; i < bootloader->n_refresh; i++)
		free(bootloader->refresh[i]);
	free(bootloader->evidence);
	*bootloader = (struct bootloader){0};
}
