// SPDX-License-Identifier: GPL-2.0-or-later
/* host-setup: its verbs and their options. */
#include "hookscript/plan/judge.h"
#include "hookscript/pve/ha_node.h"
#include "hookscript/records/record.h"
#include "hookscript/verbs/vm_needs.h"
#include "host/setup/capture/capture.h"
#include "host/setup/check/check_print.h"
#include "host/setup/check/newkernel.h"
#include "host/setup/check/unfinished.h"
#include "host/setup/early/early_items.h"
#include "host/setup/early/early_verb.h"
#include "host/setup/enable.h"
#include "host/setup/groups/groups.h"
#include "host/setup/help.h"
#include "host/setup/state/hostlock.h"
#include "host/setup/picture/picture_verb.h"
#include "host/base/cli.h"
#include "host/base/language.h"
#include "host/base/log.h"
#include "host/setup/check/readiness.h"
#include "host/setup/sriov/sriov_check.h"
#include "host/setup/sriov/sriov_verb.h"
#include "host/setup/trial/trial_boot.h"
#include "host/setup/trial/trial_state.h"
#include "host/setup/trial/trial_verb.h"
#include "host/process/supervise.h"
#include "vmcfg/reduce.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define NAME "host-setup"

/* host-setup's own exit codes; those of check are enum check_verdict. */
enum { CODE_DONE = 0, CODE_FAILED = 1 };

struct verb {
	const char *name;
	int (*run)(const struct fs_root *root, const struct setup_options *options);
	const char *const *help; /* its parts, up to a NULL */
	const char *options;
	const char *arguments; /* for messages; NULL: it takes none */
	/* Reads its own options and its arguments, up to a NULL; NULL: it has none. */
	int (*read)(const struct cli *cli, char *const *args, struct setup_options *options);
	int most_arguments; /* 0: any number, with ARGUMENTS */
};

/* A verb with its options. */
struct request {
	const struct fs_root *root;
	const struct verb *verb;
	struct setup_options options;
};

static int could_not(const char *what, int err)
{
	log_error("%s: %s", what, log_strerror(err));
	return CODE_FAILED;
}

/* All that check prints. -EINVAL with *RET_WHY when BOOTLOADER is none. */
static int read_check(const struct fs_root *root, const char *bootloader, struct checklist *list,
		      enum check_verdict *ret_verdict, char **ret_why)
{
	return readiness_read(root, bootloader, list, ret_verdict, ret_why)
		       ?: sriov_check(root, bootloader, list)
		       ?: early_check(root, list)
		       ?: unfinished_check(root, list)
		       ?: trial_check(root, list)
		       ?: vm_states_check(root, list);
}

static int run_check(const struct fs_root *root, const struct setup_options *options)
{
	auto_checklist struct checklist list = {0};
	enum check_verdict verdict;
	auto_free char *why = NULL;
	int err;

	if (options->kernel)
		return newkernel_check(root, options->bootloader, options->kernel);
	err = read_check(root, options->bootloader, &list, &verdict, &why);
	if (err == -EINVAL && why)
		return cli_usage_error("%s", why);
	supervise_allow(SUPERVISE_FOREVER);
	if (!err && options->json)
		err = checklist_print_json(&list, verdict);
	else if (!err)
		checklist_print(&list, verdict);
	return err ? could_not(_("this host could not be checked"), err) : (int)verdict;
}

/* Only with a trial the host reboots by itself. */
static int run_enable(const struct fs_root *root, const struct setup_options *options)
{
	int code = options->confirm_within ? ha_node_refuse(root) : 0;

	return code ? code : enable_run(root, options);
}

static int run_disable(const struct fs_root *root, const struct setup_options *options)
{
	struct setup_options with_vms = *options;
	auto_node_vms struct node_vms vms = {0};
	auto_free unsigned int *vmids = NULL;
	int err = node_vms_read(root, &vms);

	/* They are for warnings alone. */
	if (err)
		log_warning("%s: %s", _("the VMs' configs could not be read"), log_strerror(err));
	vmids = calloc(vms.n + 1, sizeof(*vmids));
	if (!vmids)
		return could_not("host-setup", -ENOMEM);
	for (size_t i = 0; i < vms.n; i++)
		vmids[i] = vms.items[i].vmid;
	with_vms.vms = vmids;
	with_vms.n_vms = vms.n;
	return disable_run(root, &with_vms);
}

/* Nobody is there to be warned about VMs; and with the network that is perhaps what does not work,
 * the cluster's files may not answer. */
