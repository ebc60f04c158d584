// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mapping/pci.cfg: what is understood of texts, good and odd ones, and the check against the
 * hardware. What each text must give follows from reading Proxmox VE's own parser (vmcfg/mapping.h
 * names the files).
 */
#include "vmcfg/mapping.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct mappings *parse(const char *text, size_t len)
{
	/* Exactly as long as the text, so that the sanitizers see a step after it. */
	auto_free char *copy = malloc(len ? len : 1);
	struct mappings *mappings = NULL;

	assert_non_null(copy);
	memcpy(copy, text, len);
	assert_int_equal(mappings_parse(copy, len, &mappings), 0);
	assert_non_null(mappings);
	return mappings;
}

static void show_entry(FILE *to, const struct mapping_entry *entry)
{
	fprintf(to, " [%s %s", entry->node, entry->id);
	if (entry->subsystem_id)
		fprintf(to, " sub=%s", entry->subsystem_id);
	if (entry->iommugroup)
		fprintf(to, " group=%s", entry->iommugroup);
	for (size_t i = 0; i < entry->n_paths; i++) {
		char buf[BDF_TEXT_SIZE];

		fprintf(to, " %s%s", hostpci_address_format(&entry->paths[i], buf),
			entry->paths[i].all_functions ? ".*" : "");
	}
	putc(']', to);
}

/* "id mdev [node id sub= group= paths] ..., id ...". */
static char *understand(const char *text, size_t len)
{
	cleanup_with(mappings_freep) struct mappings *mappings = parse(text, len);
	char *out = NULL;
	size_t size;
	FILE *to = open_memstream(&out, &size);

	assert_non_null(to);
	for (size_t i = 0; i < mappings->n; i++) {
		const struct mapping *mapping = &mappings->items[i];

		fprintf(to, "%s%s%s", i ? ", " : "", mapping->id, mapping->mdev ? " mdev" : "");
		for (size_t j = 0; j < mapping->n_entries; j++)
			show_entry(to, &mapping->entries[j]);
	}
	assert_int_equal(fclose(to), 0);
	return out;
}

/* A '@' in the text stands for a NUL. */
struct text_case {
	const char *name, *text, *understood;
};

#define MAP	 "\tmap id=10de:2204,node=a,path=0000:01:00.0\n"
#define MAP_SEEN " [a 10de:2204 0000:01:00.0]"

static char *understand_case(const char *text)
{
	size_t len = strlen(text);
	auto_free char *bytes = strdup(text);

	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = bytes[i] == '@' ? '\0' : bytes[i];
	return understand(bytes, len);
}

static void run_texts(const struct text_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		auto_free char *understood = understand_case(cases[i].text);

		if (strcmp(understood, cases[i].understood))
			print_error("case: %s\n", cases[i].name);
		assert_string_equal(understood, cases[i].understood);
	}
}

static void test_sections(void **state)
{
	static const struct text_case cases[] = {
		{"nothing", "", ""},
		{"empty lines", "\n\n\n", ""},
		{"one", "gpu\n" MAP, "gpu" MAP_SEEN},
		{"no newline at the end", "gpu\n map id=10de:2204,node=a,path=0000:01:00.0",
		 "gpu" MAP_SEEN},
		{"two", "gpu\n" MAP "\nnic\n" MAP, "gpu" MAP_SEEN ", nic" MAP_SEEN},
		{"several empty lines between", "gpu\n" MAP "\n\n\nnic\n" MAP,
		 "gpu" MAP_SEEN ", nic" MAP_SEEN},
		{"twice", "gpu\n" MAP "\ngpu\n\tmdev 1\n" MAP,
		 "gpu" MAP_SEEN ", gpu mdev" MAP_SEEN},
		{"not ended by the next id", "gpu\n" MAP "nic\n" MAP, "gpu" MAP_SEEN MAP_SEEN},
		{"ended by 0", "gpu\n" MAP "0\nnic\n" MAP, "gpu" MAP_SEEN ", nic" MAP_SEEN},
		{"not ended by 00", "gpu\n" MAP "00\n" MAP, "gpu" MAP_SEEN MAP_SEEN},
		{"not ended by spaces", "gpu\n" MAP " \t\nnic\n" MAP, "gpu" MAP_SEEN MAP_SEEN},
		{"0 between sections", "0\ngpu\n" MAP, "gpu" MAP_SEEN},
		{"spaces after the id", "gpu \t\n" MAP, "gpu" MAP_SEEN},
		{"a space before the id", " gpu\n" MAP, ""},
		{"two words", "pci: gpu\n" MAP, ""},
		{"spaces outside of a section", " \n", ""},
		{"a bad id", "9gpu\n" MAP "\nnic\n" MAP, "nic" MAP_SEEN},
		{"an id of one letter", "g\n" MAP, ""},
		{"a type before the id", "pci:gpu\n" MAP, ""},
		{"an id in capitals", "GPU-1_x\n" MAP, "GPU-1_x" MAP_SEEN},
		{"nothing in it", "gpu\n\nnic\n" MAP, "gpu, nic" MAP_SEEN},
		{"an empty one later", "gpu\n" MAP "\ngpu\n", "gpu" MAP_SEEN ", gpu"},
		{"lines of a skipped one", "g\n\tnonsense\n\n" MAP, ""},
	};

	(void)state;
	run_texts(cases, ARRAY_SIZE(cases));
}

