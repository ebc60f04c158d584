// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/vm_add.h"

#include <stdio.h>
#include <string.h>

#include "factscase.h"
#include "host/text/argv.h"
#include "tree.h"

static struct device_summary devices[] = {
	{.bdf = {0, 0, 2, 0},
	 .identity = {.class = 0x030000},
	 .class_name = (char *)"VGA compatible controller",
	 .name = (char *)"Chip",
	 .group = 1},
	{.bdf = {0, 1, 0, 0},
	 .identity = {.class = 0x030000},
	 .class_name = (char *)"VGA compatible controller",
	 .name = (char *)"Card",
	 .group = 10,
	 .express = true},
	{.bdf = {0, 1, 0, 1},
	 .identity = {.class = 0x040300},
	 .class_name = (char *)"Audio device",
	 .name = (char *)"Sound",
	 .group = 10,
	 .express = true},
	{.bdf = {0, 2, 0, 0},
	 .identity = {.class = 0x0c0330},
	 .class_name = (char *)"USB controller",
	 .name = (char *)"USB",
	 .group = 10,
	 .express = true,
	 .used = (char *)"disk sda is mounted at /srv"},
	{.bdf = {0, 3, 0, 0},
	 .identity = {.class = 0x020000},
	 .class_name = (char *)"Ethernet controller",
	 .name = (char *)"Network",
	 .group = 11,
	 .express = true,
	 .vms = (char *)"VM 101 (hostpci2)",
	 .used = (char *)"its interface eno1 carries the host's network: below vmbr0"},
	/* A group with an ISA bridge that serves the host. */
	{.bdf = {0, 0, 0x1f, 0},
	 .identity = {.class = 0x060100},
	 .class_name = (char *)"ISA bridge",
	 .name = (char *)"LPC",
	 .group = 14,
	 .used = (char *)"its driver lpc_ich serves other devices of the host: iTCO_wdt"},
	{.bdf = {0, 0, 0x1f, 3},
	 .identity = {.class = 0x040300},
	 .class_name = (char *)"Audio device",
	 .name = (char *)"PCH sound",
	 .group = 14},
	/* A VMD controller, and what is below it. */
	{.bdf = {0, 0, 0x0e, 0},
	 .identity = {.class = 0x010400},
	 .class_name = (char *)"RAID bus controller",
	 .name = (char *)"VMD",
	 .group = 15},
	{.bdf = {0x10000, 0xe1, 0, 0},
	 .identity = {.class = 0x010802},
	 .class_name = (char *)"Non-Volatile memory controller",
	 .name = (char *)"Disk below it",
	 .group = 15,
	 .child = true,
	 .used = (char *)"it is below 0000:00:0e.0, and cannot be passed through by itself"},
	{.bdf = {0x10000, 4, 0, 0},
	 .identity = {.class = 0x010802},
	 .class_name = (char *)"Non-Volatile memory controller",
	 .name = (char *)"Disk",
	 .group = -ENOENT,
	 .express = true},
};

#define DISKS "scsi0: local-lvm:vm-100-disk-0,size=32G\n"
#define THIN  "lvmthin: local-lvm\n\tcontent rootdir,images\n"
#define ALL_16                                                                   \
	"hostpci0: 10:00\nhostpci1: 11:00\nhostpci2: 12:00\nhostpci3: 13:00\n"   \
	"hostpci4: 14:00\nhostpci5: 15:00\nhostpci6: 16:00\nhostpci7: 17:00\n"   \
	"hostpci8: 18:00\nhostpci9: 19:00\nhostpci10: 1a:00\nhostpci11: 1b:00\n" \
	"hostpci12: 1c:00\nhostpci13: 1d:00\nhostpci14: 1e:00\nhostpci15: 1f:00\n"

struct row {
	const char *config, *address;
	const char *says;     /* the commands, or why not */
	const char *notes[5]; /* what the notes begin with, in their order */
	const char *storages;
	enum policy machine;
	bool gpu, primary;
	bool refuse_neighbours;
	bool mapped; /* entry 0 stands for 0000:03:00.0 by a mapping */
};

#define CASE(text, what, answer) .config = (text), .address = (what), .says = (answer)

