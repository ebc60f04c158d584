// SPDX-License-Identifier: GPL-2.0-or-later
#include "capturecase.h"
#undef auto_run /* hostcase.h has one, too */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "host/base/cli.h"
#include "host/base/log.h"
#include "host/setup/capture/store.h"
#include "fake_netlink.h"
#include "hostcase.h"
#include "scenario.h"
#include "vmcfg/reduce.h"

static const unsigned int vm_100[] = {100, 0};

/* ---- the same answers ---- */

static void test_scenario(void **state)
{
	struct tree *tree = *state;
	auto_capturecase struct capturecase capture = {0};

	capturecase_make(&tree->root, &capture);
	capturecase_compare_all(&capture, tree, vm_100, "scenario");
}

/* Disks, interfaces, processes, a container, another VM that runs. */
static void add_uses(struct tree *tree)
{
	static const char disk[] = "sys/bus/pci/devices/" DISK "/nvme/nvme0/nvme0n1";
	auto_free char *uevent = fs_path("%s/uevent", disk), *dev = fs_path("%s/dev", disk);
	auto_free char *subsystem = fs_path("%s/subsystem", disk);
	auto_free char *holders = fs_path("%s/holders/dm-0", disk);

	tree_file(tree, dev, "259:0\n");
	tree_file(tree, uevent, "MAJOR=259\nMINOR=0\nDEVNAME=nvme0n1\nDEVTYPE=disk\n");
	tree_link(tree, subsystem, "../../../../../../class/block");
	tree_link(tree, holders, "../../../../../../../virtual/block/dm-0");
	tree_file(tree, "sys/class/block/dm-0/dm/name", "pve-root\n");
	tree_file(tree, "sys/class/block/dm-0/dev", "253:0\n");
	tree_file(tree, "proc/1/comm", "systemd\n");
	tree_link(tree, "proc/1/ns/mnt", "mnt:[4026531841]");
	tree_file(tree, "proc/1/mountinfo",
		  "25 1 253:0 / / rw,relatime shared:1 - ext4 /dev/mapper/pve-root rw,errors=x\n");
	tree_file(tree, "proc/swaps", "Filename Type Size Used Priority\n");
	tree_process(tree, 4711, "snd-player", "player --secret x");
	tree_link(tree, "proc/4711/exe", "/usr/bin/player");
	tree_file(tree, "sys/bus/pci/devices/" SOUND "/sound/card0/controlC0/uevent",
		  "MAJOR=116\nMINOR=2\nDEVNAME=snd/controlC0\n");
	tree_file(tree, "sys/bus/pci/devices/" SOUND "/sound/card0/controlC0/dev", "116:2\n");
	tree_link(tree, "sys/bus/pci/devices/" SOUND "/sound/card0/controlC0/subsystem",
		  "../../../../../../../class/sound");
	tree_file(tree, "dev/snd/controlC0", "");
	tree_process_opens(tree, 4711, 5, "/dev/snd/controlC0");
	tree_vm(tree, 101, "hostpci0: 05:00.0\nname: vm\n");
	tree_vm_runs(tree, 101, 5000);
	tree_process_opens(tree, 5000, 9, "/dev/vfio/13");
	tree_bind(tree, TWIN, "vfio-pci");
	tree_file(tree, "dev/vfio/13", "");
	tree_file(tree, "sys/bus/pci/devices/" USB "/usb1/1-1/dev", "189:4\n");
	tree_file(tree, "sys/bus/pci/devices/" USB "/usb1/1-1/uevent",
		  "MAJOR=189\nMINOR=4\nDEVNAME=bus/usb/001/005\n");
	tree_file(tree, "sys/bus/pci/devices/" USB "/usb1/1-1/usbip_status", "2\n");
	tree_folder(tree, "sys/fs/cgroup/lxc/105");
	tree_file(tree, "etc/pve/lxc/105.conf", "dev0: /dev/snd/controlC0,mode=0666\n");
}

static void test_uses(void **state)
{
	static const unsigned int vms[] = {100, 101, 0};
	struct tree *tree = *state;
	auto_capturecase struct capturecase capture = {0};

	add_uses(tree);
	capturecase_make(&tree->root, &capture);
	capturecase_compare_all(&capture, tree, vms, "uses");
}

