// SPDX-License-Identifier: GPL-2.0-or-later
/* What host-setup prints of the checklist and of the groups, for people and for programs. */
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "host/base/fs.h"
#include "host/setup/check/check_print.h"
#include "keep_json.h"

#define LONG_NAME \
	"Advanced Micro Devices, Inc. [AMD/ATI] Navi 21 [Radeon RX 6800/6800 XT / 6900 XT]"

static struct check_item items[] = {
	{"firmware-iommu", CHECK_OK, (char *)"the firmware describes an IOMMU",
	 (char *)"/sys/firmware/acpi/tables/DMAR", NULL, 0},
	{"iommu-active", CHECK_MISSING,
	 (char *)"the IOMMU is off, although the firmware offers one: no device can be passed \"through\"",
	 (char *)"/sys/class/iommu is empty\x1b[2J\xff",
	 (char *)"host-setup enable && reboot\n(see dmesg)", 0},
	{"vm", CHECK_OK, (char *)"VM 100: runs", NULL, NULL, 100},
};
static const struct checklist list = {items, ARRAY_SIZE(items)};

static struct device_vm vms[] = {{100, 1 << 0 | 1 << 12}, {101, 0}};
static struct device_use uses[] = {
	{.reason = "in-use",
	 .kind = "disk",
	 .what = (char *)"its disk /dev/sda is in use: mounted at /srv",
	 .name = (char *)"/dev/sda",
	 .mounts = {(char *[]){(char *)"/srv", (char *)"/a\xff"}, 2}},
	{.reason = "in-use",
	 .kind = "display",
	 .what = (char *)"/dev/dri/card0 is open in process 1234 (Xorg) in CT 105",
	 .name = (char *)"/dev/dri/card0",
	 .pid = 1234,
	 .program = (char *)"Xorg",
	 .unit = (char *)"lightdm.service",
	 .ctid = 105},
	{.reason = "other-vm", .what = (char *)"VM 205 runs with it"},
};
static struct device_summary card[] = {
	{.bdf = {.domain = 0, .bus = 3},
	 .class_name = (char *)"VGA compatible controller",
	 .name = (char *)LONG_NAME " [1002:73bf]",
	 .driver = (char *)"amdgpu",
	 .resets = (char *)"device_specific pm bus",
	 .used = (char *)"its node /dev/dri/card0 is open in process 1234 (Xorg) and in process 5678 (a-long-name)",
	 .uses = uses,
	 .n_uses = ARRAY_SIZE(uses),
	 .vms = (char *)"VM 100 (hostpci0), VM 101 (hostpci0), VM 102 (hostpci0), VM 103 (hostpci12)",
	 .named_by = vms,
	 .n_named_by = ARRAY_SIZE(vms)},
	{.bdf = {.domain = 0x10000, .bus = 3, .func = 1},
	 .class_name = (char *)"PCI bridge",
	 .name = (char *)"x",
	 .bridge = true},
};
static const struct device_summary *members[] = {&card[0], &card[1]};
static struct bdf ports[] = {{0, 0, 0x1c, 0}};
static struct split ways[] = {
	{.how = SPLIT_SLOT,
	 .what = (char *)"another slot: a card in that of port 0000:00:1c.0 (x4), which is empty, has a group of its own",
	 .ports = {ports, 1}},
	{.how = SPLIT_OVERRIDE,
	 .what = (char *)"the kernel can pretend",
	 .command = (char *)"host-setup enable --acs-override=downstream && reboot",
	 .price =
		 (char *)"the hardware stays as it is: a guest that has one of them may reach the others"},
};
static struct group group_items[] = {
	{.number = 14,
	 .devices = members,
	 .n_devices = ARRAY_SIZE(card),
	 .why_not =
		 (char *)"0000:03:00.0 is in use, and many a word has to follow until the line is full, see below",
	 .why_not_code = "in-use",
	 .why_together =
		 (char *)"bridge 10000:03:00.1 does not isolate what is below it (no ACS), as has been said",
	 .splits = {ways, ARRAY_SIZE(ways)}},
	{.number = 15, .devices = members, .n_devices = 0},
};
static const struct groups groups = {
	.items = group_items,
	.n = ARRAY_SIZE(group_items),
	.ungrouped = members,
	.n_ungrouped = 1,
	.igpu_cure = (char *)"take igfx_off out, then: reboot",
};

