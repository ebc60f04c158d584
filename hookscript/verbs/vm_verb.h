/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verb `vm`: what a VM still needs for its devices, and the commands that give it. */
#ifndef HOOKSCRIPT_VERBS_VM_VERB_H
#define HOOKSCRIPT_VERBS_VM_VERB_H

#include "host/base/fs.h"

/* At most one of fix, add and detach. */
struct vm_options {
	bool fix;	     /* run the commands */
	bool add;	     /* give the VM the device at ADDRESS; without one, list the devices */
	bool detach;	     /* take the hook out of the config */
	bool gpu;	     /* with add: a graphics card */
	bool yes;	     /* ask nothing */
	const char *address; /* NULL: none */
	const char *mapping; /* with add: by this mapping, which is made; NULL: by address */
	bool run;	     /* ROOT is the system whose qm would be run; otherwise none is */
};

/*
 * Answers on standard output, and asks on the terminal before it runs anything; without a terminal
 * nothing is run, unless OPTIONS say yes. Returns the program's exit code: EXIT_DONE when the VM
 * has what it needs, or what was asked for is done; EXIT_REFUSED when something is missing, or a
 * question was answered by no, and nothing was run; EXIT_PARTLY when commands were run, and
 * something is still missing; EXIT_FAILED.
 */
int vm_verb_run(const struct fs_root *root, unsigned int vmid, const struct vm_options *options);

#endif
