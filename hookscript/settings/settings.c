// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/settings/settings.h"

#include "host/base/language.h"

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

const char *settings_error(const struct settings *settings)
{
	return settings->error ? settings->error : strerror(-settings->err);
}
