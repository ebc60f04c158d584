// SPDX-License-Identifier: GPL-2.0-or-later
/* A virtual function of a network card with settings of its VM's entry, from the plan to the way
 * back. */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "fake_netlink.h"
#include "hookscript/bind/fdb_guests.h"
#include "hookscript/pve/exit.h"
#include "hookscript/phases/start.h"
#include "hookscript/phases/stop.h"
#include "hookscript/watch.h"
#include "host/base/clock.h"
#include "host/base/log.h"
#include "scenario.h"

/* A sanitizer makes every process slower. */
#define SANITIZED_EVERY 19

#define PF	"0000:07:00.0"
#define VF0	"0000:08:00.0"
#define VF1	"0000:08:00.1"
#define RECORDS "run/pve-passthrough/records/"
#define UUID	"6a1e5f0c-3c1f-4a53-9d6e-0f2b7c1d8e90"

#define ALL_KEYS "mac = \"stable\"; vlan = 30; trust = true; spoofchk = false;"

/* Their own drivers have chosen the MACs. */
#define FRESH0 "mac=02:00:00:00:00:10 vlan=0 qos=0 protocol=33024 spoofchk=1 trust=0 link=0"
#define FRESH1 "mac=02:00:00:00:00:11 vlan=0 qos=0 protocol=33024 spoofchk=1 trust=0 link=0"

/* hostpci0 of that uuid (test_mac.c). */
#define STABLE "76:21:4c:2c:7f:9b"
#define WANTED "mac=" STABLE " vlan=30 qos=0 protocol=33024 spoofchk=0 trust=1 link=0"

static char now_trying[128];

static void put_settings(struct tree *tree, const char *keys)
{
	auto_free char *text = fs_path("vm100 = { hostpci0 = { %s }; };\n", keys);

	tree_settings(tree, text);
}

static void put_vm(struct tree *tree, const char *entry)
{
	auto_free char *text = fs_path(
		"machine: q35\nsmbios1: uuid=" UUID "\nhostpci0: %s,pcie=1\n", entry);

	tree_vm(tree, 100, text);
}

static int setup(void **state)
{
	struct tree *tree;

	if (scenario_setup(state))
		return -1;
	tree = *state;
	fake_netlink_igb(tree, PF, (const char *const[]){VF0, VF1, NULL});
	fake_netlink_lists(tree, 7, 0, FRESH0);
	fake_netlink_lists(tree, 7, 1, FRESH1);
	put_vm(tree, VF1);
	put_settings(tree, ALL_KEYS);
	return 0;
}

static int teardown(void **state)
{
	run_checks_leaks = true;
	if (now_trying[0])
		print_error("the last thing tried: %s\n", now_trying);
	fake_netlink_end();
	return fake_kernel_teardown(state);
}

static void assert_listed(struct tree *tree, unsigned int i, const char *expected)
{
	auto_free char *text = fake_netlink_listed(tree, 7, i);

	assert_string_equal(text, expected);
}

static void assert_record_has(struct tree *tree, const char *bdf, const char *line)
{
	auto_free char *path = fs_path(RECORDS "%s", bdf);
	auto_free char *text = tree_text(tree, path);

	if (!strstr(text, line))
		fail_msg("the record of %s is:\n%swithout: %s", bdf, text, line);
}

static void test_life(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);
	auto_run struct run plan = {0}, shown = {0};

	run_hook(tree, scenario_plan, 100, &plan);
	run_assert_code(&plan, EXIT_DONE);
	run_assert_says(&plan, "virtual function 1 of " PF " (eth7)");
	run_assert_says(&plan, "mac " STABLE " while the VM has it; now 02:00:00:00:00:11");
	run_assert_says(&plan, "vlan 30 while the VM has it; now 0");
	run_assert_says(&plan, "trust on while the VM has it; now off");
	run_assert_says(&plan, "spoofchk off while the VM has it; now on");
	tree_assert_is(tree, TREE_STATE, before);
	scenario_must(tree, start_pre, 100);
	assert_string_equal(tree_driver_of(tree, VF1), "vfio-pci");
	assert_listed(tree, 1, WANTED);
	assert_listed(tree, 0, FRESH0);
	assert_record_has(tree, VF1, "vf_mac_before = \"02:00:00:00:00:11\";\n");
	assert_record_has(tree, VF1, "vf_vlan = \"30\";\nvf_vlan_before = \"0\";\n");
	run_hook(tree, scenario_status, 0, &shown);
	run_assert_code(&shown, EXIT_DONE);
	run_assert_says(&shown, "now on vfio-pci\n    vlan: 30; before: 0\n    mac: " STABLE
				"; before: 02:00:00:00:00:11\n    spoofchk: off; before: on\n"
				"    trust: on; before: off\n");
	scenario_must(tree, stop_post, 100);
	assert_string_equal(tree_driver_of(tree, VF1), "igbvf");
	tree_assert_is(tree, TREE_STATE, before);
}

