// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A change of the boot that is on trial: confirmed, not confirmed, the power cut in between and at
 * every write, an undo that fails or refuses, disable meanwhile; with GRUB and with systemd-boot.
 */
#include "hostcase.h"

#include <stdio.h>
#include <unistd.h>

#include "host/setup/trial/trial_boot.h"
#include "host/setup/trial/trial_state.h"
#include "host/setup/trial/trial_verb.h"

#include "sanitized.h"

/* The power is cut at every step, or at every third. */
#define SANITIZED_EVERY 5

#define LINK	  "etc/systemd/system/multi-user.target.wants/" TRIAL_UNIT
#define MOTD	  "run/motd.d/pve-passthrough"
#define GRUB_CFG  "boot/grub/grub.cfg"
#define ESP_ENTRY "var/tmp/espmounts/1111-2222/loader/entries/proxmox-6.8.conf"
#define WORDS	  "intel_iommu=on iommu=pt"

static const char *const hosts[] = {"grub-intel", "sdboot-zfs"};

/* ---- the host, and its boots ---- */

struct scene {
	struct hosttree tree;
	struct hostcase host;
	char *before;  /* the tree before enable */
	char *cmdline; /* of the kernel before it */
};

static void scene_free(struct scene *scene)
{
	hosttree_close(&scene->tree);
	hostcase_free(&scene->host);
	free(scene->before);
	free(scene->cmdline);
	trial_minute_ms = 60000;
}

#define auto_scene cleanup_with(scene_free)

static void boot(struct scene *scene, const char *id, const char *words)
{
	auto_free char *text = fs_path("%s %s\n", scene->cmdline, words);

	hosttree_text(&scene->tree, "proc/sys/kernel/random/boot_id", id);
	hosttree_text(&scene->tree, "proc/cmdline", text);
}

static void build(struct scene *scene, const char *name)
{
	hostcase_read(name, &scene->host);
	hostcase_build(&scene->tree, &scene->host);
	hosttree_text(&scene->tree, LINK, "");
	scene->cmdline = hosttree_read(&scene->tree, "proc/cmdline");
	assert_non_null(scene->cmdline);
	scene->cmdline[strcspn(scene->cmdline, "\n")] = '\0';
	boot(scene, "boot-0\n", "");
	scene->before = hosttree_render(&scene->tree);
	scene->host.options.confirm_within = 7;
	trial_look_ms = 1;
}

/* Whether the kernel gets the words at the next boot. */
static bool next_has_words(const struct scene *scene)
{
	bool grub = !strcmp(scene->host.name, hosts[0]);
	auto_free char *entry = hosttree_read(&scene->tree, grub ? GRUB_CFG : ESP_ENTRY);

	return entry && strstr(entry, WORDS);
}

static enum trial_stage stage(const struct scene *scene)
{
	auto_trial struct trial trial = {0};

	assert_int_equal(trial_read(&scene->tree.root, &trial), 0);
	return trial.stage;
}

/* ---- what is run ---- */

static int undo(const struct fs_root *root, const struct setup_options *options)
{
	return disable_run(root, options);
}

static int refuse(const struct fs_root *root, const struct setup_options *options)
{
	(void)root;
	(void)options;
	return ENABLE_REFUSED;
}

static int call_boot(const struct fs_root *root, const void *refuses)
{
	return trial_boot(root, refuses ? refuse : undo);
}

static int call_confirm(const struct fs_root *root, const void *unused)
{
	(void)unused;
	return trial_confirm(root);
}

static int call_enable(const struct fs_root *root, const void *options)
{
	return enable_run(root, options);
}

/* Ends the test unless it ends with CODE and says TEXT. */
static void ends(struct scene *scene, hosttree_function *function, const void *arg, int code,
		 const char *text)
{
	auto_run struct hosttree_run run = hosttree_run(&scene->tree, function, arg);

	hosttree_assert_code(&run, code);
	hosttree_assert_says(&run, text);
}

