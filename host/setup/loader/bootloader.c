// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/loader/bootloader.h"
#include "host/text/strbuf.h"
#include "host/setup/loader/boottools.h"
#include "host/setup/loader/efivars.h"

#include <string.h>

#define TEXT_MAX ((size_t)1024 * 1024)
#define ESP_LIST "etc/kernel/proxmox-boot-uuids"

static const char *const names[] = {
	[BOOTLOADER_GRUB] = "GRUB",
	[BOOTLOADER_SYSTEMD_BOOT] = "systemd-boot",
};

/* The index of findings that are for neither. */
#define NEITHER ARRAY_SIZE(names)

struct findings {
	struct strbuf lines[NEITHER + 1]; /* for each kind, one finding a line */
	bool other_loader;		  /* LoaderInfo names one that is neither */
	bool image;			  /* of those that kernel-install makes */
	bool no_efivars;		  /* it booted by EFI, and the variables are not there */
	bool may_mount_efivars;
	struct otherloader other;
};

static void findings_free(struct findings *findings)
{
	for (size_t i = 0; i <= NEITHER; i++)
		strbuf_free(&findings->lines[i]);
	otherloader_free(&findings->other);
}

const char *bootloader_name(enum bootloader_kind kind)
{
	return kind == BOOTLOADER_OTHER ? _("another boot loader") : names[kind];
}

const char *bootloader_title(const struct bootloader *bootloader)
{
	if (bootloader->image)
		return _("a unified kernel image");
	return bootloader->kind == BOOTLOADER_OTHER ? bootloader->other.name
						    : names[bootloader->kind];
}

const char *bootloader_config_file(enum bootloader_kind kind)
{
	static const char *const files[] = {
		[BOOTLOADER_GRUB] = "etc/default/grub",
		[BOOTLOADER_SYSTEMD_BOOT] = "etc/kernel/cmdline",
		[BOOTLOADER_OTHER] = NULL,
	};

	return files[kind];
}

/* Begins another line in BUF, and returns that. */
static struct strbuf *next_line(struct strbuf *buf)
{
	if (buf->len)
		strbuf_add(buf, "\n");
	return buf;
}

/* A line for a finding for the KIND of boot loader. */
#define line_for(findings, kind) next_line(&(findings)->lines[kind])

static bool is_for(const struct findings *findings, enum bootloader_kind kind)
{
	return findings->lines[kind].len;
}

/* What the loader wrote about itself. */
static void look_at_loader_info(const char *info, struct findings *findings)
{
	size_t kind = NEITHER;

	for (size_t i = 0; i < NEITHER; i++)
		if (!strncmp(info, names[i], strlen(names[i])))
			kind = i;
	findings->other_loader = kind == NEITHER;
	strbuf_add(line_for(findings, kind), _("the EFI variable LoaderInfo says \"%s\""), info);
}

/* Without the EFI variables: whether systemd-boot is set up, and rEFInd, which writes the same
 * command line, is not. Returns 1, 0, or -errno; ESPs that are not mounted are proxmox-boot-tool's.
 */
static int is_set_up(const struct fs_root *root, struct findings *findings)
{
	static const char *const systemd_boot[] = {"boot/efi/EFI/systemd", "efi/EFI/systemd",
						   "boot/EFI/systemd", ESP_LIST};
	static const char *const refind[] = {"boot/efi/EFI/refind", "efi/EFI/refind",
					     "boot/EFI/refind", "boot/refind_linux.conf"};
	int there = 0;

	for (size_t i = 0; !there && i < ARRAY_SIZE(refind); i++) {
		there = fs_probe(root, refind[i]);
		if (there > 0)
			strbuf_add(line_for(findings, NEITHER), _("/%s is there"), refind[i]);
	}
	if (there)
		return there < 0 ? there : 0;
	for (size_t i = 0; !there && i < ARRAY_SIZE(systemd_boot); i++) {
		there = fs_probe(root, systemd_boot[i]);
		if (there > 0)
			strbuf_add(line_for(findings, BOOTLOADER_SYSTEMD_BOOT), _("/%s is there"),
				   systemd_boot[i]);
	}
	return there;
}

/* What the loader put on the kernel command line. */
static int look_at_cmdline(const struct fs_root *root, const char *cmdline,
			   struct findings *findings)
{
	const char *initrd = strstr(cmdline, "initrd=");
	int says = 1;

