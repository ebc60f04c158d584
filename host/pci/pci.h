/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a PCI device is: its ids and where its files are (sysfs), and its name (libpci). */
#ifndef HOST_PCI_PCI_H
#define HOST_PCI_PCI_H

#include "host/text/bdf.h"
#include "host/base/fs.h"

/* What tells a device from another one at the same address. */
struct pci_identity {
	uint16_t vendor, device, subvendor, subdevice;
	uint32_t class; /* 24 bits: base class, subclass, programming interface */
};

/* A base class, and classes with their subclasses (PCI Code and ID Assignment Specification). */
#define PCI_BASE_CLASS_DISPLAY 0x03
#define PCI_BASE_CLASS_BRIDGE  0x06
#define PCI_CLASS_SMBUS	       0x0c05
#define PCI_CLASS_HOST_BRIDGE  0x0600
#define PCI_CLASS_ISA_BRIDGE   0x0601

/* "8086:10d3:8086:0000:020000" and its NUL. */
#define PCI_IDENTITY_TEXT_SIZE 27
const char *pci_identity_format(const struct pci_identity *id, char buf[PCI_IDENTITY_TEXT_SIZE]);

/* The same for a message: a text that lasts until the end of the block it is written in. */
#define pci_identity_text(identity) \
	pci_identity_format((identity), (char[PCI_IDENTITY_TEXT_SIZE]){0})
/* Reads that text. Returns 0, or -EINVAL and leaves *ret alone. */
int pci_identity_parse(const char *text, struct pci_identity *ret) must_check;
bool pci_identity_equal(const struct pci_identity *a, const struct pci_identity *b);

/*
 * Whether they may be one device before and after a boot: equal, but for the subclass of graphics.
 * Which display the firmware is set to use decides whether integrated graphics is a VGA controller
 * or another display controller (Intel, Graphics Control register, "VGA Disable").
 */
bool pci_identity_alike(const struct pci_identity *a, const struct pci_identity *b);

/* The device's directory, "sys/bus/pci/devices/BDF"; NULL without memory. */
char *pci_dir(const struct bdf *bdf) must_check;

/* A file of the device: "sys/bus/pci/devices/BDF/NAME"; NULL without memory. */
char *pci_path(const struct bdf *bdf, const char *name) must_check;

/*
 * Whether the device is there, and whether it has the file or directory NAME: 1, 0, or -errno when
 * that is unknown (fs_probe()).
 */
int pci_probe(const struct fs_root *root, const struct bdf *bdf) must_check;
int pci_probe_file(const struct fs_root *root, const struct bdf *bdf, const char *name) must_check;

/*
 * Whether the device is directly on a root bus, as part of the root complex: without a slot or a
 * link. Returns 1, 0, or -errno when that is unknown.
 */
int pci_is_integrated(const struct fs_root *root, const struct bdf *bdf) must_check;

/*
 * The device that this one is a child of, if that is no bridge but an endpoint: a VMD controller,
 * say, behind which the kernel finds a bus of its own (Linux: drivers/pci/controller/vmd.c). Such a
 * child goes when its parent changes its driver. Returns 1 with *ret; 0 when there is none; -errno.
 */
int pci_parent_endpoint(const struct fs_root *root, const struct bdf *bdf,
			struct bdf *ret) must_check;

/*
 * The name of the driver that the device is bound to. Returns 0 with a new string, or with NULL
 * when no driver has it; -errno.
 */
int pci_driver(const struct fs_root *root, const struct bdf *bdf, char **ret) must_check;

/* The device's modalias. Returns 0 with a new string, or -errno. */
int pci_modalias(const struct fs_root *root, const struct bdf *bdf, char **ret) must_check;

/*
 * Reads a device's identity off its modalias: all of it in one read, of what the kernel chooses
 * drivers by, for virtual functions too (Linux: drivers/pci/pci-sysfs.c, modalias_show()). Returns
 * 0; -ENODEV when the device is not there, -EIO when that is no modalias of a PCI device, -errno.
 */
int pci_identify(const struct fs_root *root, const struct bdf *bdf,
		 struct pci_identity *ret) must_check;

/*
 * Whether it is a PCI Express device: 1, 0, or -errno when that is unknown. The judge is
 * max_link_width in sysfs, which the kernel makes at boot for devices with that capability (Linux:
 * drivers/pci/pci-sysfs.c): the configuration space of a dead or sleeping device reads as ones and
 * proves nothing.
 */
int pci_is_express(const struct fs_root *root, const struct bdf *bdf) must_check;

/* libpci on a root. */
struct pci;

/* Returns 0 and a new handle (pci_close()), or -ENOMEM. */
int pci_open(const struct fs_root *root, struct pci **ret) must_check;
void pci_close(struct pci *pci);
DEFINE_CLEANUP(struct pci *, pci_close)

/* What a device is between others, by its PCI Express capability. */
enum pci_link_type {
	PCI_LINK_NONE, /* it has none: conventional PCI */
	PCI_LINK_ENDPOINT,
	PCI_LINK_ROOT_PORT,
	PCI_LINK_UPSTREAM,
	PCI_LINK_DOWNSTREAM,
	PCI_LINK_TO_PCI,     /* a bridge from Express to conventional PCI */
	PCI_LINK_FROM_PCI,   /* and the other way round */
	PCI_LINK_ROOT_EVENT, /* the root complex' event collector */
};

/* Access Control Services is with what a port keeps the devices below it apart (PCI Express Base
 * Specification 6.12). */
struct pci_link {
	enum pci_link_type type;
	bool multifunction;
	bool slot;	    /* of a port: a card can be put in there */
	unsigned int width; /* how many lanes it can have; 0: unknown */
	bool acs;
	uint16_t acs_able, acs_control; /* its two registers */
};

/*
 * Reads that from the device's configuration space, which needs root. Returns whether it could be
 * read.
 */
bool pci_read_link(struct pci *pci, const struct bdf *bdf, struct pci_link *ret) must_check;

/*
 * The class in words, "VGA compatible controller"; "PCI device" when it is unknown. Returns a
 * new string, or NULL without memory.
 */
char *pci_class_name(struct pci *pci, const struct pci_identity *id) must_check;

/*
 * A device's name for people, "Intel Corporation 82574L Gigabit Network Connection [8086:10d3]".
 * "PCI device [8086:10d3]" when libpci cannot be asked. The name database is read at the first
 * call. Returns a new string, or NULL without memory.
 */
char *pci_name(struct pci *pci, const struct pci_identity *id) must_check;

#endif
