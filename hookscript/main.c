// SPDX-License-Identifier: GPL-2.0-or-later
/* argv -> a phase of Proxmox VE or a verb of a person, from const tables. */
#include "hookscript/verbs/accept.h"
#include "hookscript/pve/exit.h"
#include "hookscript/phases/phase.h"
#include "hookscript/pve/pve.h"
#include "hookscript/settings/settings_read.h"
#include "hookscript/records/record_text.h"
#include "hookscript/verbs/json/plan_json.h"
#include "hookscript/verbs/json/show_json.h"
#include "hookscript/verbs/mapping.h"
#include "hookscript/verbs/rehearse.h"
#include "hookscript/verbs/show.h"
#include "hookscript/phases/start.h"
#include "hookscript/phases/stop.h"
#include "hookscript/verbs/vm_verb.h"
#include "hookscript/watch.h"
#include "host/base/cli.h"
#include "host/base/language.h"
#include "host/base/log.h"
#include "host/process/supervise.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define NAME "pve-passthrough"

/* In parts, for the translators; a screen of 24 lines and 80 columns shows it all. */
static const char *const help_texts[] = {
	N_("usage: pve-passthrough VMID PHASE     as Proxmox VE runs it in each phase\n"
	   "       pve-passthrough COMMAND [VMID] [OPTIONS]\n"
	   "A hookscript: binds the PCI devices of a VM to vfio-pci when the VM starts, and\n"
	   "gives them back to their drivers when it has stopped. Once for each VM:\n"
	   "  qm set VMID --hookscript local:snippets/pve-passthrough\n"),
	"\n",
	N_("  plan VMID      what a start would do, or why it would be refused\n"
	   "  status         which devices are taken, for which VM, from which driver\n"
	   "  vm VMID        what the VM still needs for its devices, as commands; --fix\n"
	   "                 runs them; --add [ADDRESS] gives it a device, --gpu a graphics\n"
	   "                 card, --mapping=NAME by a mapping; --detach removes the hook\n"
	   "  mapping NAME [ADDRESS...]  make or mend a cluster's mapping; --vfs-of PF,\n"
	   "                 --all-twins, --node NODE|all, --alternative; --json\n"
	   "  restore VMID   give back what is still taken for a VM that has stopped; --all\n"
	   "  accept VMID    confirm the devices that are at the VM's addresses now\n"
	   "  test ADDRESS   try a device: take, reset, give back; --reset=METHOD, --json\n"),
	N_("  log VMID       what was said of the VM so far, from the journal\n"
	   "  config VMID    how the VM's config was understood; for programs: --raw\n"
	   "  settings VMID  the settings that apply to the VM, and where each is from\n"
	   "  watch VMID     started by pre-start: gives back when the VM has ended\n"),
	N_("Options: -y, --yes (do not ask), --json, --root DIR, -h, --help, --version\n"
	   "Exit codes: 0 done, 1 failed, 2 refused or missing, 3 partly done, 64 usage\n"
	   "Settings: man 5 pve-passthrough.conf. More: man 8 pve-passthrough\n"),
};

enum {
	OPT_ROOT = 256,
	OPT_ALL,
	OPT_FIX,
	OPT_ADD,
	OPT_DETACH,
	OPT_GPU,
	OPT_MAPPING,
	OPT_VFS_OF,
	OPT_ALL_TWINS,
	OPT_NODE,
	OPT_ALTERNATIVE,
	OPT_RAW,
	OPT_RESET,
	OPT_JSON,
	OPT_VERSION,
};

static const struct option options[] = {
	{"root", required_argument, NULL, OPT_ROOT},
	{"all", no_argument, NULL, OPT_ALL},
	{"fix", no_argument, NULL, OPT_FIX},
	{"add", no_argument, NULL, OPT_ADD},
	{"detach", no_argument, NULL, OPT_DETACH},
	{"gpu", no_argument, NULL, OPT_GPU},
	{"mapping", required_argument, NULL, OPT_MAPPING},
	{"vfs-of", required_argument, NULL, OPT_VFS_OF},
	{"all-twins", no_argument, NULL, OPT_ALL_TWINS},
	{"node", required_argument, NULL, OPT_NODE},
	{"alternative", no_argument, NULL, OPT_ALTERNATIVE},
	{"raw", no_argument, NULL, OPT_RAW},
	{"reset", required_argument, NULL, OPT_RESET},
	{"json", no_argument, NULL, OPT_JSON},
	{"yes", no_argument, NULL, 'y'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, OPT_VERSION},
	{0},
};

/* What is to be done. */
struct request {
	const struct fs_root *root;
	const struct cli *cli;
	const struct verb *verb;
	unsigned int vmid;   /* 0: none */
	const char *address; /* NULL: none */
};

