// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/json/show_json.h"

#include "hookscript/pve/exit.h"
#include "host/text/json.h"
#include "host/base/log.h"
#include "host/process/program.h"
#include "host/process/supervise.h"

#include <string.h>

/* The newest messages; a start has some ten. */
#define MESSAGES_MAX 10000
#define MESSAGES_ARG "--lines=10000"
#define OUTPUT_MAX   ((size_t)16 * 1024 * 1024)
#define JOURNAL_MS   60000

#define USEC_PER_SEC 1000000

/* A field of the journal's; NULL: it has none, or no text. */
static const char *field(json_object *entry, const char *name)
{
	json_object *value = NULL;

	if (!json_object_object_get_ex(entry, name, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

static void add_message(json_object *messages, json_object *entry, bool *failed)
{
	const char *time = field(entry, "__REALTIME_TIMESTAMP"), *level = field(entry, "PRIORITY");
	const char *message = field(entry, "MESSAGE");
	int64_t usec = time ? strtoll(time, NULL, 10) : 0;
	json_object *item = json_add_object(messages, failed);

	json_add_number(item, "time", usec / USEC_PER_SEC, failed);
	json_add_number(item, "usec", usec % USEC_PER_SEC, failed);
	json_add_number(item, "priority", level ? *level - '0' : 6, failed);
	json_add_text(item, "phase", field(entry, "PVE_PHASE"), failed);
	json_add_text(item, "address", field(entry, "PCI_SLOT_NAME"), failed);
	json_add_text(item, "driver", field(entry, "DRIVER"), failed);
	json_add_text(item, "message", message ? message : "", failed);
}

/* The lines of OUTPUT, which is changed, each an entry, the newest first: the other way round. The
 * last one may be cut. Returns how many there were. */
static size_t add_messages(json_object *messages, char *output, bool *failed)
{
	size_t n = 0;
	char *line;

	while (output && *output) {
		json_object *entry;

		line = strrchr(output, '\n');
		if (line && !line[1]) {
			*line = '\0';
			continue;
		}
		entry = json_tokener_parse(line ? line + 1 : output);
		if (json_object_is_type(entry, json_type_object)) {
			add_message(messages, entry, failed);
			n++;
		}
		json_object_put(entry);
		if (!line)
			break;
		*line = '\0';
	}
	return n;
}

static int print(unsigned int vmid, struct program_end *end)
{
	json_object *root = json_object_new_object(), *messages = json_object_new_array();
	bool failed = false;
	size_t n = add_messages(messages, end->output, &failed);

	json_add_number(root, "vmid", vmid, &failed);
	json_add_bool(root, "complete", !end->cut && n < MESSAGES_MAX, &failed);
	if (!json_print(root, "messages", messages, failed))
		return EXIT_DONE;
	return exit_failed(NULL);
}

int log_json(const struct fs_root *root, unsigned int vmid)
{
	auto_free char *match = fs_path("PVE_VMID=%u", vmid);
	auto_free char *place = fs_path("--root=%s", root->path);
	auto_free char *why = NULL;
	auto_program_end struct program_end end = {0};
	const char *const args[] = {
		"journalctl",
		"--quiet",
		"--output=json",
		"--output-fields=MESSAGE,PRIORITY,PVE_PHASE,PCI_SLOT_NAME,DRIVER",
		"--all",
		"--reverse",
		MESSAGES_ARG,
		"_UID=0",
		match,
		fs_root_is_running_system(root) ? NULL : place,
		NULL,
	};
	const struct program program = {.args = args, .limit_ms = JOURNAL_MS, .max = OUTPUT_MAX};
	const char *journal = fs_root_is_running_system(root) ? "run/systemd/journal"
							      : "var/log/journal";
	int err = match && place ? 0 : -ENOMEM;

	/* journalctl takes no journal for an empty one. */
	if (fs_probe(root, journal) <= 0) {
		log_error(_("VM %u: there is no journal here (no %s/%s)"), vmid, root->path,
			  journal);
		return EXIT_FAILED;
	}
	supervise_allow(JOURNAL_MS);
	if (!err)
		err = program_run(&program, &end);
	if (!err && program_succeeded(&end))
		return print(vmid, &end);
	why = program_explain(root, &program, err, &end);
	log_error(_("VM %u: its messages cannot be read from the journal: %s"), vmid,
		  why ? why : strerror(-err));
	return EXIT_FAILED;
}
