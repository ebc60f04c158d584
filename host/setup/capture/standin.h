/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands in a capture for names and numbers that say whose host it is: host names, MACs, IP
 * addresses, UUIDs, serial numbers. The same one has the same stand-in everywhere, in texts and in
 * paths. Pure.
 */
#ifndef HOST_SETUP_CAPTURE_STANDIN_H
#define HOST_SETUP_CAPTURE_STANDIN_H

#include "host/base/base.h"

enum standin_kind {
	STANDIN_HOST,	/* host-1 */
	STANDIN_USER,	/* user-1 */
	STANDIN_WORD,	/* word-1 */
	STANDIN_SERIAL, /* 0000000000000001 */
	STANDIN_LVM,	/* 000000-0000-0000-0000-0000-0000-000001 */
	STANDIN_MAC,	/* 02:00:00:00:00:01 */
	STANDIN_UUID,	/* 00000000-0000-4000-8000-000000000001 */
	STANDIN_IPV4,	/* 192.0.2.1, of RFC 5737 */
	STANDIN_IPV6,	/* 2001:db8::1, of RFC 3849 */
	STANDIN_KINDS
};

struct standins;

/* Returns 0 and a new struct (standins_free()), or -ENOMEM. */
int standins_new(struct standins **ret) must_check;
void standins_free(struct standins *standins);
DEFINE_CLEANUP(struct standins *, standins_free)

/* From now on words are replaced by standins_replace(), too: for what programs print, in which they
 * may be anywhere. */
void standins_replace_words(struct standins *standins);

/*
 * A stand-in is its own stand-in. The one of TEXT, of LEN bytes, which is made when there is none
 * yet. Valid as long as STANDINS; NULL without memory. A host, user or serial number that was asked
 * for is replaced by standins_replace() from then on, where it is a word of its own.
 */
const char *standins_of(struct standins *standins, enum standin_kind kind, const char *text,
			size_t len) must_check;

/*
 * TEXT, of LEN bytes that may be any, with stand-ins: a new string with a NUL after its *RET_LEN
 * bytes (which may be NULL); NULL without memory. Addresses that are the same on every host stay
 * (127.0.0.1, ::1, 00:00:00:00:00:00), and those that never leave a link become others of that
 * kind.
 */
char *standins_replace(struct standins *standins, const char *text, size_t len,
		       size_t *ret_len) must_check;

#endif
