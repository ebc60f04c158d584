// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/phases/stop.h"

#include <stdio.h>
#include <sys/wait.h>

#include "hookscript/pve/exit.h"
#include "hookscript/records/record.h"
#include "hookscript/phases/start.h"
#include "host/base/clock.h"
#include "scenario.h"

#define RECORDS "run/pve-passthrough/records/"

/* A VM with one device, so that what happens to it is all that happens. */
static char *take_disk(struct tree *tree, int deadline)
{
	auto_free char *settings = fs_path("deadline = %d;\n", deadline);
	char *before;

	tree_vm(tree, 100, "machine: q35\nhostpci0: 04:00.0,pcie=1\n");
	tree_settings(tree, settings);
	before = tree_render(tree, TREE_STATE);
	scenario_must(tree, start_pre, 100);
	assert_string_equal(tree_driver_of(tree, DISK), "vfio-pci");
	fake_kernel_reset(NULL);
	return before;
}

static void test_nothing_recorded(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_ALL);
	auto_run struct run run = {0};

	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	assert_string_equal(run.out, "");
	assert_string_equal(run.err, "");
	tree_assert_is(tree, TREE_ALL, before);
}

static void test_says_what_it_does(void **state)
{
	auto_run struct run run = {0};

	scenario_must(*state, start_pre, 100);
	run_hook(*state, stop_post, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	assert_string_equal(run.out, "pve-passthrough: " GPU ": vfio-pci -> gpu\n"
				     "pve-passthrough: " SOUND ": vfio-pci -> snd\n"
				     "pve-passthrough: " NEIGHBOUR ": vfio-pci -> no driver\n"
				     "pve-passthrough: " PARKED
				     ": stays on vfio-pci, where it was before VM 100\n"
				     "pve-passthrough: " DISK ": vfio-pci -> nvme\n"
				     "pve-passthrough: " USB ": vfio-pci -> xhci_hcd\n");
	assert_string_equal(run.err, "");
}

/* Overrides that were there stay there; the native driver is asked for by an override meanwhile. */
static void test_writes(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = take_disk(tree, 20);

	scenario_must(tree, stop_post, 100);
	assert_string_equal(fake_kernel_log(),
			    DISK "/driver/unbind=" DISK "\n" DISK "/driver_override=nvme\n" DISK
				 "/drivers_probe=" DISK "\n");
	tree_assert_is(tree, TREE_STATE, before);
	fake_kernel_reset(NULL);
	tree_vm(tree, 100, "machine: q35\nhostpci0: 06:00.0\n");
	scenario_must(tree, start_pre, 100);
	fake_kernel_reset(NULL);
	scenario_must(tree, stop_post, 100);
	assert_string_equal(fake_kernel_log(),
			    USB "/driver/unbind=" USB "\n" USB "/driver_override=xhci_hcd\n" USB
				"/drivers_probe=" USB "\n" USB "/driver_override=\n");
}

/* ---- what may have changed since the start ---- */

static void test_config_has_changed(void **state)
{
	static const char *const configs[] = {"machine: pc\n", "machine: q35\nhostpci0: 05:00.0\n",
					      NULL};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
		auto_free char *before = tree_render(tree, TREE_STATE);

		scenario_must(tree, start_pre, 100);
		if (configs[i])
			tree_vm(tree, 100, configs[i]);
		else
			tree_delete(tree, "etc/pve/qemu-server/100.conf");
		scenario_must(tree, stop_post, 100);
		tree_vm(tree, 100, SCENARIO_CONFIG);
		tree_assert_is(tree, TREE_STATE, before);
	}
}

static void test_settings_are_broken(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	scenario_must(tree, start_pre, 100);
	tree_settings(tree, "machine = 1;\n");
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run, "/etc/pve-passthrough.conf, line 1: key 'machine' must be");
	run_assert_says(&run,
			"devices are given back without it, but the next start will be refused");
	assert_string_equal(tree_driver_of(tree, DISK), "nvme");
}

static void test_other_vms_records_stay(void **state)
{
	struct tree *tree = *state;
	auto_free char *taken = NULL;

	scenario_must(tree, start_pre, 100);
	taken = tree_render(tree, TREE_ALL);
	fake_kernel_reset(NULL);
	scenario_must(tree, stop_post, 101);
	scenario_must(tree, stop_post, 10);
	scenario_must(tree, stop_post, 1000);
	assert_int_equal(fake_kernel_writes(), 0);
	tree_assert_is(tree, TREE_ALL, taken);
}