/* What a VM's own config has QEMU open, by names with serial numbers in them; and what args give to
 * QEMU alone. */
static void test_own_drive(void **state)
{
	static const char disk[] = "sys/bus/pci/devices/" DISK "/nvme/nvme0/nvme0n1";
	static const unsigned int vms[] = {100, 101, 0};
	auto_free char *uevent = fs_path("%s/uevent", disk), *dev = fs_path("%s/dev", disk);
	auto_free char *subsystem = fs_path("%s/subsystem", disk);
	struct tree *tree = *state;
	auto_capturecase struct capturecase capture = {0};

	tree_file(tree, dev, "259:0\n");
	tree_file(tree, uevent, "MAJOR=259\nMINOR=0\nDEVNAME=nvme0n1\nDEVTYPE=disk\n");
	tree_link(tree, subsystem, "../../../../../../class/block");
	tree_file(tree, "dev/nvme0n1", "");
	tree_link(tree, "dev/disk/by-id/nvme-Lab_S3R1AL0123", "../../nvme0n1");
	tree_vm(tree, 100, SCENARIO_CONFIG "scsi1: /dev/disk/by-id/nvme-Lab_S3R1AL0123,size=1G\n");
	tree_vm(tree, 101,
		"machine: q35\nhostpci0: 04:00.0,pcie=1\n"
		"[PENDING]\ndelete: scsi4\nscsi1: /dev/disk/by-id/nvme-Lab_S3R1AL0123,size=1G\n");
	tree_vm(tree, 102,
		"args: -device vfio-pci,sysfsdev=/sys/bus/mdev/devices/"
		"4b20d080-1b54-4048-85b3-a6a62d165c01\n");
	tree_link(tree, "dev/own-disk", "nvme0n1");
	tree_link(tree, "dev/own/S3R1AL0123", "../nvme0n1");
	tree_vm(tree, 103, "machine: q35\nhostpci0: 04:00.0,pcie=1\nsata0: /dev/own-disk\n");
	tree_vm(tree, 104,
		"machine: q35\nhostpci0: 04:00.0,pcie=1\n"
		"args: -drive file=/dev/own/S3R1AL0123,if=none\n");
	capturecase_make(&tree->root, &capture);
	capturecase_compare_all(&capture, tree, vms, "own drive");
	capturecase_compare(&capture, tree, capturecase_plan, 103, "link of a rule");
	capturecase_compare(&capture, tree, capturecase_plan, 104, "link of a rule, args");
	/* "config" quotes args, of which less is left. */
	capturecase_compare(&capture, tree, capturecase_plan, 102, "mediated device, plan");
	capturecase_compare(&capture, tree, capturecase_vm, 102, "mediated device, vm");
}

/* What sets the number of VFs at boot, and devices that are held early. */
static void test_set_up(void **state)
{
	struct tree *tree = *state;
	auto_capturecase struct capturecase capture = {0};

	tree_file(tree, "sys/bus/pci/devices/" PARKED "/sriov_totalvfs", "7\n");
	tree_file(tree, "sys/bus/pci/devices/" PARKED "/sriov_numvfs", "0\n");
	tree_file(tree, "etc/udev/rules.d/1.rules",
		  "ACTION==\"add\", KERNELS==\"" PARKED "\", ATTR{sriov_numvfs}=\"4\"\n");
	tree_file(tree, "etc/rc.local",
		  "#!/bin/sh\necho 2 > /sys/bus/pci/devices/" PARKED "/sriov_numvfs\n");
	tree_file(tree, "etc/pve-passthrough.d/host.conf", "format = 1;\nsriov = (\n);\n");
	tree_file(
		tree, "etc/pve/storage.cfg",
		"dir: local\n\tpath /srv/vz\n\tcontent snippets\n\nnfs: nas\n\tserver 10.0.0.1\n\texport /x\n\tcontent images\n");
	tree_file(tree, "srv/vz/snippets/pve-passthrough", "");
	tree_mode(tree, "srv/vz/snippets/pve-passthrough", 0755);
	tree_file(tree, "proc/meminfo", "MemTotal: 65536 kB\nMemAvailable: 32768 kB\n");
	capturecase_make(&tree->root, &capture);
	capturecase_compare_all(&capture, tree, vm_100, "set up");
}

