// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/vm_verb.h"

#include <fcntl.h>
#include <stdio.h>

#include "hookscript/pve/exit.h"
#include "hookscript/phases/start.h"
#include "hookscript/verbs/vm_needs.h"
#include "host/base/log.h"
#include "scenario.h"

#define STORAGE "dir: local\n\tpath /var/lib/vz\n\tcontent iso,vztmpl,backup\n"
#define SNIPPET "var/lib/vz/snippets/pve-passthrough"

/* VM 100 as it should be, with one device. */
#define GOOD                         \
	"machine: q35\n"             \
	"hostpci0: 04:00.0,pcie=1\n" \
	"hookscript: local:snippets/pve-passthrough\n"

/* What the run to come is asked, and what is answered at its terminal; NULL: it has none. */
static struct vm_options options;
static const char *answers;

/* Makes standard input a terminal at which ANSWERS were typed. Returns what keeps it one until it
 * is closed. */
static int sit_at_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

	if (master < 0 || grantpt(master) || unlockpt(master))
		_exit(99);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	if (slave < 0 || write(master, answers, strlen(answers)) < 0)
		_exit(99);
	dup2(slave, STDIN_FILENO);
	close(slave);
	return master;
}

/* Makes standard input one at its end. */
static void sit_nowhere(void)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	dup2(null, STDIN_FILENO);
	close(null);
}

static int run_verb(const struct fs_root *root, unsigned int vmid)
{
	auto_close int terminal = -1;

	if (answers)
		terminal = sit_at_terminal();
	else
		sit_nowhere();
	log_open(NULL, NULL);
	return vm_verb_run(root, vmid, &options);
}

static void run(struct tree *tree, const struct vm_options *with, const char *typed,
		struct run *ret)
{
	options = *with;
	options.run = true;
	answers = typed;
	setenv("HOST_TREE", tree->root.path, 1);
	run_hook(tree, run_verb, 100, ret);
	unsetenv("FAKE_FAIL");
	unsetenv("FAKE_PENDING");
}

static int setup(void **state)
{
	const char *path = getenv("PATH");
	struct tree *tree;

	if (scenario_setup(state))
		return -1;
	tree = *state;
	tree_file(tree, "etc/pve/storage.cfg", STORAGE);
	tree_file(tree, "usr/sbin/pve-passthrough", "the program");
	tree_mode(tree, "usr/sbin/pve-passthrough", 0755);
	tree_link(tree, SNIPPET, "/usr/sbin/pve-passthrough");
	if (!path || strncmp(path, TESTS_DIR, strlen(TESTS_DIR)))
		setenv("PATH", TESTS_DIR "/fakes:/usr/bin:/bin", 1);
	{
		auto_free char *log = fs_path("%s/commands", tree->root.path);

		setenv("FAKE_LOG", log, 1);
	}
	return 0;
}

/* Which commands were run, one a line, each word in brackets. */
static void assert_ran(struct tree *tree, const char *expected)
{
	auto_free char *log = tree_text(tree, "commands");

	assert_string_equal(log, expected);
}

static void assert_out(const struct run *ran, const char *out, const char *err)
{
	assert_string_equal(ran->err, err);
	assert_string_equal(ran->out, out);
}

/* ---- what it needs ---- */

static const char needs_text[] =
	"VM 100 needs, for its devices to be passed through:\n"
	"- machine: pc, the default; this is not q35, the only machine type whose guests see PCI "
	"Express devices\n"
	"    qm set 100 --machine q35\n"
	"  what that does to a guest that is already installed: its network interfaces get other "
	"names\n"
	"  to run this VM as it is instead, put this line into /etc/pve-passthrough.conf: "
	"vm100 = { machine = \"warn\"; };\n"
	"- hostpci0: 0000:01:00.0 is a PCI Express device, but the entry does not say pcie=1; the "
	"guest would see it as conventional PCI, which many drivers do not accept\n"
	"    qm set 100 --hostpci0 '0000:01:00;04:00.0,pcie=1'\n"
	"  to run this VM as it is instead, put this line into /etc/pve-passthrough.conf: "
	"vm100 = { pcie = \"warn\"; };\n"
	"- the storage local allows iso,vztmpl,backup, but not snippets, and a hookscript is one\n"
	"  pvesm replaces the whole list, so all of it is named\n"
	"    pvesm set local --content iso,vztmpl,backup,snippets\n"
	"- hookscript: the VM's config does not name this hook, so it is not run\n"
	"    qm set 100 --hookscript local:snippets/pve-passthrough\n";