static const struct row rows[] = {
	/* What can be written for an address, and what entry it goes to. */
	{CASE("machine: q35\n", "0000:02:00.0", "qm set 100 --hostpci0 0000:02:00.0,pcie=1\n"),
	 .notes = {"0000:02:00.0: disk sda is mounted at /srv; until that ends",
		   "a start takes 0000:01:00.0 from the host, too", "a start takes 0000:01:00.1"}},
	{CASE("machine: q35\nhostpci0: 05:00.0\nhostpci2: 06:00.0\n", "03:00.0",
	      "qm set 100 --hostpci1 0000:03:00.0,pcie=1\n"),
	 .notes = {"0000:03:00.0: VM 101 (hostpci2) has it, too; only one",
		   "0000:03:00.0: its interface eno1"}},
	{CASE("machine: q35\n", "10000:04:00", "qm set 100 --hostpci0 10000:04:00,pcie=1\n"),
	 .notes = {"10000:04:00.0: it is in no IOMMU group"}},
	/* Nothing that a start takes, or refuses, is passed over in silence. */
	{CASE("machine: q35\n", "00:1f.3", "qm set 100 --hostpci0 0000:00:1f.3\n"),
	 .notes = {"a start takes 0000:00:1f.0 from the host, too, which is in its IOMMU group "
		   "(14): LPC; in use: its driver lpc_ich serves"}},
	{CASE("machine: q35\n", "00:1f.3", "qm set 100 --hostpci0 0000:00:1f.3\n"),
	 .notes = {"0000:00:1f.0 is in its IOMMU group (14), too, so a start will be refused"},
	 .refuse_neighbours = true},
	{CASE("machine: q35\n", "00:0e.0", "qm set 100 --hostpci0 0000:00:0e.0\n")},
	{CASE("machine: q35\n", "10000:e1:00.0", "qm set 100 --hostpci0 10000:e1:00.0\n"),
	 .notes = {"10000:e1:00.0: it is below 0000:00:0e.0",
		   "a start takes 0000:00:0e.0 from the host"}},
	{CASE(ALL_16, "03:00.0", "VM 100 has 16 hostpci entries, and there are no more")},
	{CASE("hostpci5: 03:00,pcie=1\n", "03:00.0",
	      "VM 100 has 0000:03:00.0 already: hostpci5: 03:00,pcie=1")},
	{CASE("hostpci0: 02:00.0;01:00.1\n", "01:00",
	      "VM 100 has 0000:01:00 already: hostpci0: 02:00.0;01:00.1")},
	{CASE("", "07:00.0",
	      "0000:07:00.0: there is no such device that a VM could have; those that there are: "
	      "pve-passthrough vm 100 --add")},
	{CASE("", "01:00.8",
	      "'01:00.8' is not a PCI address; they look like 0000:01:00.0, and are all in: "
	      "pve-passthrough vm 100 --add")},
	{CASE("", "01:00.", "'01:00.' is not a PCI address")},
	{CASE("", "", "'' is not a PCI address")},
	{CASE("", "01:00.0,x-vga=1", "'01:00.0,x-vga=1' is not a PCI address")},
	{CASE("hostpci0: mapping=net\n", "03:00",
	      "VM 100 has 0000:03:00 already: hostpci0: mapping=net"),
	 .mapped = true},
	/* pcie=1: for devices that have it, on a machine that has it or is to get it. */
	{CASE("", "03:00.0", "qm set 100 --hostpci0 0000:03:00.0,pcie=1\n"),
	 .notes = {"0000:03:00.0: VM 101", "0000:03:00.0: its interface"}},
	{CASE("", "03:00.0", "qm set 100 --hostpci0 0000:03:00.0\n"),
	 .notes = {"0000:03:00.0: VM 101", "0000:03:00.0: its interface"}, .machine = POLICY_WARN},
	{CASE("hostpci0: 05:00.0,legacy-igd=1\n", "03:00.0",
	      "qm set 100 --hostpci1 0000:03:00.0\n"),
	 .notes = {"0000:03:00.0: VM 101", "0000:03:00.0: its interface"}},
	{CASE("machine: q35\n", "00:02.0", "qm set 100 --hostpci0 0000:00:02.0\n"),
	 .notes = {"as a graphics card, with its sound, and as the VM's display: "
		   "pve-passthrough vm 100 --add 00:02.0 --gpu"}},
	/* Graphics cards. */
	{CASE("machine: q35\nbios: ovmf\n", "01:00.0",
	      "qm set 100 --hostpci0 0000:01:00,pcie=1,x-vga=1\n"),
	 .notes =
		 {"a start takes 0000:02:00.0 from the host, too, which is in its IOMMU group (10): "
		  "USB; in use: disk sda",
		  "x-vga=1: "},
	 .gpu = true, .primary = true},
	{CASE("machine: q35\nbios: ovmf\n", "01:00.1", "qm set 100 --hostpci0 0000:01:00,pcie=1\n"),
	 .notes = {"a start takes 0000:02:00.0", "without x-vga=1 "}, .gpu = true},
	{CASE("", "03:00.0",
	      "0000:03:00 is not a graphics card (Ethernet controller); without --gpu: "
	      "pve-passthrough vm 100 --add 03:00.0"),
	 .gpu = true},
	/* Firmware: for VMs without a disk only. */
	{CASE("ide2: none,media=cdrom\n", "00:02.0",
	      "qm set 100 --bios ovmf --efidisk0 local-lvm:1,efitype=4m\n"
	      "qm set 100 --hostpci0 0000:00:02,x-vga=1\n"),
	 .notes = {"x-vga=1: ", "this VM has no disk yet, so it gets the firmware OVMF"},
	 .storages = THIN, .gpu = true, .primary = true},
	{CASE("ostype: win11\nbios: seabios\n", "00:02.0",
	      "qm set 100 --bios ovmf --efidisk0 local:1,efitype=4m,pre-enrolled-keys=1\n"
	      "qm set 100 --hostpci0 0000:00:02\n"),
	 .notes = {"without x-vga=1 ", "this VM has no disk yet"}, .gpu = true},
	{CASE("efidisk0: local-lvm:vm-100-disk-0\n", "00:02.0",
	      "qm set 100 --bios ovmf\nqm set 100 --hostpci0 0000:00:02\n"),
	 .notes = {"without x-vga=1 ", "this VM has no disk yet"}, .gpu = true},
	{CASE(DISKS, "00:02.0", "qm set 100 --hostpci0 0000:00:02\n"),
	 .notes = {"without x-vga=1 ",
		   "the VM's firmware is left as it is: scsi0 may hold a guest"},
	 .storages = THIN, .gpu = true},
	{CASE("unused0: local-lvm:vm-100-disk-0\n", "00:02.0",
	      "qm set 100 --hostpci0 0000:00:02\n"),
	 .notes = {"without x-vga=1 ",
		   "the VM's firmware is left as it is: unused0 may hold a guest"},
	 .gpu = true},
	{CASE("", "00:02.0", "qm set 100 --hostpci0 0000:00:02\n"),
	 .notes = {"without x-vga=1 ",
		   "graphics cards work best with the firmware OVMF, for which"},
	 .storages = "dir: local\n\tpath /var/lib/vz\n\tcontent iso\n", .gpu = true},
	{CASE("", "03:00.0", "qm set 100 --hostpci0 0000:03:00.0,pcie=1\n"),
	 .notes = {"0000:03:00.0: VM 101", "0000:03:00.0: its interface"}, .storages = THIN},
};

