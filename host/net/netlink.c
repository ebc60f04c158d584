// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/net/netlink.h"

#include "host/base/activity.h"
#include "host/base/clock.h"

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* As large as the kernel makes its answers to a dump (Linux: net/netlink/af_netlink.c). One about a
 * card with many virtual functions is larger. */
#define ANSWER_SIZE ((size_t)32768)

/* How often what changed while it was dumped is dumped again, and the longest pause before that, as
 * where many containers are being started. What any dump had counts. */
#define DUMPS_MAX    20
#define PAUSE_MAX_MS 200

static int open_here(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? -errno : fd;
}

int netlink_open(const struct fs_root *root)
{
	return fs_root_is_running_system(root) ? open_here() : -EXDEV;
}

int netlink_open_in(int space)
{
	auto_close int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int fd;

	if (own < 0 || setns(space, CLONE_NEWNET))
		return -errno;
	fd = open_here();
	/* What would run in the other namespace from now on would change that one. */
	if (setns(own, CLONE_NEWNET))
		_exit(EXIT_FAILURE);
	return fd;
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
		err = look ? look(message, arg) : 0;
		if (err || !(message->nlmsg_flags & NLM_F_MULTI))
			return err ? err : 1;
		len = NLMSG_ALIGN(len);
		answer += len < n ? len : n;
		n -= len < n ? len : n;
	}
	return 0;
}

/* The size of the next answer, which stays in the socket: 0 or more, or -errno. */
static ssize_t next_size(int fd)
{
	ssize_t n = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC);

	return n < 0 ? -errno : n;
}

/* One answer of N bytes or less, or more since: -EMSGSIZE. Returns as look_at_all(). */
static int receive_one(int fd, char *answer, size_t size, netlink_look *look, void *arg,
		       bool *changed)
{
	struct sockaddr_nl from = {0};
	socklen_t from_size = sizeof(from);
	ssize_t n = recvfrom(fd, answer, size, MSG_TRUNC, (struct sockaddr *)&from, &from_size);

	if (n < 0)
		return -errno;
	if ((size_t)n > size)
		return -EMSGSIZE;
	/* Not of the kernel: in its own namespace, root may send to any socket. */
	if (from_size != sizeof(from) || from.nl_pid)
		return 0;
	return look_at_all(answer, (size_t)n, look, arg, changed);
}

static int receive(int fd, netlink_look *look, void *arg)
{
	auto_free char *answer = NULL;
	bool changed = false;
	size_t size = 0;
	int done = 0;

	while (!done) {
		ssize_t n = next_size(fd);

		if (n < 0)
			return (int)n;
		if (!answer || (size_t)n > size) {
			free(answer);
			size = (size_t)n > ANSWER_SIZE ? (size_t)n : ANSWER_SIZE;
			answer = malloc(size);
		}
		if (!answer)
			return -ENOMEM;
		done = receive_one(fd, answer, size, look, arg, &changed);
	}
	return done > 0 ? 0 : done;
}

void netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags, const void *head,
		   size_t len)
{
	*request = (struct netlink_request){.message = {.nlmsg_len = (uint32_t)NLMSG_SPACE(len),
							.nlmsg_type = type,
							.nlmsg_flags = NLM_F_REQUEST | flags}};
	if (head)
		memcpy(request->rest, head, len);
}

void netlink_add(struct netlink_request *request, uint16_t type, const void *value, size_t len)
{
	struct rtattr attr = {.rta_len = (uint16_t)RTA_LENGTH(len), .rta_type = type};
	char *at = (char *)request + request->message.nlmsg_len;

	memcpy(at, &attr, sizeof(attr));
	if (len)
		memcpy(at + RTA_LENGTH(0), value, len);
	request->message.nlmsg_len += (uint32_t)RTA_SPACE(len);
}

size_t netlink_nest(struct netlink_request *request, uint16_t type)
{
	size_t at = request->message.nlmsg_len;

	netlink_add(request, type | NLA_F_NESTED, NULL, 0);
	return at;
}

void netlink_end(struct netlink_request *request, size_t nest)
{
	uint16_t len = (uint16_t)(request->message.nlmsg_len - nest);

	memcpy((char *)request + nest + offsetof(struct rtattr, rta_len), &len, sizeof(len));
}

int netlink_send(int fd, const struct netlink_request *request, netlink_look *look, void *arg)
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
	struct netlink_request request;

	netlink_begin(&request, type, 0, NULL, head);
	netlink_add(&request, attr, &value, sizeof(value));
	return netlink_send(fd, &request, look, arg);
}

int netlink_dump(int fd, uint16_t type, size_t head, netlink_look *look, void *arg)
{
	static const uint32_t mask = RTEXT_FILTER_SKIP_STATS;
	struct netlink_request request;
	int err = -EINTR, pause_ms = 1;

	netlink_begin(&request, type, NLM_F_DUMP, NULL, head);
	if (type == RTM_GETLINK)
		netlink_add(&request, IFLA_EXT_MASK, &mask, sizeof(mask));
	for (int i = 0; i < DUMPS_MAX && err == -EINTR; i++) {
		if (i)
			clock_sleep_ms(pause_ms = 2 * pause_ms < PAUSE_MAX_MS ? 2 * pause_ms
									      : PAUSE_MAX_MS);
		err = netlink_send(fd, &request, look, arg);
	}
	return err == -EINTR ? -EAGAIN : err;
}

/* ---- attributes ---- */

bool netlink_next(struct netlink_value *rest, uint16_t *ret_type, struct netlink_value *ret)
{
	const char *at = rest->at;
	struct rtattr attr;
	size_t step;

	if (rest->len < sizeof(attr))
		return false;
	memcpy(&attr, at, sizeof(attr));
	if (attr.rta_len < sizeof(attr) || attr.rta_len > rest->len)
		return false;
	*ret_type = attr.rta_type & (uint16_t)NLA_TYPE_MASK;
	*ret = (struct netlink_value){at + sizeof(attr), attr.rta_len - sizeof(attr)};
	step = (size_t)RTA_ALIGN((int)attr.rta_len);
	step = step < rest->len ? step : rest->len;
	*rest = (struct netlink_value){at + step, rest->len - step};
	return true;
}

struct netlink_value netlink_nested(struct netlink_value outer, uint16_t type)
{
	struct netlink_value value;
	uint16_t found;

	while (netlink_next(&outer, &found, &value))
		if (found == type)
			return value;
	return (struct netlink_value){NULL, 0};
}

struct netlink_value netlink_attr(const struct nlmsghdr *message, size_t head, uint16_t type)
{
	size_t begin = NLMSG_SPACE(head);

	if (message->nlmsg_len < begin)
		return (struct netlink_value){NULL, 0};
	return netlink_nested(
		(struct netlink_value){(const char *)message + begin, message->nlmsg_len - begin},
		type);
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
