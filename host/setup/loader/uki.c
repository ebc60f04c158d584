// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/loader/uki.h"

#include <fcntl.h>
#include <string.h>

#define CMDLINE_MAX  ((uint32_t)64 * 1024)
#define SECTIONS_MAX 96

/* Where PE/COFF has what (Microsoft PE format: MS-DOS stub, COFF file header, section table). */
enum {
	AT_PE = 0x3c,	  /* in the file: where the signature is */
	PE_SIZE = 24,	  /* the signature and the file header */
	PE_SECTIONS = 6,  /* how many there are */
	PE_OPTIONAL = 20, /* the size of the optional header, before the section table */
	SECTION_SIZE = 40,
	SECTION_USED = 8,   /* bytes of it in memory */
	SECTION_BYTES = 16, /* bytes of it in the file, padded */
	SECTION_AT = 20,
};

static uint32_t get16(const unsigned char *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static uint32_t get32(const unsigned char *at)
{
	return get16(at) | get16(at + 2) << 16;
}

/* Reads LEN bytes at OFFSET. Returns 0; -EBADMSG when the file ends before; -errno. */
static int read_at(int fd, uint64_t offset, void *bytes, size_t len)
{
	ssize_t n = pread(fd, bytes, len, (off_t)offset);

	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EBADMSG;
}

static int read_section(int fd, const unsigned char *section, char **ret)
{
	uint32_t used = get32(section + SECTION_USED), bytes = get32(section + SECTION_BYTES);
	uint32_t len = used && used < bytes ? used : bytes;
	auto_free char *text = NULL;
	int err;

	if (len > CMDLINE_MAX)
		return -EBADMSG;
	text = calloc(len + 1, 1);
	if (!text)
		return -ENOMEM;
	err = read_at(fd, get32(section + SECTION_AT), text, len);
	if (err)
		return err;
	*ret = TAKE_PTR(text);
	return 0;
}

int uki_cmdline(const struct fs_root *root, const char *path, char **ret)
{
	unsigned char at[4], pe[PE_SIZE], section[SECTION_SIZE];
	auto_close int fd = fs_open(root, path, O_RDONLY, 0);
	uint64_t offset;
	uint32_t n;
	int err;

	if (fd < 0)
		return fd;
	err = read_at(fd, AT_PE, at, sizeof(at));
	err = err ?: read_at(fd, get32(at), pe, sizeof(pe));
	if (err)
		return err;
	if (memcmp(pe, "PE\0\0", 4))
		return -EBADMSG;
	offset = (uint64_t)get32(at) + PE_SIZE + get16(pe + PE_OPTIONAL);
	n = get16(pe + PE_SECTIONS);
	for (uint32_t i = 0; i < n && i < SECTIONS_MAX; i++) {
		err = read_at(fd, offset + (uint64_t)i * SECTION_SIZE, section, sizeof(section));
		if (err)
			return err;
		if (!memcmp(section, ".cmdline", 8))
			return read_section(fd, section, ret);
	}
	return -ENODATA;
}
