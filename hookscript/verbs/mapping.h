/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verb `mapping`: makes a mapping of the cluster, or this node's part of one, from what the
 * hardware is. Only Proxmox VE's API writes it (pvesh).
 */
#ifndef HOOKSCRIPT_VERBS_MAPPING_H
#define HOOKSCRIPT_VERBS_MAPPING_H

#include "host/base/fs.h"

struct mapping_options {
	const char *name;
	char *const *addresses; /* each is one line; ';' joins those of one line */
	size_t n_addresses;	/* 0 without VFS_OF: the lines that there are are set right */
	const char *vfs_of;	/* the VFs of this physical function in place of addresses; NULL */
	bool all_twins;		/* every device like that one that a start could take */
	bool alternative;	/* this node's other lines stay */
	const char *node;	/* another node, or "all"; NULL: this one */
	bool run, yes;		/* hookscript/verbs/commands.h */
	bool json;		/* only says what it would do, for programs; runs nothing */
	/* Commands that are shown, and run after it; NULL: none, and at the end. */
	char *const *const *then;
};

/*
 * Answers on standard output; shows the commands and asks before it runs them. Returns the
 * program's exit code: EXIT_DONE when the mapping is as asked, EXIT_REFUSED when that cannot be or
 * nothing was run, EXIT_PARTLY when a node could not be asked, EXIT_FAILED.
 */
int mapping_run(const struct fs_root *root, const struct mapping_options *options);

#endif
