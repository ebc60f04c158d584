// SPDX-License-Identifier: GPL-2.0-or-later
/* `host-setup sriov`: what it refuses, makes and undoes, on a made-up sysfs. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "fake_kernel.h"
#include "fake_netlink.h"
#include "keep_json.h"
#include "run.h"

#include "hookscript/plan/judge.h"
#include "hookscript/records/record.h"
#include "host/base/clock.h"
#include "host/setup/sriov/sriov_check.h"
#include "host/setup/sriov/sriov_verb.h"

#define PF  "0000:03:00.0"
#define VF0 "0000:03:10.0"
#define AT  "sys/bus/pci/devices/" PF "/"

#define CONF "etc/pve-passthrough.d/host.conf"
#define LINK "etc/systemd/system/multi-user.target.wants/pve-passthrough-sriov.service"

static struct setup_options options;
static const char *terminal; /* at which it is asked; NULL: there is none */

static int sriov(const struct fs_root *root, unsigned int vmid)
{
	static const struct sriov_above above = {judge_devices, judge_taken, record_lock_device};
	int null = open(terminal ? terminal : "/dev/null", O_RDWR | O_NOCTTY | O_CLOEXEC);

	(void)vmid;
	dup2(null, STDIN_FILENO);
	close(null);
	return sriov_run(root, &options, &above);
}

/* Runs it with ARGS: "PF N", and options. */
static struct run run(struct tree *tree, const char *address, const char *count,
		      const struct setup_options *with)
{
	struct run ret;

	options = with ? *with : (struct setup_options){0};
	options.address = address;
	options.count = count;
	setenv("FAKE_ROOT", tree->root.path, 1);
	run_hook(tree, sriov, 0, &ret);
	return ret;
}

static const struct setup_options yes = {.yes = true}, now = {.yes = true, .now = true},
				  dry = {.dry_run = true},
				  drivers = {.yes = true, .host_driver = true};

/* Ends the test unless it ends with CODE and says TEXT. */
static void ends(struct tree *tree, const char *count, const struct setup_options *with, int code,
		 const char *text)
{
	auto_run struct run shown = run(tree, PF, count, with);

	run_assert_code(&shown, code);
	run_assert_says(&shown, text);
}

/* The same of one that is refused, with --json, too: the REASON, and what cures it, COMMAND. */
static void refuses(struct tree *tree, const char *count, const char *text, const char *reason,
		    const char *command)
{
	const struct setup_options json = {.yes = true, .json = true};
	auto_free char *name = fs_path("sriov-%s", reason);
	auto_json json_object *root = NULL;
	auto_run struct run shown = {0};

	ends(tree, count, &yes, 2, text);
	shown = run(tree, PF, count, &json);
	run_assert_code(&shown, 2);
	root = keep_json(shown.out, "change", name);
	assert_string_equal(json_text(root, "/verdict"), "refused");
	assert_string_equal(json_text(root, "/refusals/0/reason"), reason);
	assert_null(strstr(json_text(root, "/refusals/0/what"), "refused:"));
	if (command)
		assert_string_equal(json_text(root, "/refusals/0/cures/0/command"), command);
}

static int setup(void **state)
{
	auto_free char *path = NULL;
	struct tree *tree;

	if (fake_kernel_setup(state))
		return -1;
	tree = *state;
	path = fs_path("%s/fakes/sriov:%s", TESTS_DIR, getenv("PATH"));
	setenv("PATH", path, 1);
	tree_iommu(tree);
	tree_driver(tree, "igb", "igb");
	tree_driver(tree, "igbvf", "igbvf");
	fake_kernel_knows(0x8086, 0x10ca, "igbvf");
	tree_igb(tree, PF, 20);
	tree_file(tree, AT "net/eno1/flags", "0x1003\n");
	tree_link(tree, "sys/class/net/eno1", "../../bus/pci/devices/" PF "/net/eno1");
	tree_link(tree, AT "net/eno1/device", "../../../" PF);
	tree_file(tree, AT "net/eno1/address", "52:54:00:00:00:01\n");
	tree_process(tree, 1, "systemd", "/sbin/init");
	return 0;
}

