// SPDX-License-Identifier: GPL-2.0-or-later
/* The built program, beside the folder of the tests: its command line. Skipped where it is not
 * built. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "hookscript/pve/exit.h"
#include "host/base/clock.h"
#include "listener.h"
#include "program.h"
#include "scenario.h"

static char *program;

static void run_it(struct tree *tree, const char *args, struct run *ret)
{
	run_program(program, tree->root.path, args, ret);
}

static void test_command_lines(void **state)
{
	static const struct {
		const char *args;
		int code;
		const char *out, *err; /* NULL: nothing */
	} rows[] = {
		{"--help", EXIT_DONE, "usage: pve-passthrough VMID PHASE", NULL},
		{"-h", EXIT_DONE, "Exit codes: 0 done, 1 failed, 2 refused", NULL},
		{"help", EXIT_DONE, "usage: pve-passthrough VMID PHASE", NULL},
		{"plan --help", EXIT_DONE, "usage: pve-passthrough VMID PHASE", NULL},
		{"--version", EXIT_DONE, "pve-passthrough ", NULL},
		{"", EXIT_USAGE, NULL, "missing command"},
		{"--root ROOT", EXIT_USAGE, NULL, "see: pve-passthrough --help"},
		{"--what", EXIT_USAGE, NULL, "unknown option '--what'"},
		{"-V", EXIT_USAGE, NULL, "unknown option '-V'"},
		{"--rot=x status", EXIT_USAGE, NULL, "did you mean '--root'?"},
		{"status --vesrion", EXIT_USAGE, NULL, "did you mean '--version'?"},
		{"--all=x status", EXIT_USAGE, NULL, "option --all takes no value"},
		{"--yes=x status", EXIT_USAGE, NULL, "option --yes takes no value"},
		{"--root", EXIT_USAGE, NULL, "option --root needs a value"},
		{"frobnicate", EXIT_USAGE, NULL, "unknown command 'frobnicate'"},
		{"lgo 100", EXIT_USAGE, NULL, "did you mean 'log'?"},
		{"frobnicate\x1b[1m", EXIT_USAGE, NULL, "frobnicate\\x1b[1m"},
		{"--root ROOT 100", EXIT_USAGE, NULL, "usage: pve-passthrough VMID PHASE"},
		{"--root ROOT 100 pre-start more", EXIT_USAGE, NULL, "usage: "},
		{"--root ROOT 99 pre-start", EXIT_USAGE, NULL,
		 "invalid VMID '99': expected 100 to 999999999"},
		{"--root ROOT 0100 pre-start", EXIT_USAGE, NULL, "invalid VMID"},
		{"--root ROOT plan", EXIT_USAGE, NULL, "plan needs a VMID"},
		{"--root ROOT plan 1", EXIT_USAGE, NULL, "invalid VMID"},
		{"--root ROOT plan ../../etc", EXIT_USAGE, NULL, "invalid VMID"},
		{"--root ROOT plan 100 101", EXIT_USAGE, NULL, "plan: expected one VMID"},
		{"--root ROOT status 100", EXIT_USAGE, NULL, "status takes no argument"},
		{"--root /no/such/folder status", EXIT_FAILED, NULL, "/no/such/folder"},
		/* Phases that have nothing to do, and phases to come. */
		{"--root ROOT 100 pre-stop", EXIT_DONE, NULL, NULL},
		{"--root ROOT 100 pre-migrate", EXIT_DONE, NULL, NULL},
		/* In the phases all goes to one stream. */
		{"--root ROOT 999 post-start", EXIT_FAILED, "there is no config", NULL},
		{"--root ROOT 100 post-stop", EXIT_DONE, NULL, NULL},
		{"--root ROOT 999 pre-start", EXIT_FAILED, "there is no config", NULL},
		/* Options stand where one likes. */
		{"status --root ROOT", EXIT_DONE, "no device is taken", NULL},
		{"--root ROOT status", EXIT_DONE, "no device is taken", NULL},
		{"-yyyyyyyy --root ROOT vm 100", EXIT_REFUSED, "VM 100 needs", NULL},
		{"config 100 --root ROOT", EXIT_DONE, "q35 (q35)", NULL},
		{"config 100 --raw --root ROOT", EXIT_DONE, "q35 yes", NULL},
		{"settings 100 --raw --root ROOT", EXIT_USAGE, NULL,
		 "settings has no option --raw"},
		{"--root ROOT 100 pre-start --raw", EXIT_USAGE, NULL,
		 "VMID PHASE has no option --raw"},
		{"settings 999 --root ROOT", EXIT_DONE, "# VM 999 on node ", NULL},
		{"settings --root ROOT", EXIT_USAGE, NULL, "settings needs a VMID"},
		{"--root=ROOT-not", EXIT_FAILED, NULL, "ROOT-not"},
		{"plan --root ROOT 100", EXIT_DONE,
		 "VM 100: a start would bind to vfio-pci:", NULL},
		{"restore --root ROOT 100", EXIT_DONE, "no device is recorded", NULL},
		{"--root ROOT accept", EXIT_USAGE, NULL, "accept needs a VMID"},
		{"--root ROOT --all accept", EXIT_USAGE, NULL, "accept has no option --all"},
		{"--root ROOT accept 999", EXIT_FAILED, NULL, "there is no config"},
		{"--root ROOT log", EXIT_USAGE, NULL, "log needs a VMID"},
		{"--root ROOT log 1", EXIT_USAGE, NULL, "invalid VMID"},
		{"--root ROOT log --all", EXIT_USAGE, NULL, "log has no option --all"},
		{"--root ROOT log 100", EXIT_FAILED, NULL, "there is no journal here"},
		/* A verb with options of its own. */
		{"--root ROOT vm 100", EXIT_REFUSED, "VM 100 needs", NULL},
		{"vm 100 --fix -y --root ROOT", EXIT_REFUSED,
		 "there is no command for this that --fix could run", NULL},
		{"vm 100 --detach --root ROOT --yes", EXIT_DONE, "VM 100 has no hookscript", NULL},
		{"vm 100 --add --root ROOT", EXIT_DONE, "give one to VM 100", NULL},
		{"vm --add 100 05:00.0 --root ROOT --yes", EXIT_REFUSED,
		 "    qm set 100 --hostpci4 0000:05:00.0,pcie=1", NULL},
		{"--root ROOT vm", EXIT_USAGE, NULL, "vm needs a VMID"},
		{"--root ROOT vm 1 --fix", EXIT_USAGE, NULL, "invalid VMID"},
		{"--root ROOT vm 100 01:00.0", EXIT_USAGE, NULL, "vm: expected one VMID"},
		{"--root ROOT vm 100 --add 01:00.0 02:00.0", EXIT_USAGE, NULL,
		 "vm: expected VMID [ADDRESS]"},
		{"--root ROOT vm 100 --fix --add", EXIT_USAGE, NULL,
		 "pve-passthrough: only one of --fix, --add and --detach"},
		{"--root ROOT vm 100 --json --fix", EXIT_USAGE, NULL,
		 "vm: --json only shows what the VM needs"},
		{"plan 100 --json --root ROOT", EXIT_DONE, "\"verdict\":\"starts\"", NULL},
		{"status --json --root ROOT", EXIT_DONE, "\"takers\":[", NULL},
		{"--root ROOT vm 100 --gpu", EXIT_USAGE, NULL,
		 "pve-passthrough: --gpu needs --add"},
		{"--root ROOT vm 100 --mapping=x", EXIT_USAGE, NULL,
		 "pve-passthrough: --mapping needs --add ADDRESS"},
		{"--root ROOT vm 100 --add --mapping=x", EXIT_USAGE, NULL,
		 "pve-passthrough: --mapping needs --add ADDRESS"},
		{"--root ROOT test", EXIT_USAGE, NULL, "test: expected one address"},
		{"--root ROOT test 01:00.0 02:00.0", EXIT_USAGE, NULL,
		 "test: expected one address"},
		{"--root ROOT test gpu", EXIT_USAGE, NULL,
		 "test: 'gpu' is no address as lspci -D shows it"},
		{"--root ROOT test 01:00.0 --all", EXIT_USAGE, NULL, "test has no option --all"},
		{"restore test --root ROOT", EXIT_DONE,
		 "the test: no device is recorded as taken for it", NULL},
		{"plan test --root ROOT", EXIT_USAGE, NULL, "invalid VMID 'test'"},
		{"--root ROOT mapping", EXIT_USAGE, NULL, "pve-passthrough: mapping needs a name"},
		{"--root ROOT mapping x --all-twins", EXIT_USAGE, NULL,
		 "pve-passthrough: --all-twins takes one address"},
		{"--root ROOT mapping x 01:00.0 --vfs-of 02:00.0", EXIT_USAGE, NULL,
		 "pve-passthrough: --vfs-of takes the place of addresses and --all-twins"},
		{"--root ROOT vm 100 --all", EXIT_USAGE, NULL, "vm has no option --all"},
		{"--root ROOT plan 100 --fix", EXIT_USAGE, NULL, "plan has no option --fix"},
		{"--root ROOT 100 pre-start --yes", EXIT_USAGE, NULL,
		 "VMID PHASE has no option --yes"},
		{"--root ROOT 100 pre-start --all", EXIT_USAGE, NULL,
		 "VMID PHASE has no option --all"},
	};
	auto_free char *before = tree_render(*state, TREE_ALL);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_run struct run run = {0};

		run_it(*state, rows[i].args, &run);
		if (run.code != rows[i].code ||
		    (rows[i].out ? !strstr(run.out, rows[i].out) : *run.out) ||
		    (rows[i].err ? !strstr(run.err, rows[i].err) : *run.err))
			fail_msg("'%s' gave %d, '%s', '%s'", rows[i].args, run.code, run.out,
				 run.err);
		tree_assert_is(*state, TREE_ALL, before);
	}
}

