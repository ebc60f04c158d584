// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/usage.h"

#include <stdio.h>

#include "tree.h"

#define BDF	"0000:03:00.0"
#define FOLDER	"sys/devices/pci0000:00/" BDF
#define SUMMARY 2048

/* A device of that class and driver, with nothing below it. */
static void put_device(struct tree *tree, unsigned int class, const char *driver)
{
	tree_device(tree, &(struct tree_device){.bdf = BDF,
						.vendor = 0x8086,
						.device = 0x1234,
						.class = class,
						.group = 3,
						.driver = driver});
}

/* A node below the device: its folder, class, number, name below /dev, and type or NULL. */
static void put_node(struct tree *tree, const char *folder, const char *subsystem,
		     const char *numbers, const char *name, const char *type)
{
	auto_free char *uevent = fs_path("%s/uevent", folder);
	auto_free char *dev = fs_path("%s/dev", folder);
	auto_free char *link = fs_path("%s/subsystem", folder);
	auto_free char *target = fs_path("/sys/class/%s", subsystem);
	auto_free char *major = strndup(numbers, strcspn(numbers, ":"));
	auto_free char *text = fs_path("MAJOR=%s\nMINOR=%s\nDEVNAME=%s\n%s%s\n", major,
				       strchr(numbers, ':') + 1, name, type ? "DEVTYPE=" : "",
				       type ? type : "");

	tree_file(tree, dev, numbers);
	tree_file(tree, uevent, text);
	tree_link(tree, link, target);
}

static void put_disk(struct tree *tree)
{
	put_node(tree, FOLDER "/ata1/host0/target0/block/sda", "block", "8:0", "sda", "disk");
	put_node(tree, FOLDER "/ata1/host0/target0/block/sda/sda1", "block", "8:1", "sda1",
		 "partition");
	tree_file(tree, "dev/sda", "");
}

static struct usage read_usage(struct tree *tree, unsigned int class, const char *driver)
{
	const struct usage_device device = {.bdf = {0, 3, 0, 0}, .class = class, .driver = driver};
	auto_free char *before = tree_render(tree, TREE_ALL);
	struct usage usage;

	assert_int_equal(usage_read(&tree->root, &device, 1, &usage), 0);
	tree_assert_is(tree, TREE_ALL, before);
	return usage;
}

/* The findings, one a line: kind, '!' unless it is harmless, and what uses the device. */
static void assert_findings(struct tree *tree, unsigned int class, const char *driver,
			    const char *expected)
{
	auto_usage struct usage usage = read_usage(tree, class, driver);
	char text[SUMMARY] = "";
	size_t len = 0;

	for (size_t i = 0; i < usage.n; i++) {
		const struct usage_finding *finding = &usage.items[i];

		assert_true(*finding->effect && *finding->cure);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s %s\n",
					usage_kind_name(finding->kind),
					finding->harmless ? "" : "!", finding->what);
	}
	assert_string_equal(text, expected);
}

static void test_idle(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x010601, "ahci");
	put_disk(tree);
	tree_file(tree, "proc/1/mountinfo", "22 1 254:0 / / rw - ext4 /dev/vda1 rw\n");
	tree_file(tree, "proc/swaps", "Filename Type\n/dev/sda10 partition 1 0 -2\n");
	tree_process(tree, 1, "init", "init");
	tree_process_opens(tree, 1, 3, "/dev/sdab");
	tree_process_opens(tree, 1, 4, "socket:[1]");
	assert_findings(tree, 0x010601, "ahci", "");
}

