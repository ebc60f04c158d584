// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/conf/effects.h"

#include "host/base/fs.h"
#include "host/setup/conf/modconf.h"

#include <string.h>

/* A part of a parameter's value that has an effect, or undoes it. The first that fits counts. */
static const struct rule {
	const char *name, *part;
	enum word_effect effect;
	bool undoes;
} rules[] = {
	{"intel_iommu", "on", EFFECT_INTEL_OFF, true},
	{"intel_iommu", "off", EFFECT_INTEL_OFF, false},
	{"intel_iommu", "igfx_off", EFFECT_IGPU_OFF, false},
	/* Debian's kernels have this one. */
	{"intel_iommu", "intgpu_off", EFFECT_IGPU_OFF, false},
	{"amd_iommu", "off", EFFECT_AMD_OFF, false},
	{"iommu", "off", EFFECT_IOMMU_OFF, false},
	{"intremap", "on", EFFECT_REMAPPING_OFF, true},
	{"intremap", "off", EFFECT_REMAPPING_OFF, false},
	{"nointremap", "", EFFECT_REMAPPING_OFF, false},
};

static const struct rule *find_rule(const char *word, const char *part)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (cmdline_value(word, rules[i].name) && after_prefix(part, rules[i].part))
			return &rules[i];
	return NULL;
}

/* What word number I does to the effects of all up to it. */
static void read_word(const char *word, size_t i, unsigned int *effects)
{
	const char *part = strchr(word, '=');

	for (part = part ? part + 1 : ""; part; part = strchr(part, ',')) {
		const struct rule *rule;

		part += strspn(part, ",\"");
		rule = find_rule(word, part);
		if (rule && rule->undoes)
			for (size_t k = 0; k <= i; k++)
				effects[k] &= ~(unsigned int)rule->effect;
		else if (rule)
			effects[i] |= rule->effect;
	}
}

static bool keeps_module_out(const char *word)
{
	static const char *const lists[] = {"module_blacklist", "modprobe.blacklist",
					    "rd.driver.blacklist"};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const char *value = cmdline_value(word, lists[i]);

		for (size_t len; value && *value; value += len + (value[len] != '\0')) {
			len = strcspn(value, ",\"");
			if (modconf_is_vfio(value, len))
				return true;
		}
	}
	return false;
}

int effects_find(const struct conf_items *words, unsigned int **ret)
{
	unsigned int *effects = calloc(words->n + 1, sizeof(*effects));

	if (!effects)
		return -ENOMEM;
	for (size_t i = 0; i < words->n && strcmp(words->items[i].text, "--") != 0; i++) {
		read_word(words->items[i].text, i, effects);
		if (keeps_module_out(words->items[i].text))
			effects[i] |= EFFECT_MODULE;
	}
	*ret = effects;
	return 0;
}

unsigned int effects_possible(enum processor_vendor vendor)
{
	switch (vendor) {
	case PROCESSOR_AUTO: return ~0U;
	case PROCESSOR_INTEL: return ~(unsigned int)EFFECT_AMD_OFF;
	case PROCESSOR_AMD: return ~(unsigned int)(EFFECT_INTEL_OFF | EFFECT_IGPU_OFF);
	case PROCESSOR_OTHER: return EFFECT_MODULE;
	}
	return 0;
}

int effects_of(const struct conf_items *words, enum processor_vendor vendor)
{
	auto_free unsigned int *effects = NULL;
	unsigned int all = 0;
	int err = effects_find(words, &effects);

	for (size_t i = 0; i < words->n && !err; i++)
		all |= effects[i];
	return err ? err : (int)(all & effects_possible(vendor) & INT32_MAX);
}

const char *effects_text(unsigned int effects)
{
	static const struct {
		enum word_effect effect;
		const char *text;
	} texts[] = {
		{EFFECT_INTEL_OFF, N_("it turns an Intel IOMMU off")},
		{EFFECT_AMD_OFF, N_("it turns an AMD IOMMU off")},
		{EFFECT_IOMMU_OFF, N_("it turns the IOMMU off")},
		{EFFECT_REMAPPING_OFF,
		 N_("it turns interrupt remapping off, without which VFIO lets no guest have a "
		    "device")},
		{EFFECT_MODULE, N_("a module that passthrough needs is then not loaded")},
		{EFFECT_IGPU_OFF,
		 N_("it excludes the integrated GPU from the IOMMU, so no guest can have that "
		    "GPU")},
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (effects & texts[i].effect)
			return _(texts[i].text);
	return NULL;
}

char *effects_removal(const struct conf_item *word, unsigned int effects)
{
	static const char *const parts[] = {"igfx_off", "intgpu_off"};

	/* The rest of such a word is good. */
	for (size_t i = 0; i < ARRAY_SIZE(parts) && effects == EFFECT_IGPU_OFF; i++)
		if (strstr(word->text, parts[i]) && strchr(word->text, ','))
			return fs_path(_("remove %s from '%s' in line %u of /%s"), parts[i],
				       word->text, word->line, word->file);
	if (!strcmp(word->file, "proc/cmdline"))
		return fs_path(_("remove '%s' where the boot loader reads it"), word->text);
	return fs_path(_("remove '%s' from line %u of /%s"), word->text, word->line, word->file);
}
