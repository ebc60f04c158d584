// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/enable.h"
#include "host/setup/byhand.h"
#include "host/setup/commit.h"
#include "host/setup/dropins.h"
#include "host/setup/kernelinfo.h"
#include "host/log.h"
#include "host/setup/wanted.h"

#include <string.h>

/* One run of disable. */
struct disabling {
	const struct fs_root *root;
	struct bootloader bootloader;
	struct hoststate before, during;
	struct bootcfg left; /* the configuration without what is ours */
	struct edits edits;
};

static void disabling_free(struct disabling *it)
{
	bootloader_free(&it->bootloader);
	hoststate_free(&it->before);
	hoststate_free(&it->during);
	bootcfg_free(&it->left);
	edits_free(&it->edits);
}

static int say_failed(int err)
{
	log_error("the host's configuration could not be read: %s; nothing was changed",
		  strerror(-err));
	return ENABLE_FAILED;
}

/* Reads what is. Returns 0 or an exit code. */
static int begin(struct disabling *it, const struct disable_options *options)
{
	auto_free char *why = NULL;
	int err = bootloader_detect(it->root, options->bootloader, &it->bootloader, &why);

	if (err == -EINVAL || err == -ENOTUNIQ) {
		log_error("%s", why);
		return err == -EINVAL ? ENABLE_USAGE : ENABLE_REFUSED;
	}
	err = err ?: hoststate_read(it->root, &it->before);
	if (err == -EBADMSG) {
		log_error("/%s cannot be understood, so what is whose is not known; nothing was "
			  "changed\nput it back as it was, or remove it and take out by hand what "
			  "enable added to /" KERNEL_CMDLINE,
			  hoststate_path());
		return ENABLE_REFUSED;
	}
	return err ? say_failed(err) : 0;
}

static int plan(struct disabling *it, bool manual_too)
{
	auto_free struct bootcfg_file *files = NULL;
	int err = dropins_remove(&it->edits, it->root, &it->before);

	files = edits_files(&it->edits);
	if (err || !files)
		return err ? err : -ENOMEM;
	err = bootcfg_read_with(it->root, &it->bootloader, files, it->edits.n, &it->left);
	if (!err && manual_too)
		err = byhand_remove(&it->edits, it->root, &it->bootloader, &it->left);
	else if (!err)
		byhand_tell(&it->left);
	/* As it is, but pending. */
	for (size_t i = 0; i < it->before.words.n && !err; i++)
		err = hoststate_add(&it->during.words, it->before.words.items[i]);
	for (size_t i = 0; i < it->before.folders.n && !err; i++)
		err = hoststate_add(&it->during.folders, it->before.folders.items[i]);
	it->during.exists = it->during.pending = true;
	return err;
}

/* Whether the kernel will have its IOMMU on at the next boot all the same; says why. */
static enum answer stays_on(const struct disabling *it, bool manual_too)
{
	const struct cmdline_word *intel = cmdline_last(&it->left.words, "intel_iommu");
	enum processor_vendor vendor = wanted_vendor(it->root);
	auto_free char *release = NULL;
	enum answer answer;

	if (vendor == PROCESSOR_AMD) {
		log_info("an AMD IOMMU stays on by itself; to turn it off: amd_iommu=off on the "
			 "kernel command line, or the firmware setup");
		return ANSWER_YES;
	}
	if (vendor == PROCESSOR_AUTO)
		return ANSWER_UNKNOWN;
	if (intel && !manual_too &&
	    cmdline_value_has(cmdline_value(intel->text, "intel_iommu"), "on"))
		return ANSWER_YES;
	if (kernelinfo_release(it->root, &release))
		return ANSWER_UNKNOWN;
	answer = kernelinfo_intel_default_on(it->root, release);
	if (answer == ANSWER_YES)
		log_info("the kernel %s turns an Intel IOMMU on by itself "
			 "(CONFIG_INTEL_IOMMU_DEFAULT_ON in /boot/config-%s); to turn it off: "
			 "intel_iommu=off on the kernel command line",
			 release, release);
	return answer;
}

static void tell_vms(const struct disable_options *options, enum answer on)
{
	for (size_t i = 0; on != ANSWER_YES && i < options->n_vms; i++)
		log_warning(
			"VM %u has devices of the host (hostpci in its config): after the reboot it "
			"%s start",
			options->vms[i], on == ANSWER_NO ? "will no longer" : "may no longer");
}

static int go(const struct disabling *it, const struct disable_options *options)
{
	const struct commit commit = {
		.root = it->root,
		.bootloader = &it->bootloader,
		.edits = &it->edits,
		.before = &it->before,
		.during = &it->during,
	};
	int code = commit_check(&commit);

	if (code)
		return code;
	if (options->dry_run || (!options->yes && isatty(STDIN_FILENO))) {
		if (commit_show(&commit))
			return say_failed(-ENOMEM);
		if (options->dry_run)
			return ENABLE_DONE;
		if (!commit_is_wanted()) {
			log_info("nothing was changed");
			return ENABLE_REFUSED;
		}
	}
	code = commit_run(&commit);
	if (!code && fs_root_is_running_system(it->root))
		log_warning("it takes effect at the next reboot: systemctl reboot");
	return code;
}

int disable_run(const struct fs_root *root, const struct disable_options *options)
{
	cleanup_with(disabling_free) struct disabling it = {.root = root};
	const struct commit nothing = {.root = root, .during = &it.during};
	int code = begin(&it, options);
	int err;

	if (code)
		return code;
	err = plan(&it, options->manual_too);
	if (err)
		return say_failed(err);
	if (!it.edits.n && !it.before.pending) {
		log_info("host-setup has changed nothing here that could be taken back");
		return options->dry_run ? ENABLE_DONE : commit_finish(&nothing);
	}
	tell_vms(options, stays_on(&it, options->manual_too));
	return go(&it, options);
}
