// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/log.h"

#include <stdio.h>
#include <sys/socket.h>

#include "host/base/clock.h"
#include "listener.h"
#include "scenario.h"

/* ---- syslog(3), in place of the C library's: what it is told stands in the tree ---- */

static struct tree *syslog_tree;

void syslog(int priority, const char *format, ...) printf_like(2, 3);
void __syslog_chk(int priority, int flag, const char *format, ...) printf_like(3, 4);

static void tell_syslog(int priority, const char *format, va_list args) printf_like(2, 0);

static void tell_syslog(int priority, const char *format, va_list args)
{
	auto_free char *before = tree_text(syslog_tree, "syslog");
	auto_free char *line = NULL;
	auto_free char *all = NULL;

	assert_true(vasprintf(&line, format, args) >= 0);
	all = fs_path("%s<%d> %s\n", before, priority, line);
	tree_file(syslog_tree, "syslog", all);
}

void syslog(int priority, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell_syslog(priority, format, args);
	va_end(args);
}

/* The same, where the compiler checks formats at run time. */
void __syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list args;

	(void)flag;
	va_start(args, format);
	tell_syslog(priority, format, args);
	va_end(args);
}

/* ---- the streams ---- */

static int say_things(const struct fs_root *root, unsigned int vmid)
{
	(void)root;
	log_open("name", NULL);
	log_info("one %u", vmid);
	log_warning("two\nthree");
	log_error("four \x1b[1m%s", "\x07");
	log_info("%s", "");
	return 7;
}

static void test_streams(void **state)
{
	auto_run struct run run = {0};

	run_hook(*state, say_things, 5, &run);
	run_assert_code(&run, 7);
	assert_string_equal(run.out, "name: one 5\nname: \n");
	assert_string_equal(run.err, "name: two\nname: three\nname: four \\x1b[1m\\x07\n");
}

/* Only who is not root can become root. */
static int say_errors(const struct fs_root *root, unsigned int vmid)
{
	(void)root;
	(void)vmid;
	log_error("%s", log_strerror(-EACCES));
	if (seteuid(65534))
		return 1;
	log_error("%s; %s", log_strerror(-EACCES), log_strerror(-ENOENT));
	return seteuid(0); /* LeakSanitizer needs that */
}

static void test_errors(void **state)
{
	auto_run struct run run = {0};

	if (geteuid())
		skip();
	run_hook(*state, say_errors, 5, &run);
	run_assert_code(&run, 0);
	assert_string_equal(run.err, "pve-passthrough: Permission denied\n"
				     "pve-passthrough: Permission denied; run this as root; "
				     "No such file or directory\n");
}

/* ---- what is kept ---- */

/* The tree, as if it were the running system. */
static struct fs_root running;

/* In a child, so that the streams of the test stay its own. */
static void run_kept(struct tree *tree, run_phase *phase)
{
	static char empty[1];
	auto_run struct run run = {0};

	running = (struct fs_root){.fd = tree->root.fd, .path = empty};
	syslog_tree = tree;
	run_hook_only(tree, phase, 0, &run);
	run_assert_code(&run, 0);
	run_assert_says(&run, "name: plain\n");
}

static int say_plain(const struct fs_root *root, unsigned int vmid)
{
	(void)vmid;
	log_open("name", root);
	log_info("plain");
	return 0;
}

static int say_with_context(const struct fs_root *root, unsigned int vmid)
{
	static const struct bdf bdf = {0x10000, 0xa1, 2, 3};

	say_plain(root, vmid);
	log_set_context(100, "post-stop");
	log_warning("two\nlines \x1b[1m");
	log_device(LOG_LEVEL_ERROR, &bdf, "e1000e", "%d%%", 5);
	log_device(LOG_LEVEL_INFO, &bdf, NULL, "no driver");
	log_device(LOG_LEVEL_INFO, &bdf, "od\nd", "device");
	log_set_context(0, "restore");
	log_info("%s", "");
	return 0;
}

