// SPDX-License-Identifier: GPL-2.0-or-later
/* The verb mapping, before a pvesh with the rules of Proxmox VE's. */
#include "hookscript/verbs/mapping.h"

#include <stdio.h>

#include "hookscript/pve/exit.h"
#include "hookscript/verbs/mapping_make.h"
#include "host/base/log.h"
#include "clustercase.h"
#include "keep_json.h"

/* Old, in an odd order, with a description: it must stay as it is. */
#define KEPT_LINE "iommugroup=3,id=8086:1521,path=0000:81:00.1,node=pve3,description=the left one"

static struct mapping_options options;

static int run_verb(const struct fs_root *root, unsigned int vmid)
{
	log_open(NULL, NULL);
	(void)vmid;
	return mapping_run(root, &options);
}

static void run(struct tree *tree, const struct mapping_options *with, struct run *ret)
{
	options = *with;
	options.name = with->name ? with->name : "gpu";
	options.run = true;
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
	clustercase_assert_config(tree, "usb\n\tmap " USB_LINE "\n\n");
	map(tree, "06:00.0", &(struct mapping_options){.name = "usb"}, &again);
	run_assert_code(&again, EXIT_DONE);
	assert_string_equal(again.out, "mapping usb is as it should be\n");
	clustercase_assert_ran(
		tree,
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
	clustercase_assert_ran(tree, "");
}

/* What would be done, for programs, and whether there is anything to do. */
static void test_json(void **state)
{
	struct tree *tree = *state;
	char *addresses[] = {(char *)(uintptr_t) "01:00"}, *none[] = {(char *)(uintptr_t) "1f:00"};
	auto_json json_object *root = NULL, *nothing = NULL;
	auto_run struct run made = {0}, same = {0}, absent = {0};

	run(tree, &(struct mapping_options){.addresses = addresses, .n_addresses = 1, .json = true},
	    &made);
	run_assert_code(&made, EXIT_REFUSED);
	root = keep_json(made.out, "mapping", "new");
	run_assert_says(&made, "\"mapping\":\"gpu\"");
	run_assert_says(&made, "\"exists\":false");
	run_assert_says(&made, "\"refusal\":null");
	run_assert_says(&made, "\"pvesh\",\n    \"create\"");
	run_assert_says(&made, "\"lines\":[\n    \"" CARD_LINE "\"\n  ]");
	assert_false(tree_has(tree, CONFIG));
	tree_file(tree, CONFIG, "gpu\n\tmap " CARD_LINE "\n\n");
	run(tree, &(struct mapping_options){.addresses = addresses, .n_addresses = 1, .json = true},
	    &same);
	run_assert_code(&same, EXIT_DONE);
	run_assert_says(&same, "\"exists\":true");
	nothing = json_tokener_parse(same.out);
	assert_int_equal(json_object_array_length(json_object_object_get(nothing, "command")), 0);
	run(tree, &(struct mapping_options){.addresses = none, .n_addresses = 1, .json = true},
	    &absent);
	run_assert_code(&absent, EXIT_REFUSED);
	assert_string_equal(absent.out, "");
	clustercase_assert_ran(tree, "");
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
	clustercase_assert_config(tree,
				  "gpu\n\tdescription cards\n\tmap " KEPT_LINE "\n\tmap " OTHER_LINE
				  "\n\tmap " CARD_LINE "\n\nusb\n\tmap " USB_LINE "\n\n");
}

static void test_replaces_or_adds(void **state)
{
	struct tree *tree = *state;
	auto_run struct run beside = {0}, there = {0}, replaced = {0};

	tree_file(tree, CONFIG, "gpu\n\tmap " GPU_LINE "\n\tmap " OTHER_LINE "\n\n");
	map(tree, "05:00.0", &(struct mapping_options){.alternative = true}, &beside);
	run_assert_code(&beside, EXIT_DONE);
	clustercase_assert_config(tree, "gpu\n\tmap " GPU_LINE "\n\tmap " OTHER_LINE
					"\n\tmap " TWIN_LINE "\n\n");
	/* What has a line needs no other's place. */
	map(tree, "05:00.0", &(struct mapping_options){.alternative = false}, &there);
	run_assert_code(&there, EXIT_DONE);
	assert_string_equal(there.out, "mapping gpu is as it should be\n");
	tree_file(tree, CONFIG, "gpu\n\tmap " GPU_LINE "\n\tmap " OTHER_LINE "\n\n");
	map(tree, "05:00.0", &(struct mapping_options){.alternative = false}, &replaced);
	run_assert_code(&replaced, EXIT_DONE);
	run_assert_says(
		&replaced,
		"- node lab: this line would be removed (to keep it: pve-passthrough mapping "
		"gpu ADDRESS --alternative): " GPU_LINE "\n");
	clustercase_assert_config(tree, "gpu\n\tmap " TWIN_LINE "\n\tmap " OTHER_LINE "\n\n");
}

/* What people wrote keeps its bytes, whatever the locale is: UTF-8, and what is none. */
static void test_keeps_words(void **state)
{
#define WORDS ",description=gr\xc3\xb6\xc3\x9f\x65r \xe4\xb8\xad \xfc\x65"
	struct tree *tree = *state;
	auto_run struct run ran = {0};

	tree_file(tree, CONFIG, "gpu\n\tmap " OTHER_LINE WORDS "\n\n");
	map(tree, "01:00", &(struct mapping_options){.name = NULL}, &ran);
	run_assert_code(&ran, EXIT_DONE);
	run_assert_says(&ran,
			"    env LC_ALL=C.UTF-8 pvesh set /cluster/mapping/pci/gpu --digest ");
	clustercase_assert_config(tree, "gpu\n\tmap " OTHER_LINE WORDS "\n\tmap " CARD_LINE "\n\n");
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
		{"01:00", {.name = "words"}, "a line with control characters"},
	};
	struct tree *tree = *state;
	auto_free char *before = NULL;

	tree_file(tree, CONFIG,
		  "vgpu\n\tmdev 1\n\tmap " OTHER_LINE "\n\nwords\n\tmap " OTHER_LINE
		  ",description=a\tb\n\n");
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

/* It may wait for the cluster for ever; what a write has done is not known then. */
static void test_pvesh_hangs(void **state)
{
	struct tree *tree = *state;
	auto_run struct run reading = {0}, writing = {0};

	pvesh_limit_ms = 500;
	setenv("FAKE_FAIL", "hang", 1);
	map(tree, "01:00", &(struct mapping_options){.name = NULL}, &reading);
	setenv("FAKE_FAIL", "hang-writing", 1);
	map(tree, "01:00", &(struct mapping_options){.name = NULL}, &writing);
	unsetenv("FAKE_FAIL");
	pvesh_limit_ms = 30000;
	run_assert_code(&reading, EXIT_FAILED);
	run_assert_says(&reading, "failed: it takes too long");
	run_assert_code(&writing, EXIT_FAILED);
	run_assert_says(&writing, "whether it was written is not known; see: pvesh get "
				  "/cluster/mapping/pci/gpu");
	assert_false(tree_has(tree, CONFIG));
}

static void test_quorum_is_lost(void **state)
{
	struct tree *tree = *state;
	auto_run struct run ran = {0};

	setenv("FAKE_FAIL", "quorum", 1);
	map(tree, "01:00", &(struct mapping_options){.name = NULL}, &ran);
	unsetenv("FAKE_FAIL");
	run_assert_code(&ran, EXIT_FAILED);
	run_assert_says(&ran, "no quorum!; nothing more was run");
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
	clustercase_assert_config(tree,
				  "gpu\n\tmap " OTHER_LINE "\n\tmap " CARD_LINE "\n\n"
				  "another\n\tmap id=1234:5678,node=other,path=0000:09:00.0\n\n");
}

/* All lines of a config, as Proxmox VE reads them, but for the new one of the mapping NAME. In
 * order of name, for the fake writes sections in that order, as Proxmox VE does. */
static char *lines_of(struct tree *tree, const char *name)
{
	cleanup_with(mappings_freep) struct mappings *mappings = NULL;
	auto_strbuf struct strbuf text = {0};
	auto_free char *config = NULL;
	size_t len;

	assert_int_equal(fs_read(&tree->root, CONFIG, 65536, &config, &len), 0);
	assert_int_equal(mappings_parse(config, len, &mappings), 0);
	for (size_t i = 0; i < mappings->n; i++) {
		const struct mapping *mapping = &mappings->items[i];

		for (size_t k = 0; k < mapping->n_entries; k++) {
			const struct mapping_entry *entry = &mapping->entries[k];
			auto_free char *path = mapping_path(entry->paths, entry->n_paths);

			if (mapping != mappings_find(mappings, mapping->id))
				continue; /* a later section replaces it */
			if (strcmp(mapping->id, name) != 0 || strcmp(entry->node, "lab") != 0 ||
			    strcmp(path, USB) != 0)
				strbuf_add(&text, "%s %s %s %s %s %s %d\n", mapping->id,
					   entry->node, path, entry->id,
					   entry->subsystem_id ? entry->subsystem_id : "",
					   entry->iommugroup ? entry->iommugroup : "",
					   mapping->mdev);
		}
	}
	return strbuf_take(&text);
}

/* Configs as the web interface, scripts and people write them. */
static const char *const corpus[] = {
	"gpu\n\tdescription the big one\n\tmdev 1\n"
	"\tmap id=10de:2204,iommugroup=14,node=pve1,path=0000:01:00,subsystem-id=1043:87b3\n"
	"\tmap id=10de:2204,iommugroup=9,node=pve2,path=0000:81:00.0;0000:81:00.1\n\n"
	"nic\n\tlive-migration-capable 1\n\tmap path=10000:e1:00.0,node=lab,id=8086:0b60\n\n",
	/* Many alternatives, in no order; a description with signs of its own. */
	"gpu\n\tmap node=lab,path=0000:05:00.0,id=10de:1001,subsystem-id=1043:8600,iommugroup=13\n"
	"\tmap path=0000:41:00.0,id=10de:1001,node=pve2,description=slot 2; left = right, old\n"
	"\tmap id=10de:1001,node=lab,path=0000:01:00.0,subsystem-id=1043:8600,iommugroup=10\n"
	"\tmap iommugroup=-1,node=pve3,path=0000:02:00.0,id=10DE:1001\n\n",
	/* By hand: comments, blanks, a line that Proxmox VE drops, no newline at the end. */
	"# ours\ngpu\n    description x\n    map  node=pve2,path=0000:01:00,id=10de:2204  \n"
	"\tmap node=pve2,path=01:00,id=10de:2204\n\na-b\n\tmap node=lab,path=0000:06:00.0,"
	"id=1b73:1100",
	/* Twice; the parentheses tell clang that no comma is missing. */
	("a-b\n\tmap node=b-1,path=0000:01:00.0;0000:01:00.1,id=10de:2204\n\n"
	 "a-b\n\tmap node=c,path=0000:01:00.0,id=10de:2204\n\n"),
	"\n\n\n",
	"",
};

/* Whatever is in the file, a new line takes none away, and changes none. */
static void test_corpus(void **state)
{
	static const char *const names[] = {"gpu", "a-b", "new"};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(corpus) * ARRAY_SIZE(names); i++) {
		const char *name = names[i % ARRAY_SIZE(names)];
		auto_free char *before = NULL, *after = NULL;
		auto_run struct run ran = {0};

		tree_file(tree, CONFIG, corpus[i / ARRAY_SIZE(names)]);
		before = lines_of(tree, name);
		map(tree, "06:00.0", &(struct mapping_options){.name = name, .alternative = true},
		    &ran);
		after = lines_of(tree, name);
		assert_string_equal(before, after);
		run_assert_code(&ran, strstr(corpus[i / ARRAY_SIZE(names)], "mdev 1") &&
						      !strcmp(name, "gpu")
					      ? EXIT_REFUSED
					      : EXIT_DONE);
	}
}

