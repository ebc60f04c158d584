// SPDX-License-Identifier: GPL-2.0-or-later
/* What plan says when what is at a VM's addresses is not what was there at its last start. */
#include "hookscript/records/identity.h"

#include <stdio.h>

#include "hookscript/pve/cluster.h"
#include "hookscript/pve/exit.h"
#include "hookscript/pve/ha.h"
#include "hookscript/verbs/accept.h"
#include "earlycase.h"
#include "scenario.h"

/* What is kept of VM VMID, without serial numbers and slots, as older versions write it: pairs of
 * an address and an identity. */
static void keep(struct tree *tree, unsigned int vmid, const char *const (*pairs)[2], size_t n)
{
	struct identity_device list[8] = {0};

	assert_true(n <= ARRAY_SIZE(list));
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(bdf_parse(pairs[i][0], &list[i].bdf), 0);
		assert_int_equal(pci_identity_parse(pairs[i][1], &list[i].identity), 0);
	}
	assert_int_equal(identity_write(&tree->root, vmid, list, n), 0);
}

#define KEEP(tree, vmid, ...)                                       \
	keep((tree), (vmid), (const char *const[][2]){__VA_ARGS__}, \
	     sizeof((const char *const[][2]){__VA_ARGS__}) / (2 * sizeof(const char *)))

static void plan_of(struct tree *tree, unsigned int vmid, const char *config, struct run *ret)
{
	if (config)
		tree_vm(tree, vmid, config);
	run_hook(tree, scenario_plan, vmid, ret);
}

#define GPU_ID	 "10de:1001:1043:8600:030000"
#define SOUND_ID "10de:1002:1043:8600:040300"
#define DISK_ID	 "144d:a808:144d:a801:010802"
#define GONE	 "0000:0a:00.0"
#define GONE_ID	 "8086:10d3:8086:a01f:020000"

/* ---- a device that is nowhere ---- */

/* The rest of the card, or of the list, stays with the VM. */
static void test_lost(void **state)
{
	static const struct {
		const char *config, *cure;
	} rows[] = {
		{"machine: q35\nhostpci0: 01:00,pcie=1\n", "pve-passthrough accept 100"},
		{"machine: q35\nhostpci0: 01:00.0;0a:00.0,pcie=1\n",
		 "qm set 100 --hostpci0 '01:00.0,pcie=1'"},
		{"machine: q35\nhostpci0: 0a:00;01:00.0,pcie=1\n",
		 "qm set 100 --hostpci0 '01:00.0,pcie=1'"},
		{"machine: q35\nhostpci0: 01:00.0,pcie=1\nhostpci1: 0a:00.0\n",
		 "qm set 100 --delete hostpci1"},
		{"machine: q35\nhostpci1: 0a:00.0;01:00.2\n", "qm set 100 --delete hostpci1"},
	};
	struct tree *tree = *state;

	KEEP(tree, 100, {GPU, GPU_ID}, {SOUND, SOUND_ID},
	     {"0000:01:00.2", "10de:1ad8:1043:8600:0c0330"}, {GONE, GONE_ID});
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *cure = fs_path("or, if it was taken out: %s\n", rows[i].cure);
		auto_run struct run run = {0};

		plan_of(tree, 100, rows[i].config, &run);
		run_assert_code(&run, EXIT_REFUSED);
		run_assert_says(&run, "it fell off the bus");
		run_assert_says(&run, cure);
		if (!strstr(rows[i].cure, "--delete"))
			assert_false(run_says(&run, "--delete"));
	}
}

/* A card with fewer functions in its place: what is gone is no reason to take the slot out. */
static void test_fewer_functions(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	KEEP(tree, 100, {GPU, "10de:1e87:1043:8600:030000"},
	     {"0000:01:00.2", "10de:1ad8:1043:8600:0c0330"});
	plan_of(tree, 100, "machine: q35\nhostpci0: 01:00,pcie=1\n", &run);
	run_assert_says(&run, "  cure: take what is there now as the right one: pve-passthrough "
			      "accept 100\n");
	run_assert_says(&run, "or, if it was taken out: pve-passthrough accept 100\n");
	assert_false(run_says(&run, "--delete"));
}

/* ---- another of its model ---- */

