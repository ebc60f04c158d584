// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/vm_verb.h"

#include "hookscript/argv.h"
#include "hookscript/exit.h"
#include "hookscript/pve.h"
#include "hookscript/vm.h"
#include "hookscript/vm_add.h"
#include "hookscript/vm_state.h"
#include "host/log.h"
#include "host/program.h"
#include "host/supervise.h"

#include <stdio.h>
#include <string.h>

/* What all of the verb's work is about. */
struct verb {
	const struct fs_root *root;
	unsigned int vmid;
	const struct vm_options *options;
	struct vmcfg *vm;
	struct vm_state state;
};

static int out_of_memory(void)
{
	log_error(_("out of memory"));
	return EXIT_FAILED;
}

/* Reads the config and the state, again if they were read. Returns false having said why. */
static bool read_state(struct verb *verb)
{
	auto_free char *why = NULL;

	vm_state_free(&verb->state);
	vmcfg_free(TAKE_PTR(verb->vm));
	if (vm_read(verb->root, verb->vmid, &verb->vm))
		return false;
	if (!vm_state_read(verb->root, verb->vmid, verb->vm, &verb->state, &why))
		return true;
	log_error("%s", why ? why : _("out of memory"));
	return false;
}

/* ---- commands ---- */

static void print_command(const char *indent, char *const *command)
{
	auto_free char *text = argv_text(command);

	log_command("%s%s", indent, text ? text : _("out of memory"));
}

/* The lines of TEXT behind INDENT. */
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

static void print_needs(const struct verb *verb)
{
	log_info(_("VM %u needs, for its devices to be passed through:"), verb->vmid);
	for (size_t i = 0; i < verb->state.needs.n; i++) {
		const struct vm_need *need = &verb->state.needs.items[i];

		log_info("- %s", need->what);
		if (need->note)
			print_lines("  ", need->note);
		if (need->command)
			print_command("    ", need->command);
		else
			print_lines("    ", need->by_hand);
	}
}

static int print_none(const struct verb *verb)
{
	if (vmcfg_is_template(verb->vm))
		log_info(_("VM %u is a template: it starts without devices, and needs nothing"),
			 verb->vmid);
	else if (!verb->state.binds)
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

	if (!read_state(verb))
		return EXIT_FAILED;
	if (!verb->state.needs.n)
		return print_none(verb);
	names = vm_needs_names(&verb->state.needs);
	if (!names)
		return out_of_memory();
	log_info(_("VM %u still needs: %s; more: pve-passthrough vm %u"), verb->vmid, names,
		 verb->vmid);
	if (verb->state.runs)
		log_info(
			_("VM %u runs: what Proxmox VE has noted as pending holds when it has been "
			  "stopped and started"),
			verb->vmid);
	return EXIT_REFUSED;
}

static bool needs_have_command(const struct vm_needs *needs)
{
	for (size_t i = 0; i < needs->n; i++)
		if (needs->items[i].command)
			return true;
	return false;
}

static int show_needs(struct verb *verb)
{
	if (vmcfg_is_template(verb->vm) || !verb->state.needs.n)
		return print_none(verb);
	print_needs(verb);
	if (!verb->options->fix) {
		if (needs_have_command(&verb->state.needs))
			log_info(
				_("these commands are run, after a question, by: pve-passthrough vm %u "
				  "--fix"),
				verb->vmid);
		return EXIT_REFUSED;
	}
	if (!needs_have_command(&verb->state.needs)) {
		log_info(_("nothing of this is done by a command that --fix could run"));
		return EXIT_REFUSED;
	}
	if (!may_run(verb))
		return EXIT_REFUSED;
	for (size_t i = 0; i < verb->state.needs.n; i++) {
		const struct vm_need *need = &verb->state.needs.items[i];

		if (need->command && !run_command(verb->root, need->command))
			return EXIT_FAILED;
	}
	return look_again(verb);
}

/* ---- --add ---- */

/* Who shares the card's group, "0000:01:00.1 0000:02:00.0"; "" when nobody does. */
static char *neighbours(const struct cards *cards, const struct card *card)
{
	char *text = strdup("");

	for (size_t i = 0; text && i < cards->n; i++) {
		const struct card *other = &cards->items[i];
		char address[BDF_TEXT_SIZE];
		char *longer;

		if (card->group < 0 || other->group != card->group || other == card)
			continue;
		longer = fs_path("%s %s", text, bdf_format(&other->bdf, address));
		free(text);
		text = longer;
	}
	return text;
}

