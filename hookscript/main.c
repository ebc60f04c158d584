// SPDX-License-Identifier: GPL-2.0-or-later
/* argv -> a phase of Proxmox VE or a verb of a person, from const tables. */
#include "hookscript/accept.h"
#include "hookscript/exit.h"
#include "hookscript/phase.h"
#include "hookscript/pve.h"
#include "hookscript/settings.h"
#include "hookscript/show.h"
#include "hookscript/start.h"
#include "hookscript/stop.h"
#include "hookscript/vm_verb.h"
#include "hookscript/watch.h"
#include "host/language.h"
#include "host/log.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define NAME "pve-passthrough"

#ifndef VERSION
#define VERSION "unknown"
#endif

#ifndef LOCALEDIR
#define LOCALEDIR "/usr/share/locale"
#define LOCALES	  "/usr/share/pve-passthrough/locales"
#endif

/* The help, in parts that are told one after the other; blank lines are the same in any language.
 */
static const char *const help_texts[] = {
	N_("usage: pve-passthrough VMID PHASE      as Proxmox VE runs it: pre-start, post-start, pre-stop, post-stop\n"
	   "       pve-passthrough plan VMID       what a start would do, or why it would be refused; changes nothing\n"
	   "       pve-passthrough status          which devices are taken, for which VM, from which driver\n"
	   "       pve-passthrough restore VMID    give back what is still taken for a VM that does not run\n"
	   "       pve-passthrough restore --all   the same for every VM that does not run\n"),
	N_("       pve-passthrough watch VMID      started by pre-start: gives back what is taken when the VM has ended\n"
	   "       pve-passthrough config VMID     what was understood of the VM's config\n"
	   "       pve-passthrough settings VMID   the settings that hold for the VM, and where each comes from\n"
	   "       pve-passthrough accept VMID     take the devices that are now at the VM's addresses as the right ones\n"
	   "       pve-passthrough log VMID        what was said of the VM so far, from the journal, newest last\n"),
	N_("       pve-passthrough vm VMID         what the VM still needs for its devices, as commands; with one of:\n"
	   "           --fix             run them, after a question\n"
	   "           --add [ADDRESS]   give the VM a device of this host; without ADDRESS, list them\n"
	   "           --add ADDRESS --gpu   the whole graphics card, as the VM's display\n"
	   "           --detach          take the hook out of the VM's config\n"),
	"\n",
	N_("A hookscript for Proxmox VE. At pre-start it binds the IOMMU group of every hostpciN device of the\n"
	   "VM to vfio-pci; at post-stop it gives every device back to the driver it had.\n"
	   "Register it once per VM: qm set VMID --hookscript local:snippets/pve-passthrough\n"),
	"\n",
	N_("options:\n"
	   "  -y, --yes    vm: ask nothing\n"
	   "  --root DIR   read and write everything below DIR (for tests and images)\n"
	   "  --help       this text\n"
	   "  --version    the version\n"),
	"\n",
	N_("settings, all optional, in /etc/pve-passthrough.conf, or for all nodes in /etc/pve/pve-passthrough.conf\n"
	   "(the node's file wins, key by key; within a file, the VM's own group does):\n"),
	N_("  machine = \"refuse\";             a VM that is not q35: \"refuse\", \"warn\" or \"off\"\n"
	   "  pcie = \"refuse\";                a PCIe device without pcie=1: the same\n"
	   "  deadline = 30;                  seconds that taking or giving back may last\n"
	   "  group = \"take\";                 members of an IOMMU group that the VM does not name: \"take\", \"refuse\"\n"
	   "  ifreload = false;               true: run ifreload -a when an interface that the host used comes back\n"
	   "  at_shutdown = \"keep\";           devices of VMs that stop because the host does: \"keep\" (taken), \"return\"\n"),
	N_("  next = \"local:snippets/x.pl\";   another hookscript that the VM shall have too; \"\": none\n"
	   "  language = \"\";                  of messages: \"en\", \"zh_CN\"; \"\": what the environment says\n"
	   "  vm100 = { machine = \"warn\"; };  any of these, and devices, for VM 100 alone\n"),
	N_("  devices = ( { address = \"0000:03:00.0\"; id = \"8086:10fb\"; KEY = VALUE; … } );\n"
	   "                                  for that device alone; in the cluster's file also: node = \"pve1\";\n"
	   "    allow = [ \"network\" ];        a VM may have it although the host uses it so: \"disk\", \"network\",\n"
	   "                                  \"display\", \"sound\", \"process\", \"container\", \"chipset\", \"vfs\"\n"),
	N_("    return_to = \"recorded\";       its driver afterwards: the one it had, \"none\", or a driver's name\n"
	   "    reset_method = \"flr bus\";     how it is reset, as sysfs takes it; \"default\"; \"\": not at all\n"
	   "    d3cold = false;               whether it may lose its power while it sleeps\n"
	   "    stop_units = [ \"x.service\" ]; systemd units to stop before, and to start afterwards\n"
	   "    stop_ct = [ 105 ];            containers likewise\n"
	   "    unload = [ \"nouveau\" ];       modules to unload before, if no other device uses them\n"
	   "    driver = \"mlx5_vfio_pci\";     with driver=keep: a vfio variant driver in place of vfio-pci\n"),
	"\n",
	N_("exit codes: 0 done, 1 failed, 2 refused (nothing was touched; vm: something is still missing),\n"
	   "64 usage\n"),
};