/* A disk that cannot be opened, for a reason that is no absence, may be claimed. */
static void test_cannot_be_opened(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x010601, "ahci");
	put_disk(tree);
	tree_obscure(tree, "dev/sda");
	assert_findings(tree, 0x010601, "ahci",
			"disk! its disk /dev/sda does not answer, so it counts as in use\n");
	/* It is not opened where the answer is known. */
	tree_file(tree, "proc/swaps", "Filename\tType\n/dev/sda1   partition\t1\t0\t-2\n");
	assert_findings(tree, 0x010601, "ahci",
			"disk! its disk /dev/sda is in use: swap on /dev/sda1\n");
	tree_delete(tree, "proc/swaps");
	tree_delete(tree, "dev/sda");
	assert_findings(tree, 0x010601, "ahci", "");
}

static void test_mounts(void **state)
{
	struct tree *tree = *state;
	auto_usage struct usage usage = {0};

	put_device(tree, 0x010601, "ahci");
	put_disk(tree);
	tree_file(tree, "proc/1/mountinfo",
		  "22 1 8:1 / /my\\040files rw,noatime shared:1 - ext4 /dev/root rw\n"
		  "23 1 0:44 /@ /btr rw shared:1 master:2 - btrfs /dev/sda rw,subvol=/@\n"
		  "24 1 8:16 / /other rw - ext4 /dev/sdb rw\n");
	assert_findings(tree, 0x010601, "ahci",
			"disk! its disk /dev/sda is in use: mounted at /btr, mounted at /my "
			"files\n");
	usage = read_usage(tree, 0x010601, "ahci");
	assert_string_equal(usage.items[0].name, "/dev/sda");
	assert_int_equal(usage.items[0].mounts.n, 2);
	assert_string_equal(usage.items[0].mounts.items[0], "/btr");
	assert_string_equal(usage.items[0].mounts.items[1], "/my files");
	assert_int_equal(usage.items[0].pid, 0);
}

static void test_swap(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x010601, "ahci");
	put_disk(tree);
	tree_file(tree, "proc/swaps", "Filename\tType\n/dev/sda1   partition\t1\t0\t-2\n");
	assert_findings(tree, 0x010601, "ahci",
			"disk! its disk /dev/sda is in use: swap on /dev/sda1\n");
}

static void test_holders(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x010601, "ahci");
	put_disk(tree);
	tree_folder(tree, FOLDER "/ata1/host0/target0/block/sda/sda1/holders/dm-0");
	tree_file(tree, "sys/class/block/dm-0/dm/name", "pve-root\n");
	tree_file(tree, "sys/class/block/dm-0/dev", "253:0\n");
	tree_file(tree, "proc/1/mountinfo", "22 1 253:0 / / rw - ext4 /dev/mapper/pve-root rw\n");
	assert_findings(tree, 0x010601, "ahci",
			"disk! its disk /dev/sda is in use: part of dm-0 (pve-root), mounted at "
			"/\n");
}

/* An OSD has its volume open, not the disk. Of the host's own disk nothing more is said. */
static void test_holders_open(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x010601, "ahci");
	put_disk(tree);
	tree_folder(tree, FOLDER "/ata1/host0/target0/block/sda/holders/dm-0");
	tree_file(tree, "sys/class/block/dm-0/dm/name", "ceph--1-osd--block--2\n");
	tree_file(tree, "sys/class/block/dm-0/dev", "253:0\n");
	tree_process(tree, 20, "ceph-osd", "ceph-osd");
	tree_file(tree, "proc/20/cgroup",
		  "0::/system.slice/system-ceph\\x2dosd.slice/ceph-osd@3.service\n");
	tree_process_opens(tree, 20, 5, "/dev/dm-0");
	assert_findings(tree, 0x010601, "ahci",
			"disk! its disk /dev/sda is in use: part of dm-0 (ceph--1-osd--block--2)\n"
			"disk! /dev/dm-0 is open in process 20 (ceph-osd) of ceph-osd@3.service\n");
	tree_file(tree, "proc/1/mountinfo", "22 1 253:0 / / rw - ext4 /dev/mapper/ceph--1-x rw\n");
	assert_findings(tree, 0x010601, "ahci",
			"disk! its disk /dev/sda is in use: part of dm-0 (ceph--1-osd--block--2), "
			"mounted at /\n");
}

