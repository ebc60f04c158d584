// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/watch.h"

#include "hookscript/bind/bind.h"
#include "hookscript/bind/fdb_guests.h"
#include "hookscript/phases/post_start.h"
#include "hookscript/pve/exit.h"
#include "hookscript/pve/pve.h"
#include "hookscript/records/reboot.h"
#include "hookscript/records/recorded.h"
#include "hookscript/settings/settings_read.h"
#include "hookscript/bind/spares.h"
#include "hookscript/bind/users.h"
#include "host/process/changes.h"
#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/process/supervise.h"
#include "host/process/systemd.h"
#include "host/process/worker.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define UNIT_FILE "pve-passthrough-watch@.service"

/* The pause after a failure: the first one, which doubles each time, and the longest. */
#define PAUSE_MS     1000
#define PAUSE_MAX_MS 600000

/* How soon to look again whether a worker that hangs in the kernel has let go of a device. */
#define WORKER_MS 2000

/* How soon to look again at a process that has just ended. */
#define LOOK_AGAIN_MS 100

/* How often the MACs of guests are entered anew where a VF of the VM's needs them; and how often it
 * is looked whether its card has become a port of a bridge. */
#define FDB_MS	    15000
#define FDB_IDLE_MS 60000

/* How long to wait for the claims lock, which is held for a few writes to /run only. */
#define CLAIMS_MS 60000

/* ---- starting one ---- */

struct starter {
	const struct fs_root *root;
	char *whose;	  /* "100", as `watch` takes it */
	const char *unit; /* of systemd's, if it has that one */
	pid_t caller;
};

/* Sleeps until the start has ended, or has died: before that there is nothing to do, and loading
 * the program again would compete with the start for the processor. */
static void wait_for_end(pid_t caller)
{
	auto_close int pidfd = (int)syscall(SYS_pidfd_open, caller, 0);

	/* Otherwise it has ended, and its number may have been reused. */
	if (pidfd >= 0 && getppid() == caller)
		changes_wait(-1, pidfd, -1);
}

/* Under systemd the watcher is a unit, which outlives whoever runs the hook. The start does not
 * wait for systemctl, which takes longer than the start itself. */
static bool hand_over(const struct starter *starter)
{
	return systemd_has_unit(starter->root, UNIT_FILE) &&
	       !systemd_restart(starter->root, starter->unit);
}

/* Executes this program by its name; after an upgrade of the package the file may have gone. */
static int become_watcher(const struct worker *self, void *arg)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	const struct starter *starter = arg;
	char *const args[] = {(char *)"pve-passthrough", (char *)"watch", starter->whose, NULL};

	(void)self;
	if (hand_over(starter))
		return 0;
	wait_for_end(starter->caller);
	/* Ignored in workers; a program would inherit that. */
	signal(SIGPIPE, SIG_DFL);
	if (len > 0) {
		path[len] = '\0';
		execv(path, args);
	}
	execv("/proc/self/exe", args);
	return -errno;
}

static int start_watcher(const struct fs_root *root, unsigned int vmid)
{
	auto_free char *whose = strdup(record_owner_word(vmid));
	auto_free char *unit = fs_path("pve-passthrough-watch@%s.service", record_owner_word(vmid));
	struct starter starter = {root, whose, unit, getpid()};
	struct worker worker;
	int err;

	if (!unit || !whose)
		return -ENOMEM;
	err = worker_start(&worker, become_watcher, &starter, 0, &root->fd, 1);
	worker_release(&worker);
	return err;
}

void watch_start(const struct fs_root *root, unsigned int vmid)
{
	int err = fs_root_is_running_system(root) ? start_watcher(root, vmid) : 0;

	if (err)
		log_warning(_("%s: no watcher could be started (%s); should its devices stay "
			      "taken when it has stopped: pve-passthrough restore %s"),
			    record_owner(vmid), strerror(-err), record_owner_word(vmid));
}

/* ---- being one ---- */

