// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/net/vf_net.h"

#include <sys/wait.h>

#include "fake_netlink.h"
#include "host/base/clock.h"

#define PF "0000:07:00.0"

static const struct bdf pf = {0, 7, 0, 0};

#define VF_TEXT "mac=02:00:00:00:00:%02x vlan=%u qos=0 protocol=33024 spoofchk=1 trust=0 link=0"

static void vf_name(unsigned int i, char name[BDF_TEXT_SIZE])
{
	const struct bdf bdf = {0, (uint8_t)(8 + i / 256), (uint8_t)(i / 8 % 32), (uint8_t)(i % 8)};

	bdf_format(&bdf, name);
}

static int setup(void **state)
{
	static const struct tree_device device = {
		.bdf = PF, .vendor = 0x8086, .device = 0x10c9, .group = -1};

	if (tree_setup(state))
		return -1;
	tree_device(*state, &device);
	fake_netlink_begin(*state);
	fake_netlink_interface(*state, PF, "eth7", 7);
	return 0;
}

static int teardown(void **state)
{
	fake_netlink_end();
	return tree_teardown(state);
}

/* N VFs, all of them listed. */
static void add_vfs(struct tree *tree, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		auto_free char *text = fs_path(VF_TEXT, i, i);
		struct tree_device device = {.vendor = 0x8086, .device = 0x10ca, .group = -1};
		char name[BDF_TEXT_SIZE];

		vf_name(i, name);
		device.bdf = name;
		tree_device(tree, &device);
		fake_netlink_vf(tree, PF, i, name);
		fake_netlink_lists(tree, 7, i, text);
	}
}

static void assert_list_fails(struct tree *tree, int err)
{
	struct vf_net *list = NULL;
	size_t n = 0;

	assert_int_equal(vf_net_list(&tree->root, &pf, &list, &n), err);
	assert_null(list);
	assert_int_equal(n, 0);
	assert_true(*vf_net_strerror(err));
}

static void test_list(void **state)
{
	struct tree *tree = *state;
	auto_free struct vf_net *list = NULL;
	size_t n;

	add_vfs(tree, 2);
	fake_netlink_lists(tree, 7, 1,
			   "mac=00:00:00:00:00:00 vlan=30 qos=5 protocol=34984 spoofchk=0 trust=1 "
			   "link=2");
	assert_int_equal(vf_net_list(&tree->root, &pf, &list, &n), 0);
	assert_int_equal(n, 2);
	for (unsigned int field = 0; field < VF_NET_FIELDS; field++)
		assert_true(vf_net_knows(&list[0], field) && vf_net_knows(&list[1], field));
	assert_int_equal(list[0].index, 0);
	assert_memory_equal(list[0].mac, "\2\0\0\0\0\0", MAC_SIZE);
	assert_int_equal(list[0].vlan, 0);
	assert_int_equal(list[0].protocol, VF_PROTOCOL_8021Q);
	assert_true(list[0].spoofchk);
	assert_false(list[0].trust);
	assert_int_equal(list[0].link_state, VF_LINK_AUTO);
	assert_int_equal(list[1].index, 1);
	assert_memory_equal(list[1].mac, "\0\0\0\0\0\0", MAC_SIZE);
	assert_int_equal(list[1].vlan, 30);
	assert_int_equal(list[1].qos, 5);
	assert_int_equal(list[1].protocol, VF_PROTOCOL_8021AD);
	assert_false(list[1].spoofchk);
	assert_true(list[1].trust);
	assert_int_equal(list[1].link_state, VF_LINK_DISABLE);
}

static void test_what_the_driver_does_not_know(void **state)
{
	struct tree *tree = *state;
	auto_free struct vf_net *list = NULL;
	size_t n;

	add_vfs(tree, 1);
	fake_netlink_lists(tree, 7, 0, "mac=02:00:00:00:00:01 vlan=1 qos=0 protocol=33024");
	assert_int_equal(vf_net_list(&tree->root, &pf, &list, &n), 0);
	assert_int_equal(list[0].known, 1U << VF_NET_MAC | 1U << VF_NET_VLAN);
}

static void test_no_vfs(void **state)
{
	struct tree *tree = *state;
	struct vf_net *list = NULL;
	size_t n = 1;

	assert_int_equal(vf_net_list(&tree->root, &pf, &list, &n), 0);
	assert_int_equal(n, 0);
	free(list);
}

/* Of 340 VFs the list passes 64 KiB, and its length has 16 bits. */
static void test_long_lists(void **state)
{
	struct tree *tree = *state;
	auto_free struct vf_net *list = NULL;
	size_t n;

	add_vfs(tree, 250);
	assert_int_equal(vf_net_list(&tree->root, &pf, &list, &n), 0);
	assert_int_equal(n, 250);
	assert_int_equal(list[249].index, 249);
	assert_int_equal(list[249].vlan, 249);
	add_vfs(tree, 340);
	assert_list_fails(tree, -EPROTO);
}

