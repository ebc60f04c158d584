// SPDX-License-Identifier: GPL-2.0-or-later
#include "listener.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define FOLDER "run/systemd/journal"

/* An entry that ends the process. */
#define THE_END "END"

static void name_socket(int place, const char *name, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d%s", place, name);
}

int listener_bind(struct tree *tree)
{
	auto_close int folder = -1;
	struct sockaddr_un address;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	tree_delete(tree, FOLDER);
	tree_folder(tree, FOLDER);
	folder = fs_open(&tree->root, FOLDER, O_PATH | O_DIRECTORY, 0);
	assert_true(fd >= 0 && folder >= 0);
	name_socket(folder, "/socket", &address);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void __attribute__((noreturn)) listen_until_the_end(int fd, int out)
{
	char text[65536];
	ssize_t n;

	while ((n = recv(fd, text, sizeof(text), 0)) >= 0) {
		if (n == (ssize_t)strlen(THE_END) && !memcmp(text, THE_END, (size_t)n))
			_exit(0);
		if (write(out, text, (size_t)n) != n || write(out, "\n", 1) != 1)
			break;
	}
	_exit(1);
}

void listener_start(struct tree *tree, struct listener *ret)
{
	auto_close int fd = listener_bind(tree);
	int out[2];

	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	ret->pid = fork();
	assert_true(ret->pid >= 0);
	if (!ret->pid) {
		/* A test that fails before the end does not leave it behind. */
		alarm(60);
		close(out[0]);
		listen_until_the_end(fd, out[1]);
	}
	close(out[1]);
	ret->out = out[0];
}

char *listener_end(struct tree *tree, struct listener *listener)
{
	auto_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	auto_close int place = fs_open(&tree->root, FOLDER "/socket", O_PATH, 0);
	struct sockaddr_un address;
	char *text;
	int status;

	assert_true(fd >= 0 && place >= 0);
	name_socket(place, "", &address);
	assert_int_equal(sendto(fd, THE_END, strlen(THE_END), 0, (struct sockaddr *)&address,
				sizeof(address)),
			 strlen(THE_END));
	assert_int_equal(fs_read_fd(listener->out, 1 << 20, &text, NULL), 0);
	close(listener->out);
	assert_int_equal(waitpid(listener->pid, &status, 0), listener->pid);
	assert_int_equal(status, 0);
	return text;
}

char *listener_next(char **at)
{
	char *entry = *at;
	char *end = strstr(entry, "\n\n");

	if (!end)
		return NULL;
	*end = '\0';
	*at = end + 2;
	return entry;
}

char *listener_field(const char *entry, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = entry; at; at = strchr(at, '\n'), at += !!at)
		if (!strncmp(at, name, len) && at[len] == '=')
			return strndup(at + len + 1, strcspn(at + len + 1, "\n"));
	return NULL;
}
