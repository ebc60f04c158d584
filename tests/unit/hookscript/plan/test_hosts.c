// SPDX-License-Identifier: GPL-2.0-or-later
/* Hosts as people have them: groups, dead and absent devices, as their lspci and kernel logs show.
 */
#include "hookscript/pve/exit.h"
#include "hookscript/records/identity.h"
#include "host/base/log.h"
#include "scenario.h"

#define DEVICES "sys/devices/pci0000:00/"

/* The hosts' devices, which come beside those of the scenario. */
static void put(struct tree *tree, const char *bdf, unsigned int ids, unsigned int class, int group,
		const char *driver)
{
	const struct tree_device device = {.bdf = bdf,
					   .vendor = ids >> 16,
					   .device = ids & 0xffff,
					   .class = class,
					   .group = group,
					   .driver = driver,
					   .bridge = class == 0x060400};

	if (driver) {
		tree_driver(tree, driver, driver);
		fake_kernel_knows(device.vendor, device.device, driver);
	}
	tree_device(tree, &device);
}

static void put_bytes(struct tree *tree, const char *path, int byte)
{
	unsigned char space[256];

	memset(space, byte, sizeof(space));
	tree_bytes(tree, path, space, sizeof(space));
}

/* `plan 100` on that config ends so, says TEXT (NULL: nothing special), and changes nothing. */
static void plan_ends(struct tree *tree, const char *config, int code, const char *text)
{
	auto_run struct run run = {0};
	auto_free char *before = NULL;

	tree_vm(tree, 100, config);
	before = tree_render(tree, TREE_ALL);
	run_hook(tree, scenario_plan, 100, &run);
	run_assert_code(&run, code);
	if (text)
		run_assert_says(&run, text);
	tree_assert_is(tree, TREE_ALL, before);
}

/* What `plan 100` must not say. */
static void plan_is_silent_of(struct tree *tree, const char *config, const char *text)
{
	auto_run struct run run = {0};

	tree_vm(tree, 100, config);
	run_hook(tree, scenario_plan, 100, &run);
	assert_false(run_says(&run, text));
}

#define ID64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* ---- groups with functions of the platform ---- */

/* A Ryzen APU: the dummy host bridge is taken with the GPU, and has no driver again afterwards. */
static void test_apu(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;

	put(tree, "0000:00:08.0", 0x10221632, 0x060000, 30, NULL);
	put(tree, "0000:00:08.1", 0x10221635, 0x060400, 30, "pcieport");
	put(tree, "0000:07:00.0", 0x10021638, 0x030000, 30, "amdgpu");
	put(tree, "0000:07:00.1", 0x10021637, 0x040300, 30, "snd_hda_intel");
	plan_ends(tree, "machine: q35\nhostpci0: 07:00\n", EXIT_DONE, "  0000:00:08.0  ");
	before = tree_render(tree, TREE_STATE);
	scenario_must(tree, start_pre, 100);
	assert_string_equal(tree_driver_of(tree, "0000:00:08.0"), "vfio-pci");
	assert_string_equal(tree_override_of(tree, "0000:00:08.0"), "vfio-pci");
	assert_string_equal(tree_driver_of(tree, "0000:00:08.1"), "pcieport");
	scenario_must(tree, stop_post, 100);
	tree_delete(tree, "dev/vfio/30");
	tree_assert_is(tree, TREE_STATE, before);
}

/* An AMD FCH: SMBus, LPC bridge and sound in one group, none of which the host needs. */
static void test_fch(void **state)
{
	struct tree *tree = *state;

	put(tree, "0000:00:14.0", 0x1022790b, 0x0c0500, 31, "piix4_smbus");
	put(tree, "0000:00:14.3", 0x1022790e, 0x060100, 31, NULL);
	put(tree, "0000:00:14.2", 0x10224383, 0x040300, 31, "snd_hda_intel");
	plan_ends(tree, "machine: q35\nhostpci0: 00:14.2\n", EXIT_DONE, "  0000:00:14.3  ");
}

