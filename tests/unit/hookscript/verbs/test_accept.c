// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/accept.h"

#include "hookscript/pve/exit.h"
#include "hookscript/records/identity.h"
#include "scenario.h"

#define PATH "var/lib/pve-passthrough/vm/100"

#define GPU_NAME   "[10de:1001], subsystem 1043:8600, class 030000"
#define SOUND_NAME "[10de:1002], subsystem 1043:8600, class 040300"

/* The addresses of the devices that are kept, in order. */
static void assert_kept(struct tree *tree, const char *const *addresses, size_t n_want)
{
	auto_free struct identity_device *list = NULL;
	auto_free char *why = NULL;
	size_t n;

	assert_int_equal(identity_read(&tree->root, 100, &list, &n, &why), 0);
	assert_int_equal(n, n_want);
	for (size_t i = 0; i < n; i++) {
		char text[BDF_TEXT_SIZE];

		assert_string_equal(bdf_format(&list[i].bdf, text), addresses[i]);
	}
}

/* Another device at an address, as after a change of hardware. */
static void exchange(struct tree *tree, const char *bdf, unsigned int subdevice)
{
	tree_device_gone(tree, bdf);
	tree_device(tree, &(struct tree_device){.bdf = bdf,
						.vendor = 0x10de,
						.device = 0x1001,
						.subvendor = 0x1043,
						.subdevice = subdevice,
						.class = 0x030000,
						.group = 10});
}

static void accept_again(struct tree *tree, struct run *ret)
{
	run_hook(tree, accept_devices, 100, ret);
	run_assert_code(ret, EXIT_DONE);
}

static void test_first_time(void **state)
{
	static const char *const kept[] = {GPU, SOUND, PARKED, DISK, USB};
	struct tree *tree = *state;
	auto_run struct run run = {0}, again = {0};
	auto_free char *before = NULL;

	accept_again(tree, &run);
	assert_kept(tree, kept, ARRAY_SIZE(kept));
	run_assert_says(&run, GPU ": ");
	run_assert_says(&run, GPU_NAME "\n");
	run_assert_says(&run, SOUND_NAME "\n");
	run_assert_says(&run, "VM 100: from now on its start expects these devices there\n");
	assert_false(run_says(&run, NEIGHBOUR));
	assert_false(run_says(&run, TWIN));
	assert_false(run_says(&run, "before"));
	assert_string_equal(run.err, "");

	before = tree_render(tree, TREE_ALL);
	accept_again(tree, &again);
	run_assert_says(&again, GPU_NAME ", as before\n");
	tree_assert_is(tree, TREE_ALL, before);
}

static void test_another_device(void **state)
{
	static const char *const kept[] = {GPU, SOUND, PARKED, DISK, USB};
	struct tree *tree = *state;
	auto_run struct run run = {0}, first = {0}, again = {0};

	accept_again(tree, &first);
	exchange(tree, GPU, 0x9999);
	accept_again(tree, &run);
	run_assert_says(&run, GPU_NAME "; now ");
	run_assert_says(&run, "[10de:1001], subsystem 1043:9999, class 030000\n");
	run_assert_says(&run, SOUND_NAME ", as before\n");
	assert_kept(tree, kept, ARRAY_SIZE(kept));
	accept_again(tree, &again);
	run_assert_says(&again, "subsystem 1043:9999, class 030000, as before\n");
}

/* A card was replaced: what the settings say is of the old one. */
static void test_stale_settings(void **state)
{
	struct tree *tree = *state;
	auto_run struct run old = {0}, new = {0};

	tree_settings(tree, "devices = (\n  { address = \"" GPU "\"; id = \"10de:1b80\"; "
			    "allow = [ \"display\" ]; }\n);\n");
	accept_again(tree, &old);
	run_assert_says(&old, "/etc/pve-passthrough.conf, line 2: the entry of 'devices' for " GPU
			      " is for the device that was there, 10de:1b80, and is ignored");
	run_assert_says(&old, "write id = \"10de:1001\" there, else remove it: nano +2 "
			      "/etc/pve-passthrough.conf");
	tree_settings(tree, "devices = ( { address = \"" GPU "\"; id = \"10de:1001\"; } );\n");
	accept_again(tree, &new);
	assert_false(run_says(&new, "is ignored"));
}

static void test_nothing_there(void **state)
{
	static const char *const kept[] = {GPU, PARKED, DISK};
	struct tree *tree = *state;
	auto_run struct run run = {0}, first = {0};

	accept_again(tree, &first);
	tree_device_gone(tree, SOUND);
	tree_device_gone(tree, USB);
	accept_again(tree, &run);
	assert_kept(tree, kept, ARRAY_SIZE(kept));
	run_assert_says(&run, SOUND_NAME "; forgotten: no device is there now\n");
	/* The card's other function is there, so a start takes that. */
	assert_null(strstr(run.err, SOUND));
	assert_null(strstr(run.err, "0000:01:00"));
	run_assert_says(&run, USB ": no device is there: VM 100 cannot start");
}

static void test_config_changed(void **state)
{
	static const char *const kept[] = {TWIN, USB};
	struct tree *tree = *state;
	auto_run struct run run = {0}, first = {0}, none = {0}, nothing = {0};

	accept_again(tree, &first);
	tree_vm(tree, 100,
		"machine: q35\nhostpci0: 0000:05:00,pcie=1\nhostpci3: 06:00.0\n"
		"hostpci4: 0000:01:00.0,driver=keep\nhostpci5: 0000:04:00.0,mdev=x\n");
	accept_again(tree, &run);
	assert_kept(tree, kept, ARRAY_SIZE(kept));
	run_assert_says(&run, SOUND_NAME "; forgotten: the VM does not name it any more\n");
	run_assert_says(&run, TWIN ": ");

	tree_vm(tree, 100, "machine: q35\n");
	accept_again(tree, &none);
	run_assert_says(&none, "VM 100: none of its devices is known any more\n");
	assert_false(tree_has(tree, PATH));
	accept_again(tree, &nothing);
	run_assert_says(&nothing, "VM 100: it names no address with a device: nothing to accept\n");
	assert_false(run_says(&nothing, "forgotten"));
}

/* What a newer version wrote, or nobody, is replaced: that is the cure that its reader names. */
static void test_broken_file(void **state)
{
	static const char *const texts[] = {"garbage", "format = 2;", ""};
	static const char *const kept[] = {GPU, SOUND, PARKED, DISK, USB};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		auto_run struct run run = {0};

		tree_file(tree, PATH, texts[i]);
		accept_again(tree, &run);
		run_assert_says(&run, "/" PATH " cannot be understood and is replaced");
		assert_kept(tree, kept, ARRAY_SIZE(kept));
	}
}

static void test_failures(void **state)
{
	struct tree *tree = *state;
	auto_run struct run none = {0}, run = {0};

	run_hook(tree, accept_devices, 101, &none);
	run_assert_code(&none, EXIT_FAILED);
	run_assert_says(&none, "there is no config /etc/pve/qemu-server/101.conf");

	/* Where the folder should be is a file. */
	tree_file(tree, "var/lib/pve-passthrough/vm", "");
	run_hook(tree, accept_devices, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, "/var/lib/pve-passthrough/vm/100");
	assert_false(run_says(&run, "from now on"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scenario_setup, fake_kernel_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_first_time),	   TEST(test_another_device), TEST(test_nothing_there),
		TEST(test_stale_settings), TEST(test_config_changed), TEST(test_broken_file),
		TEST(test_failures),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