/* All that the command line said. */
struct request {
	const char *root;
	bool all, raw;
	bool given_for_vm; /* an option that only vm has */
	struct vm_options vm;
};

struct verb {
	const char *name;
	int (*run)(const struct fs_root *root); /* without a VMID; or, when there is */
	int (*run_vm)(const struct fs_root *root, unsigned int vmid); /* this with one, for --all */
	/* Or this: with a VMID, options, and maybe an ADDRESS behind the VMID. */
	int (*run_with)(const struct fs_root *root, unsigned int vmid,
			const struct vm_options *options);
	bool logged; /* changes something, so the journal hears of it */
};

static const struct verb verbs[] = {
	{"plan", NULL, start_plan, NULL, false},
	{"status", show_status, NULL, NULL, false},
	{"restore", stop_restore_all, stop_restore, NULL, true},
	{"watch", NULL, watch_run, NULL, true},
	{"config", NULL, show_config, NULL, false},
	{"settings", NULL, show_settings, NULL, false},
	{"accept", NULL, accept_devices, NULL, true},
	{"log", NULL, show_log, NULL, false},
	{"vm", NULL, NULL, vm_verb_run, false},
};

static int usage_error(const char *what, const char *which)
{
	log_error("%s%s%s", what, which ? ": " : "", which ? which : "");
	log_error(_(
		"usage: pve-passthrough VMID PHASE, or plan|restore|watch|config|settings|accept|log|vm VMID, or restore --all, or status; more: pve-passthrough --help"));
	return EXIT_USAGE;
}

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

static int run_phase(const struct fs_root *root, char **args, int n)
{
	unsigned int vmid;

	if (n != 2)
		return usage_error(_("a VMID needs a phase behind it and nothing more"), NULL);
	if (pve_vmid_parse(args[0], &vmid))
		return usage_error(_("no VMID (100 to 999999999)"), args[0]);
	log_open(NAME, root);
	return phase_run(root, vmid, args[1]);
}

/* Options that the verb does not have are an error: silence would be taken for obedience. */
static int check_options(const struct verb *verb, const struct request *request)
{
	const struct vm_options *vm = &request->vm;

	if (request->all && !(verb && verb->run && verb->run_vm))
		return usage_error(_("--all is for restore"), verb ? verb->name : NULL);
	if (request->raw && !(verb && verb->run_vm == show_config))
		return usage_error(_("--raw is for config"), verb ? verb->name : NULL);
	if (request->given_for_vm && !(verb && verb->run_with))
		return usage_error(_("only vm has --fix, --add, --gpu, --detach and --yes"),
				   verb ? verb->name : NULL);
	if (vm->fix + vm->add + vm->detach > 1)
		return usage_error(_("one of --fix, --add and --detach at a time"), NULL);
	if (vm->gpu && !vm->add)
		return usage_error(_("--gpu goes with --add"), NULL);
	return 0;
}

