// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/plan/plan.h"
#include "hookscript/plan/facts/facts.h"

#include <stdio.h>

#include "scenario.h"

#define RESERVATIONS "run/qemu-server/pci-id-reservations"

/* GPU and TWIN are alike: two devices of one mapping, as people have them. */
#define MAP_GPU \
	"\tmap id=10de:1001,iommugroup=10,node=lab,path=0000:01:00.0,subsystem-id=1043:8600\n"
#define MAP_TWIN \
	"\tmap id=10de:1001,iommugroup=13,node=lab,path=0000:05:00.0,subsystem-id=1043:8600\n"
#define MAP_ELSEWHERE \
	"\tmap id=10de:1001,iommugroup=3,node=other,path=0000:09:00.0,subsystem-id=1043:8600\n"

static int setup(void **state)
{
	if (scenario_setup(state))
		return -1;
	tree_link(*state, "etc/pve/local", "nodes/lab");
	return 0;
}

static struct facts *read_facts(struct tree *tree, const char *config)
{
	auto_free char *before = NULL, *why = NULL;
	struct facts *facts = NULL;

	tree_vm(tree, 100, config);
	before = tree_render(tree, TREE_ALL);
	assert_int_equal(
		facts_read(&tree->root, 100, &settings_default, FACTS_ADDRESSES, &facts, &why), 0);
	tree_assert_is(tree, TREE_ALL, before);
	return facts;
}

/* What is refused of the entries, one line each. */
static void print_refused(FILE *to, const struct facts *facts)
{
	cleanup_with(plan_freep) struct plan *plan = NULL;

	assert_int_equal(plan_make(facts, &plan), 0);
	for (size_t i = 0; i < plan->n_refusals; i++)
		if (plan->refusals[i].reason == REFUSAL_ENTRY) {
			fprintf(to, "! %s\n", plan->refusals[i].what);
			assert_true(plan->refusals[i].n_cures);
		}
}

/* One line a candidate: name, which of how many, '-' when it is a spare one, addresses. */
static void assert_selected(struct tree *tree, const char *config, const char *expected)
{
	auto_facts struct facts *facts = read_facts(tree, config);
	auto_free char *text = NULL;
	size_t size, nth = 0;
	FILE *to = open_memstream(&text, &size);

	for (size_t i = 0; i < facts->n_candidates; i++) {
		const struct candidate *item = &facts->candidates[i];
		auto_free char *name = candidate_name(item);

		nth = i && item[-1].entry == item->entry ? nth + 1 : 1;
		if (item->state == CANDIDATE_INVALID)
			continue;
		fprintf(to, "%s %zu/%zu%s", name, nth, item->n_alternatives,
			item->state == CANDIDATE_SPARE ? " -" : "");
		for (size_t k = 0; k < item->n_addresses; k++) {
			char buf[BDF_TEXT_SIZE];

			fprintf(to, " %s", hostpci_address_format(&item->addresses[k], buf));
		}
		fputc('\n', to);
	}
	print_refused(to, facts);
	fclose(to);
	assert_string_equal(text, expected);
}

static void put_mapping(struct tree *tree, const char *text)
{
	tree_file(tree, MAPPINGS_PATH, text);
}

static void test_by_address(void **state)
{
	assert_selected(*state,
			"hostpci0: 01:00,pcie=1\nhostpci3: 0000:04:00.0;06:00.0\n"
			"hostpci4: 05:00.0,mdev=x\nhostpci5: 05:00.0,driver=keep\n",
			"hostpci0 1/1 0000:01:00\nhostpci3 1/1 0000:04:00.0 0000:06:00.0\n");
	assert_selected(*state, "name: x\n", "");
}

static void test_one_on_this_node(void **state)
{
	put_mapping(*state, "gpu\n" MAP_ELSEWHERE MAP_GPU);
	assert_selected(*state, "hostpci0: mapping=gpu,pcie=1\n",
			"hostpci0 (mapping gpu) 1/1 0000:01:00.0\n");
	/* Proxmox VE looks at the reservation of an only one later, and so does the plan. */
	tree_file(*state, RESERVATIONS, GPU " 101 time:99999999999\n");
	assert_selected(*state, "hostpci0: mapping=gpu,pcie=1\n",
			"hostpci0 (mapping gpu) 1/1 0000:01:00.0\n");
}

