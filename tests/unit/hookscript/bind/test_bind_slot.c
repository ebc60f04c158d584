// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/bind/bind_slot.h"

#include <errno.h>

#include "hookscript/records/record.h"
#include "hookscript/phases/start.h"
#include "host/base/clock.h"
#include "scenario.h"

static const struct bdf disk = {0, 4, 0, 0};

/* The claim that is given back: 7, as claim_for() writes it, or another. */
static struct record decided = {.claim = 7};

/* Does WORK with DISK in this process, in the name of CALLER. */
static int do_work(const struct fs_root *root, int (*work)(struct bind_device *device),
		   unsigned int vmid, pid_t caller)
{
	struct bind bind = {
		.root = root,
		.vmid = vmid,
		.n = 1,
		.work = work,
		.deadline = clock_now_ms(),
		.caller = caller,
	};
	struct bind_device device = {
		.bind = &bind, .bdf = disk, .record = &decided, .planned = "nvme"};

	bind.devices = &device;
	return -bind_work(NULL, &device);
}

static int take(const struct fs_root *root, unsigned int vmid)
{
	return do_work(root, bind_take_device, vmid, getppid());
}

static int give_back(const struct fs_root *root, unsigned int vmid)
{
	return do_work(root, bind_give_back_device, vmid, getppid());
}

/* As when the hook has died before its worker had the locks. */
static int take_as_orphan(const struct fs_root *root, unsigned int vmid)
{
	return do_work(root, bind_take_device, vmid, getpid());
}

static int give_back_as_orphan(const struct fs_root *root, unsigned int vmid)
{
	return do_work(root, bind_give_back_device, vmid, getpid());
}

static void run_work(struct tree *tree, run_phase *phase, unsigned int vmid, int code)
{
	auto_run struct run run = {0};

	run_hook(tree, phase, vmid, &run);
	run_assert_code(&run, code);
	assert_string_equal(run.out, "");
	assert_string_equal(run.err, "");
}

static void claim_for(struct tree *tree, unsigned int vmid)
{
	struct record record = {.bdf = disk,
				.vmid = vmid,
				.claim = 7,
				.identity = {0x144d, 0xa808, 0x144d, 0xa801, 0x010802},
				.deadline = 5};

	assert_int_equal(record_write(&tree->root, &record), 0);
}

static void claim(struct tree *tree)
{
	claim_for(tree, 100);
}

static void test_there_and_back(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);

	claim(tree);
	run_work(tree, take, 100, 0);
	assert_string_equal(tree_driver_of(tree, DISK), "vfio-pci");
	run_work(tree, give_back, 100, 0);
	tree_assert_is(tree, TREE_STATE, before);
}

/* The claim is what allows to write to a device, and only to the VM that has it. */
static void test_needs_its_claim(void **state)
{
	struct tree *tree = *state;

	run_work(tree, take, 100, ESTALE);
	run_work(tree, give_back, 100, 0);
	claim(tree);
	run_work(tree, take, 101, ESTALE);
	run_work(tree, give_back, 101, 0);
	assert_int_equal(fake_kernel_writes(), 0);
	assert_true(tree_has(tree, "run/pve-passthrough/records/" DISK));
}

/* What the caller has claimed counts only for as long as it is what is recorded. */
static void test_claim_has_changed(void **state)
{
	struct tree *tree = *state;

	claim(tree);
	claim_for(tree, 101);
	run_work(tree, take, 100, ESTALE);
	assert_int_equal(fake_kernel_writes(), 0);
	assert_int_equal(record_remove(&tree->root, &disk), 0);
	run_work(tree, take, 100, ESTALE);
	assert_int_equal(fake_kernel_writes(), 0);
	claim(tree);
	run_work(tree, take, 100, 0);
	assert_string_equal(tree_driver_of(tree, DISK), "vfio-pci");
}

/* Whose record it is now is not known. */
static void test_unknown_claim(void **state)
{
	struct tree *tree = *state;
	auto_free char *taken = NULL;

	claim(tree);
	run_work(tree, take, 100, 0);
	taken = tree_render(tree, TREE_STATE);
	tree_obscure(tree, "run/pve-passthrough/records/" DISK);
	run_work(tree, give_back, 100, ELOOP);
	tree_reveal(tree, "run/pve-passthrough/records/" DISK);
	tree_assert_is(tree, TREE_STATE, taken);
	run_work(tree, give_back, 100, 0);
	assert_string_equal(tree_driver_of(tree, DISK), "nvme");
}

/* Another start may have claimed the device since: a stale worker would take it away. */
static void test_orphans_do_nothing(void **state)
{
	struct tree *tree = *state;
	auto_free char *claimed = NULL;
	auto_free char *taken = NULL;

	claim(tree);
	claimed = tree_render(tree, TREE_STATE);
	run_work(tree, take_as_orphan, 100, ECANCELED);
	run_work(tree, give_back_as_orphan, 100, ECANCELED);
	tree_assert_is(tree, TREE_STATE, claimed);
	run_work(tree, take, 100, 0);
	taken = tree_render(tree, TREE_STATE);
	run_work(tree, give_back_as_orphan, 100, ECANCELED);
	tree_assert_is(tree, TREE_STATE, taken);
}

/* A later start of the same VM has claimed the device since it was decided to give it back. */
static void test_a_later_claim_stays(void **state)
{
	struct tree *tree = *state;
	auto_free char *taken = NULL;

	claim(tree);
	run_work(tree, take, 100, 0);
	taken = tree_render(tree, TREE_STATE);
	decided.claim = 6;
	run_work(tree, give_back, 100, 0);
	tree_assert_is(tree, TREE_STATE, taken);
	decided.claim = 7;
	run_work(tree, give_back, 100, 0);
	assert_string_equal(tree_driver_of(tree, DISK), "nvme");
}

static void test_needs_the_lock(void **state)
{
	struct tree *tree = *state;
	int lock;

	claim(tree);
	lock = record_lock_device(&tree->root, &disk, 0);
	assert_true(lock >= 0);
	run_work(tree, take, 100, EBUSY);
	run_work(tree, give_back, 100, EBUSY);
	close(lock);
	assert_int_equal(fake_kernel_writes(), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scenario_setup, fake_kernel_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_there_and_back),     TEST(test_needs_its_claim),
		TEST(test_orphans_do_nothing), TEST(test_a_later_claim_stays),
		TEST(test_needs_the_lock),     TEST(test_claim_has_changed),
		TEST(test_unknown_claim),
	};
#undef TEST

	run_checks_descriptors = false;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
