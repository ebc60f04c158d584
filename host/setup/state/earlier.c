// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/state/earlier.h"
#include "host/base/log.h"
#include "host/text/strbuf.h"
#include "host/setup/boot/dropins.h"

#include <string.h>

static bool has_option(const struct wanted *wanted, const struct wanted_option *option)
{
	bool has = false;

	for (size_t i = 0; i < wanted->n_options; i++)
		has |= !strcmp(wanted->options[i].option, option->option);
	return has;
}

/* In one order, whoever was asked for first: the same ones make the same file. */
static int keep_options(const struct fs_root *root, struct wanted *wanted, struct strbuf *kept)
{
	const struct wanted asked = *wanted;

	wanted->n_options = 0;
	for (size_t i = 0; i < WANTED_OPTIONS; i++) {
		const struct wanted_option *option = &wanted_all_options[i];
		bool is_asked = has_option(&asked, option);
		int there = dropins_has_option(root, option);

		if (there < 0)
			return there;
		if (is_asked || there)
			wanted->options[wanted->n_options++] = *option;
		if (there && !is_asked)
			strbuf_add(kept, ", %s.%s=1", option->module, option->option);
	}
	return 0;
}

int earlier_keep(const struct fs_root *root, const struct hoststate *state, bool quiet,
		 struct wanted *wanted)
{
	auto_conf_items struct conf_items words = {0}, kept_words = {0};
	auto_strbuf struct strbuf kept = {0};
	int err = dropins_read_words(root, state, &words);

	err = err ?: wanted_keep(wanted, &words, &kept_words);
	for (size_t i = 0; i < kept_words.n && !err; i++)
		strbuf_add(&kept, ", %s", kept_words.items[i].text);
	err = err ?: keep_options(root, wanted, &kept);
	if (!err && kept.failed)
		err = -ENOMEM;
	if (!err && kept.len && !quiet)
		log_info(_("kept, as an earlier enable has set it: %s\n"
			   "to have only what is named now: host-setup enable --only"),
			 kept.text + strlen(", "));
	return err;
}
