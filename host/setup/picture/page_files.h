/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The style and the script of the page, which the build takes from page.css and page.js. */
#ifndef HOST_SETUP_PICTURE_PAGE_FILES_H
#define HOST_SETUP_PICTURE_PAGE_FILES_H

extern const char page_css[], page_js[];

#endif