	if (!strncmp(cmdline, "BOOT_IMAGE=", 11) || strstr(cmdline, " BOOT_IMAGE="))
		strbuf_add(line_for(findings, BOOTLOADER_GRUB),
			   _("/proc/cmdline has BOOT_IMAGE=, as GRUB writes it"));
	if (!initrd || initrd[strlen("initrd=")] != '\\')
		return 0;
	/* So does a boot entry of the firmware, which the EFI variables would tell. */
	if (findings->no_efivars && !is_for(findings, BOOTLOADER_GRUB))
		says = is_set_up(root, findings);
	if (says < 0)
		return says;
	if (says)
		strbuf_add(line_for(findings, BOOTLOADER_SYSTEMD_BOOT),
			   _("/proc/cmdline has initrd=\\..., as systemd-boot writes it"));
	else
		strbuf_add(line_for(findings, NEITHER),
			   _("/proc/cmdline has initrd=\\..., which systemd-boot writes, and "
			     "others, too"));
	return 0;
}

/* Adds what one of the loaders' own tools reports. */
static void add_answer(struct findings *findings, const char *tool,
		       const struct boottools_answer *answer)
{
	size_t kind = answer->grub ? BOOTLOADER_GRUB : BOOTLOADER_SYSTEMD_BOOT;

	if (answer->grub == answer->systemd_boot)
		kind = NEITHER;
	if (answer->line)
		strbuf_add(line_for(findings, kind), _("`%s` says \"%s\""), tool, answer->line);
}

/* Asks the tools about a case that is unclear without them. */
static int ask_tools(const struct fs_root *root, struct findings *findings)
{
	auto_boottools struct boottools_answer bootctl = {0}, proxmox = {0};
	int err = boottools_ask(root, &bootctl, &proxmox);

	if (err)
		return err;
	add_answer(findings, "bootctl status", &bootctl);
	add_answer(findings, "proxmox-boot-tool status", &proxmox);
	return 0;
}

/* Whether there are findings for both or for none. */
static bool is_unclear(const struct findings *findings)
{
	return findings->other_loader ||
	       is_for(findings, BOOTLOADER_GRUB) == is_for(findings, BOOTLOADER_SYSTEMD_BOOT);
}

/* Whether kernel-install makes unified kernel images of etc/kernel/cmdline (kernel-install(8)). */
static bool makes_images(const struct fs_root *root)
{
	auto_free char *text = NULL;
	char *rest, *line;

	if (fs_read(root, "etc/kernel/install.conf", TEXT_MAX, &text, NULL))
		return false;
	rest = text;
	while ((line = strsep(&rest, "\n")))
		if (!strncmp(line, "layout=uki", strlen("layout=uki")))
			return true;
	return false;
}

/* Another loader, as far as one is recognised. */
static int look_for_other(const struct fs_root *root, const char *cmdline, const char *info,
			  struct findings *findings)
{
	struct otherloader *other = &findings->other;
	int err = otherloader_find(root, cmdline, info, other);

	if (err || other->kind != OTHERLOADER_UKI || !makes_images(root))
		return err;
	strbuf_add(line_for(findings, BOOTLOADER_SYSTEMD_BOOT),
		   _("%s\nkernel-install makes that image of /etc/kernel/cmdline "
		     "(/etc/kernel/install.conf)"),
		   other->evidence);
	findings->image = true;
	otherloader_free(other);
	return 0;
}

