// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/settings/settings_values.h"

#include "host/base/conftext.h"
#include "vmcfg/text/text.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define DEADLINE_MAX 3600

/* The numbers of a container (pve-common, PVE/JSONSchema.pm, pve-vmid). */
#define CTID_MIN 100
#define CTID_MAX 999999999

/* How much of a wrong text is quoted. */
#define QUOTE_MAX 80

/* ---- names, which end up in command lines and in sysfs, so each is strict ---- */

#define LETTERS	     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS	     "0123456789"
#define MODULE_BYTES LETTERS DIGITS "_-"
#define MODULE_MAX   55
#define UNIT_BYTES   LETTERS DIGITS ":-_.\\@"
#define UNIT_MAX     255
#define UNIT_TYPES   "service|socket|target|mount|automount|swap|timer|path"
#define STORAGE_MAX  100
#define SNIPPET_MAX  255

#define RESET_METHODS "device_specific|acpi|flr|af_flr|pm|bus|cxl_bus"

static bool is_only(const char *text, size_t len, const char *bytes)
{
	return strspn(text, bytes) >= len;
}

/* A driver or a module: letters, digits, '_', '-', no '-' in front, at most 55 of them (Linux:
 * include/linux/module.h, MODULE_NAME_LEN). */
static bool is_module(const char *text)
{
	size_t len = strlen(text);

	return len >= 1 && len <= MODULE_MAX && *text != '-' && is_only(text, len, MODULE_BYTES);
}

/*
 * A systemd unit that can be stopped and started again by its name: NAME.TYPE, or
 * NAME@INSTANCE.TYPE (systemd.unit(5), at most 255 bytes). Those of the types device, scope and
 * slice cannot be started so; "-.mount" is the root file system.
 */
static bool is_unit(const char *text)
{
	const char *dot = strrchr(text, '.');
	const char *at = strchr(text, '@');
	size_t len = strlen(text);

	if (len > UNIT_MAX || !is_only(text, len, UNIT_BYTES) || !strspn(text, LETTERS DIGITS "_"))
		return false;
	/* "getty@.service" is a template without an instance. */
	return dot && text_is_one_of(text_of(dot + 1), UNIT_TYPES) && (!at || at + 1 < dot);
}

/* STORAGE:snippets/NAME, a volume as Proxmox VE names a hookscript (pve-storage,
 * PVE/Storage/Plugin.pm, parse_volname), but not this program, which would run itself for ever. */
static bool is_other_snippet(const char *text)
{
	static const char directory[] = ":snippets/";
	size_t len = strcspn(text, ":");
	const char *file = text + len + strlen(directory);

	if (len > STORAGE_MAX || !text_is_storage_id((struct text){text, len}) ||
	    strncmp(text + len, directory, strlen(directory)) != 0)
		return false;
	for (const char *c = file; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == '/' || *c == 0x7f)
			return false;
	return *file && strlen(file) <= SNIPPET_MAX && !strstr(file, "..") && strcmp(file, ".") &&
	       strcmp(file, "pve-passthrough");
}

/* Whether LIST has the name T already. */
static bool has_name(struct text list, struct text t)
{
	struct text name;

	while (text_next(&list, ' ', &name))
		if (name.len == t.len && !memcmp(name.at, t.at, t.len))
			return true;
	return false;
}

/*
 * What the attribute reset_method takes (Linux: Documentation/ABI/testing/sysfs-bus-pci; the names:
 * drivers/pci/pci.c, pci_reset_fn_methods): names with spaces between them, "default", or "".
 * Returns 0 and a new text with one space between names; -EINVAL for an unknown name or one that
 * is there twice; -ENOMEM.
 */
static int parse_reset_method(const char *text, char **ret)
{
	const char *methods = strcmp(text, "default") ? RESET_METHODS : "default";
	auto_strbuf struct strbuf list = {0};
	struct text rest = text_of(text), name;

	while (text_next(&rest, ' ', &name)) {
		if (!name.len)
			continue;
		if (!text_is_one_of(name, methods) ||
		    (list.len && has_name((struct text){list.text, list.len}, name)))
			return -EINVAL;
		strbuf_add(&list, "%s%.*s", list.len ? " " : "", (int)name.len, name.at);
	}
	*ret = strbuf_take(&list);
	return *ret ? 0 : -ENOMEM;
}

/* ---- errors ---- */

