// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/pci.h"

#include <pci/pci.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DEVICES_DIR "sys/bus/pci/devices/"

struct pci {
	struct pci_access *access; /* NULL: libpci cannot be used */
};

/*
 * libpci's contract: its error callback does not return (the default one exits). The only way to
 * return is a jump to the last caller of libpci. Confined to this file.
 */
static jmp_buf on_error;

static void __attribute__((noreturn)) jump_out(char *format, ...)
{
	(void)format;
	longjmp(on_error, 1);
}

static void stay_silent(char *format, ...)
{
	(void)format;
}

const char *pci_identity_format(const struct pci_identity *id, char buf[PCI_IDENTITY_TEXT_SIZE])
{
	snprintf(buf, PCI_IDENTITY_TEXT_SIZE, "%04x:%04x:%04x:%04x:%06x", id->vendor, id->device,
		 id->subvendor, id->subdevice, id->class & 0xffffff);
	return buf;
}

int pci_identity_parse(const char *text, struct pci_identity *ret)
{
	uint32_t field[5] = {0};

	if (!hex_fields(text, "XXXX:XXXX:XXXX:XXXX:XXXXXX", HEX_LOWER, field))
		return -EINVAL;
	*ret = (struct pci_identity){(uint16_t)field[0], (uint16_t)field[1], (uint16_t)field[2],
				     (uint16_t)field[3], field[4]};
	return 0;
}

bool pci_identity_equal(const struct pci_identity *a, const struct pci_identity *b)
{
	return a->vendor == b->vendor && a->device == b->device && a->subvendor == b->subvendor &&
	       a->subdevice == b->subdevice && a->class == b->class;
}

bool pci_identity_alike(const struct pci_identity *a, const struct pci_identity *b)
{
	struct pci_identity same = *a;

	if (a->class >> 16 == PCI_BASE_CLASS_DISPLAY && b->class >> 16 == PCI_BASE_CLASS_DISPLAY)
		same.class = b->class;
	return pci_identity_equal(&same, b);
}

char *pci_dir(const struct bdf *bdf)
{
	char text[BDF_TEXT_SIZE];

	return fs_path(DEVICES_DIR "%s", bdf_format(bdf, text));
}

char *pci_path(const struct bdf *bdf, const char *name)
{
	char text[BDF_TEXT_SIZE];

	return fs_path(DEVICES_DIR "%s/%s", bdf_format(bdf, text), name);
}

int pci_probe_file(const struct fs_root *root, const struct bdf *bdf, const char *name)
{
	auto_free char *path = pci_path(bdf, name);

	return fs_probe(root, path);
}

int pci_probe(const struct fs_root *root, const struct bdf *bdf)
{
	return pci_probe_file(root, bdf, "vendor");
}

int pci_is_integrated(const struct fs_root *root, const struct bdf *bdf)
{
	auto_free char *path = pci_dir(bdf), *target = NULL;
	auto_free char *wanted = fs_path("/pci%04x:%02x/%s", bdf->domain, bdf->bus, bdf_text(bdf));
	int err = path && wanted ? fs_link_target(root, path, &target) : -ENOMEM;

	if (err)
		return err == -ENOENT || err == -EINVAL ? 0 : err;
	return !!strstr(target, wanted);
}

/* Whether the device is one that has no bus below it by its nature: 1, 0, or -errno. */
static int is_endpoint(const struct fs_root *root, const struct bdf *bdf)
{
	struct pci_identity identity;
	int err = pci_identify(root, bdf, &identity);
	int bus = err ? 0 : pci_probe_file(root, bdf, "pci_bus");

	if (err)
		return err == -ENODEV ? 0 : err;
	return bus < 0 ? bus : !bus && identity.class >> 16 != PCI_BASE_CLASS_BRIDGE;
}

int pci_parent_endpoint(const struct fs_root *root, const struct bdf *bdf, struct bdf *ret)
{
	auto_free char *path = pci_dir(bdf), *target = NULL;
	int err = path ? fs_link_target(root, path, &target) : -ENOMEM;
	char *rest = target, *name;
	struct bdf above;

	if (err)
		return err == -ENOENT || err == -EINVAL ? 0 : err;
	while ((name = strsep(&rest, "/"))) {
		int endpoint = 0;

		if (!bdf_parse(name, &above) && bdf_compare(&above, bdf))
			endpoint = is_endpoint(root, &above);
		if (endpoint > 0)
			*ret = above;
		if (endpoint)
			return endpoint;
	}
	return 0;
}

int pci_driver(const struct fs_root *root, const struct bdf *bdf, char **ret)
{
	auto_free char *path = pci_path(bdf, "driver");

	return fs_link_name_if(root, path, ret);
}

int pci_modalias(const struct fs_root *root, const struct bdf *bdf, char **ret)
{
	auto_free char *path = pci_path(bdf, "modalias");

	return fs_read_attr(root, path, ret);
}

/* The kernel prints ids, which have 16 bits, in eight digits, and all digits in upper case. */
static bool parse_modalias(const char *text, struct pci_identity *ret)
{
	uint32_t field[7] = {0};

	if (!hex_fields(text, "pci:v0000XXXXd0000XXXXsv0000XXXXsd0000XXXXbcXXscXXiXX", HEX_UPPER,
			field))
		return false;
	*ret = (struct pci_identity){
		.vendor = (uint16_t)field[0],
		.device = (uint16_t)field[1],
		.subvendor = (uint16_t)field[2],
		.subdevice = (uint16_t)field[3],
		.class = field[4] << 16 | field[5] << 8 | field[6],
	};
	return true;
}

