/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds what a pattern names below a root, and reads it. */
#ifndef HOST_SETUP_CAPTURE_WALK_H
#define HOST_SETUP_CAPTURE_WALK_H

#include "host/base/fs.h"
#include "host/setup/capture/entries.h"
#include "host/setup/capture/texts.h"

/* A line of the table of what is captured. */
struct pattern {
	const char *path; /* components as for fnmatch(3); one that is a double star: any
			     directories that are no links, but those of other PCI devices */
	enum texts_kind kind;
	const char *words; /* as the kind wants them */
};

struct walk {
	const struct fs_root *root;
	const struct texts *texts;
	struct entries *entries;
};

/*
 * Adds what PATTERN names, with the links on the way to it. What cannot be looked at, or read, is
 * an entry with that error. Returns 0 or -ENOMEM.
 */
int walk_pattern(const struct walk *walk, const struct pattern *pattern) must_check;

/* Adds what is at PATH, and behind the links there, as a file of that kind. Returns 0, also when
 * nothing is there; or -ENOMEM. */
int walk_add(const struct walk *walk, const char *path, enum texts_kind kind,
	     const char *words) must_check;

/* Adds the directories above PATH. Returns 0 or -ENOMEM. */
int walk_dir_of(const struct walk *walk, const char *path) must_check;

#endif
