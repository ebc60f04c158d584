/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings: how the host uses a device. */
#ifndef HOST_USAGE_FINDING_H
#define HOST_USAGE_FINDING_H

#include <sys/types.h>

#include "host/text/bdf.h"
#include "host/base/fs.h"

enum usage_kind {
	USAGE_DISK,	 /* a file system, swap, LVM, RAID … on a disk below the device */
	USAGE_NETWORK,	 /* an interface with a master, an address or a route */
	USAGE_DISPLAY,	 /* a graphics node is open, or the host's console is on it */
	USAGE_SOUND,	 /* a sound node is open */
	USAGE_PROCESS,	 /* a process has another node of the device open */
	USAGE_CONTAINER, /* a running container is given a node of the device */
	USAGE_CHIPSET,	 /* a driver of the platform's bridges or SMBus serves the host by it */
	USAGE_VFS,	 /* it is an SR-IOV PF whose VFs exist */
	USAGE_MDEVS,	 /* mediated devices of it exist */
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
	char *cure;	    /* what ends the use, or what COMMAND does to it */
	char *command; /* a line for a shell that does it, to be run as it stands; NULL: none */
	/* What a start can stop, if the settings say so: a systemd unit (stop_units), or NULL; a
	 * Proxmox VE container (stop_ct), or 0. */
	char *unit;
	unsigned int ctid;
	/* That it may be allowed is no cure: the kernel would wait for the process for as long as
	 * it lives, or the host run without what it needs. */
	bool vital;
	char *network; /* what an interface has that it does not get back by itself: "eno1:
			  below vmbr0, address 192.0.2.2"; NULL for other kinds */
	/* What WHAT is about, for programs. */
	char *name; /* an interface, "eno1"; a node, "/dev/sda"; of USAGE_CHIPSET a driver, channel
		       or algorithm; NULL: none */
	struct fs_names mounts; /* where its file systems are mounted */
	pid_t pid;		/* of a process; 0: none */
	char *program;		/* the process's name; NULL: none */
};

struct usage {
	struct usage_finding *items;
	size_t n;
};

void usage_free(struct usage *usage);

/*
 * Adds a finding about the device at BDF, and takes WHAT and CURE over. Names in WHAT may hold any
 * byte: what is no printable character becomes \xNN. Returns 0, or -ENOMEM (also when one of them
 * is NULL), and has freed both.
 */
int usage_add(struct usage *usage, const struct bdf *bdf, enum usage_kind kind, char *what,
	      const char *effect, char *cure) must_check;

/* The same with the command that does what CURE says, which is taken over, too; NULL: none. */
int usage_add_command(struct usage *usage, const struct bdf *bdf, enum usage_kind kind, char *what,
		      const char *effect, char *cure, char *command) must_check;

/* Gives the last finding its NAME, which is taken over. Returns 0, or -ENOMEM (of NULL). */
int usage_name(struct usage *usage, char *name) must_check;

/* Says that it is about the process PID, PROGRAM. Returns 0 or -ENOMEM. */
int usage_name_process(struct usage *usage, pid_t pid, const char *program) must_check;

/* Leaves finding I out. */
void usage_drop(struct usage *usage, size_t i);

/* The finding that was added last. */
struct usage_finding *usage_last(struct usage *usage);

#define auto_usage cleanup_with(usage_free)

#endif
