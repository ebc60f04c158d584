/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything that a plan is decided by, read once: the settings, the VM's config, the cluster's
 * mappings, the devices that the config names, their IOMMU groups, records, reservations, and what
 * the host does with them. Reading changes nothing.
 *
 * A VM's config names devices by address (host=), by a mapping of the cluster (mapping=), or in the
 * arguments that it gives to QEMU (args). Which alternative of a mapping Proxmox VE will choose is
 * foreseen (qemu-server, PVE/QemuServer/PCI.pm, choose_hostpci_devices).
 */
#ifndef HOOKSCRIPT_PLAN_FACTS_FACTS_H
#define HOOKSCRIPT_PLAN_FACTS_FACTS_H

#include "hookscript/pve/ha.h"
#include "hookscript/records/duration.h"
#include "hookscript/records/identity.h"
#include "hookscript/records/record.h"
#include "hookscript/settings/settings.h"
#include "host/text/bdf.h"
#include "host/pci/check.h"
#include "host/base/fs.h"
#include "host/pci/host_memory.h"
#include "host/net/port.h"
#include "host/net/vf_net.h"
#include "host/pci/early/early.h"
#include "host/pci/pci.h"
#include "host/usage/usage.h"
#include "host/pci/vfio.h"
#include "vmcfg/args.h"
#include "vmcfg/mapping.h"
#include "vmcfg/memory.h"
#include "vmcfg/vmcfg.h"

/* Where /etc/pve keeps the mappings. */
#define MAPPINGS_PATH "etc/pve/mapping/pci.cfg"
#define ROMFILES_PATH "usr/share/kvm" /* a directory of pve-qemu-kvm */

/* In place of the number of a hostpci entry: args. */
#define ENTRY_ARGS (-1)

enum candidate_state {
	CANDIDATE_SPARE,   /* Proxmox VE will choose another alternative */
	CANDIDATE_CHOSEN,  /* the entry gets these devices */
	CANDIDATE_INVALID, /* the devices are not what the mapping says */
};

/* The devices that an entry names: all of them, or one alternative of its mapping. */
struct candidate {
	int entry; /* N of hostpciN, or ENTRY_ARGS */
	const struct hostpci_address *addresses;
	size_t n_addresses;
	const struct mapping *mapping;		 /* NULL: by address */
	const struct mapping_entry *alternative; /* of the mapping; NULL: by address */
	size_t n_alternatives;			 /* on this node; 1: no choice */
	enum candidate_state state;
	struct mapping_verdict verdict; /* of CANDIDATE_INVALID */
	bool twice;			/* it names a device twice, or one that another entry named
					   before it */
	struct bdf repeated;		/* that device */
};

/* Which module the host would load for a device. */
struct device_module {
	char *name; /* NULL: none matches, or it was not looked up */
	bool blacklisted;
};

struct device {
	struct bdf bdf;
	struct pci_identity identity;
	int group;	   /* its IOMMU group, negative: none */
	char *driver;	   /* NULL: none */
	bool named;	   /* by the VM; else a neighbour in the group, or a spare alternative */
	bool has_entry;	   /* by a hostpci entry: Proxmox VE gives it to no second one */
	bool express;	   /* PCI Express with a link: neither conventional PCI nor integrated */
	bool bridge;	   /* has a directory pci_bus: Proxmox VE leaves those alone */
	bool mdev;	   /* mediated devices can be made of it */
	bool no_probe;	   /* a VF without driver, as its PF wants it (sriov_drivers_autoprobe 0) */
	bool pf_on_vfio;   /* it is a VF, and its PF is on vfio-pci */
	struct bdf pf;	   /* that PF */
	bool own_vfio;	   /* it is on a VFIO driver of its own, not vfio-pci */
	bool child;	   /* of an endpoint, not of a bridge: it goes with that one */
	struct bdf parent; /* that endpoint */
	uint64_t serial;   /* what it answered (pci_ask()) */
	int answer_err;	   /* why it does not answer (pci_ask()); 0: it does, or was not asked */
	int numa_node;	   /* -1: none; read with the memory */
	char *kernel_log;  /* with answer_err: the last lines about it; NULL: none are known */
	bool has_subsystem;    /* sysfs has the file subsystem_vendor */
	struct record *record; /* NULL: it is not taken */
	int record_err;	       /* why the record cannot be used, -errno; 0: it can */
	char *record_error;    /* the same in words */
	bool record_vm_runs,
		record_vm_locked;  /* the VM of the record: runs; is being started or stopped */
	unsigned int reserved_for; /* another VM for which Proxmox VE reserved it; 0: none */
	struct device_module
		module; /* looked up for devices without driver, and all with FACTS_MODULES */
	bool vfio_ids;	/* with FACTS_MODULES: the host's configuration gives its ids to vfio-pci */
	bool held_early; /* by facts_read_early() */
};

