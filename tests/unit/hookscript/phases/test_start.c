// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/phases/start.h"

#include <stdio.h>
#include <sys/wait.h>

#include "hookscript/verbs/accept.h"
#include "hookscript/pve/exit.h"
#include "hookscript/phases/stop.h"
#include "host/base/clock.h"
#include "scenario.h"

#define RECORDS "run/pve-passthrough/records/"

/* ---- refusals: nothing is touched ---- */

static void test_refusals(void **state)
{
	static const struct {
		const char *config, *because;
	} rows[] = {
		{"hostpci1: 03:00.0,pcie=1\n", "cure: qm set 100 --machine q35"},
		{"machine: q35\nhostpci1: 03:00.0\n", "cure: qm set 100 --hostpci1 03:00.0,pcie=1"},
		{"machine: q35\nhostpci1: 0b:00.0,pcie=1\n", "no PCI device at 0000:0b:00.0"},
		{"machine: q35\nhostpci1: mapping=card,pcie=1\n", "mapping=card"},
		{"machine: q35\nhostpci1: " PORT ",pcie=1\n", PORT " is a PCI bridge"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		tree_vm(*state, 100, rows[i].config);
		scenario_assert_refused(*state, 100, rows[i].because);
	}
}

static void test_no_iommu(void **state)
{
	struct tree *tree = *state;

	tree_delete(tree, "sys/class/iommu/dmar0");
	scenario_assert_refused(tree, 100, "the firmware offers no IOMMU");
	tree_file(tree, "sys/firmware/acpi/tables/DMAR", "DMAR");
	scenario_assert_refused(tree, 100, "the IOMMU is off, although the firmware offers one");
}

/* What modprobe would fail at is said before. */
static void test_module_kept_away(void **state)
{
	struct tree *tree = *state;

	tree_delete(tree, "sys/module/vfio_pci");
	tree_file(tree, "etc/modprobe.d/a.conf", "alias vfio_pci vfio_pci\n");
	tree_file(tree, "proc/cmdline", "quiet module_blacklist=vfio_pci\n");
	tree_file(tree, "etc/default/grub", "GRUB_CMDLINE_LINUX=\"module_blacklist=vfio_pci\"\n");
	scenario_assert_refused(tree, 100,
				"cure: remove 'module_blacklist=vfio_pci' from line 1 of "
				"/etc/default/grub, then: host-setup enable && reboot");
}

static void test_bad_settings(void **state)
{
	struct tree *tree = *state;

	tree_settings(tree, "\nmachin = \"warn\";\n");
	scenario_assert_refused(tree, 100,
				"/etc/pve-passthrough.conf, line 2: key 'machin' is unknown");
	tree_settings(tree, "");
	tree_mode(tree, "etc/pve-passthrough.conf", 0666);
	scenario_assert_refused(tree, 100, "others than root can write it");
}

/* A newer node's key in the cluster's file stops no VM of this one. */
static void test_unknown_in_cluster(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	tree_file(tree, "etc/pve/pve-passthrough.conf", "color = 1;\n");
	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run, "/etc/pve/pve-passthrough.conf, line 1: key 'color' is unknown to");
}

static void test_open_group(void **state)
{
	struct tree *tree = *state;

	tree_process(tree, 4711, "kvm", "/usr/bin/kvm");
	tree_process_opens(tree, 4711, 33, "/dev/vfio/11");
	scenario_assert_refused(tree, 100,
				"IOMMU group 11 is in use through VFIO by process 4711 (kvm)");
}

static void test_all_problems_at_once(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};
	auto_free char *before = NULL;

	tree_vm(tree, 100, "hostpci0: 01:00.0\nhostpci1: 0b:00.0,pcie=1\n");
	before = tree_render(tree, TREE_ALL);
	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_REFUSED);
	run_assert_says(&run, "refused: machine: pc, the default");
	run_assert_says(&run, "refused: hostpci0: " GPU " is a PCI Express device");
	run_assert_says(&run, "refused: hostpci1: there is no PCI device at 0000:0b:00.0");
	assert_string_equal(run_last_line(&run),
			    "pve-passthrough: VM 100 refused: 3 problems, above; check again: "
			    "pve-passthrough plan 100");
	tree_assert_is(tree, TREE_ALL, before);
}

/* ---- nothing to do ---- */

