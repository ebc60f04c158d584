// SPDX-License-Identifier: GPL-2.0-or-later
/* Who has a device open, and what is said to end that: hosts as people have them. */
#include "host/usage/open_search.h"
#include "host/usage/usage.h"

#include <string.h>
#include <sys/stat.h>

#include "tree.h"

#define BDF    "0000:03:00.0"
#define FOLDER "sys/devices/pci0000:00/" BDF

static void put_node(struct tree *tree, const char *name, unsigned int minor)
{
	auto_free char *dir = fs_path(FOLDER "/x/%u", minor);
	auto_free char *dev = fs_path("%s/dev", dir), *uevent = fs_path("%s/uevent", dir);
	auto_free char *numbers = fs_path("226:%u\n", minor);
	auto_free char *text = fs_path("MAJOR=226\nMINOR=%u\nDEVNAME=%s\n", minor, name);

	tree_file(tree, dev, numbers);
	tree_file(tree, uevent, text);
}

static void put_process(struct tree *tree, const char *comm, const char *cgroup, const char *node)
{
	auto_free char *path = fs_path("/dev/%s", node);

	tree_process(tree, 20, comm, "x");
	tree_file(tree, "proc/20/cgroup", cgroup);
	tree_process_opens(tree, 20, 3, path);
}

static void assert_cure(struct tree *tree, const char *what, const char *command, const char *unit,
			unsigned int ctid)
{
	const struct usage_device device = {
		.bdf = {0, 3, 0, 0}, .class = 0x030000, .driver = "amdgpu"};
	auto_usage struct usage usage = {0};

	assert_int_equal(usage_read(&tree->root, &device, 1, &usage), 0);
	assert_int_equal(usage.n, 1);
	assert_string_equal(usage.items[0].what, what);
	assert_string_equal(usage.items[0].command, command);
	assert_int_equal(usage.items[0].pid, 20);
	assert_non_null(usage.items[0].program);
	assert_ptr_equal(strstr(usage.items[0].name, "/dev/"), usage.items[0].name);
	assert_string_equal(usage.items[0].unit ? usage.items[0].unit : "", unit);
	assert_int_equal(usage.items[0].ctid, ctid);
}

