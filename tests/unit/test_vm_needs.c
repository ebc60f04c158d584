// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/vm_needs.h"

#include <stdio.h>
#include <string.h>

#include "hookscript/argv.h"
#include "tree.h"

#define GOOD_CONFIG                                \
	"machine: q35\nhostpci0: 01:00.0,pcie=1\n" \
	"hookscript: local:snippets/pve-passthrough\n"
#define HOOK	     "hookscript: local:snippets/pve-passthrough\n"
#define GOOD_STORAGE "dir: local\n\tpath /var/lib/vz\n\tcontent iso,snippets\n\n"

struct row {
	const char *config, *storage;
	/* a line a need: "NAME: COMMAND", or "NAME! WHAT TO DO" when it is done by hand */
	const char *needs;
	enum snippet_state snippet;
	enum policy machine, pcie;
	bool conventional; /* the devices are no PCI Express ones */
	bool left;	   /* the entries need no binding */
	bool none;	   /* there are no devices */
	const char *next;  /* of the settings */
};

#define CASE(text, storages, list) .config = (text), .storage = (storages), .needs = (list)

static const struct row rows[] = {
	{CASE(GOOD_CONFIG, GOOD_STORAGE, "")},
	/* Proxmox VE's own idea of a storage local, where none is configured. */
	{CASE(GOOD_CONFIG, "", "")},
	{CASE("hostpci0: 01:00.0\n", GOOD_STORAGE,
	      "q35: qm set 100 --machine q35\n"
	      "pcie=1 (hostpci0): qm set 100 --hostpci0 01:00.0,pcie=1\n"
	      "hookscript: qm set 100 --hookscript local:snippets/pve-passthrough\n")},
	/* The machine. */
	{CASE("machine: pc-i440fx-9.0,viommu=virtio\nhostpci0: 1:0\nhostpci0: 01:00.0,pcie=1\n" HOOK,
	      GOOD_STORAGE, "q35: qm set 100 --machine q35,viommu=virtio\n")},
	{CASE("machine: pc\nhostpci0: 01:00.0,pcie=1\n" HOOK, GOOD_STORAGE, ""),
	 .machine = POLICY_WARN},
	{CASE("machine: pc\nhostpci0: 01:00.0\n" HOOK, GOOD_STORAGE, ""), .machine = POLICY_OFF},
	{CASE("arch: aarch64\nhostpci0: 01:00.0,pcie=1\n" HOOK, GOOD_STORAGE,
	      "q35! to run it as it is all the same, put this line into /etc/pve-passthrough.conf: "
	      "vm100 = { machine = \"warn\"; };\n")},
	{CASE("machine: pc\nhostpci0: 00:02.0,legacy-igd=1\n" HOOK, GOOD_STORAGE, "")},
	/* pcie=1: each entry by itself, every option of it kept. */
	{CASE("machine: q35\nhostpci0: 01:00.0,rombar=0\nhostpci1: 02:00.0,pcie=1\n"
	      "hostpci15: 03:00.0;04:00.0,pcie=0\n" HOOK,
	      GOOD_STORAGE,
	      "pcie=1 (hostpci0): qm set 100 --hostpci0 01:00.0,pcie=1,rombar=0\n"
	      "pcie=1 (hostpci15): qm set 100 --hostpci15 '03:00.0;04:00.0,pcie=1'\n")},
	{CASE("machine: q35\nhostpci0: mapping=gpu,romfile=it's.rom\n" HOOK, GOOD_STORAGE,
	      "pcie=1 (hostpci0): qm set 100 --hostpci0 "
	      "'mapping=gpu,pcie=1,romfile=it'\\''s.rom'\n")},
	{CASE("machine: q35\nhostpci0: 01:00.0\n" HOOK, GOOD_STORAGE, ""), .conventional = true},
	{CASE("machine: q35\nhostpci0: 01:00.0\n" HOOK, GOOD_STORAGE, ""), .pcie = POLICY_WARN},
	/* Storages. */
	{CASE(GOOD_CONFIG, "dir: local\n\tpath /var/lib/vz\n\tcontent iso,vztmpl,backup\n",
	      "a storage for snippets: pvesm set local --content iso,vztmpl,backup,snippets\n")},
	{CASE(GOOD_CONFIG, "dir: local\n\tpath /var/lib/vz\n",
	      "a storage for snippets: pvesm set local --content images,rootdir,snippets\n")},
	{CASE("machine: q35\nhostpci0: 01:00.0,pcie=1\nhookscript: nas:snippets/pve-passthrough\n",
	      "nfs: nas\n\tserver x\n\tcontent iso\n",
	      "a storage for snippets: pvesm set nas --content iso,snippets\n")},
	{CASE("machine: q35\nhostpci0: 01:00.0,pcie=1\nhookscript: gone:snippets/pve-passthrough\n",
	      GOOD_STORAGE,
	      "hookscript: qm set 100 --hookscript local:snippets/pve-passthrough\n")},
	/* The file; qm would refuse a hookscript that is not there. */
	{CASE(GOOD_CONFIG, GOOD_STORAGE,
	      "the snippet! mkdir -p /var/lib/vz/snippets && ln -sfn \"$(command -v pve-passthrough)\" "
	      "/var/lib/vz/snippets/pve-passthrough\n"),
	 .snippet = SNIPPET_ABSENT},
	{CASE("machine: q35\nhostpci0: 01:00.0,pcie=1\n", GOOD_STORAGE,
	      "the snippet! chmod +x /var/lib/vz/snippets/pve-passthrough\n"
	      "hookscript! then: qm set 100 --hookscript local:snippets/pve-passthrough\n"),
	 .snippet = SNIPPET_NOT_EXECUTABLE},
	/* Another's hook stays. */
	{CASE("machine: q35\nhostpci0: 01:00.0,pcie=1\nhookscript: local:snippets/old.pl\n",
	      GOOD_STORAGE,
	      "hookscript (it has another one)! to run both, put this line into "
	      "/etc/pve-passthrough.conf: vm100 = { next = \"local:snippets/old.pl\"; };\n"
	      "then: qm set 100 --hookscript local:snippets/pve-passthrough\n")},
	{CASE("machine: q35\nhostpci0: 01:00.0,pcie=1\nhookscript: local:snippets/pve-passthrough.pl\n",
	      GOOD_STORAGE,
	      "hookscript (it has another one)! to run both, put this line into "
	      "/etc/pve-passthrough.conf: vm100 = { next = \"local:snippets/pve-passthrough.pl\"; };\n"
	      "then: qm set 100 --hookscript local:snippets/pve-passthrough\n")},
	/* Unless the settings have it run. */
	{CASE("machine: q35\nhostpci0: 01:00.0,pcie=1\nhookscript: local:snippets/old.pl\n",
	      GOOD_STORAGE, "hookscript: qm set 100 --hookscript local:snippets/pve-passthrough\n"),
	 .next = "local:snippets/old.pl"},
	{CASE("machine: q35\nhostpci0: 01:00.0,pcie=1\nhookscript: local:snippets/old.pl\n",
	      GOOD_STORAGE,
	      "hookscript (it has another one)! to run both, put this line into "
	      "/etc/pve-passthrough.conf: vm100 = { next = \"local:snippets/old.pl\"; };\n"
	      "then: qm set 100 --hookscript local:snippets/pve-passthrough\n"),
	 .next = "local:snippets/older.pl"},
	/* Devices in args alone, on whatever machine. */
	{CASE("args: -device vfio-pci,host=01:00.0\n", GOOD_STORAGE,
	      "hookscript: qm set 100 --hookscript local:snippets/pve-passthrough\n"),
	 .conventional = true},
	/* What the hook leaves alone needs nothing of it. */
	{CASE("hostpci0: 01:00.0,driver=keep\n", GOOD_STORAGE, ""), .left = true},
	{CASE("machine: q35\n", GOOD_STORAGE,
	      "a device! pve-passthrough vm 100 --add lists the devices of this host, and adds one\n"
	      "hookscript: qm set 100 --hookscript local:snippets/pve-passthrough\n"),
	 .none = true},
};

