// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of one device. */
#include "hookscript/pve.h"
#include "hookscript/settings_grammar.h"
#include "hookscript/settings_reader.h"

#include <stdio.h>
#include <string.h>

/* The numbers of a container (pve-common, PVE/JSONSchema.pm, pve-vmid). */
#define CTID_MIN 100
#define CTID_MAX 999999999

static void free_names(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

void device_setting_free(struct device_setting *device)
{
	free(device->return_driver);
	free(device->reset_method);
	free(device->driver);
	free_names(device->stop_units, device->n_stop_units);
	free_names(device->unload, device->n_unload);
	free(device->stop_ct);
	*device = (struct device_setting){0};
}

/* ---- the values ---- */

/* That it is a list, and of at most as many as there may be. */
static int check_list(struct settings_reader *reader, const config_setting_t *list,
		      const char *wanted)
{
	if (!config_setting_is_array(list) && !config_setting_is_list(list))
		return reader_refuse(reader, list, wanted);
	if (config_setting_length(list) > SETTINGS_NAMES_MAX)
		return reader_complain(
			reader, list, _("key '%s' must be a list of at most %d, not %d"),
			config_setting_name(list), SETTINGS_NAMES_MAX, config_setting_length(list));
	return 0;
}

static int read_allow(struct settings_reader *reader, const config_setting_t *list,
		      struct device_setting *device)
{
	const char *wanted = _("a list that holds only \"disk\", \"network\", \"display\", "
			       "\"sound\", \"process\", \"container\", \"chipset\" or \"vfs\"");
	int err = check_list(reader, list, wanted);
	int n = config_setting_length(list);

	device->allow = 0;
	for (int i = 0; !err && i < n; i++) {
		const char *name = config_setting_get_string_elem(list, i);
		enum usage_kind kind;

		if (!name || usage_kind_parse(name, &kind))
			return reader_refuse(reader, config_setting_get_elem(list, (unsigned int)i),
					     wanted);
		device->allow |= 1U << kind;
	}
	return err;
}

static int read_return_to(struct settings_reader *reader, const config_setting_t *setting,
			  struct device_setting *device)
{
	const char *text = config_setting_get_string(setting);

	if (!text || !grammar_is_module(text))
		return reader_refuse(reader, setting,
				     _("\"recorded\", \"none\" or the name of a driver (letters, "
				       "digits, '_', '-')"));
	device->return_to = RETURN_TO_DRIVER;
	if (!strcmp(text, "recorded"))
		device->return_to = RETURN_TO_RECORDED;
	else if (!strcmp(text, "none"))
		device->return_to = RETURN_TO_NONE;
	return reader_set_text(&device->return_driver,
			       device->return_to == RETURN_TO_DRIVER ? text : NULL);
}

static int read_reset_method(struct settings_reader *reader, const config_setting_t *setting,
			     struct device_setting *device)
{
	const char *text = config_setting_get_string(setting);
	char *method = NULL;
	int err = text ? grammar_reset_method(text, &method) : -EINVAL;

	if (err == -EINVAL)
		return reader_refuse(
			reader, setting,
			_("\"default\", \"\" (no reset at all), or one or more of "
			  "\"device_specific\", \"acpi\", \"flr\", \"af_flr\", \"pm\", "
			  "\"bus\" and \"cxl_bus\" in one text with blanks between "
			  "them, each once"));
	if (err)
		return err;
	free(device->reset_method);
	device->reset_method = method;
	return 0;
}

static int read_d3cold(struct settings_reader *reader, const config_setting_t *setting,
		       struct device_setting *device)
{
	if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
		return reader_refuse(reader, setting, _("true or false"));
	device->d3cold = config_setting_get_bool(setting) ? D3COLD_ALLOW : D3COLD_FORBID;
	return 0;
}

static bool has_name(char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* A list of texts that IS_NAME takes, each once, in place of the N that *NAMES holds. */
static int read_names(struct settings_reader *reader, const config_setting_t *list,
		      bool (*is_name)(const char *text), const char *wanted, char ***names,
		      size_t *n)
{
	int err = check_list(reader, list, wanted);
	int length = config_setting_length(list);

	if (err)
		return err;
	free_names(TAKE_PTR(*names), *n);
	*n = 0;
	for (int i = 0; i < length; i++) {
		const config_setting_t *element = config_setting_get_elem(list, (unsigned int)i);
		const char *text = config_setting_get_string(element);
		char *copy;

		if (!text || !is_name(text) || has_name(*names, *n, text))
			return reader_refuse(reader, element, wanted);
		copy = strdup(text);
		if (!copy || !array_grow(*names, *n)) {
			free(copy);
			return -ENOMEM;
		}
		(*names)[(*n)++] = copy;
	}
	return 0;
}

static int read_stop_units(struct settings_reader *reader, const config_setting_t *list,
			   struct device_setting *device)
{
	return read_names(reader, list, grammar_is_unit,
			  _("a list of systemd units that can be stopped and started, each once, "
			    "with their type: \"display-manager.service\""),
			  &device->stop_units, &device->n_stop_units);
}

static int read_unload(struct settings_reader *reader, const config_setting_t *list,
		       struct device_setting *device)
{
	return read_names(reader, list, grammar_is_module,
			  _("a list of names of modules (letters, digits, '_', '-'), each once: "
			    "\"nouveau\""),
			  &device->unload, &device->n_unload);
}

static bool has_number(const unsigned int *numbers, size_t n, unsigned int number)
{
	for (size_t i = 0; i < n; i++)
		if (numbers[i] == number)
			return true;
	return false;
}

static int read_stop_ct(struct settings_reader *reader, const config_setting_t *list,
			struct device_setting *device)
{
	const char *wanted = _("a list of numbers of containers, 100 to 999999999, each once: [ "
			       "105 ]");
	int err = check_list(reader, list, wanted);
	int n = config_setting_length(list);

	if (err)
		return err;
	free(TAKE_PTR(device->stop_ct));
	device->n_stop_ct = 0;
	for (int i = 0; i < n; i++) {
		const config_setting_t *element = config_setting_get_elem(list, (unsigned int)i);
		int number = config_setting_get_int(element);

		if (config_setting_type(element) != CONFIG_TYPE_INT || number < CTID_MIN ||
		    number > CTID_MAX ||
		    has_number(device->stop_ct, device->n_stop_ct, (unsigned int)number))
			return reader_refuse(reader, element, wanted);
		if (!array_grow(device->stop_ct, device->n_stop_ct))
			return -ENOMEM;
		device->stop_ct[device->n_stop_ct++] = (unsigned int)number;
	}
	return 0;
}

static int read_driver(struct settings_reader *reader, const config_setting_t *setting,
		       struct device_setting *device)
{
	const char *text = config_setting_get_string(setting);

	if (!text || !grammar_is_module(text))
		return reader_refuse(reader, setting,
				     _("the name of a vfio variant driver (letters, digits, '_', "
				       "'-'): \"mlx5_vfio_pci\""));
	return reader_set_text(&device->driver, text);
}

static const struct {
	const char *name;
	int (*read)(struct settings_reader *reader, const config_setting_t *setting,
		    struct device_setting *device);
} keys[DEVICE_KEYS] = {
	[DEVICE_ALLOW] = {"allow", read_allow},
	[DEVICE_RETURN_TO] = {"return_to", read_return_to},
	[DEVICE_RESET_METHOD] = {"reset_method", read_reset_method},
	[DEVICE_D3COLD] = {"d3cold", read_d3cold},
	[DEVICE_STOP_UNITS] = {"stop_units", read_stop_units},
	[DEVICE_STOP_CT] = {"stop_ct", read_stop_ct},
	[DEVICE_UNLOAD] = {"unload", read_unload},
	[DEVICE_DRIVER] = {"driver", read_driver},
};

const char *device_key_name(enum device_key key)
{
	return keys[key].name;
}

/* ---- the entry ---- */

static bool is_identity(const char *name)
{
	return !strcmp(name, "address") || !strcmp(name, "id") || !strcmp(name, "node");
}

static int read_key(struct settings_reader *reader, const config_setting_t *setting,
		    struct device_setting *device)
{
	const char *name = config_setting_name(setting);

	if (is_identity(name))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strcmp(keys[i].name, name))
			continue;
		device->from[i] = reader_source(reader, setting);
		return keys[i].read(reader, setting, device);
	}
	return reader_take_unknown(reader, setting);
}

