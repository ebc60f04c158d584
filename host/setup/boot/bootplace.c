// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/bootplace.h"
#include "host/base/strbuf.h"

#include "host/base/fs_write.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define TEXT_MAX ((size_t)8 * 1024 * 1024)

/* What an initramfs may grow by when the vfio modules come into it. */
#define GROWTH ((uint64_t)8 * 1024 * 1024)

/* Where to mount; nobody outside the child's namespace sees that something covers it. */
#define MOUNT_POINT "/mnt"

static void free_place(struct bootplace *place)
{
	for (size_t i = 0; i < place->n; i++)
		conf_items_free(&place->entries[i]);
	free(place->entries);
	free(place->name);
}

void bootplaces_free(struct bootplaces *places)
{
	for (size_t i = 0; i < places->n; i++)
		free_place(&places->items[i]);
	free(places->items);
	*places = (struct bootplaces){0};
}

static int add_entry(struct bootplace *place, const char *line)
{
	struct conf_items entry = {0};

	if (!*line)
		return 0;
	if (cmdline_split(&entry, line, NULL) || !array_grow(place->entries, place->n)) {
		conf_items_free(&entry);
		return -ENOMEM;
	}
	place->entries[place->n++] = entry;
	return 0;
}

/* Adds a place, taking over its name and the text of its entries, one a line. */
static int add_place(struct bootplaces *places, char *name, char *lines, uint64_t space, int err)
{
	struct bootplace place = {.name = name, .free = space, .err = err};
	auto_free char *text = lines;
	char *rest = lines, *line;
	int failed = name && (lines || err) ? 0 : -ENOMEM;

	while (!failed && (line = strsep(&rest, "\n")))
		failed = add_entry(&place, line);
	if (!failed && array_grow(places->items, places->n))
		places->items[places->n++] = place;
	else
		failed = (free_place(&place), -ENOMEM);
	return failed;
}

/* The words after KEY when it is the line's first word, else NULL. */
static const char *after_key(const char *line, const char *key)
{
	size_t len = strlen(key);

	line += strspn(line, " \t");
	return !strncmp(line, key, len) && (line[len] == ' ' || line[len] == '\t') ? line + len
										   : NULL;
}

/* Adds the kernel command lines of an entry of systemd-boot, one a line. */
static void add_options(struct strbuf *lines, char *text)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		const char *words = after_key(line, "options");

		if (words)
			strbuf_add(lines, "%s\n", words);
	}
}

/* The words after the kernel's image, when LINE starts a Linux kernel. */
static const char *after_image(const char *line)
{
	static const char *const keys[] = {"linux", "linuxefi", "linux16"};
	const char *words = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(keys) && !words; i++)
		words = after_key(line, keys[i]);
	if (!words)
		return NULL;
	words += strspn(words, " \t");
	return words + strcspn(words, " \t");
}

/*
 * Adds the kernel command lines of grub.cfg that GRUB's settings are meant for, one a line: those
 * in the sections of 10_linux and its like, when sections are marked at all (GRUB:
 * util/grub-mkconfig.in), but for recovery entries (util/grub.d/10_linux.in).
 */
static void add_grub_lines(struct strbuf *lines, char *text)
{
	static const char begin[] = "### BEGIN ", end[] = "### END ";
	bool foreign = false, recovery = false;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		const char *words = after_image(line);

		if (!strncmp(line, begin, strlen(begin)))
			foreign = !strstr(line, "_linux");
		else if (!strncmp(line, end, strlen(end)))
			foreign = false;
		else if (strstr(line, "menuentry "))
			recovery = strstr(line, "-recovery-");
		else if (words && !foreign && !recovery && !strstr(words, " single"))
			strbuf_add(lines, "%s\n", words);
	}
}

/* A file that does not exist has no lines. Returns 0 or -errno. */
static int add_file(const struct fs_root *root, const char *path, enum bootloader_kind kind,
		    struct strbuf *lines)
{
	auto_free char *text = NULL;
	int err = fs_read(root, path, TEXT_MAX, &text, NULL);

