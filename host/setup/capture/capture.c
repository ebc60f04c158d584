// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/capture/capture.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "host/base/facts.h"
#include "host/base/log.h"
#include "host/process/supervise.h"
#include "host/setup/capture/boot_texts.h"
#include "host/setup/capture/facts_add.h"
#include "host/setup/capture/procs.h"
#include "host/setup/capture/store.h"
#include "host/setup/capture/table.h"
#include "host/setup/confirm.h"
#include "host/setup/early/boot_uses.h"
#include "host/usage/survey.h"

/* Reading it all lasts longer than any one command. */
#define READ_MS 600000

#define STORAGES_MAX ((size_t)1024 * 1024)

/* ---- what is in it ---- */

static int add_host(struct standins *standins, const char *name)
{
	size_t len = strcspn(name, ".\n");

	return !len || standins_of(standins, STANDIN_HOST, name, len) ? 0 : -ENOMEM;
}

/* The names of this host and of the other nodes have stand-ins before any text is read. */
static int add_hosts(const struct fs_root *root, struct standins *standins)
{
	auto_names struct fs_names nodes = {0};
	auto_free char *name = NULL, *file = NULL;
	struct utsname names;
	int err = 0;

	if (fs_root_is_running_system(root) && !uname(&names))
		err = add_host(standins, names.nodename);
	if (!err && !fs_read_attr(root, "proc/sys/kernel/hostname", &name))
		err = add_host(standins, name);
	if (!err && !fs_read_attr(root, "etc/hostname", &file))
		err = add_host(standins, file);
	if (!err && fs_list(root, "etc/pve/nodes", &nodes))
		return 0; /* what cannot be listed has no names that could be read */
	for (size_t i = 0; !err && i < nodes.n; i++)
		err = add_host(standins, nodes.items[i]);
	return err;
}

/* Storages may have their snippets anywhere: that they are there, and programs. */
static int add_snippets(const struct walk *walk)
{
	auto_free char *text = NULL;
	char *rest, *line;
	int err = 0;

	if (fs_read(walk->root, "etc/pve/storage.cfg", STORAGES_MAX, &text, NULL))
		return 0;
	rest = text;
	while (!err && (line = strsep(&rest, "\n"))) {
		const char *path = after_prefix(line + strspn(line, " \t"), "path");
		auto_free char *names = NULL;
		struct pattern pattern = {.kind = TEXTS_HERE};

		path = path ? path + strspn(path, " \t") : NULL;
		if (!path || *path != '/')
			continue;
		names = fs_path("%.*s/@(snippets/*|*pve-passthrough*)",
				(int)strcspn(path + 1, " \t\r"), path + 1);
		pattern.path = names;
		err = names ? walk_pattern(walk, &pattern) : -ENOMEM;
	}
	return err;
}

/* What /etc/network/interfaces names may be anywhere. */
static int add_interfaces(const struct walk *walk)
{
	auto_names struct fs_names files = {0};
	int err = boot_uses_list_interfaces(walk->root, &files);

	/* Those that were found before an error are what is read of a capture, too. */
	err = err == -ENOMEM ? err : 0;
	for (size_t i = 0; !err && i < files.n; i++)
		err = walk_add(walk, files.items[i], TEXTS_IFACES, capture_setters);
	return err;
}

/* Where a path below /dev leads to, which may be a link of a rule of the administrator's, and is
 * nobody else's business outside of it. */
static int add_node(const struct walk *walk, const char *path)
{
	auto_free char *resolved = NULL;
	int err = survey_resolve(walk->root, path, &resolved);

	if (err || !resolved || !after_prefix(resolved, "/dev/"))
		return err == -ENOMEM ? err : 0;
	return walk_add(walk, path + 1, TEXTS_HERE, NULL);
}

static int add_nodes(const struct walk *walk, const char *text)
{
	int err = 0;

	for (const char *at = strstr(text, "/dev/"); !err && at; at = strstr(at, "/dev/")) {
		size_t n = strcspn(at, " \t\r\n,\"");
		auto_free char *path = strndup(at, n);

		err = path ? add_node(walk, path) : -ENOMEM;
		at += n;
	}
	return err;
}

/* What VMs and containers have open of the host, by whatever name their configs have for it. */
static int add_guests_nodes(const struct walk *walk)
{
	int err = 0;

	for (size_t i = 0, n = walk->entries->n; !err && i < n; i++) {
		const struct entry *entry = &walk->entries->items[i];
		auto_free char *text = NULL;

		if (!entry->bytes || (fnmatch("etc/pve/*qemu-server/*.conf", entry->path, 0) &&
				      fnmatch("etc/pve/*lxc/*.conf", entry->path, 0)))
			continue;
		text = strdup(entry->bytes); /* the entry is moved when others are added */
		err = text ? add_nodes(walk, text) : -ENOMEM;
	}
	return err;
}

