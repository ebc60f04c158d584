// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The parser of VM configs against what Proxmox VE itself made of them (tests/corpus), against
 * rules that the corpus does not show, and against hostile texts. TESTS_DIR is the tests'
 * directory.
 */
#include "vmcfg/describe.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define CORPUS	  TESTS_DIR "/corpus"
#define CASES_MIN 286

/* How often each text of the corpus is changed at random. */
#define ROUNDS (RUN_VALGRIND ? 2 : 60)

static struct vmcfg *parse(const char *text, size_t len)
{
	struct vmcfg *vm = NULL;

	assert_int_equal(vmcfg_parse(text, len, &vm), 0);
	assert_non_null(vm);
	return vm;
}

static char *describe(const char *text, size_t len)
{
	struct vmcfg *vm = parse(text, len);
	char *description = vmcfg_describe_raw(vm);

	assert_non_null(description);
	vmcfg_free(vm);
	return description;
}

/* The same, and how many lines were dropped. */
static char *describe_all(const char *text, size_t len)
{
	struct vmcfg *vm = parse(text, len);
	auto_free char *description = vmcfg_describe_raw(vm);
	char *all;

	assert_non_null(description);
	assert_true(asprintf(&all, "%swarnings %zu\n", description, vm->n_dropped) > 0);
	vmcfg_free(vm);
	return all;
}

/* --- the corpus --- */

/* Reads PATH below CORPUS; a NUL follows its *ret_len bytes. */
static char *read_case(const char *name, size_t *ret_len)
{
	auto_free char *path = NULL;
	char *text = NULL;
	size_t size;
	FILE *from, *to;
	int c;

	assert_true(asprintf(&path, CORPUS "/%s", name) > 0);
	from = fopen(path, "r");
	if (!from)
		fail_msg("%s: %s", path, strerror(errno));
	to = open_memstream(&text, &size);
	assert_non_null(to);
	while ((c = getc(from)) != EOF)
		putc(c, to);
	assert_false(ferror(from));
	fclose(from);
	assert_int_equal(fclose(to), 0);
	*ret_len = size;
	return text;
}

static int is_config(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && !strcmp(dot, ".conf");
}

static size_t line_length(const char *text)
{
	return strcspn(text, "\n") + (strchr(text, '\n') ? 1 : 0);
}

/* Prints where two texts differ, line by line up to the end of the longer one. */
static void print_difference(const char *name, const char *expected, const char *found)
{
	print_error("%s:\n", name);
	while (*expected || *found) {
		size_t e = line_length(expected), f = line_length(found);

		if (e == f && !memcmp(expected, found, e)) {
			print_error("   %.*s", (int)e, expected);
		} else {
			if (e)
				print_error("  -%.*s", (int)e, expected);
			if (f)
				print_error("  +%.*s", (int)f, found);
		}
		expected += e;
		found += f;
	}
}

/* Whether the parser agrees with Proxmox VE on this case. */
static bool run_case(const char *name)
{
	auto_free char *text = NULL, *expected = NULL, *expected_name = NULL, *found = NULL;
	size_t len, expected_len;

	text = read_case(name, &len);
	assert_true(asprintf(&expected_name, "%.*s.expected", (int)(strlen(name) - strlen(".conf")),
			     name) > 0);
	expected = read_case(expected_name, &expected_len);
	found = describe(text, len);
	if (!strcmp(expected, found))
		return true;
	print_difference(name, expected, found);
	return false;
}

static void test_corpus(void **state)
{
	struct dirent **cases;
	size_t bad = 0;
	int n;

	(void)state;
	n = scandir(CORPUS, &cases, is_config, alphasort);
	if (n < CASES_MIN)
		fail_msg("%d cases in " CORPUS ", there should be %d at least", n, CASES_MIN);
	for (int i = 0; i < n; i++) {
		bad += !run_case(cases[i]->d_name);
		free(cases[i]);
	}
	free(cases);
	if (bad)
		fail_msg("%zu of %d cases disagree with Proxmox VE", bad, n);
}

/* --- rules beyond the corpus --- */

struct rule {
	const char *text;
	size_t len;
	const char *description;
};

#define RULE(text, description)                         \
	{                                               \
		(text), sizeof(text) - 1, (description) \
	}

static void run_rules(const struct rule *rules, size_t n)
{
	size_t bad = 0;

	for (size_t i = 0; i < n; i++) {
		auto_free char *found = describe_all(rules[i].text, rules[i].len);

		if (!strcmp(found, rules[i].description))
			continue;
		print_difference(rules[i].text, rules[i].description, found);
		bad++;
	}
	assert_int_equal(bad, 0);
}

static void test_lines(void **state)
{
	static const struct rule rules[] = {
		RULE("", "q35 no\nwarnings 0\n"),
		RULE("\n\r\n \t\v\f\n", "q35 no\nwarnings 0\n"),
		RULE("machine:\r\r q35 \v\r\n", "key machine q35\nq35 yes\nwarnings 0\n"),
		RULE("machine: q35\rpc\n", "q35 no\nwarnings 1\n"),
		/* LF alone ends a line. */
		RULE("machine: q35\rname: x", "q35 no\nwarnings 1\n"),
		RULE("machine: q35\vname: x", "q35 no\nwarnings 1\n"),
		RULE("\0\n \0\n", "q35 no\nwarnings 0\n"),
		RULE("bios:\n", "q35 no\nwarnings 1\n"),
		RULE("bios\n", "q35 no\nwarnings 1\n"),
		RULE(":x\n", "q35 no\nwarnings 0\n"),
		RULE("bios : x\n", "q35 no\nwarnings 1\n"),
		RULE(" bios: x\n", "q35 no\nwarnings 1\n"),
		RULE("BIOS: x\n", "q35 no\nwarnings 1\n"),
		RULE("bios0: x\n", "q35 no\nwarnings 1\n"),
		RULE("name: a:b\n", "q35 no\nwarnings 0\n"),
		RULE("name: a # b\n", "q35 no\nwarnings 0\n"),
		RULE("#bios: a\n #bios: a\n", "q35 no\nwarnings 0\n"),
		RULE("#\xff\0\r\n", "q35 no\nwarnings 0\n"),
		RULE("digest: 0\nsnapstate: x\ndelete: name\nDelete: x\n", "q35 no\nwarnings 0\n"),
		/* Non-breaking and other spaces of Unicode are bytes like any. */
		RULE("machine: q35\xc2\xa0\n", "q35 no\nwarnings 1\n"),
		RULE("\xa0\nmachine: q35\xa0\nmachine:\x85q35\n", "q35 no\nwarnings 2\n"),
	};

	(void)state;
	run_rules(rules, ARRAY_SIZE(rules));
}