	if (!err && kind == BOOTLOADER_GRUB)
		add_grub_lines(lines, text);
	else if (!err)
		add_options(lines, text);
	return err == -ENOENT || err == -ENOTDIR ? 0 : err;
}

/* The kernel command lines of the entries below FOLDER ("" or with a '/' at its end). */
static int read_lines(const struct fs_root *root, const char *dir, enum bootloader_kind kind,
		      char **ret)
{
	auto_free char *grub = fs_path("%sgrub/grub.cfg", dir);
	auto_free char *entries = fs_path("%sloader/entries", dir);
	auto_names struct fs_names names = {0};
	auto_strbuf struct strbuf lines = {0};
	int err;

	if (!grub || !entries)
		return -ENOMEM;
	err = kind == BOOTLOADER_GRUB ? add_file(root, grub, kind, &lines)
				      : fs_list(root, entries, &names);
	err = err == -ENOENT || err == -ENOTDIR ? 0 : err;
	for (size_t i = 0; i < names.n && !err; i++) {
		auto_free char *path = fs_path("%s/%s", entries, names.items[i]);

		err = add_file(root, path, kind, &lines);
	}
	if (err)
		return err;
	*ret = strbuf_take(&lines);
	return *ret ? 0 : -ENOMEM;
}

/* In the child: mounts DEVICE where only this process sees it. */
static int mount_privately(int device)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	auto_free char *path = fs_path("/proc/self/fd/%d", device);

	if (!path)
		return -ENOMEM;
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -errno;
	if (!mount(path, MOUNT_POINT, "vfat", flags | MS_RDONLY, NULL))
		return 0;
	/* Mounted writable elsewhere: then it can only be mounted so; we write nothing. */
	if (errno == EBUSY && !mount(path, MOUNT_POINT, "vfat", flags, NULL))
		return 0;
	return -errno;
}

/* In the child: writes "ERR FREE\n" and the lines to OUT. */
static void report_device(int device, enum bootloader_kind kind, int out)
{
	struct fs_root mounted = {.fd = -1};
	char *lines = NULL;
	uint64_t space = 0;
	int err = mount_privately(device);

	err = err ?: fs_root_open(MOUNT_POINT, &mounted);
	err = err ?: fs_free_space(&mounted, ".", &space);
	err = err ?: read_lines(&mounted, "", kind, &lines);
	dprintf(out, "%d %llu\n%s", err, (unsigned long long)space, lines ? lines : "");
}

/* What a child of ours sees on a device that is not mounted. */
static int read_device(int device, enum bootloader_kind kind, char **ret_lines, uint64_t *ret_free)
{
	auto_free char *report = NULL;
	int ends[2], err;
	char *lines;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid) {
		report_device(device, kind, ends[1]);
		_exit(0);
	}
	if (pid < 0) {
		err = -errno;
		close(ends[0]);
		close(ends[1]);
		return err;
	}
	close(ends[1]);
	err = fs_read_fd(ends[0], TEXT_MAX, &report, NULL);
	close(ends[0]);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (err)
		return err;
	lines = strchr(report, '\n');
	if (!lines)
		return -EIO;
	err = (int)strtol(report, &lines, 10);
	*ret_free = strtoull(lines, &lines, 10);
	*ret_lines = strdup(*lines == '\n' ? lines + 1 : "");
	return err ? (free(TAKE_PTR(*ret_lines)), err) : *ret_lines ? 0 : -ENOMEM;
}

/* One ESP of proxmox-boot-tool: where that has it mounted, or else its device. */
static int add_esp(const struct fs_root *root, const char *uuid, enum bootloader_kind kind,
		   struct bootplaces *places)
{
	auto_free char *mounted = fs_path("var/tmp/espmounts/%s/", uuid);
	auto_free char *link = fs_path("dev/disk/by-uuid/%s", uuid);
	char *lines = NULL;
	uint64_t space = 0;
	int err;