/* What is not in the list is not absent. */
static void test_incomplete(void **state)
{
	struct tree *tree = *state;

	add_vfs(tree, 3);
	fake_netlink_lists(tree, 7, 1, NULL);
	assert_list_fails(tree, -EPROTO);
	fake_netlink_lists(tree, 7, 0, NULL);
	fake_netlink_lists(tree, 7, 2, NULL);
	assert_list_fails(tree, -EPROTO);
}

static void test_one_too_many(void **state)
{
	struct tree *tree = *state;

	add_vfs(tree, 2);
	tree_delete(tree, "sys/devices/pci0000:00/" PF "/virtfn1");
	assert_list_fails(tree, -EPROTO);
}

static void test_interfaces(void **state)
{
	struct tree *tree = *state;
	auto_free struct vf_net *list = NULL;
	size_t n;

	add_vfs(tree, 1);
	/* One that stands for a VF lists none. */
	fake_netlink_interface(tree, PF, "eth1", 1);
	assert_int_equal(vf_net_list(&tree->root, &pf, &list, &n), 0);
	assert_int_equal(n, 1);
	fake_netlink_lists(tree, 1, 0, "mac=02:00:00:00:00:01 vlan=0 qos=0 protocol=33024");
	assert_list_fails(tree, -ENOTUNIQ);
	tree_delete(tree, "netlink");
	assert_list_fails(tree, -EOPNOTSUPP);
	tree_delete(tree, "sys/devices/pci0000:00/" PF "/net");
	assert_list_fails(tree, -ENXIO);
}

static void test_another_root(void **state)
{
	struct tree *tree = *state;

	add_vfs(tree, 1);
	fake_netlink_end();
	assert_list_fails(tree, -EXDEV);
}

static void test_place(void **state)
{
	struct tree *tree = *state;
	static const struct bdf vf = {0, 8, 0, 2};
	struct bdf found = {0};
	unsigned int index = 99;

	add_vfs(tree, 3);
	assert_int_equal(vf_net_place(&tree->root, &vf, &found, &index), 1);
	assert_int_equal(bdf_compare(&found, &pf), 0);
	assert_int_equal(index, 2);
	assert_int_equal(vf_net_place(&tree->root, &pf, &found, &index), 0);
	tree_delete(tree, "sys/devices/pci0000:00/" PF "/virtfn2");
	assert_int_equal(vf_net_place(&tree->root, &vf, &found, &index), -EPROTO);
	tree_obscure(tree, "sys/devices/pci0000:00/0000:08:00.2");
	assert_int_equal(vf_net_place(&tree->root, &vf, &found, &index), -ELOOP);
	assert_int_equal(index, 2);
}

/* ---- writing ---- */

static const struct vf_net wanted = {
	.index = 1,
	.known = 1U << VF_NET_MAC | 1U << VF_NET_VLAN | 1U << VF_NET_SPOOFCHK | 1U << VF_NET_TRUST,
	.mac = {2, 0, 0, 1, 2, 3},
	.vlan = 30,
	.protocol = VF_PROTOCOL_8021Q,
	.trust = true,
};

static int set(struct tree *tree, const struct vf_net *vf, enum vf_net_field *ret_field)
{
	enum vf_net_field unused;

	return vf_net_set(&tree->root, &pf, vf, 0, ret_field ? ret_field : &unused);
}

static void assert_listed(struct tree *tree, unsigned int i, const char *text)
{
	auto_free char *listed = fake_netlink_listed(tree, 7, i);

	assert_string_equal(listed, text);
}

static void test_set(void **state)
{
	struct tree *tree = *state;
	enum vf_net_field field = VF_NET_MAC;

	add_vfs(tree, 3);
	assert_int_equal(set(tree, &wanted, &field), 0);
	assert_listed(
		tree, 1,
		"mac=02:00:00:01:02:03 vlan=30 qos=0 protocol=33024 spoofchk=0 trust=1 link=0");
	assert_listed(
		tree, 2,
		"mac=02:00:00:00:00:02 vlan=2 qos=0 protocol=33024 spoofchk=1 trust=0 link=0");
	/* What is so already is not written. */
	fake_netlink_fault(tree, "mac", EPERM, 0);
	assert_int_equal(set(tree, &wanted, &field), 0);
	assert_int_equal(field, VF_NET_FIELDS);
}

/* Only this fake has it: QEMU's igb cannot set the state of a VF's link. */
static void test_set_others(void **state)
{
	struct tree *tree = *state;
	struct vf_net vf = {.index = 0,
			    .known = 1U << VF_NET_VLAN | 1U << VF_NET_LINK_STATE,
			    .vlan = 7,
			    .qos = 3,
			    .protocol = VF_PROTOCOL_8021AD,
			    .link_state = VF_LINK_DISABLE};

	add_vfs(tree, 1);
	assert_int_equal(set(tree, &vf, NULL), 0);
	assert_listed(
		tree, 0,
		"mac=02:00:00:00:00:00 vlan=7 qos=3 protocol=34984 spoofchk=1 trust=0 link=2");
}