static void test_cures(void **state)
{
	static const struct {
		const char *comm, *cgroup, *node;
		const char *whose, *command, *unit;
		unsigned int ctid;
	} rows[] = {
		{"Xorg", "0::/system.slice/lightdm.service\n", "dri/card0", " of lightdm.service",
		 "systemctl stop lightdm.service", "lightdm.service", 0},
		{"usbhid-ups",
		 "0::/system.slice/system-nut\\x2ddriver.slice/nut-driver@ups.service\n",
		 "bus/usb/001/004", " of nut-driver@ups.service",
		 "systemctl stop nut-driver@ups.service", "nut-driver@ups.service", 0},
		{"agetty",
		 "0::/system.slice/system-serial\\x2dgetty.slice/serial-getty@ttyS4.service\n",
		 "ttyS4", " of serial-getty@ttyS4.service",
		 "systemctl stop serial-getty@ttyS4.service", "serial-getty@ttyS4.service", 0},
		{"a", "0::/system.slice/my\\x2dapp.service\n", "dri/card0",
		 " of my\\x2dapp.service", "systemctl stop 'my\\x2dapp.service'",
		 "my\\x2dapp.service", 0},
		{"Plex Transcoder", "0::/lxc/105/ns/system.slice/plexmediaserver.service\n",
		 "dri/renderD128", " in CT 105", "pct shutdown 105", "", 105},
		{"kvm", "0::/qemu.slice/105.scope\n", "snd/pcmC0D0p", " of VM 105",
		 "qm shutdown 105", "", 0},
		{"ffmpeg",
		 "0::/system.slice/docker-d6b15f04feb95083acea4b9caa6e59f8ebe67e3e3cf9cb8.scope\n",
		 "dri/renderD128", " in the Docker container d6b15f04feb9",
		 "docker stop d6b15f04feb9", "", 0},
		{"ffmpeg", "0::/machine.slice/libpod-d6b15f04feb95083acea4b9ca.scope/container\n",
		 "dri/renderD128", " in the Podman container d6b15f04feb9",
		 "podman stop d6b15f04feb9", "", 0},
		{"nvtop", "0::/user.slice/user-0.slice/session-4.scope\n", "dri/card0",
		 " of user root, login session 4", "kill 20", "", 0},
		{"pipewire",
		 "0::/user.slice/user-0.slice/user@0.service/session.slice/pipewire.service\n",
		 "snd/controlC0", " of user root, pipewire.service",
		 "systemctl --user --machine=root@ stop pipewire.service pipewire.socket",
		 "user@0.service", 0},
		{"systemd", "0::/user.slice/user-0.slice/user@0.service\n", "dri/card0",
		 " of user root, user@0.service", "systemctl stop user@0.service", "user@0.service",
		 0},
		{"pvestatd", "0::/system.slice/pvestatd.service\n", "dri/card0",
		 " of pvestatd.service", "systemctl status 20", "", 0},
		{"cat", "0::/\n", "dri/card0", "", "systemctl status 20", "", 0},
	};
	struct tree *tree = *state;

	tree_file(tree, "etc/passwd", "root:x:0:0::/root:/bin/sh\n");
	tree_file(tree, "usr/lib/systemd/user/pipewire.socket", "");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *what = fs_path("/dev/%s is open in process 20 (%s)%s", rows[i].node,
					       rows[i].comm, rows[i].whose);

		tree_device(tree, &(struct tree_device){.bdf = BDF, .class = 0x030000, .group = 3});
		put_node(tree, rows[i].node, (unsigned int)i);
		put_process(tree, rows[i].comm, rows[i].cgroup, rows[i].node);
		assert_cure(tree, what, rows[i].command, rows[i].unit, rows[i].ctid);
		tree_delete(tree, FOLDER "/x");
	}
}

/* logind has the display open for a login; when that ends alone, the next one comes at once. */
static void test_logind(void **state)
{
	struct tree *tree = *state;
	static const char what[] = "/dev/dri/card0 is open in process 20 (systemd-logind) of "
				   "systemd-logind.service";

	tree_device(tree, &(struct tree_device){.bdf = BDF, .class = 0x030000, .group = 3});
	put_node(tree, "dri/card0", 0);
	put_process(tree, "systemd-logind", "0::/system.slice/systemd-logind.service\n",
		    "dri/card0");
	assert_cure(tree, what, "systemctl status 20", "", 0);
	tree_link(tree, "etc/systemd/system/display-manager.service",
		  "/lib/systemd/system/gdm.service");
	assert_cure(tree, what, "systemctl stop gdm.service", "gdm.service", 0);
}

/* Processes choose their names: none becomes a line of its own, or breaks what programs read. */
static void test_names(void **state)
{
	struct tree *tree = *state;

	tree_device(tree, &(struct tree_device){.bdf = BDF, .class = 0x030000, .group = 3});
	put_node(tree, "dri/card0", 0);
	put_process(tree, "a\nok\xff\033[1m", "0::/\n", "dri/card0");
	assert_cure(tree, "/dev/dri/card0 is open in process 20 (a\\x0aok\\xff\\x1b[1m)",
		    "systemctl status 20", "", 0);
}

/* The users of a thread, real and effective, and its groups. */
static void put_ids(struct tree *tree, int pid, int tid, unsigned int uid, const char *groups)
{
	auto_free char *path = fs_path("proc/%d/task/%d/status", pid, tid);
	auto_free char *text = fs_path("Name:\tx\nUid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n"
				       "FDSize:\t64\nGroups:\t%s \n",
				       uid, uid, uid, uid, uid, uid, uid, uid, groups);

	tree_file(tree, path, text);
}

/* A setuid program of a user's. */
#define RAISED                                                                \
	"Name:\tsu\nUid:\t65000\t0\t0\t0\nGid:\t65000\t65000\t65000\t65000\n" \
	"Groups:\t65000 \n"

