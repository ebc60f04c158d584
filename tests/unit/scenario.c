// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario.h"
#include "hookscript/settings/settings_read.h"

#include "host/base/fs_write.h"
#include "host/base/log.h"

#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "hookscript/pve/exit.h"
#include "hookscript/phases/post_start.h"
#include "hookscript/phases/start.h"
#include "hookscript/phases/stop.h"
#include "hookscript/verbs/show.h"

static void add_drivers(struct tree *tree)
{
	tree_vfio(tree);
	tree_iommu(tree);
	tree_driver(tree, "pcieport", NULL);
	tree_driver(tree, "gpu", "gpu");
	tree_driver(tree, "snd", NULL);
	tree_driver(tree, "nvme", "nvme");
	tree_driver(tree, "xhci_hcd", "xhci_pci");
	fake_kernel_knows(0x10de, 0x1001, "gpu");
	fake_kernel_knows(0x10de, 0x1002, "snd");
	fake_kernel_knows(0x144d, 0xa808, "nvme");
	fake_kernel_knows(0x1b73, 0x1100, "xhci_hcd");
}

static void add_devices(struct tree *tree)
{
	static const struct tree_device devices[] = {
		{PORT, 0x8086, 0x1901, 0x8086, 0x2015, 0x060400, 10, "pcieport", NULL, NULL, true,
		 true},
		{GPU, 0x10de, 0x1001, 0x1043, 0x8600, 0x030000, 10, "gpu", NULL, NULL, true, false},
		{SOUND, 0x10de, 0x1002, 0x1043, 0x8600, 0x040300, 10, "snd", NULL, NULL, true,
		 false},
		{NEIGHBOUR, 0x1106, 0x3483, 0, 0, 0x0c8000, 10, NULL, NULL, NULL, true, false},
		{PARKED, 0x8086, 0x1521, 0x8086, 1, 0x020000, 11, "vfio-pci", NULL, NULL, true,
		 false},
		{DISK, 0x144d, 0xa808, 0x144d, 0xa801, 0x010802, 12, "nvme", "nvme", NULL, true,
		 false},
		{TWIN, 0x10de, 0x1001, 0x1043, 0x8600, 0x030000, 13, "gpu", NULL, NULL, true,
		 false},
		{USB, 0x1b73, 0x1100, 0, 0, 0x0c0330, 14, "xhci_hcd", NULL, NULL, false, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		tree_device(tree, &devices[i]);
	tree_file(tree, "dev/vfio/11", "");
}

int scenario_setup(void **state)
{
	if (fake_kernel_setup(state))
		return -1;
	fake_kernel_reset(NULL);
	add_drivers(*state);
	add_devices(*state);
	tree_vm(*state, 100, SCENARIO_CONFIG);
	unsetenv("PVE_MIGRATED_FROM");
	setenv("LC_ALL", "C", 1);
	return 0;
}

void scenario_assert_taken(struct tree *tree)
{
	static const char *const devices[] = {GPU, SOUND, NEIGHBOUR, PARKED, DISK, USB};

	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		assert_string_equal(tree_driver_of(tree, devices[i]), "vfio-pci");
	assert_string_equal(tree_driver_of(tree, PORT), "pcieport");
	assert_string_equal(tree_driver_of(tree, TWIN), "gpu");
	assert_string_equal(tree_override_of(tree, TWIN), "none");
}

static int with_settings(const struct fs_root *root, unsigned int vmid,
			 int (*phase)(const struct fs_root *root, unsigned int vmid,
				      const struct settings *settings))
{
	auto_settings struct settings settings = settings_default;

	settings_read(root, vmid, &settings);
	return phase(root, vmid, &settings);
}

int start_pre(const struct fs_root *root, unsigned int vmid)
{
	return with_settings(root, vmid, start_pre_start);
}

int start_post(const struct fs_root *root, unsigned int vmid)
{
	return with_settings(root, vmid, start_post_start);
}

int stop_post(const struct fs_root *root, unsigned int vmid)
{
	return with_settings(root, vmid, stop_post_stop);
}

void scenario_must(struct tree *tree, run_phase *phase, unsigned int vmid)
{
	auto_run struct run run = {0};

	run_hook(tree, phase, vmid, &run);
	run_assert_code(&run, EXIT_DONE);
}

int scenario_plan(const struct fs_root *root, unsigned int vmid)
{
	log_open(NULL, NULL);
	return start_plan(root, vmid);
}

int scenario_status(const struct fs_root *root, unsigned int vmid)
{
	(void)vmid;
	log_open(NULL, NULL);
	return show_status(root);
}

int scenario_restore_all(const struct fs_root *root, unsigned int vmid)
{
	(void)vmid;
	return stop_restore_all(root);
}

void scenario_assert_refused(struct tree *tree, unsigned int vmid, const char *because)
{
	auto_free char *before = tree_render(tree, TREE_ALL);
	auto_free char *last = fs_path(
		"pve-passthrough: VM %u refused: 1 problem, above; check again: "
		"pve-passthrough plan %u",
		vmid, vmid);
	auto_run struct run run = {0};

	run_hook(tree, start_pre, vmid, &run);
	run_assert_code(&run, EXIT_REFUSED);
	run_assert_says(&run, because);
	assert_string_equal(run_last_line(&run), last);
	assert_string_equal(run.out, "");
	assert_int_equal(fake_kernel_writes(), 0);
	tree_assert_is(tree, TREE_ALL, before);
}

pid_t scenario_lock_vm(struct tree *tree, unsigned int vmid)
{
	auto_free char *path = fs_path("run/lock/qemu-server/lock-%u.conf", vmid);
	char ready;
	int channel[2];
	pid_t pid;

	tree_file(tree, path, "");
	assert_int_equal(pipe(channel), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		int fd = fs_lock(&tree->root, path, LOCK_EX);

		/* A test that fails ends nobody. */
		alarm(30);

		ready = fd >= 0;
		if (write(channel[1], &ready, 1) == 1)
			pause();
		_exit(0);
	}
	assert_int_equal(read(channel[0], &ready, 1), 1);
	assert_int_equal(ready, 1);
	close(channel[0]);
	close(channel[1]);
	return pid;
}

void scenario_end_process(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void scenario_offer_vfio(struct tree *tree)
{
	tree_file(tree, "etc/modprobe.d/files.conf",
		  "alias vfio_pci vfio_pci\nalias vfio_iommu_type1 vfio_iommu_type1\n");
}

void scenario_unload_vfio(struct tree *tree)
{
	scenario_offer_vfio(tree);
	tree_bind(tree, PARKED, "gpu");
	tree_delete(tree, "dev/vfio/11");
	tree_delete(tree, "sys/bus/pci/drivers/vfio-pci");
	tree_delete(tree, "sys/module/vfio_pci");
	tree_delete(tree, "sys/module/vfio_iommu_type1");
	tree_vm(tree, 100, "machine: q35\nhostpci0: 04:00.0,pcie=1\n");
}
