// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "host/setup/conf/effects.h"

#define INTEL	  EFFECT_INTEL_OFF
#define AMD	  EFFECT_AMD_OFF
#define IOMMU	  EFFECT_IOMMU_OFF
#define REMAPPING EFFECT_REMAPPING_OFF
#define IGPU	  EFFECT_IGPU_OFF
#define MODULE	  EFFECT_MODULE

/* What the kernel makes of a line: the effects of its words, in order. */
static void test_lines(void **state)
{
	static const struct {
		const char *line;
		unsigned int effects[4];
	} rows[] = {
		{"quiet intel_iommu=on iommu=pt", {0}},
		/* The last of on and off holds. */
		{"intel_iommu=off", {INTEL}},
		{"intel_iommu=off intel_iommu=on", {0, 0}},
		{"intel_iommu=on intel_iommu=off", {0, INTEL}},
		{"intel_iommu=on,off", {INTEL}},
		{"intel_iommu=off,on", {0}},
		{"intel_iommu=off intel_iommu=sm_on", {INTEL, 0}},
		{"intel_iommu=off intel_iommu=off", {INTEL, INTEL}},
		{"intel-iommu=off", {INTEL}},
		{"intel_iommu=\"off\"", {INTEL}},
		{"\"intel_iommu=off\"", {INTEL}},
		{"intel_iommu=,,off", {INTEL}},
		/* As many letters as the kernel compares. */
		{"intel_iommu=offline", {INTEL}},
		{"intel_iommu=off intel_iommu=one", {0, 0}},
		{"intel_iommu=Off", {0}},
		{"intel_iommu", {0}},
		/* These stay, whatever follows. */
		{"iommu=off intel_iommu=on iommu=pt", {IOMMU, 0, 0}},
		{"iommu=pt,off", {IOMMU}},
		{"iommu=soft iommu=noforce iommu=nopt", {0, 0, 0}},
		{"amd_iommu=off amd_iommu=on", {AMD, 0}},
		{"amd_iommu=force_isolation amd_iommu=fullflush", {0, 0}},
		{"intel_iommu=on,igfx_off intel_iommu=on", {IGPU, 0}},
		{"intel_iommu=igfx_off,off", {IGPU | INTEL}},
		{"intel_iommu=intgpu_off", {IGPU}},
		/* nointremap holds until a later intremap=on. */
		{"intremap=off", {REMAPPING}},
		{"nointremap", {REMAPPING}},
		{"nointremap=x", {REMAPPING}},
		{"nointremap intremap=on", {0, 0}},
		{"intremap=on nointremap", {0, REMAPPING}},
		{"intremap=off intremap=no_x2apic_optout", {REMAPPING, 0}},
		{"intremap=off intremap=on", {0, 0}},
		{"intremap=nosid,off", {REMAPPING}},
		{"intremap=nosid intremap=nopost nox2apic x2apic_phys", {0}},
		/* Others' names, and what is init's. */
		{"iommu.passthrough=1 iommu.strict=off xiommu=off vfio=off", {0}},
		{"-- intel_iommu=off", {0, 0}},
		{"module_blacklist=a,vfio-pci", {MODULE}},
		{"modprobe.blacklist=nouveau rd.driver.blacklist=vfio", {0, MODULE}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_conf_items struct conf_items words = {0};
		auto_free unsigned int *effects = NULL;

		assert_int_equal(cmdline_split(&words, rows[i].line, NULL), 0);
		assert_int_equal(effects_find(&words, &effects), 0);
		for (size_t k = 0; k < words.n && k < ARRAY_SIZE(rows[i].effects); k++)
			if (effects[k] != rows[i].effects[k])
				fail_msg("%s: word %zu has the effects %#x", rows[i].line, k,
					 effects[k]);
	}
}

/* What is for an IOMMU that this host does not have does nothing. */
static void test_vendors(void **state)
{
	static const struct {
		enum processor_vendor vendor;
		int effects;
	} rows[] = {
		{PROCESSOR_INTEL, INTEL | REMAPPING | IGPU},
		{PROCESSOR_AMD, AMD | REMAPPING},
		{PROCESSOR_AUTO, INTEL | AMD | REMAPPING | IGPU},
		{PROCESSOR_OTHER, 0},
	};
	auto_conf_items struct conf_items words = {0};

	(void)state;
	assert_int_equal(
		cmdline_split(&words, "intel_iommu=off,igfx_off amd_iommu=off nointremap", NULL),
		0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(effects_of(&words, rows[i].vendor), rows[i].effects);
}

/* The gravest is told. */
static void test_texts(void **state)
{
	(void)state;
	assert_null(effects_text(0));
	assert_string_equal(effects_text(INTEL | IGPU), "it turns an Intel IOMMU off");
	assert_non_null(strstr(effects_text(IGPU), "integrated GPU"));
	assert_non_null(strstr(effects_text(REMAPPING), "interrupt remapping"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_vendors),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
