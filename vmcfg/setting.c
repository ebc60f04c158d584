// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/setting.h"

#include <stdio.h>
#include <string.h>

#include "vmcfg/format.h"
#include "vmcfg/hostpci.h"
#include "vmcfg/machine.h"
#include "vmcfg/options.h"

/*
 * A value is a text, unless one of these says more:
 *   type    one of the words below
 *   props   a property string
 *   check   a format of its own; EXPECTED tells people what it is
 */
enum type { TEXT, BOOL, INTEGER, NUMBER };

struct setting {
	const char *name;
	unsigned int count; /* 0: the key has no number; otherwise numbers are below this */
	enum type type;
	const struct propstr_format *props;
	bool (*check)(const struct propstr_key *key, struct text value); /* without a key */
	const char *expected;
};

#define VOLUME .check = format_is_volume, .expected = N_("a volume like local:snippets/name")

static const struct setting settings[] = {
	{.name = "acpi", .type = BOOL},
	{.name = "affinity",
	 .check = format_is_cpuset,
	 .expected = N_("a list of host CPUs like 0,5,8-11")},
	{.name = "agent", .props = &options_agent},
	{.name = "allow-ksm", .type = BOOL},
	{.name = "amd-sev", .props = &options_amd_sev},
	{.name = "arch"},
	{.name = "args"},
	{.name = "audio", .count = 1, .props = &options_audio},
	{.name = "autostart", .type = BOOL},
	{.name = "balloon", .type = INTEGER},
	{.name = "bios"},
	{.name = "boot", .props = &options_boot},
	{.name = "bootdisk", .check = format_is_disk, .expected = N_("the key of a disk")},
	{.name = "cdrom", .props = &options_ide},
	{.name = "cicustom", .props = &options_cicustom},
	{.name = "cipassword"},
	{.name = "citype"},
	{.name = "ciupgrade", .type = BOOL},
	{.name = "ciuser"},
	{.name = "cores", .type = INTEGER},
	{.name = "cpu", .props = &options_cpu},
	{.name = "cpulimit", .type = NUMBER},
	{.name = "cpuunits", .type = INTEGER},
	{.name = "description"},
	{.name = "efidisk", .count = 1, .props = &options_efidisk},
	{.name = "freeze", .type = BOOL},
	{.name = "hookscript", VOLUME},
	{.name = "hostpci", .count = HOSTPCI_MAX, .props = &hostpci_format},
	{.name = "hotplug",
	 .check = format_is_hotplug,
	 .expected = N_("0, 1 or a list like disk,network,usb")},
	{.name = "hugepages"},
	{.name = "ide", .count = FORMAT_IDE_MAX, .props = &options_ide},
	{.name = "intel-tdx", .props = &options_intel_tdx},
	{.name = "ipconfig", .count = 32, .props = &options_ipconfig},
	{.name = "ivshmem", .props = &options_ivshmem},
	{.name = "keephugepages", .type = BOOL},
	{.name = "keyboard"},
	{.name = "kvm", .type = BOOL},
	{.name = "localtime", .type = BOOL},
	{.name = "lock"},
	{.name = "machine", .props = &machine_format},
	{.name = "memory", .props = &options_memory},
	{.name = "meta", .props = &options_meta},
	{.name = "migrate_downtime", .type = NUMBER},
	{.name = "migrate_speed", .type = INTEGER},
	{.name = "name", .check = format_is_dns_name, .expected = N_("a DNS name")},
	{.name = "nameserver",
	 .check = format_is_address_list,
	 .expected = N_("a list of IP addresses or DNS names")},
	{.name = "net", .count = FORMAT_NET_MAX, .props = &options_net},
	{.name = "numa", .type = BOOL},
	{.name = "numa", .count = 8, .props = &options_numa},
	{.name = "onboot", .type = BOOL},
	{.name = "ostype"},
	{.name = "parallel", .count = 3},
	{.name = "parent", .check = propstr_is_configid, .expected = PROPSTR_EXPECT_CONFIGID},
	{.name = "protection", .type = BOOL},
	{.name = "reboot", .type = BOOL},
	{.name = "rng", .count = 1, .props = &options_rng},
	{.name = "running-nets-host-mtu"},
	{.name = "runningcpu"},
	{.name = "runningmachine", .props = &machine_format},
	{.name = "sata", .count = FORMAT_SATA_MAX, .props = &options_sata},
	{.name = "scsi", .count = FORMAT_SCSI_MAX, .props = &options_scsi},
	{.name = "scsihw"},
	{.name = "searchdomain"},
	{.name = "serial", .count = 4},
	{.name = "shares", .type = INTEGER},
	{.name = "smbios1", .props = &options_smbios},
	{.name = "smp", .type = INTEGER},
	{.name = "snaptime", .type = INTEGER},
	{.name = "sockets", .type = INTEGER},
	{.name = "spice_enhancements", .props = &options_spice},
	{.name = "sshkeys", .check = format_is_urlencoded, .expected = N_("URL-encoded")},
	{.name = "startdate"},
	{.name = "startup",
	 .check = format_is_startup,
	 .expected = N_("like order=1,up=30,down=60")},
	{.name = "tablet", .type = BOOL},
	{.name = "tags", .check = format_is_tag_list, .expected = N_("a list of tags")},
	{.name = "tdf", .type = BOOL},
	{.name = "template", .type = BOOL},
	{.name = "tpmstate", .count = 1, .props = &options_tpmstate},
	{.name = "unused", .count = 256, .props = &options_unused},
	{.name = "usb", .count = FORMAT_USB_MAX, .props = &options_usb},
	{.name = "vcpus", .type = INTEGER},
	{.name = "vga", .props = &options_vga},
	{.name = "virtio", .count = FORMAT_VIRTIO_MAX, .props = &options_virtio},
	{.name = "virtiofs", .count = 10, .props = &options_virtiofs},
	{.name = "vmgenid"},
	{.name = "vmstate", VOLUME},
	{.name = "vmstatestorage",
	 .check = format_is_storage,
	 .expected = N_("the name of a storage")},
	{.name = "watchdog", .props = &options_watchdog},
};

