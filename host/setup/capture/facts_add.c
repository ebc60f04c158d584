// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/capture/facts_add.h"

#include <string.h>

#include "host/process/program.h"

#define FACT_MAX ((size_t)16 * 1024 * 1024)

/* How the text of a fact is reduced; of all others it is the whole text. */
static const struct {
	const char *key;
	enum texts_kind kind;
	const char *words;
} kinds[] = {
	{"kernel-log", TEXTS_LINES, "iommu|IOMMU|remapping|DMAR|AMD-Vi|Linux|vfio"},
	{"boot-places", TEXTS_PLACES, NULL},
	{"zfs-property", TEXTS_WORDS, NULL},
};

/* Adds the file KEY below the capture's own directory DIR. */
static int add_text(const struct walk *walk, const char *dir, const char *key, const char *text,
		    size_t len)
{
	auto_free char *path = fs_path("%s/%s", dir, key);
	enum texts_kind kind = TEXTS_WHOLE;
	const char *words = NULL;
	struct entry *entry;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(key, kinds[i].key)) {
			kind = kinds[i].kind;
			words = kinds[i].words;
		}
	if (!path || walk_dir_of(walk, path))
		return -ENOMEM;
	entry = entries_add(walk->entries, path, ENTRY_FILE);
	if (!entry)
		return -ENOMEM;
	return texts_reduce_one(walk->texts, kind, words, text, len, &entry->bytes, &entry->len);
}

int facts_add(const struct walk *walk, const char *noted)
{
	auto_root struct fs_root root = {.fd = -1};
	auto_names struct fs_names names = {0};
	int err = fs_root_open(noted, &root);

	err = err ?: fs_list(&root, ".", &names);
	for (size_t i = 0; !err && i < names.n; i++) {
		auto_free char *text = NULL;
		size_t len;

		err = fs_read(&root, names.items[i], FACT_MAX, &text, &len);
		err = err ?: add_text(walk, CAPTURE_FACTS, names.items[i], text, len);
	}
	return err;
}

int facts_add_log(const struct walk *walk)
{
	static const char *const args[] = {"journalctl",
					   "--quiet",
					   "--output=short-iso",
					   "--no-hostname",
					   "--lines=200",
					   "_UID=0",
					   "SYSLOG_IDENTIFIER=pve-passthrough",
					   "+",
					   "SYSLOG_IDENTIFIER=host-setup",
					   "_UID=0",
					   NULL};
	const struct program program = {.args = args, .limit_ms = 10000, .max = FACT_MAX};
	auto_program_end struct program_end end = {0};

	if (!fs_root_is_running_system(walk->root) ||
	    fs_probe(walk->root, "run/systemd/journal") <= 0 || program_run(&program, &end) ||
	    !program_succeeded(&end))
		return 0;
	return add_text(walk, CAPTURE_DIR, "log", end.output, strlen(end.output));
}
