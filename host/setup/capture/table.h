/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that `check`, `groups`, `plan`, `vm`, `config` and `early` read of a host, in the order
 * in which they are captured: what comes first decides how a file is reduced. Not in it are what
 * libkmod reads (host/setup/capture/facts.h), and processes (host/setup/capture/procs.h).
 */
#ifndef HOST_SETUP_CAPTURE_TABLE_H
#define HOST_SETUP_CAPTURE_TABLE_H

#include "host/setup/capture/walk.h"

extern const struct pattern capture_table[];
extern const size_t capture_table_size;

/* Words of the lines that set the number of VFs. */
extern const char capture_setters[];

#endif
