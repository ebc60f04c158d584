// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/vm_needs.h"
#include "hookscript/plan/plan.h"

#include <stdio.h>
#include <string.h>

#include "factscase.h"
#include "host/text/argv.h"
#include "tree.h"

#define GOOD_CONFIG                                \
	"machine: q35\nhostpci0: 01:00.0,pcie=1\n" \
	"hookscript: local:snippets/pve-passthrough\n"
#define HOOK	     "hookscript: local:snippets/pve-passthrough\n"
#define GOOD_STORAGE "dir: local\n\tpath /var/lib/vz\n\tcontent iso,snippets\n\n"

struct row {
	const char *config, *storage;
	/* a line a need: "NAME: COMMAND" for one that --fix runs, else "NAME! FIRST STEP" */
	const char *needs;
	enum snippet_state snippet;
	enum policy machine, pcie;
	bool conventional; /* the devices are no PCI Express ones */
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
	/* An entry that Proxmox VE drops. */
	{CASE("machine: q35\nhostpci3: 01:00.0,foo=1\n" HOOK, GOOD_STORAGE,
	      "a device! /etc/pve/qemu-server/100.conf, line 2: hostpci3: unknown option 'foo'; "
	      "Proxmox VE ignores this line, so the VM gets no device from it; correct it: qm set "
	      "100 --hostpci3 ADDRESS,pcie=1; the addresses: lspci -Dnn\n")},
	/* The machine. */
	{CASE("machine: pc-i440fx-9.0,viommu=virtio\nhostpci0: 1:0\nhostpci0: 01:00.0,pcie=1\n" HOOK,
	      GOOD_STORAGE, "q35: qm set 100 --machine q35,viommu=virtio\n")},
	/* Proxmox VE would not start that, whatever our settings say. */
	{CASE("machine: pc\nhostpci0: 01:00.0,pcie=1\n" HOOK, GOOD_STORAGE,
	      "q35 (hostpci0: pcie=1): qm set 100 --machine q35\n"),
	 .machine = POLICY_WARN},
	{CASE("machine: pc\nhostpci0: 01:00.0\n" HOOK, GOOD_STORAGE, ""), .machine = POLICY_OFF},
	{CASE("arch: aarch64\nmachine: virt\nhostpci0: 01:00.0\n" HOOK, GOOD_STORAGE, "")},
	{CASE("arch: aarch64\nhostpci0: 01:00.0,pcie=1\n" HOOK, GOOD_STORAGE,
	      "q35 (hostpci0: pcie=1): qm set 100 --hostpci0 01:00.0\n")},
	/* The setting alone is no cure for what Proxmox VE itself refuses. */
	{CASE("machine: pc\nvga: none\nhostpci0: 00:02.0,legacy-igd=1\n" HOOK, GOOD_STORAGE, "")},
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
	{CASE("machine: q35\nhostpci0: 01:00.0,pcie=1\nhookscript: gl:snippets/pve-passthrough\n",
	      "glusterfs: gl\n\tpath /mnt/pve/gl\n\tcontent images,snippets\n", "")},
	/* The file; qm would refuse a hookscript that is not there. */
	{CASE(GOOD_CONFIG, GOOD_STORAGE,
	      "the snippet! mkdir -p /var/lib/vz/snippets && ln -sfn \"$(command -v pve-passthrough)\" "
	      "/var/lib/vz/snippets/pve-passthrough\n"),
	 .snippet = SNIPPET_ABSENT},
	{CASE("machine: q35\nhostpci0: 01:00.0,pcie=1\n", GOOD_STORAGE,
	      "the snippet! chmod +x /var/lib/vz/snippets/pve-passthrough\n"
	      "hookscript! once the snippet is there: qm set 100 --hookscript local:snippets/pve-passthrough\n"),
	 .snippet = SNIPPET_NOT_EXECUTABLE},
	/* Another's hook stays. */
	{CASE("machine: q35\nhostpci0: 01:00.0,pcie=1\nhookscript: local:snippets/old.pl\n",
	      GOOD_STORAGE,
	      "hookscript (it has another one)! to run both, put this line into "
	      "/etc/pve-passthrough.conf: vm100 = { next = \"local:snippets/old.pl\"; };\n")},
	{CASE("machine: q35\nhostpci0: 01:00.0,pcie=1\nhookscript: local:snippets/pve-passthrough.pl\n",
	      GOOD_STORAGE,
	      "hookscript (it has another one)! to run both, put this line into "
	      "/etc/pve-passthrough.conf: vm100 = { next = \"local:snippets/pve-passthrough.pl\"; };\n")},
	/* Unless the settings have it run. */
	{CASE("machine: q35\nhostpci0: 01:00.0,pcie=1\nhookscript: local:snippets/old.pl\n",
	      GOOD_STORAGE, "hookscript: qm set 100 --hookscript local:snippets/pve-passthrough\n"),
	 .next = "local:snippets/old.pl"},
	{CASE("machine: q35\nhostpci0: 01:00.0,pcie=1\nhookscript: local:snippets/old.pl\n",
	      GOOD_STORAGE,
	      "hookscript (it has another one)! to run both, put this line into "
	      "/etc/pve-passthrough.conf: vm100 = { next = \"local:snippets/old.pl\"; };\n"),
	 .next = "local:snippets/older.pl"},
	/* Devices in args alone, on whatever machine. */
	{CASE("args: -device vfio-pci,host=01:00.0\n", GOOD_STORAGE,
	      "hookscript: qm set 100 --hookscript local:snippets/pve-passthrough\n"),
	 .conventional = true},
	/* What the hook leaves alone needs nothing of it. */
	{CASE("hostpci0: 01:00.0,driver=keep\n", GOOD_STORAGE, "")},
	{CASE("machine: q35\n", GOOD_STORAGE,
	      "a device! the devices of this host, one of which can be added: pve-passthrough vm 100 --add\n"
	      "hookscript: qm set 100 --hookscript local:snippets/pve-passthrough\n")},
};