static void test_alternatives(void **state)
{
	static const char vm[] = "hostpci0: mapping=gpu,pcie=1\n";
	struct tree *tree = *state;

	put_mapping(tree, "gpu\n" MAP_GPU MAP_ELSEWHERE MAP_TWIN);
	assert_selected(tree, vm,
			"hostpci0 (mapping gpu) 1/2 0000:01:00.0\n"
			"hostpci0 (mapping gpu) 2/2 - 0000:05:00.0\n");
	/* Of another VM that is being started. */
	tree_file(tree, RESERVATIONS, GPU " 101 time:99999999999\n");
	assert_selected(tree, vm,
			"hostpci0 (mapping gpu) 1/2 - 0000:01:00.0\n"
			"hostpci0 (mapping gpu) 2/2 0000:05:00.0\n");
	/* Our own, of a start that has failed. */
	tree_file(tree, RESERVATIONS, GPU " 100 time:99999999999\n");
	assert_selected(tree, vm,
			"hostpci0 (mapping gpu) 1/2 0000:01:00.0\n"
			"hostpci0 (mapping gpu) 2/2 - 0000:05:00.0\n");
	/* A VM that runs; one that ran. */
	tree_vm_runs(tree, 101, 4711);
	tree_file(tree, RESERVATIONS, GPU " 101 pid:4711\n");
	assert_selected(tree, vm,
			"hostpci0 (mapping gpu) 1/2 - 0000:01:00.0\n"
			"hostpci0 (mapping gpu) 2/2 0000:05:00.0\n");
	tree_file(tree, RESERVATIONS, GPU " 101 pid:4712\n");
	assert_selected(tree, vm,
			"hostpci0 (mapping gpu) 1/2 0000:01:00.0\n"
			"hostpci0 (mapping gpu) 2/2 - 0000:05:00.0\n");
	tree_file(tree, RESERVATIONS, GPU " 101 time:1\n");
	assert_selected(tree, vm,
			"hostpci0 (mapping gpu) 1/2 0000:01:00.0\n"
			"hostpci0 (mapping gpu) 2/2 - 0000:05:00.0\n");
	tree_file(tree, RESERVATIONS, GPU " 101 time:99999999999\n" TWIN " 102 time:99999999999\n");
	assert_selected(
		tree, vm,
		"hostpci0 (mapping gpu) 1/2 - 0000:01:00.0\n"
		"hostpci0 (mapping gpu) 2/2 - 0000:05:00.0\n"
		"! hostpci0: mapping gpu: all of its 2 devices on this node (lab) are reserved for "
		"other VMs; Proxmox VE would abort the start\n");
}

/* Entries before it have used up the first; two of one mapping get one each. */
static void test_one_after_the_other(void **state)
{
	put_mapping(*state, "gpu\n" MAP_GPU MAP_TWIN);
	assert_selected(*state, "hostpci0: mapping=gpu\nhostpci1: mapping=gpu\n",
			"hostpci0 (mapping gpu) 1/2 0000:01:00.0\n"
			"hostpci0 (mapping gpu) 2/2 - 0000:05:00.0\n"
			"hostpci1 (mapping gpu) 1/2 - 0000:01:00.0\n"
			"hostpci1 (mapping gpu) 2/2 0000:05:00.0\n");
	assert_selected(*state, "hostpci0: 01:00\nhostpci1: mapping=gpu\n",
			"hostpci0 1/1 0000:01:00\n"
			"hostpci1 (mapping gpu) 1/2 - 0000:01:00.0\n"
			"hostpci1 (mapping gpu) 2/2 0000:05:00.0\n");
	/* The other way round Proxmox VE does not look ahead, and stops at the second. */
	assert_selected(
		*state, "hostpci0: mapping=gpu\nhostpci1: 01:00\n",
		"hostpci0 (mapping gpu) 1/2 0000:01:00.0\n"
		"hostpci0 (mapping gpu) 2/2 - 0000:05:00.0\n"
		"hostpci1 1/1 0000:01:00\n"
		"! hostpci1: 0000:01:00.0 is named more than once in this VM; Proxmox VE would "
		"abort the start\n");
	assert_selected(
		*state, "hostpci0: 01:00.1\nhostpci7: 01:00\n",
		"hostpci0 1/1 0000:01:00.1\nhostpci7 1/1 0000:01:00\n"
		"! hostpci7: 0000:01:00.1 is named more than once in this VM; Proxmox VE would "
		"abort the start\n");
}

