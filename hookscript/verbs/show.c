// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/show.h"

#include "hookscript/pve/exit.h"
#include "hookscript/pve/pve.h"
#include "hookscript/records/record.h"
#include "hookscript/records/returns.h"
#include "hookscript/records/taker.h"
#include "hookscript/settings/settings_read.h"
#include "hookscript/pve/vm.h"
#include "host/base/log.h"
#include "host/pci/answer.h"
#include "host/pci/pci.h"
#include "host/process/supervise.h"
#include "vmcfg/describe.h"

#include <stdio.h>
#include <string.h>

/* A device that is dead is given back by no command. */
static void print_answer(const struct fs_root *root, const struct record *record)
{
	struct pci_answer answer;

	if (pci_ask(root, &record->bdf, 1, &answer) || !answer.err)
		return;
	if (answer.err == -ENODATA || answer.err == -ETIMEDOUT)
		log_info(
			_("    it does not answer any more, so its own driver is not probed on it; "
			  "a cold start brings it back: shut this host down, disconnect it from "
			  "power for ten seconds, and switch it on"));
	else
		log_info(_("    whether it answers is not known: %s"), strerror(-answer.err));
}

/* What its stops so far have shown. */
static void print_returns(const struct fs_root *root, const struct record *record)
{
	auto_free char *text = NULL;
	struct returns returns;

	if (!returns_read(root, &record->bdf, &record->identity, &returns))
		text = returns_text(&returns);
	if (text)
		log_info("    %s", text);
}

/* What is set of a VF of a network card while it is taken. */
static void print_vf(const struct record *record)
{
	for (enum vf_net_field field = 0; field < VF_NET_FIELDS; field++) {
		const struct record_attribute *vf = &record->vf[field];

		if (vf->set && vf->before && record->stage != RECORD_CLAIMED)
			log_info(_("    %s: %s; before: %s"), vf_net_field_name(field), vf->set,
				 vf->before);
		else if (vf->set)
			log_info(_("    %s: %s, not applied yet"), vf_net_field_name(field),
				 vf->set);
	}
}

static void print_record(const struct fs_root *root, struct pci *pci, const struct record *record)
{
	auto_free char *name = pci_name(pci, &record->identity);
	auto_free char *driver = NULL;
	const char *now;
	int err;

	log_info("%s  %s", bdf_text(&record->bdf), name ? name : _("PCI device"));
	if (!pci_probe(root, &record->bdf)) {
		log_info(_("    taken for %s; the device is not there any more"),
			 record_owner(record->vmid));
		return;
	}
	err = pci_driver(root, &record->bdf, &driver);
	now = err ? strerror(-err) : driver ? driver : _("no driver");
	if (record->stage == RECORD_CLAIMED)
		log_info(_("    claimed for %s, nothing was done to it yet; now on %s"),
			 record_owner(record->vmid), now);
	else
		log_info(_("    taken for %s from %s; now on %s"), record_owner(record->vmid),
			 record->driver ? record->driver : _("no driver"), now);
	print_vf(record);
	print_returns(root, record);
	print_answer(root, record);
}

/* What the VM does with its devices, and what to do when it does nothing. */
static void print_vm(const struct fs_root *root, unsigned int vmid)
{
	switch (taker_state(root, vmid)) {
	case TAKER_RUNS: log_info(_("VM %u runs"), vmid); break;
	case TAKER_LOCKED: log_info(_("VM %u is being started, stopped or changed"), vmid); break;
	case TAKER_REBOOTS: log_info(_("VM %u is being rebooted"), vmid); break;
	case TAKER_STOPPED:
		log_info(_("VM %u does not run; give its devices back: pve-passthrough restore %u"),
			 vmid, vmid);
		break;
	case TAKER_ABSENT:
		log_info(_("VM %u does not exist on this node; give its devices back: "
			   "pve-passthrough restore %u"),
			 vmid, vmid);
		break;
	case TAKER_TESTS: log_info(_("a test runs (pve-passthrough test)")); break;
	case TAKER_TEST_DIED:
		log_info(_("the test has died; give its devices back: pve-passthrough restore "
			   "test"));
		break;
	}
}

static bool is_printed(struct record *const *records, size_t n, unsigned int vmid)
{
	for (size_t i = 0; i < n; i++)
		if (records[i] && records[i]->vmid == vmid)
			return true;
	return false;
}

static void print_by_hand(const struct bdf *bdf)
{
	auto_free char *command = record_by_hand(bdf);

	log_info(_("    once no VM runs with it, give it back by hand, and remove the record:"));
	log_command("    %s", command ? command : _("out of memory"));
}

/* A record that cannot be used. Only one whose text is wrong may be removed. */
static void print_unreadable(const struct bdf *bdf, int err, const char *why)
{
	log_error("%s", why ? why : log_strerror(err));
	if (err == -EACCES || err == -EPERM)
		log_info(_("    run this as root"));
	else if (err == -EINVAL || err == -EPROTONOSUPPORT)
		print_by_hand(bdf);
	else
		log_command("    ls -l /%s", RECORD_DIR);
}