/* "8086:10fb", as lspci -n shows it. */
static bool parse_id(const char *text, struct device_setting *device)
{
	if (strlen(text) != 9 || strspn(text, "0123456789abcdef") != 4 || text[4] != ':' ||
	    strspn(text + 5, "0123456789abcdef") != 4)
		return false;
	device->vendor = (uint16_t)strtoul(text, NULL, 16);
	device->device = (uint16_t)strtoul(text + 5, NULL, 16);
	return true;
}

/* Both are needed, so that an entry opens no other device once addresses have moved. */
static int read_identity(struct settings_reader *reader, const config_setting_t *entry,
			 struct device_setting *ret)
{
	const config_setting_t *address, *id;
	const char *text;

	if (!config_setting_is_group(entry))
		return reader_refuse(reader, entry,
				     _("a list of { address = \"0000:BB:DD.F\"; "
				       "id = \"VENDOR:DEVICE\"; … }"));
	address = config_setting_get_member(entry, "address");
	id = config_setting_get_member(entry, "id");
	if (!address || !id)
		return reader_complain(reader, entry,
				       _("an entry of 'devices' needs %s, as lspci -Dn shows it"),
				       address ? "'id'" : "'address'");
	text = config_setting_get_string(address);
	if (!text || bdf_parse(text, &ret->bdf))
		return reader_refuse(reader, address,
				     _("an address as lspci -D shows it, \"0000:BB:DD.F\""));
	text = config_setting_get_string(id);
	if (!text || !parse_id(text, ret))
		return reader_refuse(reader, id,
				     _("vendor and device as lspci -n shows them, \"8086:10fb\""));
	return 0;
}