static void test_nothing_to_do(void **state)
{
	static const char *const configs[] = {"",
					      "machine: q35\n",
					      "hostpci0: 0000:01:00.0,mdev=nvidia-11\n",
					      "hostpci0: 01:00.0,driver=keep\n",
					      SCENARIO_CONFIG "template: 1\n",
					      "[PENDING]\n" SCENARIO_CONFIG};
	struct tree *tree = *state;

	/* Nor does it ask for settings then. */
	tree_settings(tree, "broken");
	for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
		auto_free char *before = NULL;
		auto_run struct run run = {0};

		tree_vm(tree, 100, configs[i]);
		before = tree_render(tree, TREE_ALL);
		run_hook(tree, start_pre, 100, &run);
		run_assert_code(&run, EXIT_DONE);
		assert_string_equal(run.out, "");
		assert_string_equal(run.err, "");
		tree_assert_is(tree, TREE_ALL, before);
	}
}

static void test_no_config(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_ALL);
	auto_run struct run run = {0};

	run_hook(tree, start_pre, 101, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, "VM 101: there is no config /etc/pve/qemu-server/101.conf");
	tree_assert_is(tree, TREE_ALL, before);
}

/* ---- taking ---- */

static void test_says_what_it_does(void **state)
{
	auto_run struct run run = {0};

	run_hook(*state, start_pre, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	assert_string_equal(
		run.out,
		"pve-passthrough: " GPU
		" [10de:1001]: gpu -> vfio-pci, for VM 100; will return to gpu\n"
		"pve-passthrough: " SOUND
		" [10de:1002]: snd -> vfio-pci, for VM 100; will return to snd\n"
		"pve-passthrough: " NEIGHBOUR
		" [1106:3483]: no driver -> vfio-pci, for VM 100; will return to no driver\n"
		"pve-passthrough: " PARKED ": is on vfio-pci already, and will stay there\n"
		"pve-passthrough: " DISK
		" [144d:a808]: nvme -> vfio-pci, for VM 100; will return to nvme\n"
		"pve-passthrough: " USB
		" [1b73:1100]: xhci_hcd -> vfio-pci, for VM 100; will return to xhci_hcd\n");
	assert_string_equal(run.err, "");
}

/* Function 0 before function 1, override before unbind before probe; nothing for a device on
 * vfio-pci. */
static void test_writes(void **state)
{
	struct tree *tree = *state;

	tree_vm(tree, 100, "machine: q35\nhostpci0: 03:00.0,pcie=1\n");
	scenario_must(tree, start_pre, 100);
	assert_string_equal(fake_kernel_log(), "");
	tree_vm(tree, 100, "machine: q35\nhostpci0: 04:00.0,pcie=1\n");
	scenario_must(tree, start_pre, 100);
	assert_string_equal(fake_kernel_log(),
			    DISK "/driver_override=vfio-pci\n" DISK "/driver/unbind=" DISK "\n" DISK
				 "/drivers_probe=" DISK "\n");
}

static void test_twice(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);
	auto_free char *taken = NULL;

	scenario_must(tree, start_pre, 100);
	taken = tree_render(tree, TREE_STATE);
	fake_kernel_reset(NULL);
	scenario_must(tree, start_pre, 100);
	assert_int_equal(fake_kernel_writes(), 0);
	tree_assert_is(tree, TREE_STATE, taken);
	scenario_must(tree, stop_post, 100);
	tree_assert_is(tree, TREE_STATE, before);
}

/* A second start finds the devices on vfio-pci already, and still returns them to their drivers. */
static void test_takes_over_its_own(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	scenario_must(tree, start_pre, 100);
	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run,
			DISK " [144d:a808]: stays on vfio-pci, for VM 100; will return to nvme\n");
	assert_null(strstr(run.out, "vfio-pci -> vfio-pci"));
	scenario_must(tree, stop_post, 100);
}

/* An entry that has gone from the config since: its device goes back when the VM starts again. */
static void test_entry_has_gone(void **state)
{
	struct tree *tree = *state;

	scenario_must(tree, start_pre, 100);
	tree_vm(tree, 100, "machine: q35\nhostpci0: 01:00,pcie=1\n");
	scenario_must(tree, start_pre, 100);
	assert_string_equal(tree_driver_of(tree, GPU), "vfio-pci");
	assert_string_equal(tree_driver_of(tree, NEIGHBOUR), "vfio-pci");
	assert_string_equal(tree_driver_of(tree, DISK), "nvme");
	assert_string_equal(tree_driver_of(tree, USB), "xhci_hcd");
	assert_false(tree_has(tree, RECORDS DISK));
	assert_false(tree_has(tree, RECORDS PARKED));
}

static void test_policy_warns(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	tree_vm(tree, 100, "hostpci0: 04:00.0\n");
	tree_settings(tree, "vm100 = { machine = \"warn\"; };\n");
	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run, "machine: pc, the default; this is not q35");
	assert_string_equal(tree_driver_of(tree, DISK), "vfio-pci");
}