enum what { CHECK_TEXT, CHECK_JSON, GROUPS_TEXT, GROUPS_JSON };

static void print(enum what what)
{
	switch (what) {
	case CHECK_TEXT: checklist_print(&list, VERDICT_NOT_READY); break;
	case CHECK_JSON: assert_int_equal(checklist_print_json(&list, VERDICT_NOT_READY), 0); break;
	case GROUPS_TEXT: groups_print(&groups); break;
	case GROUPS_JSON: assert_int_equal(groups_print_json(&groups), 0); break;
	}
}

/* On a terminal of 80 columns, or to a file. */
static char *printed(enum what what, bool on_terminal)
{
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	struct termios raw = {.c_cflag = CS8 | CREAD};
	int saved = dup(STDOUT_FILENO), from = -1, to;
	char *text = NULL;

	if (on_terminal)
		assert_int_equal(openpty(&from, &to, NULL, &raw, &size), 0);
	else
		to = from = memfd_create("printed", 0);
	fflush(stdout);
	assert_true(saved >= 0 && to >= 0 && dup2(to, STDOUT_FILENO) >= 0);
	print(what);
	fflush(stdout);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	close(saved);
	if (on_terminal) {
		char buffer[8192] = "";

		assert_true(read(from, buffer, sizeof(buffer) - 1) > 0);
		text = strdup(buffer);
		close(to);
	} else {
		lseek(from, 0, SEEK_SET);
		assert_int_equal(fs_read_fd(from, (size_t)1024 * 1024, &text, NULL), 0);
	}
	close(from);
	return text;
}

static void assert_narrow(const char *text)
{
	for (size_t len; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		if (len > 80)
			fail_msg("%zu columns: %.*s", len, (int)len, text);
	}
}

/* The lines of TEXT are these. */
static void test_groups(void **state)
{
	auto_free char *text = printed(GROUPS_TEXT, true);

	(void)state;
	assert_narrow(text);
	assert_string_equal(
		text,
		"group 14   cannot be passed through: 0000:03:00.0 is in use, and many a word has\n"
		"           to follow until the line is full, see below\n"
		"           together: bridge 10000:03:00.1 does not isolate what is below it (no\n"
		"           ACS), as has been said\n"
		"           to split it: another slot: a card in that of port 0000:00:1c.0 (x4),\n"
		"                        which is empty, has a group of its own\n"
		"                        the kernel can pretend\n"
		"                        host-setup enable --acs-override=downstream && reboot\n"
		"                        but: the hardware stays as it is: a guest that has one\n"
		"                             of them may reach the others\n"
		"  0000:03:00.0  VGA compatible controller: Advanced Micro Devices, Inc.\n"
		"                [AMD/ATI] Navi 21 [Radeon RX 6800/6800 XT / 6900 XT] [1002:73bf]\n"
		"                driver amdgpu         reset device_specific pm bus\n"
		"                used by: VM 100 (hostpci0), VM 101 (hostpci0), VM 102\n"
		"                         (hostpci0), VM 103 (hostpci12)\n"
		"                in use: its node /dev/dri/card0 is open in process 1234 (Xorg)\n"
		"                        and in process 5678 (a-long-name)\n"
		"  10000:03:00.1  PCI bridge: x\n"
		"                a bridge: stays with the host\n"
		"group 15   can be passed through\n"
		"no group   cannot be passed through: the IOMMU does not cover these\n"
		"           cure: take igfx_off out, then: reboot\n"
		"  0000:03:00.0  VGA compatible controller: Advanced Micro Devices, Inc.\n"
		"                [AMD/ATI] Navi 21 [Radeon RX 6800/6800 XT / 6900 XT] [1002:73bf]\n"
		"                driver amdgpu         reset device_specific pm bus\n"
		"                used by: VM 100 (hostpci0), VM 101 (hostpci0), VM 102\n"
		"                         (hostpci0), VM 103 (hostpci12)\n"
		"                in use: its node /dev/dri/card0 is open in process 1234 (Xorg)\n"
		"                        and in process 5678 (a-long-name)\n");
}

