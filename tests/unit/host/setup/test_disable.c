// SPDX-License-Identifier: GPL-2.0-or-later
/* What comes between enable and disable: other edits, other options, a kernel that is ready. */
#include "hostcase.h"

#include "host/base/fs_write.h"

#include <stdio.h>

#define CMDLINE "etc/kernel/cmdline"

static void run_enable(const struct hosttree *tree, const struct hostcase *host)
{
	auto_run struct hosttree_run run = hostcase_enable(tree, host);

	hosttree_assert_code(&run, 0);
}

static void run_disable(const struct hosttree *tree, const struct hostcase *host)
{
	auto_run struct hosttree_run run = hostcase_disable(tree, host);

	hosttree_assert_code(&run, 0);
}

static int call_manual_too(const struct fs_root *root, const void *unused)
{
	const struct setup_options options = {.yes = true, .manual_too = true};

	(void)unused;
	return disable_run(root, &options);
}

static void assert_text(const struct hosttree *tree, const char *path, const char *want)
{
	auto_free char *text = hosttree_read(tree, path);

	assert_non_null(text);
	assert_string_equal(text, want);
}

/* The command line with EDITED in place of what enable made of it: disable leaves WANT. */
static void assert_edit_survives(const char *edited, const char *want)
{
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};

	hostcase_read("sdboot-zfs", &host);
	hostcase_build(&tree, &host);
	run_enable(&tree, &host);
	assert_text(&tree, CMDLINE, "root=ZFS=rpool/ROOT/pve-1 boot=zfs intel_iommu=on iommu=pt\n");
	hosttree_text(&tree, CMDLINE, edited);
	run_disable(&tree, &host);
	assert_text(&tree, CMDLINE, want);
}

static void test_edits_between(void **state)
{
	(void)state;
	assert_edit_survives("root=ZFS=rpool/ROOT/pve-1 boot=zfs intel_iommu=on iommu=pt quiet\n",
			     "root=ZFS=rpool/ROOT/pve-1 boot=zfs quiet\n");
	assert_edit_survives("root=ZFS=rpool/ROOT/pve-1 quiet  boot=zfs intel_iommu=on iommu=pt",
			     "root=ZFS=rpool/ROOT/pve-1 quiet  boot=zfs");
	assert_edit_survives("intel_iommu=on iommu=pt root=ZFS=rpool/ROOT/pve-1 boot=zfs\n",
			     "root=ZFS=rpool/ROOT/pve-1 boot=zfs\n");
	assert_edit_survives("root=/a iommu=pt b intel_iommu=on c\r\n", "root=/a b c\r\n");
	/* What the administrator made another word of is the administrator's. */
	assert_edit_survives("root=/a intel_iommu=on,sm_on iommu=pt\n",
			     "root=/a intel_iommu=on,sm_on\n");
	/* One that was written again by hand before ours stays. */
	assert_edit_survives("iommu=pt root=/a intel_iommu=on iommu=pt b\n",
			     "iommu=pt root=/a b\n");
	assert_edit_survives("root=/a\n", "root=/a\n");
}

/* Without root= the boot loader's tool would write an entry that does not boot. */
static void test_lost_root(void **state)
{
	static const char edited[] = "quiet intel_iommu=on iommu=pt\n";
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};
	auto_free char *ran = NULL;

	(void)state;
	hostcase_read("sdboot-zfs", &host);
	hostcase_build(&tree, &host);
	run_enable(&tree, &host);
	hosttree_text(&tree, CMDLINE, edited);
	hosttree_forget_commands(&tree);
	run = hostcase_disable(&tree, &host);
	hosttree_assert_code(&run, ENABLE_REFUSED);
	hosttree_assert_says(&run, "/etc/kernel/cmdline:1: it has no root=");
	hosttree_assert_says(&run, "then: host-setup disable");
	assert_text(&tree, CMDLINE, edited);
	ran = hosttree_commands(&tree);
	assert_string_equal(ran, "");
}

/* A second enable after an edit adds nothing, and does not move what is there. */
static void test_enable_after_edit(void **state)
{
	static const char edited[] = "root=/a intel_iommu=on iommu=pt b\n";
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};

	(void)state;
	hostcase_read("sdboot-zfs", &host);
	hostcase_build(&tree, &host);
	run_enable(&tree, &host);
	hosttree_text(&tree, CMDLINE, edited);
	run_enable(&tree, &host);
	assert_text(&tree, CMDLINE, edited);
	hosttree_text(&tree, CMDLINE, "root=/a iommu=pt b \n");
	run_enable(&tree, &host);
	assert_text(&tree, CMDLINE, "root=/a iommu=pt b intel_iommu=on \n");
	run_disable(&tree, &host);
	assert_text(&tree, CMDLINE, "root=/a b \n");
}