/* --help on a terminal of 24 lines and 80 columns, with a line left for the prompt. */
static void test_help_fits(void **state)
{
	auto_run struct run run = {0};
	int lines = 0;

	run_it(*state, "--help", &run);
	for (const char *at = run.out; *at; at += strcspn(at, "\n") + 1, lines++)
		if (strcspn(at, "\n") > 80)
			fail_msg("wider than 80 columns: %s", at);
	assert_in_range(lines, 10, 23);
}

/* Proxmox VE may know phases that we do not; a person has mistyped one. */
static void test_unknown_phase(void **state)
{
	struct tree *tree = *state;
	auto_run struct run quiet = {0};
	auto_run struct run run = {0};
	int other, fd = program_terminal(80, &other);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	run_program_at(program, tree->root.path, "--root ROOT 100 pre-strat", null, -1, &quiet);
	run_assert_code(&quiet, EXIT_DONE);
	assert_string_equal(quiet.out, "");
	assert_string_equal(quiet.err, "");
	run_program_at(program, tree->root.path, "--root ROOT 100 pre-strat", fd, -1, &run);
	run_assert_code(&run, EXIT_USAGE);
	run_assert_says(&run, "unknown phase 'pre-strat'\n");
	run_assert_says(&run, "did you mean 'pre-start'?\n");
	close(null);
	close(fd);
	close(other);
}

