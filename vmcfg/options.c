// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/options.h"

#include <string.h>

#include "vmcfg/format.h"

#define BOOL(text)	    .name = (text), .check = propstr_is_bool, .expected = PROPSTR_EXPECT_BOOL
#define CHOICE(text, words) .name = (text), .check = propstr_is_choice, .expected = (words)
#define INTEGER(text, from, to)                      \
	.name = (text), .check = propstr_is_integer, \
	.expected = N_("an integer within its limits"), .min = (from), .max = (to)
#define NUMBER(text, from, to)                                                                    \
	.name = (text), .check = propstr_is_number, .expected = N_("a number within its limits"), \
	.min = (from), .max = (to)
#define ANY_INTEGER(text)	 INTEGER(text, -PROPSTR_ANY, PROPSTR_ANY)
#define ANY_NUMBER(text)	 NUMBER(text, -PROPSTR_ANY, PROPSTR_ANY)
#define VALUE(text, func, words) .name = (text), .check = (func), .expected = (words)

#define FORMAT(setting) const struct propstr_format options_##setting

/* --- the guest as a whole --- */

static const struct propstr_key agent_keys[] = {
	{BOOL("enabled"), .is_default = true, .required = true},
	{BOOL("freeze-fs")},
	{.name = "freeze-fs-on-backup", .alias = "freeze-fs"},
	{.name = "guest-fsfreeze", .alias = "freeze-fs"},
	{BOOL("fstrim_cloned_disks")},
	{CHOICE("type", "virtio|isa")},
};
FORMAT(agent) = {PROPSTR_FORMAT(agent_keys)};

static const struct propstr_key amd_sev_keys[] = {
	{CHOICE("type", "std|es|snp"), .is_default = true, .required = true},
	{BOOL("no-debug")},
	{BOOL("no-key-sharing")},
	{BOOL("allow-smt")},
	{BOOL("kernel-hashes")},
};
FORMAT(amd_sev) = {PROPSTR_FORMAT(amd_sev_keys)};

static const struct propstr_key intel_tdx_keys[] = {
	{CHOICE("type", "tdx"), .is_default = true, .required = true},
	{BOOL("attestation"), .required = true},
	{INTEGER("vsock-cid", 2, PROPSTR_ANY)},
	{INTEGER("vsock-port", 0, PROPSTR_ANY)},
};
FORMAT(intel_tdx) = {PROPSTR_FORMAT(intel_tdx_keys)};

static bool is_boot_order(const struct propstr_key *key, struct text value)
{
	(void)key;
	if (!value.len || value.len > 4)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		if (!memchr("acdn", value.at[i], strlen("acdn")))
			return false;
	}
	return true;
}

static const struct propstr_key boot_keys[] = {
	{VALUE("legacy", is_boot_order, N_("one to four of the letters acdn")), .is_default = true},
	{VALUE("order", format_is_boot_list, N_("keys of devices, joined with ';'"))},
};
FORMAT(boot) = {PROPSTR_FORMAT(boot_keys)};

static const struct propstr_key memory_keys[] = {
	{INTEGER("current", 16, PROPSTR_ANY), .is_default = true, .required = true},
};
FORMAT(memory) = {PROPSTR_FORMAT(memory_keys)};

static const struct propstr_key meta_keys[] = {
	{INTEGER("ctime", 0, PROPSTR_ANY)},
	{VALUE("creation-qemu", format_is_version, N_("a version"))},
};
FORMAT(meta) = {PROPSTR_FORMAT(meta_keys)};

static const struct propstr_key numa_keys[] = {
	{VALUE("cpus", format_is_ranges, N_("numbers or ranges, joined with ';'")),
	 .required = true},
	{VALUE("hostnodes", format_is_ranges, N_("numbers or ranges, joined with ';'"))},
	{ANY_NUMBER("memory")},
	{CHOICE("policy", "preferred|bind|interleave")},
};
FORMAT(numa) = {PROPSTR_FORMAT(numa_keys)};