/* An Intel PCH, whose ISA bridge has a driver: judged by what that serves. */
static void test_pch(void **state)
{
	static const char config[] = "machine: q35\nhostpci0: 00:1f.3\n";
	struct tree *tree = *state;

	put(tree, "0000:00:1f.0", 0x80865481, 0x060100, 32, "lpc_ich");
	put(tree, "0000:00:1f.3", 0x808654c8, 0x040300, 32, "snd_hda_intel");
	put(tree, "0000:00:1f.4", 0x808654a3, 0x0c0500, 32, "i801_smbus");
	put(tree, "0000:00:1f.5", 0x808654a4, 0x0c8000, 32, "intel-spi");
	plan_ends(tree, config, EXIT_DONE, "0000:00:1f.0: its driver lpc_ich serves the host");
	tree_folder(tree, "sys/bus/platform/drivers/iTCO_wdt");
	tree_link(tree, DEVICES "0000:00:1f.0/iTCO_wdt.0.auto/driver",
		  "/sys/bus/platform/drivers/iTCO_wdt");
	plan_ends(
		tree, config, EXIT_REFUSED,
		"0000:00:1f.0 (not named by the VM, but in its IOMMU group 32): its driver lpc_ich "
		"serves other devices of the host: iTCO_wdt");
	/* What helps against a neighbour that the host needs. */
	plan_ends(tree, config, EXIT_REFUSED, "a slot with a group of its own");
	plan_ends(tree, config, EXIT_REFUSED, "what would split it: host-setup groups");
	/* The name of that use is a setting that people may have. */
	tree_settings(tree, "devices = ( { address = \"0000:00:1f.0\"; id = \"8086:5481\"; "
			    "allow = [ \"chipset\" ]; } );\n");
	plan_ends(tree, config, EXIT_DONE, "allows \"chipset\" for it");
}

/* Who holds a group is ended by what he is: no VM that qm could shut down. */
static void test_group_is_held(void **state)
{
	static const struct {
		const char *cgroup, *cure;
	} rows[] = {
		{"0::/system.slice/spdk_tgt.service\n", "systemctl stop spdk_tgt.service"},
		{"0::/system.slice/docker-" ID64 ".scope\n", "docker stop 0123456789ab"},
		{"0::/qemu.slice/105.scope\n", "kill 4711"},
		{"0::/user.slice/user-1000.slice/session-3.scope\n", "kill 4711"},
		{"0::/\n", "kill 4711"},
	};
	static const char config[] = "machine: q35\nhostpci0: 05:00.0,pcie=1\n";
	struct tree *tree = *state;

	tree_process(tree, 4711, "spdk_tgt", "spdk_tgt");
	tree_process_opens(tree, 4711, 33, "/dev/vfio/13");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		tree_file(tree, "proc/4711/cgroup", rows[i].cgroup);
		plan_ends(tree, config, EXIT_REFUSED,
			  "IOMMU group 13 is in use through VFIO by process 4711 (spdk_tgt)");
		plan_ends(tree, config, EXIT_REFUSED, rows[i].cure);
	}
}

/* An integrated device has no link, so no guest's driver misses one. */
static void test_integrated(void **state)
{
	struct tree *tree = *state;

	put(tree, "0000:00:02.0", 0x808646a6, 0x030000, 33, "i915");
	tree_file(tree, DEVICES "0000:00:02.0/max_link_width", "255\n");
	plan_ends(tree, "machine: q35\nhostpci0: 00:02.0\n", EXIT_DONE, NULL);
	plan_ends(tree, "machine: q35\nhostpci0: 05:00.0\n", EXIT_REFUSED, "does not say pcie=1");
}

/* ---- devices that do not answer ---- */

/* A GPU after a reset that failed: "Unable to change power state from D3cold to D0". */
static void test_dead(void **state)
{
	struct tree *tree = *state;

	put(tree, "0000:0c:00.0", 0x100275a3, 0x120000, 34, "amdgpu");
	put_bytes(tree, DEVICES "0000:0c:00.0/config", 0xff);
	plan_ends(tree, "machine: q35\nhostpci0: 0c:00.0\n", EXIT_REFUSED,
		  "refused: 0000:0c:00.0 does not answer: its configuration space reads as ff");
	plan_ends(tree, "machine: q35\nhostpci0: 0c:00.0\n", EXIT_REFUSED, "a cold start");
	tree_file(
		tree, "var/log/dmesg",
		"[    1.0] pci 0000:0c:00.0: [1002:75a3] type 00\n"
		"[    2.0] pci 0000:0d:00.0: other\n"
		"[  100.0] vfio-pci 0000:0c:00.0: not ready 65535ms after bus reset; giving up\n"
		"[  101.0] vfio-pci 0000:0c:00.0: Unable to change power state from D3cold to D0, "
		"device inaccessible\n"
		"[  102.0] vfio-pci 0000:0c:00.0: last\n");
	plan_ends(tree, "machine: q35\nhostpci0: 0c:00.0\n", EXIT_REFUSED,
		  "the kernel's log says: [  101.0] vfio-pci 0000:0c:00.0: Unable to change power");
	plan_is_silent_of(tree, "machine: q35\nhostpci0: 0c:00.0\n", "type 00");
	/* A neighbour of it is no better off. */
	put(tree, "0000:0c:00.1", 0x1002ab28, 0x040300, 34, "snd_hda_intel");
	plan_ends(tree, "machine: q35\nhostpci0: 0c:00.1\n", EXIT_REFUSED,
		  "0000:0c:00.0 (not named by the VM, but in its IOMMU group 34) does not answer");
}