/* Endpoints at 01:00.0 to 04:00.0 and 00:02.0, each in a group of its own. */
struct judged {
	struct settings settings;
	struct device devices[5];
	struct device_group groups[5];
	struct facts facts;
	struct vm_hook hook;
	struct plan *plan;
};

static void free_judged(struct judged *judged)
{
	plan_free(judged->plan);
	factscase_free(&judged->facts);
	storages_free(&judged->hook.storages);
}

#define auto_judged cleanup_with(free_judged)

static void judge(const struct row *row, struct judged *ret)
{
	static const char mapping[] =
		"gpu\n\tmap id=0000:0000,iommugroup=1,node=lab,path=0000:01:00.0\n";

	ret->settings = settings_default;
	ret->settings.machine = row->machine;
	ret->settings.pcie = row->pcie;
	ret->settings.next = (char *)(uintptr_t)row->next;
	ret->facts = (struct facts){.settings = &ret->settings,
				    .devices = ret->devices,
				    .n_devices = ARRAY_SIZE(ret->devices),
				    .groups = ret->groups,
				    .n_groups = ARRAY_SIZE(ret->groups)};
	for (int i = 0; i < 5; i++) {
		ret->groups[i] = (struct device_group){.number = i};
		ret->devices[i] = (struct device){.bdf = {0, (uint8_t)i, i ? 0 : 2, 0},
						  .group = i,
						  .express = !row->conventional};
	}
	factscase_decide(&ret->facts, row->config, mapping);
	assert_int_equal(storages_parse(row->storage, strlen(row->storage), &ret->hook.storages),
			 0);
	ret->hook.snippet = row->snippet;
	assert_int_equal(plan_make(&ret->facts, &ret->plan), 0);
	/* The verb asks nothing of a VM whose devices are left to Proxmox VE. */
	if (facts_need_binding(&ret->facts) || !facts_have_devices(&ret->facts))
		assert_int_equal(vm_needs_add(&ret->facts, &ret->hook, ret->plan), 0);
}

static char *render(const struct plan *plan)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	for (size_t i = 0; i < plan->n_refusals; i++) {
		const struct refusal *need = &plan->refusals[i];
		auto_free char *first = NULL;

		assert_true(need->n_cures);
		assert_true(*need->what);
		first = need->cures->fix ? argv_text(need->cures->fix) : cure_text(need->cures);
		if (need->cures->fix)
			assert_string_equal(first, need->cures->command);
		fprintf(to, "%s%s %s\n", need->brief, need->cures->fix ? ":" : "!", first);
	}
	assert_int_equal(fclose(to), 0);
	return text;
}

static void test_needs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_judged struct judged judged = {0};
		auto_free char *text = NULL;

		judge(&rows[i], &judged);
		text = render(judged.plan);
		if (strcmp(text, rows[i].needs))
			fail_msg("row %zu: '%s' needs\n%snot\n%s", i, rows[i].config, text,
				 rows[i].needs);
	}
}

/* Both hooks are kept: what follows the settings' line. */
static void test_another_hook(void **state)
{
	static const struct row row = {
		CASE("machine: q35\nhostpci0: 01:00.0,pcie=1\nhookscript: local:snippets/old.pl\n",
		     GOOD_STORAGE, NULL)};
	auto_judged struct judged judged = {0};
	auto_free char *then = NULL;

	(void)state;
	judge(&row, &judged);
	assert_int_equal(judged.plan->refusals[0].n_cures, 2);
	then = cure_text(&judged.plan->refusals[0].cures[1]);
	assert_string_equal(then, "then: qm set 100 --hookscript local:snippets/pve-passthrough");
	assert_null(judged.plan->refusals[0].cures[1].fix);
}

/* Why the hook is not found where the config names it. */
static void test_no_directory(void **state)
{
	static const struct {
		const char *storage, *says;
	} storages[] = {
		{GOOD_STORAGE, "hookscript: vg:snippets/pve-passthrough: there is no storage 'vg'"},
		{"lvmthin: vg\n\tthinpool data\n",
		 "hookscript: vg:snippets/pve-passthrough: the storage 'vg' of type lvmthin has no "
		 "directory for snippets"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(storages); i++) {
		const struct row row = {CASE("machine: q35\nhostpci0: 01:00.0,pcie=1\n"
					     "hookscript: vg:snippets/pve-passthrough\n",
					     storages[i].storage, NULL)};
		auto_judged struct judged judged = {0};

		judge(&row, &judged);
		assert_int_equal(judged.plan->n_refusals, 1);
		assert_string_equal(judged.plan->refusals[0].what, storages[i].says);
	}
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
		cmocka_unit_test(test_another_hook),
		cmocka_unit_test(test_no_directory),
		cmocka_unit_test(test_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