/* The findings, one a line: '!' unless it is harmless, and what uses the device. */
static void assert_found(struct tree *tree, const char *expected)
{
	const struct usage_device device = {
		.bdf = {0, 3, 0, 0}, .class = 0x030000, .driver = "amdgpu"};
	auto_usage struct usage usage = {0};
	auto_free char *text = strdup("");

	assert_int_equal(usage_read(&tree->root, &device, 1, &usage), 0);
	for (size_t i = 0; i < usage.n; i++) {
		char *longer = fs_path("%s%s%s\n", text, usage.items[i].harmless ? "" : "!",
				       usage.items[i].what);

		free(text);
		text = longer;
	}
	assert_string_equal(text, expected);
}

/* udev closes what vanishes; whoever calls himself udev may not. */
static void test_bystanders(void **state)
{
	static const struct {
		const char *comm, *cgroup, *node;
		unsigned int uid, thread_uid;
		bool found;
	} rows[] = {
		{"(udev-worker)", "0::/system.slice/systemd-udevd.service/udev\n", "dri/card0", 0,
		 0, false},
		{"anything", "0::/system.slice/systemd-udevd.service\n", "dri/card0", 0, 0, false},
		{"systemd-logind", "0::/system.slice/systemd-logind.service\n", "input/event1", 0,
		 0, false},
		{"acpid", "0::/system.slice/acpid.service\n", "input/event1", 0, 0, false},
		{"systemd-logind", "0::/system.slice/systemd-logind.service\n", "dri/card0", 0, 0,
		 true},
		{"(udev-worker)", "0::/user.slice/user-1000.slice/session-3.scope\n", "dri/card0",
		 1000, 1000, true},
		{"systemd-udevd", "0::/system.slice/x.service\n", "dri/card0", 0, 0, true},
		{"(udev-worker)", "0::/system.slice/systemd-udevd.service\n", "dri/card0", 1000,
		 1000, true},
		{"(udev-worker)", "0::/system.slice/systemd-udevd.service\n", "dri/card0", 0, 1000,
		 true},
		{"systemd-udevd", "0::/lxc/105/ns/system.slice/systemd-udevd.service\n",
		 "dri/card0", 0, 0, true},
		{"systemd-logind",
		 "0::/user.slice/user-1000.slice/user@1000.service/systemd-logind.service\n",
		 "input/event1", 1000, 1000, true},
	};
	struct tree *tree = *state;

	tree_device(tree, &(struct tree_device){.bdf = BDF, .class = 0x030000, .group = 3});
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct usage_device device = {.bdf = {0, 3, 0, 0}, .class = 0x030000};
		auto_usage struct usage usage = {0};

		put_node(tree, rows[i].node, (unsigned int)i);
		put_process(tree, rows[i].comm, rows[i].cgroup, rows[i].node);
		put_ids(tree, 20, 20, rows[i].uid, "");
		put_ids(tree, 20, 21, rows[i].thread_uid, "");
		assert_int_equal(usage_read(&tree->root, &device, 1, &usage), 0);
		assert_int_equal(usage.n, rows[i].found);
		tree_delete(tree, FOLDER "/x");
	}
}

/* Who a process is cannot be read: it is not passed over. */
static void test_bystander_unknown(void **state)
{
	struct tree *tree = *state;

	tree_device(tree, &(struct tree_device){.bdf = BDF, .class = 0x030000, .group = 3});
	put_node(tree, "dri/card0", 0);
	put_process(tree, "(udev-worker)", "0::/system.slice/systemd-udevd.service\n", "dri/card0");
	assert_found(tree, "!/dev/dri/card0 is open in process 20 ((udev-worker)) of "
			   "systemd-udevd.service\n");
	put_ids(tree, 20, 20, 0, "");
	assert_found(tree, "");
	tree_obscure(tree, "proc/20/task/20/status");
	assert_found(tree, "!/dev/dri/card0 is open in process 20 ((udev-worker)) of "
			   "systemd-udevd.service\n");
}

