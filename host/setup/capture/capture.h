/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `host-setup capture FILE.tar.xz`: what both programs read of this host, without what is nobody
 * else's business, so that somebody else sees what they say here.
 */
#ifndef HOST_SETUP_CAPTURE_CAPTURE_H
#define HOST_SETUP_CAPTURE_CAPTURE_H

#include "host/setup/capture/entries.h"
#include "host/setup/capture/texts.h"
#include "host/setup/options.h"

/* What is done by higher layers. */
struct capture_above {
	/* Reads all that `check`, `groups` and `plan` read, so that facts are noted. What fails
	 * there may be what is to be shown. */
	void (*read_all)(const struct fs_root *root);
	texts_reduce *reduce_vm, *reduce_ct;
};

/* Captures ROOT into options->capture, after a question. Returns an exit code (options.h). */
int capture_run(const struct fs_root *root, const struct setup_options *options,
		const struct capture_above *above) must_check;

/* All of it but the question and the file: what would be in it, as entries that store_write() can
 * write, with STANDINS as they were given. Returns 0 or -errno. */
int capture_read(const struct fs_root *root, const struct capture_above *above, const char *noted,
		 struct standins *standins, struct entries *ret) must_check;

#endif
