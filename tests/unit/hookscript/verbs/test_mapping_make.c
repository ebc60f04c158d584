// SPDX-License-Identifier: GPL-2.0-or-later
/* The command for a mapping, and what becomes of each line that there is. */
#include "hookscript/verbs/mapping_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "host/text/argv.h"

#define CARD(n, p)                                                                             \
	{                                                                                      \
		.node = (char *)(uintptr_t)(n), .path = (char *)(uintptr_t)(p),                \
		.identity = {0x10de, 0x2204, 0x1043, 0x87b3, 0x030000}, .has_subsystem = true, \
		.group = 14                                                                    \
	}
#define ATTRIBUTES ",id=10de:2204,subsystem-id=1043:87b3,iommugroup=14"

struct row {
	struct mapping_target targets[3];
	size_t n;
	struct mapping_wish wish;
	const char *now[4];  /* its lines; none: it does not exist */
	const char *then[5]; /* its lines; none: it is as it should be */
	const char *notes;   /* how they begin */
};

static const struct row rows[] = {
	{.targets = {CARD("a", "0000:01:00")},
	 .n = 1,
	 .then = {"node=a,path=0000:01:00" ATTRIBUTES}},
	/* As it is; in another order, too. */
	{.targets = {CARD("a", "0000:01:00")},
	 .n = 1,
	 .now = {"iommugroup=14,subsystem-id=1043:87b3,path=0000:01:00,id=10de:2204,node=a"}},
	/* Hexadecimal digits in upper case never match, nor does a zero before a group. */
	{.targets = {CARD("a", "0000:01:00")},
	 .n = 1,
	 .now = {"node=b,path=0000:01:00,id=10DE:2204",
		 "id=10DE:2204,node=a,path=0000:01:00,subsystem-id=1043:87B3,iommugroup=014,"
		 "description=old"},
	 .then = {"node=b,path=0000:01:00,id=10DE:2204",
		  "node=a,path=0000:01:00" ATTRIBUTES ",description=old"},
	 .notes = "node a: the line for 0000:01:00 no longer fits the hardware: id=10DE:2204"},
	/* Text of people, which pvesh is to read as the UTF-8 that it is. */
	{.targets = {CARD("a", "0000:01:00")},
	 .n = 1,
	 .now = {"node=a,path=0000:01:00,id=10de:2204,description=gr\xc3\xb6n"},
	 .then = {"node=a,path=0000:01:00" ATTRIBUTES ",description=gr\xc3\xb6n"},
	 .notes = "node a: the line for 0000:01:00 no longer fits the hardware: node=a"},
	/* Another path: in its place, or beside it. */
	{.targets = {CARD("a", "0000:02:00.0")},
	 .n = 1,
	 .now = {"node=a,path=0000:01:00,id=10de:2204", "node=b,path=0000:02:00.0,id=10de:2204"},
	 .then = {"node=a,path=0000:02:00.0" ATTRIBUTES, "node=b,path=0000:02:00.0,id=10de:2204"},
	 .notes = "node a: this line would be removed"},
	{.targets = {CARD("a", "0000:02:00.0")},
	 .n = 1,
	 .wish = {.beside = true},
	 .now = {"node=a,path=0000:01:00,id=10de:2204"},
	 .then = {"node=a,path=0000:01:00,id=10de:2204", "node=a,path=0000:02:00.0" ATTRIBUTES}},
	/* Twins: one that is in use now keeps its line, what is no twin goes. */
	{.targets = {CARD("a", "0000:02:00.0"), CARD("a", "0000:03:00.0")},
	 .n = 2,
	 .wish = {.twins = true},
	 .now = {"node=a,path=0000:01:00.0,id=10de:2204", "node=a,path=0000:04:00.0,id=8086:1521",
		 "node=a,path=0000:03:00.0" ATTRIBUTES},
	 .then = {"node=a,path=0000:01:00.0,id=10de:2204", "node=a,path=0000:02:00.0" ATTRIBUTES,
		  "node=a,path=0000:03:00.0" ATTRIBUTES},
	 .notes = "node a: this line would be removed"},
	/* Two lines of one path: Proxmox VE would try the device twice. */
	{.targets = {CARD("a", "0000:01:00")},
	 .n = 1,
	 .now = {"node=a,path=0000:01:00" ATTRIBUTES, "node=a,path=0000:01:00" ATTRIBUTES},
	 .then = {"node=a,path=0000:01:00" ATTRIBUTES},
	 .notes = "node a: the second line for 0000:01:00 would be removed"},
	/* More devices than lines, of two nodes; a line that a newer Proxmox VE understands. */
	{.targets = {CARD("a", "0000:01:00.0"), CARD("b", "0000:01:00.0"),
		     CARD("a", "0000:02:00.0;0000:03:00.0")},
	 .n = 3,
	 .now = {"node=c,new=1", "node=a,path=0000:09:00.0,id=1234:5678"},
	 .then = {"node=c,new=1", "node=a,path=0000:01:00.0" ATTRIBUTES,
		  "node=b,path=0000:01:00.0" ATTRIBUTES,
		  "node=a,path=0000:02:00.0;0000:03:00.0" ATTRIBUTES},
	 .notes = "node a: this line would be removed"},
};

