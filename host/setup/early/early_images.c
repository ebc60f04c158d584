// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/early/early_images.h"

#include <fcntl.h>
#include <string.h>

#include "host/base/log.h"
#include "host/process/program.h"
#include "host/setup/early/early_script.h"

#define ORDER	  "scripts/init-top/ORDER"
#define ORDER_MAX ((size_t)256 * 1024)

/* On a slow machine with a large image. */
#define UNPACK_MS 300000

/* ---- the archives in an image ---- */

/*
 * An image is archives of cpio's format "newc", one after the other, each by itself, and maybe with
 * zeroes before it; the first that is compressed is the last one, and has the scripts. (Linux:
 * Documentation/driver-api/early-userspace/buffer-format.rst; initramfs-tools: unmkinitramfs)
 */
#define HEADER	  110
#define ALIGN4(n) (((n) + 3) & ~(off_t)3)

struct member {
	char name[256];
	off_t data, size, next;
};

static bool hex_at(const char *header, size_t field, off_t *ret)
{
	char text[9] = "";
	char *end;

	memcpy(text, header + 6 + field * 8, 8);
	*ret = (off_t)strtoul(text, &end, 16);
	return end == text + 8;
}

/* The member at AT: 1; 0 when no archive is there; -errno. */
static int read_member(int fd, off_t at, struct member *ret)
{
	char header[HEADER];
	ssize_t n = pread(fd, header, sizeof(header), at);
	off_t name;

	if (n < 0)
		return -errno;
	if (n < HEADER || memcmp(header, "07070", 5) || !strchr("12", header[5]))
		return 0;
	if (!hex_at(header, 6, &ret->size) || !hex_at(header, 11, &name) || name <= 0)
		return -EBADMSG;
	n = pread(fd, ret->name, sizeof(ret->name) - 1, at + HEADER);
	if (n < 0)
		return -errno;
	ret->name[n] = '\0';
	ret->data = ALIGN4(at + HEADER + name);
	ret->next = ALIGN4(ret->data + ret->size);
	return 1;
}

static int read_data(int fd, const struct member *member, char **ret)
{
	size_t size = (size_t)member->size;
	auto_free char *text = size <= ORDER_MAX ? calloc(1, size + 1) : NULL;
	ssize_t n;

	if (!text)
		return size <= ORDER_MAX ? -ENOMEM : -EFBIG;
	n = pread(fd, text, size, member->data);
	if (n < 0 || (size_t)n < size)
		return n < 0 ? -errno : -EBADMSG;
	*ret = TAKE_PTR(text);
	return 0;
}

/* Moves *AT behind zeroes. Returns 1; 0 at the end; -errno. */
static int skip_zeroes(int fd, off_t *at)
{
	char bytes[4096];
	ssize_t n;

	while ((n = pread(fd, bytes, sizeof(bytes), *at)) > 0)
		for (ssize_t i = 0; i < n; i++, (*at)++)
			if (bytes[i])
				return 1;
	return n < 0 ? -errno : 0;
}

/* ---- the compressed one ---- */

static const struct {
	unsigned char magic[5];
	size_t n;
	const char *program;
} compressions[] = {
	{{0x28, 0xb5, 0x2f, 0xfd}, 4, "zstd"}, {{0x1f, 0x8b}, 2, "gzip"},
	{{0xfd, '7', 'z', 'X', 'Z'}, 5, "xz"}, {{0x02, 0x21, 0x4c, 0x18}, 4, "lz4"},
	{{'B', 'Z', 'h'}, 3, "bzip2"},	       {{0x5d, 0x00, 0x00}, 3, "lzma"},
	{{0x89, 'L', 'Z', 'O'}, 4, "lzop"},
};

static const char *find_program(int fd, off_t at)
{
	char magic[8] = "";

	if (pread(fd, magic, sizeof(magic), at) < (ssize_t)sizeof(magic))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(compressions); i++)
		if (!memcmp(magic, compressions[i].magic, compressions[i].n))
			return compressions[i].program;
	return NULL;
}

