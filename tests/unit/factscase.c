// SPDX-License-Identifier: GPL-2.0-or-later
#include "factscase.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

void factscase_free(struct facts *facts)
{
	free(TAKE_PTR(facts->args_addresses));
	free(TAKE_PTR(facts->candidates));
	free(TAKE_PTR(facts->node));
	args_free(TAKE_PTR(facts->args));
	mappings_free(TAKE_PTR(facts->mappings));
	vmcfg_free(TAKE_PTR(facts->vm));
	facts->n_candidates = 0;
}

void factscase_decide(struct facts *facts, const char *config, const char *mappings)
{
	const char *text = mappings ? mappings : "";

	factscase_free(facts);
	facts->vmid = 100;
	if (!facts->settings)
		facts->settings = &settings_default;
	facts->node = strdup("lab");
	assert_non_null(facts->node);
	assert_int_equal(vmcfg_parse(config, strlen(config), &facts->vm), 0);
	assert_int_equal(mappings_parse(text, strlen(text), &facts->mappings), 0);
	for (size_t i = 0; i < facts->n_devices; i++)
		facts->devices[i].has_entry = false;
	assert_int_equal(facts_list_candidates(facts), 0);
	assert_int_equal(facts_choose(facts), 0);
}
