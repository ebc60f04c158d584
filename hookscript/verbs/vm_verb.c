// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/vm_verb.h"

#include "host/text/argv.h"
#include "host/base/log.h"
#include "host/text/strbuf.h"
#include "hookscript/plan/judge.h"
#include "hookscript/plan/plan_print.h"
#include "hookscript/pve/exit.h"
#include "hookscript/pve/pve.h"
#include "hookscript/pve/vm.h"
#include "hookscript/settings/settings_read.h"
#include "hookscript/verbs/commands.h"
#include "hookscript/verbs/mapping.h"
#include "hookscript/verbs/vm_add.h"
#include "hookscript/verbs/vm_needs.h"

#include <string.h>

/* What all functions here share. */
struct verb {
	const struct fs_root *root;
	unsigned int vmid;
	const struct vm_options *options;
	struct vm_state state;
};

/* Of the warnings of a start those that are about the config. */
static void print_lasting(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_warnings; i++)
		if (plan->warnings[i].lasting)
			log_info("%s", plan->warnings[i].what);
}

/* Reads the state, again if it was read, and reports pending changes. Returns EXIT_DONE, or
 * EXIT_FAILED and reports why. */
static int read_state(struct verb *verb)
{
	auto_free char *why = NULL, *pending = NULL;
	int err;

	vm_state_free(&verb->state);
	err = vm_state_read(verb->root, verb->vmid, &verb->state, &why);
	settings_set_language(&verb->state.settings);
	if (err)
		return exit_failed(why);
	pending = plan_pending_text(verb->state.facts);
	if (pending)
		log_info("%s", pending);
	print_lasting(verb->state.plan);
	return EXIT_DONE;
}

/* ---- commands ---- */

static struct command_rights rights_of(const struct verb *verb)
{
	return (struct command_rights){.run = verb->options->run, .yes = verb->options->yes};
}

static bool may_run(const struct verb *verb)
{
	const struct command_rights rights = rights_of(verb);

	return commands_may_run(&rights);
}

static bool run_command(const struct fs_root *root, char *const *command)
{
	return !commands_run(root, command, 0);
}

/* ---- what the VM needs ---- */

static void print_needs(const struct verb *verb)
{
	const struct plan *plan = verb->state.plan;

	log_info(_("VM %u needs, for its devices to be passed through:"), verb->vmid);
	for (size_t i = 0; i < plan->n_refusals; i++) {
		const struct refusal *refusal = &plan->refusals[i];

		log_info("- %s", refusal->what);
		for (size_t k = 0; k < refusal->n_cures; k++) {
			if (refusal->cures[k].words)
				log_info("  %s", refusal->cures[k].words);
			if (refusal->cures[k].command)
				log_command("    %s", refusal->cures[k].command);
		}
	}
}

/* What the VM needs is in its config, or will be once pending changes are applied. */
static void print_complete(const struct verb *verb)
{
	const struct facts *facts = verb->state.facts;
	unsigned int vmid = verb->vmid;

	if (facts->pending == VMCFG_PENDING_APPLIED && facts->vm_runs)
		log_info(_("VM %u will have what it needs when it is started the next time: the "
			   "changes are pending (%s), and a reboot inside the guest does not apply "
			   "them: qm shutdown %u && qm start %u"),
			 vmid, facts->vm->pending_keys, vmid, vmid);
	else
		log_info(
			_("VM %u has what it needs; what a start would do: pve-passthrough plan %u"),
			vmid, vmid);
}

static int print_none(const struct verb *verb)
{
	if (vmcfg_is_template(verb->state.facts->vm))
		log_info(_("VM %u is a template: it starts without devices, and needs nothing"),
			 verb->vmid);
	else if (vm_state_is_exempt(&verb->state))
		log_info(
			facts_have_entries(verb->state.facts)
				? _("VM %u has devices that are left to Proxmox VE only (mdev=, "
				    "driver=keep), and needs nothing")
				: _("VM %u has mediated devices only, which args give to QEMU, and "
				    "needs nothing"),
			verb->vmid);
	else
		print_complete(verb);
	return EXIT_DONE;
}

