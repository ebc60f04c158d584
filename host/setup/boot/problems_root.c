// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/problems_root.h"
#include "host/setup/loader/bootlist.h"
#include "host/setup/conf/kernelinfo.h"
#include "host/setup/loader/rootdev.h"

#include <string.h>

/* Words by which a kernel or an initramfs finds, unlocks or resumes the root file system. */
static const struct {
	const char *name;
	bool made; /* update-grub writes it into the entries by itself */
} helpers[] = {
	{"resume", false},	 {"resume_offset", false}, {"cryptdevice", false},
	{"cryptopts", false},	 {"rootflags", true},	   {"rootfstype", true},
	{"boot", true},		 {"zfs", false},	   {"nfsroot", false},
	{"rd.luks.uuid", false}, {"rd.luks.name", false},  {"rd.luks.key", false},
	{"luks.uuid", false},	 {"luks.name", false},	   {"rd.lvm.lv", false},
	{"rd.lvm.vg", false},	 {"rd.md.uuid", false},	   {"rd.dm.uuid", false},
};

/* What the next boot is started with. */
struct next {
	const struct fs_root *root;
	const struct conf_items *running;
	const struct conf_items *settings; /* what is configured */
	const struct conf_items *entry;	   /* of GRUB; NULL: not known, or there is none */
	const char *place;		   /* where the entry was read */
	const char *refresh;		   /* what makes the entries */
	bool unclear;			   /* what is in the settings is not known */
};

/* A word of the next boot, and where it stands. */
struct found {
	const struct conf_item *word; /* NULL: nowhere */
	char *where;
};

static void found_free(struct found *found)
{
	free(found->where);
}

static const struct conf_item *first_root(const struct conf_items *words)
{
	for (size_t i = 0; i < words->n; i++)
		if (cmdline_value(words->items[i].text, "root"))
			return &words->items[i];
	return NULL;
}

/* The root= that counts, the last one. In an entry of GRUB the first is update-grub's, and what
 * follows comes from the settings, which may have changed since. */
static int find_root(const struct next *next, struct found *ret)
{
	ret->word = cmdline_last(next->settings, "root");
	if (ret->word) {
		ret->where = fs_path("/%s:%u", ret->word->file, ret->word->line);
	} else if (next->entry) {
		ret->word = next->unclear ? cmdline_last(next->entry, "root")
					  : first_root(next->entry);
		ret->where = strdup(next->place);
	} else {
		ret->where = strdup("");
	}
	return ret->where ? 0 : -ENOMEM;
}

static int add_missing(const struct next *next, const struct found *found, const char *running,
		       struct problems *problems)
{
	const char *where = found->word ? found->where : next->place;
	const char *text = found->word ? found->word->text : "root=";
	char *cure;

	if (found->word && found->word->file)
		cure = fs_path(_("remove '%s' from line %u of /%s"), text, found->word->line,
			       found->word->file);
	else
		cure = fs_path(
			_("run %s, which writes root=, and look into /etc/grub.d when it does "
			  "not"),
			next->refresh);
	return problems_add(
		problems, "root-missing", PROBLEM_BOOT,
		fs_path(found->word
				? _("%s: '%s' names no root file system, and the last root= "
				    "counts, while the running kernel was started with %s: the next "
				    "boot would not find its root file system")
				: _("%s: no '%s', while the running kernel was started with %s: the "
				    "next boot would not find its root file system"),
			where, text, running),
		cure);
}

/* What to do about a root= that names another device. */
static char *cure_other(const struct next *next, const struct conf_item *word, const char *running)
{
	if (word->file)
		return fs_path(
			_("write %s in line %u of /%s (or, if the root file system has moved on "
			  "purpose, add --root-changed)"),
			running, word->line, word->file);
	/* The last root= came from the settings, and overrode the one that update-grub writes. */
	if (cmdline_find(next->running, word->text) ||
	    (next->entry && cmdline_find(next->entry, running)))
		return fs_path(_("add %s to GRUB_CMDLINE_LINUX in /etc/default/grub again (or, if "
				 "the root file system has moved on purpose, add --root-changed)"),
			       running);
	return fs_path(
		_("run %s, which writes what is mounted now (or, if the root file system has "
		  "moved on purpose, add --root-changed)"),
		next->refresh);
}

/* The last root= names something else than that of the running kernel, or seems to. */
static int add_other(const struct next *next, const struct found *found, const char *running,
		     enum rootdev_match match, struct problems *problems)
{
	const char *where = found->where, *text = found->word->text;

	if (match == ROOTDEV_SAME)
		return problems_add(problems, PROBLEM_ROOT_DIFFERS, PROBLEM_NOTE,
				    fs_path(_("%s: %s is another spelling of %s, which the running "
					      "kernel was started with: the same device"),
					    where, text, running),
				    NULL);
	if (match == ROOTDEV_UNKNOWN)
		return problems_add(
			problems, PROBLEM_ROOT_DIFFERS, PROBLEM_WARNING,
			fs_path(_("%s: %s is not %s, which the running kernel was started with, "
				  "and it is not known whether it is the same device (see: ls -l "
				  "/dev/disk/by-*)"),
				where, text, running),
			NULL);
	return problems_add(
		problems, PROBLEM_ROOT_DIFFERS, PROBLEM_BOOT,
		fs_path(_("%s: %s is another device than %s, which the running kernel was started "
			  "with: the next boot would start another system, or none"),
			where, text, running),
		cure_other(next, found->word, running));
}

