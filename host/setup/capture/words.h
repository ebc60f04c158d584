/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words by which a kernel is started, and what boot loaders read, which may have secrets in
 * them. */
#ifndef HOST_SETUP_CAPTURE_WORDS_H
#define HOST_SETUP_CAPTURE_WORDS_H

#include "host/text/strbuf.h"
#include "host/setup/capture/standin.h"

/* Adds TEXT of LEN bytes to OUT, with a stand-in for each word that is unknown. Returns 0 or
 * -ENOMEM. */
int words_mask(struct standins *standins, const char *text, size_t len,
	       struct strbuf *out) must_check;

#endif
