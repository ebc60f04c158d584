/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `sriov ADDRESS N` and `early ADDRESS` answer with --json: what became of the change, and why
 * it is refused, in the form that refusals of pve-passthrough have. Without --json only messages.
 */
#ifndef HOST_SETUP_OUTCOME_H
#define HOST_SETUP_OUTCOME_H

#include "host/text/bdf.h"
#include "host/text/json.h"
#include "host/setup/options.h"

/* Why a change is refused; each has a word in pve-passthrough-json(7). */
enum outcome_reason {
	REASON_ABSENT,	      /* no device at that address */
	REASON_BRIDGE,	      /* a bridge stays with the host */
	REASON_CHILD,	      /* it is behind another device */
	REASON_VF_ITSELF,     /* it is a VF */
	REASON_IN_USE,	      /* the host uses it */
	REASON_USED_AT_BOOT,  /* the host is configured to use it */
	REASON_OTHER_VM,      /* a VM or a test has it */
	REASON_GROUP_OPEN,    /* a process uses it through VFIO */
	REASON_ON_VFIO,	      /* it is on vfio-pci, which makes no VFs */
	REASON_HELD_EARLY,    /* it is held early for that */
	REASON_MAKES_VFS,     /* it is to have VFs at every boot */
	REASON_NO_SRIOV,      /* it can have no VFs */
	REASON_TOO_MANY_VFS,  /* nor so many */
	REASON_DRIVER,	      /* its driver does not make them */
	REASON_VGPU,	      /* NVIDIA's makes them by itself */
	REASON_SET_ELSEWHERE, /* something else sets their number */
	REASON_BUILT_IN,      /* its driver is part of the kernel */
	REASON_TWIN,	      /* it cannot be told from another device */
	REASON_INITRAMFS,     /* initramfs-tools does not make the initramfs */
	REASON_FILE,	      /* a file is not what host-setup writes */
	REASON_BOOTLOADER,    /* the boot loader is not known */
	REASON_UNCONFIRMED,   /* the question was not answered with yes */
	REASON_COUNT,
};

struct outcome {
	int out;	       /* standard output, which is standard error meanwhile */
	json_object *refusals; /* an array; what follows is of its last one */
	json_object *last_cures;
	bool failed;
};

/*
 * Begins with OPTIONS, which get OUTCOME, if they want JSON: what is printed on the way goes to
 * standard error. Returns 0 or -errno. outcome_end() prints the object, and returns CODE, the exit
 * code of the change, or ENABLE_FAILED; without JSON, or with ENABLE_USAGE, it prints nothing.
 */
int outcome_begin(struct outcome *outcome, struct setup_options *options) must_check;
int outcome_end(const struct setup_options *options, int code) must_check;

/*
 * Reports why the change is refused, "refused: …" by a format, about the device at BDF or none
 * (NULL), and remembers it. A refusal is worth ENABLE_REFUSED.
 */
void outcome_refuse(const struct setup_options *options, enum outcome_reason reason,
		    const struct bdf *bdf, const char *format, ...) printf_like(4, 5);

/* The same without a message: WHAT was said otherwise. */
void outcome_note(const struct setup_options *options, enum outcome_reason reason,
		  const struct bdf *bdf, const char *what);

/* Remembers what cures the last refusal, which a message has said: WHAT, and a command, by a
 * format; NULL: none. */
void outcome_cure(const struct setup_options *options, const char *what, const char *command, ...)
	printf_like(3, 4);

#endif
