/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a suite runs under sanitizers or valgrind. */
#ifndef TESTS_UNIT_SANITIZED_H
#define TESTS_UNIT_SANITIZED_H

/*
 * Under sanitizers everything takes ten times as long, under valgrind (the Makefile says so) still
 * longer: what tries all of something tries every third there, and leaves the search for leaks, as
 * long as a run itself, to other tests.
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

#endif
