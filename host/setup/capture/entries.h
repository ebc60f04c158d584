/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a capture is made of: directories, links and files, each once, by its place below the root
 * where no component is a link. */
#ifndef HOST_SETUP_CAPTURE_ENTRIES_H
#define HOST_SETUP_CAPTURE_ENTRIES_H

#include <sys/stat.h>

#include "host/base/base.h"

enum entry_type { ENTRY_DIR, ENTRY_LINK, ENTRY_FILE };

struct entry {
	char *path;
	enum entry_type type;
	char *bytes; /* of a file, LEN of them, and a NUL; what a link names */
	size_t len;
	bool read;	/* a file: its bytes were looked for, not only whether it is there */
	int err;	/* -errno with which it could not be opened or read */
	struct stat st; /* of what is on the host */
};

struct entries {
	struct entry *items;
	size_t n;
	size_t *places; /* a table of indexes plus one, by the hash of the path */
	size_t n_places;
};

/* The entry at PATH; NULL: none. Valid until the next entries_add(). */
struct entry *entries_find(const struct entries *entries, const char *path);

/* Adds one of that TYPE, or finds what is there. Returns NULL without memory. */
struct entry *entries_add(struct entries *entries, const char *path,
			  enum entry_type type) must_check;

/* Sorts them by path; none can be found or added any more. */
void entries_sort(struct entries *entries);

void entries_free(struct entries *entries);

#define auto_entries cleanup_with(entries_free)

#endif