/* The ids of a VF read as ffff; the rest of its header tells that it is alive. */
static void test_live_vf(void **state)
{
	struct tree *tree = *state;
	unsigned char space[64] = {0xff, 0xff, 0xff, 0xff, 0x06, 0x04};

	put(tree, "0000:03:10.0", 0x80861520, 0x020000, 35, "igbvf");
	tree_bytes(tree, DEVICES "0000:03:10.0/config", space, sizeof(space));
	plan_ends(tree, "machine: q35\nhostpci0: 03:10.0\n", EXIT_DONE, NULL);
}

/* Its driver would hang on it, or take the kernel with it; the others go back. */
static void test_dies_with_the_vm(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0}, shown = {0};

	scenario_must(tree, start_pre, 100);
	put_bytes(tree, DEVICES DISK "/config", 0xff);
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, DISK ": not given back: it does not answer any more");
	assert_string_equal(tree_driver_of(tree, DISK), "vfio-pci");
	assert_string_equal(tree_driver_of(tree, GPU), "gpu");
	assert_true(tree_has(tree, "run/pve-passthrough/records/" DISK));
	run_hook(tree, scenario_status, 0, &shown);
	run_assert_says(&shown, "    it does not answer any more");
	/* It came back: by a reset of its bus, say. */
	tree_delete(tree, DEVICES DISK "/config");
	scenario_must(tree, stop_post, 100);

	assert_string_equal(tree_driver_of(tree, DISK), "nvme");
	assert_false(tree_has(tree, "run/pve-passthrough/records/" DISK));
}

/* ---- devices that are not there ---- */

static void put_pf(struct tree *tree, const char *bdf, const char *total, const char *offset,
		   const char *stride)
{
	auto_free char *a = fs_path(DEVICES "%s/sriov_totalvfs", bdf);
	auto_free char *b = fs_path(DEVICES "%s/sriov_offset", bdf);
	auto_free char *c = fs_path(DEVICES "%s/sriov_stride", bdf);

	tree_file(tree, a, total);
	tree_file(tree, b, offset);
	tree_file(tree, c, stride);
}

