// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/bind/claim.h"

#include <sys/file.h>

#include "host/base/clock.h"
#include "scenario.h"

static const struct settings settings = {.deadline = 1};
static const struct bdf gpu = {0, 1, 0, 0}, disk = {0, 4, 0, 0};

/* A plan for VM 100 over two devices, as the machine is now. */
struct claim {
	struct device devices[2];
	struct plan_step steps[2];
	struct plan plan;
};

static void prepare(struct tree *tree, struct claim *claim)
{
	const struct bdf bdfs[] = {gpu, disk};

	*claim = (struct claim){.plan = {.n_steps = 2}};
	claim->plan.steps = claim->steps;
	for (size_t i = 0; i < ARRAY_SIZE(bdfs); i++) {
		auto_free char *why = NULL;

		claim->devices[i] = (struct device){.bdf = bdfs[i], .identity = {1, 2, 3, 4, 5}};
		claim->steps[i].device = &claim->devices[i];
		assert_int_equal(
			record_read(&tree->root, &bdfs[i], &claim->devices[i].record, &why), 0);
	}
}

static void end(struct claim *claim)
{
	record_free(claim->devices[0].record);
	record_free(claim->devices[1].record);
}

static int do_claim(struct tree *tree, struct claim *claim)
{
	return claim_plan(&tree->root, 100, clock_now_ms() + 1000, &settings, &claim->plan);
}

static void write_record(struct tree *tree, const struct bdf *bdf, unsigned int vmid,
			 enum record_stage stage)
{
	static char driver[] = "nvme";
	struct record record = {.bdf = *bdf,
				.vmid = vmid,
				.stage = stage,
				.identity = {1, 2, 3, 4, 5},
				.driver = driver,
				.deadline = 77};

	assert_int_equal(record_write(&tree->root, &record), 0);
}

static struct record *read_back(struct tree *tree, const struct bdf *bdf)
{
	struct record *record = NULL;
	auto_free char *why = NULL;

	assert_int_equal(record_read(&tree->root, bdf, &record, &why), 0);
	return record;
}

static void assert_record(struct tree *tree, const struct bdf *bdf, unsigned int vmid,
			  enum record_stage stage, int deadline)
{
	cleanup_with(record_freep) struct record *record = read_back(tree, bdf);

	assert_non_null(record);
	assert_int_equal(record->vmid, vmid);
	assert_int_equal(record->stage, stage);
	assert_int_equal(record->deadline, deadline);
}

static void test_new(void **state)
{
	struct tree *tree = *state;
	cleanup_with(end) struct claim claim;

	prepare(tree, &claim);
	assert_int_equal(do_claim(tree, &claim), 0);
	assert_record(tree, &gpu, 100, RECORD_CLAIMED, 1);
	assert_record(tree, &disk, 100, RECORD_CLAIMED, 1);
	assert_int_equal(fake_kernel_writes(), 0);
}

/* Nothing is known of a record that cannot be read; planning again would not help. */
static void test_record_cannot_be_read(void **state)
{
	struct tree *tree = *state;
	cleanup_with(end) struct claim claim;

	prepare(tree, &claim);
	write_record(tree, &disk, 101, RECORD_TAKEN);
	tree_obscure(tree, "run/pve-passthrough/records/" DISK);
	assert_int_equal(do_claim(tree, &claim), -ELOOP);
	tree_reveal(tree, "run/pve-passthrough/records/" DISK);
	assert_record(tree, &disk, 101, RECORD_TAKEN, 77);
	assert_false(tree_has(tree, "run/pve-passthrough/records/" GPU));
	assert_int_equal(fake_kernel_writes(), 0);
}

/* The before-image of an earlier start stays, whoever claims the device. */
static void test_takes_over(void **state)
{
	struct tree *tree = *state;
	cleanup_with(end) struct claim claim;
	cleanup_with(record_freep) struct record *record = NULL;

	write_record(tree, &gpu, 100, RECORD_TAKEN);
	write_record(tree, &disk, 101, RECORD_TAKEN);
	prepare(tree, &claim);
	assert_int_equal(do_claim(tree, &claim), 0);
	assert_record(tree, &gpu, 100, RECORD_TAKEN, 1);
	assert_record(tree, &disk, 100, RECORD_TAKEN, 1);
	record = read_back(tree, &disk);
	assert_string_equal(record->driver, "nvme");
}

