/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A parsed VM config as text. Pure. */
#ifndef VMCFG_DESCRIBE_H
#define VMCFG_DESCRIBE_H

#include "vmcfg/vmcfg.h"

/*
 * The main section for programs, one fact a line ("key NAME VALUE", "q35 yes|no", "hostpciN OPTION
 * VALUE", "hostpciN empty"), non-printing bytes and a space at either end of a value as \xNN, a
 * backslash as two. Returns a new string or NULL without memory.
 */
char *vmcfg_describe_raw(const struct vmcfg *vm) must_check;

/*
 * The same for people, as a table, with the devices of args and what is pending; INCOMING as in
 * vmcfg_apply_pending(), which must not have been called. Returns a new string or NULL without
 * memory.
 */
char *vmcfg_describe(const struct vmcfg *vm, bool incoming) must_check;

#endif