struct verb {
	const char *name;
	int (*run)(const struct fs_root *root); /* without a VMID; or, when there is */
	int (*run_vm)(const struct fs_root *root, unsigned int vmid); /* this with one, for --all */
	int (*run_with)(const struct request *request); /* or this: with a VMID and options */
	int (*run_json)(const struct fs_root *root, unsigned int vmid); /* with --json; NULL: as
									   above */
	int (*check)(const struct cli *cli); /* of the options; NULL: nothing to check */
	const char *options;
	bool logged;	   /* changes something, so it is written to the journal */
	bool reads;	   /* of the host or of /etc/pve, which may hang: in a child */
	bool own_settings; /* it reads them itself, with the language */
	bool no_vm;	   /* its arguments are its own, and checked by check() */
	bool of_test;	   /* "test" in place of a VMID */
};

static int check_vm(const struct cli *cli)
{
	bool add = cli_has(cli, OPT_ADD);

	if (cli_has(cli, OPT_FIX) + add + cli_has(cli, OPT_DETACH) > 1)
		return cli_usage_error(_("only one of --fix, --add and --detach can be given"));
	if (cli_has(cli, OPT_JSON) && (cli_has(cli, OPT_FIX) || add || cli_has(cli, OPT_DETACH)))
		return cli_usage_error(_("vm: --json only shows what the VM needs: without --fix, "
					 "--add and --detach"));
	if (cli_has(cli, OPT_GPU) && !add)
		return cli_usage_error(_("--gpu needs --add"));
	if (cli_has(cli, OPT_MAPPING) && (!add || cli->n_args < 3))
		return cli_usage_error(_("--mapping needs --add ADDRESS"));
	return 0;
}

static int run_vm(const struct request *request)
{
	struct vm_options vm = {
		.fix = cli_has(request->cli, OPT_FIX),
		.add = cli_has(request->cli, OPT_ADD),
		.detach = cli_has(request->cli, OPT_DETACH),
		.gpu = cli_has(request->cli, OPT_GPU),
		.yes = cli_has(request->cli, 'y'),
		.address = request->address,
		.mapping = cli_value(request->cli, OPT_MAPPING),
		.run = fs_root_is_running_system(request->root),
	};

	return vm_verb_run(request->root, request->vmid, &vm);
}

static int check_mapping(const struct cli *cli)
{
	bool all_twins = cli_has(cli, OPT_ALL_TWINS);

	if (cli->n_args < 2)
		return cli_usage_error(_("%s needs a name"), cli->args[0]);
	if (cli_has(cli, OPT_VFS_OF) && (cli->n_args > 2 || all_twins))
		return cli_usage_error(_("--vfs-of takes the place of addresses and --all-twins"));
	if (all_twins && cli->n_args != 3)
		return cli_usage_error(_("--all-twins takes one address"));
	if (cli_has(cli, OPT_JSON) && cli_has(cli, 'y'))
		return cli_usage_error(_("mapping: --json runs nothing, so it needs no --yes"));
	return 0;
}

static int run_mapping(const struct request *request)
{
	const struct cli *cli = request->cli;
	const struct mapping_options mapping = {
		.name = cli->args[1],
		.addresses = cli->args + 2,
		.n_addresses = (size_t)cli->n_args - 2,
		.vfs_of = cli_value(cli, OPT_VFS_OF),
		.all_twins = cli_has(cli, OPT_ALL_TWINS),
		.alternative = cli_has(cli, OPT_ALTERNATIVE),
		.node = cli_value(cli, OPT_NODE),
		.json = cli_has(cli, OPT_JSON),
		.yes = cli_has(cli, 'y'),
		.run = fs_root_is_running_system(request->root),
	};

	/* What programs read does not depend on the language. */
	if (mapping.json)
		language_set("en");
	return mapping_run(request->root, &mapping);
}

static int check_test(const struct cli *cli)
{
	struct bdf unused;

	if (cli->n_args != 2)
		return cli_usage_error(_("%s: expected one address"), cli->args[0]);
	if (bdf_parse_short(cli->args[1], &unused))
		return cli_usage_error(
			_("%s: '%s' is no address as lspci -D shows it, 0000:BB:DD.F"),
			cli->args[0], cli->args[1]);
	return 0;
}

static int run_test(const struct request *request)
{
	const struct cli *cli = request->cli;
	struct rehearse_options test = {
		.reset = cli_value(cli, OPT_RESET),
		.json = cli_has(cli, OPT_JSON),
		.yes = cli_has(cli, 'y'),
		.run = fs_root_is_running_system(request->root),
	};

	(void)!bdf_parse_short(cli->args[1], &test.bdf);
	return rehearse_run(request->root, &test);
}

static int run_config(const struct request *request)
{
	return show_config(request->root, request->vmid, cli_has(request->cli, OPT_RAW));
}

static const struct verb verbs[] = {
	{"plan", .run_vm = start_plan, .run_json = plan_json, .options = "json", .reads = true,
	 .own_settings = true},
	{"status", .run = show_status, .run_json = status_json, .options = "json", .reads = true},
	{"restore", .run = stop_restore_all, .run_vm = stop_restore, .options = "all",
	 .logged = true, .reads = true, .of_test = true},
	/* It has its own children. */
	{"watch", .run_vm = watch_run, .options = "", .logged = true, .own_settings = true,
	 .of_test = true},
	{"config", .run_with = run_config, .options = "raw", .reads = true},
	{"settings", .run_vm = show_settings, .run_json = settings_json, .options = "json",
	 .reads = true},
	{"accept", .run_vm = accept_devices, .options = "", .logged = true, .reads = true},
	{"log", .run_vm = show_log, .run_json = log_json, .options = "json", .reads = true},
	{"vm", .run_with = run_vm, .run_json = vm_json, .check = check_vm,
	 .options = "fix add detach gpu mapping json yes", .reads = true, .own_settings = true},
	{"mapping", .run_with = run_mapping, .check = check_mapping,
	 .options = "vfs-of all-twins node alternative json yes", .reads = true, .no_vm = true},
	{"test", .run_with = run_test, .check = check_test, .options = "reset json yes",
	 .logged = true, .reads = true, .own_settings = true, .no_vm = true},
};