	if (!mounted || !link)
		return -ENOMEM;
	err = read_lines(root, mounted, kind, &lines);
	if (!err && *lines) {
		err = fs_free_space(root, mounted, &space);
	} else if (!err) {
		auto_close int device = fs_open(root, link, O_RDONLY, 0);

		free(TAKE_PTR(lines));
		err = device < 0 ? device : read_device(device, kind, &lines, &space);
	}
	return add_place(places, fs_path(_("the ESP %s"), uuid), lines, space, err);
}

static int add_boot_tool_esps(const struct fs_root *root, enum bootloader_kind kind,
			      struct bootplaces *places)
{
	auto_free char *text = NULL;
	char *rest, *line;
	int err;

	err = fs_read(root, "etc/kernel/proxmox-boot-uuids", TEXT_MAX, &text, NULL);
	rest = text;
	while (!err && (line = strsep(&rest, "\n"))) {
		size_t len;

		line += strspn(line, " \t\r");
		len = strspn(line, "0123456789abcdefABCDEF-");
		line[len] = '\0';
		if (len)
			err = add_esp(root, line, kind, places);
	}
	return err;
}

/* Where systemd looks for the ESP when it is mounted (bootctl(1)). */
static int add_mounted_esps(const struct fs_root *root, struct bootplaces *places)
{
	static const char *const dirs[] = {"efi/", "boot/efi/", "boot/"};
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(dirs) && !err; i++) {
		auto_free char *entries = fs_path("%sloader/entries", dirs[i]);
		char *lines = NULL;
		uint64_t space = 0;

		if (!fs_exists(root, entries))
			continue;
		err = fs_free_space(root, dirs[i], &space);
		err = err ?: read_lines(root, dirs[i], BOOTLOADER_SYSTEMD_BOOT, &lines);
		err = add_place(places, fs_path("/%s", entries), lines, space, err);
	}
	return err;
}

int bootplaces_read(const struct fs_root *root, const struct bootloader *bootloader,
		    struct bootplaces *ret)
{
	auto_bootplaces struct bootplaces places = {.every = bootloader->kind == BOOTLOADER_GRUB};
	char *lines = NULL;
	int err;

	if (bootloader->proxmox_boot_tool) {
		err = add_boot_tool_esps(root, bootloader->kind, &places);
	} else if (bootloader->kind == BOOTLOADER_SYSTEMD_BOOT) {
		err = add_mounted_esps(root, &places);
	} else {
		err = read_lines(root, "boot/", bootloader->kind, &lines);
		err = add_place(&places, strdup("/boot/grub/grub.cfg"), lines, 0, err);
	}
	if (err)
		return err;
	*ret = places;
	places = (struct bootplaces){0};
	return 0;
}

const struct bootplace *bootplaces_first(const struct bootplaces *places)
{
	for (size_t i = 0; i < places->n; i++)
		if (places->items[i].n)
			return &places->items[i];
	return NULL;
}

/* The first of WORDS that an entry lacks: EVERY one must have them all, or else the one that has
 * the most of them. NULL: none is lacking. */
static const char *find_missing(const struct bootplace *place, bool every,
				const struct conf_items *words)
{
	size_t least = words->n, most = 0;

	for (size_t i = 0; i < place->n; i++) {
		size_t found = 0;

		while (found < words->n &&
		       cmdline_covers(&place->entries[i], words->items[found].text, NULL))
			found++;
		least = found < least ? found : least;
		most = found > most ? found : most;
	}
	if (!every)
		least = most;
	return least < words->n ? words->items[least].text : NULL;
}

