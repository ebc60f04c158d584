// SPDX-License-Identifier: GPL-2.0-or-later
/* What `early ADDRESS` says of a capture: of what the host will use at boot. */
#include "capturecase.h"
#include "earlycase.h"
#include "host/pci/sriov_conf.h"
#include "scenario.h"

#include <string.h>
#include <sys/stat.h>

static const struct early_case
	disk = {"pci0000:00/0000:00:1e.0/0000:0a:00.0",
		0x144d,
		0xa80a,
		0x010802,
		2,
		0x0025385b71b0e11f,
		NULL},
	nic = {"pci0000:00/0000:00:1f.0/0000:0b:00.0", 0x8086, 0x10d3, 0x020000, 0, 0, NULL};

#define BLOCK "sys/devices/pci0000:00/0000:00:1e.0/0000:0a:00.0/nvme/nvme7/nvme7n1"
#define NET   "sys/devices/pci0000:00/0000:00:1f.0/0000:0b:00.0/net/eno7"

#define UUID "3aaa0122-2982-7cfa-5331-ad66ca767371"
#define LVM  "QX2bZe-9rS0-kT3m-Yb1A-Zc7D-Vv5E-lW4pQq"
#define ID   "nvme-Samsung_SSD_980_S649NX0R123456"

static void put_disk(struct tree *tree)
{
	early_case_put(tree, &disk);
	early_case_group(tree, &disk, 70);
	tree_file(tree, BLOCK "/uevent", "MAJOR=259\nMINOR=7\nDEVNAME=nvme7n1\nDEVTYPE=disk\n");
	tree_file(tree, BLOCK "/dev", "259:7\n");
	tree_link(tree, BLOCK "/subsystem", "/sys/class/block");
	tree_link(tree, "sys/class/block/nvme7n1", "/" BLOCK);
	tree_link(tree, "dev/disk/by-id/" ID, "../../nvme7n1");
	tree_link(tree, "dev/disk/by-path/pci-0000:0a:00.0-nvme-1", "../../nvme7n1");
	tree_file(tree, "dev/nvme7n1", "");
}

static void put_nic(struct tree *tree)
{
	early_case_put(tree, &nic);
	early_case_group(tree, &nic, 71);
	tree_file(tree, NET "/ifindex", "7\n");
	tree_file(tree, NET "/type", "1\n");
	tree_file(tree, NET "/flags", "0x1002\n");
	tree_file(tree, NET "/address", "52:54:00:00:ab:07\n");
	tree_link(tree, "sys/class/net/eno7", "/" NET);
	tree_file(tree, "run/udev/data/n7",
		  "E:ID_NET_NAME_PATH=enp11s0\nE:ID_NET_NAME_MAC=enx52540000ab07\n");
}

/* A host with initramfs-tools, a disk and a network card. */
static void build(struct tree *tree)
{
	put_disk(tree);
	put_nic(tree);
	tree_file(tree, "boot/grub/grub.cfg", "");
	tree_file(tree, "usr/sbin/mkinitramfs", "");
	tree_folder(tree, "etc/initramfs-tools/scripts/init-top");
	tree_folder(tree, "etc/initramfs-tools/hooks");
	tree_file(tree, "proc/1/mountinfo", "");
	tree_file(tree, "proc/sys/kernel/osrelease", "6.8.12-4-pve\n");
	tree_file(tree, "lib/modules/6.8.12-4-pve/modules.builtin", "kernel/fs/ext4/ext4.ko\n");
	tree_file(tree, "etc/network/interfaces", "auto lo\niface lo inet loopback\n");
}

static const char *const disk_address = "0000:0a:00.0", *const nic_address = "0000:0b:00.0";

/* Of the host as it is now, the answer is CODE and TEXT; and that of its capture is the same. */
static void agrees(struct tree *tree, const char *address, int code, const char *text)
{
	auto_capturecase struct capturecase capture = {0};
	struct run run = {0};

	capturecase_address = address;
	run_hook_only(tree, capturecase_early, 0, &run);
	run_assert_code(&run, code);
	run_assert_says(&run, text);
	run_free(&run);
	capturecase_make(&tree->root, &capture);
	capturecase_compare(&capture, tree, capturecase_early, 0, text);
}

