// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/driver.h"

#include "scenario.h"

static const struct bdf disk = {0, 4, 0, 0};
static const struct bdf neighbour = {0, 2, 0, 0};
static const struct bdf absent = {0, 9, 0, 0};

/* The writes here are not those of a hook: there are no records. */
static int setup(void **state)
{
	if (scenario_setup(state))
		return -1;
	fake_kernel_checks_records(false);
	return 0;
}

static struct fs_root *root_of(void **state)
{
	return &((struct tree *)*state)->root;
}

static void test_module(void **state)
{
	auto_free char *module = NULL;
	char *none = (char *)"untouched";

	assert_int_equal(driver_module(root_of(state), "xhci_hcd", &module), 0);
	assert_string_equal(module, "xhci_pci");
	assert_int_equal(driver_module(root_of(state), "snd", &none), 0);
	assert_null(none);
}

static void test_registered(void **state)
{
	assert_int_equal(driver_registered(root_of(state), "nvme"), 1);
	assert_int_equal(driver_registered(root_of(state), "nvm"), 0);
}

static void test_read_override(void **state)
{
	auto_free char *override = NULL;
	char *none = (char *)"untouched";

	assert_int_equal(driver_override(root_of(state), &disk, &override), 0);
	assert_string_equal(override, "nvme");
	assert_int_equal(driver_override(root_of(state), &neighbour, &none), 0);
	assert_null(none);
	assert_int_equal(driver_override(root_of(state), &absent, &none), -ENOENT);
}

static void test_set_override(void **state)
{
	assert_int_equal(driver_set_override(root_of(state), &disk, "nvme"), 0);
	assert_int_equal(driver_set_override(root_of(state), &neighbour, NULL), 0);
	assert_int_equal(fake_kernel_writes(), 0);
	assert_int_equal(driver_set_override(root_of(state), &disk, "vfio-pci"), 0);
	assert_string_equal(tree_override_of(*state, DISK), "vfio-pci");
	/* An empty write would do nothing; a newline clears it. */
	assert_int_equal(driver_set_override(root_of(state), &disk, NULL), 0);
	assert_string_equal(tree_override_of(*state, DISK), "none");
	assert_int_equal(fake_kernel_writes(), 2);
	assert_int_equal(driver_set_override(root_of(state), &absent, "x"), -ENOENT);
}

static void test_set_override_that_is_ignored(void **state)
{
	fake_kernel_ignores_override(DISK);
	assert_int_equal(driver_set_override(root_of(state), &disk, "vfio-pci"), -EIO);
	assert_int_equal(driver_set_override(root_of(state), &disk, NULL), -EIO);
}

static void test_set_override_too_long(void **state)
{
	auto_free char *text = calloc(1, 5001);

	assert_non_null(text);
	memset(text, 'x', 5000);
	assert_int_equal(driver_set_override(root_of(state), &disk, text), -EINVAL);
	assert_string_equal(tree_override_of(*state, DISK), "nvme");
}

static void test_unbind(void **state)
{
	assert_int_equal(driver_unbind(root_of(state), &disk), 0);
	assert_string_equal(tree_driver_of(*state, DISK), "none");
	assert_int_equal(driver_unbind(root_of(state), &disk), 0);
	assert_int_equal(driver_unbind(root_of(state), &neighbour), 0);
}

/* Not believed without looking: it failed, or did nothing. */
static void test_unbind_fails(void **state)
{
	static const int errors[] = {EIO, EACCES, EBUSY};

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		fake_kernel_reset(
			&(struct fake_plan){.fault = FAULT_ERROR, .at = 1, .error = errors[i]});
		assert_int_equal(driver_unbind(root_of(state), &disk), -errors[i]);
	}
	fake_kernel_reset(&(struct fake_plan){.fault = FAULT_ERROR, .at = 1, .error = ENODEV});
	assert_int_equal(driver_unbind(root_of(state), &disk), -EBUSY);
}

static void test_probe(void **state)
{
	assert_int_equal(driver_unbind(root_of(state), &disk), 0);
	assert_int_equal(driver_probe(root_of(state), &disk, "nvme"), 0);
	assert_string_equal(tree_driver_of(*state, DISK), "nvme");
	/* Bound already: the write succeeds, and the driver is the right one, or not. */
	assert_int_equal(driver_probe(root_of(state), &disk, "nvme"), 0);
	assert_int_equal(driver_probe(root_of(state), &disk, "vfio-pci"), -ENXIO);
	/* Nothing matches, and the write succeeds. */
	assert_int_equal(driver_probe(root_of(state), &neighbour, "vfio-pci"), -ENXIO);
	assert_int_equal(driver_probe(root_of(state), &absent, "vfio-pci"), -ENODEV);
}

static void test_probe_fails(void **state)
{
	assert_int_equal(driver_unbind(root_of(state), &disk), 0);
	fake_kernel_probe_fails("nvme");
	assert_int_equal(driver_probe(root_of(state), &disk, "nvme"), -ENXIO);
	fake_kernel_reset(&(struct fake_plan){.fault = FAULT_ERROR, .at = 1, .error = EIO});
	assert_int_equal(driver_probe(root_of(state), &disk, "nvme"), -EIO);
	assert_int_equal(driver_probe(root_of(state), &disk, "nvme"), 0);
}

/* An override that names an absent driver leaves the device without one. */
static void test_probe_with_an_absent_driver(void **state)
{
	assert_int_equal(driver_unbind(root_of(state), &disk), 0);
	assert_int_equal(driver_set_override(root_of(state), &disk, "absent"), 0);
	assert_int_equal(driver_probe(root_of(state), &disk, "absent"), -ENXIO);
	assert_string_equal(tree_driver_of(*state, DISK), "none");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fake_kernel_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_module),
		TEST(test_registered),
		TEST(test_read_override),
		TEST(test_set_override),
		TEST(test_set_override_that_is_ignored),
		TEST(test_set_override_too_long),
		TEST(test_unbind),
		TEST(test_unbind_fails),
		TEST(test_probe),
		TEST(test_probe_fails),
		TEST(test_probe_with_an_absent_driver),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
