// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The parser of VM configs against what Proxmox VE itself made of them (tests/corpus), against
 * rules that the corpus does not show, and against hostile texts. TESTS_DIR is the tests' folder.
 */
#include "vmcfg/vmcfg.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define CORPUS	  TESTS_DIR "/corpus"
#define CASES_MIN 280

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
	char *description = vmcfg_describe(vm);

	assert_non_null(description);
	vmcfg_free(vm);
	return description;
}

/* --- the corpus --- */

/* Reads PATH below CORPUS; a NUL stands behind its *ret_len bytes. */
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
		auto_free char *found = describe(rules[i].text, rules[i].len);

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
		RULE("\0\n \0\n", "q35 no\nwarnings 2\n"),
		RULE("name:\n", "q35 no\nwarnings 1\n"),
		RULE("name\n", "q35 no\nwarnings 1\n"),
		RULE(":x\n", "q35 no\nwarnings 1\n"),
		RULE("name : x\n", "q35 no\nwarnings 1\n"),
		RULE(" name: x\n", "q35 no\nwarnings 1\n"),
		RULE("NAME: x\n", "q35 no\nwarnings 1\n"),
		RULE("name0: x\n", "q35 no\nwarnings 1\n"),
		RULE("name: a:b\n", "q35 no\nwarnings 1\n"),
		RULE("name: a # b\n", "q35 no\nwarnings 1\n"),
		RULE("#name: a\n #name: a\n", "q35 no\nwarnings 1\n"),
		RULE("#\xff\0\r\n", "q35 no\nwarnings 0\n"),
		RULE("digest: 0\nsnapstate: x\ndelete: name\nDelete: x\n", "q35 no\nwarnings 4\n"),
		/* Non-breaking and other blanks of Unicode are bytes like any. */
		RULE("machine: q35\xc2\xa0\n", "q35 no\nwarnings 1\n"),
		RULE("\xa0\nmachine: q35\xa0\nmachine:\x85q35\n", "q35 no\nwarnings 3\n"),
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
		/* Nothing to see, but a carriage return is no blank value. */
		RULE("description:\r\n", "q35 no\nwarnings 1\n"),
		RULE("description: \r \n", "q35 no\nwarnings 0\n"),
		RULE("description:\n", "q35 no\nwarnings 1\n"),
		RULE("description : a\n", "q35 no\nwarnings 1\n"),
		RULE("description1: a\n", "q35 no\nwarnings 1\n"),
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
		RULE("snapstate: deleted\n", "q35 no\nwarnings 1\n"),
		RULE("snapstate: Delete\n", "q35 no\nwarnings 1\n"),
		RULE("snapstate : delete\n", "q35 no\nwarnings 1\n"),
		RULE("snapstate: delete x\n", "q35 no\nwarnings 1\n"),
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
		RULE("name: \"a\"\n", "q35 no\nwarnings 1\n"),
		RULE("template: \"1\"\n", "q35 no\nwarnings 1\n"),
	};

	(void)state;
	run_rules(rules, ARRAY_SIZE(rules));
}