/* What the kernel writes to without a claim: the disk opens exclusively, and nothing holds it. */
static void test_loop(void **state)
{
	static const struct {
		const char *file;
		bool used;
	} rows[] = {
		{"/dev/sda1", true},
		{"/dev/sda1 (deleted)", true},
		{"/var/lib/lxc/105/rootfs/dev/sda1", true},
		{"/sda1", true},
		{"/dev/sda10", false},
		{"/srv/sda1", false},
		/* The host's devtmpfs elsewhere, a node of it alone, and a file above that. */
		{"/opt/nodes/sda1", true},
		{"/opt/nodes/sda", true},
		{"/opt/my disk", true},
		{"/opt/my disks", false},
		{"/opt/hidden/sda1", false},
		{"", false},
	};
	struct tree *tree = *state;

	put_device(tree, 0x010601, "ahci");
	put_disk(tree);
	tree_file(tree, "proc/1/mountinfo",
		  "20 1 0:6 / /opt/hidden rw - devtmpfs udev rw\n"
		  "21 1 0:99 / / rw - ext4 /dev/vda1 rw\n"
		  "22 1 7:3 / /srv rw - ext4 /dev/loop3 rw\n"
		  "23 1 0:6 / /opt/nodes rw - devtmpfs udev rw\n"
		  "24 1 0:6 /sda1 /opt/my\\040disk rw - devtmpfs udev rw\n"
		  "25 1 0:99 / /opt/hidden rw - ext4 /dev/vda1 rw\n");
	tree_file(tree, "sys/class/block/loop3/dev", "7:3\n");
	tree_folder(tree, "sys/class/block/loop4");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		tree_file(tree, "sys/class/block/loop3/loop/backing_file", rows[i].file);
		assert_findings(tree, 0x010601, "ahci",
				rows[i].used ? "disk! its disk /dev/sda is in use: part of loop3, "
					       "mounted at /srv\n"
					     : "");
	}
}

#define NVMET "sys/kernel/config/nvmet/subsystems/nqn.x/"

static void test_nvme_target(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x010601, "ahci");
	put_disk(tree);
	tree_link(tree, "dev/disk/by-id/ata-x-part1", "../../sda1");
	tree_file(tree, NVMET "namespaces/1/device_path", "/dev/disk/by-id/ata-x-part1\n");
	tree_file(tree, NVMET "namespaces/1/enable", "0\n");
	tree_file(tree, NVMET "namespaces/2/device_path", "/srv/dev/sda\n");
	tree_file(tree, NVMET "namespaces/2/enable", "1\n");
	assert_findings(tree, 0x010601, "ahci", "");
	tree_file(tree, NVMET "namespaces/1/enable", "1\n");
	assert_findings(tree, 0x010601, "ahci",
			"disk! its disk /dev/sda is in use: used by namespace 1 of the NVMe target "
			"nqn.x\n");
	tree_file(tree, NVMET "namespaces/1/device_path", "/dev/sda\n");
	assert_findings(tree, 0x010601, "ahci",
			"disk! its disk /dev/sda is in use: used by namespace 1 of the NVMe target "
			"nqn.x\n");
}

static void test_nvme_passthru(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x010802, "nvme");
	put_node(tree, FOLDER "/nvme/nvme1", "nvme", "240:1", "nvme1", NULL);
	tree_file(tree, NVMET "passthru/device_path", "/dev/nvme1\n");
	tree_file(tree, NVMET "passthru/enable", "0\n");
	assert_findings(tree, 0x010802, "nvme", "");
	tree_file(tree, NVMET "passthru/enable", "1\n");
	assert_findings(tree, 0x010802, "nvme",
			"disk! its disk /dev/nvme1 is in use: used by the NVMe target nqn.x\n");
}

#define LIO "sys/kernel/config/target/core/"

