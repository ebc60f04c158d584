// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/outcome.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "host/base/log.h"

static const char *reason_name(enum outcome_reason reason)
{
	static const char *const names[REASON_COUNT] = {
		[REASON_ABSENT] = "absent",
		[REASON_BRIDGE] = "bridge",
		[REASON_CHILD] = "child",
		[REASON_VF_ITSELF] = "vf-itself",
		[REASON_IN_USE] = "in-use",
		[REASON_USED_AT_BOOT] = "used-at-boot",
		[REASON_OTHER_VM] = "other-vm",
		[REASON_GROUP_OPEN] = "group-open",
		[REASON_ON_VFIO] = "on-vfio",
		[REASON_HELD_EARLY] = "held-early",
		[REASON_MAKES_VFS] = "makes-vfs",
		[REASON_NO_SRIOV] = "no-sriov",
		[REASON_TOO_MANY_VFS] = "too-many-vfs",
		[REASON_DRIVER] = "driver",
		[REASON_VGPU] = "vgpu",
		[REASON_SET_ELSEWHERE] = "set-elsewhere",
		[REASON_BUILT_IN] = "built-in",
		[REASON_TWIN] = "twin",
		[REASON_INITRAMFS] = "initramfs",
		[REASON_FILE] = "file",
		[REASON_BOOTLOADER] = "bootloader",
		[REASON_UNCONFIRMED] = "unconfirmed",
	};

	return names[reason];
}

int outcome_begin(struct outcome *outcome, struct setup_options *options)
{
	int err;

	if (!options->json)
		return 0;
	*outcome = (struct outcome){.out = -1};
	err = json_divert_output(&outcome->out);
	if (err)
		return err;
	outcome->refusals = json_object_new_array();
	options->outcome = outcome;
	return outcome->refusals ? 0 : -ENOMEM;
}

static const char *verdict_of(const struct setup_options *options, int code)
{
	switch (code) {
	case ENABLE_DONE: return options->dry_run ? "shown" : "done";
	case ENABLE_REFUSED: return "refused";
	default: return "failed";
	}
}

int outcome_end(const struct setup_options *options, int code)
{
	struct outcome *outcome = options->outcome;
	json_object *root;

	if (!outcome)
		return code;
	if (json_restore_output(outcome->out))
		outcome->failed = true;
	close(outcome->out);
	if (code == ENABLE_USAGE) {
		json_object_put(outcome->refusals);
		return code;
	}
	root = json_object_new_object();
	json_add_text(root, "verdict", verdict_of(options, code), &outcome->failed);
	return json_print(root, "refusals", outcome->refusals, outcome->failed) ? ENABLE_FAILED
										: code;
}

/* WHAT without the word that a verdict has anyway: texts are English with --json. */
void outcome_note(const struct setup_options *options, enum outcome_reason reason,
		  const struct bdf *bdf, const char *what)
{
	struct outcome *outcome = options->outcome;
	const char *rest = after_prefix(what, "refused: ");
	json_object *item, *devices;

	if (!outcome)
		return;
	item = json_add_object(outcome->refusals, &outcome->failed);
	what = rest ? rest : what;
	json_add_text(item, "reason", reason_name(reason), &outcome->failed);
	json_add_text(item, "brief", what, &outcome->failed);
	json_add_text(item, "what", what, &outcome->failed);
	devices = json_add_array(item, "devices", &outcome->failed);
	if (bdf)
		json_append_text(devices, bdf_text(bdf), &outcome->failed);
	outcome->last_cures = json_add_array(item, "cures", &outcome->failed);
}

void outcome_refuse(const struct setup_options *options, enum outcome_reason reason,
		    const struct bdf *bdf, const char *format, ...)
{
	auto_free char *text = NULL;
	va_list args;

	va_start(args, format);
	text = vprintf_text(format, args);
	va_end(args);
	log_error("%s", text ? text : log_strerror(-ENOMEM));
	outcome_note(options, reason, bdf, text ? text : "");
}

void outcome_cure(const struct setup_options *options, const char *what, const char *command, ...)
{
	struct outcome *outcome = options->outcome;
	auto_free char *text = NULL;
	json_object *item;
	va_list args;

	if (!outcome)
		return;
	va_start(args, command);
	text = command ? vprintf_text(command, args) : NULL;
	va_end(args);
	outcome->failed |= command && !text;
	item = json_add_object(outcome->last_cures, &outcome->failed);
	json_add_text(item, "what", what, &outcome->failed);
	json_add_text(item, "command", text, &outcome->failed);
	json_add_text(item, "fix", NULL, &outcome->failed);
}