static void test_vf_not_made(void **state)
{
	struct tree *tree = *state;

	/* Alder Lake's graphics with the driver for SR-IOV. */
	put(tree, "0000:00:02.0", 0x808646a6, 0x030000, 36, "i915");
	put_pf(tree, "0000:00:02.0", "7\n", "1\n", "1\n");
	plan_ends(tree, "hostpci0: 00:02.3\n", EXIT_REFUSED, "host-setup sriov 0000:00:02.0 3");
	plan_is_silent_of(tree, "hostpci0: 00:02.3\n", "added, removed");
	/* Two entries: one number that is enough for both. */
	plan_ends(tree, "hostpci0: 00:02.1\nhostpci1: 00:02.7\n", EXIT_REFUSED,
		  "host-setup sriov 0000:00:02.0 7");
	plan_is_silent_of(tree, "hostpci0: 00:02.1\nhostpci1: 00:02.7\n", "0000:00:02.0 1");
	/* igb: VF 4 of function 1 of a card is two slots further. */
	put(tree, "0000:08:00.0", 0x80861521, 0x020000, 37, "igb");
	put(tree, "0000:08:00.1", 0x80861521, 0x020000, 38, "igb");
	put_pf(tree, "0000:08:00.0", "7\n", "128\n", "4\n");
	put_pf(tree, "0000:08:00.1", "7\n", "128\n", "4\n");
	plan_ends(tree, "hostpci0: 08:11.5\n", EXIT_REFUSED,
		  "0000:08:11.5 is not there: it is a virtual function (VF) of 0000:08:00.1");
	plan_ends(tree, "hostpci0: 08:11.5\n", EXIT_REFUSED, "host-setup sriov 0000:08:00.1 4");
	plan_ends(tree, "hostpci0: 08:12.2\n", EXIT_REFUSED, "no PCI device at");
	/* One that is on the next bus, of a PF that no driver has. */
	put(tree, "0000:41:00.0", 0x15b31017, 0x020000, 39, NULL);
	put_pf(tree, "0000:41:00.0", "16\n", "256\n", "1\n");
	plan_ends(tree, "hostpci0: 42:01.2\n", EXIT_REFUSED,
		  "modprobe \"$(cat /sys/bus/pci/devices/0000:41:00.0/modalias)\"");
	plan_ends(tree, "hostpci0: 42:01.2\n", EXIT_REFUSED, "host-setup sriov 0000:41:00.0 11");
	/* Some are there: the kernel changes their number only by way of 0. */
	put(tree, "0000:00:02.1", 0x808646a6, 0x030000, 40, "i915");
	tree_link(tree, DEVICES "0000:00:02.0/virtfn0", "../0000:00:02.1");
	plan_ends(tree, "hostpci0: 00:02.2\n", EXIT_REFUSED,
		  "once nothing uses the present VFs, create as many as are needed, now and at "
		  "every boot: host-setup sriov 0000:00:02.0 2");
	/* By a mapping, which is right. */
	tree_file(tree, "etc/pve/mapping/pci.cfg",
		  "vf\n\tmap id=8086:46a6,node=lab,path=0000:00:02.4\n");
	tree_link(tree, "etc/pve/local", "nodes/lab");
	plan_ends(tree, "hostpci0: mapping=vf\n", EXIT_REFUSED,
		  "0000:00:02.4 is not there: it is a virtual function (VF) of 0000:00:02.0");
	plan_ends(tree, "hostpci0: mapping=vf\n", EXIT_REFUSED,
		  "that PF has 1 VFs now (its sriov_numvfs)");
	plan_is_silent_of(tree, "hostpci0: mapping=vf\n", "correct the mapping");
	/* Firmware that allows none. */
	put_pf(tree, "0000:00:02.0", "0\n", "1\n", "1\n");
	plan_ends(tree, "hostpci0: 00:02.3\n", EXIT_REFUSED, "no PCI device at");
}

/* It was there at the last start: the kernel's log knows more than a list of causes. */
static void test_fell_off(void **state)
{
	static const struct identity_device gone = {
		.bdf = {0, 0x0e, 0, 0}, .identity = {0x10de, 0x2684, 0x1043, 0x8889, 0x030000}};
	struct tree *tree = *state;

	assert_int_equal(identity_write(&tree->root, 100, &gone, 1), 0);
	tree_file(tree, "var/log/dmesg",
		  "[   9.0] NVRM: GPU at PCI:0000:0e:00: GPU-1\n"
		  "[  10.0] pcieport 0000:00:01.0: pciehp: Slot(0): Card not present\n"
		  "[  11.0] nvidia 0000:0e:00.0: GPU has fallen off the bus.\n");
	plan_ends(tree, "machine: q35\nhostpci0: 0e:00.0,pcie=1\n", EXIT_REFUSED,
		  "it fell off the bus");
	plan_ends(tree, "machine: q35\nhostpci0: 0e:00.0,pcie=1\n", EXIT_REFUSED,
		  "the kernel's log says: [  11.0] nvidia 0000:0e:00.0: GPU has fallen off");
	plan_ends(tree, "machine: q35\nhostpci0: 0e:00.0,pcie=1\n", EXIT_REFUSED, "cold start");
	plan_ends(tree, "machine: q35\nhostpci0: 0e:00.0,pcie=1\n", EXIT_REFUSED,
		  "VM 100 refused: 1 problem");
	/* One like it elsewhere: the hardware has moved. */
	tree_device(tree, &(struct tree_device){"0000:0f:00.0", 0x10de, 0x2684, 0x1043, 0x8889,
						0x030000, 41, NULL, NULL, NULL, true, false});
	plan_ends(tree, "machine: q35\nhostpci0: 0e:00.0,pcie=1\n", EXIT_REFUSED,
		  "qm set 100 --hostpci0 '0f:00.0,pcie=1'");
}