int pci_identify(const struct fs_root *root, const struct bdf *bdf, struct pci_identity *ret)
{
	auto_free char *modalias = NULL;
	int err = pci_modalias(root, bdf, &modalias);

	if (err)
		return err == -ENOENT ? -ENODEV : err;
	return parse_modalias(modalias, ret) ? 0 : -EIO;
}

int pci_is_express(const struct fs_root *root, const struct bdf *bdf)
{
	return pci_probe_file(root, bdf, "max_link_width");
}

static bool start_access(struct pci_access *access, char *sysfs)
{
	access->method = PCI_ACCESS_SYS_BUS_PCI;
	access->error = jump_out;
	access->warning = stay_silent;
	access->debug = stay_silent;
	if (setjmp(on_error))
		return false;
	/* Without udev's database of names: pci.ids has them all, and libpci leaks a handle at each
	 * name that it looks up where udev has no database. */
	if (pci_set_param(access, (char *)"sysfs.path", sysfs) ||
	    pci_set_param(access, (char *)"hwdb.disable", (char *)"1"))
		return false;
	pci_init(access);
	return true;
}

static void stop_access(struct pci *pci)
{
	if (pci->access && !setjmp(on_error))
		pci_cleanup(pci->access);
	pci->access = NULL;
}

int pci_open(const struct fs_root *root, struct pci **ret)
{
	auto_free char *sysfs = fs_path("%s/sys/bus/pci", root->path);
	struct pci *pci = sysfs ? calloc(1, sizeof(*pci)) : NULL;

	if (!pci)
		return -ENOMEM;
	pci->access = pci_alloc();
	if (pci->access && !start_access(pci->access, sysfs))
		stop_access(pci);
	*ret = pci;
	return 0;
}

void pci_close(struct pci *pci)
{
	if (!pci)
		return;
	stop_access(pci);
	free(pci);
}

/* The name of what FLAGS ask for, with its numbers A and B, in BUFFER; without one "PCI device". */
static const char *look_up(struct pci *pci, char *buffer, int size, int flags, int a, int b)
{
	const char *name = NULL;

	if (pci->access && !setjmp(on_error))
		name = pci_lookup_name(pci->access, buffer, size, flags, a, b);
	return name ? name : _("PCI device");
}

char *pci_name(struct pci *pci, const struct pci_identity *id)
{
	char buffer[256];

	return fs_path("%s [%04x:%04x]",
		       look_up(pci, buffer, sizeof(buffer), PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE,
			       id->vendor, id->device),
		       id->vendor, id->device);
}

char *pci_class_name(struct pci *pci, const struct pci_identity *id)
{
	char buffer[128];

	return strdup(
		look_up(pci, buffer, sizeof(buffer), PCI_LOOKUP_CLASS, (int)(id->class >> 8), 0));
}

static enum pci_link_type link_type(unsigned int express_flags)
{
	switch (express_flags >> 4 & 0xf) {
	case PCI_EXP_TYPE_ROOT_PORT: return PCI_LINK_ROOT_PORT;
	case PCI_EXP_TYPE_UPSTREAM: return PCI_LINK_UPSTREAM;
	case PCI_EXP_TYPE_DOWNSTREAM: return PCI_LINK_DOWNSTREAM;
	case PCI_EXP_TYPE_PCI_BRIDGE: return PCI_LINK_TO_PCI;
	case PCI_EXP_TYPE_PCIE_BRIDGE: return PCI_LINK_FROM_PCI;
	case PCI_EXP_TYPE_ROOT_EC: return PCI_LINK_ROOT_EVENT;
	default: return PCI_LINK_ENDPOINT;
	}
}

/* Returns whether its configuration space could be read: an unreadable byte is all ones, and no
 * device has that header. */
static bool read_link(struct pci_dev *dev, struct pci_link *link)
{
	unsigned int header = pci_read_byte(dev, PCI_HEADER_TYPE);
	struct pci_cap *express = pci_find_cap(dev, PCI_CAP_ID_EXP, PCI_CAP_NORMAL);
	struct pci_cap *acs = pci_find_cap(dev, PCI_EXT_CAP_ID_ACS, PCI_CAP_EXTENDED);
	unsigned int flags;

	if (header == 0xff)
		return false;
	link->multifunction = header & 0x80;
	if (!express)
		return true;
	flags = pci_read_word(dev, (int)express->addr + PCI_EXP_FLAGS);
	link->type = link_type(flags);
	link->slot = flags & PCI_EXP_FLAGS_SLOT;
	link->width = pci_read_long(dev, (int)express->addr + PCI_EXP_LNKCAP) >> 4 & 0x3f;
	link->acs = acs;
	if (acs) {
		link->acs_able = pci_read_word(dev, (int)acs->addr + PCI_ACS_CAP);
		link->acs_control = pci_read_word(dev, (int)acs->addr + PCI_ACS_CTRL);
	}
	return true;
}

bool pci_read_link(struct pci *pci, const struct bdf *bdf, struct pci_link *ret)
{
	struct pci_dev *volatile dev = NULL;
	struct pci_link link = {0};
	volatile bool read = false;

	if (!pci->access)
		return false;
	if (!setjmp(on_error)) {
		dev = pci_get_dev(pci->access, (int)bdf->domain, bdf->bus, bdf->slot, bdf->func);
		read = dev && read_link(dev, &link);
	}
	if (dev)
		pci_free_dev(dev);
	if (read)
		*ret = link;
	return read;
}
