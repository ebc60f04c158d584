// SPDX-License-Identifier: GPL-2.0-or-later
/* The verb mapping, and vm --add --mapping, before a pvesh with the rules of Proxmox VE's. */
#include "hookscript/verbs/mapping.h"

#include <stdio.h>

#include "hookscript/pve/exit.h"
#include "hookscript/verbs/vm_verb.h"
#include "host/base/log.h"
#include "scenario.h"

#define CONFIG "etc/pve/mapping/pci.cfg"

/* What each line of the devices of the scenario must be. */
#define GPU_LINE   "node=lab,path=0000:01:00.0,id=10de:1001,subsystem-id=1043:8600,iommugroup=10"
#define CARD_LINE  "node=lab,path=0000:01:00,id=10de:1001,subsystem-id=1043:8600,iommugroup=10"
#define TWIN_LINE  "node=lab,path=0000:05:00.0,id=10de:1001,subsystem-id=1043:8600,iommugroup=13"
#define USB_LINE   "node=lab,path=0000:06:00.0,id=1b73:1100,subsystem-id=0000:0000,iommugroup=14"
#define OTHER_LINE "node=pve2,path=0000:41:00.0,id=10de:1001,subsystem-id=1043:8600,iommugroup=7"

/* Old, in an odd order, with a description: it must stay as it is. */
#define KEPT_LINE "iommugroup=3,id=8086:1521,path=0000:81:00.1,node=pve3,description=the left one"

static struct mapping_options options;
static struct vm_options vm_options;
static bool by_vm;

static int run_verb(const struct fs_root *root, unsigned int vmid)
{
	log_open(NULL, NULL);
	return by_vm ? vm_verb_run(root, vmid, &vm_options) : mapping_run(root, &options);
}

static void run(struct tree *tree, const struct mapping_options *with, struct run *ret)
{
	options = *with;
	options.name = with->name ? with->name : "gpu";
	options.run = true;
	by_vm = false;
	setenv("HOST_TREE", tree->root.path, 1);
	run_hook(tree, run_verb, 0, ret);
}

/* `mapping gpu ADDRESS -y`, with more OPTIONS. */
static void map(struct tree *tree, const char *address, const struct mapping_options *with,
		struct run *ret)
{
	char *addresses[] = {(char *)(uintptr_t)address};
	struct mapping_options more = *with;

	more.yes = true;
	more.addresses = addresses;
	more.n_addresses = address ? 1 : 0;
	run(tree, &more, ret);
}

static int setup(void **state)
{
	struct tree *tree;
	auto_free char *log = NULL;

	if (scenario_setup(state))
		return -1;
	tree = *state;
	log = fs_path("%s/commands", tree->root.path);
	setenv("FAKE_LOG", log, 1);
	setenv("PATH", TESTS_DIR "/fakes:/usr/bin:/bin", 1);
	unsetenv("FAKE_FAIL");
	unsetenv("FAKE_RACE");
	tree_link(tree, "etc/pve/local", "nodes/lab");
	tree_file(tree, "etc/pve/.members",
		  "{\"nodename\": \"lab\", \"version\": 4, \"cluster\": { \"name\": \"c\", "
		  "\"version\": 3, \"nodes\": 3, \"quorate\": 1 },\n\"nodelist\": {\n"
		  "\"lab\": { \"id\": 1, \"online\": 1, \"ip\": \"10.0.0.1\"},\n"
		  "\"pve2\": { \"id\": 2, \"online\": 1, \"ip\": \"10.0.0.2\"},\n"
		  "\"pve3\": { \"id\": 3, \"online\": 0}}}\n");
	tree_folder(tree, "etc/pve/mapping");
	return 0;
}

static void assert_config(struct tree *tree, const char *expected)
{
	auto_free char *text = tree_text(tree, CONFIG);

	assert_string_equal(text, expected);
}