/* Reads again after commands were run, and prints what is still missing. */
static int check_again(struct verb *verb)
{
	auto_free char *names = NULL;

	if (read_state(verb))
		return EXIT_FAILED;
	if (!verb->state.plan->n_refusals)
		return print_none(verb);
	names = vm_needs_names(verb->state.plan, false);
	if (!names)
		return exit_failed(NULL);
	log_info(_("VM %u still needs: %s; more: pve-passthrough vm %u"), verb->vmid, names,
		 verb->vmid);
	return EXIT_PARTLY;
}

/* The commands of a plan's cures. */
struct commands {
	char *const **fixes; /* those that --fix may run, in the plan */
	size_t n_fixes, n_others;
};

static void free_commands(struct commands *commands)
{
	free(commands->fixes);
}

static int list_commands(const struct plan *plan, struct commands *ret)
{
	for (size_t i = 0; i < plan->n_refusals; i++)
		for (size_t k = 0; k < plan->refusals[i].n_cures; k++) {
			const struct cure *cure = &plan->refusals[i].cures[k];

			ret->n_others += cure->command && !cure->fix;
			if (!cure->fix)
				continue;
			if (!array_grow(ret->fixes, ret->n_fixes))
				return -ENOMEM;
			ret->fixes[ret->n_fixes++] = cure->fix;
		}
	return 0;
}

/* Shows each command and asks for it, so that one can be declined; *RET_N: how many were run. */
static int run_each(const struct verb *verb, const struct commands *commands, size_t *ret_n)
{
	for (size_t i = 0; i < commands->n_fixes; i++) {
		if (!verb->options->yes) {
			commands_print(commands->fixes[i]);
			if (!commands_ask(_("Run this?"), false))
				continue;
		}
		if (!run_command(verb->root, commands->fixes[i]))
			return EXIT_FAILED;
		(*ret_n)++;
	}
	return EXIT_DONE;
}

static int run_fixes(struct verb *verb, const struct commands *commands)
{
	const struct command_rights rights = rights_of(verb);
	size_t n = 0;

	if (commands->n_others)
		log_info(_("of these, --fix runs:"));
	for (size_t i = 0; commands->n_others && i < commands->n_fixes; i++)
		commands_print(commands->fixes[i]);
	if (!commands_can_run(&rights))
		return EXIT_REFUSED;
	if (run_each(verb, commands, &n))
		return EXIT_FAILED;
	if (n)
		return check_again(verb);
	log_info(_("nothing was run"));
	return EXIT_REFUSED;
}

static int show_needs(struct verb *verb)
{
	cleanup_with(free_commands) struct commands commands = {0};

	if (vm_state_is_exempt(&verb->state) || !verb->state.plan->n_refusals)
		return print_none(verb);
	print_needs(verb);
	if (list_commands(verb->state.plan, &commands))
		return exit_failed(NULL);
	if (verb->options->fix && commands.n_fixes)
		return run_fixes(verb, &commands);
	if (verb->options->fix)
		log_info(_("there is no command for this that --fix could run"));
	else if (commands.n_fixes)
		log_info(_("the commands that change configuration are run, after a question, by: "
			   "pve-passthrough vm %u --fix"),
			 verb->vmid);
	return EXIT_REFUSED;
}

static int show_state(struct verb *verb)
{
	int code = show_needs(verb);

	if (code != EXIT_FAILED)
		plan_print_notes(verb->state.plan, false);
	return code;
}

/* ---- --add ---- */