static void test_incoming_migration(void **state)
{
	struct tree *tree = *state;

	tree_delete(tree, "etc/pve/qemu-server/100.conf");
	tree_file(tree, "etc/pve/nodes/other-node/qemu-server/100.conf", SCENARIO_CONFIG);
	setenv("PVE_MIGRATED_FROM", "other-node", 1);
	scenario_must(tree, start_pre, 100);
	unsetenv("PVE_MIGRATED_FROM");
	scenario_assert_taken(tree);
}

/* ---- vfio's modules ---- */

static void test_loads_vfio(void **state)
{
	struct tree *tree = *state;

	scenario_unload_vfio(tree);
	scenario_must(tree, start_pre, 100);
	assert_string_equal(tree_driver_of(tree, DISK), "vfio-pci");
	assert_true(tree_has(tree, "sys/module/vfio_iommu_type1"));
	/* This kernel's root has no such module. */
	assert_false(tree_has(tree, "sys/module/vfio_virqfd"));
}

/* Without type1 a group opens, and no device works. */
static void test_loads_type1_alone(void **state)
{
	struct tree *tree = *state;

	scenario_offer_vfio(tree);
	tree_delete(tree, "sys/module/vfio_iommu_type1");
	scenario_must(tree, start_pre, 100);
	assert_true(tree_has(tree, "sys/module/vfio_iommu_type1"));
}

static void test_vfio_cannot_be_loaded(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;
	auto_run struct run run = {0};

	scenario_unload_vfio(tree);
	before = tree_render(tree, TREE_STATE);
	fake_kernel_module_error(ENOENT);
	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, "module vfio cannot be loaded: No such file or directory");
	assert_int_equal(fake_kernel_writes(), 0);
	tree_assert_is(tree, TREE_STATE, before);
}

/* A kernel without them is known before anything is claimed. */
static void test_kernel_without_vfio(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;
	auto_run struct run run = {0};

	scenario_unload_vfio(tree);
	tree_delete(tree, "etc/modprobe.d/files.conf");
	before = tree_render(tree, TREE_ALL);
	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_REFUSED);
	run_assert_says(&run,
			"this kernel has no module vfio_pci: no device can be passed through");
	tree_assert_is(tree, TREE_ALL, before);
}

/* What modprobe runs in a module's place is known, too, when it loads nothing; else it is run. */
static void test_install_line(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;
	auto_run struct run known = {0}, ran = {0};

	scenario_unload_vfio(tree);
	tree_file(tree, "etc/modprobe.d/no.conf", "install vfio-pci /bin/true\n");
	before = tree_render(tree, TREE_ALL);
	run_hook(tree, start_pre, 100, &known);
	run_assert_code(&known, EXIT_REFUSED);
	run_assert_says(&known,
			"module vfio_pci is never loaded, so no device can be passed through: "
			"modprobe.d has the line: install vfio_pci /bin/true");
	run_assert_says(&known,
			"remove that line; where it is: grep -rn '^ *install' /etc/modprobe.d");
	tree_assert_is(tree, TREE_ALL, before);
	tree_file(tree, "etc/modprobe.d/no.conf", "install vfio logger no\n");
	fake_kernel_module_error(ECANCELED);
	run_hook(tree, start_pre, 100, &ran);
	run_assert_code(&ran, EXIT_FAILED);
	run_assert_says(&ran,
			"module vfio is not loaded: modprobe.d has the line: install vfio logger "
			"no; remove that line; where it is: grep -rn");
	assert_int_equal(fake_kernel_writes(), 0);
}

/* ---- what the kernel does not do ---- */

static void test_probe_fails(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);
	auto_run struct run run = {0};

	fake_kernel_probe_fails("vfio-pci");
	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, DISK ": vfio-pci did not take it");
	run_assert_says(&run, "VM 100: not started; giving back what was taken");
	tree_assert_is(tree, TREE_STATE, before);
}

/* A kernel that swallows the override would probe the native driver again. */
static void test_override_is_ignored(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);
	auto_run struct run run = {0};

	fake_kernel_ignores_override(SOUND);
	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, SOUND ": failed while writing driver_override");
	tree_assert_is(tree, TREE_STATE, before);
}

