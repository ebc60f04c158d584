// SPDX-License-Identifier: GPL-2.0-or-later
/* Root is mailed of a device that cannot be given back: once, whoever tries. */
#include "hookscript/bind/mail.h"

#include <stdio.h>

#include "hookscript/pve/exit.h"
#include "hookscript/phases/start.h"
#include "hookscript/phases/stop.h"
#include "scenario.h"

#define RECORDS "run/pve-passthrough/records/"
#define NOTE	RECORDS "100.mailed"

static int setup(void **state)
{
	int code = scenario_setup(state);
	struct tree *tree = *state;
	auto_free char *mails = fs_path("%s/mails", tree->root.path);

	mail_program = TESTS_DIR "/fakes/mail/sendmail";
	setenv("FAKE_MAILS", mails, 1);
	return code;
}

static int teardown(void **state)
{
	unsetenv("FAKE_MAILS");
	unsetenv("FAKE_MAIL_FAILS");
	return fake_kernel_teardown(state);
}

/* VM 100 has the disk, which its driver will not take back. Returns the tree before. */
static char *take_disk(struct tree *tree, const char *settings)
{
	char *before;

	tree_vm(tree, 100, "machine: q35\nhostpci0: 04:00.0,pcie=1\n");
	tree_settings(tree, settings);
	tree_file(tree, MAIL_PROGRAM, "");
	before = tree_render(tree, TREE_STATE);
	scenario_must(tree, start_pre, 100);
	fake_kernel_reset(NULL);
	fake_kernel_probe_fails("nvme");
	return before;
}

static void fail_by(struct tree *tree, run_phase *phase)
{
	auto_run struct run run = {0};

	run_hook(tree, phase, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, DISK ": nvme did not take it back");
}

static size_t count_mails(struct tree *tree)
{
	auto_free char *text = tree_text(tree, "mails");
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, "== ")); at++)
		n++;
	return n;
}

/* By whoever fails first; and when it is back, nothing is left. */
static void test_once(void **state)
{
	static run_phase *const phases[] = {stop_post, stop_restore, scenario_restore_all,
					    stop_post};
	struct tree *tree = *state;
	auto_free char *before = take_disk(tree, "");
	auto_free char *text = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(phases); i++) {
		fail_by(tree, phases[i]);
		assert_int_equal(count_mails(tree), 1);
	}
	text = tree_text(tree, "mails");
	assert_non_null(strstr(text,
			       "== -i root\nTo: root\n"
			       "Subject: pve-passthrough: VM 100: not given back: " DISK "\n"));
	assert_non_null(strstr(text,
			       "\n\nVM 100 has ended, and this host has not got these devices "
			       "back: " DISK "\n\n" DISK ": nvme did not take it back"));
	assert_non_null(strstr(text, "\n  pve-passthrough restore 100\n"));
	fake_kernel_reset(NULL);
	scenario_must(tree, stop_restore, 100);
	assert_false(tree_has(tree, NOTE));
	tree_delete(tree, "mails");
	tree_assert_is(tree, TREE_STATE, before);
}

/* The next start's device is another matter. */
static void test_again_after_a_start(void **state)
{
	struct tree *tree = *state;

	free(take_disk(tree, ""));
	fail_by(tree, stop_post);
	fake_kernel_reset(NULL);
	scenario_must(tree, start_pre, 100);
	fake_kernel_probe_fails("nvme");
	fail_by(tree, stop_post);
	fail_by(tree, stop_restore);
	assert_int_equal(count_mails(tree), 2);
}

/* What comes to that later is another mail, and names that alone. */
static void test_another_device(void **state)
{
	struct tree *tree = *state;
	auto_free char *text = NULL;

	tree_settings(tree, "");
	tree_file(tree, MAIL_PROGRAM, "");
	scenario_must(tree, start_pre, 100);
	fake_kernel_reset(NULL);
	fake_kernel_probe_fails("nvme");
	fail_by(tree, stop_post);
	assert_int_equal(count_mails(tree), 1);
	text = tree_text(tree, "mails");
	assert_null(strstr(text, GPU));
}

static void test_not_wanted(void **state)
{
	struct tree *tree = *state;

	free(take_disk(tree, "mail = false;\n"));
	fail_by(tree, stop_post);
	assert_int_equal(count_mails(tree), 0);
	assert_false(tree_has(tree, NOTE));
}

/* A host without mail has no note of one, and no word is said of it. */
static void test_no_sendmail(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	free(take_disk(tree, ""));
	tree_delete(tree, MAIL_PROGRAM);
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	assert_false(run_says(&run, "mail"));
	assert_false(tree_has(tree, NOTE));
	assert_int_equal(count_mails(tree), 0);
}

/* It is said, once; what became of the devices is what counts. */
static void test_sendmail_fails(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0}, again = {0};

	free(take_disk(tree, ""));
	setenv("FAKE_MAIL_FAILS", "yes", 1);
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, "VM 100: root could not be mailed about it: /usr/sbin/sendmail: exit "
			      "status 75: the queue is full");
	run_hook(tree, stop_restore, 100, &again);
	assert_false(run_says(&again, "mailed"));
}

/* A note that cannot be read may say that it was sent. */
static void test_note_cannot_be_read(void **state)
{
	struct tree *tree = *state;

	free(take_disk(tree, ""));
	tree_file(tree, NOTE, "");
	tree_obscure(tree, NOTE);
	fail_by(tree, stop_post);
	assert_int_equal(count_mails(tree), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_once),
		TEST(test_again_after_a_start),
		TEST(test_another_device),
		TEST(test_not_wanted),
		TEST(test_no_sendmail),
		TEST(test_sendmail_fails),
		TEST(test_note_cannot_be_read),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
