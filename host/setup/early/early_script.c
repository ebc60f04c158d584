// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/early/early_script.h"

/* Its shell is that of klibc, dash, or busybox: there is little beside what they have built in. */
static const char head[] =
	"#!/bin/sh\n" EARLY_MARK "; do not edit: host-setup early --remove ADDRESS undoes it.\n"
	"# Gives devices to vfio-pci before udev loads the driver of any other. For one boot without it:\n"
	"# pve_passthrough.early=0 on the kernel command line. (No prereqs: by its name it is the first.)\n"
	"[ \"${1-}\" != prereqs ] || exit 0\n"
	"\n"
	"root=\n"
	"sys=$root/sys/bus/pci\n"
	"newline='\n"
	"'\n"
	"\n"
	"# All devices of these kinds: hold or twin, modalias, revision, path of slots, serial number.\n"
	"devices='\n";

static const char functions[] =
	"'\n"
	"\n"
	"say() {\n"
	"	echo \"<5>pve-passthrough: $*\" >>\"$root/dev/kmsg\"\n"
	"}\n"
	"\n"
	"# What `host-setup check` reads.\n"
	"note() {\n"
	"	echo \"$*\" >>\"$root/run/pve-passthrough.early\"\n"
	"}\n"
	"\n"
	"# The path of slots of a device, \"0000:00/1c.0/00.0\"; fails behind an endpoint.\n"
	"path_of() {\n"
	"	real=$(cd -P \"$1\" && pwd -P) || return 1\n"
	"	real=/${real##*/devices/}\n"
	"	real=${real#*/pci}\n"
	"	case $real in\n"
	"	*/pci*:*) return 1 ;;\n"
	"	esac\n"
	"	path=${real%%/*}\n"
	"	rest=${real#*/}/\n"
	"	while [ -n \"$rest\" ]; do\n"
	"		one=${rest%%/*}\n"
	"		rest=${rest#*/}\n"
	"		path=$path/${one##*:}\n"
	"	done\n"
	"}\n"
	"\n"
	"od=/usr/lib/pve-passthrough/od\n"
	"[ -x $od ] || od='od'\n"
	"\n"
	"# The serial-number capability (0003) in the extended configuration space; \"-\": none.\n"
	"serial_of() {\n"
	"	serial=-\n"
	"	word= low= high=\n"
	"	# shellcheck disable=SC2046 # words\n"
	"	set -- $($od -An -v -tx4 -j256 \"$1/config\" 2>/dev/null)\n"
	"	at=1\n"
	"	left=$#\n"
	"	while [ \"$at\" -gt 0 ] && [ $((at + 2)) -le $# ] && [ \"$left\" -gt 0 ]; do\n"
	"		eval \"word=\\${$at} low=\\${$((at + 1))} high=\\${$((at + 2))}\"\n"
	"		case $word in\n"
	"		00000000 | ffffffff) break ;;\n"
	"		????0003)\n"
	"			serial=$high$low\n"
	"			break\n"
	"			;;\n"
	"		esac\n"
	"		at=$(((0x$word >> 22) - 63))\n"
	"		left=$((left - 1))\n"
	"	done\n"
	"	case $serial in\n"
	"	0000000000000000 | ffffffffffffffff) serial=- ;;\n"
	"	esac\n"
	"}\n"
	"\n"
	"# Sets kind to the first two words of a line.\n"
	"kind_of() {\n"
	"	kind=${1#* }\n"
	"	kind=\"${1%% *} ${kind%% *}\"\n"
	"}\n"
	"\n"
	"# hold ADDRESS: a driver that has it already keeps it.\n"
	"hold() {\n"
	"	if [ -e \"$sys/devices/$1/driver\" ]; then\n"
	"		say \"$1 is not held early: a driver of the kernel itself has it already\"\n"
	"	elif echo vfio-pci >\"$sys/devices/$1/driver_override\"; then\n"
	"		say \"$1 is held early for vfio-pci\"\n"
	"		held=\"$held$1$newline\"\n"
	"	else\n"
	"		say \"$1 is not held early: its driver_override cannot be written\"\n"
	"	fi\n"
	"}\n";

