/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A record as text, in the notation of libconfig, and back. Pure. */
#ifndef HOOKSCRIPT_RECORD_TEXT_H
#define HOOKSCRIPT_RECORD_TEXT_H

#include "hookscript/record.h"

/*
 * Reads the record of the device at BDF. Returns 0 and a new record (record_free()); -EINVAL when
 * the text is none; -EPROTONOSUPPORT when a newer version wrote it in a format unknown here;
 * -ENOMEM.
 */
int record_parse(const char *text, const struct bdf *bdf, struct record **ret) must_check;

/* Returns a new string, or NULL without memory. */
char *record_format(const struct record *record) must_check;

#endif
