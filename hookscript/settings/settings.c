// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/settings/settings.h"

#include "host/base/language.h"
#include "host/base/log.h"

#include <string.h>

const struct settings settings_default = {
	.machine = POLICY_REFUSE,
	.pcie = POLICY_REFUSE,
	.deadline = 30,
	.mail = 1,
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

const struct device_setting *settings_stale(const struct settings *settings, const struct bdf *bdf,
					    uint16_t vendor, uint16_t device)
{
	for (size_t i = settings->n_devices; i--;) {
		const struct device_setting *item = &settings->devices[i];

		if (!bdf_compare(&item->bdf, bdf) && !strcmp(item->source.path, SETTINGS_PATH) &&
		    (item->vendor != vendor || item->device != device))
			return item;
	}
	return NULL;
}

enum vf_key vf_setting_first(const struct vf_setting *setting)
{
	enum vf_key key = 0;

	while (key < VF_KEYS && (key == VF_KEY_FDB || !vf_setting_has(setting, key)))
		key++;
	return key;
}

bool vf_setting_fdb(const struct vf_setting *setting)
{
	return !vf_setting_has(setting, VF_KEY_FDB) || setting->fdb;
}

void settings_set_language(const struct settings *settings)
{
	if (settings->language)
		language_set(settings->language);
}

void settings_names_free(char ***names, size_t *n)
{
	for (size_t i = 0; i < *n; i++)
		free((*names)[i]);
	free(TAKE_PTR(*names));
	*n = 0;
}

static void free_device(struct device_setting *device)
{
	free(device->return_to);
	free(device->reset_method);
	free(device->driver);
	settings_names_free(&device->stop_units, &device->n_stop_units);
	settings_names_free(&device->stop_ct, &device->n_stop_ct);
	settings_names_free(&device->unload, &device->n_unload);
}

void settings_free(struct settings *settings)
{
	for (size_t i = 0; i < settings->n_devices; i++)
		free_device(&settings->devices[i]);
	free(settings->devices);
	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		free(settings->vfs[e].mac);
	free(settings->next);
	free(settings->language);
	settings_names_free(&settings->warnings, &settings->n_warnings);
	free(settings->error);
	*settings = settings_default;
}

const char *settings_error(const struct settings *settings)
{
	return settings->error ? settings->error : log_strerror(settings->err);
}
