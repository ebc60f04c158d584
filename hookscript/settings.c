// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/settings.h"

#include "hookscript/pve.h"
#include "hookscript/settings_reader.h"
#include "host/language.h"

#include <string.h>

const struct settings settings_default = {
	.machine = POLICY_REFUSE,
	.pcie = POLICY_REFUSE,
	.deadline = 30,
};

const struct device_setting *settings_device(const struct settings *settings, const struct bdf *bdf,
					     uint16_t vendor, uint16_t device)
{
	for (size_t i = 0; i < settings->n_devices; i++) {
		const struct device_setting *item = &settings->devices[i];

		if (!bdf_compare(&item->bdf, bdf) && item->vendor == vendor &&
		    item->device == device)
			return item;
	}
	return NULL;
}

void settings_speak(const struct settings *settings)
{
	if (settings->language)
		language_set(settings->language);
}

void settings_speak_of(const struct fs_root *root, unsigned int vmid)
{
	auto_settings struct settings settings = settings_default;
	auto_free char *why = NULL;

	if (!settings_read(root, vmid, &settings, &why))
		settings_speak(&settings);
}

void settings_free(struct settings *settings)
{
	for (size_t i = 0; i < settings->n_devices; i++)
		device_setting_free(&settings->devices[i]);
	free(settings->devices);
	free(settings->next);
	free(settings->language);
	for (size_t i = 0; i < settings->n_warnings; i++)
		free(settings->warnings[i]);
	free(settings->warnings);
	*settings = settings_default;
}

/* Reads one file over what *SETTINGS holds. No file is fine. */
static int read_file(const struct fs_root *root, struct settings_reader *reader, unsigned int vmid,
		     char **ret_why)
{
	int err = reader_read_file(reader, root, vmid);

	if (err == -ENOENT)
		return 0;
	if (err && !reader->why)
		reader->why = fs_path(_("/%s: cannot be read: %s"), reader->path, strerror(-err));
	if (err)
		*ret_why = TAKE_PTR(reader->why);
	return err;
}

int settings_read(const struct fs_root *root, unsigned int vmid, struct settings *ret,
		  char **ret_why)
{
	auto_settings struct settings settings = settings_default;
	auto_free char *node = NULL;
	struct settings_reader cluster = {
		.path = SETTINGS_CLUSTER_PATH, .of_cluster = true, .settings = &settings};
	struct settings_reader here = {.path = SETTINGS_PATH, .settings = &settings};
	int err = pve_node_name(root, &node);

	if (err) {
		*ret_why = fs_path(_("this node's name cannot be read: %s"), strerror(-err));
		return err;
	}
	cluster.node = here.node = node;
	err = read_file(root, &cluster, vmid, ret_why);
	if (!err)
		err = read_file(root, &here, vmid, ret_why);
	if (err)
		return err;
	*ret = settings;
	settings = settings_default;
	return 0;
}