/* ---- what a VFIO driver of its own serves ---- */

static void test_own_vfio_driver(void **state)
{
	static const char args[] =
		"machine: q35\nargs: -device vfio-pci,host=0000:81:00.4,id=vgpu0\n";
	struct tree *tree = *state;
	auto_free char *before = NULL;

	/* NVIDIA's VF with a vGPU type, since kernel 6.8. */
	put(tree, "0000:81:00.4", 0x10de2237, 0x030200, 42, "nvidia");
	tree_folder(tree, DEVICES "0000:81:00.4/vfio-dev/vfio0");
	plan_ends(tree, args, EXIT_DONE,
		  "args: 0000:81:00.4 is on nvidia, a VFIO driver of its own: left alone");
	before = tree_render(tree, TREE_STATE);
	scenario_must(tree, start_pre, 100);
	assert_string_equal(tree_driver_of(tree, "0000:81:00.4"), "nvidia");
	tree_assert_is(tree, TREE_STATE, before);
	/* Such a neighbour does not disturb a group of VFIO's. */
	put(tree, "0000:81:00.5", 0x10de2237, 0x030200, 42, "nouveau");
	plan_ends(tree, "machine: q35\nhostpci0: 81:00.5\n", EXIT_DONE, "  0000:81:00.5  ");
	plan_is_silent_of(tree, "machine: q35\nhostpci0: 81:00.5\n", "0000:81:00.4");
	/* A vGPU by an entry that does not say so would be lost. */
	tree_file(tree, DEVICES "0000:81:00.4/nvidia/current_vgpu_type", "557\n");
	plan_ends(tree, "machine: q35\nhostpci0: 81:00.4\n", EXIT_REFUSED,
		  "it is a vGPU of type 557, which its driver nvidia serves");
	plan_ends(tree, args, EXIT_DONE, "left alone");
	tree_file(tree, DEVICES "0000:81:00.4/nvidia/current_vgpu_type", "0\n");
	/* Proxmox VE takes it for an entry of its own. */
	plan_ends(tree, "machine: q35\nhostpci0: 81:00.4\n", EXIT_DONE,
		  "now on nvidia; returns to nvidia");
	/* Without a VFIO device the driver is the host's. */
	tree_delete(tree, DEVICES "0000:81:00.4/vfio-dev");
	plan_ends(tree, args, EXIT_DONE, "now on nvidia; returns to nvidia");
}

/* ---- children of an endpoint ---- */

#define VMD   "0000:00:0e.0"
#define BELOW DEVICES VMD "/pci10000:e0/"

/* A device below the VMD controller, in its group. */
static void put_below(struct tree *tree, const char *bdf, unsigned int class)
{
	auto_free char *dir = fs_path(BELOW "%s", bdf);
	auto_free char *modalias = fs_path("%s/modalias", dir);
	auto_free char *vendor = fs_path("%s/vendor", dir);
	auto_free char *bus = fs_path("%s/pci_bus", dir);
	auto_free char *group = fs_path("%s/iommu_group", dir);
	auto_free char *text = fs_path(
		"pci:v0000144Dd0000A808sv00000000sd00000000bc%02Xsc%02Xi%02X\n", class >> 16,
		class >> 8 & 0xff, class & 0xff);
	auto_free char *link = fs_path("sys/bus/pci/devices/%s", bdf);
	auto_free char *target = fs_path("../../../devices/pci0000:00/" VMD "/pci10000:e0/%s", bdf);
	auto_free char *member = fs_path("sys/kernel/iommu_groups/43/devices/%s", bdf);

	tree_file(tree, modalias, text);
	tree_file(tree, vendor, "0x144d\n");
	if (class == 0x060400)
		tree_folder(tree, bus);
	tree_link(tree, group, "/sys/kernel/iommu_groups/43");
	tree_link(tree, link, target);
	tree_link(tree, member, dir);
}