#define NEEDY "hostpci0: 0000:01:00;04:00.0\nhostpci1: 0000:06:00.0\n"

#define RAN_ALL                                                          \
	"qm [set] [100] [--machine] [q35]\n"                             \
	"qm [set] [100] [--hostpci0] [0000:01:00;04:00.0,pcie=1]\n"      \
	"pvesm [set] [local] [--content] [iso,vztmpl,backup,snippets]\n" \
	"qm [set] [100] [--hookscript] [local:snippets/pve-passthrough]\n"

static void test_shows_needs(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;
	auto_free char *out = fs_path(
		"%sthe commands that change configuration are run, after a question, by: "
		"pve-passthrough vm 100 --fix\n",
		needs_text);
	auto_run struct run ran = {0};

	tree_vm(tree, 100, NEEDY);
	before = tree_render(tree, TREE_ALL);
	run(tree, &(struct vm_options){.fix = false}, "y\n", &ran);
	run_assert_code(&ran, EXIT_REFUSED);
	assert_out(&ran, out, "");
	tree_assert_is(tree, TREE_ALL, before);
}

#define MDEV "vfio-pci,sysfsdev=/sys/bus/mdev/devices/4b20d080-1b54-4048-85b3-a6a62d165c01"

static void test_needs_nothing(void **state)
{
	static const struct {
		const char *config, *out;
	} rows[] = {
		{GOOD,
		 "VM 100 has what it needs; what a start would do: pve-passthrough plan 100\n"},
		{"hostpci0: 01:00\ntemplate: 1\n",
		 "VM 100 is a template: it starts without devices, and needs nothing\n"},
		{"hostpci0: 01:00,driver=keep\n",
		 "VM 100 has devices that are left to Proxmox VE only (mdev=, driver=keep), and "
		 "needs nothing\n"},
		{"args: -device " MDEV "\n",
		 "VM 100 has mediated devices only, which args give to QEMU, and needs nothing\n"
		 "args: -device " MDEV
		 ": a mediated device, which is left to QEMU: this hook neither "
		 "binds nor checks it\n"},
	};
	struct tree *tree = *state;

	tree_file(tree, "etc/pve/storage.cfg",
		  "dir: local\n\tpath /var/lib/vz\n\tcontent snippets\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_run struct run ran = {0};

		tree_vm(tree, 100, rows[i].config);
		run(tree, &(struct vm_options){.fix = i % 2}, NULL, &ran);
		run_assert_code(&ran, EXIT_DONE);
		assert_out(&ran, rows[i].out, "");
	}
	assert_ran(tree, "");
}

/* What is left to Proxmox VE needs no hook, but no pcie=1 on this machine either. */
static void test_needs_q35_alone(void **state)
{
	struct tree *tree = *state;
	auto_run struct run ran = {0}, plan = {0}, start = {0};

	tree_vm(tree, 100, "hostpci0: 01:00,mdev=x,pcie=1\n");
	run(tree, &(struct vm_options){.fix = false}, NULL, &ran);
	run_assert_code(&ran, EXIT_REFUSED);
	assert_out(&ran,
		   "VM 100 needs, for its devices to be passed through:\n"
		   "- hostpci0: pcie=1 on a machine that is not q35; Proxmox VE would abort the "
		   "start, whatever our settings say\n"
		   "    qm set 100 --machine q35\n"
		   "  to keep this machine\n"
		   "    qm set 100 --hostpci0 01:00,mdev=x\n"
		   "the commands that change configuration are run, after a question, by: "
		   "pve-passthrough vm 100 --fix\n",
		   "");
	run_hook(tree, scenario_plan, 100, &plan);
	run_assert_code(&plan, EXIT_REFUSED);
	run_assert_says(&plan, "refused: hostpci0: pcie=1 on a machine that is not q35");
	run_hook(tree, start_pre, 100, &start);
	run_assert_code(&start, EXIT_REFUSED);
	run_assert_says(&start, "refused: hostpci0: pcie=1 on a machine that is not q35");
}

