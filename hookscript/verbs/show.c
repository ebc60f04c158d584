// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/show.h"

#include "hookscript/pve/exit.h"
#include "hookscript/pve/pve.h"
#include "hookscript/records/reboot.h"
#include "hookscript/records/record.h"
#include "hookscript/settings/settings_read.h"
#include "hookscript/pve/vm.h"
#include "host/base/log.h"
#include "host/pci/pci.h"
#include "vmcfg/describe.h"

#include <stdio.h>
#include <string.h>

static void print_record(const struct fs_root *root, struct pci *pci, const struct record *record)
{
	auto_free char *name = pci_name(pci, &record->identity);
	auto_free char *driver = NULL;
	const char *now;
	char address[BDF_TEXT_SIZE];
	int err;

	printf("%s  %s\n", bdf_format(&record->bdf, address), name ? name : _("PCI device"));
	if (!pci_probe(root, &record->bdf)) {
		printf(_("    taken for VM %u; the device is not there any more\n"), record->vmid);
		return;
	}
	err = pci_driver(root, &record->bdf, &driver);
	now = err ? strerror(-err) : driver ? driver : _("no driver");
	if (record->stage == RECORD_CLAIMED)
		printf(_("    claimed for VM %u, nothing was done to it yet; now on %s\n"),
		       record->vmid, now);
	else
		printf(_("    taken for VM %u from %s; now on %s\n"), record->vmid,
		       record->driver ? record->driver : _("no driver"), now);
}

/* What the VM does with its devices, and what to do when it does nothing. */
static void print_vm(const struct fs_root *root, unsigned int vmid)
{
	auto_free char *config = pve_config_path(vmid, NULL);

	if (pve_vm_runs(root, vmid))
		printf(_("VM %u runs\n"), vmid);
	else if (pve_vm_is_locked(root, vmid))
		printf(_("VM %u is being started, stopped or changed\n"), vmid);
	else if (reboot_left_ms(root, vmid) > 0)
		printf(_("VM %u is being rebooted\n"), vmid);
	else
		printf(fs_probe(root, config)
			       ? _("VM %u does not run; give its devices back: pve-passthrough "
				   "restore %u\n")
			       : _("VM %u does not exist on this node; give its devices back: "
				   "pve-passthrough restore %u\n"),
		       vmid, vmid);
}

/* Each VM once, in the order of the records. Returns 0, or 1 when a record could not be read. */
static int print_records(const struct fs_root *root, struct pci *pci, const struct bdf *list,
			 size_t n)
{
	auto_free unsigned int *vmids = calloc(n + 1, sizeof(*vmids));
	size_t n_vmids = 0;
	int failed = vmids ? 0 : 1;

	for (size_t i = 0; i < n; i++) {
		cleanup_with(record_freep) struct record *record = NULL;
		auto_free char *why = NULL;
		size_t k = 0;
		int err = record_read(root, &list[i], &record, &why);

		if (err)
			log_error("%s", why ? why : log_strerror(err));
		failed |= err != 0;
		if (!record)
			continue;
		print_record(root, pci, record);
		while (k < n_vmids && vmids[k] != record->vmid)
			k++;
		if (vmids && k == n_vmids)
			vmids[n_vmids++] = record->vmid;
	}
	for (size_t k = 0; k < n_vmids; k++)
		print_vm(root, vmids[k]);
	return failed;
}

/* Records that were renamed to .broken, for the administrator to put right. Adds their number to
 * *N. */
static int print_set_aside(const struct fs_root *root, size_t *n)
{
	auto_free struct bdf *list = NULL;
	size_t n_broken;
	int err = record_list_broken(root, &list, &n_broken);
	char address[BDF_TEXT_SIZE];

	for (size_t i = 0; !err && i < n_broken; i++)
		printf(_("%s\n    its record could not be understood and was renamed; look at "
			 "it, give the device back by hand, then: rm /%s/%s.broken\n"),
		       bdf_format(&list[i], address), RECORD_DIR, address);
	*n += err ? 0 : n_broken;
	return err;
}

