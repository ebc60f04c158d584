/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which descriptors are open before and after. descriptors.c stands between every suite and cmocka
 * (the Makefile wraps _cmocka_run_group_tests): a test that ends, its teardown included, with other
 * descriptors than it began with has failed. A phase or a verb that runs in a child (run.h,
 * hosttree.h) is compared there.
 */
#ifndef TESTS_UNIT_DESCRIPTORS_H
#define TESTS_UNIT_DESCRIPTORS_H

#include <stdbool.h>

#define DESCRIPTORS_MAX 1024

struct descriptors {
	bool open[DESCRIPTORS_MAX];
};

/* What this process has open now. */
void descriptors_read(struct descriptors *ret);

/*
 * Whether this process has open what it had at BEFORE. Says on standard error which were left open,
 * with what they are, and which were closed that somebody else had opened.
 */
bool descriptors_are_same(const struct descriptors *before);

#endif