static int count(struct tree *tree)
{
	auto_free char *text = tree_text(tree, AT "sriov_numvfs");

	return atoi(text);
}

static void test_set_up_and_undone(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL, *conf = NULL;

	before = tree_render(tree, TREE_ALL);
	ends(tree, "0", &yes, 0, "nothing to undo");
	ends(tree, "4", NULL, 2, "there is no terminal to ask at");
	ends(tree, "4", &dry, 0, "+  { address = \"" PF "\"; id = \"8086:10c9\"; vfs = 4;");
	ends(tree, "4", &dry, 0, "systemctl enable pve-passthrough-sriov.service");
	tree_assert_is(tree, TREE_ALL, before);
	ends(tree, "4", &yes, 0, PF ": 4 VFs at every boot");
	assert_int_equal(count(tree), 4);
	assert_string_equal(tree_driver_of(tree, VF0), "none");
	assert_true(tree_has(tree, CONF));
	conf = tree_text(tree, CONF);
	assert_non_null(strstr(conf, "autoprobe_was = true"));
	ends(tree, "4", &yes, 0, "nothing to change");
	/* Another number; then with drivers. */
	ends(tree, "2", &yes, 0, PF ": 2 VFs");
	assert_int_equal(count(tree), 2);
	ends(tree, "3", &drivers, 0, PF ": 3 VFs");
	assert_string_equal(tree_driver_of(tree, VF0), "igbvf");
	ends(tree, "0", &yes, 0, "no longer set up");
	tree_delete(tree, "etc/systemd");	  /* of the fake */
	tree_delete(tree, "run/pve-passthrough"); /* locks */
	tree_assert_is(tree, TREE_ALL, before);
}

/* A directory that was there before stays; so does a service that was enabled. */
static void test_surroundings_stay(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;

	tree_folder(tree, "etc/pve-passthrough.d");
	tree_link(tree, LINK, "/usr/lib/systemd/system/pve-passthrough-sriov.service");
	before = tree_render(tree, TREE_ALL);
	ends(tree, "4", &yes, 0, "4 VFs");
	ends(tree, "0", &yes, 0, "no longer");
	tree_delete(tree, "run/pve-passthrough");
	tree_assert_is(tree, TREE_ALL, before);
}

static void test_refused(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;

	before = tree_render(tree, TREE_ALL);
	refuses(tree, "8", "can have at most 7 VFs, not 8", "too-many-vfs", NULL);
	ends(tree, "x", &yes, 64, "'x' is no number");
	tree_assert_is(tree, TREE_ALL, before);
	tree_file(tree, "etc/sysfs.conf", "class/net/eno1/device/sriov_numvfs = 7\n");
	refuses(tree, "4", "/etc/sysfs.conf:1: class/net/eno1/device/sriov_numvfs = 7",
		"set-elsewhere", NULL);
	tree_delete(tree, "etc/sysfs.conf");
	tree_file(
		tree, "etc/systemd/system/vfs.service",
		"[Service]\nExecStart=/bin/sh -c 'echo 4 >/sys/class/net/eno1/device/sriov_numvfs'"
		"\n[Install]\nWantedBy=basic.target\n");
	ends(tree, "4", &dry, 0,
	     "/etc/systemd/system/vfs.service:2 is of a unit that is not enabled");
	tree_link(tree, "etc/systemd/system/basic.target.wants/vfs.service", "../vfs.service");
	ends(tree, "4", &dry, 2, "  /etc/systemd/system/vfs.service:2: ExecStart=");
	tree_delete(tree, "etc/systemd");
	tree_driver(tree, "nvidia", "nvidia");
	tree_bind(tree, PF, "nvidia");
	refuses(tree, "4", "systemctl enable --now pve-nvidia-sriov@" PF ".service", "vgpu",
		"systemctl enable --now pve-nvidia-sriov@" PF ".service");
	tree_vfio(tree);
	tree_bind(tree, PF, "vfio-pci");
	refuses(tree, "4", PF " itself is on vfio-pci", "on-vfio", "pve-passthrough status");
	tree_bind(tree, PF, "igb");
	tree_file(tree, CONF, "format = 1;\n");
	refuses(tree, "4", "/" CONF ": not what host-setup writes", "file", NULL);
	ends(tree, "0", &yes, 2, "/" CONF ": not what host-setup writes");
	tree_delete(tree, CONF);
	tree_file(tree, AT "sriov_totalvfs", "0\n");
	refuses(tree, "4", PF " can have no VFs", "no-sriov", NULL);
	tree_file(tree, "sys/class/dmi/id/sys_vendor", "QEMU\n");
	refuses(tree, "4", "QEMU hides that of devices it passes through", "no-sriov", NULL);
	tree_device_gone(tree, PF);
	refuses(tree, "4", "there is no PCI device at " PF, "absent", "host-setup sriov");
}

