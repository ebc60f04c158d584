/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MAC addresses of Ethernet. Pure. */
#ifndef HOST_TEXT_MAC_H
#define HOST_TEXT_MAC_H

#include "host/base/base.h"

#define MAC_SIZE 6

/* "52:54:00:12:34:56" and its NUL. */
#define MAC_TEXT_SIZE 18

/* Reads an address that is all of TEXT, in digits of any case. Returns whether it is one; *RET is
 * left alone when not. */
bool mac_parse(const char *text, uint8_t ret[MAC_SIZE]) must_check;

/* The address in lower case, in BUF, which is returned. */
const char *mac_format(const uint8_t mac[MAC_SIZE], char buf[MAC_TEXT_SIZE]);

/*
 * An address made of NAME, always the same one: locally administered, of one device. It is the
 * 64-bit FNV-1a hash of NAME (draft-eastlake-fnv) folded to 48 bits by exclusive or of its upper 16
 * bits to its lower 48, most significant byte first, with the two lowest bits of the first byte set
 * to 10 (IEEE 802, 8.4).
 */
void mac_derive(const char *name, uint8_t ret[MAC_SIZE]);

/* The hash. */
uint64_t mac_fnv1a(const char *text);

#endif