static int run_confirm(const struct fs_root *root, const struct setup_options *options)
{
	return options->boot ? trial_boot(root, disable_run) : trial_confirm(root);
}

/* The checklist, and what enable would change. */
static int run_summary(const struct fs_root *root, const struct setup_options *options)
{
	struct setup_options only_shown = *options;
	int code = run_check(root, options);

	if (code == CODE_FAILED)
		return code;
	only_shown.dry_run = true;
	supervise_allow(supervise_read_ms);
	puts(_("\nwhat `host-setup enable` would change:"));
	fflush(stdout);
	return enable_run(root, &only_shown) == ENABLE_FAILED ? CODE_FAILED : code;
}

static int run_groups(const struct fs_root *root, const struct setup_options *options)
{
	auto_groups struct groups groups = {0};
	int err;

	if (options->html && options->json)
		return cli_usage_error(_("groups: --html or --json, not both"));
	if (options->html)
		return picture_run(root, judge_devices, options->html);
	err = groups_read(root, judge_devices, &groups);
	supervise_allow(SUPERVISE_FOREVER);
	if (!err && options->json)
		err = groups_print_json(&groups);
	else if (!err)
		groups_print(&groups);
	return err ? could_not(_("the IOMMU groups could not be read"), err) : CODE_DONE;
}

static int run_sriov(const struct fs_root *root, const struct setup_options *options)
{
	static const struct sriov_above above = {judge_devices, judge_taken, record_lock_device};

	return sriov_run(root, options, &above);
}

static int run_early(const struct fs_root *root, const struct setup_options *options)
{
	return early_run(root, options, record_lock_device);
}

static void read_for_capture(const struct fs_root *root)
{
	auto_checklist struct checklist list = {0};
	auto_groups struct groups groups = {0};
	enum check_verdict verdict;
	auto_free char *why = NULL;

	(void)!read_check(root, NULL, &list, &verdict, &why);
	(void)!groups_read(root, judge_devices, &groups);
}

static int run_capture(const struct fs_root *root, const struct setup_options *options)
{
	static const struct capture_above above = {read_for_capture, vmcfg_reduce, ctcfg_reduce};

	if (!options->capture)
		return cli_usage_error(
			_("capture: into which file? host-setup capture FILE.tar.xz"));
	return capture_run(root, options, &above);
}

enum option_code {
	OPT_ROOT = 256,
	OPT_VERSION,
	OPT_JSON,
	OPT_DRY_RUN,
	OPT_BOOTLOADER,
	OPT_PROCESSOR,
	OPT_ACS,
	OPT_REALLOC,
	OPT_UNSAFE,
	OPT_MSRS,
	OPT_KERNEL_ARG,
	OPT_MANUAL,
	OPT_ROOT_CHANGED,
	OPT_NOW,
	OPT_HOST_DRIVER,
	OPT_BOOT,
	OPT_REMOVE,
	OPT_HTML,
	OPT_CONFIRM,
	OPT_KERNEL,
	OPT_ONLY,
};

static const struct option long_options[] = {
	{"root", required_argument, NULL, OPT_ROOT},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, OPT_VERSION},
	{"json", no_argument, NULL, OPT_JSON},
	{"dry-run", no_argument, NULL, OPT_DRY_RUN},
	{"yes", no_argument, NULL, 'y'},
	{"bootloader", required_argument, NULL, OPT_BOOTLOADER},
	{"processor", required_argument, NULL, OPT_PROCESSOR},
	{"acs-override", required_argument, NULL, OPT_ACS},
	{"pci-realloc", required_argument, NULL, OPT_REALLOC},
	{"unsafe-interrupts", no_argument, NULL, OPT_UNSAFE},
	{"ignore-msrs", no_argument, NULL, OPT_MSRS},
	{"kernel-arg", required_argument, NULL, OPT_KERNEL_ARG},
	{"manual-too", no_argument, NULL, OPT_MANUAL},
	{"root-changed", no_argument, NULL, OPT_ROOT_CHANGED},
	{"now", no_argument, NULL, OPT_NOW},
	{"host-driver", no_argument, NULL, OPT_HOST_DRIVER},
	{"boot", no_argument, NULL, OPT_BOOT},
	{"remove", no_argument, NULL, OPT_REMOVE},
	{"html", required_argument, NULL, OPT_HTML},
	{"confirm-within", required_argument, NULL, OPT_CONFIRM},
	{"kernel", required_argument, NULL, OPT_KERNEL},
	{"only", no_argument, NULL, OPT_ONLY},
	{0},
};