/* How the host booted. */
static int look_at_boot(const struct fs_root *root, const char *cmdline, struct findings *findings)
{
	int efi = fs_probe(root, "sys/firmware/efi");
	bool secure_boot = efivars_secure_boot_is_on(root);
	auto_free char *info = NULL;
	int err = efivars_loader_text(root, "LoaderInfo", &info);

	/* When it cannot be read, nothing follows from that. */
	if (!err || fs_is_absent(err))
		err = look_for_other(root, cmdline, info, findings);
	else
		err = err == -ENOMEM ? err : 0;
	if (err || findings->other.kind)
		return err;
	if (info)
		look_at_loader_info(info, findings);
	findings->no_efivars = efi > 0 && !efivars_are_there(root);
	/* Without runtime services (real-time kernels, efi=noruntime) there is no such directory.
	 */
	findings->may_mount_efivars = findings->no_efivars &&
				      fs_probe(root, "sys/firmware/efi/efivars") > 0;
	err = look_at_cmdline(root, cmdline, findings);
	if (err)
		return err;
	if (!efi)
		strbuf_add(line_for(findings, NEITHER),
			   _("it did not boot by EFI (no /sys/firmware/efi)"));
	if (secure_boot)
		strbuf_add(line_for(findings, NEITHER), _("Secure Boot is on"));
	if (!is_unclear(findings))
		return 0;
	/* Proxmox VE starts a host by GRUB when Secure Boot is on; and without EFI nothing else
	 * can. */
	if (is_for(findings, BOOTLOADER_GRUB) || findings->other_loader)
		return ask_tools(root, findings);
	if (secure_boot)
		strbuf_add(line_for(findings, BOOTLOADER_GRUB),
			   _("with Secure Boot, Proxmox VE boots by GRUB"));
	else if (!efi && fs_probe(root, "boot/grub/grub.cfg") > 0)
		strbuf_add(line_for(findings, BOOTLOADER_GRUB),
			   _("it did not boot by EFI, and /boot/grub/grub.cfg is there"));
	return ask_tools(root, findings);
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

	int there = 0;

	for (size_t i = 0; there >= 0 && i < ARRAY_SIZE(signs); i++) {
		there = fs_probe(root, signs[i].path);
		if (there > 0)
			strbuf_add(line_for(findings, signs[i].kind), _("/%s is there"),
				   signs[i].path);
	}
	/* Debian's grub-common alone puts this file there: it says little. */
	if (there < 0 || is_for(findings, BOOTLOADER_GRUB) ||
	    is_for(findings, BOOTLOADER_SYSTEMD_BOOT))
		return there < 0 ? there : 0;
	there = fs_probe(root, "etc/default/grub");
	if (there > 0)
		strbuf_add(line_for(findings, BOOTLOADER_GRUB), _("/etc/default/grub is there"));
	return there < 0 ? there : 0;
}

static int explain_unclear(struct findings *findings, char **ret_why)
{
	bool both = is_for(findings, BOOTLOADER_GRUB) && is_for(findings, BOOTLOADER_SYSTEMD_BOOT);
	auto_strbuf struct strbuf why = {0};

	strbuf_add(&why, _("which boot loader starts this host is unclear: %s"),
		   both ? _("the findings contradict each other")
			: _("nothing says that it is GRUB or systemd-boot"));
	for (enum bootloader_kind i = 0; i < NEITHER; i++)
		if (is_for(findings, i))
			strbuf_add(next_line(&why), _("for %s: %s"), names[i],
				   findings->lines[i].text);
	if (findings->lines[NEITHER].len)
		strbuf_add(next_line(&why), _("also: %s"), findings->lines[NEITHER].text);
	if (findings->may_mount_efivars)
		strbuf_add(next_line(&why),
			   _("the EFI variables would tell; to have them: mount -t efivarfs "
			     "efivarfs /sys/firmware/efi/efivars"));
	strbuf_add(next_line(&why),
		   _("add the right one: --bootloader=grub or --bootloader=systemd-boot"));
	*ret_why = strbuf_take(&why);
	return *ret_why ? -ENOTUNIQ : -ENOMEM;
}

/* Decides the kind, with the evidence for it. */
static int decide(struct findings *findings, struct bootloader *loader, struct strbuf *evidence,
		  char **ret_why)
{
	for (size_t i = 0; i <= NEITHER; i++)
		if (findings->lines[i].failed)
			return -ENOMEM;
	if (findings->other.kind) {
		loader->kind = BOOTLOADER_OTHER;
		loader->other = findings->other;
		findings->other = (struct otherloader){0};
		strbuf_add(evidence, "%s", loader->other.evidence);
		return 0;
	}
	if (is_unclear(findings))
		return explain_unclear(findings, ret_why);
	loader->kind = is_for(findings, BOOTLOADER_GRUB) ? BOOTLOADER_GRUB
							 : BOOTLOADER_SYSTEMD_BOOT;
	loader->image = findings->image;
	strbuf_add(evidence, "%s", findings->lines[loader->kind].text);
	if (findings->lines[NEITHER].len)
		strbuf_add(next_line(evidence), "%s", findings->lines[NEITHER].text);
	return 0;
}