/* What the kernel refuses is undone, and its line is quoted. */
static void test_kernel_refuses(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;

	tree_file(tree, AT "sriov_limit", "3\n");
	tree_file(tree, "var/log/dmesg",
		  "[    9.0] igb " PF ": not enough MMIO resources for SR-IOV\n");
	before = tree_render(tree, TREE_ALL);
	refuses(tree, "4", "its driver igb does not make 4 VFs: Cannot allocate memory", "driver",
		NULL);
	tree_delete(tree, "etc/systemd");
	tree_delete(tree, "run/pve-passthrough");
	tree_assert_is(tree, TREE_ALL, before);
	/* And what was there before is there again. */
	ends(tree, "2", &yes, 0, "2 VFs");
	ends(tree, "4", &yes, 2, "every file was put back as it was");
	assert_int_equal(count(tree), 2);
	tree_delete(tree, AT "sriov_limit");
	setenv("FAKE_FAILS", "1", 1);
	ends(tree, "0", &yes, 1, "`systemctl disable pve-passthrough-sriov.service` failed");
	unsetenv("FAKE_FAILS");
	assert_int_equal(count(tree), 2);
	assert_true(tree_has(tree, CONF));
}

/* The PF carries a bridge: without --now it is for the next boot, and --yes does not stand for it.
 */
static void test_in_use(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;

	tree_folder(tree, AT "net/eno1/upper_vmbr0");
	before = tree_render(tree, TREE_ALL);
	ends(tree, "4", &yes, 0, "below vmbr0");
	assert_int_equal(count(tree), 0);
	assert_true(tree_has(tree, CONF));
	ends(tree, "4", &yes, 0, "host-setup sriov " PF " 4 --now");
	ends(tree, "4", &now, 0, PF ": 4 VFs");
	assert_int_equal(count(tree), 4);
	/* Undone from the next boot on; what a VF gets by then is as before at once. */
	ends(tree, "0", &yes, 0, "0 VFs from the next boot on, because the host uses it");
	assert_int_equal(count(tree), 4);
	assert_false(tree_has(tree, CONF));
	tree_file(tree, AT "sriov_numvfs", "0\n");
	for (unsigned int i = 0; i < 4; i++) {
		auto_free char *link = fs_path(AT "virtfn%u", i);
		auto_free char *vf = fs_path("0000:03:10.%u", i * 2);
		auto_free char *group = fs_path("sys/kernel/iommu_groups/%u", 200 + i);

		tree_delete(tree, link);
		tree_delete(tree, group);
		tree_device_gone(tree, vf);
	}
	tree_delete(tree, "etc/systemd");
	tree_delete(tree, "run/pve-passthrough");
	tree_assert_is(tree, TREE_ALL, before);
}