/* What is not named is neither written nor put back: the guest may have changed it. */
static void test_only_what_is_named(void **state)
{
	struct tree *tree = *state;

	put_settings(tree, "vlan = 5;");
	scenario_must(tree, start_pre, 100);
	assert_listed(
		tree, 1,
		"mac=02:00:00:00:00:11 vlan=5 qos=0 protocol=33024 spoofchk=1 trust=0 link=0");
	fake_netlink_lists(
		tree, 7, 1,
		"mac=02:00:00:00:00:99 vlan=5 qos=0 protocol=33024 spoofchk=1 trust=1 link=0");
	scenario_must(tree, stop_post, 100);
	assert_listed(
		tree, 1,
		"mac=02:00:00:00:00:99 vlan=0 qos=0 protocol=33024 spoofchk=1 trust=1 link=0");
}

static void test_without_settings(void **state)
{
	struct tree *tree = *state;

	tree_settings(tree, "");
	/* Nothing is asked of a card of which nothing is wanted. */
	fake_netlink_lists(tree, 7, 0, NULL);
	fake_kernel_reset(NULL);
	scenario_must(tree, start_pre, 100);
	scenario_must(tree, stop_post, 100);
	assert_null(strstr(fake_kernel_log(), "vlan"));
}

/* ---- deaths and errors ---- */

static void die_at(struct tree *tree, run_phase *phase, enum fake_fault fault, unsigned int at,
		   bool after)
{
	struct fake_plan plan = {.fault = fault, .at = at, .after = after, .error = ENODEV};
	auto_run struct run run = {0};

	snprintf(now_trying, sizeof(now_trying), "fault %d %s write %u of %s", fault,
		 after ? "after" : "before", at, phase == start_pre ? "pre-start" : "post-stop");
	fake_kernel_reset(&plan);
	run_hook(tree, phase, 100, &run);
	fake_kernel_reset(NULL);
}

static unsigned int count_writes(struct tree *tree, run_phase *phase)
{
	fake_kernel_reset(NULL);
	scenario_must(tree, phase, 100);
	return fake_kernel_writes();
}

static void test_dies_at_every_write(void **state)
{
	static const enum fake_fault faults[] = {FAULT_KILL_ALL, FAULT_KILL_WORKER, FAULT_ERROR};
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);
	unsigned int n_start = count_writes(tree, start_pre),
		     n_stop = count_writes(tree, stop_post);

	assert_true(n_start >= 7 && n_stop >= 8);
	run_checks_leaks = false;
	for (size_t f = 0; f < ARRAY_SIZE(faults); f++)
		for (unsigned int at = 1; at <= n_start + n_stop;
		     at += sweep_every(1, SANITIZED_EVERY))
			for (int after = 0; after < (faults[f] == FAULT_ERROR ? 1 : 2); after++) {
				if (at > n_start)
					scenario_must(tree, start_pre, 100);
				die_at(tree, at > n_start ? stop_post : start_pre, faults[f],
				       at > n_start ? at - n_start : at, after);
				fake_kernel_settle(false);
				scenario_must(tree, stop_post, 100);
				tree_assert_is(tree, TREE_STATE, before);
				assert_null(fake_kernel_violation());
			}
	now_trying[0] = '\0';
}

