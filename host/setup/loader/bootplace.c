// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/loader/bootplace.h"
#include "host/base/fs_write.h"
#include "host/text/strbuf.h"
#include "host/setup/loader/entryline.h"
#include "host/setup/loader/uki.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#define TEXT_MAX ((size_t)8 * 1024 * 1024)

static void free_entries(struct bootplace *place)
{
	for (size_t i = 0; i < place->n; i++) {
		conf_items_free(&place->entries[i]);
		free(place->images[i]);
	}
	free(TAKE_PTR(place->entries));
	free(TAKE_PTR(place->images));
	place->n = 0;
}

void bootplaces_free(struct bootplaces *places)
{
	for (size_t i = 0; i < places->n; i++) {
		free_entries(&places->items[i]);
		free(places->items[i].name);
	}
	free(places->items);
	*places = (struct bootplaces){0};
}

/* Adds an entry with the kernel command line WORDS; IMAGE begins with the path of its kernel, and
 * may be NULL. */
static int add_entry(struct bootplace *place, const char *words, const char *image)
{
	auto_free char *path = image ? strndup(image, strcspn(image, " \t")) : NULL;

	if ((image && !path) || !array_grow(place->entries, place->n) ||
	    !array_grow(place->images, place->n))
		return -ENOMEM;
	place->entries[place->n] = (struct conf_items){0};
	place->images[place->n] = TAKE_PTR(path);
	return cmdline_split(&place->entries[place->n++], words, NULL);
}

/* Adds an entry of systemd-boot, by its "options" lines. */
static int add_options(struct bootplace *place, char *text)
{
	const char *image = entryline_of(text, "linux");
	auto_free char *path = image ? strndup(image, strcspn(image, "\n")) : NULL;
	int err = image && !path ? -ENOMEM : 0;
	char *line;

	while (!err && (line = strsep(&text, "\n"))) {
		const char *words = entryline_after(line, "options");

		if (words)
			err = add_entry(place, words, path);
	}
	return err;
}

/*
 * Adds the entries of grub.cfg that GRUB's settings are meant for: those in the sections of
 * 10_linux and its like, when sections are marked at all (GRUB: util/grub-mkconfig.in), except
 * recovery entries (util/grub.d/10_linux.in).
 */
static int add_grub_entries(struct bootplace *place, char *text)
{
	static const char begin[] = "### BEGIN ", end[] = "### END ";
	bool foreign = false, recovery = false;
	int err = 0;
	char *line;

	while (!err && (line = strsep(&text, "\n"))) {
		const char *image = entryline_image(line);
		const char *words = image ? image + strcspn(image, " \t") : NULL;

		if (!strncmp(line, begin, strlen(begin)))
			foreign = !strstr(line, "_linux");
		else if (!strncmp(line, end, strlen(end)))
			foreign = false;
		else if (strstr(line, "menuentry "))
			recovery = strstr(line, "-recovery-");
		else if (words && !foreign && !recovery && !strstr(words, " single"))
			err = add_entry(place, words, image);
	}
	return err;
}

/* Adds the entries in a file with READ; none when it does not exist. */
static int read_file(const struct fs_root *root, const char *path,
		     int (*read)(struct bootplace *place, char *text), struct bootplace *place)
{
	auto_free char *text = NULL;
	int err = fs_read(root, path, TEXT_MAX, &text, NULL);

	if (err)
		return fs_is_absent(err) ? 0 : err;
	return read(place, text);
}

static int read_grub(const struct fs_root *root, const char *path, struct bootplace *place)
{
	return read_file(root, path, add_grub_entries, place);
}

static int read_options(const struct fs_root *root, const char *path, struct bootplace *place)
{
	return read_file(root, path, add_options, place);
}

/* Adds the unified kernel image at PATH. What is none, or has no command line in it, is no entry.
 */
static int read_image(const struct fs_root *root, const char *path, struct bootplace *place)
{
	auto_free char *words = NULL;
	int err = uki_cmdline(root, path, &words);

	if (err == -ENODATA || err == -EBADMSG)
		return 0;
	return err ?: add_entry(place, words, path);
}

/* Adds an entry for each file in the directory DIR that READ makes one of. */
static int read_each(const struct fs_root *root, const char *dir,
		     int (*read)(const struct fs_root *root, const char *path,
				 struct bootplace *place),
		     struct bootplace *place)
{
	auto_names struct fs_names names = {0};
	int err = fs_list(root, dir, &names);