int show_status(const struct fs_root *root)
{
	cleanup_with(pci_closep) struct pci *pci = NULL;
	auto_free struct bdf *list = NULL;
	int code = EXIT_DONE;
	size_t n;
	int err;

	err = record_list(root, &list, &n);
	if (!err)
		err = pci_open(root, &pci);
	if (err) {
		log_error(_("/%s cannot be read: %s"), RECORD_DIR, log_strerror(err));
		return EXIT_FAILED;
	}
	if (print_records(root, pci, list, n))
		code = EXIT_FAILED;
	if (print_set_aside(root, &n))
		code = EXIT_FAILED;
	if (!n)
		printf(_("no device is taken\n"));
	return code;
}

static int print_config(const struct fs_root *root, unsigned int vmid, bool raw)
{
	const char *source = getenv("PVE_MIGRATED_FROM");
	cleanup_with(vmcfg_freep) struct vmcfg *vm = NULL;
	auto_free char *text = NULL, *why = NULL;

	if (vm_read(root, vmid, &vm, &why)) {
		log_error("%s", why ? why : _("out of memory"));
		return EXIT_FAILED;
	}
	text = raw ? vmcfg_describe_raw(vm) : vmcfg_describe(vm, source && *source);
	if (!text) {
		log_error(_("out of memory"));
		return EXIT_FAILED;
	}
	fputs(text, stdout);
	fflush(stdout);
	for (size_t i = 0; i < vm->n_dropped; i++)
		log_warning(_("line %u: %s"), vm->dropped[i].line, vm->dropped[i].why);
	return EXIT_DONE;
}

int show_config(const struct fs_root *root, unsigned int vmid)
{
	return print_config(root, vmid, false);
}

int show_config_raw(const struct fs_root *root, unsigned int vmid)
{
	return print_config(root, vmid, true);
}

int show_settings(const struct fs_root *root, unsigned int vmid)
{
	auto_settings struct settings settings = settings_default;
	auto_free char *node = NULL, *text = NULL;
	int err;

	if (settings_read(root, vmid, &settings)) {
		log_error("%s", settings_error(&settings));
		return EXIT_FAILED;
	}
	err = pve_node_name(root, &node);
	if (err) {
		log_error(_("the name of this node cannot be read: %s"), strerror(-err));
		return EXIT_FAILED;
	}
	text = settings_describe(&settings);
	if (!text) {
		log_error(_("out of memory"));
		return EXIT_FAILED;
	}
	printf("# VM %u on node %s\n%s", vmid, node, text);
	fflush(stdout);
	for (size_t i = 0; i < settings.n_warnings; i++)
		log_warning("%s", settings.warnings[i]);
	return EXIT_DONE;
}

/* ---- log ---- */

/* Where messages stand without a journal, as host/base/log.c writes them. */
static void say_where_syslog_is(const struct fs_root *root, unsigned int vmid)
{
	static const char *const files[] = {"var/log/syslog", "var/log/messages"};
	size_t i = 0;

	while (i < ARRAY_SIZE(files) && fs_probe(root, files[i]) <= 0)
		i++;
	if (i < ARRAY_SIZE(files))
		log_error(_("look into the system's log: grep 'pve-passthrough.*: VM %u, ' %s/%s"),
			  vmid, root->path, files[i]);
	else
		log_error(_("nor is there /%s or /%s; what was said at starts stands in their "
			    "task logs"),
			  files[0], files[1]);
}

/* Anybody may write to a journal, so only root's word counts. Returns only on failure: -errno. */
static int become_journalctl(const struct fs_root *root, unsigned int vmid)
{
	auto_free char *match = fs_path("PVE_VMID=%u", vmid);
	auto_free char *place = fs_path("--root=%s", root->path);
	const char *const args[] = {
		"journalctl",
		"--output=short-iso",
		"_UID=0",
		match,
		fs_root_is_running_system(root) ? NULL : place,
		NULL,
	};

	if (!match || !place)
		return -ENOMEM;
	execvp(args[0], (char *const *)(uintptr_t)args);
	return -errno;
}

int show_log(const struct fs_root *root, unsigned int vmid)
{
	const char *journal = fs_root_is_running_system(root) ? "run/systemd/journal"
							      : "var/log/journal";

	if (fs_probe(root, journal) > 0)
		log_error(_("VM %u: journalctl cannot be run: %s"), vmid,
			  strerror(-become_journalctl(root, vmid)));
	else
		log_error(_("VM %u: there is no journal here (no %s/%s)"), vmid, root->path,
			  journal);
	say_where_syslog_is(root, vmid);
	return EXIT_FAILED;
}