/* What the driver of a network card keeps for its VFs, which is in no file. */
static void test_vfs(void **state)
{
	static const char *const vfs[] = {"0000:08:00.0", "0000:08:00.1", NULL};
	struct tree *tree = *state;
	auto_capturecase struct capturecase capture = {0};

	fake_netlink_igb(tree, "0000:07:00.0", vfs);
	fake_netlink_lists(
		tree, 7, 0,
		"mac=52:54:00:00:00:10 vlan=7 qos=3 protocol=33024 spoofchk=1 trust=0 link=0");
	fake_netlink_lists(
		tree, 7, 1,
		"mac=52:54:00:00:00:11 vlan=0 qos=0 protocol=33024 spoofchk=0 trust=1 link=2");
	tree_vm(tree, 100, "machine: q35\nhostpci0: 0000:08:00.0,pcie=1\n");
	tree_settings(tree, "vm100 = { hostpci0 = { vlan = 30; trust = true; }; };\n");
	capturecase_make(&tree->root, &capture);
	capturecase_compare_all(&capture, tree, vm_100, "VFs");
	fake_netlink_end();
}

/* What could not be read there cannot be read here, with the same words. */
static void test_unreadable(void **state)
{
	struct tree *tree = *state;
	auto_capturecase struct capturecase capture = {0};

	tree_obscure(tree, "sys/bus/pci/devices/" GPU "/modalias");
	tree_folder(tree, "etc/pve/mapping");
	tree_obscure(tree, "etc/pve/mapping");
	tree_file(tree, "etc/pve-passthrough.conf", "reset = true;\n");
	tree_mode(tree, "etc/pve-passthrough.conf", 0666);
	capturecase_make(&tree->root, &capture);
	capturecase_compare_all(&capture, tree, vm_100, "unreadable");
}

/* A sanitizer makes every process slower. */
#define SANITIZED_EVERY 53

/* All hosts that enable is tested with. */
static void test_hosts(void **state)
{
	static const unsigned int none[] = {0};
	DIR *dir = opendir(HOSTS);
	const struct dirent *entry;
	size_t n = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		auto_hosttree struct hosttree host = {0};
		auto_capturecase struct capturecase capture = {0};
		auto_hostcase struct hostcase hostcase = {0};
		struct tree live;

		/* What is said of that one quotes a comment, which no capture has. */
		if (*entry->d_name == '.' || !strcmp(entry->d_name, "sdboot-debian-comment") ||
		    hostcase_is_capture(entry->d_name))
			continue;
		if (n++ % sweep_every(1, SANITIZED_EVERY))
			continue;
		hostcase_read(entry->d_name, &hostcase);
		hostcase_build(&host, &hostcase);
		live.root = host.root;
		capturecase_make(&live.root, &capture);
		capturecase_compare_all(&capture, &live, none, entry->d_name);
	}
	closedir(dir);
	assert_true(n > 100);
}

/* ---- nothing else ---- */

static const char *const secrets[] = {
	"s3cr3t-drive-file",   "s3cr3t-gpu-notes",  "s3cr3t-description",
	"s3cr3t-cipassword",   "s3cr3t-sshkey",	    "s3cr3t-args-drive",
	"s3cr3t-args-vnc",     "s3cr3t-snapshot",   "s3cr3t-tag",
	"s3cr3t-volume",       "s3cr3t-vmname",	    "s3cr3t-grub-comment",
	"s3cr3t-kernel-word",  "s3cr3t-luks-key",   "s3cr3t-grub-password",
	"s3cr3t-modprobe",     "s3cr3t-settings",   "s3cr3t-mapping",
	"s3cr3t-storage-user", "s3cr3t-cron",	    "s3cr3t-rule",
	"s3cr3t-unit",	       "s3cr3t-cmdline",    "s3cr3t-kvm-option",
	"s3cr3t-mount-option", "s3cr3t-share",	    "s3cr3t-gecos",
	"s3cr3t-loader-entry", "s3cr3t-ct-env",	    "s3cr3t-ha-comment",
	"s3cr3t-modules",      "homeserver7",	    "nas-seven",
	"alice-liddell",       "52:54:00:aa:bb:cc", "3c:ec:ef:01:02:03",
	"10.77.88.99",	       "fd77:1:2::99",	    "7d0c3a52-8f0e-4c11-9d64-0123456789ab",
	"00a0c9ffff123456",
};