static void test_descriptions(void **state)
{
	static const struct rule rules[] = {
		RULE("description: a\rb\0\xff\n", "q35 no\nwarnings 0\n"),
		RULE("description: snapstate: delete\n", "q35 no\nwarnings 0\n"),
		RULE("description: \n", "q35 no\nwarnings 0\n"),
		/* Nothing to see, but a carriage return is not an empty value. */
		RULE("description:\r\n", "q35 no\nwarnings 0\n"),
		RULE("description: \r \n", "q35 no\nwarnings 0\n"),
		RULE("description:\n", "q35 no\nwarnings 0\n"),
		RULE("description : a\n", "q35 no\nwarnings 0\n"),
		RULE("description1: a\n", "q35 no\nwarnings 0\n"),
	};

	(void)state;
	run_rules(rules, ARRAY_SIZE(rules));
}

static void test_snapstate_lines(void **state)
{
	static const struct rule rules[] = {
		RULE("snapstate: prepare\n", "q35 no\nwarnings 0\n"),
		RULE("snapstate:delete \r\n", "q35 no\nwarnings 0\n"),
		RULE("name: snapstate:\t\r delete\n", "q35 no\nwarnings 0\n"),
		RULE("anything at all snapstate: delete\n", "q35 no\nwarnings 0\n"),
		RULE("\0snapstate: delete\n", "q35 no\nwarnings 0\n"),
		RULE("delete: snapstate: delete\n", "q35 no\nwarnings 0\n"),
		RULE("[a] snapstate: delete\n", "q35 no\nwarnings 0\n"),
		RULE("snapstate: deleted\n", "q35 no\nwarnings 0\n"),
		RULE("snapstate: Delete\n", "q35 no\nwarnings 0\n"),
		RULE("snapstate : delete\n", "q35 no\nwarnings 0\n"),
		RULE("snapstate: delete x\n", "q35 no\nwarnings 0\n"),
		/* It swallows what would otherwise be the last valid line. */
		RULE("name: a\nname: snapstate: delete\n", "key name a\nq35 no\nwarnings 0\n"),
	};

	(void)state;
	run_rules(rules, ARRAY_SIZE(rules));
}

static void test_args(void **state)
{
	static const struct rule rules[] = {
		RULE("args: \"-a b\" 'c'\n", "key args \"-a b\" 'c'\nq35 no\nwarnings 0\n"),
		RULE("args:\t-a\rb \r\n", "key args -a\\x0db\nq35 no\nwarnings 0\n"),
		RULE("args: \0\xff\\ \n", "key args \\x00\\xff\\\\\nq35 no\nwarnings 0\n"),
		RULE("args: -a\nargs: -b\n", "key args -b\nq35 no\nwarnings 0\n"),
		RULE("args: -a\nargs: \n", "key args \\x20\nq35 no\nwarnings 0\n"),
		RULE("args: -a\nargs:\n", "key args -a\nq35 no\nwarnings 1\n"),
		RULE("args:\r\n", "q35 no\nwarnings 1\n"),
		RULE("args: \t\n", "key args \\x09\nq35 no\nwarnings 0\n"),
	};

	(void)state;
	run_rules(rules, ARRAY_SIZE(rules));
}

static void test_texts_lose_quotes(void **state)
{
	static const struct rule rules[] = {
		RULE("bios: \"ovmf\"\n", "key bios ovmf\nq35 no\nwarnings 0\n"),
		RULE("lock: \"a \"b\" c\"\n", "key lock a \"b\" c\nq35 no\nwarnings 0\n"),
		RULE("arch: \"x86_64\" \n", "key arch x86_64\nq35 no\nwarnings 0\n"),
		RULE("arch: \"\n", "key arch \"\nq35 no\nwarnings 0\n"),
		RULE("arch: \"\"\n", "key arch \nq35 no\nwarnings 0\n"),
		RULE("arch: \" a \"\n", "key arch \\x20a\\x20\nq35 no\nwarnings 0\n"),
		RULE("arch: \"a\n", "key arch \"a\nq35 no\nwarnings 0\n"),
		RULE("arch: riscv64\n", "key arch riscv64\nq35 no\nwarnings 0\n"),
		RULE("arch: x86_64\narch: \n", "key arch \\x20\nq35 no\nwarnings 0\n"),
		/* Not where there is a format. */
		RULE("name: \"a\"\n", "q35 no\nwarnings 0\n"),
		RULE("template: \"1\"\n", "q35 no\nwarnings 1\n"),
	};

	(void)state;
	run_rules(rules, ARRAY_SIZE(rules));
}

