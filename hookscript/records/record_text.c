// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/records/record_text.h"

#include "host/base/conftext.h"
#include "host/pci/driver.h"

#include <inttypes.h>
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

static const char *const attribute_names[RECORD_ATTRIBUTES] = {
	[RECORD_RESET_METHOD] = "reset_method",
	[RECORD_D3COLD] = "d3cold_allowed",
};

const char *record_attribute_name(enum record_attribute_name name)
{
	return attribute_names[name];
}

const char *record_target(const struct record *record)
{
	if (!record->return_to)
		return record->driver;
	return strcmp(record->return_to, RECORD_RETURN_NONE) ? record->return_to : NULL;
}

const char *record_taken_driver(const struct record *record)
{
	return record->bind_to ? record->bind_to : DRIVER_VFIO_PCI;
}

void record_free(struct record *record)
{
	if (!record)
		return;
	free(record->driver);
	free(record->module);
	free(record->override);
	free(record->network);
	free(record->return_to);
	for (size_t i = 0; i < RECORD_ATTRIBUTES; i++) {
		free(record->attributes[i].set);
		free(record->attributes[i].before);
	}
	free(record->bind_to);
	free(record->unload);
	free(record->unloaded);
	free(record);
}

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

static int get_fields(const config_t *config, void *arg)
{
	struct record *record = arg;
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
	int err;

	if (!record)
		return -ENOMEM;
	record->bdf = *bdf;
	err = conftext_parse(text, get_fields, record);
	if (!err)
		*ret = TAKE_PTR(record);
	return err;
}

static void put_newer(struct strbuf *to, const char *name, const char *value)
{
	if (value)
		conftext_put(to, name, value);
}

static void put_flag(struct strbuf *to, const char *name, bool value)
{
	if (value)
		strbuf_add(to, "%s = true;\n", name);
}

char *record_format(const struct record *record)
{
	char address[BDF_TEXT_SIZE], identity[PCI_IDENTITY_TEXT_SIZE];
	auto_strbuf struct strbuf to = {0};

	strbuf_add(&to, "format = %d;\n", RECORD_FORMAT);
	conftext_put(&to, "address", bdf_format(&record->bdf, address));
	strbuf_add(&to, "vmid = %u;\n", record->vmid);
	strbuf_add(&to, "claim = %" PRId64 "L;\n", (int64_t)record->claim);
	conftext_put(&to, "stage", stage_names[record->stage]);
	conftext_put(&to, "identity", pci_identity_format(&record->identity, identity));
	conftext_put(&to, "driver", record->driver);
	conftext_put(&to, "module", record->module);
	conftext_put(&to, "driver_override", record->override);
	strbuf_add(&to, "deadline = %d;\n", record->deadline);
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
	return strbuf_take(&to);
}