/* The file is looked at as Proxmox VE does: through links, and whether it is a program. */
static void test_snippet(void **state)
{
	static const char absent[] =
		"    mkdir -p /var/lib/vz/snippets && ln -sfn \"$(command -v pve-passthrough)\" /" SNIPPET
		"\n";
	struct tree *tree = *state;
	auto_run struct run dangling = {0}, not_executable = {0}, folder = {0};

	tree_vm(tree, 100, GOOD);
	tree_delete(tree, "usr/sbin/pve-passthrough");
	run(tree, &(struct vm_options){.fix = false}, NULL, &dangling);
	run_assert_code(&dangling, EXIT_REFUSED);
	run_assert_says(&dangling, absent);
	tree_folder(tree, "usr/sbin/pve-passthrough");
	run(tree, &(struct vm_options){.fix = false}, NULL, &folder);
	run_assert_says(&folder, absent);
	tree_delete(tree, "usr/sbin/pve-passthrough");
	tree_file(tree, "usr/sbin/pve-passthrough", "x");
	tree_mode(tree, "usr/sbin/pve-passthrough", 0644);
	run(tree, &(struct vm_options){.fix = false}, NULL, &not_executable);
	run_assert_says(&not_executable, "    chmod +x /" SNIPPET "\n");
}

/* ---- --fix ---- */

static void test_fix(void **state)
{
	struct tree *tree = *state;
	auto_free char *out = fs_path(
		"%s    qm set 100 --machine q35\nRun this? [y/N] "
		"running: qm set 100 --machine q35\nupdate VM\n"
		"    qm set 100 --hostpci0 '0000:01:00;04:00.0,pcie=1'\nRun this? [y/N] "
		"running: qm set 100 --hostpci0 '0000:01:00;04:00.0,pcie=1'\nupdate VM\n"
		"    pvesm set local --content iso,vztmpl,backup,snippets\nRun this? [y/N] "
		"running: pvesm set local --content iso,vztmpl,backup,snippets\n"
		"    qm set 100 --hookscript local:snippets/pve-passthrough\nRun this? [y/N] "
		"running: qm set 100 --hookscript local:snippets/pve-passthrough\nupdate VM\n"
		"VM 100 has what it needs; what a start would do: pve-passthrough plan 100\n",
		needs_text);
	auto_run struct run ran = {0}, again = {0};

	tree_vm(tree, 100, NEEDY);
	run(tree, &(struct vm_options){.fix = true}, "y\ny\ny\ny\n", &ran);
	run_assert_code(&ran, EXIT_DONE);
	assert_out(&ran, out, "");
	assert_ran(tree, RAN_ALL);
	run(tree, &(struct vm_options){.fix = true, .yes = true}, NULL, &again);
	run_assert_code(&again, EXIT_DONE);
	assert_ran(tree, RAN_ALL);
}

/* Each command is asked for: the machine can stay as it is, and the hookscript be taken. */
static void test_fix_some(void **state)
{
	struct tree *tree = *state;
	auto_run struct run ran = {0};

	tree_vm(tree, 100, NEEDY);
	run(tree, &(struct vm_options){.fix = true}, "n\nn\ny\ny\n", &ran);
	run_assert_code(&ran, EXIT_PARTLY);
	run_assert_says(&ran, "VM 100 still needs: q35, pcie=1 (hostpci0); more: ");
	assert_ran(tree, "pvesm [set] [local] [--content] [iso,vztmpl,backup,snippets]\n"
			 "qm [set] [100] [--hookscript] [local:snippets/pve-passthrough]\n");
}

/* Nobody is asked with --yes; nothing is run without an answer, or without anybody to ask. */
static void test_asking(void **state)
{
	static const struct {
		const char *typed;
		bool yes, runs;
		const char *says;
	} rows[] = {
		{"n\nn\nn\nn\n", false, false, "Run this? [y/N] nothing was run\n"},
		{"\n\n\n\n", false, false, "Run this? [y/N] nothing was run\n"},
		{NULL, false, false, "nothing was run: there is no terminal to ask at"},
		{NULL, true, true, "running: qm set 100 --machine q35\n"},
		{"Yes\nY\nyes\ny\n", false, true,
		 "Run this? [y/N] running: qm set 100 --machine q35\n"},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_run struct run ran = {0};

		tree_vm(tree, 100, NEEDY);
		tree_file(tree, "etc/pve/storage.cfg", STORAGE);
		tree_delete(tree, "commands");
		run(tree, &(struct vm_options){.fix = true, .yes = rows[i].yes}, rows[i].typed,
		    &ran);
		run_assert_code(&ran, rows[i].runs ? EXIT_DONE : EXIT_REFUSED);
		run_assert_says(&ran, rows[i].says);
		assert_ran(tree, rows[i].runs ? RAN_ALL : "");
	}
}