/* With --only enable makes it as it is asked now: what an earlier run was asked goes. */
static void test_only(void **state)
{
	static const char *const names[] = {"grub-intel", "sdboot-zfs"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_hosttree struct hosttree tree = {0};
		auto_hostcase struct hostcase host = {0};
		auto_free char *before = NULL;
		auto_free char *after = NULL;

		hostcase_read(names[i], &host);
		hostcase_build(&tree, &host);
		before = hosttree_render(&tree);
		after = hostcase_after(&host);
		host.options.acs_override = "both";
		host.options.ignore_msrs = true;
		hosttree_text(&tree, "etc/modprobe.d/kvm.conf", "");
		run_enable(&tree, &host);
		host.options.acs_override = NULL;
		host.options.ignore_msrs = false;
		host.options.only = true;
		run_enable(&tree, &host);
		assert_int_equal(fs_probe(&tree.root, "etc/modprobe.d/pve-passthrough.conf"), 0);
		run_disable(&tree, &host);
		assert_int_equal(fs_remove(&tree.root, "etc/modprobe.d", "kvm.conf"), 0);
		assert_int_equal(fs_remove_empty_dir(&tree.root, "etc/modprobe.d"), 0);
		hosttree_assert(&tree, before, names[i]);
		run_enable(&tree, &host);
		hosttree_assert(&tree, after, names[i]);
	}
}

/* What enable has added to the words that every host gets. */
static char *added_words(const struct hosttree *tree, bool grub)
{
	auto_free char *text = grub ? hosttree_shell_words(tree) : hosttree_read(tree, CMDLINE);
	const char *after;

	assert_non_null(text);
	after = strstr(text, " iommu=pt");
	assert_non_null(after);
	after += strlen(" iommu=pt");
	return strndup(after, strcspn(after, "\n"));
}

/* A call of enable, and what there is after it. */
struct call {
	const char *words[4]; /* of --kernel-arg */
	const char *acs;
	bool realloc_off, msrs, unsafe, only;
	const char *added;   /* words, each after a space */
	const char *options; /* lines of modprobe.d */
	const char *says;
};

static void assert_call(const struct hosttree *tree, struct hostcase *host, const struct call *call,
			bool grub)
{
	auto_run struct hosttree_run run = {0};
	auto_free char *added = NULL, *options = NULL;
	const char *lines;

	host->options = (struct setup_options){
		.yes = true,
		.acs_override = call->acs,
		.pci_realloc_off = call->realloc_off,
		.ignore_msrs = call->msrs,
		.unsafe_interrupts = call->unsafe,
		.only = call->only,
	};
	while (host->options.n_kernel_args < ARRAY_SIZE(call->words) &&
	       call->words[host->options.n_kernel_args]) {
		host->args[host->options.n_kernel_args] = call->words[host->options.n_kernel_args];
		host->options.n_kernel_args++;
	}
	run = hostcase_enable(tree, host);
	hosttree_assert_code(&run, 0);
	hosttree_assert_says(&run, call->says);
	added = added_words(tree, grub);
	assert_string_equal(added, call->added);
	options = hosttree_read(tree, "etc/modprobe.d/pve-passthrough.conf");
	lines = options ? strchr(options, '\n') + 1 : "";
	assert_string_equal(lines, call->options);
}

#define KEPT   "kept, as an earlier enable has set it: "
#define UNSAFE "options vfio_iommu_type1 allow_unsafe_interrupts=1\n"
#define MSRS   "options kvm ignore_msrs=1\n"

