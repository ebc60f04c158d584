/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How files that say what the host will use at boot are reduced (host/setup/early/boot_uses.h):
 * which disks and interfaces are named stays. */
#ifndef HOST_SETUP_CAPTURE_BOOT_TEXTS_H
#define HOST_SETUP_CAPTURE_BOOT_TEXTS_H

#include "host/base/fs.h"
#include "host/text/strbuf.h"
#include "host/setup/capture/standin.h"

/* Each adds to OUT what stays of LINE, without its newline; WORDS as the table has them. Returns 0
 * or -ENOMEM. */

/* fstab(5), crypttab(5) when WORDS is "key", or a mount or swap unit's "What=" when it is "unit":
 * no passwords, servers, and options that are not known. The name after "ID=" becomes a known word.
 */
int boot_texts_add_mount(struct standins *standins, const char *words, const char *line,
			 struct strbuf *out) must_check;

/* mdadm.conf(5). */
int boot_texts_add_array(struct standins *standins, const char *line,
			 struct strbuf *out) must_check;

/* What udev knows of a disk. Its names become known words, which have stand-ins everywhere. */
int boot_texts_add_udev(struct standins *standins, const char *line, struct strbuf *out) must_check;

/* Each reduces a whole TEXT of LEN bytes. Returns 0 or -ENOMEM. */

/* zpool.cache: names of pools, and paths of disks, a line each. (OpenZFS: include/sys/nvpair.h) */
int boot_texts_reduce_pools(const char *text, size_t len, struct strbuf *out) must_check;

/* interfaces(5): lines that decide, and those with one of WORDS, "a|b". */
int boot_texts_reduce_interfaces(const char *words, const char *text,
				 struct strbuf *out) must_check;

/* systemd.network(5) and systemd.link(5): which interfaces match, and lines with one of WORDS. */
int boot_texts_reduce_network(const char *words, const char *text, struct strbuf *out) must_check;

/* Makes the names in /dev/disk/by-id, which have serial numbers in them, known words. Returns 0 or
 * -ENOMEM. */
int boot_texts_note_disks(const struct fs_root *root, struct standins *standins) must_check;

#endif