/* Asked at a terminal, whose answers are LINES. */
static void answer(struct tree *tree, const char *lines, int code, const char *text)
{
	auto_close int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	assert_true(master >= 0 && !grantpt(master) && !unlockpt(master));
	terminal = ptsname(master);
	assert_int_equal(write(master, lines, strlen(lines)), strlen(lines));
	ends(tree, "4", NULL, code, text);
	terminal = NULL;
}

static void test_asked(void **state)
{
	struct tree *tree = *state;

	tree_folder(tree, AT "net/eno1/upper_vmbr0");
	answer(tree, "n\n", 2, "nothing was changed");
	assert_false(tree_has(tree, CONF));
	answer(tree, "y\nn\n", 0, "4 VFs from the next boot on");
	assert_true(tree_has(tree, CONF));
	assert_int_equal(count(tree), 0);
	answer(tree, "y\ny\n", 0, "Make the VFs now, too? [y/N]");
	assert_int_equal(count(tree), 4);
}

/* What somebody has written while this one was asked is not lost. */
static void test_two_at_once(void **state)
{
	static const char other[] = "format = 1; sriov = ( { address = \"0000:09:00.0\"; id = "
				    "\"8086:10c9\"; vfs = 3; } );";
	struct tree *tree = *state;
	auto_free char *conf = NULL;
	auto_close int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	pid_t helper;

	tree_folder(tree, "etc");
	assert_true(master >= 0 && !grantpt(master) && !unlockpt(master));
	helper = fork();
	if (!helper) {
		clock_sleep_ms(1000);
		tree_file(tree, CONF, other);
		_exit(write(master, "y\n", 2) != 2);
	}
	terminal = ptsname(master);
	ends(tree, "4", NULL, 1, "nothing was changed; again: host-setup sriov " PF " 4");
	terminal = NULL;
	assert_int_equal(waitpid(helper, NULL, 0), helper);
	conf = tree_text(tree, CONF);
	assert_string_equal(conf, other);
	assert_int_equal(count(tree), 0);
	ends(tree, "4", &yes, 0, PF ": 4 VFs at every boot");
	free(conf);
	conf = tree_text(tree, CONF);
	assert_non_null(strstr(conf, "0000:09:00.0"));
}

static void test_down(void **state)
{
	struct tree *tree = *state;

	tree_file(tree, AT "net/eno1/flags", "0x1002\n");
	ends(tree, "1", &yes, 0, "ip link set eno1 up");
}

/* VFs in use are not taken from under a VM or the host. */
static void test_vfs_in_use(void **state)
{
	struct tree *tree = *state;

	ends(tree, "2", &drivers, 0, "2 VFs");
	tree_folder(tree, "sys/bus/pci/devices/" VF0 "/net/vf0/upper_vmbr1");
	tree_link(tree, "sys/class/net/vf0", "../../bus/pci/devices/" VF0 "/net/vf0");
	refuses(tree, "4", "the VF " VF0 " is in use and would vanish", "in-use", NULL);
	ends(tree, "0", &yes, 2, "the VF " VF0 " is in use and would vanish");
	assert_int_equal(count(tree), 2);
	tree_delete(tree, "sys/class/net/vf0");
	tree_delete(tree, "sys/bus/pci/devices/" VF0 "/net");
	tree_file(tree, "run/pve-passthrough/records/" VF0, "not a record");
	ends(tree, "4", &yes, 1, "could not be read");
	tree_delete(tree, "run/pve-passthrough");
	ends(tree, "4", &yes, 0, "4 VFs");
}

/* An iGPU stays with the host, which uses it, while its VFs are made. */
static void test_igpu(void **state)
{
	struct tree *tree = *state;

	tree_driver(tree, "i915", "i915");
	tree_bind(tree, PF, "i915");
	tree_file(tree, "proc/cmdline", "i915.enable_guc=3 i915.max_vfs=7\n");
	tree_folder(tree, AT "net/eno1/upper_vmbr0"); /* any use */
	ends(tree, "7", &yes, 0, PF ": 7 VFs");
	assert_int_equal(count(tree), 7);
	assert_string_equal(tree_driver_of(tree, VF0), "none");
}