static void test_last_valid_wins(void **state)
{
	static const struct rule rules[] = {
		RULE("name: a\nname: b\n", "key name b\nq35 no\nwarnings 0\n"),
		RULE("name: a\nname: b.\n", "key name a\nq35 no\nwarnings 0\n"),
		RULE("machine: q35\nmachine: pc\n", "key machine pc\nq35 no\nwarnings 0\n"),
		RULE("machine: q35\nmachine: \n", "key machine \\x20\nq35 no\nwarnings 0\n"),
		RULE("machine: q35\nmachine: ,\n", "key machine ,\nq35 no\nwarnings 0\n"),
		RULE("machine: q35\nmachine:\n", "key machine q35\nq35 yes\nwarnings 1\n"),
		RULE("machine: q35\nmachine:\r\n", "key machine q35\nq35 yes\nwarnings 1\n"),
		RULE("template: 1\ntemplate: off\n", "key template 0\nq35 no\nwarnings 0\n"),
		RULE("hostpci0: 01:00\nhostpci0: ,\n",
		     "key hostpci0 ,\nq35 no\nhostpci0 empty\nwarnings 0\n"),
		RULE("hostpci0: \nhostpci0: 01:00\n",
		     "key hostpci0 01:00\nq35 no\nhostpci0 host 01:00\nwarnings 0\n"),
		RULE("hostpci0: 01:00\nhostpci0: 0x:00\n",
		     "key hostpci0 01:00\nq35 no\nhostpci0 host 01:00\nwarnings 1\n"),
	};

	(void)state;
	run_rules(rules, ARRAY_SIZE(rules));
}

static void test_hostpci_lines(void **state)
{
	static const struct rule rules[] = {
		RULE("hostpci15: 01:00\nhostpci2: 02:00\nhostpci10: 03:00\n",
		     "key hostpci2 02:00\nkey hostpci10 03:00\nkey hostpci15 01:00\nq35 no\n"
		     "hostpci2 host 02:00\nhostpci10 host 03:00\nhostpci15 host 01:00\n"
		     "warnings 0\n"),
		RULE("hostpci16: 01:00\nhostpci015: 01:00\nhostpci4294967296: 01:00\n",
		     "q35 no\nwarnings 3\n"),
		RULE("hostpci0: 01:00,romfile=a\0\\b\xff\n",
		     "key hostpci0 01:00,romfile=a\\x00\\\\b\\xff\nq35 no\n"
		     "hostpci0 host 01:00\nhostpci0 romfile a\\x00\\\\b\\xff\nwarnings 0\n"),
		RULE("hostpci0: romfile= a ,01:00\n",
		     "key hostpci0 romfile= a ,01:00\nq35 no\nhostpci0 host 01:00\n"
		     "hostpci0 romfile \\x20a\\x20\nwarnings 0\n"),
		RULE("hostpci0: x-vga=no,vendor-id=0x1234,01:00,driver=vfio,legacy-igd=yes\n",
		     "key hostpci0 x-vga=no,vendor-id=0x1234,01:00,driver=vfio,legacy-igd=yes\n"
		     "q35 no\nhostpci0 driver vfio\nhostpci0 host 01:00\n"
		     "hostpci0 legacy-igd 1\nhostpci0 vendor-id 0x1234\nhostpci0 x-vga 0\n"
		     "warnings 0\n"),
	};

	(void)state;
	run_rules(rules, ARRAY_SIZE(rules));
}

static void test_sections(void **state)
{
	static const struct rule rules[] = {
		/* There is no way back to the main section. */
		RULE("[PENDING]\n[a1]\n[special:cloudinit]\nname: a\n", "q35 no\nwarnings 0\n"),
		RULE("[pEnDiNg]\r\nname: a\n", "q35 no\nwarnings 0\n"),
		RULE("[PENDING]\n[pending]\n", "q35 no\nwarnings 0\n"),
		RULE("[pending1]\nname: a\ndelete: a\n", "q35 no\nwarnings 0\n"),
		/* An invalid header does not end the section. */
		RULE(" [a1]\nname: a\n", "key name a\nq35 no\nwarnings 0\n"),
		RULE("[a1] x\nname: a\n", "key name a\nq35 no\nwarnings 0\n"),
		RULE("[a]1]\nname: a\n", "key name a\nq35 no\nwarnings 0\n"),
		RULE("[a1]]\nname: a\n", "key name a\nq35 no\nwarnings 0\n"),
		RULE("[a1\nname: a\n", "key name a\nq35 no\nwarnings 0\n"),
		RULE("[[a1]\nname: a\n", "q35 no\nwarnings 0\n"),
		/* Snapshots: at least two characters, a letter first; their names have a case. */
		RULE("[A-]\n[a-]\n[A-]\n", "q35 no\nwarnings 0\n"),
		RULE("[s]\nfoo: x\n", "q35 no\nwarnings 0\n"),
		RULE("[1s]\nfoo: x\n", "q35 no\nwarnings 0\n"),
		RULE("[snap]\nfoo: x\nname: -\n#\nargs: x\n", "q35 no\nwarnings 0\n"),
		RULE("[snap]\n[sna]\n[snapp]\n[snap ]\n[snap]\n", "q35 no\nwarnings 0\n"),
		/* Nothing in an unknown section counts, until another header. */
		RULE("[a b]\nfoo: x\nbar\ndelete: x\n[PENDING]\nfoo: x\n", "q35 no\nwarnings 0\n"),
		RULE("[a b]\n[a b]\n", "q35 no\nwarnings 0\n"),
		/* Deleting. */
		RULE("delete: a\n", "q35 no\nwarnings 0\n"),
		RULE("delete: \n", "q35 no\nwarnings 0\n"),
		RULE("[PENDING]\ndelete: a\ndelete: \ndelete:\n", "q35 no\nwarnings 0\n"),
		RULE("[special:cloudinit]\ndelete: a\ndelete: \n", "q35 no\nwarnings 0\n"),
		/* cloudinit is not looked at, fleecing has one setting. */
		RULE("[special:cloudinit]\nfoo: x\nname: -\nhostpci0:\r\nbar\n",
		     "q35 no\nwarnings 0\n"),
		RULE("[Special:fleecing]\nfleecing-images: aa:b,cc:d;ee:f gg:h\n",
		     "q35 no\nwarnings 0\n"),
		RULE("[special:fleecing]\nfleecing-images: a\nname: a\n[special:fleecing]\n",
		     "q35 no\nwarnings 0\n"),
		RULE("[special:fleecing]\nargs: x\nfleecing-images: \n", "q35 no\nwarnings 0\n"),
		RULE("fleecing-images: aa:b\n", "q35 no\nwarnings 0\n"),
		RULE("[special:Fleecing]\nfleecing-images: aa:b\n", "q35 no\nwarnings 0\n"),
		RULE("[special:Cloudinit]\n[special:cloudinit ]\n[special:pending]\n",
		     "q35 no\nwarnings 0\n"),
	};

	(void)state;
	run_rules(rules, ARRAY_SIZE(rules));
}