static int print_device(const struct device_summaries *list, const struct device_summary *device)
{
	const char *driver = device->driver ? device->driver : _("none");
	auto_strbuf struct strbuf others = {0};

	for (size_t i = 0; device->group >= 0 && i < list->n; i++) {
		const struct device_summary *other = &list->items[i];

		if (other->group == device->group && other != device && !other->bridge &&
		    !other->child)
			strbuf_add(&others, " %s", bdf_text(&other->bdf));
	}
	if (others.failed)
		return -ENOMEM;
	log_info("%s  %s: %s", bdf_text(&device->bdf), device->class_name, device->name);
	if (device->group < 0)
		log_info(_("    driver %s; no IOMMU group: see host-setup check"), driver);
	else if (others.len)
		log_info(_("    driver %s; group %d, together with%s"), driver, device->group,
			 others.text);
	else
		log_info(_("    driver %s; group %d, alone in it"), driver, device->group);
	if (device->vms)
		log_info(_("    %s has it"), device->vms);
	if (device->used)
		log_info(_("    in use: %s"), device->used);
	return 0;
}

static int list_devices(const struct verb *verb, const struct device_summaries *list)
{
	bool gpu = verb->options->gpu;
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct device_summary *device = &list->items[i];

		if (!vm_can_have(device) || (gpu && !device_is_display(device)))
			continue;
		n++;
		if (print_device(list, device))
			return exit_failed(NULL);
	}
	if (!n)
		log_info("%s", gpu ? _("there is no graphics card that a VM could have")
				   : _("there is no device that a VM could have"));
	else
		log_info(_("give one to VM %u: pve-passthrough vm %u --add ADDRESS%s"), verb->vmid,
			 verb->vmid, gpu ? " --gpu" : "");
	return EXIT_DONE;
}

/* Whether the card becomes the VM's display: asked, because it needs a monitor at the card. */
static bool wants_primary(const struct verb *verb)
{
	if (!verb->options->gpu || !verb->options->run || verb->options->yes ||
	    !isatty(STDIN_FILENO))
		return verb->options->gpu;
	log_info(_(
		"The card can be the VM's display (x-vga=1): then its picture is on the card's output "
		"alone, and Proxmox VE's console stays dark."));
	return commands_ask(_("Use it as the VM's display?"), true);
}

static void print_addition(const struct verb *verb, struct vm_addition *addition)
{
	char *rest = addition->notes.text, *line;

	log_info(_("VM %u would get:"), verb->vmid);
	while ((line = strsep(&rest, "\n")))
		log_info("- %s", line);
	if (verb->options->mapping)
		return;
	if (addition->firmware)
		commands_print(addition->firmware);
	commands_print(addition->command);
}

/* The mapping is made first: qm accepts none that does not exist. */
static int add_by_mapping(struct verb *verb, const struct vm_addition *addition)
{
	char *const *const both[] = {addition->firmware, addition->command, NULL};
	char *address = addition->path;
	const struct mapping_options mapping = {
		.name = verb->options->mapping,
		.addresses = &address,
		.n_addresses = 1,
		.run = verb->options->run,
		.yes = verb->options->yes,
		.then = addition->firmware  ? both
			: addition->command ? both + 1
					    : NULL,
	};
	int code = mapping_run(verb->root, &mapping);

	if (code)
		return code;
	return check_again(verb) == EXIT_FAILED ? EXIT_FAILED : EXIT_DONE;
}

static int add_device(struct verb *verb, const struct device_summaries *list)
{
	struct vm_add_choice choice = {.facts = verb->state.facts,
				       .devices = list,
				       .storages = &verb->state.hook.storages,
				       .address = verb->options->address,
				       .gpu = verb->options->gpu,
				       .mapping = verb->options->mapping,
				       .primary = wants_primary(verb)};
	auto_vm_addition struct vm_addition addition = {0};

	if (vm_add_propose(&choice, &addition))
		return exit_failed(NULL);
	if (addition.refusal) {
		log_error("%s", addition.refusal);
		return EXIT_REFUSED;
	}
	print_addition(verb, &addition);
	if (verb->options->mapping)
		return add_by_mapping(verb, &addition);
	if (!may_run(verb)) {
		log_info(_("what it needs besides: pve-passthrough vm %u"), verb->vmid);
		return EXIT_REFUSED;
	}
	if ((addition.firmware && !run_command(verb->root, addition.firmware)) ||
	    !run_command(verb->root, addition.command))
		return EXIT_FAILED;
	/* What was asked for is done; what is missing is only printed. */
	return check_again(verb) == EXIT_FAILED ? EXIT_FAILED : EXIT_DONE;
}