static void test_cannot_be_set(void **state)
{
	static const struct {
		const char *key, *says;
	} fields[] = {
		{"vlan", VF1 ": failed while setting its VLAN on its network card"},
		{"mac", VF1 ": failed while setting its MAC on its network card"},
		{"trust", VF1 ": failed while setting trust on its network card"},
		{"spoofchk", VF1 ": failed while setting spoofchk on its network card"},
	};
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		for (int silent = 0; silent < 2; silent++) {
			auto_run struct run run = {0};

			fake_netlink_fault(tree, fields[i].key, silent ? 0 : EPERM, 1);
			run_hook(tree, start_pre, 100, &run);
			run_assert_code(&run, EXIT_FAILED);
			run_assert_says(&run, fields[i].says);
			tree_assert_is(tree, TREE_STATE, before);
		}
}

/* It goes back to its driver all the same. */
static void test_cannot_be_put_back(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	scenario_must(tree, start_pre, 100);
	fake_netlink_fault(tree, "mac", EINVAL, 0);
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run, VF1 ": vfio-pci -> igbvf; but its network card refused");
	assert_listed(tree, 1,
		      "mac=" STABLE " vlan=0 qos=0 protocol=33024 spoofchk=1 trust=0 link=0");
	assert_string_equal(tree_driver_of(tree, VF1), "igbvf");
	assert_false(tree_has(tree, RECORDS VF1));
}

/* A card that fails once may do it the next time: its driver does not say which it is. */
static void test_put_back_after_failures(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);

	scenario_must(tree, start_pre, 100);
	fake_netlink_fault(tree, "mac", EIO, 3);
	scenario_must(tree, stop_post, 100);
	tree_assert_is(tree, TREE_STATE, before);
}

/* What cannot be asked for now is tried again. */
static void test_put_back_later(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);
	auto_run struct run run = {0};

	scenario_must(tree, start_pre, 100);
	fake_netlink_lists(tree, 7, 0, NULL);
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, "the kernel's list of its virtual functions is not complete");
	assert_true(tree_has(tree, RECORDS VF1));
	fake_netlink_lists(tree, 7, 0, FRESH0);
	scenario_must(tree, stop_restore, 100);
	tree_assert_is(tree, TREE_STATE, before);
}

static void test_vfs_go_away(void **state)
{
	struct tree *tree = *state;

	scenario_must(tree, start_pre, 100);
	tree_delete(tree, "sys/devices/pci0000:00/" PF "/virtfn0");
	tree_delete(tree, "sys/devices/pci0000:00/" PF "/virtfn1");
	tree_delete(tree, "netlink");
	tree_device_gone(tree, VF0);
	tree_device_gone(tree, VF1);
	scenario_must(tree, stop_post, 100);
	assert_false(tree_has(tree, RECORDS VF1));
}

/* A start after one that was not undone: what only the first wanted is put back at once, and what
 * only the second wants is read now. */
static void test_other_settings_meanwhile(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);

	put_settings(tree, "vlan = 30; trust = true;");
	scenario_must(tree, start_pre, 100);
	put_settings(tree, "vlan = 31; spoofchk = false;");
	scenario_must(tree, start_pre, 100);
	assert_listed(
		tree, 1,
		"mac=02:00:00:00:00:11 vlan=31 qos=0 protocol=33024 spoofchk=0 trust=0 link=0");
	scenario_must(tree, stop_post, 100);
	put_settings(tree, ALL_KEYS);
	tree_assert_is(tree, TREE_STATE, before);
}

/* ---- refusals ---- */

static void refuse(struct tree *tree, const char *says, const char *cure)
{
	auto_free char *before = tree_render(tree, TREE_STATE);
	auto_run struct run run = {0};

	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_REFUSED);
	run_assert_says(&run, says);
	run_assert_says(&run, cure);
	tree_assert_is(tree, TREE_STATE, before);
}

#define NO_VF "which only a virtual function of a network card has"