/* A device that the VM had at an address, where another one is now, or none. */
struct moved_device {
	struct bdf bdf; /* where it was */
	struct identity_device was;
	bool absent;		   /* nothing is there now */
	struct identity_device is; /* else this is */
	unsigned int is_of;	   /* the VM that had this, by its number or its slot; 0: none */
	struct bdf *now;	   /* where devices of its model are now that are no VM's own */
	size_t n_now;
	size_t n_alike;	  /* how many of its model there are, those of VMs included */
	bool found;	  /* it is the one in now, by its serial number or its slot */
	char *kernel_log; /* when nothing is there: the last lines about its address; or NULL */
};

/* A virtual function that the VM names, and that has not been made. */
struct absent_vf {
	const struct candidate *candidate;
	const struct hostpci_address *address;
	struct bdf bdf;	     /* its address */
	struct bdf pf;	     /* the physical function that would have it there */
	char *pf_driver;     /* NULL: none */
	unsigned int wanted; /* of the PF's VFs, so that it is among them */
	unsigned int made;   /* so many there are */
	/* So many the PF is to have at every boot, as host-setup has set it up; 0: it is not. */
	unsigned int configured;
	int autoprobe; /* what is written to sriov_drivers_autoprobe before; -1: nothing */
	char *pf_used; /* what of the host uses the PF; NULL: nothing, or it was not looked at */
};

/* How what holds a group is ended. */
struct holder_cure {
	char *words;
	char *command;
};

/*
 * A device that an entry gets, if it is a virtual function, or the settings have a key for that
 * entry's (struct vf_setting).
 */
struct vf_facts {
	int entry;
	struct bdf bdf;
	bool spare; /* of an alternative that Proxmox VE may choose instead; only with such a key */
	bool is_vf;
	struct bdf pf; /* of a VF, and the rest, too */
	unsigned int index;
	struct net_port port; /* the PF's */
	int err;	      /* why what is above is not known, -errno; 0: it is */
	struct vf_net now;    /* with a key that changes it */
	int list_err;	      /* why that is not known */
};

/* A node below a device, which the VM's own config has QEMU open (struct node_path). */
struct own_node {
	const struct node_path *given;
	char *name; /* of the node, or, of a partition, its disk: "nvme0n1" */
	struct bdf bdf;
};

struct device_group {
	int number;
	bool reserved;	  /* the firmware goes on using memory by DMA: no guest can have it */
	int reserved_err; /* why that is not known, -errno; 0: it is */
	struct vfio_holders holders;
	int holders_err;	   /* why it is not known who holds it, -errno; 0: it is */
	struct holder_cure *cures; /* of each holder, those of VMs without; NULL: of none */
};

struct facts {
	unsigned int vmid; /* 0: no VM, all devices of the host; RECORD_TEST: no VM, the next */
	struct bdf tested; /* the device that `test` would take, with its group */
	const struct settings *settings;
	struct vmcfg *vm;
	enum vmcfg_pending pending; /* with FACTS_NEXT_START: what became of pending changes */
	bool vm_runs;
	bool other_host;    /* no x86: a VM that says no arch is not x86 either */
	bool in_vm;	    /* this host is itself a VM. Known where a firmware is advised about */
	bool users_stopped; /* what the settings stop before a start is stopped. The caller's */

	struct mappings *mappings;		/* NULL: no entry has one */
	char *node;				/* this node's name, with mappings */
	struct args *args;			/* NULL: none */
	struct hostpci_address *args_addresses; /* of its devices */
	bool binds[HOSTPCI_MAX];		/* entries whose devices are this hook's to bind */
	bool no_romfile[HOSTPCI_MAX];		/* those whose romfile is not on this node */
	struct candidate *candidates;		/* in order of entries, args last */
	size_t n_candidates;

	struct device *devices; /* in order of address */
	size_t n_devices;
	struct device_group *groups; /* of the devices that the chosen candidates name */
	size_t n_groups;
	int reservations_err; /* why Proxmox VE's reservations are not known, -errno */

	struct checklist host; /* what every start needs of the host (check_essentials()) */
	bool iommu_active;
	char *igpu_cure;    /* of a graphics device without a group; NULL: none is known */
	struct usage usage; /* what the host does with the devices */
	struct early early; /* what is set up to be held early, by facts_read_early() */
	int usage_err;	    /* why that, or own_nodes, is not known, -errno */
	struct own_node *own_nodes;
	size_t n_own_nodes;

