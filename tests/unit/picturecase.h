/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host with something of all that its picture shows (host/setup/picture/). */
#ifndef TESTS_UNIT_PICTURECASE_H
#define TESTS_UNIT_PICTURECASE_H

#include "tree.h"

/* What devices, VMs and disks call themselves on a host that is not to be trusted. */
#define PICTURE_HOSTILE \
	"</code></title><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">'&amp;\xff\x1b[2J"

/*
 * Two ports with a graphics card (group 14, whose sound function VM 100 names, too) and a disk in
 * use (group 16), a port that does not isolate a card with a USB controller (group 15), a PF with
 * two VFs, and a device without a group. Names are HOSTILE, if that is not NULL.
 */
void picturecase_put(struct tree *tree, const char *hostile);

/* A host with so many functions: each 64 are a port, a network card, and the VFs of that. At most
 * 16,384. */
void picturecase_put_many(struct tree *tree, unsigned int functions);

#endif