/* A write that blocks for ever holds up neither Proxmox VE nor the other devices. */
static void test_unbind_hangs(void **state)
{
	struct fake_plan plan = {.fault = FAULT_HANG, .at = 2};
	struct tree *tree = *state;
	auto_free char *before = NULL;
	auto_run struct run run = {0};
	auto_run struct run again = {0};

	tree_settings(tree, "deadline = 1;\n");
	tree_vm(tree, 100, "machine: q35\nhostpci0: 04:00.0,pcie=1\n");
	before = tree_render(tree, TREE_STATE);
	fake_kernel_reset(&plan);
	run_hook_only(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, DISK ": stuck in the kernel while writing driver/unbind (process ");
	run_assert_says(&run, "by hand: pve-passthrough restore 100");
	assert_false(run_says(&run, "another process has been working on this device"));
	/* Not a second more than the deadline: Proxmox VE waits for its end. */
	assert_in_range(run.ms, 1000, RUN_SANITIZED ? 4000 : 2000);
	assert_true(tree_has(tree, RECORDS DISK));
	/* Another start is not allowed near it meanwhile. */
	run_hook_only(tree, start_pre, 100, &again);
	run_assert_code(&again, EXIT_FAILED);
	run_assert_says(&again, "fuser /run/pve-passthrough/locks/");
	assert_string_equal(tree_driver_of(tree, DISK), "nvme");
	fake_kernel_settle(true);
	fake_kernel_reset(NULL);
	scenario_must(tree, stop_restore, 100);
	tree_assert_is(tree, TREE_STATE, before);
}

/* The one that hangs holds up neither the others nor their way back. */
static void test_unbind_of_one_hangs(void **state)
{
	struct fake_plan plan = {.fault = FAULT_HANG, .at = 2};
	struct tree *tree = *state;
	auto_free char *before = NULL;
	auto_run struct run run = {0};

	tree_settings(tree, "deadline = 1;\n");
	tree_vm(tree, 100, "machine: q35\nhostpci0: 04:00.0,pcie=1\nhostpci1: 06:00.0\n");
	before = tree_render(tree, TREE_STATE);
	fake_kernel_reset(&plan);
	run_hook_only(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	assert_in_range(run.ms, 1000, RUN_SANITIZED ? 4000 : 2000);
	/* Which of the two workers comes to the second write is theirs to settle. */
	assert_true(tree_has(tree, RECORDS DISK) != tree_has(tree, RECORDS USB));
	run_assert_says(&run, tree_has(tree, RECORDS DISK) ? USB ": vfio-pci -> xhci_hcd"
							   : DISK ": vfio-pci -> nvme");
	run_assert_says(&run, "not everything is given back yet, above");
	fake_kernel_settle(true);
	fake_kernel_reset(NULL);
	scenario_must(tree, stop_restore, 100);
	tree_assert_is(tree, TREE_STATE, before);
}

/* ---- what may still lie in a card's memory ---- */

static void put_boot_framebuffer(struct tree *tree, const char *name)
{
	auto_free char *iomem = fs_path("e0000000-efffffff : PCI Bus 0000:01\n"
					"  e0000000-e0ffffff : " GPU "\n"
					"    e0000000-e02fffff : %s\n",
					name);

	tree_file(tree, "proc/iomem", iomem);
	tree_file(tree, "sys/devices/pci0000:00/" GPU "/resource",
		  "0x00000000e0000000 0x00000000e0ffffff 0x0000000000042208\n");
}

static void test_boot_framebuffer(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;
	auto_run struct run run = {0};

	put_boot_framebuffer(tree, "BOOTFB");
	before = tree_render(tree, TREE_STATE);
	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, GPU ": the framebuffer of the host's boot messages (BOOTFB in "
				  "/proc/iomem)");
	run_assert_says(&run, "host-setup enable --kernel-arg initcall_blacklist=sysfb_init");
	tree_assert_is(tree, TREE_STATE, before);
	put_boot_framebuffer(tree, "vfio-pci");
	scenario_must(tree, start_pre, 100);
	scenario_must(tree, stop_post, 100);
}

/* Whether one lies there must be known. */
static void test_boot_framebuffer_unknown(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;
	auto_run struct run run = {0};

	put_boot_framebuffer(tree, "BOOTFB");
	tree_delete(tree, "proc/iomem");
	tree_folder(tree, "proc/iomem");
	before = tree_render(tree, TREE_STATE);
	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, "cannot be read (/proc/iomem)");
	tree_assert_is(tree, TREE_STATE, before);
}

/* ---- other VMs ---- */

/* ---- where the devices were at the last start ---- */

