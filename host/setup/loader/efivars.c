// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/loader/efivars.h"

#include <string.h>

#define EFIVARS "sys/firmware/efi/efivars"

/* Whose variables they are: systemd.io/BOOT_LOADER_INTERFACE, and UEFI specification, 3.3. */
#define LOADER_VENDOR "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define GLOBAL_VENDOR "8be4df61-93ca-11d2-aa0d-00e098032b8c"

#define VALUE_MAX ((size_t)1024 * 1024)

#define ATTRIBUTES_SIZE ((size_t)4)

bool efivars_are_there(const struct fs_root *root)
{
	return fs_probe_entries(root, EFIVARS) > 0;
}

static int read_variable(const struct fs_root *root, const char *name, const char *vendor,
			 char **ret, size_t *ret_len)
{
	auto_free char *path = fs_path(EFIVARS "/%s-%s", name, vendor);

	return fs_read(root, path, VALUE_MAX, ret, ret_len);
}

/* The UTF-16LE text at byte FROM, up to its NUL. */
static int take_text(const char *raw, size_t len, size_t from, char **ret)
{
	char *text = malloc(len / 2 + 1);
	size_t n = 0;

	if (!text)
		return -ENOMEM;
	for (size_t i = from; i + 1 < len && (raw[i] || raw[i + 1]); i += 2)
		text[n++] = raw[i + 1] || raw[i] < ' ' ? '?' : raw[i];
	text[n] = '\0';
	*ret = text;
	return 0;
}

int efivars_loader_text(const struct fs_root *root, const char *name, char **ret)
{
	auto_free char *raw = NULL;
	size_t len;
	int err = read_variable(root, name, LOADER_VENDOR, &raw, &len);

	return err ? err : take_text(raw, len, ATTRIBUTES_SIZE, ret);
}

bool efivars_secure_boot_is_on(const struct fs_root *root)
{
	auto_free char *raw = NULL;
	size_t len;

	return !read_variable(root, "SecureBoot", GLOBAL_VENDOR, &raw, &len) &&
	       len == ATTRIBUTES_SIZE + 1 && raw[ATTRIBUTES_SIZE] == 1;
}

int efivars_boot_entry(const struct fs_root *root, char **ret)
{
	/* Attributes of the entry, the length of its path, and then its name. */
	const size_t name_at = ATTRIBUTES_SIZE + 4 + 2;
	auto_free char *current = NULL, *raw = NULL, *name = NULL;
	size_t len;
	int err = read_variable(root, "BootCurrent", GLOBAL_VENDOR, &current, &len);

	if (err)
		return err;
	if (len < ATTRIBUTES_SIZE + 2)
		return -EBADMSG;
	name = fs_path("Boot%02X%02X", (unsigned char)current[ATTRIBUTES_SIZE + 1],
		       (unsigned char)current[ATTRIBUTES_SIZE]);
	if (!name)
		return -ENOMEM;
	err = read_variable(root, name, GLOBAL_VENDOR, &raw, &len);
	return err ? err : take_text(raw, len, name_at, ret);
}