/* TWIN is like GPU, and VM 101's. */
static void test_twin_of_another_vm(void **state)
{
	struct tree *tree = *state;
	auto_run struct run gone = {0}, other = {0}, moved = {0};

	tree_vm(tree, 101, "machine: q35\nhostpci0: " TWIN ",pcie=1\n");
	KEEP(tree, 100, {GONE, GPU_ID});
	KEEP(tree, 101, {TWIN, GPU_ID});
	tree_device_gone(tree, GPU);
	plan_of(tree, 100, "machine: q35\nhostpci0: " GONE ",pcie=1\n", &gone);
	run_assert_code(&gone, EXIT_REFUSED);
	run_assert_says(&gone, "now there is none, and no free one like it on this host");
	run_assert_says(&gone, "or, if it was taken out: qm set 100 --delete hostpci0\n");
	assert_false(run_says(&gone, TWIN));
	assert_false(run_says(&gone, "accept"));
	/* With another device in the slot. */
	KEEP(tree, 100, {DISK, GPU_ID});
	plan_of(tree, 100, "machine: q35\nhostpci0: " DISK ",pcie=1\n", &other);
	run_assert_says(&other, "; no free device like that is there now");
	run_assert_says(&other, "  cure: take what is there now as the right one: pve-passthrough "
				"accept 100\n");
	assert_false(run_says(&other, TWIN));
	/* Another VM's address, at which it had another device: that is not its own. */
	KEEP(tree, 101, {TWIN, SOUND_ID});
	plan_of(tree, 100, NULL, &moved);
	run_assert_says(&moved, "; a device like that is now at " TWIN "\n");
	run_assert_says(&moved,
			"  cure: if that is the one, follow it: qm set 100 --hostpci0 '" TWIN
			",pcie=1'\n        or take what is there now as the right one: ");
}

/* By a mapping, or as another entry of the same VM. */
static void test_twin_by_other_means(void **state)
{
	static const char gone[] = "machine: q35\nhostpci0: " GONE ",pcie=1\n";
	struct tree *tree = *state;
	auto_run struct run by_mapping = {0}, own = {0};

	tree_device_gone(tree, GPU);
	tree_link(tree, "etc/pve/local", "nodes/lab");
	tree_file(tree, "etc/pve/mapping/pci.cfg",
		  "gpu\n\tmap node=lab,path=" TWIN ",id=10de:1001,subsystem-id=1043:8600\n");
	tree_vm(tree, 101, "hostpci0: mapping=gpu\n");
	KEEP(tree, 100, {GONE, GPU_ID});
	plan_of(tree, 100, gone, &by_mapping);
	run_assert_says(&by_mapping, "no free one like it");
	tree_vm(tree, 101, "");
	KEEP(tree, 100, {TWIN, GPU_ID}, {GONE, GPU_ID});
	plan_of(tree, 100, "machine: q35\nhostpci0: " GONE "\nhostpci1: " TWIN "\n", &own);
	run_assert_says(&own, "no free one like it");
	assert_false(run_says(&own, "--hostpci0"));
}

/* It may be the one that was moved to another slot, if there is no other. */
static void test_one_that_is_free(void **state)
{
	static const char gone[] = "machine: q35\nhostpci0: " GONE ",pcie=1\n";
	struct tree *tree = *state;
	auto_run struct run one = {0}, two = {0};

	KEEP(tree, 100, {GONE, GPU_ID});
	plan_of(tree, 100, gone, &two);
	run_assert_says(&two, "; one of the same model is at " GPU ", " TWIN "\n");
	assert_false(run_says(&two, "--hostpci0"));
	tree_device_gone(tree, GPU);
	plan_of(tree, 100, gone, &one);
	run_assert_says(&one, "; one of the same model is at " TWIN "\n");
	run_assert_says(&one,
			"        or, if that is the one, follow it: qm set 100 --hostpci0 '" TWIN
			",pcie=1'\n        or, if it was taken out: ");
}

/* They have changed places: neither is at its own address. */
static void test_swapped(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	KEEP(tree, 100, {DISK, "1b73:1100:0000:0000:0c0330"}, {USB, DISK_ID});
	plan_of(tree, 100, "machine: q35\nhostpci0: " DISK "\nhostpci1: " USB "\n", &run);
	run_assert_says(&run, "qm set 100 --hostpci0 '" USB "'\n");
	run_assert_says(&run, "qm set 100 --hostpci1 '" DISK "'\n");
}

/* The firmware's display setting makes the same graphics device another kind of display. */
static void test_other_kind_of_display(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	KEEP(tree, 100, {GPU, "10de:1001:1043:8600:038000"});
	plan_of(tree, 100, "machine: q35\nhostpci0: 01:00.0,pcie=1\n", &run);
	run_assert_code(&run, EXIT_DONE);
}