static void test_scsi_target(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x010601, "ahci");
	put_disk(tree);
	tree_file(tree, LIO "fileio_0/hba_info", "HBA Index: 1 plugin: fileio\n");
	tree_file(tree, LIO "fileio_0/x/enable", "0\n");
	tree_file(tree, LIO "fileio_0/x/udev_path", "/dev/sda\n");
	tree_file(tree, LIO "fileio_0/x/info",
		  "Status: ACTIVATED  Max Queue Depth: 0\n        TCM FILEIO ID: 0        File: "
		  "/dev/sda  Size: 5 Mode: O_DSYNC Async: 0\n");
	assert_findings(tree, 0x010601, "ahci", "");
	tree_file(tree, LIO "fileio_0/x/enable", "1\n");
	assert_findings(tree, 0x010601, "ahci",
			"disk! its disk /dev/sda is in use: used by the SCSI target's backstore "
			"fileio_0/x\n");
	tree_file(tree, LIO "fileio_0/x/udev_path", "\n");
	assert_findings(tree, 0x010601, "ahci",
			"disk! its disk /dev/sda is in use: used by the SCSI target's backstore "
			"fileio_0/x\n");
	tree_delete(tree, LIO "fileio_0");
	tree_file(tree, LIO "iblock_1/y/info",
		  "        iBlock device: sda1  UDEV PATH: /dev/sda1  readonly: 0\n");
	tree_file(tree, LIO "iblock_1/y/enable", "1\n");
	assert_findings(tree, 0x010601, "ahci",
			"disk! its disk /dev/sda is in use: used by the SCSI target's backstore "
			"iblock_1/y\n");
}

/* What decides about a disk and cannot be read refuses, rather than to count as absent. */
static void test_unreadable(void **state)
{
	static const char *const unreadable[] = {
		"proc/swaps",
		"sys/class/block",
		"sys/kernel/config/nvmet/subsystems",
		"sys/kernel/config/target/core",
		FOLDER "/ata1/host0/target0/block/sda/holders",
		"sys/fs/cgroup/lxc",
	};
	const struct usage_device device = {.bdf = {0, 3, 0, 0}, .class = 0x010601, .driver = "x"};
	struct tree *tree = *state;

	put_device(tree, 0x010601, "x");
	put_disk(tree);
	for (size_t i = 0; i < ARRAY_SIZE(unreadable); i++) {
		auto_free char *itself = fs_path("/%s", unreadable[i]);
		auto_usage struct usage usage = {0};

		tree_link(tree, unreadable[i], itself);
		assert_int_equal(usage_read(&tree->root, &device, 1, &usage), -ELOOP);
		tree_delete(tree, unreadable[i]);
		assert_int_equal(usage_read(&tree->root, &device, 1, &usage), 0);
	}
}

/* The namespace below the controller is hidden; the head below the subsystem is the disk. */
static void test_nvme_multipath(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x010802, "nvme");
	tree_folder(tree, FOLDER "/nvme/nvme1/nvme0c1n1");
	tree_folder(tree, FOLDER "/nvme/nvme1/nvme1c1n1x");
	tree_folder(tree, "sys/class/nvme-subsystem");
	put_node(tree, "sys/devices/virtual/nvme-subsystem/nvme-subsys1/nvme1n1", "block", "259:2",
		 "nvme1n1", "disk");
	tree_link(tree, "sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme1",
		  "../../../pci0000:00/" BDF "/nvme/nvme1");
	tree_link(tree, "sys/class/nvme-subsystem/nvme-subsys1",
		  "../../devices/virtual/nvme-subsystem/nvme-subsys1");
	tree_link(tree, "sys/class/nvme-subsystem/nvme-subsys0",
		  "../../devices/virtual/nvme-subsystem/nvme-subsys0");
	put_node(tree, "sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1", "block", "259:1",
		 "nvme0n1", "disk");
	tree_file(tree, "proc/1/mountinfo",
		  "22 1 259:1 / / rw - ext4 /dev/nvme0n1 rw\n"
		  "23 1 259:2 / /srv rw - ext4 /dev/nvme1n1 rw\n");
	assert_findings(tree, 0x010802, "nvme",
			"disk! its disk /dev/nvme0n1 (NVMe multipath) is in use: mounted at "
			"/\n");
}