struct watch {
	const struct fs_root *root;
	unsigned int vmid;
	int only;	 /* the lock of this watcher */
	int changes;	 /* of the records (host/process/changes.h) */
	int pause_ms;	 /* after the next failure */
	int lock;	 /* the VM's, while it is looked at; <0: why there is none */
	bool hung;	 /* the last look: nothing but what giving back needs is read then */
	bool fdb_failed; /* so did entering MACs: that was said */
	pid_t pid;	 /* the VM's process; 0: none was seen */
	int pidfd;	 /* of it, or -1 */
	pid_t finished;	 /* the process of which post-start has come to its end, or will not */
	struct seen *seen;
};

/* What there is to wait for, or to do. */
enum next {
	NEXT_CLEAN_UP,	/* nothing is recorded for the VM: what else was kept for it goes, too */
	NEXT_END,	/* the host shuts down, and nothing is to go back */
	NEXT_GIVE_BACK, /* it does not run, and devices are there that no worker holds */
	NEXT_VM_ENDS,
	NEXT_START,  /* of a reboot */
	NEXT_WORKER, /* a worker holds every device that is left, or hangs there */
	NEXT_PAUSE,  /* a record that may be the VM's cannot be read */
};

/*
 * At most one watcher for each VM, and one more that waits for the end of that one: a start may
 * begin just after the watcher of the previous one has found nothing left to do.
 */
static int become_the_one(const struct fs_root *root, unsigned int vmid)
{
	auto_free char *name = fs_path("watch-%u", vmid);
	auto_free char *next_name = fs_path("watch-%u.next", vmid);
	auto_close int next = -1;
	int lock;

	if (!name || !next_name)
		return -ENOMEM;
	lock = record_lock_named(root, name, LOCK_EX | LOCK_NB);
	if (lock != -EWOULDBLOCK)
		return lock;
	next = record_lock_named(root, next_name, LOCK_EX | LOCK_NB);
	return next < 0 ? next : record_lock_named(root, name, LOCK_EX);
}

/* What is recorded for the VM, not in the middle of a claim. */
static int list_recorded(const struct watch *watch, struct recorded *ret)
{
	auto_close int lock = record_lock_claims(watch->root, clock_now_ms() + CLAIMS_MS);

	return lock < 0 ? lock : recorded_list(watch->root, watch->vmid, ret);
}

/* What a look ended with, in memory that the child which looks shares. */
struct seen {
	enum next next;
	int left_ms; /* how long to wait for a start */
	pid_t pid;   /* the VM's process; 0: none, or unknown */
	bool failed; /* not all was given back */
	pid_t finished;
	int again_ms; /* when to look again while the VM runs; -1: not before it ends */
	bool fdb_failed;
};

/* ---- in the child: it may hang ---- */

/* Leaves in RECORDED what is to be given back now. No start, stop or cleanup is under way, and none
 * can begin before the VM's lock is released. Without a lock file Proxmox VE has never started the
 * VM here. */
static enum next decide(const struct watch *watch, struct recorded *recorded)
{
	const struct settings *settings = watch->hung ? &settings_default : NULL;
	int err = list_recorded(watch, recorded);

	if (err) {
		log_warning(_("%s: its records in /%s cannot be read: %s; tried again in %d s"),
			    record_owner(watch->vmid), RECORD_DIR, strerror(-err),
			    watch->pause_ms / 1000);
		return NEXT_PAUSE;
	}
	if (!recorded->n && !recorded->unread)
		return NEXT_CLEAN_UP;
	if (watch->lock < 0 && !fs_is_absent(watch->lock)) {
		log_warning(_("%s: whether it is being started or stopped cannot be told: %s; "
			      "tried again in %d s"),
			    record_owner(watch->vmid), log_strerror(watch->lock),
			    watch->pause_ms / 1000);
		return NEXT_PAUSE;
	}
	if (pve_vm_runs(watch->root, watch->vmid)) {
		(void)!pve_vm_pid(watch->root, watch->vmid, &watch->seen->pid);
		return NEXT_VM_ENDS;
	}
	switch (reboot_after_stop(watch->root, watch->vmid, settings, &watch->seen->left_ms)) {
	case AFTER_STOP_START: return NEXT_START;
	case AFTER_STOP_KEEP: return NEXT_END;
	case AFTER_STOP_RETURN: break;
	}
	if (!recorded->n)
		return NEXT_PAUSE;
	recorded_drop_busy(watch->root, recorded);
	return recorded->n ? NEXT_GIVE_BACK : NEXT_WORKER;
}