static const struct call calls[] = {
	{.words = {"splash"}, .msrs = true, .added = " splash", .options = MSRS, .says = "!" KEPT},
	/* What is asked for once more needs no word. */
	{.words = {"splash"}, .msrs = true, .added = " splash", .options = MSRS, .says = "!" KEPT},
	{.added = " splash", .options = MSRS, .says = KEPT "splash, kvm.ignore_msrs=1\n"},
	{.acs = "both",
	 .unsafe = true,
	 .added = " splash pcie_acs_override=downstream,multifunction",
	 .options = UNSAFE MSRS,
	 .says = KEPT "splash, kvm.ignore_msrs=1\n"},
	/* The value of an option replaces that of before. */
	{.acs = "downstream",
	 .words = {"pci=noaer"},
	 .added = " splash pcie_acs_override=downstream pci=noaer",
	 .options = UNSAFE MSRS,
	 .says = KEPT "splash, vfio_iommu_type1.allow_unsafe_interrupts=1, kvm.ignore_msrs=1\n"},
	/* pci= adds up, others are set anew. */
	{.realloc_off = true,
	 .words = {"hugepagesz=1G", "hugepages=4"},
	 .added = " splash pcie_acs_override=downstream pci=noaer pci=realloc=off hugepagesz=1G "
		  "hugepages=4",
	 .options = UNSAFE MSRS,
	 .says = KEPT "splash, pcie_acs_override=downstream, pci=noaer, "},
	{.words = {"hugepagesz=1G", "hugepages=8", "initcall_blacklist=a"},
	 .added = " splash pcie_acs_override=downstream pci=noaer pci=realloc=off hugepagesz=1G "
		  "hugepages=8 initcall_blacklist=a",
	 .options = UNSAFE MSRS,
	 .says = "pci=realloc=off, vfio"},
	{.words = {"initcall_blacklist=b", "hugepagesz=2M", "hugepages=9"},
	 .added = " splash pcie_acs_override=downstream pci=noaer pci=realloc=off "
		  "initcall_blacklist=a initcall_blacklist=b hugepagesz=2M hugepages=9",
	 .options = UNSAFE MSRS,
	 .says = "initcall_blacklist=a, vfio"},
	{.words = {"hugepages=9"},
	 .only = true,
	 .added = " hugepages=9",
	 .options = "",
	 .says = "!kept"},
	{.only = true, .added = "", .options = "", .says = "!kept"},
};

/* What an earlier run was asked for stays, whoever starts the host; and disable is exact. */
static void test_other_options(void **state)
{
	static const char *const names[] = {"grub-intel", "sdboot-zfs"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_hosttree struct hosttree tree = {0};
		auto_hostcase struct hostcase host = {0};
		auto_free char *before = NULL;

		hostcase_read(names[i], &host);
		hostcase_build(&tree, &host);
		before = hosttree_render(&tree);
		for (size_t k = 0; k < ARRAY_SIZE(calls); k++)
			assert_call(&tree, &host, &calls[k], !i);
		assert_call(&tree, &host, &calls[0], !i);
		run_disable(&tree, &host);
		hosttree_assert(&tree, before, names[i]);
	}
}

/* What was set by hand since is the administrator's; what he has taken out of our words stays out.
 */
static void test_kept_and_by_hand(void **state)
{
	static const char *const words[] = {"quiet", "splash"};
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};

	(void)state;
	hostcase_read("sdboot-zfs", &host);
	hostcase_build(&tree, &host);
	host.args[0] = words[0];
	host.args[1] = words[1];
	host.options.n_kernel_args = 2;
	run_enable(&tree, &host);
	assert_text(&tree, CMDLINE,
		    "root=ZFS=rpool/ROOT/pve-1 boot=zfs intel_iommu=on iommu=pt quiet splash\n");
	hosttree_text(&tree, CMDLINE, "quiet root=/a intel_iommu=on iommu=pt quiet\n");
	host.options.n_kernel_args = 0;
	run_enable(&tree, &host);
	assert_text(&tree, CMDLINE, "quiet root=/a intel_iommu=on iommu=pt\n");
	run_disable(&tree, &host);
	assert_text(&tree, CMDLINE, "quiet root=/a\n");
}

/* The host boots in another way than when it was enabled: the words follow it. */
static void test_other_bootloader(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_free char *before = NULL;

	(void)state;
	hostcase_read("sdboot-zfs", &host);
	hostcase_build(&tree, &host);
	before = hosttree_render(&tree);
	run_enable(&tree, &host);
	host.options.bootloader = "grub";
	run_enable(&tree, &host);
	assert_text(&tree, CMDLINE, "root=ZFS=rpool/ROOT/pve-1 boot=zfs\n");
	assert_int_equal(fs_probe(&tree.root, "etc/default/grub.d/zz-pve-passthrough.cfg"), 1);
	host.options.bootloader = NULL;
	run_enable(&tree, &host);
	assert_int_equal(fs_probe(&tree.root, "etc/default/grub.d/zz-pve-passthrough.cfg"), 0);
	run_disable(&tree, &host);
	hosttree_assert(&tree, before, "enabled for both");
}

/* An IOMMU that is on, and a kernel that has the words. */
static void make_ready(const struct hosttree *tree)
{
	hosttree_text(tree, "proc/cmdline", "BOOT_IMAGE=/x ro quiet intel_iommu=on iommu=pt\n");
	hosttree_text(tree, "sys/class/iommu/dmar0/x", "");
	hosttree_text(tree, "sys/kernel/iommu_groups/0/x", "");
}

