// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/storage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LOCAL_CONTENT "backup,images,iso,rootdir,snippets,vztmpl"

static void parse(const char *text, struct storages *ret)
{
	/* Of its own size, so that a sanitizer sees what reads beyond it. */
	size_t len = text ? strlen(text) : 0;
	char *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, text ? text : "", len);
	assert_int_equal(storages_parse(copy, len, ret), 0);
	free(copy);
}

static void assert_text(const char *text, const char *found, const char *expected)
{
	if (!found != !expected || (found && strcmp(found, expected)))
		fail_msg("'%s': not '%s' but '%s'", text, expected ? expected : "nothing",
			 found ? found : "nothing");
}

/* What is found of one storage. */
static const struct {
	const char *text, *id;
	const char *type, *path, *content; /* type NULL: there is no such storage */
} rows[] = {
	/* As Proxmox VE's installer writes it. */
	{"dir: local\n\tpath /var/lib/vz\n\tcontent iso,vztmpl,backup\n\nlvmthin: local-lvm\n"
	 "\tthinpool data\n\tvgname pve\n\tcontent rootdir,images\n",
	 "local", "dir", "/var/lib/vz", "iso,vztmpl,backup"},
	{"dir: local\n\tpath /var/lib/vz\n\nlvmthin: local-lvm\n\tcontent rootdir,images\n",
	 "local-lvm", "lvmthin", NULL, "rootdir,images"},
	/* A storage local is always there. */
	{NULL, "local", "dir", "/var/lib/vz", LOCAL_CONTENT},
	{"", "local", "dir", "/var/lib/vz", LOCAL_CONTENT},
	{"dir: other\n\tpath /srv\n", "local", "dir", "/var/lib/vz", LOCAL_CONTENT},
	{"nfs: local\n\tcontent iso\n", "local", "dir", "/var/lib/vz", LOCAL_CONTENT},
	{"dir: local\n\tpath /srv\n\tcontent iso\n", "local", "dir", "/var/lib/vz", LOCAL_CONTENT},
	{"dir: local\n\tcontent iso\n", "local", "dir", "/var/lib/vz", LOCAL_CONTENT},
	/* The defaults of the types. */
	{"dir: local\n\tpath /var/lib/vz\n", "local", "dir", "/var/lib/vz", "images,rootdir"},
	{"dir: x1\n\tpath /srv\n", "x1", "dir", "/srv", "images,rootdir"},
	{"btrfs: x1\n\tpath /srv\n", "x1", "btrfs", "/srv", "images,rootdir"},
	{"nfs: x1\n\tserver nas\n\texport /x\n", "x1", "nfs", "/mnt/pve/x1", "images"},
	{"cifs: x1\n\tserver nas\n", "x1", "cifs", "/mnt/pve/x1", "images"},
	{"cephfs: x1\n", "x1", "cephfs", "/mnt/pve/x1", "backup"},
	{"glusterfs: x1\n\tserver nas\n\tvolume v\n", "x1", "glusterfs", "/mnt/pve/x1", "images"},
	{"nfs: x1\n\tpath /elsewhere\n", "x1", "nfs", "/elsewhere", "images"},
	{"rbd: x1\n\tpath /srv\n", "x1", "rbd", NULL, "images"},
	{"plugin: x1\n\tpath /srv\n", "x1", "plugin", NULL, NULL},
	{"plugin: x1\n\tcontent iso\n", "x1", "plugin", NULL, "iso"},
	{"plugin: x1\n\tpath /srv\n\tcontent iso\n", "x1", "plugin", NULL, "iso"},
	{"plugin: x1\n\tpath /srv\n\tcontent iso,snippets\n", "x1", "plugin", "/srv",
	 "iso,snippets"},
	/* Headers. */
	{"DIR: x1\n\tpath /srv\n", "x1", "dir", "/srv", "images,rootdir"},
	{"dir:x1\n\tpath /srv\n", "x1", "dir", "/srv", "images,rootdir"},
	{"dir: \t x1 \r\n\tpath /srv\n", "x1", "dir", "/srv", "images,rootdir"},
	{"a:b: x1\n", "x1", "a:b", NULL, NULL},
	{"dir: x1 x2\n\tpath /srv\n", "x1", NULL, NULL, NULL},
	{" dir: x1\n\tpath /srv\n", "x1", NULL, NULL, NULL},
	{"dir x1\n\tpath /srv\n", "x1", NULL, NULL, NULL},
	{": x1\n", "x1", NULL, NULL, NULL},
	{"dir: x\n\tpath /srv\n", "x", NULL, NULL, NULL}, /* an id has two characters */
	{"dir: 1x\n\tpath /srv\n", "1x", NULL, NULL, NULL},
	/* Only an empty line ends a section, and comments are no lines. */
	{"dir: x1\n \npath /no\n# c\n\t# c\n\tpath /srv\n", "x1", "dir", "/srv", "images,rootdir"},
	{"dir: x1\n\n\tpath /srv\n", "x1", "dir", NULL, "images,rootdir"},
	{"dir: x1\n\tpath /a\ndir: x2\n\tpath /b\n", "x2", NULL, NULL, NULL},
	{"dir: x1\n0\ndir: x2\n\tpath /b\n", "x2", "dir", "/b", "images,rootdir"},
	{"dir: x1\n\tpath /srv", "x1", "dir", "/srv", "images,rootdir"},
	/* The first valid line of a key, the last section of an id. */
	{"dir: x1\n\tpath srv\n\tpath /a\n\tpath /b\n", "x1", "dir", "/a", "images,rootdir"},
	{"dir: x1\n\tpath /a\n\tcontent iso,films\n\tcontent iso\n\tcontent backup\n", "x1", "dir",
	 "/a", "iso"},
	{"dir: x1\n\tpath /a\n\ndir: x1\n\tpath /b\n", "x1", "dir", "/b", "images,rootdir"},
	{"dir: x1\n\tpath /a;b\n", "x1", "dir", NULL, "images,rootdir"},
	{"dir: x1\n\tpath\n\tcontent\n", "x1", "dir", NULL, "images,rootdir"},
	/* Lists. */
	{"dir: x1\n\tpath /a\n\tcontent  iso ; backup,,snippets \n", "x1", "dir", "/a",
	 "iso,backup,snippets"},
	{"dir: x1\n\tpath /a\n\tcontent none\n", "x1", "dir", "/a", "none"},
	{"dir: x1\n\tpath /a\n\tcontent none,iso\n", "x1", "dir", NULL, "none"},
	{"dir: local\n\tpath /var/lib/vz\n\tcontent none,iso\n", "local", "dir", "/var/lib/vz",
	 LOCAL_CONTENT},
};

