// SPDX-License-Identifier: GPL-2.0-or-later
/* What version 0.1.0 has left on a host (tests/upgrade/README) means to this version what it meant
 * to that one. */
#include <stdio.h>
#include <stdlib.h>

#include "hookscript/pve/exit.h"
#include "hookscript/records/duration.h"
#include "hookscript/records/reboot.h"
#include "hookscript/records/record.h"
#include "hookscript/records/returns.h"
#include "hookscript/settings/settings_read.h"
#include "hookscript/phases/start.h"
#include "hookscript/phases/stop.h"
#include "host/setup/state/hoststate.h"
#include "scenario.h"

#define RECORDS	    "run/pve-passthrough/records"
#define DISK_FOLDER "sys/devices/pci0000:00/" DISK

#define STARTS "systemctl start gpu.service\npct start 105\n"

static char *old_path;

static int setup(void **state)
{
	struct tree *tree;

	if (scenario_setup(state))
		return -1;
	tree = *state;
	tree_file(tree, DISK_FOLDER "/reset_method", "flr bus\n");
	tree_file(tree, DISK_FOLDER "/d3cold_allowed", "1\n");
	old_path = strdup(getenv("PATH"));
	return 0;
}

static int teardown(void **state)
{
	setenv("PATH", old_path, 1);
	free(old_path);
	return fake_kernel_teardown(state);
}

/* Copies the directory NAME of tests/upgrade to PATH. */
static void put(struct tree *tree, const char *name, const char *path)
{
	auto_free char *command = fs_path("mkdir -p '%s/%s' && cp -r '" TESTS_DIR
					  "/upgrade/%s/.' '%s/%s'",
					  tree->root.path, path, name, tree->root.path, path);

	tree_folder(tree, path);
	assert_int_equal(system(command), 0);
}

static void take(struct tree *tree, const char *bdf)
{
	auto_free char *override = fs_path("sys/devices/pci0000:00/%s/driver_override", bdf);

	tree_bind(tree, bdf, "vfio-pci");
	tree_file(tree, override, "vfio-pci\n");
}

/* The host as the older version's start has left it. */
static void put_taken(struct tree *tree)
{
	auto_free char *path = fs_path("%s/fakes/users:%s", TESTS_DIR, old_path);
	auto_free char *users = fs_path("%s/tmp-users", tree->root.path);
	auto_free char *log = fs_path("%s/tmp-log", tree->root.path);

	take(tree, GPU);
	take(tree, SOUND);
	take(tree, NEIGHBOUR);
	take(tree, DISK);
	take(tree, USB);
	tree_file(tree, DISK_FOLDER "/reset_method", "bus\n");
	tree_file(tree, DISK_FOLDER "/d3cold_allowed", "0\n");
	tree_folder(tree, "tmp-users");
	tree_file(tree, "tmp-log", "");
	setenv("PATH", path, 1);
	setenv("FAKE_USERS", users, 1);
	setenv("FAKE_LOG", log, 1);
	unsetenv("FAKE_STUCK");
	put(tree, "taken", RECORDS);
}

/* The host as it was before that start, but for the USB controller, which its settings keep away
 * from the host. */
static void assert_given_back(struct tree *tree)
{
	auto_free char *reset = tree_text(tree, DISK_FOLDER "/reset_method");
	auto_free char *d3cold = tree_text(tree, DISK_FOLDER "/d3cold_allowed");
	auto_free char *log = tree_text(tree, "tmp-log");

	assert_string_equal(tree_driver_of(tree, GPU), "gpu");
	assert_string_equal(tree_override_of(tree, GPU), "none");
	assert_string_equal(tree_driver_of(tree, SOUND), "snd");
	assert_string_equal(tree_driver_of(tree, NEIGHBOUR), "none");
	assert_string_equal(tree_driver_of(tree, PARKED), "vfio-pci");
	assert_string_equal(tree_driver_of(tree, DISK), "nvme");
	assert_string_equal(tree_override_of(tree, DISK), "nvme");
	assert_string_equal(tree_driver_of(tree, USB), "none");
	assert_string_equal(tree_override_of(tree, USB), "none");
	assert_string_equal(reset, "flr bus\n");
	assert_string_equal(d3cold, "1\n");
	assert_true(strlen(log) >= strlen(STARTS));
	assert_string_equal(log + strlen(log) - strlen(STARTS), STARTS);
	assert_false(tree_has(tree, RECORDS "/" GPU));
	assert_false(tree_has(tree, RECORDS "/" DISK));
	assert_false(tree_has(tree, RECORDS "/" USB));
	assert_false(tree_has(tree, RECORDS "/100.users"));
}

