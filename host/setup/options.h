/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `host-setup enable` and `host-setup disable` are asked, and what they end with. */
#ifndef HOST_SETUP_OPTIONS_H
#define HOST_SETUP_OPTIONS_H

#include "host/base/fs.h"

/* The exit codes of host-setup, those of hookscript/pve/exit.h. */
enum {
	ENABLE_DONE = 0,
	ENABLE_FAILED = 1,  /* and everything is as it was, unless the message says otherwise */
	ENABLE_REFUSED = 2, /* nothing was touched */
	ENABLE_USAGE = 64,  /* an option's value is wrong */
};

enum processor_vendor {
	PROCESSOR_AUTO, /* by proc/cpuinfo below the root */
	PROCESSOR_INTEL,
	PROCESSOR_AMD,
};

struct enable_options {
	enum processor_vendor vendor;
	const char *bootloader;	  /* NULL, "grub" or "systemd-boot" */
	bool yes;		  /* ask nothing */
	bool dry_run;		  /* show the diff and the commands, and stop */
	const char *acs_override; /* NULL, "downstream", "multifunction" or "both" */
	bool pci_realloc_off;
	bool unsafe_interrupts;
	bool ignore_msrs;
	const char *const *kernel_args; /* further words for the kernel command line */
	size_t n_kernel_args;
};

struct disable_options {
	const char *bootloader;
	bool yes;
	bool dry_run;
	bool manual_too;	 /* also what the administrator has set by hand */
	const unsigned int *vms; /* this node's VMs that have devices of the host, to be named */
	size_t n_vms;
};

#endif
