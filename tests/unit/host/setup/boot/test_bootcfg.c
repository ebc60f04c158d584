// SPDX-License-Identifier: GPL-2.0-or-later
#include "hosttree.h"

#include "host/setup/boot/bootcfg.h"

static const struct bootloader grub = {.kind = BOOTLOADER_GRUB};
static const struct bootloader systemd_boot = {.kind = BOOTLOADER_SYSTEMD_BOOT};

static struct bootcfg read_it(const struct hosttree *tree, const struct bootloader *loader)
{
	const struct edits none = {.root = &tree->root};
	struct bootcfg bootcfg;

	assert_int_equal(bootcfg_read(&none, loader, &bootcfg), 0);
	return bootcfg;
}

static void assert_line(const struct conf_item *line, const char *text, const char *file,
			unsigned int number)
{
	assert_non_null(line);
	assert_string_equal(line->text, text);
	assert_string_equal(line->file, file);
	assert_int_equal(line->line, number);
}

static void test_nothing(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_bootcfg struct bootcfg bootcfg = {0};

	(void)state;
	hosttree_open(&tree, true);
	bootcfg = read_it(&tree, &grub);
	assert_int_equal(bootcfg.words.n + bootcfg.modules.n + bootcfg.contradictions.n, 0);
	assert_null(bootcfg.unclear.file);
}

static void test_words(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_bootcfg struct bootcfg by_grub = {0}, by_file = {0};

	(void)state;
	hosttree_open(&tree, true);
	hosttree_text(&tree, "etc/kernel/cmdline", "x y\n");
	hosttree_text(&tree, "etc/default/grub",
		      "GRUB_CMDLINE_LINUX_DEFAULT=b\nGRUB_CMDLINE_LINUX=a\n");
	hosttree_text(&tree, "etc/default/grub.d/.hidden.cfg", "GRUB_CMDLINE_LINUX=h\n");
	hosttree_text(&tree, "etc/default/grub.d/B.cfg",
		      "GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT c\"\n");
	hosttree_text(&tree, "etc/default/grub.d/a.cfg",
		      "GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT d\"\n");
	by_grub = read_it(&tree, &grub);
	assert_int_equal(by_grub.words.n, 4);
	assert_string_equal(by_grub.words.items[0].text, "a");
	assert_string_equal(by_grub.words.items[1].text, "b");
	assert_string_equal(by_grub.words.items[2].text, "c");
	assert_string_equal(by_grub.words.items[3].text, "d");
	assert_string_equal(by_grub.words.items[3].file, "etc/default/grub.d/a.cfg");
	by_file = read_it(&tree, &systemd_boot);
	assert_int_equal(by_file.words.n, 2);
	assert_string_equal(by_file.words.items[1].file, "etc/kernel/cmdline");
}

static void test_modules(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_bootcfg struct bootcfg bootcfg = {0};

	(void)state;
	hosttree_open(&tree, true);
	hosttree_text(&tree, "etc/modules", "# x\nloop\n\n vfio-pci \r\nvfio ids=1\n");
	/* Debian's is a link to etc/modules. */
	hosttree_text(&tree, "etc/modules-load.d/modules.conf", "# x\nloop\n\n vfio-pci \r\n");
	hosttree_text(&tree, "etc/modules-load.d/a.conf", "; x\nfuse");
	hosttree_text(&tree, "usr/lib/modules-load.d/a.conf", "hidden\n");
	hosttree_text(&tree, "usr/lib/modules-load.d/b.conf", "kvm\n");
	hosttree_text(&tree, "run/modules-load.d/c.conf", "msr\n");
	hosttree_text(&tree, "etc/modules-load.d/d.conf.bak", "nbd\n");
	bootcfg = read_it(&tree, &grub);
	assert_int_equal(bootcfg.modules.n, 6);
	assert_line(bootcfg_module(&bootcfg, "vfio_pci"), "vfio_pci", "etc/modules", 4);
	assert_line(bootcfg_module(&bootcfg, "vfio-pci"), "vfio_pci", "etc/modules", 4);
	assert_line(bootcfg_module(&bootcfg, "fuse"), "fuse", "etc/modules-load.d/a.conf", 2);
	assert_line(bootcfg_module(&bootcfg, "kvm"), "kvm", "usr/lib/modules-load.d/b.conf", 1);
	assert_non_null(bootcfg_module(&bootcfg, "msr"));
	assert_null(bootcfg_module(&bootcfg, "vfio")); /* systemd takes the line for its name */
	assert_null(bootcfg_module(&bootcfg, "hidden"));
	assert_null(bootcfg_module(&bootcfg, "nbd"));
	assert_null(bootcfg_module(&bootcfg, "loo"));
}