static void enable(struct scene *scene, int code, const char *text)
{
	auto_run struct hosttree_run run = hostcase_enable(&scene->tree, &scene->host);

	hosttree_assert_code(&run, code);
	hosttree_assert_says(&run, text);
}

/* The first boot, whose clock is started; and the machine dies. */
static void start_clock(struct scene *scene, const char *id)
{
	auto_run struct hosttree_run run = {0};

	boot(scene, id, WORDS);
	hosttree_cut(CUT_AFTER, 3); /* the directory that is locked, tried-in, motd */
	run = hosttree_run(&scene->tree, call_boot, NULL);
	hosttree_cut(CUT_NEVER, 0);
	hosttree_assert_code(&run, HOSTTREE_DEAD);
}

static void assert_ran(struct scene *scene, const char *command, bool ran)
{
	auto_free char *commands = hosttree_commands(&scene->tree);

	if (!strstr(commands, command) == ran)
		fail_msg("%s was %s: %s", command, ran ? "not run" : "run", commands);
}

/* The tree is as it was before enable, but for what is in /run. */
static void assert_as_before(struct scene *scene)
{
	auto_free char *clean = fs_path("rm -rf '%s/run'", scene->tree.dir);

	boot(scene, "boot-0\n", "");
	assert_int_equal(system(clean), 0);
	hosttree_assert(&scene->tree, scene->before, scene->host.name);
	assert_false(next_has_words(scene));
}

/* ---- what it is, and what is armed ---- */

static void test_judge(void **state)
{
	static const struct {
		enum trial_stage stage;
		const char *armed_in, *tried_in, *boot, *cmdline;
		enum trial_due due;
	} rows[] = {
		{TRIAL_NONE, NULL, NULL, "a", WORDS, TRIAL_NOTHING},
		{TRIAL_ARMED, "a", NULL, "a", WORDS, TRIAL_NOT_BOOTED},
		{TRIAL_ARMED, "a", NULL, "b", "ro " WORDS, TRIAL_BEGINS},
		{TRIAL_ARMED, "a", NULL, "b", "ro", TRIAL_OTHER_BOOT},
		{TRIAL_ARMED, "a", NULL, "b", "ro iommu=pt", TRIAL_OTHER_BOOT},
		{TRIAL_ARMED, "a", NULL, "b", "ro -- " WORDS, TRIAL_OTHER_BOOT},
		{TRIAL_ARMED, "a", NULL, "b", "single " WORDS, TRIAL_OTHER_BOOT},
		{TRIAL_ARMED, "a", NULL, "b", WORDS " systemd.unit=rescue.target",
		 TRIAL_OTHER_BOOT},
		{TRIAL_ARMED, "a", NULL, "b", "iommu=pt,strict intel_iommu=on,sm_on", TRIAL_BEGINS},
		{TRIAL_ARMED, "a", "b", "b", WORDS, TRIAL_RUNS},
		{TRIAL_ARMED, "a", "b", "c", WORDS, TRIAL_AGAIN},
		{TRIAL_ARMED, "a", "b", "c", "ro", TRIAL_OTHER_BOOT},
		{TRIAL_UNDOING, "a", "b", "c", WORDS, TRIAL_TOLD},
		{TRIAL_UNDONE, "a", "b", "b", WORDS, TRIAL_TOLD},
		{TRIAL_NOT_DONE, "a", "b", "c", "ro", TRIAL_TOLD},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_conf_items struct conf_items cmdline = {0};
		char *words[] = {(char *)"intel_iommu=on", (char *)"iommu=pt"};
		const struct trial trial = {
			.stage = rows[i].stage,
			.armed_in = (char *)rows[i].armed_in,
			.tried_in = (char *)rows[i].tried_in,
			.words = {words, 2},
		};

		assert_int_equal(cmdline_split(&cmdline, rows[i].cmdline, NULL), 0);
		if (trial_judge(&trial, rows[i].boot, &cmdline) != rows[i].due)
			fail_msg("row %zu", i);
	}
}

