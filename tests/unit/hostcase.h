/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One of the host trees of tests/hosts (test_enable.c says what they are made of), built, and run.
 */
#ifndef TESTS_UNIT_HOSTCASE_H
#define TESTS_UNIT_HOSTCASE_H

#include "hosttree.h"

#include "host/setup/enable.h"

#define HOSTS TESTS_DIR "/hosts"

#define HOSTCASE_LINES_MAX 256

struct hostcase {
	const char *name;
	char *text;
	char *keys[HOSTCASE_LINES_MAX];
	char *values[HOSTCASE_LINES_MAX];
	size_t n;
	/* from its "enable" line */
	struct setup_options options;
	const char *args[8];
	char *options_text;
};

/* Whether tests/hosts/NAME is a capture (host-setup(8)): test_captures has those. */
bool hostcase_is_capture(const char *name);

/* Reads tests/hosts/NAME/expect. */
void hostcase_read(const char *name, struct hostcase *ret);
void hostcase_free(struct hostcase *host);

#define auto_hostcase cleanup_with(hostcase_free)

/* The value of the first line with that key; NULL when there is none. */
const char *hostcase_value(const struct hostcase *host, const char *key);

/* The host as it is before enable, with what its boot loader has made of that. */
void hostcase_build(struct hosttree *tree, const struct hostcase *host);

/* What hosttree_render() gives after enable. The caller frees it. */
char *hostcase_after(const struct hostcase *host);

/* Runs enable with the options of the case, the same without those of which each prints a risk, and
 * disable. */
struct hosttree_run hostcase_enable(const struct hosttree *tree, const struct hostcase *host);
struct hosttree_run hostcase_enable_plainly(const struct hosttree *tree,
					    const struct hostcase *host);
struct hosttree_run hostcase_disable(const struct hosttree *tree, const struct hostcase *host);

void hosttree_run_free(struct hosttree_run *run);

#define auto_run cleanup_with(hosttree_run_free)

/* Ends the test when it did not end with that code. */
void hosttree_assert_code(const struct hosttree_run *run, int code);

/* Ends the test when TEXT was not printed; with a '!' before it, when it was. */
void hosttree_assert_says(const struct hosttree_run *run, const char *text);

/* Forgets which commands were run so far. */
void hosttree_forget_commands(const struct hosttree *tree);

/* Which were, one a line. The caller frees it. */
char *hosttree_commands(const struct hosttree *tree);

#endif
