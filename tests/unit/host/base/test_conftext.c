// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading and writing libconfig texts, also when memory runs out within libconfig. */
#include "host/base/conftext.h"

#include <signal.h>
#include <sys/wait.h>

#include "hookscript/bind/bind.h"
#include "hookscript/records/recorded.h"
#include "scenario.h"

#define RECORDS "run/pve-passthrough/records/"

static const struct bdf disk = {0, 4, 0, 0};

/* ---- memory that runs out ---- */

/* Which allocation from now on fails, and all after it for as long as PERSISTS; 0: none. */
static unsigned int fails_at;
static bool persists;

#if !RUN_SANITIZED
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

static bool fails(void)
{
	if (!fails_at || --fails_at)
		return false;
	fails_at = persists;
	errno = ENOMEM;
	return true;
}

/* In place of libc's, for libconfig too. */
void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}
#endif

static void write_record(struct tree *tree)
{
	static char driver[] = "nvme";
	struct record record = {.bdf = disk,
				.vmid = 100,
				.stage = RECORD_TAKEN,
				.identity = {1, 2, 3, 4, 5},
				.driver = driver,
				.deadline = 77};

	assert_int_equal(record_write(&tree->root, &record), 0);
}

/* Exit codes beside libconfig's own. */
enum { EXIT_KEPT, EXIT_LOST, EXIT_NEVER_FAILED = 42 };

static void __attribute__((noreturn)) list_without_memory(struct tree *tree, unsigned int n)
{
	struct recorded recorded = {0};
	int err;

	/* libconfig may end the process, with a message or by a signal. */
	if (!freopen("/dev/null", "w", stderr))
		_exit(EXIT_LOST);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGABRT, SIG_DFL);
	fails_at = n;
	err = recorded_list(&tree->root, 100, &recorded);
	if (fails_at > 1)
		_exit(EXIT_NEVER_FAILED);
	fails_at = 0;
	_exit(err || recorded.n + recorded.unread == 1 ? EXIT_KEPT : EXIT_LOST);
}

/* However the process ends: a good record is neither renamed nor passed over. */
static void test_no_memory(void **state)
{
	struct tree *tree = *state;
	int status = 0;

	if (RUN_SANITIZED)
		skip();
	fflush(stdout);
	for (unsigned int n = 1; !WIFEXITED(status) || WEXITSTATUS(status) != EXIT_NEVER_FAILED;
	     n++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (!pid)
			list_without_memory(tree, n);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_false(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_LOST);
		assert_true(tree_has(tree, RECORDS DISK));
		assert_false(tree_has(tree, RECORDS DISK ".broken"));
	}
}

/* A start that cannot even begin says why. */
static int take_without_memory(const struct fs_root *root, unsigned int vmid)
{
	const struct plan plan = {0};

	fails_at = 1;
	return bind_take(root, vmid, 0, &plan) == -ENOMEM ? 0 : 1;
}

static void test_no_memory_to_take(void **state)
{
	auto_run struct run run = {0};

	if (RUN_SANITIZED)
		skip();
	persists = false;
	run_hook(*state, take_without_memory, 100, &run);
	run_assert_code(&run, 0);
	run_assert_says(&run, "VM 100: its devices cannot be taken: Cannot allocate memory\n");
}

static int no_memory_setup(void **state)
{
	int err = tree_setup(state);

	write_record(*state);
	return err;
}

static void test_one_allocation_fails(void **state)
{
	persists = false;
	test_no_memory(state);
}

static void test_all_allocations_fail(void **state)
{
	persists = true;
	test_no_memory(state);
}

/* ---- the notation ---- */

static int compare_text(const config_t *config, void *arg)
{
	const char *text;

	return config_lookup_string(config, "text", &text) && !strcmp(text, arg) ? 0 : -ERANGE;
}

static void test_there_and_back(void **state)
{
	static char texts[][32] = {"",	       "nvme",	    "a \"b\" \\ c", "\n\t\x01\x7f",
				   "\xc3\xa4", "\\x41 \\n", "// # /* ${x}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		auto_strbuf struct strbuf to = {0};
		auto_free char *text = NULL;

		conftext_put(&to, "text", texts[i]);
		text = strbuf_take(&to);
		assert_int_equal(conftext_parse(text, compare_text, texts[i]), 0);
	}
}

static void test_not_libconfig(void **state)
{
	static const char *const texts[] = {"garbage", "a = ;", "a = \"",
					    "\x01",    "{",	"a = 1; a = 2;"};
	char none[] = "";

	(void)state;
	errno = ENOMEM; /* of something else */
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(conftext_parse(texts[i], compare_text, none), -EINVAL);
	assert_int_equal(conftext_parse("text = 1;", compare_text, none), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_allocation_fails, no_memory_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_all_allocations_fail, no_memory_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_no_memory_to_take, scenario_setup,
						fake_kernel_teardown),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_not_libconfig),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