static void test_net_used(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x020000, "e1000e");
	tree_folder(tree, FOLDER "/net/eth1");
	tree_link(tree, FOLDER "/net/eth1/upper_bond0", "/sys/class/net/bond0");
	tree_link(tree, "sys/class/net/bond0/upper_vmbr0", "/sys/class/net/vmbr0");
	tree_folder(tree, "sys/class/net/vmbr0");
	assert_findings(tree, 0x020000, "e1000e",
			"network! its interface eth1 carries the host's network: below bond0, "
			"below vmbr0\n");
}

/* Of an RDMA device it is said once what cannot be seen. */
static void test_net_rdma(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x020700, "mlx5_core");
	tree_folder(tree, FOLDER "/net/ib0");
	tree_folder(tree, FOLDER "/net/ib1");
	tree_folder(tree, FOLDER "/infiniband/mlx5_0");
	assert_findings(tree, 0x020700, "mlx5_core",
			"network it has the RDMA device mlx5_0; it cannot be seen whether a part "
			"of the kernel uses it\n");
}

static void test_net_moved(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x020000, "e1000e");
	tree_folder(tree, FOLDER "/net");
	assert_findings(tree, 0x020000, "e1000e",
			"network! its network interface has been moved to another network "
			"namespace, as containers and routers do\n");
	/* A USB controller, below which there is such a NIC. */
	assert_findings(tree, 0x0c0330, "xhci_hcd",
			"network! its network interface has been moved to another network "
			"namespace, as containers and routers do\n");
}

static void test_openers(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x030000, "amdgpu");
	put_node(tree, FOLDER "/drm/card0", "drm", "226:0", "dri/card0", "drm_minor");
	put_node(tree, FOLDER "/sound/card0/controlC0", "sound", "116:1", "snd/controlC0", NULL);
	put_node(tree, FOLDER "/input/input1/event1", "input", "13:65", "input/event1", NULL);
	put_disk(tree);
	tree_process(tree, 20, "Xorg", "Xorg");
	tree_file(tree, "proc/20/cgroup", "0::/user.slice\n");
	tree_process_opens(tree, 20, 5, "/dev/dri/card0");
	tree_process_opens(tree, 20, 6, "/dev/dri/card0");
	tree_process(tree, 30, "jellyfin", "jellyfin");
	tree_file(tree, "proc/30/cgroup", "0::/lxc/105/ns/system.slice\n");
	tree_process_opens(tree, 30, 5, "/dev/dri/card0");
	tree_process_opens(tree, 30, 7, "/dev/snd/controlC0");
	tree_process(tree, 40, "kvm", "kvm");
	tree_process_opens(tree, 40, 9, "/dev/sda1");
	assert_findings(tree, 0x030000, "amdgpu",
			"display! /dev/dri/card0 is open in process 20 (Xorg)\n"
			"display! /dev/dri/card0 is open in process 30 (jellyfin) in CT "
			"105\n"
			"sound! /dev/snd/controlC0 is open in process 30 (jellyfin) in CT "
			"105\n"
			"disk! /dev/sda1 is open in process 40 (kvm)\n");
}

/* A network card's clock, which needs no address. */
static void test_clock(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x020000, "igb");
	put_node(tree, FOLDER "/ptp/ptp0", "ptp", "248:0", "ptp0", NULL);
	tree_process(tree, 20, "chronyd", "chronyd");
	tree_file(tree, "proc/20/cgroup", "0::/system.slice/chrony.service\n");
	assert_findings(tree, 0x020000, "igb", "");
	tree_process_opens(tree, 20, 5, "/dev/ptp0");
	assert_findings(tree, 0x020000, "igb",
			"process! /dev/ptp0 is open in process 20 (chronyd) of chrony.service\n");
}