static const char body[] =
	"\n"
	"read -r cmdline <\"$root/proc/cmdline\"\n"
	"case \" $cmdline \" in\n"
	"*' pve_passthrough.early=0 '*)\n"
	"	say 'pve_passthrough.early=0: no device is held early'\n"
	"	exit 0\n"
	"	;;\n"
	"esac\n"
	"\n"
	"seen=$newline\n"
	"for device in \"$sys\"/devices/*; do\n"
	"	read -r alias <\"$device/modalias\" || continue\n"
	"	read -r revision <\"$device/revision\" || continue\n"
	"	case $devices in\n"
	"	*\" $alias $revision \"*) ;;\n"
	"	*) continue ;;\n"
	"	esac\n"
	"	[ ! -e \"$device/physfn\" ] || continue\n"
	"	path_of \"$device\" || continue\n"
	"	serial_of \"$device\"\n"
	"	seen=\"$seen$alias $revision $path $serial ${device##*/}$newline\"\n"
	"done\n"
	"\n"
	"# The kinds of which a device has appeared, vanished or moved: none of these is held.\n"
	"changed=$newline\n"
	"IFS=$newline\n"
	"for line in $devices; do\n"
	"	line=${line#* }\n"
	"	case $seen in\n"
	"	*\"$newline$line \"*) continue ;;\n"
	"	esac\n"
	"	kind_of \"$line\"\n"
	"	changed=\"$changed$kind$newline\"\n"
	"done\n"
	"for line in $seen; do\n"
	"	case $devices in\n"
	"	*\" ${line% *}$newline\"*) continue ;;\n"
	"	esac\n"
	"	kind_of \"$line\"\n"
	"	changed=\"$changed$kind$newline\"\n"
	"done\n"
	"\n"
	"held=\n"
	"for line in $devices; do\n"
	"	[ \"${line%% *}\" = hold ] || continue\n"
	"	line=${line#* }\n"
	"	kind_of \"$line\"\n"
	"	path=${line#\"$kind \"}\n"
	"	path=${path%% *}\n"
	"	case $changed in\n"
	"	*\"$newline$kind$newline\"*)\n"
	"		say \"the device in slot $path is not held early: one of its kind has appeared, vanished or moved; see: host-setup check\"\n"
	"		note \"changed $path\"\n"
	"		continue\n"
	"		;;\n"
	"	esac\n"
	"	address=${seen#*\"$newline$line \"}\n"
	"	note \"hold $path\"\n"
	"	hold \"${address%%\"$newline\"*}\"\n"
	"done\n"
	"\n"
	"# The override alone keeps other drivers away. Loaded now, vfio-pci also ends the firmware's framebuffer on\n"
	"# a card; one that was there before, built in, has to be asked.\n"
	"[ -n \"$held\" ] || exit 0\n"
	"\"$root/sbin/modprobe\" vfio-pci || say 'vfio-pci could not be loaded; it is tried again later in the boot'\n"
	"for address in $held; do\n"
	"	[ -e \"$sys/devices/$address/driver\" ] || echo \"$address\" >\"$sys/drivers_probe\"\n"
	"done\n"
	"exit 0\n";

/* A hook that fails would make update-initramfs fail. */
static const char hook[] =
	"#!/bin/sh\n" EARLY_MARK "; do not edit: host-setup early --remove ADDRESS undoes it.\n"
	"# What scripts/init-top/" EARLY_SCRIPT_NAME " needs. (No prereqs.)\n"
	"[ \"${1-}\" != prereqs ] || exit 0\n"
	". /usr/share/initramfs-tools/hook-functions\n"
	"manual_add_modules vfio-pci\n"
	"[ ! -x /usr/bin/od ] || copy_exec /usr/bin/od /usr/lib/pve-passthrough/od\n"
	"exit 0\n";

static void put_device(struct strbuf *to, const struct early_entry *entry)
{
	const struct early_id *id = &entry->id;
	const struct pci_identity *ids = &id->identity;

	/* As the kernel writes it (Linux: drivers/pci/pci-sysfs.c, modalias_show(),
	 * revision_show()). */
	strbuf_add(to, "%s pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X 0x%02x %s %s\n",
		   entry->held ? "hold" : "twin", ids->vendor, ids->device, ids->subvendor,
		   ids->subdevice, ids->class >> 16, ids->class >> 8 & 0xff, ids->class & 0xff,
		   id->revision, id->path, *id->serial ? id->serial : "-");
}

char *early_script_text(const struct early_list *list)
{
	auto_strbuf struct strbuf text = {0};

	strbuf_add(&text, "%s", head);
	for (size_t i = 0; i < list->n; i++)
		put_device(&text, &list->items[i]);
	strbuf_add(&text, "%s%s", functions, body);
	return strbuf_take(&text);
}

const char *early_hook_text(void)
{
	return hook;
}