static bool give_back(const struct watch *watch, const struct recorded *recorded)
{
	if (!bind_give_back(watch->root, watch->vmid, recorded, 0, false))
		return true;
	log_warning(_("%s: what was not given back is tried again in %d s"),
		    record_owner(watch->vmid), watch->pause_ms / 1000);
	return false;
}

static bool clean_up(const struct watch *watch)
{
	spares_forget(watch->root, watch->vmid);
	users_return(watch->root, watch->vmid);
	if (fdb_is_noted(watch->root) && fdb_update(watch->root, true))
		return false;
	return !users_are_noted(watch->root, watch->vmid);
}

/* No start is under way any more. The spare records say that it has not been done to its end. */
static void finish_start(const struct watch *watch)
{
	auto_settings struct settings settings = settings_default;

	/* What cannot be read of them is for post-start to complain of. */
	settings_read(watch->root, watch->vmid, &settings);
	(void)!start_finish(watch->root, watch->vmid, &settings);
	if (!spares_are_kept(watch->root, watch->vmid)) {
		watch->seen->finished = watch->seen->pid;
		return;
	}
	watch->seen->again_ms = watch->pause_ms;
	log_warning(_("%s: its post-start is tried again in %d s"), record_owner(watch->vmid),
		    watch->pause_ms / 1000);
}

/* Guests come and go while the VM runs. Of failures in a row the first is said. */
static void refresh_fdb(const struct watch *watch, const struct recorded *recorded)
{
	int ms;

	if (!fdb_is_wanted(recorded))
		return;
	watch->seen->fdb_failed = fdb_update(watch->root, !watch->fdb_failed);
	ms = fdb_has_bridge(watch->root, recorded) ? FDB_MS : FDB_IDLE_MS;
	if (watch->seen->again_ms < 0 || watch->seen->again_ms > ms)
		watch->seen->again_ms = ms;
}

/* The parent's copies of the locks are what holds them: this process may hang, and keep its own. */
static int look_once(void *arg)
{
	struct watch *watch = arg;
	auto_recorded struct recorded recorded = {0};
	enum next next;

	closep(&watch->only);
	if (!watch->hung)
		settings_set_language_of(watch->root, watch->vmid);
	next = decide(watch, &recorded);
	/* Nothing slow is done with it held. */
	if (watch->lock >= 0)
		flock(watch->lock, LOCK_UN);
	if (next == NEXT_GIVE_BACK)
		watch->seen->failed = !give_back(watch, &recorded);
	else if (next == NEXT_CLEAN_UP)
		watch->seen->failed = !clean_up(watch);
	else if (next == NEXT_VM_ENDS && !watch->hung) {
		if (watch->seen->pid != watch->finished)
			finish_start(watch);
		refresh_fdb(watch, &recorded);
	}
	watch->seen->next = next;
	return EXIT_DONE;
}

/* ---- in the watcher: it only waits ---- */

static void lengthen_pause(struct watch *watch)
{
	watch->pause_ms = watch->pause_ms < PAUSE_MAX_MS / 2 ? watch->pause_ms * 2 : PAUSE_MAX_MS;
}

/* Sleeps after a failure, longer each time, or until a start changes something. */
static void pause_longer(struct watch *watch)
{
	/* This watcher's own writes of records are no reason to try at once. */
	changes_forget(watch->changes);
	changes_wait(watch->changes, -1, watch->pause_ms);
	lengthen_pause(watch);
}

static void forget_process(struct watch *watch)
{
	closep(&watch->pidfd);
	watch->pidfd = -1;
	watch->pid = 0;
}

