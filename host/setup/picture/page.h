/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The picture as one HTML page that needs nothing else: no network, no library, and JavaScript only
 * for its search and filters.
 */
#ifndef HOST_SETUP_PICTURE_PAGE_H
#define HOST_SETUP_PICTURE_PAGE_H

#include "host/setup/picture/picture.h"

/* With what every page begins. */
#define PAGE_BEGIN "<!doctype html>\n<html lang=\""

/* Returns 0 with a new string, or -errno. */
int page_make(const struct picture *picture, char **ret) must_check;

#endif
