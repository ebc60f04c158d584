// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/vm_verb.h"

#include "host/base/argv.h"
#include "hookscript/pve/exit.h"
#include "hookscript/plan/judge.h"
#include "hookscript/pve/pve.h"
#include "hookscript/pve/vm.h"
#include "hookscript/settings/settings_read.h"
#include "hookscript/verbs/vm_add.h"
#include "hookscript/verbs/vm_state.h"
#include "host/base/log.h"
#include "host/process/program.h"
#include "host/process/supervise.h"

#include <stdio.h>
#include <string.h>

/* What all of the verb's work is about. */
struct verb {
	const struct fs_root *root;
	unsigned int vmid;
	const struct vm_options *options;
	struct vm_state state;
};

static int failed(const char *why)
{
	log_error("%s", why ? why : _("out of memory"));
	return EXIT_FAILED;
}

static int out_of_memory(void)
{
	return failed(NULL);
}

/* Reads the state, again if it was read. Returns EXIT_DONE, or EXIT_FAILED having said why. */
static int read_state(struct verb *verb)
{
	auto_free char *why = NULL;
	int err;

	vm_state_free(&verb->state);
	err = vm_state_read(verb->root, verb->vmid, &verb->state, &why);
	settings_set_language(&verb->state.settings);
	return err ? failed(why) : EXIT_DONE;
}

/* ---- commands ---- */

static void print_command(const char *indent, char *const *command)
{
	auto_free char *text = argv_text(command);

	log_command("%s%s", indent, text ? text : _("out of memory"));
}

/* The lines of TEXT after INDENT. */
static void print_lines(const char *indent, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		log_info("%s%.*s", indent, (int)len, text);
		text += len + (text[len] == '\n');
	}
}

/* Asks a question that is answered by yes or no; an empty answer, and none, is DEFAULT_YES. */
static bool ask(const char *question, bool default_yes)
{
	char answer[8];
	bool answered;

	printf("%s %s ", question, default_yes ? "[Y/n]" : "[y/N]");
	fflush(stdout);
	supervise_allow(SUPERVISE_FOREVER);
	answered = fgets(answer, sizeof(answer), stdin) && *answer != '\n';
	supervise_allow(SUPERVISE_READ_MS);
	if (!answered)
		return default_yes;
	return *answer == 'y' || *answer == 'Y';
}

/* Whether what was shown may be run. */
static bool may_run(const struct verb *verb)
{
	if (!verb->options->run) {
		log_info(_("nothing was run: --root is not the running system; run the commands "
			   "there"));
		return false;
	}
	if (verb->options->yes)
		return true;
	if (!isatty(STDIN_FILENO)) {
		log_info(_(
			"nothing was run: there is no terminal to ask at; run the commands, or add "
			"--yes"));
		return false;
	}
	if (ask(_("Run this?"), false))
		return true;
	log_info(_("nothing was run"));
	return false;
}

/* Runs it; says so before, and why it failed. */
static bool run_command(const struct fs_root *root, char *const *command)
{
	const struct program program = {.args = (const char *const *)command};
	auto_program_end struct program_end end = {0};
	auto_free char *text = argv_text(command), *why = NULL;
	int err;

	if (!text) {
		out_of_memory();
		return false;
	}
	log_info(_("running: %s"), text);
	supervise_allow(SUPERVISE_FOREVER);
	err = program_act(root, &program, &end);
	supervise_allow(SUPERVISE_READ_MS);
	if (!err)
		return true;
	why = program_explain(root, &program, err, &end);
	log_error(_("`%s` failed: %s; nothing more was run"), text, why ? why : strerror(-err));
	return false;
}

/* ---- what the VM needs ---- */

static void print_pending(const struct verb *verb)
{
	auto_free char *text = plan_pending_text(verb->state.facts);

	if (text)
		log_info("%s", text);
}

static void print_cure(const struct cure *cure)
{
	if (cure->words)
		print_lines("  ", cure->words);
	if (cure->command)
		print_lines("    ", cure->command);
}

static void print_needs(const struct verb *verb)
{
	const struct plan *plan = verb->state.plan;

	log_info(_("VM %u needs, for its devices to be passed through:"), verb->vmid);
	for (size_t i = 0; i < plan->n_refusals; i++) {
		const struct refusal *refusal = &plan->refusals[i];

		log_info("- %s", refusal->what);
		for (size_t k = 0; k < refusal->n_cures; k++)
			print_cure(&refusal->cures[k]);
	}
}

