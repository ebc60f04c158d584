// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/rehearse.h"

#include "hookscript/bind/bind.h"
#include "hookscript/pve/exit.h"
#include "hookscript/settings/settings_read.h"
#include "hookscript/phases/take.h"
#include "hookscript/verbs/commands.h"
#include "hookscript/verbs/rehearse_print.h"
#include "host/base/clock.h"
#include "host/base/fs_write.h"
#include "host/text/json.h"
#include "host/base/language.h"
#include "host/base/log.h"
#include "host/pci/answer.h"
#include "host/process/progress.h"
#include "host/process/supervise.h"

#include <stdio.h>
#include <string.h>
#include <sys/file.h>

/* Where Proxmox VE has the locks of VMs (qemu-server, PVE/QemuConfig.pm, config_file_lock). */
#define LOCK_DIR "var/lock/qemu-server"

/* Others look at the lock, and have it for a moment then. */
#define LOCK_MS	      2000
#define LOCK_AGAIN_MS 20

/* How long the host is given to find interfaces, disks and nodes again: udev gives them names. */
#define PARTS_MS 15000

struct test {
	const struct fs_root *root;
	const struct rehearse_options *options;
	struct settings settings;
	struct take take;
	struct rehearsal seen;
	char *methods; /* the device's reset_method; NULL: it has none */
	int lock;
	int out; /* with --json: standard output, which is standard error meanwhile */
};

static void free_test(struct test *test)
{
	take_free(&test->take);
	settings_free(&test->settings);
	rehearse_parts_free(&test->seen.parts);
	free(test->methods);
	closep(&test->lock);
	closep(&test->out);
}

/* ---- before anything is touched ---- */

static int refuse_method(struct test *test)
{
	test->seen.reason = "no-reset-method";
	if (!test->methods)
		log_error(
			_("refused: %s has no reset_method: the kernel knows no way to reset it by "
			  "itself"),
			bdf_text(&test->options->bdf));
	else
		log_error(_("refused: %s has no reset method '%s'; it has: %s"),
			  bdf_text(&test->options->bdf), test->options->reset, test->methods);
	return EXIT_REFUSED;
}

/* It is recorded, set and put back as one of the settings is. */
static int choose_method(struct test *test)
{
	const struct rehearse_options *options = test->options;
	auto_free char *path = pci_path(&options->bdf, "reset_method");
	int err = fs_read_attr(test->root, path, &test->methods);

	if (err && !fs_is_absent(err)) {
		log_error("/%s: %s", path ? path : "", log_strerror(err));
		return EXIT_FAILED;
	}
	if (!options->reset)
		return EXIT_DONE;
	if (strchr(options->reset, ' ') ||
	    !has_word(test->methods ? test->methods : "", options->reset))
		return refuse_method(test);
	test->take.reset_method = options->reset;
	return EXIT_DONE;
}

static int check_there(struct test *test)
{
	int there = pci_probe(test->root, &test->options->bdf);

	if (there > 0)
		return EXIT_DONE;
	if (there < 0) {
		log_error("%s: %s", bdf_text(&test->options->bdf), log_strerror(there));
		return EXIT_FAILED;
	}
	test->seen.reason = "no-device";
	log_error(_("refused: there is no PCI device %s; to list them: host-setup groups"),
		  bdf_text(&test->options->bdf));
	return EXIT_REFUSED;
}

/* One test at a time: when one ends, all that is taken for tests goes back. */
static int lock_test(struct test *test)
{
	auto_free char *path = fs_path("%s/lock-%u.conf", LOCK_DIR, RECORD_TEST);
	int64_t deadline = clock_now_ms() + LOCK_MS;

	test->lock = path ? fs_make_dir(test->root, LOCK_DIR, 0755) : -ENOMEM;
	if (!test->lock)
		test->lock = fs_lock(test->root, path, LOCK_EX | LOCK_NB);
	while (test->lock == -EWOULDBLOCK && clock_left_ms(deadline)) {
		clock_sleep_ms(LOCK_AGAIN_MS);
		test->lock = fs_lock(test->root, path, LOCK_EX | LOCK_NB);
	}
	if (test->lock >= 0)
		return EXIT_DONE;
	if (test->lock != -EWOULDBLOCK) {
		log_error("/%s: %s", path ? path : LOCK_DIR, log_strerror(test->lock));
		return EXIT_FAILED;
	}
	test->seen.reason = "test-runs";
	log_error(_("refused: another test runs; see: pve-passthrough status"));
	return EXIT_REFUSED;
}

static int make_plan(struct test *test)
{
	int code = take_read_facts(&test->take, FACTS_START);

	if (!code)
		code = take_make_plan(&test->take);
	return code ? code : take_say_plan(&test->take, NULL);
}

static bool may_be_done(const struct rehearse_options *options, const char **ret_reason)
{
	*ret_reason = options->run ? "no-consent" : "not-running-system";
	if (!options->run)
		log_error(_("nothing was touched: --root is not the running system"));
	else if (!options->yes && !json_can_ask(options->json))
		log_error(_("nothing was touched: there is no terminal to ask at; to test it, add "
			    "--yes"));
	else if (options->yes || commands_ask(_("Test it?"), false))
		*ret_reason = NULL;
	else
		log_info(_("nothing was touched"));
	return !*ret_reason;
}

