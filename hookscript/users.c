// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/users.h"

#include "hookscript/recorded.h"
#include "host/fs_write.h"
#include "host/log.h"
#include "host/program.h"

#include <stdio.h>
#include <string.h>

/* How long a service or a container may take to stop or to start. */
#define USER_MS 60000

/* More than any of their programs prints. */
#define OUTPUT_MAX ((size_t)64 * 1024)

/* Longer than what the settings can name. */
#define NOTE_MAX ((size_t)64 * 1024)

/* A kind of user: how it is asked, stopped and started. The last word is its name. */
struct kind {
	const char *letter; /* of its lines in the note */
	const char *what;   /* for people */
	const char *const *is_running;
	const char *answer;	 /* what that prints when it runs; NULL: it succeeds */
	const char *const *look; /* for people */
	const char *const *stop;
	const char *const *start;
};

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct kind kinds[] = {
	{"u", N_("unit"), WORDS("systemctl", "--quiet", "is-active"), NULL,
	 WORDS("systemctl", "status"), WORDS("systemctl", "stop"), WORDS("systemctl", "start")},
	{"c", N_("container"), WORDS("pct", "status"), "status: running\n", WORDS("pct", "status"),
	 WORDS("pct", "shutdown"), WORDS("pct", "start")},
};

/* The words of a command, with the name after them. */
struct command {
	const char *args[6];
	struct program program;
};

static void make_command(struct command *command, const char *const *words, const char *name)
{
	size_t n = 0;

	*command = (struct command){0};
	for (; n < ARRAY_SIZE(command->args) - 2 && words[n]; n++)
		command->args[n] = words[n];
	command->args[n] = name;
	command->program = (struct program){
		.args = command->args, .limit_ms = USER_MS, .max = OUTPUT_MAX, .goes_on = true};
}

static bool is_running(const struct kind *kind, const char *name)
{
	auto_program_end struct program_end end = {0};
	struct command command;

	make_command(&command, kind->is_running, name);
	if (program_run(&command.program, &end))
		return false;
	return kind->answer ? !strcmp(end.output, kind->answer) : program_succeeded(&end);
}

/* Returns 0, or -errno with what is wrong in *RET_WHY (NULL without memory). */
static int act(const struct fs_root *root, const char *const *words, const char *name,
	       char **ret_why)
{
	auto_program_end struct program_end end = {0};
	struct command command;
	int err;

	make_command(&command, words, name);
	err = program_act(root, &command.program, &end);
	*ret_why = err ? program_explain(root, &command.program, err, &end) : NULL;
	return err;
}

/* ---- the note: one line each, "u display-manager.service", "c 105" ---- */

static char *note_path(unsigned int vmid)
{
	return fs_path("%s/%u.users", RECORD_FOLDER, vmid);
}

static int write_note(const struct fs_root *root, unsigned int vmid, const char *text)
{
	auto_free char *name = fs_path("%u.users", vmid);

	return name ? fs_replace(root, RECORD_FOLDER, name, text, 0600) : -ENOMEM;
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

			if (line[0] == *kinds[k].letter && line[1] == ' ')
				err = look(root, &kinds[k], line + 2);
			first = first ? first : err;
		}
	}
	return first;
}

/* ---- stopping ---- */

/* Adds a line to *TEXT for one that runs, unless it is there. */
static int note_one(const struct kind *kind, const char *name, char **text)
{
	auto_free char *line = fs_path("%s %s\n", kind->letter, name);
	char *longer;

	if (!line)
		return -ENOMEM;
	if (strstr(*text, line) || !is_running(kind, name))
		return 0;
	longer = fs_path("%s%s", *text, line);
	if (!longer)
		return -ENOMEM;
	free(*text);
	*text = longer;
	return 0;
}

