// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/bind/fdb_guests.h"

#include "hookscript/pve/guests.h"
#include "host/base/clock.h"
#include "host/base/fs_write.h"
#include "host/base/log.h"
#include "host/text/strbuf.h"
#include "host/net/port.h"
#include "host/process/supervise.h"
#include "host/process/worker.h"

#include <string.h>
#include <sys/file.h>

#define SUFFIX	 ".fdb"
#define NOTE_MAX ((size_t)1024 * 1024)

/* How long it may take in all, and how soon a lock is asked for again. */
#define UPDATE_MS 10000
#define AGAIN_MS  50

/* ---- notes ---- */

static char *note_name(const struct bdf *pf)
{
	char address[BDF_TEXT_SIZE];

	return fs_path("%s" SUFFIX, bdf_format(pf, address));
}

/* A MAC a line. */
static int read_note(const struct fs_root *root, const struct bdf *pf, struct macs *ret)
{
	auto_free char *name = note_name(pf), *text = NULL;
	auto_free char *path = name ? fs_path("%s/%s", RECORD_DIR, name) : NULL;
	int err = fs_read(root, path, NOTE_MAX, &text, NULL);
	char *rest = text, *line;

	if (err)
		return fs_is_absent(err) ? 0 : err;
	while (!err && (line = strsep(&rest, "\n"))) {
		struct mac mac;

		if (mac_parse(line, mac.bytes))
			err = macs_add(ret, &mac);
	}
	return err;
}

static int write_note(const struct fs_root *root, const struct bdf *pf, const struct macs *macs)
{
	auto_free char *name = note_name(pf);
	auto_strbuf struct strbuf text = {0};

	if (!name)
		return -ENOMEM;
	if (!macs->n)
		return fs_remove(root, RECORD_DIR, name);
	for (size_t i = 0; i < macs->n; i++) {
		char mac[MAC_TEXT_SIZE];

		strbuf_add(&text, "%s\n", mac_format(macs->items[i].bytes, mac));
	}
	return text.failed ? -ENOMEM : fs_replace(root, RECORD_DIR, name, text.text, 0600);
}

/* The PFs that have a note. */
static int list_noted(const struct fs_root *root, struct bdf_set *ret)
{
	auto_names struct fs_names names = {0};
	int err = fs_list(root, RECORD_DIR, &names);

	for (size_t i = 0; !err && i < names.n; i++) {
		char *dot = strrchr(names.items[i], '.');
		struct bdf pf;

		if (!dot || strcmp(dot, SUFFIX) != 0)
			continue;
		*dot = '\0';
		if (!bdf_parse(names.items[i], &pf))
			err = bdf_set_add(ret, &pf);
	}
	return err;
}

bool fdb_is_noted(const struct fs_root *root)
{
	auto_bdf_set struct bdf_set pfs = {0};

	return list_noted(root, &pfs) || pfs.n;
}

/* ---- what is wanted ---- */

bool fdb_is_wanted(const struct recorded *recorded)
{
	for (size_t i = 0; i < recorded->n; i++)
		if (recorded->items[i]->vf_of)
			return true;
	return false;
}

bool fdb_has_bridge(const struct fs_root *root, const struct recorded *recorded)
{
	for (size_t i = 0; i < recorded->n; i++) {
		const char *vf_of = recorded->items[i]->vf_of;
		auto_net_port struct net_port port = {0};
		struct bdf pf;

		if (vf_of && !bdf_parse(vf_of, &pf) &&
		    (net_port_read(root, &pf, &port) || port.bridge || port.unknown))
			return true;
	}
	return false;
}

/* The PFs of the VFs that are taken. A record that cannot be used does not say so. */
static int list_wanted(const struct fs_root *root, struct bdf_set *ret)
{
	auto_free struct bdf *list = NULL;
	size_t n;
	int err = record_list(root, &list, &n);

	for (size_t i = 0; !err && i < n; i++) {
		cleanup_with(record_freep) struct record *record = NULL;
		auto_free char *why = NULL;
		struct bdf pf;

		err = record_read(root, &list[i], &record, &why);
		if (record_is_unusable(err))
			err = 0;
		else if (!err && record && record->stage == RECORD_TAKEN && record->vf_of &&
			 !bdf_parse(record->vf_of, &pf))
			err = bdf_set_add(ret, &pf);
	}
	return err;
}

/* The MACs of guests on the PF's bridges. */
static int list_macs(const struct fs_root *root, const struct net_port *port, struct macs *ret)
{
	auto_names struct fs_names bridges = {0};
	int err;

	if (!port->bridge)
		return port->unknown;
	err = net_port_bridges(root, port->name, &bridges);
	return err ? err : guests_list_macs(root, &bridges, ret);
}

