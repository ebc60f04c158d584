// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * occupy HOW WHAT [UID]: uses a device in a way that needs a system call which busybox lacks,
 *prints "held" and sleeps until it is killed.
 *
 *	promiscuous IFACE	a packet socket to which the interface passes all that it receives
 *	packets IFACE		a packet socket, as DHCP clients have
 *	pppoe IFACE		a connection of PPPoE, as pppd has
 *	mapped NODE		a mapping of the node, whose descriptor is closed
 *	page NODE		the same of a sound node's status page
 *	registered NODE		a file registered with io_uring, whose descriptor is closed
 *	spoilt DIR		a file of a file system of its own (FUSE), which has become a
 *directory many NODE		so many descriptors of it that to look at them takes long
 *
 * With UID it goes on as that user.
 */
#include <net/if.h> /* before the kernel's own, which goes without its names then */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/fuse.h>
#include <linux/if_pppox.h>
#include <linux/io_uring.h>
#include <net/ethernet.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MANY 50000

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

/* The kernel asks nobody: pppd has found the other side before. */
static int connect_to(const char *name)
{
	struct sockaddr_pppox address = {.sa_family = AF_PPPOX, .sa_protocol = PX_PROTO_OE};
	int fd = socket(AF_PPPOX, SOCK_STREAM, PX_PROTO_OE);

	address.sa_addr.pppoe.sid = 0x4200;
	memcpy(address.sa_addr.pppoe.remote, "\x52\x54\0\0\0\x99", 6);
	strncpy(address.sa_addr.pppoe.dev, name, sizeof(address.sa_addr.pppoe.dev) - 1);
	return fd < 0 ? -1 : connect(fd, (const void *)&address, sizeof(address));
}

static int map(const char *path, int access, off_t offset)
{
	int fd = open(path, access);
	const volatile char *page;

	if (fd < 0)
		return -1;
	page = mmap(NULL, 4096, access == O_RDWR ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED,
		    fd, offset);
	if (page == MAP_FAILED)
		return -1;
	(void)page[0];
	return close(fd);
}

/* The ring stays open. */
static int enter(const char *path)
{
	struct io_uring_params params = {0};
	int ring = (int)syscall(SYS_io_uring_setup, 4, &params);
	int fd = open(path, O_RDWR);

	if (ring < 0 || fd < 0)
		return -1;
	if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, &fd, 1) < 0)
		return -1;
	return close(fd);
}

static int duplicate(const char *path)
{
	const struct rlimit limit = {MANY + 16, MANY + 16};
	int fd = open(path, O_RDONLY), err = fd < 0 ? -1 : setrlimit(RLIMIT_NOFILE, &limit);

	for (int i = 0; !err && i < MANY; i++)
		err = dup(fd) < 0;
	return err;
}

/* ---- a file system of one file ---- */

static void answer(int fuse, uint64_t to, int err, const void *what, size_t len)
{
	char text[sizeof(struct fuse_out_header) + sizeof(struct fuse_entry_out)];
	const struct fuse_out_header head = {(uint32_t)(sizeof(head) + len), -err, to};

	memcpy(text, &head, sizeof(head));
	if (len)
		memcpy(text + sizeof(head), what, len);
	if (write(fuse, text, head.len) < 0)
		_exit(1);
}

/* File 2 is a directory from the second time on that it is looked at: the kernel gives EIO then. */
static void serve_one(int fuse, const struct fuse_in_header *head)
{
	static int n_looks;
	struct fuse_attr attr = {.ino = head->nodeid, .mode = S_IFDIR | 0755, .nlink = 1};
	const struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 65536};
	const struct fuse_open_out opened = {0};

	if (head->opcode == FUSE_INIT) {
		answer(fuse, head->unique, 0, &init, sizeof(init));
	} else if (head->opcode == FUSE_LOOKUP) {
		attr.ino = 2;
		attr.mode = S_IFREG | 0644;
		answer(fuse, head->unique, 0, &(struct fuse_entry_out){.nodeid = 2, .attr = attr},
		       sizeof(struct fuse_entry_out));
	} else if (head->opcode == FUSE_GETATTR) {
		if (head->nodeid == 2 && !n_looks++)
			attr.mode = S_IFREG | 0644;
		answer(fuse, head->unique, 0, &(struct fuse_attr_out){.attr = attr},
		       sizeof(struct fuse_attr_out));
	} else if (head->opcode == FUSE_OPEN) {
		answer(fuse, head->unique, 0, &opened, sizeof(opened));
	} else if (head->opcode != FUSE_FORGET) {
		answer(fuse, head->unique, ENOSYS, NULL, 0);
	}
}

static void serve(int fuse)
{
	static char text[FUSE_MIN_READ_BUFFER + 131072];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(fuse, text, sizeof(text)) > 0)
		serve_one(fuse, (const void *)text);
	_exit(0);
}

static int spoil(const char *dir)
{
	int fuse = open("/dev/fuse", O_RDWR), fd;
	char text[256];
	struct stat st;

	snprintf(text, sizeof(text), "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
	if (fuse < 0 || mount("occupy", dir, "fuse", MS_NOSUID | MS_NODEV, text))
		return -1;
	if (!fork())
		serve(fuse);
	snprintf(text, sizeof(text), "%s/file", dir);
	fd = open(text, O_RDONLY);
	for (int i = 0; fd >= 0 && i < 3 && !fstat(fd, &st); i++)
		;
	return fd >= 0 && errno == EIO ? 0 : -1;
}

static int occupy(const char *how, const char *what)
{
	if (!strcmp(how, "mapped"))
		return map(what, O_RDWR, 0);
	if (!strcmp(how, "page")) /* SNDRV_PCM_MMAP_OFFSET_STATUS */
		return map(what, O_RDONLY, 0x80000000);
	if (!strcmp(how, "registered"))
		return enter(what);
	if (!strcmp(how, "many"))
		return duplicate(what);
	if (!strcmp(how, "promiscuous") || !strcmp(how, "packets"))
		return listen_to(what, !strcmp(how, "promiscuous"));
	if (!strcmp(how, "spoilt"))
		return spoil(what);
	if (!strcmp(how, "pppoe"))
		return connect_to(what);
	errno = EINVAL;
	return -1;
}

static int become(uid_t uid)
{
	return setgroups(0, NULL) || setgid(uid) || setuid(uid) ? -1 : 0;
}

int main(int argc, char **argv)
{
	int err;

	if (argc < 3 || argc > 4)
		return 64;
	err = occupy(argv[1], argv[2]);
	if (!err && argc == 4)
		err = become((uid_t)atoi(argv[3]));
	if (err) {
		perror(argv[2]);
		return 1;
	}
	puts("held");
	fflush(stdout);
	for (;;)
		pause();
}