/* With --json standard output is one object, whatever was done, shown, or not asked. */
static void test_json(void **state)
{
	static const struct {
		struct setup_options options;
		int code;
		const char *verdict, *reason;
	} rows[] = {
		{{.json = true, .dry_run = true}, 0, "shown", NULL},
		{{.json = true}, 2, "refused", "unconfirmed"},
		{{.json = true, .yes = true}, 0, "done", NULL},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *name = fs_path("sriov-%s", rows[i].verdict);
		auto_run struct run shown = run(tree, PF, "2", &rows[i].options);
		auto_json json_object *root = NULL;

		run_assert_code(&shown, rows[i].code);
		root = keep_json(shown.out, "change", name);
		assert_string_equal(json_text(root, "/verdict"), rows[i].verdict);
		assert_int_equal(json_count(root, "/refusals"), rows[i].reason ? 1 : 0);
		if (rows[i].reason)
			assert_string_equal(json_text(root, "/refusals/0/reason"), rows[i].reason);
	}
	assert_int_equal(count(tree), 2);
}

/* What others have set up is told of, and what cannot be read is no absence. */
static void test_list_of_others(void **state)
{
	static const struct setup_options json = {.json = true};
	struct tree *tree = *state;
	auto_run struct run shown = {0}, program = {0}, unread = {0};
	auto_json json_object *root = NULL;

	tree_file(tree, "etc/sysfs.d/vf.conf", "class/net/eno1/device/sriov_numvfs = 7\n");
	shown = run(tree, NULL, NULL, NULL);
	run_assert_code(&shown, 0);
	run_assert_says(&shown, "VFs: 7 possible, 0 now; set at boot, or may be, by "
				"/etc/sysfs.d/vf.conf:1: class/net/eno1/device/sriov_numvfs = 7");
	program = run(tree, NULL, NULL, &json);
	root = keep_json(program.out, "sriov", "set by others");
	run_assert_says(&program, "\"/etc/sysfs.d/vf.conf:1\"");
	tree_obscure(tree, "etc/sysfs.d");
	unread = run(tree, NULL, NULL, NULL);
	run_assert_says(&unread, "what sets them at boot cannot be read");
}

static void test_list(void **state)
{
	static const struct setup_options json = {.json = true};
	struct tree *tree = *state;
	auto_json json_object *root = NULL;
	auto_run struct run none = run(tree, NULL, NULL, NULL), shown = {0}, program = {0},
			    absent = {0};

	run_assert_code(&none, 0);
	run_assert_says(&none, "VFs: 7 possible, 0 now, not set up for boot");
	ends(tree, "2", &yes, 0, "2 VFs");
	tree_vm(tree, 100, "hostpci0: 03:10.2\n");
	shown = run(tree, NULL, NULL, NULL);
	run_assert_says(&shown, "driver igb, interface eno1");
	run_assert_says(&shown, "VFs: 7 possible, 2 now, 2 at every boot");
	run_assert_says(&shown, "0000:03:10.2  no driver, named by VM 100 (hostpci0)");
	program = run(tree, NULL, NULL, &json);
	root = keep_json(program.out, "sriov", "list");
	run_assert_says(&program, "\"possible\":7");
	run_assert_says(&program, "\"configured\":2");
	run_assert_says(&program, "\"vmid\":100");
	/* Another card was put into its slot: the entry is not for it. */
	tree_device_id(tree, PF, 0x1521);
	absent = run(tree, NULL, NULL, NULL);
	run_assert_says(&absent, "another device is here than the one that was set up");
	ends(tree, "0", &yes, 0, "no longer set up");
}

/* ---- at boot ---- */

