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

	if (!settings_read(root, vmid, &settings))
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
	free(settings->error);
	*settings = settings_default;
}

/* Reads one file over what it holds. No file is fine. */
static int read_file(const struct fs_root *root, struct settings_reader *reader, unsigned int vmid)
{
	int err = reader_read_file(reader, root, vmid);

	if (err == -ENOENT)
		return 0;
	if (err && !reader->why)
		reader->why = fs_path(_("/%s: cannot be read: %s"), reader->path, strerror(-err));
	return err;
}

/* The node's file is read last, so that it wins. */
static int read_files(const struct fs_root *root, unsigned int vmid, struct settings *settings,
		      char **ret_why)
{
	struct settings_reader reader = {.settings = settings};
	auto_free char *node = NULL;
	int err = pve_node_name(root, &node);

	if (err) {
		*ret_why = fs_path(_("this node's name cannot be read: %s"), strerror(-err));
		return err;
	}
	reader.node = node;
	reader.path = SETTINGS_CLUSTER_PATH;
	reader.of_cluster = true;
	err = read_file(root, &reader, vmid);
	if (!err) {
		reader.path = SETTINGS_PATH;
		reader.of_cluster = false;
		err = read_file(root, &reader, vmid);
	}
	*ret_why = reader.why;
	return err;
}

int settings_read(const struct fs_root *root, unsigned int vmid, struct settings *ret)
{
	char *why = NULL;
	int err;

	*ret = settings_default;
	err = read_files(root, vmid, ret, &why);
	if (err) {
		settings_free(ret);
		ret->err = err;
		ret->error = why;
	}
	return err;
}

const char *settings_error(const struct settings *settings)
{
	return settings->error ? settings->error : strerror(-settings->err);
}
