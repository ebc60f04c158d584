// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/vfio.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "host/base/clock.h"
#include "host/process/process_nodes.h"
#include "tree.h"

static void put_group(struct tree *tree)
{
	tree_device(tree, &(struct tree_device){.bdf = "0000:01:00.0", .vendor = 1, .group = 12});
	tree_file(tree, "dev/vfio/12", "");
}

static struct vfio_holders holders_of(struct tree *tree, int group)
{
	struct vfio_holders holders = {0};

	assert_int_equal(vfio_group_holders(&tree->root, group, &holders), 0);
	return holders;
}

static void test_closed(void **state)
{
	static const char *const others[] = {"/dev/vfio/1",    "/dev/vfio/123",
					     "/dev/vfio/vfio", "/dev/vfio/12 (deleted)",
					     "socket:[12]",    "anon_inode:[vfio-device]",
					     "/x/dev/vfio/12"};
	struct tree *tree = *state;
	auto_holders struct vfio_holders holders = {0};

	put_group(tree);
	tree_process(tree, 1, "init", "init");
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		tree_process_opens(tree, 1, (int)i, others[i]);
	/* What is no process. */
	tree_link(tree, "proc/12x/fd/1", "/dev/vfio/12");
	tree_link(tree, "proc/self/fd/1", "/dev/vfio/12");
	tree_folder(tree, "proc/77");
	holders = holders_of(tree, 12);
	assert_false(holders.open);
	assert_int_equal(holders.n, 0);
	assert_int_equal(vfio_group_wait_closed(&tree->root, 12, 0, NULL), 0);
}

static void test_open(void **state)
{
	struct tree *tree = *state;
	auto_holders struct vfio_holders holders = {0};
	auto_free char *text = NULL;

	put_group(tree);
	tree_process(tree, 30, "kvm", "kvm");
	tree_process_opens(tree, 30, 5, "/dev/null");
	tree_process_opens(tree, 30, 33, "/dev/vfio/12");
	tree_process_opens(tree, 30, 34, "/dev/vfio/12");
	tree_process(tree, 31, "a (b)", "x");
	tree_process_opens(tree, 31, 0, "/dev/vfio/12");
	tree_process(tree, 32, "other", "x");
	holders = holders_of(tree, 12);
	assert_true(holders.open);
	assert_int_equal(holders.n, 2);
	assert_int_equal(holders.items[0].pid, 30);
	text = vfio_holders_describe(&holders);
	assert_string_equal(text, "process 30 (kvm), process 31 (a (b))");
}

static void put_user(struct tree *tree, int pid, unsigned int uid)
{
	auto_free char *dir = fs_path("proc/%d", pid);
	auto_free char *path = fs_path("proc/%d/task/%d/status", pid, pid);
	auto_free char *text = fs_path("Name:\tx\nUid:\t%u\t%u\t%u\t%u\n", uid, uid, uid, uid);

	tree_process(tree, pid, "x", "x");
	tree_process_opens(tree, pid, 3, "/dev/vfio/12");
	tree_file(tree, path, text);
	assert_int_equal(fchownat(tree->root.fd, dir, uid, uid, 0), 0);
}

/* Users have so many descriptors that there is no time for all: root's processes are found, and who
 * may be the owner of the node is not passed over. */
static void test_many_descriptors(void **state)
{
	struct tree *tree = *state;
	auto_holders struct vfio_holders all = {0}, in_time = {0}, none = {0};

	put_group(tree);
	put_user(tree, 30, 65000);
	tree_process(tree, 31, "kvm", "kvm");
	tree_process_opens(tree, 31, 33, "/dev/vfio/12");
	all = holders_of(tree, 12);
	assert_int_equal(all.n, 2);
	process_others_ms = 0;
	in_time = holders_of(tree, 12);
	assert_int_equal(in_time.n, 1);
	assert_int_equal(in_time.items[0].pid, 31);
	assert_int_equal(fchownat(tree->root.fd, "dev/vfio/12", 65000, 65000, 0), 0);
	assert_int_equal(vfio_group_holders(&tree->root, 12, &none), -ETIME);
	process_others_ms = 500;
}

static void test_vms(void **state)
{
	static const struct {
		int group;
		unsigned int vmid;
	} rows[] = {{12, 100}, {13, 101}, {14, 0}, {15, 0}};
	struct tree *tree = *state;
	auto_vfio_vms struct vfio_vms vms = {0};

	put_group(tree);
	tree_device(tree, &(struct tree_device){.bdf = "0000:02:00.0", .vendor = 1, .group = 13});
	tree_device(tree, &(struct tree_device){.bdf = "0000:03:00.0", .vendor = 1, .group = 14});
	tree_device(tree, &(struct tree_device){.bdf = "0000:04:00.0", .vendor = 1, .group = 15});
	tree_file(tree, "sys/devices/pci0000:00/0000:02:00.0/vfio-dev/vfio3/dev", "511:3\n");
	tree_process(tree, 30, "kvm", "/usr/bin/kvm -id 100");
	tree_process_opens(tree, 30, 32, "/dev/vfio/vfio");
	tree_process_opens(tree, 30, 33, "/dev/vfio/12");
	tree_process(tree, 31, "kvm", "/usr/bin/kvm -id 101");
	tree_process_opens(tree, 31, 33, "/dev/vfio/devices/vfio3");
	tree_process(tree, 32, "dpdk", "dpdk");
	tree_process_opens(tree, 32, 5, "/dev/vfio/14");
	assert_int_equal(vfio_vms_read(&tree->root, &vms), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned int vmid;

		assert_int_equal(vfio_vms_find(&tree->root, &vms, rows[i].group, &vmid), 0);
		assert_int_equal(vmid, rows[i].vmid);
	}
}

