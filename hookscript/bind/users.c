// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/bind/users.h"

#include "hookscript/records/recorded.h"
#include "host/base/fs_write.h"
#include "host/base/log.h"
#include "host/process/program.h"
#include "host/text/strbuf.h"
#include "host/process/supervise.h"

#include <string.h>

/* How long a service or a container may take to stop or to start. */
#define USER_MS 60000

/* More than any of their programs prints. */
#define OUTPUT_MAX ((size_t)64 * 1024)

/* Longer than what the settings can name. */
#define NOTE_MAX ((size_t)64 * 1024)

/* A kind of user: how it is asked, stopped and started. Its name follows each command. */
struct kind {
	const char *prefix; /* of its lines in the note */
	const char *what;   /* for people */
	const char *is_running;
	const char *answer; /* what that prints when it runs; NULL: it succeeds */
	const char *look;   /* for people */
	const char *stop;
	const char *start;
};

static const struct kind kinds[] = {
	{"u", N_("unit"), "systemctl --quiet is-active", NULL, "systemctl status", "systemctl stop",
	 "systemctl start"},
	{"c", N_("container"), "pct status", "status: running\n", "pct status", "pct shutdown",
	 "pct start"},
};

/* Runs COMMAND with NAME; on ROOT, if that is not NULL, where it changes something. Returns as
 * program_run() and program_act(), with what is wrong in *RET_WHY (NULL without memory). */
static int run(const struct fs_root *root, const char *command, const char *name,
	       struct program_end *ret, char **ret_why)
{
	auto_free char *text = fs_path("%s %s", command, name);
	const char *args[PROGRAM_WORDS];
	const struct program program = {
		.args = args, .limit_ms = USER_MS, .max = OUTPUT_MAX, .goes_on = true};
	int err = text ? program_split(text, args) : -ENOMEM;

	if (err)
		return err;
	supervise_allow(USER_MS);
	err = root ? program_act(root, &program, ret) : program_run(&program, ret);
	if (err && ret_why)
		*ret_why = program_explain(root, &program, err, ret);
	return err;
}

/* 1, 0, or -errno when that cannot be told. */
static int is_running(const struct kind *kind, const char *name)
{
	auto_program_end struct program_end end = {0};
	int err = run(NULL, kind->is_running, name, &end, NULL);

	if (err)
		return err == -ENOENT ? 0 : err; /* no such program on this host */
	return kind->answer ? !strcmp(end.output, kind->answer) : program_succeeded(&end);
}

/* ---- the note: one line each, "u display-manager.service", "c 105" ---- */

static char *note_path(unsigned int vmid)
{
	return fs_path("%s/%u.users", RECORD_DIR, vmid);
}

/* Its name in the directory of records. */
static const char *note_name(const char *path)
{
	return path + strlen(RECORD_DIR) + 1;
}

bool users_are_noted(const struct fs_root *root, unsigned int vmid)
{
	auto_free char *path = note_path(vmid);

	return fs_probe(root, path) != 0;
}

/* Calls LOOK for each line of the note. */
static int each_noted(const struct fs_root *root, const char *note,
		      int (*look)(const struct fs_root *root, const struct kind *kind,
				  const char *name))
{
	auto_free char *copy = strdup(note);
	char *rest = copy, *line;
	int first = 0;

	if (!copy)
		return -ENOMEM;
	while ((line = strsep(&rest, "\n"))) {
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
			int err = 0;

			if (line[0] == *kinds[k].prefix && line[1] == ' ')
				err = look(root, &kinds[k], line + 2);
			first = first ? first : err;
		}
	}
	return first;
}

/* ---- stopping ---- */

/* Adds a line for one that runs, unless it is there. */
static int note_one(const struct kind *kind, const char *name, struct strbuf *note)
{
	auto_free char *line = fs_path("%s %s\n", kind->prefix, name);
	int running;

	if (!line)
		return -ENOMEM;
	if (note->text && strstr(note->text, line))
		return 0;
	running = is_running(kind, name);
	if (running > 0)
		strbuf_add(note, "%s", line);
	return running < 0 ? running : 0;
}

