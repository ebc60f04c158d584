// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What happens when it does not go well: the power is cut at every write and command of enable and
 * of disable, commands fail or do nothing, disks are full.
 */
#include "hostcase.h"

#include "host/setup/check/unfinished.h"
#include "host/setup/state/hoststate.h"

#include <stdio.h>
#include <sys/stat.h>

#include "sanitized.h"

/* The power is cut at every step, or at every third. */
#define SANITIZED_EVERY 13

/* Hosts whose runs are different in what they write. */
static const char *const hosts[] = {"options", "directories-there", "sdboot-opt-ins"};

/* What decides how the host boots: the words that are configured. */
static char *configured(const struct hosttree *tree)
{
	auto_free char *grub = hosttree_shell_words(tree);
	auto_free char *cmdline = hosttree_read(tree, "etc/kernel/cmdline");

	return fs_path("%s|%s", grub ? grub : "", cmdline ? cmdline : "");
}

/* What the host really boots with: what the commands have made of the configuration. */
static char *booted(const struct hosttree *tree)
{
	static const char entry[] = "var/tmp/espmounts/3333-4444/loader/entries/proxmox-6.8.conf";
	auto_free char *initramfs = hosttree_read(tree, "var/tmp/initramfs");
	auto_free char *grub = hosttree_read(tree, "boot/grub/grub.cfg");
	auto_free char *esp = hosttree_read(tree, entry);

	return fs_path("%s|%s|%s", initramfs ? initramfs : "", grub ? grub : "", esp ? esp : "");
}

struct goal {
	struct hostcase host;
	char *old_boot, *new_boot;   /* booted */
	char *before, *after;	     /* the tree */
	char *old_words, *new_words; /* configured */
};

static void goal_free(struct goal *goal)
{
	hostcase_free(&goal->host);
	free(goal->before);
	free(goal->after);
	free(goal->old_boot);
	free(goal->new_boot);
	free(goal->old_words);
	free(goal->new_words);
}

#define auto_goal cleanup_with(goal_free)

static void goal_read(const char *name, struct goal *ret)
{
	auto_hosttree struct hosttree tree = {0};
	auto_run struct hosttree_run run = {0};

	hostcase_read(name, &ret->host);
	hostcase_build(&tree, &ret->host);
	ret->before = hosttree_render(&tree);
	ret->old_boot = booted(&tree);
	ret->old_words = configured(&tree);
	run = hostcase_enable(&tree, &ret->host);
	hosttree_assert_code(&run, 0);
	ret->after = hosttree_render(&tree);
	ret->new_boot = booted(&tree);
	ret->new_words = configured(&tree);
	assert_string_not_equal(ret->old_words, ret->new_words);
}

typedef struct hosttree_run verb(const struct hosttree *tree, const struct hostcase *host);

/* That FIRST has not come to its end, check says as long as its state is there; NULL: all has. */
static void assert_told(const struct hosttree *tree, verb *first, const char *what)
{
	auto_free char *state = hosttree_read(tree, HOSTSTATE_PATH);
	const char *command = first == hostcase_enable ? "host-setup enable" : "host-setup disable";
	bool pending = state && strstr(state, "\npending");
	auto_checklist struct checklist list = {0};

	assert_int_equal(unfinished_check(&tree->root, &list), 0);
	if (list.n != pending || (pending && !first))
		fail_msg("%s: %zu items, and %s", what, list.n, state ? state : "no state");
	if (pending && (strncmp(list.items[0].what, command, strlen(command)) ||
			!strstr(list.items[0].cure, command)))
		fail_msg("%s: %s: %s", what, list.items[0].what, list.items[0].cure);
}

/*
 * Cuts the power at step AT of FIRST on a tree that is READY (enabled) or not, looks that it would
 * boot, and lets THEN finish. False when there is no such step, or when it cannot be cut so.
 */
