/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A text that grows. strbuf_take() reports that memory ran out at any time before. */
#ifndef HOST_TEXT_STRBUF_H
#define HOST_TEXT_STRBUF_H

#include "host/base/base.h"

/* All zeroes: empty. */
struct strbuf {
	char *text; /* NULL while nothing was added */
	size_t len, size;
	bool failed; /* something could not be added: strbuf_take() returns NULL */
};

/* printf(3) at its end. */
void strbuf_add(struct strbuf *buf, const char *format, ...) printf_like(2, 3);

/* The same after a comma and a space, unless BUF is empty: an item of a list. */
void strbuf_add_item(struct strbuf *buf, const char *format, ...) printf_like(2, 3);

/* N bytes, which may be any. */
void strbuf_add_bytes(struct strbuf *buf, const void *bytes, size_t n);

/*
 * Returns the text, a new string ("" when nothing was added), or NULL without memory. BUF is empty
 * then, and may be used again.
 */
char *strbuf_take(struct strbuf *buf) must_check;

void strbuf_free(struct strbuf *buf);

#define auto_strbuf cleanup_with(strbuf_free)

#endif