/* ---- slots and serial numbers ---- */

#define LEFT  "pci0000:00/0000:00:1c.0/"
#define RIGHT "pci0000:00/0000:00:1d.0/"

static void put_disk(struct tree *tree, const char *at, unsigned long long serial, int group)
{
	const struct early_case disk = {at, 0x144d, 0xa80a, 0x010802, 0, serial, "nvme"};
	auto_free char *width = fs_path("sys/devices/%s/max_link_width", at);

	early_case_put(tree, &disk);
	early_case_group(tree, &disk, group);
	tree_file(tree, width, "4\n");
}

static void take_away(struct tree *tree, const char *at)
{
	early_case_remove(tree, &(struct early_case){.at = at});
}

static void accept_both(struct tree *tree)
{
	for (unsigned int vmid = 100; vmid <= 101; vmid++) {
		auto_run struct run run = {0};

		run_hook(tree, accept_devices, vmid, &run);
		run_assert_code(&run, EXIT_DONE);
	}
}

/* VM 100 has the disk on the left at 0a:00.0, VM 101 its twin on the right at 0b:00.0. */
static void put_twins(struct tree *tree, bool with_serials)
{
	tree_vm(tree, 100, "machine: q35\nhostpci0: 0000:0a:00.0,pcie=1\n");
	tree_vm(tree, 101, "machine: q35\nhostpci0: 0000:0b:00.0,pcie=1\n");
	put_disk(tree, LEFT "0000:0a:00.0", with_serials ? 0x0025385b71b0e11f : 0, 70);
	put_disk(tree, RIGHT "0000:0b:00.0", with_serials ? 0x0025385b71b0e120 : 0, 71);
	accept_both(tree);
}

/* Another card has taken the bus of the first. */
static void shift(struct tree *tree, bool with_serials)
{
	take_away(tree, LEFT "0000:0a:00.0");
	take_away(tree, RIGHT "0000:0b:00.0");
	put_disk(tree, LEFT "0000:0b:00.0", with_serials ? 0x0025385b71b0e11f : 0, 70);
	put_disk(tree, RIGHT "0000:0c:00.0", with_serials ? 0x0025385b71b0e120 : 0, 71);
}

static void plan_is_good(struct tree *tree, unsigned int vmid, const char *config)
{
	auto_run struct run run = {0};

	plan_of(tree, vmid, config, &run);
	run_assert_code(&run, EXIT_DONE);
}

/* Neither VM is given the other's disk, and each is told where its own is. */
static void shifts(struct tree *tree, bool with_serials, const char *because)
{
	auto_run struct run first = {0}, second = {0};

	put_twins(tree, with_serials);
	plan_is_good(tree, 100, NULL);
	plan_is_good(tree, 101, NULL);
	shift(tree, with_serials);
	plan_of(tree, 100, NULL, &first);
	run_assert_code(&first, EXIT_REFUSED);
	run_assert_says(&first, "; that device is now at 0000:0b:00.0\n"
				"  cure: follow it: qm set 100 --hostpci0 '0000:0b:00.0,pcie=1'\n");
	plan_of(tree, 101, NULL, &second);
	run_assert_code(&second, EXIT_REFUSED);
	run_assert_says(&second, because);
	run_assert_says(&second,
			"; that device is now at 0000:0c:00.0\n"
			"  cure: follow it: qm set 101 --hostpci0 '0000:0c:00.0,pcie=1'\n");
	assert_false(run_says(&second, "accept"));
	plan_is_good(tree, 100, "machine: q35\nhostpci0: 0000:0b:00.0,pcie=1\n");
	plan_is_good(tree, 101, "machine: q35\nhostpci0: 0000:0c:00.0,pcie=1\n");
}

static void test_shift_by_serial(void **state)
{
	shifts(*state, true, "its serial number is 0025385b71b0e11f, and was 0025385b71b0e120");
}

static void test_shift_by_slot(void **state)
{
	shifts(*state, false, "in another slot (0000:00/1c.0/00.0, not 0000:00/1d.0/00.0)");
}