/* /dev/vfio/devices/vfioN, by which QEMU opens a device with iommufd. */
static void test_open_by_iommufd(void **state)
{
	struct tree *tree = *state;
	auto_holders struct vfio_holders closed = {0};
	auto_holders struct vfio_holders open = {0};

	put_group(tree);
	tree_file(tree, "sys/devices/pci0000:00/0000:01:00.0/vfio-dev/vfio3/dev", "511:3\n");
	tree_process(tree, 30, "kvm", "kvm");
	tree_process_opens(tree, 30, 33, "/dev/vfio/devices/vfio4");
	closed = holders_of(tree, 12);
	assert_false(closed.open);
	tree_process_opens(tree, 30, 34, "/dev/vfio/devices/vfio3");
	open = holders_of(tree, 12);
	assert_true(open.open);
	assert_int_equal(open.n, 1);
}

/* Threads of the kernel are left out; not a program that the kernel has started, nor a process
 * whose memory is gone while it still closes its files. */
static void test_kernel_threads(void **state)
{
	struct tree *tree = *state;
	auto_holders struct vfio_holders holders = {0};

	put_group(tree);
	for (int pid = 30; pid < 34; pid++) {
		tree_process(tree, pid, "x", "x");
		tree_process_opens(tree, pid, 3, "/dev/vfio/12");
	}
	tree_file(tree, "proc/2/task/2/children", "3 30 31 300 ");
	tree_link(tree, "proc/31/exe", "/usr/bin/kmod");
	tree_link(tree, "proc/32/exe", "/usr/bin/kvm");
	holders = holders_of(tree, 12);
	assert_int_equal(holders.n, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(holders.items[i].pid, 31 + (int)i);
}

static void test_process_without_a_name(void **state)
{
	struct tree *tree = *state;
	auto_holders struct vfio_holders holders = {0};
	auto_free char *text = NULL;

	put_group(tree);
	tree_link(tree, "proc/30/fd/3", "/dev/vfio/12");
	holders = holders_of(tree, 12);
	text = vfio_holders_describe(&holders);
	assert_string_equal(text, "process 30 (?)");
}

static void test_describes_nobody(void **state)
{
	const struct vfio_holders nobody = {.open = true};
	auto_free char *text = vfio_holders_describe(&nobody);

	(void)state;
	assert_string_equal(text, "a process that cannot be seen from here");
}

static void test_no_such_group(void **state)
{
	struct tree *tree = *state;
	struct vfio_holders holders;

	assert_int_equal(vfio_group_holders(&tree->root, 99, &holders), -ENOENT);
	assert_int_equal(vfio_group_wait_closed(&tree->root, 99, 0, NULL), -ENOENT);
}

/* Whoever has it open may be what cannot be read. */
static void test_cannot_be_read(void **state)
{
#define DEVICE "sys/devices/pci0000:00/0000:01:00.0/"
	static const char *const files[] = {"sys/kernel/iommu_groups/12/devices", DEVICE "vfio-dev",
					    DEVICE "vfio-dev/vfio3/dev", "dev/vfio/12"};
	struct tree *tree = *state;

	put_group(tree);
	tree_file(tree, DEVICE "vfio-dev/vfio3/dev", "511:3\n");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct vfio_holders holders;

		tree_obscure(tree, files[i]);
		assert_int_equal(vfio_group_holders(&tree->root, 12, &holders), -ELOOP);
		assert_int_equal(vfio_group_wait_closed(&tree->root, 12, 0, NULL), -ELOOP);
		tree_reveal(tree, files[i]);
	}
	assert_int_equal(vfio_group_wait_closed(&tree->root, 12, 0, NULL), 0);
}

static void test_wait_until_the_deadline(void **state)
{
	struct tree *tree = *state;
	auto_holders struct vfio_holders holders = {0};
	int64_t start = clock_now_ms();

	put_group(tree);
	tree_process(tree, 30, "kvm", "kvm");
	tree_process_opens(tree, 30, 33, "/dev/vfio/12");
	assert_int_equal(vfio_group_wait_closed(&tree->root, 12, start + 120, &holders),
			 -ETIMEDOUT);
	assert_in_range(clock_now_ms() - start, 120, 5000);
	assert_int_equal(holders.n, 1);
	assert_int_equal(vfio_group_wait_closed(&tree->root, 12, 0, NULL), -ETIMEDOUT);
}

static void test_wait_for_the_end(void **state)
{
	struct tree *tree = *state;
	int64_t start;
	pid_t pid;

	put_group(tree);
	tree_process(tree, 30, "kvm", "kvm");
	tree_process_opens(tree, 30, 33, "/dev/vfio/12");
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		clock_sleep_ms(100);
		tree_delete(tree, "proc/30/fd/33");
		_exit(0);
	}
	start = clock_now_ms();
	assert_int_equal(vfio_group_wait_closed(&tree->root, 12, start + 5000, NULL), 0);
	assert_in_range(clock_now_ms() - start, 50, 4900);
	waitpid(pid, NULL, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_closed),
		TEST(test_open),
		TEST(test_many_descriptors),
		TEST(test_open_by_iommufd),
		TEST(test_vms),
		TEST(test_kernel_threads),
		TEST(test_process_without_a_name),
		cmocka_unit_test(test_describes_nobody),
		TEST(test_no_such_group),
		TEST(test_cannot_be_read),
		TEST(test_wait_until_the_deadline),
		TEST(test_wait_for_the_end),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
