// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SYS  "/sys/bus/pci/devices/"
#define UUID "4b20d080-1b54-4048-85b3-a6a62d165c01"
#define BAD  "bad" /* a device that cannot be read */

static struct args *parse(const char *value, size_t len)
{
	struct args *args = NULL;

	assert_int_equal(args_parse(value, len, &args), 0);
	assert_non_null(args);
	return args;
}

/* The addresses, a space between them, or "dropped". */
static void render(const struct args *args, char *to, size_t size)
{
	to[0] = '\0';
	if (args->dropped)
		strncat(to, "dropped", size - 1);
	for (size_t i = 0; i < args->n_devices; i++) {
		const struct args_device *device = &args->devices[i];
		char text[BDF_TEXT_SIZE];

		if (i)
			strncat(to, " ", size - strlen(to) - 1);
		strncat(to, device->why ? BAD : bdf_format(&device->bdf, text),
			size - strlen(to) - 1);
	}
}

struct row {
	const char *args, *devices;
};

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct args *args = parse(rows[i].args, strlen(rows[i].args));
		char found[256];

		render(args, found, sizeof(found));
		if (strcmp(found, rows[i].devices))
			fail_msg("%s gave '%s', not '%s'", rows[i].args, found, rows[i].devices);
		args_free(args);
	}
}