/* The number of the last one, lowest byte first. */
static const unsigned char serial_bytes[] = {0x56, 0x34, 0x12, 0xff, 0xff, 0xc9, 0xa0, 0x00};

static void plant_space(struct tree *tree)
{
	unsigned char space[4096] = {0xde, 0x10, 0x01, 0x10};

	space[256] = 3;
	space[258] = 1;
	memcpy(space + 260, serial_bytes, sizeof(serial_bytes));
	tree_bytes(tree, "sys/bus/pci/devices/" GPU "/config", space, sizeof(space));
}

static void plant_vm(struct tree *tree)
{
	tree_vm(tree, 100,
		"#s3cr3t-gpu-notes\n"
		"args: -device vfio-pci,host=01:00.0 -drive file=s3cr3t-args-drive -vnc :1,password=s3cr3t-args-vnc -cpu host\n"
		"cipassword: s3cr3t-cipassword\nsshkeys: s3cr3t-sshkey\ndescription: s3cr3t-description\n"
		"hostpci0: 0000:01:00,pcie=1\nmachine: q35\nname: s3cr3t-vmname\n"
		"net0: virtio=52:54:00:aa:bb:cc,bridge=vmbr0,tag=7\n"
		"scsi0: local:s3cr3t-volume,size=4G\ntags: s3cr3t-tag\n"
		"smbios1: uuid=7d0c3a52-8f0e-4c11-9d64-0123456789ab,serial=s3cr3t-tag\n"
		"[s3cr3t-snapshot]\n#s3cr3t-snapshot\nhostpci0: 02:00\n");
	tree_file(tree, "etc/pve/lxc/105.conf",
		  "lxc.environment: A=s3cr3t-ct-env\n#s3cr3t-ct-env\n");
	tree_file(
		tree, "etc/pve/mapping/pci.cfg",
		"gpu\n\tdescription s3cr3t-mapping\n\tmap iommugroup=10,node=homeserver7,path=0000:01:00.0,id=10de:1001\n");
	tree_file(
		tree, "etc/pve/storage.cfg",
		"dir: local\n\tpath /var/lib/vz\n\tcontent iso\n\ncifs: nas\n\tserver 10.77.88.99\n\tusername s3cr3t-storage-user\n\tcontent iso\n");
	tree_file(tree, "etc/pve/ha/resources.cfg",
		  "vm: 100\n\tcomment s3cr3t-ha-comment\n\tstate started\n");
	tree_file(
		tree, "etc/pve/corosync.conf",
		"nodelist {\n node {\n  name: homeserver7\n  nodeid: 1\n  ring0_addr: 10.77.88.99\n }\n node {\n  name: nas-seven\n  ring0_addr: fd77:1:2::99\n }\n}\n");
	tree_folder(tree, "etc/pve/nodes/homeserver7");
	tree_link(tree, "etc/pve/local", "nodes/homeserver7");
}