/* The disk of the VM's last start has another address now, and its twin of other ids sits there. */
static void test_device_has_moved(void **state)
{
	struct tree *tree = *state;

	tree_vm(tree, 100, "machine: q35\nhostpci0: 04:00.0,pcie=1,rombar=0\n");
	scenario_must(tree, start_pre, 100);
	scenario_must(tree, start_post, 100);
	assert_true(tree_has(tree, "var/lib/pve-passthrough/vm/100"));
	scenario_must(tree, stop_post, 100);
	scenario_must(tree, start_pre, 100);
	scenario_must(tree, stop_post, 100);

	tree_device_id(tree, DISK, 0xa80a);
	tree_device(tree, &(struct tree_device){"0000:07:01.0", 0x144d, 0xa808, 0x144d, 0xa801,
						0x010802, 17, "nvme", NULL, NULL, true, false});
	fake_kernel_reset(NULL);
	scenario_assert_refused(tree, 100,
				DISK ": at this VM's last start the device here was "
				     "144d:a808:144d:a801:010802, now it is "
				     "144d:a80a:144d:a801:010802; hardware was probably added or "
				     "removed; a device like that is now at 0000:07:01.0");
	scenario_assert_refused(
		tree, 100,
		"cure: if that is the one, follow it: qm set 100 --hostpci0 '07:01.0,pcie=1,rombar=0'");
	/* What the command writes is a VM that starts. */
	tree_vm(tree, 100, "machine: q35\nhostpci0: 0000:07:01.0,pcie=1,rombar=0\n");
	scenario_must(tree, start_pre, 100);
	scenario_must(tree, start_post, 100);
	scenario_must(tree, stop_post, 100);
}

static void test_device_is_accepted(void **state)
{
	struct tree *tree = *state;

	tree_vm(tree, 100, "machine: q35\nhostpci0: 04:00.0,pcie=1\n");
	scenario_must(tree, start_pre, 100);
	scenario_must(tree, start_post, 100);
	scenario_must(tree, stop_post, 100);
	tree_device_id(tree, DISK, 0xa80a);
	fake_kernel_reset(NULL);
	scenario_assert_refused(tree, 100, "no device like that is there now");
	scenario_must(tree, accept_devices, 100);
	scenario_must(tree, start_pre, 100);
	scenario_must(tree, stop_post, 100);
}

/* ---- args ---- */

/* What Proxmox VE never binds, and on a machine that is not q35, which is no business of ours. */
static void test_args(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL, *all = NULL;

	tree_vm(tree, 100, "args: -device vfio-pci,host=04:00.0 -device virtio-rng-pci\n");
	before = tree_render(tree, TREE_STATE);
	scenario_must(tree, start_pre, 100);
	assert_string_equal(tree_driver_of(tree, DISK), "vfio-pci");
	assert_string_equal(tree_driver_of(tree, GPU), "gpu");
	scenario_must(tree, stop_post, 100);
	tree_assert_is(tree, TREE_STATE, before);
	fake_kernel_reset(NULL);
	tree_vm(tree, 100, "args: -device vfio-pci,host=09:00.0\n");
	scenario_assert_refused(tree, 100, "args: there is no PCI device at 0000:09:00.0");
	tree_vm(tree, 100, "args: -device vfio-pci,host=banana\n");
	scenario_assert_refused(tree, 100, "args: -device vfio-pci,host=banana: ");
	tree_vm(tree, 100, "args: -device virtio-rng-pci\n");
	all = tree_render(tree, TREE_ALL);
	scenario_must(tree, start_pre, 100);
	tree_assert_is(tree, TREE_ALL, all);
}

static void test_reserved_for_another(void **state)
{
	struct tree *tree = *state;

	tree_file(tree, "run/qemu-server/pci-id-reservations", DISK " 101 time:99999999999\n");
	scenario_assert_refused(tree, 100,
				DISK
				": Proxmox VE has reserved it for VM 101, which runs with it or "
				"is being started");
	tree_file(tree, "run/qemu-server/pci-id-reservations",
		  DISK " 100 time:99999999999\n" GPU " 101 time:1\n" SOUND " 101 pid:4711\n");
	scenario_must(tree, start_pre, 100);
}

static void leave_record_of_101(struct tree *tree)
{
	tree_vm(tree, 101, "machine: q35\nhostpci0: 04:00.0,pcie=1\n");
	scenario_must(tree, start_pre, 101);
	fake_kernel_reset(NULL);
}

static void test_other_vm_runs(void **state)
{
	leave_record_of_101(*state);
	tree_vm_runs(*state, 101, 4711);
	scenario_assert_refused(*state, 100, DISK ": VM 101 runs with it");
}

static void test_other_vm_is_locked(void **state)
{
	pid_t holder;

	leave_record_of_101(*state);
	holder = scenario_lock_vm(*state, 101);
	scenario_assert_refused(*state, 100,
				DISK ": it is taken for VM 101, which is being started");
	scenario_end_process(holder);
}

/* Its before-image goes over to this VM, whose post-stop makes the device what it was before both.
 */