/* A member that is not there is no error to cpio; and a signal ends tail when cpio has enough. */
static int unpack(const struct fs_root *root, const char *path, int fd, off_t at, char **ret)
{
	static const char script[] = "tail -c \"+$1\" -- \"$2\" | \"$3\" -dc | "
				     "cpio --quiet -i --to-stdout " ORDER;
	const char *program = find_program(fd, at);
	auto_free char *offset = fs_path("%lld", (long long)at + 1);
	auto_free char *file = fs_path("%s/%s", root->path, path);
	const char *const args[] = {"sh", "-c", script, "sh", offset, file, program, NULL};
	const struct program run = {.args = args, .limit_ms = UNPACK_MS, .max = ORDER_MAX};
	auto_program_end struct program_end end = {0};
	int err;

	if (!program)
		return -EPROTONOSUPPORT;
	if (!offset || !file)
		return -ENOMEM;
	err = program_run(&run, &end);
	if (!err && (!program_succeeded(&end) || end.cut))
		err = -EIO;
	if (!err && *end.output)
		*ret = TAKE_PTR(end.output);
	return err;
}

int early_image_order(const struct fs_root *root, const char *path, char **ret)
{
	auto_close int fd = fs_open(root, path, O_RDONLY, 0);
	struct member member = {0};
	off_t at = 0;
	int found;

	*ret = NULL;
	if (fd < 0)
		return fd;
	while ((found = skip_zeroes(fd, &at)) > 0) {
		found = read_member(fd, at, &member);
		if (found < 0)
			return found;
		if (!found)
			return unpack(root, path, fd, at, ret);
		if (!strcmp(member.name, ORDER))
			return read_data(fd, &member, ret);
		at = member.next;
	}
	return found;
}

/* ---- all of them ---- */

/* The line that runs a script begins with its path. */
static const char *find_line(const char *order, const char *script)
{
	size_t len = strlen(script);

	for (const char *at = order; (at = strstr(at, script)); at++)
		if ((at == order || at[-1] == '\n') && strchr(" \"\n", at[len]))
			return at;
	return NULL;
}

enum early_place early_order_place(const char *order)
{
	const char *ours = find_line(order, "/scripts/init-top/" EARLY_SCRIPT_NAME);
	const char *udev = find_line(order, "/scripts/init-top/udev");

	if (!ours)
		return EARLY_ABSENT;
	return udev && udev < ours ? EARLY_AFTER : EARLY_BEFORE;
}

static int check_one(const struct fs_root *root, const char *path, bool wanted, char **ret_why)
{
	auto_free char *order = NULL;
	int err = early_image_order(root, path, &order);
	enum early_place place = order ? early_order_place(order) : EARLY_ABSENT;

	if (err)
		*ret_why = fs_path(_("/%s cannot be looked into: %s"), path,
				   err == -EPROTONOSUPPORT ? _("its compression is unknown")
							   : log_strerror(err));
	else if (place == (wanted ? EARLY_BEFORE : EARLY_ABSENT))
		return 0;
	else if (place == EARLY_AFTER)
		*ret_why = fs_path(_("/%s runs %s after udev, which loads the drivers"), path,
				   EARLY_SCRIPT_NAME);
	else
		*ret_why = fs_path(wanted ? _("/%s has no script %s")
					  : _("/%s still has the script %s"),
				   path, EARLY_SCRIPT_NAME);
	return *ret_why ? err ?: -ENODATA : -ENOMEM;
}

int early_images_check(const struct fs_root *root, bool wanted, char **ret_why)
{
	auto_names struct fs_names files = {0};
	int err = fs_list(root, "boot", &files);

	for (size_t i = 0; !err && i < files.n; i++) {
		const char *release = after_prefix(files.items[i], "initrd.img-");
		auto_free char *kernel = NULL, *path = NULL;
		int there;

		if (!release)
			continue;
		kernel = fs_path("boot/vmlinuz-%s", release);
		path = fs_path("boot/%s", files.items[i]);
		there = fs_probe(root, kernel);
		if (there)
			err = there < 0 ? there : check_one(root, path, wanted, ret_why);
	}
	return err;
}