static void test_damaged(void **state)
{
	static const char *const texts[] = {
		"",
		"stage armed\n",
		"stage armed\nminutes 5\n",
		"stage armed\nminutes 0\narmed-in a\n",
		"stage armed\nminutes 5 \narmed-in a\n",
		"stage other\nminutes 5\narmed-in a\n",
		"stage armed\nminutes 5\narmed-in a\nsince-ms x\n",
		"stage armed\nminutes 5\narmed-in a\nwhat else\n",
		"stage armed\nminutes 5\narmed-in a\nword\n",
	};
	auto_scene struct scene scene = {0};
	auto_run struct hosttree_run run = {0};

	(void)state;
	build(&scene, hosts[0]);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct trial trial;

		hosttree_text(&scene.tree, TRIAL_PATH, texts[i]);
		if (trial_read(&scene.tree.root, &trial) != -EBADMSG)
			fail_msg("text %zu is taken", i);
	}
	ends(&scene, call_boot, NULL, ENABLE_FAILED, "nothing is undone; to end that: rm /");
	ends(&scene, call_confirm, NULL, ENABLE_FAILED, "nothing is confirmed");
	enable(&scene, ENABLE_FAILED, "is damaged; nothing was changed");
	run = hostcase_disable(&scene.tree, &scene.host);
	hosttree_assert_code(&run, 0);
	assert_int_equal(stage(&scene), TRIAL_NONE);
}

static void test_arming(void **state)
{
	auto_scene struct scene scene = {0}, guide = {0};

	(void)state;
	build(&scene, hosts[0]);
	scene.host.options.dry_run = true;
	enable(&scene, 0, "unless `host-setup confirm` is run within 7 minutes");
	assert_int_equal(stage(&scene), TRIAL_NONE);
	scene.host.options.dry_run = false;
	enable(&scene, 0, "GRUB's menu: Debian, with Linux 6.8 (recovery mode)");
	enable(&scene, 0, "an earlier enable is still to be confirmed, within 7 minutes");
	/* Another change keeps what was armed; with the option it is as asked. */
	scene.host.options.confirm_within = 0;
	scene.host.options.ignore_msrs = true;
	enable(&scene, 0, "armed: after the reboot there are 7 minutes");
	scene.host.options.confirm_within = 9;
	scene.host.options.ignore_msrs = false;
	scene.host.options.only = true;
	enable(&scene, 0, "that takes back all that enable has added, in earlier runs, too");
	assert_int_equal(stage(&scene), TRIAL_ARMED);

	build(&guide, "by-the-guide-no-update-grub");
	enable(&guide, 0, "nothing is armed, because enable has no word");
	assert_int_equal(stage(&guide), TRIAL_NONE);
}

/* It boots with the words that only the commands can take back, and is not confirmed. */
static void assert_taken_back(struct scene *scene)
{
	boot(scene, "boot-a\n", WORDS);
	hosttree_forget_commands(&scene->tree);
	trial_minute_ms = 0;
	ends(scene, call_boot, NULL, 0, "was not confirmed and is undone");
	trial_minute_ms = 60000;
	assert_ran(scene, "update-initramfs", true);
	assert_ran(scene, "proxmox-boot-tool refresh", true);
	boot(scene, "boot-b\n", "");
	ends(scene, call_boot, NULL, 0, "was undone by `host-setup disable`");
}

