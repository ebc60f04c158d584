// SPDX-License-Identifier: GPL-2.0-or-later
/* The picture of a host: what it reads, the page, and the file that is written. */
#include "picturecase.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "hookscript/plan/judge.h"
#include "host/setup/picture/html.h"
#include "host/setup/picture/page.h"
#include "host/setup/picture/picture_verb.h"

static const struct picture_device *device_at(const struct picture *picture, const char *address)
{
	for (size_t i = 0; i < picture->n; i++)
		if (!strcmp(bdf_text(&picture->items[i].summary->bdf), address))
			return &picture->items[i];
	fail_msg("no device at %s", address);
	return NULL;
}

static char *page_of(struct tree *tree)
{
	auto_picture struct picture picture = {0};
	char *page = NULL;

	assert_int_equal(picture_read(&tree->root, judge_devices, &picture), 0);
	assert_int_equal(page_make(&picture, &page), 0);
	return page;
}

/* The texts stand in the page in this order, up to a NULL. */
static void assert_order(const char *page, const char *const *texts)
{
	const char *at = page;

	for (; *texts; texts++) {
		at = strstr(at, *texts);
		if (!at)
			fail_msg("'%s' is not there, or too early, in %s", *texts,
				 strstr(page, "<main>"));
	}
}

#define assert_in_order(page, ...) assert_order((page), (const char *const[]){__VA_ARGS__, NULL})

static void test_escaping(void **state)
{
	auto_strbuf struct strbuf page = {0};

	(void)state;
	html_element(&page, "b", NULL, "a<b>&'c'\"\xc3\xa4\xff\x1b[2J\xc2\x85\n</b>");
	assert_string_equal(
		page.text, "<b>a&lt;b&gt;&amp;&#39;c&#39;&quot;\xc3\xa4\\xff\\x1b[2J\\xc2\\x85\\x0a"
			   "&lt;/b&gt;</b>");
	strbuf_free(&page);
	html_element(&page, "b", NULL, NULL);
	assert_null(page.text);
	html_attribute(&page, "title", "\" onclick=\"x");
	assert_string_equal(page.text, " title=\"&quot; onclick=&quot;x\"");
}

static void test_facts(void **state)
{
	struct tree *tree = *state;
	auto_picture struct picture picture = {0};
	const struct picture_device *card, *disk, *usb, *pf, *vf;

	picturecase_put(tree, NULL);
	assert_int_equal(picture_read(&tree->root, judge_devices, &picture), 0);
	assert_string_equal(picture.host, "pve1");
	card = device_at(&picture, "0000:01:00.0");
	disk = device_at(&picture, "0000:02:00.0");
	usb = device_at(&picture, "0000:03:00.0");
	pf = device_at(&picture, "0000:04:00.0");
	vf = device_at(&picture, "0000:04:10.2");
	assert_ptr_equal(&picture.items[card->above], device_at(&picture, "0000:00:01.0"));
	assert_string_equal(card->link.width, "8");
	assert_string_equal(card->link.most_speed, "16.0 GT/s PCIe");
	assert_string_equal(card->node, "0");
	assert_null(disk->node);
	assert_int_equal(disk->attached.n, 1);
	assert_string_equal(disk->attached.items[0].name, "nvme0n1");
	assert_string_equal(disk->attached.items[0].model, "Samsung SSD 990 PRO 1TB");
	assert_int_equal(disk->attached.items[0].bytes, 1953525168ULL * 512);
	assert_int_equal(usb->attached.n, 2);
	assert_string_equal(usb->attached.items[0].name, "1-4.2");
	assert_string_equal(usb->attached.items[0].model, "SanDisk Ultra Fit");
	assert_true(usb->attached.items[1].inside);
	assert_string_equal(pf->attached.items[0].name, "enp4s0f0");
	assert_int_equal(pf->possible, 63);
	assert_int_equal(pf->made, 2);
	assert_true(vf->vf);
	assert_ptr_equal(&picture.items[vf->above], pf);
	assert_null(device_at(&picture, "0000:04:10.0")->link.width);
	assert_null(device_at(&picture, "0000:00:1f.5")->group);
}