static void test_containers(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x030000, "amdgpu");
	put_node(tree, FOLDER "/drm/renderD128", "drm", "226:128", "dri/renderD128", "drm_minor");
	tree_folder(tree, "sys/fs/cgroup/lxc/105");
	tree_folder(tree, "sys/fs/cgroup/lxc/106");
	tree_folder(tree, "sys/fs/cgroup/lxc/107");
	tree_folder(tree, "sys/fs/cgroup/lxc/x");
	tree_file(tree, "etc/pve/lxc/104.conf", "dev0: /dev/dri/renderD128\n"); /* does not run */
	tree_file(tree, "etc/pve/lxc/105.conf", "arch: amd64\ndev0: /dev/dri/renderD128,gid=104\n");
	tree_file(tree, "etc/pve/lxc/106.conf",
		  "lxc.mount.entry: /dev/dri dev/dri none bind,optional,create=dir\n");
	tree_file(tree, "etc/pve/lxc/107.conf",
		  "#dev0: /dev/dri/renderD128\ndev0: /dev/dri/renderD12\ndevice: /dev/dri\n"
		  "lxc.mount.entry: /dev/d dev/d\n[snap]\ndev0: /dev/dri/renderD128\n");
	assert_findings(tree, 0x030000, "amdgpu",
			"container! container 105, which runs, is given /dev/dri/renderD128 by "
			"its config\n"
			"container! container 106, which runs, is given /dev/dri/renderD128 by "
			"its config\n");
}

static void test_nvidia(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x030000, "nvidia");
	tree_file(tree, "proc/driver/nvidia/gpus/" BDF "/information",
		  "Model: \t\t x\nDevice Minor: \t 1\n");
	tree_process(tree, 20, "ollama", "ollama");
	tree_process_opens(tree, 20, 5, "/dev/nvidia0");
	tree_process_opens(tree, 20, 6, "/dev/nvidia1");
	assert_findings(tree, 0x030000, "nvidia",
			"display! /dev/nvidia1 is open in process 20 (ollama)\n");
}

static void test_console(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x030000, "bochs-drm");
	put_node(tree, FOLDER "/graphics/fb0", "graphics", "29:0", "fb0", NULL);
	tree_file(tree, "sys/class/vtconsole/vtcon0/name", "(S) dummy device\n");
	tree_file(tree, "sys/class/vtconsole/vtcon0/bind", "1\n");
	tree_file(tree, "sys/class/vtconsole/vtcon1/name", "(M) frame buffer device\n");
	tree_file(tree, "sys/class/vtconsole/vtcon1/bind", "0\n");
	assert_findings(tree, 0x030000, "bochs-drm", "");
	tree_file(tree, "sys/class/vtconsole/vtcon1/bind", "1\n");
	assert_findings(tree, 0x030000, "bochs-drm", "display it shows the host's console\n");
	assert_findings(tree, 0x030000, "nvidia", "display! it shows the host's console\n");
	tree_file(tree, "sys/class/vtconsole/vtcon1/bind", "0\n");
	tree_file(tree, FOLDER "/boot_vga", "1\n");
	assert_findings(tree, 0x030000, "bochs-drm", "display it shows the host's boot messages\n");
	assert_findings(tree, 0x030000, "vfio-pci", "");
}

static void test_chipset(void **state)
{
	struct tree *tree = *state;

	/* AMD's dummy host bridges, and Intel's ISA bridge without a driver, serve nothing. */
	put_device(tree, 0x060100, NULL);
	assert_findings(tree, 0x060100, NULL, "");
	assert_findings(tree, 0x060000, NULL, "");
	assert_findings(tree, 0x060000, "pcieport", "");
	assert_findings(tree, 0x060000, "vfio-pci", "");
	/* Nothing hangs on the temperatures and counters of a host bridge. */
	assert_findings(tree, 0x060000, "k10temp", "chipset its driver k10temp serves the host\n");
	assert_findings(
		tree, 0x060000, "agpgart-intel",
		"chipset! its driver agpgart-intel maps the memory of the host's graphics\n");
}

