// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/rehearse_verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct rehearse_part disk = {
	.bdf = {0, 4, 0, 0}, .kind = REHEARSE_PART_DISK, .name = (char *)"nvme0n1"};

static enum rehearsed verdict_of(struct trial trial, size_t n_kept, bool silent, bool back)
{
	struct rehearsal seen = {.tried = true, .trial = trial, .n_kept = n_kept, .silent = silent};

	disk.back = back;
	seen.parts = (struct rehearse_parts){&disk, 1};
	return rehearsed_verdict(&seen);
}

static const struct trial well = {.step = TRIAL_DONE, .came_back = 2, .reset = TRIAL_RESET_DEVICE};

static void test_came_back(void **state)
{
	(void)state;
	assert_int_equal(verdict_of(well, 0, false, true), REHEARSED_CAME_BACK);
	assert_string_equal(rehearsed_sentence(REHEARSED_CAME_BACK),
			    "came back twice; a guest's driver may still leave it in a state that "
			    "no reset clears");
	assert_int_equal(rehearsed_exit(REHEARSED_CAME_BACK), 0);
}

static void test_not_taken_back(void **state)
{
	(void)state;
	assert_int_equal(verdict_of(well, 1, false, true), REHEARSED_NOT_TAKEN_BACK);
	assert_int_equal(verdict_of(well, 0, false, false), REHEARSED_NOT_TAKEN_BACK);
}

static void test_no_reset(void **state)
{
	const struct trial no_way = {.step = TRIAL_RESET_1, .err = -ENOTTY};
	const struct trial fails = {.step = TRIAL_RESET_2, .err = -EIO, .came_back = 1};

	(void)state;
	assert_int_equal(verdict_of(no_way, 0, false, true), REHEARSED_NO_RESET);
	assert_int_equal(verdict_of(fails, 0, false, true), REHEARSED_NO_RESET);
	/* What is worse is said. */
	assert_int_equal(verdict_of(no_way, 1, false, true), REHEARSED_NOT_TAKEN_BACK);
}

static void test_silent(void **state)
{
	const struct trial ff = {.step = TRIAL_LOOK_1, .err = -ENODATA};
	const struct trial other = {.step = TRIAL_LOOK_2, .err = -EIO, .came_back = 1};

	(void)state;
	assert_int_equal(verdict_of(ff, 1, false, true), REHEARSED_SILENT);
	assert_int_equal(verdict_of(other, 0, false, true), REHEARSED_SILENT);
	assert_int_equal(verdict_of(well, 0, true, true), REHEARSED_SILENT);
}

/* No more is promised than was seen. */
static void test_unknown(void **state)
{
	const struct trial stuck = {.step = TRIAL_RESET_1, .err = -ETIMEDOUT};
	const struct trial closed = {.step = TRIAL_OPEN, .err = -EBUSY};
	const struct rehearsal untried = {0};

	(void)state;
	assert_int_equal(verdict_of(stuck, 1, false, true), REHEARSED_UNKNOWN);
	assert_int_equal(verdict_of(closed, 0, false, true), REHEARSED_UNKNOWN);
	assert_int_equal(rehearsed_verdict(&untried), REHEARSED_UNKNOWN);
}

static void assert_trouble(struct trial trial, const char *wanted)
{
	auto_free char *text = rehearsed_trouble(&trial);

	if (wanted)
		assert_string_equal(text, wanted);
	else
		assert_null(text);
}

static void test_trouble(void **state)
{
	(void)state;
	assert_trouble(well, NULL);
	assert_trouble((struct trial){.step = TRIAL_RESET_1, .err = -ENOTTY},
		       "the kernel knows no way to reset it that works");
	assert_trouble((struct trial){.step = TRIAL_RESET_2, .err = -ETIMEDOUT, .worker = 4711},
		       "stuck in the kernel while resetting it for the second time (process 4711); "
		       "it cannot be killed");
	assert_trouble((struct trial){.step = TRIAL_OPEN, .err = -EPERM},
		       "failed while opening it through VFIO: Operation not permitted");
	assert_trouble((struct trial){.step = TRIAL_LOOK_1, .err = -ENODATA},
		       "while looking whether it answers after its reset: its configuration space "
		       "reads as ff");
}

