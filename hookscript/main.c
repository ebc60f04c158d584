// SPDX-License-Identifier: GPL-2.0-or-later
/* argv -> a phase of Proxmox VE or a verb of a person, from const tables. */
#include "hookscript/accept.h"
#include "hookscript/exit.h"
#include "hookscript/pve.h"
#include "hookscript/show.h"
#include "hookscript/start.h"
#include "hookscript/stop.h"
#include "hookscript/watch.h"
#include "host/log.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define NAME "pve-passthrough"

#ifndef VERSION
#define VERSION "unknown"
#endif

static const char help_text[] =
	"usage: " NAME
	" VMID PHASE      as Proxmox VE runs it: pre-start, post-start, pre-stop, post-stop\n"
	"       " NAME
	" plan VMID       what a start would do, or why it would be refused; changes nothing\n"
	"       " NAME " status          which devices are taken, for which VM, from which driver\n"
	"       " NAME " restore VMID    give back what is still taken for a VM that does not run\n"
	"       " NAME " restore --all   the same for every VM that does not run\n"
	"       " NAME
	" watch VMID      started by pre-start: gives back what is taken when the VM has ended\n"
	"       " NAME " config VMID     what was understood of the VM's config\n"
	"       " NAME
	" accept VMID     take the devices that are now at the VM's addresses as the right ones\n"
	"       " NAME
	" log VMID        what was said of the VM so far, from the journal, newest last\n"
	"\n"
	"A hookscript for Proxmox VE. At pre-start it binds the IOMMU group of every hostpciN device of the\n"
	"VM to vfio-pci; at post-stop it gives every device back to the driver it had.\n"
	"Register it once per VM: qm set VMID --hookscript local:snippets/" NAME "\n"
	"\n"
	"options:\n"
	"  --root DIR   read and write everything below DIR (for tests and images)\n"
	"  --help       this text\n"
	"  --version    the version\n"
	"\n"
	"settings, all optional, in /etc/pve-passthrough.conf:\n"
	"  machine = \"refuse\";             a VM that is not q35: \"refuse\", \"warn\" or \"off\"\n"
	"  pcie = \"refuse\";                a PCIe device without pcie=1: the same\n"
	"  deadline = 30;                  seconds that taking or giving back may last\n"
	"  group = \"take\";                members of an IOMMU group that the VM does not name: \"take\", \"refuse\"\n"
	"  devices = ( { address = \"0000:03:00.0\"; id = \"8086:10fb\"; allow = [ \"network\" ]; } );\n"
	"                                  a device that a VM may have although the host uses it so: \"disk\",\n"
	"                                  \"network\", \"display\", \"sound\", \"process\", \"container\", \"chipset\", \"vfs\"\n"
	"  ifreload = false;                true: run ifreload -a when an interface that the host used comes back\n"
	"  at_shutdown = \"keep\";          devices of VMs that stop because the host does: \"keep\" (taken), \"return\"\n"
	"  vm100 = { machine = \"warn\"; };  any of these for VM 100 alone\n"
	"\n"
	"exit codes: 0 done, 1 failed, 2 refused (nothing was touched), 64 usage\n";

struct phase {
	const char *name;
	int (*run)(const struct fs_root *root, unsigned int vmid);
};

/* pre-stop, and phases to come: nothing to do, so they are not here. */
static const struct phase phases[] = {
	{"pre-start", start_pre},
	{"post-start", start_post},
	{"post-stop", stop_post},
};

struct verb {
	const char *name;
	int (*run)(const struct fs_root *root); /* without a VMID; or, when there is */
	int (*run_vm)(const struct fs_root *root, unsigned int vmid); /* this with one, for --all */
	bool logged; /* changes something, so the journal hears of it */
};

static const struct verb verbs[] = {
	{"plan", NULL, start_plan, false},
	{"status", show_status, NULL, false},
	{"restore", stop_restore_all, stop_restore, true},
	{"watch", NULL, watch_run, true},
	{"config", NULL, show_config, false},
	{"accept", NULL, accept_devices, true},
	{"log", NULL, show_log, false},
};

static int usage_error(const char *what, const char *which)
{
	log_error("%s%s%s", what, which ? ": " : "", which ? which : "");
	log_error(
		"usage: " NAME
		" VMID PHASE, or plan|restore|watch|config|accept|log VMID, or restore --all, or status; more: " NAME
		" --help");
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
		return usage_error("a VMID needs a phase behind it and nothing more", NULL);
	if (pve_vmid_parse(args[0], &vmid))
		return usage_error("no VMID (100 to 999999999)", args[0]);
	log_open(NAME, root);
	for (size_t i = 0; i < ARRAY_SIZE(phases); i++) {
		if (strcmp(phases[i].name, args[1]))
			continue;
		log_set_context(vmid, phases[i].name);
		return phases[i].run(root, vmid);
	}
	return EXIT_DONE;
}

static int run_verb(const struct fs_root *root, const struct verb *verb, char **args, int n,
		    bool all)
{
	bool one = verb->run_vm && !all;
	unsigned int vmid = 0;

	if (all && !(verb->run && verb->run_vm))
		return usage_error("--all is for restore", verb->name);
	if (n != (one ? 1 : 0))
		return usage_error(one ? "one VMID must follow" : "nothing may follow", verb->name);
	if (one && pve_vmid_parse(args[0], &vmid))
		return usage_error("no VMID (100 to 999999999)", args[0]);
	if (verb->logged)
		log_open(NAME, root);
	else
		log_open(NULL, NULL);
	log_set_context(vmid, verb->name);
	return one ? verb->run_vm(root, vmid) : verb->run(root);
}

static int run_command(const struct fs_root *root, char **args, int n, bool all)
{
	if (!n)
		return usage_error("what shall be done?", NULL);
	if (is_number(args[0]))
		return all ? usage_error("--all is for restore", NULL) : run_phase(root, args, n);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i].name, args[0]))
			return run_verb(root, &verbs[i], args + 1, n - 1, all);
	return usage_error("unknown command", args[0]);
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

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"root", required_argument, NULL, 'r'},
		{"all", no_argument, NULL, 'a'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'},
		{0},
	};
	auto_root struct fs_root root = {.fd = -1};
	const char *dir = "/";
	bool all = false;
	int option, err;

	ensure_standard_streams();
	log_open(NAME, NULL);
	opterr = 0;
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'r': dir = optarg; break;
		case 'a': all = true; break;
		case 'h': fputs(help_text, stdout); return EXIT_DONE;
		case 'v': puts(NAME " " VERSION); return EXIT_DONE;
		default:
			return usage_error("unknown option, or one without its value",
					   argv[optind - 1]);
		}
	}
	err = fs_root_open(dir, &root);
	if (err) {
		log_error("--root %s: %s", dir, strerror(-err));
		return EXIT_FAILED;
	}
	return run_command(&root, argv + optind, argc - optind, all);
}