static void test_lines(void **state)
{
	static const struct text_case cases[] = {
		{"a comment before all", "# gpu\ngpu\n" MAP, "gpu" MAP_SEEN},
		{"a comment inside", "gpu\n# no\n\t # end\n" MAP, "gpu" MAP_SEEN},
		{"a comment after a value", "gpu\n\tmdev 1 # yes\n" MAP, "gpu" MAP_SEEN},
		{"one space before the key", "gpu\n map  id=10de:2204,node=a,path=0000:01:00.0  \n",
		 "gpu" MAP_SEEN},
		{"a vertical tab before the key",
		 "gpu\n\vmap\fid=10de:2204,node=a,path=0000:01:00.0\v\n", "gpu" MAP_SEEN},
		{"mdev", "gpu\n\tmdev 1\n" MAP, "gpu mdev" MAP_SEEN},
		{"mdev off", "gpu\n\tmdev 0\n" MAP, "gpu" MAP_SEEN},
		{"mdev alone", "gpu\n\tmdev\n" MAP, "gpu mdev" MAP_SEEN},
		{"mdev in a word", "gpu\n\tmdev yes\n" MAP, "gpu" MAP_SEEN},
		{"the first mdev counts", "gpu\n\tmdev 0\n\tmdev 1\n" MAP, "gpu" MAP_SEEN},
		{"the first valid mdev counts", "gpu\n\tmdev on\n\tmdev 1\n" MAP,
		 "gpu mdev" MAP_SEEN},
		{"a key's case", "gpu\n\tMdev 1\n" MAP, "gpu" MAP_SEEN},
		{"live migration", "gpu\n\tlive-migration-capable 1\n" MAP, "gpu" MAP_SEEN},
		{"a description", "gpu\n\tdescription the = big,one\n" MAP, "gpu" MAP_SEEN},
		{"two descriptions", "gpu\n\tdescription a\n\tdescription b\n" MAP, "gpu" MAP_SEEN},
		{"no description", "gpu\n\tdescription \n" MAP, "gpu" MAP_SEEN},
		{"a type", "gpu\n\ttype pci\n" MAP, "gpu" MAP_SEEN},
		{"another type", "gpu\n\ttype usb\n" MAP, "gpu" MAP_SEEN},
		{"an id inside", "gpu\n\tid nic\n" MAP, "gpu" MAP_SEEN},
		{"a colon after the key", "gpu\n\tmap: id=10de:2204,node=a,path=0000:01:00.0\n",
		 "gpu"},
		{"map without a value", "gpu\n\tmap\n" MAP, "gpu" MAP_SEEN},
	};

	(void)state;
	run_texts(cases, ARRAY_SIZE(cases));
}