#define BASE64(text) VALUE(text, format_is_base64, N_("Base64"))

static const struct propstr_key smbios_keys[] = {
	{VALUE("uuid", format_is_uuid, N_("a UUID"))},
	{BASE64("version")},
	{BASE64("serial")},
	{BASE64("manufacturer")},
	{BASE64("product")},
	{BASE64("sku")},
	{BASE64("family")},
	{BOOL("base64")},
};
FORMAT(smbios) = {PROPSTR_FORMAT(smbios_keys)};

static const struct propstr_key cicustom_keys[] = {
	{VALUE("meta", format_is_volume, N_("a volume"))},
	{VALUE("network", format_is_volume, N_("a volume"))},
	{VALUE("user", format_is_volume, N_("a volume"))},
	{VALUE("vendor", format_is_volume, N_("a volume"))},
};
FORMAT(cicustom) = {PROPSTR_FORMAT(cicustom_keys)};

/* --- the processor --- */

/* PVE/QemuServer/CPUConfig.pm, of qemu-server 9.2: what QEMU calls them, and Proxmox VE's own. */
#define CPU_MODELS                                                                                 \
	"486|Broadwell|Broadwell-IBRS|Broadwell-noTSX|Broadwell-noTSX-IBRS|Cascadelake-Server|"    \
	"Cascadelake-Server-noTSX|Cascadelake-Server-v2|Cascadelake-Server-v4|"                    \
	"Cascadelake-Server-v5|ClearwaterForest|ClearwaterForest-v2|ClearwaterForest-v3|Conroe|"   \
	"Cooperlake|Cooperlake-v2|DiamondRapids|EPYC|EPYC-Genoa|EPYC-Genoa-v2|EPYC-IBPB|"          \
	"EPYC-Milan|EPYC-Milan-v2|EPYC-Milan-v3|EPYC-Rome|EPYC-Rome-v2|EPYC-Rome-v3|EPYC-Rome-v4|" \
	"EPYC-Rome-v5|EPYC-Turin|EPYC-v3|EPYC-v4|EPYC-v5|GraniteRapids|GraniteRapids-v2|"          \
	"GraniteRapids-v3|GraniteRapids-v4|GraniteRapids-v5|Haswell|Haswell-IBRS|Haswell-noTSX|"   \
	"Haswell-noTSX-IBRS|Icelake-Client|Icelake-Client-noTSX|Icelake-Server|"                   \
	"Icelake-Server-noTSX|Icelake-Server-v3|Icelake-Server-v4|Icelake-Server-v5|"              \
	"Icelake-Server-v6|Icelake-Server-v7|IvyBridge|IvyBridge-IBRS|KnightsMill|Nehalem|"        \
	"Nehalem-IBRS|Opteron_G1|Opteron_G2|Opteron_G3|Opteron_G4|Opteron_G5|Penryn|SandyBridge|"  \
	"SandyBridge-IBRS|SapphireRapids|SapphireRapids-v2|SapphireRapids-v3|SapphireRapids-v4|"   \
	"SapphireRapids-v5|SapphireRapids-v6|SierraForest|SierraForest-v2|SierraForest-v3|"        \
	"SierraForest-v4|SierraForest-v5|Skylake-Client|Skylake-Client-IBRS|"                      \
	"Skylake-Client-noTSX-IBRS|Skylake-Client-v4|Skylake-Server|Skylake-Server-IBRS|"          \
	"Skylake-Server-noTSX-IBRS|Skylake-Server-v4|Skylake-Server-v5|Westmere|Westmere-IBRS|"    \
	"a64fx|athlon|core2duo|coreduo|cortex-a35|cortex-a53|cortex-a55|cortex-a57|cortex-a710|"   \
	"cortex-a72|cortex-a76|cortex-a78ae|host|kvm32|kvm64|max|neoverse-n1|neoverse-n2|"         \
	"neoverse-v1|pentium|pentium2|pentium3|phenom|qemu32|qemu64|"                              \
	"x86-64-v2|x86-64-v2-AES|x86-64-v3|x86-64-v4"

