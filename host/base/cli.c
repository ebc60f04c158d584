// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/cli.h"

#include "host/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Longer words are not compared. */
#define WORD_SIZE 32

#define MIN(a, b) ((a) < (b) ? (a) : (b))

/* How many characters are missing, added, different or swapped with the next one. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int d[WORD_SIZE][WORD_SIZE];
	size_t n = strlen(a), m = strlen(b);

	for (unsigned int i = 0; i < WORD_SIZE; i++)
		d[i][0] = d[0][i] = i;
	for (size_t i = 1; i <= n; i++)
		for (size_t j = 1; j <= m; j++) {
			d[i][j] = MIN(d[i - 1][j], d[i][j - 1]) + 1;
			d[i][j] = MIN(d[i][j], d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = MIN(d[i][j], d[i - 2][j - 2] + 1);
		}
	return d[n][m];
}

/* NULL when no name is similar. */
static const char *nearest(const char *word, const void *table, size_t n, size_t size)
{
	const char *found = NULL;
	unsigned int least = 3;

	for (size_t i = 0; i < n && strlen(word) < WORD_SIZE; i++) {
		const char *name = *(const char *const *)(const void *)((const char *)table +
									i * size);
		unsigned int d = strlen(name) < WORD_SIZE ? distance(word, name) : least;

		if (d >= least || d > strlen(name) / 2)
			continue;
		least = d;
		found = name;
	}
	return found;
}

static int say_help(void)
{
	log_error(_("see: %s --help"), program_invocation_short_name);
	return CLI_USAGE;
}

int cli_open_root(const char *path, struct fs_root *ret)
{
	int err = fs_root_open(path ? path : "/", ret);

	if (err) {
		log_error("--root %s: %s", path, log_strerror(err));
		return EXIT_FAILURE;
	}
	if (!fs_root_is_capture(ret) || geteuid())
		return 0;
	log_error(_("refused: %s is a capture of another host, and you are root: what is in it was "
		    "written by somebody else; read it as an ordinary user"),
		  path);
	return 2;
}

int cli_usage_error(const char *format, ...)
{
	auto_free char *text = NULL;
	va_list args;

	va_start(args, format);
	text = vprintf_text(format, args);
	va_end(args);
	log_error("%s", text ? text : strerror(ENOMEM));
	return say_help();
}

static int unknown(const char *what, const char *dashes, const char *word, const void *table,
		   size_t n, size_t size)
{
	const char *name = nearest(word, table, n, size);

	log_error("%s '%s%s'", what, dashes, word);
	if (name)
		log_error(_("did you mean '%s%s'?"), dashes, name);
	return say_help();
}

int cli_unknown(const char *what, const char *word, const void *table, size_t n, size_t size)
{
	return unknown(what, "", word, table, n, size);
}

/* An option that getopt_long(3) does not take. */
static int refuse(char **argv, const char *letters, const struct option *options, bool no_value)
{
	char *last = argv[optind - 1];
	size_t n = 0;

	last[strcspn(last, "=")] = '\0';
	if (no_value)
		return cli_usage_error(_("option %s needs a value"), last);
	if (optopt > UINT8_MAX || (optopt && strchr(letters, optopt)))
		return cli_usage_error(_("option %s takes no value"), last);
	if (optopt)
		return cli_usage_error(_("unknown option '-%c'"), optopt);
	while (options[n].name)
		n++;
	return unknown(_("unknown option"), "--", last + 2, options, n, sizeof(*options));
}

void cli_free(struct cli *cli)
{
	free(cli->given);
}

int cli_parse(int argc, char **argv, const char *letters, const struct option *options,
	      struct cli *ret)
{
	int val;

	ret->options = options;
	opterr = 0;
	while ((val = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		if (val == '?' || val == ':')
			return refuse(argv, letters, options, val == ':');
		if (!array_grow(ret->given, ret->n_given))
			return cli_usage_error("%s", strerror(ENOMEM));
		ret->given[ret->n_given++] = (struct cli_option){val, optarg};
	}
	ret->args = argv + optind;
	ret->n_args = argc - optind;
	return 0;
}

static const struct cli_option *find(const struct cli *cli, int val)
{
	for (size_t i = cli->n_given; i; i--)
		if (cli->given[i - 1].val == val)
			return &cli->given[i - 1];
	return NULL;
}

bool cli_has(const struct cli *cli, int val)
{
	return find(cli, val);
}

const char *cli_value(const struct cli *cli, int val)
{
	const struct cli_option *option = find(cli, val);

	return option ? option->value : NULL;
}

int cli_check(const struct cli *cli, const char *allowed, const char *who)
{
	for (const struct option *option = cli->options; option->name; option++)
		if (cli_has(cli, option->val) && !has_word("root help version", option->name) &&
		    !has_word(allowed, option->name))
			return cli_usage_error(_("%s has no option --%s"), who, option->name);
	return 0;
}

int cli_end(int code)
{
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	log_error(_("not all of the output could be written"));
	return EXIT_FAILURE;
}