/* --- which lines are dropped --- */

static size_t count_dropped(const char *line)
{
	struct vmcfg *vm = parse(line, strlen(line));
	size_t n = vm->n_dropped;

	vmcfg_free(vm);
	return n;
}

static void check_lines(const char *const *lines, size_t n, size_t dropped)
{
	size_t bad = 0;

	for (size_t i = 0; i < n; i++) {
		if (count_dropped(lines[i]) == dropped)
			continue;
		print_error("%s: %s\n", dropped ? "taken" : "dropped", lines[i]);
		bad++;
	}
	assert_int_equal(bad, 0);
}

static const char *const good_lines[] = {
	"arch: x",
	"bios: whatever",
	"hookscript: local:snippets/x",
	"lock: backup",
	"machine: virt",
	"machine: pc-q35-9.2+pve1,viommu=intel,aw-bits=4.8e1",
	"ostype: any",
	"template: 0",
	"vmstate: aa:b",
	/* Nothing is said of other keys and values: a newer Proxmox VE may know them. */
	"cpu: DiamondRapids-v9,flags=+new",
	"net0: model-of-tomorrow=BC:24:11:AA:BB:CC",
	"scsi31: aa:b,color=red",
	"future-key: 1",
	"acpi: 2",
	"name: a_b",
	"machine-id: x",
	"delete: name",
	"what is this",
	"[unknown section]",
	"[1s]",
	"[snap]\n[snap]",
	"[snap]\nmachine: nonsense\nhostpci0: nonsense",
	"[special:fleecing]\nmachine: nonsense",
	"[special:cloudinit]\nmachine: nonsense",
	"[PENDING]\n[PENDING]",
};

static void test_lines_that_are_taken(void **state)
{
	(void)state;
	check_lines(good_lines, ARRAY_SIZE(good_lines), 0);
}

static const char *const bad_lines[] = {
	"hookscript: l:x",
	"hookscript: local:",
	"hookscript: 1ocal:x",
	"hookscript: local-:x",
	"hookscript: /var/x",
	"hookscript: ",
	"template: 2",
	"template: ja",
	"vmstate: x",
	"machine: q35,foo=1",
	/* Keys that are nearly ours. */
	"hostpci: 01:00",
	"hostpci16: 01:00",
	"machine1: q35",
	"Machine: q35",
	" machine: q35",
	"hostpci0 : 01:00",
	"HostPCI0: 01:00",
	"machine:",
	"machine = q35",
	"[PENDING]\nmachine: nonsense",
	"[PENDING]\nhostpci0: nonsense",
	"[PENDING]\n hostpci0: 01:00",
};

static void test_lines_that_are_dropped(void **state)
{
	(void)state;
	check_lines(bad_lines, ARRAY_SIZE(bad_lines), 1);
}

static void test_names(void **state)
{
	static const char *const bad[] = {"a_b", ".a",	 "a.",	  "a..b", "-a",
					  "a-",	 "a.-b", "\"a\"", "a b"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_free char *text = NULL;
		struct vmcfg *vm;

		assert_true(asprintf(&text, "name: %s\n", bad[i]) > 0);
		vm = parse(text, strlen(text));
		if (vm->values[VMCFG_NAME].text)
			fail_msg("%s", bad[i]);
		vmcfg_free(vm);
	}
}

/* --- the struct --- */

static void test_struct(void **state)
{
	static const char text[] = "\nname: a\narch:  aarch64 \n\nhostpci3: 01:00.0,pcie=1\n"
				   "template: yes\nname: b\n";
	struct vmcfg *vm = parse(text, strlen(text));

	(void)state;
	assert_string_equal(vm->values[VMCFG_NAME].text, "b");
	assert_int_equal(vm->values[VMCFG_NAME].len, 1);
	assert_string_equal(vm->values[VMCFG_ARCH].text, "aarch64");
	assert_null(vm->values[VMCFG_MACHINE].text);
	assert_string_equal(vm->values[VMCFG_HOSTPCI + 3].text, "01:00.0,pcie=1");
	assert_non_null(vm->hostpci[3]);
	assert_int_equal(vm->hostpci[3]->hosts[0].bdf.bus, 1);
	assert_null(vm->hostpci[0]);
	assert_true(vmcfg_is_template(vm));
	assert_false(vmcfg_is_q35(vm));
	assert_int_equal(vm->n_dropped, 0);
	vmcfg_free(vm);
	vmcfg_free(NULL);
}

