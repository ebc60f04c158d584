/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A record (hookscript/records/record.h), its text in the notation of libconfig, and back. Pure. */
#ifndef HOOKSCRIPT_RECORDS_RECORD_TEXT_H
#define HOOKSCRIPT_RECORDS_RECORD_TEXT_H

#include "host/text/bdf.h"
#include "host/net/vf_net.h"
#include "host/pci/pci.h"

enum record_stage {
	RECORD_CLAIMED, /* a VM wants the device; nothing was written to it, and its
			   before-image is not complete */
	RECORD_TAKEN,	/* the before-image is complete; the device may have been written to */
};

/* Attributes of a device that the settings may change. */
enum record_attribute_name {
	RECORD_RESET_METHOD,
	RECORD_D3COLD,
	RECORD_ATTRIBUTES /* how many */
};

struct record_attribute {
	char *set;    /* what to write; NULL: leave it */
	char *before; /* what it was; NULL: not read yet, or the device has no such one */
};

/* The attribute's name in sysfs. */
const char *record_attribute_name(enum record_attribute_name name);

/*
 * In place of the number of a VM: the device is taken by `pve-passthrough test`. Proxmox VE's
 * numbers begin with 100. A version that knows no test (0.2.0) takes it for a VM that does not run,
 * and gives the device back by `restore --all`, as by its before-image it may.
 */
#define RECORD_TEST	 1U
#define RECORD_TEST_WORD "test"

/* For whom it is taken, for a message: "VM 100", "the test". Returns BUF. */
#define RECORD_OWNER_SIZE 64
const char *record_owner_format(unsigned int vmid, char buf[RECORD_OWNER_SIZE]);

/* The same as the verbs `restore` and `watch` take it: "100", "test". */
const char *record_owner_word_format(unsigned int vmid, char buf[RECORD_OWNER_SIZE]);

/* Both as texts that last until the end of the block they are written in. */
#define record_owner(vmid)	record_owner_format((vmid), (char[RECORD_OWNER_SIZE]){0})
#define record_owner_word(vmid) record_owner_word_format((vmid), (char[RECORD_OWNER_SIZE]){0})

/* The VM, or 0: of none (log_set_context()). */
static inline unsigned int record_owner_vm(unsigned int vmid)
{
	return vmid == RECORD_TEST ? 0 : vmid;
}

struct record {
	struct bdf bdf;
	unsigned int vmid; /* or RECORD_TEST */
	enum record_stage stage;
	struct pci_identity identity;
	/* The before-image; NULL: none. */
	char *driver;
	char *module; /* the one that the driver lives in; NULL: built in */
	char *override;
	char *network; /* what its interface had and does not get back by itself, for people */
	bool choice;   /* taken as one of several alternatives of a mapping, of which Proxmox VE
			  chooses */
	bool new_id;   /* Proxmox VE bound it through new_id, which still lists its id */
	/* The driver that it gets when it is given back; NULL: the recorded one; "none": no driver,
	 * so that the host does not use it. */
	char *return_to;
	char *bind_to; /* the vfio variant driver that it gets while it is taken; NULL: vfio-pci */
	/* Attributes to be changed while it is taken, and what they were. */
	struct record_attribute attributes[RECORD_ATTRIBUTES];
	/*
	 * Of a virtual function of a network card: what its physical function keeps for it, as
	 * texts of vf_net_format(). "before" without "set": an earlier start wanted it, and this
	 * one does not.
	 */
	struct record_attribute vf[VF_NET_FIELDS];
	char *vf_of;  /* that PF, on which MACs of guests on its bridge are entered while the VF is
			 taken; NULL: nothing is entered */
	char *unload; /* modules to be unloaded first, separated by spaces; NULL: none */
	char *unloaded; /* those of them that were loaded */
	uint64_t claim; /* which start claimed it (record_new_claim()); 0: an older version's */
	/* Needed to give the device back, so that post-stop needs no settings file. */
	int deadline;  /* seconds */
	bool ifreload; /* run `ifreload -a` afterwards when an interface had a configuration */
	bool no_mail;  /* root is not mailed when it cannot be given back */
};

/* The driver that the device is to have when it is given back; NULL: none. Belongs to RECORD. */
const char *record_target(const struct record *record);

/*
 * Sets what is wanted of the VF in all fields, as WANTED knows them, and the PF on which MACs are
 * entered (NULL: none). What it was before stays. Returns 0 or -ENOMEM.
 */
int record_want_vf(struct record *record, const struct vf_net *wanted,
		   const struct bdf *vf_of) must_check;

/* The driver that it has while it is taken. Belongs to RECORD, or is a constant. */
const char *record_taken_driver(const struct record *record);

/* The driver_override that keeps a device from every driver: no driver has that name. */
#define RECORD_RETURN_NONE "none"

void record_free(struct record *record);
DEFINE_CLEANUP(struct record *, record_free)

/*
 * Reads the record of the device at BDF. Returns 0 and a new record (record_free()); -EINVAL when
 * the text is not one; -EPROTONOSUPPORT when a newer version wrote it in a format unknown here;
 * -ENOMEM.
 */
int record_parse(const char *text, const struct bdf *bdf, struct record **ret) must_check;

/* Returns a new string, or NULL without memory. */
char *record_format(const struct record *record) must_check;

#endif
