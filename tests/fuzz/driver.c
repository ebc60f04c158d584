// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a fuzz target without libFuzzer: over every file of a corpus, and over so many mutations of
 * those files, the same ones each time.
 *
 *	PROGRAM [-runs=N] [-keep=PREFIX] FILE|FOLDER...
 *
 * The inputs are tried in a child, which ends at the first that crashes, leaks, takes too long or
 * breaks what must hold; the parent then keeps that input in the file PREFIXcrash-PROGRAM and says
 * how to run it again. To be built with the address sanitizer.
 */
#include "fuzz.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sanitizer/lsan_interface.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define INPUT_MAX    ((size_t)1024 * 1024)
#define MUTATION_MAX ((size_t)4096)
#define SECONDS_MAX  20

/* In gcc's library, but in none of its headers. */
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
					      void (*on_free)(const volatile void *));

struct input {
	char *name;
	uint8_t *bytes;
	size_t size;
};

static struct input *inputs;
static size_t n_inputs;

/* What the child is trying; seen by the parent. */
static struct shared {
	size_t seeds, mutations, size;
	const char *name; /* of the seed */
	uint8_t bytes[INPUT_MAX];
} * now;

static const char *program(void)
{
	return program_invocation_short_name;
}

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program(), what, strerror(errno));
	exit(2);
}

/* --- the corpus --- */

static void add_file(char *path)
{
	FILE *from = fopen(path, "r");
	struct input input = {path, malloc(INPUT_MAX), 0};
	uint8_t *exact;

	if (!from || !input.bytes)
		fail(path);
	input.size = fread(input.bytes, 1, INPUT_MAX, from);
	if (ferror(from) || fclose(from))
		fail(path);
	exact = realloc(input.bytes, input.size + 1);
	if (!exact || !array_grow(inputs, n_inputs))
		fail(path);
	input.bytes = exact;
	inputs[n_inputs++] = input;
}

static void add_path(const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, alphasort);

	if (n < 0 && errno == ENOTDIR) {
		add_file(strdup(path));
		return;
	}
	if (n < 0)
		fail(path);
	for (int i = 0; i < n; i++) {
		if (*entries[i]->d_name != '.')
			add_file(fs_path("%s/%s", path, entries[i]->d_name));
		free(entries[i]);
	}
	free(entries);
}

/* --- mutations --- */

/* xorshift64: the same numbers everywhere. */
static uint64_t random_state = 0x9e3779b97f4a7c15;

static size_t random_below(size_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (size_t)(random_state % n);
}

/* Moves what is behind AT, so that there is room for LEN bytes. */
static void open_gap(uint8_t *bytes, size_t *size, size_t at, size_t len)
{
	memmove(bytes + at + len, bytes + at, *size - at);
	*size += len;
}

static void insert_piece(uint8_t *bytes, size_t *size, const struct input *from)
{
	size_t start = random_below(from->size + 1), len = from->size - start;
	size_t at = random_below(*size + 1);

	if (len > MUTATION_MAX - *size)
		len = MUTATION_MAX - *size;
	if (!len)
		return;
	len = 1 + random_below(len < 64 ? len : 64);
	if (start + len > from->size || *size + len > MUTATION_MAX)
		return;
	open_gap(bytes, size, at, len);
	memcpy(bytes + at, from->bytes + start, len);
}

static void remove_piece(uint8_t *bytes, size_t *size)
{
	size_t at = random_below(*size + 1), len = random_below(16);

	if (len > *size - at)
		len = *size - at;
	memmove(bytes + at, bytes + at + len, *size - at - len);
	*size -= len;
}

static void mutate_once(uint8_t *bytes, size_t *size)
{
	static const uint8_t odd[] = "\n\r\t\0 #=:;,.\"'\\$`{}()[]0-/@\x7f\x80\xff";
	size_t at = *size ? random_below(*size) : 0;

	switch (*size ? random_below(5) : 3) {
	case 0: bytes[at] ^= (uint8_t)(1U << random_below(8)); break;
	case 1: bytes[at] = odd[random_below(sizeof(odd) - 1)]; break;
	case 2: remove_piece(bytes, size); break;
	case 3: insert_piece(bytes, size, &inputs[random_below(n_inputs)]); break;
	default:
		if (*size < MUTATION_MAX) {
			open_gap(bytes, size, at, 1);
			bytes[at] = odd[random_below(sizeof(odd) - 1)];
		}
	}
}

static void mutate(void)
{
	const struct input *seed = &inputs[random_below(n_inputs)];

	now->name = seed->name;
	now->size = seed->size < MUTATION_MAX ? seed->size : MUTATION_MAX;
	memcpy(now->bytes, seed->bytes, now->size);
	for (size_t n = 1 + random_below(8); n > 0; n--)
		mutate_once(now->bytes, &now->size);
}

/* --- trying --- */

static long n_allocated;

static void count_malloc(const volatile void *at, size_t size)
{
	(void)size;
	n_allocated += at != NULL;
}

static void count_free(const volatile void *at)
{
	n_allocated -= at != NULL;
}

static void try_now(void)
{
	long before;

	alarm(SECONDS_MAX);
	before = n_allocated;
	LLVMFuzzerTestOneInput(now->bytes, now->size);
	/* The search is slow: only when something was not freed, which may yet be kept somewhere.
	 */
	if (n_allocated > before && __lsan_do_recoverable_leak_check())
		_exit(1);
	alarm(0);
}

static void try_all(unsigned long runs)
{
	__sanitizer_install_malloc_and_free_hooks(count_malloc, count_free);
	for (size_t i = 0; i < n_inputs; i++) {
		now->name = inputs[i].name;
		now->size = inputs[i].size;
		memcpy(now->bytes, inputs[i].bytes, now->size);
		try_now();
		now->seeds++;
	}
	for (unsigned long i = 0; i < runs; i++) {
		mutate();
		try_now();
		now->mutations++;
	}
	exit(0);
}

static int keep(const char *prefix, int status)
{
	auto_free char *path = fs_path("%scrash-%s", prefix, program());
	FILE *to = path ? fopen(path, "w") : NULL;

	if (!to || fwrite(now->bytes, 1, now->size, to) != now->size || fclose(to))
		fail(path ? path : "memory");
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		printf("%s: an input took more than %d seconds\n", program(), SECONDS_MAX);
	printf("%s: failed after %zu seeds and %zu mutations, with %s %s\n"
	       "the input is in %s; to run it again: %s %s\n",
	       program(), now->seeds, now->mutations,
	       now->seeds < n_inputs ? "the seed" : "a mutation of", now->name, path,
	       program_invocation_name, path);
	return 1;
}

int main(int argc, char **argv)
{
	const char *prefix = "";
	unsigned long runs = 0;
	int status = 0;
	pid_t child;

	for (int i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "-runs=", 6))
			runs = strtoul(argv[i] + 6, NULL, 10);
		else if (!strncmp(argv[i], "-keep=", 6))
			prefix = argv[i] + 6;
		else
			add_path(argv[i]);
	}
	if (!n_inputs) {
		fprintf(stderr, "usage: %s [-runs=N] [-keep=PREFIX] FILE|FOLDER...\n", program());
		return 64;
	}
	now = mmap(NULL, sizeof(*now), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (now == MAP_FAILED)
		fail("mmap");
	fflush(stdout);
	child = fork();
	if (child == 0)
		try_all(runs);
	if (child < 0 || waitpid(child, &status, 0) != child)
		fail("child");
	if (status)
		return keep(prefix, status);
	printf("%s: %zu seeds and %zu mutations of them, good\n", program(), now->seeds,
	       now->mutations);
	return 0;
}
