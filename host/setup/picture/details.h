/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the page says of one device, and of one group. */
#ifndef HOST_SETUP_PICTURE_DETAILS_H
#define HOST_SETUP_PICTURE_DETAILS_H

#include "host/text/strbuf.h"
#include "host/setup/picture/picture.h"

/* Adds its line, which is a link to its details; what is below it; and its details. */
void details_add_device(struct strbuf *page, const struct picture *picture,
			const struct picture_device *device);

/* The class of its item: "free", "used", "vm", by which the page's filters know it, and others. */
const char *details_state(const struct picture_device *device);

/*
 * Adds the head of a group's frame, with its verdict; its reasons and what would split it, if it is
 * not CONTINUED: the second frame of a group. GROUP NULL: of devices that no group has.
 */
void details_add_group(struct strbuf *page, const struct group *group, bool continued);

/* The class of its frame, by its verdict. */
const char *details_verdict_class(const struct group *group);

#endif
