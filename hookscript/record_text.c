// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/record_text.h"

#include <libconfig.h>
#include <stdio.h>
#include <string.h>

/* Raised when an older program could not give a device back by what a newer one wrote. */
#define RECORD_FORMAT 1

static const char *const stage_names[] = {
	[RECORD_CLAIMED] = "claimed",
	[RECORD_TAKEN] = "taken",
};

/* What holds an attribute's value as it was. */
static const char *const before_names[RECORD_ATTRIBUTES] = {
	[RECORD_RESET_METHOD] = "reset_method_before",
	[RECORD_D3COLD] = "d3cold_allowed_before",
};

/* A string setting; "" stands for none. */
static int get_text(const config_t *config, const char *name, char **ret)
{
	const char *text;

	if (!config_lookup_string(config, name, &text))
		return -EINVAL;
	*ret = NULL;
	if (*text) {
		*ret = strdup(text);
		if (!*ret)
			return -ENOMEM;
	}
	return 0;
}

static int get_stage(const config_t *config, enum record_stage *ret)
{
	const char *text;

	if (!config_lookup_string(config, "stage", &text))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(stage_names); i++)
		if (!strcmp(text, stage_names[i])) {
			*ret = (enum record_stage)i;
			return 0;
		}
	return -EINVAL;
}

/* A string setting that older records do not have. */
static int get_newer(const config_t *config, const char *name, char **ret)
{
	return config_lookup(config, name) ? get_text(config, name, ret) : 0;
}

static int get_attribute(const config_t *config, enum record_attribute_name name,
			 struct record_attribute *ret)
{
	const char *text;

	/* Not get_text(): an empty value is one, too. */
	if (config_lookup_string(config, record_attribute_name(name), &text)) {
		ret->set = strdup(text);
		if (!ret->set)
			return -ENOMEM;
	}
	if (config_lookup_string(config, before_names[name], &text)) {
		ret->before = strdup(text);
		if (!ret->before)
			return -ENOMEM;
	}
	return 0;
}

static int get_newer_fields(const config_t *config, struct record *record)
{
	int err = get_newer(config, "network", &record->network);

	if (!err)
		err = get_newer(config, "return_to", &record->return_to);
	if (!err)
		err = get_newer(config, "bind_to", &record->bind_to);
	if (!err)
		err = get_newer(config, "unload", &record->unload);
	if (!err)
		err = get_newer(config, "unloaded", &record->unloaded);
	for (unsigned int i = 0; !err && i < RECORD_ATTRIBUTES; i++)
		err = get_attribute(config, i, &record->attributes[i]);
	return err;
}

static int get_fields(const config_t *config, struct record *record)
{
	const char *identity;
	long long claim;
	int format, vmid, flag, err;

	if (!config_lookup_int(config, "format", &format) || format < 1)
		return -EINVAL;
	if (format > RECORD_FORMAT)
		return -EPROTONOSUPPORT;
	if (!config_lookup_int(config, "vmid", &vmid) || vmid < 1 ||
	    !config_lookup_int(config, "deadline", &record->deadline) || record->deadline < 1 ||
	    !config_lookup_string(config, "identity", &identity) ||
	    pci_identity_parse(identity, &record->identity))
		return -EINVAL;
	record->vmid = (unsigned int)vmid;
	record->claim = config_lookup_int64(config, "claim", &claim) ? (uint64_t)claim : 0;
	record->ifreload = config_lookup_bool(config, "ifreload", &flag) && flag;
	record->choice = config_lookup_bool(config, "choice", &flag) && flag;
	record->new_id = config_lookup_bool(config, "new_id", &flag) && flag;
	err = get_stage(config, &record->stage);
	if (!err)
		err = get_text(config, "driver", &record->driver);
	if (!err)
		err = get_text(config, "module", &record->module);
	if (!err)
		err = get_text(config, "driver_override", &record->override);
	return err ? err : get_newer_fields(config, record);
}

int record_parse(const char *text, const struct bdf *bdf, struct record **ret)
{
	cleanup_with(record_freep) struct record *record = calloc(1, sizeof(*record));
	config_t config;
	int err;

	if (!record)
		return -ENOMEM;
	record->bdf = *bdf;
	config_init(&config);
	err = config_read_string(&config, text) ? get_fields(&config, record) : -EINVAL;
	config_destroy(&config);
	if (!err)
		*ret = TAKE_PTR(record);
	return err;
}