static int boot(const struct fs_root *root, unsigned int vmid)
{
	options = (struct setup_options){.boot = true};
	return sriov(root, vmid);
}

static int check(const struct fs_root *root, unsigned int vmid)
{
	auto_checklist struct checklist list = {0};

	(void)vmid;
	if (sriov_check(root, NULL, &list))
		return -1;
	for (size_t i = 0; i < list.n; i++)
		printf("%s %s\n", check_status_name(list.items[i].status), list.items[i].what);
	return 0;
}

static void check_says(struct tree *tree, const char *text)
{
	auto_run struct run shown = {0};

	run_hook(tree, check, 0, &shown);
	run_assert_code(&shown, 0);
	run_assert_says(&shown, text);
}

/* What cannot be read is not shown as if there were none. */
static void test_list_unreadable(void **state)
{
	struct tree *tree = *state;
	auto_run struct run whole = {0}, half = {0};

	ends(tree, "2", &yes, 0, "2 VFs");
	fake_netlink_begin(tree);
	tree_file(tree, AT "net/eno1/ifindex", "3\n");
	fake_netlink_lists(tree, 3, 0, "mac=02:00:00:00:00:10 vlan=30 qos=0 protocol=33024");
	half = run(tree, NULL, NULL, NULL);
	fake_netlink_lists(tree, 3, 1, "mac=02:00:00:00:00:11 vlan=0 qos=0 protocol=33024");
	whole = run(tree, NULL, NULL, NULL);
	fake_netlink_end();
	run_assert_says(&half, "the MACs and VLANs of its VFs cannot be read: the kernel's list");
	run_assert_says(&whole, "MAC 02:00:00:00:00:10, VLAN 30");
	assert_false(run_says(&whole, "cannot be read"));
}

static void test_boot(void **state)
{
	struct tree *tree = *state;
	auto_run struct run first = {0}, again = {0}, other = {0}, nothing = {0};

	run_hook(tree, boot, 0, &nothing);
	run_assert_code(&nothing, 0);
	tree_file(tree, CONF,
		  "format = 1; sriov = ( { address = \"" PF
		  "\"; id = \"8086:10c9\"; vfs = 3; } );");
	check_says(tree, "warning " PF " has 0 VFs, and is to have 3");
	check_says(tree, "warning pve-passthrough-sriov.service is disabled");
	run_hook(tree, boot, 0, &first);
	run_assert_code(&first, 0);
	assert_int_equal(count(tree), 3);
	check_says(tree, "ok " PF " has its 3 VFs");
	run_hook(tree, boot, 0, &again);
	run_assert_code(&again, 0);
	/* What another one has made is left alone. */
	tree_file(tree, CONF,
		  "format = 1; sriov = ( { address = \"" PF
		  "\"; id = \"8086:10c9\"; vfs = 4; } );");
	run_hook(tree, boot, 0, &other);
	run_assert_code(&other, 1);
	run_assert_says(&other,
			"it has another number of VFs already, which host-setup did not make");
	assert_int_equal(count(tree), 3);
}

/* While the card is being reset, its driver says so. */
static void test_boot_is_busy(void **state)
{
	static const struct fake_plan plan = {.fault = FAULT_ERROR, .at = 2, .error = EAGAIN};
	struct tree *tree = *state;
	auto_run struct run run = {0};

	tree_file(tree, CONF,
		  "format = 1; sriov = ( { address = \"" PF
		  "\"; id = \"8086:10c9\"; vfs = 3; } );");
	fake_kernel_reset(&plan);
	run_hook(tree, boot, 0, &run);
	run_assert_code(&run, 0);
	assert_int_equal(count(tree), 3);
	assert_non_null(strstr(fake_kernel_log(), PF "/sriov_numvfs=3\n" PF "/sriov_numvfs=3\n"));
}