static void test_bytes(void **state)
{
	static const struct text_case cases[] = {
		{"CRLF in one section", "gpu\r\n\tmap id=10de:2204,node=a,path=0000:01:00.0\r\n",
		 "gpu" MAP_SEEN},
		{"CRLF never ends one", "gpu\r\n\tmdev 1\r\n\r\nnic\r\n" MAP, "gpu mdev" MAP_SEEN},
		{"CR inside a value", "gpu\n\tdescription a\rb\n" MAP, "gpu" MAP_SEEN},
		{"CR inside a map", "gpu\n\tmap id=10de:2204,node=a,\r,path=0000:01:00.0\n" MAP,
		 "gpu" MAP_SEEN},
		{"CR for newlines", "gpu\r\tmdev\r", ""},
		{"a NUL in the id", "g@pu\n" MAP, ""},
		{"a NUL line", "gpu\n@\n" MAP, "gpu" MAP_SEEN},
		{"a NUL is not white space", "gpu\n@ mdev\n" MAP, "gpu" MAP_SEEN},
		{"a NUL in a description",
		 "gpu\n\tmap id=10de:2204,description=b@c,node=a,path=0000:01:00.0\n",
		 "gpu" MAP_SEEN},
		{"a NUL in a path", "gpu\n\tmap id=10de:2204,node=a,path=0000:01:00@1\n",
		 "gpu [a 10de:2204 '0000:01:00\\x001']"},
		{"a byte order mark", "\xef\xbb\xbfgpu\n" MAP, ""},
		{"a no-break space is not white space", "gpu\n\xc2\xa0mdev\n" MAP, "gpu" MAP_SEEN},
	};

	(void)state;
	run_texts(cases, ARRAY_SIZE(cases));
}