static void test_wrong_mappings(void **state)
{
	static const struct {
		const char *map, *what;
	} rows[] = {
		{"id=10de:1001,iommugroup=10,node=lab,path=0000:09:00.0,subsystem-id=1043:8600",
		 "there is no device at 0000:09:00.0 on this node (lab); hardware was probably "
		 "changed; Proxmox VE would abort the start"},
		{"id=10de:2222,iommugroup=10,node=lab,path=0000:01:00.0,subsystem-id=1043:8600",
		 "the device at 0000:01:00.0 on this node (lab) has id 10de:1001, but the mapping says "
		 "10de:2222; hardware was probably changed, or the firmware setup; Proxmox VE would "
		 "abort the start"},
		{"id=10de:1001,iommugroup=11,node=lab,path=0000:01:00.0,subsystem-id=1043:8600",
		 "the device at 0000:01:00.0 on this node (lab) has iommugroup 10, but the mapping "
		 "says 11; hardware was probably changed, or the firmware setup; Proxmox VE would "
		 "abort the start"},
		{"id=10de:1001,iommugroup=10,node=lab,path=0000:01:00.0",
		 "the device at 0000:01:00.0 on this node (lab) has subsystem-id 1043:8600, but the "
		 "mapping says nothing of it; hardware was probably changed, or the firmware setup; "
		 "Proxmox VE would abort the start"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *mapping = fs_path("gpu\n" MAP_TWIN "\tmap %s\n", rows[i].map);
		auto_free char *expected = fs_path("hostpci2 (mapping gpu) 1/2 - " TWIN
						   "\n! hostpci2: mapping gpu: %s\n",
						   rows[i].what);

		put_mapping(*state, mapping);
		/* One wrong alternative is enough, although the first is right. */
		assert_selected(*state, "hostpci2: mapping=gpu\n", expected);
	}
}

static void test_no_mapping(void **state)
{
	static const char none[] =
		"! hostpci0: mapping=gpu: /etc/pve/mapping/pci.cfg has no device "
		"of that name for this node (lab); Proxmox VE would abort the start\n";

	assert_selected(*state, "hostpci0: mapping=gpu\n", none);
	put_mapping(*state, "other\n" MAP_GPU);
	assert_selected(*state, "hostpci0: mapping=gpu\n", none);
	put_mapping(*state, "gpu\n" MAP_ELSEWHERE);
	assert_selected(*state, "hostpci0: mapping=gpu\n", none);
	assert_selected(
		*state, "hostpci0: mapping=gpu,host=01:00\nhostpci1: pcie=1\n",
		"! hostpci0: 'mapping=gpu,host=01:00' has both host= and mapping=; Proxmox VE "
		"would abort the start\n"
		"! hostpci1: 'pcie=1' has neither host= nor mapping=; Proxmox VE would abort "
		"the start\n");
}

/* Proxmox VE marks every function that it gives: also within one entry. */
static void test_named_twice(void **state)
{
	assert_selected(
		*state, "hostpci0: 01:00.0;01:00\n",
		"hostpci0 1/1 0000:01:00.0 0000:01:00\n"
		"! hostpci0: 0000:01:00.0 is named more than once in this entry; Proxmox VE "
		"would abort the start\n");
	put_mapping(*state, "gpu\n\tmap id=10de:1001,iommugroup=10,node=lab,"
			    "path=0000:01:00.0;0000:01:00.0,subsystem-id=1043:8600\n");
	assert_selected(
		*state, "hostpci0: mapping=gpu\n",
		"hostpci0 (mapping gpu) 1/1 0000:01:00.0 0000:01:00.0\n"
		"! hostpci0: 0000:01:00.0 is named more than once in this entry; Proxmox VE "
		"would abort the start\n");
	put_mapping(*state, "gpu\n\tmap id=10de:1001,iommugroup=10,node=lab,"
			    "path=0000:01:00.0;0000:01:00.0,subsystem-id=1043:8600\n" MAP_TWIN);
	assert_selected(*state, "hostpci0: mapping=gpu\n",
			"hostpci0 (mapping gpu) 1/2 - 0000:01:00.0 0000:01:00.0\n"
			"hostpci0 (mapping gpu) 2/2 0000:05:00.0\n");
	/* What it marked before it came to the second is used up for the next alternative. */
	put_mapping(*state, "gpu\n\tmap id=10de:1001,iommugroup=10,node=lab,"
			    "path=0000:01:00.0;0000:01:00.0,subsystem-id=1043:8600\n" MAP_GPU);
	assert_selected(
		*state, "hostpci0: mapping=gpu\n",
		"hostpci0 (mapping gpu) 1/2 - 0000:01:00.0 0000:01:00.0\n"
		"hostpci0 (mapping gpu) 2/2 - 0000:01:00.0\n"
		"! hostpci0: mapping gpu: none of its 2 lines for this node (lab) can be used; "
		"Proxmox VE would abort the start\n");
}

/* One device too few: who has them decides what helps. */
static void test_used_up(void **state)
{
	static const struct {
		const char *config, *reservations, *what;
		const char *cures[3];
	} rows[] = {
		{"hostpci0: mapping=gpu\nhostpci1: mapping=gpu\nhostpci2: mapping=gpu\n",
		 "",
		 "hostpci2: mapping gpu: this VM's own entries name all of its 2 devices on this "
		 "node (lab) already",
		 {"qm set 100 --delete hostpci2"}},
		{"hostpci2: mapping=gpu\n",
		 GPU " 101 time:99999999999\n" TWIN " 102 time:99999999999\n",
		 "hostpci2: mapping gpu: all of its 2 devices on this node (lab) are reserved for "
		 "other VMs",
		 {"qm shutdown 101", "qm shutdown 102"}},
		{"hostpci0: mapping=gpu\nhostpci2: mapping=gpu\n",
		 TWIN " 102 time:99999999999\n",
		 "hostpci2: mapping gpu: none of its 2 devices on this node (lab) is free: they "
		 "are reserved for other VMs, or this VM's own entries name them already",
		 {"qm shutdown 102", "qm set 100 --delete hostpci2"}},
	};

	put_mapping(*state, "gpu\n" MAP_GPU MAP_TWIN);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_with(plan_freep) struct plan *plan = NULL;
		auto_facts struct facts *facts = NULL;
		size_t n = 0, r = 0;

		tree_file(*state, RESERVATIONS, rows[i].reservations);
		facts = read_facts(*state, rows[i].config);
		assert_int_equal(plan_make(facts, &plan), 0);
		while (r < plan->n_refusals && !strstr(plan->refusals[r].what, rows[i].what))
			r++;
		assert_true(r < plan->n_refusals);
		for (size_t k = 0; k < plan->refusals[r].n_cures; k++) {
			const char *command = plan->refusals[r].cures[k].command;

			if (command)
				assert_string_equal(command, rows[i].cures[n++]);
		}
		assert_null(rows[i].cures[n]);
	}
}

