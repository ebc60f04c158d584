/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * facts -> what a start would take, or every reason why it must not start, each with what cures it.
 * The only judge is plan_make(): what is refused, and why, is decided there and nowhere else. Pure:
 * no files, no output.
 */
#ifndef HOOKSCRIPT_PLAN_PLAN_H
#define HOOKSCRIPT_PLAN_PLAN_H

#include "hookscript/plan/facts/facts.h"
#include "hookscript/settings/settings.h"

enum refusal_reason {
	REFUSAL_SETTINGS, /* the settings cannot be read: nothing else is looked at */
	REFUSAL_NOT_Q35,  /* PCIe passthrough needs the q35 machine */
	REFUSAL_NO_PCIE,  /* a PCIe device would be shown to the guest as conventional PCI */
	REFUSAL_PCIE_WITHOUT_Q35, /* Proxmox VE itself aborts such a start */
	REFUSAL_IGD_WITH_Q35,	  /* legacy-igd needs i440fx, Proxmox VE aborts */
	REFUSAL_HOST,	  /* the host cannot pass any device: host-setup check says the same */
	REFUSAL_ENTRY,	  /* an entry that names nothing, or what Proxmox VE would not start */
	REFUSAL_ABSENT,	  /* no device at that address */
	REFUSAL_NO_GROUP, /* the IOMMU does not cover the device */
	REFUSAL_BRIDGE,	  /* a bridge cannot be passed */
	REFUSAL_CHILD,	  /* it is a child of another device, which would be taken from under it */
	REFUSAL_DEAD,	  /* it does not answer */
	REFUSAL_RESERVED, /* the firmware reserves memory for the group */
	REFUSAL_GROUP_OPEN, /* a process uses the group through VFIO */
	REFUSAL_OTHER_VM,   /* another VM has the device, or is getting it */
	REFUSAL_RECORD,	    /* the device's record cannot be read */
	REFUSAL_IDENTITY,   /* the record is of another device */
	REFUSAL_NEW_NODE,   /* HA has moved it by address to where it never started */
	REFUSAL_MOVED,	    /* another device is at the address than at the last start */
	REFUSAL_IN_USE,	    /* the host itself uses the device */
	REFUSAL_OWN_DRIVE,  /* the VM's config has QEMU open a node of it, too */
	REFUSAL_NEIGHBOUR,  /* group = "refuse", and the VM does not name all of the group */
	REFUSAL_MEMORY,	    /* the VM has more memory than the host */
	REFUSAL_VF, /* the settings want of it what its card's driver does not have; or its PF is
		       on vfio-pci */
	REFUSAL_UNREADABLE, /* who uses the devices cannot be read */
	/* What no start decides: added by the verb vm alone (hookscript/verbs/vm_needs.h). */
	NEED_DEVICE,	     /* no hostpci entry at all */
	NEED_STORAGE,	     /* a storage that is for snippets */
	NEED_SNIPPET,	     /* the hook's file, as a program */
	NEED_HOOKSCRIPT,     /* the line hookscript */
	NEED_ONE_HOOKSCRIPT, /* another hook has that line */
	REFUSAL_REASONS,     /* how many */
};

/* One step of what cures a refusal. */
struct cure {
	char *words; /* what is to be done, or what the command is for; NULL: the command says it */
	char *command; /* a line for a shell, to be run as it stands; NULL: words only */
	char **fix;    /* the command (host/text/argv.h) if `vm --fix` may run it: it changes
			  configuration only, and no VM that runs, nor a device; else NULL */
};

struct refusal {
	enum refusal_reason reason;
	char *what;  /* the device or setting, the value, and what it means */
	char *brief; /* the same in a few words: "q35", "VM 205 runs with it" */
	struct cure *cures;
	size_t n_cures;
	const struct bdf *bdf; /* of the device that it is about, in the facts; NULL: none */
	const struct usage_finding *finding; /* of REFUSAL_IN_USE; in the facts */
	/* The same of a refusal that is about several of them. */
	const struct bdf **devices;
	size_t n_devices;
};

struct plan_warning {
	char *what;
	const struct bdf *bdf; /* as above */
	bool lasting;	       /* about the config, not this start: the verb vm says it, too */
};

/* What is worth knowing, and no start says: `plan` and `vm` do. */
struct plan_note {
	char *what;
	char *command;	/* a line for a shell; NULL: none */
	bool plan_only; /* `vm` does not say it */
};