/* Those that a VM may set by itself. */
#define CPU_FLAGS                                                                              \
	"aes|amd-no-ssb|amd-ssbd|hv-evmcs|hv-tlbflush|ibpb|md-clear|nested-virt|pcid|pdpe1gb|" \
	"spec-ctrl|ssbd|virt-ssbd"

static bool is_cpu_flags(const struct propstr_key *key, struct text value)
{
	struct text rest = value, flag;

	(void)key;
	while (text_next(&rest, ';', &flag)) {
		if (!text_take(&flag, "+") && !text_take(&flag, "-"))
			return false;
		if (!text_is_one_of(flag, CPU_FLAGS))
			return false;
	}
	return true;
}

static bool is_vendor_id(const struct propstr_key *key, struct text value)
{
	(void)key;
	for (size_t i = 0; i < value.len; i++) {
		if (!char_is_alnum(value.at[i]))
			return false;
	}
	return value.len <= 12;
}

static bool is_phys_bits(const struct propstr_key *key, struct text value)
{
	static const struct propstr_key bits = {.min = 8, .max = 64};

	(void)key;
	if (text_is(value, "host"))
		return true;
	return value.len <= 2 && char_is_digit(value.at[0]) && propstr_is_integer(&bits, value);
}

/* There is a key that only the definition of a model of one's own may have. */
static bool is_never(const struct propstr_key *key, struct text value)
{
	(void)key;
	(void)value;
	return false;
}

enum { CPU_TYPE };

static const struct propstr_key cpu_keys[] = {
	[CPU_TYPE] = {.name = "cputype", .is_default = true},
	{VALUE("flags", is_cpu_flags, N_("flags a VM may set, with + or -, joined with ';'"))},
	{INTEGER("guest-phys-bits", 32, 64)},
	{BOOL("hidden")},
	{VALUE("hv-vendor-id", is_vendor_id, N_("up to 12 letters and digits"))},
	{INTEGER("level", 0, 4294967295)},
	{VALUE("phys-bits", is_phys_bits, N_("a number from 8 to 64, or host"))},
	{VALUE("reported-model", is_never, N_("left to models of one's own"))},
};

/*
 * Models of one's own ("custom-…") are defined in a file beside the VM configs, and a name that is
 * not in it makes the line one that Proxmox VE drops. A pure function has no such file.
 */
static int validate_cpu(const struct text *values, char **ret_why)
{
	struct text type = values[CPU_TYPE];

	if (!type.at || text_is(type, "0"))
		return text_refuse(ret_why, _("the CPU type is missing"));
	if (text_is_one_of(type, CPU_MODELS))
		return 0;
	if (text_take(&type, "custom-"))
		return text_refuse_part(ret_why,
					_("unless virtual-guest/cpu-models.conf defines it "
					  "(not looked at), there is no CPU type"),
					values[CPU_TYPE]);
	return text_refuse_part(ret_why, _("there is no CPU type"), type);
}

FORMAT(cpu) = {PROPSTR_FORMAT(cpu_keys), .validate = validate_cpu};

/* --- disks --- */

static bool is_wwn(const struct propstr_key *key, struct text value)
{
	(void)key;
	if (!text_take(&value, "0x") || value.len != 16)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		if (!char_is_hex(value.at[i]))
			return false;
	}
	return true;
}

static bool is_inquiry_text(const struct propstr_key *key, struct text value)
{
	(void)key;
	for (size_t i = 0; i < value.len; i++) {
		char c = value.at[i];

		if (!char_is_alnum(c) && c != '-' && c != '_' && !char_is_blank(c))
			return false;
	}
	return true;
}

#define URLENCODED(text, max) VALUE(text, format_is_urlencoded, N_("URL-encoded")), .len_max = (max)
#define INQUIRY(text, max)                                                           \
	VALUE(text, is_inquiry_text, N_("of letters, digits, '-', '_' and blanks")), \
		.len_max = (max)