int bootplaces_check(const struct bootplaces *places, const struct conf_items *words,
		     char **ret_why)
{
	const struct bootplace *unread = NULL;
	size_t good = 0;

	for (size_t i = 0; i < places->n; i++) {
		const struct bootplace *place = &places->items[i];
		const char *missing = find_missing(place, places->every, words);

		if (!place->n) {
			unread = unread && !unread->err ? unread : place;
			continue;
		}
		if (missing) {
			*ret_why = fs_path(places->every ? _("%s has an entry without %s")
							 : _("%s has no entry with %s"),
					   place->name, missing);
			return *ret_why ? -ENODATA : -ENOMEM;
		}
		good++;
	}
	if (good)
		return 0;
	if (unread && !unread->err) {
		*ret_why = fs_path(_("%s has no entry at all"), unread->name);
		return *ret_why ? -ENODATA : -ENOMEM;
	}
	*ret_why = unread ? fs_path(_("%s could not be read: %s"), unread->name,
				    strerror(-unread->err))
			  : strdup(_("where the boot loader's entries are could not be read: "
				     "found nowhere"));
	return *ret_why ? -ENOENT : -ENOMEM;
}

/* The first of WORDS that is in each entry for a normal boot; NULL when an entry has none of them,
 * or there is no entry. */
static const char *find_kept(const struct bootplace *place, const struct conf_items *words)
{
	const char *kept = NULL;

	for (size_t i = 0; i < place->n; i++) {
		const struct conf_items *entry = &place->entries[i];
		size_t k = 0;

		if (!cmdline_last(entry, "root") || cmdline_last(entry, "single"))
			continue;
		while (k < words->n && !cmdline_find(entry, words->items[k].text))
			k++;
		if (k == words->n)
			return NULL;
		kept = words->items[k].text;
	}
	return kept;
}

int bootplaces_check_gone(const struct bootplaces *places, const struct conf_items *words,
			  char **ret_why)
{
	for (size_t i = 0; i < places->n; i++) {
		const char *kept = find_kept(&places->items[i], words);

		if (!kept)
			continue;
		*ret_why = fs_path(_("each entry of %s still has %s"), places->items[i].name, kept);
		return *ret_why ? -ENODATA : -ENOMEM;
	}
	return 0;
}

/* The size of the largest initramfs in /boot; 0 when there is none. */
static uint64_t largest_initramfs(const struct fs_root *root)
{
	auto_names struct fs_names names = {0};
	uint64_t largest = 0;

	if (fs_list(root, "boot", &names))
		return 0;
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *path = fs_path("boot/%s", names.items[i]);
		auto_close int fd = -1;
		struct stat st;

		if (strncmp(names.items[i], "initrd.img-", strlen("initrd.img-")))
			continue;
		fd = fs_open(root, path, O_PATH, 0);
		if (fd >= 0 && !fstat(fd, &st) && (uint64_t)st.st_size > largest)
			largest = (uint64_t)st.st_size;
	}
	return largest;
}

static int explain_space(const char *name, uint64_t has, uint64_t needs, char **ret_why)
{
	*ret_why = fs_path(
		_("%s has %llu MiB free, and writing an initramfs anew may need %llu MiB\n"
		  "remove kernels that are not needed any more: apt-get autoremove --purge"),
		name, (unsigned long long)(has >> 20), (unsigned long long)(needs >> 20));
	return *ret_why ? -ENOSPC : -ENOMEM;
}

int bootplaces_check_space(const struct fs_root *root, const struct bootloader *bootloader,
			   const struct bootplaces *places, char **ret_why)
{
	uint64_t size = largest_initramfs(root), space;
	int err;

	/* update-initramfs writes the new one beside the old one; nothing is known without an old
	 * one. */
	if (!size)
		return 0;
	err = fs_free_space(root, "boot", &space);
	if (err)
		return err;
	if (space < size + GROWTH)
		return explain_space("/boot", space, size + GROWTH, ret_why);
	if (bootloader->kind == BOOTLOADER_GRUB && !bootloader->proxmox_boot_tool)
		return 0;
	/* The copies on an ESP are written over the old ones. */
	for (size_t i = 0; i < places->n; i++)
		if (!places->items[i].err && places->items[i].free < GROWTH)
			return explain_space(places->items[i].name, places->items[i].free, GROWTH,
					     ret_why);
	return 0;
}
