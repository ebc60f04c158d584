// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/plan/plan_print.h"

#include "host/base/log.h"
#include "host/text/strbuf.h"
#include "host/text/wrap.h"

#include <string.h>

/* LABEL and TEXT, about the device at BDF or, with NULL, none. */
static void print(const struct facts *facts, enum log_level level, const struct bdf *bdf,
		  const char *label, const char *text)
{
	const struct device *device = bdf ? facts_device(facts, bdf) : NULL;

	if (bdf)
		log_device(level, bdf, device ? plan_returns_to(device) : NULL, "%s%s", label,
			   text);
	else
		log_say(level, "%s%s", label, text);
}

static bool has_warning(const struct plan *plan, const char *what)
{
	for (size_t i = 0; plan && i < plan->n_warnings; i++)
		if (!strcmp(plan->warnings[i].what, what))
			return true;
	return false;
}

void plan_print_warnings(const struct plan *plan, const struct plan *before,
			 const struct facts *facts, bool report)
{
	for (size_t i = 0; i < plan->n_warnings; i++) {
		const struct plan_warning *warning = &plan->warnings[i];

		if (!has_warning(before, warning->what))
			print(facts, report ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, warning->bdf, "",
			      warning->what);
	}
}

static void print_refusal(const struct refusal *refusal, const struct facts *facts,
			  enum log_level level)
{
	const char *label = _("  cure: ");
	auto_free char *indent = fs_path("%*s", (int)wrap_width(label), "");

	print(facts, level, refusal->bdf, _("refused: "), refusal->what);
	for (size_t i = 0; i < refusal->n_cures; i++) {
		const struct cure *cure = &refusal->cures[i];
		auto_free char *text = cure_text(cure);
		bool copied = level == LOG_LEVEL_INFO && cure->command;

		print(facts, copied ? LOG_LEVEL_COMMAND : level, refusal->bdf,
		      i && indent ? indent : label, text ? text : "");
	}
}

void plan_print_refusals(const struct plan *plan, const struct facts *facts, bool report)
{
	enum log_level level = report ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR;

	for (size_t i = 0; i < plan->n_refusals; i++)
		print_refusal(&plan->refusals[i], facts, level);
	if (facts->vmid == RECORD_TEST) {
		log_say(level,
			ngettext("the test of %s is refused: %zu problem, above",
				 "the test of %s is refused: %zu problems, above",
				 plan->n_refusals),
			bdf_text(&facts->tested), plan->n_refusals);
		return;
	}
	log_say(level,
		ngettext("VM %u refused: %zu problem, above; check again: pve-passthrough plan %u",
			 "VM %u refused: %zu problems, above; check again: pve-passthrough plan %u",
			 plan->n_refusals),
		facts->vmid, plan->n_refusals, facts->vmid);
}

static void print_names(const char *what, char *const *names, size_t n)
{
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < n; i++)
		strbuf_add_item(&text, "%s", names[i]);
	if (text.len)
		log_info("%s%s", what, text.text);
}

/* What the settings have done with the device, beside where it returns to. */
static void print_setting(const struct device_setting *setting)
{
	if (!setting)
		return;
	print_names(_("      stopped before, and started after: "), setting->stop_units,
		    setting->n_stop_units);
	for (size_t i = 0; i < setting->n_stop_ct; i++)
		log_info(_("      shut down before, and started after: container %s"),
			 setting->stop_ct[i]);
	print_names(_("      unloaded before: "), setting->unload, setting->n_unload);
	if (setting->reset_method)
		log_info(_("      reset_method = \"%s\" while the VM has it"),
			 setting->reset_method);
	if (setting->d3cold != D3COLD_AS_IT_IS)
		log_info(_("      d3cold_allowed = %d while the VM has it"),
			 setting->d3cold == D3COLD_ALLOW);
}

/* "30 (now 0)", for each field that the settings name. */
static void print_vf(const struct plan_step *step)
{
	const struct vf_facts *vf = step->vf;

	log_info(_("      virtual function %u of %s (%s)"), vf->index, bdf_text(&vf->pf),
		 vf->port.name);
	for (enum vf_net_field field = 0; field < VF_NET_FIELDS; field++) {
		auto_free char *to = vf_net_format(&step->vf_wanted, field);
		auto_free char *now = vf_net_format(&vf->now, field);

		if (vf_net_knows(&step->vf_wanted, field))
			log_info(_("      %s %s while the VM has it; now %s"),
				 vf_net_field_name(field), to ? to : "",
				 vf_net_knows(&vf->now, field) && now ? now : _("unknown"));
	}
	if (vf->port.bridge && step->fdb)
		log_info(_("      while the VM has it, the MACs of guests on %s are entered on %s "
			   "(bridge fdb)"),
			 vf->port.bridge, vf->port.name);
}

static void print_step(const struct plan_step *step, const struct facts *facts, struct pci *pci)
{
	const struct device *device = step->device;
	auto_free char *name = pci_name(pci, &device->identity);
	auto_free char *back = plan_step_return_text(step);

	log_info("  %s  %s", bdf_text(&device->bdf), name ? name : _("PCI device"));
	log_info(
		device->named
			? _("      group %d; now on %s; %s")
			: _("      group %d, not named by the VM but in that group; now on %s; %s"),
		device->group, device->driver ? device->driver : _("no driver"), back ? back : "");
	if (step->variant)
		log_info(_("      bound to %s, its vfio variant driver, as the settings say"),
			 step->variant);
	print_setting(facts_setting(facts, device));
	if (step->vf)
		print_vf(step);
}

static void print_absent_vf(const struct absent_vf *vf)
{
	log_info(
		_("  %s  is not there: the start first makes the %u VFs that its PF %s is to have"),
		bdf_text(&vf->bdf), vf->configured, bdf_text(&vf->pf));
}

void plan_print_notes(const struct plan *plan, bool all)
{
	for (size_t i = 0; i < plan->n_notes; i++) {
		const struct plan_note *note = &plan->notes[i];

		if (note->plan_only && !all)
			continue;
		log_info("%s", note->what);
		if (note->command)
			log_command("    %s", note->command);
	}
}

int plan_print(const struct fs_root *root, const struct facts *facts, const struct plan *plan)
{
	cleanup_with(pci_closep) struct pci *pci = NULL;
	int err = pci_open(root, &pci);

	if (err)
		return err;
	log_info(plan->n_steps || plan->n_vfs ? _("VM %u: a start would bind to vfio-pci:")
					      : _("VM %u: a start would bind nothing"),
		 facts->vmid);
	for (size_t i = 0; i < plan->n_steps; i++)
		print_step(&plan->steps[i], facts, pci);
	for (size_t i = 0; i < facts->n_absent_vfs; i++)
		if (facts_make_vf(&facts->absent_vfs[i]))
			print_absent_vf(&facts->absent_vfs[i]);
	return 0;
}