	struct moved_device *moved; /* of those that the VM names by address */
	size_t n_moved;
	struct absent_vf *absent_vfs;
	size_t n_absent_vfs;
	bool known_here; /* what it had on this node is known of all its addresses with devices */
	struct vf_facts *vfs;
	size_t n_vfs;
	char *vm_identity;    /* vm_read_identity(), with mac = "stable"; NULL: not known */
	int vm_identity_err;  /* and why, -errno */
	int sriov_err;	      /* with absent VFs: why it is not known what is set up, -errno */
	int identity_err;     /* why it is not known which devices the VM had, -errno */
	char *identity_error; /* the same in words */

	/* Of a VM whose memory its devices pin (facts_pin_memory()). */
	bool memory_known;
	int memory_err; /* why the rest of it is not known, -errno; -ENOENT: there is no /proc */
	struct memory_config memory;	/* what the config says */
	struct host_memory host_memory; /* what there is */
	struct duration last_start;	/* with FACTS_NEXT_START */
	int last_start_err;		/* why that is not known, -errno */

	struct ha ha; /* whether HA moves the VM */
	int ha_err;   /* why that is not known, -errno */
};

enum facts_scope {
	FACTS_START = 0,	  /* what a start is decided by */
	FACTS_NEXT_START = 1,	  /* with the VM's pending changes, which its next start applies */
	FACTS_MODULES = 1 << 1,	  /* the modules of all devices, not only of those without driver */
	FACTS_ADDRESSES = 1 << 2, /* only which devices are at the VM's addresses */
};

/*
 * Reads the facts about VM VMID, for SCOPE (enum facts_scope). SETTINGS must outlive the result.
 * Only what the VM needs is read: nothing of the host for a VM without devices of ours, and nothing
 * of alternatives that will not be chosen but what choosing needs. A device that is not there is
 * not in it. Nothing is read that could block while a device is stuck in an unbind, but the
 * configuration space, by workers. Returns 0 and a new struct (facts_free()); or -errno, and in
 * *ret_why a new text (the caller frees it; NULL without memory) that says what could not be read.
 */
int facts_read(const struct fs_root *root, unsigned int vmid, const struct settings *settings,
	       unsigned int scope, struct facts **ret, char **ret_why) must_check;

/* The same for all devices of the host and no VM. Returns 0 or -errno. */
int facts_read_host(const struct fs_root *root, const struct settings *settings,
		    struct facts **ret) must_check;

/*
 * The same for the device at BDF, which is there, and no VM: as if one named it, and all that is in
 * its group. vmid is RECORD_TEST. *RET_WHY as for facts_read().
 */
int facts_read_tested(const struct fs_root *root, const struct settings *settings,
		      const struct bdf *bdf, struct facts **ret, char **ret_why) must_check;

/* Reads the cluster's mappings, and the name of this node, whose entries of them count. No file is
 * no mappings. Returns 0, with both new (mappings_free(), free()), or -errno. */
int facts_read_mappings(const struct fs_root *root, struct mappings **ret,
			char **ret_node) must_check;

void facts_free(struct facts *facts);
DEFINE_CLEANUP(struct facts *, facts_free)

#define auto_facts cleanup_with(facts_freep)

/* ---- what the facts mean. Pure ---- */

/* Whether an entry says driver=keep: Proxmox VE leaves its devices as they are. NULL: no. */
bool hostpci_keeps_driver(const struct hostpci *entry);

/*
 * Lists what the VM's entries and args name, by the config, the mappings and the settings: fills
 * binds and candidates. An entry with mdev= is not bound, for its parent keeps its driver; nor is
 * one with driver=keep, unless the settings name a vfio variant driver for a device of it. Returns
 * 0 or -ENOMEM.
 */
int facts_list_candidates(struct facts *facts) must_check;

/*
 * Decides the state of each candidate, by the devices and their reservations, and marks the devices
 * that the chosen ones name. Of a mapping with several alternatives the first that is free is
 * chosen, if all of them are what the mapping says. Returns 0 or -ENOMEM.
 */
int facts_choose(struct facts *facts) must_check;

/* Whether a start has anything to bind, or to refuse: an entry, or a device in args, or a key of
 * the settings for an entry; and the VM is no template. */
bool facts_need_binding(const struct facts *facts);

/* Whether the VM has hostpci entries, and one for which the settings have keys that change a VF;
 * and whether it has devices at all, bound or not. */
bool facts_have_entries(const struct facts *facts);
bool facts_have_vf_keys(const struct facts *facts);
bool facts_have_devices(const struct facts *facts);

