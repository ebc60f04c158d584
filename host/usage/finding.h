/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings: how the host uses a device. */
#ifndef HOST_USAGE_FINDING_H
#define HOST_USAGE_FINDING_H

#include "host/base/bdf.h"

enum usage_kind {
	USAGE_DISK,	 /* a file system, swap, LVM, RAID … on a disk below the device */
	USAGE_NETWORK,	 /* an interface with a master, an address or a route */
	USAGE_DISPLAY,	 /* a graphics node is open, or the host's console is on it */
	USAGE_SOUND,	 /* a sound node is open */
	USAGE_PROCESS,	 /* a process has another node of the device open */
	USAGE_CONTAINER, /* a running container is given a node of the device */
	USAGE_CHIPSET,	 /* the platform's own: host bridge or ISA bridge */
	USAGE_VFS,	 /* it is an SR-IOV PF whose VFs exist */
};

/* The name that settings use for a kind, "disk"; and back: returns 0 or -EINVAL. */
const char *usage_kind_name(enum usage_kind kind);
int usage_kind_parse(const char *name, enum usage_kind *ret) must_check;

/* A device to look at. */
struct usage_device {
	struct bdf bdf;
	uint32_t class;	    /* 24 bits */
	const char *driver; /* NULL: none */
};

struct usage_finding {
	struct bdf bdf;
	enum usage_kind kind;
	bool harmless;	    /* informational, does not block a start */
	char *what;	    /* what uses it: "disk sda is mounted at /srv" */
	const char *effect; /* what taking the device would do to the host; static */
	char *cure;	    /* what ends the use, as a command or in words */
	char *network;	    /* what an interface has that it does not get back by itself: "eno1:
			       below vmbr0, address 192.0.2.2"; NULL for other kinds */
};

struct usage {
	struct usage_finding *items;
	size_t n;
};

void usage_free(struct usage *usage);

/*
 * Adds a finding about the device at BDF, and takes WHAT and CURE over. Returns 0, or -ENOMEM (also
 * when one of them is NULL), and has freed both.
 */
int usage_add(struct usage *usage, const struct bdf *bdf, enum usage_kind kind, char *what,
	      const char *effect, char *cure) must_check;

#define auto_usage cleanup_with(usage_free)

#endif