/* Each text is the value of a line 'map' in a section of its own. */
static void test_maps(void **state)
{
	static const struct text_case cases[] = {
		{"all of it",
		 "id=10de:2204,iommugroup=14,node=pve-1,path=0000:01:00,subsystem-id=1043:87b3",
		 "[pve-1 10de:2204 sub=1043:87b3 group=14 0000:01:00.*]"},
		{"any order", "path=0000:01:00.0,node=a,id=10de:2204",
		 "[a 10de:2204 0000:01:00.0]"},
		{"blank parts", ",id=10de:2204,, ,node=a,path=0000:01:00.0,",
		 "[a 10de:2204 0000:01:00.0]"},
		{"described", "id=10de:2204,node=a,path=0000:01:00.0,description=a=b; c",
		 "[a 10de:2204 0000:01:00.0]"},
		{"two paths", "id=10de:2204,node=a,path=0000:01:00.0;0000:01:00.1",
		 "[a 10de:2204 0000:01:00.0 0000:01:00.1]"},
		{"functions and none",
		 "id=10de:2204,node=a,path=0000:01:00;0000:02:10.7;0000:03:00",
		 "[a 10de:2204 0000:01:00.* 0000:02:10.7 0000:03:00.*]"},
		{"a wide domain", "id=8086:0b60,node=a,path=10000:e1:00.0",
		 "[a 8086:0b60 10000:e1:00.0]"},
		{"a wider one", "id=8086:0b60,node=a,path=0123456789abcdef:e1:00",
		 "[a 8086:0b60 0123456789abcdef:e1:00.*]"},
		{"no domain", "id=10de:2204,node=a,path=01:00.0", NULL},
		{"a narrow domain", "id=10de:2204,node=a,path=000:01:00.0", NULL},
		{"capitals in a path", "id=10de:2204,node=a,path=0000:0A:00.0", NULL},
		{"capitals in an id", "id=10DE:2204,node=a,path=0000:01:00.0",
		 "[a 10DE:2204 0000:01:00.0]"},
		{"no device can have it", "id=10de:2204,node=a,path=0000:ff:ff.f",
		 "[a 10de:2204 0000:ff:ff.f]"},
		{"a path that ends in ;", "id=10de:2204,node=a,path=0000:01:00.0;", NULL},
		{"nothing between two ;", "id=10de:2204,node=a,path=0000:01:00.0;;0000:02:00.0",
		 NULL},
		{"a function of two digits", "id=10de:2204,node=a,path=0000:01:00.00", NULL},
		{"a dot without a function", "id=10de:2204,node=a,path=0000:01:00.", NULL},
		{"a space after the path", "id=10de:2204,path=0000:01:00.0 ,node=a", NULL},
		{"any byte for the dot", "id=10de:2204,node=a,path=0000:01:00x1;0000:02:00.0",
		 "[a 10de:2204 '0000:01:00x1' 0000:02:00.0]"},
		{"; for the dot", "id=10de:2204,node=a,path=0000:01:00;1;0000:02:00",
		 "[a 10de:2204 0000:01:00.* '1' 0000:02:00.*]"},
		{"; and a longer domain", "id=10de:2204,node=a,path=0000:01:00;10000:02:00",
		 "[a 10de:2204 0000:01:00.* 10000:02:00.*]"},
		{"no node", "id=10de:2204,path=0000:01:00.0", NULL},
		{"no id", "node=a,path=0000:01:00.0", NULL},
		{"no path", "id=10de:2204,node=a", NULL},
		{"an empty node", "id=10de:2204,node=,path=0000:01:00.0", NULL},
		{"a node with a domain", "id=10de:2204,node=a.b,path=0000:01:00.0", NULL},
		{"a node that begins with -", "id=10de:2204,node=-a,path=0000:01:00.0", NULL},
		{"an id with 0x", "id=0x10de:0x2204,node=a,path=0000:01:00.0", NULL},
		{"an id alone", "id=10de,node=a,path=0000:01:00.0", NULL},
		{"a bad subsystem", "id=10de:2204,node=a,path=0000:01:00.0,subsystem-id=1043",
		 NULL},
		{"a group with a sign", "id=10de:2204,node=a,path=0000:01:00.0,iommugroup=-1",
		 "[a 10de:2204 group=-1 0000:01:00.0]"},
		{"a group with a zero in front",
		 "id=10de:2204,node=a,path=0000:01:00.0,iommugroup=07",
		 "[a 10de:2204 group=07 0000:01:00.0]"},
		{"a group that is no number",
		 "id=10de:2204,node=a,path=0000:01:00.0,iommugroup=1.0", NULL},
		{"a part without =", "id=10de:2204,node=a,0000:01:00.0", NULL},
		{"an unknown option", "id=10de:2204,node=a,path=0000:01:00.0,mdev=1", NULL},
		{"an option twice", "id=10de:2204,node=a,node=a,path=0000:01:00.0", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *text = NULL;
		auto_free char *understood = NULL;
		const char *want = cases[i].understood; /* NULL: the line is dropped */

		assert_true(asprintf(&text, "gpu\n\tmap %s\n", cases[i].text) > 0);
		understood = understand_case(text);
		if (want ? strncmp(understood, "gpu ", 4) || strcmp(understood + 4, want)
			 : strcmp(understood, "gpu"))
			fail_msg("case %s: '%s', not '%s'", cases[i].name, understood,
				 want ? want : "dropped");
	}
}

static void test_limits(void **state)
{
	auto_free char *text = malloc(VMCFG_TEXT_MAX + 1);
	struct mappings *mappings = NULL;
	auto_free char *long_map = NULL;
	auto_free char *understood = NULL;

	(void)state;
	assert_non_null(text);
	memset(text, 'a', VMCFG_TEXT_MAX + 1);
	assert_int_equal(mappings_parse(text, VMCFG_TEXT_MAX + 1, &mappings), -EFBIG);
	assert_null(mappings);
	mappings_free(parse(text, VMCFG_TEXT_MAX));
	/* A map line with too long a description is dropped. */
	assert_true(
		asprintf(&long_map,
			 "gpu\n\tmap description=%.*s,id=10de:2204,node=a,path=0000:01:00\n" MAP,
			 4097, text) > 0);
	understood = understand(long_map, strlen(long_map));
	assert_string_equal(understood, "gpu" MAP_SEEN);
}

/* Full of SAMPLE; milliseconds. */
static long time_of(const char *sample)
{
	size_t len = strlen(sample), n = VMCFG_TEXT_MAX / len;
	auto_free char *text = malloc(n * len);
	struct timespec before, after;

	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		memcpy(text + i * len, sample, len);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	mappings_free(parse(text, n * len));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	return (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
}

static void test_huge(void **state)
{
	static const char *const samples[] = {
		"gg\n\n", "g\n\n", "gg\n\tmap\n", ("gg\n" MAP "\n"), "gg\n" MAP, "#\n",
		"\n",	  "\r\n",  " x",	  "0000:01:00;",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		long ms = time_of(samples[i]);

		/* Quadratic time would be minutes; valgrind makes it thirty times as much. */
		if (ms > (RUN_VALGRIND ? 60000 : 5000))
			fail_msg("'%s': %ld ms", samples[i], ms);
	}
}

static void test_find(void **state)
{
	static const char text[] = "gpu\n" MAP "\n"
				   "nic\n"
				   "\tmap id=8086:10fb,node=b,path=0000:03:00.0\n"
				   "\tmap id=8086:10fb,node=a,path=0000:04:00.0\n"
				   "\tmap id=8086:10fb,node=B,path=0000:05:00.0\n"
				   "\tmap id=8086:10fb,node=a,path=0000:06:00.0\n\n"
				   "gpu\n\tmdev\n\tmap id=10de:2204,node=c,path=0000:07:00.0\n";
	cleanup_with(mappings_freep) struct mappings *mappings = parse(text, strlen(text));
	const struct mapping *nic = mappings_find(mappings, "nic");
	const struct mapping *gpu = mappings_find(mappings, "gpu");
	const struct mapping_entry *entry;

	(void)state;
	assert_null(mappings_find(mappings, "NIC"));
	assert_null(mappings_find(mappings, ""));
	/* The last one, whole: nothing of the first is left. */
	assert_non_null(gpu);
	assert_true(gpu->mdev);
	assert_null(mapping_next(gpu, "a", NULL));

	assert_non_null(nic);
	entry = mapping_next(nic, "a", NULL);
	assert_non_null(entry);
	assert_int_equal(entry->paths[0].bdf.bus, 4);
	assert_int_equal(entry->line, 6);
	entry = mapping_next(nic, "a", entry);
	assert_non_null(entry);
	assert_int_equal(entry->paths[0].bdf.bus, 6);
	assert_null(mapping_next(nic, "a", entry));
	assert_null(mapping_next(nic, "", NULL));
	assert_ptr_equal(mapping_next(nic, "b", NULL), &nic->entries[0]);
	assert_null(mapping_next(nic, "b", &nic->entries[0]));
}

static void test_path_device(void **state)
{
	static const struct {
		const char *name, *path, *device; /* NULL: none can have the address */
	} cases[] = {
		{"a function", "0000:01:00.3", "0000:01:00.3"},
		{"all of them", "0000:01:00", "0000:01:00.0"},
		{"a wide domain", "10000:e1:00", "10000:e1:00.0"},
		{"the widest domain", "ffffffff:e1:00", "ffffffff:e1:00.0"},
		{"too wide a domain", "100000000:e1:00.0", NULL},
		{"a domain that goes on and on", "00000000000000000000000000:e1:00", NULL},
		{"a zero more than sysfs writes", "00000:01:00.0", NULL},
		{"function f", "0000:01:00.f", NULL},
		{"slot ff", "0000:01:ff", NULL},
		{"no dot", "0000:01:00x0", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_with(mappings_freep) struct mappings *mappings = NULL;
		auto_free char *text = NULL;
		const struct hostpci_address *path;
		char address[BDF_TEXT_SIZE];

		assert_true(asprintf(&text, "gpu\n\tmap id=10de:2204,node=a,path=%s\n",
				     cases[i].path) > 0);
		mappings = parse(text, strlen(text));
		assert_int_equal(mappings->items[0].n_entries, 1);
		path = &mappings->items[0].entries[0].paths[0];
		if (!path->impossible != !!cases[i].device)
			fail_msg("case %s", cases[i].name);
		if (cases[i].device)
			assert_string_equal(bdf_format(&path->bdf, address), cases[i].device);
	}
}

/* --- the check --- */

#define GPU .exists = true, .vendor = 0x10de, .device = 0x2204
#define SUB .has_subsystem = true, .sub_vendor = 0x1043, .sub_device = 0x87b3

struct check_case {
	const char *name;
	const char *map; /* the lines of the section, without those of 'node' */
	struct mapping_device devices[3];
	const char *verdict; /* "WHAT PATH EXPECTED SEEN", "good" */
};

static const char *const wrong_names[] = {
	[MAPPING_NO_DEVICE] = "no-device",	 [MAPPING_ID] = "id",
	[MAPPING_IOMMUGROUP] = "iommugroup",	 [MAPPING_MDEV] = "mdev",
	[MAPPING_SUBSYSTEM_ID] = "subsystem-id",
};

static char *judge(const struct check_case *c)
{
	cleanup_with(mappings_freep) struct mappings *mappings = NULL;
	struct mapping_verdict verdict = {.path = 99};
	auto_free char *text = NULL;
	char buf[BDF_TEXT_SIZE];
	char *said;

	assert_true(asprintf(&text, "gpu\n%s,node=a\n", c->map) > 0);
	mappings = parse(text, strlen(text));
	if (mappings->n != 1 || mappings->items[0].n_entries != 1)
		fail_msg("case %s: not understood", c->name);
	if (mapping_check(&mappings->items[0], &mappings->items[0].entries[0], c->devices,
			  &verdict)) {
		assert_int_equal(verdict.path, 99); /* left alone */
		return strdup("good");
	}
	if (verdict.wrong == MAPPING_NO_DEVICE)
		verdict.expected = hostpci_address_format(
			&mappings->items[0].entries[0].paths[verdict.path], buf);
	assert_true(asprintf(&said, "%s %zu %s %s", wrong_names[verdict.wrong], verdict.path,
			     verdict.expected ? verdict.expected : "none",
			     *verdict.seen ? verdict.seen : "none") > 0);
	return said;
}

#define ONE "\tmap id=10de:2204,iommugroup=14,subsystem-id=1043:87b3,path=0000:01:00.0"

static void test_check(void **state)
{
	static const struct check_case cases[] = {
		{"all agrees", ONE, {{GPU, SUB, .iommugroup = 14}}, "good"},
		{"no device",
		 ONE,
		 {{.exists = false, .iommugroup = -1}},
		 "no-device 0 0000:01:00.0 none"},
		{"another vendor",
		 ONE,
		 {{.exists = true, .vendor = 0x1002, .device = 0x2204, SUB, .iommugroup = 14}},
		 "id 0 10de:2204 1002:2204"},
		{"another device",
		 ONE,
		 {{.exists = true, .vendor = 0x10de, .device = 0x000a, SUB, .iommugroup = 14}},
		 "id 0 10de:2204 10de:000a"},
		{"an id in capitals",
		 "\tmap id=10DE:2204,iommugroup=14,subsystem-id=1043:87b3,path=0000:01:00.0",
		 {{GPU, SUB, .iommugroup = 14}},
		 "id 0 10DE:2204 10de:2204"},
		{"another group", ONE, {{GPU, SUB, .iommugroup = 15}}, "iommugroup 0 14 15"},
		{"group 0 agrees",
		 "\tmap id=10de:2204,iommugroup=0,subsystem-id=1043:87b3,path=0000:01:00.0",
		 {{GPU, SUB, .iommugroup = 0}},
		 "good"},
		{"a group with a zero in front",
		 "\tmap id=10de:2204,iommugroup=014,subsystem-id=1043:87b3,path=0000:01:00.0",
		 {{GPU, SUB, .iommugroup = 14}},
		 "iommugroup 0 014 14"},
		{"a group with a plus",
		 "\tmap id=10de:2204,iommugroup=+14,subsystem-id=1043:87b3,path=0000:01:00.0",
		 {{GPU, SUB, .iommugroup = 14}},
		 "iommugroup 0 +14 14"},
		{"-1 is not no group",
		 "\tmap id=10de:2204,iommugroup=-1,subsystem-id=1043:87b3,path=0000:01:00.0",
		 {{GPU, SUB, .iommugroup = -1}},
		 "iommugroup 0 -1 none"},
		{"the greatest group",
		 "\tmap id=10de:2204,iommugroup=2147483647,subsystem-id=1043:87b3,path=0000:01:00.0",
		 {{GPU, SUB, .iommugroup = INT32_MAX}},
		 "good"},
		{"no group given",
		 "\tmap id=10de:2204,subsystem-id=1043:87b3,path=0000:01:00.0",
		 {{GPU, SUB, .iommugroup = 14}},
		 "iommugroup 0 none 14"},
		{"no group at all",
		 "\tmap id=10de:2204,subsystem-id=1043:87b3,path=0000:01:00.0",
		 {{GPU, SUB, .iommugroup = -1}},
		 "good"},
		{"the IOMMU is off", ONE, {{GPU, SUB, .iommugroup = -1}}, "iommugroup 0 14 none"},
		{"another subsystem",
		 ONE,
		 {{GPU, .has_subsystem = true, .sub_vendor = 0x1043, .sub_device = 1,
		   .iommugroup = 14}},
		 "subsystem-id 0 1043:87b3 1043:0001"},
		{"a subsystem in capitals",
		 "\tmap id=10de:2204,iommugroup=14,subsystem-id=1043:87B3,path=0000:01:00.0",
		 {{GPU, SUB, .iommugroup = 14}},
		 "subsystem-id 0 1043:87B3 1043:87b3"},
		{"no subsystem given",
		 "\tmap id=10de:2204,iommugroup=14,path=0000:01:00.0",
		 {{GPU, SUB, .iommugroup = 14}},
		 "subsystem-id 0 none 1043:87b3"},
		{"an empty subsystem is one",
		 "\tmap id=10de:2204,iommugroup=14,path=0000:01:00.0",
		 {{GPU, .has_subsystem = true, .iommugroup = 14}},
		 "subsystem-id 0 none 0000:0000"},
		{"no subsystem at all",
		 "\tmap id=10de:2204,iommugroup=14,path=0000:01:00.0",
		 {{GPU, .iommugroup = 14}},
		 "good"},
		{"a subsystem that is not there",
		 ONE,
		 {{GPU, .iommugroup = 14}},
		 "subsystem-id 0 1043:87b3 none"},
		{"mdev agrees",
		 "\tmdev\n" ONE,
		 {{GPU, SUB, .iommugroup = 14, .mdev = true}},
		 "good"},
		{"mdev, and the device cannot",
		 "\tmdev 1\n" ONE,
		 {{GPU, SUB, .iommugroup = 14}},
		 "mdev 0 1 0"},
		{"no mdev, and the device can",
		 "\tmdev 0\n" ONE,
		 {{GPU, SUB, .iommugroup = 14, .mdev = true}},
		 "mdev 0 0 1"},
		{"the id first",
		 "\tmdev\n" ONE,
		 {{.exists = true, .vendor = 0x8086, .device = 1, .iommugroup = 1}},
		 "id 0 10de:2204 8086:0001"},
		{"then the group", "\tmdev\n" ONE, {{GPU, .iommugroup = 1}}, "iommugroup 0 14 1"},
		{"then mdev", "\tmdev\n" ONE, {{GPU, .iommugroup = 14}}, "mdev 0 1 0"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *verdict = judge(&cases[i]);

		if (strcmp(verdict, cases[i].verdict))
			print_error("case: %s\n", cases[i].name);
		assert_string_equal(verdict, cases[i].verdict);
	}
}

#define THREE ONE ";0000:01:00.1;0000:02:00"

static void test_check_paths(void **state)
{
	static const struct check_case cases[] = {
		{"all agree",
		 THREE,
		 {{GPU, SUB, .iommugroup = 14},
		  {GPU, SUB, .iommugroup = 14},
		  {GPU, SUB, .iommugroup = 14}},
		 "good"},
		{"only the first one's group counts",
		 THREE,
		 {{GPU, SUB, .iommugroup = 14},
		  {GPU, SUB, .iommugroup = 15},
		  {GPU, SUB, .iommugroup = -1}},
		 "good"},
		{"the last is missing",
		 THREE,
		 {{GPU, SUB, .iommugroup = 14}, {GPU, SUB}, {.exists = false}},
		 "no-device 2 0000:02:00 none"},
		{"the second is another",
		 THREE,
		 {{GPU, SUB, .iommugroup = 14},
		  {.exists = true, .vendor = 0x10de, .device = 0x1aef, SUB},
		  {.exists = false}},
		 "id 1 10de:2204 10de:1aef"},
		{"the third has no subsystem",
		 THREE,
		 {{GPU, SUB, .iommugroup = 14}, {GPU, SUB}, {GPU}},
		 "subsystem-id 2 1043:87b3 none"},
		{"the second can be cut up",
		 THREE,
		 {{GPU, SUB, .iommugroup = 14}, {GPU, SUB, .mdev = true}, {GPU, SUB}},
		 "mdev 1 0 1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *verdict = judge(&cases[i]);

		if (strcmp(verdict, cases[i].verdict))
			print_error("case: %s\n", cases[i].name);
		assert_string_equal(verdict, cases[i].verdict);
	}
}

static void test_free_nothing(void **state)
{
	(void)state;
	mappings_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sections),     cmocka_unit_test(test_lines),
		cmocka_unit_test(test_bytes),	     cmocka_unit_test(test_maps),
		cmocka_unit_test(test_limits),	     cmocka_unit_test(test_huge),
		cmocka_unit_test(test_find),	     cmocka_unit_test(test_path_device),
		cmocka_unit_test(test_check),	     cmocka_unit_test(test_check_paths),
		cmocka_unit_test(test_free_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
