// SPDX-License-Identifier: GPL-2.0-or-later
/* Property strings (vmcfg/text/propstr.h). */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "vmcfg/hostpci.h"
#include "vmcfg/machine.h"
#include "vmcfg/text/propstr.h"

#define KEYS_MAX 64

/* Every kind of key. */
static const struct propstr_key keys[] = {
	{.name = "type", .check = propstr_is_configid, .expected = "an id", .is_default = true},
	{.name = "on", .check = propstr_is_bool, .expected = PROPSTR_EXPECT_BOOL},
	{.name = "word", .check = propstr_is_choice, .expected = "one|two"},
	{.name = "size", .check = propstr_is_integer, .expected = "an integer", .max = 10},
	{.name = "aw-bits", .check = propstr_is_number, .expected = "a number", .max = 64},
	{.name = "short", .len_max = 3},
	{.name = "any"},
};
static const struct propstr_format made_up = {PROPSTR_FORMAT(keys)};

static const struct propstr_key strict_keys[] = {{.name = "any", .required = true}};
static const struct propstr_format strict = {PROPSTR_FORMAT(strict_keys)};

static const struct propstr_format *const formats[] = {&hostpci_format, &made_up, &strict};

static bool is_within(struct text part, struct text text)
{
	return part.at >= text.at && part.at + part.len <= text.at + text.len;
}

/* The values written with all their keys. */
static char *write_values(const struct propstr_format *format, const struct text *values,
			  size_t *ret_len)
{
	char *out = NULL;
	FILE *to = open_memstream(&out, ret_len);

	fuzz_require(to);
	for (size_t i = 0; i < format->n_keys; i++) {
		if (!values[i].at)
			continue;
		fprintf(to, "%s=", format->keys[i].name);
		fwrite(values[i].at, 1, values[i].len, to);
		putc(',', to);
	}
	fuzz_require(!fclose(to));
	return out;
}

/* parse(format(parse(x))) is parse(x). */
static void check_written(const struct propstr_format *format, const struct text *values)
{
	struct text again[KEYS_MAX];
	size_t len;
	auto_free char *written = write_values(format, values, &len);

	fuzz_require(!propstr_parse(format, (struct text){written, len}, again, NULL));
	for (size_t i = 0; i < format->n_keys; i++) {
		fuzz_require(!again[i].at == !values[i].at && again[i].len == values[i].len);
		fuzz_require(!values[i].len || !memcmp(again[i].at, values[i].at, values[i].len));
	}
}

static void check_format(const struct propstr_format *format, struct text text)
{
	struct text values[KEYS_MAX];
	char *why = NULL;
	int r;

	fuzz_require(format->n_keys <= KEYS_MAX);
	r = propstr_parse(format, text, values, &why);
	fuzz_require(r == 0 || r == -EINVAL);
	fuzz_require(propstr_parse(format, text, values, NULL) == r);
	fuzz_require(!why == !r && (!why || fuzz_is_printable(why)));
	free(why);
	if (r)
		return;
	for (size_t i = 0; i < format->n_keys; i++) {
		/* What is no piece of the text is a name of a key, or a boolean. */
		fuzz_require(!values[i].at || is_within(values[i], text) || values[i].len < 16);
		fuzz_require(!values[i].at || values[i].len);
	}
	check_written(format, values);
}

static void check_machine(struct text text)
{
	auto_free char *q35 = machine_value_as_q35(text.at, text.len);
	int r = machine_check(text, NULL);

	fuzz_require(r == 0 || r == -EINVAL);
	fuzz_require(!r || !machine_is_q35(text.at, text.len));
	fuzz_require(q35 && machine_is_q35(q35, strlen(q35)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *bytes = fuzz_bytes(data, size);
	const struct text text = {bytes ? bytes : "", size};

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		check_format(formats[i], text);
	check_machine(text);
	return 0;
}
