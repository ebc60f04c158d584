// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/pci.h"

#include <pci/pci.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DEVICES_FOLDER "sys/bus/pci/devices/"

struct pci {
	const struct fs_root *root;
	struct pci_access *access; /* NULL: not opened yet, or in vain */
	bool opened;
};

/*
 * libpci's contract: its error callback does not return (the default one exits). The only way to
 * survive is to jump out of it, to whoever called libpci last. Confined to this file.
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

/*
 * Reads the numbers of TEXT, which has one of the 16 DIGITS where SHAPE has an X, and otherwise
 * what SHAPE has. Each row of them is a number, in RET, where zeroes were.
 */
static bool read_numbers(const char *text, const char *shape, const char *digits, uint32_t *ret)
{
	if (strlen(text) != strlen(shape))
		return false;
	for (size_t i = 0; shape[i]; i++) {
		const char *digit = strchr(digits, text[i]);

		if (shape[i] == 'X' ? !digit : text[i] != shape[i])
			return false;
		if (shape[i] != 'X')
			continue;
		*ret = *ret << 4 | (uint32_t)(digit - digits);
		if (shape[i + 1] != 'X')
			ret++;
	}
	return true;
}

int pci_identity_parse(const char *text, struct pci_identity *ret)
{
	uint32_t field[5] = {0};

	if (!read_numbers(text, "XXXX:XXXX:XXXX:XXXX:XXXXXX", "0123456789abcdef", field))
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

char *pci_dir(const struct bdf *bdf)
{
	char text[BDF_TEXT_SIZE];

	return fs_path(DEVICES_FOLDER "%s", bdf_format(bdf, text));
}

char *pci_path(const struct bdf *bdf, const char *name)
{
	char text[BDF_TEXT_SIZE];

	return fs_path(DEVICES_FOLDER "%s/%s", bdf_format(bdf, text), name);
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

int pci_driver(const struct fs_root *root, const struct bdf *bdf, char **ret)
{
	auto_free char *path = pci_path(bdf, "driver");
	int err = fs_link_name(root, path, ret);

	if (err == -ENOENT) {
		*ret = NULL;
		return 0;
	}
	return err;
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

	if (!read_numbers(text, "pci:v0000XXXXd0000XXXXsv0000XXXXsd0000XXXXbcXXscXXiXX",
			  "0123456789ABCDEF", field))
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

/* Opens libpci with the first question. False when it cannot be asked. */
static bool can_ask(struct pci *pci)
{
	auto_free char *sysfs = NULL;

	if (pci->opened)
		return pci->access;
	pci->opened = true;
	sysfs = fs_path("%s/sys/bus/pci", pci->root->path);
	pci->access = sysfs ? pci_alloc() : NULL;
	if (pci->access && !start_access(pci->access, sysfs))
		stop_access(pci);
	return pci->access;
}

int pci_open(const struct fs_root *root, struct pci **ret)
{
	struct pci *pci = calloc(1, sizeof(*pci));

	if (!pci)
		return -ENOMEM;
	pci->root = root;
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

char *pci_name(struct pci *pci, const struct pci_identity *id)
{
	char buffer[256];
	const char *name;

	if (!can_ask(pci) || setjmp(on_error))
		name = NULL;
	else
		name = pci_lookup_name(pci->access, buffer, sizeof(buffer),
				       PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE, id->vendor,
				       id->device);
	return fs_path("%s [%04x:%04x]", name ? name : _("PCI device"), id->vendor, id->device);
}

char *pci_class_name(struct pci *pci, const struct pci_identity *id)
{
	char buffer[128];
	const char *name;

	if (!can_ask(pci) || setjmp(on_error))
		name = NULL;
	else
		name = pci_lookup_name(pci->access, buffer, sizeof(buffer), PCI_LOOKUP_CLASS,
				       id->class >> 8);
	return strdup(name ? name : _("PCI device"));
}

bool pci_has_acs(struct pci *pci, const struct bdf *bdf)
{
	struct pci_dev *volatile dev = NULL;
	volatile bool has = false;

	if (!can_ask(pci))
		return false;
	if (!setjmp(on_error)) {
		dev = pci_get_dev(pci->access, (int)bdf->domain, bdf->bus, bdf->slot, bdf->func);
		has = dev && pci_find_cap(dev, PCI_EXT_CAP_ID_ACS, PCI_CAP_EXTENDED);
	}
	if (dev)
		pci_free_dev(dev);
	return has;
}
