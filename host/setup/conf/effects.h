/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the words of a kernel command line do against passthrough, as the kernel reads them: each
 * in turn, so that a later word can undo an earlier one. Pure.
 */
#ifndef HOST_SETUP_CONF_EFFECTS_H
#define HOST_SETUP_CONF_EFFECTS_H

#include "host/setup/conf/cmdline.h"
#include "host/setup/options.h"

enum word_effect {
	EFFECT_INTEL_OFF = 1 << 0,     /* an Intel IOMMU is off */
	EFFECT_AMD_OFF = 1 << 1,       /* an AMD IOMMU is off */
	EFFECT_IOMMU_OFF = 1 << 2,     /* any x86 IOMMU is off */
	EFFECT_REMAPPING_OFF = 1 << 3, /* interrupts are not remapped */
	EFFECT_IGPU_OFF = 1 << 4,      /* the integrated GPU is left out of an Intel IOMMU */
	EFFECT_MODULE = 1 << 5,	       /* a module of vfio's is not loaded */
};

/*
 * The effects of each word: (*ret)[i], a new array that the caller frees, is the set of those that
 * words->items[i] has and that no later word undoes. Words after "--" have none. (Linux:
 * drivers/iommu/intel/iommu.c intel_iommu_setup(): the last of on and off holds, igfx_off stays;
 * arch/x86/kernel/pci-dma.c iommu_setup() and drivers/iommu/amd/init.c parse_amd_iommu_options():
 * off stays; drivers/iommu/irq_remapping.c: the last of intremap=on, intremap=off and nointremap
 * holds. Parts of a value are compared as far as the known word is long.) Returns 0 or -ENOMEM.
 */
int effects_find(const struct conf_items *words, unsigned int **ret) must_check;

/* All that the words do on a host with an IOMMU of VENDOR (PROCESSOR_AUTO: of any). Returns the
 * set, or -ENOMEM. */
int effects_of(const struct conf_items *words, enum processor_vendor vendor) must_check;

/* The effects that words can have with an IOMMU of VENDOR (PROCESSOR_AUTO: with any), and those of
 * them with which no device can be passed through. */
unsigned int effects_possible(enum processor_vendor vendor);
#define EFFECTS_IOMMU_OFF (EFFECT_INTEL_OFF | EFFECT_AMD_OFF | EFFECT_IOMMU_OFF)

/* The gravest of the effects in words, "it turns the IOMMU off"; NULL: there is none. Static. */
const char *effects_text(unsigned int effects);

/* How to undo the EFFECTS of a word where it is written: "remove 'X' from line 1 of /etc/…". A new
 * string, or NULL without memory. */
char *effects_removal(const struct conf_item *word, unsigned int effects) must_check;

#endif
