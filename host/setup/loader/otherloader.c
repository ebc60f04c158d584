// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/loader/otherloader.h"
#include "host/base/facts.h"
#include "host/text/strbuf.h"
#include "host/process/program.h"
#include "host/setup/conf/cmdline.h"
#include "host/setup/loader/efivars.h"

#include <string.h>

#define SECONDS	    10
#define TEXT_MAX    ((size_t)64 * 1024)
#define PROPERTY    "org.zfsbootmenu:commandline"
#define REFIND	    "boot/refind_linux.conf"
#define ZFSBOOTMENU "ZFSBootMenu"

/* Those that name themselves, in LoaderInfo or in their boot entry. */
static const struct {
	const char *name;
	enum otherloader_kind kind;
} known[] = {
	{"rEFInd", OTHERLOADER_REFIND},
	{"Limine", OTHERLOADER_LIMINE},
	{ZFSBOOTMENU, OTHERLOADER_ZFSBOOTMENU},
};

static enum otherloader_kind kind_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!strncasecmp(name, known[i].name, strlen(known[i].name)))
			return known[i].kind;
	return OTHERLOADER_STRANGER;
}

/* Fills in what is known; takes EVIDENCE over. */
static int found(struct otherloader *loader, enum otherloader_kind kind, const char *name,
		 char *evidence)
{
	loader->kind = kind;
	loader->name = strdup(name);
	loader->evidence = evidence;
	return loader->name && evidence ? 0 : -ENOMEM;
}

/* The dataset in the value of root=, "ZFS=rpool/ROOT/pve-1" or "zfs:rpool/ROOT/pve-1"; or NULL. */
static const char *dataset_of(const struct conf_items *words)
{
	const struct conf_item *last = cmdline_last(words, "root");
	const char *value = last ? cmdline_value(last->text, "root") : "";

	return !strncasecmp(value, "zfs", 3) && value[3] && strchr("=:", value[3]) ? value + 4
										   : NULL;
}

/* Reads ZFSBootMenu's property of the dataset; *RET is NULL when it is not set, or not known. */
static int read_property(const struct fs_root *root, const char *dataset, char **ret)
{
	const char *const args[] = {"zfs", "get", "-H", "-o", "value", PROPERTY, dataset, NULL};
	const struct program program = {.args = args, .limit_ms = SECONDS * 1000, .max = TEXT_MAX};
	auto_program_end struct program_end end = {0};

	*ret = NULL;
	if (fs_root_is_capture(root))
		return facts_get(root, "zfs-property", ret) == -ENOMEM ? -ENOMEM : 0;
	if (program_run(&program, &end) || !program_succeeded(&end) || end.cut)
		return 0;
	end.output[strcspn(end.output, "\n")] = '\0';
	if (!*end.output || !strcmp(end.output, "-"))
		return 0;
	*ret = strdup(end.output);
	if (*ret)
		facts_note("zfs-property", "%s", *ret);
	return *ret ? 0 : -ENOMEM;
}

/* What the property would have to be for the kernel to be started as it was: the words that
 * ZFSBootMenu does not add by itself. */
static char *words_for_property(const struct conf_items *words)
{
	static const char *const own[] = {"root", "spl_hostid", "spl.spl_hostid"};
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < words->n; i++) {
		const char *word = words->items[i].text;
		bool added = false;

		for (size_t k = 0; k < ARRAY_SIZE(own); k++)
			added = added || cmdline_value(word, own[k]);
		if (!added)
			strbuf_add(&text, "%s%s", text.len ? " " : "", word);
	}
	return strbuf_take(&text);
}

/* ZFSBootMenu starts the kernel by kexec(2), and leaves no mark of its own. */
static int look_for_zfsbootmenu(const struct fs_root *root, const struct conf_items *words,
				const char *entry, const char *loader_info,
				struct otherloader *loader)
{
	const char *dataset = dataset_of(words);
	bool by_name = entry && kind_of(entry) == OTHERLOADER_ZFSBOOTMENU, by_colon;
	auto_free char *property = NULL;
	char *evidence;
	int err;

	if (!dataset || cmdline_last(words, "initrd"))
		return 0;
	err = read_property(root, dataset, &property);
	if (err)
		return err;
	by_colon = !loader_info && dataset[-1] == ':';
	if (property)
		evidence = fs_path(_("%s of %s is set"), PROPERTY, dataset);
	else if (by_name)
		evidence = fs_path(_("the firmware started the boot entry \"%s\""), entry);
	else if (!loader_info && fs_probe(root, "etc/zfsbootmenu") > 0)
		evidence = fs_path(_("/%s is there"), "etc/zfsbootmenu");
	else if (by_colon)
		evidence = fs_path(_("/proc/cmdline has root=%.4s..., as ZFSBootMenu writes it"),
				   dataset - 4);
	else
		return 0;
	loader->dataset = strdup(dataset);
	loader->words = property ? TAKE_PTR(property) : words_for_property(words);
	return loader->dataset && loader->words
		       ? found(loader, OTHERLOADER_ZFSBOOTMENU, ZFSBOOTMENU, evidence)
		       : (free(evidence), -ENOMEM);
}

