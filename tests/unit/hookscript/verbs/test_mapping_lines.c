// SPDX-License-Identifier: GPL-2.0-or-later
/* The verb mapping without an address: which device a line of this node is taken to be about. */
#include "hookscript/verbs/mapping.h"

#include <stdio.h>

#include "hookscript/pve/exit.h"
#include "host/base/log.h"
#include "clustercase.h"

static int run_verb(const struct fs_root *root, unsigned int vmid)
{
	const struct mapping_options options = {.name = "gpu", .run = true, .yes = true};

	log_open(NULL, NULL);
	(void)vmid;
	return mapping_run(root, &options);
}

static void run(struct tree *tree, struct run *ret)
{
	setenv("HOST_TREE", tree->root.path, 1);
	run_hook(tree, run_verb, 0, ret);
}

/* Nothing is written, and it says WHY. */
static void assert_kept(struct tree *tree, const char *config, const char *why)
{
	auto_run struct run ran = {0};

	tree_file(tree, CONFIG, config);
	run(tree, &ran);
	run_assert_code(&ran, EXIT_DONE);
	run_assert_says(&ran, "nothing in mapping gpu would be changed, but:\n- ");
	run_assert_says(&ran, why);
	clustercase_assert_config(tree, config);
}

/* ---- VFs ---- */

#define VF(address, group)                                                                     \
	{                                                                                      \
		address, 0x8086, 0x10ed, 0x8086, 0xc, 0x020000, group, NULL, NULL, NULL, true, \
			false                                                                  \
	}
#define VF_LINE(address, group) \
	"node=lab,path=" address ",id=8086:10ed,subsystem-id=8086:000c,iommugroup=" group

static void put_vf(struct tree *tree, const struct tree_device *vf, const char *pf,
		   unsigned int number)
{
	auto_free char *link = fs_path("sys/bus/pci/devices/%s/virtfn%u", pf, number);
	auto_free char *to_vf = fs_path("../%s", vf->bdf), *to_pf = fs_path("../%s", pf);
	auto_free char *back = fs_path("sys/bus/pci/devices/%s/physfn", vf->bdf);

	tree_device(tree, vf);
	tree_link(tree, link, to_vf);
	tree_link(tree, back, to_pf);
}

static void put_pf(struct tree *tree, const char *address)
{
	static const char *const names[] = {"totalvfs", "offset", "stride"};
	static const char *const values[] = {"4\n", "128\n", "2\n"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_free char *path = fs_path("sys/bus/pci/devices/%s/sriov_%s", address,
					       names[i]);

		tree_file(tree, path, values[i]);
	}
}

/* A VF that is not made is no other port's VF, and one that is mended beside it keeps its line. */
static void test_vf_is_not_made(void **state)
{
	static const struct tree_device first = VF("0000:03:10.0", 30);
	static const struct tree_device other = VF("0000:05:10.0", 31);
	struct tree *tree = *state;
	auto_run struct run ran = {0};

	put_pf(tree, PARKED);
	put_pf(tree, TWIN);
	put_vf(tree, &first, PARKED, 0);
	put_vf(tree, &other, TWIN, 0);
	assert_kept(tree,
		    "gpu\n\tmap " VF_LINE("0000:03:10.0", "30") "\n\tmap " VF_LINE("0000:03:10.2",
										   "7") "\n\n",
		    "0000:03:10.2 is a virtual function (VF) of 0000:03:00.0, number 2, which has "
		    "not been created, and its line stays; to create it: host-setup sriov "
		    "0000:03:00.0 2\n");
	tree_file(tree, CONFIG,
		  "gpu\n\tmap " VF_LINE("0000:03:10.0", "9") "\n\tmap " VF_LINE("0000:03:10.2",
										"7") "\n\n");
	run(tree, &ran);
	run_assert_code(&ran, EXIT_FAILED); /* for Proxmox VE looks at all lines */
	clustercase_assert_config(
		tree, "gpu\n\tmap " VF_LINE("0000:03:10.0", "30") "\n\tmap " VF_LINE("0000:03:10.2",
										     "7") "\n\n");
	/* Of no PF of this host: still no other port's. */
	assert_kept(tree, "gpu\n\tmap " VF_LINE("0000:09:10.2", "7") "\n\n",
		    "there is no device at 0000:09:10.2 on this node, and where it is now cannot "
		    "be told");
}

/* ---- whose it is ---- */

#define LOST "gpu\n\tmap node=lab,path=0000:09:00.0,id=1106:3483,iommugroup=3\n\n"

static void test_named_by_another(void **state)
{
	struct tree *tree = *state;
	auto_run struct run ran = {0};

	tree_vm(tree, 101, "hostpci0: 0000:02:00.0\n");
	assert_kept(
		tree, LOST,
		"the device of the line for 0000:09:00.0 is not there; the only one like it, " NEIGHBOUR
		", is not taken for it: VM 101 (hostpci0) names that one; to name "
		"another one: pve-passthrough mapping gpu ADDRESS\n");
	tree_vm(tree, 101, "hostpci0: mapping=gpu\n");
	assert_kept(tree, LOST "usb\n\tmap node=lab,path=0000:02:00.0,id=1106:3483\n\n",
		    NEIGHBOUR ", is not taken for it: mapping usb names that one");
	/* A config that cannot be read may name any device. */
	tree_obscure(tree, "etc/pve/qemu-server/101.conf");
	assert_kept(tree, LOST, "maybe VM 101 (its config cannot be read) names that one");
	/* Another node's line is about another device; neither is a mapping that is replaced. */
	tree_delete(tree, "etc/pve/qemu-server/101.conf");
	tree_file(tree, CONFIG, LOST "usb\n\tmap node=pve2,path=0000:02:00.0,id=1106:3483\n\n");
	run(tree, &ran);
	run_assert_code(&ran, EXIT_DONE);
	clustercase_assert_config(tree, "gpu\n\tmap node=lab,path=0000:02:00.0,id=1106:3483,"
					"subsystem-id=0000:0000,iommugroup=10\n\n"
					"usb\n\tmap node=pve2,path=0000:02:00.0,id=1106:3483\n\n");
}

/* Another device sits there, and the one meant may be one of several, or another's: the line is not
 * made one of the stranger. */
static void test_another_is_there(void **state)
{
	struct tree *tree = *state;
	auto_run struct run ran = {0};

	assert_kept(tree, "gpu\n\tmap node=lab,path=0000:02:00.0,id=10de:1001,iommugroup=3\n\n",
		    "0000:02:00.0 is another device now than the line for it says; to name the "
		    "right one: pve-passthrough mapping gpu ADDRESS\n");
	assert_kept(tree, "gpu\n\tmap node=lab,path=0000:05:00.0,id=1b73:1100,iommugroup=3\n\n",
		    "VM 100 (hostpci3) names that one");
	/* Nothing is like what it was: it has been replaced. */
	tree_file(tree, CONFIG,
		  "gpu\n\tmap node=lab,path=0000:05:00.0,id=10de:9999,iommugroup=3\n\n");
	run(tree, &ran);
	run_assert_code(&ran, EXIT_DONE);
	clustercase_assert_config(tree, "gpu\n\tmap " TWIN_LINE "\n\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, clustercase_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_vf_is_not_made),
		TEST(test_named_by_another),
		TEST(test_another_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
