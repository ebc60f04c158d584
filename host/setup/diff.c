// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/diff.h"

#include <stdio.h>
#include <string.h>

/* How many unchanged lines are shown around a change. */
#define CONTEXT 3

struct line {
	const char *text;
	size_t len; /* with its newline, if it has one */
};

struct lines {
	struct line *items;
	size_t n;
};

static int split_lines(const char *text, struct lines *ret)
{
	while (text && *text) {
		const char *end = strchr(text, '\n');
		struct line line = {text, end ? (size_t)(end + 1 - text) : strlen(text)};

		if (!array_grow(ret->items, ret->n))
			return -ENOMEM;
		ret->items[ret->n++] = line;
		text += line.len;
	}
	return 0;
}

static void lines_free(struct lines *lines)
{
	free(lines->items);
}

#define auto_lines cleanup_with(lines_free)

static bool lines_equal(const struct line *a, const struct line *b)
{
	return a->len == b->len && !memcmp(a->text, b->text, a->len);
}

/* A line that stays (' '), goes ('-') or comes ('+'). */
struct step {
	char sign;
	const struct line *line;
};

struct script {
	struct step *steps;
	size_t n;
};

static int add_steps(struct script *script, char sign, const struct line *lines, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!array_grow(script->steps, script->n))
			return -ENOMEM;
		script->steps[script->n++] = (struct step){sign, &lines[i]};
	}
	return 0;
}

/* Where the texts begin to be alike again behind *A and *B: the nearest two equal lines, or both
 * ends.
 */
static void find_alike(const struct lines *before, const struct lines *after, size_t *a, size_t *b)
{
	size_t left = before->n - *a + after->n - *b;

	for (size_t distance = 0; distance < left; distance++) {
		for (size_t skip = 0; skip <= distance; skip++) {
			size_t at_a = *a + skip, at_b = *b + distance - skip;

			if (at_a >= before->n || at_b >= after->n ||
			    !lines_equal(&before->items[at_a], &after->items[at_b]))
				continue;
			*a = at_a;
			*b = at_b;
			return;
		}
	}
	*a = before->n;
	*b = after->n;
}

static int make_script(const struct lines *before, const struct lines *after, struct script *ret)
{
	size_t a = 0, b = 0;
	int err = 0;

	while (!err && (a < before->n || b < after->n)) {
		size_t to_a = a, to_b = b;

		find_alike(before, after, &to_a, &to_b);
		err = add_steps(ret, '-', before->items + a, to_a - a);
		err = err ?: add_steps(ret, '+', after->items + b, to_b - b);
		a = to_a;
		b = to_b;
		if (a < before->n && b < after->n) {
			err = err ?: add_steps(ret, ' ', before->items + a, 1);
			a++;
			b++;
		}
	}
	return err;
}

static void print_step(FILE *to, const struct step *step)
{
	fputc(step->sign, to);
	fwrite(step->line->text, 1, step->line->len, to);
	if (step->line->text[step->line->len - 1] != '\n')
		fputs("\n\\ No newline at end of file\n", to);
}

/* A hunk header's range: a length of 1 is left out, and an empty range begins at the line before.
 */
static void print_range(FILE *to, char sign, size_t start, size_t len)
{
	if (len == 1)
		fprintf(to, " %c%zu", sign, start + 1);
	else
		fprintf(to, " %c%zu,%zu", sign, len ? start + 1 : start, len);
}

static void print_hunk(FILE *to, const struct script *script, size_t from, size_t end)
{
	size_t before = 0, after = 0, n_before = 0, n_after = 0;

	for (size_t i = 0; i < end; i++) {
		size_t in_before = script->steps[i].sign != '+';
		size_t in_after = script->steps[i].sign != '-';

		*(i < from ? &before : &n_before) += in_before;
		*(i < from ? &after : &n_after) += in_after;
	}
	fputs("@@", to);
	print_range(to, '-', before, n_before);
	print_range(to, '+', after, n_after);
	fputs(" @@\n", to);
	for (size_t i = from; i < end; i++)
		print_step(to, &script->steps[i]);
}

/* Where the next change at or behind AT is; the script's end when there is none. */
static size_t next_change(const struct script *script, size_t at)
{
	while (at < script->n && script->steps[at].sign == ' ')
		at++;
	return at;
}

static void print_hunks(FILE *to, const struct script *script)
{
	size_t change = next_change(script, 0);

	while (change < script->n) {
		size_t from = change < CONTEXT ? 0 : change - CONTEXT;
		size_t end, next = change;

		do {
			end = next;
			while (end < script->n && script->steps[end].sign != ' ')
				end++;
			next = next_change(script, end);
		} while (next < script->n && next - end <= 2 * (size_t)CONTEXT);
		end = end + CONTEXT < script->n ? end + CONTEXT : script->n;
		print_hunk(to, script, from, end);
		change = next;
	}
}

char *diff_unified(const char *path, const char *before, const char *after)
{
	auto_lines struct lines old = {0}, new = {0};
	struct script script = {0};
	char *text = NULL;
	size_t size;
	FILE *to;

	if (split_lines(before, &old) || split_lines(after, &new) ||
	    make_script(&old, &new, &script) || !(to = open_memstream(&text, &size))) {
		free(script.steps);
		return NULL;
	}
	if (next_change(&script, 0) < script.n || !before != !after) {
		fprintf(to, before ? "--- a/%s\n" : "--- /dev/null\n", path);
		fprintf(to, after ? "+++ b/%s\n" : "+++ /dev/null\n", path);
	}
	print_hunks(to, &script);
	free(script.steps);
	if (fclose(to)) {
		free(text);
		return NULL;
	}
	return text;
}