static void test_nothing_is_used(void **state)
{
	struct tree *tree = *state;

	build(tree);
	agrees(tree, "", 0, "no device is held early");
	agrees(tree, disk_address, 0, "+hold pci:v0000144Dd0000A80A");
	agrees(tree, nic_address, 0, "+hold pci:v00008086d000010D3");
}

/* What is changed is shown with its comments, which are the program's own. */
static void test_held_already(void **state)
{
	struct tree *tree = *state;

	build(tree);
	tree_file(
		tree, "etc/pve-passthrough.d/host.conf",
		SRIOV_CONF_COMMENT
		"\nformat = 1;\nsriov = (\n);\n" EARLY_CONF_COMMENT
		"\nearly = (\n  { address = \"0000:0a:00.0\"; path = \"0000:00/1e.0/00.0\"; identity = \"144d:a80a:0000:0000:010802\"; revision = 2; serial = \"0025385b71b0e11f\"; held = true; with = \"0000:0a:00.0\"; }\n);\n");
	agrees(tree, "", 0, "held early from the next boot on");
	agrees(tree, nic_address, 0, "+hold pci:v00008086d000010D3");
	agrees(tree, disk_address, 0, "0025385b71b0e11f");
}

/* In each of the files that name disks. */
static void test_disks(void **state)
{
	static const struct {
		const char *file, *text;
	} rows[] = {
		{"etc/fstab", "UUID=" UUID " /fast ext4 defaults,nofail 0 2\n"},
		{"etc/fstab", "# x\nLABEL=fast\t/fast ext4 ro 0 2\n"},
		{"etc/fstab", "/dev/sdz1 /x xfs defaults,logdev=/dev/nvme7n1 0 2\n"},
		{"etc/fstab", "/dev/disk/by-id/" ID " none swap sw 0 0\n"},
		{"etc/fstab", "ID=" ID " /x ext4 rw 0 0\n"},
		{"etc/fstab", "ID=\"" ID "\" /x ext4 rw 0 0\n"},
		{"etc/systemd/system/fast.mount", "[Mount]\nWhat=ID=" ID "\n"},
		{"etc/fstab", "/dev/disk/by-path/pci-0000:0a:00.0-nvme-1-part3 /x ext4 rw 0 0\n"},
		{"etc/crypttab", "x PARTUUID=7d0c3a52-8f0e-4c11-9d64-0123456789ab none luks\n"},
		{"etc/crypttab", "x /dev/sdz1 /dev/disk/by-id/" ID " luks\n"},
		{"etc/systemd/system/fast.mount", "[Mount]\nWhat=/dev/disk/by-uuid/" UUID "\n"},
		{"etc/crypttab", "x /dev/sdz1 /a.key:UUID=" UUID " luks\n"},
		{"etc/crypttab", "x /dev/sdz1 none luks,header=/a:LABEL=fast\n"},
		{"etc/systemd/system/fast.mount", "[Mount]\nWhat = /dev/nvme7n1\n"},
		{"etc/systemd/system/fast.swap", "[Swap]\nWhat=/dev/nvme7n1\n"},
		{"etc/mdadm/mdadm.conf",
		 "ARRAY /dev/md0 UUID=3aaa0122:29827cfa:5331ad66:ca767371\n"},
		{"etc/mdadm/mdadm.conf",
		 "ARRAY /dev/md0 metadata=1.2\n  UUID=3aaa0122:29827cfa:5331ad66:ca767371\n"},
		{"etc/fstab",
		 "/dev/disk/by-path/pci-0000:0a:00.0-sas-0x5000cca27dc0ffee-lun-0 /x ext4 ro 0 0\n"},
		{"etc/lvm/backup/pve", "pve {\n\tid = \"" LVM "\"\n}\n"},
		{"etc/pve/storage.cfg", "zfspool: vms\n\tpool fast/vms\n"},
		{"etc/initramfs-tools/conf.d/resume", "RESUME=UUID=" UUID "\n"},
		{"etc/kernel/cmdline", "root=/dev/sda1 resume=UUID=" UUID " quiet\n"},
		{"etc/default/grub", "GRUB_CMDLINE_LINUX=\"resume=/dev/disk/by-id/" ID "\"\n"},
	};
	static const char *const types[] = {
		"E:ID_FS_TYPE=ext4\n",
		"E:ID_FS_TYPE=linux_raid_member\n",
		"E:ID_FS_TYPE=LVM2_member\n",
		"E:ID_FS_TYPE=zfs_member\n",
	};
	struct tree *tree = *state;

	build(tree);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *type = types[strstr(rows[i].file, "mdadm")	   ? 1
					 : strstr(rows[i].file, "lvm")	   ? 2
					 : strstr(rows[i].file, "storage") ? 3
									   : 0];
		auto_free char *udev = fs_path("S:disk/by-id/" ID "\n%sE:ID_FS_UUID=%s\n"
					       "E:ID_FS_LABEL=fast\nE:ID_PART_ENTRY_UUID="
					       "7d0c3a52-8f0e-4c11-9d64-0123456789ab\n",
					       type, strstr(type, "LVM2") ? LVM : UUID);
		auto_free char *said = fs_path("at boot: /%s:", rows[i].file);

		tree_file(tree, "run/udev/data/b259:7", udev);
		tree_file(tree, rows[i].file, rows[i].text);
		agrees(tree, disk_address, 2, said);
		tree_delete(tree, rows[i].file);
	}
}