static void assert_hints(enum rehearsed verdict, const char *methods, const char *has,
			 const char *lacks)
{
	auto_strbuf struct strbuf lines = {0};

	rehearsed_hints(verdict, &disk.bdf, methods, &lines);
	if (has)
		assert_non_null(strstr(lines.text, has));
	else
		assert_int_equal(lines.len, 0);
	if (lacks)
		assert_null(strstr(lines.text, lacks));
}

static void test_hints(void **state)
{
	(void)state;
	assert_hints(REHEARSED_CAME_BACK, "flr bus", NULL, NULL);
	assert_hints(REHEARSED_UNKNOWN, "flr bus", NULL, NULL);
	assert_hints(REHEARSED_NO_RESET, "flr bus", "another method (bus)", "d3cold = false");
	assert_hints(REHEARSED_NO_RESET, "flr", "d3cold = true", "another method");
	assert_hints(REHEARSED_NO_RESET, NULL, "return_to = \"none\"", "another method");
	assert_hints(REHEARSED_NOT_TAKEN_BACK, "flr bus", "return_to", "another method");
	assert_hints(REHEARSED_SILENT, "flr bus", "d3cold = false", "return_to");
}

/* ---- what the host has again ---- */

static const struct bdf slot = {0, 4, 0, 0};

static bool is_back(const char *before, enum rehearse_part_kind kind, const char *now,
		    enum rehearse_part_kind now_kind)
{
	struct rehearse_part was = {.bdf = slot, .kind = kind, .name = (char *)(uintptr_t)before};
	struct rehearse_part is = {.bdf = slot, .kind = now_kind, .name = (char *)(uintptr_t)now};
	struct rehearse_parts parts = {&was, 1}, list = {&is, 1};

	bool all = rehearse_parts_compare(&parts, &list);

	assert_int_equal(all, was.back);
	return all;
}

static void test_parts(void **state)
{
	(void)state;
	assert_true(is_back("eth0", REHEARSE_PART_INTERFACE, "eth0", REHEARSE_PART_INTERFACE));
	assert_false(is_back("eth0", REHEARSE_PART_INTERFACE, "eth1", REHEARSE_PART_INTERFACE));
	assert_true(is_back("nvme0n1", REHEARSE_PART_DISK, "nvme1n1", REHEARSE_PART_DISK));
	assert_true(
		is_back("snd/controlC9", REHEARSE_PART_NODE, "snd/controlC10", REHEARSE_PART_NODE));
	assert_false(
		is_back("snd/controlC0", REHEARSE_PART_NODE, "snd/pcmC0D0p", REHEARSE_PART_NODE));
	assert_true(is_back("sda", REHEARSE_PART_DISK, "sdab", REHEARSE_PART_DISK));
	assert_false(is_back("sda", REHEARSE_PART_DISK, "sr0", REHEARSE_PART_DISK));
	assert_false(is_back("nvme0", REHEARSE_PART_NODE, "nvme0", REHEARSE_PART_DISK));
}

/* One that is back does not stand for two. */
static void test_parts_are_counted(void **state)
{
	struct rehearse_part was[] = {
		{.bdf = slot, .kind = REHEARSE_PART_DISK, .name = (char *)"nvme0n1"},
		{.bdf = slot, .kind = REHEARSE_PART_DISK, .name = (char *)"nvme0n2"}};
	struct rehearse_part is = {
		.bdf = slot, .kind = REHEARSE_PART_DISK, .name = (char *)"nvme0n2"};
	struct rehearse_parts parts = {was, 2}, now = {&is, 1};

	(void)state;
	assert_false(rehearse_parts_compare(&parts, &now));
	assert_true(was[0].back);
	assert_false(was[1].back);
	now.n = 0;
	assert_false(rehearse_parts_compare(&parts, &now));
	assert_false(was[0].back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_came_back),
		cmocka_unit_test(test_not_taken_back),
		cmocka_unit_test(test_no_reset),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_trouble),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_parts_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