/* ---- lines that no longer fit ---- */

static void test_mends(void **state)
{
	struct tree *tree = *state;
	auto_run struct run group = {0}, moved = {0}, good = {0}, none = {0}, far = {0};

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
	clustercase_assert_config(tree, "gpu\n\tmap " OTHER_LINE "\n\tmap " USB_LINE
					",description=a; b\n\n");
	map(tree, NULL, &(struct mapping_options){.name = NULL}, &good);
	assert_string_equal(good.out, "mapping gpu is as it should be\n");
	tree_file(tree, CONFIG, "gpu\n\tmap " OTHER_LINE "\n\n");
	map(tree, NULL, &(struct mapping_options){.name = NULL}, &far);
	run_assert_code(&far, EXIT_DONE);
	run_assert_says(&far, "nothing in mapping gpu would be changed, but:\n- it has no line for "
			      "this node (lab)");
	/* Another card is in its slot now, and it is in the one slot where no line looks for it. */
	tree_file(tree, CONFIG,
		  "gpu\n\tmap node=lab,path=0000:03:00.0,id=1106:3483,iommugroup=3\n");
	map(tree, NULL, &(struct mapping_options){.name = NULL}, &moved);
	run_assert_code(&moved, EXIT_DONE);
	clustercase_assert_config(tree, "gpu\n\tmap node=lab,path=0000:02:00.0,id=1106:3483,"
					"subsystem-id=0000:0000,iommugroup=10\n\n");
	tree_file(tree, CONFIG,
		  "gpu\n\tmap node=lab,path=0000:09:00.0,id=9999:1100,iommugroup=3\n");
	map(tree, NULL, &(struct mapping_options){.name = NULL}, &none);
	run_assert_says(&none, "there is no device at 0000:09:00.0 on this node");
	assert_null(strstr(none.out, "no longer fits")); /* with this very command as a cure */
	clustercase_assert_config(
		tree, "gpu\n\tmap node=lab,path=0000:09:00.0,id=9999:1100,iommugroup=3\n");
}