static void test_another_device_sits_there(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = take_disk(tree, 20);
	auto_run struct run run = {0};

	tree_device_id(tree, DISK, 0xa80a);
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, DISK ": the device at this address is not the one that was taken");
	run_assert_says(&run, "rm /" RECORDS DISK);
	assert_int_equal(fake_kernel_writes(), 0);
	assert_true(tree_has(tree, RECORDS DISK));
	tree_device_id(tree, DISK, 0xa808);
	scenario_must(tree, stop_post, 100);
	tree_assert_is(tree, TREE_STATE, before);
}

static void test_device_has_gone(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	free(take_disk(tree, 20));
	tree_device_gone(tree, DISK);
	tree_delete(tree, "dev/vfio/12");
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run, DISK ": is not there any more; nothing to give back");
	assert_int_equal(fake_kernel_writes(), 0);
	assert_false(tree_has(tree, RECORDS DISK));
}

static void test_somebody_gave_it_another_driver(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	free(take_disk(tree, 20));
	tree_bind(tree, DISK, "gpu");
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run,
			DISK ": another driver than vfio-pci or nvme has been bound to it since; "
			     "left there");
	assert_string_equal(tree_driver_of(tree, DISK), "gpu");
	assert_string_equal(tree_override_of(tree, DISK), "nvme");
	assert_false(tree_has(tree, RECORDS DISK));
}

/* A person was faster, or half as fast. */
static void test_somebody_gave_it_back(void **state)
{
	static const char *const drivers[] = {"nvme", NULL};

	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		struct tree *tree = *state;
		auto_free char *before = take_disk(tree, 20);

		tree_bind(tree, DISK, drivers[i]);
		tree_delete(tree, "dev/vfio/12");
		scenario_must(tree, stop_post, 100);
		tree_assert_is(tree, TREE_STATE, before);
	}
}

/* Another driver that only holds devices for virtual machines is no stranger. */
static void test_variant_driver(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;

	tree_driver(tree, "nvme-vfio-pci", NULL);
	before = take_disk(tree, 20);
	tree_bind(tree, DISK, "nvme-vfio-pci");
	tree_delete(tree, "dev/vfio/12");
	scenario_must(tree, stop_post, 100);
	tree_assert_is(tree, TREE_STATE, before);
}

/* ---- an open group ---- */

static void test_group_stays_open(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = take_disk(tree, 1);
	auto_run struct run run = {0};

	tree_process(tree, 4711, "kvm", "kvm");
	tree_process_opens(tree, 4711, 33, "/dev/vfio/12");
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run,
			DISK ": waiting for IOMMU group 12 to be closed by process 4711 (kvm)");
	run_assert_says(&run, DISK ": not given back: its IOMMU group is still open");
	assert_in_range(run.ms, 400, 5000);
	assert_int_equal(fake_kernel_writes(), 0);
	assert_true(tree_has(tree, RECORDS DISK));
	assert_string_equal(tree_driver_of(tree, DISK), "vfio-pci");
	tree_delete(tree, "proc/4711");
	scenario_must(tree, stop_restore, 100);
	tree_assert_is(tree, TREE_STATE, before);
}

static pid_t close_group_later(struct tree *tree)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		clock_sleep_ms(200);
		tree_delete(tree, "proc/4711/fd/33");
		_exit(0);
	}
	return pid;
}

/* A QEMU that outlives the call of post-stop for a moment. */
static void test_group_is_closed_in_time(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;
	auto_run struct run run = {0};
	pid_t closer;

	before = take_disk(tree, 20);
	tree_process(tree, 4711, "kvm", "kvm");
	tree_process_opens(tree, 4711, 33, "/dev/vfio/12");
	closer = close_group_later(tree);
	run_hook(tree, stop_post, 100, &run);
	waitpid(closer, NULL, 0);
	run_assert_code(&run, EXIT_DONE);
	assert_in_range(run.ms, 150, 10000);
	tree_delete(tree, "proc/4711");
	tree_assert_is(tree, TREE_STATE, before);
}

