/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts in the notation of libconfig that this program itself writes. */
#ifndef HOST_BASE_CONFTEXT_H
#define HOST_BASE_CONFTEXT_H

#include <libconfig.h>

#include "host/base/strbuf.h"

/*
 * Parses TEXT and has READ take from it what it needs. Returns 0; -EINVAL when the text is no
 * libconfig, or READ says so; -ENOMEM, which libconfig does not tell from a syntax error; or what
 * else READ returns.
 */
int conftext_parse(const char *text, int (*read)(const config_t *config, void *arg),
		   void *arg) must_check;

/* Adds TEXT in quotes, with what is special to libconfig escaped (its manual, 3.3: string
 * values). */
void conftext_put_string(struct strbuf *to, const char *text);

/* Adds a line `NAME = "TEXT";`; NULL stands as "". */
void conftext_put(struct strbuf *to, const char *name, const char *text);

#endif
