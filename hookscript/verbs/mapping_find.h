/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people name, an address on a node, a card's VFs or twins -> the lines of a mapping. */
#ifndef HOOKSCRIPT_VERBS_MAPPING_FIND_H
#define HOOKSCRIPT_VERBS_MAPPING_FIND_H

#include "hookscript/verbs/mapping_make.h"
#include "host/pci/summary.h"

struct mapping_finder {
	const struct fs_root *root;
	const char *here;			/* this node's name */
	const char *name;			/* of the mapping, for messages */
	const struct device_summaries *devices; /* of this node, judged */
	struct mapping_targets *targets;	/* to be added to */
	struct strbuf notes;			/* what to know about it, one thing a line */
	struct fs_names kept;			/* lines that stay, as they are, without a target */
	bool mdev; /* one of them provides mediated devices now, with the driver that it has */
};

/* Adds a note by a format and its arguments. */
#define mapping_note(f, ...)                                               \
	do {                                                               \
		strbuf_add(&(f)->notes, "%s", (f)->notes.len ? "\n" : ""); \
		strbuf_add(&(f)->notes, __VA_ARGS__);                      \
	} while (0)

/* Adds a target for N addresses of this node, at the first of which there is a device. Returns 0 or
 * -errno. */
int mapping_add_here(struct mapping_finder *f, const struct hostpci_address *addresses,
		     size_t n) must_check;

/*
 * Each adds targets. Returns 0; -EINVAL with a new text in *ret_why that says what is wrong and
 * what to do; -errno, with a text or NULL.
 */

/* The devices at TEXT on this node, of one line: "0000:01:00.0", "01:00", or several with ';'. */
int mapping_find_here(struct mapping_finder *f, const char *text, char **ret_why) must_check;

/* The VFs of the physical function at TEXT, a line each. */
int mapping_find_vfs(struct mapping_finder *f, const char *text, char **ret_why) must_check;

/* The devices like that at TEXT that a start could take, a line each; the others are noted. */
int mapping_find_twins(struct mapping_finder *f, const char *text, char **ret_why) must_check;

/*
 * The devices at TEXT on another node. LIKE not NULL: only such ones; when that is not at TEXT, the
 * one that there is elsewhere on that node.
 */
int mapping_find_there(struct mapping_finder *f, const char *node,
		       const struct pvesh_devices *devices, const char *text,
		       const struct pci_identity *like, char **ret_why) must_check;

/* Who but the finder's mapping names the device on a node: "mapping gpu", a new string, or NULL.
 * Returns 0 or -errno. */
int mapping_find_owner(const struct mapping_finder *f, const char *node, const struct bdf *bdf,
		       char **ret) must_check;

/* For this node's lines of NOW, what is there, or where a device of its id is now that is no VF and
 * that neither another mapping nor a VM names. Lines without one have no target; those of a VF that
 * has not been created, and whose device may be one of several, are kept. */
int mapping_find_lines(struct mapping_finder *f, const struct pvesh_mapping *now) must_check;

/* Notes in NOTES which of N lines no longer fit this node's hardware, but for those of TARGETS;
 * with the command that sets them right. Returns 0 or -ENOMEM. */
int mapping_note_misfits(const struct mapping_finder *f, char *const *lines, size_t n,
			 struct strbuf *notes) must_check;

#endif
