// SPDX-License-Identifier: GPL-2.0-or-later
/* host-setup: argv -> verbs and their options, from const tables. A main stands above all layers.
 */
#include "hookscript/vm_state.h"
#include "hookscript/vms.h"
#include "host/setup/checkview.h"
#include "host/setup/enable.h"
#include "host/setup/groups.h"
#include "host/language.h"
#include "host/log.h"
#include "host/setup/readiness.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define NAME "host-setup"

#ifndef VERSION
#define VERSION "unknown"
#endif

#ifndef LOCALEDIR
#define LOCALEDIR "/usr/share/locale"
#define LOCALES	  "/usr/share/pve-passthrough/locales"
#endif

/* host-setup's own exit codes; those of check are enum check_verdict. */
enum { CODE_DONE = 0, CODE_FAILED = 1, CODE_USAGE = 64 };

/* All that the command line said. */
struct request {
	const char *root;
	bool help, json;
	bool given_for_enable, given_for_disable, given_for_edit,
		given_for_boot; /* an option only these verbs have */
	struct enable_options enable;
	struct disable_options disable;
	const char **kernel_args;
};

struct verb {
	const char *name;
	int (*run)(const struct fs_root *root, const struct request *request);
	const char *const *help; /* its parts, up to a NULL */
	bool json, edits, boots;
};

static int run_summary(const struct fs_root *root, const struct request *request);
static int run_check(const struct fs_root *root, const struct request *request);
static int run_enable(const struct fs_root *root, const struct request *request);
static int run_disable(const struct fs_root *root, const struct request *request);
static int run_groups(const struct fs_root *root, const struct request *request);

static const char boot_options[] = N_(
	"  --bootloader NAME    grub or systemd-boot, not what started this host\n"
	"  --root DIR           work on a tree that is not running (an image, a\n"
	"                       chroot), and run no commands\n");

static const char edit_options[] = N_(
	"  --dry-run            show the changes as a unified diff, and the\n"
	"                       commands; change nothing\n"
	"  -y, --yes            ask nothing\n");

static const char edit_codes[] = N_(
	"Exit codes: 0 done, 1 failed (everything is as it was), 2 refused, 64 usage.\n");

static const char *const summary_help[] = {
	N_("usage: host-setup [check | enable | disable | groups] [options]\n"
	   "\n"),
	N_("Makes a Proxmox VE host ready to pass PCI devices through to VMs, proves it,\n"
	   "and undoes it. Without a command: the checklist, and what enable would change.\n"
	   "\n"),
	N_("  check                what this host has and lacks, with evidence and cures\n"
	   "  enable               boot loader, modules and initramfs: all that it needs\n"
	   "  disable              takes back exactly what enable added\n"
	   "  groups               the IOMMU groups, and what is in them\n"
	   "\n"),
	boot_options,
	N_("  --help               this text, or that of a command\n"
	   "  --version            the version\n"),
	NULL,
};

static const char *const check_help[] = {
	N_("usage: host-setup check [options]\n"
	   "\n"),
	N_("One line a finding: ok, note, warning, or missing, with what was seen and the\n"
	   "cure. Missing is what keeps VMs with devices from starting.\n"
	   "Last come the VMs of this node that have devices: whether they run, and what each\n"
	   "still needs.\n"
	   "\n"),
	N_("  --json               the same for programs\n"),
	boot_options,
	N_("Exit codes: 0 ready, 1 could not check, 2 not ready, 3 ready after a reboot,\n"
	   "64 usage.\n"),
	NULL,
};

static const char *const enable_help[] = {
	N_("usage: host-setup enable [options]\n"
	   "\n"),
	N_("Adds intel_iommu=on iommu=pt (Intel) or iommu=pt (AMD) to the kernel command\n"
	   "line, and vfio's modules to those loaded at boot; runs update-grub or\n"
	   "proxmox-boot-tool, and update-initramfs. What you have set by hand is left as it\n"
	   "is. Any failure puts every file back.\n"
	   "\n"),
	edit_options,
	boot_options,
	N_("  --processor NAME     intel or amd, not what /proc/cpuinfo says\n"),
	N_("only when you need them; each prints its risk, and disable takes it back:\n"
	   "  --acs-override=WHAT  downstream, multifunction or both: pretend that devices\n"
	   "                       are isolated\n"
	   "  --pci-realloc=off    do not let the kernel move PCI resources\n"
	   "  --unsafe-interrupts  allow passthrough without interrupt remapping\n"
	   "  --ignore-msrs        let KVM ignore unknown machine registers\n"
	   "  --kernel-arg WORD    a further word for the kernel command line (repeatable)\n"),
	edit_codes,
	NULL,
};