static void test_no_vf(void **state)
{
	static const char *const entries[] = {DISK, PF, "0000:08:00"};
	static const char *const keys[] = {"mac = \"stable\";", "vlan = 0;", "trust = false;",
					   "spoofchk = true;", "fdb = true;"};
	struct tree *tree = *state;

	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
			put_vm(tree, entries[i]);
			put_settings(tree, keys[k]);
			refuse(tree, NO_VF, "of vm100, hostpci0, out of /etc/pve-passthrough.conf");
		}
	/* One that is left would be refused next. */
	put_vm(tree, DISK);
	put_settings(tree, "mac = \"stable\";\nvlan = 5; fdb = true;");
	refuse(tree, NO_VF,
	       "or take these of vm100, hostpci0, out of the settings: mac "
	       "(/etc/pve-passthrough.conf, line 1), vlan (/etc/pve-passthrough.conf, line 2), fdb "
	       "(/etc/pve-passthrough.conf, line 2)");
	put_vm(tree, entries[2]);
	put_settings(tree, "mac = \"stable\";");
	refuse(tree, "it has several devices, and the settings one mac", "an entry of its own");
	put_vm(tree, VF1 ",driver=keep");
	refuse(tree, NO_VF, "mac of vm100");
	put_vm(tree, VF1 ",mdev=x");
	refuse(tree, NO_VF, "mac of vm100");
	/* A VF, but of no network card that the host sees. */
	put_vm(tree, VF1);
	tree_delete(tree, "sys/devices/pci0000:00/" PF "/net");
	refuse(tree, "its interface is in another network namespace", "mac of vm100");
}

static void test_cannot_be_read(void **state)
{
	struct tree *tree = *state;

	fake_netlink_lists(tree, 7, 0, NULL);
	refuse(tree, "so its guest might be in the wrong network", "ip link show eth7");
	fake_netlink_lists(tree, 7, 0, FRESH0);
	fake_netlink_lists(tree, 7, 1, "mac=02:00:00:00:00:11 vlan=0 qos=0 protocol=33024");
	refuse(tree, "does not know trust", "or take trust of vm100");
	fake_netlink_lists(tree, 7, 1, FRESH1);
	tree_delete(tree, "sys/devices/pci0000:00/" PF "/virtfn1");
	refuse(tree, "cannot be read",
	       "or take mac, vlan, trust, spoofchk of vm100, hostpci0, out of "
	       "/etc/pve-passthrough.conf, line 1");
}

/* Neither a uuid nor a name. */
static void test_no_identity(void **state)
{
	struct tree *tree = *state;
	auto_run struct run plan = {0};

	tree_vm(tree, 100, "machine: q35\nhostpci0: " VF1 ",pcie=1\n");
	tree_file(tree, "etc/pve/corosync.conf", "totem {\n}\n");
	refuse(tree, "of which mac = \"stable\" is made, cannot be read", "--smbios1 uuid=");
	tree_file(tree, "etc/pve/corosync.conf", "totem {\n  cluster_name: lab\n}\n");
	run_hook(tree, scenario_plan, 100, &plan);
	/* "hostpci0 lab 100" (test_mac.c). */
	run_assert_says(&plan, "mac be:7e:18:a8:32:a6 while");
}

static void test_no_entry(void **state)
{
	struct tree *tree = *state;
	auto_run struct run plan = {0};

	tree_settings(tree, "vm100 = { hostpci7 = { vlan = 7; }; };\n");
	run_hook(tree, scenario_plan, 100, &plan);
	run_assert_code(&plan, EXIT_DONE);
	run_assert_says(&plan, "the settings have vlan for hostpci7, which VM 100 does not have");
}

/* ---- another VF is chosen ---- */

#define MAP(vf, group) \
	"id=8086:10ca,iommugroup=" group ",node=lab,path=" vf ",subsystem-id=8086:0000"

static void use_mapping(struct tree *tree)
{
	tree_link(tree, "etc/pve/local", "nodes/lab");
	tree_file(tree, "etc/pve/mapping/pci.cfg",
		  "vfs\n\tmap " MAP(VF0, "21") "\n\tmap " MAP(VF1, "22") "\n");
	put_vm(tree, "mapping=vfs");
}

