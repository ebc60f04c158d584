// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/variant.h"

#include "host/driver.h"
#include "host/log.h"

#include <string.h>

/* What looking at entries needs; the mappings are read with the first entry that has one. */
struct variants {
	const struct fs_root *root;
	const struct settings *settings;
	struct mappings *mappings;
	char *node;
};

static void free_variants(struct variants *v)
{
	mappings_free(v->mappings);
	free(v->node);
}

static bool has_driver(const struct settings *settings)
{
	for (size_t i = 0; i < settings->n_devices; i++)
		if (settings->devices[i].driver)
			return true;
	return false;
}

/* An entry for the device of another id says nothing of the one that is there. */
static bool is_that_device(const struct fs_root *root, const struct device_setting *setting)
{
	struct pci_identity now;

	return !pci_identify(root, &setting->bdf, &now) && now.vendor == setting->vendor &&
	       now.device == setting->device;
}

static bool any_has_driver(const struct variants *v, const struct hostpci_address *addresses,
			   size_t n)
{
	for (size_t i = 0; i < v->settings->n_devices; i++) {
		const struct device_setting *setting = &v->settings->devices[i];

		for (size_t k = 0; setting->driver && k < n; k++)
			if (hostpci_address_names(&addresses[k], &setting->bdf) &&
			    is_that_device(v->root, setting))
				return true;
	}
	return false;
}

static int look_at_mapping(struct variants *v, struct hostpci *entry)
{
	const struct mapping_entry *alternative = NULL;
	const struct mapping *mapping;
	int err = v->mappings ? 0 : selection_read_mappings(v->root, &v->mappings, &v->node);

	mapping = err ? NULL : mappings_find(v->mappings, entry->mapping);
	while (mapping && (alternative = mapping_next(mapping, v->node, alternative)))
		entry->variant |= any_has_driver(v, alternative->paths, alternative->n_paths);
	return err;
}

static int look_at_entry(struct variants *v, struct hostpci *entry)
{
	if (!hostpci_keeps_driver(entry) || entry->mdev)
		return 0;
	if (entry->mapping)
		return look_at_mapping(v, entry);
	entry->variant = any_has_driver(v, entry->hosts, entry->n_hosts);
	return 0;
}

static bool has_kept_entry(const struct vmcfg *vm)
{
	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		if (hostpci_keeps_driver(vm->hostpci[e]))
			return true;
	return false;
}

int variant_mark(const struct fs_root *root, unsigned int vmid, struct vmcfg *vm)
{
	auto_settings struct settings settings = settings_default;
	cleanup_with(free_variants) struct variants v = {.root = root, .settings = &settings};
	auto_free char *why = NULL;
	int err = 0;

	if (!has_kept_entry(vm) || settings_read(root, vmid, &settings, &why) ||
	    !has_driver(&settings))
		return 0;
	for (size_t e = 0; !err && e < HOSTPCI_MAX; e++)
		err = look_at_entry(&v, vm->hostpci[e]);
	return err;
}

const char *variant_driver(const struct settings *settings, const struct vmcfg *vm,
			   const struct selection *selection, const struct bdf *bdf,
			   const struct pci_identity *identity)
{
	const struct device_setting *setting = settings_device(settings, bdf, identity->vendor,
							       identity->device);
	const struct selected *item = selection_of(selection, bdf);

	if (!setting || !item || item->entry == SELECTED_ARGS)
		return NULL;
	return vm->hostpci[item->entry]->variant ? setting->driver : NULL;
}

int variant_load(const struct fs_root *root, const struct plan *plan)
{
	int err = 0;

	for (size_t i = 0; !err && i < plan->n_steps; i++) {
		const struct plan_step *step = &plan->steps[i];
		char address[BDF_TEXT_SIZE];

		err = step->variant ? driver_load(root, step->variant, step->variant) : 0;
		if (err)
			log_device(
				LOG_LEVEL_ERROR, &step->device->bdf, step->returns_to,
				_("%s: the module of its vfio variant driver %s cannot be loaded: "
				  "%s; try: modprobe %s; or correct the setting: driver = \"%s\""),
				bdf_format(&step->device->bdf, address), step->variant,
				strerror(-err), step->variant, step->variant);
	}
	return err;
}