static const char *const disable_help[] = {
	N_("usage: host-setup disable [options]\n"
	   "\n"),
	N_("Takes back exactly what enable added, whatever else was edited since.\n"
	   "\n"),
	edit_options,
	boot_options,
	N_("  --manual-too         also take out what you have set by hand for the same\n"
	   "                       purpose; the diff is shown in any case\n"),
	edit_codes,
	NULL,
};

static const char *const groups_help[] = {
	N_("usage: host-setup groups [--json] [--root DIR]\n"
	   "\n"),
	N_("The IOMMU groups: their devices, drivers and reset methods, which VM names them,\n"
	   "what the host does with them, and whether a group can be passed through. A group\n"
	   "goes to a VM as a whole, but for its bridges.\n"),
	NULL,
};

static const struct verb verbs[] = {
	{"", run_summary, summary_help, false, false, true},
	{"check", run_check, check_help, true, false, true},
	{"enable", run_enable, enable_help, false, true, true},
	{"disable", run_disable, disable_help, false, true, true},
	{"groups", run_groups, groups_help, true, false, false},
};

static void print_help(const char *const *parts)
{
	for (; *parts; parts++)
		fputs(_(*parts), stdout);
}

static int usage_error(const char *what, const char *which)
{
	if (which)
		log_error(_("%s: %s; see: host-setup --help"), what, which);
	else
		log_error(_("%s; see: host-setup --help"), what);
	return CODE_USAGE;
}

static int could_not(const char *what, int err)
{
	log_error("%s: %s%s", what, strerror(-err), err == -EACCES ? _("; run this as root") : "");
	return CODE_FAILED;
}

static int run_check(const struct fs_root *root, const struct request *request)
{
	auto_checklist struct checklist list = {0};
	enum check_verdict verdict;
	auto_free char *why = NULL;
	int err = readiness_read(root, request->enable.bootloader, &list, &verdict, &why);

	if (err == -EINVAL && why)
		return usage_error(why, NULL);
	if (!err)
		err = vm_states_check(root, &list);
	if (!err && request->json)
		err = checkview_print_json(&list, verdict);
	else if (!err)
		checkview_print(&list, verdict);
	return err ? could_not(_("this host could not be checked"), err) : (int)verdict;
}

static int run_enable(const struct fs_root *root, const struct request *request)
{
	return enable_run(root, &request->enable);
}

static int run_disable(const struct fs_root *root, const struct request *request)
{
	struct disable_options options = request->disable;
	auto_node_vms struct node_vms vms = {0};
	auto_free unsigned int *vmids = NULL;
	int err = node_vms_read(root, &vms);

	if (err)
		return could_not(_("the VMs' configs could not be read"), err);
	vmids = calloc(vms.n + 1, sizeof(*vmids));
	if (!vmids)
		return could_not("host-setup", -ENOMEM);
	for (size_t i = 0; i < vms.n; i++)
		vmids[i] = vms.items[i].vmid;
	options.vms = vmids;
	options.n_vms = vms.n;
	return disable_run(root, &options);
}

/* Nothing is changed by somebody who only looks. */
static int run_summary(const struct fs_root *root, const struct request *request)
{
	struct enable_options options = request->enable;
	int code = run_check(root, request);

	if (code == CODE_FAILED)
		return code;
	options.dry_run = true;
	puts(_("\nwhat `host-setup enable` would change:"));
	fflush(stdout);
	return enable_run(root, &options) == ENABLE_FAILED ? CODE_FAILED : code;
}

static int add_vms(const struct fs_root *root, struct groups *groups)
{
	auto_node_vms struct node_vms vms = {0};
	int err = node_vms_read(root, &vms);

	for (size_t g = 0; !err && g < groups->n; g++)
		for (size_t i = 0; !err && i < groups->items[g].n_devices; i++) {
			struct group_device *device = &groups->items[g].devices[i];

			err = node_vms_naming(&vms, &device->bdf, &device->vms);
		}
	return err;
}

static int run_groups(const struct fs_root *root, const struct request *request)
{
	auto_groups struct groups groups = {0};
	int err = groups_read(root, &groups);

	if (!err)
		err = add_vms(root, &groups);
	if (!err && request->json)
		err = groupsview_print_json(&groups);
	else if (!err)
		groupsview_print(&groups);
	return err ? could_not(_("the IOMMU groups could not be read"), err) : CODE_DONE;
}