static bool cut_and_go_on(const struct goal *goal, bool ready, verb *first, enum hosttree_cut cut,
			  unsigned int at, verb *then)
{
	auto_hosttree struct hosttree tree = {0};
	auto_run struct hosttree_run died = {0}, run = {0};
	auto_free char *words = NULL;
	auto_free char *boots = NULL;
	auto_free char *what = fs_path("%s: %s %u of %s, then %s", goal->host.name,
				       cut == CUT_BEFORE ? "before"
				       : cut == CUT_TORN ? "in"
							 : "after",
				       at, first == hostcase_enable ? "enable" : "disable",
				       then == hostcase_enable ? "enable" : "disable");

	hostcase_build(&tree, &goal->host);
	if (ready) {
		run = hostcase_enable(&tree, &goal->host);
		hosttree_assert_code(&run, 0);
		hosttree_run_free(&run);
	}
	hosttree_cut(cut, at);
	died = first(&tree, &goal->host);
	hosttree_cut(CUT_NEVER, 0);
	run.output = NULL;
	if (died.code == 0 || died.code == HOSTTREE_NOT_TORN)
		return false;
	hosttree_assert_code(&died, HOSTTREE_DEAD);
	words = configured(&tree);
	if (strcmp(words, goal->old_words) && strcmp(words, goal->new_words))
		fail_msg("%s: neither the old nor the new configuration: %s", what, words);
	assert_told(&tree, first, what);
	run = then(&tree, &goal->host);
	hosttree_assert_code(&run, 0);
	assert_told(&tree, NULL, what);
	hosttree_assert(&tree, then == hostcase_enable ? goal->after : goal->before, what);
	boots = booted(&tree);
	if (strcmp(boots, then == hostcase_enable ? goal->new_boot : goal->old_boot))
		fail_msg("%s: it boots with %s", what, boots);
	return true;
}

/* Every step, every way to die at it, and either way to go on. */
static void cut_everywhere(const char *name, bool ready, verb *first)
{
	auto_goal struct goal goal = {0};
	unsigned int at = 1;

	goal_read(name, &goal);
	cut_and_go_on(&goal, ready, first, CUT_BEFORE, 1, hostcase_enable);
	cut_and_go_on(&goal, ready, first, CUT_BEFORE, 1, hostcase_disable);
	/* To die after a step is to die before the next. */
	for (; cut_and_go_on(&goal, ready, first, CUT_AFTER, at, hostcase_enable);
	     at += sweep_every(1, SANITIZED_EVERY)) {
		cut_and_go_on(&goal, ready, first, CUT_AFTER, at, hostcase_disable);
		if (!cut_and_go_on(&goal, ready, first, CUT_TORN, at, hostcase_enable))
			continue;
		cut_and_go_on(&goal, ready, first, CUT_TORN, at, hostcase_disable);
	}
	/* At least: the state, two files, the commands, the state. */
	assert_true(at > 6);
}

static void test_power_cut_in_enable(void **state)
{
	cut_everywhere(*state, false, hostcase_enable);
}

static void test_power_cut_in_disable(void **state)
{
	cut_everywhere(*state, true, hostcase_disable);
}

/* Enable fails so, and all is as it was, and the commands are run twice when COMMANDS_AGAIN. */
static void assert_taken_back(const char *name, const char *says)
{
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};
	auto_free char *before = NULL;

	hostcase_read(name, &host);
	hostcase_build(&tree, &host);
	before = hosttree_render(&tree);
	run = hostcase_enable(&tree, &host);
	hosttree_assert_code(&run, ENABLE_FAILED);
	hosttree_assert_says(&run, says);
	hosttree_assert(&tree, before, "after a failure");
}

/* When the commands fail on the old files, too, the entries may have either: what is run next runs
 * them again. */
static void assert_still_due(const char *name, const char *says)
{
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};
	auto_free char *before = NULL, *boots = NULL, *now = NULL, *ran = NULL;

	hostcase_read(name, &host);
	hostcase_build(&tree, &host);
	before = hosttree_render(&tree);
	boots = configured(&tree);
	run = hostcase_enable(&tree, &host);
	unsetenv("FAKE_FAIL");
	hosttree_assert_code(&run, ENABLE_FAILED);
	hosttree_assert_says(&run, says);
	hosttree_run_free(&run);
	now = configured(&tree);
	assert_string_equal(now, boots);
	hosttree_forget_commands(&tree);
	run = hostcase_disable(&tree, &host);
	hosttree_assert_code(&run, 0);
	ran = hosttree_commands(&tree);
	assert_non_null(strstr(ran, "update-initramfs -u -k all\n"));
	hosttree_assert(&tree, before, "after disable");
}

