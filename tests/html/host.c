// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * host small | hostile | FUNCTIONS: makes the tree of a host for the pages that check-html looks
 * at, and prints where it is. The caller removes it.
 */
#include "picturecase.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";
	unsigned long n = strtoul(what, NULL, 10);
	void *state = NULL;
	struct tree *tree;

	if (n > 16384 || (!n && strcmp(what, "small") && strcmp(what, "hostile"))) {
		fputs("usage: host small | hostile | FUNCTIONS (1 to 16384)\n", stderr);
		return 64;
	}
	if (tree_setup(&state))
		return 1;
	tree = state;
	if (n)
		picturecase_put_many(tree, (unsigned int)n);
	else
		picturecase_put(tree, strcmp(what, "small") ? PICTURE_HOSTILE : NULL);
	puts(tree->root.path);
	return 0;
}
