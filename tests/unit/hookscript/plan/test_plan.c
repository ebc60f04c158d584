// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/plan/plan.h"

#include "factscase.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#define Q35 "machine: q35\n"

/* A machine that was read nowhere; what the facts point at is in it. */
struct machine {
	struct facts facts;
	struct device devices[4];
	struct record records[4];
	struct device_group groups[2];
	struct vfio_holder holder;
};

static const struct pci_identity nic = {0x8086, 0x10d3, 0x8086, 0, 0x020000};
static const struct bdf first = {0, 1, 0, 0};
static char e1000e[] = "e1000e", vfio_pci[] = "vfio-pci", kvm[] = "kvm";

/* One PCIe NIC, 0000:01:00.0, on e1000e, alone in group 10, under an active IOMMU. */
static void prepare(struct machine *host)
{
	*host = (struct machine){
		.devices[0] = {.bdf = first,
			       .identity = nic,
			       .group = 10,
			       .driver = e1000e,
			       .named = true,
			       .express = true},
		.groups[0] = {.number = 10},
		.facts = {.iommu_active = true, .n_devices = 1, .n_groups = 1},
	};
	host->facts.devices = host->devices;
	host->facts.groups = host->groups;
}

static struct device *add_device(struct machine *host, struct bdf bdf)
{
	struct device *device = &host->devices[host->facts.n_devices++];

	*device = (struct device){.bdf = bdf, .identity = nic, .group = 10, .express = true};
	return device;
}

static struct record *add_record(struct machine *host, size_t device, unsigned int vmid)
{
	struct record *record = &host->records[device];

	*record = (struct record){.bdf = host->devices[device].bdf,
				  .vmid = vmid,
				  .stage = RECORD_TAKEN,
				  .identity = host->devices[device].identity,
				  .driver = e1000e,
				  .deadline = 30};
	host->devices[device].record = record;
	return record;
}

/* Takes back what the facts of the plan before hold. */
static void forget(struct machine *host)
{
	factscase_free(&host->facts);
}

#define auto_machine cleanup_with(forget)

/* A plan for VM 100 with that config; HOST must outlive it. */
static struct plan *make_with(struct machine *host, const char *config,
			      const struct settings *settings)
{
	struct plan *plan = NULL;

	host->facts.settings = settings;
	factscase_decide(&host->facts, config, NULL);
	assert_int_equal(plan_make(&host->facts, &plan), 0);
	return plan;
}

static struct plan *make(struct machine *host, const char *config)
{
	return make_with(host, config, &settings_default);
}

#define auto_plan cleanup_with(plan_freep)

/* One step at least is a command, unless no command can do it. */
static void assert_command(const struct refusal *refusal)
{
	static const char *const words_only[] = {
		"run this as root", /* whoever can, knows how to become root */
		"the mapping: Datacenter, Resource Mappings",
		"a cold start",
		"turn VMD", /* in the firmware setup */
		"correct that line",
		"/etc/pve-passthrough.conf", /* a line of the settings */
		"take igfx_off out of it",   /* in a file of the boot loader; then a reboot */
		"end what uses it (RAID 5",
	};
	/* Those are texts of the checklist (test_check). */
	bool known = refusal->reason == REFUSAL_HOST;

	for (size_t i = 0; i < refusal->n_cures; i++) {
		known = known || refusal->cures[i].command;
		for (size_t k = 0; !refusal->cures[i].command && k < ARRAY_SIZE(words_only); k++)
			known = known || strstr(refusal->cures[i].words, words_only[k]);
	}
	if (!known)
		fail_msg("no command cures: %s", refusal->what);
}

/* All that cures the refusal, one step a line. */
static char *cures_of(const struct refusal *refusal)
{
	char *text = strdup("");

	for (size_t i = 0; i < refusal->n_cures; i++) {
		auto_free char *line = cure_text(&refusal->cures[i]);
		char *longer = fs_path("%s%s\n", text, line);

		assert_non_null(longer);
		free(text);
		text = longer;
	}
	assert_true(refusal->n_cures);
	assert_true(*refusal->brief);
	assert_command(refusal);
	return text;
}

static void show(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_refusals; i++) {
		auto_free char *cures = cures_of(&plan->refusals[i]);

		print_error("refusal %d: %s\ncure: %s\n", plan->refusals[i].reason,
			    plan->refusals[i].what, cures);
	}
	for (size_t i = 0; i < plan->n_warnings; i++)
		print_error("warning: %s\n", plan->warnings[i].what);
}

static void assert_counts(const struct plan *plan, size_t refusals, size_t warnings)
{
	if (plan->n_refusals != refusals || plan->n_warnings != warnings)
		show(plan);
	assert_int_equal(plan->n_refusals, refusals);
	assert_int_equal(plan->n_warnings, warnings);
}