/* Why a device will return to the driver that it will return to. */
enum return_reason {
	RETURN_DRIVER_NOW,     /* it has it now */
	RETURN_SETTING,	       /* the settings say so */
	RETURN_RECORDED,       /* an earlier start recorded it */
	RETURN_VFIO_EARLY,     /* on vfio-pci, as it is held early */
	RETURN_VFIO_IDS,       /* on vfio-pci, because ids= gives it to vfio-pci */
	RETURN_VFIO_BLACKLIST, /* on vfio-pci, its own module is blacklisted */
	RETURN_VFIO_LEFT,      /* on vfio-pci, an earlier start or another tool left it there */
	RETURN_NONE_NO_MODULE, /* no driver, and no module for it */
	RETURN_NONE_VF,	       /* no driver, as its PF's VFs are to have none */
	RETURN_NONE_BLACKLIST, /* no driver, its module is blacklisted */
	RETURN_NONE_MISSING,   /* no driver, although a module matches */
};

struct plan_step {
	const struct device *device; /* in the facts */
	const char *returns_to;	     /* a driver, or NULL: none; in the facts */
	enum return_reason why;
	const char *reset_method; /* of a test, in place of the settings'; the caller's */
	const char *variant; /* the vfio variant driver that it gets; NULL: vfio-pci; in settings */
	bool choice;	     /* one of several devices of a mapping, of which Proxmox VE chooses */
	const struct vf_facts *vf; /* in the facts; NULL: it is no VF of a network card */
	struct vf_net vf_wanted;   /* of a VF: facts_wanted_vf() */
	bool fdb;		   /* and whether MACs of guests are entered for it */
};

struct plan {
	struct refusal *refusals;
	size_t n_refusals;
	struct plan_warning *warnings; /* informational: they block no start */
	size_t n_warnings;
	struct plan_note *notes;
	size_t n_notes;
	struct plan_step *steps; /* in order of address; meaningless with refusals */
	size_t n_steps;
	/* Uses of the devices by the host which the settings allow to end; in the facts. */
	const struct usage_finding **accepted;
	size_t n_accepted;
	/* VFs that are not there, and that the start makes before it plans again, one of each PF;
	 * in the facts. */
	const struct absent_vf **vfs;
	size_t n_vfs;
	bool deferred; /* uses that may end when the settings' units and containers are stopped:
			  plan again then */
};

/* The reason's name for programs, "in-use": pve-passthrough-json(7) lists them, and none changes.
 */
const char *refusal_code(enum refusal_reason reason);

/* The same of why a device returns where it returns, "driver-now". */
const char *return_code(enum return_reason why);

/*
 * The first entry that is left to Proxmox VE (mdev=, driver=keep) and says pcie=1 on a machine that
 * is not q35, with which Proxmox VE aborts the start, bound or not; HOSTPCI_MAX: none.
 * (qemu-server, PVE/QemuServer/PCI.pm, parse_hostpci_devices)
 */
size_t plan_first_left_pcie(const struct facts *facts);

/* Whether a start has anything to bind or to refuse: facts_need_binding(), or an entry that is left
 * to Proxmox VE, which would abort the start. */
bool plan_is_needed(const struct facts *facts);

/* Decides. The plan points into FACTS, which must outlive it. Returns 0 and a new plan
 * (plan_free()), or -ENOMEM. */
int plan_make(const struct facts *facts, struct plan **ret) must_check;

/* The driver that the device will return to when it is taken now, or NULL: none. */
const char *plan_returns_to(const struct device *device);

/* What becomes of the VM's pending changes at its next start. Returns a new string, or NULL when it
 * has none, or without memory. A warning of each plan. */
char *plan_pending_text(const struct facts *facts) must_check;

/*
 * Line I of the dropped ones of the VM's config (vmcfg/vmcfg.h), of which args, if QEMU gets
 * nothing of it, is the last: file and line, what is wrong, what it means, and how an entry is set
 * right. Returns a new string, or NULL without memory. A warning of each plan.
 */
char *plan_dropped_text(const struct facts *facts, size_t i) must_check;
size_t plan_count_dropped(const struct facts *facts);

/* The driver that the device gets while the VM has it. */
const char *plan_step_driver(const struct plan_step *step);

/* The reason in words: "returns to nouveau, its driver now". Returns a new string, or NULL without
 * memory. */
char *plan_step_return_text(const struct plan_step *step) must_check;

/* Whether the plan takes the device. */
bool plan_takes(const struct plan *plan, const struct bdf *bdf);

/* A step of a cure as one line, "find its address now: lspci -Dnn". Returns a new string, or NULL
 * without memory. */
char *cure_text(const struct cure *cure) must_check;

/* Free what it owns. */
void cure_free(struct cure *cure);
void refusal_free(struct refusal *refusal);

void plan_free(struct plan *plan);
DEFINE_CLEANUP(struct plan *, plan_free)

#endif