static void assert_ran(struct tree *tree, const char *expected)
{
	auto_free char *log = tree_text(tree, "commands");

	assert_string_equal(log, expected);
}

/* ---- making ---- */

static void test_makes(void **state)
{
	struct tree *tree = *state;
	auto_run struct run made = {0}, again = {0};

	map(tree, "06:00.0", &(struct mapping_options){.name = "usb"}, &made);
	run_assert_code(&made, EXIT_DONE);
	run_assert_says(&made,
			"mapping usb would be made:\n"
			"    pvesh create /cluster/mapping/pci --id usb --map " USB_LINE "\n");
	assert_config(tree, "usb\n\tmap " USB_LINE "\n\n");
	map(tree, "06:00.0", &(struct mapping_options){.name = "usb"}, &again);
	run_assert_code(&again, EXIT_DONE);
	assert_string_equal(again.out, "mapping usb is as it should be\n");
	assert_ran(tree,
		   "pvesh [create] [/cluster/mapping/pci] [--id] [usb] [--map] [" USB_LINE "]\n");
}

/* Nothing is written without a yes, and the tree stays as it is. */
static void test_only_shows(void **state)
{
	struct tree *tree = *state;
	char *addresses[] = {(char *)(uintptr_t) "01:00"};
	auto_run struct run ran = {0};

	run(tree, &(struct mapping_options){.addresses = addresses, .n_addresses = 1}, &ran);
	run_assert_code(&ran, EXIT_REFUSED);
	run_assert_says(&ran, "--map " CARD_LINE "\n");
	assert_false(tree_has(tree, CONFIG));
	assert_ran(tree, "");
}

/* Every line of other nodes stays as it is, byte for byte, and so does the rest of the section. */
static void test_adds_this_node(void **state)
{
	struct tree *tree = *state;
	auto_run struct run ran = {0};

	tree_file(tree, CONFIG,
		  "gpu\n\tdescription cards\n\tmap " KEPT_LINE "\n\tmap " OTHER_LINE
		  "\n\nusb\n\tmap " USB_LINE "\n\n");
	map(tree, "01:00", &(struct mapping_options){.name = NULL}, &ran);
	run_assert_code(&ran, EXIT_DONE);
	run_assert_says(&ran,
			"--map 'iommugroup=3,id=8086:1521,path=0000:81:00.1,node=pve3,"
			"description=the left one' --map " OTHER_LINE " --map " CARD_LINE "\n");
	run_assert_says(&ran, "pvesh set /cluster/mapping/pci/gpu --digest ");
	assert_config(tree, "gpu\n\tdescription cards\n\tmap " KEPT_LINE "\n\tmap " OTHER_LINE
			    "\n\tmap " CARD_LINE "\n\nusb\n\tmap " USB_LINE "\n\n");
}

static void test_replaces_or_adds(void **state)
{
	struct tree *tree = *state;
	auto_run struct run beside = {0}, replaced = {0};

	tree_file(tree, CONFIG, "gpu\n\tmap " GPU_LINE "\n\tmap " OTHER_LINE "\n\n");
	map(tree, "05:00.0", &(struct mapping_options){.alternative = true}, &beside);
	run_assert_code(&beside, EXIT_DONE);
	assert_config(tree,
		      "gpu\n\tmap " GPU_LINE "\n\tmap " OTHER_LINE "\n\tmap " TWIN_LINE "\n\n");
	map(tree, "05:00.0", &(struct mapping_options){.alternative = false}, &replaced);
	run_assert_code(&replaced, EXIT_DONE);
	run_assert_says(&replaced,
			"- node lab: this line goes (to keep it: pve-passthrough mapping gpu "
			"ADDRESS --alternative): " GPU_LINE "\n");
	assert_config(tree, "gpu\n\tmap " OTHER_LINE "\n\tmap " TWIN_LINE "\n\n");
	tree_file(tree, CONFIG, "gpu\n\tmap " GPU_LINE "\n\tmap " OTHER_LINE "\n\n");
	run_free(&replaced);
	map(tree, "05:00.0", &(struct mapping_options){.alternative = false}, &replaced);
	assert_config(tree, "gpu\n\tmap " TWIN_LINE "\n\tmap " OTHER_LINE "\n\n");
}