static void test_failing_commands(void **state)
{
	(void)state;
	setenv("FAKE_FAIL", "update-grub", 1);
	assert_still_due("grub-intel", "`update-grub` failed: exit status 3");
	setenv("FAKE_FAIL", "update-initramfs", 1);
	assert_still_due("options", "`update-initramfs -u -k all` failed: exit status 6");
	setenv("FAKE_FAIL", "proxmox-boot-tool", 1);
	assert_still_due("sdboot-zfs", "`proxmox-boot-tool refresh` failed: exit status 4");
	setenv("FAKE_FAIL", "kernel-install", 1);
	assert_still_due("sdboot-debian", "failed: exit status 5");
}

/* A command that claims success and did nothing is found out. */
static void test_idle_commands(void **state)
{
	(void)state;
	setenv("FAKE_IDLE", "update-grub", 1);
	assert_taken_back("grub-intel", "/boot/grub/grub.cfg has no entry");
	unsetenv("FAKE_IDLE");
}

/* The same for the ESPs, each of which has to have the words. */
static void test_idle_boot_tool(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};

	(void)state;
	hostcase_read("sdboot-zfs", &host);
	hostcase_build(&tree, &host);
	setenv("FAKE_IDLE", "proxmox-boot-tool", 1);
	run = hostcase_enable(&tree, &host);
	unsetenv("FAKE_IDLE");
	hosttree_assert_code(&run, ENABLE_FAILED);
	hosttree_assert_says(&run, "the ESP 1111-2222 has no entry with intel_iommu=on");
}

/* An initramfs that was not made anew: enable is undone, and what disable removes stays removed. */
static void test_idle_initramfs(void **state)
{
	static const char says[] = "/boot/initrd.img-6.8 was not made anew";
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};
	auto_free char *before = NULL;

	(void)state;
	hostcase_read("grub-intel", &host);
	hostcase_build(&tree, &host);
	hosttree_text(&tree, "boot/vmlinuz-6.8", "");
	hosttree_text(&tree, "boot/initrd.img-6.8", "");
	before = hosttree_render(&tree);
	setenv("FAKE_IDLE", "update-initramfs", 1);
	run = hostcase_enable(&tree, &host);
	hosttree_assert_code(&run, ENABLE_FAILED);
	hosttree_assert_says(&run, says);
	hosttree_assert(&tree, before, "after an update-initramfs that did nothing");
	unsetenv("FAKE_IDLE");
	hosttree_run_free(&run);
	run = hostcase_enable(&tree, &host);
	hosttree_assert_code(&run, 0);
	hosttree_run_free(&run);
	setenv("FAKE_IDLE", "update-initramfs", 1);
	run = hostcase_disable(&tree, &host);
	unsetenv("FAKE_IDLE");
	hosttree_assert_code(&run, 0);
	hosttree_assert_says(&run, says);
	hosttree_assert(&tree, before, "after disable");
}

/* One that it has not made it leaves alone. */
static void test_initramfs_by_hand(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};

	(void)state;
	hostcase_read("grub-intel", &host);
	hostcase_build(&tree, &host);
	hosttree_text(&tree, "boot/vmlinuz-6.8", "");
	hosttree_text(&tree, "boot/initrd.img-6.8", "");
	hosttree_text(&tree, "boot/vmlinuz-6.9-by-hand", "");
	hosttree_text(&tree, "boot/initrd.img-6.9-by-hand", "");
	run = hostcase_enable(&tree, &host);
	hosttree_assert_code(&run, 0);
	hosttree_assert_says(&run, "/boot/initrd.img-6.9-by-hand was not made anew");
}