int reader_complain(struct settings_reader *reader, const config_setting_t *setting,
		    const char *format, ...)
{
	auto_free char *what = NULL;
	va_list args;

	va_start(args, format);
	what = vprintf_text(format, args);
	va_end(args);
	if (!what)
		return -ENOMEM;
	free(reader->why);
	reader->why = fs_path(_("/%s, line %u: %s"), reader->path,
			      config_setting_source_line(setting), what);
	return reader->why ? -EINVAL : -ENOMEM;
}

/* The value for a message. */
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
	case CONFIG_TYPE_GROUP: return strdup(_("a group { … }"));
	case CONFIG_TYPE_ARRAY: return strdup(_("a list [ … ]"));
	default: return strdup(_("a list ( … )"));
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

static int refuse(struct settings_reader *reader, const config_setting_t *setting,
		  const struct setting_key *key)
{
	return reader_refuse(reader, setting, _(key->wanted));
}

#define FIELD(type, object, at)	      ((type *)(void *)((char *)(object) + (at)))
#define CONST_FIELD(type, object, at) ((type const *)(const void *)((const char *)(object) + (at)))

/* ---- one value ---- */

static int read_choice(struct settings_reader *reader, const config_setting_t *setting,
		       const struct setting_key *key, void *object)
{
	const char *text = config_setting_get_string(setting);

	for (unsigned int i = 0; text && key->words[i]; i++)
		if (!strcmp(text, key->words[i])) {
			*FIELD(unsigned int, object, key->at) = i;
			return 0;
		}
	return refuse(reader, setting, key);
}

static void write_choice(struct strbuf *out, const struct setting_key *key, const void *object)
{
	conftext_put_string(out, key->words[*CONST_FIELD(unsigned int, object, key->at)]);
}

static const struct setting_type choice = {read_choice, write_choice};

static int read_seconds(struct settings_reader *reader, const config_setting_t *setting,
			const struct setting_key *key, void *object)
{
	int seconds = config_setting_get_int(setting);

	if (config_setting_type(setting) != CONFIG_TYPE_INT || seconds < 1 ||
	    seconds > DEADLINE_MAX)
		return refuse(reader, setting, key);
	*FIELD(int, object, key->at) = seconds;
	return 0;
}

static void write_seconds(struct strbuf *out, const struct setting_key *key, const void *object)
{
	strbuf_add(out, "%d", *CONST_FIELD(int, object, key->at));
}

static const struct setting_type seconds = {read_seconds, write_seconds};

/* The field becomes "beside" for false and one more for true. */
static int read_flag(struct settings_reader *reader, const config_setting_t *setting,
		     const struct setting_key *key, void *object)
{
	if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
		return refuse(reader, setting, key);
	*FIELD(unsigned int, object, key->at) = (unsigned int)key->beside +
						(config_setting_get_bool(setting) ? 1 : 0);
	return 0;
}

static void write_flag(struct strbuf *out, const struct setting_key *key, const void *object)
{
	strbuf_add(out,
		   *CONST_FIELD(unsigned int, object, key->at) > key->beside ? "true" : "false");
}

const struct setting_type setting_flag = {read_flag, write_flag};

static int read_name(struct settings_reader *reader, const config_setting_t *setting,
		     const struct setting_key *key, void *object)
{
	const char *text = config_setting_get_string(setting);
	char **to = FIELD(char *, object, key->at);
	bool none = text && key->none && !strcmp(text, key->none);

	if (!none && (!text || !key->is_good(text)))
		return refuse(reader, setting, key);
	free(TAKE_PTR(*to));
	if (!none)
		*to = strdup(text);
	return none || *to ? 0 : -ENOMEM;
}

static void write_name(struct strbuf *out, const struct setting_key *key, const void *object)
{
	const char *text = *CONST_FIELD(char *, object, key->at);

	conftext_put_string(out, text ? text : key->none);
}

static const struct setting_type name = {read_name, write_name};

static int read_reset_method(struct settings_reader *reader, const config_setting_t *setting,
			     const struct setting_key *key, void *object)
{
	const char *text = config_setting_get_string(setting);
	char **to = FIELD(char *, object, key->at);
	char *method = NULL;
	int err = text ? parse_reset_method(text, &method) : -EINVAL;

	if (err)
		return err == -EINVAL ? refuse(reader, setting, key) : err;
	free(*to);
	*to = method;
	return 0;
}

static const struct setting_type reset_method = {read_reset_method, write_name};

/* ---- lists ---- */

