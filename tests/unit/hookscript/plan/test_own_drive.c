// SPDX-License-Identifier: GPL-2.0-or-later
/* What a VM's own config has QEMU open of the host, on a device that the VM gets. */
#include "hookscript/pve/exit.h"
#include "host/base/log.h"
#include "scenario.h"

#define CONTROLLER "sys/devices/pci0000:00/" DISK
#define ENTRY	   "machine: q35\nhostpci2: 0000:04:00.0,pcie=1\n"
#define BY_ID	   "/dev/disk/by-id/nvme-Lab_S3R1AL"

/* A node of that name below a device, in sysfs and /dev. */
static void put_node(struct tree *tree, const char *dir, const char *name, unsigned int minor,
		     const char *type)
{
	auto_free char *dev = fs_path("%s/dev", dir), *uevent = fs_path("%s/uevent", dir);
	auto_free char *subsystem = fs_path("%s/subsystem", dir);
	auto_free char *node = fs_path("dev/%s", name), *numbers = fs_path("259:%u\n", minor);
	auto_free char *text = fs_path("MAJOR=259\nMINOR=%u\nDEVNAME=%s\nDEVTYPE=%s\n", minor, name,
				       type);

	tree_file(tree, dev, numbers);
	tree_file(tree, uevent, text);
	tree_link(tree, subsystem, "/sys/class/block");
	tree_file(tree, node, "");
}

static int setup(void **state)
{
	struct tree *tree;

	if (scenario_setup(state))
		return -1;
	tree = *state;
	put_node(tree, CONTROLLER "/nvme/nvme0/nvme0n1", "nvme0n1", 0, "disk");
	put_node(tree, CONTROLLER "/nvme/nvme0/nvme0n1/nvme0n1p3", "nvme0n1p3", 3, "partition");
	put_node(tree, "sys/devices/pci0000:00/" NEIGHBOUR "/ata1/block/sr0", "sr0", 9, "disk");
	tree_link(tree, &BY_ID[1], "../../nvme0n1");
	tree_link(tree, &(BY_ID "-part3")[1], "../../nvme0n1p3");
	tree_link(tree, "dev/cdrom", "sr0");
	tree_file(tree, "dev/sdz", "");
	return 0;
}

/* `plan 100` refuses with TEXT; NULL: it does not refuse. */
static void plan_says(struct tree *tree, const char *config, const char *text)
{
	auto_run struct run run = {0};
	auto_free char *before = NULL;

	tree_vm(tree, 100, config);
	before = tree_render(tree, TREE_ALL);
	run_hook(tree, scenario_plan, 100, &run);
	if (text)
		run_assert_says(&run, text);
	run_assert_code(&run, text ? EXIT_REFUSED : EXIT_DONE);
	tree_assert_is(tree, TREE_ALL, before);
}

#define SAID(key, place)                                   \
	"refused: " key ": " place " belongs to " DISK     \
	", which a start takes from the host: QEMU would " \
	"not find it, and not start"

static void test_spellings(void **state)
{
	static const struct {
		const char *line, *said;
	} rows[] = {
		{"scsi1: " BY_ID "\n", SAID("scsi1", BY_ID " (/dev/nvme0n1)")},
		{"virtio15: file=" BY_ID "-part3,size=4G\n",
		 SAID("virtio15", BY_ID "-part3 (/dev/nvme0n1)")},
		{"sata5: cache=none,/dev/nvme0n1\n", SAID("sata5", "/dev/nvme0n1")},
		{"ide0: volume=/dev/nvme0n1p3,media=disk\n",
		 SAID("ide0", "/dev/nvme0n1p3 (/dev/nvme0n1)")},
		{"scsi0: local-lvm:vm-100-disk-0\nefidisk0: /dev/nvme0n1p3,efitype=4m\n",
		 "take it out, with what is saved in it: qm set 100 --delete efidisk0"},
		{"tpmstate0: /dev/nvme0n1p3,version=v2.0\n",
		 "qm set 100 --tpmstate0 STORAGE:1,version=v2.0"},
		{"serial3: /dev/nvme0n1\n", SAID("serial3", "/dev/nvme0n1")},
		{"cdrom: /dev/nvme0n1\n", SAID("ide2", "/dev/nvme0n1")},
		{"cdrom: /dev/nvme0n1\nide2: none\n", NULL},
		/* Not the VM's, not set, not there, or not ours. */
		{"unused0: /dev/nvme0n1\n", NULL},
		{"scsi31: /dev/nvme0n1\n", NULL},
		{"scsi1: local-lvm:vm-100-disk-0\n", NULL},
		{"scsi1: /dev/nvme0n1\nscsi1: local-lvm:vm-100-disk-0\n", NULL},
		{"scsi1: /dev/nvme9n1\n", NULL},
		{"scsi1: /dev/sdz\n", NULL},
		{"scsi1: /mnt/dev/nvme0n1\n", NULL},
		{"scsi1: /dev/../dev/nvme0n1\n", NULL},
		{"serial0: socket\nide2: cdrom\n", NULL},
		{"[snap]\nscsi1: /dev/nvme0n1\n", NULL},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *config = fs_path(ENTRY "%s", rows[i].line);

		plan_says(tree, config, rows[i].said);
	}
}

