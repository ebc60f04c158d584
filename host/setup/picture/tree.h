/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree of the page: root complexes, bridges and devices, each group in a frame. */
#ifndef HOST_SETUP_PICTURE_TREE_H
#define HOST_SETUP_PICTURE_TREE_H

#include "host/text/strbuf.h"
#include "host/setup/picture/picture.h"

/* Adds it to PAGE. Returns 0 or -ENOMEM. */
int tree_add(struct strbuf *page, const struct picture *picture) must_check;

#endif
