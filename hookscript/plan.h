/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * (settings, VM, snapshot) -> what a start would take, or every reason why it must not start, each
 * with the command that cures it. Pure: no files, no output.
 */
#ifndef HOOKSCRIPT_PLAN_H
#define HOOKSCRIPT_PLAN_H

#include "hookscript/settings.h"
#include "hookscript/snapshot.h"
#include "vmcfg/vmcfg.h"

enum refusal_reason {
	REFUSAL_NOT_Q35, /* PCIe passthrough needs the q35 machine */
	REFUSAL_NO_PCIE, /* a PCIe device would be shown to the guest as conventional PCI */
	REFUSAL_PCIE_WITHOUT_Q35, /* Proxmox VE itself aborts such a start */
	REFUSAL_IGD_WITH_Q35,	  /* legacy-igd needs i440fx, Proxmox VE aborts */
	REFUSAL_HOST,	    /* the host cannot pass any device: host-setup check says the same */
	REFUSAL_ENTRY,	    /* an entry that stands for nothing: see struct selection_trouble */
	REFUSAL_ABSENT,	    /* no device at that address */
	REFUSAL_NO_GROUP,   /* the IOMMU does not cover the device */
	REFUSAL_BRIDGE,	    /* a bridge cannot be passed */
	REFUSAL_RESERVED,   /* the firmware reserves memory for the group */
	REFUSAL_GROUP_OPEN, /* somebody uses the group through VFIO */
	REFUSAL_OTHER_VM,   /* taken for a VM that runs or is being started or stopped */
	REFUSAL_RECORD,	    /* the device's record cannot be read */
	REFUSAL_IDENTITY,   /* the record is of another device */
	REFUSAL_MOVED,	    /* another device sits at the address than at the last start */
	REFUSAL_IN_USE,	    /* the host itself uses the device */
	REFUSAL_NEIGHBOUR,  /* group = "refuse", and the group has members that the VM does not name
			     */
};

struct refusal {
	enum refusal_reason reason;
	char *what;	       /* the device or setting, the value, and what it means */
	char *cure;	       /* commands or words, one a line */
	const struct bdf *bdf; /* of the device that it is about, in the snapshot; NULL: none */
};

struct plan_warning {
	char *what;
	const struct bdf *bdf; /* the same */
};

/* Why a device will return to the driver that it will return to. */
enum return_reason {
	RETURN_DRIVER_NOW,     /* it has it now */
	RETURN_SETTING,	       /* the settings say so */
	RETURN_RECORDED,       /* an earlier start recorded it */
	RETURN_VFIO_IDS,       /* on vfio-pci, because ids= gives it to vfio-pci */
	RETURN_VFIO_BLACKLIST, /* on vfio-pci, its own module is blacklisted */
	RETURN_VFIO_LEFT,      /* on vfio-pci, an earlier start or another tool left it there */
	RETURN_NONE_NO_MODULE, /* no driver, and no module for it */
	RETURN_NONE_BLACKLIST, /* no driver, its module is blacklisted */
	RETURN_NONE_MISSING,   /* no driver, although a module matches */
};

struct plan_step {
	const struct device *device; /* in the snapshot */
	const char *returns_to;	     /* a driver, or NULL: none; in the snapshot */
	enum return_reason why;
	const char *variant; /* the vfio variant driver that it gets; NULL: vfio-pci; in settings */
	bool choice;	     /* one of several devices of a mapping, of which Proxmox VE chooses */
};

struct plan {
	struct refusal *refusals;
	size_t n_refusals;
	struct plan_warning *warnings; /* to be said, in no way of the start */
	size_t n_warnings;
	struct plan_step *steps; /* in order of address; meaningless with refusals */
	size_t n_steps;
	/* Uses of the devices by the host which the settings allow to end; in the snapshot. */
	const struct usage_finding **accepted;
	size_t n_accepted;
	bool deferred; /* uses that may end when the settings' units and containers are stopped:
			  plan again then */
};

/*
 * Decides. The plan points into SNAPSHOT and SETTINGS, which must outlive it. Returns 0 and a new
 * plan (plan_free()), or -ENOMEM.
 */
int plan_make(unsigned int vmid, const struct settings *settings, const struct vmcfg *vm,
	      const struct selection *selection, const struct snapshot *snapshot,
	      struct plan **ret) must_check;

/* The driver that the device gets while the VM has it. */
const char *plan_step_driver(const struct plan_step *step);

/* The driver that the device will return to when it is taken now, or NULL: none. */
const char *plan_returns_to(const struct device *device);

/* The reason in words: "returns to nouveau, its driver now". A constant or, with the module's name,
 * new string (the caller frees it); NULL without memory. */
char *plan_step_return_text(const struct plan_step *step) must_check;

/* Whether the plan takes the device. */
bool plan_takes(const struct plan *plan, const struct bdf *bdf);

void plan_free(struct plan *plan);
DEFINE_CLEANUP(struct plan *, plan_free)

#endif
