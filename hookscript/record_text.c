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
	auto_free char *before = fs_path("%s_before", record_attribute_name(name));
	const char *text;

	if (!before)
		return -ENOMEM;
	/* Not get_text(): an empty value is one, too. */
	if (config_lookup_string(config, record_attribute_name(name), &text)) {
		ret->set = strdup(text);
		if (!ret->set)
			return -ENOMEM;
	}
	if (config_lookup_string(config, before, &text)) {
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

static bool add_int(config_setting_t *top, const char *name, int value)
{
	config_setting_t *setting = config_setting_add(top, name, CONFIG_TYPE_INT);

	return setting && config_setting_set_int(setting, value);
}

static bool add_int64(config_setting_t *top, const char *name, uint64_t value)
{
	config_setting_t *setting = config_setting_add(top, name, CONFIG_TYPE_INT64);

	return setting && config_setting_set_int64(setting, (long long)value);
}

static bool add_bool(config_setting_t *top, const char *name, bool value)
{
	config_setting_t *setting = config_setting_add(top, name, CONFIG_TYPE_BOOL);

	return setting && config_setting_set_bool(setting, value);
}

static bool add_text(config_setting_t *top, const char *name, const char *value)
{
	config_setting_t *setting = config_setting_add(top, name, CONFIG_TYPE_STRING);

	return setting && config_setting_set_string(setting, value ? value : "");
}

static bool add_newer(config_setting_t *top, const char *name, const char *value)
{
	return !value || add_text(top, name, value);
}

static bool add_attributes(config_setting_t *top, const struct record *record)
{
	for (unsigned int i = 0; i < RECORD_ATTRIBUTES; i++) {
		auto_free char *before = fs_path("%s_before", record_attribute_name(i));

		if (!before ||
		    !add_newer(top, record_attribute_name(i), record->attributes[i].set) ||
		    !add_newer(top, before, record->attributes[i].before))
			return false;
	}
	return true;
}

char *record_format(const struct record *record)
{
	char address[BDF_TEXT_SIZE], identity[PCI_IDENTITY_TEXT_SIZE];
	char *text = NULL;
	size_t size;
	config_t config;
	config_setting_t *top;
	FILE *to;
	bool good;

	config_init(&config);
	top = config_root_setting(&config);
	good = add_int(top, "format", RECORD_FORMAT) &&
	       add_text(top, "address", bdf_format(&record->bdf, address)) &&
	       add_int(top, "vmid", (int)record->vmid) && add_int64(top, "claim", record->claim) &&
	       add_text(top, "stage", stage_names[record->stage]) &&
	       add_text(top, "identity", pci_identity_format(&record->identity, identity)) &&
	       add_text(top, "driver", record->driver) && add_text(top, "module", record->module) &&
	       add_text(top, "driver_override", record->override) &&
	       add_int(top, "deadline", record->deadline) &&
	       add_newer(top, "network", record->network) &&
	       add_newer(top, "return_to", record->return_to) &&
	       add_newer(top, "bind_to", record->bind_to) &&
	       add_newer(top, "unload", record->unload) &&
	       add_newer(top, "unloaded", record->unloaded) && add_attributes(top, record) &&
	       (!record->ifreload || add_bool(top, "ifreload", record->ifreload)) &&
	       (!record->choice || add_bool(top, "choice", record->choice)) &&
	       (!record->new_id || add_bool(top, "new_id", record->new_id));
	to = good ? open_memstream(&text, &size) : NULL;
	if (to) {
		config_write(&config, to);
		if (fclose(to))
			free(TAKE_PTR(text));
	}
	config_destroy(&config);
	return text;
}
