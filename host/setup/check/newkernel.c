// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/check/newkernel.h"

#include <string.h>

#include "host/base/log.h"
#include "host/text/strbuf.h"
#include "host/setup/boot/bootcfg.h"
#include "host/setup/boot/byhand.h"
#include "host/setup/conf/kernelinfo.h"
#include "host/setup/early/early_images.h"
#include "host/setup/early/early_script.h"
#include "host/setup/loader/bootplace.h"
#include "host/setup/loader/initramfs.h"
#include "host/setup/options.h"

#define LIST_MAX ((size_t)8 * 1024 * 1024)

struct look {
	const struct fs_root *root;
	const char *release;
	struct strbuf missing; /* what is, in words */
};

/* ---- the words ---- */

/* Adds those that are there for passthrough. */
static int choose(const struct conf_items *words, struct conf_items *ret)
{
	int err = 0;

	for (size_t i = 0; i < words->n && !err; i++)
		if (byhand_is_word(words->items[i].text))
			err = conf_items_add(ret, words->items[i].text, NULL, 0);
	return err;
}

/* Where the configuration does not tell, what this boot has is what the next is to have. */
static int read_words(const struct fs_root *root, const struct bootloader *bootloader,
		      struct conf_items *ret)
{
	const struct edits none = {.root = root};
	auto_bootcfg struct bootcfg now = {0};
	auto_conf_items struct conf_items running = {0};
	int err = bootcfg_read(&none, bootloader, &now);

	if (!err && !now.unclear.file)
		return choose(&now.words, ret);
	err = err ?: kernelinfo_cmdline(root, &running);
	return err ?: choose(&running, ret);
}

static int look_at_entries(struct look *look, const struct bootloader *bootloader,
			   const struct conf_items *words)
{
	auto_bootplaces struct bootplaces places = {0};
	auto_free char *why = NULL;
	int err = bootplaces_read(look->root, bootloader, &places);

	err = err ?: bootplaces_check_kernel(&places, look->release, words, &why);
	if (err == -ENODATA)
		strbuf_add_item(&look->missing, "%s", why);
	return err == -ENODATA ? 0 : err;
}

/* ---- the modules ---- */

/* Whether a list of paths has one of the module; '-' and '_' are one. */
static bool has_module(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; at && (at = strchr(at, '/')); at++) {
		size_t i = 0;

		while (i < len && (at[1 + i] == name[i] || (at[1 + i] == '-' && name[i] == '_')))
			i++;
		if (i == len && !strncmp(at + 1 + len, ".ko", 3))
			return true;
	}
	return false;
}

/* The text of one of its lists of modules; none is empty. */
static int read_list(const struct look *look, const char *name, char **ret)
{
	auto_free char *path = fs_path("lib/modules/%s/%s", look->release, name);
	int err = fs_read(look->root, path, LIST_MAX, ret, NULL);

	if (!err || !fs_is_absent(err))
		return err;
	*ret = strdup("");
	return *ret ? 0 : -ENOMEM;
}

static int look_at_modules(struct look *look)
{
	static const char *const names[] = {"vfio", "vfio_iommu_type1", "vfio_pci"};
	auto_free char *files = NULL, *builtin = NULL;
	int err = read_list(look, "modules.dep", &files)
			  ?: read_list(look, "modules.builtin", &builtin);

	for (size_t i = 0; !err && i < ARRAY_SIZE(names); i++)
		if (!has_module(files, names[i]) && !has_module(builtin, names[i]))
			strbuf_add_item(&look->missing, _("it has no module %s"), names[i]);
	return err;
}

/* ---- the initramfs ---- */

static int look_at_initramfs(struct look *look)
{
	auto_free char *path = fs_path("boot/initrd.img-%s", look->release), *order = NULL;
	int there = fs_probe(look->root, path);
	int held = fs_probe(look->root, EARLY_SCRIPT_PATH);
	int err;

	if (there < 0 || held < 0)
		return there < 0 ? there : held;
	if (!there)
		strbuf_add_item(&look->missing, _("/%s is not there"), path);
	if (!there || !held)
		return 0;
	err = early_image_order(look->root, path, &order);
	if (!err && (!order || early_order_place(order) != EARLY_BEFORE))
		strbuf_add_item(&look->missing,
				_("/%s does not hold the devices that are held early"), path);
	return err;
}

/* ---- all of it ---- */

/* The command that makes its initramfs. */
static int initramfs_cure(const struct fs_root *root, const char *release, char **ret)
{
	int dracut = initramfs_by_dracut(root);

	if (dracut < 0)
		return dracut;
	*ret = fs_path(dracut ? "dracut --force --kver %s" : "update-initramfs -u -k %s", release);
	return *ret ? 0 : -ENOMEM;
}

int newkernel_check(const struct fs_root *root, const char *bootloader, const char *release)
{
	auto_bootloader struct bootloader loader = {0};
	auto_conf_items struct conf_items words = {0};
	struct look look = {.root = root, .release = release};
	auto_free char *why = NULL, *missing = NULL, *cure = NULL;
	int err = bootloader_detect(root, bootloader, &loader, &why);

	err = err ?: read_words(root, &loader, &words);
	if (!err && !words.n)
		return ENABLE_DONE;
	err = err ?: look_at_modules(&look);
	err = err ?: look_at_entries(&look, &loader, &words);
	err = err ?: look_at_initramfs(&look);
	err = err ?: initramfs_cure(root, release, &cure);
	missing = strbuf_take(&look.missing);
	err = err ?: missing ? err : -ENOMEM;
	if (err) {
		log_warning(
			_("what the kernel %s lacks for PCI passthrough is not known: %s; after "
			  "booting it: host-setup check"),
			release,
			err == -ENOTUNIQ ? _("which boot loader starts this host is unclear")
					 : log_strerror(err));
		return ENABLE_FAILED;
	}
	if (!*missing)
		return ENABLE_DONE;
	log_warning(
		_("the kernel %s lacks something for PCI passthrough: %s; for its initramfs and "
		  "its boot entries: %s, then update-grub or proxmox-boot-tool refresh"),
		release, missing, cure);
	return ENABLE_REFUSED;
}