/* ---- what is refused, with nothing written ---- */

static void test_refuses(void **state)
{
	static const struct {
		const char *address;
		struct mapping_options options;
		const char *says;
	} rows[] = {
		{"1:00", {.name = NULL}, "'1:00' is not a PCI address"},
		{"01:00.8", {.name = NULL}, "'01:00.8' is not a PCI address"},
		{"", {.name = NULL}, "'' is not a PCI address"},
		{"01:00.0;x", {.name = NULL}, "'01:00.0;x' is not a PCI address"},
		{"09:00.0",
		 {.name = NULL},
		 "0000:09:00.0: there is no such device on this node (lab)"},
		{"00:01.0", {.name = NULL}, "a bridge stays with the host"},
		{"01:00.0;06:00.0", {.name = NULL}, "0000:01:00.0 and 0000:06:00.0 are different"},
		{"01:00", {.name = "g"}, "'g' cannot be the name of a mapping"},
		{"01:00", {.name = "a b"}, "'a b' cannot be the name of a mapping"},
		{"01:00", {.name = "../x"}, "'../x' cannot be the name of a mapping"},
		{"01:00",
		 {.node = "pve9"},
		 "there is no node pve9 in this cluster; its nodes: lab, "
		 "pve2, pve3"},
		{"01:00", {.node = "pve3"}, "node pve3 is offline"},
		{"01:00", {.node = "all", .all_twins = true}, "only an address can be looked up"},
		{NULL, {.vfs_of = "05:00"}, "--vfs-of takes one address with its function"},
		{NULL, {.vfs_of = "05:00.0"}, "host-setup sriov 0000:05:00.0 N"},
		{NULL, {.name = "none"}, "there is no mapping none"},
		{"01:00", {.name = "vgpu"}, "mapping vgpu is one of mediated devices"},
		{"01:00", {.name = "words"}, "other characters than ASCII"},
	};
	struct tree *tree = *state;
	auto_free char *before = NULL;

	tree_file(tree, CONFIG,
		  "vgpu\n\tmdev 1\n\tmap " OTHER_LINE "\n\nwords\n\tmap " OTHER_LINE
		  ",description=gr\xc3\xb6\xc3\x9f"
		  "er\n\n");
	tree_file(tree, "commands", "");
	before = tree_render(tree, TREE_ALL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_run struct run ran = {0};

		map(tree, rows[i].address, &rows[i].options, &ran);
		run_assert_code(&ran, EXIT_REFUSED);
		run_assert_says(&ran, rows[i].says);
		tree_assert_is(tree, TREE_ALL, before);
	}
}

static void test_no_quorum(void **state)
{
	struct tree *tree = *state;
	auto_run struct run ran = {0};

	tree_file(tree, "etc/pve/.members",
		  "{\"nodename\": \"lab\", \"cluster\": {\"quorate\": 0 }, \"nodelist\": {}}");
	map(tree, "01:00", &(struct mapping_options){.name = NULL}, &ran);
	run_assert_code(&ran, EXIT_REFUSED);
	run_assert_says(&ran, "the cluster has no quorum");
	assert_false(tree_has(tree, "commands"));
}

static void test_pvesh_fails(void **state)
{
	struct tree *tree = *state;
	auto_run struct run failing = {0}, odd = {0};

	setenv("FAKE_FAIL", "pvesh", 1);
	map(tree, "01:00", &(struct mapping_options){.name = NULL}, &failing);
	unsetenv("FAKE_FAIL");
	run_assert_code(&failing, EXIT_FAILED);
	run_assert_says(&failing, "`pvesh get /cluster/mapping/pci --output-format json` failed: "
				  "exit status 255: ipcc_send_rec[1] failed: Connection refused");
	tree_file(tree, "etc/pve/.members", "{");
	map(tree, "01:00", &(struct mapping_options){.name = NULL}, &odd);
	run_assert_code(&odd, EXIT_FAILED);
	run_assert_says(&odd, "the nodes of the cluster cannot be read from /etc/pve/.members");
	assert_false(tree_has(tree, CONFIG));
}