static void plant_boot(struct tree *tree)
{
	tree_file(
		tree, "proc/cmdline",
		"BOOT_IMAGE=/vmlinuz root=UUID=7d0c3a52-8f0e-4c11-9d64-0123456789ab ro quiet intel_iommu=on rd.key=s3cr3t-luks-key s3cr3t-kernel-word ip=10.77.88.99::10.77.88.1\n");
	tree_file(
		tree, "etc/default/grub",
		"# s3cr3t-grub-comment\nGRUB_CMDLINE_LINUX_DEFAULT=\"quiet s3cr3t-kernel-word\" # s3cr3t-grub-comment\nGRUB_PASSWORD=s3cr3t-grub-password\n");
	tree_file(
		tree, "boot/grub/grub.cfg",
		"password_pbkdf2 root s3cr3t-grub-password\nmenuentry 's3cr3t-loader-entry' {\n linux /vmlinuz-6.8.12-4-pve root=/dev/sda1 rd.key=s3cr3t-luks-key\n}\n");
	tree_file(tree, "boot/loader/entries/a.conf",
		  "title s3cr3t-loader-entry\noptions key=s3cr3t-luks-key quiet\n");
	tree_file(tree, "etc/modprobe.d/a.conf",
		  "# s3cr3t-modprobe\noptions mymod key=s3cr3t-modprobe\n");
	tree_file(tree, "etc/modules", "# s3cr3t-modules\nvfio\n");
}

static void plant_host(struct tree *tree)
{
	tree_file(
		tree, "etc/pve-passthrough.conf",
		"# s3cr3t-settings\n/* more\n s3cr3t-settings */\nreset = true; // s3cr3t-settings\n");
	tree_file(tree, "etc/crontab", "0 * * * * root backup --password s3cr3t-cron\n");
	tree_file(tree, "etc/udev/rules.d/1.rules", "# s3cr3t-rule\nRUN+=\"/bin/x s3cr3t-rule\"\n");
	tree_file(tree, "etc/systemd/system/a.service",
		  "[Service]\nExecStart=/bin/x --token s3cr3t-unit\n");
	tree_file(tree, "proc/sys/kernel/hostname", "homeserver7\n");
	tree_file(
		tree, "etc/hosts",
		"127.0.0.1 localhost\n10.77.88.99 homeserver7.home homeserver7 # s3cr3t-rule\nfd77:1:2::99 nas-seven\n");
	tree_file(tree, "etc/hostname", "homeserver7.alice.example\n");
	tree_file(
		tree, "etc/passwd",
		"root:x:0:0:root:/root:/bin/bash\nalice-liddell:x:1000:1000:s3cr3t-gecos:/home/alice:/bin/sh\n");
	tree_process(tree, 77, "backup", "backup --password s3cr3t-cmdline");
	tree_process(tree, 78, "kvm",
		     "kvm -id 101 -drive s3cr3t-kvm-option -device vfio-pci,host=0000:05:00.0");
	tree_link(tree, "proc/77/exe", "/home/alice-liddell/s3cr3t-cmdline");
	tree_file(
		tree, "proc/1/mountinfo",
		"25 1 8:1 / / rw - ext4 /dev/sda1 rw\n26 25 0:50 / /mnt/nas rw,s3cr3t-mount-option - cifs //nas-seven/s3cr3t-share rw,username=alice-liddell,password=s3cr3t-mount-option\n");
	tree_file(tree, "var/lib/pve-passthrough/starts/100", "# homeserver7\n");
	tree_file(tree, "sys/class/net/enx3cecef010203/ifindex", "3\n");
	tree_file(tree, "sys/class/net/enx3cecef010203/address", "3c:ec:ef:01:02:03\n");
	tree_file(
		tree, "etc/pve/.members",
		"{ \"nodename\": \"homeserver7\", \"nodelist\": { \"nas-seven\": { \"ip\": \"10.77.88.99\" } } }\n");
	tree_file(tree, "run/pve-passthrough.early", "serial 00a0c9ffff123456\n");
	tree_file(tree, "etc/network/interfaces", "iface eno1 inet static # s3cr3t-rule\n");
	tree_file(tree, "sys/bus/pci/devices/" USB "/usb1/1-1/uevent",
		  "DEVNAME=bus/usb/001/002\nHID_UNIQ=s3cr3t-tag\n");
	tree_bytes(tree, "sys/firmware/efi/efivars/Boot0000-8be4df61-93ca-11d2-aa0d-00e098032b8c",
		   "\7\0\0\0\1\0\0\0\4\0L\0i\0 \0\0\0s3cr3t-volume", 32);
}