/* A kernel that the firmware started itself, or a loader that leaves no LoaderInfo. */
static int look_for_stub(const struct fs_root *root, const struct conf_items *words,
			 const char *entry, struct otherloader *loader)
{
	const struct conf_item *initrd = cmdline_last(words, "initrd");
	auto_free char *stub = NULL;

	if (!efivars_are_there(root))
		return 0;
	if (entry && kind_of(entry) != OTHERLOADER_STRANGER)
		return found(loader, kind_of(entry), entry,
			     fs_path(_("the firmware started the boot entry \"%s\""), entry));
	if (!efivars_loader_text(root, "StubInfo", &stub))
		return found(loader, OTHERLOADER_UKI, _("a unified kernel image"),
			     fs_path(_("the EFI variable StubInfo says \"%s\", and there is no "
				       "LoaderInfo"),
				     stub));
	if (!initrd)
		return 0;
	return found(
		loader, OTHERLOADER_EFI_STUB, _("the kernel's EFI stub"),
		fs_path(_("/proc/cmdline has %s, and there is no EFI variable LoaderInfo, which "
			  "systemd-boot writes%s%s"),
			initrd->text, entry ? _("; the firmware's boot entry: ") : "",
			entry ? entry : ""));
}

int otherloader_find(const struct fs_root *root, const char *cmdline, const char *loader_info,
		     struct otherloader *ret)
{
	auto_otherloader struct otherloader loader = {0};
	auto_conf_items struct conf_items words = {0};
	auto_free char *entry = NULL;
	int err = cmdline_split(&words, cmdline, NULL);

	if (err || cmdline_last(&words, "BOOT_IMAGE"))
		return err;
	if (efivars_boot_entry(root, &entry))
		entry = NULL;
	err = look_for_zfsbootmenu(root, &words, entry, loader_info, &loader);
	if (!err && !loader.kind && !loader_info)
		err = look_for_stub(root, &words, entry, &loader);
	if (!err && !loader.kind && loader_info && strncmp(loader_info, "GRUB", 4) &&
	    strncmp(loader_info, "systemd-boot", 12))
		err = found(&loader, kind_of(loader_info), loader_info,
			    fs_path(_("the EFI variable LoaderInfo says \"%s\""), loader_info));
	if (err)
		return err;
	*ret = loader;
	loader = (struct otherloader){0};
	return 0;
}

char *otherloader_cure(const struct otherloader *loader, const char *words)
{
	switch (loader->kind) {
	case OTHERLOADER_ZFSBOOTMENU:
		/* Known by its own name only, without a dataset: as a stranger. */
		if (!loader->dataset)
			break;
		return fs_path("zfs set %s=\"%s %s\" %s", PROPERTY, loader->words, words,
			       loader->dataset);
	case OTHERLOADER_REFIND:
		return fs_path(_("add %s at the end of the second quoted text of each line of "
				 "/%s (or to the options of the entry in refind.conf)"),
			       words, REFIND);
	case OTHERLOADER_LIMINE:
		return fs_path(_("add %s to the line 'cmdline:' of the entry in limine.conf"),
			       words);
	case OTHERLOADER_EFI_STUB:
		return fs_path(_("add %s to the kernel command line of the boot entry (efibootmgr "
				 "-v shows it; a new one: efibootmgr --create --loader ... "
				 "--unicode '...'), or with rEFInd to each line of /%s"),
			       words, REFIND);
	case OTHERLOADER_UKI:
		return fs_path(_("add %s to the command line that is built into the image, and "
				 "build it again (ukify: /etc/kernel/cmdline; dracut: "
				 "kernel_cmdline= in /etc/dracut.conf.d)"),
			       words);
	case OTHERLOADER_NONE:
	case OTHERLOADER_STRANGER: break;
	}
	return fs_path(_("add %s to the kernel command line in the configuration of %s"), words,
		       loader->name);
}

void otherloader_free(struct otherloader *loader)
{
	free(loader->name);
	free(loader->evidence);
	free(loader->dataset);
	free(loader->words);
	*loader = (struct otherloader){0};
}