/* Each looked at with a real QEMU. */
static void test_properties(void **state)
{
	static const struct row rows[] = {
		{"", ""},
		{" ", ""},
		{"0", ""},
		{"-device vfio-pci,host=01:00.0", "0000:01:00.0"},
		{"--device vfio-pci,host=01:00.0", "0000:01:00.0"},
		{"---device vfio-pci,host=01:00.0", ""},
		{"-device=vfio-pci,host=01:00.0", ""},
		{"device vfio-pci,host=01:00.0", ""},
		{"-Device vfio-pci,host=01:00.0", ""},
		{"-device vfio-pci,host=0000:01:00.0,x-vga=on,bus=pcie.0", "0000:01:00.0"},
		{"-device vfio-pci,id=gpu,x-vga=on,host=01:00.1", "0000:01:00.1"},
		{"-device vfio-pci,host=01:00.0 -device vfio-pci,host=01:00.1",
		 "0000:01:00.0 0000:01:00.1"},
		{"-cpu host -device vfio-pci,host=01:00.0 -smbios type=0", "0000:01:00.0"},
		{"-device virtio-rng-pci -device vfio-pci,host=01:00.0", "0000:01:00.0"},
		{"-device virtio-net-pci,host=01:00.0", ""},
		{"-device vfio-pci-nohotplug,host=01:00.0", "0000:01:00.0"},
		{"-device vfio-pci-igd-lpc-bridge,host=01:00.0", ""},
		{"-device vfio-ccw,sysfsdev=/sys/bus/css/devices/0.0.0313", ""},
		{"-device VFIO-PCI,host=01:00.0", ""},
		{"-device host=01:00.0,driver=vfio-pci", "0000:01:00.0"},
		{"-device driver=vfio-pci,host=01:00.0", "0000:01:00.0"},
		{"-device pci-testdev,driver=vfio-pci,host=01:00.0", "0000:01:00.0"},
		{"-device vfio-pci,host=01:00.0,driver=pci-testdev", ""},
		{"-device vfio-pci,host=01:00.0,host=02:00.0", "0000:02:00.0"},
		{"-device vfio-pci,host=junk,host=02:00.0", "0000:02:00.0"},
		{"-device vfio-pci,host=02:00.0,host=junk", BAD},
		{"-device vfio-pci,host=02:00.0,nohost", BAD},
		{"-device vfio-pci,host", BAD},
		{"-device vfio-pci,host=01:00.0,", "0000:01:00.0"},
		{"-device vfio-pci,host=01:00.0,,x", BAD},
		{"-device vfio-pci,,host=01:00.0", ""},
		{"-device ,vfio-pci,host=01:00.0", ""},
		{"-device vfio-pci,romfile=a,,host=02:00.0,host=01:00.0", "0000:01:00.0"},
		{"-device vfio-pci,romfile=/a=b,host=01:00.0", "0000:01:00.0"},
		{"-device vfio-pci, host=01:00.0", BAD},
		{"-device 'vfio-pci,x host=01:00.0'", BAD},
		{"-device vfio-pci", BAD},
		{"-device vfio-pci,", BAD},
		{"-device", ""},
		{"-device ''", ""},
		{"-device -device vfio-pci,host=01:00.0", ""},
	};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

/* The paths below /dev, a space between them. */
static void test_nodes(void **state)
{
	static const struct row rows[] = {
		{"-cpu host", ""},
		{"-hda /dev/sda --cdrom /dev/sr0", "/dev/sda /dev/sr0"},
		{"-drive file=/dev/sda,if=none -drive 'file=/dev/sda'", "/dev/sda"},
		{"-object input-linux,id=k,evdev=/dev/input/by-id/usb-K-event-kbd,grab_all=on",
		 "/dev/input/by-id/usb-K-event-kbd"},
		{"-device usb-host,hostdevice=/dev/bus/usb/001/002", "/dev/bus/usb/001/002"},
		{"-drive file=/dev/disk/by-path/pci-0000:01:00.0-nvme-1",
		 "/dev/disk/by-path/pci-0000:01:00.0-nvme-1"},
		{"-blockdev '{\"file\": {\"filename\": \"/dev/sda\"}, \"a\": \"/dev/sdb\"}'",
		 "/dev/sda /dev/sdb"},
		{"-drive file=/mnt/dev/sda -drive file=/dev -fsdev path=dev/sda", ""},
		{"-drive 'file=/dev/a b'", ""},
		{"-hda /dev/sda '", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct args *args = parse(rows[i].args, strlen(rows[i].args));
		char found[256] = "";

		for (size_t k = 0; k < args->nodes.n; k++) {
			strncat(found, k ? " " : "", sizeof(found) - strlen(found) - 1);
			strncat(found, args->nodes.items[k].path,
				sizeof(found) - strlen(found) - 1);
		}
		assert_string_equal(found, rows[i].devices);
		args_free(args);
	}
}

/* Each looked at with a real QEMU, but for negative numbers. */
static void test_hosts(void **state)
{
	static const struct {
		const char *host, *device;
	} rows[] = {
		{"1:0.0", "0000:01:00.0"},
		{"000:fF:1F.7", "0000:ff:1f.7"},
		{"1:00:01.0", "0001:00:01.0"},
		{"00001:01:00.0", "0001:01:00.0"},
		{"ffff:01:00.0", "ffff:01:00.0"},
		{"0000:001:00.0", "0000:01:00.0"},
		{"01:00000000000000000000000.0", "0000:01:00.0"},
		{"0x1:0X1f.0", "0000:01:1f.0"},
		{"0x0x1:0.0", BAD},
		{"0x:1.0", BAD},
		{"01:00.00", "0000:01:00.0"},
		{"01:00.07", "0000:01:00.7"},
		{"01:00.08", BAD},
		{"01:00.0x1", BAD},
		{"01:+00.0", "0000:01:00.0"},
		{"01:++00.0", BAD},
		{"01:00", BAD},
		{"0000:01:00", BAD},
		{"01:00.", BAD},
		{".0", BAD},
		{":00.0", BAD},
		{":01:00.0", BAD},
		{"01::00.0", BAD},
		{"", BAD},
		{"01:20.0", BAD},
		{"01:1f.8", BAD},
		{"100:00.0", BAD},
		{"0000:100:00.0", BAD},
		{"10000:01:00.0", BAD},
		{"99999999999999999999:00:00.0", BAD},
		{"0:0000:01:00.0", BAD},
		{"01:00.0x", BAD},
		{"0g:00.0", BAD},
		{"-1:00.0", BAD},
		{"01:00.0;02:00.0", BAD},
		{"0000.01.00.0", BAD},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char line[128] = "-device vfio-pci,host=";

		strcat(line, rows[i].host);
		check_rows(&(struct row){line, rows[i].device}, 1);
	}
}

static void test_sysfsdev(void **state)
{
	static const struct row rows[] = {
		{"-device vfio-pci,sysfsdev=" SYS "0000:01:00.0", "0000:01:00.0"},
		{"-device vfio-pci,sysfsdev=" SYS "0000:01:00.0/", "0000:01:00.0"},
		{"-device vfio-pci,sysfsdev=" SYS "0000:01:00.0//", "0000:01:00.0"},
		{"-device vfio-pci,sysfsdev=/sys/devices/pci0000:00/0000:00:1c.4/10000:05:00.1",
		 "10000:05:00.1"},
		{"-device vfio-pci,sysfsdev=/a,,b/0000:01:00.0", "0000:01:00.0"},
		/* It wins, in any order, but host= must be good. */
		{"-device vfio-pci,sysfsdev=" SYS "0000:01:00.0,host=02:00.0", "0000:01:00.0"},
		{"-device vfio-pci,host=02:00.0,sysfsdev=" SYS "0000:01:00.0", "0000:01:00.0"},
		{"-device vfio-pci,host=junk,sysfsdev=" SYS "0000:01:00.0", BAD},
		{"-device vfio-pci,sysfsdev=", BAD},
		{"-device vfio-pci,sysfsdev=/", BAD},
		{"-device vfio-pci,sysfsdev=" SYS "01:00.0", BAD},
		{"-device vfio-pci,sysfsdev=" SYS "0000:01:00.8", BAD},
		{"-device vfio-pci,sysfsdev=" SYS "0000:01:00.0/iommu", BAD},
		{"-device vfio-pci,sysfsdev=/sys/class/drm/card0/device", BAD},
		/* Mediated devices. */
		{"-device vfio-pci,sysfsdev=/sys/bus/mdev/devices/" UUID, ""},
		{"-device vfio-pci,sysfsdev=/sys/devices/pci0000:00/0000:00:02.0/" UUID "/", ""},
		{"-device vfio-pci,sysfsdev=/sys/bus/mdev/devices/"
		 "4B20D080-1B54-4048-85B3-A6A62D165C01",
		 ""},
		{"-device vfio-pci,sysfsdev=/x/" UUID "0", BAD},
		{"-device vfio-pci,sysfsdev=/x/4b20d080-1b54-4048-85b3-a6a62d165c0g", BAD},
		{"-device vfio-pci,sysfsdev=/x/4b20d0801-b54-4048-85b3-a6a62d165c01", BAD},
	};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_json(void **state)
{
	static const struct row rows[] = {
		{"-device '{\"driver\":\"vfio-pci\",\"host\":\"01:00.0\"}'", "0000:01:00.0"},
		{"-device '{ \"host\": \"01:00.0\", \"x-vga\": true, \"driver\": \"vfio-pci\" }'",
		 "0000:01:00.0"},
		/* QEMU's JSON has strings in single quotes too. */
		{"-device \"{'driver':'vfio-pci','host':'01:00.0'}\"", "0000:01:00.0"},
		{"-device \"{\\\"driver\\\":\\\"vfio-pci\\\",\\\"host\\\":\\\"01:00.0\\\"}\"",
		 "0000:01:00.0"},
		{"-device '{\"driver\":\"vfio-pci\",\"sysfsdev\":\"\\/sys\\u002f0000:01:00.0\"}'",
		 "0000:01:00.0"},
		{"-device '{\"driver\":\"vfio-pci-nohotplug\",\"host\":\"01:00.0\"}'",
		 "0000:01:00.0"},
		/* No ',' is doubled there. */
		{"-device '{\"driver\":\"vfio-pci\",\"sysfsdev\":\"/a,,b/0000:01:00.0\"}'",
		 "0000:01:00.0"},
		{"-device '{\"driver\":\"vfio-pci\",\"sysfsdev\":\"/x/" UUID "\"}'", ""},
		{"-device '{\"driver\":\"vfio-pci\",\"host\":\"01:00\"}'", BAD},
		{"-device '{\"driver\":\"vfio-pci\",\"host\":1}'", BAD},
		{"-device '{\"driver\":\"vfio-pci\",\"host\":null}'", BAD},
		{"-device '{\"driver\":\"vfio-pci\"}'", BAD},
		{"-device '{\"driver\":\"pci-testdev\",\"host\":\"01:00.0\"}'", ""},
		{"-device '{\"x\":{\"driver\":\"vfio-pci\",\"host\":\"01:00.0\"}}'", ""},
		{"-device '{\"driver\":\"vfio-pci\",\"host\":\"01:00.0\"'", BAD},
		{"-device {driver:vfio-pci,host:01:00.0}", BAD},
		{"-device '{}'", ""},
		{"-device '{'", ""},
		/* The quotes are the line's, and gone: this is no JSON. */
		{"-device {\"driver\":\"vfio-pci\",\"host\":\"01:00.0\"}", BAD},
		/* Neither is what begins with a space: a model of that name. */
		{"-device ' {\"driver\":\"vfio-pci\",\"host\":\"01:00.0\"}'", ""},
	};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

/* Each looked at with Text::ParseWords. */
static void test_words(void **state)
{
	static const struct row rows[] = {
		{"-device\tvfio-pci,host=01:00.0", "0000:01:00.0"},
		{" \v\f\r -device  vfio-pci,host=01:00.0 ", "0000:01:00.0"},
		{"'-device' 'vfio-pci,host=01:00.0'", "0000:01:00.0"},
		{"\"-device\" \"vfio-pci,host=01:00.0\"", "0000:01:00.0"},
		{"-dev'ice' vfio\"-pci,\"host=01':'00.0", "0000:01:00.0"},
		{"-device vfio-pci,host=\\01:\\00.0", "0000:01:00.0"},
		{"-device 'vfio-pci,host=\\01:00.0'", BAD},
		{"-device \"vfio-pci,host=\\01:00.0\"", "0000:01:00.0"},
		{"-device vfio-pci,host=01:00.0\\ ", BAD},
		{"-device\\ vfio-pci,host=01:00.0", ""},
		{"\\-device vfio-pci,host=01:00.0", "0000:01:00.0"},
		{"-name 'a -device vfio-pci,host=01:00.0'", ""},
		{"-name '\"' -device vfio-pci,host=01:00.0 -name '\"'", "0000:01:00.0"},
		{"-name \"'\" -device vfio-pci,host=01:00.0", "0000:01:00.0"},
		{"-name a\\' -device vfio-pci,host=01:00.0", "0000:01:00.0"},
		/* Unlike in a shell, a backslash keeps a single quote from closing. */
		{"-name 'a\\' -device vfio-pci,host=01:00.0'", ""},
		{"-name 'a\\' -device vfio-pci,host=01:00.0", "dropped"},
		{"-device vfio-pci,host=01:00.0 -name \"a", "dropped"},
		{"-device vfio-pci,host=01:00.0 -name it's", "dropped"},
		{"-device vfio-pci,host=01:00.0 \\", "dropped"},
		{"-device vfio-pci,host=01:00.0 'a\\", "dropped"},
		{"\"", "dropped"},
		/* No comment, no variable, no operator. */
		{"# -device vfio-pci,host=01:00.0", "0000:01:00.0"},
		{"-name a;-device vfio-pci,host=01:00.0", ""},
		{"'' -device \"\" -device vfio-pci,host=01:00.0", "0000:01:00.0"},
	};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_nul(void **state)
{
	static const char value[] = "-device\0x vfio-pci,host=01:00.0\0,host=02:00.0";
	struct args *args = parse(value, sizeof(value) - 1);
	char found[64];

	(void)state;
	render(args, found, sizeof(found));
	assert_string_equal(found, "0000:01:00.0");
	args_free(args);
}

static void test_texts(void **state)
{
	static const char value[] = "-device \"vfio-pci,host=01:00.0\" -device vfio-pci,host=1\x1b "
				    "-device vfio-pci,x-vga=on -device vfio-pci,sysfsdev=/x/y/ "
				    "-device '{vfio-pci'";
	static const char *const texts[] = {
		"vfio-pci,host=01:00.0",   "vfio-pci,host=1\x1b", "vfio-pci,x-vga=on",
		"vfio-pci,sysfsdev=/x/y/", "{vfio-pci",
	};
	static const char *const whys[] = {
		NULL,
		"host= must be an address with a function, like 0000:01:00.0 or 01:00.0, not "
		"'1\\x1b'",
		"neither host= nor sysfsdev= says which device",
		"the path of sysfsdev= must end in the device's address, like " SYS
		"0000:01:00.0, unlike '/x/y'",
		"it starts like JSON, but is not valid JSON",
	};
	struct args *args = parse(value, strlen(value));

	(void)state;
	assert_int_equal(args->n_devices, ARRAY_SIZE(texts));
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_string_equal(args->devices[i].text, texts[i]);
		if (whys[i])
			assert_string_equal(args->devices[i].why, whys[i]);
		else
			assert_null(args->devices[i].why);
	}
	assert_null(args->dropped);
	args_free(args);
	args_free(NULL);
}

/* The longest line that a config can have is read in no time. */
static void test_long_line(void **state)
{
	static const char one[] = "-device vfio-pci,host=01:00.0 ";
	size_t n = (size_t)1024 * 1024 / strlen(one);
	auto_free char *value = malloc(n * strlen(one) + 1);
	char *to = value;
	struct args *args;

	(void)state;
	assert_non_null(value);
	for (size_t i = 0; i < n; i++)
		to = stpcpy(to, one);
	args = parse(value, strlen(value));
	assert_int_equal(args->n_devices, n);
	args_free(args);
	memset(value, 'a', strlen(value));
	args = parse(value, strlen(value));
	assert_int_equal(args->n_devices, 0);
	args_free(args);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_properties), cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_hosts),	   cmocka_unit_test(test_sysfsdev),
		cmocka_unit_test(test_json),	   cmocka_unit_test(test_words),
		cmocka_unit_test(test_nul),	   cmocka_unit_test(test_texts),
		cmocka_unit_test(test_long_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