/* A file that blocks whoever opens it, among those that a phase or a verb reads. */
static void test_hang(void **state)
{
	static const struct {
		const char *path, *args, *doing;
		bool refused;
	} rows[] = {
		{"etc/pve/storage.cfg", "--root ROOT 100 post-stop", "VM 100, post-stop: ", false},
		{"etc/pve/qemu-server/100.conf", "--root ROOT 100 pre-start",
		 "VM 100, pre-start: ", true},
	};
	struct tree *tree = *state;

	tree_settings(tree, "deadline = 1;\nnext = \"local:snippets/x\";\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *doing = fs_path("%sstuck in the kernel: open /%s; ", rows[i].doing,
						rows[i].path);
		int64_t begun = clock_now_ms();
		auto_run struct run run = {0};

		if (tree_has(tree, rows[i].path))
			tree_delete(tree, rows[i].path);
		else
			tree_folder(tree, "etc/pve");
		assert_int_equal(mkfifoat(tree->root.fd, rows[i].path, 0600), 0);
		run_program(program, tree->root.path, rows[i].args, &run);
		run_assert_code(&run, EXIT_FAILED);
		run_assert_says(&run, doing);
		assert_int_equal(run_says(&run, "VM 100: not started"), rows[i].refused);
		assert_in_range(clock_now_ms() - begun, 1000, 20000);
		tree_delete(tree, rows[i].path);
	}
}