static int read_minutes(const char *text, unsigned int *ret)
{
	char *end;
	unsigned long minutes;

	if (!text)
		return 0;
	errno = 0;
	minutes = strtoul(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9' || !minutes || minutes > TRIAL_MINUTES_MAX)
		return cli_usage_error(
			_("--confirm-within must be minutes, from 1 to %d, got '%s'"),
			TRIAL_MINUTES_MAX, text);
	*ret = (unsigned int)minutes;
	return 0;
}

/* The options of enable alone. KERNEL_ARGS has room for all of the command line. */
static int read_enable_options(const struct cli *cli, const char **kernel_args,
			       struct setup_options *options)
{
	const char *processor = cli_value(cli, OPT_PROCESSOR);
	const char *reallocation = cli_value(cli, OPT_REALLOC);

	if (processor && !strcmp(processor, "intel"))
		options->vendor = PROCESSOR_INTEL;
	else if (processor && !strcmp(processor, "amd"))
		options->vendor = PROCESSOR_AMD;
	else if (processor)
		return cli_usage_error(_("--processor must be intel or amd, got '%s'"), processor);
	if (reallocation && strcmp(reallocation, "off"))
		return cli_usage_error(_("--pci-realloc must be off, got '%s'"), reallocation);
	options->pci_realloc_off = reallocation;
	options->acs_override = cli_value(cli, OPT_ACS);
	options->unsafe_interrupts = cli_has(cli, OPT_UNSAFE);
	options->ignore_msrs = cli_has(cli, OPT_MSRS);
	options->only = cli_has(cli, OPT_ONLY);
	options->kernel_args = kernel_args;
	for (size_t i = 0; i < cli->n_given; i++)
		if (cli->given[i].val == OPT_KERNEL_ARG)
			kernel_args[options->n_kernel_args++] = cli->given[i].value;
	return read_minutes(cli_value(cli, OPT_CONFIRM), &options->confirm_within);
}

/* Those of sriov alone, and its arguments: ARGS, up to a NULL. */
static int read_sriov_options(const struct cli *cli, char *const *args,
			      struct setup_options *options)
{
	options->address = args[0];
	options->count = args[0] ? args[1] : NULL;
	options->now = cli_has(cli, OPT_NOW);
	options->host_driver = cli_has(cli, OPT_HOST_DRIVER);
	options->boot = cli_has(cli, OPT_BOOT);
	if (options->address && !options->count)
		return cli_usage_error(_("sriov: how many VFs? host-setup sriov %s N"),
				       options->address);
	if (options->boot && (options->address || cli_has(cli, OPT_JSON)))
		return cli_usage_error(_("sriov: --boot takes no address and no --json"));
	if (!options->address && (options->now || options->host_driver || cli_has(cli, 'y') ||
				  cli_has(cli, OPT_DRY_RUN)))
		return cli_usage_error(_("sriov: of which PF, and how many VFs? host-setup sriov "
					 "ADDRESS N"));
	return 0;
}

/* Those of early alone, and its addresses. */
static int read_early_options(const struct cli *cli, char *const *args,
			      struct setup_options *options)
{
	bool edits = cli_has(cli, 'y') || cli_has(cli, OPT_DRY_RUN);

	options->addresses = args;
	options->remove = cli_has(cli, OPT_REMOVE);
	options->boot = cli_has(cli, OPT_BOOT);
	if (options->boot && (*args || cli_has(cli, OPT_JSON)))
		return cli_usage_error(_("early: --boot takes no address and no --json"));
	if (!*args && (options->remove || edits))
		return cli_usage_error(_("early: which device? host-setup early ADDRESS"));
	return 0;
}

static int read_capture_options(const struct cli *cli, char *const *args,
				struct setup_options *options)
{
	(void)cli;
	options->capture = args[0];
	return 0;
}

static int read_confirm_options(const struct cli *cli, char *const *args,
				struct setup_options *options)
{
	(void)args;
	options->boot = cli_has(cli, OPT_BOOT);
	return 0;
}

#define EDIT_OPTIONS "bootloader dry-run root-changed yes "

static const struct verb verbs[] = {
	{"", run_summary, summary_help, "bootloader", NULL, NULL, 0},
	{"check", run_check, check_help, "bootloader json kernel", NULL, NULL, 0},
	{"enable", run_enable, enable_help,
	 EDIT_OPTIONS "processor acs-override pci-realloc unsafe-interrupts ignore-msrs kernel-arg "
		      "only confirm-within",
	 NULL, NULL, 0},
	{"disable", run_disable, disable_help, EDIT_OPTIONS "manual-too", NULL, NULL, 0},
	{"confirm", run_confirm, confirm_help, "boot", NULL, read_confirm_options, 0},
	{"groups", run_groups, groups_help, "json html", NULL, NULL, 0},
	{"capture", run_capture, capture_help, "dry-run yes", "FILE", read_capture_options, 1},
	{"sriov", run_sriov, sriov_help, "bootloader json dry-run now host-driver yes boot",
	 "ADDRESS N", read_sriov_options, 2},
	{"early", run_early, early_help, "bootloader json dry-run yes boot remove", "ADDRESS...",
	 read_early_options, 0},
};

/* What asks before it changes the host changes it. */
static bool changes_host(const struct request *request)
{
	const struct setup_options *options = &request->options;

	return has_word(request->verb->options, "yes") && !options->dry_run &&
	       (!request->verb->arguments || options->address ||
		(options->addresses && *options->addresses));
}

static int run_request(void *arg)
{
	const struct request *request = arg;
	bool changes = changes_host(request);
	auto_close int lock = changes ? hostlock_take(request->root) : -1;

	if (changes && lock < 0)
		return CODE_FAILED;
	return request->verb->run(request->root, &request->options);
}

static int run_verb(const struct cli *cli, const struct verb *verb, char *const *args)
{
	auto_root struct fs_root root = {.fd = -1};
	auto_free const char **kernel_args = calloc(cli->n_given + 1, sizeof(*kernel_args));
	struct request request = {.root = &root, .verb = verb};
	struct setup_options *options = &request.options;
	struct supervise how = {.what = *verb->name ? verb->name : NAME};
	const char *path = cli_value(cli, OPT_ROOT);
	int err = cli_check(cli, verb->options, how.what);

	if (!kernel_args)
		return could_not(NAME, -ENOMEM);
	if (!err)
		err = read_enable_options(cli, kernel_args, options);
	if (!err && verb->read)
		err = verb->read(cli, args, options);
	if (err)
		return err;
	options->json = cli_has(cli, OPT_JSON);
	options->html = cli_value(cli, OPT_HTML);
	options->bootloader = cli_value(cli, OPT_BOOTLOADER);
	options->yes = cli_has(cli, 'y');
	options->dry_run = cli_has(cli, OPT_DRY_RUN);
	options->kernel = cli_value(cli, OPT_KERNEL);
	options->manual_too = cli_has(cli, OPT_MANUAL);
	options->root_changed = cli_has(cli, OPT_ROOT_CHANGED);
	/* What programs read does not depend on the language. */
	if (options->json)
		language_set("en");
	err = cli_open_root(path, &root);
	if (err)
		return err;
	return supervise_run(&how, run_request, &request);
}

static int run(const struct cli *cli)
{
	bool help = cli->n_args && !strcmp(cli->args[0], "help");
	const char *word = cli->args[help];
	const struct verb *verb = verbs;
	int most;

	if (cli_has(cli, OPT_VERSION))
		return puts(NAME " " VERSION) < 0;
	while (verb < verbs + ARRAY_SIZE(verbs) && strcmp(verb->name, word ? word : ""))
		verb++;
	if (verb == verbs + ARRAY_SIZE(verbs) || (word && !*word))
		return cli_unknown(_("unknown command"), word, verbs, ARRAY_SIZE(verbs),
				   sizeof(*verbs));
	most = verb->arguments && !verb->most_arguments ? cli->n_args
							: help + 1 + verb->most_arguments;
	if (word && cli->n_args > most && verb->arguments)
		return cli_usage_error(_("%s takes %s, and nothing more, got '%s'"), verb->name,
				       verb->arguments, cli->args[most]);
	if (word && cli->n_args > most)
		return cli_usage_error(_("%s takes no argument, got '%s'"), verb->name,
				       cli->args[most]);
	if (!help && !cli_has(cli, 'h'))
		return run_verb(cli, verb, word ? &cli->args[1] : cli->args);
	for (const char *const *part = verb->help; *part; part++)
		fputs(_(*part), stdout);
	return CODE_DONE;
}

int main(int argc, char **argv)
{
	auto_cli struct cli cli = {0};
	int code;

	language_open(LOCALEDIR, LOCALES);
	log_open(NAME, NULL);
	code = cli_parse(argc, argv, ":hy", long_options, &cli);
	return cli_end(code ? code : run(&cli));
}