int capture_read(const struct fs_root *root, const struct capture_above *above, const char *noted,
		 struct standins *standins, struct entries *ret)
{
	auto_entries struct entries entries = {0};
	const struct texts texts = {standins, above->reduce_vm, above->reduce_ct};
	const struct walk walk = {root, &texts, &entries};
	int err = add_hosts(root, standins) ?: boot_texts_note_disks(root, standins);

	facts_note_in(noted);
	if (!err)
		above->read_all(root);
	facts_note_in(NULL);
	for (size_t i = 0; !err && i < capture_table_size; i++)
		err = walk_pattern(&walk, &capture_table[i]);
	err = err ?: add_interfaces(&walk);
	err = err ?: add_snippets(&walk);
	err = err ?: add_guests_nodes(&walk);
	err = err ?: procs_add(&walk);
	err = err ?: facts_add(&walk, noted);
	err = err ?: facts_add_log(&walk);
	err = err ?: store_prepare(&entries, standins, fs_root_was_running(root));
	if (err)
		return err;
	*ret = entries;
	entries = (struct entries){0};
	return 0;
}

/* ---- the verb ---- */

static void list(const struct entries *entries)
{
	size_t n = 0, unread = 0;

	for (size_t i = 0; i < entries->n; i++) {
		const struct entry *entry = &entries->items[i];

		if (entry->type == ENTRY_DIR && !entry->err)
			continue;
		n++;
		unread += !!entry->err;
		if (entry->err)
			printf(_("%s (cannot be read: %s)\n"), entry->path, strerror(-entry->err));
		else
			printf("%s%s%s\n", entry->path, entry->type == ENTRY_LINK ? " -> " : "",
			       entry->type == ENTRY_LINK ? entry->bytes : "");
	}
	fflush(stdout);
	log_info(_("%zu files and links, %zu of which cannot be read here"), n, unread);
	log_info(_("host names, MACs, IP addresses, UUIDs and serial numbers are replaced; of VMs' "
		   "configs only what decides about devices is kept; comments and "
		   "command lines are not in it. Names of devices, storages, processes and mount "
		   "points are"));
}

static int could_not(const char *what, int err)
{
	log_error("%s: %s", what, log_strerror(err));
	return ENABLE_FAILED;
}

/* Runs WORK with a new directory for temporary files, which is removed. Returns 0 or -errno. */
static int with_dir(int (*work)(const char *dir, void *arg), void *arg)
{
	auto_free char *dir = store_make_dir();
	int err = dir ? work(dir, arg) : -errno;

	if (dir)
		store_remove(dir);
	return err;
}

/* What is captured, and what of it. */
struct capture {
	const struct fs_root *root;
	const struct capture_above *above;
	struct entries entries;
	const char *file;
	char *why;
};

static int read_in(const char *dir, void *arg)
{
	cleanup_with(standins_freep) struct standins *standins = NULL;
	struct capture *capture = arg;
	int err = standins_new(&standins);

	return err ?: capture_read(capture->root, capture->above, dir, standins, &capture->entries);
}

static int write_in(const char *dir, void *arg)
{
	struct capture *capture = arg;

	return store_write(&capture->entries, dir) ?: store_pack(dir, capture->file, &capture->why);
}

static int write_all(struct capture *capture)
{
	int err = with_dir(write_in, capture);
	struct stat st;

	if (err && capture->why) {
		log_error(_("%s could not be written: %s"), capture->file, capture->why);
		return ENABLE_FAILED;
	}
	if (err)
		return could_not(capture->file, err);
	if (!stat(capture->file, &st))
		log_info(
			_("%s is written, %lld KiB; to see what is said of it, as an ordinary user: "
			  "mkdir DIR && tar xf %s -C DIR && host-setup check --root DIR"),
			capture->file, (long long)(st.st_size + 1023) / 1024, capture->file);
	return ENABLE_DONE;
}

/* Nothing is left in a temporary directory while the question waits for its answer. */
static int read_and_write(struct capture *capture, const struct setup_options *options)
{
	int err;

	supervise_allow(READ_MS);
	err = with_dir(read_in, capture);
	supervise_allow(SUPERVISE_FOREVER);
	if (err)
		return could_not(_("this host could not be captured"), err);
	list(&capture->entries);
	if (options->dry_run)
		return ENABLE_DONE;
	if (!options->yes && !confirm_ask(_("Write it? [y/N] "))) {
		log_info(_("nothing was written"));
		return ENABLE_REFUSED;
	}
	return write_all(capture);
}

int capture_run(const struct fs_root *root, const struct setup_options *options,
		const struct capture_above *above)
{
	struct capture capture = {.root = root, .above = above, .file = options->capture};
	struct stat st;
	int code;

	if (fs_root_is_running_system(root) && geteuid()) {
		log_error(_("refused: only root can read configuration spaces, records and what "
			    "processes have open: run this as root"));
		return ENABLE_REFUSED;
	}
	if (!lstat(options->capture, &st)) {
		log_error(_("refused: %s is there already: give another name"), options->capture);
		return ENABLE_REFUSED;
	}
	code = read_and_write(&capture, options);
	entries_free(&capture.entries);
	free(capture.why);
	return code;
}
