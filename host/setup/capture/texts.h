/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the text of a file is reduced to what decides, before stand-ins are put into it. Pure, but
 * for the stand-ins that are made. */
#ifndef HOST_SETUP_CAPTURE_TEXTS_H
#define HOST_SETUP_CAPTURE_TEXTS_H

#include "host/base/base.h"
#include "host/text/strbuf.h"
#include "host/setup/capture/standin.h"

/* What to do with a file. */
enum texts_kind {
	TEXTS_HERE,	/* only that it is there: a link, a directory, or an empty file */
	TEXTS_WHOLE,	/* all of it */
	TEXTS_BYTES,	/* all of it, and no stand-ins: it is no text */
	TEXTS_SPACE,	/* a PCI configuration space, without its serial number */
	TEXTS_ENTRY,	/* a boot entry of the firmware: the beginning of its name */
	TEXTS_PREFIX,	/* "LVM-x": what is before the first dash, with that */
	TEXTS_CONFIG,	/* without comments */
	TEXTS_SETTINGS, /* the same of libconfig's, which may be longer than a line; but for those
			   that are WORDS */
	TEXTS_WORDS,   /* the kernel's words: without comments, and a stand-in for each unknown word
			*/
	TEXTS_LINES,   /* lines with one of the words; others are empty */
	TEXTS_SETTERS, /* the same, without comments */
	TEXTS_KEYS,    /* sections of Proxmox VE: headers, and lines that set one of the words */
	TEXTS_SERVERS, /* lines with one of the words, in which host names are told by their keys */
	TEXTS_HOSTS,   /* /etc/hosts, without comments; its names are those of hosts */
	TEXTS_MOUNTS,  /* /proc/PID/mountinfo without options and servers */
	TEXTS_MAPS,    /* /proc/PID/maps: mappings of devices */
	TEXTS_COMMAND, /* a command line: which VM it is, and -device vfio-pci */
	TEXTS_USERS,   /* /etc/passwd: numbers, with a stand-in for each name */
	TEXTS_PLACES,  /* what bootplaces_note() writes: its lines "entry WORDS" are the kernel's
			  words */
	TEXTS_FSTAB,   /* fstab(5), crypttab(5), mount units (host/setup/capture/boot_texts.h) */
	TEXTS_ARRAYS,  /* mdadm.conf(5) */
	TEXTS_POOLS,   /* zpool.cache */
	TEXTS_UDEV,    /* what udev knows of a disk */
	TEXTS_IFACES,  /* interfaces(5) */
	TEXTS_NETWORK, /* systemd.network(5), systemd.link(5) */
	TEXTS_VM,      /* a VM's config, and a container's: by functions of a higher layer */
	TEXTS_CT,
};

/* Reduces a VM's or container's config: 0 and a new string, or -errno. */
typedef int texts_reduce(const char *text, size_t len, char **ret);

struct texts {
	struct standins *standins;
	texts_reduce *reduce_vm, *reduce_ct;
};

/*
 * Reduces TEXT of LEN bytes, a file of that KIND; WORDS are joined with '|'. Returns 0 and a new
 * string of *RET_LEN bytes, or -errno.
 */
int texts_reduce_one(const struct texts *texts, enum texts_kind kind, const char *words,
		     const char *text, size_t len, char **ret, size_t *ret_len) must_check;

#endif
