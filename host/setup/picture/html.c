// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/picture/html.h"

#include "host/text/utf8.h"

#include <string.h>

/* What a character that means something in HTML is written as; NULL: it is itself. */
static const char *reference(char c)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&#39;";
	default: return NULL;
	}
}

void html_text(struct strbuf *page, const char *text)
{
	auto_free char *printable = text ? utf8_printable(text) : NULL;

	page->failed = page->failed || (text && !printable);
	for (const char *at = printable; at && *at;) {
		size_t len = strcspn(at, "&<>\"'");

		strbuf_add_bytes(page, at, len);
		at += len;
		if (*at)
			strbuf_add(page, "%s", reference(*at++));
	}
}

void html_open(struct strbuf *page, const char *tag, const char *class)
{
	if (class)
		strbuf_add(page, "<%s class=\"%s\">", tag, class);
	else
		strbuf_add(page, "<%s>", tag);
}

void html_close(struct strbuf *page, const char *tag)
{
	strbuf_add(page, "</%s>", tag);
}

void html_element(struct strbuf *page, const char *tag, const char *class, const char *text)
{
	if (!text)
		return;
	html_open(page, tag, class);
	html_text(page, text);
	html_close(page, tag);
}

void html_attribute(struct strbuf *page, const char *name, const char *value)
{
	strbuf_add(page, " %s=\"", name);
	html_text(page, value);
	strbuf_add(page, "\"");
}
