// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/plan/plan_print.h"
#include "hookscript/plan/plan_make.h"

#include "host/base/log.h"

#include <stdio.h>
#include <string.h>

/* LABEL and the first LEN bytes of TEXT, about the device at BDF or, with NULL, none. */
static void say(const struct facts *facts, enum log_level level, const struct bdf *bdf,
		const char *label, const char *text, size_t len)
{
	const struct device *device = bdf ? facts_device(facts, bdf) : NULL;

	if (bdf)
		log_device(level, bdf, device ? plan_returns_to(device) : NULL, "%s%.*s", label,
			   (int)len, text);
	else
		log_say(level, "%s%.*s", label, (int)len, text);
}

static bool has_warning(const struct plan *plan, const char *what)
{
	for (size_t i = 0; plan && i < plan->n_warnings; i++)
		if (!strcmp(plan->warnings[i].what, what))
			return true;
	return false;
}

void plan_say_warnings(const struct plan *plan, const struct plan *said, const struct facts *facts,
		       bool report)
{
	for (size_t i = 0; i < plan->n_warnings; i++) {
		const struct plan_warning *warning = &plan->warnings[i];

		if (!has_warning(said, warning->what))
			say(facts, report ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, warning->bdf, "",
			    warning->what, strlen(warning->what));
	}
}

static void say_refusal(const struct refusal *refusal, const struct facts *facts,
			enum log_level level)
{
	const char *label = _("  cure: "); /* as wide as the spaces before the other lines */

	say(facts, level, refusal->bdf, _("refused: "), refusal->what, strlen(refusal->what));
	for (size_t i = 0; i < refusal->n_cures; i++) {
		auto_free char *text = cure_text(&refusal->cures[i]);
		const char *rest = text ? text : "";
		bool copied = level == LOG_LEVEL_INFO && refusal->cures[i].command;

		for (; *rest; label = "        ") {
			size_t len = strcspn(rest, "\n");

			say(facts, copied ? LOG_LEVEL_COMMAND : level, refusal->bdf, label, rest,
			    len);
			rest += len + (rest[len] == '\n');
		}
	}
}

void plan_say_refusals(const struct plan *plan, const struct facts *facts, bool report)
{
	enum log_level level = report ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR;

	for (size_t i = 0; i < plan->n_refusals; i++)
		say_refusal(&plan->refusals[i], facts, level);
	log_say(level,
		ngettext("VM %u refused: %zu problem, above; check again: pve-passthrough plan %u",
			 "VM %u refused: %zu problems, above; check again: pve-passthrough plan %u",
			 plan->n_refusals),
		facts->vmid, plan->n_refusals, facts->vmid);
}

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
		printf(_("      shut down before, and started after: container %s\n"),
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

int plan_print(const struct fs_root *root, const struct facts *facts, const struct plan *plan)
{
	cleanup_with(pci_closep) struct pci *pci = NULL;
	int err = pci_open(root, &pci);

	if (err)
		return err;
	printf(_("VM %u: a start would bind to vfio-pci:\n"), facts->vmid);
	for (size_t i = 0; i < plan->n_steps; i++)
		print_step(&plan->steps[i], facts->settings, pci);
	return 0;
}
