// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/vfio/trial.h"

#include <linux/pci_regs.h>
#include <sys/wait.h>

#include "fake_vfio.h"

#define DEVICE "0000:01:00.0"
#define GROUP  7

static const struct bdf device = {0, 1, 0, 0};

static void add_device(struct tree *tree, bool flr)
{
	static const struct tree_device item = {
		.bdf = DEVICE, .vendor = 0x8086, .device = 0x10d3, .group = GROUP};

	tree_device(tree, &item);
	tree_file(tree, "dev/vfio/7", "");
	fake_vfio_device(tree, DEVICE, flr);
}

static int teardown(void **state)
{
	fake_vfio_end();
	while (waitpid(-1, NULL, 0) > 0)
		;
	return tree_teardown(state);
}

/* The trial of a device that behaves so. */
static struct trial try_it(struct tree *tree, bool flr, bool own_reset, const struct fake_vfio *how)
{
	struct trial trial;

	add_device(tree, flr);
	fake_vfio_begin(tree, how);
	assert_int_equal(trial_run(&tree->root, &device, GROUP, own_reset, &trial), 0);
	return trial;
}

static void assert_resets(struct tree *tree, const char *wanted)
{
	auto_free char *resets = fake_vfio_resets(tree);

	assert_string_equal(resets, wanted);
}

static void test_comes_back(void **state)
{
	struct trial trial = try_it(*state, true, false, NULL);

	assert_int_equal(trial.step, TRIAL_DONE);
	assert_int_equal(trial.err, 0);
	assert_int_equal(trial.came_back, 2);
	assert_int_equal(trial.reset, TRIAL_RESET_DEVICE);
	assert_int_equal(trial.bars, 1); /* BAR 1 is I/O */
	assert_resets(*state, "device " DEVICE "\ndevice " DEVICE "\n");
}

/* Memory decoding is enabled as a guest would. */
static void test_enables_memory(void **state)
{
	auto_close int fd = -1;
	unsigned char command;
	struct tree *tree = *state;

	try_it(tree, true, false, NULL);
	fd = fs_open(&tree->root, "fake-vfio/" DEVICE, 0, 0);
	assert_int_equal(pread(fd, &command, 1, PCI_COMMAND), 1);
	assert_int_equal(command, PCI_COMMAND_MEMORY);
}

/* As QEMU: a change of the power state is the last resort. */
static void test_slot_first(void **state)
{
	struct trial trial = try_it(*state, false, false, NULL);

	assert_int_equal(trial.came_back, 2);
	assert_int_equal(trial.reset, TRIAL_RESET_SLOT);
	assert_resets(*state, "slot " DEVICE "\nslot " DEVICE "\n");
}

static void test_slot_is_shared(void **state)
{
	struct trial trial = try_it(*state, false, false, &(struct fake_vfio){.slot_group = 8});

	assert_int_equal(trial.came_back, 2);
	assert_int_equal(trial.reset, TRIAL_RESET_DEVICE);
	assert_resets(*state, "device " DEVICE "\ndevice " DEVICE "\n");
}

static void test_slot_after_failure(void **state)
{
	struct trial trial = try_it(*state, true, false, &(struct fake_vfio){.reset_error = EIO});

	assert_int_equal(trial.came_back, 2);
	assert_int_equal(trial.reset, TRIAL_RESET_SLOT);
}

/* A method that was asked for is not replaced by another one. */
static void test_own_reset(void **state)
{
	struct trial trial = try_it(*state, false, true, &(struct fake_vfio){.reset_error = EIO});

	assert_int_equal(trial.step, TRIAL_RESET_1);
	assert_int_equal(trial.err, -EIO);
	assert_int_equal(trial.reset, TRIAL_RESET_NONE);
	assert_resets(*state, "");
}

static void test_no_way(void **state)
{
	struct trial trial = try_it(*state, true, false,
				    &(struct fake_vfio){.no_reset = true, .slot_error = ENODEV});

	assert_int_equal(trial.step, TRIAL_RESET_1);
	assert_int_equal(trial.err, -ENOTTY);
	assert_int_equal(trial.came_back, 0);
}