/* Another was faster: nothing of what it wrote is lost. */
static void test_race(void **state)
{
	struct tree *tree = *state;
	auto_run struct run ran = {0};

	tree_file(tree, CONFIG, "gpu\n\tmap " OTHER_LINE "\n\n");
	setenv("FAKE_RACE", "1", 1);
	map(tree, "01:00", &(struct mapping_options){.name = NULL}, &ran);
	run_assert_code(&ran, EXIT_DONE);
	run_assert_says(&ran,
			"the mappings were changed by another meanwhile; they were read again");
	assert_config(tree, "another\n\tmap id=1234:5678,node=other,path=0000:09:00.0\n\n"
			    "gpu\n\tmap " OTHER_LINE "\n\tmap " CARD_LINE "\n\n");
}

/* ---- lines that no longer fit ---- */

static void test_mends(void **state)
{
	struct tree *tree = *state;
	auto_run struct run group = {0}, moved = {0}, good = {0}, none = {0};

	/* In another group, with an id in upper case: both never match. */
	tree_file(tree, CONFIG,
		  "gpu\n\tmap " OTHER_LINE "\n\tmap node=lab,path=0000:06:00.0,id=1B73:1100,"
		  "description=a; b,iommugroup=9\n\n");
	map(tree, NULL, &(struct mapping_options){.name = NULL}, &group);
	run_assert_code(&group, EXIT_DONE);
	run_assert_says(&group,
			"- node lab: the line for 0000:06:00.0 no longer fits the hardware: "
			"node=lab,path=0000:06:00.0,id=1B73:1100,description=a; b,"
			"iommugroup=9\n");
	assert_config(tree, "gpu\n\tmap " OTHER_LINE "\n\tmap " USB_LINE ",description=a; b\n\n");
	map(tree, NULL, &(struct mapping_options){.name = NULL}, &good);
	assert_string_equal(good.out, "mapping gpu is as it should be\n");
	/* Another card is in its slot now, and it is in the one slot where no line looks for it. */
	tree_file(tree, CONFIG,
		  "gpu\n\tmap node=lab,path=0000:03:00.0,id=1b73:1100,iommugroup=3\n");
	map(tree, NULL, &(struct mapping_options){.name = NULL}, &moved);
	run_assert_code(&moved, EXIT_DONE);
	assert_config(tree, "gpu\n\tmap " USB_LINE "\n\n");
	tree_file(tree, CONFIG,
		  "gpu\n\tmap node=lab,path=0000:09:00.0,id=9999:1100,iommugroup=3\n");
	map(tree, NULL, &(struct mapping_options){.name = NULL}, &none);
	run_assert_says(&none, "there is no device at 0000:09:00.0 on this node");
	assert_config(tree, "gpu\n\tmap node=lab,path=0000:09:00.0,id=9999:1100,iommugroup=3\n");
}

/* ---- many devices ---- */

static void test_twins(void **state)
{
	struct tree *tree = *state;
	auto_run struct run ran = {0}, used = {0};

	map(tree, "05:00.0", &(struct mapping_options){.all_twins = true}, &ran);
	run_assert_code(&ran, EXIT_DONE);
	assert_config(tree, "gpu\n\tmap " GPU_LINE "\n\tmap " TWIN_LINE "\n\n");
	/* One is in use: it is left out, and its line, if there is one, stays. */
	tree_file(tree, "run/qemu-server/pci-id-reservations",
		  "0000:05:00.0 200 time:9999999999\n");
	tree_file(tree, CONFIG, "gpu\n\tmap " OTHER_LINE "\n\tmap " TWIN_LINE "\n\n");
	map(tree, "01:00.0", &(struct mapping_options){.all_twins = true}, &used);
	run_assert_code(&used, EXIT_DONE);
	run_assert_says(&used, "- 0000:05:00.0 is left out: 0000:05:00.0: ");
	assert_config(tree,
		      "gpu\n\tmap " OTHER_LINE "\n\tmap " TWIN_LINE "\n\tmap " GPU_LINE "\n\n");
}