static void test_last_valid_wins(void **state)
{
	static const struct rule rules[] = {
		RULE("name: a\nname: b\n", "key name b\nq35 no\nwarnings 0\n"),
		RULE("name: a\nname: b.\n", "key name a\nq35 no\nwarnings 1\n"),
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
		RULE("[PENDING]\n[pending]\n", "q35 no\nwarnings 1\n"),
		RULE("[pending1]\nname: a\ndelete: a\n", "q35 no\nwarnings 1\n"),
		/* A header that is none leaves the lines behind it where they are. */
		RULE(" [a1]\nname: a\n", "key name a\nq35 no\nwarnings 1\n"),
		RULE("[a1] x\nname: a\n", "key name a\nq35 no\nwarnings 1\n"),
		RULE("[a]1]\nname: a\n", "key name a\nq35 no\nwarnings 1\n"),
		RULE("[a1]]\nname: a\n", "key name a\nq35 no\nwarnings 1\n"),
		RULE("[a1\nname: a\n", "key name a\nq35 no\nwarnings 1\n"),
		RULE("[[a1]\nname: a\n", "q35 no\nwarnings 1\n"),
		/* Snapshots: at least two characters, a letter first; their names have a case. */
		RULE("[A-]\n[a-]\n[A-]\n", "q35 no\nwarnings 1\n"),
		RULE("[s]\nfoo: x\n", "q35 no\nwarnings 1\n"),
		RULE("[1s]\nfoo: x\n", "q35 no\nwarnings 1\n"),
		RULE("[snap]\nfoo: x\nname: -\n#\nargs: x\n", "q35 no\nwarnings 2\n"),
		RULE("[snap]\n[sna]\n[snapp]\n[snap ]\n[snap]\n", "q35 no\nwarnings 2\n"),
		/* Nothing in an unknown section counts, until another header. */
		RULE("[a b]\nfoo: x\nbar\ndelete: x\n[PENDING]\nfoo: x\n", "q35 no\nwarnings 2\n"),
		RULE("[a b]\n[a b]\n", "q35 no\nwarnings 2\n"),
		/* Deleting. */
		RULE("delete: a\n", "q35 no\nwarnings 1\n"),
		RULE("delete: \n", "q35 no\nwarnings 1\n"),
		RULE("[PENDING]\ndelete: a\ndelete: \ndelete:\n", "q35 no\nwarnings 2\n"),
		RULE("[special:cloudinit]\ndelete: a\ndelete: \n", "q35 no\nwarnings 1\n"),
		/* cloudinit is not looked at, fleecing has one setting. */
		RULE("[special:cloudinit]\nfoo: x\nname: -\nhostpci0:\r\nbar\n",
		     "q35 no\nwarnings 1\n"),
		RULE("[Special:fleecing]\nfleecing-images: aa:b,cc:d;ee:f gg:h\n",
		     "q35 no\nwarnings 0\n"),
		RULE("[special:fleecing]\nfleecing-images: a\nname: a\n[special:fleecing]\n",
		     "q35 no\nwarnings 3\n"),
		RULE("[special:fleecing]\nargs: x\nfleecing-images: \n", "q35 no\nwarnings 0\n"),
		RULE("fleecing-images: aa:b\n", "q35 no\nwarnings 1\n"),
		RULE("[special:Fleecing]\nfleecing-images: aa:b\n", "q35 no\nwarnings 1\n"),
		RULE("[special:Cloudinit]\n[special:cloudinit ]\n[special:pending]\n",
		     "q35 no\nwarnings 3\n"),
	};

	(void)state;
	run_rules(rules, ARRAY_SIZE(rules));
}

/* --- every key --- */

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
	"acpi: 1",
	"affinity: 0,5,8-11",
	"affinity: ,",
	"affinity:  1 , 2-2 ,,",
	"agent: 1",
	"agent: enabled=on,type=isa,guest-fsfreeze=0",
	"allow-ksm: off",
	"amd-sev: snp,no-debug=1",
	"audio0: device=AC97,driver=none",
	"autostart: no",
	"balloon: 0",
	"bios: whatever",
	"boot: cdn",
	"boot: order=scsi0;net0;hostpci15;usb13",
	"boot: order=0",
	"bootdisk: virtio15",
	"bootdisk: efidisk0",
	"cdrom: none",
	"cicustom: user=local:snippets/u,meta=local:snippets/m",
	"cipassword: \xff",
	"citype: x",
	"ciupgrade: 1",
	"ciuser: me",
	"cores: 08",
	"cpu: host",
	"cpu: x86-64-v2-AES,flags=+aes;-pcid",
	"cpu: cputype=max,hidden=yes,level=30",
	"cpu: host,phys-bits=8,guest-phys-bits=32",
	"cpu: kvm64,hv-vendor-id=abcdefghijkl",
	"cpulimit: 1.50",
	"cpulimit: 7",
	"cpuunits: 0",
	"efidisk0: a1:vm-1-disk-0,efitype=4m,pre-enrolled-keys=1,ms-cert=2023k,size=4M",
	"freeze: 0",
	"hookscript: local:snippets/x",
	"hotplug: 0",
	"hotplug: 1",
	"hotplug: disk,network;usb cpu",
	"hugepages: any",
	"ide3: cdrom,media=cdrom",
	"ide0: /dev/sda,model=a%20b,ssd=1,wwn=0x0123456789abcdef",
	"intel-tdx: tdx,attestation=1,vsock-cid=2",
	"ipconfig31: ip=dhcp,ip6=auto",
	"ipconfig0: ip=10.0.0.2/8,gw=10.0.0.1,ip6=fd00::2/64,gw6=::1",
	"ivshmem: size=1,name=a-b",
	"keephugepages: 1",
	"keyboard: xx",
	"kvm: 0",
	"localtime: 1",
	"lock: backup",
	"machine: virt",
	"memory: 16",
	"memory: current=+4096",
	"meta: creation-qemu=9.2.0,ctime=1",
	"migrate_downtime: 0.1",
	"migrate_speed: 3",
	"nameserver: 1.1.1.1 fe80::1,dns.example",
	"net31: virtio,bridge=vmbr0",
	"net0: virtio=BC:24:11:AA:BB:CC,bridge=vmbr0.1-x_y,tag=4094,firewall=1,rate=.5",
	"net0: macaddr=bc:24:11:aa:bb:cc,e1000=02:00:00:00:00:00,trunks=1;2-3,queues=0",
	"numa: 1",
	"numa7: cpus=0;2-3,hostnodes=0,memory=1e3,policy=bind",
	"onboot: 1",
	"ostype: any",
	"parallel2: any",
	"parent: a_",
	"protection: 1",
	"reboot: 1",
	"rng0: /dev/urandom,max_bytes=-1",
	"running-nets-host-mtu: x",
	"runningcpu: x",
	"runningmachine: pc-q35-9.2+pve1",
	"sata5: aa:b,size=1.5G",
	"scsi30: aa:b,queues=2",
	"scsi0: volume=aa:b,product=a b-c_d,vendor=12345678,iothread=1,ro=0,bps_rd_length=1",
	"scsihw: x",
	"searchdomain: x y",
	"serial3: x",
	"shares: 0",
	"smbios1: uuid=01234567-89ab-cdef-0123-456789ABCDEF,serial=YQ==,base64=1",
	"smp: 1",
	"snaptime: 0",
	"sockets: 1",
	"spice_enhancements: videostreaming=all",
	"sshkeys: ssh-rsa%20A",
	"startdate: x",
	"startup: order=1,up=2, ,down=3",
	"startup: 5",
	"tablet: 1",
	"tags: a;b,C_ d.e",
	"tdf: 1",
	"template: 0",
	"tpmstate0: aa:b,version=v2.0,format=raw",
	"unused255: aa:b",
	"usb13: spice,usb3=1",
	"usb0: 0x1234:abcd",
	"usb0: host=1-2.3.4",
	"usb0: mapping=a1",
	"vcpus: 1",
	"vga: serial0,memory=4",
	"vga: ,",
	"virtio15: aa:b,iothread=1,ro=1",
	"virtiofs9: dir,cache=never,expose-acl=1",
	"vmgenid: x",
	"vmstate: aa:b",
	"vmstatestorage: a.b-c",
	"watchdog: model=ib700,action=none",
};

