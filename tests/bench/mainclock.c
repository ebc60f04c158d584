// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Preloaded by tests/bench: what a program costs from main() to its exit, without loading it. At
 * its end a line goes to the file that MAINCLOCK names: its arguments, the time in microseconds,
 * and how much memory of its own it has written to, in kB. A process that was forked says nothing.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct timespec begun;
static pid_t program;

__attribute__((constructor)) static void begin(void)
{
	program = getpid();
	clock_gettime(CLOCK_MONOTONIC, &begun);
}

static long private_dirty_kb(void)
{
	FILE *from = fopen("/proc/self/smaps_rollup", "re");
	char line[256];
	long kb = -1;

	while (from && fgets(line, sizeof(line), from))
		if (sscanf(line, "Private_Dirty: %ld kB", &kb) == 1)
			break;
	if (from)
		fclose(from);
	return kb;
}

/* "100 pre-start": the arguments that are no options and no values of --root. */
static void put_arguments(FILE *to)
{
	char text[4096];
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = '\0';
	for (char *word = text + strlen(text) + 1; word < text + n; word += strlen(word) + 1) {
		if (!strcmp(word, "--root"))
			word += strlen(word) + 1;
		else
			fprintf(to, "%s ", word);
	}
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("MAINCLOCK");
	struct timespec now;
	FILE *to;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!path || getpid() != program)
		return;
	to = fopen(path, "ae");
	if (!to)
		return;
	put_arguments(to);
	fprintf(to, "%lld %ld\n",
		(now.tv_sec - begun.tv_sec) * 1000000LL + (now.tv_nsec - begun.tv_nsec) / 1000,
		private_dirty_kb());
	fclose(to);
}