/* Reading a USB node does nothing to its device, whoever does it. */
static void test_usb_read_only(void **state)
{
	struct tree *tree = *state;

	tree_device(tree, &(struct tree_device){.bdf = BDF, .class = 0x030000, .group = 3});
	put_node(tree, "bus/usb/001/004", 3);
	put_node(tree, "dri/card0", 0);
	put_process(tree, "lsusb", "0::/\n", "bus/usb/001/004");
	assert_found(tree, "!/dev/bus/usb/001/004 is open in process 20 (lsusb)\n");
	tree_file(tree, "proc/20/fdinfo/3", "pos:\t0\nflags:\t02100000\nmnt_id:\t29\n");
	assert_found(tree, "");
	tree_process_opens(tree, 20, 4, "/dev/bus/usb/001/004");
	tree_file(tree, "proc/20/fdinfo/4", "pos:\t0\nflags:\t02100002\nmnt_id:\t29\n");
	assert_found(tree, "!/dev/bus/usb/001/004 is open in process 20 (lsusb)\n");
	/* Of any other node it may be all that is needed. */
	put_process(tree, "cat", "0::/\n", "dri/card0");
	tree_process_opens(tree, 20, 4, "/dev/null");
	assert_found(tree, "!/dev/dri/card0 is open in process 20 (cat)\n");
}

/* A mapping stays when its descriptor has been closed. */
static void test_mapped(void **state)
{
	struct tree *tree = *state;

	tree_device(tree, &(struct tree_device){.bdf = BDF, .class = 0x030000, .group = 3});
	put_node(tree, "snd/pcmC0D0p", 1);
	put_node(tree, "nvme0n1", 2);
	tree_process(tree, 20, "player", "x");
	tree_folder(tree, "proc/20/fd");
	tree_file(tree, "proc/20/maps",
		  "5581c000-5581d000 r-xp 00000000 fd:01 99   /usr/bin/player\n"
		  "7f0000000000-7f0000001000 rw-s 00000000 00:06 311   /dev/snd/pcmC0D1p\n"
		  "7f0000002000-7f0000003000 rw-p 00000000 00:00 0 \n"
		  "7ffc0000-7ffd0000 rw-p 00000000 00:00 0   [stack]\n");
	assert_found(tree, "");
	tree_file(tree, "proc/20/maps",
		  "7f0000000000-7f0000001000 rw-s 00000000 00:06 311   /dev/snd/pcmC0D0p\n"
		  "7f0000001000-7f0000002000 r--p 00000000 00:06 312   /dev/nvme0n1 (deleted)\n");
	assert_found(tree, "!/dev/snd/pcmC0D0p is mapped in process 20 (player)\n"
			   "!/dev/nvme0n1 is mapped in process 20 (player)\n");
}

/* What a ring has registered is told by name alone, or not at all. */
static void test_rings(void **state)
{
	static const char ring[] = "anon_inode:[io_uring]";
	struct tree *tree = *state;

	tree_device(tree, &(struct tree_device){.bdf = BDF, .class = 0x030000, .group = 3});
	put_node(tree, "sda", 1);
	tree_file(tree, "dev/sda", "");
	tree_mode(tree, "dev/sda", 0660);
	tree_process(tree, 20, "db", "x");
	tree_process_opens(tree, 20, 3, ring);
	put_ids(tree, 20, 20, 65000, "");
	tree_file(tree, "proc/20/fdinfo/3", "SqMask:\t0x3\nUserFiles:\t0\nUserBufs:\t0\n");
	assert_found(tree, "");
	tree_file(tree, "proc/20/fdinfo/3",
		  "UserFiles:\t3\n    0: sdb\n    1: <none>\n    2: /srv/sda1\nUserBufs:\t0\n");
	assert_found(tree, "");
	tree_file(tree, "proc/20/fdinfo/3",
		  "UserFiles:\t2\n    0: sdb\n    1: sda\nUserBufs:\t0\n");
	assert_found(tree,
		     "process 20 (db) has files registered with io_uring, one of which may be "
		     "/dev/sda\n");
	tree_file(tree, "proc/20/task/20/status", RAISED);
	assert_found(tree,
		     "process 20 (db) has files registered with io_uring, one of which may be "
		     "/dev/sda\n");
	put_ids(tree, 20, 21, 0, "");
	assert_found(tree,
		     "!process 20 (db) has files registered with io_uring, one of which may be "
		     "/dev/sda\n");
	/* At work, the kernel names none. */
	tree_file(tree, "proc/20/fdinfo/3", "UserFiles:\t2\nUserBufs:\t0\n");
	assert_found(tree,
		     "!process 20 (db) has files registered with io_uring, one of which may be "
		     "/dev/sda\n");
	tree_file(tree, "proc/20/fdinfo/3", "UserFiles:\t1\n    0: /dev/sda\n");
	assert_found(tree,
		     "!process 20 (db) has files registered with io_uring, one of which may be "
		     "/dev/sda\n");
}

