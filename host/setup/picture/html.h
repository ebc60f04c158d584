/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTML, put together at the end of a text. Whatever is not a constant of ours comes from strangers
 * (devices, VMs, files), and becomes text by html_text() alone.
 */
#ifndef HOST_SETUP_PICTURE_HTML_H
#define HOST_SETUP_PICTURE_HTML_H

#include "host/text/strbuf.h"

/*
 * TEXT as text, or as an attribute's value between quotes: no byte of it begins markup or ends the
 * value, and one that is no printable character of UTF-8 becomes \xNN. NULL: nothing.
 */
void html_text(struct strbuf *page, const char *text);

/* <TAG> and <TAG class="CLASS">, CLASS NULL: none; </TAG>. Constants of ours. */
void html_open(struct strbuf *page, const char *tag, const char *class);
void html_close(struct strbuf *page, const char *tag);

/* An element with nothing but TEXT in it; nothing at all when TEXT is NULL. */
void html_element(struct strbuf *page, const char *tag, const char *class, const char *text);

/* An attribute for a tag that is still open: name="VALUE". */
void html_attribute(struct strbuf *page, const char *name, const char *value);

#endif