/* What may never end is not read, and not taken for nothing. */
static void test_no_files(void **state)
{
	static const struct {
		const char *file, *address;
	} rows[] = {
		{"srv/net/pipe", "0000:0b:00.0"},
		{"etc/network/interfaces.d/pipe", "0000:0b:00.0"},
		{"etc/systemd/system/x.mount", "0000:0a:00.0"},
	};
	struct tree *tree = *state;

	build(tree);
	tree_file(tree, "srv/net/a", "iface lo inet loopback\n");
	tree_folder(tree, "etc/network/interfaces.d");
	tree_folder(tree, "etc/systemd/system");
	tree_file(tree, "etc/network/interfaces", "source /srv/net/*\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *said = fs_path("/%s is no regular file and is not read",
					       rows[i].file);

		assert_int_equal(mkfifoat(tree->root.fd, rows[i].file, 0600), 0);
		agrees(tree, rows[i].address, 1, said);
		agrees(tree, rows[i].address, 1, "Not a regular file; nothing was changed");
		tree_delete(tree, rows[i].file);
	}
	agrees(tree, nic_address, 0, "+hold pci:v00008086d000010D3");
}

static void test_pools(void **state)
{
	static const char cache[] =
		"\0\0\0\4name\0\0\0\11\0\0\0\1\0\0\0\4fast"
		"\0\0\0\10hostname\0\0\0\11\0\0\0\1\0\0\0\13homeserver7\0"
		"\0\0\0\4path\0\0\0\11\0\0\0\1\0\0\0\72/dev/disk/by-id/nvme-Other_123456\0";
	struct tree *tree = *state;

	build(tree);
	tree_file(
		tree, "run/udev/data/b259:7",
		"E:ID_FS_TYPE=zfs_member\nE:ID_FS_LABEL=fast\nE:ID_FS_UUID=1234567890123456789\n");
	tree_bytes(tree, "etc/zfs/zpool.cache", cache, sizeof(cache));
	agrees(tree, disk_address, 2, "a pool of ZFS");
}

