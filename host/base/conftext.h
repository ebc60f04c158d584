/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts in the notation of libconfig that this program itself writes. */
#ifndef HOST_BASE_CONFTEXT_H
#define HOST_BASE_CONFTEXT_H

#include <libconfig.h>

#include "host/text/strbuf.h"

/*
 * Parses TEXT and has READ take from it what it needs. Returns 0; -EINVAL when the text is no
 * libconfig, or READ says so; -ENOMEM, which libconfig does not tell from a syntax error; or what
 * else READ returns.
 */
int conftext_parse(const char *text, int (*read)(const config_t *config, void *arg),
		   void *arg) must_check;

/*
 * Checks the setting "format" of a file. Returns 0; -EINVAL when it has no number above 0; or
 * -EPROTONOSUPPORT when the number is above NEWEST: a newer version wrote the file.
 */
int conftext_check_format(const config_t *config, int newest) must_check;

/*
 * What an error of reading such a file means: that a newer version wrote it, INVALID for -EINVAL,
 * or as log_strerror(). Static text, or INVALID.
 */
const char *conftext_strerror(int err, const char *invalid);

/* Adds TEXT in quotes, with what is special to libconfig escaped (its manual, 3.3: string
 * values). */
void conftext_put_string(struct strbuf *to, const char *text);

/* Adds a line `NAME = "TEXT";`; NULL stands as "". */
void conftext_put(struct strbuf *to, const char *name, const char *text);

#endif
