// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/text/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Makes space for N bytes more and a NUL. */
static bool make_room(struct strbuf *buf, size_t n)
{
	size_t size = (buf->len + n) * 2 + 64;
	char *text;

	if (buf->failed || buf->len + n < buf->size)
		return !buf->failed;
	text = n < SIZE_MAX / 4 ? realloc(buf->text, size) : NULL;
	if (!text) {
		buf->failed = true;
		return false;
	}
	buf->text = text;
	buf->size = size;
	return true;
}

void strbuf_add_bytes(struct strbuf *buf, const void *bytes, size_t n)
{
	if (!make_room(buf, n))
		return;
	memcpy(buf->text + buf->len, bytes, n);
	buf->len += n;
	buf->text[buf->len] = '\0';
}

static void add(struct strbuf *buf, const char *format, va_list args) printf_like(2, 0);

static void add(struct strbuf *buf, const char *format, va_list args)
{
	auto_free char *text = NULL;
	int n = vasprintf(&text, format, args);

	if (n < 0) {
		text = NULL;
		buf->failed = true;
		return;
	}
	strbuf_add_bytes(buf, text, (size_t)n);
}

void strbuf_add(struct strbuf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(buf, format, args);
	va_end(args);
}

void strbuf_add_item(struct strbuf *buf, const char *format, ...)
{
	va_list args;

	if (buf->len)
		strbuf_add_bytes(buf, ", ", 2);
	va_start(args, format);
	add(buf, format, args);
	va_end(args);
}

char *strbuf_take(struct strbuf *buf)
{
	char *text = make_room(buf, 0) ? TAKE_PTR(buf->text) : NULL;

	if (text)
		text[buf->len] = '\0';
	strbuf_free(buf);
	return text;
}

void strbuf_free(struct strbuf *buf)
{
	free(buf->text);
	*buf = (struct strbuf){0};
}
