/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Characters of UTF-8, whatever the locale. */
#ifndef HOST_TEXT_UTF8_H
#define HOST_TEXT_UTF8_H

#include "host/base/base.h"

/*
 * The character that the string TEXT begins with, which is not empty: returns its length in bytes,
 * with its number in Unicode in *RET; or 0 when the first byte begins no character: one that is cut
 * off, a surrogate, one above U+10FFFF, and one in more bytes than it needs, too (RFC 3629).
 */
size_t utf8_character(const char *text, uint32_t *ret);

/*
 * TEXT with everything that a terminal might take for a command (bytes below 0x20, 0x7f, C1
 * controls, bytes that are no UTF-8) as \xNN. A name that others choose (of a process, a mount
 * point, a file) goes through it before it becomes a part of a text of several lines, so that it
 * cannot begin a line of its own. Returns a new string, or NULL without memory.
 */
char *utf8_printable(const char *text) must_check;

/*
 * TEXT with the bytes that are no UTF-8 as \xNN, and all else, control characters too, as it is:
 * for JSON, which must be UTF-8 and has escapes of its own. Returns a new string, or NULL without
 * memory.
 */
char *utf8_valid(const char *text) must_check;

#endif