/* What does not answer is not in use. */
static void test_dead_device(void **state)
{
	const struct device_summary before = card[0];
	auto_free char *text = NULL, *json = NULL;

	(void)state;
	card[0].dead = true;
	card[0].used = (char *)"it does not answer";
	text = printed(GROUPS_TEXT, true);
	json = printed(GROUPS_JSON, false);
	card[0] = before;
	assert_narrow(text);
	assert_null(strstr(text, "in use:"));
	assert_non_null(strstr(
		text,
		"                dead: it does not answer\n"
		"                cure: a cold start: shut this host down, disconnect it from\n"
		"                      power for ten seconds, and switch it on\n"));
	assert_non_null(strstr(json, "\"dead\":true"));
	assert_non_null(strstr(json, "\"dead\":false"));
}

static void test_check(void **state)
{
	auto_free char *text = printed(CHECK_TEXT, true);

	(void)state;
	assert_narrow(text);
	assert_string_equal(
		text,
		"ok        the firmware describes an IOMMU\n"
		"          seen: /sys/firmware/acpi/tables/DMAR\n"
		"missing   the IOMMU is off, although the firmware offers one: no device can be\n"
		"          passed \"through\"\n"
		"          seen: /sys/class/iommu is empty\\x1b[2J\\xff\n"
		"          cure: host-setup enable && reboot\n"
		"                (see dmesg)\n"
		"ok        VM 100: runs\n"
		"\nthis host is not ready: see what is missing, above\n"
		"next: host-setup enable && reboot\n"
		"      (see dmesg)\n");
}

static const char *string_of(json_object *object, const char *key)
{
	json_object *value = NULL;

	assert_true(json_object_object_get_ex(object, key, &value));
	return json_object_get_string(value);
}

static json_object *array_of(json_object *object, const char *key, size_t n)
{
	json_object *value = NULL;

	assert_true(json_object_object_get_ex(object, key, &value));
	assert_int_equal(json_object_array_length(value), n);
	return value;
}

static void assert_json(json_object *object, const char *key, const char *expected)
{
	json_object *value;

	assert_true(json_object_object_get_ex(object, key, &value));
	assert_string_equal(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN),
			    expected);
}