static char *render(const struct vm_needs *needs)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	for (size_t i = 0; i < needs->n; i++) {
		const struct vm_need *need = &needs->items[i];
		auto_free char *command = need->command ? argv_text(need->command) : NULL;

		assert_int_equal(!need->command, !!need->by_hand);
		assert_true(*need->what);
		fprintf(to, "%s%s %s\n", need->name, command ? ":" : "!",
			command ? command : need->by_hand);
	}
	assert_int_equal(fclose(to), 0);
	return text;
}

static void list(const struct row *row, struct vm_needs *ret)
{
	static const struct bdf express = {0, 1, 0, 0};
	cleanup_with(vmcfg_freep) struct vmcfg *vm = NULL;
	auto_storages struct storages storages = {0};
	struct settings settings = settings_default;
	struct vm_needs_facts facts = {.vmid = 100,
				       .settings = &settings,
				       .storages = &storages,
				       .snippet = row->snippet,
				       .has_devices = !row->none,
				       .binds = !row->left && !row->none};

	settings.machine = row->machine;
	settings.pcie = row->pcie;
	settings.next = (char *)(uintptr_t)row->next;
	assert_int_equal(vmcfg_parse(row->config, strlen(row->config), &vm), 0);
	assert_int_equal(storages_parse(row->storage, strlen(row->storage), &storages), 0);
	facts.vm = vm;
	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		facts.express[e] = vm->hostpci[e] && !row->conventional ? &express : NULL;
	assert_int_equal(vm_needs_list(&facts, ret), 0);
}