static int compare_root(const struct next *next, struct problems *problems)
{
	const struct conf_item *running = cmdline_last(next->running, "root");
	cleanup_with(found_free) struct found found = {0};
	const char *value;
	enum rootdev_match match;
	int err = find_root(next, &found);

	if (err)
		return err;
	/* Without an entry of GRUB it is update-grub that writes one, or else the file of the
	 * command line is reported. */
	value = found.word ? cmdline_value(found.word->text, "root") : "";
	if (!*value || *value == '"')
		return next->refresh && (next->entry || found.word)
			       ? add_missing(next, &found, running->text, problems)
			       : 0;
	if (!strcmp(found.word->text, running->text))
		return 0;
	match = rootdev_compare(next->root, value, cmdline_value(running->text, "root"));
	return add_other(next, &found, running->text, match, problems);
}

/* What the next boot has in place of WORD, whose name is helpers[H]: WORD itself, another value, or
 * NULL. */
static const struct conf_item *find_helper(const struct next *next, size_t h,
					   const struct conf_item *word)
{
	bool entry = next->entry && (next->unclear || helpers[h].made);

	return cmdline_find(next->settings, word->text)
		       ?: (entry ? cmdline_find(next->entry, word->text) : NULL)
		       ?: cmdline_last(next->settings, helpers[h].name)
		       ?: (entry ? cmdline_last(next->entry, helpers[h].name) : NULL);
}

static int compare_helper(const struct next *next, size_t h, const struct conf_item *word,
			  struct problems *problems)
{
	const struct conf_item *found = find_helper(next, h, word);

	if (found && !strcmp(found->text, word->text))
		return 0;
	return problems_add(
		problems, "boot-word-lost", PROBLEM_WARNING,
		found ? fs_path(_("the next boot has %s in place of %s, which the running kernel was "
				  "started with: the root file system may not be found, unlocked or "
				  "resumed"),
				found->text, word->text)
		      : fs_path(_("the next boot lacks %s, which the running kernel was started with: "
				  "the root file system may not be found, unlocked or resumed"),
				word->text),
		fs_path(_("add '%s' again, unless it was changed on purpose"), word->text));
}

/* The words of the running kernel that help to find its root. */
static int compare_helpers(const struct next *next, struct problems *problems)
{
	int err = 0;

	for (size_t i = 0; i < next->running->n && !err; i++) {
		const struct conf_item *word = &next->running->items[i];

		if (!strcmp(word->text, "--"))
			break;
		for (size_t h = 0; h < ARRAY_SIZE(helpers) && !err; h++)
			if (cmdline_value(word->text, helpers[h].name))
				err = compare_helper(next, h, word, problems);
	}
	return err;
}

/* When there is no root= at all, that is enough said. */
static int compare(const struct next *next, struct problems *problems)
{
	int err = compare_root(next, problems);

	if (err || (!cmdline_last(next->settings, "root") &&
		    !(next->entry && cmdline_last(next->entry, "root"))))
		return err;
	return compare_helpers(next, problems);
}

/* GRUB: each place that has entries is compared, up to the first with a problem. */
static int compare_entries(const struct bootloader *bootloader, const struct next *settings,
			   struct problems *problems)
{
	struct next next = *settings;
	auto_bootplaces struct bootplaces places = {0};
	size_t before = problems->n, read = 0;
	int err = bootlist_read(next.root, bootloader, &places);

	for (size_t i = 0; i < places.n && !err && problems->n == before; i++) {
		if (!places.items[i].n)
			continue;
		next.entry = &places.items[i].entries[0];
		next.place = places.items[i].name;
		err = compare(&next, problems);
		read++;
	}
	/* What the settings say counts without any entry, too; but what is missing there may be
	 * update-grub's. */
	return err || read ? err : compare_root(settings, problems);
}

int problems_find_in_root(const struct fs_root *root, const struct bootloader *bootloader,
			  const struct bootcfg *bootcfg, struct problems *problems)
{
	auto_conf_items struct conf_items running = {0};
	struct next next = {.root = root,
			    .running = &running,
			    .settings = &bootcfg->words,
			    .unclear = bootcfg->unclear.file};
	const struct conf_item *word;
	int err = fs_root_was_running(root) ? kernelinfo_cmdline(root, &running) : 0;

	word = cmdline_last(&running, "root");
	if (err || !word || !*cmdline_value(word->text, "root"))
		return err;
	switch (bootloader->kind) {
	case BOOTLOADER_GRUB:
		next.refresh = bootloader->refresh.items[0];
		return compare_entries(bootloader, &next, problems);
	case BOOTLOADER_SYSTEMD_BOOT: return compare(&next, problems);
	case BOOTLOADER_OTHER: break;
	}
	return 0;
}