static void test_other_vm_is_free(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;
	auto_run struct run run = {0};

	tree_vm(tree, 101, "machine: q35\nhostpci0: 04:00.0,pcie=1\n");
	before = tree_render(tree, TREE_STATE);
	leave_record_of_101(tree);
	tree_file(tree, "run/qemu-server/101.pid", "4711\n"); /* a number of the past */
	tree_process(tree, 4711, "bash", "bash");
	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run,
			DISK " was left taken for VM 101, which does not run: taken over; it will "
			     "return to nvme");
	scenario_assert_taken(tree);
	/* VM 101 has nothing to give back any more. */
	scenario_must(tree, stop_post, 101);
	scenario_assert_taken(tree);
	scenario_must(tree, stop_post, 100);
	tree_delete(tree, "run/qemu-server/101.pid");
	tree_delete(tree, "proc/4711");
	tree_assert_is(tree, TREE_STATE, before);
}

static void test_unreadable_record(void **state)
{
	tree_file(*state, RECORDS DISK, "garbage");
	scenario_assert_refused(*state, 100,
				"then: rm -f /" RECORDS DISK " /" RECORDS DISK ".broken");
}

static void test_record_of_another_device(void **state)
{
	struct tree *tree = *state;

	leave_record_of_101(tree);
	tree_device_id(tree, DISK, 0xa80a);
	scenario_assert_refused(tree, 100,
				"but the device there now is 144d:a80a:144d:a801:010802");
}

/* ---- udev ---- */

/* Longer than the hook needs to come to udev. */
#define BOOT_MS (RUN_SANITIZED ? 3000 : 300)

/* A host that boots: after a while udev has loaded the neighbour's driver. */
static pid_t boot_on(struct tree *tree)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		clock_sleep_ms(BOOT_MS);
		tree_bind(tree, NEIGHBOUR, "gpu");
		tree_delete(tree, "run/udev/queue");
		_exit(0);
	}
	return pid;
}

static void test_waits_for_udev(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};
	pid_t udev;

	fake_kernel_knows(0x1106, 0x3483, "gpu");
	tree_module_for(tree, NEIGHBOUR, "gpu");
	tree_file(tree, "run/udev/queue", "");
	udev = boot_on(tree);
	run_hook(tree, start_pre, 100, &run);
	waitpid(udev, NULL, 0);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run, "VM 100: waiting for udev, which still loads drivers");
	run_assert_says(&run,
			NEIGHBOUR " [1106:3483]: gpu -> vfio-pci, for VM 100; will return to gpu");
	assert_in_range(run.ms, BOOT_MS, 20000);
	scenario_must(tree, stop_post, 100);
	assert_string_equal(tree_driver_of(tree, NEIGHBOUR), "gpu");
}

static void test_does_not_wait_for_udev(void **state)
{
	struct tree *tree = *state;
	auto_run struct run blacklisted = {0};
	auto_run struct run idle = {0};

	/* A queue, and a module that will not be loaded. */
	tree_module_for(tree, NEIGHBOUR, "gpu");
	tree_file(tree, "etc/modprobe.d/blacklist.conf", "blacklist gpu\n");
	tree_file(tree, "run/udev/queue", "");
	run_hook(tree, start_pre, 100, &blacklisted);
	run_assert_code(&blacklisted, EXIT_DONE);
	assert_false(run_says(&blacklisted, "waiting for udev"));
	scenario_must(tree, stop_post, 100);

	/* A module, and udev is done. */
	tree_delete(tree, "etc/modprobe.d/blacklist.conf");
	tree_delete(tree, "run/udev");
	run_hook(tree, start_pre, 100, &idle);
	run_assert_code(&idle, EXIT_DONE);
	assert_false(run_says(&idle, "waiting for udev"));
	run_assert_says(&idle,
			NEIGHBOUR " has no driver, although module gpu would match it; it will "
				  "return to none");
}

/* ---- plan VMID ---- */

static void test_plan(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_ALL);
	auto_run struct run run = {0};

	run_hook(tree, scenario_plan, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run, "VM 100: a start would bind to vfio-pci:\n  " GPU "  ");
	run_assert_says(
		&run, "[10de:1001]\n      group 10; now on gpu; returns to gpu, its driver now\n");
	run_assert_says(&run, "group 10, not named by the VM but in that group; now on no driver");
	run_assert_says(&run, "group 11; now on vfio-pci; stays on vfio-pci afterwards");
	assert_false(run_says(&run, TWIN));
	tree_assert_is(tree, TREE_ALL, before);
}

static void test_plan_refuses(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;
	auto_run struct run run = {0};

	tree_vm(tree, 100, "hostpci1: 03:00.0,pcie=1\n");
	before = tree_render(tree, TREE_ALL);
	run_hook(tree, scenario_plan, 100, &run);
	run_assert_code(&run, EXIT_REFUSED);
	/* It is a report, whatever it says. */
	assert_string_equal(run.err, "");
	assert_non_null(strstr(run.out, "cure: qm set 100 --machine q35\n"));
	assert_non_null(strstr(run.out, "VM 100 refused: 1 problem, above; check again"));
	tree_assert_is(tree, TREE_ALL, before);
}