/* The group's node is also open when a neighbour's user holds it: none of its devices is unbound.
 */
static void test_group_of_a_neighbour(void **state)
{
	static const char *const devices[] = {GPU, SOUND, NEIGHBOUR};
	struct tree *tree = *state;
	auto_run struct run run = {0};

	tree_settings(tree, "deadline = 1;\n");
	scenario_must(tree, start_pre, 100);
	tree_process(tree, 4711, "dpdk", "dpdk");
	tree_process_opens(tree, 4711, 3, "/dev/vfio/10");
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run,
			"VM 100: 3 devices not given back, above; see: pve-passthrough status");
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		assert_string_equal(tree_driver_of(tree, devices[i]), "vfio-pci");
	assert_string_equal(tree_driver_of(tree, DISK), "nvme");
	assert_string_equal(tree_driver_of(tree, USB), "xhci_hcd");
}

/* A slot is given back as a whole, or not at all. */
static void test_one_function_is_locked(void **state)
{
	static const struct bdf gpu = {0, 1, 0, 0};
	struct tree *tree = *state;
	auto_run struct run run = {0};
	int lock;

	tree_settings(tree, "deadline = 1;\n");
	scenario_must(tree, start_pre, 100);
	lock = record_lock_device(&tree->root, &gpu, 0);
	assert_true(lock >= 0);
	run_hook(tree, stop_post, 100, &run);
	close(lock);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, GPU ": another process has been working on this device for too long");
	run_assert_says(&run,
			SOUND ": not given back, because of another function of its slot, above");
	assert_string_equal(tree_driver_of(tree, SOUND), "vfio-pci");
	assert_string_equal(tree_driver_of(tree, DISK), "nvme");
	scenario_must(tree, stop_post, 100);
	assert_string_equal(tree_driver_of(tree, SOUND), "snd");
}

/* ---- modules and drivers ---- */

/* The driver's module was unloaded meanwhile; its name is not the driver's. */
static void test_loads_the_module(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;

	tree_vm(tree, 100, "machine: q35\nhostpci3: 06:00.0\n");
	before = tree_render(tree, TREE_STATE);
	scenario_must(tree, start_pre, 100);
	tree_delete(tree, "sys/bus/pci/drivers/xhci_hcd");
	tree_delete(tree, "sys/module/xhci_pci");
	scenario_must(tree, stop_post, 100);
	tree_assert_is(tree, TREE_STATE, before);
}

static void test_module_cannot_be_loaded(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = take_disk(tree, 20);
	auto_run struct run run = {0};

	tree_delete(tree, "sys/bus/pci/drivers/nvme");
	tree_delete(tree, "sys/module/nvme");
	fake_kernel_module_error(ENOENT);
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, DISK
			": the module of nvme cannot be loaded (No such file or directory); its "
			"driver now: vfio-pci; ");
	assert_int_equal(fake_kernel_writes(), 0);
	assert_string_equal(tree_driver_of(tree, DISK), "vfio-pci");
	/* What is said was looked at. */
	run_free(&run);
	tree_bind(tree, DISK, NULL);
	run_hook(tree, stop_restore, 100, &run);
	run_assert_says(&run, "cannot be loaded (No such file or directory); its driver now: none");
	tree_bind(tree, DISK, "vfio-pci");
	assert_true(tree_has(tree, RECORDS DISK));
	fake_kernel_reset(NULL);
	scenario_must(tree, stop_restore, 100);
	tree_assert_is(tree, TREE_STATE, before);
}

static void test_driver_does_not_take_it_back(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = take_disk(tree, 20);
	auto_run struct run run = {0};

	fake_kernel_probe_fails("nvme");
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, DISK ": nvme did not take it back");
	assert_true(tree_has(tree, RECORDS DISK));
	fake_kernel_reset(NULL);
	scenario_must(tree, stop_restore, 100);
	tree_assert_is(tree, TREE_STATE, before);
}

/* An unbind that blocks for a while is waited for. */
static void test_slow_unbind(void **state)
{
	struct fake_plan plan = {.fault = FAULT_HANG, .at = 1, .hang_ms = 300};
	struct tree *tree = *state;
	auto_free char *before = take_disk(tree, 20);
	auto_run struct run run = {0};

	fake_kernel_reset(&plan);
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	assert_in_range(run.ms, 300, 10000);
	tree_assert_is(tree, TREE_STATE, before);
}

