// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/json/plan_json.h"

#include "hookscript/plan/plan_check.h"
#include "hookscript/pve/exit.h"
#include "hookscript/settings/settings_read.h"
#include "hookscript/phases/take.h"
#include "hookscript/verbs/vm_needs.h"

#include <string.h>

/* ---- refusals, warnings, notes ---- */

static void add_cures(json_object *object, const struct refusal *refusal, bool *failed)
{
	json_object *cures = json_add_array(object, "cures", failed);

	for (size_t i = 0; i < refusal->n_cures; i++) {
		const struct cure *cure = &refusal->cures[i];
		json_object *item = json_add_object(cures, failed);

		json_add_text(item, "what", cure->words, failed);
		json_add_text(item, "command", cure->command, failed);
		json_add_argv(item, "fix", cure->fix, failed);
	}
}

void plan_json_refusals(json_object *object, const char *key, const struct plan *plan, bool *failed)
{
	json_object *refusals = json_add_array(object, key, failed);

	for (size_t i = 0; plan && i < plan->n_refusals; i++) {
		const struct refusal *refusal = &plan->refusals[i];
		json_object *item = json_add_object(refusals, failed);
		json_object *devices;

		json_add_text(item, "reason", refusal_code(refusal->reason), failed);
		json_add_text(item, "brief", refusal->brief, failed);
		json_add_text(item, "what", refusal->what, failed);
		devices = json_add_array(item, "devices", failed);
		for (size_t k = 0; k < refusal->n_devices; k++)
			json_append_text(devices, bdf_text(refusal->devices[k]), failed);
		add_cures(item, refusal, failed);
	}
}

/* CONFIG: those that are about the VM's config alone, as `vm` says them. */
static void add_warnings(json_object *root, const struct plan *plan, bool config, bool *failed)
{
	json_object *warnings = json_add_array(root, "warnings", failed);

	for (size_t i = 0; i < plan->n_warnings; i++) {
		const struct plan_warning *warning = &plan->warnings[i];
		json_object *item;

		if (config && !warning->lasting)
			continue;
		item = json_add_object(warnings, failed);
		json_add_text(item, "what", warning->what, failed);
		json_add_text(item, "address", warning->bdf ? bdf_text(warning->bdf) : NULL,
			      failed);
	}
}

static void add_notes(json_object *root, const struct plan *plan, bool all, bool *failed)
{
	json_object *notes = json_add_array(root, "notes", failed);

	for (size_t i = 0; i < plan->n_notes; i++) {
		const struct plan_note *note = &plan->notes[i];
		json_object *item;

		if (note->plan_only && !all)
			continue;
		item = json_add_object(notes, failed);
		json_add_text(item, "what", note->what, failed);
		json_add_text(item, "command", note->command, failed);
	}
}

/* The VM, and what becomes of its pending changes; Proxmox VE's names of the keys, without the
 * commas between them. */
static void add_vm(json_object *root, const struct facts *facts, bool *failed)
{
	static const char *const pending[] = {
		[VMCFG_PENDING_NONE] = NULL,
		[VMCFG_PENDING_APPLIED] = "applied",
		[VMCFG_PENDING_WAITS] = "waits",
	};
	const char *keys = facts->vm->pending_keys;
	auto_free char *words = strdup(facts->pending != VMCFG_PENDING_NONE && keys ? keys : "");

	for (char *c = words; c && *c; c++)
		if (*c == ',')
			*c = ' ';
	*failed |= !words;
	json_add_number(root, "vmid", facts->vmid, failed);
	json_add_bool(root, "template", vmcfg_is_template(facts->vm), failed);
	json_add_bool(root, "runs", facts->vm_runs, failed);
	json_add_text(root, "pending", pending[facts->pending], failed);
	json_add_words(root, "pending_keys", words, failed);
}

/* ---- what a start takes ---- */

