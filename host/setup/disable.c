// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/enable.h"
#include "host/setup/boot/byhand.h"
#include "host/setup/commit.h"
#include "host/setup/boot/dropins.h"
#include "host/pci/modules.h"
#include "host/setup/boot/kernelinfo.h"
#include "host/setup/boot/problems.h"
#include "host/pci/iommu.h"
#include "host/base/log.h"
#include "host/setup/wanted.h"

#include <string.h>

#define TEXT_MAX ((size_t)1024 * 1024)

/* One run of disable. */
struct disabling {
	const struct fs_root *root;
	struct current current;
	struct hoststate during;
	struct bootcfg left; /* the configuration without what is ours */
	struct cmdline gone; /* the words that will no longer be there */
	struct edits edits;
};

static void disabling_free(struct disabling *it)
{
	current_free(&it->current);
	hoststate_free(&it->during);
	bootcfg_free(&it->left);
	cmdline_free(&it->gone);
	edits_free(&it->edits);
}

static int plan(struct disabling *it, bool manual_too)
{
	auto_bootcfg struct bootcfg now = {0}, by_hand = {0};
	const struct bootloader *bootloader = &it->current.bootloader;
	int err = bootcfg_read(it->root, bootloader, &now);

	err = err ?: dropins_remove(&it->edits, it->root, &it->current.state);
	err = err ?: edits_read(&it->edits, it->root, bootloader, &by_hand);
	if (!err && manual_too)
		err = byhand_remove(&it->edits, it->root, bootloader, &by_hand);
	else if (!err)
		byhand_tell(&by_hand);
	err = err ?: edits_read(&it->edits, it->root, bootloader, &it->left);
	err = err ?: cmdline_subtract(&now.words, &it->left.words, &it->gone);
	if (err)
		return err;
	/* What is remembered while it is under way: all as it is, but pending. */
	it->during.exists = it->during.pending = true;
	return hoststate_merge(&it->during, &it->current.state);
}

/* Whether the kernel runs with its IOMMU on although nobody has asked for it: nothing proves its
 * default better. */
static bool is_on_unasked(const struct fs_root *root)
{
	auto_cmdline struct cmdline running = {0};
	auto_free char *text = NULL;

	return iommu_is_active(root) > 0 && !fs_read(root, "proc/cmdline", TEXT_MAX, &text, NULL) &&
	       !cmdline_split(&running, text, NULL) && !cmdline_last(&running, "intel_iommu");
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

/* Whether the kernel will have its IOMMU on at the next boot all the same; says why. */
static enum answer stays_on(const struct disabling *it)
{
	const struct cmdline_word *intel = cmdline_last(&it->left.words, "intel_iommu");
	enum processor_vendor vendor = wanted_vendor(it->root);

	if (vendor == PROCESSOR_AMD) {
		log_info(_("an AMD IOMMU stays on by itself; to turn it off: amd_iommu=off on the "
			   "kernel command line, or the firmware setup"));
		return ANSWER_YES;
	}
	if (vendor == PROCESSOR_AUTO)
		return ANSWER_UNKNOWN;
	if (intel && cmdline_value_has(cmdline_value(intel->text, "intel_iommu"), "on"))
		return ANSWER_YES;
	return kernels_default(it->root);
}

static void tell_vms(const struct disable_options *options, enum answer on)
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

static int go(const struct disabling *it, const struct disable_options *options)
{
	const struct commit commit = {
		.root = it->root,
		.bootloader = &it->current.bootloader,
		.edits = &it->edits,
		.before = &it->current.state,
		.during = &it->during,
		.gone = &it->gone,
		.dry_run = options->dry_run,
		.ask = !options->yes,
		.show = options->manual_too,
	};
	int code = commit_carry_out(&commit);

	if (!code && !options->dry_run && fs_root_is_running_system(it->root))
		log_warning(_("it takes effect at the next reboot: systemctl reboot"));
	return code;
}

int disable_run(const struct fs_root *root, const struct disable_options *options)
{
	cleanup_with(disabling_free) struct disabling it = {.root = root};
	const struct commit nothing = {.root = root, .during = &it.during};
	auto_problems struct problems problems = {0};
	int code = current_read(root, options->bootloader, &it.current);
	int err;

	if (code)
		return code;
	err = plan(&it, options->manual_too);
	err = err
		      ?: problems_find(root, &it.current.bootloader, &it.left, wanted_vendor(root),
				       &problems);
	if (err)
		return current_say_failed(err);
	if (!it.edits.n && !it.current.state.pending) {
		log_info(_("host-setup has changed nothing here that could be taken back"));
		return options->dry_run ? ENABLE_DONE : commit_finish(&nothing);
	}
	if (problems_stop(&problems, PROBLEM_BOOT))
		return ENABLE_REFUSED;
	tell_vms(options, stays_on(&it));
	return go(&it, options);
}