/* And one that should have taken the words out, in disable: in GRUB's file, and on an ESP. */
static void test_idle_disable(void **state)
{
	static const struct {
		const char *host, *idle, *says;
	} rows[] = {
		{"grub-intel", "update-grub",
		 "each entry of /boot/grub/grub.cfg still has intel_iommu=on"},
		{"sdboot-zfs", "proxmox-boot-tool",
		 "each entry of the ESP 1111-2222 still has intel_iommu=on"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_hosttree struct hosttree tree = {0};
		auto_hostcase struct hostcase host = {0};
		auto_run struct hosttree_run run = {0};
		auto_free char *enabled = NULL;

		hostcase_read(rows[i].host, &host);
		hostcase_build(&tree, &host);
		run = hostcase_enable(&tree, &host);
		hosttree_assert_code(&run, 0);
		hosttree_run_free(&run);
		enabled = hosttree_render(&tree);
		setenv("FAKE_IDLE", rows[i].idle, 1);
		run = hostcase_disable(&tree, &host);
		unsetenv("FAKE_IDLE");
		hosttree_assert_code(&run, ENABLE_FAILED);
		hosttree_assert_says(&run, rows[i].says);
		hosttree_assert(&tree, enabled, "after a disable that had no effect");
	}
}

static void test_commands_run_again(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};
	auto_free char *ran = NULL;

	(void)state;
	hostcase_read("grub-intel", &host);
	hostcase_build(&tree, &host);
	setenv("FAKE_FAIL", "update-grub", 1);
	run = hostcase_enable(&tree, &host);
	unsetenv("FAKE_FAIL");
	ran = hosttree_commands(&tree);
	assert_string_equal(ran, "update-initramfs -u -k all\nupdate-grub\n"
				 "update-initramfs -u -k all\nupdate-grub\n");
	hosttree_assert_says(&run, "the commands failed on them too");
}

/* A write that fails takes the ones before it back; the commands were not run, so they are not
 * again. */
static void test_failing_write(void **state)
{
	(void)state;
	hosttree_fail_write("zz-pve-passthrough.cfg");
	assert_taken_back("grub-intel", "/etc/default/grub.d/zz-pve-passthrough.cfg could not be "
					"written: No space left on device");
	hosttree_fail_write("kernel/cmdline");
	assert_taken_back("sdboot-opt-ins", "/etc/kernel/cmdline could not be written");
	hosttree_fail_write("pve-passthrough/host-setup");
	assert_taken_back("grub-intel", "nothing was changed");
	hosttree_fail_write(NULL);
}

static void test_failing_disable(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};
	auto_free char *enabled = NULL;

	(void)state;
	hostcase_read("sdboot-opt-ins", &host);
	hostcase_build(&tree, &host);
	run = hostcase_enable(&tree, &host);
	enabled = hosttree_render(&tree);
	hosttree_run_free(&run);
	setenv("FAKE_FAIL", "proxmox-boot-tool", 1);
	run = hostcase_disable(&tree, &host);
	unsetenv("FAKE_FAIL");
	hosttree_assert_code(&run, ENABLE_FAILED);
	hosttree_run_free(&run);
	run = hostcase_enable(&tree, &host);
	hosttree_assert_code(&run, 0);
	hosttree_assert(&tree, enabled, "after a disable that failed");
}

static void test_missing_command(void **state)
{
	(void)state;
	setenv("HOSTTREE_PATH", "/nowhere", 1);
	assert_taken_back("grub-intel", "`update-initramfs -u -k all` is needed, and is not found");
	unsetenv("HOSTTREE_PATH");
}

static void test_full_disk(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};
	auto_free char *before = NULL;
	auto_free char *ran = NULL;

	(void)state;
	hostcase_read("grub-intel", &host);
	hostcase_build(&tree, &host);
	hosttree_text(&tree, "boot/initrd.img-6.8.12-4-pve", "an initramfs");
	before = hosttree_render(&tree);
	hosttree_free_space((uint64_t)4 << 20);
	run = hostcase_enable(&tree, &host);
	hosttree_free_space(0);
	hosttree_assert_code(&run, ENABLE_FAILED);
	hosttree_assert_says(&run, "/boot has 4 MiB free");
	hosttree_assert(&tree, before, "with a full disk");
	ran = hosttree_commands(&tree);
	assert_string_equal(ran, "");
}

