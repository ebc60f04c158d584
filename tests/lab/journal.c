// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * journal FILE: listens where systemd's journal does, and writes every entry to FILE as one line
 * with a '|' around each field, for grep. Until it is killed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET "/run/systemd/journal/socket"

enum { EXIT_BROKEN = 125 };

static int broken(const char *what)
{
	perror(what);
	return EXIT_BROKEN;
}

int main(int argc, char **argv)
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET};
	int to = argc == 2 ? open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;
	int journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	static char entry[65536] = "|";
	ssize_t n;

	if (to < 0 || journal < 0)
		return broken("journal FILE");
	mkdir("/run/systemd", 0755);
	mkdir("/run/systemd/journal", 0755);
	unlink(SOCKET);
	if (bind(journal, (const struct sockaddr *)&address, sizeof(address)))
		return broken(SOCKET);
	while ((n = recv(journal, entry + 1, sizeof(entry) - 2, 0)) >= 0) {
		for (ssize_t i = 1; i <= n; i++)
			if (entry[i] == '\n')
				entry[i] = '|';
		entry[n + 1] = '\n';
		/* One write a line: who reads it sees whole ones. */
		if (write(to, entry, (size_t)n + 2) != n + 2)
			return broken(argv[1]);
	}
	return broken("recv");
}
