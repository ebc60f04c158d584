// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * timed N COMMAND...: runs the command N times, one after the other, without its output, and prints
 * the median of how long it took from its start to its end, in microseconds. Fails when the command
 * does. Static, for the guest of tests/bench/lab, too.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int compare(const void *a, const void *b)
{
	long long first = *(const long long *)a, second = *(const long long *)b;

	return first < second ? -1 : first > second;
}

static int run(char **command)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int status = 0;
	pid_t pid = vfork();

	if (!pid) {
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execvp(command[0], command);
		_exit(127);
	}
	close(null);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[1]) : 0;
	long long *took = n > 0 ? calloc((size_t)n, sizeof(*took)) : NULL;

	if (!took)
		return 64;
	for (int i = 0; i < n; i++) {
		struct timespec begun, now;
		int code;

		clock_gettime(CLOCK_MONOTONIC, &begun);
		code = run(argv + 2);
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (code) {
			fprintf(stderr, "timed: %s: exit code %d\n", argv[2], code);
			return 1;
		}
		took[i] = (now.tv_sec - begun.tv_sec) * 1000000LL +
			  (now.tv_nsec - begun.tv_nsec) / 1000;
	}
	qsort(took, (size_t)n, sizeof(*took), compare);
	printf("%lld\n", took[n / 2]);
	free(took);
	return 0;
}