static void test_vfs(void **state)
{
	static const struct tree_device vfs[] = {
		{"0000:08:10.0", 0x8086, 0x10ed, 0x8086, 0xc, 0x020000, 30, NULL, NULL, NULL, true,
		 false},
		{"0000:08:10.2", 0x8086, 0x10ed, 0x8086, 0xc, 0x020000, 31, NULL, NULL, NULL, true,
		 false},
	};
	struct tree *tree = *state;
	auto_run struct run ran = {0};

	for (size_t i = 0; i < ARRAY_SIZE(vfs); i++)
		tree_device(tree, &vfs[i]);
	tree_link(tree, "sys/bus/pci/devices/" PARKED "/virtfn0", "../0000:08:10.0");
	tree_link(tree, "sys/bus/pci/devices/" PARKED "/virtfn1", "../0000:08:10.2");
	map(tree, NULL, &(struct mapping_options){.vfs_of = "03:00.0"}, &ran);
	run_assert_code(&ran, EXIT_DONE);
	assert_config(tree, "gpu\n"
			    "\tmap node=lab,path=0000:08:10.0,id=8086:10ed,subsystem-id=8086:000c,"
			    "iommugroup=30\n"
			    "\tmap node=lab,path=0000:08:10.2,id=8086:10ed,subsystem-id=8086:000c,"
			    "iommugroup=31\n\n");
}

/* ---- other nodes ---- */

#define DEVICE_THERE(id, device, group)                                                 \
	"{\"id\":\"" id "\",\"vendor\":\"0x10de\",\"device\":\"" device "\",\"class\":" \
	"\"0x030000\",\"subsystem_vendor\":\"0x1043\",\"subsystem_device\":\"0x8600\"," \
	"\"iommugroup\":" group ",\"device_name\":\"Card\"}"

static void test_other_nodes(void **state)
{
	struct tree *tree = *state;
	auto_run struct run one = {0}, all = {0}, absent = {0}, wrong = {0};

	tree_file(tree, "fake/pve2.json",
		  "[" DEVICE_THERE("0000:01:00.0", "0x2222",
				   "3") "," DEVICE_THERE("0000:41:00.0", "0x1001", "7") "]");
	map(tree, "41:00.0", &(struct mapping_options){.node = "pve2"}, &one);
	run_assert_code(&one, EXIT_DONE);
	assert_config(tree, "gpu\n\tmap " OTHER_LINE "\n\n");
	/* At the same address there is another card; a node is offline. */
	tree_delete(tree, CONFIG);
	map(tree, "01:00.0", &(struct mapping_options){.node = "all"}, &all);
	run_assert_code(&all, EXIT_PARTLY);
	run_assert_says(&all, "node pve3 is left out: it is offline");
	assert_config(tree, "gpu\n\tmap " GPU_LINE "\n\tmap " OTHER_LINE "\n\n");
	map(tree, "01:00.1", &(struct mapping_options){.node = "pve2"}, &absent);
	run_assert_code(&absent, EXIT_REFUSED);
	run_assert_says(&absent, "0000:01:00.1: there is no such device on node pve2");
	tree_delete(tree, CONFIG);
	tree_file(tree, "fake/pve2.errors", "pci device '0000:41:00.0' not found");
	map(tree, "41:00.0", &(struct mapping_options){.node = "pve2"}, &wrong);
	run_assert_code(&wrong, EXIT_FAILED);
	run_assert_says(&wrong, "node pve2: Proxmox VE finds fault with mapping gpu: Invalid "
				"configuration: pci device '0000:41:00.0' not found");
}