static void test_boot_fails(void **state)
{
	struct tree *tree = *state;
	auto_run struct run replaced = {0}, refused = {0}, damaged = {0}, gone = {0};

	tree_file(tree, CONF,
		  "format = 1; sriov = ( { address = \"" PF
		  "\"; id = \"8086:1521\"; vfs = 3; } );");
	run_hook(tree, boot, 0, &replaced);
	run_assert_code(&replaced, 1);
	run_assert_says(&replaced, "another device is at this address");
	check_says(tree, "host-setup sriov was told of another device at this address");
	tree_file(tree, CONF,
		  "format = 1; sriov = ( { address = \"" PF
		  "\"; id = \"8086:10c9\"; vfs = 9; } );");
	run_hook(tree, boot, 0, &refused);
	run_assert_code(&refused, 1);
	assert_int_equal(count(tree), 0);
	tree_file(tree, CONF, "x");
	run_hook(tree, boot, 0, &damaged);
	run_assert_code(&damaged, 1);
	/* The network does not wait long for a card that was taken out. */
	tree_file(
		tree, CONF,
		"format = 1; sriov = ( { address = \"0000:0f:00.0\"; id = \"8086:10c9\"; vfs = 3; } );");
	run_hook(tree, boot, 0, &gone);
	run_assert_code(&gone, 1);
	run_assert_says(&gone, "0000:0f:00.0: its 3 VFs were not made: it is not there");
	assert_in_range(gone.ms, 2500, 12000);
	tree_file(tree, CONF, "x");
	check_says(tree, "warning /" CONF ": not what host-setup writes");
}

/* No VM, but `pve-passthrough test` has it. */
static void test_under_test(void **state)
{
	static const char record[] =
		"format = 1; vmid = 1; owner = \"test\"; stage = \"taken\"; deadline = 30; "
		"identity = \"8086:10c9:0000:0000:020000\"; driver = \"igb\"; module = \"igb\"; "
		"driver_override = \"\";";
	struct tree *tree = *state;

	tree_file(tree, "run/pve-passthrough/records/" PF, record);
	ends(tree, "2", &yes, 2, "refused: " PF " itself is taken for a test");
	tree_delete(tree, "run/pve-passthrough");
	ends(tree, "2", &drivers, 0, "2 VFs");
	tree_file(tree, "run/pve-passthrough/records/" VF0, record);
	ends(tree, "4", &yes, 2, "a test has it");
	assert_int_equal(count(tree), 2);
}

/* Devices that are held early have their list in the same file: it stays, whatever becomes of the
 * VFs; and such a device makes none. */
static void test_held_early(void **state)
{
	static const char early[] =
		"early = ({ address = \"0000:0b:00.0\"; path = \"0000:00/1c.0/00.0\"; "
		"identity = \"10de:1b80:0000:0000:030000\"; revision = 1; serial = "
		"\"\"; held = true; });\n";
	auto_free char *conf = fs_path("format = 1; made_directory = true; sriov = (); %s", early);
	auto_free char *kept = NULL;
	struct tree *tree = *state;

	tree_file(tree, CONF, conf);
	ends(tree, "4", &yes, 0, "4 VFs at every boot");
	ends(tree, "0", &yes, 0, "no longer");
	kept = tree_text(tree, CONF);
	assert_non_null(strstr(kept, "held = true"));
	assert_non_null(strstr(kept, "enabled_service = false"));
	memcpy(strstr(conf, "0000:0b:00.0"), PF, strlen(PF));
	tree_file(tree, CONF, conf);
	refuses(tree, "4", "host-setup early --remove " PF, "held-early",
		"host-setup early --remove " PF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_held_early, setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_set_up_and_undone, setup,
						fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_surroundings_stay, setup,
						fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_kernel_refuses, setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_in_use, setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_asked, setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_two_at_once, setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_down, setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_vfs_in_use, setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_under_test, setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_igpu, setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_json, setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_list, setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_list_of_others, setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_list_unreadable, setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_boot, setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_boot_is_busy, setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_boot_fails, setup, fake_kernel_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