static int print_none(const struct verb *verb)
{
	const struct facts *facts = verb->state.facts;

	if (vmcfg_is_template(facts->vm))
		log_info(_("VM %u is a template: it starts without devices, and needs nothing"),
			 verb->vmid);
	else if (vm_state_is_exempt(&verb->state))
		log_info(
			_("VM %u has devices that are left to Proxmox VE only (mdev=, driver=keep), "
			  "and needs nothing"),
			verb->vmid);
	else
		log_info(
			_("VM %u has what it needs; what a start would do: pve-passthrough plan %u"),
			verb->vmid, verb->vmid);
	return EXIT_DONE;
}

/* Looks again after commands were run, and says what is still missing. */
static int look_again(struct verb *verb)
{
	auto_free char *names = NULL;

	if (read_state(verb))
		return EXIT_FAILED;
	print_pending(verb);
	if (!verb->state.plan->n_refusals)
		return print_none(verb);
	names = vm_needs_names(verb->state.plan, false);
	if (!names)
		return out_of_memory();
	log_info(_("VM %u still needs: %s; more: pve-passthrough vm %u"), verb->vmid, names,
		 verb->vmid);
	return EXIT_PARTLY;
}

/* Calls RUN for each command that --fix may run, until one fails. Returns how many were run, or -1
 * for one that failed. */
static int each_fix(const struct verb *verb,
		    bool (*run)(const struct fs_root *root, char *const *command))
{
	const struct plan *plan = verb->state.plan;
	int n = 0;

	for (size_t i = 0; i < plan->n_refusals; i++)
		for (size_t k = 0; k < plan->refusals[i].n_cures; k++) {
			const struct cure *cure = &plan->refusals[i].cures[k];

			if (cure->fix && !run(verb->root, cure->fix))
				return -1;
			n += !!cure->fix;
		}
	return n;
}

static bool count_only(const struct fs_root *root, char *const *command)
{
	(void)root;
	(void)command;
	return true;
}

/* Whether commands are shown that --fix does not run. */
static bool has_other_commands(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_refusals; i++)
		for (size_t k = 0; k < plan->refusals[i].n_cures; k++)
			if (plan->refusals[i].cures[k].command && !plan->refusals[i].cures[k].fix)
				return true;
	return false;
}

static bool show_command(const struct fs_root *root, char *const *command)
{
	(void)root;
	print_command("    ", command);
	return true;
}

static int show_needs(struct verb *verb)
{
	const struct plan *plan = verb->state.plan;
	int n;

	print_pending(verb);
	if (vm_state_is_exempt(&verb->state) || !plan->n_refusals)
		return print_none(verb);
	print_needs(verb);
	n = each_fix(verb, count_only);
	if (!verb->options->fix) {
		if (n)
			log_info(_("the commands that change configuration are run, after a "
				   "question, by: pve-passthrough vm %u --fix"),
				 verb->vmid);
		return EXIT_REFUSED;
	}
	if (!n) {
		log_info(_("nothing of this is done by a command that --fix could run"));
		return EXIT_REFUSED;
	}
	if (has_other_commands(plan)) {
		log_info(_("of these, --fix runs:"));
		each_fix(verb, show_command);
	}
	if (!may_run(verb))
		return EXIT_REFUSED;
	return each_fix(verb, run_command) < 0 ? EXIT_FAILED : look_again(verb);
}

/* ---- --add ---- */

/* Who shares the device's group, " 0000:01:00.1 0000:02:00.0"; "" when nobody does. */
static char *neighbours(const struct device_summaries *list, const struct device_summary *device)
{
	char *text = strdup("");

	for (size_t i = 0; text && i < list->n; i++) {
		const struct device_summary *other = &list->items[i];
		char address[BDF_TEXT_SIZE];
		char *longer;

		if (device->group < 0 || other->group != device->group || other == device ||
		    !vm_can_have(other))
			continue;
		longer = fs_path("%s %s", text, bdf_format(&other->bdf, address));
		free(text);
		text = longer;
	}
	return text;
}

static int print_device(const struct device_summaries *list, const struct device_summary *device)
{
	auto_free char *others = neighbours(list, device);
	const char *driver = device->driver ? device->driver : _("none");
	char address[BDF_TEXT_SIZE];

	if (!others)
		return -ENOMEM;
	log_info("%s  %s: %s", bdf_format(&device->bdf, address), device->class_name, device->name);
	if (device->group < 0)
		log_info(_("    driver %s; no IOMMU group: see host-setup check"), driver);
	else if (*others)
		log_info(_("    driver %s; group %d, together with%s"), driver, device->group,
			 others);
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
			return out_of_memory();
	}
	if (!n)
		log_info("%s", gpu ? _("there is no graphics card that a VM could have")
				   : _("there is no device that a VM could have"));
	else
		log_info(_("give one to VM %u: pve-passthrough vm %u --add ADDRESS%s"), verb->vmid,
			 verb->vmid, gpu ? " --gpu" : "");
	return EXIT_DONE;
}

