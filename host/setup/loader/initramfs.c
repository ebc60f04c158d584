// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/loader/initramfs.h"

#include "host/text/strbuf.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define DRACUT	 "usr/bin/dracut"
#define SCRIPT	 "etc/kernel/postinst.d/initramfs-tools"
#define DPKG_HAS "var/lib/dpkg/info/initramfs-tools."
#define TEXT_MAX ((size_t)64 * 1024)

int initramfs_by_dracut(const struct fs_root *root)
{
	int dracut = fs_probe(root, DRACUT), script = fs_probe(root, SCRIPT);
	int known, installed;

	if (dracut <= 0 || script < 0)
		return dracut < 0 ? dracut : script < 0 ? script : 0;
	known = fs_probe(root, DPKG_HAS "list");
	installed = fs_probe(root, DPKG_HAS "md5sums");
	if (known < 0 || installed < 0)
		return known < 0 ? known : installed;
	return !script || (known && !installed);
}

/* ---- whether it is made ---- */

/* The value that a shell gives the variable by LINE; NULL: it does not set it. Cuts the line. */
static const char *value_of(char *line)
{
	char *value = (char *)after_prefix(line + strspn(line, " \t"), "update_initramfs=");

	if (!value)
		return NULL;
	value += *value == '"' || *value == '\'';
	value[strcspn(value, "\"' \t\r;#")] = '\0';
	return value;
}

int initramfs_is_off(const struct fs_root *root, unsigned int *ret_line)
{
	int dracut = initramfs_by_dracut(root);
	auto_free char *text = NULL;
	unsigned int number = 0, off = 0;
	char *rest, *line;
	int err;

	/* The file may be what is left of initramfs-tools. */
	if (dracut)
		return dracut < 0 ? dracut : 0;
	err = fs_read(root, INITRAMFS_CONF, TEXT_MAX, &text, NULL);
	if (err)
		return fs_is_absent(err) ? 0 : err;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		const char *value = value_of(line);

		number++;
		if (value)
			off = strcmp(value, "no") ? 0 : number;
	}
	*ret_line = off;
	return off > 0;
}

/* ---- whether it was made ---- */

static int add_stamp(const struct fs_root *root, const char *path, struct strbuf *text)
{
	auto_close int fd = fs_open(root, path, O_PATH, 0);
	struct stat st;
	int err = fd < 0 ? fd : fs_stat(root, fd, &st);

	if (!err)
		strbuf_add(text, "/%s %ju %jd.%ld\n", path, (uintmax_t)st.st_ino,
			   (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	return fs_is_absent(err) ? 0 : err;
}

int initramfs_stamp(const struct fs_root *root, char **ret)
{
	auto_names struct fs_names files = {0};
	auto_strbuf struct strbuf text = {0};
	int err = fs_list(root, "boot", &files);

	for (size_t i = 0; !err && i < files.n; i++) {
		const char *release = after_prefix(files.items[i], "initrd.img-");
		auto_free char *kernel = fs_path("boot/vmlinuz-%s", release ? release : "");
		auto_free char *path = fs_path("boot/%s", files.items[i]);
		int there = release ? fs_probe(root, kernel) : 0;

		if (there)
			err = there < 0 ? there : add_stamp(root, path, &text);
	}
	if (err)
		return err;
	*ret = strbuf_take(&text);
	return *ret ? 0 : -ENOMEM;
}

int initramfs_find_same(const char *before, const char *after, char **ret, bool *ret_any)
{
	auto_free char *same = NULL;
	bool any = false;

	for (const char *line = before; *line; line += strcspn(line, "\n") + 1) {
		auto_free char *whole = strndup(line, strcspn(line, "\n") + 1);
		bool anew = whole && !strstr(after, whole);

		if (whole && !anew && !same)
			same = strndup(line, strcspn(line, " "));
		if (!whole || (!anew && !same))
			return -ENOMEM;
		any |= anew;
	}
	*ret = TAKE_PTR(same);
	*ret_any = any;
	return 0;
}