/* A change that fails leaves what was armed before. */
static void test_enable_fails(void **state)
{
	auto_scene struct scene scene = {0};

	(void)state;
	build(&scene, hosts[1]);
	setenv("FAKE_FAIL", "update-initramfs", 1);
	enable(&scene, ENABLE_FAILED, "every file was put back");
	/* The commands failed again: the host may boot with the words. */
	assert_int_equal(stage(&scene), TRIAL_ARMED);
	unsetenv("FAKE_FAIL");
	assert_taken_back(&scene);
	enable(&scene, 0, "armed");
	hosttree_fail_write("modprobe.d/pve-passthrough.conf");
	scene.host.options.ignore_msrs = true;
	scene.host.options.confirm_within = 9;
	enable(&scene, ENABLE_FAILED, "every file was put back");
	hosttree_fail_write(NULL);
	scene.host.options.ignore_msrs = false;
	enable(&scene, 0, "still to be confirmed, within 7 minutes");
	hosttree_fail_write("pve-passthrough/confirm");
	scene.host.options.ignore_msrs = true;
	enable(&scene, ENABLE_FAILED, "pve-passthrough/confirm could not be written");
	hosttree_fail_write(NULL);
}

static void test_not_armed_elsewhere(void **state)
{
	auto_scene struct scene scene = {0};
	auto_free char *link = NULL;
	const struct setup_options options = {.yes = true, .confirm_within = 5};

	(void)state;
	build(&scene, hosts[0]);
	link = fs_path("%s/" LINK, scene.tree.dir);
	assert_int_equal(remove(link), 0);
	enable(&scene, ENABLE_REFUSED, "is not enabled; first: systemctl enable " TRIAL_UNIT);
	free(scene.tree.root.path);
	scene.tree.root.path = strdup(scene.tree.dir);
	ends(&scene, call_enable, &options, ENABLE_REFUSED, "is for the running system");
}

/* ---- the boots ---- */

static void test_confirmed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		auto_scene struct scene scene = {0};
		auto_free char *motd = NULL;

		build(&scene, hosts[i]);
		enable(&scene, 0, "armed: after the reboot there are 7 minutes");
		ends(&scene, call_confirm, NULL, ENABLE_REFUSED, "has not been tried yet");
		ends(&scene, call_boot, NULL, 0, "");
		boot(&scene, "boot-x\n", "");
		ends(&scene, call_boot, NULL, 0, "this boot is not the one");
		ends(&scene, call_confirm, NULL, ENABLE_REFUSED, "intel_iommu=on, iommu=pt");
		start_clock(&scene, "boot-1\n");
		ends(&scene, call_confirm, NULL, 0, "confirmed: ");
		ends(&scene, call_confirm, NULL, 0, "nothing is to be confirmed");
		assert_int_equal(stage(&scene), TRIAL_NONE);
		motd = hosttree_read(&scene.tree, MOTD);
		assert_null(motd);
		trial_minute_ms = 0;
		boot(&scene, "boot-2\n", WORDS);
		ends(&scene, call_boot, NULL, 0, "");
		assert_true(next_has_words(&scene));
		assert_ran(&scene, "systemctl reboot", false);
	}
}

static void test_check(void **state)
{
	static const struct {
		const char *text, *what;
	} rows[] = {
		{"stage armed\nminutes 5\narmed-in a\n", "unless it is confirmed within 5 minutes"},
		{"stage undone\nminutes 5\narmed-in a\n", NULL},
		{"stage undoing\nminutes 5\narmed-in a\n", "has not come to its end"},
		{"stage not-done\nminutes 5\narmed-in a\n", "has not come to its end"},
		{"stage", "is not known: /" TRIAL_PATH},
	};
	auto_scene struct scene scene = {0};

	(void)state;
	build(&scene, hosts[0]);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_checklist struct checklist list = {0};

		hosttree_text(&scene.tree, TRIAL_PATH, rows[i].text);
		assert_int_equal(trial_check(&scene.tree.root, &list), 0);
		assert_int_equal(list.n, rows[i].what ? 1 : 0);
		if (list.n)
			assert_non_null(strstr(list.items[0].what, rows[i].what));
	}
}