static const struct setting fleecing_settings[] = {
	{.name = "fleecing-images",
	 .check = format_is_volume_list,
	 .expected = N_("a list of volumes")},
};

static const struct setting *find(const struct setting *table, size_t n, struct text key,
				  unsigned int *ret_index)
{
	struct text digits, name = key;

	while (name.len && char_is_digit(name.at[name.len - 1]))
		name.len--;
	digits = text_skip(key, name.len);

	for (size_t i = 0; i < n; i++) {
		if (!table[i].count && text_is(key, table[i].name)) {
			*ret_index = 0;
			return &table[i];
		}
		if (table[i].count && text_is(name, table[i].name) &&
		    format_parse_index(digits, table[i].count, ret_index))
			return &table[i];
	}
	return NULL;
}

const struct setting *setting_find(struct text key, unsigned int *ret_index)
{
	return find(settings, ARRAY_SIZE(settings), key, ret_index);
}

const struct setting *setting_find_fleecing(struct text key, unsigned int *ret_index)
{
	return find(fleecing_settings, ARRAY_SIZE(fleecing_settings), key, ret_index);
}

const char *setting_name(const struct setting *setting)
{
	return setting->name;
}

/* EXPECTED is marked for translation. */
static int refuse(const char *expected, struct text value, char **ret_why)
{
	auto_free char *problem = NULL;

	if (asprintf(&problem, _("it must be %s, not"), _(expected)) < 0)
		return -ENOMEM;
	return text_refuse_part(ret_why, problem, value);
}

static int check_bool(struct text value, struct text *ret, char **ret_why)
{
	int truth = propstr_bool(value);

	if (truth < 0)
		return refuse(PROPSTR_EXPECT_BOOL, value, ret_why);
	*ret = text_of(truth ? "1" : "0");
	return 0;
}

/* Digits only: no sign here, and no limits. */
static int check_digits(enum type type, struct text value, struct text *ret, char **ret_why)
{
	struct text rest = value;

	if (!text_take_digits(&rest) ||
	    (type == NUMBER && text_take(&rest, ".") && !text_take_digits(&rest)) || rest.len)
		return refuse(type == NUMBER ? N_("a number") : N_("a number of digits only"),
			      value, ret_why);
	*ret = value;
	return 0;
}

static int check_text(const struct setting *setting, struct text value, struct text *ret,
		      char **ret_why)
{
	struct text unquoted = value;

	*ret = value;
	if (setting->props)
		return propstr_check(setting->props, value, ret_why);
	if (setting->check)
		return setting->check(NULL, value) ? 0 : refuse(setting->expected, value, ret_why);
	if (text_take(&unquoted, "\"") && text_take_end(&unquoted, "\""))
		*ret = unquoted;
	return 0;
}

int setting_check(const struct setting *setting, struct text value, struct text *ret,
		  char **ret_why)
{
	if (memchr(value.at, '\r', value.len))
		return text_refuse(ret_why, _("there is a carriage return in its value"));
	if (setting->type == BOOL)
		return check_bool(value, ret, ret_why);
	if (setting->type != TEXT)
		return check_digits(setting->type, value, ret, ret_why);
	return check_text(setting, value, ret, ret_why);
}