/* clang-format off */
#define VOLUME_KEYS                                                                                \
	{VALUE("file", format_is_volume_or_path, N_("a volume, an absolute path, none or cdrom")),     \
	 .is_default = true, .required = true},                                                    \
	{.name = "volume", .alias = "file"},                                                       \
	{VALUE("size", format_is_size, N_("a size like 32G"))}

#define DISK_KEYS                                                                                  \
	VOLUME_KEYS,                                                                               \
	{CHOICE("aio", "native|threads|io_uring")},                                                \
	{BOOL("backup")},                                                                          \
	{CHOICE("cache", "none|writethrough|writeback|unsafe|directsync")},                        \
	{BOOL("detect_zeroes")},                                                                   \
	{CHOICE("discard", "ignore|on")},                                                          \
	{CHOICE("format", "raw|qcow|qed|qcow2|vmdk|cloop")},                                       \
	{CHOICE("media", "cdrom|disk")},                                                           \
	{BOOL("replicate")},                                                                       \
	{CHOICE("rerror", "ignore|report|stop")},                                                  \
	{URLENCODED("serial", 60)},                                                                \
	{BOOL("shared")},                                                                          \
	{BOOL("snapshot")},                                                                        \
	{CHOICE("werror", "enospc|ignore|report|stop")},                                           \
	{ANY_INTEGER("bps")},                                                                      \
	{ANY_INTEGER("bps_rd")},                                                                   \
	{ANY_INTEGER("bps_wr")},                                                                   \
	{ANY_INTEGER("iops")},                                                                     \
	{ANY_INTEGER("iops_rd")},                                                                  \
	{ANY_INTEGER("iops_wr")},                                                                  \
	{ANY_INTEGER("iops_max")},                                                                 \
	{ANY_INTEGER("iops_rd_max")},                                                              \
	{ANY_INTEGER("iops_wr_max")},                                                              \
	{ANY_NUMBER("mbps")},                                                                      \
	{ANY_NUMBER("mbps_rd")},                                                                   \
	{ANY_NUMBER("mbps_wr")},                                                                   \
	{ANY_NUMBER("mbps_max")},                                                                  \
	{ANY_NUMBER("mbps_rd_max")},                                                               \
	{ANY_NUMBER("mbps_wr_max")},                                                               \
	{INTEGER("bps_max_length", 1, PROPSTR_ANY)},                                               \
	{INTEGER("bps_rd_max_length", 1, PROPSTR_ANY)},                                            \
	{INTEGER("bps_wr_max_length", 1, PROPSTR_ANY)},                                            \
	{INTEGER("iops_max_length", 1, PROPSTR_ANY)},                                              \
	{INTEGER("iops_rd_max_length", 1, PROPSTR_ANY)},                                           \
	{INTEGER("iops_wr_max_length", 1, PROPSTR_ANY)},                                           \
	{.name = "bps_rd_length", .alias = "bps_rd_max_length"},                                   \
	{.name = "bps_wr_length", .alias = "bps_wr_max_length"},                                   \
	{.name = "iops_rd_length", .alias = "iops_rd_max_length"},                                 \
	{.name = "iops_wr_length", .alias = "iops_wr_max_length"}
/* clang-format on */

#define WWN VALUE("wwn", is_wwn, N_("0x and 16 hex digits"))

static const struct propstr_key ide_keys[] = {
	DISK_KEYS,
	{URLENCODED("model", 120)},
	{BOOL("ssd")},
	{WWN},
};
FORMAT(ide) = {PROPSTR_FORMAT(ide_keys)};

static const struct propstr_key sata_keys[] = {
	DISK_KEYS,
	{BOOL("ssd")},
	{WWN},
};
FORMAT(sata) = {PROPSTR_FORMAT(sata_keys)};