static void add_container_numbers(json_object *to, const struct device_setting *setting,
				  bool *failed)
{
	json_object *array = json_add_array(to, "stop_ct", failed);

	for (size_t i = 0; setting && i < setting->n_stop_ct; i++)
		if (json_object_array_add(
			    array, json_object_new_int64(strtol(setting->stop_ct[i], NULL, 10))))
			*failed = true;
}

static void add_setting(json_object *to, const struct device_setting *setting, bool *failed)
{
	json_add_texts(to, "stop_units", setting ? setting->stop_units : NULL,
		       setting ? setting->n_stop_units : 0, failed);
	add_container_numbers(to, setting, failed);
	json_add_texts(to, "unload", setting ? setting->unload : NULL,
		       setting ? setting->n_unload : 0, failed);
	if (setting && setting->reset_method)
		json_add_words(to, "reset_method", setting->reset_method, failed);
	else
		json_add_text(to, "reset_method", NULL, failed);
	if (setting && setting->d3cold != D3COLD_AS_IT_IS)
		json_add_bool(to, "d3cold", setting->d3cold == D3COLD_ALLOW, failed);
	else
		json_add_text(to, "d3cold", NULL, failed);
}

/* What the PF's driver keeps for the VF: what is wanted, and what is now. */
static void add_vf(json_object *to, const struct plan_step *step, bool *failed)
{
	const struct vf_facts *vf = step->vf;
	json_object *object, *sets;

	if (!vf) {
		json_add_text(to, "vf", NULL, failed);
		return;
	}
	object = json_add_member(to, "vf", failed);
	json_add_text(object, "pf", bdf_text(&vf->pf), failed);
	json_add_number(object, "index", vf->index, failed);
	json_add_text(object, "interface", vf->port.name, failed);
	json_add_text(object, "bridge", vf->port.bridge, failed);
	json_add_bool(object, "fdb", vf->port.bridge && step->fdb, failed);
	sets = json_add_array(object, "sets", failed);
	for (enum vf_net_field field = 0; field < VF_NET_FIELDS; field++) {
		auto_free char *wanted = vf_net_format(&step->vf_wanted, field);
		auto_free char *now = vf_net_format(&vf->now, field);
		json_object *item;

		if (!vf_net_knows(&step->vf_wanted, field))
			continue;
		item = json_add_object(sets, failed);
		json_add_text(item, "key", vf_net_field_name(field), failed);
		json_add_text(item, "value", wanted, failed);
		json_add_text(item, "now", vf_net_knows(&vf->now, field) ? now : NULL, failed);
	}
}

static void add_step(json_object *to, const struct plan_step *step, const struct facts *facts,
		     struct pci *pci, bool *failed)
{
	const struct device *device = step->device;
	auto_free char *name = pci_name(pci, &device->identity);

	json_add_text(to, "address", bdf_text(&device->bdf), failed);
	json_add_text(to, "name", name, failed);
	json_add_text(to, "identity", pci_identity_text(&device->identity), failed);
	json_add_number(to, "group", device->group, failed);
	json_add_bool(to, "named", device->named, failed);
	json_add_bool(to, "choice", step->choice, failed);
	json_add_text(to, "driver", device->driver, failed);
	json_add_text(to, "binds_to", plan_step_driver(step), failed);
	json_add_text(to, "returns_to", step->returns_to, failed);
	json_add_text(to, "returns_why", return_code(step->why), failed);
	json_add_text(to, "module", device->module.name, failed);
	add_setting(to, facts_setting(facts, device), failed);
	add_vf(to, step, failed);
}

static void add_steps(json_object *root, const struct plan *plan, const struct facts *facts,
		      struct pci *pci, bool *failed)
{
	json_object *devices = json_add_array(root, "devices", failed);

	for (size_t i = 0; !plan->n_refusals && i < plan->n_steps; i++)
		add_step(json_add_object(devices, failed), &plan->steps[i], facts, pci, failed);
}