static int add_or_list(struct verb *verb)
{
	auto_summaries struct device_summaries list = {0};
	int err = device_summaries_read(verb->root, &list);

	if (!err)
		err = judge_devices(verb->root, &list);
	if (err) {
		log_error(_("the devices cannot be read from /sys: %s"), log_strerror(err));
		return EXIT_FAILED;
	}
	return verb->options->address ? add_device(verb, &list) : list_devices(verb, &list);
}

/* ---- --detach ---- */

/* The VM's hookscript, which may be NULL, or EXIT_FAILED. */
static int read_hookscript(const struct verb *verb, char **ret)
{
	cleanup_with(vmcfg_freep) struct vmcfg *vm = NULL;
	auto_free char *why = NULL;

	if (vm_read(verb->root, verb->vmid, &vm, &why))
		return exit_failed(why);
	*ret = TAKE_PTR(vm->values[VMCFG_HOOKSCRIPT].text);
	return EXIT_DONE;
}

static int check_detached(const struct verb *verb, bool runs)
{
	auto_free char *volume = NULL;

	if (read_hookscript(verb, &volume))
		return EXIT_FAILED;
	if (volume && !runs) {
		log_error(_("VM %u still has hookscript: %s"), verb->vmid, volume);
		return EXIT_FAILED;
	}
	log_info(volume ? _("VM %u runs: Proxmox VE has noted this, and does it when the VM stops")
			: _("VM %u has no hook any more"),
		 verb->vmid);
	log_info(_("put it back: pve-passthrough vm %u --fix"), verb->vmid);
	return EXIT_DONE;
}

/* Needs the config only: it is for when other things are broken. */
static int detach(const struct verb *verb)
{
	auto_free char *vmid = fs_path("%u", verb->vmid), *volume = NULL;
	auto_argv char **command = vmid ? argv_new("qm", "set", vmid, "--delete", "hookscript")
					: NULL;
	bool runs = pve_vm_runs(verb->root, verb->vmid);

	settings_set_language_of(verb->root, verb->vmid);
	if (!command)
		return exit_failed(NULL);
	if (read_hookscript(verb, &volume))
		return EXIT_FAILED;
	if (!volume) {
		log_info(_("VM %u has no hookscript"), verb->vmid);
		return EXIT_DONE;
	}
	if (!vm_hook_is_ours(volume)) {
		log_error(_("VM %u: hookscript: %s is another hook, and stays"), verb->vmid,
			  volume);
		return EXIT_REFUSED;
	}
	log_info(_("without the hook VM %u can be started where this package is missing, after a "
		   "restore for example; Proxmox VE then binds its devices by itself, nothing is "
		   "checked before, and they are not given back to their drivers"),
		 verb->vmid);
	if (runs)
		log_info(_("VM %u runs: what was taken for it goes back all the same when it ends"),
			 verb->vmid);
	commands_print(command);
	if (!may_run(verb))
		return EXIT_REFUSED;
	return run_command(verb->root, command) ? check_detached(verb, runs) : EXIT_FAILED;
}

int vm_verb_run(const struct fs_root *root, unsigned int vmid, const struct vm_options *options)
{
	struct verb verb = {.root = root, .vmid = vmid, .options = options};
	int code;

	if (options->detach)
		return detach(&verb);
	code = read_state(&verb);
	/* Without settings nothing more is judged. */
	if (!code)
		code = options->add && !verb.state.settings.err ? add_or_list(&verb)
								: show_state(&verb);
	vm_state_free(&verb.state);
	return code;
}
