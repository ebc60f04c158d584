// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/net/netlink.h"

#include "host/base/activity.h"
#include "host/base/clock.h"

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* As large as the kernel makes its answers to a dump (Linux: net/netlink/af_netlink.c). */
#define ANSWER_SIZE 32768

/* How often what changed while it was dumped is dumped again, and the longest pause before that, as
 * where many containers are being started. What any dump had counts. */
#define DUMPS_MAX    20
#define PAUSE_MAX_MS 200

/* The largest request: a header, and one number after it. */
struct request {
	struct nlmsghdr message;
	char rest[64];
};

int netlink_open_space(const struct netns *space)
{
	auto_free char *path = fs_path("/%s", space->path);
	/* Not fs_open(): the files of processes are links that it does not follow. */
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (!path)
		return -ENOMEM;
	return fd < 0 ? -errno : fd;
}

/* Opens a socket in the namespace THERE. */
static int open_in(int there, int own)
{
	int fd;

	if (setns(there, CLONE_NEWNET))
		return -errno;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		fd = -errno;
	/* What would run in the other namespace from now on would change that one. */
	if (setns(own, CLONE_NEWNET))
		_exit(EXIT_FAILURE);
	return fd;
}

int netlink_open(const struct netns *space)
{
	auto_close int there = netlink_open_space(space);
	auto_close int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (there < 0)
		return there;
	return own < 0 ? -errno : open_in(there, own);
}

const void *netlink_head(const struct nlmsghdr *message)
{
	return (const char *)message + NLMSG_HDRLEN;
}

/* ---- asking ---- */

/* The messages of one answer, of N bytes. Returns 0 when others follow, 1 after the last, or
 * -errno; -EINTR after the last when the table changed meanwhile. */
static int look_at_all(const char *answer, size_t n, netlink_look *look, void *arg, bool *changed)
{
	while (n >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *message = (const void *)answer;
		size_t len = message->nlmsg_len;
		int err = 0;

		if (len < NLMSG_HDRLEN || len > n)
			return -EBADMSG;
		*changed |= message->nlmsg_flags & NLM_F_DUMP_INTR;
		if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) {
			if (len >= NLMSG_HDRLEN + sizeof(err))
				memcpy(&err, netlink_head(message), sizeof(err));
			else if (message->nlmsg_type == NLMSG_ERROR)
				return -EBADMSG;
			return err ? err : *changed ? -EINTR : 1;
		}
		if (message->nlmsg_type == NLMSG_OVERRUN)
			return -ENOBUFS;
		err = look(message, arg);
		if (err || !(message->nlmsg_flags & NLM_F_MULTI))
			return err ? err : 1;
		len = NLMSG_ALIGN(len);
		answer += len < n ? len : n;
		n -= len < n ? len : n;
	}
	return 0;
}

static int receive(int fd, netlink_look *look, void *arg)
{
	auto_free char *answer = malloc(ANSWER_SIZE);
	bool changed = false;
	int done = answer ? 0 : -ENOMEM;

	while (!done) {
		struct sockaddr_nl from = {0};
		socklen_t size = sizeof(from);
		ssize_t n = recvfrom(fd, answer, ANSWER_SIZE, MSG_TRUNC, (struct sockaddr *)&from,
				     &size);

		if (n < 0)
			return -errno;
		if (n > ANSWER_SIZE)
			return -EMSGSIZE;
		/* Not of the kernel: in its own namespace, root may send to any socket. */
		if (size == sizeof(from) && !from.nl_pid)
			done = look_at_all(answer, (size_t)n, look, arg, &changed);
	}
	return done > 0 ? 0 : done;
}

static void add_u32(struct request *request, uint16_t type, uint32_t value)
{
	struct rtattr attr = {.rta_len = RTA_LENGTH(sizeof(value)), .rta_type = type};
	char *at = (char *)request + request->message.nlmsg_len;

	memcpy(at, &attr, sizeof(attr));
	memcpy(at + RTA_LENGTH(0), &value, sizeof(value));
	request->message.nlmsg_len += RTA_LENGTH(sizeof(value));
}

static int ask(int fd, const struct request *request, netlink_look *look, void *arg)
{
	int err;

	activity_begin("call", "rtnetlink");
	err = send(fd, request, request->message.nlmsg_len, 0) < 0 ? -errno : 0;
	err = err ?: receive(fd, look, arg);
	activity_end();
	return err;
}

int netlink_ask(int fd, uint16_t type, size_t head, uint16_t attr, uint32_t value,
		netlink_look *look, void *arg)
{
	struct request request = {.message = {.nlmsg_len = (uint32_t)NLMSG_SPACE(head),
					      .nlmsg_type = type,
					      .nlmsg_flags = NLM_F_REQUEST}};

	add_u32(&request, attr, value);
	return ask(fd, &request, look, arg);
}

int netlink_dump(int fd, uint16_t type, size_t head, netlink_look *look, void *arg)
{
	struct request request = {.message = {.nlmsg_len = (uint32_t)NLMSG_SPACE(head),
					      .nlmsg_type = type,
					      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}};
	int err = -EINTR, pause_ms = 1;

	if (type == RTM_GETLINK)
		add_u32(&request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	for (int i = 0; i < DUMPS_MAX && err == -EINTR; i++) {
		if (i)
			clock_sleep_ms(pause_ms = 2 * pause_ms < PAUSE_MAX_MS ? 2 * pause_ms
									      : PAUSE_MAX_MS);
		err = ask(fd, &request, look, arg);
	}
	return err == -EINTR ? -EAGAIN : err;
}

/* ---- attributes ---- */

/* The attribute TYPE among those of LEN bytes at AT. */
static struct netlink_value find(const char *at, size_t len, uint16_t type)
{
	struct rtattr attr;

	while (len >= sizeof(attr)) {
		size_t step;

		memcpy(&attr, at, sizeof(attr));
		if (attr.rta_len < sizeof(attr) || attr.rta_len > len)
			break;
		if ((attr.rta_type & NLA_TYPE_MASK) == type)
			return (struct netlink_value){at + sizeof(attr),
						      attr.rta_len - sizeof(attr)};
		step = (size_t)RTA_ALIGN((int)attr.rta_len);
		at += step < len ? step : len;
		len -= step < len ? step : len;
	}
	return (struct netlink_value){NULL, 0};
}

struct netlink_value netlink_attr(const struct nlmsghdr *message, size_t head, uint16_t type)
{
	size_t begin = NLMSG_SPACE(head);

	if (message->nlmsg_len < begin)
		return (struct netlink_value){NULL, 0};
	return find((const char *)message + begin, message->nlmsg_len - begin, type);
}

struct netlink_value netlink_nested(struct netlink_value outer, uint16_t type)
{
	return find(outer.at, outer.len, type);
}

uint32_t netlink_u32(struct netlink_value value)
{
	uint32_t number = 0;

	if (value.len >= sizeof(number))
		memcpy(&number, value.at, sizeof(number));
	return number;
}

const char *netlink_text(struct netlink_value value)
{
	return value.len && memchr(value.at, '\0', value.len) ? value.at : "";
}