/* Each claim is told from every other: what decides to give the one back leaves the next alone. */
static void test_each_has_its_number(void **state)
{
	struct tree *tree = *state;
	uint64_t seen[3];

	for (size_t i = 0; i < ARRAY_SIZE(seen); i++) {
		cleanup_with(end) struct claim claim;
		cleanup_with(record_freep) struct record *first = NULL;
		cleanup_with(record_freep) struct record *second = NULL;

		prepare(tree, &claim);
		assert_int_equal(do_claim(tree, &claim), 0);
		first = read_back(tree, &gpu);
		second = read_back(tree, &disk);
		assert_int_equal(first->claim, second->claim);
		assert_int_not_equal(first->claim, 0);
		seen[i] = first->claim;
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(seen[i], seen[k]);
		clock_sleep_ms(2); /* one process claims once in its life, and milliseconds count */
	}
}

/* All or none: what was claimed before the obstacle is as it was. */
static void assert_overtaken(struct tree *tree, struct claim *claim)
{
	auto_free char *before = tree_render(tree, TREE_STATE);

	assert_int_equal(do_claim(tree, claim), -EAGAIN);
	tree_assert_is(tree, TREE_STATE, before);
}

static void test_overtaken(void **state)
{
	struct tree *tree = *state;
	cleanup_with(end) struct claim claim;

	prepare(tree, &claim);
	write_record(tree, &disk, 101, RECORD_CLAIMED);
	assert_overtaken(tree, &claim);
	/* Even by this VM itself: the plan knew no record. */
	write_record(tree, &disk, 100, RECORD_CLAIMED);
	assert_overtaken(tree, &claim);
	tree_file(tree, "run/pve-passthrough/records/" DISK, "garbage");
	assert_overtaken(tree, &claim);
}

static void test_record_has_changed(void **state)
{
	struct tree *tree = *state;
	cleanup_with(end) struct claim claim;

	write_record(tree, &gpu, 100, RECORD_CLAIMED);
	write_record(tree, &disk, 101, RECORD_CLAIMED);
	prepare(tree, &claim);
	write_record(tree, &disk, 101, RECORD_TAKEN);
	assert_overtaken(tree, &claim);
	write_record(tree, &disk, 102, RECORD_CLAIMED);
	assert_overtaken(tree, &claim);
	assert_int_equal(record_remove(&tree->root, &disk), 0);
	assert_overtaken(tree, &claim);
}

/* The other VM has come to life since the plan was made. */
static void test_other_vm_has_started(void **state)
{
	struct tree *tree = *state;
	cleanup_with(end) struct claim claim;
	pid_t holder;

	write_record(tree, &disk, 101, RECORD_TAKEN);
	prepare(tree, &claim);
	holder = scenario_lock_vm(tree, 101);
	assert_overtaken(tree, &claim);
	scenario_end_process(holder);
	tree_vm_runs(tree, 101, 4711);
	assert_overtaken(tree, &claim);
}

static void test_locked(void **state)
{
	struct tree *tree = *state;
	cleanup_with(end) struct claim claim;
	int lock;

	prepare(tree, &claim);
	lock = record_lock_claims(&tree->root, 0);
	assert_true(lock >= 0);
	assert_int_equal(do_claim(tree, &claim), -EBUSY);
	close(lock);
	assert_null(read_back(tree, &gpu));
}

/* A worker of a hook that was killed still has its device: it may be about to write the record. */
static void test_device_is_locked(void **state)
{
	struct tree *tree = *state;
	cleanup_with(end) struct claim claim;
	int lock;

	prepare(tree, &claim);
	lock = record_lock_device(&tree->root, &disk, 0);
	assert_true(lock >= 0);
	assert_int_equal(do_claim(tree, &claim), -EBUSY);
	assert_null(read_back(tree, &gpu));
	close(lock);
	assert_int_equal(do_claim(tree, &claim), 0);
	/* And no lock stays behind. */
	lock = record_lock_device(&tree->root, &disk, 0);
	assert_true(lock >= 0);
	close(lock);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scenario_setup, fake_kernel_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_new),
		TEST(test_record_cannot_be_read),
		TEST(test_takes_over),
		TEST(test_each_has_its_number),
		TEST(test_overtaken),
		TEST(test_record_has_changed),
		TEST(test_other_vm_has_started),
		TEST(test_locked),
		TEST(test_device_is_locked),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