/* Reads the list of ESPs that proxmox-boot-tool keeps. */
static int read_esps(const struct fs_root *root, struct fs_names *ret)
{
	auto_free char *text = NULL;
	int err = fs_read(root, ESP_LIST, TEXT_MAX, &text, NULL);
	char *rest = text, *line;

	if (err)
		return err == -ENOENT || err == -ENOTDIR ? 0 : err;
	while (!err && (line = strsep(&rest, "\n"))) {
		line += strspn(line, " \t\r");
		line[strcspn(line, " \t\r")] = '\0';
		if (*line && *line != '#')
			err = fs_names_add(ret, line);
	}
	return err;
}

/* kernel-install writes the entries of one kernel: it is run for each that is installed. */
static int add_kernel_installs(const struct fs_root *root, struct bootloader *loader)
{
	auto_names struct fs_names kernels = {0};
	int err = fs_list(root, "lib/modules", &kernels);

	if (err)
		return err == -ENOENT ? 0 : err;
	for (size_t i = 0; i < kernels.n && !err; i++) {
		const char *release = kernels.items[i];
		auto_free char *image = fs_path("boot/vmlinuz-%s", release);
		auto_free char *command = fs_path("kernel-install add %s /%s", release, image);
		int there;

		if (!command)
			return -ENOMEM;
		there = strchr(release, ' ') ? 0 : fs_probe(root, image);
		err = there > 0 ? fs_names_add(&loader->refresh, command) : there;
	}
	return err;
}

static int choose_refresh(const struct fs_root *root, struct bootloader *loader,
			  struct strbuf *evidence)
{
	int err = loader->kind == BOOTLOADER_OTHER ? 0 : read_esps(root, &loader->esps);

	if (err || loader->kind == BOOTLOADER_OTHER)
		return err;
	if (loader->esps.n) {
		strbuf_add(next_line(evidence), _("proxmox-boot-tool keeps its ESPs "
						  "(/etc/kernel/proxmox-boot-uuids)"));
		return fs_names_add(&loader->refresh, "proxmox-boot-tool refresh");
	}
	if (loader->kind == BOOTLOADER_GRUB)
		return fs_names_add(&loader->refresh, "update-grub");
	return add_kernel_installs(root, loader);
}

static int use_override(const char *override, struct bootloader *loader, struct strbuf *evidence,
			char **ret_why)
{
	if (!strcmp(override, "grub")) {
		loader->kind = BOOTLOADER_GRUB;
	} else if (!strcmp(override, "systemd-boot")) {
		loader->kind = BOOTLOADER_SYSTEMD_BOOT;
	} else {
		*ret_why = fs_path(_("--bootloader: must be grub or systemd-boot, got '%s'"),
				   override);
		return *ret_why ? -EINVAL : -ENOMEM;
	}
	strbuf_add(evidence, _("--bootloader=%s says so"), override);
	return 0;
}

/* Finds the kind by how the host booted, or by what is installed. */
static int find_kind(const struct fs_root *root, struct bootloader *loader, struct strbuf *evidence,
		     char **ret_why)
{
	cleanup_with(findings_free) struct findings findings = {0};
	auto_free char *cmdline = NULL;
	int err = 0;

	/* A tree that does not run may have the /proc of the system that looks at it. */
	if (!fs_root_was_running(root))
		err = look_at_files(root, &findings);
	else if (fs_read(root, "proc/cmdline", TEXT_MAX, &cmdline, NULL) || !*cmdline)
		err = -ENODATA;
	else
		err = look_at_boot(root, cmdline, &findings);
	return err ?: decide(&findings, loader, evidence, ret_why);
}

int bootloader_detect(const struct fs_root *root, const char *override, struct bootloader *ret,
		      char **ret_why)
{
	auto_bootloader struct bootloader loader = {0};
	auto_strbuf struct strbuf evidence = {0};
	int err = override ? use_override(override, &loader, &evidence, ret_why)
			   : find_kind(root, &loader, &evidence, ret_why);

	err = err ?: choose_refresh(root, &loader, &evidence);
	if (err)
		return err;
	loader.evidence = strbuf_take(&evidence);
	if (!loader.evidence)
		return -ENOMEM;
	*ret = loader;
	loader = (struct bootloader){0};
	return 0;
}

void bootloader_free(struct bootloader *bootloader)
{
	fs_names_free(&bootloader->esps);
	fs_names_free(&bootloader->refresh);
	free(bootloader->evidence);
	otherloader_free(&bootloader->other);
	*bootloader = (struct bootloader){0};
}