/* Whether CURE is one of the whole lines of TEXT. */
static bool has_line(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (const char *at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		if (!strncmp(at, line, len) && (!at[len] || at[len] == '\n'))
			return true;
	return false;
}

static void assert_refusal(const struct plan *plan, size_t i, enum refusal_reason reason,
			   const char *what, const char *cure_line)
{
	auto_free char *cures = NULL;

	assert_true(i < plan->n_refusals);
	cures = cures_of(&plan->refusals[i]);
	if (plan->refusals[i].reason != reason || !strstr(plan->refusals[i].what, what) ||
	    (cure_line && !has_line(cures, cure_line))) {
		show(plan);
		fail_msg("not as refusal %zu: '%s', cure '%s'", i, what, cure_line);
	}
}

static void test_good(void **state)
{
	auto_machine struct machine host = {0};
	auto_plan struct plan *plan = NULL;

	(void)state;
	prepare(&host);
	plan = make(&host, Q35 "hostpci0: 01:00.0,pcie=1\n");
	assert_counts(plan, 0, 0);
	assert_int_equal(plan->n_steps, 1);
	assert_ptr_equal(plan->steps[0].device, &host.devices[0]);
	assert_string_equal(plan->steps[0].returns_to, "e1000e");
	assert_int_equal(plan->steps[0].why, RETURN_DRIVER_NOW);
}

/* ---- refusals that the config alone decides ---- */

static void test_config_refusals(void **state)
{
	static const char keep_pcie[] =
		"to run this VM as it is instead, put this line into /etc/pve-passthrough.conf: "
		"vm100 = { pcie = \"warn\"; };";
	static const char guest[] =
		"what that does to a guest that is already installed: its network interfaces get "
		"other names";
	static const char windows[] =
		"what that does to a guest that is already installed: its network interfaces get "
		"other names, and Windows forgets a static address";
	static const struct {
		const char *config;
		enum refusal_reason reason;
		const char *what, *cure;
	} rows[] = {
		{"hostpci0: 01:00.0,pcie=1\n", REFUSAL_NOT_Q35,
		 "machine: pc, the default; this is not q35", "qm set 100 --machine q35"},
		{"hostpci0: 01:00.0,pcie=1\n", REFUSAL_NOT_Q35, "machine", guest},
		{"ostype: win11\nhostpci0: 01:00.0,pcie=1\n", REFUSAL_NOT_Q35, "machine", windows},
		/* With pcie=1 the setting alone is no cure: Proxmox VE aborts. */
		{"hostpci0: 01:00.0,pcie=1\n", REFUSAL_NOT_Q35, "machine",
		 "so remove pcie=1, too: qm set 100 --hostpci0 01:00.0"},
		{"machine: pc-i440fx-9.2+pve1\nhostpci0: 01:00.0,pcie=1\n", REFUSAL_NOT_Q35,
		 "machine: pc-i440fx-9.2+pve1;", "qm set 100 --machine q35"},
		{"args: -set device.hostpci0.addr=02.0 -set device.hostpci0.x-igd-gms=0x2\n"
		 "hostpci0: 01:00.0\n",
		 REFUSAL_NOT_Q35, "machine: pc, the default;",
		 "to run this VM as it is instead, put this line into /etc/pve-passthrough.conf: "
		 "vm100 = { machine = \"warn\"; };"},
		{"args: -set device.hostpci0.addr=12.0 -set device.hostpci0.x-igd-opregion=on\n"
		 "hostpci0: 01:00.0,pcie=1\n",
		 REFUSAL_NOT_Q35, "machine: pc, the default;", "qm set 100 --machine q35"},
		/* Proxmox VE drops that line, and runs the default. */
		{"machine: Q35\nhostpci0: 01:00.0,pcie=1\n", REFUSAL_NOT_Q35,
		 "machine: pc, the default;", "qm set 100 --machine q35"},
		/* There is no q35 for aarch64, and its machine is PCI Express by itself. */
		{"arch: aarch64\nhostpci0: 01:00.0,pcie=1\n", REFUSAL_PCIE_WITHOUT_Q35,
		 "hostpci0: pcie=1 on a machine that is not q35", "qm set 100 --hostpci0 01:00.0"},
		{"arch: aarch64\nmachine: pc\nhostpci0: 01:00.0\n", REFUSAL_NOT_Q35,
		 "machine: pc; this is not q35",
		 "the machine of aarch64, virt, is Proxmox VE's default: qm set 100 --delete "
		 "machine"},
		/* virt is for aarch64 only. */
		{"machine: virt\nhostpci0: 01:00.0,pcie=1\n", REFUSAL_NOT_Q35, "machine: virt;",
		 "qm set 100 --machine q35"},
		{Q35 "hostpci0: 01:00.0\n", REFUSAL_NO_PCIE,
		 "hostpci0: 0000:01:00.0 is a PCI Express device, but the entry does not say pcie=1",
		 "qm set 100 --hostpci0 01:00.0,pcie=1"},
		{Q35 "hostpci0: 01:00.0\n", REFUSAL_NO_PCIE, "hostpci0", keep_pcie},
		{Q35 "hostpci15: 0000:01:00,x-vga=1,romfile=a b.rom\n", REFUSAL_NO_PCIE,
		 "hostpci15:",
		 "qm set 100 --hostpci15 '0000:01:00,pcie=1,x-vga=1,romfile=a b.rom'"},
		{Q35 "hostpci1: x-vga=1,pcie=0,host=01:00.0\n", REFUSAL_NO_PCIE,
		 "hostpci1:", "qm set 100 --hostpci1 x-vga=1,pcie=1,host=01:00.0"},
		/* Whatever stands in an entry stays one word for a shell. */
		{Q35 "hostpci0: 01:00.0,romfile=$(reboot)'`x`\n", REFUSAL_NO_PCIE,
		 "hostpci0:", "qm set 100 --hostpci0 '01:00.0,pcie=1,romfile=$(reboot)'\\''`x`'"},
		{Q35 "hostpci0: 01:00.0,pcie=1\nhostpci3: mapping=gpu,pcie=1\n", REFUSAL_ENTRY,
		 "hostpci3: mapping=gpu: /etc/pve/mapping/pci.cfg has no device of that name for this "
		 "node (",
		 NULL},
		{Q35 "hostpci0: 01:00.0,pcie=1\nhostpci3: pcie=1\n", REFUSAL_ENTRY,
		 "hostpci3: 'pcie=1' has neither host= nor mapping=",
		 "or take it out: qm set 100 --delete hostpci3"},
		{Q35 "hostpci0: 01:00.0,pcie=1,mapping=gpu\n", REFUSAL_ENTRY,
		 "has both host= and mapping=",
		 "give it an address: qm set 100 --hostpci0 0000:BB:DD.F,pcie=1"},
		{Q35 "hostpci0: 01:00.0,pcie=1\nhostpci1: 02:00,pcie=1\n", REFUSAL_ABSENT,
		 "hostpci1: there is no PCI device at 0000:02:00 on this host",
		 "find its address now: lspci -Dnn"},
		/* Proxmox VE's grammar lets it pass; no device can have it. */
		{Q35 "hostpci0: 01:00.0,pcie=1\nhostpci1: 01:ff.f,pcie=1\n", REFUSAL_ABSENT,
		 "0000:01:ff.f", "then: qm set 100 --hostpci1 ADDRESS,pcie=1"},
		{Q35 "hostpci0: 01:00.0;01:00.1,pcie=1\n", REFUSAL_ABSENT, "0000:01:00.1",
		 "or take it out: qm set 100 --delete hostpci0"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_machine struct machine host = {0};
		auto_plan struct plan *plan = NULL;

		prepare(&host);
		plan = make(&host, rows[i].config);
		assert_int_equal(plan->n_refusals, 1);
		assert_refusal(plan, 0, rows[i].reason, rows[i].what, rows[i].cure);
	}
}

/* ---- refusals that the machine decides ---- */

static void iommu_off(struct machine *host)
{
	static char what[] = "the IOMMU is off", cure[] = "host-setup enable && reboot";
	static struct check_item items[] = {
		{"vfio", CHECK_OK, what, NULL, NULL, 0},
		{"iommu-active", CHECK_MISSING, what, NULL, cure, 0},
		{"remapping", CHECK_WARNING, what, NULL, cure, 0},
	};

	host->facts.host = (struct checklist){items, ARRAY_SIZE(items)};
	host->facts.iommu_active = false;
	host->devices[0].group = -1;
	host->facts.n_groups = 0;
}

static void no_group(struct machine *host)
{
	host->devices[0].group = -1;
	host->facts.n_groups = 0;
}

static void igpu_left_out(struct machine *host)
{
	no_group(host);
	host->devices[0].identity.class = 0x030000;
	host->facts.igpu_cure = (char *)"take igfx_off out of it\nreboot";
}

static void bridge(struct machine *host)
{
	host->devices[0].bridge = true;
}

static struct holder_cure service = {(char *)"stop what runs it",
				     (char *)"systemctl stop spdk.service"};

static void open_group(struct machine *host)
{
	host->holder = (struct vfio_holder){4711, kvm, 0};
	host->groups[0].holders = (struct vfio_holders){&host->holder, 1, true};
	host->groups[0].cures = &service;
}

static void open_by_own(struct machine *host)
{
	open_group(host);
	host->holder.vmid = 100;
}

static void open_by_somebody(struct machine *host)
{
	host->groups[0].holders.open = true;
}

static void other_runs(struct machine *host)
{
	add_record(host, 0, 101);
	host->devices[0].record_vm_runs = true;
}

static void other_is_locked(struct machine *host)
{
	add_record(host, 0, 101);
	host->devices[0].record_vm_locked = true;
}

static void neighbour_of_other(struct machine *host)
{
	add_device(host, (struct bdf){0, 1, 0, 1});
	add_record(host, 1, 101);
	host->devices[1].record_vm_runs = true;
}

/* A record, a reservation and an open group: one cause. */
static void other_has_it(struct machine *host)
{
	other_runs(host);
	host->devices[0].reserved_for = 101;
	host->holder = (struct vfio_holder){4711, kvm, 101};
	host->groups[0].holders = (struct vfio_holders){&host->holder, 1, true};
}

static void record_closed(struct machine *host)
{
	static char why[] = "/run/x: Permission denied";

	host->devices[0].record_error = why;
	host->devices[0].record_err = -EACCES;
}

static void record_on_bad_disk(struct machine *host)
{
	static char why[] = "/run/x: Input/output error";

	host->devices[0].record_error = why;
	host->devices[0].record_err = -EIO;
}

static void holders_unknown(struct machine *host)
{
	host->groups[0].holders_err = -EIO;
}

static void holders_closed(struct machine *host)
{
	host->groups[0].holders_err = -EACCES;
}

static void reservations_unknown(struct machine *host)
{
	host->facts.reservations_err = -EIO;
}

static void usage_unknown(struct machine *host)
{
	host->facts.usage_err = -EPERM;
}

static void identity_closed(struct machine *host)
{
	static char why[] = "/var/x: Permission denied";

	host->facts.identity_error = why;
	host->facts.identity_err = -EACCES;
}

static void reserved_group(struct machine *host)
{
	host->groups[0].reserved = true;
}

static void reserved_in_vm(struct machine *host)
{
	host->groups[0].reserved = true;
	host->facts.in_vm = true;
}

static void reserved_unknown(struct machine *host)
{
	host->groups[0].reserved_err = -EIO;
}

static void bad_record(struct machine *host)
{
	static char why[] = "/run/x: not a record";

	host->devices[0].record_error = why;
	host->devices[0].record_err = -EINVAL;
}

static void other_identity(struct machine *host)
{
	add_record(host, 0, 100)->identity.device = 0x1533;
}

static void test_machine_refusals(void **state)
{
	static const struct {
		void (*change)(struct machine *host);
		enum refusal_reason reason;
		const char *what, *cure;
	} rows[] = {
		{iommu_off, REFUSAL_HOST, "the IOMMU is off", "host-setup enable && reboot"},
		{no_group, REFUSAL_NO_GROUP, "0000:01:00.0 is in no IOMMU group",
		 "look for it in the kernel's log: journalctl -k -g 'DMAR|AMD-Vi|0000:01:00.0'"},
		{igpu_left_out, REFUSAL_NO_GROUP, "0000:01:00.0 is in no IOMMU group",
		 "take igfx_off out of it"},
		{bridge, REFUSAL_BRIDGE, "0000:01:00.0 is a PCI bridge",
		 "name the devices below it instead; they are listed by: lspci -Dtnn"},
		{reserved_group, REFUSAL_RESERVED,
		 "the firmware reserves memory for IOMMU group 10 (RMRR)",
		 "look in the firmware setup for shared memory or management features of its devices, "
		 "and turn them off; they are listed by: host-setup groups"},
		{reserved_in_vm, REFUSAL_RESERVED, "reserves memory for IOMMU group 10 (RMRR)",
		 "this host is itself a VM, and its hypervisor reserves that memory: look there how "
		 "it passes these devices to this host; they are listed by: host-setup groups"},
		{reserved_unknown, REFUSAL_UNREADABLE,
		 "whether the firmware reserves memory for IOMMU group 10 cannot be read: Input/output",
		 "look at it: cat /sys/kernel/iommu_groups/10/reserved_regions"},
		{open_group, REFUSAL_GROUP_OPEN,
		 "IOMMU group 10 is in use through VFIO by process 4711 (kvm)",
		 "stop what runs it: systemctl stop spdk.service"},
		{open_by_own, REFUSAL_GROUP_OPEN, "by process 4711 (kvm of VM 100)",
		 "this VM's QEMU outlived it; end it: kill 4711"},
		{open_by_somebody, REFUSAL_GROUP_OPEN, "by a process that cannot be seen from here",
		 "see who that is, as root and outside of any container, and end it: fuser -v "
		 "/dev/vfio/10"},
		{other_runs, REFUSAL_OTHER_VM, "0000:01:00.0: VM 101 runs with it",
		 "qm shutdown 101"},
		{other_is_locked, REFUSAL_OTHER_VM,
		 "0000:01:00.0: it is taken for VM 101, which is being started, stopped or changed",
		 "wait for that task, then: qm start 100"},
		{neighbour_of_other, REFUSAL_OTHER_VM,
		 "0000:01:00.1 (not named by the VM, but in its IOMMU group 10): VM 101 runs with it",
		 "qm shutdown 101"},
		{bad_record, REFUSAL_RECORD,
		 "0000:01:00.0 is recorded as taken, but the record cannot be used: /run/x: not a record",
		 "then: rm -f "
		 "/run/pve-passthrough/records/0000:01:00.0 "
		 "/run/pve-passthrough/records/0000:01:00.0.broken"},
		{other_has_it, REFUSAL_OTHER_VM, "0000:01:00.0: VM 101 runs with it",
		 "qm shutdown 101"},
		/* Whoever may not look is told so, and never to remove what may be good. */
		{record_closed, REFUSAL_RECORD, "Permission denied", "run this as root"},
		{record_on_bad_disk, REFUSAL_RECORD, "Input/output error",
		 "look at it: ls -l /run/pve-passthrough/records"},
		{holders_unknown, REFUSAL_UNREADABLE,
		 "who uses IOMMU group 10 through VFIO cannot be read: Input/output error",
		 "look yourself: fuser -v /dev/vfio/10"},
		{holders_closed, REFUSAL_UNREADABLE, "who uses IOMMU group 10", "run this as root"},
		{reservations_unknown, REFUSAL_UNREADABLE,
		 "which devices Proxmox VE has reserved for other VMs cannot be read",
		 "look at it: ls -l /run/qemu-server/pci-id-reservations"},
		{usage_unknown, REFUSAL_UNREADABLE,
		 "what this host does with the devices cannot be read: Operation not permitted",
		 "run this as root"},
		{identity_closed, REFUSAL_MOVED, "Permission denied", "run this as root"},
		{other_identity, REFUSAL_IDENTITY,
		 "0000:01:00.0 was taken for VM 100 as 8086:1533:8086:0000:020000, but the device there "
		 "now is 8086:10d3:8086:0000:020000",
		 "if the hardware was exchanged, remove the record: rm "
		 "/run/pve-passthrough/records/0000:01:00.0"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_machine struct machine host = {0};
		auto_plan struct plan *plan = NULL;

		prepare(&host);
		rows[i].change(&host);
		plan = make(&host, Q35 "hostpci0: 01:00.0,pcie=1\n");
		assert_counts(plan, 1, 0);
		assert_refusal(plan, 0, rows[i].reason, rows[i].what, rows[i].cure);
	}
}

/* With what may not be read, nothing is cured by removing it. */
static void test_root_is_the_only_cure(void **state)
{
	static void (*const changes[])(struct machine * host) = {record_closed, holders_closed,
								 usage_unknown, identity_closed};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		auto_machine struct machine host = {0};
		auto_plan struct plan *plan = NULL;

		prepare(&host);
		changes[i](&host);
		plan = make(&host, Q35 "hostpci0: 01:00.0,pcie=1\n");
		assert_counts(plan, 1, 0);
		assert_int_equal(plan->refusals[0].n_cures, 1);
		assert_null(plan->refusals[0].cures[0].command);
	}
}

/* Only commands that change configuration are for `vm --fix`. */
static void test_fixes(void **state)
{
	auto_machine struct machine host = {0};
	auto_plan struct plan *plan = NULL;

	(void)state;
	prepare(&host);
	other_runs(&host);
	plan = make(&host, "hostpci0: 01:00.0\n");
	assert_counts(plan, 3, 0);
	assert_string_equal(plan->refusals[0].cures[0].fix[3], "--machine");
	assert_string_equal(plan->refusals[0].cures[0].command, "qm set 100 --machine q35");
	assert_non_null(plan->refusals[1].cures[0].fix);
	assert_string_equal(plan->refusals[2].cures[0].command, "qm shutdown 101");
	assert_null(plan->refusals[2].cures[0].fix);
}

/* Settings that cannot be read are all that is said. */
static void test_settings_unreadable(void **state)
{
	struct settings settings = settings_default;
	auto_machine struct machine host = {0};
	auto_plan struct plan *plan = NULL;

	(void)state;
	prepare(&host);
	other_runs(&host);
	settings.err = -EACCES;
	plan = make_with(&host, "hostpci0: 01:00.0\n", &settings);
	assert_counts(plan, 1, 0);
	assert_refusal(plan, 0, REFUSAL_SETTINGS, "Permission denied", "run this as root");
}

/* Its own devices keep no VM that runs from its next start; a QEMU that outlived it does. */
static void test_own_group(void **state)
{
	auto_machine struct machine host = {0};
	auto_plan struct plan *plan = NULL, *outlived = NULL;

	(void)state;
	prepare(&host);
	add_record(&host, 0, 100);
	host.holder = (struct vfio_holder){4711, kvm, 100};
	host.groups[0].holders = (struct vfio_holders){&host.holder, 1, true};
	host.facts.vm_runs = true;
	plan = make(&host, Q35 "hostpci0: 01:00.0,pcie=1\n");
	assert_counts(plan, 0, 1);
	assert_string_equal(plan->warnings[0].what, "VM 100 runs with them now");
	host.facts.vm_runs = false;
	outlived = make(&host, Q35 "hostpci0: 01:00.0,pcie=1\n");
	assert_counts(outlived, 1, 0);
	assert_refusal(outlived, 0, REFUSAL_GROUP_OPEN, "by process 4711 (kvm of VM 100)", NULL);
}

/* The first refusal that is about it; n_refusals: none. */
static size_t find_refusal(const struct plan *plan, const char *about)
{
	size_t i = 0;

	while (i < plan->n_refusals && !strstr(plan->refusals[i].what, about))
		i++;
	return i;
}

/* ---- virtual functions ---- */

/* A VF that vfio-pci has made opens with a token, of which only args can tell QEMU. */
static void test_pf_on_vfio(void **state)
{
	static const struct {
		const char *config;
		bool named, refused;
	} rows[] = {
		{Q35 "hostpci0: 01:00.0,pcie=1\n", true, true},
		{"args: -device vfio-pci,host=0000:01:00.0\n", true, true},
		{"args: -device vfio-pci,host=0000:01:00.0,vf-token=7e5b\n", true, false},
		{Q35 "hostpci0: 01:00.0,pcie=1\nargs: -set device.hostpci0.vf-token=7e5b\n", true,
		 false},
		/* QEMU does not open a neighbour. */
		{Q35 "hostpci0: 01:00.1,pcie=1\n", false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_machine struct machine host = {0};
		auto_plan struct plan *plan = NULL;

		prepare(&host);
		host.devices[0].pf_on_vfio = true;
		host.devices[0].pf = (struct bdf){0, 3, 0, 0};
		host.devices[0].named = rows[i].named;
		plan = make(&host, rows[i].config);
		if (find_refusal(plan, "is on vfio-pci") == plan->n_refusals) {
			assert_false(rows[i].refused);
			continue;
		}
		assert_true(rows[i].refused);
		assert_refusal(plan, find_refusal(plan, "is on vfio-pci"), REFUSAL_VF,
			       "0000:01:00.0 is a virtual function of 0000:03:00.0, which is on "
			       "vfio-pci",
			       "then have that driver create N VFs, now and at every boot: "
			       "host-setup sriov 0000:03:00.0 N");
	}
}

/* ---- all refusals come together ---- */

static void test_all_at_once(void **state)
{
	auto_machine struct machine host = {0};
	auto_plan struct plan *plan = NULL;

	(void)state;
	prepare(&host);
	iommu_off(&host);
	plan = make(&host, "hostpci0: 01:00.0\nhostpci1: 05:00.0,pcie=1\nhostpci2: mapping=gpu\n"
			   "hostpci3: rombar=0\n");
	assert_counts(plan, 6, 0);
	assert_int_equal(plan->refusals[0].reason, REFUSAL_NOT_Q35);
	assert_int_equal(plan->refusals[1].reason, REFUSAL_ENTRY);
	assert_int_equal(plan->refusals[2].reason, REFUSAL_ENTRY);
	assert_int_equal(plan->refusals[3].reason, REFUSAL_NO_PCIE);
	assert_int_equal(plan->refusals[4].reason, REFUSAL_HOST);
	assert_int_equal(plan->refusals[5].reason, REFUSAL_ABSENT);
}

/* What two findings have as their cure is said once. */
static void test_host_cure_once(void **state)
{
	static char vfio[] = "no module vfio", type1[] = "no module vfio_iommu_type1", cure[] = "x";
	static struct check_item items[] = {
		{"vfio", CHECK_MISSING, vfio, NULL, cure, 0},
		{"vfio-type1", CHECK_MISSING, type1, NULL, cure, 0},
	};
	auto_machine struct machine host = {0};
	auto_plan struct plan *plan = NULL;

	(void)state;
	prepare(&host);
	host.facts.host = (struct checklist){items, ARRAY_SIZE(items)};
	plan = make(&host, Q35 "hostpci0: 01:00.0,pcie=1\n");
	assert_counts(plan, 1, 0);
	assert_refusal(plan, 0, REFUSAL_HOST, "no module vfio; no module vfio_iommu_type1", "x");
}

/* ---- settings ---- */

static void test_policies(void **state)
{
	static const struct {
		enum policy machine, pcie;
		const char *config;
		size_t refusals, warnings;
	} rows[] = {
		{POLICY_WARN, POLICY_REFUSE, "hostpci0: 01:00.0\n", 0, 1},
		{POLICY_OFF, POLICY_REFUSE, "hostpci0: 01:00.0\n", 0, 0},
		{POLICY_REFUSE, POLICY_WARN, "hostpci0: 01:00.0\n", 1, 1},
		{POLICY_REFUSE, POLICY_WARN, Q35 "hostpci0: 01:00.0\n", 0, 1},
		{POLICY_REFUSE, POLICY_OFF, Q35 "hostpci0: 01:00.0\n", 0, 0},
		{POLICY_OFF, POLICY_OFF, "hostpci0: 01:00.0\n", 0, 0},
		/* Proxmox VE aborts that, whatever we are told. */
		{POLICY_OFF, POLICY_OFF, "hostpci0: 01:00.0,pcie=1\n", 1, 0},
		{POLICY_WARN, POLICY_OFF, "hostpci0: 01:00.0,pcie=1\n", 1, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct settings settings = {
			.machine = rows[i].machine, .pcie = rows[i].pcie, .deadline = 30};
		auto_machine struct machine host = {0};
		auto_plan struct plan *plan = NULL;

		prepare(&host);
		plan = make_with(&host, rows[i].config, &settings);
		assert_counts(plan, rows[i].refusals, rows[i].warnings);
		if (!rows[i].refusals)
			assert_int_equal(plan->n_steps, 1);
	}
}

static void test_pcie_without_q35(void **state)
{
	struct settings settings = {.machine = POLICY_OFF, .pcie = POLICY_OFF, .deadline = 30};
	auto_machine struct machine host = {0};
	auto_plan struct plan *plan = NULL;

	(void)state;
	prepare(&host);
	plan = make_with(&host, "hostpci0: 01:00.0,pcie=1\n", &settings);
	assert_counts(plan, 1, 0);
	assert_refusal(plan, 0, REFUSAL_PCIE_WITHOUT_Q35,
		       "hostpci0: pcie=1 on a machine that is not q35", "qm set 100 --machine q35");
	assert_refusal(plan, 0, REFUSAL_PCIE_WITHOUT_Q35, "",
		       "to keep this machine: qm set 100 --hostpci0 01:00.0");
}

/* ---- exemptions ---- */

#define IGD	  "vga: none\nhostpci0: 00:02.0,legacy-igd=1\n"
#define IGD_ENTRY "00:02.0,legacy-igd=1"

static void test_legacy_igd(void **state)
{
	auto_machine struct machine host = {0};
	auto_plan struct plan *plan = NULL;

	(void)state;
	prepare(&host);
	add_device(&host, (struct bdf){0, 0, 2, 0})->named = true;
	plan = make(&host, IGD "hostpci1: 01:00.0,pcie=0\n");
	assert_counts(plan, 0, 1);
	assert_non_null(
		strstr(plan->warnings[0].what,
		       "hostpci0: legacy-igd=1 works on i440fx only, so neither q35 nor pcie=1"));
	assert_int_equal(plan->n_steps, 2);
}

static void test_legacy_igd_on_q35(void **state)
{
	auto_machine struct machine host = {0};
	auto_plan struct plan *plan = NULL;

	(void)state;
	prepare(&host);
	add_device(&host, (struct bdf){0, 0, 2, 0})->named = true;
	plan = make(&host, Q35 IGD);
	assert_counts(plan, 1, 0);
	assert_refusal(plan, 0, REFUSAL_IGD_WITH_Q35, "hostpci0: legacy-igd=1 works on i440fx only",
		       "qm set 100 --machine pc");
}

/* What Proxmox VE aborts such a start for (PVE/QemuServer/PCI.pm, parse_hostpci_devices). */
static void test_legacy_igd_refusals(void **state)
{
	static const struct {
		const char *config, *what, *cure;
	} rows[] = {
		{IGD "hostpci1: 01:00.0,pcie=1,rombar=0\n",
		 "hostpci1: pcie=1 does not go with legacy-igd=1 (hostpci0)",
		 "qm set 100 --hostpci1 01:00.0,rombar=0"},
		/* An entry that is left to Proxmox VE. */
		{IGD "hostpci1: 01:00.0,mdev=nvidia-63,pcie=1\n", "hostpci1: pcie=1 does not go",
		 "qm set 100 --hostpci1 01:00.0,mdev=nvidia-63"},
		/* One command for all: each sets the whole entry. */
		{"vga: none\nhostpci0: " IGD_ENTRY ",pcie=1,x-vga=1,romfile=i.rom,rombar=0\n",
		 "hostpci0: pcie=1, x-vga=1, rombar=0 does not go with legacy-igd=1 (hostpci0)",
		 "qm set 100 --hostpci0 00:02.0,legacy-igd=1,romfile=i.rom"},
		{"hostpci0: " IGD_ENTRY "\n",
		 "legacy-igd=1 needs the line vga: none, and this VM has none for vga",
		 "qm set 100 --vga none"},
		{"vga: std,memory=32\nhostpci0: " IGD_ENTRY "\n", "has vga: std,memory=32; Proxmox",
		 "qm set 100 --vga none"},
		/* It compares the line, not its option. */
		{"vga: type=none\nhostpci0: " IGD_ENTRY "\n", "has vga: type=none; Proxmox",
		 "qm set 100 --vga none"},
		{"vga: none\nhostpci0: 01:00.0,legacy-igd=1\n",
		 "is for the integrated graphics at 00:02.0, and the entry names 0000:01:00.0",
		 "qm set 100 --hostpci0 01:00.0"},
		{"vga: none\nhostpci0: 00:02.0;01:00.0,legacy-igd=1\n",
		 "legacy-igd=1 is for one function, and the entry names 2",
		 "name the integrated graphics alone: 0000:00:02.0"},
		{IGD "hostpci2: 01:00.0,legacy-igd=1\n",
		 "hostpci2: legacy-igd=1 is in hostpci0, too, and a VM can have it once",
		 "qm set 100 --hostpci2 01:00.0"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_machine struct machine host = {0};
		auto_plan struct plan *plan = NULL;

		prepare(&host);
		add_device(&host, (struct bdf){0, 0, 2, 0})->named = true;
		plan = make(&host, rows[i].config);
		assert_int_equal(plan->n_refusals, 1);
		assert_refusal(plan, 0, REFUSAL_ENTRY, rows[i].what, rows[i].cure);
	}
}

/* A mapping of several lines has alternatives, whichever of them is free; of one line it has none.
 */
static void test_legacy_igd_mapping(void **state)
{
#define LINE(node, path) \
	"\tmap id=8086:10d3,subsystem-id=8086:0000,iommugroup=10,node=" node ",path=" path "\n"
	static const struct {
		const char *mappings, *what, *cure;
	} rows[] = {
		{"gpu\n" LINE("lab", "0000:00:02.0"), NULL, NULL},
		{"gpu\n" LINE("lab", "0000:00:02.0") LINE("pve2", "0000:00:02.0"), NULL, NULL},
		{"gpu\n" LINE("lab", "0000:01:00.0") LINE("lab", "0000:00:02.0"),
		 "hostpci0: legacy-igd=1 is for one device, and mapping gpu has 2 lines for this "
		 "node (lab)",
		 "name the integrated graphics alone: qm set 100 --hostpci0 "
		 "0000:00:02.0,legacy-igd=1,rombar=1"},
		{"gpu\n" LINE("lab", "0000:01:00.0") LINE("lab", "0000:01:00.1"),
		 "mapping gpu has 2 lines", "qm set 100 --hostpci0 mapping=gpu,rombar=1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_machine struct machine host = {0};
		auto_plan struct plan *plan = NULL;
		size_t found;

		prepare(&host);
		add_device(&host, (struct bdf){0, 0, 2, 0});
		factscase_decide(&host.facts,
				 "vga: none\nhostpci0: mapping=gpu,legacy-igd=1,rombar=1\n",
				 rows[i].mappings);
		assert_int_equal(plan_make(&host.facts, &plan), 0);
		found = find_refusal(plan, "legacy-igd=1");
		if (rows[i].what)
			assert_refusal(plan, found, REFUSAL_ENTRY, rows[i].what, rows[i].cure);
		else
			assert_int_equal(found, plan->n_refusals);
	}
#undef LINE
}

static void test_igd_placed_by_args(void **state)
{
	auto_machine struct machine host = {0};
	auto_plan struct plan *plan = NULL;

	(void)state;
	prepare(&host);
	plan = make(&host, "args: -set 'device.hostpci0.addr=0x2'\nhostpci0: 01:00.0\n");
	assert_counts(plan, 1, 0);
	for (size_t i = 0; i < plan->refusals[0].n_cures; i++)
		assert_null(plan->refusals[0].cures[i].fix);
}

static void test_no_romfile(void **state)
{
	auto_machine struct machine host = {0};
	auto_plan struct plan *plan = NULL;

	(void)state;
	prepare(&host);
	host.facts.no_romfile[0] = true;
	plan = make(&host, Q35 "hostpci0: 01:00.0,pcie=1,romfile=a b.rom\n");
	assert_counts(plan, 1, 0);
	assert_refusal(plan, 0, REFUSAL_ENTRY,
		       "hostpci0: romfile=a b.rom: there is no /usr/share/kvm/a b.rom on this node",
		       "copy it there; each node needs its own copy");
	assert_refusal(plan, 0, REFUSAL_ENTRY, "QEMU would not start",
		       "or, if the card needs none: qm set 100 --hostpci0 01:00.0,pcie=1");
}

static void test_conventional_device(void **state)
{
	auto_machine struct machine host = {0};
	auto_plan struct plan *plan = NULL;

	(void)state;
	prepare(&host);
	host.devices[0].express = false;
	plan = make(&host, Q35 "hostpci0: 01:00.0\n");
	assert_counts(plan, 0, 0);
	assert_int_equal(plan->n_steps, 1);
}

/* One PCIe function among conventional ones is enough to ask for pcie=1. */
static void test_mixed_slot(void **state)
{
	auto_machine struct machine host = {0};
	auto_plan struct plan *plan = NULL;

	(void)state;
	prepare(&host);
	host.devices[0].express = false;
	add_device(&host, (struct bdf){0, 1, 0, 1})->named = true;
	plan = make(&host, Q35 "hostpci0: 01:00\n");
	assert_counts(plan, 1, 0);
	assert_refusal(plan, 0, REFUSAL_NO_PCIE, "0000:01:00.1",
		       "qm set 100 --hostpci0 01:00,pcie=1");
}

static void test_entries_that_need_no_binding(void **state)
{
	static const struct {
		const char *config;
		bool needed;
	} rows[] = {
		{"", false},
		{"machine: pc\n", false},
		{"hostpci0: 01:00.0\n", true},
		{"hostpci15: 01:00.0\n", true},
		{"hostpci16: 01:00.0\n", false},
		{"hostpci0: 01:00.0,mdev=nvidia-11\n", false},
		{"hostpci0: 01:00.0,driver=keep\n", false},
		{"hostpci0: 01:00.0,driver=vfio\n", true},
		{"hostpci0: 01:00.0,mdev=a\nhostpci1: 02:00.0\n", true},
		{"hostpci0: mapping=gpu\n", true},
		{"hostpci0: \n", true},
		{"hostpci0: 01:00.0\ntemplate: 1\n", false},
		{"hostpci0: 01:00.0\ntemplate: 0\n", true},
		{"[PENDING]\nhostpci0: 01:00.0\n", false},
		{"[snap]\nhostpci0: 01:00.0\n", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct facts facts = {0};

		factscase_decide(&facts, rows[i].config, NULL);
		if (facts_need_binding(&facts) != rows[i].needed)
			fail_msg("needed or not: %s", rows[i].config);
		factscase_free(&facts);
	}
}

/* They ask nothing of the machine, beside one that does. */
static void test_exempt_entries_are_not_looked_at(void **state)
{
	auto_machine struct machine host = {0};
	auto_plan struct plan *plan = NULL;

	(void)state;
	prepare(&host);
	plan = make(&host, Q35 "hostpci0: 01:00.0,pcie=1\nhostpci1: 09:00.0,mdev=x\n"
			       "hostpci2: 0a:00.0,driver=keep\nhostpci3: mapping=gpu,mdev=x\n");
	assert_counts(plan, 0, 0);
	assert_int_equal(plan->n_steps, 1);
}

/* But Proxmox VE itself does, of pcie=1, whatever the settings say. */
static void test_exempt_entries_with_pcie(void **state)
{
	static const struct {
		const char *config;
		size_t refused;
	} rows[] = {
		{"hostpci1: 09:00.0,mdev=x,pcie=1\n", 1},
		{"machine: pc\nhostpci2: 0a:00.0,driver=keep,pcie=1\n", 1},
		{"hostpci1: 09:00.0,mdev=x,pcie=1\nhostpci2: mapping=gpu,driver=keep,pcie=1\n", 2},
		{"arch: aarch64\nhostpci1: 09:00.0,mdev=x,pcie=1\n", 1},
		{Q35 "hostpci1: 09:00.0,mdev=x,pcie=1\n", 0},
		{"hostpci1: 09:00.0,mdev=x\nhostpci2: 0a:00.0,driver=keep,pcie=0\n", 0},
		{"template: 1\nhostpci1: 09:00.0,mdev=x,pcie=1\n", 0},
		/* The cure of the machine is that of the entry. */
		{"hostpci0: 01:00.0,pcie=1\nhostpci1: 09:00.0,mdev=x,pcie=1\n", 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_machine struct machine host = {0};
		auto_plan struct plan *plan = NULL;

		prepare(&host);
		plan = make(&host, rows[i].config);
		if (plan->n_refusals != rows[i].refused)
			fail_msg("%zu refusals: %s", plan->n_refusals, rows[i].config);
		assert_true(plan_is_needed(&host.facts) || !plan->n_refusals);
		if (i >= 3 || !plan->n_refusals)
			continue;
		assert_int_equal(plan->refusals[0].reason, REFUSAL_PCIE_WITHOUT_Q35);
		assert_non_null(strstr(plan->refusals[0].what, "Proxmox VE would abort the start"));
		assert_string_equal(plan->refusals[0].cures[0].command, "qm set 100 --machine q35");
	}
}

/* Of a device without PCI Express the reason is another. */
static void test_reason_of_machine(void **state)
{
	auto_machine struct machine host = {0};
	auto_plan struct plan *plan = NULL, *conventional = NULL;

	(void)state;
	prepare(&host);
	plan = make(&host, "hostpci0: 01:00.0\n");
	assert_non_null(strstr(plan->refusals[0].what, "whose guests see PCI Express devices"));
	forget(&host);
	prepare(&host);
	host.devices[0].express = false;
	conventional = make(&host, "hostpci0: 01:00.0\n");
	assert_int_equal(conventional->refusals[0].reason, REFUSAL_NOT_Q35);
	assert_non_null(strstr(conventional->refusals[0].what,
			       "which is asked of each VM with hostpci devices, although those of "
			       "this VM are conventional PCI or integrated"));
}

#define MDEV "vfio-pci,sysfsdev=/sys/bus/mdev/devices/4b20d080-1b54-4048-85b3-a6a62d165c01"

static void test_mdev_of_args(void **state)
{
	auto_machine struct machine host = {0};
	auto_plan struct plan *plan = NULL;

	(void)state;
	prepare(&host);
	plan = make(&host, "args: -device " MDEV "\n");
	assert_counts(plan, 0, 0);
	assert_true(facts_have_devices(&host.facts));
	assert_false(facts_need_binding(&host.facts));
	assert_int_equal(plan->n_notes, 1);
	assert_string_equal(plan->notes[0].what, "args: -device " MDEV
						 ": a mediated device, which is left to QEMU: this "
						 "hook neither binds nor checks it");
}

/* ---- other VMs' records ---- */

static void test_left_taken_for_another_vm(void **state)
{
	auto_machine struct machine host = {0};
	auto_plan struct plan *plan = NULL;

	(void)state;
	prepare(&host);
	host.devices[0].driver = vfio_pci;
	add_record(&host, 0, 101);
	plan = make(&host, Q35 "hostpci0: 01:00.0,pcie=1\n");
	assert_counts(plan, 0, 1);
	assert_non_null(
		strstr(plan->warnings[0].what,
		       "0000:01:00.0 was left taken for VM 101, which does not run: taken over; it "
		       "will return to e1000e"));
	assert_int_equal(plan->steps[0].why, RETURN_RECORDED);
	assert_string_equal(plan->steps[0].returns_to, "e1000e");
}

static void test_own_record(void **state)
{
	auto_machine struct machine host = {0};
	auto_plan struct plan *plan = NULL;

	(void)state;
	prepare(&host);
	host.devices[0].driver = vfio_pci;
	add_record(&host, 0, 100);
	host.devices[0].record_vm_locked = true; /* by the start that runs us */
	plan = make(&host, Q35 "hostpci0: 01:00.0,pcie=1\n");
	assert_counts(plan, 0, 0);
	assert_int_equal(plan->steps[0].why, RETURN_RECORDED);
}

/* ---- what is taken ---- */

static void test_members(void **state)
{
	auto_machine struct machine host = {0};
	auto_plan struct plan *plan = NULL;

	(void)state;
	prepare(&host);
	add_device(&host, (struct bdf){0, 2, 0, 0})->bridge = true;
	add_device(&host, (struct bdf){0, 3, 0, 0});
	add_device(&host, (struct bdf){0, 4, 0, 0})->group = 11; /* in no group of the VM's */
	plan = make(&host, Q35 "hostpci0: 01:00.0,pcie=1\n");
	assert_counts(plan, 0, 0);
	assert_int_equal(plan->n_steps, 2);
	assert_int_equal(plan->steps[0].device->bdf.bus, 1);
	assert_int_equal(plan->steps[1].device->bdf.bus, 3);
	assert_null(plan->steps[1].returns_to);
}

static void test_dropped_lines_are_told(void **state)
{
	auto_machine struct machine host = {0};
	auto_plan struct plan *plan = NULL;

	(void)state;
	prepare(&host);
	plan = make(&host, Q35 "hostpci0: 01:00.0,pcie=1\nhostpci1: 02:00.0,pcie=maybe\n");
	assert_counts(plan, 0, 1);
	assert_non_null(strstr(plan->warnings[0].what,
			       "/etc/pve/qemu-server/100.conf, line 3: hostpci1: "));
	assert_non_null(strstr(plan->warnings[0].what, "Proxmox VE ignores this line"));
	assert_non_null(strstr(plan->warnings[0].what, "qm set 100 --hostpci1 ADDRESS,pcie=1"));
}

/* ---- where devices return to ---- */

static void test_return_reasons(void **state)
{
	static char module[] = "nouveau";
	static const struct {
		char *driver, *module;
		bool blacklisted, vfio_ids, recorded;
		enum return_reason why;
		const char *text;
	} rows[] = {
		{e1000e, NULL, false, false, false, RETURN_DRIVER_NOW,
		 "returns to e1000e, its driver now"},
		{vfio_pci, NULL, false, false, true, RETURN_RECORDED,
		 "returns to e1000e, recorded when it was taken"},
		{vfio_pci, module, true, true, false, RETURN_VFIO_IDS, "ids="},
		{vfio_pci, module, true, false, false, RETURN_VFIO_BLACKLIST, "nouveau"},
		{vfio_pci, module, false, false, false, RETURN_VFIO_LEFT, "recorded nothing here"},
		{NULL, NULL, false, false, false, RETURN_NONE_NO_MODULE,
		 "returns to no driver: it has none, and no module of this kernel matches it"},
		{NULL, module, true, false, false, RETURN_NONE_BLACKLIST,
		 "returns to no driver: it has none, and its module nouveau is blacklisted"},
		{NULL, module, false, false, false, RETURN_NONE_MISSING,
		 "returns to no driver: it has none, although module nouveau matches it"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_machine struct machine host = {0};
		auto_plan struct plan *plan = NULL;
		auto_free char *text = NULL;

		prepare(&host);
		host.devices[0].driver = rows[i].driver;
		host.devices[0].vfio_ids = rows[i].vfio_ids;
		host.devices[0].module = (struct device_module){rows[i].module,
								rows[i].blacklisted};
		if (rows[i].recorded)
			add_record(&host, 0, 100);
		plan = make(&host, Q35 "hostpci0: 01:00.0,pcie=1\n");
		assert_counts(plan, 0, rows[i].why == RETURN_NONE_MISSING ? 1 : 0);
		assert_int_equal(plan->steps[0].why, rows[i].why);
		text = plan_step_return_text(&plan->steps[0]);
		assert_non_null(text);
		if (!strstr(text, rows[i].text))
			fail_msg("'%s' is not in '%s'", rows[i].text, text);
	}
}

/* A record of a driverless device, and one that was only claimed. */
static void test_return_to_none_and_claimed(void **state)
{
	auto_machine struct machine host = {0};
	auto_plan struct plan *plan = NULL;
	auto_free char *text = NULL;

	(void)state;
	prepare(&host);
	add_device(&host, (struct bdf){0, 1, 0, 1})->driver = e1000e;
	add_record(&host, 0, 100)->driver = NULL;
	add_record(&host, 1, 100)->stage = RECORD_CLAIMED;
	host.records[1].driver = NULL; /* its image is not complete */
	plan = make(&host, Q35 "hostpci0: 01:00,pcie=1\n");
	assert_counts(plan, 0, 0);
	text = plan_step_return_text(&plan->steps[0]);
	assert_string_equal(text, "returns to no driver, recorded when it was taken");
	assert_int_equal(plan->steps[1].why, RETURN_DRIVER_NOW);
	assert_string_equal(plan->steps[1].returns_to, "e1000e");
}

/* ---- what the host uses ---- */

static char uses[] = "its disk /dev/sda is in use: swap", effect[] = "it dies", cure[] = "swapoff";

static void add_finding(struct machine *host, struct usage_finding *finding, size_t device)
{
	*finding = (struct usage_finding){.bdf = host->devices[device].bdf,
					  .kind = USAGE_DISK,
					  .what = uses,
					  .effect = effect,
					  .cure = cure};
	host->facts.usage = (struct usage){finding, 1};
}

static void test_use_is_refused(void **state)
{
	auto_machine struct machine host = {0};
	struct usage_finding finding;
	auto_plan struct plan *plan = NULL;

	(void)state;
	prepare(&host);
	add_finding(&host, &finding, 0);
	plan = make(&host, Q35 "hostpci0: 01:00.0,pcie=1\n");
	assert_counts(plan, 1, 0);
	assert_refusal(plan, 0, REFUSAL_IN_USE,
		       "0000:01:00.0: its disk /dev/sda is in use: swap; taking it for VM 100: it "
		       "dies",
		       "swapoff");
	assert_refusal(plan, 0, REFUSAL_IN_USE, "",
		       "to pass it through anyway, put this line into "
		       "/etc/pve-passthrough.conf: devices = ( { address = \"0000:01:00.0\"; "
		       "id = \"8086:10d3\"; allow = [ \"disk\" ]; } );");
}

/* A neighbour is taken too, and so is looked at; a bridge stays with the host. */
static void test_use_of_neighbours(void **state)
{
	auto_machine struct machine host = {0};
	struct usage_finding finding;
	auto_plan struct plan *taken = NULL, *bridge = NULL;

	(void)state;
	prepare(&host);
	add_device(&host, (struct bdf){0, 2, 0, 0});
	add_finding(&host, &finding, 1);
	taken = make(&host, Q35 "hostpci0: 01:00.0,pcie=1\n");
	assert_counts(taken, 1, 0);
	assert_refusal(taken, 0, REFUSAL_IN_USE,
		       "0000:02:00.0 (not named by the VM, but in its IOMMU group 10): "
		       "its disk",
		       "swapoff");
	assert_refusal(
		taken, 0, REFUSAL_IN_USE, "",
		"or put the VM's device into a slot with a group of its own; the groups, why "
		"devices share one, and what would split it: host-setup groups");
	host.devices[1].bridge = true;
	bridge = make(&host, Q35 "hostpci0: 01:00.0,pcie=1\n");
	assert_counts(bridge, 0, 0);
}

/* A child that would stay on its driver while its group is taken. */
static void test_half_a_group(void **state)
{
	auto_machine struct machine host = {0};
	auto_plan struct plan *half = NULL, *whole = NULL;
	struct device *child;

	(void)state;
	prepare(&host);
	child = add_device(&host, (struct bdf){0x10000, 0xe1, 0, 0});
	child->child = true;
	child->parent = (struct bdf){0, 0, 0x0e, 0};
	half = make(&host, Q35 "hostpci0: 01:00.0,pcie=1\n");
	assert_counts(half, 1, 0);
	assert_refusal(half, 0, REFUSAL_CHILD, "10000:e1:00.0 is below 0000:00:0e.0", NULL);
	child->parent = first;
	whole = make(&host, Q35 "hostpci0: 01:00.0,pcie=1\n");
	assert_counts(whole, 0, 0);
	assert_int_equal(whole->n_steps, 1);
}

static void test_harmless_use(void **state)
{
	auto_machine struct machine host = {0};
	struct usage_finding finding;
	auto_plan struct plan *plan = NULL;

	(void)state;
	prepare(&host);
	add_finding(&host, &finding, 0);
	finding.harmless = true;
	plan = make(&host, Q35 "hostpci0: 01:00.0,pcie=1\n");
	assert_counts(plan, 0, 1);
	assert_string_equal(plan->warnings[0].what,
			    "0000:01:00.0: its disk /dev/sda is in use: swap: it dies");
}

/* Only for that kind of use, of that device, and no other that came to sit there. */
static void test_allowed_use(void **state)
{
	const struct {
		struct bdf bdf;
		uint16_t vendor, device;
		unsigned int allow;
		size_t refusals, warnings;
	} rows[] = {
		{first, 0x8086, 0x10d3, 1 << USAGE_DISK, 0, 1},
		{first, 0x8086, 0x10d3, 1 << USAGE_NETWORK, 1, 0},
		{first, 0x8086, 0x10d3, 0, 1, 0},
		{first, 0x8086, 0x10d4, 1 << USAGE_DISK, 1, 1},
		{first, 0x8087, 0x10d3, 1 << USAGE_DISK, 1, 1},
		{{0, 2, 0, 0}, 0x8086, 0x10d3, 1 << USAGE_DISK, 1, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct device_setting device = {
			.bdf = rows[i].bdf,
			.vendor = rows[i].vendor,
			.device = rows[i].device,
			.allow = rows[i].allow,
			.source = {SETTINGS_PATH, 7},
			.from[DEVICE_ALLOW] = {SETTINGS_PATH, 8},
		};
		struct settings settings = settings_default;
		auto_machine struct machine host = {0};
		struct usage_finding finding;
		auto_plan struct plan *plan = NULL;

		prepare(&host);
		add_finding(&host, &finding, 0);
		settings.devices = &device;
		settings.n_devices = 1;
		plan = make_with(&host, Q35 "hostpci0: 01:00.0,pcie=1\n", &settings);
		assert_counts(plan, rows[i].refusals, rows[i].warnings);
	}
}

/* The line for the settings has all units of the device, and goes where libconfig takes it. */
static void test_units_are_named(void **state)
{
	static char *stopped[] = {(char *)"a.service"};
	struct device_setting device = {
		.bdf = first,
		.vendor = 0x8086,
		.device = 0x10d3,
		.stop_units = stopped,
		.n_stop_units = 1,
		.source = {SETTINGS_CLUSTER_PATH, 7},
	};
	struct settings settings = settings_default;
	auto_machine struct machine host = {0};
	struct usage_finding findings[3];
	auto_plan struct plan *plan = NULL, *replaced = NULL, *other = NULL, *again = NULL;

	(void)state;
	prepare(&host);
	for (size_t i = 0; i < 3; i++)
		add_finding(&host, &findings[i], 0);
	host.facts.usage = (struct usage){findings, 3};
	findings[0].unit = (char *)"x@1.service";
	findings[0].command = (char *)"systemctl stop x@1.service";
	findings[1].unit = (char *)"b\\x2d.service";
	findings[2].ctid = 105;
	plan = make(&host, Q35 "hostpci0: 01:00.0,pcie=1\n");
	assert_counts(plan, 3, 0);
	assert_refusal(plan, 0, REFUSAL_IN_USE, "", "swapoff: systemctl stop x@1.service");
	assert_refusal(
		plan, 0, REFUSAL_IN_USE, "",
		"so that each start stops it, and it is started again afterwards, put this line into /etc/pve-passthrough.conf: devices = ( { address = "
		"\"0000:01:00.0\"; id = \"8086:10d3\"; stop_units = [ \"x@1.service\", "
		"\"b\\\\x2d.service\" ]; stop_ct = [ 105 ]; } );");
	assert_int_equal(plan->refusals[1].n_cures, 1);
	assert_int_equal(plan->refusals[2].n_cures, 1);
	/* The list is there, with the card that was in this slot before: its entry is replaced. */
	settings.devices = &device;
	settings.n_devices = 1;
	device.device = 0x10d4;
	device.source.path = SETTINGS_PATH;
	replaced = make_with(&host, Q35 "hostpci0: 01:00.0,pcie=1\n", &settings);
	assert_refusal(replaced, 0, REFUSAL_IN_USE, "",
		       "so that each start stops it, and it is started again afterwards, put this "
		       "in place of the entry for 8086:10d4, the device that was at 0000:01:00.0, "
		       "in /etc/pve-passthrough.conf, line 7: { address = \"0000:01:00.0\"; id = "
		       "\"8086:10d3\"; stop_units = [ \"x@1.service\", \"b\\\\x2d.service\" ]; "
		       "stop_ct = [ 105 ]; }");
	/* The list is there, with another device in it. */
	device.bdf.bus = 9;
	device.source.path = SETTINGS_PATH;
	other = make_with(&host, Q35 "hostpci0: 01:00.0,pcie=1\n", &settings);
	assert_refusal(
		other, 0, REFUSAL_IN_USE, "",
		"so that each start stops it, and it is started again afterwards, add this to the list 'devices' of /etc/pve-passthrough.conf: { address = \"0000:01:00.0\"; id = \"8086:10d3\"; stop_units = [ \"x@1.service\", \"b\\\\x2d.service\" ]; stop_ct = [ 105 ]; }");
	/* After it was stopped and something uses the device all the same. */
	device.bdf.bus = 1;
	device.device = 0x10d3;
	device.source.path = SETTINGS_CLUSTER_PATH;
	host.facts.users_stopped = true;
	again = make_with(&host, Q35 "hostpci0: 01:00.0,pcie=1\n", &settings);
	assert_refusal(
		again, 0, REFUSAL_IN_USE, "",
		"so that each start stops it, and it is started again afterwards, set this in the "
		"entry of 0000:01:00.0 in "
		"/etc/pve/pve-passthrough.conf, line 7: stop_units = [ \"a.service\", "
		"\"x@1.service\", "
		"\"b\\\\x2d.service\" ]; stop_ct = [ 105 ];");
}

/* What the kernel would wait for, and what the host runs from, is never allowed as a cure. */
static void test_vital_use(void **state)
{
	auto_machine struct machine host = {0};
	struct usage_finding finding;
	auto_plan struct plan *plan = NULL;

	(void)state;
	prepare(&host);
	add_finding(&host, &finding, 0);
	finding.vital = true;
	plan = make(&host, Q35 "hostpci0: 01:00.0,pcie=1\n");
	assert_counts(plan, 1, 0);
	assert_int_equal(plan->refusals[0].n_cures, 1);
}

/* A unit that the settings stop for one device of the VM may use another one, too. */
static void test_stopped_for_another_device(void **state)
{
	static char *stopped[] = {(char *)"x.service"};
	struct device_setting device = {
		.bdf = first,
		.vendor = 0x8086,
		.device = 0x10d3,
		.stop_units = stopped,
		.n_stop_units = 1,
		.source = {SETTINGS_PATH, 7},
	};
	struct settings settings = settings_default;
	auto_machine struct machine host = {0};
	struct usage_finding finding;
	auto_plan struct plan *plan = NULL, *other = NULL;

	(void)state;
	prepare(&host);
	add_device(&host, (struct bdf){0, 1, 0, 1});
	add_finding(&host, &finding, 1);
	settings.devices = &device;
	settings.n_devices = 1;
	finding.unit = (char *)"x.service";
	plan = make_with(&host, Q35 "hostpci0: 01:00,pcie=1\n", &settings);
	assert_counts(plan, 0, 1);
	assert_true(plan->deferred);
	finding.unit = (char *)"y.service";
	other = make_with(&host, Q35 "hostpci0: 01:00,pcie=1\n", &settings);
	assert_counts(other, 1, 0);
}

static void test_neighbours_refused(void **state)
{
	struct settings settings = settings_default;
	auto_machine struct machine host = {0};
	auto_plan struct plan *plan = NULL;

	(void)state;
	prepare(&host);
	add_device(&host, (struct bdf){0, 2, 0, 0});
	add_device(&host, (struct bdf){0, 0, 1, 0})->bridge = true;
	settings.group = GROUP_REFUSE;
	settings.from[SETTING_GROUP] = (struct setting_source){SETTINGS_CLUSTER_PATH, 3};
	plan = make_with(&host, Q35 "hostpci0: 01:00.0,pcie=1\n", &settings);
	assert_counts(plan, 1, 0);
	assert_refusal(
		plan, 0, REFUSAL_NEIGHBOUR, "0000:02:00.0 is in IOMMU group 10",
		"or allow it for this VM in /etc/pve-passthrough.conf: vm100 = { group = \"take\"; };");
	assert_refusal(plan, 0, REFUSAL_NEIGHBOUR, "",
		       "let the VM have it too: qm set 100 --hostpci1 0000:02:00.0,pcie=1");
}

/* ---- devices that are held early ---- */

static void test_held_early(void **state)
{
	static char driver[] = "vfio-pci", module[] = "nouveau", why[] = "one has appeared";
	struct early_item item = {.state = EARLY_CHANGED, .why = why, .there = true};
	auto_machine struct machine host = {0};
	auto_plan struct plan *held = NULL, *changed = NULL;
	auto_free char *text = NULL;

	(void)state;
	prepare(&host);
	host.devices[0].driver = driver;
	host.devices[0].module.name = module;
	host.devices[0].held_early = true;
	held = make(&host, Q35 "hostpci0: 01:00.0,pcie=1\n");
	assert_counts(held, 0, 0);
	assert_int_equal(held->steps[0].why, RETURN_VFIO_EARLY);
	text = plan_step_return_text(&held->steps[0]);
	assert_non_null(strstr(text, "held early"));
	item.bdf = host.devices[0].bdf;
	host.facts.early = (struct early){.items = &item, .n = 1};
	host.devices[0].held_early = false;
	changed = make(&host, Q35 "hostpci0: 01:00.0,pcie=1\n");
	host.facts.early = (struct early){0};
	assert_counts(changed, 0, 1);
	assert_non_null(strstr(changed->warnings[0].what, "no longer held early"));
	assert_non_null(strstr(changed->warnings[0].what, "host-setup early"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_config_refusals),
		cmocka_unit_test(test_machine_refusals),
		cmocka_unit_test(test_root_is_the_only_cure),
		cmocka_unit_test(test_fixes),
		cmocka_unit_test(test_settings_unreadable),
		cmocka_unit_test(test_own_group),
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_host_cure_once),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_pcie_without_q35),
		cmocka_unit_test(test_legacy_igd),
		cmocka_unit_test(test_legacy_igd_on_q35),
		cmocka_unit_test(test_pf_on_vfio),
		cmocka_unit_test(test_legacy_igd_refusals),
		cmocka_unit_test(test_legacy_igd_mapping),
		cmocka_unit_test(test_igd_placed_by_args),
		cmocka_unit_test(test_no_romfile),
		cmocka_unit_test(test_conventional_device),
		cmocka_unit_test(test_mixed_slot),
		cmocka_unit_test(test_entries_that_need_no_binding),
		cmocka_unit_test(test_exempt_entries_are_not_looked_at),
		cmocka_unit_test(test_exempt_entries_with_pcie),
		cmocka_unit_test(test_reason_of_machine),
		cmocka_unit_test(test_mdev_of_args),
		cmocka_unit_test(test_left_taken_for_another_vm),
		cmocka_unit_test(test_own_record),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_dropped_lines_are_told),
		cmocka_unit_test(test_return_reasons),
		cmocka_unit_test(test_held_early),
		cmocka_unit_test(test_return_to_none_and_claimed),
		cmocka_unit_test(test_use_is_refused),
		cmocka_unit_test(test_use_of_neighbours),
		cmocka_unit_test(test_half_a_group),
		cmocka_unit_test(test_harmless_use),
		cmocka_unit_test(test_allowed_use),
		cmocka_unit_test(test_units_are_named),
		cmocka_unit_test(test_vital_use),
		cmocka_unit_test(test_stopped_for_another_device),
		cmocka_unit_test(test_neighbours_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