/* What could not be printed has not been done. */
static void test_full(void **state)
{
	static const char *const args[] = {
		"--help",
		"--version",
		"--root ROOT plan 100",
		"--root ROOT status",
		"help",
		"--root ROOT vm 100",
		"--root ROOT config 100",
		"--root ROOT settings 100",
	};
	struct tree *tree = *state;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_SIZE(args); i++) {
		auto_run struct run run = {0};

		run_program_at(program, tree->root.path, args[i], -1, full, &run);
		if (run.code != EXIT_FAILED || !strstr(run.err, "not all of the output could"))
			fail_msg("'%s' gave %d, '%s'", args[i], run.code, run.err);
	}
	close(full);
}

/* Long lines on a terminal are wrapped between words, but not commands. */
static void test_terminal(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};
	char text[8192] = "";
	int other, fd = program_terminal(40, &other);
	const char *at;

	unsetenv("COLUMNS");
	tree_vm(tree, 100, "machine: q35\nhostpci0: 01:00.0,pcie=1\nscsi0: x:y\n");
	run_program_at(program, tree->root.path, "vm 100 --add 05:00.0 --root ROOT --yes", -1, fd,
		       &run);
	assert_true(read(other, text, sizeof(text) - 1) > 0);
	assert_non_null(strstr(text, "\n    qm set 100 --hostpci1 0000:05:00.0,pcie=1\n"));
	for (at = text; *at; at += strcspn(at, "\n") + 1)
		if (strcspn(at, "\n") > 40 && strncmp(at, "    qm set", 10) != 0)
			fail_msg("wider than 40 columns: %s", at);
	close(fd);
	close(other);
}

static void test_refused(void **state)
{
	auto_run struct run run = {0};

	tree_vm(*state, 100, "hostpci0: 01:00.0,pcie=1\n");
	run_it(*state, "--root ROOT 100 pre-start", &run);
	assert_int_equal(run.code, EXIT_REFUSED);
	assert_non_null(strstr(run.out, "cure: qm set 100 --machine q35\n"));
	assert_string_equal(run.err, "");
}

/* What changes something speaks to the journal, of its VM and by its name; questions do not. */
static void test_journal(void **state)
{
	static const struct {
		const char *args;
		const char *said; /* a field, in every entry; NULL: there is none */
	} rows[] = {
		{"--root ROOT 100 pre-start", "\nPVE_VMID=100\nPVE_PHASE=pre-start"},
		{"--root ROOT 100 post-stop", "\nPVE_VMID=100\nPVE_PHASE=post-stop"},
		{"--root ROOT restore 100", "\nPVE_VMID=100\nPVE_PHASE=restore"},
		{"--root ROOT plan 100", NULL},
		{"--root ROOT frobnicate", NULL},
	};

	tree_vm(*state, 100, "hostpci0: 01:00.0,pcie=1\n");
	tree_settings(*state, "nonsense");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_run struct run run = {0};
		auto_free char *said = NULL;
		struct listener listener;
		char *at, *entry;

		tree_file(*state, "run/pve-passthrough/records/" DISK, "nonsense");
		listener_start(*state, &listener);
		run_it(*state, rows[i].args, &run);
		at = said = listener_end(*state, &listener);
		if (!*said != !rows[i].said)
			fail_msg("'%s' gave '%s'", rows[i].args, said);
		while ((entry = listener_next(&at)))
			if (!strstr(entry, rows[i].said))
				fail_msg("'%s' gave '%s'", rows[i].args, entry);
	}
}

