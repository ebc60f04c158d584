// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys that hold for a VM as a whole. */
#include "hookscript/settings_reader.h"

#include "hookscript/settings_grammar.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DEADLINE_MAX 3600

/* How much of a wrong text is quoted. */
#define QUOTE_MAX 80

struct setting_source reader_source(const struct settings_reader *reader,
				    const config_setting_t *setting)
{
	return (struct setting_source){reader->path, config_setting_source_line(setting)};
}

int reader_complain(struct settings_reader *reader, const config_setting_t *setting,
		    const char *format, ...)
{
	auto_free char *what = NULL;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&what, format, args);
	va_end(args);
	if (len < 0) {
		what = NULL;
		return -ENOMEM;
	}
	free(reader->why);
	reader->why = fs_path(_("/%s, line %u: %s"), reader->path,
			      config_setting_source_line(setting), what);
	return reader->why ? -EINVAL : -ENOMEM;
}

/* A value as a person would name it. */
static char *quote(const config_setting_t *setting)
{
	const char *text = config_setting_get_string(setting);

	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_STRING:
		return fs_path("\"%.*s\"%s", QUOTE_MAX, text, strlen(text) > QUOTE_MAX ? " …" : "");
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64: return fs_path("%lld", config_setting_get_int64(setting));
	case CONFIG_TYPE_FLOAT: return fs_path("%g", config_setting_get_float(setting));
	case CONFIG_TYPE_BOOL:
		return fs_path("%s", config_setting_get_bool(setting) ? "true" : "false");
	case CONFIG_TYPE_GROUP: return fs_path(_("a group { … }"));
	case CONFIG_TYPE_ARRAY: return fs_path(_("a list [ … ]"));
	default: return fs_path(_("a list ( … )"));
	}
}

int reader_refuse(struct settings_reader *reader, const config_setting_t *setting,
		  const char *wanted)
{
	const config_setting_t *named = setting;
	auto_free char *value = quote(setting);

	while (!config_setting_name(named))
		named = config_setting_parent(named);
	if (!value)
		return -ENOMEM;
	return reader_complain(reader, setting, _("key '%s' must be %s, not %s"),
			       config_setting_name(named), wanted, value);
}

int reader_take_unknown(struct settings_reader *reader, const config_setting_t *setting)
{
	const char *see = _("see pve-passthrough --help for the keys");
	struct settings *settings = reader->settings;
	const char *name = config_setting_name(setting);
	char *warning;

	if (!reader->of_cluster)
		return reader_complain(reader, setting, _("key '%s' is unknown; %s"), name, see);
	warning = fs_path(_("/%s, line %u: key '%s' is unknown to this node's version, so it is "
			    "ignored here; %s"),
			  reader->path, config_setting_source_line(setting), name, see);
	if (!warning || !array_grow(settings->warnings, settings->n_warnings)) {
		free(warning);
		return -ENOMEM;
	}
	settings->warnings[settings->n_warnings++] = warning;
	return 0;
}

int reader_set_text(char **text_of, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		return -ENOMEM;
	free(*text_of);
	*text_of = copy;
	return 0;
}

const char *const policy_names[3] = {
	[POLICY_REFUSE] = "refuse",
	[POLICY_WARN] = "warn",
	[POLICY_OFF] = "off",
};

static int read_policy(struct settings_reader *reader, const config_setting_t *setting,
		       enum policy *ret)
{
	const char *text = config_setting_get_string(setting);

	for (size_t i = 0; text && i < ARRAY_SIZE(policy_names); i++)
		if (!strcmp(text, policy_names[i])) {
			*ret = (enum policy)i;
			return 0;
		}
	return reader_refuse(reader, setting, _("\"refuse\", \"warn\" or \"off\""));
}

static int read_machine(struct settings_reader *reader, const config_setting_t *setting)
{
	return read_policy(reader, setting, &reader->settings->machine);
}