static void test_needs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_vm_needs struct vm_needs needs = {0};
		auto_free char *text = NULL;

		list(&rows[i], &needs);
		text = render(&needs);
		if (strcmp(text, rows[i].needs))
			fail_msg("row %zu: '%s' needs\n%snot\n%s", i, rows[i].config, text,
				 rows[i].needs);
	}
}

static void test_names(void **state)
{
	static const struct row row = {CASE("hostpci1: 01:00.0\n", GOOD_STORAGE, NULL)};
	auto_vm_needs struct vm_needs needs = {0}, none = {0};
	auto_free char *names = NULL, *nothing = vm_needs_names(&none);

	(void)state;
	list(&row, &needs);
	names = vm_needs_names(&needs);
	assert_string_equal(names, "q35, pcie=1 (hostpci1), hookscript");
	assert_string_equal(nothing, "");
}

/* A guest that is a Windows is told what that means for it. */
static void test_machine_note(void **state)
{
	static const struct row linux_guest = {
		CASE("ostype: l26\nhostpci1: 01:00.0\n", GOOD_STORAGE, NULL)};
	static const struct row windows = {
		CASE("ostype: win11\nhostpci1: 01:00.0\n", GOOD_STORAGE, NULL)};
	auto_vm_needs struct vm_needs first = {0}, second = {0};

	(void)state;
	list(&linux_guest, &first);
	assert_non_null(strstr(first.items[0].note, "its network interfaces get other names\n"));
	list(&windows, &second);
	assert_non_null(strstr(second.items[0].note,
			       "get other names, and this one is a Windows, which forgets a static "
			       "address"));
}

static void test_ours(void **state)
{
	static const struct {
		const char *volume;
		bool ours;
	} volumes[] = {
		{"local:snippets/pve-passthrough", true},
		{"nas-1:snippets/pve-passthrough", true},
		{"local:snippets/pve-passthrough.sh", false},
		{"local:snippets/my-pve-passthrough", false},
		{"local:iso/pve-passthrough", false},
		{"pve-passthrough", false},
		{"", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(volumes); i++)
		assert_int_equal(vm_hook_is_ours(volumes[i].volume), volumes[i].ours);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_machine_note),
		cmocka_unit_test(test_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
