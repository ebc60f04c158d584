/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of words in the table of what is captured: "a|b". NULL is an empty one. Pure. */
#ifndef HOST_SETUP_CAPTURE_WORDLIST_H
#define HOST_SETUP_CAPTURE_WORDLIST_H

#include <stdbool.h>
#include <stddef.h>

/* Takes the next word off *LIST. Returns false at its end; else *RET has *RET_LEN characters of it,
 * and is not terminated. */
bool wordlist_next(const char **list, const char **ret, size_t *ret_len);

/* Whether LINE has one of the words in it. */
bool wordlist_in_line(const char *list, const char *line);

#endif
