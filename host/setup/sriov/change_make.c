// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/sriov/change_make.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/process/program.h"
#include "host/setup/outcome.h"
#include "host/setup/sriov/units.h"

#define SYSTEMCTL_MS 20000

/* ---- the service ---- */

static int run_systemctl(const struct change *change, const char *verb)
{
	const char *const args[] = {"systemctl", verb, SRIOV_SERVICE, NULL};
	const struct program program = {.args = args, .limit_ms = SYSTEMCTL_MS, .max = 4096};
	auto_program_end struct program_end end = {0};
	auto_free char *why = NULL;
	int err = program_act(change->root, &program, &end);

	if (!err)
		return 0;
	why = program_explain(change->root, &program, err, &end);
	log_error(_("`systemctl %s %s` failed: %s"), verb, SRIOV_SERVICE,
		  why ? why : strerror(-err));
	return err;
}

/* In another root than the running system the administrator has to run it. */
static int set_service(const struct change *change)
{
	int enabled;

	if (!change->service)
		return 0;
	if (!program_may_act(change->root)) {
		log_info(_("this system is not the running one: in it, run"));
		log_command("  systemctl %s %s", change->service, SRIOV_SERVICE);
		return 0;
	}
	if (run_systemctl(change, change->service))
		return -EIO;
	enabled = units_enabled(change->root, SRIOV_SERVICE);
	if (enabled < 0 || enabled == !strcmp(change->service, "enable"))
		return enabled < 0 ? enabled : 0;
	log_error(_("`systemctl %s %s` ran, but has changed nothing below /etc/systemd/system"),
		  change->service, SRIOV_SERVICE);
	return -EIO;
}

static void unset_service(const struct change *change)
{
	if (change->service && program_may_act(change->root))
		(void)!run_systemctl(change,
				     strcmp(change->service, "enable") ? "enable" : "disable");
}

/* ---- the files ---- */

/* The directory goes with the file when it was made for it, and is empty. */
static int remove_directory(const struct change *change)
{
	if (!change->conf.made_directory)
		return 0;
	return fs_remove_empty_dir(change->root, SRIOV_CONF_DIR);
}

static int undo(const struct change *change, size_t done)
{
	int err = edits_undo(&change->edits, done);

	if (!err && change->edits.n && !change->edits.items[0].before)
		err = remove_directory(change);
	if (err)
		log_error(_("not everything could be put back: %s; when the cause is gone: "
			    "host-setup sriov %s 0"),
			  strerror(-err), bdf_text(&change->pf));
	else
		log_info(_("every file was put back as it was"));
	return err;
}

/* Whether the file says what was written. */
static int verify_files(const struct change *change)
{
	const struct edits none = {.root = change->root};
	auto_free char *text = NULL;
	const struct edit *edit = change->edits.items;
	int err = change->edits.n ? edits_text(&none, edit->path, &text) : 0;

	if (err || !change->edits.n)
		return err;
	return (text && edit->after ? strcmp(text, edit->after) : text != edit->after) ? -EIO : 0;
}

static int write_files(const struct change *change)
{
	size_t done = 0;
	int err = edits_apply(&change->edits, &done);

	if (!err)
		err = verify_files(change);
	if (!err && !sriov_conf_is_needed(&change->conf))
		err = remove_directory(change);
	if (err) {
		log_error(_("/%s could not be written: %s"), SRIOV_CONF_PATH, strerror(-err));
		(void)!undo(change, done + (done < change->edits.n));
	}
	return err;
}

/* ---- the VFs ---- */

/* What is written now: the number too, or only sriov_drivers_autoprobe as it was. */
static struct sriov_wish wish_of(const struct change *change)
{
	const struct sriov_entry *entry = &change->entry;
	struct sriov_wish wish = {.pf = change->pf, .vfs = change->vfs};

	if (!change->vfs || entry->host_driver)
		wish.autoprobe = entry->autoprobe_was;
	if (change_is_due(change) && !change->now) {
		wish.vfs = (unsigned int)change->sriov.n_vfs;
		if (change->vfs)
			wish.autoprobe = -1;
	}
	return wish;
}

static void say_refused(const struct change *change, int err, const char *log)
{
	const char *address = bdf_text(&change->pf);

	if (err == -ENOENT)
		outcome_refuse(
			change->options, REASON_DRIVER, &change->pf,
			_("refused: %s: its driver %s makes no VFs; maybe one that does (by DKMS) "
			  "was not built for this kernel: dkms status"),
			address, change->driver ? change->driver : _("none"));
	else if (err == -ETIMEDOUT)
		log_error(_("%s: its driver %s does not answer: it hangs in the kernel; see: "
			    "journalctl -k -n 50"),
			  address, change->driver ? change->driver : _("none"));
	else if (err == -EIO)
		outcome_refuse(change->options, REASON_DRIVER, &change->pf,
			       _("refused: %s: its driver %s does not make %u VFs"), address,
			       change->driver ? change->driver : _("none"), change->vfs);
	else
		outcome_refuse(change->options, REASON_DRIVER, &change->pf,
			       _("refused: %s: its driver %s does not make %u VFs: %s"), address,
			       change->driver ? change->driver : _("none"), change->vfs,
			       strerror(-err));
	if (log)
		log_error(_("the kernel's log says: %s"), log);
}