static void test_taken_is_given_back(void **state)
{
	struct tree *tree = *state;

	put_taken(tree);
	scenario_must(tree, stop_post, 100);
	assert_given_back(tree);
}

/* QEMU and the older version's watcher were killed. */
static void test_taken_is_restored(void **state)
{
	struct tree *tree = *state;

	put_taken(tree);
	scenario_must(tree, stop_restore, 100);
	assert_given_back(tree);
}

/* The VM is started again by this version: the before-image stays the first one. */
static void test_taken_is_taken_over(void **state)
{
	struct tree *tree = *state;

	put_taken(tree);
	tree_settings(tree, "devices = ( { address = \"" DISK "\"; id = \"144d:a808\";\n"
			    "  reset_method = \"bus\"; d3cold = false; },\n"
			    "  { address = \"" USB "\"; id = \"1b73:1100\";\n"
			    "  return_to = \"none\"; } );\n");
	scenario_must(tree, start_pre, 100);
	scenario_assert_taken(tree);
	scenario_must(tree, stop_post, 100);
	assert_given_back(tree);
}

/* The note of a mail goes with what it is about. */
static void test_mailed(void **state)
{
	struct tree *tree = *state;
	struct bdf bdf;
	auto_free char *why = NULL;
	struct record *record = NULL;

	put(tree, "mailed", RECORDS);
	take(tree, DISK);
	assert_int_equal(bdf_parse(DISK, &bdf), 0);
	assert_int_equal(record_read(&tree->root, &bdf, &record, &why), 0);
	assert_true(record->no_mail);
	record_free(record);
	scenario_must(tree, stop_post, 100);
	assert_string_equal(tree_driver_of(tree, DISK), "nvme");
	assert_false(tree_has(tree, RECORDS "/" DISK));
	assert_false(tree_has(tree, RECORDS "/100.mailed"));
}

static void test_record_says(void **state)
{
	struct tree *tree = *state;
	struct bdf bdf;
	auto_free char *why = NULL;
	struct record *record = NULL;

	put_taken(tree);
	assert_int_equal(bdf_parse(DISK, &bdf), 0);
	assert_int_equal(record_read(&tree->root, &bdf, &record, &why), 0);
	assert_non_null(record);
	assert_int_equal(record->vmid, 100);
	assert_int_equal(record->stage, RECORD_TAKEN);
	assert_string_equal(record->driver, "nvme");
	assert_string_equal(record->module, "nvme");
	assert_string_equal(record->override, "nvme");
	assert_int_equal(record->deadline, 7);
	assert_true(record->ifreload);
	assert_true(record->claim != 0);
	assert_string_equal(record->attributes[RECORD_RESET_METHOD].set, "bus");
	assert_string_equal(record->attributes[RECORD_RESET_METHOD].before, "flr bus");
	record_free(record);
}

/* Nothing was done to these devices: nothing is done to them now. */
static void test_claimed_is_forgotten(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);

	put(tree, "claimed", RECORDS);
	tree_delete(tree, RECORDS "/100.users"); /* of units that this host has not */
	fake_kernel_reset(NULL);
	scenario_must(tree, stop_restore, 100);
	tree_assert_is(tree, TREE_STATE, before);
}

