// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/netlink.h"

#include "host/base/activity.h"

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <unistd.h>

/* As large as the kernel makes its answers to a dump. */
#define ANSWER_SIZE 32768

/* How often what changed while it was dumped is dumped again. What any dump had counts. */
#define DUMPS_MAX 5

int netlink_open_space(const struct netns *space)
{
	auto_free char *path = fs_path("/%s", space->path);
	/* Not fs_open(): the files of processes are links that it does not follow. */
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (!path)
		return -ENOMEM;
	return fd < 0 ? -errno : fd;
}

/* Opens *RET in the namespace THERE. */
static int open_in(int there, int own, struct mnl_socket **ret)
{
	int err;

	if (setns(there, CLONE_NEWNET))
		return -errno;
	*ret = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	err = *ret ? 0 : -errno;
	/* What would run in the other namespace from now on would change that one. */
	if (setns(own, CLONE_NEWNET))
		_exit(EXIT_FAILURE);
	return err;
}

int netlink_open(const struct netns *space, struct mnl_socket **ret)
{
	struct mnl_socket *made = NULL;
	int there = netlink_open_space(space);
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int err = there < 0 ? there : own < 0 ? -errno : open_in(there, own, &made);

	if (there >= 0)
		close(there);
	if (own >= 0)
		close(own);
	if (err)
		return err;
	if (mnl_socket_bind(made, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		mnl_socket_close(made);
		return err;
	}
	*ret = made;
	return 0;
}

int netlink_result(int err)
{
	errno = -err;
	return err ? MNL_CB_ERROR : MNL_CB_OK;
}

static int receive(struct mnl_socket *socket, mnl_cb_t look, void *arg)
{
	auto_free char *answer = malloc(ANSWER_SIZE);
	int more = MNL_CB_OK;

	if (!answer)
		return -ENOMEM;
	while (more > MNL_CB_STOP) {
		ssize_t n = mnl_socket_recvfrom(socket, answer, ANSWER_SIZE);

		if (n < 0)
			return -errno;
		more = mnl_cb_run(answer, (size_t)n, 0, mnl_socket_get_portid(socket), look, arg);
	}
	return more < 0 ? -errno : 0;
}

int netlink_ask(struct mnl_socket *socket, const struct nlmsghdr *message, mnl_cb_t look, void *arg)
{
	int err;

	activity_begin("call", "rtnetlink");
	err = mnl_socket_sendto(socket, message, message->nlmsg_len) < 0 ? -errno : 0;
	err = err ?: receive(socket, look, arg);
	activity_end();
	return err;
}

int netlink_dump(struct mnl_socket *socket, uint16_t type, size_t head, mnl_cb_t look, void *arg)
{
	int err = -EINTR;

	for (int i = 0; i < DUMPS_MAX && err == -EINTR; i++) {
		_Alignas(struct nlmsghdr) char buffer[128] = {0};
		struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

		message->nlmsg_type = type;
		message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
		(void)mnl_nlmsg_put_extra_header(message, head);
		if (type == RTM_GETLINK)
			mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
		err = netlink_ask(socket, message, look, arg);
	}
	return err == -EINTR ? 0 : err;
}

/* ---- attributes ---- */

struct attr_search {
	uint16_t type;
	const struct nlattr *found;
};

static int look_at_attr(const struct nlattr *attr, void *arg)
{
	struct attr_search *search = arg;

	if (mnl_attr_get_type(attr) != search->type)
		return MNL_CB_OK;
	search->found = attr;
	return MNL_CB_STOP;
}

const struct nlattr *netlink_attr(const struct nlmsghdr *message, size_t head, uint16_t type)
{
	struct attr_search search = {.type = type};

	(void)mnl_attr_parse(message, (unsigned int)head, look_at_attr, &search);
	return search.found;
}

unsigned int netlink_u32(const struct nlmsghdr *message, size_t head, uint16_t type)
{
	const struct nlattr *attr = netlink_attr(message, head, type);

	return attr && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0 ? mnl_attr_get_u32(attr) : 0;
}

static const char *text_of(const struct nlattr *attr)
{
	return attr && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0 ? mnl_attr_get_str(attr)
									 : "";
}

const char *netlink_text(const struct nlmsghdr *message, size_t head, uint16_t type)
{
	return text_of(netlink_attr(message, head, type));
}

const char *netlink_nested_text(const struct nlattr *attr, uint16_t type)
{
	struct attr_search search = {.type = type};

	if (attr)
		(void)mnl_attr_parse_nested(attr, look_at_attr, &search);
	return text_of(search.found);
}