/* Proxmox VE has taken the VF, and QEMU has it. */
static void run_as(struct tree *tree, const char *vf, pid_t pid)
{
	auto_free char *reserved = fs_path("%s 100 pid:%d\n", vf, (int)pid);
	auto_free char *cmdline = fs_path(
		"/usr/bin/kvm -id 100 -pidfile /var/run/qemu-server/100.pid -device "
		"vfio-pci,host=%s,id=hostpci0,bus=ich9-pcie-port-1,addr=0x0",
		vf);

	tree_bind(tree, vf, "vfio-pci");
	tree_vm_runs(tree, 100, pid);
	tree_process(tree, pid, "kvm", cmdline);
	tree_file(tree, "run/qemu-server/pci-id-reservations", reserved);
}

static void run_with(struct tree *tree, const char *vf)
{
	run_as(tree, vf, 4711);
}

static void end_vm(struct tree *tree)
{
	tree_delete(tree, "var/run/qemu-server/100.pid");
	tree_delete(tree, "run/qemu-server");
	tree_delete(tree, "proc/4711");
}

static void test_another_is_chosen(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	use_mapping(tree);
	scenario_must(tree, start_pre, 100);
	assert_listed(tree, 0, WANTED);
	assert_listed(tree, 1, FRESH1);
	run_with(tree, VF1);
	run_hook(tree, start_post, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(
		&run,
		VF1 ": Proxmox VE took it for VM 100; its settings (MAC, VLAN) are applied now");
	assert_listed(tree, 0, FRESH0);
	assert_listed(tree, 1, WANTED);
	assert_string_equal(tree_driver_of(tree, VF0), "igbvf");
	end_vm(tree);
	scenario_must(tree, stop_post, 100);
	assert_listed(tree, 1, FRESH1);
	assert_string_equal(tree_driver_of(tree, VF1), "igbvf");
}

/* Proxmox VE may take any of them, so what is wanted must be possible on each. */
static void test_alternative_cannot_have_it(void **state)
{
	struct tree *tree = *state;

	use_mapping(tree);
	fake_netlink_lists(tree, 7, 1, "mac=02:00:00:00:00:11 vlan=0 qos=0 protocol=33024");
	refuse(tree, "does not know trust", "take " VF1 " out of the mapping");
	fake_netlink_lists(tree, 7, 1, FRESH1);
	tree_file(
		tree, "etc/pve/mapping/pci.cfg",
		"vfs\n\tmap " MAP(VF0, "21") "\n\tmap id=8086:10c9,iommugroup=20,node=lab,path=" PF
					     ",subsystem-id=8086:0000\n");
	refuse(tree, NO_VF, "take " PF " out of the mapping");
	put_settings(tree, "");
	scenario_must(tree, start_pre, 100);
	scenario_must(tree, stop_post, 100);
}

/* Nothing could be set on what is not recorded. */
static void test_alternative_cannot_be_recorded(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	use_mapping(tree);
	tree_folder(tree, RECORDS VF1 ".spare-100");
	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, "its guest would be in the wrong network");
	assert_listed(tree, 0, FRESH0);
	assert_string_equal(tree_driver_of(tree, VF0), "igbvf");
	assert_false(tree_has(tree, RECORDS VF0));
	put_settings(tree, "");
	scenario_must(tree, start_pre, 100);
	scenario_must(tree, stop_post, 100);
}

static void test_foreseen_is_chosen(void **state)
{
	struct tree *tree = *state;

	use_mapping(tree);
	scenario_must(tree, start_pre, 100);
	run_with(tree, VF0);
	fake_kernel_reset(NULL);
	scenario_must(tree, start_post, 100);
	assert_int_equal(fake_kernel_writes(), 0);
	end_vm(tree);
	scenario_must(tree, stop_post, 100);
	assert_listed(tree, 0, FRESH0);
}

