// SPDX-License-Identifier: GPL-2.0-or-later
/* What the journal gets of a start and of a stop: every line that is about one device has its
 * address and driver as fields, whatever it says. */
#include "hookscript/bind/bind_report.h"

#include <stdio.h>

#include "hookscript/pve/exit.h"
#include "hookscript/phases/start.h"
#include "hookscript/phases/stop.h"
#include "host/base/log.h"
#include "listener.h"
#include "scenario.h"

static int start(const struct fs_root *root, unsigned int vmid)
{
	log_open("pve-passthrough", root);
	log_set_context(vmid, "pre-start");
	return start_pre(root, vmid);
}

static int stop(const struct fs_root *root, unsigned int vmid)
{
	log_open("pve-passthrough", root);
	log_set_context(vmid, "post-stop");
	return stop_post(root, vmid);
}

static int restore_all(const struct fs_root *root, unsigned int vmid)
{
	(void)vmid;
	log_open("pve-passthrough", root);
	log_set_context(0, "restore");
	return stop_restore_all(root);
}

/* ---- what must stand there ---- */

static const struct {
	const char *bdf, *driver;
} devices[] = {
	{GPU, "gpu"},	      {SOUND, "snd"}, {NEIGHBOUR, NULL},
	{PARKED, "vfio-pci"}, {DISK, "nvme"}, {USB, "xhci_hcd"},
};

static void assert_field(const char *entry, const char *name, const char *value)
{
	auto_free char *seen = listener_field(entry, name);

	if (value ? !seen || strcmp(seen, value) : seen != NULL)
		fail_msg("%s is not %s in:\n%s", name, value ? value : "left out", entry);
}

/* Which of the devices the line begins with, or their number. */
static size_t find_device(const char *line)
{
	size_t i = 0;

	if (!strncmp(line, "refused: ", 9))
		line += 9;
	while (i < ARRAY_SIZE(devices) && strncmp(line, devices[i].bdf, strlen(devices[i].bdf)))
		i++;
	return i;
}

/* Every entry has the fields that its line and the phase want. Returns how many are about a device.
 */
static size_t assert_entries(char *said, const char *phase)
{
	size_t n = 0, i = ARRAY_SIZE(devices);

	for (char *entry; (entry = listener_next(&said));) {
		auto_free char *message = listener_field(entry, "MESSAGE");

		assert_non_null(message);
		/* A cure is that of the line before it. */
		if (strncmp(message, "  ", 2))
			i = find_device(message);
		assert_field(entry, "SYSLOG_IDENTIFIER", "pve-passthrough");
		assert_field(entry, "PVE_VMID", "100");
		assert_field(entry, "PVE_PHASE", phase);
		assert_field(entry, "PCI_SLOT_NAME",
			     i < ARRAY_SIZE(devices) ? devices[i].bdf : NULL);
		assert_field(entry, "DRIVER", i < ARRAY_SIZE(devices) ? devices[i].driver : NULL);
		n += i < ARRAY_SIZE(devices);
	}
	return n;
}

/* Runs it, and looks at all that it said. Returns how many lines were about a device. */
static size_t run_and_assert(struct tree *tree, run_phase *phase, const char *name, int code)
{
	auto_run struct run run = {0};
	auto_free char *said = NULL;
	struct listener listener;

	listener_start(tree, &listener);
	run_hook(tree, phase, 100, &run);
	said = listener_end(tree, &listener);
	tree_delete(tree, "run/systemd");
	run_assert_code(&run, code);
	return assert_entries(said, name);
}

/* ---- the phases ---- */

static void test_start_and_stop(void **state)
{
	struct tree *tree = *state;

	assert_int_equal(run_and_assert(tree, start, "pre-start", EXIT_DONE), ARRAY_SIZE(devices));
	assert_int_equal(run_and_assert(tree, stop, "post-stop", EXIT_DONE), ARRAY_SIZE(devices));
}

/* The driver that it returns to is not the one it has now. */
static void test_start_again(void **state)
{
	struct tree *tree = *state;

	scenario_must(tree, start_pre, 100);
	assert_int_equal(run_and_assert(tree, start, "pre-start", EXIT_DONE), ARRAY_SIZE(devices));
	scenario_must(tree, stop_post, 100);
}

static void test_failed_start(void **state)
{
	fake_kernel_reset(NULL);
	fake_kernel_probe_fails("vfio-pci");
	assert_true(run_and_assert(*state, start, "pre-start", EXIT_FAILED) > 1);
}

/* Whatever fails, and however. */
static void test_failed_stop(void **state)
{
	static const struct fake_plan faults[] = {
		{.fault = FAULT_ERROR, .at = 1, .error = EIO},
		{.fault = FAULT_ERROR, .at = 2, .error = EIO},
		{.fault = FAULT_ERROR, .at = 3, .error = EIO},
		{.fault = FAULT_KILL_WORKER, .at = 1},
		{.fault = FAULT_HANG, .at = 1, .hang_ms = RUN_VALGRIND ? 6000 : 1200},
	};
	struct tree *tree = *state;

	/* Under valgrind a phase may take a second for itself. */
	tree_settings(tree, RUN_VALGRIND ? "deadline = 5;\n" : "deadline = 1;\n");
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		fake_kernel_reset(NULL);
		scenario_must(tree, start_pre, 100);
		fake_kernel_reset(&faults[i]);
		assert_true(run_and_assert(tree, stop, "post-stop", EXIT_FAILED) > 1);
		fake_kernel_reset(NULL);
		scenario_must(tree, stop_post, 100);
	}
}

/* Each refusal, with all lines of its cure, and each warning. */
static void test_refused_start(void **state)
{
	struct tree *tree = *state;

	tree_vm(tree, 101, "machine: q35\nhostpci0: 06:00.0\n");
	scenario_must(tree, start_pre, 101);
	tree_file(tree, "run/pve-passthrough/records/" DISK, "garbage");
	/* A refusal and two lines of cure; a warning of what VM 101 left. */
	assert_int_equal(run_and_assert(tree, start, "pre-start", EXIT_REFUSED), 4);
}

/* Another device sits where one was; what is said is about that address, and about its driver. */
static void test_moved_device(void **state)
{
	static const struct tree_device other = {USB, 0x1b73,	  0x1400, 0,	0,     0x0c0330,
						 14,  "xhci_hcd", NULL,	  NULL, false, false};
	struct tree *tree = *state;

	scenario_must(tree, start_pre, 100);
	scenario_must(tree, start_post, 100);
	scenario_must(tree, stop_post, 100);
	tree_device_gone(tree, USB);
	tree_device(tree, &other);
	assert_true(run_and_assert(tree, start, "pre-start", EXIT_REFUSED) > 1);
}

/* For each VM its own number. */
static void test_restore_all(void **state)
{
	struct tree *tree = *state;

	scenario_must(tree, start_pre, 100);
	assert_int_equal(run_and_assert(tree, restore_all, "restore", EXIT_DONE),
			 ARRAY_SIZE(devices));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scenario_setup, fake_kernel_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_start_and_stop), TEST(test_start_again),   TEST(test_failed_start),
		TEST(test_failed_stop),	   TEST(test_refused_start), TEST(test_moved_device),
		TEST(test_restore_all),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