static void test_set_fails(void **state)
{
	struct tree *tree = *state;
	enum vf_net_field field = VF_NET_FIELDS;
	struct vf_net vf = wanted;

	add_vfs(tree, 2);
	fake_netlink_fault(tree, "trust", EOPNOTSUPP, 0);
	assert_int_equal(set(tree, &vf, &field), -EOPNOTSUPP);
	assert_int_equal(field, VF_NET_TRUST);
	fake_netlink_fault(tree, "trust", 0, 0);
	assert_int_equal(set(tree, &vf, &field), -EIO);
	assert_int_equal(field, VF_NET_TRUST);
	vf.index = 2;
	assert_int_equal(set(tree, &vf, &field), -ERANGE);
	assert_int_equal(field, VF_NET_FIELDS);
	fake_netlink_lists(tree, 7, 0, NULL);
	vf.index = 1;
	assert_int_equal(set(tree, &vf, &field), -EPROTO);
}

static void test_busy(void **state)
{
	struct tree *tree = *state;
	enum vf_net_field field;

	add_vfs(tree, 2);
	fake_netlink_fault(tree, "mac", EAGAIN, 2);
	assert_int_equal(vf_net_set(&tree->root, &pf, &wanted, clock_now_ms() + 10000, &field), 0);
	fake_netlink_lists(tree, 7, 1, "mac=02:00:00:00:00:01 vlan=1 qos=0 protocol=33024");
	fake_netlink_fault(tree, "mac", EBUSY, 0);
	assert_int_equal(set(tree, &wanted, NULL), -EBUSY);
}

static void test_texts(void **state)
{
	static const struct {
		enum vf_net_field field;
		const char *text;
	} good[] =
		{
			{VF_NET_MAC, "52:54:00:0a:bc:de"},
			{VF_NET_VLAN, "0"},
			{VF_NET_VLAN, "4094"},
			{VF_NET_VLAN, "30 qos 7"},
			{VF_NET_VLAN, "30 qos 7 802.1ad"},
			{VF_NET_VLAN, "30 802.1ad"},
			{VF_NET_SPOOFCHK, "on"},
			{VF_NET_SPOOFCHK, "off"},
			{VF_NET_TRUST, "on"},
			{VF_NET_LINK_STATE, "auto"},
			{VF_NET_LINK_STATE, "enable"},
			{VF_NET_LINK_STATE, "disable"},
		},
	  bad[] = {
		  {VF_NET_MAC, ""},
		  {VF_NET_MAC, "52:54:00:0a:bc:d"},
		  {VF_NET_MAC, "52:54:00:0a:bc:de:"},
		  {VF_NET_MAC, "52-54-00-0a-bc-de"},
		  {VF_NET_MAC, "52:54:00:0a:bc:0x"},
		  {VF_NET_VLAN, ""},
		  {VF_NET_VLAN, "4095"},
		  {VF_NET_VLAN, "30 qos 8"},
		  {VF_NET_VLAN, "30 802.1q"},
		  {VF_NET_VLAN, "30 "},
		  {VF_NET_TRUST, "true"},
		  {VF_NET_LINK_STATE, "on"},
	  };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct vf_net vf = {0};
		auto_free char *text = NULL;

		assert_int_equal(vf_net_parse(good[i].text, good[i].field, &vf), 0);
		assert_int_equal(vf.known, 1U << good[i].field);
		text = vf_net_format(&vf, good[i].field);
		assert_string_equal(text, good[i].text);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct vf_net vf = {0};

		assert_int_equal(vf_net_parse(bad[i].text, bad[i].field, &vf), -EINVAL);
		assert_int_equal(vf.known, 0);
	}
}

/* The kernel leaves out a VF that is being reset. */
static void test_missing_for_a_while(void **state)
{
	static const char text[] = "mac=02:00:00:00:00:01 vlan=1 qos=0 protocol=33024";
	struct tree *tree = *state;
	auto_free struct vf_net *list = NULL;
	pid_t helper;
	size_t n;

	add_vfs(tree, 2);
	fake_netlink_lists(tree, 7, 1, NULL);
	helper = fork();
	assert_true(helper >= 0);
	if (!helper) {
		clock_sleep_ms(250);
		fake_netlink_lists(tree, 7, 1, text);
		_exit(0);
	}
	assert_int_equal(vf_net_list(&tree->root, &pf, &list, &n), 0);
	waitpid(helper, NULL, 0);
	assert_int_equal(n, 2);
	assert_int_equal(list[1].vlan, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_list),
		TEST(test_what_the_driver_does_not_know),
		TEST(test_no_vfs),
		TEST(test_long_lists),
		TEST(test_incomplete),
		TEST(test_one_too_many),
		TEST(test_interfaces),
		TEST(test_another_root),
		TEST(test_place),
		TEST(test_set),
		TEST(test_set_others),
		TEST(test_set_fails),
		TEST(test_busy),
		TEST(test_texts),
		TEST(test_missing_for_a_while),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
