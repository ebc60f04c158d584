/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI addresses (domain:bus:slot.function, "BDF") as text and as a value. Pure. */
#ifndef HOST_TEXT_BDF_H
#define HOST_TEXT_BDF_H

#include "host/base/base.h"

/* Domains are 16 bits wide in hardware, but the kernel numbers those of a VMD controller from
 * 0x10000 on (Linux: drivers/pci/controller/vmd.c), so the text may be longer than usual. */
struct bdf {
	uint32_t domain;
	uint8_t bus;
	uint8_t slot;
	uint8_t func;
};

/* The longest text, "ffffffff:ff:1f.7", and its NUL. */
#define BDF_TEXT_SIZE 17

/*
 * Reads an address spelled as the kernel spells it below /sys/bus/pci/devices: at least four and at
 * most eight lower-case hex digits, no padding beyond four, slot up to 1f, function up to 7.
 * Returns 0, or -EINVAL and leaves *ret alone.
 */
int bdf_parse(const char *text, struct bdf *ret) must_check;

/*
 * The same for people: without its domain, "03:00.0", as lspci shows it, an address is in domain 0.
 * Returns 0, or -EINVAL and leaves *ret alone.
 */
int bdf_parse_short(const char *text, struct bdf *ret) must_check;

/* Writes the kernel's spelling into BUF and returns BUF. */
const char *bdf_format(const struct bdf *bdf, char buf[BDF_TEXT_SIZE]);

/* The same for a message: a text that lasts until the end of the block it is written in. */
#define bdf_text(bdf) bdf_format((bdf), (char[BDF_TEXT_SIZE]){0})

#define HEX_LOWER "0123456789abcdef"
#define HEX_UPPER "0123456789ABCDEF"

/*
 * Reads the numbers in TEXT, which has one of the 16 DIGITS where SHAPE has an X, and otherwise the
 * characters of SHAPE: "XX:X" for "0a:3". Each row of X is a number, in RET, which was all zeroes.
 * Returns whether TEXT has that shape.
 */
bool hex_fields(const char *text, const char *shape, const char *digits, uint32_t *ret) must_check;

/* Orders addresses by domain, bus, slot, function; 0 means the same device. */
int bdf_compare(const struct bdf *a, const struct bdf *b);

/* Whether both are functions of one slot, that is, of one physical card. */
bool bdf_same_slot(const struct bdf *a, const struct bdf *b);

/* Addresses, each once, in the order in which they were added; all zeroes is an empty one. */
struct bdf_set {
	struct bdf *items;
	size_t n;
};

bool bdf_set_has(const struct bdf_set *set, const struct bdf *bdf);

/* Adds the address, unless the set has it. Returns 0 or -ENOMEM. */
int bdf_set_add(struct bdf_set *set, const struct bdf *bdf) must_check;
void bdf_set_free(struct bdf_set *set);

#define auto_bdf_set cleanup_with(bdf_set_free)

#endif