static void test_probe_hangs(void **state)
{
	struct fake_plan plan = {.fault = FAULT_HANG, .at = 3};
	struct tree *tree = *state;
	auto_free char *before = take_disk(tree, 1);
	auto_run struct run run = {0};

	fake_kernel_reset(&plan);
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run,
			DISK ": stuck in the kernel while writing /sys/bus/pci/drivers_probe");
	assert_in_range(run.ms, 900, 5000);
	fake_kernel_reset(NULL);
	scenario_must(tree, stop_restore, 100);
	tree_assert_is(tree, TREE_STATE, before);
}

/* ---- records that cannot be used ---- */

static void test_unreadable_record(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};
	auto_run struct run again = {0};

	scenario_must(tree, start_pre, 100);
	tree_file(tree, RECORDS TWIN, "garbage");
	run_hook(tree, stop_post, 100, &run);
	run_assert_says(&run, "/" RECORDS TWIN ": not a record of pve-passthrough");
	assert_string_equal(tree_driver_of(tree, DISK), "nvme");
	assert_string_equal(tree_driver_of(tree, GPU), "gpu");
	/* It blocks nothing but its device, and is kept for whoever puts that right. */
	run_assert_says(&run, "renamed to /" RECORDS TWIN ".broken");
	assert_false(tree_has(tree, RECORDS TWIN));
	assert_true(tree_has(tree, RECORDS TWIN ".broken"));
	run_hook(tree, stop_post, 100, &again);
	run_assert_code(&again, EXIT_DONE);
	assert_string_equal(again.err, "");
	tree_vm(tree, 101, "machine: q35\nhostpci0: 05:00.0,pcie=1\n");
	fake_kernel_reset(NULL);
	scenario_assert_refused(tree, 101, "rm -f /" RECORDS TWIN " /" RECORDS TWIN ".broken");
	scenario_must(tree, start_pre, 100);
}

/* A newer version of the program understands it, so it stays where that one looks. */
static void test_record_of_a_newer_version(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	scenario_must(tree, start_pre, 100);
	tree_file(tree, RECORDS TWIN, "format = 99;\n");
	run_hook(tree, stop_post, 100, &run);
	run_assert_says(&run, "written by a newer version of pve-passthrough");
	assert_true(tree_has(tree, RECORDS TWIN));
}

/* ---- an error is not an absence ---- */

#define SYSFS_DISK "sys/devices/pci0000:00/" DISK

static void test_device_cannot_be_looked_at(void **state)
{
	static const char *const files[] = {SYSFS_DISK "/vendor", SYSFS_DISK "/modalias"};
	struct tree *tree = *state;
	auto_free char *before = take_disk(tree, 20);
	auto_run struct run run = {0};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		tree_obscure(tree, files[i]);
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	assert_int_equal(fake_kernel_writes(), 0);
	assert_true(tree_has(tree, RECORDS DISK));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		tree_reveal(tree, files[i]);
	scenario_must(tree, stop_post, 100);
	tree_assert_is(tree, TREE_STATE, before);
}

/* It may be any VM's. The others are given back all the same. */
static void test_record_cannot_be_read(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);
	auto_run struct run run = {0};

	scenario_must(tree, start_pre, 100);
	tree_obscure(tree, RECORDS DISK);
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, "/" RECORDS DISK ": ");
	assert_string_equal(tree_driver_of(tree, DISK), "vfio-pci");
	assert_string_equal(tree_driver_of(tree, GPU), "gpu");
	assert_false(tree_has(tree, RECORDS DISK ".broken"));
	tree_reveal(tree, RECORDS DISK);
	scenario_must(tree, stop_post, 100);
	tree_assert_is(tree, TREE_STATE, before);
}

/* The only one of the VM. */
static void test_no_record_can_be_read(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = take_disk(tree, 20);
	auto_run struct run run = {0};
	auto_run struct run by_hand = {0};

	tree_obscure(tree, RECORDS DISK);
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_hook(tree, stop_restore, 100, &by_hand);
	run_assert_code(&by_hand, EXIT_FAILED);
	assert_int_equal(fake_kernel_writes(), 0);
	tree_reveal(tree, RECORDS DISK);
	scenario_must(tree, stop_post, 100);
	tree_assert_is(tree, TREE_STATE, before);
}

