/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `host-setup enable` adds to the host's configuration. */
#ifndef HOST_SETUP_WANTED_H
#define HOST_SETUP_WANTED_H

#include "host/setup/conf/cmdline.h"
#include "host/setup/options.h"

/* A line "options MODULE OPTION=1" of modprobe.d. */
struct wanted_option {
	const char *module;
	const char *option;
};

/* All that enable has an option for. */
#define WANTED_OPTIONS 2
extern const struct wanted_option wanted_all_options[WANTED_OPTIONS];

struct wanted {
	struct conf_items words; /* of the kernel command line */
	size_t n_base;		 /* the first of them, that every host gets */
	const char *modules[4];
	size_t n_modules;
	struct wanted_option options[WANTED_OPTIONS];
	size_t n_options;
	enum processor_vendor vendor; /* of the IOMMU; not PROCESSOR_AUTO */
};

/*
 * Puts it together. Returns 0 (free with wanted_free()); -EINVAL when an option's value is wrong;
 * -ENODATA when the processor's vendor is unknown; -errno. With the first two *ret_why (freed by
 * the caller) is a new text for people. intel_iommu=on is always added on Intel (some kernels
 * default to leaving the integrated GPU out, older ones to off); an AMD IOMMU is on by itself, and
 * so is that of a machine that is no x86.
 */
int wanted_make(const struct fs_root *root, const struct setup_options *options, struct wanted *ret,
		char **ret_why) must_check;

/*
 * Adds those of the words EARLIER, which an earlier enable has added, that are to stay, where they
 * are among each other, and behind them what is wanted in addition. A word does not stay when
 * another one that is wanted sets the same parameter anew; but those of a parameter whose values
 * add up do, except pcie_acs_override, which has an option. Adds to *RET_KEPT those that were not
 * wanted before. Pure. Returns 0 or -ENOMEM.
 */
int wanted_keep(struct wanted *wanted, const struct conf_items *earlier,
		struct conf_items *ret_kept) must_check;

/* The processor's vendor by proc/cpuinfo; PROCESSOR_AUTO when that does not say, PROCESSOR_OTHER
 * when it is no x86 (host/pci/arch.h). */
enum processor_vendor wanted_vendor(const struct fs_root *root);

/* The effects that words can have on this host, with an IOMMU of VENDOR: effects_possible(),
 * without that on an integrated GPU of Intel where there is surely none. */
unsigned int wanted_effects(const struct fs_root *root, enum processor_vendor vendor);

/* Warns of the risk of each opt-in that was asked for, and when this kernel does not know it. */
void wanted_warn(const struct fs_root *root, const struct setup_options *options);

void wanted_free(struct wanted *wanted);

#define auto_wanted cleanup_with(wanted_free)

#endif