static void test_no_reboot(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};

	(void)state;
	hostcase_read("by-hand-words", &host);
	hostcase_build(&tree, &host);
	make_ready(&tree);
	run = hostcase_enable(&tree, &host);
	hosttree_assert_code(&run, 0);
	hosttree_assert_says(&run, "loaded: vfio_pci");
	hosttree_assert_says(&run, "no reboot is needed");
	hosttree_assert_says(&run, "!a reboot is needed");
}

/* A word that the running kernel lacks, or an option of a module, waits for the reboot. */
static void test_reboot(void **state)
{
	static const char *const names[] = {"acs-pve", "options"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_hosttree struct hosttree tree = {0};
		auto_hostcase struct hostcase host = {0};
		auto_run struct hosttree_run run = {0};

		hostcase_read(names[i], &host);
		hostcase_build(&tree, &host);
		make_ready(&tree);
		run = hostcase_enable(&tree, &host);
		hosttree_assert_code(&run, 0);
		hosttree_assert_says(&run, "a reboot is needed");
		hosttree_assert_says(&run, "!loaded:");
	}
}

static void test_manual_too(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};

	(void)state;
	hostcase_read("by-the-guide", &host);
	hostcase_build(&tree, &host);
	hosttree_text(
		&tree, "etc/default/grub",
		"GRUB_CMDLINE_LINUX_DEFAULT=\"intel_iommu=on quiet \\\n  iommu=pt amd_iommu=on\"\n"
		"GRUB_CMDLINE_LINUX='pcie_acs_override=downstream a=intel_iommu=on'\n");
	hosttree_text(&tree, "etc/modules", "vfio\nloop\nvfio_pci\nvfio_iommu_type1");
	run = hosttree_run(&tree, call_manual_too, NULL);
	hosttree_assert_code(&run, 0);
	assert_text(&tree, "etc/default/grub",
		    "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet \\\n \"\n"
		    "GRUB_CMDLINE_LINUX='a=intel_iommu=on'\n");
	assert_text(&tree, "etc/modules", "loop\n");
	/* Shown, although nothing is asked. */
	hosttree_assert_says(&run, "--- a/etc/modules\n+++ b/etc/modules\n");
	hosttree_assert_says(&run, "-vfio\n");
}

/* Lines of modprobe.d: the word goes, and the line when nothing else is on it. */
static void test_manual_too_options(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};

	(void)state;
	hostcase_read("grub-intel", &host);
	hostcase_build(&tree, &host);
	hosttree_text(&tree, "etc/modprobe.d/kvm.conf",
		      "# first\noptions kvm ignore_msrs=1 report_ignored_msrs=0\n"
		      "options kvm ignore_msrs=Y\noptions kvm_intel nested=1\n");
	hosttree_text(&tree, "etc/modprobe.d/vfio.conf",
		      "options vfio_iommu_type1 \\\n\tallow_unsafe_interrupts=1\n");
	run = hosttree_run(&tree, call_manual_too, NULL);
	hosttree_assert_code(&run, 0);
	assert_text(&tree, "etc/modprobe.d/kvm.conf",
		    "# first\noptions kvm report_ignored_msrs=0\noptions kvm_intel nested=1\n");
	/* One on a continued line is reported, and left. */
	hosttree_assert_says(&run, "remove it by hand: options vfio_iommu_type1");
	assert_text(&tree, "etc/modprobe.d/vfio.conf",
		    "options vfio_iommu_type1 \\\n\tallow_unsafe_interrupts=1\n");
}

/* A word that sets something else as well is the administrator's to shorten. */
static void test_manual_too_other_parts(void **state)
{
	static const char grub[] = "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet pci=realloc=off,noaer\"\n";
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};

	(void)state;
	hostcase_read("grub-intel", &host);
	hostcase_build(&tree, &host);
	hosttree_text(&tree, "etc/default/grub", grub);
	run = hosttree_run(&tree, call_manual_too, NULL);
	hosttree_assert_code(&run, 0);
	hosttree_assert_says(&run, "remove it by hand: pci=realloc=off,noaer also sets");
	assert_text(&tree, "etc/default/grub", grub);
}

/* An IOMMU that is on without a word for it stays on, whatever /boot/config says. */
static void test_on_by_default(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};

	(void)state;
	hostcase_read("grub-intel", &host);
	hostcase_build(&tree, &host);
	run_enable(&tree, &host);
	make_ready(&tree);
	hosttree_text(&tree, "proc/cmdline", "BOOT_IMAGE=/x ro quiet\n");
	run = hostcase_disable(&tree, &host);
	hosttree_assert_code(&run, 0);
	hosttree_assert_says(&run, "this kernel turns an Intel IOMMU on by itself");
}