static const struct propstr_key scsi_keys[] = {
	DISK_KEYS,
	{BOOL("iothread")},
	{INQUIRY("product", 16)},
	{INTEGER("queues", 2, PROPSTR_ANY)},
	{BOOL("ro")},
	{BOOL("scsiblock")},
	{BOOL("ssd")},
	{INQUIRY("vendor", 8)},
	{WWN},
};
FORMAT(scsi) = {PROPSTR_FORMAT(scsi_keys)};

static const struct propstr_key virtio_keys[] = {
	DISK_KEYS,
	{BOOL("iothread")},
	{BOOL("ro")},
};
FORMAT(virtio) = {PROPSTR_FORMAT(virtio_keys)};

static const struct propstr_key efidisk_keys[] = {
	VOLUME_KEYS,
	{CHOICE("format", "raw|qcow|qed|qcow2|vmdk|cloop")},
	{CHOICE("efitype", "2m|4m")},
	{BOOL("pre-enrolled-keys")},
	{CHOICE("ms-cert", "2011|2023|2023w|2023k")},
};
FORMAT(efidisk) = {PROPSTR_FORMAT(efidisk_keys)};

static const struct propstr_key tpmstate_keys[] = {
	VOLUME_KEYS,
	{CHOICE("format", "raw|qcow2|vmdk")},
	{CHOICE("version", "v1.2|v2.0")},
};
FORMAT(tpmstate) = {PROPSTR_FORMAT(tpmstate_keys)};

static const struct propstr_key unused_keys[] = {
	{VALUE("file", format_is_volume, N_("a volume")), .is_default = true, .required = true},
	{.name = "volume", .alias = "file"},
};
FORMAT(unused) = {PROPSTR_FORMAT(unused_keys)};

static const struct propstr_key virtiofs_keys[] = {
	{VALUE("dirid", propstr_is_configid, PROPSTR_EXPECT_CONFIGID), .is_default = true,
	 .required = true},
	{CHOICE("cache", "auto|always|metadata|never")},
	{BOOL("direct-io")},
	{BOOL("expose-acl")},
	{BOOL("expose-xattr")},
};
FORMAT(virtiofs) = {PROPSTR_FORMAT(virtiofs_keys)};

/* --- the network --- */

#define NET_MODEL(text) .name = (text), .alias = "macaddr", .key_alias = "model"

static const struct propstr_key net_keys[] = {
	{CHOICE("model", "e1000|e1000-82540em|e1000-82544gc|e1000-82545em|e1000e|i82551|i82557b|"
			 "i82559er|ne2k_isa|ne2k_pci|pcnet|rtl8139|virtio|vmxnet3"),
	 .is_default = true, .required = true},
	{NET_MODEL("e1000")},
	{NET_MODEL("e1000-82540em")},
	{NET_MODEL("e1000-82544gc")},
	{NET_MODEL("e1000-82545em")},
	{NET_MODEL("e1000e")},
	{NET_MODEL("i82551")},
	{NET_MODEL("i82557b")},
	{NET_MODEL("i82559er")},
	{NET_MODEL("ne2k_isa")},
	{NET_MODEL("ne2k_pci")},
	{NET_MODEL("pcnet")},
	{NET_MODEL("rtl8139")},
	{NET_MODEL("virtio")},
	{NET_MODEL("vmxnet3")},
	{VALUE("macaddr", format_is_mac, N_("a unicast MAC address"))},
	{VALUE("bridge", format_is_bridge, N_("the name of a bridge"))},
	{BOOL("firewall")},
	{BOOL("link_down")},
	{INTEGER("mtu", 1, 65520)},
	{INTEGER("queues", 0, 64)},
	{NUMBER("rate", 0, PROPSTR_ANY)},
	{INTEGER("tag", 1, 4094)},
	{VALUE("trunks", format_is_ranges, N_("numbers or ranges, joined with ';'"))},
};
FORMAT(net) = {PROPSTR_FORMAT(net_keys)};