/* Sleeps until the VM's process has ended, or the guests beside it are to be looked at. Its number
 * may have been reused before pidfd_open(), so the VM is looked at again after that. */
static void wait_for_vm(struct watch *watch)
{
	pid_t pid = watch->seen->pid;

	if (!pid) {
		pause_longer(watch);
	} else if (watch->pidfd >= 0 && watch->pid == pid) {
		if (changes_wait(-1, watch->pidfd, watch->seen->again_ms)) {
			forget_process(watch);
			watch->finished = 0;
		} else if (watch->finished != pid) {
			lengthen_pause(watch);
		}
	} else {
		forget_process(watch);
		watch->pid = pid;
		watch->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
		if (watch->pidfd < 0)
			changes_wait(watch->changes, -1, LOOK_AGAIN_MS); /* it has just ended */
	}
}

/* Has a child look at the VM and do what is due; one that hangs is killed, and named. */
static void have_looked(struct watch *watch)
{
	auto_free char *what = fs_path("%s, watch", record_owner(watch->vmid));
	const struct supervise how = {.what = what ? what : "watch"};

	/* Sleeps while a start, a stop or a cleanup is under way. */
	watch->lock = pve_vm_lock(watch->root, watch->vmid, true);
	worker_reap();
	changes_forget(watch->changes);
	*watch->seen = (struct seen){
		.next = NEXT_PAUSE, .finished = watch->finished, .again_ms = -1};
	watch->hung = supervise_run(&how, look_once, watch) != EXIT_DONE;
	if (watch->lock >= 0)
		flock(watch->lock, LOCK_UN);
	closep(&watch->lock);
	watch->fdb_failed = watch->seen->fdb_failed;
	watch->finished = watch->seen->finished;
	if (watch->hung)
		log_warning(_("%s: its devices are looked at again in %d s"),
			    record_owner(watch->vmid), watch->pause_ms / 1000);
}

/* Looks at the VM once and waits for the next time. Returns whether there is more to do. */
static bool look(struct watch *watch)
{
	const struct seen *seen = watch->seen;

	have_looked(watch);
	switch (watch->hung || seen->failed ? NEXT_PAUSE : seen->next) {
	case NEXT_CLEAN_UP:
	case NEXT_END: return false;
	case NEXT_GIVE_BACK: watch->pause_ms = PAUSE_MS; return true;
	case NEXT_VM_ENDS: wait_for_vm(watch); return true;
	case NEXT_START: changes_wait(watch->changes, -1, seen->left_ms); return true;
	case NEXT_WORKER: changes_wait(watch->changes, -1, WORKER_MS); return true;
	case NEXT_PAUSE: pause_longer(watch); return true;
	}
	return false;
}

static int watch_on(struct watch *watch)
{
	watch->seen = mmap(NULL, sizeof(*watch->seen), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (watch->seen == MAP_FAILED) {
		log_error(_("%s: no watcher for it: %s; when it has ended: pve-passthrough "
			    "restore %s"),
			  record_owner(watch->vmid), strerror(errno),
			  record_owner_word(watch->vmid));
		return EXIT_FAILED;
	}
	while (look(watch))
		;
	munmap(watch->seen, sizeof(*watch->seen));
	forget_process(watch);
	return EXIT_DONE;
}

int watch_run(const struct fs_root *root, unsigned int vmid)
{
	auto_close int only = become_the_one(root, vmid);
	auto_close int changes = only < 0 ? -1 : record_changes(root);
	struct watch watch = {
		.root = root,
		.vmid = vmid,
		.only = only,
		.changes = changes,
		.pause_ms = PAUSE_MS,
		.pidfd = -1,
	};

	if (only == -EWOULDBLOCK)
		return EXIT_DONE; /* two others watch */
	if (only < 0) {
		log_error(_("%s: no watcher for it: its lock below /run/pve-passthrough/locks "
			    "cannot be taken: %s; when it has ended: pve-passthrough restore %s"),
			  record_owner(vmid), strerror(-only), record_owner_word(vmid));
		return EXIT_FAILED;
	}
	return watch_on(&watch);
}