static void test_known_keys(void **state)
{
	(void)state;
	check_lines(good_lines, ARRAY_SIZE(good_lines), 0);
}

static const char *const unknown_keys[] = {
	"acpi0: 1",
	"audio: device=AC97",
	"audio1: device=AC97",
	"cpu0: host",
	"digest: x",
	"efidisk: none",
	"efidisk1: none",
	"hostpci: 01:00",
	"hostpci16: 01:00",
	"ide: none",
	"ide4: none",
	"ide00: none",
	"import-working-storage: local",
	"ipconfig: ip=dhcp",
	"ipconfig32: ip=dhcp",
	"name1: a",
	"net: virtio",
	"net32: virtio",
	"net01: virtio",
	"numa8: cpus=0",
	"parallel: x",
	"parallel3: x",
	"rng: /dev/random",
	"rng1: /dev/random",
	"sata6: none",
	"scsi31: none",
	"serial4: x",
	"smbios: uuid=x",
	"smbios0: base64=1",
	"smbios2: base64=1",
	"storage: local",
	"tpmstate1: none",
	"unused256: aa:b",
	"unused: aa:b",
	"usb14: spice",
	"virtio16: none",
	"virtiofs10: dir",
	"vmid: 100",
	"amd_sev: std",
	"spice-enhancements: videostreaming=all",
};

static void test_keys_that_do_not_exist(void **state)
{
	(void)state;
	check_lines(unknown_keys, ARRAY_SIZE(unknown_keys), 1);
}