static void test_dry_run(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};
	auto_free char *before = NULL;
	auto_free char *ran = NULL;

	(void)state;
	hostcase_read("sdboot-opt-ins", &host);
	host.options.dry_run = true;
	hostcase_build(&tree, &host);
	before = hosttree_render(&tree);
	run = hostcase_enable(&tree, &host);
	hosttree_assert_code(&run, 0);
	hosttree_assert_says(&run,
			     "--- a/etc/kernel/cmdline\n+++ b/etc/kernel/cmdline\n@@ -1 +1 @@\n"
			     "-root=ZFS=rpool/ROOT/pve-1 boot=zfs\n"
			     "+root=ZFS=rpool/ROOT/pve-1 boot=zfs intel_iommu=on iommu=pt ");
	hosttree_assert_says(&run, "--- /dev/null\n+++ b/etc/modprobe.d/pve-passthrough.conf\n"
				   "@@ -0,0 +1,2 @@\n");
	hosttree_assert_says(&run, "  update-initramfs -u -k all\n  proxmox-boot-tool refresh\n");
	hosttree_assert(&tree, before, "after a dry run");
	ran = hosttree_commands(&tree);
	assert_string_equal(ran, "");
}

static void show_edits(struct hosttree *tree, struct hosttree_run *run)
{
	auto_hostcase struct hostcase host = {0};

	hostcase_read("sdboot-opt-ins", &host);
	host.options.dry_run = true;
	hostcase_build(tree, &host);
	*run = hostcase_enable(tree, &host);
}

/* diff is a package of its own: without it there is as much to see. */
static void test_dry_run_without_diff(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_run struct hosttree_run run = {0};

	(void)state;
	setenv("HOSTTREE_PATH", TESTS_DIR "/fakes", 1);
	show_edits(&tree, &run);
	unsetenv("HOSTTREE_PATH");
	hosttree_assert_code(&run, 0);
	hosttree_assert_says(&run, "diff is not installed");
	hosttree_assert_says(&run, "apt-get install diffutils");
	hosttree_assert_says(&run, "the new text of /etc/kernel/cmdline:\n"
				   "root=ZFS=rpool/ROOT/pve-1 boot=zfs intel_iommu=on iommu=pt ");
	hosttree_assert_says(&run, "the new text of /etc/modprobe.d/pve-passthrough.conf:\n");
	hosttree_assert_says(&run, "  update-initramfs -u -k all\n  proxmox-boot-tool refresh\n");
}

/* All is there: said so, and not nothing. */
static void test_dry_run_of_nothing(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};

	(void)state;
	hostcase_read("by-the-guide", &host);
	host.options.dry_run = true;
	hostcase_build(&tree, &host);
	run = hostcase_enable(&tree, &host);
	hosttree_assert_code(&run, 0);
	hosttree_assert_says(&run, "nothing would change: no file, and no command is to be run");
}

/* update-grub was forgotten: only commands are to be run. */
static void test_dry_run_of_commands(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};

	(void)state;
	hostcase_read("by-the-guide-no-update-grub", &host);
	host.options.dry_run = true;
	hostcase_build(&tree, &host);
	run = hostcase_enable(&tree, &host);
	hosttree_assert_code(&run, 0);
	hosttree_assert_says(&run, "No file would change; the boot entries are not up to date.\n"
				   "Commands to be run:\n");
}

static int call_enable_asking(const struct fs_root *root, const void *unused)
{
	(void)unused;
	return enable_run(root, &(struct setup_options){0});
}

static int call_disable_asking(const struct fs_root *root, const void *unused)
{
	(void)unused;
	return disable_run(root, &(struct setup_options){0});
}

/* Without a terminal and without --yes the changes are shown, and nothing is changed. */
static void assert_only_shown(const struct hosttree *tree, hosttree_function *function,
			      const char *shown)
{
	auto_free char *before = hosttree_render(tree);
	auto_run struct hosttree_run run = {0};
	auto_free char *ran = NULL;

	hosttree_forget_commands(tree);
	run = hosttree_run(tree, function, NULL);
	hosttree_assert_code(&run, ENABLE_REFUSED);
	hosttree_assert_says(&run, shown);
	hosttree_assert_says(&run, "no terminal");
	hosttree_assert_says(&run, "add --yes");
	hosttree_assert(tree, before, "without a terminal");
	ran = hosttree_commands(tree);
	assert_string_equal(ran, "");
}