/* What cures it cures it; a start refuses as well. */
static void test_cures(void **state)
{
	struct tree *tree = *state;

	tree_vm(tree, 100, ENTRY "scsi1: " BY_ID "\n");
	scenario_assert_refused(tree, 100, SAID("scsi1", BY_ID " (/dev/nvme0n1)"));
	plan_says(tree, ENTRY "scsi1: " BY_ID "\n",
		  "take it out: the guest sees it through the device itself: qm set 100 --delete "
		  "scsi1");
	plan_says(tree, ENTRY "scsi1: " BY_ID "\n",
		  "or let the host keep the device: qm set 100 --delete hostpci2");
	plan_says(tree, ENTRY, NULL);
	plan_says(tree, "machine: q35\nhostpci3: 0000:06:00.0\nscsi1: " BY_ID "\n", NULL);
	plan_says(tree, "machine: q35\nargs: -device vfio-pci,host=04:00.0\nscsi1: /dev/nvme0n1\n",
		  "or take the device out of args");
}

/* What args have QEMU open is its own as well. */
static void test_args(void **state)
{
	static const char *const refused[] = {
		"-drive file=/dev/nvme0n1,if=none,id=d0,format=raw -device nvme,drive=d0,serial=1",
		"-drive id=d0,if=none,file.driver=host_device,file.filename=/dev/nvme0n1",
		"-drive file=host_device:/dev/nvme0n1,if=none",
		"-blockdev driver=host_device,node-name=d0,filename=/dev/nvme0n1",
		"-blockdev '{\"driver\":\"host_device\",\"filename\": \"/dev/nvme0n1\"}'",
		"-hda /dev/nvme0n1",
		"-drive \"file=/dev/nvme0n1\"",
	};
	static const char *const accepted[] = {
		"-drive file=/dev/sdz,if=none,id=d0",
		"-drive file=/dev/nvme0n1x,if=none,id=d0",
		"-drive file=/mnt/dev/nvme0n1",
		"-drive file=/dev/nvme0n1 'unclosed",
		"-object memory-backend-file,id=shm,mem-path=/dev/shm/looking-glass,size=32M",
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		auto_free char *config = fs_path(ENTRY "args: %s\n", refused[i]);

		plan_says(tree, config, SAID("args", "/dev/nvme0n1"));
		plan_says(tree, config, "take it out of args: qm set 100 --args …");
		plan_says(tree, config, "qm set 100 --delete hostpci2");
	}
	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
		auto_free char *config = fs_path(ENTRY "args: %s\n", accepted[i]);

		plan_says(tree, config, NULL);
	}
	plan_says(tree, ENTRY "scsi1: /dev/sdz\nargs: -drive file=" BY_ID "-part3\n",
		  SAID("args", BY_ID "-part3 (/dev/nvme0n1)"));
	plan_says(tree, ENTRY "args: -hda /dev/sdz\n[PENDING]\nargs: -hda /dev/nvme0n1\n",
		  SAID("args", "/dev/nvme0n1"));
	plan_says(tree, ENTRY "args: -hda /dev/nvme0n1\n[PENDING]\ndelete: args\n", NULL);
}

/* A volume goes with the disk that it is on. */
static void test_volume(void **state)
{
	struct tree *tree = *state;

	tree_link(tree, CONTROLLER "/nvme/nvme0/nvme0n1/nvme0n1p3/holders/dm-3",
		  "/sys/class/block/dm-3");
	tree_file(tree, "sys/class/block/dm-3/dev", "252:3\n");
	tree_file(tree, "dev/dm-3", "");
	tree_link(tree, "dev/mapper/vg-data", "../dm-3");
	plan_says(tree, ENTRY "scsi1: /dev/mapper/vg-data\n",
		  SAID("scsi1", "/dev/mapper/vg-data (/dev/dm-3)"));
}

/* A neighbour in the group is taken as well, and the guest does not get it. */
static void test_neighbour(void **state)
{
	static const char config[] = "machine: q35\nhostpci0: 0000:01:00,pcie=1\nide2: cdrom\n";
	struct tree *tree = *state;

	plan_says(tree, config,
		  "ide2: /dev/cdrom (/dev/sr0) belongs to " NEIGHBOUR
		  " (not named by the VM, but in its IOMMU group 10)");
	plan_says(tree, config, "the guest does not get the device: qm set 100 --delete ide2");
	plan_says(tree, config, "qm set 100 --delete hostpci0");
}

static void test_pending(void **state)
{
	static const char drive[] = "scsi1: /dev/nvme0n1\n";
	struct tree *tree = *state;
	auto_free char *deleted = fs_path(ENTRY "%s[PENDING]\ndelete: !scsi1\n", drive);
	auto_free char *replaced = fs_path(ENTRY "%s[PENDING]\nscsi1: none\n", drive);
	auto_free char *added = fs_path(ENTRY "[PENDING]\n%s", drive);
	auto_free char *both = fs_path(ENTRY "%s[PENDING]\ndelete: scsi1\n%s", drive, drive);
	auto_free char *waits = fs_path("lock: suspended\n%s", deleted);

	plan_says(tree, deleted, NULL);
	plan_says(tree, replaced, NULL);
	plan_says(tree, added, SAID("scsi1", "/dev/nvme0n1"));
	plan_says(tree, added, "with the pending changes, which the next start applies: scsi1");
	plan_says(tree, both, SAID("scsi1", "/dev/nvme0n1"));
	plan_says(tree, waits, SAID("scsi1", "/dev/nvme0n1"));
	/* Pre-start sees what Proxmox VE has made the main section. */
	tree_vm(tree, 100, added);
	scenario_must(tree, start_pre, 100);
	scenario_must(tree, stop_post, 100);
}

#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, setup, fake_kernel_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TREE(test_spellings), WITH_TREE(test_cures),     WITH_TREE(test_volume),
		WITH_TREE(test_args),	   WITH_TREE(test_neighbour), WITH_TREE(test_pending),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
