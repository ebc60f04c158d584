// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/records/returns.h"

#include <time.h>

#include "scenario.h"

#define FILE_OF_GPU RETURNS_DIR "/" GPU

static const struct bdf gpu = {0, 1, 0, 0};
static const struct pci_identity card = {0x10de, 0x1001, 0x1043, 0x8600, 0x030000};

static void count(struct tree *tree, uint64_t claim, bool back, bool stop)
{
	struct record record = {.bdf = gpu, .vmid = 100, .identity = card, .claim = claim};

	assert_int_equal(returns_count(&tree->root, &record, back, stop), 0);
}

static void assert_counts(struct tree *tree, unsigned int times, unsigned int of)
{
	struct returns returns;

	assert_int_equal(returns_read(&tree->root, &gpu, &card, &returns), 0);
	assert_int_equal(returns.times, times);
	assert_int_equal(returns.of, of);
	if (times)
		assert_true(returns.last > 0 && returns.last <= time(NULL));
	else
		assert_int_equal(returns.last, 0);
}

static void test_counts(void **state)
{
	struct tree *tree = *state;

	assert_counts(tree, 0, 0);
	count(tree, 1, true, true);
	assert_counts(tree, 1, 1);
	count(tree, 2, true, true);
	assert_counts(tree, 2, 2);
	count(tree, 3, false, true);
	assert_counts(tree, 2, 3);
}

/* Of one start once, whoever gives it back in the end, and however often that is tried. */
static void test_once(void **state)
{
	struct tree *tree = *state;

	count(tree, 1, false, true);
	count(tree, 1, false, true);
	assert_counts(tree, 0, 1);
	count(tree, 1, true, false);
	assert_counts(tree, 1, 1);
	count(tree, 1, false, false);
	count(tree, 1, true, true);
	assert_counts(tree, 1, 1);
}

/* A VM that never ran shows nothing. */
static void test_no_stop(void **state)
{
	struct tree *tree = *state;

	count(tree, 1, true, false);
	assert_counts(tree, 0, 0);
	assert_false(tree_has(tree, FILE_OF_GPU));
}

static void test_another_device(void **state)
{
	struct pci_identity other = card;
	struct tree *tree = *state;
	struct returns returns;

	count(tree, 1, true, true);
	other.device = 0x1234;
	assert_int_equal(returns_read(&tree->root, &gpu, &other, &returns), 0);
	assert_int_equal(returns.of, 0);
}

static void test_bad_file(void **state)
{
	static const char zeroes[8192];
	struct tree *tree = *state;
	struct returns returns;

	tree_file(tree, FILE_OF_GPU, "times = 3;\n");
	assert_int_equal(returns_read(&tree->root, &gpu, &card, &returns), -EINVAL);
	count(tree, 1, true, true);
	assert_counts(tree, 1, 1);
	tree_bytes(tree, FILE_OF_GPU, zeroes, sizeof(zeroes));
	count(tree, 2, true, true);
	assert_counts(tree, 1, 1);
	tree_file(tree, FILE_OF_GPU, "format = 2;\n");
	assert_int_equal(returns_read(&tree->root, &gpu, &card, &returns), -EPROTONOSUPPORT);
	tree_obscure(tree, FILE_OF_GPU);
	assert_int_equal(returns_read(&tree->root, &gpu, &card, &returns), -ELOOP);
}

static void assert_text(struct returns returns, const char *wanted)
{
	auto_free char *text = returns_text(&returns);

	if (wanted)
		assert_string_equal(text, wanted);
	else
		assert_null(text);
}

static void test_text(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	assert_text((struct returns){0}, NULL);
	assert_text((struct returns){.of = 1}, "came back 0 of 1 time");
	assert_text((struct returns){1, 1, 1767225600},
		    "came back 1 of 1 time, last on 2026-01-01");
	assert_text((struct returns){12, 12, 1767225600},
		    "came back 12 of 12 times, last on 2026-01-01");
}

/* ---- by the phases ---- */

static void assert_file(struct tree *tree, const char *bdf, const char *has)
{
	auto_free char *path = fs_path("%s/%s", RETURNS_DIR, bdf);
	auto_free char *text = tree_text(tree, path);

	if (!strstr(text, has))
		fail_msg("%s: no '%s' in '%s'", path, has, text);
}

static void test_stop_counts(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	scenario_must(tree, start_pre, 100);
	scenario_must(tree, stop_post, 100);
	assert_file(tree, GPU, "times = 1;\nof = 1;\n");
	assert_file(tree, DISK, "times = 1;\nof = 1;\n");
	/* On vfio-pci before and after. */
	assert_false(tree_has(tree, RETURNS_DIR "/" PARKED));
	scenario_must(tree, start_pre, 100);
	fake_kernel_reset(NULL);
	fake_kernel_probe_fails("gpu");
	run_hook(tree, stop_post, 100, &run);
	assert_int_not_equal(run.code, 0);
	assert_file(tree, GPU, "times = 1;\nof = 2;\n");
	assert_file(tree, DISK, "times = 2;\nof = 2;\n");
	fake_kernel_reset(NULL);
	scenario_must(tree, stop_post, 100);
	assert_file(tree, GPU, "times = 2;\nof = 2;\n");
}

/* A stop does not fail because of it. */
static void test_cannot_be_counted(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	scenario_must(tree, start_pre, 100);
	tree_folder(tree, "var/lib/pve-passthrough");
	tree_obscure(tree, "var/lib/pve-passthrough");
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, 0);
	run_assert_says(&run, "cannot be counted in /var/lib/pve-passthrough/returns");
	assert_string_equal(tree_driver_of(tree, GPU), "gpu");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scenario_setup, fake_kernel_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_counts),	TEST(test_once),
		TEST(test_no_stop),	TEST(test_another_device),
		TEST(test_bad_file),	TEST(test_text),
		TEST(test_stop_counts), TEST(test_cannot_be_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