static void test_not_confirmed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		auto_scene struct scene scene = {0};
		auto_free char *motd = NULL, *ran = NULL;

		build(&scene, hosts[i]);
		enable(&scene, 0, "guests that run then are shut down");
		trial_minute_ms = 0;
		boot(&scene, "boot-1\n", WORDS);
		ends(&scene, call_boot, NULL, 0, "was not confirmed and is undone");
		motd = hosttree_read(&scene.tree, MOTD);
		assert_non_null(strstr(motd, "the host reboots"));
		assert_ran(&scene, "systemctl reboot", true);
		assert_int_equal(stage(&scene), TRIAL_UNDONE);
		boot(&scene, "boot-2\n", "");
		hosttree_forget_commands(&scene.tree);
		ends(&scene, call_boot, NULL, 0, "was undone by `host-setup disable`");
		ran = hosttree_commands(&scene.tree);
		assert_string_equal(ran, "");
		assert_as_before(&scene);
	}
}

/* Begins while the file cannot be read, which it can be a moment later. */
static int call_late(const struct fs_root *root, const void *scene)
{
	const char *dir = ((const struct scene *)scene)->tree.dir;
	auto_free char *path = fs_path("%s/" TRIAL_PATH, dir), *kept = fs_path("%s.kept", path);
	pid_t mender;

	alarm(30);
	mender = fork();
	if (!mender) {
		usleep(100000);
		_exit(rename(kept, path) ? 1 : 0);
	}
	return mender < 0 ? -1 : call_boot(root, NULL);
}

static void test_unread_for_a_while(void **state)
{
	auto_scene struct scene scene = {0};
	auto_free char *path = NULL, *kept = NULL;

	(void)state;
	build(&scene, hosts[0]);
	enable(&scene, 0, "armed: ");
	path = fs_path("%s/" TRIAL_PATH, scene.tree.dir);
	kept = fs_path("%s.kept", path);
	assert_int_equal(rename(path, kept), 0);
	assert_int_equal(symlink("confirm", path), 0);
	trial_minute_ms = 0;
	boot(&scene, "boot-1\n", WORDS);
	ends(&scene, call_late, &scene, 0, "was not confirmed and is undone");
}

/* While the clock runs the file cannot be read for a moment; what logins show behind that is kept
 * in run/seen, and the trial ends. */
static int call_disturbed(const struct fs_root *root, const void *scene)
{
	const char *dir = ((const struct scene *)scene)->tree.dir;
	auto_free char *script = fs_path(
		"cd '%s'; f=" TRIAL_PATH "; until [ -e " MOTD " ]; do sleep 0.05; done; "
		"ln $f $f.kept; ln -s confirm.self $f.self; cp -P $f.self $f.to; mv -T $f.to $f; "
		"until grep -q 'could not be read' " MOTD
		"; do sleep 0.05; done; mv -T $f.kept $f; "
		"sleep 0.3; cp " MOTD " run/seen; rm $f",
		dir);
	pid_t other;

	alarm(10);
	other = fork();
	if (!other)
		_exit(system(script) ? 1 : 0); /* NOLINT(cert-env33-c) */
	return other < 0 ? -1 : call_boot(root, NULL);
}

static void test_told_again(void **state)
{
	auto_scene struct scene scene = {0};
	auto_free char *seen = NULL;

	(void)state;
	build(&scene, hosts[0]);
	enable(&scene, 0, "armed: ");
	boot(&scene, "boot-1\n", WORDS);
	ends(&scene, call_disturbed, &scene, 0, "could not be read");
	seen = hosttree_read(&scene.tree, "run/seen");
	assert_non_null(strstr(seen, "host-setup confirm"));
	assert_null(strstr(seen, "nothing is undone"));
}

