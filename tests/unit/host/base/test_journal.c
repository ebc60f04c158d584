// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "host/base/clock.h"
#include "host/base/fs_write.h"
#include "listener.h"

/* ---- the format: systemd's "Native Journal Protocol" ---- */

static void test_format(void **state)
{
#define BYTES(text) text, sizeof(text) - 1
	static const struct {
		struct journal_field fields[3];
		const char *bytes;
		size_t n;
	} rows[] = {
		{{{NULL, NULL}}, BYTES("")},
		{{{"MESSAGE", "hello"}}, BYTES("MESSAGE=hello\n")},
		{{{"A", "1"}, {"B", NULL}, {"C", "3"}}, BYTES("A=1\nC=3\n")},
		{{{"A", ""}}, BYTES("A=\n")},
		{{{"A", "=x="}}, BYTES("A==x=\n")},
		{{{"A", "\xe2\x82\xac \\x1b"}}, BYTES("A=\xe2\x82\xac \\x1b\n")},
		/* With a newline: the length, 64 bits, the least first; then the value as it is. */
		{{{"A", "x\ny"}, {"B", "2"}},
		 BYTES("A\n\x03\x00\x00\x00\x00\x00\x00\x00"
		       "x\ny\nB=2\n")},
		{{{"A", "\n"}}, BYTES("A\n\x01\x00\x00\x00\x00\x00\x00\x00\n\n")},
	};
#undef BYTES

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t size;
		auto_free char *text = journal_format(rows[i].fields, 3, &size);

		assert_non_null(text);
		assert_int_equal(size, rows[i].n);
		assert_memory_equal(text, rows[i].bytes, size);
	}
}

/* A length that needs more than one of its eight bytes. */
static void test_format_of_long_value(void **state)
{
	char value[0x10203 + 1];
	struct journal_field field = {"LONG", value};
	auto_free char *text = NULL;
	size_t size;

	(void)state;
	memset(value, 'x', sizeof(value) - 1);
	value[0] = '\n';
	value[sizeof(value) - 1] = '\0';
	text = journal_format(&field, 1, &size);
	assert_int_equal(size, 5 + 8 + 0x10203 + 1);
	assert_memory_equal(text, "LONG\n\x03\x02\x01\x00\x00\x00\x00\x00\nxx", 16);
	assert_int_equal(text[size - 1], '\n');
}

/* ---- sending ---- */

static const struct journal_field hello[] = {{"MESSAGE", "hello"}, {"PVE_VMID", "100"}};

static int say_hello(struct tree *tree, int wait_ms)
{
	return journal_send(&tree->root, hello, ARRAY_SIZE(hello), wait_ms);
}

static void expect_hello(int journal)
{
	char text[64];

	assert_int_equal(recv(journal, text, sizeof(text), 0), 27);
	assert_memory_equal(text, "MESSAGE=hello\nPVE_VMID=100\n", 27);
}

static void test_send(void **state)
{
	auto_close int journal = listener_bind(*state);

	for (int i = 0; i < 3; i++) {
		assert_int_equal(say_hello(*state, 0), 0);
		expect_hello(journal);
	}
	assert_int_equal(recv(journal, (char[1]){0}, 1, 0), -1);
}

/* Absolute links lead to the root's own socket, as with everything below it. */
static void test_send_by_link(void **state)
{
	auto_close int journal = listener_bind(*state);
	struct tree *tree = *state;

	assert_int_equal(fs_rename(&tree->root, "run/systemd/journal", "socket", "real"), 0);
	tree_link(tree, "run/systemd/journal/socket", "/run/systemd/journal/real");
	assert_int_equal(say_hello(tree, 0), 0);
	expect_hello(journal);
}

static void test_no_journal(void **state)
{
	struct tree *tree = *state;

	assert_int_equal(say_hello(tree, 1000), -ENOENT);
	tree_file(tree, "run/systemd/journal/socket", "");
	assert_int_equal(say_hello(tree, 1000), -ECONNREFUSED);
	/* A socket that nobody has open any more. */
	close(listener_bind(tree));
	assert_int_equal(say_hello(tree, 1000), -ECONNREFUSED);
}

/* Until no more fits. Returns how many did. */
static size_t fill(struct tree *tree)
{
	size_t n = 0;

	while (!say_hello(tree, 0))
		n++;
	return n;
}

static void test_full_journal(void **state)
{
	auto_close int journal = listener_bind(*state);
	size_t n = fill(*state);
	int64_t begun = clock_now_ms();

	assert_true(n > 0);
	assert_int_equal(say_hello(*state, 0), -EAGAIN);
	assert_int_equal(say_hello(*state, 150), -EAGAIN);
	assert_in_range(clock_now_ms() - begun, 150, 5000);
	/* What was in time is there, and nothing else. */
	while (n--)
		expect_hello(journal);
	assert_int_equal(recv(journal, (char[1]){0}, 1, 0), -1);
}

/* One that was only slow. */
static void test_slow_journal(void **state)
{
	auto_close int journal = listener_bind(*state);
	pid_t pid;
	int status;

	fill(*state);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		char text[64];

		clock_sleep_ms(100);
		_exit(recv(journal, text, sizeof(text), 0) != 27);
	}
	assert_int_equal(say_hello(*state, 10000), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* The descriptor that came instead of a text. */
static int receive_file(int journal)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	char text[1];
	struct iovec part = {text, sizeof(text)};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fd;

	assert_int_equal(recvmsg(journal, &message, MSG_CMSG_CLOEXEC), 0);
	assert_int_equal(message.msg_flags & ~MSG_CMSG_CLOEXEC, 0);
	assert_int_equal(message.msg_controllen, CMSG_SPACE(sizeof(int)));
	assert_int_equal(control.header.cmsg_type, SCM_RIGHTS);
	assert_int_equal(control.header.cmsg_len, CMSG_LEN(sizeof(int)));
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	return fd;
}

/* What no datagram holds comes as a file that nobody can change. */
static void test_large_entry(void **state)
{
	const size_t n = 4 << 20;
	auto_free char *value = malloc(n + 1);
	struct journal_field fields[] = {{"MESSAGE", value}, {"PVE_VMID", "100"}};
	auto_close int journal = listener_bind(*state);
	auto_close int file = -1;
	auto_free char *text = NULL;
	auto_free char *wanted = NULL;
	size_t size, wanted_size;
	struct tree *tree = *state;

	memset(value, 'x', n);
	value[n] = '\0';
	wanted = journal_format(fields, 2, &wanted_size);
	assert_int_equal(journal_send(&tree->root, fields, 2, 0), 0);
	file = receive_file(journal);
	assert_int_equal(fcntl(file, F_GET_SEALS),
			 F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
	assert_int_equal(lseek(file, 0, SEEK_SET), 0);
	assert_int_equal(fs_read_fd(file, n + 100, &text, &size), 0);
	assert_int_equal(size, wanted_size);
	assert_memory_equal(text, wanted, size);
	assert_int_equal(recv(journal, text, 1, 0), -1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_format_of_long_value),
		TEST(test_send),
		TEST(test_send_by_link),
		TEST(test_no_journal),
		TEST(test_full_journal),
		TEST(test_slow_journal),
		TEST(test_large_entry),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
