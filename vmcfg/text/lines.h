/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a line of a VM config is, as Proxmox VE tries it (qemu-server, PVE/QemuServer.pm,
 * parse_vm_config). Pure. */
#ifndef VMCFG_TEXT_LINES_H
#define VMCFG_TEXT_LINES_H

#include "vmcfg/text/text.h"

/* The name in a header, which begins in the first column; an AT of NULL when LINE is not one. */
struct text line_header(struct text line);

/* Whether LINE ends as one that marks an unfinished snapshot, whatever comes before that. */
bool line_is_snapstate(struct text line);

/* Takes a key and its colon off LINE: lower-case letters, '_' and '-', then digits. */
bool line_take_key(struct text *line, struct text *ret);

/* Takes the next name, "hostpci0" or "!hostpci0", off LIST, the value of "delete". False at the end
 * of it. A name may be empty. */
bool line_take_name(struct text *list, struct text *ret);

#endif