static void test_fix_fails(void **state)
{
	struct tree *tree = *state;
	auto_run struct run ran = {0}, absent = {0};

	tree_vm(tree, 100, NEEDY);
	setenv("FAKE_FAIL", "qm", 1);
	run(tree, &(struct vm_options){.fix = true, .yes = true}, NULL, &ran);
	run_assert_code(&ran, EXIT_FAILED);
	run_assert_says(&ran, "`qm set 100 --machine q35` failed: exit status 255; ");
	assert_ran(tree, "qm [set] [100] [--machine] [q35]\n");

	setenv("PATH", "/nowhere", 1);
	run(tree, &(struct vm_options){.fix = true, .yes = true}, NULL, &absent);
	setenv("PATH", TESTS_DIR "/fakes:/usr/bin:/bin", 1);
	run_assert_code(&absent, EXIT_FAILED);
	run_assert_says(&absent, "`qm set 100 --machine q35` failed: qm: not found");
}

/* What Proxmox VE only notes, while the VM runs, holds at its next start, which is judged. */
static void test_fix_of_a_running_vm(void **state)
{
	struct tree *tree = *state;
	auto_run struct run ran = {0}, again = {0}, plan = {0};

	tree_vm(tree, 100, "hostpci0: 06:00.0\nhookscript: local:snippets/pve-passthrough\n");
	tree_vm_runs(tree, 100, 4711);
	tree_file(tree, "etc/pve/storage.cfg", "");
	setenv("FAKE_PENDING", "1", 1);
	run(tree, &(struct vm_options){.fix = true, .yes = true}, NULL, &ran);
	run_assert_code(&ran, EXIT_DONE);
	run_assert_says(&ran, "with the pending changes, which the next start applies: "
			      "machine\nVM 100 will have what it needs when it is started the "
			      "next time: the changes are pending (machine)");
	run(tree, &(struct vm_options){.fix = true}, NULL, &again);
	run_assert_code(&again, EXIT_DONE);
	run_hook(tree, scenario_plan, 100, &plan);
	run_assert_code(&plan, EXIT_DONE);
	run_assert_says(&plan, "which the next start applies: machine\n");
}

/* Nor is "nothing was touched" said with commands that were run. */
static void test_fix_of_a_part(void **state)
{
	struct tree *tree = *state;
	auto_run struct run ran = {0};

	tree_file(tree, "etc/pve/storage.cfg", "");
	tree_vm(tree, 100, "hostpci0: 06:00.0\nhookscript: local:snippets/old.pl\n");
	run(tree, &(struct vm_options){.fix = true, .yes = true}, NULL, &ran);
	run_assert_code(&ran, EXIT_PARTLY);
	run_assert_says(&ran, "of these, --fix runs:\n    qm set 100 --machine q35\n");
	run_assert_says(&ran, "VM 100 still needs: hookscript (it has another one);");
	assert_ran(tree, "qm [set] [100] [--machine] [q35]\n");
}

/* Whatever plan refuses, vm shows, with the same cure. */
static void test_agrees_with_plan(void **state)
{
	struct tree *tree = *state;
	auto_run struct run ran = {0}, plan = {0};

	tree_file(tree, "etc/pve/storage.cfg", "");
	tree_vm(tree, 100, GOOD "hostpci1: 0b:00.0,pcie=1\n");
	tree_file(tree, "run/pve-passthrough/records/" DISK, "garbage");
	run(tree, &(struct vm_options){.fix = false}, NULL, &ran);
	run_hook(tree, scenario_plan, 100, &plan);
	run_assert_code(&ran, EXIT_REFUSED);
	run_assert_code(&plan, EXIT_REFUSED);
	run_assert_says(&ran, "- hostpci1: there is no PCI device at 0000:0b:00.0 on this host");
	run_assert_says(&plan, "refused: hostpci1: there is no PCI device at 0000:0b:00.0 on this");
	run_assert_says(&ran, "    rm -f /run/pve-passthrough/records/" DISK);
	run_assert_says(&plan, "then: rm -f /run/pve-passthrough/records/" DISK);
}