/* Where the trial cannot be written, nothing is undone, and logins show what to do. */
static void test_unwritten(void **state)
{
	auto_scene struct scene scene = {0};
	auto_free char *motd = NULL;

	(void)state;
	build(&scene, hosts[0]);
	enable(&scene, 0, "armed: ");
	boot(&scene, "boot-1\n", WORDS);
	hosttree_fail_write("pve-passthrough/confirm");
	ends(&scene, call_boot, NULL, ENABLE_FAILED, "to keep it: host-setup confirm; to undo it");
	hosttree_fail_write(NULL);
	motd = hosttree_read(&scene.tree, MOTD);
	assert_non_null(strstr(motd, "could not be written"));
	assert_true(next_has_words(&scene));
}

/* Another change while the clock runs: the boot after it has all of the time that is promised. */
static void test_changed_meanwhile(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		auto_scene struct scene scene = {0};
		auto_free char *motd = NULL;

		build(&scene, hosts[i]);
		enable(&scene, 0, "armed: ");
		start_clock(&scene, "boot-1\n");
		scene.host.options.confirm_within = 0;
		scene.host.options.ignore_msrs = true;
		enable(&scene, 0, "armed: after the reboot there are 7 minutes");
		ends(&scene, call_boot, NULL, 0, "");
		motd = hosttree_read(&scene.tree, MOTD);
		assert_null(motd);
		hosttree_forget_commands(&scene.tree);
		start_clock(&scene, "boot-2\n");
		assert_ran(&scene, "systemctl reboot", false);
		ends(&scene, call_confirm, NULL, 0, "confirmed: ");
	}
}

/* The power goes while the clock runs. A boot for repair undoes nothing, the next one does. */
static void test_power_cut_between(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		auto_scene struct scene scene = {0};

		build(&scene, hosts[i]);
		enable(&scene, 0, "armed: ");
		start_clock(&scene, "boot-1\n");
		boot(&scene, "boot-r\n", "single " WORDS);
		ends(&scene, call_boot, NULL, 0, "this boot is not the one");
		assert_int_equal(stage(&scene), TRIAL_ARMED);
		boot(&scene, "boot-2\n", WORDS);
		ends(&scene, call_boot, NULL, 0, "is undone");
		assert_ran(&scene, "systemctl reboot", true);
		boot(&scene, "boot-3\n", "");
		ends(&scene, call_boot, NULL, 0, "was undone");
		assert_as_before(&scene);
	}
}

/* The undo refuses, or fails: the host stays up, and nothing is tried again. */
static void test_undo_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(hosts); i++) {
		auto_scene struct scene scene = {0};

		build(&scene, hosts[i / 2]);
		enable(&scene, 0, "armed: ");
		trial_minute_ms = 0;
		boot(&scene, "boot-1\n", WORDS);
		setenv("FAKE_FAIL", i / 2 ? "proxmox-boot-tool" : "update-grub", 1);
		ends(&scene, call_boot, i % 2 ? "" : NULL, ENABLE_FAILED, "could not be undone");
		unsetenv("FAKE_FAIL");
		assert_ran(&scene, "systemctl", false);
		assert_int_equal(stage(&scene), TRIAL_NOT_DONE);
		hosttree_forget_commands(&scene.tree);
		boot(&scene, "boot-2\n", WORDS);
		ends(&scene, call_boot, NULL, 0, "did not come to its end");
		assert_ran(&scene, "\n", false);
		assert_int_equal(stage(&scene), TRIAL_NONE);
	}
}

/* What is done after it by hand ends it: neither is it told again, nor is its message shown. */
static void assert_settled(struct scene *scene)
{
	auto_free char *motd = hosttree_read(&scene->tree, MOTD);

	assert_null(motd);
	assert_int_equal(stage(scene), TRIAL_NONE);
	boot(scene, "boot-2\n", WORDS);
	ends(scene, call_boot, NULL, 0, "");
	motd = hosttree_read(&scene->tree, MOTD);
	assert_null(motd);
}