/* ---- vm --add --mapping ---- */

static void add(struct tree *tree, const char *config, const char *address, struct run *ret)
{
	tree_vm(tree, 100, config);
	vm_options = (struct vm_options){
		.add = true, .yes = true, .run = true, .address = address, .mapping = "gpu"};
	by_vm = true;
	setenv("HOST_TREE", tree->root.path, 1);
	run_hook(tree, run_verb, 100, ret);
}

static void assert_vm(struct tree *tree, const char *expected)
{
	auto_free char *text = tree_text(tree, "etc/pve/qemu-server/100.conf");

	assert_string_equal(text, expected);
}

static void test_vm_gets_a_new_entry(void **state)
{
	struct tree *tree = *state;
	auto_run struct run ran = {0};

	add(tree, "machine: q35\nhostpci0: 03:00.0,pcie=1\n", "05:00.0", &ran);
	run_assert_code(&ran, EXIT_DONE);
	run_assert_says(&ran, "    pvesh create /cluster/mapping/pci --id gpu --map " TWIN_LINE "\n"
			      "    qm set 100 --hostpci1 mapping=gpu,pcie=1\n");
	assert_config(tree, "gpu\n\tmap " TWIN_LINE "\n\n");
	assert_vm(tree, "machine: q35\nhostpci0: 03:00.0,pcie=1\nhostpci1: mapping=gpu,pcie=1\n");
}

/* An entry by address keeps its number and options, and the mapping gets all that it named. */
static void test_vm_entry_is_taken_over(void **state)
{
	struct tree *tree = *state;
	auto_run struct run ran = {0}, again = {0};

	add(tree, "machine: q35\nhostpci3: x-vga=1,host=01:00,pcie=1,romfile=a.bin\n", "01:00.0",
	    &ran);
	run_assert_code(&ran, EXIT_DONE);
	assert_config(tree, "gpu\n\tmap " CARD_LINE "\n\n");
	assert_vm(tree, "machine: q35\nhostpci3: x-vga=1,mapping=gpu,pcie=1,romfile=a.bin\n");
	add(tree, "machine: q35\nhostpci3: mapping=gpu,pcie=1\n", "01:00", &again);
	run_assert_code(&again, EXIT_DONE);
	run_assert_says(&again, "mapping gpu is as it should be\n");
	assert_vm(tree, "machine: q35\nhostpci3: mapping=gpu,pcie=1\n");
}

static void test_vm_refuses(void **state)
{
	static const struct {
		const char *config, *says;
	} rows[] = {
		{"hostpci0: mapping=other\n", "by another mapping: hostpci0: mapping=other"},
		{"hostpci0: 01:00.0,mdev=x\n", "gives the VM a mediated device, and stays"},
	};
	struct tree *tree = *state;

	tree_file(tree, CONFIG, "other\n\tmap " GPU_LINE "\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_run struct run ran = {0};

		add(tree, rows[i].config, "01:00.0", &ran);
		run_assert_code(&ran, EXIT_REFUSED);
		run_assert_says(&ran, rows[i].says);
		assert_vm(tree, rows[i].config);
	}
	assert_config(tree, "other\n\tmap " GPU_LINE "\n\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_makes),
		TEST(test_only_shows),
		TEST(test_adds_this_node),
		TEST(test_replaces_or_adds),
		TEST(test_refuses),
		TEST(test_no_quorum),
		TEST(test_pvesh_fails),
		TEST(test_race),
		TEST(test_mends),
		TEST(test_twins),
		TEST(test_vfs),
		TEST(test_other_nodes),
		TEST(test_vm_gets_a_new_entry),
		TEST(test_vm_entry_is_taken_over),
		TEST(test_vm_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