/* The next start applies pending changes, unless it continues a VM. */
static void test_plan_of_pending(void **state)
{
	static const char applied[] =
		"with the pending changes, which the next start applies: machine, hostpci1";
	static const char waits[] =
		"without the pending changes, because the next start continues a suspended or "
		"migrated VM and does not apply them: machine, hostpci1";
	static const struct {
		const char *main, *source, *says;
		int code;
	} rows[] = {
		{"machine: pc\n", "", applied, EXIT_DONE},
		{"machine: pc\nlock: suspended\n", "", waits, EXIT_REFUSED},
		{"machine: pc\nvmstate: local:100/vm-100-state-x.raw\n", "", waits, EXIT_REFUSED},
		{"machine: pc\n", "pve2", waits, EXIT_REFUSED},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *config = fs_path("%shostpci0: 04:00.0,pcie=1\n[PENDING]\n"
						 "hostpci1: 06:00.0\nmachine: q35\n",
						 rows[i].main);
		auto_run struct run run = {0};

		tree_vm(tree, 100, config);
		tree_file(tree, "etc/pve/nodes/pve2/qemu-server/100.conf", config);
		setenv("PVE_MIGRATED_FROM", rows[i].source, 1);
		run_hook(tree, scenario_plan, 100, &run);
		unsetenv("PVE_MIGRATED_FROM");
		run_assert_code(&run, rows[i].code);
		run_assert_says(&run, rows[i].says);
		assert_int_equal(run_says(&run, USB "  "), rows[i].code == EXIT_DONE);
	}
}

/* Devices that the VM runs with are no refusal of its own plan. */
static void test_plan_of_a_running_vm(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	scenario_must(tree, start_pre, 100);
	tree_vm_runs(tree, 100, 4711);
	tree_process_opens(tree, 4711, 33, "/dev/vfio/12");
	run_hook(tree, scenario_plan, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run, "VM 100 runs with them now\n");
}

/* A record, a reservation and an open group of one VM are one problem. */
static void test_one_cause(void **state)
{
	struct tree *tree = *state;

	tree_vm(tree, 101, "machine: q35\nhostpci0: 01:00,pcie=1\n");
	scenario_must(tree, start_pre, 101);
	tree_vm_runs(tree, 101, 4711);
	tree_process_opens(tree, 4711, 33, "/dev/vfio/10");
	tree_file(tree, "run/qemu-server/pci-id-reservations",
		  GPU " 101 pid:4711\n" SOUND " 101 pid:4711\n");
	fake_kernel_reset(NULL);
	scenario_assert_refused(
		tree, 100,
		"refused: " GPU ", " SOUND ", " NEIGHBOUR
		" (not named by the VM, but in its IOMMU group 10): VM 101 runs with "
		"it\npve-passthrough:   cure: qm shutdown 101\n");
}

/* What is said comes in the order in which it is to be read. */
static void test_warnings_come_first(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};
	const char *warning, *refusal;

	tree_file(tree, "etc/pve/pve-passthrough.conf", "color = 1;\n");
	tree_vm(tree, 100, "hostpci1: 03:00.0,pcie=1\n");
	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_REFUSED);
	warning = strstr(run.err, "key 'color' is unknown");
	refusal = strstr(run.err, "refused: machine: pc");
	assert_true(warning && refusal && warning < refusal);
	assert_non_null(strstr(run_last_line(&run), "VM 100 refused: 1 problem, above"));
}

static void test_plan_of_nothing(void **state)
{
	auto_run struct run none = {0};
	auto_run struct run template = {0};

	tree_vm(*state, 100, "machine: q35\n");
	run_hook(*state, scenario_plan, 100, &none);
	run_assert_code(&none, EXIT_DONE);
	assert_string_equal(none.out,
			    "VM 100 has no hostpci entry that needs binding: a start touches "
			    "nothing\n");
	tree_vm(*state, 100, SCENARIO_CONFIG "template: 1\n");
	run_hook(*state, scenario_plan, 100, &template);
	run_assert_code(&template, EXIT_DONE);
	assert_string_equal(template.out, "VM 100 is a template: a start touches nothing\n");
}