/* Nobody can tell that a group is closed whose devices, or their nodes, cannot be read. */
static void test_group_cannot_be_read(void **state)
{
	static const char *const files[] = {"sys/kernel/iommu_groups/12/devices",
					    SYSFS_DISK "/vfio-dev", "dev/vfio/12"};
	struct tree *tree = *state;
	auto_free char *before = take_disk(tree, 20);

	tree_process(tree, 4711, "kvm", "kvm");
	tree_process_opens(tree, 4711, 33, "/dev/vfio/devices/vfio0");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		auto_run struct run run = {0};

		tree_obscure(tree, files[i]);
		run_hook(tree, stop_post, 100, &run);
		run_assert_code(&run, EXIT_FAILED);
		run_assert_says(&run, DISK ": not given back: who has its IOMMU group open cannot "
					   "be read (Too many levels of symbolic links)");
		assert_int_equal(fake_kernel_writes(), 0);
		assert_true(tree_has(tree, RECORDS DISK));
		tree_reveal(tree, files[i]);
	}
	tree_delete(tree, "proc/4711");
	scenario_must(tree, stop_post, 100);
	tree_assert_is(tree, TREE_STATE, before);
}

/* ---- what a network interface loses ---- */

static void test_network_is_told(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;
	auto_run struct run taken = {0};
	auto_run struct run run = {0};

	tree_file(tree, "sys/devices/pci0000:00/" DISK "/net/eno1/upper_vmbr0/x", "");
	tree_settings(tree, "devices = ( { address = \"" DISK "\"; id = \"144d:a808\"; "
			    "allow = [ \"network\" ]; } );\nifreload = true;\n");
	tree_vm(tree, 100, "machine: q35\nhostpci0: 04:00.0,pcie=1\n");
	before = tree_render(tree, TREE_STATE);
	run_hook(tree, start_pre, 100, &taken);
	run_assert_code(&taken, EXIT_DONE);
	/* A second start finds nothing of it any more, and must not forget it. */
	tree_delete(tree, "sys/devices/pci0000:00/" DISK "/net");
	scenario_must(tree, start_pre, 100);
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run, DISK ": is back without what its interface had: eno1: below vmbr0; "
				   "get that back by: ifreload -a");
	tree_file(tree, "sys/devices/pci0000:00/" DISK "/net/eno1/upper_vmbr0/x", "");
	tree_assert_is(tree, TREE_STATE, before);
}

/* ---- stops after which nothing goes back at once ---- */

#define NOTE RECORDS "100.reboot"

/* `qm reboot`: the next start takes over, and what it does not name any more goes back then. */
static void test_reboot(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);
	auto_run struct run run = {0};

	scenario_must(tree, start_pre, 100);
	tree_file(tree, "run/qemu-server/100.reboot", "");
	fake_kernel_reset(NULL);
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run,
			"VM 100 is being rebooted: its devices stay taken for its next start");
	assert_int_equal(fake_kernel_writes(), 0);
	scenario_assert_taken(tree);
	assert_true(tree_has(tree, NOTE));

	tree_delete(tree, "run/qemu-server/100.reboot");
	tree_vm(tree, 100, "machine: q35\nhostpci0: 04:00.0,pcie=1\n");
	scenario_must(tree, start_pre, 100);
	assert_false(tree_has(tree, NOTE));
	assert_string_equal(tree_driver_of(tree, DISK), "vfio-pci");
	assert_string_equal(tree_driver_of(tree, GPU), "gpu");
	scenario_must(tree, stop_post, 100);
	tree_vm(tree, 100, SCENARIO_CONFIG);
	tree_assert_is(tree, TREE_STATE, before);
}

/* The VM that is started again has no device any more, and nobody else would see that. */
static void test_reboot_without_devices(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);

	scenario_must(tree, start_pre, 100);
	tree_file(tree, "run/qemu-server/100.reboot", "");
	scenario_must(tree, stop_post, 100);
	scenario_assert_taken(tree);

	tree_delete(tree, "run/qemu-server/100.reboot");
	tree_vm(tree, 100, "machine: q35\n");
	scenario_must(tree, start_pre, 100);
	tree_vm(tree, 100, SCENARIO_CONFIG);
	tree_assert_is(tree, TREE_STATE, before);
}