static void propose(const struct row *row, struct vm_addition *ret)
{
	const struct device_summaries list = {devices, ARRAY_SIZE(devices)};
	const char *text = row->storages ? row->storages : "";
	auto_storages struct storages storages = {0};
	struct settings settings = settings_default;
	struct facts facts = {.settings = &settings};
	struct vm_add_choice choice = {.facts = &facts,
				       .devices = &list,
				       .storages = &storages,
				       .address = row->address,
				       .gpu = row->gpu,
				       .primary = row->primary};

	settings.machine = row->machine;
	if (row->refuse_neighbours)
		settings.group = GROUP_REFUSE;
	factscase_decide(&facts, row->config,
			 "net\n\tmap id=0:0,iommugroup=1,node=lab,path=0000:03:00.0\n"
			 "gpu\n\tmap id=8086:10d3,iommugroup=1,node=lab,path=0000:03:00.0\n");
	assert_int_equal(storages_parse(text, strlen(text), &storages), 0);
	assert_int_equal(vm_add_propose(&choice, ret), 0);
	factscase_free(&facts);
}

static char *render(const struct vm_addition *addition)
{
	auto_free char *firmware = addition->firmware ? argv_text(addition->firmware) : NULL;
	auto_free char *command = addition->command ? argv_text(addition->command) : NULL;

	assert_int_equal(!addition->refusal, !!command);
	if (addition->refusal) {
		assert_null(firmware);
		return strdup(addition->refusal);
	}
	return fs_path("%s%s%s\n", firmware ? firmware : "", firmware ? "\n" : "", command);
}

static void check_notes(size_t i, const char *notes)
{
	auto_free char *copy = strdup(notes ? notes : "");
	char *rest = notes ? copy : NULL, *line;
	size_t n = 0, k = 0;

	while (n < ARRAY_SIZE(rows[i].notes) && rows[i].notes[n])
		n++;
	for (; (line = strsep(&rest, "\n")); k++)
		if (k >= n || strncmp(line, rows[i].notes[k], strlen(rows[i].notes[k])))
			fail_msg("row %zu: note %zu is: %s", i, k, line);
	assert_int_equal(k, n);
}

static void test_proposals(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_vm_addition struct vm_addition addition = {0};
		auto_free char *text = NULL;

		propose(&rows[i], &addition);
		text = render(&addition);
		/* The reason of a refusal may go on. */
		if (addition.refusal ? strncmp(text, rows[i].says, strlen(rows[i].says))
				     : strcmp(text, rows[i].says))
			fail_msg("row %zu: '%s' with %s: %s", i, rows[i].config, rows[i].address,
				 text);
		if (!addition.refusal)
			check_notes(i, addition.notes.text);
	}
}

/* What is proposed is what Proxmox VE reads, and what the VM then has. */
static void test_entries_are_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_vm_addition struct vm_addition addition = {0};
		cleanup_with(hostpci_freep) struct hostpci *entry = NULL;

		propose(&rows[i], &addition);
		if (addition.refusal)
			continue;
		assert_int_equal(hostpci_parse(addition.command[4], strlen(addition.command[4]),
					       &entry, NULL),
				 0);
		assert_int_equal(entry->n_hosts, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proposals),
		cmocka_unit_test(test_entries_are_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