static void test_vmd(void **state)
{
	struct tree *tree = *state;

	put(tree, VMD, 0x80869a0b, 0x010400, 43, "vmd");
	put_below(tree, "10000:e0:06.0", 0x060400);
	put_below(tree, "10000:e1:00.0", 0x010802);
	plan_ends(tree, "machine: q35\nhostpci0: 10000:e1:00.0\n", EXIT_REFUSED,
		  "10000:e1:00.0 is below " VMD);
	plan_ends(tree, "machine: q35\nhostpci0: 10000:e1:00.0\n", EXIT_REFUSED, "turn VMD");
	tree_file(tree, "sys/class/dmi/id/sys_vendor", "QEMU\n");
	plan_ends(tree, "machine: q35\nhostpci0: 10000:e1:00.0\n", EXIT_REFUSED,
		  "this host is itself a VM: where it runs, pass it the disk of 10000:e1:00.0");
	plan_is_silent_of(tree, "machine: q35\nhostpci0: 10000:e1:00.0\n", "firmware");
	/* The controller is taken alone, and what is below goes with it. */
	plan_ends(tree, "machine: q35\nhostpci0: 00:0e.0\n", EXIT_DONE, "  " VMD "  ");
	plan_is_silent_of(tree, "machine: q35\nhostpci0: 00:0e.0\n", "10000:e1:00.0");
	/* The host's disk is below it. */
	tree_file(tree, BELOW "10000:e1:00.0/nvme/nvme0/nvme0n1/dev", "259:0\n");
	tree_file(tree, BELOW "10000:e1:00.0/nvme/nvme0/nvme0n1/uevent",
		  "MAJOR=259\nMINOR=0\nDEVNAME=nvme0n1\nDEVTYPE=disk\n");
	tree_link(tree, BELOW "10000:e1:00.0/nvme/nvme0/nvme0n1/subsystem", "/sys/class/block");
	tree_file(tree, "proc/1/mountinfo", "22 1 259:0 / / rw - ext4 /dev/nvme0n1 rw\n");
	plan_ends(tree, "machine: q35\nhostpci0: 00:0e.0\n", EXIT_REFUSED,
		  "its disk /dev/nvme0n1 is in use: mounted at /");
}

/* On aarch64 the machine is virt, whose devices are PCI Express without pcie=1. */
static void test_virt(void **state)
{
	struct tree *tree = *state;

	put(tree, "000d:01:00.0", 0x10de2208, 0x030000, 45, "nouveau");
	plan_ends(tree, "arch: aarch64\nmachine: virt\nhostpci0: 000d:01:00\n", EXIT_DONE,
		  "  000d:01:00.0  ");
	plan_ends(tree, "arch: aarch64\nhostpci0: 000d:01:00\n", EXIT_DONE, "  000d:01:00.0  ");
	plan_ends(tree, "arch: aarch64\nmachine: virt-9.2+pve1\nhostpci0: 000d:01:00,pcie=1\n",
		  EXIT_REFUSED, "qm set 100 --hostpci0 000d:01:00");
	/* Without a word of it the VM is of the host's own architecture. */
	plan_ends(tree, "hostpci0: 000d:01:00\n", EXIT_REFUSED, "--machine q35");
	tree_file(tree, "proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd\n");
	plan_ends(tree, "hostpci0: 000d:01:00\n", EXIT_DONE, "  000d:01:00.0  ");
}

/* Its neighbours in the group are read after it, and stand before it. */
static void test_named_twice(void **state)
{
	struct tree *tree = *state;

	put(tree, "0000:07:00.0", 0x10027480, 0x030000, 44, "amdgpu");
	for (unsigned int f = 0; f < 8; f++) {
		auto_free char *bdf = fs_path("0000:06:00.%u", f);

		put(tree, bdf, 0x10d32000 + f, 0x020000, 44, NULL);
	}
	plan_ends(tree, "machine: q35\nhostpci0: 07:00.0;07:00.0,pcie=1\n", EXIT_REFUSED,
		  "hostpci0: 0000:07:00.0 is named more than once in this entry");
	plan_ends(tree, "machine: q35\nhostpci0: 07:00,pcie=1\nhostpci2: 07:00.0,pcie=1\n",
		  EXIT_REFUSED, "hostpci2: 0000:07:00.0 is named more than once in this VM");
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, scenario_setup, fake_kernel_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_apu),
		TEST(test_fch),
		TEST(test_pch),
		TEST(test_integrated),
		TEST(test_group_is_held),
		TEST(test_dead),
		TEST(test_live_vf),
		TEST(test_vf_not_made),
		TEST(test_dies_with_the_vm),
		TEST(test_fell_off),
		TEST(test_own_vfio_driver),
		TEST(test_vmd),
		TEST(test_named_twice),
		TEST(test_virt),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
