// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bare [-p] take|give ADDRESS=DRIVER...: the writes to sysfs that taking a device from DRIVER, or
 * giving it back, cannot do without, in the hook's order, and nothing else: no look, no record, no
 * deadline. With -p a process for each device, without it one after the other. Static, and prints
 * how long it took from main() to its end, in microseconds: the limit of tests/bench.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEVICES "/sys/bus/pci/devices/"

static bool put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

static bool change(const char *address, const char *driver, bool clear)
{
	char override[128], unbind[128], text[128];

	snprintf(override, sizeof(override), DEVICES "%s/driver_override", address);
	snprintf(unbind, sizeof(unbind), DEVICES "%s/driver/unbind", address);
	snprintf(text, sizeof(text), "%s\n", driver);
	/* Taking: the override first, so that nothing else can have it in between. */
	return (clear ? put(unbind, address) && put(override, text)
		      : put(override, text) && put(unbind, address)) &&
	       put("/sys/bus/pci/drivers_probe", address) && (!clear || put(override, "\n"));
}

int main(int argc, char **argv)
{
	struct timespec begun, now;
	bool parallel = argc > 1 && !strcmp(argv[1], "-p");
	char **at = argv + 1 + parallel;
	bool give, good = true;
	int status;

	clock_gettime(CLOCK_MONOTONIC, &begun);
	if (argc < 3 + parallel)
		return 64;
	give = !strcmp(*at++, "give");
	for (; *at; at++) {
		char *driver = strchr(*at, '=');

		if (!driver)
			return 64;
		*driver++ = '\0';
		if (!parallel)
			good &= change(*at, give ? driver : "vfio-pci", give);
		else if (!fork())
			_exit(!change(*at, give ? driver : "vfio-pci", give));
	}
	while (parallel && wait(&status) > 0)
		good &= !status;
	clock_gettime(CLOCK_MONOTONIC, &now);
	printf("%lld\n",
	       (now.tv_sec - begun.tv_sec) * 1000000LL + (now.tv_nsec - begun.tv_nsec) / 1000);
	return !good;
}