/* Where the device has its place already, or n_devices. */
static size_t find(const struct settings *settings, const struct device_setting *device)
{
	const struct device_setting *found = settings_device(settings, &device->bdf, device->vendor,
							     device->device);

	return found ? (size_t)(found - settings->devices) : settings->n_devices;
}

static void move_device(struct settings *settings, size_t from, size_t to)
{
	struct device_setting device = settings->devices[from];

	memmove(&settings->devices[to + 1], &settings->devices[to],
		(from - to) * sizeof(settings->devices[0]));
	settings->devices[to] = device;
}

/* The entry becomes the device number PLACE; what was said of that device before is kept where the
 * entry is silent. */
static int read_entry(struct settings_reader *reader, const config_setting_t *entry, size_t place)
{
	struct settings *settings = reader->settings;
	struct device_setting identity = {0};
	int err = read_identity(reader, entry, &identity);
	struct device_setting *device;
	size_t at;

	if (err)
		return err;
	at = find(settings, &identity);
	if (at < place)
		return reader_complain(
			reader, entry,
			_("this list of 'devices' has an entry for that device already"));
	if (at == SETTINGS_DEVICES_MAX)
		return reader_complain(reader, entry, _("there are more than %d devices"),
				       SETTINGS_DEVICES_MAX);
	if (at == settings->n_devices) {
		if (!array_grow(settings->devices, settings->n_devices))
			return -ENOMEM;
		settings->devices[settings->n_devices++] = identity;
	}
	move_device(settings, at, place);
	device = &settings->devices[place];
	device->source = reader_source(reader, entry);
	for (int i = 0; !err && i < config_setting_length(entry); i++)
		err = read_key(reader, config_setting_get_elem(entry, (unsigned int)i), device);
	return err;
}

/* Another node's device: checked, and then forgotten. */
static int read_elsewhere(struct settings_reader *reader, const config_setting_t *entry)
{
	auto_settings struct settings other = settings_default;
	struct settings *settings = reader->settings;
	int err;

	reader->settings = &other;
	err = read_entry(reader, entry, 0);
	reader->settings = settings;
	return err;
}

/* Whether the device is this node's. All nodes read the cluster's file, and most cards are not the
 * only one of their kind and at their address. */
static int read_node(struct settings_reader *reader, const config_setting_t *entry, bool *ret_here)
{
	const config_setting_t *node = NULL;
	const char *name;

	if (config_setting_is_group(entry))
		node = config_setting_get_member(entry, "node");
	*ret_here = true;
	if (!node && reader->of_cluster && config_setting_is_group(entry))
		return reader_complain(
			reader, entry,
			_("an entry of 'devices' needs 'node' in the cluster's file: "
			  "the name of the node that has the device"));
	if (!node)
		return 0;
	name = config_setting_get_string(node);
	if (!name || !pve_is_node_name(name))
		return reader_refuse(reader, node, _("the name of a node, as in /etc/pve/nodes"));
	*ret_here = !strcmp(name, reader->node);
	return 0;
}

int reader_read_devices(struct settings_reader *reader, const config_setting_t *list)
{
	int n = config_setting_length(list);
	size_t place = 0;
	int err = 0;

	if (!config_setting_is_list(list))
		return reader_refuse(reader, list, _("a list: ( { address = …; id = …; … } )"));
	for (int i = 0; !err && i < n; i++) {
		const config_setting_t *entry = config_setting_get_elem(list, (unsigned int)i);
		bool here;

		err = read_node(reader, entry, &here);
		if (!err)
			err = here ? read_entry(reader, entry, place++)
				   : read_elsewhere(reader, entry);
	}
	return err;
}