/* ---- one PF ---- */

/* Removes what is noted and not wanted, and forgets it; what is not removed stays in *NOTED. */
static int remove_old(const struct fs_root *root, const char *name, const struct macs *wanted,
		      struct macs *noted)
{
	int first = 0;

	for (size_t i = noted->n; i-- > 0;) {
		int err = macs_have(wanted, &noted->items[i])
				  ? 1
				  : fdb_remove(root, name, &noted->items[i]);

		if (!err || err == -ENOENT || err == -ENODEV)
			noted->items[i] = noted->items[--noted->n];
		else if (err < 0 && !first)
			first = err;
	}
	return first;
}

/* Adds those of NEW, which are noted; what is not added is forgotten again. */
static int add_new(const struct fs_root *root, const char *name, const struct macs *new,
		   struct macs *noted)
{
	int first = 0;

	for (size_t i = 0; i < new->n; i++) {
		int err = fdb_add(root, name, &new->items[i]);

		for (size_t k = 0; err && k < noted->n; k++)
			if (!memcmp(&noted->items[k], &new->items[i], sizeof(struct mac)))
				noted->items[k] = noted->items[--noted->n];
		/* Somebody else has entered it meanwhile. */
		if (err && err != -EEXIST && !first)
			first = err;
	}
	return first;
}

/* Those that are wanted and not there are new, and are noted before they are. */
static int find_new(const struct fs_root *root, const char *name, const struct macs *wanted,
		    struct macs *noted, struct macs *ret)
{
	auto_macs struct macs there = {0};
	int err = wanted->n ? fdb_list(root, name, &there) : 0;

	for (size_t i = 0; !err && i < wanted->n; i++) {
		if (macs_have(&there, &wanted->items[i]))
			continue;
		err = macs_add(ret, &wanted->items[i]) ?: macs_add(noted, &wanted->items[i]);
	}
	return err;
}

static int update_pf(const struct fs_root *root, const struct bdf *pf, bool is_wanted)
{
	auto_net_port struct net_port port = {0};
	auto_macs struct macs wanted = {0}, noted = {0}, new = {0};
	int err = net_port_read(root, pf, &port), failed = 0;

	err = err ?: read_note(root, pf, &noted);
	if (!err && is_wanted)
		err = list_macs(root, &port, &wanted);
	if (err)
		return err;
	/* With its interface, what was entered is gone. */
	if (!port.name)
		return write_note(root, pf, &wanted);
	if (noted.n)
		failed = remove_old(root, port.name, &wanted, &noted);
	err = find_new(root, port.name, &wanted, &noted, &new);
	if (!err)
		err = write_note(root, pf, &noted);
	if (!err && new.n) {
		err = add_new(root, port.name, &new, &noted);
		failed = err ? err : failed;
		err = write_note(root, pf, &noted);
	}
	return err ? err : failed;
}

/* ---- all of them ---- */

struct update {
	const struct fs_root *root;
	int64_t deadline;
};

static int lock(const struct update *update)
{
	for (;;) {
		int fd = record_lock_named(update->root, "fdb", LOCK_EX | LOCK_NB);

		if (fd != -EWOULDBLOCK)
			return fd;
		if (!clock_left_ms(update->deadline))
			return -EBUSY;
		clock_sleep_ms(AGAIN_MS);
	}
}

static int work(const struct worker *self, void *arg)
{
	const struct update *update = arg;
	auto_close int held = lock(update);
	auto_bdf_set struct bdf_set wanted = {0}, all = {0};
	int err = held < 0 ? held : 0, first = 0;

	(void)self;
	err = err ?: list_wanted(update->root, &wanted);
	for (size_t i = 0; !err && i < wanted.n; i++)
		err = bdf_set_add(&all, &wanted.items[i]);
	err = err ?: list_noted(update->root, &all);
	for (size_t i = 0; !err && i < all.n; i++) {
		bool is_wanted = i < wanted.n;
		int failed = update_pf(update->root, &all.items[i], is_wanted);

		first = first ?: failed;
	}
	return err ? err : first;
}

int fdb_update(const struct fs_root *root, bool report)
{
	struct update update = {root, clock_now_ms() + UPDATE_MS};
	struct worker worker;
	int err = worker_start(&worker, work, &update, 0, &root->fd, 1);

	if (!err) {
		supervise_allow(UPDATE_MS);
		worker_wait_all(&worker, 1, update.deadline, NULL, NULL);
		err = worker_result(&worker);
	}
	worker_release(&worker);
	if (err && report)
		log_warning(
			_("the network card's list of MACs could not be updated: %s; guests on the "
			  "bridge and guests with VFs may not reach each other; see: bridge fdb "
			  "show"),
			strerror(-err));
	return err;
}