static int note_device(const struct device_setting *setting, struct strbuf *note)
{
	int err = 0;

	for (size_t i = 0; !err && i < setting->n_stop_units; i++)
		err = note_one(&kinds[0], setting->stop_units[i], note);
	for (size_t i = 0; !err && i < setting->n_stop_ct; i++)
		err = note_one(&kinds[1], setting->stop_ct[i], note);
	return err;
}

static int stop_one(const struct fs_root *root, const struct kind *kind, const char *name)
{
	auto_program_end struct program_end end = {0};
	auto_free char *why = NULL;
	int err = run(root, kind->stop, name, &end, &why);

	if (err)
		log_error(_("%s %s could not be stopped: %s; look at it: %s %s"), _(kind->what),
			  name, why ? why : strerror(-err), kind->look, name);
	else
		log_info(_("%s %s is stopped; it is started again when the devices are back"),
			 _(kind->what), name);
	return err;
}

/* Notes what runs of all that is to be stopped, after what is noted already. Returns 0 and the
 * note; -errno. */
static int note_running(const struct fs_root *root, unsigned int vmid,
			const struct settings *settings, const struct plan *plan, char **ret)
{
	auto_free char *path = note_path(vmid);
	auto_free char *noted = NULL, *text = NULL;
	auto_strbuf struct strbuf note = {0};
	int err = fs_read(root, path, NOTE_MAX, &noted, NULL);

	if (err && err != -ENOENT)
		return err;
	strbuf_add(&note, "%s", noted ? noted : "");
	err = 0;
	for (size_t i = 0; !err && i < plan->n_steps; i++) {
		const struct device *device = plan->steps[i].device;
		const struct device_setting *setting = settings_device(
			settings, &device->bdf, device->identity.vendor, device->identity.device);

		if (setting)
			err = note_device(setting, &note);
	}
	if (err)
		return err;
	text = strbuf_take(&note);
	if (!text)
		return -ENOMEM;
	if (*text)
		err = fs_replace(root, RECORD_DIR, note_name(path), text, 0600);
	if (!err)
		*ret = TAKE_PTR(text);
	return err;
}

int users_stop(const struct fs_root *root, unsigned int vmid, const struct settings *settings,
	       const struct plan *plan, bool *ret_stopped)
{
	auto_free char *text = NULL;
	int err = note_running(root, vmid, settings, plan, &text);

	if (err) {
		log_error(_("%s: what has to be stopped for its devices cannot be noted in "
			    "/%s/%u.users: %s; nothing was stopped"),
			  record_owner(vmid), RECORD_DIR, vmid, strerror(-err));
		return err;
	}
	*ret_stopped = *text;
	return each_noted(root, text, stop_one);
}

/* ---- starting ---- */

static int start_one(const struct fs_root *root, const struct kind *kind, const char *name)
{
	auto_program_end struct program_end end = {0};
	auto_free char *why = NULL;
	int err = run(root, kind->start, name, &end, &why);

	if (err)
		log_error(_("%s %s could not be started again: %s; by hand: %s %s"), _(kind->what),
			  name, why ? why : strerror(-err), kind->start, name);
	else
		log_info(_("%s %s is started again"), _(kind->what), name);
	return err;
}

void users_return(const struct fs_root *root, unsigned int vmid)
{
	auto_free char *path = note_path(vmid);
	auto_free char *noted = NULL;
	int err = fs_read(root, path, NOTE_MAX, &noted, NULL);

	if (err == -ENOENT)
		return;
	if (err) {
		log_error(_("%s: /%s/%u.users, which tells what was stopped for its devices, "
			    "cannot be read: %s; nothing is started again; later: pve-passthrough "
			    "restore %s"),
			  record_owner(vmid), RECORD_DIR, vmid, strerror(-err),
			  record_owner_word(vmid));
		return;
	}
	if (recorded_any(root, vmid))
		return;
	/* What does not start is reported, and not retried. */
	(void)each_noted(root, noted, start_one);
	err = fs_remove(root, RECORD_DIR, note_name(path));
	if (err)
		log_error(_("%s: /%s/%u.users cannot be removed: %s"), record_owner(vmid),
			  RECORD_DIR, vmid, strerror(-err));
}
