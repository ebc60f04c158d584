// SPDX-License-Identifier: GPL-2.0-or-later
/* What pve-passthrough-early.service does in the booted system, with a fake kernel. */
#include "fake_kernel.h"
#include "run.h"

#include "hookscript/records/record.h"
#include "host/pci/early/early.h"
#include "host/pci/sriov_conf.h"
#include "host/setup/early/early_verb.h"

#define NIC "0000:00:02.0"

static int boot(const struct fs_root *root, unsigned int vmid)
{
	const struct setup_options options = {.boot = true};

	(void)vmid;
	return early_run(root, &options, record_lock_device);
}

static int setup(void **state)
{
	struct tree *tree;

	if (fake_kernel_setup(state))
		return -1;
	tree = *state;
	fake_kernel_checks_records(false); /* nothing is taken for a VM */
	tree_iommu(tree);
	tree_vfio(tree);
	tree_driver(tree, "e1000e", "e1000e");
	tree_device(tree, &(struct tree_device){NIC, 0x8086, 0x10d3, 0, 0, 0x020000, 20, NULL,
						"vfio-pci", NULL, true, false});
	tree_file(tree, "sys/bus/pci/devices/" NIC "/revision", "0x00\n");
	tree_file(tree, "proc/cmdline", "quiet\n");
	tree_file(tree, SRIOV_CONF_PATH,
		  "format = 1; sriov = (); early = ({ address = \"" NIC
		  "\"; path = \"0000:00/02.0\"; "
		  "identity = \"8086:10d3:0000:0000:020000\"; revision = 0; serial = \"\"; held = "
		  "true; });\n");
	tree_file(tree, EARLY_SEEN_PATH, "hold 0000:00/02.0\n");
	return 0;
}

static void ends(struct tree *tree, int code, const char *text, const char *driver)
{
	auto_run struct run done = {0};

	run_hook(tree, boot, 0, &done);
	run_assert_code(&done, code);
	run_assert_says(&done, text);
	assert_string_equal(tree_driver_of(tree, NIC), driver);
}

/* The module was not in the initramfs: only the override is there. */
static void test_completed(void **state)
{
	ends(*state, 0, NIC ": held early", "vfio-pci");
	ends(*state, 0, NIC ": held early", "vfio-pci");
}

/* It is not taken from a driver of the host. */
static void test_another_was_first(void **state)
{
	tree_bind(*state, NIC, "e1000e");
	ends(*state, 1, "driver e1000e has it", "e1000e");
}

static void test_turned_off(void **state)
{
	tree_bind(*state, NIC, "e1000e");
	tree_delete(*state, EARLY_SEEN_PATH);
	ends(*state, 1, "lacks the script that holds it", "e1000e");
	tree_file(*state, "proc/cmdline", "quiet " EARLY_OFF_WORD "\n");
	ends(*state, 0, "not held early at this boot", "e1000e");
}

/* Its kind has changed since: what the script left alone is left alone. */
static void test_changed(void **state)
{
	tree_device_id(*state, NIC, 0x1533);
	ends(*state, 1, "no longer held early", "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_completed, setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_another_was_first, setup,
						fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_turned_off, setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_changed, setup, fake_kernel_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