static int parse_vmid(const char *text, unsigned int *ret)
{
	if (!pve_vmid_parse(text, ret))
		return 0;
	return cli_usage_error(_("invalid VMID '%s': expected 100 to 999999999"), text);
}

static int run_hookscript(const struct request *request)
{
	char **args = request->cli->args;
	unsigned int vmid;
	int code = cli_check(request->cli, "", "VMID PHASE");

	if (code)
		return code;
	if (request->cli->n_args != 2)
		return cli_usage_error(_("usage: pve-passthrough VMID PHASE"));
	code = parse_vmid(args[0], &vmid);
	return code ? code : phase_run(request->root, vmid, args[1]);
}

/* The VMID, and an ADDRESS for vm --add. */
static int parse_args(struct request *request)
{
	const struct cli *cli = request->cli;
	const struct verb *verb = request->verb;
	bool add = cli_has(cli, OPT_ADD);

	if (verb->no_vm)
		return 0;
	if (verb->run && (!verb->run_vm || cli_has(cli, OPT_ALL)))
		return cli->n_args > 1 ? cli_usage_error(_("%s takes no argument"), verb->name) : 0;
	if (cli->n_args < 2)
		return cli_usage_error(_("%s needs a VMID"), verb->name);
	if (cli->n_args > 2 + add)
		return cli_usage_error(add ? _("%s: expected VMID [ADDRESS]")
					   : _("%s: expected one VMID"),
				       verb->name);
	request->address = cli->args[2];
	if (verb->of_test && !strcmp(cli->args[1], RECORD_TEST_WORD)) {
		request->vmid = RECORD_TEST;
		return 0;
	}
	return parse_vmid(cli->args[1], &request->vmid);
}

static int run_now(void *arg)
{
	const struct request *request = arg;
	const struct verb *verb = request->verb;

	/* What programs read does not depend on the language. */
	if (verb->run_json && cli_has(request->cli, OPT_JSON)) {
		language_set("en");
		return verb->run_json(request->root, request->vmid);
	}
	if (request->vmid && !verb->own_settings)
		settings_set_language_of(request->root, request->vmid);
	if (verb->run_with)
		return verb->run_with(request);
	return request->vmid ? verb->run_vm(request->root, request->vmid)
			     : verb->run(request->root);
}

static int run_verb(struct request *request)
{
	const struct verb *verb = request->verb;
	struct supervise how = {.what = verb->name};
	int code = cli_check(request->cli, verb->options, verb->name);

	if (!code)
		code = parse_args(request);
	if (!code && verb->check)
		code = verb->check(request->cli);
	if (code)
		return code;
	log_open(verb->logged ? NAME : NULL, verb->logged ? request->root : NULL);
	log_set_context(record_owner_vm(request->vmid), verb->name);
	return verb->reads ? supervise_run(&how, run_now, request) : run_now(request);
}

static int print_help(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(help_texts); i++)
		fputs(*help_texts[i] == '\n' ? "\n" : _(help_texts[i]), stdout);
	return EXIT_DONE;
}

static int run(const struct cli *cli)
{
	auto_root struct fs_root root = {.fd = -1};
	struct request request = {.root = &root, .cli = cli};
	const char *path = cli_value(cli, OPT_ROOT), *word = cli->args[0];
	int err;

	if (cli_has(cli, OPT_VERSION))
		return puts(NAME " " VERSION) < 0;
	if (cli_has(cli, 'h') || (word && !strcmp(word, "help")))
		return print_help();
	err = cli_open_root(path, &root);
	if (err)
		return err;
	if (!word)
		return cli_usage_error(_("missing command"));
	if (*word && strspn(word, "0123456789") == strlen(word))
		return run_hookscript(&request);
	for (request.verb = verbs; request.verb < verbs + ARRAY_SIZE(verbs); request.verb++)
		if (!strcmp(request.verb->name, word))
			return run_verb(&request);
	return cli_unknown(_("unknown command"), word, verbs, ARRAY_SIZE(verbs), sizeof(*verbs));
}

/* A descriptor of ours must never become 0, 1 or 2: messages would be written to it. */
static void ensure_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

int main(int argc, char **argv)
{
	auto_cli struct cli cli = {0};
	int code;

	ensure_standard_streams();
	language_open(LOCALEDIR, LOCALES);
	log_open(NAME, NULL);
	code = cli_parse(argc, argv, ":hy", options, &cli);
	return cli_end(code ? code : run(&cli));
}