/* The PF as it was, but for VFs that were removed on the way. */
static void put_back(const struct change *change)
{
	const struct sriov_wish before = {
		.pf = change->pf,
		.vfs = (unsigned int)change->sriov.n_vfs,
		.autoprobe = change->sriov.autoprobe,
	};
	auto_free char *log = NULL;
	int err = sriov_set_in_worker(change->root, &before, &log);

	if (err)
		log_error(_("%s: its %zu VFs could not be made again: %s"), bdf_text(&change->pf),
			  change->sriov.n_vfs, strerror(-err));
}

/* ---- while no start takes one of them ---- */

#define LOCK_MS 2000

struct locks {
	int *fds;
	size_t n;
};

static void free_locks(struct locks *locks)
{
	for (size_t i = 0; i < locks->n; i++)
		closep(&locks->fds[i]);
	free(locks->fds);
}

/* Locks a device that would change, and looks again whether a VM has it. */
static int lock(const struct change *change, const struct bdf *bdf, int64_t deadline,
		struct locks *locks)
{
	const char *address = bdf_text(bdf);
	unsigned int vmid;
	int fd = change->above->lock(change->root, bdf, deadline), taken;

	if (fd < 0) {
		log_error(_("%s: another pve-passthrough works on it: %s; try again"), address,
			  log_strerror(fd));
		return ENABLE_FAILED;
	}
	locks->fds[locks->n++] = fd;
	taken = change->above->taken(change->root, bdf, &vmid);
	if (!taken)
		return ENABLE_DONE;
	if (taken < 0)
		return change_say_failed(change, taken);
	if (vmid)
		outcome_refuse(change->options, REASON_OTHER_VM, bdf,
			       _("refused: VM %u has just got %s"), vmid, address);
	else
		outcome_refuse(change->options, REASON_OTHER_VM, bdf,
			       _("refused: a test has just got %s"), address);
	return ENABLE_REFUSED;
}

static int lock_all(const struct change *change, struct locks *locks)
{
	int64_t deadline = clock_now_ms() + LOCK_MS;
	int code;

	locks->fds = calloc(change->sriov.n_vfs + 1, sizeof(*locks->fds));
	if (!locks->fds)
		return change_say_failed(change, -ENOMEM);
	code = lock(change, &change->pf, deadline, locks);
	for (size_t i = 0; !code && i < change->sriov.n_vfs; i++)
		code = lock(change, &change->sriov.vfs[i].bdf, deadline, locks);
	return code;
}

static int set_vfs(const struct change *change)
{
	cleanup_with(free_locks) struct locks locks = {0};
	struct sriov_wish wish = wish_of(change);
	auto_free char *log = NULL;
	int err, code;

	if (!change->there || !program_may_act(change->root))
		return ENABLE_DONE;
	code = change->now ? lock_all(change, &locks) : ENABLE_DONE;
	if (code)
		return code;
	err = sriov_set_in_worker(change->root, &wish, &log);
	if (!err && change->now)
		log_info(_("%s: %u VFs"), bdf_text(&change->pf), change->vfs);
	if (!err)
		return ENABLE_DONE;
	say_refused(change, err, log);
	/* What hangs holds the device's lock. */
	if (err == -ETIMEDOUT)
		return ENABLE_FAILED;
	put_back(change);
	return ENABLE_REFUSED;
}

/* What was changed by hand since it was read would be lost. Returns whether it is as it was; else
 * it is reported. */
static bool is_current(const struct change *change)
{
	int current = edits_are_current(&change->edits);

	if (!current)
		log_error(_("/%s was changed meanwhile; nothing was changed; again: host-setup "
			    "sriov %s %u"),
			  SRIOV_CONF_PATH, bdf_text(&change->pf), change->vfs);
	else if (current < 0)
		log_error(_("/%s could not be read: %s; nothing was changed"), SRIOV_CONF_PATH,
			  log_strerror(current));
	return current > 0;
}

int change_make(const struct change *change)
{
	/* While the file is there, the service that it enabled is known. */
	bool first = change->service && !strcmp(change->service, "disable");
	int code;

	if (!is_current(change))
		return ENABLE_FAILED;
	if (first && set_service(change))
		return ENABLE_FAILED;
	if (write_files(change)) {
		if (first)
			unset_service(change);
		return ENABLE_FAILED;
	}
	code = !first && set_service(change) ? ENABLE_FAILED : set_vfs(change);
	if (code) {
		unset_service(change);
		if (undo(change, change->edits.n))
			code = ENABLE_FAILED;
		return code;
	}
	if (change->vfs)
		log_info(_("%s: %u VFs at every boot; to undo it: host-setup sriov %s 0"),
			 bdf_text(&change->pf), change->vfs, bdf_text(&change->pf));
	else
		log_info(_("%s is no longer set up"), bdf_text(&change->pf));
	return ENABLE_DONE;
}
