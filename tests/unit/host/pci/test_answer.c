// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/answer.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "host/base/clock.h"
#include "tree.h"

#define FOLDER "sys/devices/pci0000:00/"

static const struct bdf devices[] = {{0, 1, 0, 0}, {0, 2, 0, 0}, {0, 3, 0, 0}};

static void put(struct tree *tree, const char *address)
{
	tree_device(tree, &(struct tree_device){.bdf = address, .vendor = 0x10de, .group = -1});
}

/* Its configuration space: N bytes of ff, then FROM of those zero. */
static void put_config(struct tree *tree, const char *path, size_t n, size_t from)
{
	unsigned char space[256];

	memset(space, 0xff, sizeof(space));
	memset(space + from, 0, sizeof(space) - from);
	tree_bytes(tree, path, space, n);
}

static void test_answers(void **state)
{
	struct tree *tree = *state;

	put(tree, "0000:01:00.0");
	assert_int_equal(pci_answers(&tree->root, &devices[0]), 0);
	put_config(tree, FOLDER "0000:01:00.0/config", 256, 256);
	assert_int_equal(pci_answers(&tree->root, &devices[0]), -ENODATA);
	/* What is not root sees the header only. */
	put_config(tree, FOLDER "0000:01:00.0/config", 64, 256);
	assert_int_equal(pci_answers(&tree->root, &devices[0]), -ENODATA);
	/* The ids of a VF are ff always. */
	put_config(tree, FOLDER "0000:01:00.0/config", 256, 4);
	assert_int_equal(pci_answers(&tree->root, &devices[0]), 0);
	put_config(tree, FOLDER "0000:01:00.0/config", 256, 63);
	assert_int_equal(pci_answers(&tree->root, &devices[0]), 0);
	/* A short read proves nothing, nor does a file that is not there. */
	put_config(tree, FOLDER "0000:01:00.0/config", 32, 256);
	assert_int_equal(pci_answers(&tree->root, &devices[0]), 0);
	tree_delete(tree, FOLDER "0000:01:00.0/config");
	assert_int_equal(pci_answers(&tree->root, &devices[0]), 0);
	/* One that cannot be read is no answer. */
	put_config(tree, FOLDER "0000:01:00.0/config", 256, 0);
	tree_obscure(tree, FOLDER "0000:01:00.0/config");
	assert_int_equal(pci_answers(&tree->root, &devices[0]), -ELOOP);
}

/* A device in the middle of a reset answers a moment later. */
static void test_reset(void **state)
{
	struct tree *tree = *state;
	pid_t pid;

	put(tree, "0000:01:00.0");
	put_config(tree, FOLDER "0000:01:00.0/config", 256, 256);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		clock_sleep_ms(30);
		put_config(tree, FOLDER "0000:01:00.0/config", 256, 0);
		_exit(0);
	}
	assert_int_equal(pci_answers(&tree->root, &devices[0]), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* One that hangs does not keep the others from being asked. */
static void test_ask(void **state)
{
	struct tree *tree = *state;
	auto_free char *config = NULL;
	struct pci_answer answers[] = {{1, 1}, {1, 1}, {1, 1}};

	put(tree, "0000:01:00.0");
	put(tree, "0000:02:00.0");
	put(tree, "0000:03:00.0");
	put_config(tree, FOLDER "0000:03:00.0/config", 256, 256);
	assert_int_equal(pci_ask(&tree->root, devices, 0, answers), 0);
	assert_int_equal(pci_ask(&tree->root, devices, 3, answers), 0);
	assert_int_equal(answers[0].err, 0);
	assert_int_equal(answers[1].err, 0);
	assert_int_equal(answers[2].err, -ENODATA);
	tree_delete(tree, FOLDER "0000:02:00.0/config");
	config = fs_path("%s/" FOLDER "0000:02:00.0/config", tree->root.path);
	assert_int_equal(mkfifo(config, 0600), 0);
	assert_int_equal(pci_ask(&tree->root, devices, 3, answers), 0);
	assert_int_equal(answers[0].err, 0);
	assert_int_equal(answers[1].err, -ETIMEDOUT);
	assert_int_equal(answers[2].err, -ENODATA);
	tree_delete(tree, FOLDER "0000:02:00.0/config");
}

static void put_serial(struct tree *tree, const char *path)
{
	static const unsigned char capability[] = {3,	 0,    1,    0,	   0x1f, 0xe1,
						   0xb0, 0x71, 0x5b, 0x38, 0x25, 0xf0};
	unsigned char space[4096] = {0};

	memcpy(space + 256, capability, sizeof(capability));
	tree_bytes(tree, path, space, sizeof(space));
}

/* All 64 bits, of each that has one; one that hangs, and one that cannot be read, have none. */
static void test_ask_serials(void **state)
{
	struct tree *tree = *state;
	auto_free char *config = NULL;
	struct pci_answer answers[] = {{1, 1}, {1, 1}, {1, 1}};

	put(tree, "0000:01:00.0");
	put(tree, "0000:02:00.0");
	put(tree, "0000:03:00.0");
	put_serial(tree, FOLDER "0000:03:00.0/config");
	assert_int_equal(pci_ask(&tree->root, devices, 3, answers), 0);
	assert_true(!answers[0].serial && !answers[1].serial);
	assert_true(answers[2].serial == 0xf025385b71b0e11f);
	put_config(tree, FOLDER "0000:01:00.0/config", 256, 0);
	tree_delete(tree, FOLDER "0000:02:00.0/config");
	config = fs_path("%s/" FOLDER "0000:02:00.0/config", tree->root.path);
	assert_int_equal(mkfifo(config, 0600), 0);
	assert_int_equal(pci_ask(&tree->root, devices, 3, answers), 0);
	assert_true(!answers[0].serial && !answers[1].serial);
	assert_true(answers[2].serial == 0xf025385b71b0e11f);
	tree_delete(tree, FOLDER "0000:02:00.0/config");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_reset, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_ask, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_ask_serials, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
