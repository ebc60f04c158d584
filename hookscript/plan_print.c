// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/plan_print.h"

#include <stdio.h>

static void print_names(const char *what, char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%s%s", i ? ", " : what, names[i]);
	if (n)
		putchar('\n');
}

/* What the settings have done with the device, beside where it returns to. */
static void print_setting(const struct device_setting *setting)
{
	if (!setting)
		return;
	print_names(_("      stopped before, and started after: "), setting->stop_units,
		    setting->n_stop_units);
	for (size_t i = 0; i < setting->n_stop_ct; i++)
		printf(_("      shut down before, and started after: container %u\n"),
		       setting->stop_ct[i]);
	print_names(_("      unloaded before: "), setting->unload, setting->n_unload);
	if (setting->reset_method)
		printf(_("      reset_method = \"%s\" while the VM has it\n"),
		       setting->reset_method);
	if (setting->d3cold != D3COLD_AS_IT_IS)
		printf(_("      d3cold_allowed = %d while the VM has it\n"),
		       setting->d3cold == D3COLD_ALLOW);
}

static void print_step(const struct plan_step *step, const struct settings *settings,
		       struct pci *pci)
{
	const struct device *device = step->device;
	auto_free char *name = pci_name(pci, &device->identity);
	auto_free char *back = plan_step_return_text(step);
	char address[BDF_TEXT_SIZE];

	printf("  %s  %s\n", bdf_format(&device->bdf, address), name ? name : _("PCI device"));
	printf(device->named ? _("      group %d")
			     : _("      group %d, not named by the VM but in that group"),
	       device->group);
	if (device->driver)
		printf(_("; now on %s; %s\n"), device->driver, back ? back : "");
	else
		printf(_("; now on no driver; %s\n"), back ? back : "");
	if (step->variant)
		printf(_("      bound to %s, its vfio variant driver, as the settings say\n"),
		       step->variant);
	print_setting(settings_device(settings, &device->bdf, device->identity.vendor,
				      device->identity.device));
}

int plan_print(const struct fs_root *root, unsigned int vmid, const struct settings *settings,
	       const struct plan *plan)
{
	cleanup_with(pci_closep) struct pci *pci = NULL;
	int err = pci_open(root, &pci);

	if (err)
		return err;
	printf(_("VM %u: a start would bind to vfio-pci:\n"), vmid);
	for (size_t i = 0; i < plan->n_steps; i++)
		print_step(&plan->steps[i], settings, pci);
	return 0;
}