#define WHO	"SYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=name\n"
#define CONTEXT WHO "PVE_VMID=100\nPVE_PHASE=post-stop\n"

static void test_journal_fields(void **state)
{
	auto_free char *said = NULL;
	struct listener listener;

	listener_start(*state, &listener);
	run_kept(*state, say_with_context);
	said = listener_end(*state, &listener);
	assert_string_equal(said, "MESSAGE=plain\nPRIORITY=6\n" WHO "\n"
				  "MESSAGE=two\nPRIORITY=4\n" CONTEXT "\n"
				  "MESSAGE=lines \\x1b[1m\nPRIORITY=4\n" CONTEXT "\n"
				  "MESSAGE=5%\nPRIORITY=3\n" CONTEXT
				  "PCI_SLOT_NAME=10000:a1:02.3\nDRIVER=e1000e\n\n"
				  "MESSAGE=no driver\nPRIORITY=6\n" CONTEXT
				  "PCI_SLOT_NAME=10000:a1:02.3\n\n"
				  "MESSAGE=device\nPRIORITY=6\n" CONTEXT
				  "PCI_SLOT_NAME=10000:a1:02.3\nDRIVER=od\\x0ad\n\n"
				  "MESSAGE=\nPRIORITY=6\n" WHO "PVE_PHASE=restore\n\n");
}

static int say_on_running(const struct fs_root *root, unsigned int vmid)
{
	(void)root;
	return say_with_context(&running, vmid);
}

static void assert_syslog(struct tree *tree, const char *wanted)
{
	auto_free char *text = tree_text(tree, "syslog");

	assert_string_equal(text, wanted);
}

#define IN_SYSLOG                                 \
	"<6> plain\n"                             \
	"<4> VM 100, post-stop: two\n"            \
	"<4> VM 100, post-stop: lines \\x1b[1m\n" \
	"<3> VM 100, post-stop: 5%\n"             \
	"<6> VM 100, post-stop: no driver\n"      \
	"<6> VM 100, post-stop: device\n"         \
	"<6> \n"

static void test_syslog_without_journal(void **state)
{
	run_kept(*state, say_on_running);
	assert_syslog(*state, IN_SYSLOG);
}

/* The socket of a journal that has ended. */
static void test_syslog_with_dead_journal(void **state)
{
	close(listener_bind(*state));
	run_kept(*state, say_on_running);
	assert_syslog(*state, IN_SYSLOG);
}

/* Another root's messages are not this system's. */
static void test_other_root(void **state)
{
	run_kept(*state, say_with_context);
	assert_syslog(*state, "");
}

static void test_not_twice(void **state)
{
	auto_free char *said = NULL;
	struct listener listener;

	listener_start(*state, &listener);
	run_kept(*state, say_on_running);
	said = listener_end(*state, &listener);
	assert_non_null(strstr(said, "MESSAGE=device\n"));
	assert_syslog(*state, "");
}

static int say_much(const struct fs_root *root, unsigned int vmid)
{
	int64_t begun = clock_now_ms();

	(void)root;
	for (int i = 0; i < 2000; i++)
		say_plain(&running, vmid);
	return clock_now_ms() - begun < 2000 ? 0 : 1;
}

/* A journal that does not read holds nobody up, and syslog, which would, is not asked. */
static void test_stuck_journal(void **state)
{
	auto_close int journal = listener_bind(*state);
	char text[64] = "";

	run_kept(*state, say_much);
	assert_syslog(*state, "");
	assert_true(recv(journal, text, sizeof(text) - 1, 0) > 0);
	assert_non_null(strstr(text, "MESSAGE=plain\n"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fake_kernel_setup, fake_kernel_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_streams),
		TEST(test_errors),
		TEST(test_journal_fields),
		TEST(test_syslog_without_journal),
		TEST(test_syslog_with_dead_journal),
		TEST(test_other_root),
		TEST(test_not_twice),
		TEST(test_stuck_journal),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
