/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of /etc/pve/storage.cfg (vmcfg/text/sections.h) -> struct, as Proxmox VE itself reads it
 * (pve-storage, PVE/Storage/Plugin.pm), as far as it concerns files and snippets.
 *
 *	dir: local
 *		path /var/lib/vz
 *		content iso,vztmpl,backup
 *
 * Of a key the first valid line counts, of an id the last section. A storage "local" always
 * exists: when none is configured, or one that is not of type dir with the path /var/lib/vz,
 * Proxmox VE adds one, for everything, snippets too. Pure.
 */
#ifndef VMCFG_STORAGE_H
#define VMCFG_STORAGE_H

#include "host/base/base.h"
#include "vmcfg/text/text.h"

struct storage {
	char *id;
	char *type;	/* "dir", "nfs", "lvmthin", … */
	char *path;	/* the directory of its files; NULL: it has none, or not a valid one, or the
			   type is unknown, and it is not for snippets */
	char *content;	/* "iso,vztmpl,backup", or the default of the type;
			   NULL: an unknown type */
	char *snippets; /* the directory of snippets below PATH; NULL: "snippets" */
	char *nodes;	/* the only nodes that have it, as written; NULL: all */
	bool disabled;
};

struct storages {
	struct storage *items; /* in the order of the file; of an id the last one is used */
	size_t n;
};

/*
 * Parses TEXT of LEN bytes (NULL and 0 for a missing file). Returns 0 (free with
 * storages_free()); -EFBIG when LEN is over VMCFG_TEXT_MAX; -ENOMEM. Lines that Proxmox VE drops
 * are ignored.
 */
int storages_parse(const char *text, size_t len, struct storages *ret) must_check;
void storages_free(struct storages *storages);

/* The last storage called ID; NULL when there is none. */
const struct storage *storages_find(const struct storages *storages, const char *id);

/* Whether the storage is for CONTENT: "snippets", "images". */
bool storage_is_for(const struct storage *storage, const char *content);

/* The argument of `pvesm set ID --content` that adds CONTENT: the whole list, which it replaces.
 * Returns a new string, or NULL without memory. */
char *storage_content_with(const struct storage *storage, const char *content) must_check;

/* A storage on every node that a small disk can be allocated on (content images); NULL: none. */
const struct storage *storages_for_disks(const struct storages *storages);

/*
 * Splits VOLUME, "STORAGE:snippets/NAME": new strings in *ret_storage and *ret_name, the caller's.
 * Returns 0; -EINVAL when it is not such a volume; -ENOMEM.
 */
int storage_split_snippet(const char *volume, char **ret_storage, char **ret_name) must_check;

/*
 * The file of VOLUME, "STORAGE:snippets/NAME", without leading '/': what Proxmox VE runs as a
 * hookscript, whether it exists or not. Returns 0 with a new string; -EINVAL with a new
 * string in *ret_why (when not NULL), which says what is wrong: no snippet, no such storage, or one
 * without directories; -ENOMEM.
 */
int storages_snippet_path(const struct storages *storages, const char *volume, char **ret,
			  char **ret_why) must_check;

#define auto_storages cleanup_with(storages_free)

#endif
