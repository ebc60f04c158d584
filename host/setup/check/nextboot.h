/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The next boot, as far as it is known: what it is started with, and what that means for
 * passthrough. */
#ifndef HOST_SETUP_CHECK_NEXTBOOT_H
#define HOST_SETUP_CHECK_NEXTBOOT_H

#include "host/setup/boot/problems.h"
#include "host/setup/check/cures.h"

struct nextboot {
	struct bootcfg bootcfg;	   /* what is configured */
	struct conf_items words;   /* what it is started with, as far as known */
	char *evidence;		   /* where that was read */
	struct conf_items running; /* what the running kernel was started with */
	struct problems problems;  /* those of enable, and more */
	struct cures cures;
	char *stale; /* why the boot entries are not up to date; NULL: they are, as far as known */
	char *up_to_date; /* the entries that are known to be; NULL: none */
	bool known;	  /* whether the words are */
	bool cut; /* the kernel will not keep all of its command line; words are what it keeps */
	bool running_cut; /* the running kernel has not kept all of its own */
	bool as_running;  /* they are those of the running kernel, for want of a file */

	bool mends_iommu;     /* it turns on an IOMMU that is off now */
	bool mends_remapping; /* it turns on interrupt remapping that is off now */
	bool in_vain;	      /* it would, had this boot not been started without the same entry */
	char *loss; /* why no device can be passed through after it; NULL: nothing known */
	char *loss_cure;
	int igpu_word; /* the running word that leaves the integrated GPU out, where the next boot
			  does not; -1: none */
};

/*
 * Reads it. OVERRIDE is that of bootloader_detect(), which found BOOTLOADER. Returns 0 (free with
 * nextboot_free()) or -errno.
 */
int nextboot_read(const struct fs_root *root, const struct bootloader *bootloader,
		  struct nextboot *ret) must_check;
void nextboot_free(struct nextboot *next);

/* Whether a problem keeps passthrough, or the host, from working after the next boot. */
bool nextboot_is_spoilt(const struct nextboot *next);

/* Whether enable would refuse, so that the configuration is not what it should be. */
bool nextboot_has_problem(const struct nextboot *next);

/* What helps when it is in vain. */
const char *nextboot_cure_in_vain(void);

#define auto_nextboot cleanup_with(nextboot_free)

#endif