/* Calls ADD for every element of a list. ADD returns 0; -EINVAL for an element that the key does
 * not accept; -ENOMEM. */
static int read_list(struct settings_reader *reader, const config_setting_t *list,
		     const struct setting_key *key, void *object,
		     int (*add)(const config_setting_t *element, const struct setting_key *key,
				void *object))
{
	int n = config_setting_length(list);

	if (!config_setting_is_array(list) && !config_setting_is_list(list))
		return refuse(reader, list, key);
	if (n > SETTINGS_NAMES_MAX)
		return reader_complain(reader, list,
				       _("key '%s' must be a list of at most %d, not %d"),
				       config_setting_name(list), SETTINGS_NAMES_MAX, n);
	for (int i = 0; i < n; i++) {
		const config_setting_t *element = config_setting_get_elem(list, (unsigned int)i);
		int err = add(element, key, object);

		if (err)
			return err == -EINVAL ? refuse(reader, element, key) : err;
	}
	return 0;
}

static int add_kind(const config_setting_t *element, const struct setting_key *key, void *object)
{
	const char *text = config_setting_get_string(element);
	enum usage_kind kind;

	if (!text || usage_kind_parse(text, &kind))
		return -EINVAL;
	*FIELD(unsigned int, object, key->at) |= 1U << kind;
	return 0;
}

static int read_kinds(struct settings_reader *reader, const config_setting_t *list,
		      const struct setting_key *key, void *object)
{
	*FIELD(unsigned int, object, key->at) = 0;
	return read_list(reader, list, key, object, add_kind);
}

static void write_kinds(struct strbuf *out, const struct setting_key *key, const void *object)
{
	unsigned int bits = *CONST_FIELD(unsigned int, object, key->at);
	const char *before = "[ ";

	for (unsigned int i = 0; bits >> i; i++) {
		if (!(bits & 1U << i))
			continue;
		strbuf_add(out, "%s\"%s\"", before, usage_kind_name((enum usage_kind)i));
		before = ", ";
	}
	strbuf_add(out, bits ? " ]" : "[ ]");
}

static const struct setting_type kinds = {read_kinds, write_kinds};

/* The text of an element: a string, or the number of a container. As ADD of read_list(). */
static int element_text(const config_setting_t *element, const struct setting_key *key, char **ret)
{
	const char *text = config_setting_get_string(element);
	int number = config_setting_get_int(element);

	if (key->is_good) {
		if (!text || !key->is_good(text))
			return -EINVAL;
		*ret = strdup(text);
	} else {
		if (config_setting_type(element) != CONFIG_TYPE_INT || number < CTID_MIN ||
		    number > CTID_MAX)
			return -EINVAL;
		*ret = fs_path("%d", number);
	}
	return *ret ? 0 : -ENOMEM;
}

static int add_name(const config_setting_t *element, const struct setting_key *key, void *object)
{
	char ***list = FIELD(char **, object, key->at);
	size_t *n = FIELD(size_t, object, key->beside);
	auto_free char *text = NULL;
	int err = element_text(element, key, &text);

	if (err)
		return err;
	for (size_t i = 0; i < *n; i++)
		if (!strcmp((*list)[i], text))
			return -EINVAL;
	if (!array_grow(*list, *n))
		return -ENOMEM;
	(*list)[(*n)++] = TAKE_PTR(text);
	return 0;
}

static int read_names(struct settings_reader *reader, const config_setting_t *list,
		      const struct setting_key *key, void *object)
{
	settings_names_free(FIELD(char **, object, key->at), FIELD(size_t, object, key->beside));
	return read_list(reader, list, key, object, add_name);
}

static void write_names(struct strbuf *out, const struct setting_key *key, const void *object)
{
	char *const *list = *CONST_FIELD(char **, object, key->at);
	size_t n = *CONST_FIELD(size_t, object, key->beside);

	for (size_t i = 0; i < n; i++) {
		strbuf_add(out, i ? ", " : "[ ");
		if (key->is_good)
			conftext_put_string(out, list[i]);
		else
			strbuf_add(out, "%s", list[i]);
	}
	strbuf_add(out, n ? " ]" : "[ ]");
}

static const struct setting_type names = {read_names, write_names};

/* ---- the keys ---- */

static bool is_language(const char *text)
{
	return !strcmp(text, "en") || !strcmp(text, "zh_CN");
}

static const char *const policies[] = {
	[POLICY_REFUSE] = "refuse", [POLICY_WARN] = "warn", [POLICY_OFF] = "off", NULL};