/* What is shown, and whether it is asked: a card without a monitor may still be what one wants. */
static bool wants_primary(const struct verb *verb)
{
	if (!verb->options->gpu || !verb->options->run || verb->options->yes ||
	    !isatty(STDIN_FILENO))
		return verb->options->gpu;
	log_info(_(
		"The card can be the VM's display (x-vga=1): then its picture is on the card's output "
		"alone, and Proxmox VE's console stays dark."));
	return ask(_("Shall it be the VM's display?"), true);
}

static void print_addition(const struct verb *verb, const struct vm_addition *addition)
{
	log_info(_("VM %u would get:"), verb->vmid);
	for (size_t i = 0; i < addition->notes.n; i++)
		log_info("- %s", addition->notes.items[i]);
	if (addition->firmware)
		print_command("    ", addition->firmware);
	print_command("    ", addition->command);
}

static int add_device(struct verb *verb, const struct device_summaries *list)
{
	struct vm_add_choice choice = {.facts = verb->state.facts,
				       .devices = list,
				       .storages = &verb->state.hook.storages,
				       .address = verb->options->address,
				       .gpu = verb->options->gpu,
				       .primary = wants_primary(verb)};
	auto_vm_addition struct vm_addition addition = {0};

	if (vm_add_propose(&choice, &addition))
		return out_of_memory();
	if (addition.refusal) {
		log_error("%s", addition.refusal);
		return EXIT_REFUSED;
	}
	print_addition(verb, &addition);
	if (!may_run(verb)) {
		log_info(_("what it needs besides: pve-passthrough vm %u"), verb->vmid);
		return EXIT_REFUSED;
	}
	if ((addition.firmware && !run_command(verb->root, addition.firmware)) ||
	    !run_command(verb->root, addition.command))
		return EXIT_FAILED;
	/* What was asked for is done; the rest is only said. */
	return look_again(verb) == EXIT_FAILED ? EXIT_FAILED : EXIT_DONE;
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

static int look_for_hook(const struct verb *verb, bool runs)
{
	cleanup_with(vmcfg_freep) struct vmcfg *vm = NULL;
	auto_free char *why = NULL;
	const char *volume;

	if (vm_read(verb->root, verb->vmid, &vm, &why))
		return failed(why);
	volume = vm->values[VMCFG_HOOKSCRIPT].text;
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
	cleanup_with(vmcfg_freep) struct vmcfg *vm = NULL;
	auto_free char *vmid = fs_path("%u", verb->vmid);
	auto_argv char **command = vmid ? argv_new("qm", "set", vmid, "--delete", "hookscript")
					: NULL;
	bool runs = pve_vm_runs(verb->root, verb->vmid);
	auto_free char *why = NULL;
	const char *volume;

	settings_set_language_of(verb->root, verb->vmid);
	if (vm_read(verb->root, verb->vmid, &vm, &why))
		return failed(why);
	if (!command)
		return out_of_memory();
	volume = vm->values[VMCFG_HOOKSCRIPT].text;
	if (!volume) {
		log_info(_("VM %u has no hookscript"), verb->vmid);
		return EXIT_DONE;
	}
	if (!vm_hook_is_ours(volume)) {
		log_error(_("VM %u: hookscript: %s is another hook, and stays"), verb->vmid,
			  volume);
		return EXIT_REFUSED;
	}
	log_info(
		_("without the hook VM %u can be started where this package is missing, after a restore "
		  "for example; Proxmox VE binds its devices by itself then, nothing is checked before, "
		  "and nobody gives them back to their drivers"),
		verb->vmid);
	if (runs)
		log_info(_("VM %u runs: what was taken for it goes back all the same when it ends"),
			 verb->vmid);
	print_command("    ", command);
	if (!may_run(verb))
		return EXIT_REFUSED;
	return run_command(verb->root, command) ? look_for_hook(verb, runs) : EXIT_FAILED;
}

int vm_verb_run(const struct fs_root *root, unsigned int vmid, const struct vm_options *options)
{
	struct verb verb = {.root = root, .vmid = vmid, .options = options};
	int code = EXIT_DONE;

	if (options->detach)
		return detach(&verb);
	code = read_state(&verb);
	if (!code)
		code = options->add ? add_or_list(&verb) : show_needs(&verb);
	vm_state_free(&verb.state);
	return code;
}
