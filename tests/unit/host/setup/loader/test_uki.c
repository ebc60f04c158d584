// SPDX-License-Identifier: GPL-2.0-or-later
#include "tree.h"

#include "host/setup/loader/uki.h"

#define PE_AT	    0x40
#define SECTIONS_AT (PE_AT + 24 + 8) /* with an optional header of 8 bytes */
#define IMAGE_SIZE  512
#define CMDLINE_AT  300

static void put32(unsigned char *at, unsigned int value)
{
	for (unsigned int i = 0; i < 4; i++)
		at[i] = (unsigned char)(value >> (8 * i));
}

static void put_section(unsigned char *image, unsigned int index, const char *name,
			unsigned int used, unsigned int bytes, unsigned int at)
{
	unsigned char *section = image + SECTIONS_AT + (size_t)index * 40;

	memcpy(section, name, strlen(name));
	put32(section + 8, used);
	put32(section + 16, bytes);
	put32(section + 20, at);
}

/* An image with a section .osrel before .cmdline, which is padded with zeroes in the file. */
static void make_image(unsigned char *image, const char *cmdline)
{
	memset(image, 0, IMAGE_SIZE);
	memcpy(image, "MZ", 2);
	put32(image + 0x3c, PE_AT);
	memcpy(image + PE_AT, "PE", 2);
	image[PE_AT + 6] = 2;
	image[PE_AT + 20] = 8;
	put_section(image, 0, ".osrel", 3, 16, 200);
	put_section(image, 1, ".cmdline", (unsigned int)strlen(cmdline), 64, CMDLINE_AT);
	memcpy(image + CMDLINE_AT, cmdline, strlen(cmdline));
}

static void test_cmdline(void **state)
{
	struct tree *tree = *state;
	unsigned char image[IMAGE_SIZE];
	auto_free char *text = NULL;

	make_image(image, "root=/dev/sda2 quiet");
	tree_bytes(tree, "x.efi", image, sizeof(image));
	assert_int_equal(uki_cmdline(&tree->root, "x.efi", &text), 0);
	assert_string_equal(text, "root=/dev/sda2 quiet");
	image[PE_AT + 6] = 1;
	tree_bytes(tree, "x.efi", image, sizeof(image));
	assert_int_equal(uki_cmdline(&tree->root, "x.efi", &text), -ENODATA);
	assert_int_equal(uki_cmdline(&tree->root, "y.efi", &text), -ENOENT);
}

/* Whatever is cut off or overwritten, it ends with an error or a text. */
static void test_damaged(void **state)
{
	struct tree *tree = *state;
	unsigned char image[IMAGE_SIZE];

	for (size_t len = 0; len < CMDLINE_AT + 4; len += 3) {
		char *text = NULL;

		make_image(image, "quiet");
		tree_bytes(tree, "x.efi", image, len);
		assert_int_equal(uki_cmdline(&tree->root, "x.efi", &text), -EBADMSG);
		assert_null(text);
	}
	for (size_t at = 0; at < CMDLINE_AT; at++) {
		char *text = NULL;
		int err;

		make_image(image, "quiet");
		image[at] = 0xff;
		tree_bytes(tree, "x.efi", image, sizeof(image));
		err = uki_cmdline(&tree->root, "x.efi", &text);
		assert_true(err == -EBADMSG || err == -ENODATA || !err);
		assert_true(!text == !!err);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cmdline, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_damaged, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
