// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/capture/store.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "host/base/fs.h"
#include "host/base/fs_write.h"
#include "host/text/strbuf.h"
#include "host/process/program.h"

/* ---- the index ---- */

/* What a file has that was unpacked by an ordinary user, and nobody asks more of it. */
static bool is_ordinary(const struct entry *entry)
{
	bool looked_at = !after_prefix(entry->path, "sys/") && !after_prefix(entry->path, "proc/");

	if (entry->err || entry->type == ENTRY_LINK)
		return !entry->err;
	return !entry->st.st_mode || (!looked_at && !entry->st.st_uid);
}

static int add_index(struct entries *entries, bool running)
{
	auto_strbuf struct strbuf text = {0};
	struct entry *entry;

	strbuf_add(&text, CAPTURE_HEADER, running, (long long)time(NULL));
	for (size_t i = 0; i < entries->n; i++) {
		const struct stat *st = &entries->items[i].st;

		if (!is_ordinary(&entries->items[i]))
			strbuf_add(&text, CAPTURE_LINE, st->st_mode, st->st_uid, st->st_gid,
				   (long long)st->st_size, (long long)st->st_mtime,
				   major(st->st_rdev), minor(st->st_rdev), -entries->items[i].err,
				   entries->items[i].path);
	}
	entry = entries_add(entries, CAPTURE_DIR, ENTRY_DIR)
			? entries_add(entries, CAPTURE_INDEX, ENTRY_FILE)
			: NULL;
	if (!entry)
		return -ENOMEM;
	entry->len = text.len;
	entry->bytes = strbuf_take(&text);
	return entry->bytes ? 0 : -ENOMEM;
}

static int replace(struct standins *standins, char **text)
{
	char *with = standins_replace(standins, *text, strlen(*text), NULL);

	if (!with)
		return -ENOMEM;
	free(*text);
	*text = with;
	return 0;
}

int store_prepare(struct entries *entries, struct standins *standins, bool running)
{
	struct entries renamed = {0};
	int err = 0;

	for (size_t i = 0; !err && i < entries->n; i++) {
		struct entry *entry = &entries->items[i];

		err = replace(standins, &entry->path);
		if (!err && entry->type == ENTRY_LINK) {
			err = replace(standins, &entry->bytes);
			entry->len = strlen(entry->bytes);
		}
	}
	entries_sort(entries);
	/* The table is made anew, with the new paths. */
	for (size_t i = 0; !err && i < entries->n; i++) {
		struct entry *entry = entries_add(&renamed, entries->items[i].path, ENTRY_DIR);
		char *path = entry ? entry->path : NULL;

		if (!entry) {
			err = -ENOMEM;
			break;
		}
		if (entry->st.st_mode || entry->bytes) /* two files that became one */
			continue;
		*entry = entries->items[i];
		entry->path = path;
		entries->items[i].bytes = NULL;
	}
	entries_free(entries);
	*entries = renamed;
	err = err ?: add_index(entries, running);
	entries_sort(entries);
	return err;
}

/* ---- files ---- */

static int write_file(const struct fs_root *root, const struct entry *entry)
{
	auto_close int fd = fs_open(root, entry->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
				    0644);

	return fd < 0 ? fd : fs_write_fd(fd, entry->bytes ? entry->bytes : "", entry->len);
}

/* Parents come before what is in them. */
static int write_entry(const struct fs_root *root, const struct entry *entry)
{
	if (strchr(entry->path, '\n'))
		return 0;
	switch (entry->type) {
	case ENTRY_DIR: return fs_make_dir(root, entry->path, 0755);
	case ENTRY_LINK: return symlinkat(entry->bytes, root->fd, entry->path) ? -errno : 0;
	case ENTRY_FILE: return write_file(root, entry);
	}
	return -EINVAL;
}

int store_write(const struct entries *entries, const char *dir)
{
	auto_root struct fs_root root = {.fd = -1};
	int err = fs_root_open(dir, &root);

	for (size_t i = 0; !err && i < entries->n; i++)
		err = write_entry(&root, &entries->items[i]);
	return err;
}

int store_pack(const char *dir, const char *file, char **ret_why)
{
	auto_free char *into = fs_path("--file=%s", file), *from = fs_path("--directory=%s", dir);
	const char *const args[] = {"tar",
				    "--create",
				    "--xz",
				    "--force-local",
				    "--sort=name",
				    "--mtime=@0",
				    "--owner=0",
				    "--group=0",
				    "--numeric-owner",
				    "--mode=u=rwX,go=rX",
				    into,
				    from,
				    ".",
				    NULL};
	const struct program program = {.args = args, .limit_ms = 600000, .max = 64};
	auto_program_end struct program_end end = {0};
	auto_close int fd = -1;
	int err;

	*ret_why = NULL;
	if (!into || !from)
		return -ENOMEM;
	fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	err = program_run(&program, &end);
	if (!err && !program_succeeded(&end))
		err = -EIO;
	if (!err)
		return 0;
	*ret_why = program_explain(NULL, &program, err, &end);
	unlink(file);
	return err;
}

/* ---- the directory ---- */

char *store_make_dir(void)
{
	const char *place = getenv("TMPDIR");
	char *dir = fs_path("%s/host-setup-capture-XXXXXX", place && *place ? place : "/tmp");

	if (dir && mkdtemp(dir))
		return dir;
	free(dir);
	return NULL;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path) && errno != ENOENT;
}

void store_remove(const char *dir)
{
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