static int note_device(const struct device_setting *setting, char **text)
{
	int err = 0;

	for (size_t i = 0; !err && i < setting->n_stop_units; i++)
		err = note_one(&kinds[0], setting->stop_units[i], text);
	for (size_t i = 0; !err && i < setting->n_stop_ct; i++) {
		auto_free char *ctid = fs_path("%u", setting->stop_ct[i]);

		err = ctid ? note_one(&kinds[1], ctid, text) : -ENOMEM;
	}
	return err;
}

/* What runs of all that is to be stopped, after what is noted already; NULL without memory. */
static char *list_running(const struct settings *settings, const struct plan *plan,
			  const char *noted)
{
	auto_free char *text = strdup(noted);
	int err = text ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < plan->n_steps; i++) {
		const struct device *device = plan->steps[i].device;
		const struct device_setting *setting = settings_device(
			settings, &device->bdf, device->identity.vendor, device->identity.device);

		if (setting)
			err = note_device(setting, &text);
	}
	return err ? NULL : TAKE_PTR(text);
}

static int stop_one(const struct fs_root *root, const struct kind *kind, const char *name)
{
	auto_free char *why = NULL;
	int err = act(root, kind->stop, name, &why);

	if (err)
		log_error(_("%s %s could not be stopped: %s; look at it: %s %s %s"), _(kind->what),
			  name, why ? why : strerror(-err), kind->look[0], kind->look[1], name);
	else
		log_info(_("%s %s is stopped; it is started again when the devices are back"),
			 _(kind->what), name);
	return err;
}

/* Notes what runs of all that is to be stopped. Returns 0 and the note; -errno. */
static int note_running(const struct fs_root *root, unsigned int vmid,
			const struct settings *settings, const struct plan *plan, char **ret)
{
	auto_free char *path = note_path(vmid);
	auto_free char *noted = NULL, *text = NULL;
	int err = fs_read(root, path, NOTE_MAX, &noted, NULL);

	if (err && err != -ENOENT)
		return err;
	text = list_running(settings, plan, noted ? noted : "");
	if (!text)
		return -ENOMEM;
	err = *text ? write_note(root, vmid, text) : 0;
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
		log_error(_("VM %u: what has to be stopped for its devices cannot be noted in "
			    "/%s/%u.users: %s; nothing was stopped"),
			  vmid, RECORD_FOLDER, vmid, strerror(-err));
		return err;
	}
	*ret_stopped = *text;
	return each_noted(root, text, stop_one);
}

/* ---- starting ---- */

static int start_one(const struct fs_root *root, const struct kind *kind, const char *name)
{
	auto_free char *why = NULL;
	int err = act(root, kind->start, name, &why);

	if (err)
		log_error(_("%s %s could not be started again: %s; by hand: %s %s %s"),
			  _(kind->what), name, why ? why : strerror(-err), kind->start[0],
			  kind->start[1], name);
	else
		log_info(_("%s %s is started again"), _(kind->what), name);
	return err;
}

void users_return(const struct fs_root *root, unsigned int vmid)
{
	auto_free char *path = note_path(vmid);
	auto_free char *name = fs_path("%u.users", vmid);
	auto_free char *noted = NULL;
	int err = fs_read(root, path, NOTE_MAX, &noted, NULL);

	if (err == -ENOENT)
		return;
	if (err) {
		log_error(_("VM %u: /%s/%u.users, which tells what was stopped for its devices, "
			    "cannot be read: %s; nothing is started again; later: pve-passthrough "
			    "restore %u"),
			  vmid, RECORD_FOLDER, vmid, strerror(-err), vmid);
		return;
	}
	if (recorded_any(root, vmid))
		return;
	/* What does not start is reported, and not retried. */
	(void)each_noted(root, noted, start_one);
	err = name ? fs_remove(root, RECORD_FOLDER, name) : -ENOMEM;
	if (err)
		log_error(_("VM %u: /%s/%u.users cannot be removed: %s"), vmid, RECORD_FOLDER, vmid,
			  strerror(-err));
}