/* A child of the device, DIR below it, bound to DRIVER of that module (NULL: it is built in). */
static void put_child(struct tree *tree, const char *dir, const char *driver, const char *module)
{
	auto_free char *link = fs_path(FOLDER "/%s/driver", dir);
	auto_free char *target = fs_path("/sys/bus/platform/drivers/%s", driver);
	auto_free char *folder = fs_path("sys/bus/platform/drivers/%s", driver);
	auto_free char *module_link = fs_path("%s/module", folder);
	auto_free char *module_target = fs_path("/sys/module/%s", module ? module : "");

	tree_folder(tree, folder);
	tree_link(tree, link, target);
	if (module)
		tree_link(tree, module_link, module_target);
}

static const char *cure_of_first(struct tree *tree, unsigned int class, const char *driver)
{
	static char text[SUMMARY];
	auto_usage struct usage usage = read_usage(tree, class, driver);

	assert_true(usage.n);
	snprintf(text, sizeof(text), "%s: %s", usage.items[0].cure,
		 usage.items[0].command ? usage.items[0].command : "");
	return text;
}

/* A bridge serves the devices below it that have drivers. */
static void test_served(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x060100, "lpc_ich");
	tree_folder(tree, FOLDER "/iTCO_wdt.1.auto");
	put_child(tree, "PNP0B00:00", "rtc_cmos", NULL);
	put_child(tree, "PNP0B00:00/rtc/rtc0/alarmtimer.0.auto", "alarmtimer", NULL);
	assert_findings(tree, 0x060100, "lpc_ich", "chipset its driver lpc_ich serves the host\n");
	put_child(tree, "iTCO_wdt.1.auto", "iTCO_wdt", "iTCO_wdt");
	put_child(tree, "gpio_ich.2.auto", "gpio_ich", NULL);
	assert_findings(tree, 0x060100, "lpc_ich",
			"chipset! its driver lpc_ich serves other devices of the host: gpio_ich, "
			"iTCO_wdt\n");
	assert_non_null(strstr(cure_of_first(tree, 0x060100, "lpc_ich"), "modprobe -r iTCO_wdt"));
	/* A sound device's children are its own: its machine driver and its codecs. */
	assert_findings(tree, 0x040300, "sof-audio-pci-intel-cnl", "");
}

/* Memory modules on the SMBus can be without their readers; a watchdog on it cannot. */
static void test_smbus(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x0c0500, "i801_smbus");
	assert_findings(tree, 0x0c0500, "i801_smbus", "");
	put_child(tree, "i2c-0/0-0050", "ee1004", "ee1004");
	put_child(tree, "i2c-0/0-0018", "jc42", "jc42");
	assert_findings(tree, 0x0c0500, "i801_smbus", "");
	put_child(tree, "iTCO_wdt", "iTCO_wdt", "iTCO_wdt");
	assert_findings(
		tree, 0x0c0500, "i801_smbus",
		"chipset! its driver i801_smbus serves other devices of the host: iTCO_wdt\n");
	tree_delete(tree, FOLDER "/iTCO_wdt");
	put_child(tree, "i2c-0/0-0010", "ipmi_ssif", "ipmi_ssif");
	assert_findings(
		tree, 0x0c0500, "i801_smbus",
		"chipset! its driver i801_smbus serves other devices of the host: ipmi_ssif\n");
}

