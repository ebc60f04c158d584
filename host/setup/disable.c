// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/enable.h"
#include "host/setup/boot/byhand.h"
#include "host/setup/commit.h"
#include "host/setup/boot/dropins.h"
#include "host/pci/modules.h"
#include "host/setup/conf/kernelinfo.h"
#include "host/setup/boot/problems.h"
#include "host/setup/boot/problems_root.h"
#include "host/setup/trial/trial_arm.h"
#include "host/pci/iommu.h"
#include "host/base/log.h"
#include "host/text/strbuf.h"
#include "host/pci/sriov_conf.h"

#include <string.h>

/* Makes the edits; *LEFT is the configuration that they leave. */
static int plan(struct commit *commit, struct bootcfg *left)
{
	auto_bootcfg struct bootcfg now = {0}, by_hand = {0};
	const struct edits none = {.root = commit->root};
	int err = bootcfg_read(&none, &commit->bootloader, &now);

	err = err ?: dropins_remove(&commit->edits, &commit->before);
	err = err ?: bootcfg_read(&commit->edits, &commit->bootloader, &by_hand);
	if (!err && commit->options->manual_too)
		err = byhand_remove(&commit->edits, &commit->bootloader, &by_hand);
	else if (!err)
		byhand_tell(&by_hand);
	err = err ?: bootcfg_read(&commit->edits, &commit->bootloader, left);
	return err ?: cmdline_subtract(&now.words, &left->words, &commit->gone);
}

/* Whether the running kernel has its IOMMU on without intel_iommu=: that proves its default. */
static bool is_on_unasked(const struct fs_root *root)
{
	auto_conf_items struct conf_items running = {0};

	return iommu_is_active(root) > 0 && !kernelinfo_cmdline(root, &running) && running.n &&
	       !cmdline_last(&running, "intel_iommu");
}

/* Whether the kernel turns an Intel IOMMU on without intel_iommu=on; says how that is known. */
static enum answer kernels_default(const struct fs_root *root)
{
	static const char to_turn_off[] = N_(
		"to turn it off: intel_iommu=off on the kernel command line");
	auto_free char *release = NULL;
	enum answer answer;

	if (is_on_unasked(root)) {
		log_info(_("this kernel turns an Intel IOMMU on by itself (it is on, and "
			   "intel_iommu= is not in /proc/cmdline); %s"),
			 _(to_turn_off));
		return ANSWER_YES;
	}
	if (modules_release(root, &release))
		return ANSWER_UNKNOWN;
	answer = kernelinfo_intel_default_on(root, release);
	if (answer == ANSWER_YES)
		log_info(_("the kernel %s turns an Intel IOMMU on by itself "
			   "(CONFIG_INTEL_IOMMU_DEFAULT_ON in /boot/config-%s); %s"),
			 release, release, _(to_turn_off));
	return answer;
}

/* Whether the kernel will have its IOMMU on at the next boot even so; says why. */
static enum answer stays_on(const struct fs_root *root, enum processor_vendor vendor,
			    const struct bootcfg *left)
{
	const struct conf_item *intel = cmdline_last(&left->words, "intel_iommu");

	if (vendor == PROCESSOR_AMD) {
		log_info(_("an AMD IOMMU stays on by itself; to turn it off: amd_iommu=off on the "
			   "kernel command line, or the firmware setup"));
		return ANSWER_YES;
	}
	if (vendor == PROCESSOR_AUTO)
		return ANSWER_UNKNOWN;
	if (intel && cmdline_value_has(cmdline_value(intel->text, "intel_iommu"), "on"))
		return ANSWER_YES;
	return kernels_default(root);
}

static void tell_vms(const struct setup_options *options, enum answer on)
{
	for (size_t i = 0; on != ANSWER_YES && i < options->n_vms; i++)
		log_warning(
			on == ANSWER_NO
				? _("VM %u has devices of the host (hostpci in its config): after the "
				    "reboot it will no longer start")
				: _("VM %u has devices of the host (hostpci in its config): after the "
				    "reboot it may no longer start"),
			options->vms[i]);
}

/* What is held early stays so, and is of no use to anybody without an IOMMU. */
static void tell_early(const struct fs_root *root)
{
	auto_sriov_conf struct sriov_conf conf = {0};
	auto_strbuf struct strbuf held = {0};
	int err = sriov_conf_read(root, &conf);

	for (size_t i = 0; !err && i < conf.early.n; i++)
		if (conf.early.items[i].held)
			strbuf_add(&held, " %s", bdf_text(&conf.early.items[i].id.bdf));
	if (held.text)
		log_warning(
			_("devices stay held early, and no driver of the host gets them: to undo "
			  "that, too: host-setup early --remove%s"),
			held.text);
}

int disable_run(const struct fs_root *root, const struct setup_options *options)
{
	auto_commit struct commit commit = {0};
	auto_bootcfg struct bootcfg left = {0};
	auto_problems struct problems problems = {0};
	enum processor_vendor vendor = wanted_vendor(root);
	int code = commit_begin(root, options, "host-setup disable", &commit);
	int err;

	if (code)
		return code;
	err = plan(&commit, &left);
	err = err ?: problems_find(root, &commit.bootloader, &left, vendor, &problems);
	if (err)
		return commit_say_failed(err);
	if (!commit.edits.n && !commit.before.pending) {
		log_info(_("nothing to remove: host-setup has changed nothing here"));
		if (options->dry_run)
			return ENABLE_DONE;
		return commit_finish(&commit) ?: trial_drop(root);
	}
	if (options->root_changed)
		problems_accept(&problems, PROBLEM_ROOT_DIFFERS);
	if (problems_stop(&problems, PROBLEM_BOOT))
		return ENABLE_REFUSED;
	tell_vms(options, stays_on(root, vendor, &left));
	tell_early(root);
	code = commit_carry_out(&commit);
	if (!code && !options->dry_run)
		code = trial_drop(root);
	if (!code && !options->dry_run && fs_root_is_running_system(root))
		log_warning(_("it takes effect at the next reboot: systemctl reboot"));
	return code;
}