static int run_with_options(const struct fs_root *root, const struct verb *verb, char **args, int n,
			    const struct request *request)
{
	struct vm_options options = request->vm;
	unsigned int vmid;

	if (n < 1 || n > (options.add ? 2 : 1))
		return usage_error(options.add ? _("one VMID must follow, and maybe an ADDRESS")
					       : _("one VMID must follow"),
				   verb->name);
	if (pve_vmid_parse(args[0], &vmid))
		return usage_error(_("no VMID (100 to 999999999)"), args[0]);
	options.address = n > 1 ? args[1] : NULL;
	options.run = fs_root_is_running_system(root);
	log_open(NULL, NULL);
	settings_speak_of(root, vmid);
	return verb->run_with(root, vmid, &options);
}

static int run_verb(const struct fs_root *root, const struct verb *verb, char **args, int n,
		    const struct request *request)
{
	bool one = verb->run_vm && !request->all;
	unsigned int vmid = 0;
	int code = check_options(verb, request);

	if (code)
		return code;
	if (verb->run_with)
		return run_with_options(root, verb, args, n, request);
	if (n != (one ? 1 : 0))
		return usage_error(one ? _("one VMID must follow") : _("nothing may follow"),
				   verb->name);
	if (one && pve_vmid_parse(args[0], &vmid))
		return usage_error(_("no VMID (100 to 999999999)"), args[0]);
	if (verb->logged)
		log_open(NAME, root);
	else
		log_open(NULL, NULL);
	log_set_context(vmid, verb->name);
	if (one)
		settings_speak_of(root, vmid);
	if (request->raw)
		return show_config_raw(root, vmid);
	return one ? verb->run_vm(root, vmid) : verb->run(root);
}

static int run_command(const struct fs_root *root, char **args, int n,
		       const struct request *request)
{
	int code;

	if (!n)
		return usage_error(_("what shall be done?"), NULL);
	if (is_number(args[0])) {
		code = check_options(NULL, request);
		return code ? code : run_phase(root, args, n);
	}
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i].name, args[0]))
			return run_verb(root, &verbs[i], args + 1, n - 1, request);
	return usage_error(_("unknown command"), args[0]);
}

/* A descriptor of ours must never become 0, 1 or 2, where somebody would write messages to it. */
static void ensure_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

/* One that this program has no more to say about than that it was given. */
static void take_option(struct request *request, int option)
{
	switch (option) {
	case 'a': request->all = true; return;
	case 'w': request->raw = true; return;
	case 'f': request->vm.fix = true; break;
	case 'd': request->vm.add = true; break;
	case 't': request->vm.detach = true; break;
	case 'g': request->vm.gpu = true; break;
	case 'y': request->vm.yes = true; break;
	default: return;
	}
	request->given_for_vm = true;
}

static void print_help(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(help_texts); i++)
		fputs(_(help_texts[i]), stdout);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"root", required_argument, NULL, 'r'},
		{"all", no_argument, NULL, 'a'},
		{"fix", no_argument, NULL, 'f'},
		{"add", no_argument, NULL, 'd'},
		{"detach", no_argument, NULL, 't'},
		{"gpu", no_argument, NULL, 'g'},
		{"yes", no_argument, NULL, 'y'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'},
		{"raw", no_argument, NULL, 'w'},
		{0},
	};
	auto_root struct fs_root root = {.fd = -1};
	struct request request = {.root = "/"};
	int option, err;

	ensure_standard_streams();
	language_open(LOCALEDIR, LOCALES);
	log_open(NAME, NULL);
	opterr = 0;
	while ((option = getopt_long(argc, argv, "hy", options, NULL)) != -1) {
		switch (option) {
		case 'r': request.root = optarg; break;
		case 'h': print_help(); return EXIT_DONE;
		case 'v': puts(NAME " " VERSION); return EXIT_DONE;
		case '?':
			return usage_error(_("unknown option, or one without its value"),
					   argv[optind - 1]);
		default: take_option(&request, option);
		}
	}
	err = fs_root_open(request.root, &root);
	if (err) {
		log_error("--root %s: %s", request.root, strerror(-err));
		return EXIT_FAILED;
	}
	return run_command(&root, argv + optind, argc - optind, &request);
}