/* GVT-g's are below the graphics, each in a group of its own; NVIDIA's below a VF. */
static void test_mdevs(void **state)
{
	static const char first[] = "2a3c9b8e-0000-0000-0000-000000000101";
	struct tree *tree = *state;

	put_device(tree, 0x030000, "i915");
	/* Its types alone are no use; nor is what is only named like one. */
	tree_folder(tree, FOLDER "/mdev_supported_types/i915-GVTg_V5_4");
	tree_folder(tree, FOLDER "/2a3c9b8e-0000-0000-0000-000000000102");
	assert_findings(tree, 0x030000, "i915", "");
	tree_file(tree, FOLDER "/2a3c9b8e-0000-0000-0000-000000000101/mdev_type/name",
		  "GVTg_V5_4\n");
	assert_findings(tree, 0x030000, "i915",
			"mdevs! mediated devices of it are in use or ready for it: "
			"2a3c9b8e-0000-0000-0000-000000000101 (GVTg_V5_4)\n");
	assert_non_null(strstr(cure_of_first(tree, 0x030000, "i915"), first));
	tree_link(tree, FOLDER "/2a3c9b8e-0000-0000-0000-000000000101/iommu_group",
		  "../../../../kernel/iommu_groups/77");
	tree_folder(tree, "sys/kernel/iommu_groups/77/devices/"
			  "2a3c9b8e-0000-0000-0000-000000000101");
	tree_vm_runs(tree, 200, 20);
	tree_process_opens(tree, 20, 9, "/dev/vfio/77");
	assert_findings(tree, 0x030000, "i915",
			"mdevs! mediated devices of it are in use or ready for it: "
			"2a3c9b8e-0000-0000-0000-000000000101 (GVTg_V5_4, VM 200)\n");
}

static void test_vfs(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x020000, "igb");
	tree_device(tree, &(struct tree_device){.bdf = "0000:03:10.0", .group = 4});
	tree_device(tree,
		    &(struct tree_device){.bdf = "0000:03:10.2", .group = 5, .driver = "igbvf"});
	tree_folder(tree, "sys/devices/pci0000:00/0000:03:10.2/net/eth7");
	tree_link(tree, FOLDER "/virtfn0", "../0000:03:10.0");
	tree_link(tree, FOLDER "/virtfn1", "../0000:03:10.2");
	assert_findings(tree, 0x020000, "igb",
			"vfs! it is an SR-IOV PF whose VFs are in use or ready for it: "
			"0000:03:10.0 (no driver), 0000:03:10.2 (igbvf, eth7)\n");
}

static void test_kind_names(void **state)
{
	(void)state;
	for (int kind = USAGE_DISK; kind <= USAGE_MDEVS; kind++) {
		enum usage_kind parsed;

		assert_int_equal(usage_kind_parse(usage_kind_name((enum usage_kind)kind), &parsed),
				 0);
		assert_int_equal(parsed, kind);
	}
	assert_int_equal(usage_kind_parse("disks", &(enum usage_kind){0}), -EINVAL);
}

#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TREE(test_cannot_be_opened),
		WITH_TREE(test_idle),
		WITH_TREE(test_mounts),
		WITH_TREE(test_swap),
		WITH_TREE(test_holders),
		WITH_TREE(test_holders_open),
		WITH_TREE(test_loop),
		WITH_TREE(test_nvme_target),
		WITH_TREE(test_nvme_passthru),
		WITH_TREE(test_scsi_target),
		WITH_TREE(test_unreadable),
		WITH_TREE(test_nvme_multipath),
		WITH_TREE(test_net_used),
		WITH_TREE(test_net_rdma),
		WITH_TREE(test_net_moved),
		WITH_TREE(test_openers),
		WITH_TREE(test_clock),
		WITH_TREE(test_containers),
		WITH_TREE(test_nvidia),
		WITH_TREE(test_console),
		WITH_TREE(test_chipset),
		WITH_TREE(test_served),
		WITH_TREE(test_smbus),
		WITH_TREE(test_vfs),
		WITH_TREE(test_mdevs),
		cmocka_unit_test(test_kind_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