static const char *const bad_values[] = {
	"acpi: 2",
	"acpi: ",
	"affinity: 5-3",
	"affinity: 1,,2",
	"affinity: a",
	"affinity: ",
	"agent: on",
	"agent: type=isa",
	"agent: 1,freeze-fs=1,freeze-fs=1",
	"amd-sev: no-debug=1",
	"audio0: AC97",
	"balloon: -1",
	"balloon: 1.0",
	"boot: x",
	"boot: order=efidisk0",
	"boot: order=scsi31",
	"boot: order=unused0",
	"bootdisk: unused0",
	"bootdisk: net0",
	"cdrom: bogus",
	"cicustom: user=x",
	"cores: 1 2",
	"cores: +1",
	"cpu: ",
	"cpu: bogus",
	"cpu: host,flags=aes",
	"cpu: host,flags=+vmx",
	"cpu: host,flags=+aes;",
	"cpu: host,reported-model=host",
	"cpu: host,phys-bits=7",
	"cpu: host,phys-bits=65",
	"cpu: host,phys-bits=+9",
	"cpu: hidden=1",
	"cpu: host,hv-vendor-id=abcdefghijklm",
	"cpu: 0",
	"cpulimit: .5",
	"cpulimit: 1e1",
	"cpulimit: 1.",
	"hookscript: l:x",
	"hookscript: local:",
	"hookscript: 1ocal:x",
	"hookscript: local-:x",
	"hookscript: /var/x",
	"hookscript: ",
	"hotplug: 2",
	"hotplug: disk,Network",
	"ide0: none,media=dvd",
	"ide0: media=cdrom",
	"ide0: aa:b,iothread=1",
	"ide0: aa:b,size=1X",
	"ide0: aa:b,serial=a b",
	"ide0: aa:b,cyls=1",
	"ide0: aa:b,bps_max_length=0",
	"intel-tdx: tdx",
	"ipconfig0: ip=10.0.0.2",
	"ipconfig0: ip=10.0.0.2/33",
	"ipconfig0: ip=10.0.0.2/7",
	"ipconfig0: ip=10.0.0.256/8",
	"ipconfig0: ip=010.0.0.1/8",
	"ipconfig0: gw=10.0.0.1",
	"ipconfig0: ip6=fd00::/7",
	"ipconfig0: ip6=fd00/64",
	"ipconfig0: ip6=1:2:3:4:5:6:7/64",
	"ivshmem: size=0",
	"ivshmem: size=1,name=a_b",
	"memory: 15",
	"memory: 16G",
	"meta: creation-qemu=9",
	"name: a_b",
	"name: .a",
	"name: a.",
	"name: a..b",
	"name: -a",
	"name: a-",
	"name: a.-b",
	"nameserver: 1.1.1.1 a_b",
	"net0: bridge=vmbr0",
	"net0: virtio=01:00:00:00:00:00",
	"net0: virtio,virtio",
	"net0: virtio=02:00:00:00:00:00,e1000=02:00:00:00:00:01",
	"net0: bogus",
	"net0: virtio,tag=0",
	"net0: virtio,tag=4095",
	"net0: virtio,mtu=65521",
	"net0: virtio,bridge=a b",
	"net0: virtio=02-00-00-00-00-00",
	"numa0: memory=1",
	"numa0: cpus=0-",
	"parent: a",
	"rng0: max_bytes=1",
	"runningmachine: bogus",
	"sata0: aa:b,model=x",
	"scsi0: aa:b,queues=1",
	"scsi0: bogus",
	"scsi0: aa:b,vendor=123456789",
	"scsi0: aa:b,wwn=0x0123456789abcde",
	"smbios1: uuid=x",
	"smbios1: serial====",
	"spice_enhancements: all",
	"sshkeys: a b",
	"startup: 0",
	"startup: up=1s",
	"startup: first",
	"tags: -a",
	"tags: a,b!",
	"template: 2",
	"template: ja",
	"tpmstate0: aa:b,version=2.0",
	"unused0: none",
	"unused0: /dev/x",
	"usb0: 1234",
	"usb0: spice2",
	"usb0: 1-2.",
	"vga: serial4",
	"vga: std,memory=3",
	"virtio0: aa:b,ssd=1",
	"virtiofs0: a",
	"vmstate: x",
	"vmstatestorage: a",
	"vmstatestorage: a-",
	"watchdog: x",
};