/* What was allowed for the disk on the right is at the address of the other one now. */
static void test_settings_follow(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	tree_settings(tree, "devices = (\n  { address = \"0000:0b:00.0\"; id = \"144d:a80a\"; "
			    "allow = [ \"disk\" ]; }\n);\n");
	put_twins(tree, true);
	shift(tree, true);
	plan_of(tree, 101, NULL, &run);
	run_assert_says(&run, "and change the addresses in 'devices' of the settings: nano +2 "
			      "/etc/pve-passthrough.conf\n");
}

/* A file of a version that knows neither is as good as it was; the next start completes it. */
static void test_old_file(void **state)
{
	struct tree *tree = *state;
	auto_free char *text = NULL;

	put_twins(tree, true);
	KEEP(tree, 100, {"0000:0a:00.0", "144d:a80a:0000:0000:010802"});
	plan_is_good(tree, 100, NULL);
	scenario_must(tree, start_post, 100);
	text = tree_text(tree, "var/lib/pve-passthrough/vm/100");
	assert_non_null(strstr(text, "path = \"0000:00/1c.0/00.0\"; serial = "
				     "\"0025385b71b0e11f\"; }\n"));
	plan_is_good(tree, 100, NULL);
}

/* Another of the same model in its slot: it was replaced. */
static void test_replaced(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	put_twins(tree, true);
	take_away(tree, LEFT "0000:0a:00.0");
	put_disk(tree, LEFT "0000:0a:00.0", 0x0025385b71b0e121, 70);
	plan_of(tree, 100, NULL, &run);
	run_assert_code(&run, EXIT_REFUSED);
	run_assert_says(&run, "its serial number is 0025385b71b0e121, and was 0025385b71b0e11f");
	run_assert_says(&run, "  cure: take what is there now as the right one: pve-passthrough "
			      "accept 100\n");
	accept_both(tree);
	plan_is_good(tree, 100, NULL);
}

/* The same one in another slot, which has got the same address. */
static void test_same_one(void **state)
{
	struct tree *tree = *state;

	put_twins(tree, true);
	take_away(tree, LEFT "0000:0a:00.0");
	put_disk(tree, "pci0000:00/0000:00:1e.0/0000:0a:00.0", 0x0025385b71b0e11f, 70);
	plan_is_good(tree, 100, NULL);
}

/* VM 101's, which has moved, is not named to VM 100 as a device like its own. */
static void test_gone_and_shifted(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	put_twins(tree, false);
	take_away(tree, LEFT "0000:0a:00.0");
	take_away(tree, RIGHT "0000:0b:00.0");
	put_disk(tree, RIGHT "0000:0c:00.0", 0, 71);
	plan_of(tree, 100, NULL, &run);
	run_assert_code(&run, EXIT_REFUSED);
	run_assert_says(&run, "no free one like it on this host");
	assert_false(run_says(&run, "0c:00.0"));
}

/* What is at VM 101's address is VM 100's, and its own is gone: accept would give it that one. */
static void test_the_other_is_there(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	put_twins(tree, true);
	shift(tree, true);
	take_away(tree, RIGHT "0000:0c:00.0");
	plan_of(tree, 101, NULL, &run);
	run_assert_code(&run, EXIT_REFUSED);
	run_assert_says(&run,
			"  cure: what is there now is VM 100's device, see: pve-passthrough plan "
			"100\n        or, if this VM is to have that one: pve-passthrough accept "
			"101\n");
}

/* A VM of HA that has followed its device has it since before. */
static void test_followed_under_ha(void **state)
{
	struct tree *tree = *state;

	put_twins(tree, false);
	shift(tree, false);
	tree_link(tree, "etc/pve/local", "nodes/lab");
	tree_file(tree, CLUSTER_MEMBERS,
		  "{\"nodename\": \"lab\", \"nodelist\": {\"lab\": {}, \"pve2\": {}}}");
	tree_file(tree, HA_RESOURCES, "vm: 100\n");
	plan_is_good(tree, 100, "machine: q35\nhostpci0: 0000:0b:00.0,pcie=1\n");
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, scenario_setup, fake_kernel_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_lost),
		TEST(test_fewer_functions),
		TEST(test_twin_of_another_vm),
		TEST(test_twin_by_other_means),
		TEST(test_one_that_is_free),
		TEST(test_swapped),
		TEST(test_other_kind_of_display),
		TEST(test_shift_by_serial),
		TEST(test_shift_by_slot),
		TEST(test_settings_follow),
		TEST(test_old_file),
		TEST(test_replaced),
		TEST(test_same_one),
		TEST(test_gone_and_shifted),
		TEST(test_the_other_is_there),
		TEST(test_followed_under_ha),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
