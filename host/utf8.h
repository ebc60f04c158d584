/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Letters of UTF-8, whatever the locale. */
#ifndef HOST_UTF8_H
#define HOST_UTF8_H

#include "host/base.h"

/*
 * The letter that the string TEXT begins with, which is not empty: returns its length in bytes,
 * with its number in Unicode in *RET; or 0 when the first byte begins no letter: one that is cut
 * off, a surrogate, one above U+10FFFF, and one in more bytes than it needs, too (RFC 3629).
 */
size_t utf8_letter(const char *text, uint32_t *ret);

#endif