/* A record that is complete keeps what it was made with. */
static int refuse_leftover(struct test *test)
{
	const struct device *device = facts_device(test->take.facts, &test->options->bdf);
	const struct record *record = device ? device->record : NULL;

	if (!test->options->reset || !record || record->stage != RECORD_TAKEN)
		return EXIT_DONE;
	test->seen.reason = "still-taken";
	log_error(
		_("refused: %s is still taken for %s; give it back first: pve-passthrough restore "
		  "%s"),
		bdf_text(&test->options->bdf), record_owner(record->vmid),
		record_owner_word(record->vmid));
	return EXIT_REFUSED;
}

static int ask(struct test *test)
{
	const struct plan *plan = test->take.plan;
	struct rehearse_parts *parts = &test->seen.parts;
	int err = 0;

	for (size_t i = 0; !err && i < plan->n_steps; i++)
		err = rehearse_parts_read(test->root, &plan->steps[i].device->bdf, parts);
	if (!err)
		err = rehearse_print_intent(test->root, test->options, plan, parts);
	if (err) {
		log_error("%s: %s", bdf_text(&test->options->bdf), log_strerror(err));
		return EXIT_FAILED;
	}
	return may_be_done(test->options, &test->seen.reason) ? EXIT_DONE : EXIT_REFUSED;
}

/* ---- the test ---- */

/* Whether it answers when all is done; what has a record still, has failed on the way back. */
static bool is_silent(const struct test *test)
{
	const struct plan *plan = test->take.plan;
	bool silent = false;

	for (size_t i = 0; !silent && i < plan->n_steps; i++) {
		struct pci_answer answer;

		silent = !pci_ask(test->root, &plan->steps[i].device->bdf, 1, &answer) &&
			 answer.err == -ENODATA;
	}
	return silent;
}

static void give_back(struct test *test)
{
	auto_recorded struct recorded recorded = {0};
	int err = recorded_list(test->root, RECORD_TEST, &recorded);

	if (err)
		log_error(_("%s: its records in /%s cannot be read: %s; nothing was given back"),
			  record_owner(RECORD_TEST), RECORD_DIR, log_strerror(err));
	test->seen.n_kept = recorded.unread + !!err;
	progress_begin(_("giving back: %s"), bdf_text(&test->options->bdf));
	if (recorded.n)
		test->seen.n_kept += bind_give_back(test->root, RECORD_TEST, &recorded, 0, false);
	progress_end();
}

static void look_at_parts(struct test *test)
{
	int err;

	supervise_allow(PARTS_MS);
	progress_begin(_("waiting for the interfaces, disks and nodes of %s"),
		       bdf_text(&test->options->bdf));
	err = rehearse_parts_await(test->root, &test->seen.parts, PARTS_MS);
	progress_end();
	if (err)
		log_error(_("what the host has by it cannot be read: %s"), log_strerror(err));
}

/* From here on all is given back, whatever is wrong. */
static int try_taken(struct test *test)
{
	const struct rehearse_options *options = test->options;
	const struct device *device = facts_device(test->take.facts, &options->bdf);
	int err = device && device->group >= 0 ? 0 : -ENODEV;

	test->seen.taken = true;
	supervise_allow(trial_limit_ms);
	progress_begin(_("opening, reading and resetting %s, at most %d s"),
		       bdf_text(&options->bdf), trial_limit_ms / 1000);
	if (!err)
		err = trial_run(test->root, &options->bdf, device->group, !!options->reset,
				&test->seen.trial);
	progress_end();
	if (err)
		log_error("%s: %s", bdf_text(&options->bdf), log_strerror(err));
	test->seen.tried = !err;
	give_back(test);
	supervise_allow(supervise_read_ms);
	test->seen.silent = is_silent(test);
	if (!test->seen.n_kept)
		look_at_parts(test);
	return rehearsed_exit(rehearsed_verdict(&test->seen));
}

static int take_and_try(struct test *test)
{
	int code;

	/* The answer may have come late; the warnings were read. */
	plan_free(test->take.said);
	test->take.said = TAKE_PTR(test->take.plan);
	progress_begin(_("taking: %s"), bdf_text(&test->options->bdf));
	code = take_read_facts(&test->take, FACTS_START) ?: take_devices(&test->take);
	progress_end();
	return code ? code : try_taken(test);
}

static int run(struct test *test)
{
	int code;

	settings_read(test->root, RECORD_TEST, &test->settings);
	/* What programs read does not depend on the language. */
	if (test->options->json)
		language_set("en");
	else
		settings_set_language(&test->settings);
	code = check_there(test) ?: choose_method(test) ?: lock_test(test) ?: make_plan(test);
	if (!code)
		code = refuse_leftover(test) ?: ask(test);
	if (!code)
		code = take_and_try(test);
	return code;
}

static int answer(struct test *test, int code)
{
	enum rehearsed verdict = code == EXIT_REFUSED ? REHEARSED_REFUSED
						      : rehearsed_verdict(&test->seen);
	int err = 0;

	if (test->seen.tried)
		rehearse_print(test->options, &test->seen, test->methods);
	if (!test->options->json)
		return code;
	if (json_restore_output(test->out))
		return EXIT_FAILED;
	err = rehearse_print_json(test->options, verdict, &test->seen, test->methods,
				  test->take.plan);
	return err ? exit_failed(NULL) : code;
}

int rehearse_run(const struct fs_root *root, const struct rehearse_options *options)
{
	cleanup_with(free_test) struct test test = {
		.root = root,
		.options = options,
		.settings = settings_default,
		.lock = -1,
		.out = -1,
	};

	test.take = (struct take){
		.root = root,
		.vmid = RECORD_TEST,
		.settings = &test.settings,
		.tested = &options->bdf,
	};
	if (options->json && json_divert_output(&test.out))
		return EXIT_FAILED;
	return answer(&test, run(&test));
}
