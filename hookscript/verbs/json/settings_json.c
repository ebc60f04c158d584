// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/json/show_json.h"

#include "hookscript/pve/exit.h"
#include "hookscript/pve/pve.h"
#include "hookscript/settings/settings_read.h"
#include "hookscript/settings/settings_values.h"
#include "host/text/json.h"
#include "host/base/log.h"

#include <string.h>

static void add_source(json_object *to, const struct setting_source *source, bool *failed)
{
	auto_free char *file = source->path ? fs_path("/%s", source->path) : NULL;

	*failed |= source->path && !file;
	json_add_text(to, "file", file, failed);
	if (file)
		json_add_number(to, "line", source->line, failed);
	else
		json_add_text(to, "line", NULL, failed);
}

/* As a settings file has it: no value has an escape that JSON does not know, for each of its texts
 * is checked for what it may hold. */
static json_object *value_of(const struct setting_key *key, const void *object)
{
	auto_strbuf struct strbuf text = {0};
	json_object *value;

	key->type->write(&text, key, object);
	if (text.failed || !text.text)
		return NULL;
	value = json_tokener_parse(text.text);
	return value ? value : json_object_new_string(text.text);
}

static void add_key(json_object *to, const struct setting_key *key, const void *object,
		    const struct setting_source *source, bool *failed)
{
	json_object *item = json_add_member(to, key->name, failed);

	json_add(item, "value", value_of(key, object), failed);
	add_source(item, source, failed);
}

static void add_device(json_object *to, const struct device_setting *device, bool *failed)
{
	auto_free char *id = fs_path("%04x:%04x", device->vendor, device->device);
	json_object *keys;

	*failed |= !id;
	json_add_text(to, "address", bdf_text(&device->bdf), failed);
	json_add_text(to, "id", id, failed);
	add_source(to, &device->source, failed);
	keys = json_add_member(to, "settings", failed);
	for (enum device_key key = 0; key < DEVICE_KEYS; key++)
		if (device->from[key].path)
			add_key(keys, &device_keys[key], device, &device->from[key], failed);
}

static void add_entry(json_object *entries, unsigned int e, const struct vf_setting *vf,
		      bool *failed)
{
	auto_free char *name = fs_path("hostpci%u", e);
	json_object *item, *keys;

	if (!vf_setting_any(vf))
		return;
	*failed |= !name;
	item = json_add_object(entries, failed);
	json_add_text(item, "entry", name, failed);
	keys = json_add_member(item, "settings", failed);
	for (enum vf_key key = 0; key < VF_KEYS; key++)
		if (vf_setting_has(vf, key))
			add_key(keys, &vf_keys[key], vf, &vf->from[key], failed);
}

static int print(const struct settings *settings, unsigned int vmid, const char *node)
{
	json_object *root = json_object_new_object(), *array;
	bool failed = false;

	json_add_number(root, "vmid", vmid, &failed);
	json_add_text(root, "node", node, &failed);
	array = json_add_member(root, "settings", &failed);
	for (enum setting_name key = 0; key < SETTING_KEYS; key++)
		add_key(array, &settings_keys[key], settings, &settings->from[key], &failed);
	array = json_add_array(root, "devices", &failed);
	for (size_t i = 0; i < settings->n_devices; i++)
		add_device(json_add_object(array, &failed), &settings->devices[i], &failed);
	array = json_add_array(root, "entries", &failed);
	for (unsigned int e = 0; e < HOSTPCI_MAX; e++)
		add_entry(array, e, &settings->vfs[e], &failed);
	json_add_texts(root, "warnings", settings->warnings, settings->n_warnings, &failed);
	return json_print_root(root, failed) ? EXIT_FAILED : EXIT_DONE;
}

int settings_json(const struct fs_root *root, unsigned int vmid)
{
	auto_settings struct settings settings = settings_default;
	auto_free char *node = NULL;
	int err;

	if (settings_read(root, vmid, &settings)) {
		log_error("%s", settings_error(&settings));
		return EXIT_FAILED;
	}
	err = pve_node_name(root, &node);
	if (err) {
		log_error(_("the name of this node cannot be read: %s"), strerror(-err));
		return EXIT_FAILED;
	}
	return print(&settings, vmid, node);
}
