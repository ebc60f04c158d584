// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/early/early_verb.h"

#include <string.h>

#include "host/base/cli.h"
#include "host/base/log.h"
#include "host/pci/sriov_conf.h"
#include "host/process/supervise.h"
#include "host/setup/outcome.h"
#include "host/setup/early/early_change.h"
#include "host/setup/early/early_print.h"
#include "host/setup/early/early_state.h"

static int list(const struct fs_root *root, const struct setup_options *options)
{
	auto_early struct early early = {0};
	int err = early_read(root, &early);

	supervise_allow(SUPERVISE_FOREVER);
	if (!err && early.conf_err)
		log_error(_("/%s: %s"), SRIOV_CONF_PATH, sriov_conf_strerror(early.conf_err));
	if (!err)
		err = options->json ? early_print_json(root, &early) : early_print(root, &early);
	if (err)
		return early_say_failed(err);
	return early.conf_err ? ENABLE_FAILED : ENABLE_DONE;
}

/* "0000:00/1c.0/00.0", by which one that is gone may be meant. */
static bool is_slot(const char *word)
{
	return strchr(word, '/') && word[strspn(word, "0123456789abcdef:./")] == '\0';
}

static int parse_addresses(const struct setup_options *options, struct bdf_set *ret)
{
	for (char *const *words = options->addresses; *words; words++) {
		struct bdf bdf;

		if (options->remove && is_slot(*words))
			continue;
		if (bdf_parse_short(*words, &bdf))
			return cli_usage_error(_("early: '%s' is no address as lspci -D shows it, "
						 "0000:BB:DD.F"),
					       *words);
		if (bdf_set_add(ret, &bdf))
			return early_say_failed(-ENOMEM);
	}
	return 0;
}

static int change(const struct fs_root *root, const struct setup_options *options,
		  const struct bdf_set *addresses)
{
	struct setup_options with = *options;
	struct outcome outcome;

	if (outcome_begin(&outcome, &with))
		return ENABLE_FAILED;
	return outcome_end(&with, with.remove ? early_change_remove(root, &with)
					      : early_change_hold(root, &with, addresses));
}

int early_run(const struct fs_root *root, const struct setup_options *options, early_lock *lock)
{
	auto_bdf_set struct bdf_set addresses = {0};
	int code;

	if (options->boot)
		return early_boot(root, lock);
	code = parse_addresses(options, &addresses);
	if (code)
		return code;
	if (!*options->addresses)
		return list(root, options);
	return change(root, options, &addresses);
}