/* Another's hookscript is left, whoever says yes. */
static void test_fix_leaves_another_hook(void **state)
{
	struct tree *tree = *state;
	auto_free char *config = NULL;
	auto_run struct run ran = {0};

	tree_file(tree, "etc/pve/storage.cfg", "");
	tree_vm(tree, 100, "machine: q35\nhostpci0: 06:00.0\nhookscript: local:snippets/old.pl\n");
	run(tree, &(struct vm_options){.fix = true, .yes = true}, NULL, &ran);
	run_assert_code(&ran, EXIT_REFUSED);
	run_assert_says(&ran, "vm100 = { next = \"local:snippets/old.pl\"; };\n");
	run_assert_says(&ran, "there is no command for this that --fix could run\n");
	config = tree_text(tree, "etc/pve/qemu-server/100.conf");
	assert_non_null(strstr(config, "hookscript: local:snippets/old.pl\n"));
	assert_ran(tree, "");
}

/* A tree that is not the running system has no qm of its own to be run. */
static void test_other_root(void **state)
{
	struct tree *tree = *state;
	auto_run struct run ran = {0};

	tree_vm(tree, 100, NEEDY);
	options = (struct vm_options){.fix = true, .yes = true};
	answers = NULL;
	run_hook(tree, run_verb, 100, &ran);
	run_assert_code(&ran, EXIT_REFUSED);
	run_assert_says(&ran, "    qm set 100 --machine q35\n");
	run_assert_says(&ran, "nothing was run: --root is not the running system");
	assert_ran(tree, "");
}

/* ---- --add ---- */

static void test_lists_cards(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;
	auto_run struct run all = {0}, displays = {0};

	tree_vm(tree, 101, "hostpci3: 01:00\n");
	tree_vm(tree, 100, "memory: 16\n");
	before = tree_render(tree, TREE_ALL);
	run(tree, &(struct vm_options){.add = true, .yes = true}, NULL, &all);
	run_assert_code(&all, EXIT_DONE);
	run_assert_says(&all, "    driver gpu; group 10, together with " SOUND " " NEIGHBOUR "\n"
			      "    VM 101 (hostpci3) has it\n");
	run_assert_says(&all, "\n" DISK "  ");
	run_assert_says(&all, "    driver nvme; group 12, alone in it\n");
	assert_null(strstr(all.out, PORT));
	run_assert_says(&all, "\ngive one to VM 100: pve-passthrough vm 100 --add ADDRESS\n");

	run(tree, &(struct vm_options){.add = true, .gpu = true}, NULL, &displays);
	run_assert_code(&displays, EXIT_DONE);
	assert_int_equal(strncmp(displays.out, GPU "  ", strlen(GPU "  ")), 0);
	run_assert_says(&displays, "\n" TWIN "  ");
	assert_null(strstr(displays.out, DISK));
	assert_null(strstr(displays.out, "\n" SOUND));
	run_assert_says(&displays, " --add ADDRESS --gpu\n");
	tree_assert_is(tree, TREE_ALL, before);
}

static void test_no_cards(void **state)
{
	struct tree *tree = *state;
	auto_run struct run ran = {0};

	tree_device_gone(tree, GPU);
	tree_device_gone(tree, TWIN);
	run(tree, &(struct vm_options){.add = true, .gpu = true}, NULL, &ran);
	run_assert_code(&ran, EXIT_DONE);
	assert_out(&ran, "there is no graphics card that a VM could have\n", "");
}

static void test_add(void **state)
{
	struct tree *tree = *state;
	auto_run struct run ran = {0}, again = {0};

	tree_file(tree, "etc/pve/storage.cfg", "");
	tree_vm(tree, 100, "machine: q35\nhostpci0: 06:00.0\nscsi0: local-lvm:vm-100-disk-0\n");
	run(tree, &(struct vm_options){.add = true, .address = "04:00.0"}, "y\n", &ran);
	run_assert_code(&ran, EXIT_DONE);
	assert_out(&ran,
		   "VM 100 would get:\n"
		   "    qm set 100 --hostpci1 0000:04:00.0,pcie=1\n"
		   "Run this? [y/N] running: qm set 100 --hostpci1 0000:04:00.0,pcie=1\n"
		   "update VM\n"
		   "VM 100 still needs: hookscript; more: pve-passthrough vm 100\n",
		   "");
	assert_ran(tree, "qm [set] [100] [--hostpci1] [0000:04:00.0,pcie=1]\n");
	run(tree, &(struct vm_options){.add = true, .address = "04:00.0", .yes = true}, NULL,
	    &again);
	run_assert_code(&again, EXIT_REFUSED);
	assert_out(&again, "", "VM 100 has 0000:04:00.0 already: hostpci1: 0000:04:00.0,pcie=1\n");
}