/* The devices, then each VM once. Returns 0, or -errno when a record could not be read. */
static int print_records(const struct fs_root *root, struct pci *pci, const struct bdf *list,
			 size_t n)
{
	auto_free struct record **records = calloc(n + 1, sizeof(*records));
	int failed = records ? 0 : -ENOMEM;

	for (size_t i = 0; records && i < n; i++) {
		auto_free char *why = NULL;
		int err = record_read(root, &list[i], &records[i], &why);

		if (err) {
			print_unreadable(&list[i], err, why);
			failed = err;
		}
		if (records[i])
			print_record(root, pci, records[i]);
	}
	for (size_t i = 0; records && i < n; i++)
		if (records[i] && !is_printed(records, i, records[i]->vmid))
			print_vm(root, records[i]->vmid);
	for (size_t i = 0; records && i < n; i++)
		record_free(records[i]);
	return failed;
}

/* Records that were renamed to .broken, for the administrator to put right. Adds their number to
 * *N. */
static int print_broken(const struct fs_root *root, size_t *n)
{
	auto_free struct bdf *list = NULL;
	size_t n_broken;
	int err = record_list_broken(root, &list, &n_broken);

	if (err)
		return err;
	for (size_t i = 0; i < n_broken; i++) {
		log_info("%s", bdf_text(&list[i]));
		log_info(_("    its record could not be understood and was renamed: /%s/%s.broken"),
			 RECORD_DIR, bdf_text(&list[i]));
		print_by_hand(&list[i]);
	}
	*n += n_broken;
	return 0;
}

int show_status(const struct fs_root *root)
{
	cleanup_with(pci_closep) struct pci *pci = NULL;
	auto_free struct bdf *list = NULL;
	size_t n;
	int err, broken_err;

	err = record_list(root, &list, &n);
	if (!err)
		err = pci_open(root, &pci);
	if (err) {
		log_error(_("/%s cannot be read: %s"), RECORD_DIR, log_strerror(err));
		return EXIT_FAILED;
	}
	err = print_records(root, pci, list, n);
	broken_err = print_broken(root, &n);
	if (!n)
		log_info(_("no device is taken"));
	return err || broken_err ? EXIT_FAILED : EXIT_DONE;
}

int show_config(const struct fs_root *root, unsigned int vmid, bool raw)
{
	const char *source = getenv("PVE_MIGRATED_FROM");
	cleanup_with(vmcfg_freep) struct vmcfg *vm = NULL;
	auto_free char *text = NULL, *why = NULL;

	if (vm_read(root, vmid, &vm, &why))
		return exit_failed(why);
	text = raw ? vmcfg_describe_raw(vm) : vmcfg_describe(vm, source && *source);
	if (!text)
		return exit_failed(NULL);
	fputs(text, stdout);
	fflush(stdout);
	for (size_t i = 0; i < vm->n_dropped; i++)
		log_warning(_("line %u: %s"), vm->dropped[i].line, vm->dropped[i].why);
	return EXIT_DONE;
}

int show_settings(const struct fs_root *root, unsigned int vmid)
{
	auto_settings struct settings settings = settings_default;
	auto_free char *node = NULL, *text = NULL;
	int err;

	if (settings_read(root, vmid, &settings))
		return exit_failed(settings_error(&settings));
	err = pve_node_name(root, &node);
	if (err) {
		log_error(_("the name of this node cannot be read: %s"), strerror(-err));
		return EXIT_FAILED;
	}
	text = settings_describe(&settings);
	if (!text)
		return exit_failed(NULL);
	printf("# VM %u on node %s\n%s", vmid, node, text);
	fflush(stdout);
	for (size_t i = 0; i < settings.n_warnings; i++)
		log_warning("%s", settings.warnings[i]);
	return EXIT_DONE;
}

/* ---- log ---- */

/* Where messages are without a journal (host/base/log.c). */
static void report_syslog(const struct fs_root *root, unsigned int vmid)
{
	static const char *const files[] = {"var/log/syslog", "var/log/messages"};
	size_t i = 0;

	while (i < ARRAY_SIZE(files) && fs_probe(root, files[i]) <= 0)
		i++;
	if (i < ARRAY_SIZE(files))
		log_error(_("look into the system's log: grep 'pve-passthrough.*: VM %u, ' %s/%s"),
			  vmid, root->path, files[i]);
	else
		log_error(_("nor is there /%s or /%s; the messages of starts are in their task "
			    "logs"),
			  files[0], files[1]);
}

/* Only root's messages: every user may write to a journal. Returns only on failure: -errno. */
static int exec_journalctl(const struct fs_root *root, unsigned int vmid)
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
	/* It shows a page at a time to whom reads it. */
	supervise_allow(SUPERVISE_FOREVER);
	execvp(args[0], (char *const *)(uintptr_t)args);
	return -errno;
}

int show_log(const struct fs_root *root, unsigned int vmid)
{
	const char *journal = fs_root_is_running_system(root) ? "run/systemd/journal"
							      : "var/log/journal";

	if (fs_probe(root, journal) > 0)
		log_error(_("VM %u: journalctl cannot be run: %s"), vmid,
			  strerror(-exec_journalctl(root, vmid)));
	else
		log_error(_("VM %u: there is no journal here (no %s/%s)"), vmid, root->path,
			  journal);
	report_syslog(root, vmid);
	return EXIT_FAILED;
}