/*
 * A process whose mappings never answer: one that could have opened the node counts as in use,
 * another is named.
 */
static void test_unfinished(void **state)
{
	struct tree *tree = *state;

	tree_device(tree, &(struct tree_device){.bdf = BDF, .class = 0x030000, .group = 3});
	put_node(tree, "dri/card0", 0);
	tree_file(tree, "dev/dri/card0", "");
	for (int pid = 20; pid <= 22; pid++) {
		auto_free char *maps = fs_path("proc/%d/maps", pid);

		tree_process(tree, pid, pid == 20 ? "daemon" : pid == 21 ? "user" : "su", "x");
		assert_int_equal(mkfifoat(tree->root.fd, maps, 0600), 0);
		put_ids(tree, pid, pid, 65000, "");
	}
	put_ids(tree, 20, 22, 0, "");
	/* What a user has started is root's only by the program. */
	tree_file(tree, "proc/22/task/22/status", RAISED);
	open_search_share_ms = 300;
	tree_process(tree, 30, "Xorg", "x");
	tree_process_opens(tree, 30, 5, "/dev/dri/card0");
	assert_found(tree, "!/dev/dri/card0 is open in process 30 (Xorg)\n"
			   "!what process 20 (daemon) has open could not be looked at in time\n"
			   "what process 21 (user) has open could not be looked at in time\n"
			   "what process 22 (su) has open could not be looked at in time\n");
}

/* Of a process that cannot be read, it is not known that it has nothing open. */
static void test_unread(void **state)
{
	struct tree *tree = *state;

	tree_device(tree, &(struct tree_device){.bdf = BDF, .class = 0x030000, .group = 3});
	put_node(tree, "dri/card0", 0);
	tree_file(tree, "dev/dri/card0", "");
	tree_mode(tree, "dev/dri/card0", 0660);
	tree_link(tree, "proc/20", "20"); /* ELOOP */
	for (int pid = 21; pid <= 22; pid++) {
		auto_free char *maps = fs_path("proc/%d/maps", pid);

		tree_process(tree, pid, pid == 21 ? "user" : "daemon", "x");
		tree_link(tree, maps, "maps");
		put_ids(tree, pid, pid, pid == 21 ? 65000 : 0, "");
	}
	assert_found(tree, "!what process 20 (?) has open cannot be read: Too many levels of "
			   "symbolic links\n"
			   "!what process 21 (user) has open cannot be read: Too many levels of "
			   "symbolic links\n"
			   "!what process 22 (daemon) has open cannot be read: Too many levels of "
			   "symbolic links\n");
}

#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TREE(test_cures),
		WITH_TREE(test_logind),
		WITH_TREE(test_names),
		WITH_TREE(test_bystanders),
		WITH_TREE(test_bystander_unknown),
		WITH_TREE(test_usb_read_only),
		WITH_TREE(test_mapped),
		WITH_TREE(test_rings),
		WITH_TREE(test_unfinished),
		WITH_TREE(test_unread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