/* Proxmox VE has taken the other device of the mapping. */
static void test_spare_becomes_a_record(void **state)
{
	struct tree *tree = *state;

	tree_link(tree, "etc/pve/local", "nodes/lab");
	tree_file(tree, "etc/pve/mapping/pci.cfg",
		  "gpu\n\tmap id=10de:1001,iommugroup=10,node=lab,path=0000:01:00.0,subsystem-id="
		  "1043:8600\n\tmap id=10de:1001,iommugroup=13,node=lab,path=0000:05:00.0,"
		  "subsystem-id=1043:8600\n");
	tree_vm(tree, 100, "machine: q35\nhostpci0: mapping=gpu,pcie=1\n");
	take(tree, GPU);
	take(tree, SOUND);
	take(tree, NEIGHBOUR);
	put(tree, "spare", RECORDS);
	tree_bind(tree, TWIN, "vfio-pci");
	tree_file(tree, "run/qemu-server/pci-id-reservations", TWIN " 100 pid:4711\n");
	tree_vm_runs(tree, 100, 4711);
	scenario_must(tree, start_post, 100);
	assert_string_equal(tree_driver_of(tree, GPU), "gpu");
	assert_true(tree_has(tree, RECORDS "/" TWIN));
	tree_delete(tree, "proc/4711");
	tree_delete(tree, "run/qemu-server/100.pid");
	tree_delete(tree, "run/qemu-server/pci-id-reservations");
	scenario_must(tree, stop_post, 100);
	assert_string_equal(tree_driver_of(tree, TWIN), "gpu");
	assert_false(tree_has(tree, RECORDS "/" TWIN));
}

static void identities_are_known(struct tree *tree, const char *from)
{
	auto_run struct run run = {0};

	put(tree, from, "var/lib/pve-passthrough/vm");
	scenario_must(tree, start_pre, 100);
	scenario_must(tree, stop_post, 100);
	tree_device_id(tree, DISK, 0xa80a);
	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_REFUSED);
	run_assert_says(&run, "144d:a808:144d:a801:010802");
}

static void test_identities(void **state)
{
	identities_are_known(*state, "identities");
}

/* A number that is not known now is no other one. */
static void test_places(void **state)
{
	identities_are_known(*state, "places");
}

/* The number in it counts from the boot of another host, so that only its being there can be told.
 */
static void test_reboot_note(void **state)
{
	struct tree *tree = *state;

	assert_true(reboot_left_ms(&tree->root, 100) < 0);
	put(tree, "reboot", RECORDS);
	assert_true(reboot_left_ms(&tree->root, 100) >= 0);
}

static void test_host_setup(void **state)
{
	struct tree *tree = *state;
	auto_hoststate struct hoststate host = {0};

	put(tree, "host-setup", "var/lib/pve-passthrough");
	assert_int_equal(hoststate_read(&tree->root, &host), 0);
	assert_true(host.exists);
	assert_true(host.pending);
	assert_int_equal(host.words.n, 2);
	assert_string_equal(host.words.items[0], "intel_iommu=on");
	assert_string_equal(host.words.items[1], "iommu=pt");
	assert_int_equal(host.dirs.n, 1);
	assert_string_equal(host.dirs.items[0], "etc/default/grub.d");
}

static void test_duration(void **state)
{
	struct tree *tree = *state;
	struct duration kept;

	put(tree, "starts", DURATION_DIR);
	assert_int_equal(duration_read(&tree->root, 100, &kept), 0);
	assert_int_equal(kept.ms, 16042);
	assert_int_equal(kept.mib, 65536);
	assert_int_equal(kept.page_kib, 4);
}

static void put_settings(struct tree *tree)
{
	FILE *from = fopen(TESTS_DIR "/upgrade/settings.conf", "r");
	char text[4096];
	size_t n;

	assert_non_null(from);
	n = fread(text, 1, sizeof(text) - 1, from);
	text[n] = '\0';
	fclose(from);
	tree_settings(tree, text);
}