enum option_code {
	OPT_ROOT = 256,
	OPT_HELP,
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
};

static const struct option long_options[] = {
	{"root", required_argument, NULL, OPT_ROOT},
	{"help", no_argument, NULL, OPT_HELP},
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
	{0},
};

static int take_processor(struct request *request, const char *value)
{
	if (!strcmp(value, "intel"))
		request->enable.vendor = PROCESSOR_INTEL;
	else if (!strcmp(value, "amd"))
		request->enable.vendor = PROCESSOR_AMD;
	else
		return usage_error(_("--processor must be intel or amd"), value);
	return 0;
}

/* An option that only enable has. */
static int take_enable_option(struct request *request, int option, const char *value)
{
	request->given_for_enable = true;
	switch (option) {
	case OPT_PROCESSOR: return take_processor(request, value);
	case OPT_ACS: request->enable.acs_override = value; return 0;
	case OPT_UNSAFE: request->enable.unsafe_interrupts = true; return 0;
	case OPT_MSRS: request->enable.ignore_msrs = true; return 0;
	case OPT_REALLOC:
		if (strcmp(value, "off"))
			return usage_error(_("--pci-realloc must be off"), value);
		request->enable.pci_realloc_off = true;
		return 0;
	default: request->kernel_args[request->enable.n_kernel_args++] = value; return 0;
	}
}

static int take_option(struct request *request, int option, const char *value)
{
	switch (option) {
	case OPT_ROOT: request->root = value; return 0;
	case OPT_HELP: request->help = true; return 0;
	case OPT_JSON:
		/* What programs read is the same everywhere. */
		language_set("en");
		request->json = true;
		return 0;
	case 'y':
		request->enable.yes = request->disable.yes = request->given_for_edit = true;
		return 0;
	case OPT_DRY_RUN:
		request->enable.dry_run = request->disable.dry_run = request->given_for_edit = true;
		return 0;
	case OPT_BOOTLOADER:
		request->enable.bootloader = request->disable.bootloader = value;
		request->given_for_boot = true;
		return 0;
	case OPT_MANUAL: request->disable.manual_too = request->given_for_disable = true; return 0;
	default: return take_enable_option(request, option, value);
	}
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

/* Options that the verb does not have are an error: silence would be taken for obedience. */
static int check_options(const struct verb *verb, const struct request *request)
{
	if (request->json && !verb->json)
		return usage_error(_("only check and groups have --json"), NULL);
	if (request->given_for_edit && !verb->edits)
		return usage_error(_("only enable and disable have --dry-run and --yes"), NULL);
	if (request->given_for_boot && !verb->boots)
		return usage_error(_("groups has no --bootloader"), NULL);
	if (request->given_for_enable && verb->run != run_enable)
		return usage_error(_("an option that only enable has"), NULL);
	if (request->given_for_disable && verb->run != run_disable)
		return usage_error(_("only disable has --manual-too"), NULL);
	return 0;
}

static int run(char **args, int n, const struct request *request)
{
	auto_root struct fs_root root = {.fd = -1};
	const struct verb *verb = find_verb(n ? args[0] : "");
	int err;

	if (!verb || (n && !*args[0]))
		return usage_error(_("unknown command"), args[0]);
	if (n > 1)
		return usage_error(_("nothing may follow a command but options"), args[1]);
	if (request->help) {
		print_help(verb->help);
		return CODE_DONE;
	}
	err = check_options(verb, request);
	if (err)
		return err;
	err = fs_root_open(request->root, &root);
	if (err) {
		log_error("--root %s: %s", request->root, strerror(-err));
		return CODE_FAILED;
	}
	return verb->run(&root, request);
}

int main(int argc, char **argv)
{
	auto_free const char **kernel_args = calloc((size_t)argc, sizeof(*kernel_args));
	struct request request = {.root = "/", .kernel_args = kernel_args};
	int option, err;

	language_open(LOCALEDIR, LOCALES);
	log_open(NAME, NULL);
	if (!kernel_args)
		return could_not("host-setup", -ENOMEM);
	request.enable.kernel_args = kernel_args;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "y", long_options, NULL)) != -1) {
		if (option == '?')
			return usage_error(_("unknown option, or one without its value"),
					   argv[optind - 1]);
		if (option == OPT_VERSION) {
			puts(NAME " " VERSION);
			return CODE_DONE;
		}
		err = take_option(&request, option, optarg);
		if (err)
			return err;
	}
	return run(argv + optind, argc - optind, &request);
}
