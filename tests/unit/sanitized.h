/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a suite runs under sanitizers or valgrind. */
#ifndef TESTS_UNIT_SANITIZED_H
#define TESTS_UNIT_SANITIZED_H

#include <stdlib.h>

/*
 * Under sanitizers everything takes ten times as long, under valgrind (the Makefile says so) still
 * longer: what tries all of something tries some there (sweep_every()), and leaves the search for
 * leaks, as long as a run itself, to other tests.
 */
#if defined(__SANITIZE_ADDRESS__)
#define RUN_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RUN_SANITIZED 1
#endif
#endif
#ifndef RUN_SANITIZED
#define RUN_SANITIZED RUN_VALGRIND
#endif

/*
 * A sweep, as of a death at each write, tries one place of so many: of SWEEP_EVERY, where that is
 * in the environment (make check-more sets 1), otherwise of SANITIZED under sanitizers, else of
 * PLAIN.
 */
static inline unsigned int sweep_every(unsigned int plain, unsigned int sanitized)
{
	const char *text = getenv("SWEEP_EVERY");
	long n = text ? strtol(text, NULL, 10) : 0;

	if (n > 0)
		return (unsigned int)n;
	return RUN_SANITIZED ? sanitized : plain;
}

#endif