	if (err)
		return fs_is_absent(err) ? 0 : err;
	for (size_t i = 0; i < names.n && !err; i++) {
		auto_free char *path = fs_path("%s/%s", dir, names.items[i]);

		err = read(root, path, place);
	}
	return err;
}

/* Adds the entries below DIR ("" or with a '/' at its end), and how much space is left there. */
static int read_dir(const struct fs_root *root, const char *dir, enum bootloader_kind kind,
		    struct bootplace *place)
{
	auto_free char *entries = fs_path("%sloader/entries", dir);
	auto_free char *images = fs_path("%sEFI/Linux", dir);
	auto_free char *grub = fs_path("%sgrub/grub.cfg", dir);
	int err = fs_free_space(root, *dir ? dir : ".", &place->free);

	if (err)
		return fs_is_absent(err) ? 0 : err;
	if (kind == BOOTLOADER_GRUB)
		return read_grub(root, grub, place);
	return read_each(root, entries, read_options, place)
		       ?: read_each(root, images, read_image, place);
}

/* Mounts DEVICE, read-only or not, where only the descriptor that is returned leads to, until that
 * is closed. Returns it, or -errno. */
static int mount_device(int device, bool read_only)
{
	auto_close int context = fsopen("vfat", FSOPEN_CLOEXEC);
	auto_free char *source = fs_path("/proc/self/fd/%d", device);
	int fd;

	if (!source)
		return -ENOMEM;
	if (context < 0 || fsconfig(context, FSCONFIG_SET_STRING, "source", source, 0) ||
	    (read_only && fsconfig(context, FSCONFIG_SET_FLAG, "ro", NULL, 0)) ||
	    fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return -errno;
	fd = fsmount(context, FSMOUNT_CLOEXEC,
		     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
			     (read_only ? MOUNT_ATTR_RDONLY : 0));
	return fd < 0 ? -errno : fd;
}

/* Reads an ESP that is not mounted. */
static int read_device(const struct fs_root *root, const char *path, enum bootloader_kind kind,
		       struct bootplace *place)
{
	auto_close int device = fs_open(root, path, O_RDONLY, 0);
	struct fs_root mounted = {.fd = -1};
	int err;

	if (device < 0)
		return device;
	mounted.fd = mount_device(device, true);
	/* Mounted writable elsewhere: then it can only be mounted so. We write nothing. */
	if (mounted.fd == -EBUSY)
		mounted.fd = mount_device(device, false);
	if (mounted.fd < 0)
		return mounted.fd;
	err = read_dir(&mounted, "", kind, place);
	close(mounted.fd);
	return err;
}

/* Adds a place, taking over its NAME, and returns it; NULL without memory. */
static struct bootplace *add_place(struct bootplaces *places, char *name)
{
	if (!name || !array_grow(places->items, places->n)) {
		free(name);
		return NULL;
	}
	places->items[places->n] = (struct bootplace){.name = name};
	return &places->items[places->n++];
}

/* Adds an ESP of proxmox-boot-tool: where that has it mounted, or else its device. */
static int add_esp(const struct fs_root *root, const char *uuid, enum bootloader_kind kind,
		   struct bootplaces *places)
{
	struct bootplace *place = add_place(places, fs_path(_("the ESP %s"), uuid));
	auto_free char *mounted = fs_path("var/tmp/espmounts/%s/", uuid);
	auto_free char *link = fs_path("dev/disk/by-uuid/%s", uuid);

	if (!place || !mounted)
		return -ENOMEM;
	place->err = read_dir(root, mounted, kind, place);
	if (!place->err && !place->n)
		place->err = read_device(root, link, kind, place);
	return 0;
}

/* Where systemd looks for the ESP when it is mounted (bootctl(1)). */
static int add_mounted_esps(const struct fs_root *root, struct bootplaces *places)
{
	static const char *const dirs[] = {"efi/", "boot/efi/", "boot/"};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		auto_free char *entries = fs_path("%sloader/entries", dirs[i]);
		auto_free char *images = fs_path("%sEFI/Linux", dirs[i]);
		/* What is there perhaps is read, so that its error shows. */
		bool has_entries = fs_probe(root, entries) != 0;
		struct bootplace *place;

		if (!has_entries && !fs_probe(root, images))
			continue;
		place = add_place(places, fs_path("/%s", has_entries ? entries : images));
		if (!place)
			return -ENOMEM;
		place->err = read_dir(root, dirs[i], BOOTLOADER_SYSTEMD_BOOT, place);
	}
	return 0;
}