/* ---- log ---- */

static void assert_log(struct tree *tree, int code, const char *wanted)
{
	auto_run struct run run = {0};

	run_it(tree, "--root ROOT log 100", &run);
	if (run.code != code || !run_says(&run, wanted))
		fail_msg("log 100 gave %d, '%s', '%s', not '%s'", run.code, run.out, run.err,
			 wanted);
}

static void test_log(void **state)
{
	struct tree *tree = *state;
	const char *root = tree->root.path;
	auto_free char *path = strdup(getenv("PATH"));
	auto_free char *call = fs_path(
		"journalctl --output=short-iso _UID=0 PVE_VMID=100 --root=%s\n", root);
	auto_free char *grep_messages = fs_path(
		"grep 'pve-passthrough.*: VM 100, ' %s/var/log/messages\n", root);
	auto_free char *grep_syslog = fs_path(
		"grep 'pve-passthrough.*: VM 100, ' %s/var/log/syslog\n", root);

	setenv("PATH", TESTS_DIR "/fakes:/usr/bin:/bin", 1);
	assert_log(tree, EXIT_FAILED, "nor is there /var/log/syslog or /var/log/messages");
	tree_file(tree, "var/log/messages", "");
	assert_log(tree, EXIT_FAILED, grep_messages);
	tree_file(tree, "var/log/syslog", "");
	assert_log(tree, EXIT_FAILED, grep_syslog);
	tree_folder(tree, "var/log/journal");
	assert_log(tree, EXIT_DONE, call);
	setenv("PATH", root, 1);
	assert_log(tree, EXIT_FAILED,
		   "VM 100: journalctl cannot be run: No such file or directory\n");
	assert_log(tree, EXIT_FAILED, grep_syslog);
	setenv("PATH", path, 1);
}

/* A hook with closed streams writes its messages to nobody, and to no file of somebody's. */
static void test_closed_streams(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_ALL);
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		close(0);
		close(1);
		close(2);
		execl(program, program, "--root", tree->root.path, "plan", "100", (char *)NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_DONE);
	tree_assert_is(tree, TREE_ALL, before);
}

/* How many events of its files WATCH has. */
static int count_events(int watch)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = read(watch, events, sizeof(events));
	int count = 0;

	for (char *at = events; at < events + n; count++)
		at += sizeof(struct inotify_event) + ((struct inotify_event *)(void *)at)->len;
	return count;
}

/* What is decided is decided by the settings of one moment. */
static void test_settings_are_read_once(void **state)
{
	static const struct {
		const char *args;
		int code;
	} rows[] = {
		{"--root ROOT plan 100", EXIT_DONE},	  {"--root ROOT vm 100", EXIT_REFUSED},
		{"--root ROOT 100 pre-start", EXIT_DONE}, {"--root ROOT 100 post-start", EXIT_DONE},
		{"--root ROOT 100 pre-stop", EXIT_DONE},  {"--root ROOT 100 post-stop", EXIT_DONE},
	};
	struct tree *tree = *state;
	auto_free char *path = fs_path("%s/etc/pve-passthrough.conf", tree->root.path);

	tree_settings(tree, "deadline = 7;\n");
	tree_vm(tree, 100, "name: x\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_close int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
		auto_run struct run run = {0};

		assert_true(inotify_add_watch(watch, path, IN_OPEN) >= 0);
		run_it(tree, rows[i].args, &run);
		run_assert_code(&run, rows[i].code);
		assert_int_equal(count_events(watch), 1);
	}
}

int main(int argc, char **argv)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scenario_setup, fake_kernel_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_help_fits),
		TEST(test_unknown_phase),
		TEST(test_full),
		TEST(test_hang),
		TEST(test_terminal),
		TEST(test_command_lines),
		TEST(test_refused),
		TEST(test_journal),
		TEST(test_log),
		TEST(test_closed_streams),
		TEST(test_settings_are_read_once),
	};
#undef TEST
	(void)argc;
	program = program_find(argv[0], "pve-passthrough", ARRAY_SIZE(tests));
	return program ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