/* What is listed while the VM runs, and its end. */
static pid_t end_later(struct tree *tree, pid_t vm, bool corrects)
{
	pid_t helper = fork();

	assert_true(helper >= 0);
	if (!helper) {
		auto_free char *proc = fs_path("proc/%d", (int)vm), *first = NULL, *second = NULL;

		if (corrects) {
			clock_sleep_ms(500);
			put_settings(tree, ALL_KEYS);
		}
		/* Until the watcher has done it. */
		for (int i = 0; i < 250; i++) {
			free(first);
			free(second);
			first = fake_netlink_listed(tree, 7, 0);
			second = fake_netlink_listed(tree, 7, 1);
			if (!strcmp(first, FRESH0) && !strcmp(second, WANTED))
				break;
			clock_sleep_ms(20);
		}
		tree_file(tree, "seen0", first);
		tree_file(tree, "seen1", second);
		tree_delete(tree, "var/run/qemu-server/100.pid");
		tree_delete(tree, "run/qemu-server");
		tree_delete(tree, proc);
		kill(vm, SIGKILL);
		_exit(0);
	}
	return helper;
}

/* Post-start was killed, at whatever write, or never called: the watcher does it, once the start
 * has ended. */
static void finish_by_watcher(struct tree *tree, unsigned int dies_at, bool called, bool corrected)
{
	struct fake_plan plan = {.fault = FAULT_KILL_ALL, .at = dies_at, .after = dies_at % 2};
	auto_run struct run watch = {0};
	auto_free char *first = NULL, *second = NULL;
	pid_t vm = fork(), helper;

	if (!vm) {
		alarm(60);
		pause();
		_exit(0);
	}
	scenario_must(tree, start_pre, 100);
	run_as(tree, VF1, vm);
	if (called) {
		auto_run struct run post = {0};

		fake_kernel_reset(&plan);
		run_hook(tree, start_post, 100, &post);
		fake_kernel_reset(NULL);
		fake_kernel_settle(false);
	}
	if (corrected)
		put_settings(tree, "vlan = 4095;");
	helper = end_later(tree, vm, corrected);
	run_hook(tree, watch_run, 100, &watch);
	waitpid(helper, NULL, 0);
	waitpid(vm, NULL, 0);
	run_assert_code(&watch, EXIT_DONE);
	first = tree_text(tree, "seen0");
	second = tree_text(tree, "seen1");
	assert_string_equal(first, FRESH0);
	assert_string_equal(second, WANTED);
	assert_listed(tree, 0, FRESH0);
	assert_listed(tree, 1, FRESH1);
	assert_string_equal(tree_driver_of(tree, VF1), "igbvf");
}

static void test_post_start_dies(void **state)
{
	struct tree *tree = *state;

	use_mapping(tree);
	run_checks_leaks = false;
	finish_by_watcher(tree, 0, false, false);
	for (unsigned int at = 1; at <= 8; at++) {
		snprintf(now_trying, sizeof(now_trying), "death at write %u of post-start", at);
		finish_by_watcher(tree, at, true, false);
	}
	now_trying[0] = '\0';
}

/* What keeps the watcher from it passes: settings with an error are corrected while the VM runs. */
static void test_finished_later(void **state)
{
	struct tree *tree = *state;

	use_mapping(tree);
	run_checks_leaks = false;
	finish_by_watcher(tree, 0, false, true);
}

/* QEMU's igb has no state of a VF's link, so that only the fake netlink has seen this. */
static void test_link_is_disabled(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	use_mapping(tree);
	scenario_must(tree, start_pre, 100);
	run_with(tree, VF1);
	fake_netlink_fault(tree, "vlan@1", EPERM, 0);
	run_hook(tree, start_post, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, VF1 ": failed while setting its VLAN");
	run_assert_says(&run, "its link is disabled until the VM stops");
	assert_listed(
		tree, 1,
		"mac=02:00:00:00:00:11 vlan=0 qos=0 protocol=33024 spoofchk=1 trust=0 link=2");
	end_vm(tree);
	fake_netlink_fault(tree, NULL, 0, 0);
	scenario_must(tree, stop_post, 100);
	assert_listed(tree, 1, FRESH1);
	assert_listed(tree, 0, FRESH0);
}