static void test_page(void **state)
{
	struct tree *tree = *state;
	auto_free char *page = NULL;

	picturecase_put(tree, NULL);
	page = page_of(tree);
	/* A frame ends before what is below its port, unless that is in the group, too. */
	assert_in_order(
		page, "<title>PCI devices of pve1</title>", "Root complex 0000:00",
		"<div class=\"g stays\">", "Group 1<", "<a href=#0000:00:01.0>",
		"</ul></div><ul><li><div class=", "Group 14<", "<a href=#0000:01:00.0>",
		"x8 of x16", "VM 100 (hostpci0)",
		"<dt>Link</dt><dd>x8 at 8.0 GT/s now; at "
		"most x16 at 16.0 GT/s, and its slot x16 at 16.0 GT/s</dd>",
		"pve-passthrough plan 100", "<a href=#0000:01:00.1>", "Group 16<",
		"nvme0n1</code> Samsung SSD 990 PRO 1TB, 1.0 TB<", "Group 17<",
		"<dt>Virtual functions</dt><dd>2 of 63</dd>", "Group 18<", "Group 19<", "Group 15<",
		"<a href=#0000:00:1c.0>", "</dl><ul><li class=", "<a href=#0000:03:00.0>",
		"1-4.2</code> SanDisk Ultra Fit<", "<li class=\"in\"><i>disk</i> <code>sda</code>",
		"No group", "<a href=#0000:00:1f.5>", "</main>");
	/* Nothing is fetched, and nothing of it is a link elsewhere. */
	assert_null(strstr(page, "http:"));
	assert_null(strstr(page, "https:"));
	assert_null(strstr(page, "url("));
	assert_null(strstr(page, "@import"));
}

/* What others find out about a device (early.h, returns.h, the judge) is said of it. */
static void test_said_of_devices(void **state)
{
	struct tree *tree = *state;
	auto_picture struct picture picture = {0};
	struct device_summary *card, *usb;
	auto_free char *page = NULL;

	picturecase_put(tree, NULL);
	assert_int_equal(picture_read(&tree->root, judge_devices, &picture), 0);
	card = device_summaries_find(&picture.groups.devices,
				     &device_at(&picture, "0000:01:00.0")->summary->bdf);
	usb = device_summaries_find(&picture.groups.devices,
				    &device_at(&picture, "0000:03:00.0")->summary->bdf);
	free(card->returned);
	free(usb->used);
	card->early = strdup("vfio-pci has it since boot");
	card->returned = strdup("came back 12 of 12 times, last on 2026-11-30");
	usb->used = strdup("it does not answer");
	usb->dead = true;
	assert_int_equal(page_make(&picture, &page), 0);
	assert_in_order(page, "0000:01:00.0", ">held early<",
			"<dt>Held early</dt><dd>vfio-pci has it since boot</dd>",
			"<dt>So far</dt><dd>came back 12 of 12 times, last on 2026-11-30</dd>",
			"host-setup early --remove 0000:01:00.0", "<a href=#0000:03:00.0>",
			"<strong>dead: </strong>it does not answer", "a cold start:");
	assert_null(strstr(page, "pve-passthrough test 0000:03:00.0"));
}

/* No name becomes markup: but for the names the page is that of the host with good ones. */
static void test_hostile_names(void **state)
{
	struct tree *tree = *state;
	auto_free char *page = NULL;
	const char *at;
	size_t scripts = 0;

	picturecase_put(tree, PICTURE_HOSTILE);
	page = page_of(tree);
	assert_non_null(strstr(page, "&lt;script&gt;document.title=&#39;owned&#39;"));
	assert_non_null(strstr(page, "\\xff\\x1b[2J"));
	assert_null(strstr(page, "<img"));
	assert_null(strstr(page, "\xff"));
	assert_null(strstr(page, "\x1b"));
	for (at = page; (at = strstr(at, "<script")); at++)
		scripts++;
	assert_int_equal(scripts, 1);
}

/* A USB device whose lock is not to be had has no name, and the one after it has. */
static void test_hanging_usb(void **state)
{
	static const char first[] = "sys/devices/pci0000:00/0000:03:00.0/usb1/1-1";
	struct tree *tree = *state;
	auto_picture struct picture picture = {0};
	auto_free char *dev = fs_path("%s/dev", first), *uevent = fs_path("%s/uevent", first);
	auto_free char *fifo = fs_path("%s/%s/product", tree->root.path, first);
	const struct attached *usb;
	int end;

	picturecase_put(tree, NULL);
	tree_file(tree, dev, "189:1\n");
	tree_file(tree, uevent, "MAJOR=189\nMINOR=1\nDEVNAME=bus/usb/001/002\n");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(picture_read(&tree->root, judge_devices, &picture), 0);
	end = open(fifo, O_WRONLY | O_NONBLOCK);
	if (end >= 0) /* the worker can end */
		close(end);
	usb = &device_at(&picture, "0000:03:00.0")->attached;
	assert_int_equal(usb->n, 3);
	assert_string_equal(usb->items[0].name, "1-1");
	assert_null(usb->items[0].model);
	assert_string_equal(usb->items[1].model, "SanDisk Ultra Fit");
}

