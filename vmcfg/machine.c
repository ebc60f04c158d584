// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/machine.h"

#include <string.h>

#include "host/text/strbuf.h"
#include "vmcfg/text/propstr.h"

/* In the order of machine_keys. */
enum { TYPE, VIOMMU, AW_BITS, ENABLE_S3, ENABLE_S4, KEYS };

/* 9.2, 10.0.1: at least one dot. */
static bool take_version(struct text *t)
{
	size_t dots = 0;

	if (!text_take_digits(t))
		return false;
	for (; t->len > 1 && t->at[0] == '.' && char_is_digit(t->at[1]); dots++) {
		*t = text_skip(*t, 1);
		text_take_digits(t);
	}
	return dots > 0;
}

/* Takes off the revision that Proxmox VE may put after a type; false if it is incomplete. */
static bool take_revision(struct text *t)
{
	return !text_take(t, "+pve") || text_take_digits(t);
}

static bool is_type(const struct propstr_key *key, struct text t)
{
	(void)key;
	if (text_is(t, "pc") || text_is(t, "q35"))
		return true;
	if (text_take(&t, "virt")) {
		if (text_take(&t, "-") && !take_version(&t))
			return false;
		return take_revision(&t) && !t.len;
	}
	if (!text_take(&t, "pc-q35-") && !text_take(&t, "pc-i440fx-") && !text_take(&t, "pc-"))
		return false;
	if (!take_version(&t) || !take_revision(&t))
		return false;
	text_take(&t, ".pxe");
	return !t.len;
}

static const struct propstr_key machine_keys[KEYS] = {
	[TYPE] = {.name = "type",
		  .check = is_type,
		  .expected = N_("like q35, pc-q35-9.2, pc, pc-i440fx-9.2 or virt"),
		  .len_max = 40,
		  .is_default = true},
	[VIOMMU] = {.name = "viommu", .check = propstr_is_choice, .expected = "intel|virtio"},
	[AW_BITS] = {.name = "aw-bits",
		     .check = propstr_is_number,
		     .expected = N_("a number from 32 to 64"),
		     .min = 32,
		     .max = 64},
	[ENABLE_S3] = {.name = "enable-s3",
		       .check = propstr_is_bool,
		       .expected = PROPSTR_EXPECT_BOOL},
	[ENABLE_S4] = {.name = "enable-s4",
		       .check = propstr_is_bool,
		       .expected = PROPSTR_EXPECT_BOOL},
};

static const struct propstr_format machine_format = {PROPSTR_FORMAT(machine_keys)};

static bool type_is_q35(struct text type)
{
	return type.at && memmem(type.at, type.len, "q35", strlen("q35"));
}

int machine_check(struct text value, char **ret_why)
{
	struct text values[KEYS];

	return propstr_parse(&machine_format, value, values, ret_why);
}

bool machine_is_q35(const char *value, size_t len)
{
	struct text values[KEYS];

	if (propstr_parse(&machine_format, (struct text){value, len}, values, NULL) < 0)
		return false;
	return type_is_q35(values[TYPE]);
}

bool machine_is_virt(const char *value, size_t len)
{
	struct text values[KEYS];

	if (propstr_parse(&machine_format, (struct text){value, len}, values, NULL) < 0)
		return false;
	return text_take(&values[TYPE], "virt");
}

bool machine_has_viommu(const char *value, size_t len)
{
	struct text values[KEYS];

	if (propstr_parse(&machine_format, (struct text){value, len}, values, NULL) < 0)
		return false;
	return values[VIOMMU].at;
}

char *machine_value_as_q35(const char *value, size_t len)
{
	auto_strbuf struct strbuf changed = {0};
	struct text values[KEYS];
	bool good = !propstr_parse(&machine_format, (struct text){value, len}, values, NULL);

	strbuf_add(&changed, "q35");
	for (size_t k = TYPE + 1; good && k < KEYS; k++) {
		if (!values[k].at)
			continue;
		strbuf_add(&changed, ",%s=", machine_keys[k].name);
		strbuf_add_bytes(&changed, values[k].at, values[k].len);
	}
	return strbuf_take(&changed);
}