/* What was set before the failure stays: the guest is on the link until that is down. */
static void test_only_the_link_is_disabled(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	use_mapping(tree);
	scenario_must(tree, start_pre, 100);
	run_with(tree, VF1);
	fake_netlink_fault(tree, "trust@1", EPERM, 0);
	run_hook(tree, start_post, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, "its link is disabled until the VM stops");
	assert_listed(tree, 1,
		      "mac=" STABLE " vlan=30 qos=0 protocol=33024 spoofchk=0 trust=0 link=2");
	end_vm(tree);
	fake_netlink_fault(tree, NULL, 0, 0);
	scenario_must(tree, stop_post, 100);
	assert_listed(tree, 1, FRESH1);
}

static void test_link_cannot_be_disabled(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	use_mapping(tree);
	scenario_must(tree, start_pre, 100);
	run_with(tree, VF1);
	tree_delete(tree, "sys/devices/pci0000:00/" PF "/net");
	run_hook(tree, start_post, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, "its guest is in the wrong network; stop it: qm stop 100");
	fake_netlink_interface(tree, PF, "eth7", 7);
	end_vm(tree);
	scenario_must(tree, stop_post, 100);
	assert_listed(tree, 1, FRESH1);
	assert_listed(tree, 0, FRESH0);
}

/* What an older version has left (tests/upgrade/README). */
static void test_older_record(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);
	auto_free char *command = fs_path("mkdir -p '%s/" RECORDS "' && cp -r '" TESTS_DIR
					  "/upgrade/vf/.' '%s/" RECORDS "'",
					  tree->root.path, tree->root.path);

	assert_int_equal(system(command), 0);
	tree_bind(tree, VF1, "vfio-pci");
	fake_netlink_lists(tree, 7, 1, WANTED);
	fake_netlink_enter(tree, 7, "bc:24:11:00:00:02");
	scenario_must(tree, stop_post, 100);
	tree_assert_is(tree, TREE_STATE, before);
}

/* ---- the bridge ---- */

#define GUEST "bc:24:11:00:00:01"
#define CT    "bc:24:11:00:00:02"
#define OWN   "02:00:00:00:00:01"

static void use_bridge(struct tree *tree)
{
	fake_netlink_bridge(tree, "eth7", "vmbr0");
	tree_vm(tree, 200,
		"net0: virtio=BC:24:11:00:00:01,bridge=vmbr0\n"
		"net1: virtio=BC:24:11:00:00:09,bridge=vmbr1\n");
	tree_vm(tree, 201, "net0: virtio=BC:24:11:00:00:08,bridge=vmbr0\n");
	tree_vm_runs(tree, 200, 4712);
	tree_file(tree, "etc/pve/lxc/105.conf",
		  "net0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:02,type=veth\n");
	tree_folder(tree, "sys/fs/cgroup/lxc/105");
	/* The administrator's own. */
	fake_netlink_enter(tree, 7, OWN);
	tree_settings(tree, "");
}

static void assert_fdb(struct tree *tree, const char *expected)
{
	auto_free char *fdb = fake_netlink_fdb(tree, 7);

	assert_string_equal(fdb, expected);
}

static void test_bridge(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;
	auto_run struct run plan = {0};

	use_bridge(tree);
	before = tree_render(tree, TREE_STATE);
	run_hook(tree, scenario_plan, 100, &plan);
	run_assert_says(&plan, "the MACs of guests on vmbr0 are entered on eth7");
	scenario_must(tree, start_pre, 100);
	assert_fdb(tree, OWN "\n" GUEST "\n" CT "\n");
	/* A guest that has ended. */
	tree_delete(tree, "sys/fs/cgroup/lxc/105");
	tree_vm_runs(tree, 100, 4711);
	scenario_must(tree, start_post, 100);
	assert_fdb(tree, OWN "\n" GUEST "\n");
	end_vm(tree);
	tree_vm_runs(tree, 200, 4712);
	scenario_must(tree, stop_post, 100);
	assert_fdb(tree, OWN "\n");
	tree_folder(tree, "sys/fs/cgroup/lxc/105");
	tree_delete(tree, "var/lib");
	tree_assert_is(tree, TREE_STATE, before);
}

static void test_bridge_is_left_alone(void **state)
{
	struct tree *tree = *state;

	use_bridge(tree);
	put_settings(tree, "fdb = false;");
	scenario_must(tree, start_pre, 100);
	assert_fdb(tree, OWN "\n");
	scenario_must(tree, stop_post, 100);
}

