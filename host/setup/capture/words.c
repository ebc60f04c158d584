// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/capture/words.h"

#include <fnmatch.h>
#include <string.h>

/* What ends a word in a kernel command line, /etc/default/grub, grub.cfg or an entry. */
#define BETWEEN " \t\r\n\"'`;(){}$<>|&"

/* Words that say nothing of whose host it is, and keys whose values do not. */
static const char *const known[] = {
	/* the kernel's */
	"ro",
	"rw",
	"quiet",
	"splash",
	"nomodeset",
	"debug",
	"single",
	"auto",
	"noapic",
	"nosmt",
	"nosmp",
	"noapictimer",
	"nox2apic",
	"nopti",
	"noefi",
	"nokaslr",
	"noiommu",
	"nointremap",
	"nosgx",
	"intremap",
	"on",
	"off",
	"pt",
	"igfx_off",
	"text",
	"--",
	"root",
	"rootfstype",
	"rootflags",
	"rootdelay",
	"rootwait",
	"boot",
	"console",
	"video",
	"intel_iommu",
	"amd_iommu*",
	"iommu*",
	"arm-smmu*",
	"pci",
	"pci_*",
	"pcie_*",
	"pcie*",
	"vfio*",
	"kvm*",
	"hugepages*",
	"default_hugepagesz",
	"transparent_hugepage",
	"*blacklist",
	"rd.driver.*",
	"isolcpus",
	"nohz*",
	"rcu_*",
	"BOOT_IMAGE",
	"initrd",
	"efi",
	"efifb",
	"acpi*",
	"pnp*",
	"mitigations",
	"init",
	"net.ifnames",
	"biosdevname",
	"loglevel",
	"mce",
	"*watchdog*",
	"processor.*",
	"cpufreq.*",
	"amd_pstate*",
	"intel_pstate*",
	"intel_idle.*",
	"nvme*",
	"zfs*",
	"spl*",
	"i915*",
	"xe.*",
	"nouveau*",
	"nvidia*",
	"amdgpu*",
	"radeon*",
	"snd*",
	"xhci*",
	"usbcore.*",
	"crashkernel",
	"panic*",
	"apparmor",
	"security",
	"lsm",
	"selinux",
	"audit",
	"cgroup*",
	"systemd.*",
	"nfs*",
	"clocksource",
	"tsc",
	"idle",
	"irqpoll",
	"irqaffinity",
	"maxcpus",
	"nr_cpus",
	"mem",
	"memmap",
	"swiotlb",
	"numa*",
	"preempt*",
	"skew_tick",
	"threadirqs",
	"lapic",
	"apic",
	"x2apic*",
	"vga",
	"fbcon*",
	"vt.*",
	"consoleblank",
	"earlyprintk",
	"vmalloc",
	"softdep",
	"pve_passthrough*",
	"ip",
	"netconsole*",
	"modprobe*",
	"module*",
	"sysrq*",
	"resume",
	/* of modules */
	"ids",
	"disable_vga",
	"disable_idle_d3",
	"enable_sriov",
	"ignore_msrs",
	"report_ignored_msrs",
	"allow_unsafe_interrupts",
	"nested",
	"max_vfs",
	"enable_guc",
	"options",
	"blacklist",
	"install",
	"remove",
	"alias",
	"pre:",
	"post:",
	"true",
	"false",
	"/bin/true",
	"/bin/false",
	/* of GRUB, and of files of entries */
	"GRUB_*",
	"if",
	"then",
	"else",
	"elif",
	"fi",
	"for",
	"do",
	"done",
	"case",
	"esac",
	"in",
	"export",
	"function",
	"set",
	"unset",
	"source",
	"menuentry",
	"submenu",
	"menuentry_id_option",
	"linux",
	"linux16",
	"linuxefi",
	"initrd16",
	"initrdefi",
	"chainloader",
	"multiboot",
	"module2",
	"search",
	"insmod",
	"load_env",
	"save_env",
	"saved_entry",
	"prev_saved_entry",
	"next_entry",
	"initrdfail",
	"boot_once",
	"default",
	"fallback",
	"timeout",
	"timeout_style",
	"title",
	"version",
	"machine-id",
	"sort-key",
	"architecture",
	"--*",
	"Debian",
	"GNU/Linux,",
	"GNU/Linux",
	"Proxmox",
	"VE",
	"with",
	"Linux",
	"recovery",
	"mode",
	"Advanced",
	"Windows",
	"Memory",
	"UEFI",
	"efi",
	"simple",
	"gnulinux*",
	"layout",
	"uki",
	"gpt",
	"zfs",
	"lvm",
	"cat",
	"sed",
	"echo",
	"printf",
	"test",
	"[",
	"]",
	"=",
	"!=",
	"-n",
	"-z",
	"-a",
	"-o",
	"-e",
	"-f",
	"-d",
};