static int read_pcie(struct settings_reader *reader, const config_setting_t *setting)
{
	return read_policy(reader, setting, &reader->settings->pcie);
}

static int read_deadline(struct settings_reader *reader, const config_setting_t *setting)
{
	int seconds = config_setting_get_int(setting);

	if (config_setting_type(setting) != CONFIG_TYPE_INT || seconds < 1 ||
	    seconds > DEADLINE_MAX)
		return reader_refuse(reader, setting,
				     _("a whole number of seconds from 1 to 3600"));
	reader->settings->deadline = seconds;
	return 0;
}

static int read_group_policy(struct settings_reader *reader, const config_setting_t *setting)
{
	const char *text = config_setting_get_string(setting);

	if (!text || (strcmp(text, "take") && strcmp(text, "refuse")))
		return reader_refuse(reader, setting, _("\"take\" or \"refuse\""));
	reader->settings->group = strcmp(text, "take") ? GROUP_REFUSE : GROUP_TAKE;
	return 0;
}

static int read_ifreload(struct settings_reader *reader, const config_setting_t *setting)
{
	if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
		return reader_refuse(reader, setting, _("true or false"));
	reader->settings->ifreload = config_setting_get_bool(setting);
	return 0;
}

static int read_at_shutdown(struct settings_reader *reader, const config_setting_t *setting)
{
	const char *text = config_setting_get_string(setting);

	if (!text || (strcmp(text, "keep") && strcmp(text, "return")))
		return reader_refuse(reader, setting, _("\"keep\" or \"return\""));
	reader->settings->return_at_shutdown = !strcmp(text, "return");
	return 0;
}

static int read_next(struct settings_reader *reader, const config_setting_t *setting)
{
	const char *text = config_setting_get_string(setting);

	if (!text || (*text && !grammar_is_snippet(text)))
		return reader_refuse(reader, setting,
				     _("a hookscript as Proxmox VE names it, "
				       "\"STORAGE:snippets/NAME\", or \"\" for none"));
	if (!strcmp(text + strcspn(text, "/"), "/pve-passthrough"))
		return reader_refuse(reader, setting,
				     _("another hookscript than this one, which would run itself "
				       "for ever"));
	return reader_set_text(&reader->settings->next, *text ? text : NULL);
}

static int read_language(struct settings_reader *reader, const config_setting_t *setting)
{
	const char *text = config_setting_get_string(setting);

	if (!text || (*text && strcmp(text, "en") && strcmp(text, "zh_CN")))
		return reader_refuse(reader, setting,
				     _("\"en\", \"zh_CN\", or \"\" for what the environment says"));
	return reader_set_text(&reader->settings->language, *text ? text : NULL);
}

static const struct {
	const char *name;
	int (*read)(struct settings_reader *reader, const config_setting_t *setting);
} keys[SETTING_KEYS] = {
	[SETTING_MACHINE] = {"machine", read_machine},
	[SETTING_PCIE] = {"pcie", read_pcie},
	[SETTING_DEADLINE] = {"deadline", read_deadline},
	[SETTING_GROUP] = {"group", read_group_policy},
	[SETTING_IFRELOAD] = {"ifreload", read_ifreload},
	[SETTING_AT_SHUTDOWN] = {"at_shutdown", read_at_shutdown},
	[SETTING_NEXT] = {"next", read_next},
	[SETTING_LANGUAGE] = {"language", read_language},
};

const char *setting_key_name(enum setting_key key)
{
	return keys[key].name;
}

int reader_read_key(struct settings_reader *reader, const config_setting_t *setting)
{
	const char *name = config_setting_name(setting);

	if (!strcmp(name, "devices"))
		return reader_read_devices(reader, setting);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strcmp(keys[i].name, name))
			continue;
		reader->settings->from[i] = reader_source(reader, setting);
		return keys[i].read(reader, setting);
	}
	return reader_take_unknown(reader, setting);
}
