// SPDX-License-Identifier: GPL-2.0-or-later
/* What devices that are held early are known by (host/pci/early/early_id.h), and what the
 * configuration of a host will use of them (host/setup/early/boot_uses.h). */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "host/pci/early/early_id.h"
#include "host/setup/early/boot_uses.h"
#include "host/setup/early/early_images.h"

static void check_path(const char *text)
{
	char path[EARLY_PATH_SIZE] = "";

	/* What a script reads: nothing that a shell would take for more than a word. */
	if (!early_path_parse(text, path))
		fuzz_require(*path && strchr(path, '/') && strlen(path) < sizeof(path));
}

static void check_serial(const uint8_t *data, size_t size)
{
	char serial[EARLY_SERIAL_SIZE];
	int fd;

	fuzz_write_file("config", data, size);
	fd = fs_open(fuzz_root(), "config", O_RDONLY, 0);
	fuzz_require(fd >= 0 && !early_serial_read(fd, serial));
	fuzz_require(strspn(serial, "0123456789abcdef") == strlen(serial));
	close(fd);
}

static void check_networkd(const char *text)
{
	char *words[] = {(char *)"eno1"};
	const struct boot_names names = {
		.nets = {words, 1}, .interfaces = {words, 1}, .path = (char *)"pci-0000:03:00.0"};
	auto_conf_items struct conf_items found = {0};

	fuzz_write_file("run/systemd/netif/state", "", 0);
	fuzz_write_file("etc/systemd/network/x.network", text, strlen(text));
	fuzz_require(!boot_uses_find_networkd(fuzz_root(), &names, &found));
	fuzz_require(found.n <= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_conf_items struct conf_items found = {0};
	auto_names struct fs_names nets = {0}, disks = {0}, sources = {0};
	auto_free char *text = fuzz_string(data, size);

	check_path(text);
	check_serial(data, size);
	(void)early_order_place(text);
	fuzz_require(!fs_names_add(&nets, "eno1"));
	fuzz_require(!boot_uses_parse_nets(text, "interfaces", &nets, &found));
	(void)!boot_uses_list_sources(fuzz_root(), text, "etc/network/interfaces", &sources);
	check_networkd(text);
	fuzz_require(!boot_names_add_udev(text, &disks));
	for (size_t i = 0; i < disks.n; i++)
		fuzz_require(
			boot_uses_mention(disks.items[i], strlen(disks.items[i]), disks.items[i]));
	return 0;
}