static bool is_known(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!fnmatch(known[i], word, FNM_CASEFOLD))
			return true;
	return false;
}

/* A number, an address, a kernel's release, switches: nothing that could be a secret. */
static bool is_plain(const char *value)
{
	size_t letters = 0;

	for (const char *c = value; *c; c++)
		letters += (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c & 0x80);
	if (!letters || strlen(value) < 4 ||
	    strspn(value, "0123456789abcdefABCDEFxX:.,;-") == strlen(value))
		return true;
	return *value >= '0' && *value <= '9' && strchr(value, '.') &&
	       (strstr(value, "-pve") || strstr(value, "-amd64") || strstr(value, "-generic"));
}

/* A path of the host's or a disk, which has to be found there. */
static bool is_path(const char *word)
{
	static const char *const places[] = {
		"/boot/", "/dev/", "/sys/", "/proc/", "/vmlinuz", "/initrd",   "/ROOT",
		"/EFI/",  "\\",	   "@",	    "UUID=",  "LABEL=",	  "PARTUUID=", "PARTLABEL="};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (after_prefix(word, places[i]))
			return true;
	return false;
}

static int add_masked(struct standins *standins, const char *word, struct strbuf *out)
{
	const char *with = standins_of(standins, STANDIN_WORD, word, strlen(word));

	strbuf_add(out, "%s", with ? with : "");
	return with ? 0 : -ENOMEM;
}

/* One word; of KEY=VALUE the value is what may be unknown. WORD is cut up. */
static int add_word(struct standins *standins, char *word, struct strbuf *out)
{
	char *value = strchr(word, '=');

	if (!value) {
		if (!is_known(word) && !is_plain(word) && !is_path(word))
			return add_masked(standins, word, out);
		strbuf_add(out, "%s", word);
		return 0;
	}
	*value++ = '\0';
	strbuf_add(out, "%s=", word);
	/* GRUB_CMDLINE_LINUX=quiet, Cmdline=iommu=pt: what follows is a word again. */
	if (*word >= 'A' && *word <= 'Z')
		return add_word(standins, value, out);
	if (is_known(word) || is_plain(value) || is_path(value) || is_known(value)) {
		strbuf_add(out, "%s", value);
		return 0;
	}
	return add_masked(standins, value, out);
}

/* What people paste for a quote or a space, in UTF-8, and problems are found by. */
static size_t pasted_at(const char *text, size_t at, size_t len)
{
	/* No string: half a character is none in UTF-8. */
	static const unsigned char pasted[][3] = {{0xe2, 0x80}, {0xc2, 0xa0}, {0xef, 0xbb, 0xbf}};

	for (size_t i = 0; i < ARRAY_SIZE(pasted); i++)
		if (len - at >= 3 && !memcmp(text + at, pasted[i], i < 2 ? 2 : 3))
			return i == 1 ? 2 : 3;
	return 0;
}

/* Whether the word there is the name of a variable: "$EXTRA", "${EXTRA}". */
static bool is_variable(const char *text, size_t at)
{
	return (at > 0 && text[at - 1] == '$') ||
	       (at > 1 && text[at - 1] == '{' && text[at - 2] == '$');
}

/* A backslash is part of a word, "\\EFI\\Linux", unless it quotes what follows. */
static bool is_between(const char *text, size_t at, size_t len)
{
	if (text[at] == '\\')
		return at + 1 == len || !text[at + 1] || text[at + 1] == '\\' ||
		       strchr(BETWEEN, text[at + 1]);
	return !text[at] || strchr(BETWEEN, text[at]) || pasted_at(text, at, len);
}

int words_mask(struct standins *standins, const char *text, size_t len, struct strbuf *out)
{
	size_t at = 0;
	int err = 0;

	while (!err && at < len) {
		size_t n = 0;

		while (at + n < len && !is_between(text, at + n, len))
			n++;
		if (n) {
			auto_free char *word = strndup(text + at, n);

			if (is_variable(text, at))
				strbuf_add_bytes(out, text + at, n);
			else
				err = word ? add_word(standins, word, out) : -ENOMEM;
		} else {
			n = pasted_at(text, at, len) ?: 1;
			strbuf_add_bytes(out, text + at, n);
		}
		at += n;
	}
	return err;
}
