// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/sriov/sriov_verb.h"

#include "host/base/cli.h"
#include "host/base/log.h"
#include "host/process/supervise.h"
#include "host/setup/outcome.h"
#include "host/setup/sriov/change.h"
#include "host/setup/sriov/pfs_print.h"
#include "host/setup/sriov/sriov_boot.h"

static int could_not(int err)
{
	log_error(_("the virtual functions of this host could not be read: %s"), log_strerror(err));
	return ENABLE_FAILED;
}

static int list(const struct fs_root *root, const struct setup_options *options,
		const struct sriov_above *above)
{
	auto_pfs struct pfs pfs = {0};
	int err = pfs_read(root, above, &pfs);

	if (err)
		return could_not(err);
	supervise_allow(SUPERVISE_FOREVER);
	if (pfs.conf_err)
		log_error(_("/%s: %s"), SRIOV_CONF_PATH, sriov_conf_strerror(pfs.conf_err));
	if (options->json)
		err = pfs_print_json(&pfs);
	else
		pfs_print(&pfs);
	if (err)
		return could_not(err);
	return pfs.conf_err ? ENABLE_FAILED : ENABLE_DONE;
}

static int change(const struct fs_root *root, const struct setup_options *options,
		  const struct sriov_above *above, const struct bdf *pf, unsigned int vfs)
{
	struct setup_options with = *options;
	struct outcome outcome;

	if (outcome_begin(&outcome, &with))
		return ENABLE_FAILED;
	return outcome_end(&with, change_run(root, &with, above, pf, vfs));
}

int sriov_run(const struct fs_root *root, const struct setup_options *options,
	      const struct sriov_above *above)
{
	struct bdf pf;
	unsigned int vfs;

	if (options->boot)
		return sriov_boot(root);
	if (!options->address)
		return list(root, options, above);
	if (bdf_parse_short(options->address, &pf))
		return cli_usage_error(_("sriov: '%s' is no address as lspci -D shows it, "
					 "0000:BB:DD.F"),
				       options->address);
	if (!number_parse(options->count, &vfs))
		return cli_usage_error(_("sriov: '%s' is no number of VFs"), options->count);
	return change(root, options, above, &pf, vfs);
}