static void test_no_terminal(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};

	(void)state;
	hostcase_read("grub-intel", &host);
	hostcase_build(&tree, &host);
	assert_only_shown(&tree, call_enable_asking, "\n+vfio_pci\n");
	run = hostcase_enable(&tree, &host);
	hosttree_assert_code(&run, 0);
	assert_only_shown(&tree, call_disable_asking, "\n-vfio_pci\n");
}

/* Mode and owner of what is edited stay. */
static void test_mode_is_kept(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};
	auto_free char *path = NULL;
	struct stat st;

	(void)state;
	hostcase_read("sdboot-zfs", &host);
	hostcase_build(&tree, &host);
	path = fs_path("%s/etc/kernel/cmdline", tree.dir);
	assert_int_equal(chmod(path, 0640), 0);
	if (!geteuid())
		assert_int_equal(chown(path, 12, 34), 0);
	run = hostcase_enable(&tree, &host);
	hosttree_assert_code(&run, 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	if (!geteuid()) {
		assert_int_equal(st.st_uid, 12);
		assert_int_equal(st.st_gid, 34);
	}
}

/* A word against passthrough was removed by hand, and update-grub forgotten: enable runs it. */
static void test_removed_by_hand(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};
	auto_free char *commands = NULL, *grub = NULL;

	(void)state;
	hostcase_read("applied-in-vain-intel", &host);
	hostcase_build(&tree, &host);
	hosttree_text(&tree, "proc/cmdline",
		      "BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro intel_iommu=on "
		      "iommu=pt nointremap\n");
	hosttree_text(&tree, "boot/grub/grub.cfg",
		      "\tlinux /vmlinuz root=/dev/sda1 ro intel_iommu=on iommu=pt nointremap\n");
	run = hostcase_enable(&tree, &host);
	hosttree_assert_code(&run, 0);
	commands = hosttree_commands(&tree);
	assert_non_null(strstr(commands, "update-grub\n"));
	grub = hosttree_read(&tree, "boot/grub/grub.cfg");
	assert_null(strstr(grub, "nointremap"));
	hosttree_assert_says(&run, "a reboot is needed");
}

int main(void)
{
	struct CMUnitTest cuts[2 * ARRAY_SIZE(hosts)];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failing_commands),
		cmocka_unit_test(test_idle_commands),
		cmocka_unit_test(test_idle_boot_tool),
		cmocka_unit_test(test_idle_initramfs),
		cmocka_unit_test(test_initramfs_by_hand),
		cmocka_unit_test(test_commands_run_again),
		cmocka_unit_test(test_failing_write),
		cmocka_unit_test(test_failing_disable),
		cmocka_unit_test(test_missing_command),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_idle_disable),
		cmocka_unit_test(test_dry_run),
		cmocka_unit_test(test_dry_run_without_diff),
		cmocka_unit_test(test_dry_run_of_nothing),
		cmocka_unit_test(test_dry_run_of_commands),
		cmocka_unit_test(test_mode_is_kept),
		cmocka_unit_test(test_no_terminal),
		cmocka_unit_test(test_removed_by_hand),
	};
	struct CMUnitTest all[ARRAY_SIZE(tests) + ARRAY_SIZE(cuts)];

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		cuts[2 * i] = (struct CMUnitTest){"power cut in enable", test_power_cut_in_enable,
						  NULL, NULL, (void *)(uintptr_t)hosts[i]};
		cuts[2 * i + 1] = (struct CMUnitTest){"power cut in disable",
						      test_power_cut_in_disable, NULL, NULL,
						      (void *)(uintptr_t)hosts[i]};
	}
	memcpy(all, tests, sizeof(tests));
	memcpy(all + ARRAY_SIZE(tests), cuts, sizeof(cuts));
	return cmocka_run_group_tests(all, NULL, NULL);
}
