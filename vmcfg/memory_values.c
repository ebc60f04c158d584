// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/memory_values.h"

#include "vmcfg/text/propstr.h"

/* In the order of numa_keys. */
enum { CPUS, MEMORY, HOSTNODES, POLICY, NUMA_KEYS };

uint64_t memory_number(struct text digits)
{
	uint64_t n = 0;

	text_take(&digits, "+");
	for (size_t i = 0; i < digits.len; i++) {
		if (!char_is_digit(digits.at[i]))
			return 0;
		n = n * 10 + (uint64_t)(digits.at[i] - '0');
		if (n > MEMORY_MIB_MAX)
			n = MEMORY_MIB_MAX;
	}
	return n;
}

/* ---- memory ---- */

static const struct propstr_key memory_keys[] = {
	{.name = "current",
	 .check = propstr_is_integer,
	 .expected = N_("a whole number of MiB, at least 16"),
	 .min = 16,
	 .max = PROPSTR_ANY,
	 .is_default = true},
};

static const struct propstr_format memory_format = {PROPSTR_FORMAT(memory_keys)};

int memory_check(struct text value, char **ret_why)
{
	struct text current;

	return propstr_parse(&memory_format, value, &current, ret_why);
}

uint64_t memory_parse(struct text value)
{
	struct text current;

	if (propstr_parse(&memory_format, value, &current, NULL) || !current.at)
		return MEMORY_DEFAULT_MIB;
	return memory_number(current);
}

/* ---- numaN ---- */

/* FIRST-LAST or one number off the beginning of SET, and the ';' after it. */
static bool take_range(struct text *set, uint64_t *ret_first, uint64_t *ret_last)
{
	struct text first = *set, last;

	if (!text_take_digits(set))
		return false;
	first.len -= set->len;
	*ret_first = *ret_last = memory_number(first);
	if (text_take(set, "-")) {
		last = *set;
		if (!text_take_digits(set))
			return false;
		last.len -= set->len;
		*ret_last = memory_number(last);
	}
	return !set->len || (text_take(set, ";") && set->len);
}

static bool is_set(const struct propstr_key *key, struct text value)
{
	uint64_t first, last;

	(void)key;
	do {
		if (!take_range(&value, &first, &last) || last < first)
			return false;
	} while (value.len);
	return true;
}

static const struct propstr_key numa_keys[NUMA_KEYS] = {
	[CPUS] = {.name = "cpus",
		  .check = is_set,
		  .expected = N_("a set of numbers like 0-3;8"),
		  .required = true},
	[MEMORY] = {.name = "memory",
		    .check = propstr_is_number,
		    .expected = N_("a number of MiB"),
		    .min = -PROPSTR_ANY,
		    .max = PROPSTR_ANY},
	[HOSTNODES] = {.name = "hostnodes",
		       .check = is_set,
		       .expected = N_("a set of numbers like 0-3;8")},
	[POLICY] = {.name = "policy",
		    .check = propstr_is_choice,
		    .expected = "preferred|bind|interleave"},
};

static const struct propstr_format numa_format = {PROPSTR_FORMAT(numa_keys)};

int numa_check(struct text value, char **ret_why)
{
	struct text values[NUMA_KEYS];

	return propstr_parse(&numa_format, value, values, ret_why);
}

static void read_nodes(struct text set, struct numa_value *ret)
{
	uint64_t first, last;

	ret->pinned = set.at;
	if (set.len == 1 && char_is_digit(set.at[0]))
		ret->one_node = set.at[0] - '0';
	while (set.at && set.len && take_range(&set, &first, &last)) {
		ret->too_high |= last >= MEMORY_HOSTNODES_MAX;
		for (; first <= last && first < MEMORY_HOSTNODES_MAX; first++)
			ret->nodes |= (uint64_t)1 << first;
	}
}

struct numa_value numa_parse(struct text value)
{
	struct text values[NUMA_KEYS];
	struct numa_value ret = {.one_node = -1};

	if (propstr_parse(&numa_format, value, values, NULL))
		return ret;
	if (values[MEMORY].at)
		ret.mib = memory_number(values[MEMORY]);
	ret.policy = values[POLICY].at;
	read_nodes(values[HOSTNODES], &ret);
	return ret;
}

/* ---- hotplug ---- */

int hotplug_check(struct text value, char **ret_why)
{
	struct text word;

	if (text_is(value, "0") || text_is(value, "1"))
		return 0;
	while (text_next_item(&value, &word))
		if (!text_is_one_of(word, "network|disk|cpu|memory|usb|cloudinit"))
			return text_refuse_part(ret_why, word,
						_("it must be 0, 1 or some of %s, not"),
						"network,disk,cpu,memory,usb,cloudinit");
	return 0;
}

bool hotplug_has_memory(struct text value)
{
	return text_list_has(value, "memory");
}