static void test_settings(void **state)
{
	struct tree *tree = *state;
	auto_settings struct settings s = settings_default;
	const struct device_setting *disk, *usb, *gpu;
	struct bdf bdf;

	put_settings(tree);
	if (settings_read(&tree->root, 100, &s))
		fail_msg("refused: %s", settings_error(&s));
	assert_int_equal(s.n_warnings, 0);
	assert_int_equal(s.machine, POLICY_WARN);
	assert_int_equal(s.pcie, POLICY_OFF);
	assert_int_equal(s.deadline, 9);
	assert_int_equal(s.group, GROUP_TAKE);
	assert_true(s.ifreload);
	assert_true(s.return_at_shutdown);
	assert_string_equal(s.next, "local:snippets/old.pl");
	assert_string_equal(s.language, "zh_CN");

	assert_int_equal(bdf_parse(DISK, &bdf), 0);
	disk = settings_device(&s, &bdf, 0x144d, 0xa808);
	assert_non_null(disk);
	assert_int_equal(disk->allow, 1 << USAGE_DISK);
	assert_string_equal(disk->return_to, "nvme");
	assert_string_equal(disk->reset_method, "flr bus");
	assert_int_equal(disk->d3cold, D3COLD_FORBID);
	assert_string_equal(disk->driver, "nvme_vfio_pci");
	assert_int_equal(disk->n_stop_units, 1);
	assert_string_equal(disk->stop_units[0], "gpu.service");
	assert_int_equal(disk->n_stop_ct, 1);
	assert_string_equal(disk->stop_ct[0], "105");
	assert_int_equal(disk->n_unload, 1);
	assert_string_equal(disk->unload[0], "nvme");

	assert_int_equal(bdf_parse(USB, &bdf), 0);
	usb = settings_device(&s, &bdf, 0x1b73, 0x1100);
	assert_non_null(usb);
	assert_string_equal(usb->return_to, "none");
	assert_int_equal(bdf_parse(GPU, &bdf), 0);
	gpu = settings_device(&s, &bdf, 0x10de, 0x1001);
	assert_non_null(gpu);
	assert_int_equal(gpu->allow, 1 << USAGE_DISPLAY | 1 << USAGE_SOUND);
}

/* What a test that died has left, of the first version that has tests. */
static int restore_test(const struct fs_root *root, unsigned int vmid)
{
	(void)vmid;
	return stop_restore(root, RECORD_TEST);
}

static void test_test(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);

	take(tree, DISK);
	tree_file(tree, "dev/vfio/12", "");
	tree_file(tree, DISK_FOLDER "/reset_method", "bus\n");
	put(tree, "test", RECORDS);
	scenario_must(tree, restore_test, 0);
	tree_assert_is(tree, TREE_STATE, before);
}

static void test_returns(void **state)
{
	static const struct pci_identity disk = {0x144d, 0xa808, 0x144d, 0xa801, 0x010802};
	struct tree *tree = *state;
	struct returns returns;
	struct bdf bdf;

	put(tree, "returns", RETURNS_DIR);
	assert_int_equal(bdf_parse(DISK, &bdf), 0);
	assert_int_equal(returns_read(&tree->root, &bdf, &disk, &returns), 0);
	assert_int_equal(returns.times, 11);
	assert_int_equal(returns.of, 12);
	assert_int_equal(returns.last, 1767225600);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_taken_is_given_back),
		TEST(test_taken_is_restored),
		TEST(test_taken_is_taken_over),
		TEST(test_record_says),
		TEST(test_claimed_is_forgotten),
		TEST(test_spare_becomes_a_record),
		TEST(test_identities),
		TEST(test_places),
		TEST(test_reboot_note),
		TEST(test_host_setup),
		TEST(test_settings),
		TEST(test_duration),
		TEST(test_test),
		TEST(test_returns),
		TEST(test_mailed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