static void assert_clean(const char *where, const char *text, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++)
		if (memmem(text, len, secrets[i], strlen(secrets[i])))
			fail_msg("%s has %s in it", where, secrets[i]);
	if (memmem(text, len, serial_bytes, sizeof(serial_bytes)))
		fail_msg("%s has the serial number in it", where);
	if (memmem(text, len, "3cecef010203", 12))
		fail_msg("%s has the name of an interface in it", where);
}

static void test_secrets(void **state)
{
	struct tree *tree = *state;
	auto_capturecase struct capturecase capture = {0};

	plant_space(tree);
	plant_vm(tree);
	plant_boot(tree);
	plant_host(tree);
	capturecase_make(&tree->root, &capture);
	capturecase_each(&capture, assert_clean);
	assert_true(tree_has(&capture.replay, "etc/pve/nodes/host-1"));
	capturecase_compare(&capture, tree, capturecase_plan, 100, "secrets, plan");
	capturecase_compare(&capture, tree, capturecase_groups, 0, "secrets, groups");
}

/* A link that leads out of /dev names what is no node. */
static void test_no_node(void **state)
{
	struct tree *tree = *state;
	auto_capturecase struct capturecase capture = {0};

	tree_link(tree, "dev/own/file", "/srv/s3cr3t-drive-file");
	tree_file(tree, "srv/s3cr3t-drive-file", "");
	tree_link(tree, "dev/own/link", "file");
	tree_vm(tree, 100,
		SCENARIO_CONFIG "sata0: /dev/own/file\nsata1: /dev/own/link\n"
				"sata2: /dev/../srv/s3cr3t-drive-file\n");
	capturecase_make(&tree->root, &capture);
	capturecase_each(&capture, assert_clean);
}

/* ---- the verb ---- */

static struct setup_options options;

static void read_nothing(const struct fs_root *root)
{
	(void)root;
}

static int run_verb(const struct fs_root *root, unsigned int unused)
{
	static const struct capture_above above = {read_nothing, vmcfg_reduce, ctcfg_reduce};
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)unused;
	dup2(null, STDIN_FILENO);
	close(null);
	log_open("host-setup", NULL);
	return capture_run(root, &options, &above);
}

/* Runs it, and ends the test unless it ends so and says that. */
static void verb_ends(struct tree *tree, int code, const char *text)
{
	struct run run = {0};

	run_hook_only(tree, run_verb, 0, &run);
	run_assert_code(&run, code);
	run_assert_says(&run, text);
	run_free(&run);
}

static void test_verb(void **state)
{
	struct tree *tree = *state;
	auto_free char *dir = tree_make_temporary("captured");
	auto_free char *file = fs_path("%s/a:b.tar.xz", dir);

	options = (struct setup_options){.capture = file};
	verb_ends(tree, 2, "nothing was written");
	assert_int_not_equal(access(file, F_OK), 0);
	options.dry_run = true;
	verb_ends(tree, 0, "etc/pve/qemu-server/100.conf");
	assert_int_not_equal(access(file, F_OK), 0);
	options = (struct setup_options){.capture = file, .yes = true};
	verb_ends(tree, 0, "is written");
	assert_int_equal(access(file, F_OK), 0);
	verb_ends(tree, 2, "is there already: give another name");
	store_remove(dir);
}

/* Nothing of what the tree had is changed, and root is refused what somebody else has made. */
static void test_root_is_refused(void **state)
{
	struct tree *tree = *state;
	auto_capturecase struct capturecase capture = {0};
	auto_free char *before = tree_render(tree, TREE_ALL);
	auto_root struct fs_root root = {.fd = -1};

	if (geteuid())
		skip();
	capturecase_make(&tree->root, &capture);
	tree_assert_is(tree, TREE_ALL, before);
	assert_int_equal(cli_open_root(capture.replay.root.path, &root), 2);
	fs_root_close(&root);
	assert_int_equal(cli_open_root(tree->root.path, &root), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_scenario, scenario_setup,
						fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_uses, scenario_setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_own_drive, scenario_setup,
						fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_set_up, scenario_setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_vfs, scenario_setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_unreadable, scenario_setup,
						fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_secrets, scenario_setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_no_node, scenario_setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_hosts, scenario_setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_verb, scenario_setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_root_is_refused, scenario_setup,
						fake_kernel_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