static void test_iommu_off(void **state)
{
	struct tree *tree = *state;
	auto_free char *page = NULL;

	tree_device(tree, &(struct tree_device){.bdf = "0000:01:00.0",
						.vendor = 0x10de,
						.class = 0x030000,
						.group = -1});
	page = page_of(tree);
	assert_in_order(page, "the IOMMU is off", "<main>", "0000:01:00.0", "</main>");
	assert_null(strstr(page, "No group"));
}

/* A tree in which two VFs are each other's PF, and two bridges below each other. */
static void test_circles(void **state)
{
	static const char *const bdfs[] = {"0000:01:00.0", "0000:01:00.1"};
	struct tree *tree = *state;
	auto_free char *page = NULL;

	for (size_t i = 0; i < 2; i++) {
		auto_free char *path = fs_path("sys/devices/pci0000:00/%s/physfn", bdfs[i]);
		auto_free char *target = fs_path("../%s", bdfs[!i]);

		tree_device(tree, &(struct tree_device){.bdf = bdfs[i],
							.vendor = 0x8086,
							.class = 0x020000,
							.group = (int)i});
		tree_link(tree, path, target);
	}
	page = page_of(tree);
	assert_in_order(page, "<a href=#0000:01:00.0>", "<a href=#0000:01:00.1>", NULL);
}

static void test_sizes(void **state)
{
	struct tree *tree = *state;
	auto_free char *page = NULL;

	picturecase_put_many(tree, 64);
	page = page_of(tree);
	assert_in_range(strlen(page), 1, 300000);
}

static char *written(const char *path)
{
	auto_close int fd = open(path, O_RDONLY);
	char *text = NULL;

	assert_true(fd >= 0);
	assert_int_equal(fs_read_fd(fd, (size_t)1024 * 1024, &text, NULL), 0);
	return text;
}

static int run_picture(struct tree *tree, const char *file)
{
	return picture_run(&tree->root, judge_devices, file);
}

static void test_file(void **state)
{
	struct tree *tree = *state;
	auto_free char *file = fs_path("%s/page.html", tree->root.path);
	auto_free char *link = fs_path("%s/link.html", tree->root.path);
	auto_free char *left = fs_path("%s/.page.html.new", tree->root.path);
	auto_free char *nowhere = fs_path("%s/nowhere/page.html", tree->root.path);
	auto_free char *other = fs_path("%s/other.html", tree->root.path);
	auto_free char *empty = fs_path("%s/empty.html", tree->root.path);
	auto_free char *first = NULL, *second = NULL, *third = NULL;
	struct stat st;

	picturecase_put(tree, NULL);
	assert_int_equal(run_picture(tree, file), 0);
	first = written(file);
	assert_non_null(strstr(first, "</script>"));
	assert_int_equal(chmod(file, 0640), 0);
	tree_link(tree, "link.html", "page.html");
	tree_file(tree, "proc/sys/kernel/hostname", "pve2\n");
	assert_int_equal(run_picture(tree, link), 0);
	second = written(file);
	assert_non_null(strstr(second, "pve2"));
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(access(left, F_OK), -1);
	/* What is no page stays what it is. */
	tree_file(tree, "other.html", "<!doctype html>\n<p>mine\n");
	tree_file(tree, "empty.html", "");
	assert_int_equal(run_picture(tree, other), 2);
	assert_int_equal(run_picture(tree, empty), 0);
	third = written(other);
	assert_string_equal(third, "<!doctype html>\n<p>mine\n");
	assert_int_equal(run_picture(tree, tree->root.path), 2);
	assert_int_equal(run_picture(tree, "/dev/null"), 2);
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(run_picture(tree, nowhere), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escaping),
		cmocka_unit_test_setup_teardown(test_facts, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_page, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_said_of_devices, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_hostile_names, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_hanging_usb, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_iommu_off, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_circles, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_sizes, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_file, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