static void test_interfaces(void **state)
{
	static const struct {
		const char *file, *text;
	} rows[] = {
		{"etc/network/interfaces", "iface eno7 inet static\n\taddress 10.77.88.99/24\n"},
		{"etc/network/interfaces", "iface vmbr0 inet static\n\taddress 10.77.88.99/24\n"
					   "\tbridge-ports \\\n\t eno1 eno7\n"},
		{"etc/network/interfaces", "iface eno7.7 inet manual\n"},
		{"etc/network/interfaces.d/a", "iface bond0\n\tbond_slaves eno1 enp11s0\n"},
		{"srv/net/a.cfg", "iface vmbr0\n\tbridge_ports eno7\n"},
		{"etc/systemd/network/10.network", "[Match]\nName=eno*\n[Network]\nDHCP=yes\n"},
		{"etc/systemd/network/10.network", "[Match]\nMACAddress=52:54:00:00:ab:07\n"},
		{"etc/systemd/network/10.network", "[Match]\nMACAddress=5254.0000.AB07\n"},
		{"run/systemd/network/10.network", "[Match]\nPath=pci-0000:0b:*\nSSID=x\n"},
		{"usr/local/lib/systemd/network/10.network",
		 "[Match]\nType=ether\nName=!en* \\\nwl*\n"
		 "[Match]\nName=\n"},
	};
	struct tree *tree = *state;

	build(tree);
	tree_file(tree, "run/systemd/netif/state", "");
	tree_file(tree, "srv/net/z.cfg", "auto eno1\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *said = fs_path("at boot: /%s:", rows[i].file);

		tree_file(tree, "etc/network/interfaces", "auto lo\nsource /srv/net/*.cfg\n");
		tree_file(tree, rows[i].file, rows[i].text);
		agrees(tree, nic_address, 2, said);
		tree_delete(tree, rows[i].file);
	}
	tree_file(tree, "etc/network/interfaces", "iface eno7 inet manual\n");
	tree_file(tree, "etc/systemd/network/10.network",
		  "[Match]\nName=eno7\n[Link]\nUnmanaged=yes\n");
	tree_file(tree, "etc/systemd/network/20.network", "[Match]\nName=*\n");
	agrees(tree, nic_address, 0, "+hold pci");
	tree_file(tree, "etc/systemd/network/10.network.d/a.conf", "[Link]\nUnmanaged=no\n");
	agrees(tree, nic_address, 2, "at boot: /etc/systemd/network/10.network:2");
}

static void test_built_in(void **state)
{
	struct tree *tree = *state;

	build(tree);
	early_case_bind(tree, &nic, "e1000e");
	tree_delete(tree, "sys/bus/pci/drivers/e1000e/module");
	agrees(tree, nic_address, 2, "its driver e1000e is part of the kernel itself");
}

/* ---- nothing else ---- */

static const char *const secrets[] = {
	"s3cr3t",	"S649NX0R123456",   "5000c500a1b2c3d4",	   "QX2bZe-9rS0",
	"3aaa0122",	"ca767371",	    "1234567890123456789", "homeserver7",
	"10.77.88.99",	"nas-seven",	    "oldserver",	   "atticbox",
	"WCC4E7654321", "5000cca27dc0ffee", "135792468",	   "cellarbox",
	"WCC4E1112223", "WCC4E1112224",
};

/* Of a disk that is not there. */
#define GONE "/dev/disk/by-id/ata-WDC_WD40EFRX_WD-WCC4E7654321"

/* In the files of build(), and of plant() behind what it has. */
static void plant_more(struct tree *tree)
{
	static const char cache[] = "\0\0\0\4path\0\0\0\11\0\0\0\1\0\0\0\76" GONE "-part1\0";

	tree_bytes(tree, "etc/zfs/zpool.cache", cache, sizeof(cache));
	tree_file(
		tree, "etc/fstab",
		"alice@nas-seven:/dev/s3cr3t /d fuse.sshfs ro 0 0\n"
		"s3fs#s3cr3t /s fuse _netdev 0 0\n"
		"ID=ata-WDC_WD-WCC4E1112223 /w ext4 ro 0 0\n"
		"ID='ata-WDC_WD-WCC4E1112224' /v ext4 ro 0 0\n"
		"//nas-seven/x cifs username=s3cr3t,password=s3cr3t 0 0\n"
		"/dev/sdz1 /t ext4 x-systemd.requires=openvpn@s3cr3t.service,password=s3cr3t/dev/ 0 0 135792468\n" GONE
		"-part1 /o ext4 noauto 0 0\n"
		"/dev/disk/by-path/pci-0000:07:00.0-sas-0x5000cca27dc0ffee-lun-0 /z ext4 noauto 0 0\n"
		"/dev/disk/by-path/pci-0000:07:00.0-sas-exp0x5000cca27dc0ffee-phy3-lun-0 /e ext4 ro 0 0\n"
		"/dev/disk/by-path/ip-10.77.88.99:3260-iscsi-iqn.2005-10.org.s3cr3t:x-lun-0 /i ext4 ro 0 0\n");
	tree_file(tree, "etc/crypttab", "x " GONE " /mnt/dev/s3cr3t.key luks,header=/s3cr3t\n");
	tree_file(tree, "etc/mdadm/mdadm.conf",
		  "DEVICE " GONE "\nARRAY /dev/md/atticbox:3 Name=atticbox:3\n"
		  "ARRAY /dev/md/x name=cellarbox:data\n"
		  "MAILADDR\n  s3cr3t@example.org\n");
	tree_file(
		tree, "run/udev/data/b259:9",
		"S:disk/by-path/ip-10.77.88.99:3260-iscsi-iqn.2005-10.org.s3cr3t:x-lun-0\n"
		"S:md/atticbox:3\nE:ID_FS_LABEL=cellarbox:data\nS:disk/by-loop-ref/s3cr3t\nE:ID_SERIAL_SHORT=s3cr3t\n");
	tree_file(tree, "etc/lvm/backup/pve", "\tdevice = \"" GONE "\"\t# Hint only\n");
	tree_file(tree, "etc/pve/storage.cfg", "dir: d\n\tpath " GONE "\n");
	tree_file(tree, "etc/kernel/cmdline", "resume=" GONE "-part2\n");
	tree_file(tree, "etc/systemd/network/b.network",
		  "[Match]\nName=eno7 \\\n; s3cr3t\n eno9\n"
		  "[DHCPServer]\nBootServerName=s3cr3t.example\n");
	tree_file(tree, "etc/systemd/network/c.link",
		  "[Match]\nDriver=e1000e\n[Link]\nAlternativeName=s3cr3t\nName=lan0\n");
	tree_file(tree, "etc/systemd/system/d.mount", "[Mount]\nWhat = nas-seven:/dev/s3cr3t\n");
}