/* What is there already is somebody else's. */
static void test_entry_is_there_already(void **state)
{
	struct tree *tree = *state;

	use_bridge(tree);
	fake_netlink_enter(tree, 7, GUEST);
	scenario_must(tree, start_pre, 100);
	assert_fdb(tree, OWN "\n" GUEST "\n" CT "\n");
	scenario_must(tree, stop_post, 100);
	assert_fdb(tree, OWN "\n" GUEST "\n");
}

static void test_entry_fails(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	use_bridge(tree);
	fake_netlink_fault(tree, "fdb", ENOMEM, 1);
	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run, "list of MACs could not be updated");
	assert_fdb(tree, OWN "\n" CT "\n");
	scenario_must(tree, stop_post, 100);
	assert_fdb(tree, OWN "\n");
}

static int update_fdb(const struct fs_root *root, unsigned int vmid)
{
	(void)vmid;
	return fdb_update(root, true) ? EXIT_FAILED : EXIT_DONE;
}

/* While pve-cluster is restarted, no config is there, and every guest runs on. */
static void test_no_cluster_files(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	use_bridge(tree);
	scenario_must(tree, start_pre, 100);
	assert_fdb(tree, OWN "\n" GUEST "\n" CT "\n");
	tree_delete(tree, "etc/pve");
	tree_folder(tree, "etc/pve");
	run_hook(tree, update_fdb, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	assert_fdb(tree, OWN "\n" GUEST "\n" CT "\n");
	scenario_must(tree, stop_post, 100);
	assert_fdb(tree, OWN "\n");
}

/* Two VMs on one card: the entries stay as long as one of them runs. */
static void test_two_vms(void **state)
{
	struct tree *tree = *state;

	use_bridge(tree);
	tree_vm(tree, 101, "machine: q35\nhostpci0: " VF0 ",pcie=1\n");
	scenario_must(tree, start_pre, 100);
	scenario_must(tree, start_pre, 101);
	scenario_must(tree, stop_post, 100);
	assert_fdb(tree, OWN "\n" GUEST "\n" CT "\n");
	scenario_must(tree, stop_post, 101);
	assert_fdb(tree, OWN "\n");
}

/* All died when the VF was back: whoever comes next cleans up. */
static void test_note_is_left(void **state)
{
	static run_phase *const phases[] = {stop_restore, watch_run};
	struct tree *tree = *state;

	use_bridge(tree);
	for (size_t i = 0; i < ARRAY_SIZE(phases); i++) {
		auto_run struct run run = {0};

		tree_file(tree, RECORDS PF ".fdb", CT "\n");
		fake_netlink_enter(tree, 7, CT);
		run_hook(tree, phases[i], 100, &run);
		run_assert_code(&run, EXIT_DONE);
		assert_fdb(tree, OWN "\n");
		assert_false(tree_has(tree, RECORDS PF ".fdb"));
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_life),
		TEST(test_only_what_is_named),
		TEST(test_without_settings),
		TEST(test_dies_at_every_write),
		TEST(test_cannot_be_set),
		TEST(test_cannot_be_put_back),
		TEST(test_put_back_after_failures),
		TEST(test_put_back_later),
		TEST(test_vfs_go_away),
		TEST(test_other_settings_meanwhile),
		TEST(test_no_vf),
		TEST(test_cannot_be_read),
		TEST(test_no_identity),
		TEST(test_no_entry),
		TEST(test_another_is_chosen),
		TEST(test_alternative_cannot_have_it),
		TEST(test_alternative_cannot_be_recorded),
		TEST(test_foreseen_is_chosen),
		TEST(test_post_start_dies),
		TEST(test_finished_later),
		TEST(test_link_is_disabled),
		TEST(test_only_the_link_is_disabled),
		TEST(test_link_cannot_be_disabled),
		TEST(test_older_record),
		TEST(test_bridge),
		TEST(test_bridge_is_left_alone),
		TEST(test_entry_is_there_already),
		TEST(test_entry_fails),
		TEST(test_no_cluster_files),
		TEST(test_two_vms),
		TEST(test_note_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
