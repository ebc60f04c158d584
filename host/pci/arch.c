// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/arch.h"

#include <string.h>
#include <sys/utsname.h>

#define CPUINFO_MAX ((size_t)16 * 1024 * 1024)

/* "x86_64", "i686" */
static bool is_x86_name(const char *machine)
{
	return after_prefix(machine, "x86") ||
	       (*machine == 'i' && strlen(machine) == 4 && after_prefix(machine + 2, "86"));
}

/* Whether a line of the text is the field NAME: it is followed by tabs or spaces and a colon. */
static bool has_field(const char *text, const char *name)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *rest;

		line += *line == '\n';
		rest = after_prefix(line, name);
		if (rest && rest[strspn(rest, " \t")] == ':')
			return true;
	}
	return false;
}

int arch_of_cpuinfo(const char *text)
{
	/* ARM and LoongArch, RISC-V, POWER */
	static const char *const others[] = {"Features", "isa", "cpu"};

	if (has_field(text, "vendor_id") || has_field(text, "flags"))
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (has_field(text, others[i]))
			return 0;
	return -1;
}

bool arch_is_x86(const struct fs_root *root)
{
	auto_free char *cpuinfo = NULL;
	struct utsname name;
	int is;

	if (fs_root_is_running_system(root) && !uname(&name))
		return is_x86_name(name.machine);
	is = fs_read(root, "proc/cpuinfo", CPUINFO_MAX, &cpuinfo, NULL) ? -1
									: arch_of_cpuinfo(cpuinfo);
	if (is >= 0)
		return is;
	return fs_probe(root, "lib/ld-linux-aarch64.so.1") <= 0 &&
	       fs_probe(root, "lib/ld-linux-riscv64-lp64d.so.1") <= 0;
}

/* Whether the first line of flags in the text of /proc/cpuinfo has it. */
static bool has_flag(const char *cpuinfo, const char *flag)
{
	const char *flags = strstr(cpuinfo, "\nflags");
	auto_free char *line = flags ? strndup(flags + 1, strcspn(flags + 1, "\n")) : NULL;

	return line && has_word(line, flag);
}

enum machine arch_machine(const struct fs_root *root)
{
	auto_free char *cpuinfo = NULL, *maker = NULL;

	if (!fs_read_attr(root, "sys/class/dmi/id/sys_vendor", &maker) && !strcmp(maker, "QEMU"))
		return MACHINE_QEMU;
	if (fs_read(root, "proc/cpuinfo", CPUINFO_MAX, &cpuinfo, NULL))
		return MACHINE_REAL;
	return has_flag(cpuinfo, "hypervisor") ? MACHINE_VM : MACHINE_REAL;
}

bool arch_is_vm(const struct fs_root *root)
{
	return arch_machine(root) != MACHINE_REAL;
}
