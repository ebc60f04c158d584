// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/net/netlink.h"

#include <linux/rtnetlink.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tree.h"

/* A socket whose other end looks like the kernel: an address as long as a sockaddr_nl, with zeroes
 * where that has the number of a process. */
struct line {
	int ours, kernel;
};

static void line_open(struct line *line)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int pid = getpid();

	memcpy(name.sun_path + sizeof(struct sockaddr_nl) - sizeof(sa_family_t) - sizeof(pid), &pid,
	       sizeof(pid));
	line->kernel = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	line->ours = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(line->kernel, (struct sockaddr *)&name, sizeof(struct sockaddr_nl)),
			 0);
	assert_int_equal(connect(line->ours, (struct sockaddr *)&name, sizeof(struct sockaddr_nl)),
			 0);
	name.sun_path[1] = 1;
	assert_int_equal(bind(line->ours, (struct sockaddr *)&name, sizeof(struct sockaddr_nl)), 0);
	assert_int_equal(
		connect(line->kernel, (struct sockaddr *)&name, sizeof(struct sockaddr_nl)), 0);
}

static void line_close(struct line *line)
{
	close(line->ours);
	close(line->kernel);
}

static int keep_len(const struct nlmsghdr *message, void *arg)
{
	*(size_t *)arg = message->nlmsg_len;
	return 0;
}

static void say(const struct line *line, uint16_t type, size_t len, int err)
{
	auto_free char *bytes = calloc(1, len);
	struct nlmsghdr message = {.nlmsg_len = (uint32_t)len, .nlmsg_type = type};

	assert_non_null(bytes);
	memcpy(bytes, &message, sizeof(message));
	if (len >= NLMSG_SPACE(sizeof(err)))
		memcpy(bytes + NLMSG_HDRLEN, &err, sizeof(err));
	assert_int_equal(send(line->kernel, bytes, len, 0), (ssize_t)len);
}

static int ask(const struct line *line, size_t *ret_len)
{
	static const struct ifinfomsg head;
	struct netlink_request request;

	netlink_begin(&request, RTM_GETLINK, 0, &head, sizeof(head));
	return netlink_send(line->ours, &request, keep_len, ret_len);
}

/* A card with many VFs. */
static void test_long_answer(void **state)
{
	size_t lens[] = {2000, 32768, 32772, 100000}, len;
	struct line line;

	(void)state;
	line_open(&line);
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		say(&line, RTM_NEWLINK, lens[i], 0);
		assert_int_equal(ask(&line, &len), 0);
		assert_int_equal(len, lens[i]);
	}
	line_close(&line);
}

static void test_refused(void **state)
{
	struct line line;
	size_t len = 7;

	(void)state;
	line_open(&line);
	say(&line, NLMSG_ERROR, NLMSG_SPACE(sizeof(struct nlmsgerr)), -EPERM);
	assert_int_equal(ask(&line, &len), -EPERM);
	say(&line, NLMSG_ERROR, NLMSG_SPACE(sizeof(struct nlmsgerr)), 0);
	assert_int_equal(ask(&line, &len), 0);
	assert_int_equal(len, 7);
	line_close(&line);
}

static void test_attributes(void **state)
{
	struct netlink_request request;
	struct netlink_value value, outer;
	const uint32_t number = 77;
	uint16_t type = 0;
	size_t nest, inner;

	(void)state;
	netlink_begin(&request, RTM_SETLINK, NLM_F_ACK, NULL, sizeof(struct ifinfomsg));
	netlink_add(&request, IFLA_IFNAME, "eth0", sizeof("eth0"));
	nest = netlink_nest(&request, IFLA_VFINFO_LIST);
	inner = netlink_nest(&request, IFLA_VF_INFO);
	netlink_add(&request, IFLA_VF_TRUST, &number, sizeof(number));
	netlink_end(&request, inner);
	netlink_end(&request, nest);
	netlink_add(&request, IFLA_MTU, &number, sizeof(number));
	value = netlink_attr(&request.message, sizeof(struct ifinfomsg), IFLA_IFNAME);
	assert_string_equal(netlink_text(value), "eth0");
	assert_int_equal(
		netlink_u32(netlink_attr(&request.message, sizeof(struct ifinfomsg), IFLA_MTU)),
		77);
	outer = netlink_attr(&request.message, sizeof(struct ifinfomsg), IFLA_VFINFO_LIST);
	assert_true(netlink_next(&outer, &type, &value));
	assert_int_equal(type, IFLA_VF_INFO);
	assert_int_equal(netlink_u32(netlink_nested(value, IFLA_VF_TRUST)), 77);
	assert_false(netlink_next(&outer, &type, &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long_answer),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