/* An entry that Proxmox VE drops: which line it is, and what is wrong with it. */
static void test_dropped_entry(void **state)
{
	auto_run struct run plan = {0}, start = {0}, args = {0};

	tree_vm(*state, 100, "machine: q35\nhostpci0: host=p40,pcie=1\n");
	run_hook(*state, scenario_plan, 100, &plan);
	run_assert_code(&plan, EXIT_DONE);
	run_assert_says(&plan, "/etc/pve/qemu-server/100.conf, line 2: hostpci0: ");
	run_assert_says(&plan, "not 'p40'; Proxmox VE ignores this line, so the VM gets no device "
			       "from it; correct it: qm set 100 --hostpci0 ADDRESS,pcie=1");
	run_assert_says(&plan, "VM 100 has no valid entry: a start touches nothing, and gives it "
			       "no device\n");
	run_hook(*state, start_pre, 100, &start);
	run_assert_code(&start, EXIT_DONE);
	run_assert_says(&start, "/etc/pve/qemu-server/100.conf, line 2: hostpci0: ");
	tree_vm(*state, 100, "args: -device vfio-pci,host=01:00.0 -name it's\n");
	run_hook(*state, scenario_plan, 100, &args);
	run_assert_says(&args, "args: a quote is not closed");
}

static void test_plan_knows_why(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	tree_file(tree, "etc/modprobe.d/vfio.conf", "options vfio-pci ids=8086:1521\n");
	tree_module_for(tree, NEIGHBOUR, "mystery");
	tree_file(tree, "etc/modprobe.d/blacklist.conf", "blacklist mystery\n");
	run_hook(tree, scenario_plan, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run, "vfio-pci's option ids=");
	run_assert_says(&run,
			"returns to no driver: it has none, and its module mystery is blacklisted");
}

/* ---- hostile configs ---- */

static void assert_clean(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		if ((*c < 0x20 && *c != '\n') || *c == 0x7f ||
		    (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0))
			fail_msg("a control character, 0x%02x, in: %s", *c, text);
}

static void test_control_characters(void **state)
{
	static const char *const configs[] = {
		"machine: q35\nhostpci0: 01:00.0,romfile=\x1b[2J\x07.rom\n",
		"machine: \x1b]0;x\x07\nhostpci0: 01:00.0,pcie=1\n",
		"machine: q35\nhostpci0: 01:00.0,pcie=1\nhostpci1: \x1b[31m,\r\x7f\n",
		"machine: q35\nhostpci0: 01:00.0,romfile=\xc2\x9b\x32J\n",
		"\x1b[1m: x\nmachine: q35\nhostpci0: 01:00.0,pcie=1,mdev=\x08\x0c\n",
	};
	static run_phase *const phases[] = {start_pre, scenario_plan};

	for (size_t i = 0; i < ARRAY_SIZE(configs); i++)
		for (size_t p = 0; p < ARRAY_SIZE(phases); p++) {
			auto_run struct run run = {0};

			tree_vm(*state, 100, configs[i]);
			run_hook(*state, phases[p], 100, &run);
			assert_clean(run.out);
			assert_clean(run.err);
		}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scenario_setup, fake_kernel_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_takes_over_its_own),
		TEST(test_refusals),
		TEST(test_no_iommu),
		TEST(test_module_kept_away),
		TEST(test_bad_settings),
		TEST(test_unknown_in_cluster),
		TEST(test_open_group),
		TEST(test_all_problems_at_once),
		TEST(test_nothing_to_do),
		TEST(test_no_config),
		TEST(test_says_what_it_does),
		TEST(test_writes),
		TEST(test_twice),
		TEST(test_entry_has_gone),
		TEST(test_policy_warns),
		TEST(test_incoming_migration),
		TEST(test_loads_vfio),
		TEST(test_loads_type1_alone),
		TEST(test_vfio_cannot_be_loaded),
		TEST(test_kernel_without_vfio),
		TEST(test_install_line),
		TEST(test_probe_fails),
		TEST(test_override_is_ignored),
		TEST(test_unbind_hangs),
		TEST(test_unbind_of_one_hangs),
		TEST(test_boot_framebuffer),
		TEST(test_boot_framebuffer_unknown),
		TEST(test_reserved_for_another),
		TEST(test_device_has_moved),
		TEST(test_device_is_accepted),
		TEST(test_args),
		TEST(test_other_vm_runs),
		TEST(test_other_vm_is_locked),
		TEST(test_other_vm_is_free),
		TEST(test_unreadable_record),
		TEST(test_record_of_another_device),
		TEST(test_waits_for_udev),
		TEST(test_does_not_wait_for_udev),
		TEST(test_plan),
		TEST(test_plan_refuses),
		TEST(test_plan_of_pending),
		TEST(test_plan_of_a_running_vm),
		TEST(test_one_cause),
		TEST(test_warnings_come_first),
		TEST(test_plan_of_nothing),
		TEST(test_dropped_entry),
		TEST(test_plan_knows_why),
		TEST(test_control_characters),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