static const struct propstr_key ipconfig_keys[] = {
	{VALUE("ip", format_is_ipv4_config, N_("dhcp, manual or an IPv4 address/bits"))},
	{VALUE("gw", format_is_ipv4, N_("an IPv4 address")), .needs = "ip"},
	{VALUE("ip6", format_is_ipv6_config, N_("auto, dhcp, manual or an IPv6 address/bits"))},
	{VALUE("gw6", format_is_ipv6, N_("an IPv6 address")), .needs = "ip6"},
};
FORMAT(ipconfig) = {PROPSTR_FORMAT(ipconfig_keys)};

/* --- other devices --- */

static const struct propstr_key audio_keys[] = {
	{CHOICE("device", "ich9-intel-hda|intel-hda|AC97"), .required = true},
	{CHOICE("driver", "spice|none")},
};
FORMAT(audio) = {PROPSTR_FORMAT(audio_keys)};

static bool is_ivshmem_name(const struct propstr_key *key, struct text value)
{
	(void)key;
	for (size_t i = 0; i < value.len; i++) {
		if (!char_is_alnum(value.at[i]) && value.at[i] != '-')
			return false;
	}
	return true;
}

static const struct propstr_key ivshmem_keys[] = {
	{INTEGER("size", 1, PROPSTR_ANY), .required = true},
	{VALUE("name", is_ivshmem_name, N_("of letters, digits and '-'"))},
};
FORMAT(ivshmem) = {PROPSTR_FORMAT(ivshmem_keys)};

static const struct propstr_key rng_keys[] = {
	{CHOICE("source", "/dev/urandom|/dev/random|/dev/hwrng"), .is_default = true,
	 .required = true},
	{ANY_INTEGER("max_bytes")},
	{ANY_INTEGER("period")},
};
FORMAT(rng) = {PROPSTR_FORMAT(rng_keys)};

static const struct propstr_key spice_keys[] = {
	{BOOL("foldersharing")},
	{CHOICE("videostreaming", "off|all|filter")},
};
FORMAT(spice) = {PROPSTR_FORMAT(spice_keys)};

static bool take_usb_id(struct text *t)
{
	text_take(t, "0x");
	if (t->len < 4)
		return false;
	for (size_t i = 0; i < 4; i++) {
		if (!char_is_hex(t->at[i]))
			return false;
	}
	*t = text_skip(*t, 4);
	return true;
}

/* 1234:abcd, or 1-2.3, or spice in any case. */
static bool is_usb_host(const struct propstr_key *key, struct text value)
{
	struct text id = value;

	(void)key;
	if (text_is_nocase(value, "spice"))
		return true;
	if (take_usb_id(&id) && text_take(&id, ":") && take_usb_id(&id) && !id.len)
		return true;
	if (!text_take_digits(&value) || !text_take(&value, "-") || !text_take_digits(&value))
		return false;
	while (text_take(&value, ".")) {
		if (!text_take_digits(&value))
			return false;
	}
	return !value.len;
}

static const struct propstr_key usb_keys[] = {
	{VALUE("host", is_usb_host, N_("VENDOR:PRODUCT, BUS-PORT or spice")), .is_default = true},
	{VALUE("mapping", propstr_is_configid, PROPSTR_EXPECT_CONFIGID)},
	{BOOL("usb3")},
};
FORMAT(usb) = {PROPSTR_FORMAT(usb_keys)};

static const struct propstr_key vga_keys[] = {
	{CHOICE("type", "cirrus|qxl|qxl2|qxl3|qxl4|none|serial0|serial1|serial2|serial3|std|virtio|"
			"virtio-gl|vmware"),
	 .is_default = true},
	{INTEGER("memory", 4, 512)},
	{CHOICE("clipboard", "vnc")},
};
FORMAT(vga) = {PROPSTR_FORMAT(vga_keys)};

static const struct propstr_key watchdog_keys[] = {
	{CHOICE("model", "i6300esb|ib700"), .is_default = true},
	{CHOICE("action", "reset|shutdown|poweroff|pause|debug|none")},
};
FORMAT(watchdog) = {PROPSTR_FORMAT(watchdog_keys)};
