// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/bind/mail.h"

#include "hookscript/bind/bind_report.h"
#include "hookscript/records/record.h"
#include "host/base/fs_write.h"
#include "host/base/log.h"
#include "host/text/strbuf.h"
#include "host/process/program.h"
#include "host/process/supervise.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *mail_program = "/" MAIL_PROGRAM;

/* It only puts the mail into a queue. */
#define MAIL_MS 10000

/* More than the lines of all devices that a VM can have. */
#define NOTE_MAX ((size_t)64 * 1024)

/* Whose mail is due: their lines for the note, and their addresses. */
struct due {
	struct strbuf note, addresses;
	size_t n_failed;
};

static void free_due(struct due *due)
{
	strbuf_free(&due->note);
	strbuf_free(&due->addresses);
}

static void add_device(const struct bind_device *device, const char *noted, struct due *due)
{
	char line[BDF_TEXT_SIZE + 24];

	if (bind_is_done(device))
		return;
	due->n_failed++;
	snprintf(line, sizeof(line), "%s %" PRIu64 "\n", device->address, device->record->claim);
	if (device->record->no_mail || strstr(noted, line))
		return;
	strbuf_add(&due->note, "%s", line);
	strbuf_add_item(&due->addresses, "%s", device->address);
}

/* The header is ASCII, and in English: another language would have to be encoded. */
static char *write_mail(unsigned int vmid, const char *addresses, const char *text)
{
	auto_free char *subject = fs_path(
		"pve-passthrough: %s: not given back: %s",
		vmid == RECORD_TEST ? RECORD_TEST_WORD : record_owner(vmid), addresses);
	auto_free char *first = fs_path(
		_("%s has ended, and this host has not got these devices back: %s"),
		record_owner(vmid), addresses);

	if (!subject || !first)
		return NULL;
	return fs_path("To: root\n"
		       "Subject: %s\n"
		       "Auto-Submitted: auto-generated\n"
		       "MIME-Version: 1.0\n"
		       "Content-Type: text/plain; charset=UTF-8\n"
		       "Content-Transfer-Encoding: 8bit\n"
		       "\n"
		       "%s\n"
		       "\n"
		       "%s"
		       "\n"
		       "%s\n"
		       "  pve-passthrough status\n"
		       "  pve-passthrough restore %s\n",
		       subject, first, text, _("To look at it, and to try again by hand:"),
		       record_owner_word(vmid));
}

static void send_mail(const struct bind *bind, const char *addresses, const char *text)
{
	const char *const args[] = {mail_program, "-i", "root", NULL};
	auto_free char *mail = write_mail(bind->vmid, addresses, text);
	const struct program program = {.args = args, .limit_ms = MAIL_MS, .input = mail};
	auto_program_end struct program_end end = {0};
	auto_free char *why = NULL;
	int err = mail ? 0 : -ENOMEM;

	supervise_allow(MAIL_MS);
	err = err ?: program_act(bind->root, &program, &end);
	if (!err)
		return;
	if (err != -ENOMEM)
		why = program_explain(bind->root, &program, err, &end);
	log_warning(_("%s: root could not be mailed about it: /%s: %s"), record_owner(bind->vmid),
		    MAIL_PROGRAM, why ? why : strerror(-err));
}

void mail_failures(const struct bind *bind, const char *text)
{
	auto_free char *name = fs_path("%u.mailed", bind->vmid);
	auto_free char *path = fs_path("%s/%s", RECORD_DIR, name ? name : "");
	cleanup_with(free_due) struct due due = {0};
	auto_free char *noted = NULL, *note = NULL;
	int err = name ? fs_read(bind->root, path, NOTE_MAX, &noted, NULL) : -ENOMEM;

	/* What cannot be read may say that all were mailed. */
	if (err && err != -ENOENT)
		return;
	for (size_t i = 0; i < bind->n; i++)
		add_device(&bind->devices[i], noted ? noted : "", &due);
	if (!due.n_failed && noted)
		err = fs_remove(bind->root, RECORD_DIR, name);
	if (!due.note.text || !due.addresses.text || fs_probe(bind->root, MAIL_PROGRAM) <= 0)
		return;
	note = fs_path("%s%s", noted ? noted : "", due.note.text);
	/* Noted first: who dies meanwhile would mail again and again. */
	err = note ? fs_replace(bind->root, RECORD_DIR, name, note, 0600) : -ENOMEM;
	if (!err)
		send_mail(bind, due.addresses.text, text);
}