static void test_settled(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(hosts); i++) {
		auto_scene struct scene scene = {0};

		build(&scene, hosts[i / 2]);
		enable(&scene, 0, "armed: ");
		trial_minute_ms = 0;
		boot(&scene, "boot-1\n", WORDS);
		/* Refused: enable finds nothing to change. Failed: it brings all to its end. */
		setenv("FAKE_FAIL", "update-initramfs", 1);
		ends(&scene, call_boot, i % 2 ? "" : NULL, ENABLE_FAILED, "could not be undone");
		unsetenv("FAKE_FAIL");
		scene.host.options.confirm_within = 0;
		scene.host.options.dry_run = true;
		enable(&scene, 0, "");
		assert_int_equal(stage(&scene), TRIAL_NOT_DONE);
		scene.host.options.dry_run = false;
		enable(&scene, 0, i % 2 ? "nothing to change" : "done: update-initramfs");
		assert_settled(&scene);
	}
}

/* The boot after it has told of it, and disable is run as it says. */
static void test_settled_by_disable(void **state)
{
	auto_scene struct scene scene = {0};
	auto_run struct hosttree_run run = {0};

	(void)state;
	build(&scene, hosts[0]);
	enable(&scene, 0, "armed: ");
	trial_minute_ms = 0;
	boot(&scene, "boot-1\n", WORDS);
	ends(&scene, call_boot, "", ENABLE_FAILED, "could not be undone");
	boot(&scene, "boot-2\n", WORDS);
	ends(&scene, call_boot, NULL, 0, "to undo it: host-setup disable");
	run = hostcase_disable(&scene.tree, &scene.host);
	hosttree_assert_code(&run, 0);
	assert_settled(&scene);
}

/* `disable` itself: the next boot would have no root=. */
static void test_disable_refuses(void **state)
{
	auto_scene struct scene scene = {0};

	(void)state;
	build(&scene, hosts[1]);
	enable(&scene, 0, "armed: ");
	hosttree_text(&scene.tree, "etc/kernel/cmdline", "quiet " WORDS "\n");
	trial_minute_ms = 0;
	boot(&scene, "boot-1\n", WORDS);
	ends(&scene, call_boot, NULL, ENABLE_FAILED, "could not be undone");
	assert_ran(&scene, "systemctl", false);
}

static void test_reboot_fails(void **state)
{
	auto_scene struct scene scene = {0};

	(void)state;
	build(&scene, hosts[0]);
	enable(&scene, 0, "armed: ");
	trial_minute_ms = 0;
	boot(&scene, "boot-1\n", WORDS);
	setenv("FAKE_FAIL", "systemctl", 1);
	ends(&scene, call_boot, NULL, ENABLE_FAILED, "could not be told to reboot: exit status 1");
	unsetenv("FAKE_FAIL");
}

static void test_disable_meanwhile(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(hosts); i++) {
		auto_scene struct scene scene = {0};
		auto_run struct hosttree_run run = {0};

		build(&scene, hosts[i / 2]);
		enable(&scene, 0, "armed: ");
		if (i % 2)
			start_clock(&scene, "boot-1\n");
		run = hostcase_disable(&scene.tree, &scene.host);
		hosttree_assert_code(&run, 0);
		hosttree_assert_says(&run, "nothing is to be confirmed any more");
		trial_minute_ms = 0;
		hosttree_forget_commands(&scene.tree);
		boot(&scene, "boot-2\n", WORDS);
		ends(&scene, call_boot, NULL, 0, "");
		assert_ran(&scene, "\n", false);
		assert_as_before(&scene);
	}
}

/* The power was cut before disable could end the trial: that boot has no words, and ends it. */
static void test_left_over(void **state)
{
	auto_scene struct scene scene = {0};
	auto_run struct hosttree_run run = {0};
	auto_free char *armed = NULL;

	(void)state;
	build(&scene, hosts[0]);
	enable(&scene, 0, "armed: ");
	armed = hosttree_read(&scene.tree, TRIAL_PATH);
	run = hostcase_disable(&scene.tree, &scene.host);
	hosttree_assert_code(&run, 0);
	hosttree_text(&scene.tree, TRIAL_PATH, armed);
	boot(&scene, "boot-1\n", "");
	ends(&scene, call_boot, NULL, 0, "");
	assert_as_before(&scene);
}

