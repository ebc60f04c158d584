// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/wanted.h"
#include "host/pci/arch.h"
#include "host/pci/iommu.h"
#include "host/pci/modules.h"
#include "host/pci/pci.h"
#include "host/setup/conf/effects.h"
#include "host/setup/conf/kernelinfo.h"
#include "host/base/log.h"

#include <string.h>

#define CPUINFO_MAX ((size_t)16 * 1024 * 1024)

#define PCI_VENDOR_INTEL 0x8086

const struct wanted_option wanted_all_options[WANTED_OPTIONS] = {
	{"vfio_iommu_type1", "allow_unsafe_interrupts"},
	{"kvm", "ignore_msrs"},
};

/* What every host gets, by the vendor of its processor. */
static const char *const base_words[] = {"intel_iommu=on", "iommu=pt"};

enum processor_vendor wanted_vendor(const struct fs_root *root)
{
	/* Hygon's and Zhaoxin's (CentaurHauls, Shanghai) IOMMUs are AMD's and Intel's. */
	static const struct {
		const char *id;
		enum processor_vendor vendor;
	} ids[] = {
		{"GenuineIntel", PROCESSOR_INTEL}, {"CentaurHauls", PROCESSOR_INTEL},
		{"Shanghai", PROCESSOR_INTEL},	   {"AuthenticAMD", PROCESSOR_AMD},
		{"HygonGenuine", PROCESSOR_AMD},
	};
	auto_free char *text = NULL;
	const char *line, *table;

	if (!arch_is_x86(root))
		return PROCESSOR_OTHER;
	/* QEMU's may be an Intel IOMMU beside an AMD processor. */
	table = iommu_table(root);
	if (table && !strcmp(table, "DMAR") && arch_is_vm(root))
		return PROCESSOR_INTEL;
	if (fs_read(root, "proc/cpuinfo", CPUINFO_MAX, &text, NULL))
		return PROCESSOR_AUTO;
	line = strstr(text, "vendor_id");
	if (!line)
		return PROCESSOR_AUTO;
	line += strcspn(line, ":\n");
	line += strspn(line, ": \t");
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		if (!strncmp(line, ids[i].id, strlen(ids[i].id)))
			return ids[i].vendor;
	return PROCESSOR_AUTO;
}

/* Whether no device on the root bus is a GPU of Intel. One that the firmware has turned off is not
 * there either. */
static bool lacks_igpu(const struct fs_root *root)
{
	auto_names struct fs_names devices = {0};
	bool lacks = !fs_list(root, "sys/bus/pci/devices", &devices) && devices.n;

	for (size_t i = 0; i < devices.n && lacks; i++) {
		struct pci_identity id;
		struct bdf bdf;

		if (bdf_parse(devices.items[i], &bdf) || bdf.domain || bdf.bus)
			continue;
		lacks = !pci_identify(root, &bdf, &id) &&
			(id.vendor != PCI_VENDOR_INTEL || id.class >> 16 != PCI_BASE_CLASS_DISPLAY);
	}
	return lacks;
}

unsigned int wanted_effects(const struct fs_root *root, enum processor_vendor vendor)
{
	unsigned int possible = effects_possible(vendor);

	if (possible & EFFECT_IGPU_OFF && lacks_igpu(root))
		possible &= ~(unsigned int)EFFECT_IGPU_OFF;
	return possible;
}

static int add_word(struct wanted *wanted, const char *word)
{
	return conf_items_add(&wanted->words, word, NULL, 0);
}

/* Returns TEXT, why an option's value is invalid, in *RET_WHY; NULL: memory has run out. */
static int refuse(char *text, char **ret_why)
{
	*ret_why = text;
	return text ? -EINVAL : -ENOMEM;
}

static int add_acs_override(struct wanted *wanted, const char *asked, char **ret_why)
{
	if (!strcmp(asked, "downstream"))
		return add_word(wanted, "pcie_acs_override=downstream");
	if (!strcmp(asked, "multifunction"))
		return add_word(wanted, "pcie_acs_override=multifunction");
	if (!strcmp(asked, "both"))
		return add_word(wanted, "pcie_acs_override=downstream,multifunction");
	return refuse(fs_path(_("--acs-override: must be downstream, multifunction or both, got "
				"'%s'"),
			      asked),
		      ret_why);
}

/* Only words that are the same for the shell, GRUB and the kernel: no spaces, quotes, '$', ';'. */
static int add_kernel_arg(struct wanted *wanted, const char *word, char **ret_why)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-.,:=/@%+";
	size_t good = strspn(word, allowed);

	if (!*word || word[good])
		return refuse(
			fs_path(_("--kernel-arg: a word may have only letters, digits and "
				  "_-.,:=/@%%+, got '%s'; write any other into the boot loader's "
				  "file by hand"),
				word),
			ret_why);
	if (!strcmp(word, "--"))
		return refuse(
			strdup(_("--kernel-arg: words after '--' would not reach the kernel")),
			ret_why);
	return cmdline_find(&wanted->words, word) ? 0 : add_word(wanted, word);
}