static void test_storages(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_storages struct storages storages = {0};
		const struct storage *storage;

		parse(rows[i].text, &storages);
		storage = storages_find(&storages, rows[i].id);
		assert_text(rows[i].text, storage ? storage->type : NULL, rows[i].type);
		assert_text(rows[i].text, storage ? storage->path : NULL, rows[i].path);
		assert_text(rows[i].text, storage ? storage->content : NULL, rows[i].content);
	}
}

static void test_switches(void **state)
{
	auto_storages struct storages storages = {0};

	(void)state;
	parse("dir: x1\n\tpath /a\n\tdisable\n\tnodes a, b\n\ndir: x2\n\tpath /b\n\tdisable 0\n",
	      &storages);
	assert_true(storages_find(&storages, "x1")->disabled);
	assert_string_equal(storages_find(&storages, "x1")->nodes, "a, b");
	assert_false(storages_find(&storages, "x2")->disabled);
	assert_null(storages_find(&storages, "x2")->nodes);
	assert_null(storages_find(&storages, "x3"));
}

/* pvesm replaces the list, so all of it must be named. */
static void test_content(void **state)
{
	static const struct {
		const char *text, *with;
		bool before;
	} contents[] = {
		{"\tcontent iso,vztmpl,backup\n", "iso,vztmpl,backup,snippets", false},
		{"\tcontent snippets,iso\n", "snippets,iso", true},
		{"\tcontent none\n", "snippets", false},
		{"", "images,rootdir,snippets", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(contents); i++) {
		auto_storages struct storages storages = {0};
		auto_free char *text = NULL, *with = NULL;
		const struct storage *storage;

		assert_true(asprintf(&text, "dir: local\n\tpath /var/lib/vz\n%s",
				     contents[i].text) > 0);
		parse(text, &storages);
		storage = storages_find(&storages, "local");
		assert_int_equal(storage_is_for(storage, "snippets"), contents[i].before);
		with = storage_content_with(storage, "snippets");
		assert_text(text, with, contents[i].with);
	}
}

static void test_disks(void **state)
{
	static const struct {
		const char *text, *id;
	} disks[] = {
		{"dir: local\n\tpath /var/lib/vz\n\tcontent iso\n\nlvmthin: fast\n", "fast"},
		{"dir: local\n\tpath /var/lib/vz\n\tcontent iso\n", NULL},
		{"lvmthin: aa\n\tdisable\n\nrbd: bb\n\tnodes n1\n\nzfspool: cc\n", "cc"},
		{"cephfs: aa\n\tcontent images\n\niscsi: bb\n\tcontent images\n", "local"},
		{"lvm: aa\n\ndir: aa\n\tpath /a\n\tcontent iso\n\nlvm: bb\n", "bb"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(disks); i++) {
		auto_storages struct storages storages = {0};
		const struct storage *storage;

		parse(disks[i].text, &storages);
		storage = storages_for_disks(&storages);
		assert_text(disks[i].text, storage ? storage->id : NULL, disks[i].id);
	}
}

static void test_snippets(void **state)
{
	static const char text[] =
		"dir: local\n\tpath /var/lib/vz\n\n"
		"nfs: nas\n\tserver n\n\n"
		"dir: odd\n\tpath /srv/\n\tcontent-dirs iso=i,snippets=my/scripts\n\n"
		"glusterfs: gl\n\tpath /mnt/pve/gl\n\tvolume v\n\tcontent images,snippets\n\n"
		"moosefs: moo\n\tpath /mnt/moo\n\tcontent snippets\n\n"
		"lvm: vg\n\n";
	static const struct {
		const char *volume, *path, *why; /* one of the two */
	} snippets[] = {
		{"local:snippets/pve-passthrough", "var/lib/vz/snippets/pve-passthrough", NULL},
		{"local:snippets/old hook.pl", "var/lib/vz/snippets/old hook.pl", NULL},
		{"nas:snippets/x", "mnt/pve/nas/snippets/x", NULL},
		{"odd:snippets/x", "srv//my/scripts/x", NULL},
		{"gl:snippets/x", "mnt/pve/gl/snippets/x", NULL},
		{"moo:snippets/x", "mnt/moo/snippets/x", NULL},
		{"vg:snippets/x", NULL,
		 "the storage 'vg' of type lvm has no directory for snippets"},
		{"gone:snippets/x", NULL, "there is no storage 'gone'"},
		{"local:iso/x.iso", NULL, "expected STORAGE:snippets/NAME, got 'local:iso/x.iso'"},
		{"local:snippets/", NULL, "expected STORAGE:snippets/NAME, got 'local:snippets/'"},
		{"local:snippets/a/b", NULL,
		 "expected STORAGE:snippets/NAME, got 'local:snippets/a/b'"},
		{"local:snippets/..", NULL,
		 "expected STORAGE:snippets/NAME, got 'local:snippets/..'"},
		{"snippets/x", NULL, "expected STORAGE:snippets/NAME, got 'snippets/x'"},
		{"/root/x", NULL, "expected STORAGE:snippets/NAME, got '/root/x'"},
		{"", NULL, "expected STORAGE:snippets/NAME, got ''"},
	};
	auto_storages struct storages storages = {0};

	(void)state;
	parse(text, &storages);
	for (size_t i = 0; i < ARRAY_SIZE(snippets); i++) {
		auto_free char *path = NULL, *why = NULL;
		int r = storages_snippet_path(&storages, snippets[i].volume, &path, &why);

		assert_int_equal(r, snippets[i].path ? 0 : -EINVAL);
		assert_text(snippets[i].volume, path, snippets[i].path);
		assert_text(snippets[i].volume, why, snippets[i].why);
	}
}

static void test_size(void **state)
{
	struct storages storages = {0};

	(void)state;
	assert_int_equal(storages_parse("x", VMCFG_TEXT_MAX + 1, &storages), -EFBIG);
	assert_null(storages.items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_storages), cmocka_unit_test(test_switches),
		cmocka_unit_test(test_content),	 cmocka_unit_test(test_disks),
		cmocka_unit_test(test_snippets), cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