/* A new VM and a graphics card: firmware, card, and the question whether it is the display. */
static void test_add_gpu(void **state)
{
	static const struct {
		const char *typed;
		bool yes;
		const char *value;
	} rows[] = {
		{"\ny\n", false, "0000:05:00,pcie=1,x-vga=1"},
		{"n\ny\n", false, "0000:05:00,pcie=1"},
		{NULL, true, "0000:05:00,pcie=1,x-vga=1"},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *commands = fs_path(
			"qm [set] [100] [--bios] [ovmf] [--efidisk0] [local:1,efitype=4m]\n"
			"qm [set] [100] [--hostpci0] [%s]\n",
			rows[i].value);
		auto_run struct run ran = {0};

		tree_file(tree, "etc/pve/storage.cfg", "");
		tree_delete(tree, "commands");
		tree_vm(tree, 100, "machine: q35\nide2: none,media=cdrom\n");
		run(tree,
		    &(struct vm_options){
			    .add = true, .address = "05:00.0", .gpu = true, .yes = rows[i].yes},
		    rows[i].typed, &ran);
		run_assert_code(&ran, EXIT_DONE);
		assert_ran(tree, commands);
	}
}

static void test_add_is_not_run(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;
	auto_run struct run ran = {0}, bad = {0};

	tree_vm(tree, 100, "machine: q35\n");
	before = tree_render(tree, TREE_ALL);
	run(tree, &(struct vm_options){.add = true, .address = "01:00.0"}, NULL, &ran);
	run_assert_code(&ran, EXIT_REFUSED);
	run_assert_says(&ran, "- a start takes " NEIGHBOUR " from the host, too");
	run_assert_says(&ran, "    qm set 100 --hostpci0 0000:01:00.0,pcie=1\n"
			      "nothing was run: there is no terminal to ask at");
	run(tree, &(struct vm_options){.add = true, .address = "00:01.0", .yes = true}, NULL, &bad);
	run_assert_code(&bad, EXIT_REFUSED);
	run_assert_says(&bad, "0000:00:01.0: there is no such device that a VM could have");
	tree_assert_is(tree, TREE_ALL, before);
}

/* ---- --detach ---- */

static void test_detach(void **state)
{
	static const char command[] = "qm [set] [100] [--delete] [hookscript]\n";
	struct tree *tree = *state;
	auto_run struct run ran = {0}, again = {0}, refused = {0}, asked = {0};

	tree_vm(tree, 100, GOOD);
	/* It is for when other things are broken. */
	tree_settings(tree, "nonsense");
	run(tree, &(struct vm_options){.detach = true}, "n\n", &asked);
	run_assert_code(&asked, EXIT_REFUSED);
	run_assert_says(&asked, "    qm set 100 --delete hookscript\nRun this? [y/N] nothing was "
				"run\n");
	assert_ran(tree, "");
	run(tree, &(struct vm_options){.detach = true, .yes = true}, NULL, &ran);
	run_assert_code(&ran, EXIT_DONE);
	run_assert_says(&ran, "they are not given back to their drivers\n");
	run_assert_says(&ran, "VM 100 has no hook any more\n");
	assert_ran(tree, command);
	run(tree, &(struct vm_options){.detach = true, .yes = true}, NULL, &again);
	run_assert_code(&again, EXIT_DONE);
	assert_out(&again, "VM 100 has no hookscript\n", "");
	tree_vm(tree, 100, "hookscript: local:snippets/old.pl\n");
	run(tree, &(struct vm_options){.detach = true, .yes = true}, NULL, &refused);
	run_assert_code(&refused, EXIT_REFUSED);
	assert_out(&refused, "",
		   "VM 100: hookscript: local:snippets/old.pl is another hook, and stays\n");
	assert_ran(tree, command);
}

static void test_detach_from_a_running_vm(void **state)
{
	struct tree *tree = *state;
	auto_run struct run ran = {0};

	tree_vm(tree, 100, GOOD);
	tree_vm_runs(tree, 100, 4711);
	setenv("FAKE_PENDING", "1", 1);
	run(tree, &(struct vm_options){.detach = true, .yes = true}, NULL, &ran);
	run_assert_code(&ran, EXIT_DONE);
	run_assert_says(&ran, "VM 100 runs: what was taken for it goes back all the same");
	run_assert_says(&ran, "VM 100 runs: Proxmox VE has noted this, and does it when the VM "
			      "stops\n");
}