int bootplaces_read(const struct fs_root *root, const struct bootloader *bootloader,
		    struct bootplaces *ret)
{
	auto_bootplaces struct bootplaces places = {.every = bootloader->kind == BOOTLOADER_GRUB};
	struct bootplace *place;
	int err = 0;

	for (size_t i = 0; i < bootloader->esps.n && !err; i++)
		err = add_esp(root, bootloader->esps.items[i], bootloader->kind, &places);
	if (!bootloader->esps.n && bootloader->kind == BOOTLOADER_SYSTEMD_BOOT) {
		err = add_mounted_esps(root, &places);
	} else if (!bootloader->esps.n && bootloader->kind == BOOTLOADER_GRUB) {
		place = add_place(&places, strdup("/boot/grub/grub.cfg"));
		if (!place)
			return -ENOMEM;
		place->err = read_dir(root, "boot/", bootloader->kind, place);
	}
	for (size_t i = 0; i < places.n && !err; i++) {
		err = places.items[i].err == -ENOMEM ? -ENOMEM : 0;
		/* Those that were read are not all. */
		if (places.items[i].err)
			free_entries(&places.items[i]);
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

/* The first of WORDS that is missing: EVERY entry must have them all, or else one entry, which is
 * the one that has the most of them. NULL: none is missing. */
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
			  : strdup(_("no boot entries were found"));
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

/* Whether the path of an image is that of kernel RELEASE: "/vmlinuz-6.8.12-4-pve",
 * "/ID/6.8.12-4-pve/linux", "EFI/Linux/ID-6.8.12-4-pve.efi". */
static bool is_of_kernel(const char *image, const char *release)
{
	size_t len = strlen(release);

	for (const char *at = image; at && (at = strstr(at, release)); at++)
		if (at > image && strchr("-/", at[-1]) &&
		    (!at[len] || at[len] == '/' || !strcmp(at + len, ".efi")))
			return true;
	return false;
}

/* Those of its entries that start RELEASE; they stay PLACE's. */
static int entries_of_kernel(const struct bootplace *place, const char *release,
			     struct bootplace *ret)
{
	ret->entries = calloc(place->n + 1, sizeof(*ret->entries));
	if (!ret->entries)
		return -ENOMEM;
	for (size_t i = 0; i < place->n; i++)
		if (is_of_kernel(place->images[i], release))
			ret->entries[ret->n++] = place->entries[i];
	return 0;
}

int bootplaces_check_kernel(const struct bootplaces *places, const char *release,
			    const struct conf_items *words, char **ret_why)
{
	int err = 0;

	for (size_t i = 0; !err && i < places->n; i++) {
		const struct bootplace *place = &places->items[i];
		struct bootplace its = {0};
		const char *missing;

		if (place->err || !place->n)
			continue;
		err = entries_of_kernel(place, release, &its);
		missing = err ? NULL : find_missing(&its, places->every, words);
		if (!err && !its.n)
			*ret_why = fs_path(_("%s has no entry for it"), place->name);
		else if (missing)
			*ret_why = fs_path(_("its entry in %s lacks %s"), place->name, missing);
		if (!err && (!its.n || missing))
			err = *ret_why ? -ENODATA : -ENOMEM;
		free(its.entries);
	}
	return err;
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

int bootplaces_check_root(const struct bootplaces *places, char **ret_why)
{
	for (size_t i = 0; i < places->n; i++) {
		const struct bootplace *place = &places->items[i];
		const struct conf_item *word = NULL;

		for (size_t k = 0; k < place->n && !word; k++)
			word = cmdline_last(&place->entries[k], "root");
		if (!place->n || (word && *cmdline_value(word->text, "root")))
			continue;
		*ret_why = fs_path(
			_("%s has no entry with root=, so the next boot would not find its "
			  "root file system"),
			place->name);
		return *ret_why ? -ENODATA : -ENOMEM;
	}
	return 0;
}