static void plant(struct tree *tree)
{
	static const char cache[] = "\0\0\0\4name\0\0\0\11\0\0\0\1\0\0\0\4tank"
				    "\0\0\0\10hostname\0\0\0\11\0\0\0\1\0\0\0\13homeserver7\0"
				    "\0\0\0\7comment\0\0\0\11\0\0\0\1\0\0\0\6s3cr3t\0\0"
				    "\0\0\0\4path\0\0\0\11\0\0\0\1\0\0\0\72/dev/disk/by-id/" ID
				    "-part1\0";

	tree_bytes(tree, "etc/zfs/zpool.cache", cache, sizeof(cache));
	tree_link(tree, "dev/disk/by-id/" ID "-part1", "../../nvme7n1p1");
	tree_link(tree, "dev/disk/by-path/pci-0000:07:00.0-sas-0x5000c500a1b2c3d4-lun-0",
		  "../../sdb");
	tree_file(tree, "run/udev/data/b259:7",
		  "S:disk/by-id/" ID "\nS:disk/by-id/nvme-eui.s3cr3t\nE:ID_SERIAL=s3cr3t\n"
		  "E:ID_FS_TYPE=zfs_member\nE:ID_FS_UUID=1234567890123456789\n");
	tree_file(tree, "run/udev/data/b259:8",
		  "E:ID_FS_TYPE=linux_raid_member\nE:ID_FS_LABEL=oldserver:0\nE:ID_FS_UUID=" UUID
		  "\n");
	tree_file(tree, "etc/fstab",
		  "# s3cr3t\n//nas-seven/s3cr3t /nas cifs username=s3cr3t,password=s3cr3t,ro 0 0\n"
		  "alice@10.77.88.99:/s3cr3t /b fuse.sshfs IdentityFile=/root/s3cr3t 0 s3cr3t\n"
		  "s3cr3t:/s3cr3t /n nfs defaults,x=s3cr3t # s3cr3t\n"
		  "/dev/disk/by-path/pci-0000:07:00.0-sas-0x5000c500a1b2c3d4-lun-0 /y ext4 rw 0 0\n"
		  "/dev/disk/by-id/" ID "-part1 /x ext4 rw 0 0\n");
	tree_file(tree, "etc/crypttab",
		  "x UUID=" UUID " /root/s3cr3t.key luks,keyscript=/s3cr3t\n");
	tree_file(tree, "etc/systemd/system/nas.mount",
		  "# s3cr3t\n[Mount]\nWhat=//nas-seven/s3cr3t\nOptions=password=s3cr3t\n");
	tree_file(tree, "etc/mdadm/mdadm.conf",
		  "MAILADDR s3cr3t@example.org\n# s3cr3t\nARRAY /dev/md0 name=oldserver:0 "
		  "UUID=3aaa0122:29827cfa:5331ad66:ca767371\n");
	tree_file(tree, "etc/lvm/backup/pve",
		  "description = \"s3cr3t\"\ncreation_host = \"homeserver7\"\npve {\n\tid = \"" LVM
		  "\"\n\ttags = [\"s3cr3t\"]\n\tdevice_id = \"s3cr3t\"\n}\n");
	tree_file(tree, "etc/initramfs-tools/conf.d/a", "# s3cr3t\nKEY=s3cr3t\n");
	tree_file(
		tree, "etc/network/interfaces",
		"source /srv/net/*\niface eno8 inet static # s3cr3t\niface eno7 inet static\n\taddress 10.77.88.99\n\twpa-psk s3cr3t\n"
		"\tpost-up x \\\n\t s3cr3t\n\t# s3cr3t\n");
	tree_file(tree, "srv/net/a", "iface wg0\n\tpre-up wg set wg0 private-key s3cr3t\n");
	tree_file(
		tree, "etc/systemd/network/a.network",
		"# s3cr3t\n[Match]\nName=eno7\nType=ether # s3cr3t\nSSID=s3cr3t\n[Network]\nDescription=s3cr3t\n"
		"DNS=10.77.88.99 \\\n s3cr3t\n[WireGuardPeer]\nPresharedKey=s3cr3t\n");
	tree_file(tree, "etc/systemd/network/a.network.d/a.conf", "[DHCPv4]\nHostname=s3cr3t\n");
	tree_file(tree, "etc/systemd/network/a.netdev", "[WireGuard]\nPrivateKey=s3cr3t\n");
	tree_file(tree, "proc/cmdline", "rd.md.uuid=3aaa0122:29827cfa:5331ad66:ca767371\n");
	tree_file(tree, "etc/hostname", "homeserver7\n");
	tree_file(tree, "etc/pve/storage.cfg",
		  "zfspool: z\n\tpool tank\n\ts3cr3t s3cr3t\n\tcomment s3cr3t\n");
}

