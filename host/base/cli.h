/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command lines of both programs have in common. */
#ifndef HOST_BASE_CLI_H
#define HOST_BASE_CLI_H

#include <getopt.h>

#include "host/base/fs.h"

/* EX_USAGE of <sysexits.h>. */
#define CLI_USAGE 64

/* A command line, as it was read; its texts are argv's. Free with cli_free(). */
struct cli {
	const struct option *options;
	struct cli_option {
		int val;	   /* of struct option */
		const char *value; /* NULL: it has none */
	} * given;		   /* in order */
	size_t n_given;
	char **args; /* the arguments that are no options */
	int n_args;
};

#define auto_cli cleanup_with(cli_free)
void cli_free(struct cli *cli);

/*
 * Reads a command line with the long options OPTIONS, and the short ones LETTERS, which begin with
 * ':' (getopt(3)). Returns 0; or an exit code, with a message.
 */
int cli_parse(int argc, char **argv, const char *letters, const struct option *options,
	      struct cli *ret) must_check;

/* Whether the option VAL was given; and its last value, NULL when it was not given. */
bool cli_has(const struct cli *cli, int val);
const char *cli_value(const struct cli *cli, int val);

/*
 * Whether all options that were given are among the words of ALLOWED, or root, help or version.
 * Returns 0; or CLI_USAGE, with a message that names WHO and the option.
 */
int cli_check(const struct cli *cli, const char *allowed, const char *who) must_check;

/*
 * Opens what --root says, the running system when PATH is NULL. A capture of a host
 * (host/base/replay.h) was written by somebody else, and is for an ordinary user only. Returns 0
 * (fs_root_close()); or EXIT_FAILURE, or 2 for a refusal, with a message.
 */
int cli_open_root(const char *path, struct fs_root *ret) must_check;

/* Reports what is wrong with the command line, and where help is. Returns CLI_USAGE. */
int cli_usage_error(const char *format, ...) printf_like(1, 2);

/*
 * The same for an unknown WORD: prints WHAT ("unknown command") and WORD, and the most similar of N
 * names, each at the beginning of an element of SIZE bytes of TABLE.
 */
int cli_unknown(const char *what, const char *word, const void *table, size_t n, size_t size);

/* The program's exit code CODE; EXIT_FAILURE, with a message, when standard output failed. */
int cli_end(int code) must_check;

#endif
