// SPDX-License-Identifier: GPL-2.0-or-later
/* A VM that HA moves, with devices by address: what plan, vm and pre-start say, and refuse. */
#include <stdio.h>

#include "hookscript/pve/cluster.h"
#include "hookscript/pve/exit.h"
#include "hookscript/pve/ha.h"
#include "hookscript/records/identity.h"
#include "hookscript/verbs/accept.h"
#include "hookscript/verbs/vm_verb.h"
#include "host/base/log.h"
#include "scenario.h"

#define WARNING                                                                                \
	"hostpci2: HA may start this VM on another node (pve2), where it would get whatever "  \
	"device has the address 0000:04:00.0 there; a mapping names the device of each node: " \
	"pve-passthrough vm 100 --add 0000:04:00.0 --mapping=vm100-hostpci2"

#define REFUSAL                                                                              \
	"refused: HA moves this VM, and it has never started on this node (lab) with these " \
	"addresses, where they may be those of other devices: there is now 0000:04:00.0 "    \
	"(144d:a808:144d:a801:010802)"

#define CONFIG "machine: q35\nhostpci2: 04:00.0,pcie=1\n"

static int setup(void **state)
{
	struct tree *tree;

	if (scenario_setup(state))
		return -1;
	tree = *state;
	tree_link(tree, "etc/pve/local", "nodes/lab");
	tree_file(tree, CLUSTER_MEMBERS,
		  "{\"nodename\": \"lab\", \"nodelist\": {\"lab\": {}, \"pve2\": {}}}");
	tree_file(tree, HA_RESOURCES, "vm: 100\n\tstate started\n");
	tree_vm(tree, 100, CONFIG);
	return 0;
}

static void identity_must_write(struct tree *tree, const char *address, const char *identity)
{
	struct identity_device device = {0};

	assert_int_equal(bdf_parse(address, &device.bdf), 0);
	assert_int_equal(pci_identity_parse(identity, &device.identity), 0);
	assert_int_equal(identity_write(&tree->root, 100, &device, 1), 0);
}

static int run_vm(const struct fs_root *root, unsigned int vmid)
{
	const struct vm_options options = {.run = false};

	log_open(NULL, NULL);
	return vm_verb_run(root, vmid, &options);
}

static void test_never_started_here(void **state)
{
	struct tree *tree = *state;
	auto_run struct run plan = {0}, vm = {0}, accepted = {0}, started = {0};

	scenario_assert_refused(tree, 100, REFUSAL);
	run_hook(tree, scenario_plan, 100, &plan);
	run_assert_code(&plan, EXIT_REFUSED);
	run_assert_says(&plan, WARNING);
	run_assert_says(&plan, REFUSAL);
	run_assert_says(&plan, "if these are the right devices: pve-passthrough accept 100");
	run_hook(tree, run_vm, 100, &vm);
	run_assert_says(&vm, WARNING);
	run_assert_says(&vm, "    pve-passthrough accept 100");
	run_hook(tree, accept_devices, 100, &accepted);
	run_assert_code(&accepted, EXIT_DONE);
	run_hook(tree, start_pre, 100, &started);
	run_assert_code(&started, EXIT_DONE);
	run_assert_says(&started, WARNING);
}

/* After a start here it is known what its devices are here. */
static void test_started_here(void **state)
{
	struct tree *tree = *state;

	tree_delete(tree, HA_RESOURCES);
	scenario_must(tree, start_pre, 100);
	scenario_must(tree, start_post, 100);
	scenario_must(tree, stop_post, 100);
	tree_file(tree, HA_RESOURCES, "vm: 100\n");
	scenario_must(tree, start_pre, 100);
}

/* What is known of other addresses, or of some, says nothing of these. */
static void test_other_addresses(void **state)
{
	struct tree *tree = *state;

	identity_must_write(tree, "0000:01:00.0", "10de:1001:1043:8600:030000");
	scenario_assert_refused(tree, 100, REFUSAL);
	identity_must_write(tree, DISK, "144d:a808:144d:a801:010802");
	tree_vm(tree, 100, CONFIG "hostpci3: 06:00.0\n");
	scenario_assert_refused(tree, 100,
				"refused: HA moves this VM, and it has never started on "
				"this node (lab) with these addresses");
	tree_vm(tree, 100, CONFIG);
	scenario_must(tree, start_pre, 100);
}

/* A slot is known by one of its functions. */
static void test_one_function_more(void **state)
{
	struct tree *tree = *state;

	tree_vm(tree, 100, "machine: q35\nhostpci0: 01:00,pcie=1\n");
	identity_must_write(tree, GPU, "10de:1001:1043:8600:030000");
	scenario_must(tree, start_pre, 100);
}

/* Nothing is said where HA cannot move it, or it names its devices by mappings. */
static void test_nothing_to_say(void **state)
{
	static const struct {
		const char *config, *rules;
	} rows[] = {
		{CONFIG, "node-affinity: r\n\tresources vm:100\n\tnodes lab\n\tstrict 1\n"},
		{"machine: q35\nhostpci2: mapping=disk,pcie=1\n", ""},
	};
	struct tree *tree = *state;

	tree_file(tree, "etc/pve/mapping/pci.cfg",
		  "disk\n\tmap node=lab,path=0000:04:00.0,id=144d:a808,subsystem-id=144d:a801,"
		  "iommugroup=12\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_run struct run plan = {0};

		tree_vm(tree, 100, rows[i].config);
		tree_file(tree, HA_RULES, rows[i].rules);
		run_hook(tree, scenario_plan, 100, &plan);
		run_assert_code(&plan, EXIT_DONE);
		assert_false(run_says(&plan, "HA"));
	}
}

static void test_nodes_without_a_line(void **state)
{
	struct tree *tree = *state;
	auto_run struct run vm = {0}, good = {0};

	tree_file(tree, "etc/pve/mapping/pci.cfg",
		  "disk\n\tmap node=lab,path=0000:04:00.0,id=144d:a808,subsystem-id=144d:a801,"
		  "iommugroup=12\n");
	tree_vm(tree, 100, "machine: q35\nhostpci2: mapping=disk,pcie=1\n");
	run_hook(tree, run_vm, 100, &vm);
	run_assert_says(&vm, "hostpci2: mapping disk has no line for pve2, where HA may start this "
			     "VM, which would fail; run there: pve-passthrough mapping disk "
			     "ADDRESS\n");
	tree_file(tree, "etc/pve/mapping/pci.cfg",
		  "disk\n\tmap node=lab,path=0000:04:00.0,id=144d:a808,subsystem-id=144d:a801,"
		  "iommugroup=12\n\tmap node=pve2,path=0000:05:00.0,id=144d:a808\n");
	run_hook(tree, run_vm, 100, &good);
	assert_false(run_says(&good, "pve2"));
}

/* Whether HA has moved it is not known: that is no "no". */
static void test_unreadable(void **state)
{
	struct tree *tree = *state;

	tree_obscure(tree, HA_RESOURCES);
	scenario_assert_refused(tree, 100,
				"refused: whether HA has moved this VM here cannot be read "
				"(/etc/pve/ha/resources.cfg: ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_never_started_here), TEST(test_started_here),
		TEST(test_other_addresses),    TEST(test_one_function_more),
		TEST(test_nothing_to_say),     TEST(test_nodes_without_a_line),
		TEST(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