static void test_contradicting_words(void **state)
{
	static const char *const bad[] = {
		"intel_iommu=off",
		"intel-iommu=off",
		"intel_iommu=on,off",
		"amd_iommu=off",
		"iommu=off",
		"iommu=pt,off",
		"intel_iommu=igfx_off",
		"intremap=off",
		"nointremap",
		"module_blacklist=vfio",
		"module_blacklist=a,vfio-pci",
		"modprobe.blacklist=vfio_iommu_type1",
	};
	static const char *const good[] = {
		"intel_iommu=on",     "intel_iommu=off,on",
		"intremap=nosid",     "iommu=nopt",
		"iommu=soft",	      "xiommu=off",
		"iommu.strict=off",   "module_blacklist=nouveau,vfio_pci_x",
		"-- intel_iommu=off", "vfio=off",
	};
	auto_hosttree struct hosttree tree = {0};

	(void)state;
	hosttree_open(&tree, true);
	for (size_t i = 0; i < ARRAY_SIZE(bad) + ARRAY_SIZE(good); i++) {
		bool is_bad = i < ARRAY_SIZE(bad);
		const char *word = is_bad ? bad[i] : good[i - ARRAY_SIZE(bad)];
		auto_bootcfg struct bootcfg bootcfg = {0};

		hosttree_text(&tree, "etc/kernel/cmdline", word);
		bootcfg = read_it(&tree, &systemd_boot);
		if (bootcfg.contradictions.n != is_bad)
			fail_msg("%s: %zu contradictions", word, bootcfg.contradictions.n);
		if (is_bad)
			assert_line(&bootcfg.contradictions.items[0], word, "etc/kernel/cmdline",
				    1);
	}
}

static void test_modprobe(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_bootcfg struct bootcfg bootcfg = {0};

	(void)state;
	hosttree_open(&tree, true);
	hosttree_text(&tree, "etc/modprobe.d/a.conf",
		      "# blacklist vfio\n  blacklist \\\n\tvfio-pci\nblacklist vfio_pci_x\n\n"
		      "install vfio /bin/true\ninstall vfio_pci echo x\nalias blacklist vfio\n");
	hosttree_text(&tree, "usr/lib/modprobe.d/a.conf", "blacklist vfio\n");
	hosttree_text(&tree, "lib/modprobe.d/b.conf", "blacklist vfio_iommu_type1");
	bootcfg = read_it(&tree, &grub);
	assert_int_equal(bootcfg.contradictions.n, 3);
	assert_int_equal(bootcfg.contradictions.items[0].line, 2);
	assert_line(&bootcfg.contradictions.items[1], "install vfio /bin/true",
		    "etc/modprobe.d/a.conf", 6);
	assert_line(&bootcfg.contradictions.items[2], "blacklist vfio_iommu_type1",
		    "lib/modprobe.d/b.conf", 1);
}

static void test_options(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_bootcfg struct bootcfg bootcfg = {0};

	(void)state;
	hosttree_open(&tree, true);
	hosttree_text(&tree, "etc/modprobe.d/a.conf",
		      "options kvm ignore_msrs=1 report_ignored_msrs=0\n"
		      "options vfio-iommu-type1 allow_unsafe_interrupts=y\n"
		      "options x a=1\noptions x a=0\noptions x b\noptions x c=on d=N\n");
	bootcfg = read_it(&tree, &grub);
	assert_non_null(bootcfg_option(&bootcfg, "kvm", "ignore_msrs"));
	assert_null(bootcfg_option(&bootcfg, "kvm", "report_ignored_msrs"));
	assert_null(bootcfg_option(&bootcfg, "kvm", "ignore"));
	assert_line(bootcfg_option(&bootcfg, "vfio_iommu_type1", "allow_unsafe_interrupts"),
		    "options vfio-iommu-type1 allow_unsafe_interrupts=y", "etc/modprobe.d/a.conf",
		    2);
	assert_null(bootcfg_option(&bootcfg, "x", "a"));
	assert_non_null(bootcfg_option(&bootcfg, "x", "b"));
	assert_non_null(bootcfg_option(&bootcfg, "x", "c"));
	assert_null(bootcfg_option(&bootcfg, "x", "d"));
	assert_null(bootcfg_option(&bootcfg, "y", "a"));
}

/* With edits that change, add and remove files. */
static void test_edited(void **state)
{
	static const struct {
		const char *path, *text;
	} files[] = {
		{"etc/default/grub", "GRUB_CMDLINE_LINUX=b\n"},
		{"etc/default/grub.d/z.cfg", "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX c\"\n"},
		{"etc/default/grub.d/a.cfg", NULL},
		{"etc/modules-load.d/new.conf", "vfio\n"},
	};
	auto_hosttree struct hosttree tree = {0};
	auto_edits struct edits edits = {.root = &tree.root};
	auto_bootcfg struct bootcfg bootcfg = {0};
	auto_free char *words = NULL;

	(void)state;
	hosttree_open(&tree, true);
	hosttree_text(&tree, "etc/default/grub", "GRUB_CMDLINE_LINUX=a\n");
	hosttree_text(&tree, "etc/default/grub.d/a.cfg", "GRUB_CMDLINE_LINUX=intel_iommu=off\n");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		assert_int_equal(edits_add(&edits, files[i].path, files[i].text), 0);
	assert_int_equal(bootcfg_read(&edits, &grub, &bootcfg), 0);
	words = cmdline_join(&bootcfg.words);
	assert_string_equal(words, "b c");
	assert_non_null(bootcfg_module(&bootcfg, "vfio"));
	assert_int_equal(bootcfg.contradictions.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),	 cmocka_unit_test(test_words),
		cmocka_unit_test(test_modules),	 cmocka_unit_test(test_contradicting_words),
		cmocka_unit_test(test_modprobe), cmocka_unit_test(test_options),
		cmocka_unit_test(test_edited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
