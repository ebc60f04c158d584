// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * occupy HOW WHAT: uses a device in a way that needs a system call which busybox lacks, prints
 *"held" and sleeps until it is killed.
 *
 *	promiscuous IFACE	a packet socket to which the interface passes all that it receives
 *	packets IFACE		a packet socket, as DHCP clients have
 *	mapped NODE		a mapping of the node, whose descriptor is closed
 */
#include <fcntl.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_to(const char *name, int promiscuous)
{
	const struct sockaddr_ll address = {.sll_family = AF_PACKET,
					    .sll_protocol = 0x0300,
					    .sll_ifindex = (int)if_nametoindex(name)};
	const struct packet_mreq request = {.mr_ifindex = address.sll_ifindex,
					    .mr_type = PACKET_MR_PROMISC};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)))
		return -1;
	return promiscuous ? setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request,
					sizeof(request))
			   : 0;
}

static int map(const char *path)
{
	int fd = open(path, O_RDWR);
	const volatile char *page;

	if (fd < 0)
		return -1;
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return -1;
	(void)page[0];
	return close(fd);
}

int main(int argc, char **argv)
{
	int err = -1;

	if (argc != 3)
		return 64;
	if (!strcmp(argv[1], "mapped"))
		err = map(argv[2]);
	else if (!strcmp(argv[1], "promiscuous") || !strcmp(argv[1], "packets"))
		err = listen_to(argv[2], *argv[1] == 'p' && argv[1][1] == 'r');
	if (err) {
		perror(argv[2]);
		return 1;
	}
	puts("held");
	fflush(stdout);
	for (;;)
		pause();
}