static int print_card(const struct cards *cards, const struct card *card)
{
	auto_free char *others = neighbours(cards, card);
	char address[BDF_TEXT_SIZE];

	if (!others)
		return -ENOMEM;
	log_info("%s  %s: %s", bdf_format(&card->bdf, address), card->class_name, card->name);
	if (card->group < 0)
		log_info(_("    driver %s; no IOMMU group: see host-setup check"),
			 card->driver ? card->driver : _("none"));
	else if (*others)
		log_info(_("    driver %s; group %d, together with%s"),
			 card->driver ? card->driver : _("none"), card->group, others);
	else
		log_info(_("    driver %s; group %d, alone in it"),
			 card->driver ? card->driver : _("none"), card->group);
	if (card->vms)
		log_info(_("    %s has it"), card->vms);
	if (card->used)
		log_info(_("    in use: %s"), card->used);
	return 0;
}

static int list_cards(const struct verb *verb, const struct cards *cards)
{
	const char *gpu = verb->options->gpu ? " --gpu" : "";
	size_t n = 0;

	for (size_t i = 0; i < cards->n; i++) {
		if (verb->options->gpu && !card_is_display(&cards->items[i]))
			continue;
		n++;
		if (print_card(cards, &cards->items[i]))
			return out_of_memory();
	}
	if (!n)
		log_info("%s", verb->options->gpu
				       ? _("there is no graphics card that a VM could have")
				       : _("there is no device that a VM could have"));
	else
		log_info(_("give one to VM %u: pve-passthrough vm %u --add ADDRESS%s"), verb->vmid,
			 verb->vmid, gpu);
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

static int add_card(struct verb *verb, const struct cards *cards)
{
	struct vm_add_choice choice = {.vmid = verb->vmid,
				       .vm = verb->vm,
				       .selection = verb->state.selection,
				       .settings = &verb->state.settings,
				       .cards = cards,
				       .storages = &verb->state.storages,
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
	auto_cards struct cards cards = {0};
	int err = cards_read(verb->root, &cards);

	if (err) {
		log_error(_("the devices cannot be read from /sys: %s"), strerror(-err));
		return EXIT_FAILED;
	}
	return verb->options->address ? add_card(verb, &cards) : list_cards(verb, &cards);
}

/* ---- --detach ---- */

static int look_for_hook(struct verb *verb)
{
	const char *volume;

	vmcfg_free(TAKE_PTR(verb->vm));
	if (vm_read(verb->root, verb->vmid, &verb->vm))
		return EXIT_FAILED;
	volume = verb->vm->values[VMCFG_HOOKSCRIPT].text;
	if (volume && !verb->state.runs) {
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
static int detach(struct verb *verb)
{
	const char *volume = verb->vm->values[VMCFG_HOOKSCRIPT].text;
	auto_free char *vmid = fs_path("%u", verb->vmid);
	auto_argv char **command = vmid ? argv_new("qm", "set", vmid, "--delete", "hookscript")
					: NULL;

	if (!command)
		return out_of_memory();
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
	if (verb->state.runs)
		log_info(_("VM %u runs: what was taken for it goes back all the same when it ends"),
			 verb->vmid);
	print_command("    ", command);
	if (!may_run(verb))
		return EXIT_REFUSED;
	return run_command(verb->root, command) ? look_for_hook(verb) : EXIT_FAILED;
}

int vm_verb_run(const struct fs_root *root, unsigned int vmid, const struct vm_options *options)
{
	struct verb verb = {.root = root, .vmid = vmid, .options = options};
	int code = EXIT_FAILED;

	if (options->detach) {
		verb.state.runs = pve_vm_runs(root, vmid);
		code = vm_read(root, vmid, &verb.vm) ? EXIT_FAILED : detach(&verb);
	} else if (read_state(&verb)) {
		code = options->add ? add_or_list(&verb) : show_needs(&verb);
	}
	vm_state_free(&verb.state);
	vmcfg_free(verb.vm);
	return code;
}