static void test_values_that_are_dropped(void **state)
{
	(void)state;
	check_lines(bad_values, ARRAY_SIZE(bad_values), 1);
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
	assert_int_equal(vm->values[VMCFG_NAME].line, 7);
	assert_string_equal(vm->values[VMCFG_ARCH].text, "aarch64");
	assert_int_equal(vm->values[VMCFG_ARCH].line, 3);
	assert_null(vm->values[VMCFG_MACHINE].text);
	assert_string_equal(vm->hostpci_values[3].text, "01:00.0,pcie=1");
	assert_int_equal(vm->hostpci_values[3].line, 5);
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

		assert_int_equal(vm->windows, rows[i].windows);
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
		{"sata6: a1:b\n", NULL, NULL},
		{"unused7: local-lvm:vm-100-disk-9\n", "unused7", NULL},
		{"efidisk0: local-lvm:vm-100-disk-1,efitype=4m\n", NULL, "efidisk0"},
		{"tpmstate0: local-lvm:vm-100-disk-1\n", NULL, NULL},
		{"scsi0: a1:b\nscsi0: none\n", NULL, NULL},
		{"scsi0: none\nscsi0: a1:b\n", "scsi0", NULL},
		{"scsi0: a1:b\nscsi0: a1:b,color=red\nscsi0: \n", "scsi0", NULL},
		{"[PENDING]\nscsi0: a1:b\n[snap]\nscsi1: a1:b\n", NULL, NULL},
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
				   "cores: four\n"
				   "cpulimit: x\n"
				   "name: a\rb\n"
				   "delete: name\n"
				   "name:\n"
				   "cpu: custom-mine\n"
				   "[s1]\n"
				   "cpu: mine\n"
				   "[s1]\n"
				   "[PENDING]\n"
				   "[PENDING]\n"
				   "[\xc3\xa9]\n";
	static const struct {
		unsigned int line;
		const char *why;
	} expected[] = {
		{1, "machine: there is no option 'foo'"},
		{3, "there is no 'key: value' in 'what\\x1b[31m is this'"},
		{4, "hostpci0: 'pcie' must be 1, on, yes, true, 0, off, no or false, not 'maybe'"},
		{5, "there is no setting 'hostpci99'"},
		{6, "hookscript: it must be a volume like local:snippets/name, not 'x'"},
		{7, "onboot: it must be 1, on, yes, true, 0, off, no or false, not 'si'"},
		{8, "cores: it must be a number of digits only, not 'four'"},
		{9, "cpulimit: it must be a number, not 'x'"},
		{10, "name: there is a carriage return in its value"},
		{11, "settings can be deleted in [PENDING] only: 'delete: name'"},
		{12, "there is no value in 'name:'"},
		{13, "cpu: unless virtual-guest/cpu-models.conf defines it (not looked at), there "
		     "is no CPU type 'custom-mine'"},
		{15, "cpu: there is no CPU type 'mine'"},
		{16, "there is already a snapshot 's1'"},
		{18, "there is already a section 'PENDING'"},
		{19, "nobody reads the section '\\xc3\\xa9'"},
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
 * As long a text as is taken: HEAD, then UNIT again and again, each '#' in it replaced by a letter
 * so that neighbours differ. Parses and describes it, and returns the seconds that took.
 */
static double time_of(const char *head, const char *unit)
{
	size_t len = strlen(head), unit_len = strlen(unit);
	char *text = malloc(VMCFG_TEXT_MAX);
	unsigned long n = 0;
	clock_t begin;
	double seconds;

	assert_non_null(text);
	memcpy(text, head, len);
	for (; len + unit_len <= VMCFG_TEXT_MAX; n++) {
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
		{"ide0: volume=aa:b", ",volume=aa:b"},
		{"ide0: volume=aa:b", ",x=y"},
		{"name: a", ".a"},
		{"name: a", "-"},
		{"tags: ", ",;"},
		{"tags: a", ",a"},
		{"affinity: 1", ",1"},
		{"affinity: 1", ",,,,"},
		{"affinity: 0-", "9"},
		{"cpu: host,flags=+aes", ";+aes"},
		{"args: ", "\\"},
		{"args: ", "snapstate:prepare "},
		{"", "snapstate:prepare "},
		{"", "args: x\n"},
		{"nameserver: ", "1.1.1.1,"},
	};

	(void)state;
	/* Some hundredths of a second are usual; anything that grows with the square takes minutes.
	 */
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		double seconds = time_of(rows[i].head, rows[i].unit);

		if (seconds > 20)
			fail_msg("%s%s...: %.1f s", rows[i].head, rows[i].unit, seconds);
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
	assert_int_equal(again->x_vga, entry->x_vga);
	hostpci_free(again);
}

/* What holds for every text. */
static void check_text(const char *text, size_t len)
{
	struct vmcfg *vm = parse(text, len);
	auto_free char *description = vmcfg_describe(vm);
	unsigned int line = 0;

	assert_non_null(description);
	for (const char *c = description; *c; c++)
		assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
	for (size_t i = 0; i < vm->n_dropped; i++) {
		assert_true(vm->dropped[i].line > line);
		line = vm->dropped[i].line;
		for (const char *c = vm->dropped[i].why; *c; c++)
			assert_true(*c >= ' ' && *c <= '~');
	}
	for (size_t i = 0; i < HOSTPCI_MAX; i++) {
		assert_int_equal(!vm->hostpci[i], !vm->hostpci_values[i].text);
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
		cmocka_unit_test(test_known_keys),
		cmocka_unit_test(test_keys_that_do_not_exist),
		cmocka_unit_test(test_values_that_are_dropped),
		cmocka_unit_test(test_struct),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_drives),
		cmocka_unit_test(test_template),
		cmocka_unit_test(test_dropped_lines),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_time_is_linear),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