static size_t count(const char *const *texts)
{
	size_t n = 0;

	while (texts[n])
		n++;
	return n;
}

static char *expected_command(const struct row *row, size_t n_now)
{
	const char *words[16];
	size_t n = 0;

	for (size_t i = 0; row->then[i] && !n; i++)
		if (strstr(row->then[i], "\xc3")) {
			words[n++] = "env";
			words[n++] = "LC_ALL=C.UTF-8";
		}
	words[n++] = "pvesh";
	words[n++] = n_now ? "set" : "create";
	words[n++] = n_now ? "/cluster/mapping/pci/gpu" : "/cluster/mapping/pci";
	words[n++] = n_now ? "--digest" : "--id";
	words[n++] = n_now ? "0123abcd" : "gpu";
	for (size_t i = 0; row->then[i]; i++) {
		words[n++] = "--map";
		words[n++] = row->then[i];
	}
	words[n] = NULL;
	return argv_text((char *const *)(uintptr_t)words);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		const struct mapping_targets targets = {
			(struct mapping_target *)(uintptr_t)row->targets, row->n};
		size_t n_now = count(row->now);
		const struct pvesh_mapping now = {.exists = n_now,
						  .digest = (char *)(uintptr_t) "0123abcd",
						  .lines = (char **)(uintptr_t)row->now,
						  .n_lines = n_now};
		auto_mapping_change struct mapping_change change = {0};
		auto_free char *text = NULL, *expected = NULL;
		struct mapping_wish wish = row->wish;
		const char *notes;

		wish.name = "gpu";
		wish.targets = &targets;
		assert_int_equal(mapping_make(&wish, &now, &change), 0);
		assert_null(change.refusal);
		notes = change.notes.text ? change.notes.text : "";
		assert_memory_equal(notes, row->notes ? row->notes : "",
				    row->notes ? strlen(row->notes) : 1);
		if (!count(row->then)) {
			assert_null(change.command);
			continue;
		}
		assert_non_null(change.command);
		text = argv_text(change.command);
		expected = expected_command(row, n_now);
		assert_string_equal(text, expected);
	}
}

/* As Proxmox VE takes a mapping's name (pve-common, PVE/JSONSchema.pm, pve-configid). */
static void test_names(void **state)
{
	static const char *const good[] = {"gpu", "ab", "A_-", "vm100-hostpci0"};
	static const char *const bad[] = {"",	 "a",	"9a",	      "-a", "a b",
					  "a.b", "a/b", "gr\xc3\xb6", "a\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(mapping_is_name(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(mapping_is_name(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