static void test_json(void **state)
{
	auto_free char *check = printed(CHECK_JSON, false);
	auto_free char *tree = printed(GROUPS_JSON, false);
	json_object *checked = keep_json(check, "check", "list");
	json_object *grouped = keep_json(tree, "groups", "list");
	json_object *at, *group, *number, *use;

	(void)state;
	assert_string_equal(string_of(checked, "verdict"), "not-ready");
	at = json_object_array_get_idx(array_of(checked, "items", 3), 2);
	assert_true(json_object_object_get_ex(at, "vmid", &number));
	assert_true(json_object_is_type(number, json_type_int));
	assert_int_equal(json_object_get_int(number), 100);
	at = json_object_array_get_idx(array_of(checked, "items", 3), 1);
	assert_false(json_object_object_get_ex(at, "vmid", &number));
	assert_string_equal(string_of(at, "name"), "iommu-active");
	assert_string_equal(string_of(at, "status"), "missing");
	assert_string_equal(string_of(at, "what"), items[1].what);
	assert_string_equal(string_of(at, "evidence"), "/sys/class/iommu is empty\x1b[2J\\xff");
	assert_string_equal(string_of(at, "cure"), items[1].cure);
	at = json_object_array_get_idx(array_of(grouped, "ungrouped", 1), 0);
	assert_string_equal(string_of(at, "address"), "0000:03:00.0");
	at = json_object_array_get_idx(array_of(grouped, "groups", 2), 0);
	assert_string_equal(string_of(at, "can_be_passed"), "false");
	assert_string_equal(string_of(at, "why_not"), group_items[0].why_not);
	assert_string_equal(string_of(at, "why_not_code"), "in-use");
	assert_string_equal(string_of(at, "why_together"), group_items[0].why_together);
	group = at;
	at = json_object_array_get_idx(array_of(group, "splits", 2), 0);
	assert_string_equal(string_of(at, "how"), "slot");
	assert_json(at, "ports", "[\"0000:00:1c.0\"]");
	assert_json(at, "command", "null");
	at = json_object_array_get_idx(array_of(group, "splits", 2), 1);
	assert_string_equal(string_of(at, "how"), "acs-override");
	assert_string_equal(string_of(at, "what"), ways[1].what);
	assert_string_equal(string_of(at, "command"), ways[1].command);
	assert_string_equal(string_of(at, "price"), ways[1].price);
	assert_json(at, "ports", "[]");
	array_of(json_object_array_get_idx(array_of(grouped, "groups", 2), 1), "splits", 0);
	at = json_object_array_get_idx(array_of(group, "devices", 2), 0);
	assert_string_equal(string_of(at, "address"), "0000:03:00.0");
	assert_string_equal(string_of(at, "name"), card[0].name);
	assert_string_equal(string_of(at, "driver"), "amdgpu");
	assert_json(at, "reset_method", "[\"device_specific\",\"pm\",\"bus\"]");
	assert_string_equal(string_of(at, "used"), card[0].used);
	use = json_object_array_get_idx(array_of(at, "uses", 3), 0);
	assert_string_equal(string_of(use, "kind"), "disk");
	assert_json(use, "name", "\"\\/dev\\/sda\"");
	assert_json(use, "mounts", "[\"\\/srv\",\"\\/a\\\\xff\"]");
	assert_json(use, "pid", "null");
	use = json_object_array_get_idx(array_of(at, "uses", 3), 1);
	assert_json(use, "mounts", "[]");
	assert_json(use, "pid", "1234");
	assert_string_equal(string_of(use, "program"), "Xorg");
	assert_string_equal(string_of(use, "unit"), "lightdm.service");
	assert_json(use, "ct", "105");
	use = json_object_array_get_idx(array_of(at, "uses", 3), 2);
	assert_string_equal(string_of(use, "reason"), "other-vm");
	assert_json(use, "kind", "null");
	assert_json(at, "vms",
		    "[{\"vmid\":100,\"entries\":[\"hostpci0\",\"hostpci12\"]},"
		    "{\"vmid\":101,\"entries\":null}]");
	at = json_object_array_get_idx(array_of(group, "devices", 2), 1);
	assert_json(at, "reset_method", "[]");
	assert_json(at, "vms", "[]");
	json_object_put(checked);
	json_object_put(grouped);
}

/* Colours are for a terminal that has them, and for a person who wants them. */
static void test_colours(void **state)
{
	static const struct {
		const char *terminal, *no_color;
		bool coloured;
	} rows[] = {
		{"xterm", NULL, true}, {"linux", NULL, true}, {"xterm", "1", false},
		{"dumb", NULL, false}, {NULL, NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *text = NULL;

		if (rows[i].terminal)
			setenv("TERM", rows[i].terminal, 1);
		else
			unsetenv("TERM");
		if (rows[i].no_color)
			setenv("NO_COLOR", rows[i].no_color, 1);
		else
			unsetenv("NO_COLOR");
		text = printed(CHECK_TEXT, true);
		if (!strstr(text, "\033[") == rows[i].coloured)
			fail_msg("row %zu: colours are %s", i,
				 rows[i].coloured ? "missing" : "there");
	}
	setenv("NO_COLOR", "1", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups),	cmocka_unit_test(test_dead_device),
		cmocka_unit_test(test_check),	cmocka_unit_test(test_json),
		cmocka_unit_test(test_colours),
	};

	setenv("NO_COLOR", "1", 1);
	unsetenv("COLUMNS");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