/* Proxmox VE binds nothing of an entry with driver=keep, but gives its devices to no second one. */
static void test_kept(void **state)
{
	assert_selected(*state, "hostpci0: 01:00.0,driver=keep\nhostpci1: 01:00\n",
			"hostpci1 1/1 0000:01:00\n"
			"! hostpci1: 0000:01:00.0 is named more than once in this VM; Proxmox VE "
			"would abort the start\n");
	assert_selected(*state, "hostpci0: 01:00.0,mdev=x\nhostpci1: 01:00\n",
			"hostpci1 1/1 0000:01:00\n");
}

static void test_of(void **state)
{
	static const struct bdf sound = {0, 1, 0, 1}, twin = {0, 5, 0, 0}, disk = {0, 4, 0, 0};
	auto_facts struct facts *facts = NULL;

	put_mapping(*state, "gpu\n" MAP_GPU MAP_TWIN);
	facts = read_facts(*state, "hostpci0: 04:00.0\nhostpci1: mapping=gpu\n");
	assert_int_equal(facts_chosen(facts, &disk)->entry, 0);
	assert_null(facts_chosen(facts, &sound));
	assert_null(facts_chosen(facts, &twin));
}

/* What cannot be read is no absence. */
static void test_reservations_unreadable(void **state)
{
	cleanup_with(plan_freep) struct plan *plan = NULL;
	auto_facts struct facts *facts = NULL;

	tree_folder(*state, RESERVATIONS);
	facts = read_facts(*state, "machine: q35\nhostpci0: 04:00.0,pcie=1\n");
	assert_int_equal(facts->reservations_err, -EISDIR);
	assert_int_equal(plan_make(facts, &plan), 0);
	assert_int_equal(plan->n_refusals, 1);
	assert_int_equal(plan->refusals[0].reason, REFUSAL_UNREADABLE);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fake_kernel_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_by_address),
		TEST(test_one_on_this_node),
		TEST(test_alternatives),
		TEST(test_one_after_the_other),
		TEST(test_wrong_mappings),
		TEST(test_no_mapping),
		TEST(test_named_twice),
		TEST(test_used_up),
		TEST(test_kept),
		TEST(test_of),
		TEST(test_reservations_unreadable),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