/* ---- death at any write ---- */

/* After the power has gone: whatever would boot with the words is on trial, and is undone. */
static bool cut_enable(const char *name, enum hosttree_cut cut, unsigned int at)
{
	auto_scene struct scene scene = {0};
	auto_run struct hosttree_run run = {0};

	build(&scene, name);
	hosttree_cut(cut, at);
	run = hostcase_enable(&scene.tree, &scene.host);
	hosttree_cut(CUT_NEVER, 0);
	if (!run.code || run.code == HOSTTREE_NOT_TORN)
		return run.code;
	hosttree_assert_code(&run, HOSTTREE_DEAD);
	if (!next_has_words(&scene))
		return true;
	if (stage(&scene) != TRIAL_ARMED)
		fail_msg("%s: not armed after step %u", name, at);
	trial_minute_ms = 0;
	boot(&scene, "boot-1\n", WORDS);
	ends(&scene, call_boot, NULL, 0, "is undone");
	boot(&scene, "boot-2\n", "");
	ends(&scene, call_boot, NULL, 0, "was undone");
	assert_as_before(&scene);
	return true;
}

/* The undo dies: the next boot does it when it was not begun, and else leaves it alone. */
static bool cut_undo(const char *name, enum hosttree_cut cut, unsigned int at)
{
	auto_scene struct scene scene = {0};
	auto_run struct hosttree_run run = {0};
	bool armed;

	build(&scene, name);
	enable(&scene, 0, "armed: ");
	trial_minute_ms = 0;
	boot(&scene, "boot-1\n", WORDS);
	hosttree_cut(cut, at);
	run = hosttree_run(&scene.tree, call_boot, NULL);
	hosttree_cut(CUT_NEVER, 0);
	if (!run.code || run.code == HOSTTREE_NOT_TORN)
		return run.code;
	hosttree_assert_code(&run, HOSTTREE_DEAD);
	armed = stage(&scene) == TRIAL_ARMED;
	hosttree_forget_commands(&scene.tree);
	boot(&scene, "boot-2\n", next_has_words(&scene) ? WORDS : "");
	hosttree_run_free(&run);
	run = hosttree_run(&scene.tree, call_boot, NULL);
	hosttree_assert_code(&run, 0);
	assert_ran(&scene, "systemctl reboot", armed);
	assert_ran(&scene, "update-initramfs", armed);
	return true;
}

static void test_power_cuts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		unsigned int at = 1;

		for (; cut_enable(hosts[i], CUT_AFTER, at); at += sweep_every(1, SANITIZED_EVERY))
			(void)cut_enable(hosts[i], CUT_TORN, at);
		assert_true(at > 8);
		for (at = 1; cut_undo(hosts[i], CUT_AFTER, at);
		     at += sweep_every(1, SANITIZED_EVERY))
			(void)cut_undo(hosts[i], CUT_TORN, at);
		assert_true(at > 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_arming),
		cmocka_unit_test(test_enable_fails),
		cmocka_unit_test(test_not_armed_elsewhere),
		cmocka_unit_test(test_confirmed),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_not_confirmed),
		cmocka_unit_test(test_unread_for_a_while),
		cmocka_unit_test(test_told_again),
		cmocka_unit_test(test_unwritten),
		cmocka_unit_test(test_changed_meanwhile),
		cmocka_unit_test(test_power_cut_between),
		cmocka_unit_test(test_undo_refuses),
		cmocka_unit_test(test_settled),
		cmocka_unit_test(test_settled_by_disable),
		cmocka_unit_test(test_disable_refuses),
		cmocka_unit_test(test_reboot_fails),
		cmocka_unit_test(test_disable_meanwhile),
		cmocka_unit_test(test_left_over),
		cmocka_unit_test(test_power_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