/* The start that follows is refused, or cannot even be looked at: the devices are not kept for one
 * that will not come. */
static void test_reboot_and_no_start(void **state)
{
	static const char *const configs[] = {"machine: pc\nhostpci0: 04:00.0\n", NULL};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
		auto_run struct run run = {0};

		tree_vm(tree, 100, SCENARIO_CONFIG);
		scenario_must(tree, start_pre, 100);
		tree_file(tree, "run/qemu-server/100.reboot", "");
		scenario_must(tree, stop_post, 100);
		assert_true(tree_has(tree, NOTE));

		tree_delete(tree, "run/qemu-server/100.reboot");
		if (configs[i])
			tree_vm(tree, 100, configs[i]);
		else
			tree_delete(tree, "etc/pve/qemu-server/100.conf");
		run_hook(tree, start_pre, 100, &run);
		assert_int_not_equal(run.code, EXIT_DONE);
		assert_false(tree_has(tree, NOTE));
		scenario_assert_taken(tree);
	}
}

/* The host shuts down: a program that the system's own would be is put before it on PATH. */
static void test_shutdown(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;
	auto_free char *path = fs_path("%s/fakes/stopping:%s", TESTS_DIR, getenv("PATH"));
	auto_free char *old_path = strdup(getenv("PATH"));
	auto_run struct run kept = {0};
	auto_run struct run run = {0};

	before = take_disk(tree, 20);
	tree_folder(tree, "run/systemd/system");
	setenv("PATH", path, 1);
	run_hook(tree, stop_post, 100, &kept);
	run_assert_code(&kept, EXIT_DONE);
	run_assert_says(&kept, "the host shuts down, so its devices stay taken");
	assert_int_equal(fake_kernel_writes(), 0);
	tree_settings(tree, "deadline = 20;\nat_shutdown = \"return\";\n");
	run_hook(tree, stop_post, 100, &run);
	setenv("PATH", old_path, 1);
	run_assert_says(&run, DISK ": vfio-pci -> nvme");
	tree_settings(tree, "deadline = 20;\n");
	tree_delete(tree, "run/systemd");
	tree_assert_is(tree, TREE_STATE, before);
}

/* A device that was only claimed when its start died has not been touched. */
static void test_claimed_only(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);

	tree_file(tree, RECORDS DISK,
		  "format = 1;\naddress = \"" DISK "\";\nvmid = 100;\nstage = \"claimed\";\n"
		  "identity = \"144d:a808:144d:a801:010802\";\ndriver = \"\";\nmodule = \"\";\n"
		  "driver_override = \"\";\ndeadline = 5;\n");
	scenario_must(tree, stop_post, 100);
	assert_int_equal(fake_kernel_writes(), 0);
	tree_assert_is(tree, TREE_STATE, before);
}

/* ---- restore VMID ---- */

static void test_restore(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);
	auto_run struct run run = {0};

	scenario_must(tree, start_pre, 100);
	run_hook(tree, stop_restore, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	tree_assert_is(tree, TREE_STATE, before);
}

static void test_restore_is_refused(void **state)
{
	struct tree *tree = *state;
	auto_run struct run running = {0};
	auto_run struct run locked = {0};
	pid_t holder;

	scenario_must(tree, start_pre, 100);
	fake_kernel_reset(NULL);
	tree_vm_runs(tree, 100, 4711);
	run_hook(tree, stop_restore, 100, &running);
	run_assert_code(&running, EXIT_REFUSED);
	run_assert_says(&running,
			"VM 100 runs, and would lose its devices; stop it first: qm shutdown 100");
	tree_delete(tree, "proc/4711");

	holder = scenario_lock_vm(tree, 100);
	run_hook(tree, stop_restore, 100, &locked);
	scenario_end_process(holder);
	run_assert_code(&locked, EXIT_REFUSED);
	run_assert_says(&locked, "VM 100 is being started, stopped or changed at this moment");
	assert_int_equal(fake_kernel_writes(), 0);
	scenario_assert_taken(tree);
}