static void test_silent_at_once(void **state)
{
	struct trial trial = try_it(*state, true, false, &(struct fake_vfio){.silent = 1});

	assert_int_equal(trial.step, TRIAL_LOOK_1);
	assert_int_equal(trial.err, -ENODATA);
	assert_int_equal(trial.came_back, 0);
}

static void test_silent_the_second_time(void **state)
{
	struct trial trial = try_it(*state, true, false, &(struct fake_vfio){.silent = 2});

	assert_int_equal(trial.step, TRIAL_LOOK_2);
	assert_int_equal(trial.err, -ENODATA);
	assert_int_equal(trial.came_back, 1);
}

static void test_bars_are_gone(void **state)
{
	struct trial trial = try_it(*state, true, false, &(struct fake_vfio){.moved = 1});

	assert_int_equal(trial.step, TRIAL_LOOK_1);
	assert_int_equal(trial.err, -EIO);
}

static void test_cannot_be_opened(void **state)
{
	struct trial trial = try_it(*state, true, false, &(struct fake_vfio){.not_viable = true});

	assert_int_equal(trial.step, TRIAL_OPEN);
	assert_int_equal(trial.err, -EPERM);
	trial = try_it(*state, true, false, &(struct fake_vfio){.open_error = EINVAL});
	assert_int_equal(trial.step, TRIAL_OPEN);
	assert_int_equal(trial.err, -EINVAL);
}

static void test_hangs(void **state)
{
	struct trial trial;
	int limit_ms = trial_limit_ms;

	trial_limit_ms = 300;
	trial = try_it(*state, true, false, &(struct fake_vfio){.hangs = true});
	trial_limit_ms = limit_ms;
	assert_int_equal(trial.step, TRIAL_RESET_1);
	assert_int_equal(trial.err, -ETIMEDOUT);
	assert_true(trial.worker > 0);
	/* It ends as soon as it can. */
	assert_int_equal(waitpid(trial.worker, NULL, 0), trial.worker);
}

/* ---- which reset QEMU prefers ---- */

static void test_capabilities(void **state)
{
	unsigned char config[VFIO_CONFIG_SIZE] = {0};

	(void)state;
	assert_false(trial_prefers_slot(config));
	config[PCI_CAPABILITY_LIST] = 0x50;
	config[0x50] = PCI_CAP_ID_PM;
	config[0x51] = 0x60;
	assert_false(trial_prefers_slot(config)); /* it has no list of capabilities */
	config[PCI_STATUS] = PCI_STATUS_CAP_LIST;
	assert_true(trial_prefers_slot(config));
	config[0x50 + PCI_PM_CTRL] = PCI_PM_CTRL_NO_SOFT_RESET;
	assert_false(trial_prefers_slot(config));
	config[0x50 + PCI_PM_CTRL] = 0;
	config[0x60] = PCI_CAP_ID_AF;
	config[0x61] = 0x50; /* a circle */
	config[0x60 + PCI_AF_CAP] = PCI_AF_CAP_FLR;
	assert_true(trial_prefers_slot(config));
	config[0x60 + PCI_AF_CAP] = PCI_AF_CAP_FLR | PCI_AF_CAP_TP;
	assert_false(trial_prefers_slot(config));
	config[0x60] = PCI_CAP_ID_EXP;
	assert_true(trial_prefers_slot(config));
	config[0x60 + PCI_EXP_DEVCAP + 3] = 0x10;
	assert_false(trial_prefers_slot(config));
	memset(config, 0xff, sizeof(config)); /* dead */
	assert_false(trial_prefers_slot(config));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_comes_back),
		TEST(test_enables_memory),
		TEST(test_slot_first),
		TEST(test_slot_is_shared),
		TEST(test_slot_after_failure),
		TEST(test_own_reset),
		TEST(test_no_way),
		TEST(test_silent_at_once),
		TEST(test_silent_the_second_time),
		TEST(test_bars_are_gone),
		TEST(test_cannot_be_opened),
		TEST(test_hangs),
		cmocka_unit_test(test_capabilities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