/* A word that cannot be taken out without harm to others stays, and is named. */
static void try_unplain(const char *grub, const char *says)
{
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};

	hostcase_read("grub-intel", &host);
	hostcase_build(&tree, &host);
	hosttree_text(&tree, "etc/default/grub", grub);
	run = hosttree_run(&tree, call_manual_too, NULL);
	hosttree_assert_code(&run, 0);
	hosttree_assert_says(&run, says);
	assert_text(&tree, "etc/default/grub", grub);
}

static void test_manual_too_unplain(void **state)
{
	(void)state;
	try_unplain("GRUB_CMDLINE_LINUX_DEFAULT=\"quiet iommu=\"pt\n",
		    "remove it by hand: iommu=pt");
	/* As many words would be left as should be, but others. */
	try_unplain("GRUB_CMDLINE_LINUX=pcie_acs_override=downstream\n"
		    "GRUB_CMDLINE_LINUX_DEFAULT=\"${GRUB_CMDLINE_LINUX},b quiet\"\n",
		    "remove it by hand: pcie_acs_override=downstream");
}

static int call_with_vm(const struct fs_root *root, const void *unused)
{
	static const unsigned int vms[] = {104};
	const struct setup_options options = {.yes = true, .vms = vms, .n_vms = 1};

	(void)unused;
	return disable_run(root, &options);
}

static void test_names_vms(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};

	(void)state;
	hostcase_read("grub-intel", &host);
	hostcase_build(&tree, &host);
	run_enable(&tree, &host);
	run = hosttree_run(&tree, call_with_vm, NULL);
	hosttree_assert_code(&run, 0);
	hosttree_assert_says(&run, "VM 104 has devices of the host");
}

/* A damaged state is refused. */
static void test_broken_state(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};

	(void)state;
	hostcase_read("sdboot-zfs", &host);
	hostcase_build(&tree, &host);
	hosttree_text(&tree, "var/lib/pve-passthrough/host-setup", "word \n");
	run = hostcase_disable(&tree, &host);
	hosttree_assert_code(&run, ENABLE_REFUSED);
	hosttree_assert_says(&run, "/var/lib/pve-passthrough/host-setup is damaged");
	hosttree_run_free(&run);
	hosttree_put(&tree, "var/lib/pve-passthrough/host-setup", "word a\n\0word b\n", 15);
	run = hostcase_enable(&tree, &host);
	hosttree_assert_code(&run, ENABLE_REFUSED);
	hosttree_assert_says(&run, "/var/lib/pve-passthrough/host-setup is damaged");
}

/* A file of ours that cannot be read is not one that is absent: it would stay, unsaid. */
static void test_unreadable_file(void **state)
{
	static const char *const paths[] = {"etc/modules-load.d/pve-passthrough.conf",
					    "etc/default/grub.d/zz-pve-passthrough.cfg"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		auto_hosttree struct hosttree tree = {0};
		auto_hostcase struct hostcase host = {0};
		auto_run struct hosttree_run run = {0};

		hostcase_read("acs-debian", &host);
		hostcase_build(&tree, &host);
		run_enable(&tree, &host);
		assert_int_equal(unlinkat(tree.root.fd, paths[i], 0), 0);
		assert_int_equal(symlinkat(strrchr(paths[i], '/') + 1, tree.root.fd, paths[i]), 0);
		run = hostcase_disable(&tree, &host);
		hosttree_assert_code(&run, ENABLE_FAILED);
		hosttree_assert_says(&run, "nothing was changed");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edits_between),
		cmocka_unit_test(test_lost_root),
		cmocka_unit_test(test_enable_after_edit),
		cmocka_unit_test(test_only),
		cmocka_unit_test(test_other_options),
		cmocka_unit_test(test_kept_and_by_hand),
		cmocka_unit_test(test_other_bootloader),
		cmocka_unit_test(test_no_reboot),
		cmocka_unit_test(test_reboot),
		cmocka_unit_test(test_manual_too),
		cmocka_unit_test(test_manual_too_unplain),
		cmocka_unit_test(test_manual_too_options),
		cmocka_unit_test(test_manual_too_other_parts),
		cmocka_unit_test(test_on_by_default),
		cmocka_unit_test(test_names_vms),
		cmocka_unit_test(test_broken_state),
		cmocka_unit_test(test_unreadable_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
