/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of host-setup and its exit codes. */
#ifndef HOST_SETUP_OPTIONS_H
#define HOST_SETUP_OPTIONS_H

#include "host/base/fs.h"

/* The exit codes of host-setup, those of hookscript/pve/exit.h. */
enum {
	ENABLE_DONE = 0,
	ENABLE_FAILED = 1,  /* and everything is as it was, unless the message says otherwise */
	ENABLE_REFUSED = 2, /* nothing was changed */
	ENABLE_USAGE = 64,  /* an option's value is invalid */
};

enum processor_vendor {
	PROCESSOR_AUTO, /* by proc/cpuinfo below the root */
	PROCESSOR_INTEL,
	PROCESSOR_AMD,
	PROCESSOR_OTHER, /* no x86: its IOMMU needs no word of ours */
};

/* Each command heeds those that its help names. */
struct setup_options {
	bool json;
	struct outcome *outcome; /* of a change, with JSON (host/setup/outcome.h); NULL: none */
	const char *bootloader;	 /* NULL, "grub" or "systemd-boot" */

	const char *kernel; /* check: its release; NULL: all of the host */

	/* enable and disable */
	bool yes;	   /* do not ask */
	bool dry_run;	   /* show the diff and the commands, and stop */
	bool root_changed; /* the next boot may have another root= than this one */

	/* enable */
	unsigned int confirm_within; /* minutes after the reboot; 0: nothing is to be confirmed */
	enum processor_vendor vendor;
	const char *acs_override; /* NULL, "downstream", "multifunction" or "both" */
	bool pci_realloc_off;
	bool unsafe_interrupts;
	bool ignore_msrs;
	bool only;			/* nothing that an earlier run was asked for is kept */
	const char *const *kernel_args; /* further words for the kernel command line */
	size_t n_kernel_args;

	/* groups */
	const char *html; /* where the page is written to, "-": standard output; NULL: none */

	/* capture */
	const char *capture; /* the file to be written */

	/* sriov */
	const char *address; /* of a PF; NULL: list them */
	const char *count;   /* so many VFs; with an address */
	bool now;	     /* also when the host uses the PF */
	bool host_driver;    /* the VFs get drivers of the host */
	bool boot;	     /* make what is configured, as the service does; early, too */

	/* early */
	char *const *addresses; /* of devices, up to a NULL; none: list them */
	bool remove;		/* hold them no longer */

	/* disable */
	bool manual_too;	 /* also what the administrator has set by hand */
	const unsigned int *vms; /* this node's VMs that have devices of the host, for warnings */
	size_t n_vms;
};

#endif