/* Whether an entry is bound; and whether one of those says legacy-igd=1, which works on i440fx
 * only. */
bool facts_bind_entries(const struct facts *facts);
bool facts_have_legacy_igd(const struct facts *facts);

/*
 * Whether the VM has aarch64's machine, virt, whose devices are PCI Express without pcie=1; there
 * is no q35 for it, and with pcie=1 Proxmox VE does not start it. (qemu-server,
 * PVE/QemuServer/Helpers.pm, get_vm_arch; PVE/QemuServer/Machine.pm, default_machine_for_arch;
 * PVE/QemuServer/PCI.pm, parse_hostpci_devices)
 */
bool facts_machine_is_virt(const struct facts *facts);

/*
 * Whether the VM's devices pin all of its memory, whoever binds them: QEMU maps it for each (QEMU:
 * hw/vfio/container.c; Linux: drivers/vfio/vfio_iommu_type1.c, vfio_pin_map_dma()). A mediated
 * device's driver pins only what it uses.
 */
bool facts_pin_memory(const struct facts *facts);

/* memory_judge() (vmcfg/memory.h) on this host. */
struct memory_verdict facts_judge_memory(const struct memory_config *config,
					 const struct host_memory *host);

/* Whether the VM is of architecture aarch64. */
bool facts_vm_is_aarch64(const struct facts *facts);

/* The device at BDF, or NULL; and whether there is one at the address. */
const struct device *facts_device(const struct facts *facts, const struct bdf *bdf);
bool facts_have_device_at(const struct facts *facts, const struct hostpci_address *address);

/* What Proxmox VE's check of a mapping sees at a path: a device that provides no mediated devices;
 * NULL: none. */
static inline struct mapping_device facts_mapping_device(const struct pci_identity *identity,
							 int group)
{
	if (!identity)
		return (struct mapping_device){.iommugroup = -1};
	return (struct mapping_device){
		.exists = true,
		.vendor = identity->vendor,
		.device = identity->device,
		.has_subsystem = true,
		.sub_vendor = identity->subvendor,
		.sub_device = identity->subdevice,
		.iommugroup = group,
	};
}

/* The group that has that number, if it was read, or NULL. */
const struct device_group *facts_group(const struct facts *facts, int number);

/* What the settings say of the device, or NULL. */
const struct device_setting *facts_setting(const struct facts *facts, const struct device *device);

/* Whether a start would take the device: it is in a group that the VM needs, and no bridge, nor
 * left alone, nor a child that goes with its parent. */
bool facts_take(const struct facts *facts, const struct device *device);

/* Whether the VM would get the device, or a start take it. */
bool facts_concern(const struct facts *facts, const struct device *device);

/* Whether the device stays with the VFIO driver that it has, which a guest can use: no hostpci
 * entry names it, for which Proxmox VE would want vfio-pci. */
bool facts_leave(const struct device *device);

/* The VF that would be at the address of the candidate, if one was not made, or NULL. */
const struct absent_vf *facts_absent_vf(const struct facts *facts,
					const struct candidate *candidate,
					const struct hostpci_address *address);

/* What is known of the device as a VF, or NULL. */
const struct vf_facts *facts_vf(const struct facts *facts, const struct bdf *bdf);

/*
 * What the settings want of the VF that the entry gets (ENTRY_ARGS: nothing), in the fields that
 * *RET knows then; its index is not set. Without the VM's identity there is no stable MAC.
 */
void facts_wanted_vf(const struct facts *facts, int entry, struct vf_net *ret);

/* Whether a start makes the VF, with all that its PF is to have: the PF has none, and the host does
 * not use it. */
bool facts_make_vf(const struct absent_vf *vf);

/* The chosen candidate that names the device, or NULL. */
const struct candidate *facts_chosen(const struct facts *facts, const struct bdf *bdf);

/* Whether a host= address or args name the device: which one is there is remembered
 * (hookscript/records/identity.h). */
bool facts_name_by_address(const struct facts *facts, const struct bdf *bdf);

/* The devices that host= addresses and args name, in order of address: *RET_N in a new array (the
 * caller frees it), or NULL without memory. */
struct identity_device *facts_list_known(const struct facts *facts, size_t *ret_n) must_check;

/*
 * Whether a driver may still be coming: a device that would be taken has none, no record either,
 * and a module that is not blacklisted matches it.
 */
bool facts_await_driver(const struct facts *facts);

/* "hostpci0", "hostpci0 (mapping gpu)", "args", for a message. Returns a new string, or NULL
 * without memory. */
char *candidate_name(const struct candidate *candidate) must_check;

#endif