/* Whether Proxmox VE works on the VM is unknown then, and nothing is given back under it. */
static void test_lock_cannot_be_read(void **state)
{
	static run_phase *const phases[] = {stop_restore, scenario_restore_all};
	static const char lock[] = "run/lock/qemu-server/lock-100.conf";
	struct tree *tree = *state;

	free(take_disk(tree, 20));
	tree_file(tree, lock, "");
	tree_obscure(tree, lock);
	for (size_t i = 0; i < ARRAY_SIZE(phases); i++) {
		auto_run struct run run = {0};

		fake_kernel_reset(NULL);
		run_hook(tree, phases[i], 100, &run);
		run_assert_code(&run, EXIT_FAILED);
		run_assert_says(&run, "whether it is being started or stopped cannot be told");
		assert_int_equal(fake_kernel_writes(), 0);
	}
	tree_reveal(tree, lock);
	scenario_must(tree, scenario_restore_all, 100);
	assert_string_equal(tree_driver_of(tree, DISK), "nvme");
}

static void test_restore_of_nothing(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_ALL);
	auto_run struct run run = {0};

	run_hook(tree, stop_restore, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	assert_string_equal(run.out, "VM 100: no device is recorded as taken for it\n");
	tree_assert_is(tree, TREE_ALL, before);
}

/* Of every VM but those that run, or that Proxmox VE is at work on. */
static void test_restore_all(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);
	pid_t holder;

	tree_vm(tree, 100, "machine: q35\nhostpci0: 04:00.0,pcie=1\n");
	tree_vm(tree, 101, "machine: q35\nhostpci0: 06:00.0\n");
	tree_vm(tree, 102, "machine: q35\nhostpci0: 05:00.0,pcie=1\n");
	for (unsigned int vmid = 100; vmid <= 102; vmid++)
		scenario_must(tree, start_pre, vmid);
	tree_vm_runs(tree, 100, 4711);
	holder = scenario_lock_vm(tree, 101);
	scenario_must(tree, scenario_restore_all, 0);
	scenario_end_process(holder);
	assert_string_equal(tree_driver_of(tree, DISK), "vfio-pci");
	assert_string_equal(tree_driver_of(tree, USB), "vfio-pci");
	assert_string_equal(tree_driver_of(tree, TWIN), "gpu");
	tree_delete(tree, "proc/4711");
	tree_delete(tree, "run/qemu-server/100.pid");
	scenario_must(tree, scenario_restore_all, 0);
	tree_delete(tree, "run/lock/qemu-server/lock-101.conf");
	tree_vm(tree, 100, SCENARIO_CONFIG);
	tree_delete(tree, "etc/pve/qemu-server/101.conf");
	tree_delete(tree, "etc/pve/qemu-server/102.conf");
	tree_assert_is(tree, TREE_STATE, before);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scenario_setup, fake_kernel_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_recorded),
		TEST(test_says_what_it_does),
		TEST(test_writes),
		TEST(test_config_has_changed),
		TEST(test_settings_are_broken),
		TEST(test_other_vms_records_stay),
		TEST(test_another_device_sits_there),
		TEST(test_device_has_gone),
		TEST(test_somebody_gave_it_another_driver),
		TEST(test_somebody_gave_it_back),
		TEST(test_variant_driver),
		TEST(test_group_stays_open),
		TEST(test_group_is_closed_in_time),
		TEST(test_group_of_a_neighbour),
		TEST(test_one_function_is_locked),
		TEST(test_loads_the_module),
		TEST(test_module_cannot_be_loaded),
		TEST(test_driver_does_not_take_it_back),
		TEST(test_slow_unbind),
		TEST(test_probe_hangs),
		TEST(test_unreadable_record),
		TEST(test_record_of_a_newer_version),
		TEST(test_device_cannot_be_looked_at),
		TEST(test_record_cannot_be_read),
		TEST(test_no_record_can_be_read),
		TEST(test_group_cannot_be_read),
		TEST(test_network_is_told),
		TEST(test_reboot),
		TEST(test_reboot_without_devices),
		TEST(test_reboot_and_no_start),
		TEST(test_shutdown),
		TEST(test_claimed_only),
		TEST(test_restore),
		TEST(test_restore_is_refused),
		TEST(test_lock_cannot_be_read),
		TEST(test_restore_of_nothing),
		TEST(test_restore_all),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
