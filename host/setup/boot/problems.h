/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is wrong with the boot configuration: one list, which `host-setup check` prints, and because
 * of which `enable` and `disable` refuse.
 */
#ifndef HOST_SETUP_BOOT_PROBLEMS_H
#define HOST_SETUP_BOOT_PROBLEMS_H

#include "host/setup/boot/bootcfg.h"
#include "host/setup/options.h"

/* Which commands a problem stops. */
enum problem_severity {
	PROBLEM_NOTE,	 /* none */
	PROBLEM_WARNING, /* none, but it costs something, and can be cured */
	PROBLEM_ENABLE,	 /* enable: passthrough would not work, or a file cannot be edited */
	PROBLEM_BOOT,	 /* disable, too: with updated entries the host would not boot */
};

struct problem {
	const char *name; /* stable, for programs: "contradiction" */
	enum problem_severity severity;
	char *what; /* a sentence, with the file and line */
	char *cure; /* what to do before the command is run again; NULL: nothing */
};

struct problems {
	struct problem *items;
	size_t n;
};

/*
 * Finds what is wrong with BOOTCFG, the configuration of the next boot, and with the file that is
 * edited. VENDOR: of the host's IOMMU; a word for the other vendor's is a note. What host-setup
 * itself has added undoes no word that was set by hand: enable does not argue with the
 * administrator.
 * Returns 0 (free with problems_free()) or -errno.
 */
int problems_find(const struct fs_root *root, const struct bootloader *bootloader,
		  const struct bootcfg *bootcfg, enum processor_vendor vendor,
		  struct problems *ret) must_check;

/*
 * Why words cannot be added to TEXT, that of etc/kernel/cmdline (NULL: it does not exist), whose
 * words are WORDS, in words; NULL when they can. Pure.
 */
const char *problems_cmdline_trouble(const char *text, const struct conf_items *words);

/* Adds a problem and takes its texts over. Returns 0, or -ENOMEM (or a NULL WHAT), texts freed. */
int problems_add(struct problems *problems, const char *name, enum problem_severity severity,
		 char *what, char *cure) must_check;

/* Reports those of severity STOPS and above as errors, and to enable its notes and warnings as
 * warnings. Returns whether there was an error. */
bool problems_stop(const struct problems *problems, enum problem_severity stops);

void problems_free(struct problems *problems);

#define auto_problems cleanup_with(problems_free)

#endif
