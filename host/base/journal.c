// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/journal.h"

#include "host/base/clock.h"
#include "host/base/fs_write.h"
#include "host/text/strbuf.h"

#include <endian.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#define JOURNAL_SOCKET "run/systemd/journal/socket"

static void put_field(struct strbuf *to, const struct journal_field *field)
{
	uint64_t size = htole64(strlen(field->value));

	if (!strchr(field->value, '\n')) {
		strbuf_add(to, "%s=%s\n", field->name, field->value);
		return;
	}
	strbuf_add(to, "%s\n", field->name);
	strbuf_add_bytes(to, &size, sizeof(size));
	strbuf_add(to, "%s\n", field->value);
}

char *journal_format(const struct journal_field *fields, size_t n, size_t *ret_size)
{
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < n; i++)
		if (fields[i].value)
			put_field(&text, &fields[i]);
	*ret_size = text.len;
	return strbuf_take(&text);
}

/* Through a descriptor: the socket's path below a root may be too long for an address. */
static int connect_to_journal(const struct fs_root *root)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_close int place = fs_open(root, JOURNAL_SOCKET, O_PATH, 0);
	auto_close int fd = -1;

	if (place < 0)
		return place;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", place);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return TAKE_FD(fd);
}

static int send_message(int fd, const struct msghdr *message, int64_t deadline)
{
	while (sendmsg(fd, message, MSG_NOSIGNAL) < 0) {
		struct pollfd polled = {fd, POLLOUT, 0};

		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		if (!clock_left_ms(deadline))
			return -EAGAIN;
		poll(&polled, 1, clock_left_ms(deadline));
	}
	return 0;
}

/* A file in memory that cannot be changed any more, as the journal expects it. */
static int make_sealed(const char *text, size_t size)
{
	auto_close int fd = memfd_create("journal-entry", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err;

	if (fd < 0)
		return -errno;
	err = fs_write_fd(fd, text, size);
	if (err)
		return err;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL))
		return -errno;
	return TAKE_FD(fd);
}

/* An entry that is too long for a datagram: only the descriptor of a file with its text. */
static int send_as_file(int fd, const char *text, size_t size, int64_t deadline)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr message = {.msg_control = &control, .msg_controllen = sizeof(control)};
	auto_close int file = make_sealed(text, size);

	if (file < 0)
		return file;
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &file, sizeof(file));
	return send_message(fd, &message, deadline);
}

int journal_send(const struct fs_root *root, const struct journal_field *fields, size_t n,
		 int wait_ms)
{
	int64_t deadline = clock_now_ms() + wait_ms;
	auto_close int fd = connect_to_journal(root);
	auto_free char *text = NULL;
	struct iovec part = {0};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	int err;

	if (fd < 0)
		return fd;
	text = journal_format(fields, n, &part.iov_len);
	if (!text)
		return -ENOMEM;
	part.iov_base = text;
	err = send_message(fd, &message, deadline);
	if (err == -EMSGSIZE || err == -ENOBUFS)
		err = send_as_file(fd, text, part.iov_len, deadline);
	return err;
}