/* ---- trouble, and all VMs at once ---- */

static void test_trouble(void **state)
{
	struct tree *tree = *state;
	auto_run struct run settings = {0}, no_vm = {0}, no_file = {0};

	tree_settings(tree, "machine = \"perhaps\";\n");
	run(tree, &(struct vm_options){.fix = true, .yes = true}, NULL, &settings);
	run_assert_code(&settings, EXIT_REFUSED);
	run_assert_says(&settings, "/etc/pve-passthrough.conf");
	tree_settings(tree, "");
	/* Not that it is absent, which a command would cure. */
	tree_obscure(tree, "var/lib/vz/snippets/pve-passthrough");
	run(tree, &(struct vm_options){.fix = true, .yes = true}, NULL, &no_file);
	run_assert_code(&no_file, EXIT_FAILED);
	run_assert_says(&no_file, "/var/lib/vz/snippets/pve-passthrough cannot be read: Too many");
	tree_delete(tree, "etc/pve/qemu-server/100.conf");
	run(tree, &(struct vm_options){.fix = true, .yes = true}, NULL, &no_vm);
	run_assert_code(&no_vm, EXIT_FAILED);
	run_assert_says(&no_vm, "VM 100: there is no config /etc/pve/qemu-server/100.conf");
	assert_ran(tree, "");
}

static void test_all_vms(void **state)
{
	static const struct {
		enum check_status status;
		const char *what, *cure;
	} expected[] = {
		{CHECK_OK, "VM 100, hostpci0: stopped; its config has what it needs", NULL},
		{CHECK_WARNING,
		 "VM 101 (games), hostpci0, hostpci3: runs; it needs: q35, hookscript",
		 "pve-passthrough vm 101"},
		{CHECK_OK, "VM 102, hostpci0: a template, which starts without devices", NULL},
		{CHECK_OK, "VM 103, hostpci0: stopped; its devices are left to Proxmox VE", NULL},
		{CHECK_WARNING,
		 "VM 105: /etc/pve/qemu-server/105.conf cannot be read: Too many levels of symbolic links",
		 NULL},
	};
	struct tree *tree = *state;
	auto_checklist struct checklist list = {0};

	tree_file(tree, "etc/pve/storage.cfg", "");
	tree_vm(tree, 105, "");
	tree_obscure(tree, "etc/pve/qemu-server/105.conf");
	tree_vm(tree, 103, "hostpci0: 05:00.0,driver=keep\n");
	tree_vm(tree, 102, "hostpci0: 05:00.0\ntemplate: 1\n");
	tree_vm(tree, 101, "name: games\nhostpci0: 05:00.0,pcie=1\nhostpci3: 06:00.0\n");
	tree_vm(tree, 100, GOOD);
	tree_vm(tree, 104, "memory: 512\n");
	tree_vm_runs(tree, 101, 4711);
	assert_int_equal(vm_states_check(&tree->root, &list), 0);
	assert_int_equal(list.n, ARRAY_SIZE(expected));
	for (size_t i = 0; i < list.n; i++) {
		assert_string_equal(list.items[i].name, "vm");
		assert_int_equal(list.items[i].status, expected[i].status);
		assert_string_equal(list.items[i].what, expected[i].what);
		assert_int_equal(!list.items[i].cure, !expected[i].cure);
		if (expected[i].cure)
			assert_string_equal(list.items[i].cure, expected[i].cure);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fake_kernel_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_shows_needs),
		TEST(test_needs_nothing),
		TEST(test_needs_q35_alone),
		TEST(test_snippet),
		TEST(test_fix),
		TEST(test_fix_some),
		TEST(test_asking),
		TEST(test_fix_fails),
		TEST(test_fix_of_a_running_vm),
		TEST(test_fix_of_a_part),
		TEST(test_agrees_with_plan),
		TEST(test_fix_leaves_another_hook),
		TEST(test_other_root),
		TEST(test_lists_cards),
		TEST(test_no_cards),
		TEST(test_add),
		TEST(test_add_gpu),
		TEST(test_add_is_not_run),
		TEST(test_detach),
		TEST(test_detach_from_a_running_vm),
		TEST(test_trouble),
		TEST(test_all_vms),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
