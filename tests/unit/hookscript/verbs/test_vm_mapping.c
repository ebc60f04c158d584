// SPDX-License-Identifier: GPL-2.0-or-later
/* vm --add --mapping: a device by a mapping, in the entry that it has. */
#include <stdio.h>

#include "clustercase.h"
#include "hookscript/pve/exit.h"
#include "hookscript/verbs/vm_verb.h"
#include "host/base/log.h"

static struct vm_options options;

static int run_verb(const struct fs_root *root, unsigned int vmid)
{
	log_open(NULL, NULL);
	return vm_verb_run(root, vmid, &options);
}

static void add(struct tree *tree, const char *config, const char *address, struct run *ret)
{
	tree_vm(tree, 100, config);
	options = (struct vm_options){
		.add = true, .yes = true, .run = true, .address = address, .mapping = "gpu"};
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
	clustercase_assert_config(tree, "gpu\n\tmap " TWIN_LINE "\n\n");
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
	clustercase_assert_config(tree, "gpu\n\tmap " CARD_LINE "\n\n");
	assert_vm(tree, "machine: q35\nhostpci3: x-vga=1,mapping=gpu,pcie=1,romfile=a.bin\n");
	add(tree, "machine: q35\nhostpci3: mapping=gpu,pcie=1\n", "01:00", &again);
	run_assert_code(&again, EXIT_DONE);
	run_assert_says(&again, "mapping gpu is as it should be\n");
	assert_vm(tree, "machine: q35\nhostpci3: mapping=gpu,pcie=1\n");
}

/* A graphics card and its sound have different ids: one line can only name the whole card. */
static void test_vm_names_all_functions(void **state)
{
	struct tree *tree = *state;
	auto_run struct run ran = {0}, again = {0}, part = {0};

	add(tree, "machine: q35\nhostpci0: 01:00.0;01:00.1,pcie=1\n", "01:00.0", &ran);
	run_assert_code(&ran, EXIT_DONE);
	clustercase_assert_config(tree, "gpu\n\tmap " CARD_LINE "\n\n");
	assert_vm(tree, "machine: q35\nhostpci0: mapping=gpu,pcie=1\n");
	add(tree, "machine: q35\nhostpci0: mapping=gpu,pcie=1\n", "01:00.0", &again);
	run_assert_code(&again, EXIT_DONE);
	clustercase_assert_config(tree, "gpu\n\tmap " CARD_LINE "\n\n");
	add(tree, "machine: q35\nhostpci0: 01:00.0;06:00.0\n", "01:00.0", &part);
	run_assert_code(&part, EXIT_REFUSED);
	run_assert_says(&part, "0000:01:00.0 and 0000:06:00.0 are different devices");
	assert_vm(tree, "machine: q35\nhostpci0: 01:00.0;06:00.0\n");
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
	clustercase_assert_config(tree, "other\n\tmap " GPU_LINE "\n\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, clustercase_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_vm_gets_a_new_entry),
		TEST(test_vm_entry_is_taken_over),
		TEST(test_vm_names_all_functions),
		TEST(test_vm_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