static void add_made_vfs(json_object *root, const struct facts *facts, const struct plan *plan,
			 bool *failed)
{
	json_object *vfs = json_add_array(root, "makes_vfs", failed);

	for (size_t i = 0; !plan->n_refusals && i < facts->n_absent_vfs; i++) {
		const struct absent_vf *vf = &facts->absent_vfs[i];
		json_object *item;

		if (!facts_make_vf(vf))
			continue;
		item = json_add_object(vfs, failed);
		json_add_text(item, "address", bdf_text(&vf->bdf), failed);
		json_add_text(item, "pf", bdf_text(&vf->pf), failed);
		json_add_number(item, "number", vf->configured, failed);
	}
}

/* ---- the verbs ---- */

static int print_plan(struct take *start, const char *verdict)
{
	cleanup_with(pci_closep) struct pci *pci = NULL;
	const struct facts *facts = start->facts;
	const struct plan *plan = start->plan;
	json_object *root;
	bool failed = false;

	if (pci_open(start->root, &pci))
		return exit_failed(NULL);
	root = json_object_new_object();
	add_vm(root, facts, &failed);
	json_add_text(root, "verdict", verdict, &failed);
	plan_json_refusals(root, "refusals", plan, &failed);
	add_warnings(root, plan, false, &failed);
	add_steps(root, plan, facts, pci, &failed);
	add_made_vfs(root, facts, plan, &failed);
	add_notes(root, plan, true, &failed);
	if (json_print_root(root, failed))
		return exit_failed(NULL);
	return plan->n_refusals ? EXIT_REFUSED : EXIT_DONE;
}

/* What a start with nothing to bind warns of. */
static int plan_nothing(const struct facts *facts, struct plan **ret)
{
	cleanup_with(plan_freep) struct plan *plan = calloc(1, sizeof(*plan));
	struct plan_check c = {.facts = facts, .plan = plan};

	if (!plan)
		return exit_failed(NULL);
	if (facts->pending != VMCFG_PENDING_NONE)
		plan_add_warning(&c, NULL, plan_pending_text(facts));
	for (size_t i = 0; i < plan_count_dropped(facts); i++)
		plan_add_warning(&c, NULL, plan_dropped_text(facts, i));
	plan_note_mdevs(&c);
	if (c.err)
		return exit_failed(NULL);
	*ret = TAKE_PTR(plan);
	return EXIT_DONE;
}

int plan_json(const struct fs_root *root, unsigned int vmid)
{
	auto_settings struct settings settings = settings_default;
	auto_take struct take start = {.root = root, .vmid = vmid, .settings = &settings};
	const char *verdict = "nothing";
	int code;

	settings_read(root, vmid, &settings);
	code = take_read_next_start(&start);
	if (!code)
		code = plan_is_needed(start.facts) ? take_make_plan(&start)
						   : plan_nothing(start.facts, &start.plan);
	if (code)
		return code;
	if (plan_is_needed(start.facts))
		verdict = start.plan->n_refusals ? "refused" : "starts";
	return print_plan(&start, verdict);
}

static const char *vm_verdict(const struct vm_state *state)
{
	if (vmcfg_is_template(state->facts->vm))
		return "template";
	if (vm_state_is_exempt(state))
		return "exempt";
	return state->plan->n_refusals ? "incomplete" : "complete";
}

static int print_vm(const struct vm_state *state)
{
	json_object *root = json_object_new_object();
	bool needs = !vm_state_is_exempt(state) && state->plan->n_refusals;
	bool failed = false;

	add_vm(root, state->facts, &failed);
	json_add_text(root, "verdict", vm_verdict(state), &failed);
	plan_json_refusals(root, "needs", needs ? state->plan : NULL, &failed);
	add_warnings(root, state->plan, true, &failed);
	add_notes(root, state->plan, false, &failed);
	if (json_print_root(root, failed))
		return exit_failed(NULL);
	return needs ? EXIT_REFUSED : EXIT_DONE;
}

int vm_json(const struct fs_root *root, unsigned int vmid)
{
	struct vm_state state;
	auto_free char *why = NULL;
	int err = vm_state_read(root, vmid, &state, &why);
	int code = err ? exit_failed(why) : print_vm(&state);

	vm_state_free(&state);
	return code;
}