/*
 * Written without libconfig, which reads it: a start writes two records for each device, and making
 * a tree of settings first and printing that was seven times the work. What must be escaped is what
 * libconfig has a meaning for (its manual, 3.3: string values).
 */
struct writer {
	char *text; /* NULL: no memory */
	size_t len, size;
};

#define WRITER_SIZE 1024 /* of most records, to begin with */

static void put(struct writer *to, const char *bytes, size_t n)
{
	while (to->text && to->size - to->len <= n) {
		char *longer = realloc(to->text, to->size * 2);

		if (!longer)
			free(to->text);
		to->text = longer;
		to->size *= 2;
	}
	if (!to->text)
		return;
	memcpy(to->text + to->len, bytes, n);
	to->len += n;
	to->text[to->len] = '\0';
}

static void put_string(struct writer *to, const char *text)
{
	put(to, text, strlen(text));
}

static void put_name(struct writer *to, const char *name)
{
	put_string(to, name);
	put_string(to, " = ");
}

static void put_escaped(struct writer *to, char c)
{
	char escaped[5];

	snprintf(escaped, sizeof(escaped), "\\x%02x", (unsigned char)c);
	put_string(to, escaped);
}

/* A setting that is text; NULL stands as "". */
static void put_text(struct writer *to, const char *name, const char *value)
{
	put_name(to, name);
	put_string(to, "\"");
	for (const char *at = value ? value : ""; *at;) {
		size_t plain = 0;

		while (at[plain] >= ' ' && at[plain] <= '~' && at[plain] != '"' &&
		       at[plain] != '\\')
			plain++;
		put(to, at, plain);
		at += plain;
		if (*at)
			put_escaped(to, *at++);
	}
	put_string(to, "\";\n");
}

static void put_newer(struct writer *to, const char *name, const char *value)
{
	if (value)
		put_text(to, name, value);
}

/* A setting that is a number, with the ending that libconfig has for numbers of its size. */
static void put_number(struct writer *to, const char *name, int64_t value, const char *ending)
{
	char digits[24];
	char *at = digits + sizeof(digits);
	uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do
		*--at = (char)('0' + left % 10);
	while (left /= 10);
	if (value < 0)
		*--at = '-';
	put_name(to, name);
	put(to, at, (size_t)(digits + sizeof(digits) - at));
	put_string(to, ending);
	put_string(to, ";\n");
}

static void put_flag(struct writer *to, const char *name, bool value)
{
	if (value) {
		put_name(to, name);
		put_string(to, "true;\n");
	}
}

char *record_format(const struct record *record)
{
	char address[BDF_TEXT_SIZE], identity[PCI_IDENTITY_TEXT_SIZE];
	struct writer to = {.text = malloc(WRITER_SIZE), .size = WRITER_SIZE};

	put_number(&to, "format", RECORD_FORMAT, "");
	put_text(&to, "address", bdf_format(&record->bdf, address));
	put_number(&to, "vmid", record->vmid, "");
	put_number(&to, "claim", (int64_t)record->claim, "L");
	put_text(&to, "stage", stage_names[record->stage]);
	put_text(&to, "identity", pci_identity_format(&record->identity, identity));
	put_text(&to, "driver", record->driver);
	put_text(&to, "module", record->module);
	put_text(&to, "driver_override", record->override);
	put_number(&to, "deadline", record->deadline, "");
	put_newer(&to, "network", record->network);
	put_newer(&to, "return_to", record->return_to);
	put_newer(&to, "bind_to", record->bind_to);
	put_newer(&to, "unload", record->unload);
	put_newer(&to, "unloaded", record->unloaded);
	for (unsigned int i = 0; i < RECORD_ATTRIBUTES; i++) {
		put_newer(&to, record_attribute_name(i), record->attributes[i].set);
		put_newer(&to, before_names[i], record->attributes[i].before);
	}
	put_flag(&to, "ifreload", record->ifreload);
	put_flag(&to, "choice", record->choice);
	put_flag(&to, "new_id", record->new_id);
	return to.text;
}