static void assert_clean(const char *where, const char *text, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++)
		if (memmem(text, len, secrets[i], strlen(secrets[i])))
			fail_msg("%s has %s in it", where, secrets[i]);
}

static void look_for_secrets(struct tree *tree)
{
	auto_capturecase struct capturecase capture = {0};

	capturecase_make(&tree->root, &capture);
	capturecase_each(&capture, assert_clean);
	capturecase_address = nic_address;
	capturecase_compare(&capture, tree, capturecase_early, 0, "secrets, NIC");
	capturecase_address = disk_address;
	capturecase_compare(&capture, tree, capturecase_early, 0, "secrets, disk");
}

static void test_secrets(void **state)
{
	build(*state);
	plant(*state);
	look_for_secrets(*state);
}

static void test_more_secrets(void **state)
{
	build(*state);
	plant_more(*state);
	look_for_secrets(*state);
}

/* Which interface a line that sets the number of VFs is of. */
static void test_links(void **state)
{
	static const char link[] = "etc/systemd/network/10.link",
			  drop_in[] = "usr/lib/systemd/network/10.link.d/vf.conf";
	struct tree *tree = *state;
	auto_capturecase struct capturecase capture = {0};
	auto_free char *a = NULL, *b = NULL;

	build(tree);
	tree_file(tree, link,
		  "[Match]\nOriginalName=eno7\n[Link]\nSR-IOVVirtualFunctions=4\nAlias=s3cr3t\n");
	tree_file(tree, drop_in, "[Link]\nSR-IOVVirtualFunctions=4\n");
	capturecase_make(&tree->root, &capture);
	assert_int_equal(fs_read(&capture.replay.root, link, 4096, &a, NULL), 0);
	assert_string_equal(a, "[Match]\nOriginalName=eno7\n[Link]\nSR-IOVVirtualFunctions=4\n\n");
	assert_int_equal(fs_read(&capture.replay.root, drop_in, 4096, &b, NULL), 0);
	assert_string_equal(b, "[Link]\nSR-IOVVirtualFunctions=4\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_is_used, scenario_setup,
						fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_held_already, scenario_setup,
						fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_disks, scenario_setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_no_files, scenario_setup,
						fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_pools, scenario_setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_interfaces, scenario_setup,
						fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_built_in, scenario_setup,
						fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_secrets, scenario_setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_links, scenario_setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_more_secrets, scenario_setup,
						fake_kernel_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