static const char *const groups[] = {[GROUP_TAKE] = "take", [GROUP_REFUSE] = "refuse", NULL};
static const char *const shutdowns[] = {"keep", "return", NULL};

#define IN_SETTINGS(field) offsetof(struct settings, field)
#define IN_DEVICE(field)   offsetof(struct device_setting, field)

const struct setting_key settings_keys[SETTING_KEYS] = {
	[SETTING_MACHINE] = {"machine", &choice, IN_SETTINGS(machine),
			     N_("\"refuse\", \"warn\" or \"off\""), .words = policies},
	[SETTING_PCIE] = {"pcie", &choice, IN_SETTINGS(pcie), N_("\"refuse\", \"warn\" or \"off\""),
			  .words = policies},
	[SETTING_DEADLINE] = {"deadline", &seconds, IN_SETTINGS(deadline),
			      N_("a whole number of seconds from 1 to 3600"), .beside = 0},
	[SETTING_GROUP] = {"group", &choice, IN_SETTINGS(group), N_("\"take\" or \"refuse\""),
			   .words = groups},
	[SETTING_IFRELOAD] = {"ifreload", &setting_flag, IN_SETTINGS(ifreload), N_("true or false"),
			      .beside = 0},
	[SETTING_AT_SHUTDOWN] = {"at_shutdown", &choice, IN_SETTINGS(return_at_shutdown),
				 N_("\"keep\" or \"return\""), .words = shutdowns},
	[SETTING_NEXT] = {"next", &name, IN_SETTINGS(next),
			  N_("another hookscript than this one, as Proxmox VE names it, "
			     "\"STORAGE:snippets/NAME\", or \"\" for none"),
			  .is_good = is_other_snippet, .none = ""},
	[SETTING_LANGUAGE] = {"language", &name, IN_SETTINGS(language),
			      N_("\"en\", \"zh_CN\", or \"\" for what the environment says"),
			      .is_good = is_language, .none = ""},
	[SETTING_MAIL] = {"mail", &setting_flag, IN_SETTINGS(mail), N_("true or false"),
			  .beside = 0},
};

const struct setting_key device_keys[DEVICE_KEYS] = {
	[DEVICE_ALLOW] =
		{"allow", &kinds, IN_DEVICE(allow),
		 N_("a list that holds only \"disk\", \"network\", \"display\", "
		    "\"sound\", \"process\", \"container\", \"chipset\", \"vfs\" or \"mdevs\""),
		 .beside = 0},
	[DEVICE_RETURN_TO] = {"return_to", &name, IN_DEVICE(return_to),
			      N_("\"recorded\", \"none\" or the name of a driver (letters, "
				 "digits, '_', '-')"),
			      .is_good = is_module, .none = "recorded"},
	[DEVICE_RESET_METHOD] = {"reset_method", &reset_method, IN_DEVICE(reset_method),
				 N_("\"default\", \"\" (no reset at all), or one or more of "
				    "\"device_specific\", \"acpi\", \"flr\", \"af_flr\", \"pm\", "
				    "\"bus\" and \"cxl_bus\" in one text with spaces between "
				    "them, each once"),
				 .none = ""},
	[DEVICE_D3COLD] = {"d3cold", &setting_flag, IN_DEVICE(d3cold), N_("true or false"),
			   .beside = D3COLD_FORBID},
	[DEVICE_STOP_UNITS] = {"stop_units", &names, IN_DEVICE(stop_units),
			       N_("a list of systemd units that can be stopped and started, each "
				  "once, with their type: \"display-manager.service\""),
			       .beside = IN_DEVICE(n_stop_units), .is_good = is_unit},
	[DEVICE_STOP_CT] = {"stop_ct", &names, IN_DEVICE(stop_ct),
			    N_("a list of numbers of containers, 100 to 999999999, each once: [ "
			       "105 ]"),
			    .beside = IN_DEVICE(n_stop_ct)},
	[DEVICE_UNLOAD] = {"unload", &names, IN_DEVICE(unload),
			   N_("a list of names of modules (letters, digits, '_', '-'), each once: "
			      "\"nouveau\""),
			   .beside = IN_DEVICE(n_unload), .is_good = is_module},
	[DEVICE_DRIVER] = {"driver", &name, IN_DEVICE(driver),
			   N_("the name of a vfio variant driver (letters, digits, '_', "
			      "'-'): \"mlx5_vfio_pci\""),
			   .is_good = is_module},
};