static void test_windows(void **state)
{
	static const struct {
		const char *text;
		bool windows;
	} rows[] = {
		{"", false},
		{"ostype: win11\n", true},
		{"ostype: w2k8\n", true},
		{"ostype: l26\n", false},
		{"ostype: win11\nostype: other\n", false},
		{"[snap]\nostype: win11\n", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vmcfg *vm = parse(rows[i].text, strlen(rows[i].text));

		assert_int_equal(vmcfg_is_windows(vm), rows[i].windows);
		vmcfg_free(vm);
	}
}

/* Which of them is found first: a disk, and the firmware's; NULL: none. */
static void test_drives(void **state)
{
	static const struct {
		const char *text, *disk, *efi;
	} rows[] = {
		{"", NULL, NULL},
		{"scsi0: local-lvm:vm-100-disk-0,size=32G\n", "scsi0", NULL},
		{"ide2: local:iso/x.iso,media=cdrom\nide3: none,media=cdrom\nide0: none\n", NULL,
		 NULL},
		{"ide2: cdrom\nvirtio15: file=/dev/sda\n", "virtio15", NULL},
		{"sata5: volume=a1:b\n", "sata5", NULL},
		/* More of them than today's Proxmox VE knows, and what it would drop: in doubt a
		   disk. */
		{"sata6: a1:b\n", "sata6", NULL},
		{"scsi0: \n", "scsi0", NULL},
		{"scsi: a1:b\nscsihw: lsi\nide2x: a\n", NULL, NULL},
		{"unused7: local-lvm:vm-100-disk-9\n", "unused7", NULL},
		{"efidisk0: local-lvm:vm-100-disk-1,efitype=4m\n", NULL, "efidisk0"},
		{"tpmstate0: local-lvm:vm-100-disk-1\n", NULL, NULL},
		{"scsi0: a1:b\nscsi0: none\n", NULL, NULL},
		{"scsi0: none\nscsi0: a1:b\n", "scsi0", NULL},
		{"scsi0: a1:b\nscsi0: a1:b,color=red\nscsi0: \n", "scsi0", NULL},
		/* What is pending may come, and what it replaces is kept as unusedN. */
		{"[PENDING]\nscsi0: a1:b\n[snap]\nscsi1: a1:b\n", "scsi0", NULL},
		{"scsi0: a1:b\n[PENDING]\nscsi0: none\n", "scsi0", NULL},
		{"[snap]\nscsi1: a1:b\n", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vmcfg *vm = parse(rows[i].text, strlen(rows[i].text));
		const struct drive *disk = drives_first(&vm->drives, DRIVE_DISK);
		const struct drive *efi = drives_first(&vm->drives, DRIVE_EFI);

		if (!disk != !rows[i].disk || !efi != !rows[i].efi)
			fail_msg("'%s': disk %s, EFI disk %s", rows[i].text,
				 disk ? disk->key : "none", efi ? efi->key : "none");
		if (disk)
			assert_string_equal(disk->key, rows[i].disk);
		if (efi)
			assert_string_equal(efi->key, rows[i].efi);
		vmcfg_free(vm);
	}
}

static void test_template(void **state)
{
	static const struct {
		const char *text;
		bool is_template;
	} rows[] = {
		{"", false},
		{"template: 1", true},
		{"template: TRUE", true},
		{"template: 0", false},
		{"template: 1\ntemplate: off", false},
		{"template: 1\ntemplate: 2", true},
		{"[PENDING]\ntemplate: 1", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vmcfg *vm = parse(rows[i].text, strlen(rows[i].text));

		assert_int_equal(vmcfg_is_template(vm), rows[i].is_template);
		vmcfg_free(vm);
	}
}

static void test_dropped_lines(void **state)
{
	static const char text[] = "machine: q35,foo=1\n"
				   "\n"
				   "what\x1b[31m is this\n"
				   "hostpci0: 01:00,pcie=maybe\n"
				   "hostpci99: 01:00\n"
				   "hookscript: x\n"
				   "onboot: si\n"
				   "lock: a\rb\n"
				   "bios:\n"
				   " Machine\x1b[31m: pc\n"
				   "template: si\n"
				   "[s1]\n"
				   "machine: mine\n"
				   "[PENDING]\n"
				   "machine: mine\n";
	static const struct {
		unsigned int line;
		const char *why;
	} expected[] = {
		{1, "machine: unknown option 'foo'"},
		{4, "hostpci0: 'pcie' must be 1, on, yes, true, 0, off, no or false, not 'maybe'"},
		{5, "unknown setting 'hostpci99'"},
		{6, "hookscript: it must be a volume like local:snippets/name, not 'x'"},
		{8, "lock: there is a carriage return in its value"},
		{9, "no value in 'bios:'"},
		{10, "expected 'key: value', got ' Machine\\x1b[31m: pc'"},
		{11, "template: it must be 1, on, yes, true, 0, off, no or false, not 'si'"},
		{15, "machine: 'type' must be like q35, pc-q35-9.2, pc, pc-i440fx-9.2 or virt, not "
		     "'mine'"},
	};
	struct vmcfg *vm = parse(text, strlen(text));

	(void)state;
	for (size_t i = 0; i < vm->n_dropped && i < ARRAY_SIZE(expected); i++) {
		assert_string_equal(vm->dropped[i].why, expected[i].why);
		assert_int_equal(vm->dropped[i].line, expected[i].line);
	}
	assert_int_equal(vm->n_dropped, ARRAY_SIZE(expected));
	vmcfg_free(vm);
}

/* --- what the next start uses --- */

struct pending_row {
	const char *text;
	bool incoming;
	enum vmcfg_pending state;
	const char *keys; /* that are pending */
	const char *after;
};

static void test_pending(void **state)
{
	static const struct pending_row rows[] = {
		{"machine: pc\n", false, VMCFG_PENDING_NONE, NULL, "key machine pc\nq35 no\n"},
		{"machine: pc\n[PENDING]\nmachine: q35\n", false, VMCFG_PENDING_APPLIED, "machine",
		 "key machine q35\nq35 yes\n"},
		{"machine: pc\n[pending]\nmachine: q35\n", true, VMCFG_PENDING_WAITS, "machine",
		 "key machine pc\nq35 no\n"},
		/* Entries: changed, new and deleted ones; the others stay. */
		{"hostpci0: 01:00\nhostpci1: 02:00\nhostpci2: 03:00\n[PENDING]\n"
		 "delete: hostpci1\nhostpci0: 01:00,pcie=1\nhostpci3: 04:00\n",
		 false, VMCFG_PENDING_APPLIED, "hostpci0, hostpci1, hostpci3",
		 "key hostpci0 01:00,pcie=1\nkey hostpci2 03:00\nkey hostpci3 04:00\nq35 no\n"
		 "hostpci0 host 01:00\nhostpci0 pcie 1\nhostpci2 host 03:00\nhostpci3 host 04:00\n"},
		/* Lists of deletions: commas, semicolons, spaces, and forced ones. */
		{"arch: x86_64\nbios: ovmf\nlock: backup\nmachine: q35\nargs: -x\n[PENDING]\n"
		 "delete: arch,!bios; lock\tmachine,,!args;\n",
		 false, VMCFG_PENDING_APPLIED, "arch, args, bios, lock, machine", "q35 no\n"},
		{"machine: q35\nbios: ovmf\n[PENDING]\ndelete: bios\ndelete: !machine\n", false,
		 VMCFG_PENDING_APPLIED, "machine", "key bios ovmf\nq35 no\n"},
		{"machine: q35\n[PENDING]\ndelete: machines,machine0,Machine,!!machine,-machine\n",
		 false, VMCFG_PENDING_NONE, NULL, "key machine q35\nq35 yes\n"},
		/* A value after a deletion of the same key counts, whatever their order. */
		{"machine: q35\n[PENDING]\nmachine: virt\ndelete: machine\n", false,
		 VMCFG_PENDING_APPLIED, "machine", "key machine virt\nq35 no\n"},
		/* What changes nothing of ours is as good as nothing. */
		{"machine: q35\n[PENDING]\nmachine: q35\nonboot: 1\ndelete: hostpci0,net0\n", false,
		 VMCFG_PENDING_NONE, NULL, "key machine q35\nq35 yes\n"},
		{"machine: pc\n[PENDING]\nmachine: nonsense\n", false, VMCFG_PENDING_NONE, NULL,
		 "key machine pc\nq35 no\n"},
		{"machine: pc\n[PENDING]\n[s1]\nmachine: q35\ndelete: machine\n", false,
		 VMCFG_PENDING_NONE, NULL, "key machine pc\nq35 no\n"},
		{"machine: pc\ndelete: machine\n", false, VMCFG_PENDING_NONE, NULL,
		 "key machine pc\nq35 no\n"},
		/* A second section replaces the first. */
		{"machine: pc\n[PENDING]\nmachine: q35\ndelete: machine\n[PENDING]\nbios: ovmf\n",
		 false, VMCFG_PENDING_APPLIED, "bios", "key bios ovmf\nkey machine pc\nq35 no\n"},
		{"[PENDING]\nhostpci0: 01:00\nhostpci0: \n", false, VMCFG_PENDING_APPLIED,
		 "hostpci0", "key hostpci0 \\x20\nq35 no\nhostpci0 empty\n"},
		/* A VM that resumes starts from the main section. */
		{"lock: suspended\nmachine: pc\n[PENDING]\nmachine: q35\n", false,
		 VMCFG_PENDING_WAITS, "machine", "key lock suspended\nkey machine pc\nq35 no\n"},
		{"vmstate: local:x\nmachine: pc\n[PENDING]\nmachine: q35\n", false,
		 VMCFG_PENDING_WAITS, "machine", "key machine pc\nq35 no\n"},
		{"lock: suspending\nvmstate: x\nmachine: pc\n[PENDING]\nmachine: q35\n", false,
		 VMCFG_PENDING_APPLIED, "machine",
		 "key lock suspending\nkey machine q35\nq35 yes\n"},
		{"machine: pc\n[PENDING]\nmachine: q35\nlock: suspended\nvmstate: local:x\n", false,
		 VMCFG_PENDING_APPLIED, "lock, machine, vmstate",
		 "key lock suspended\nkey machine q35\nq35 yes\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vmcfg *vm = parse(rows[i].text, strlen(rows[i].text));
		enum vmcfg_pending found = vmcfg_apply_pending(vm, rows[i].incoming);
		auto_free char *after = vmcfg_describe_raw(vm);

		assert_non_null(after);
		if (found != rows[i].state || strcmp(after, rows[i].after))
			fail_msg("%s: %d\n%s", rows[i].text, found, after);
		assert_int_equal(!vm->pending, found != VMCFG_PENDING_WAITS);
		assert_int_equal(!vm->pending_keys, found == VMCFG_PENDING_NONE);
		if (rows[i].keys)
			assert_string_equal(vm->pending_keys, rows[i].keys);
		vmcfg_free(vm);
	}
}

/* The same line in the main section or in [PENDING] is read alike. */
static void test_pending_as_main(void **state)
{
	static const char *const lines[] = {
		"args: \"-a\" \r x \n",
		"bios: \"ovmf\"\n",
		"template: yes\n",
		"hostpci3: 01:00,pcie=on\n",
		"hookscript: local:snippets/x\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		auto_free char *text = NULL, *wanted = describe(lines[i], strlen(lines[i]));
		auto_free char *found = NULL;
		struct vmcfg *vm;

		assert_true(asprintf(&text, "[PENDING]\n%s", lines[i]) > 0);
		vm = parse(text, strlen(text));
		assert_int_equal(vmcfg_apply_pending(vm, false), VMCFG_PENDING_APPLIED);
		found = vmcfg_describe_raw(vm);
		assert_string_equal(found, wanted);
		vmcfg_free(vm);
	}
}

/* --- the table for people --- */

static void test_table(void **state)
{
	static const struct {
		const char *text;
		bool incoming;
		const char *table;
	} rows[] = {
		{"", false, "machine     pc, the default (not q35)\n"},
		{"name: web\nmachine: pc-q35-9.2\nhookscript: local:snippets/x\ntemplate: 1\n"
		 "lock: suspended\nhostpci0: 01:00,pcie=1,x-vga=1\nhostpci1: mapping=gpu\n"
		 "hostpci2: 02:00.1;03:3f\nhostpci3: \n[PENDING]\nbios: ovmf\ndelete: hostpci3\n",
		 false,
		 "machine     pc-q35-9.2 (q35)\n"
		 "name        web\n"
		 "hookscript  local:snippets/x\n"
		 "lock        suspended\n"
		 "template    yes: it never starts with devices\n"
		 "hostpci0    0000:01:00 (every function) pcie=1,x-vga=1\n"
		 "hostpci1    mapping gpu\n"
		 "hostpci2    0000:02:00.1, 0000:03:3f (every function) (no device can have this "
		 "address)\n"
		 "hostpci3    no device\n"
		 "pending     bios: ovmf\n"
		 "pending     hostpci3: deleted\n"
		 "            (waits: the next start continues a suspended or migrated VM)\n"},
		{"args: -device vfio-pci,host=01:00.0 -device vfio-pci,host=x -S\x1b\n"
		 "[PENDING]\nmachine: q35\n",
		 false,
		 "machine     pc, the default (not q35)\n"
		 "args        -device vfio-pci,host=01:00.0 -device vfio-pci,host=x -S\\x1b\n"
		 "            vfio-pci,host=01:00.0: 0000:01:00.0\n"
		 "            vfio-pci,host=x: host= must be an address with a function, like "
		 "0000:01:00.0 or 01:00.0, not 'x'\n"
		 "pending     machine: q35\n"
		 "            (the next start applies it)\n"},
		{"args: \"a\n", false,
		 "machine     pc, the default (not q35)\n"
		 "args        \"a\n"
		 "            a quote is not closed, or a backslash is the last character\n"},
		/* Drives and ports on nodes of the host. */
		{"scsi1: /dev/sdb\nserial0: /dev/ttyS1\nscsi2: a:b\n[PENDING]\n"
		 "delete: scsi1,scsi2\nserial0: socket\nide2: cdrom\nide3: a:b\n",
		 false,
		 "machine     pc, the default (not q35)\n"
		 "pending     scsi1: deleted\n"
		 "pending     serial0: something else\n"
		 "pending     ide2: /dev/cdrom\n"
		 "            (the next start applies it)\n"},
		{"args: -device vfio-pci,sysfsdev=/x/4b20d080-1b54-4048-85b3-a6a62d165c01\n", false,
		 "machine     pc, the default (not q35)\n"
		 "args        -device vfio-pci,sysfsdev=/x/4b20d080-1b54-4048-85b3-a6a62d165c01\n"
		 "            vfio-pci,sysfsdev=/x/4b20d080-1b54-4048-85b3-a6a62d165c01: a mediated "
		 "device, which is left to QEMU\n"},
		{"[PENDING]\nmachine: q35\n", true,
		 "machine     pc, the default (not q35)\n"
		 "pending     machine: q35\n"
		 "            (waits: the next start continues a suspended or migrated VM)\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vmcfg *vm = parse(rows[i].text, strlen(rows[i].text));
		auto_free char *table = NULL;

		table = vmcfg_describe(vm, rows[i].incoming);
		assert_non_null(table);
		assert_string_equal(table, rows[i].table);
		vmcfg_free(vm);
	}
}

/* --- hostile texts --- */

static void test_size(void **state)
{
	char *text = malloc(VMCFG_TEXT_MAX + 1);
	struct vmcfg *vm = NULL;

	(void)state;
	assert_non_null(text);
	memset(text, '\n', VMCFG_TEXT_MAX + 1);
	assert_int_equal(vmcfg_parse(text, VMCFG_TEXT_MAX + 1, &vm), -EFBIG);
	assert_null(vm);
	assert_int_equal(vmcfg_parse(text, VMCFG_TEXT_MAX, &vm), 0);
	assert_int_equal(vm->n_dropped, 0);
	vmcfg_free(vm);
	free(text);

	vm = NULL;
	assert_int_equal(vmcfg_parse(NULL, 0, &vm), 0);
	vmcfg_free(vm);
}

/*
 * A text of at most SIZE bytes: HEAD, then UNIT again and again, each '#' in it replaced by a
 * letter so that neighbours differ. Parses and describes it, and returns the seconds of CPU time
 * that took.
 */
static double time_of(const char *head, const char *unit, size_t size)
{
	size_t len = strlen(head), unit_len = strlen(unit);
	char *text = malloc(size);
	unsigned long n = 0;
	clock_t begin;
	double seconds;

	assert_non_null(text);
	memcpy(text, head, len);
	for (; len + unit_len <= size; n++) {
		unsigned long digits = n;

		for (size_t i = 0; i < unit_len; i++, len++) {
			text[len] = unit[i];
			if (unit[i] != '#')
				continue;
			text[len] = (char)('a' + digits % 26);
			digits /= 26;
		}
	}
	begin = clock();
	free(describe(text, len));
	seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
	free(text);
	return seconds;
}

static void test_time_is_linear(void **state)
{
	static const struct {
		const char *head, *unit;
	} rows[] = {
		{"", "x\n"},
		{"", "x:x\n"},
		{"", "[x##]\n"},
		{"", "[xx]\n"},
		{"", "[x####xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx]\n"},
		{"[", "a"},
		{"", "["},
		{"", " "},
		{"name:", " \r"},
		{"", "hostpci0: 01:00\n"},
		{"hostpci0: 01:00", ";01:00"},
		{"hostpci0: 01:00,", ","},
		{"hostpci0: 01:00,", " ,"},
		{"hostpci0: 01:00,romfile=", "\xff"},
		{"hostpci0: ", "f"},
		{"machine: pc-q35-1", ".1"},
		{"machine: q35,aw-bits=4", "0"},
		{"machine: q35,aw-bits=40.", "0"},
		{"machine: q35,aw-bits=40e", "9"},
		{"ide0: volume=aa:b", ",x=y"},
		{"", "ide####: aa:b\n"},
		{"machine: q35\n[PENDING]\ndelete: ", "machine,"},
		{"machine: q35\n[PENDING]\ndelete: ", "machine"},
		{"machine: q35\n[PENDING]\n", "delete: machine\n"},
		{"", "[PENDING]\nhostpci0: 01:00\n"},
		{"name: a", ".a"},
		{"name: a", "-"},
		{"args: ", "\\"},
		{"args: ", "snapstate:prepare "},
		{"", "snapstate:prepare "},
		{"", "args: x\n"},
	};

	(void)state;
	/*
	 * Some hundredths of a second are usual. Where the longest text takes longer, as under
	 * valgrind, a quarter of it must take about a quarter of the time, not a sixteenth.
	 */
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		double whole = time_of(rows[i].head, rows[i].unit, VMCFG_TEXT_MAX), quarter;

		if (whole < 1)
			continue;
		quarter = time_of(rows[i].head, rows[i].unit, VMCFG_TEXT_MAX / 4);
		if (whole > 10 * quarter)
			fail_msg("%s%s...: %.1f s, a quarter of it %.1f s", rows[i].head,
				 rows[i].unit, whole, quarter);
	}
}

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void mutate(char *text, size_t len, uint32_t *seed)
{
	static const char bytes[] = "\0\n\r\t ,;:=.-+[]#\"0\\aA\xff";

	for (uint32_t n = next_random(seed) % 4; len && n > 0; n--) {
		size_t at = next_random(seed) % len;

		switch (next_random(seed) % 3) {
		case 0: text[at] = bytes[next_random(seed) % (sizeof(bytes) - 1)]; break;
		case 1: text[at] = (char)(next_random(seed) & 0xff); break;
		case 2: memmove(text + at, text + at / 2, len - at); break;
		}
	}
}

static void check_entry(const struct hostpci *entry)
{
	auto_free char *with_pcie = hostpci_value_with_pcie(entry);
	struct hostpci *again = NULL;

	assert_non_null(with_pcie);
	/* Nobody can be told a value with a NUL in it. */
	if (strlen(entry->value) != entry->value_len)
		return;
	assert_int_equal(hostpci_parse(with_pcie, strlen(with_pcie), &again, NULL), 0);
	assert_int_equal(again->pcie, 1);
	assert_int_equal(again->n_hosts, entry->n_hosts);
	assert_int_equal(again->legacy_igd, entry->legacy_igd);
	hostpci_free(again);
}

/* What holds for every text. */
static void check_text(const char *text, size_t len)
{
	struct vmcfg *vm = parse(text, len);
	auto_free char *description = vmcfg_describe_raw(vm);
	auto_free char *table = NULL;
	unsigned int line = 0;

	assert_non_null(description);
	for (const char *c = description; *c; c++)
		assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
	table = vmcfg_describe(vm, false);
	assert_non_null(table);
	vmcfg_apply_pending(vm, false);
	for (size_t i = 0; i < vm->n_dropped; i++) {
		assert_true(vm->dropped[i].line > line);
		line = vm->dropped[i].line;
		for (const char *c = vm->dropped[i].why; *c; c++)
			assert_true(*c >= ' ' && *c <= '~');
	}
	for (size_t i = 0; i < HOSTPCI_MAX; i++) {
		assert_int_equal(!vm->hostpci[i], !vm->values[VMCFG_HOSTPCI + i].text);
		if (vm->hostpci[i])
			check_entry(vm->hostpci[i]);
	}
	vmcfg_free(vm);
}

static void test_mutations(void **state)
{
	struct dirent **cases;
	uint32_t seed = 1;
	int n;

	(void)state;
	n = scandir(CORPUS, &cases, is_config, alphasort);
	assert_true(n >= CASES_MIN);
	for (int i = 0; i < n; i++) {
		size_t len;
		char *text = read_case(cases[i]->d_name, &len);

		for (int round = 0; round < ROUNDS; round++) {
			/* Of its own size, so that a sanitizer sees what reads beyond it. */
			char *copy = malloc(len ? len : 1);

			assert_non_null(copy);
			memcpy(copy, text, len);
			mutate(copy, len, &seed);
			check_text(copy, len);
			free(copy);
		}
		free(text);
		free(cases[i]);
	}
	free(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_descriptions),
		cmocka_unit_test(test_snapstate_lines),
		cmocka_unit_test(test_args),
		cmocka_unit_test(test_texts_lose_quotes),
		cmocka_unit_test(test_last_valid_wins),
		cmocka_unit_test(test_hostpci_lines),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_lines_that_are_taken),
		cmocka_unit_test(test_lines_that_are_dropped),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_struct),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_drives),
		cmocka_unit_test(test_template),
		cmocka_unit_test(test_dropped_lines),
		cmocka_unit_test(test_pending),
		cmocka_unit_test(test_pending_as_main),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_time_is_linear),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