/* One that stays beside the new one makes every start with the mapping fail. */
static void test_misfit_stays(void **state)
{
	struct tree *tree = *state;
	auto_run struct run ran = {0};

	tree_file(tree, CONFIG, "gpu\n\tmap node=lab,path=0000:01:00.0,id=10de:1001\n\n");
	map(tree, "05:00.0", &(struct mapping_options){.alternative = true}, &ran);
	run_assert_code(&ran, EXIT_FAILED);
	run_assert_says(&ran,
			"- node lab: this line no longer fits the hardware, so no VM starts "
			"with the mapping there: node=lab,path=0000:01:00.0,id=10de:1001; cure: "
			"pve-passthrough mapping gpu\n");
	run_assert_says(&ran, "node lab: Proxmox VE finds fault with mapping gpu");
}

/* ---- many devices ---- */

static void test_twins(void **state)
{
	struct tree *tree = *state;
	auto_run struct run ran = {0}, used = {0};

	map(tree, "05:00.0", &(struct mapping_options){.all_twins = true}, &ran);
	run_assert_code(&ran, EXIT_DONE);
	clustercase_assert_config(tree, "gpu\n\tmap " GPU_LINE "\n\tmap " TWIN_LINE "\n\n");
	/* One is in use: it is left out, and its line, if there is one, stays. */
	tree_file(tree, "run/qemu-server/pci-id-reservations",
		  "0000:05:00.0 200 time:9999999999\n");
	tree_file(tree, CONFIG, "gpu\n\tmap " OTHER_LINE "\n\tmap " TWIN_LINE "\n\n");
	map(tree, "01:00.0", &(struct mapping_options){.all_twins = true}, &used);
	run_assert_code(&used, EXIT_DONE);
	run_assert_says(&used, "- 0000:05:00.0 is left out: 0000:05:00.0: ");
	clustercase_assert_config(tree, "gpu\n\tmap " OTHER_LINE "\n\tmap " TWIN_LINE
					"\n\tmap " GPU_LINE "\n\n");
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
	clustercase_assert_config(
		tree, "gpu\n"
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
	auto_run struct run one = {0}, all = {0}, named = {0}, absent = {0}, wrong = {0};

	tree_file(tree, "fake/pve2.json",
		  "[" DEVICE_THERE("0000:01:00.0", "0x2222",
				   "3") "," DEVICE_THERE("0000:41:00.0", "0x1001", "7") "]");
	map(tree, "41:00.0", &(struct mapping_options){.node = "pve2"}, &one);
	run_assert_code(&one, EXIT_DONE);
	clustercase_assert_config(tree, "gpu\n\tmap " OTHER_LINE "\n\n");
	/* At the same address there is another card; a node is offline. */
	tree_delete(tree, CONFIG);
	map(tree, "01:00.0", &(struct mapping_options){.node = "all"}, &all);
	run_assert_code(&all, EXIT_PARTLY);
	run_assert_says(&all, "node pve3 is left out: it is offline");
	clustercase_assert_config(tree, "gpu\n\tmap " GPU_LINE "\n\tmap " OTHER_LINE "\n\n");
	/* Nor is one taken that another mapping names there. */
	tree_file(tree, CONFIG, "usb\n\tmap " OTHER_LINE "\n\n");
	map(tree, "01:00.0", &(struct mapping_options){.node = "all"}, &named);
	run_assert_code(&named, EXIT_PARTLY);
	run_assert_says(&named, "the only such device, 0000:41:00.0, is not taken: mapping usb "
				"names it");
	clustercase_assert_config(tree, "usb\n\tmap " OTHER_LINE "\n\ngpu\n\tmap " GPU_LINE "\n\n");
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, clustercase_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_makes),
		TEST(test_only_shows),
		TEST(test_json),
		TEST(test_adds_this_node),
		TEST(test_replaces_or_adds),
		TEST(test_keeps_words),
		TEST(test_refuses),
		TEST(test_no_quorum),
		TEST(test_pvesh_fails),
		TEST(test_pvesh_hangs),
		TEST(test_quorum_is_lost),
		TEST(test_race),
		TEST(test_corpus),
		TEST(test_mends),
		TEST(test_misfit_stays),
		TEST(test_twins),
		TEST(test_vfs),
		TEST(test_other_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