static int add_words(struct wanted *wanted, const struct setup_options *options, char **ret_why)
{
	int err = wanted->vendor == PROCESSOR_INTEL ? add_word(wanted, base_words[0]) : 0;

	if (!err && wanted->vendor != PROCESSOR_OTHER)
		err = add_word(wanted, base_words[1]);
	wanted->n_base = wanted->words.n;
	if (!err && options->acs_override)
		err = add_acs_override(wanted, options->acs_override, ret_why);
	if (!err && options->pci_realloc_off)
		err = add_word(wanted, "pci=realloc=off");
	for (size_t i = 0; i < options->n_kernel_args && !err; i++)
		err = add_kernel_arg(wanted, options->kernel_args[i], ret_why);
	return err;
}

static void add_modules(const struct fs_root *root, struct wanted *wanted)
{
	auto_free char *release = NULL;

	wanted->modules[wanted->n_modules++] = "vfio";
	wanted->modules[wanted->n_modules++] = "vfio_iommu_type1";
	wanted->modules[wanted->n_modules++] = "vfio_pci";
	/* A module of its own up to Linux 6.1, a part of vfio since. */
	if (!modules_release(root, &release) && kernelinfo_is_before(release, "6.2"))
		wanted->modules[wanted->n_modules++] = "vfio_virqfd";
}

int wanted_make(const struct fs_root *root, const struct setup_options *options, struct wanted *ret,
		char **ret_why)
{
	auto_wanted struct wanted wanted = {0};
	int err;

	wanted.vendor = options->vendor ?: wanted_vendor(root);
	err = add_words(&wanted, options, ret_why);
	if (err)
		return err;
	if (wanted.vendor == PROCESSOR_AUTO) {
		*ret_why = fs_path(_("cannot determine the CPU vendor from %s/proc/cpuinfo; add "
				     "--processor=intel or --processor=amd"),
				   root->path);
		return *ret_why ? -ENODATA : -ENOMEM;
	}
	add_modules(root, &wanted);
	if (options->unsafe_interrupts)
		wanted.options[wanted.n_options++] = wanted_all_options[0];
	if (options->ignore_msrs)
		wanted.options[wanted.n_options++] = wanted_all_options[1];
	*ret = wanted;
	wanted = (struct wanted){0};
	return 0;
}

static bool is_base(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(base_words); i++)
		if (!strcmp(word, base_words[i]))
			return true;
	return false;
}

/* Whether one of the words sets anew what WORD, which is not among them, has set. */
static bool is_replaced(const struct conf_items *words, const char *word)
{
	auto_free char *name = strndup(word, strcspn(word, "="));

	return name && cmdline_last(words, name) &&
	       (!cmdline_adds_up(name) || !strcmp(name, "pcie_acs_override"));
}

int wanted_keep(struct wanted *wanted, const struct conf_items *earlier,
		struct conf_items *ret_kept)
{
	auto_conf_items struct conf_items words = {0};
	int err = 0;

	for (size_t i = 0; i < wanted->n_base && !err; i++)
		err = conf_items_add(&words, wanted->words.items[i].text, NULL, 0);
	for (size_t i = 0; i < earlier->n && !err; i++) {
		const char *word = earlier->items[i].text;
		bool asked = cmdline_find(&wanted->words, word);

		if (is_base(word) || (!asked && is_replaced(&wanted->words, word)))
			continue;
		err = conf_items_add(&words, word, NULL, 0);
		if (!err && !asked)
			err = conf_items_add(ret_kept, word, NULL, 0);
	}
	for (size_t i = wanted->n_base; i < wanted->words.n && !err; i++)
		if (!cmdline_find(&words, wanted->words.items[i].text))
			err = conf_items_add(&words, wanted->words.items[i].text, NULL, 0);
	if (err)
		return err;
	conf_items_free(&wanted->words);
	wanted->words = words;
	words = (struct conf_items){0};
	return 0;
}

static void warn_about_acs(const struct fs_root *root)
{
	auto_free char *release = NULL;
	int err = modules_release(root, &release);
	enum answer has = err ? ANSWER_UNKNOWN : kernelinfo_has_acs_override(release);

	log_warning(
		_("risk of --acs-override: the groups then promise an isolation that the hardware "
		  "does not give; a guest can reach the memory of its device's neighbours"));
	if (has == ANSWER_NO)
		log_warning(
			_("pcie_acs_override: the kernel %s lacks this patch (it is no part of Linux; "
			  "Proxmox VE's kernels have it), so the word will change nothing"),
			release);
	else if (has == ANSWER_UNKNOWN)
		log_warning(
			_("pcie_acs_override: whether the kernel %s has this patch is unknown (it is "
			  "no part of Linux; Proxmox VE's kernels have it)"),
			err ? _("of this host") : release);
}

void wanted_warn(const struct fs_root *root, const struct setup_options *options)
{
	if (options->acs_override)
		warn_about_acs(root);
	if (options->pci_realloc_off)
		log_warning(_(
			"risk of --pci-realloc=off: a device whose memory the firmware did not place "
			"stays without it, and does not work"));
	if (options->unsafe_interrupts)
		log_warning(_(
			"risk of --unsafe-interrupts: without interrupt remapping a guest can raise "
			"any interrupt on the host, and so take it over or stop it"));
	if (options->ignore_msrs)
		log_warning(_(
			"risk of --ignore-msrs: guests no longer notice registers that the host lacks, "
			"and may compute wrongly or crash later"));
	for (size_t i = 0; i < options->n_kernel_args; i++)
		log_warning(_("risk of --kernel-arg: %s is added as it is; check "
			      "yourself that the kernel boots with it"),
			    options->kernel_args[i]);
}

void wanted_free(struct wanted *wanted)
{
	conf_items_free(&wanted->words);
}
