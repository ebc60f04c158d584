/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lookup [forget]: looks up the name of a device that libpci does not know, as host-setup does;
 * with "forget" it forgets pci_cleanup(), which tests/sanitizers/suppressions must not hide. Reads
 * no devices, so that it runs where there are none.
 */
#include <pci/pci.h>
#include <stdbool.h>
#include <stdio.h>

static void __attribute__((noinline)) look_up(bool forget)
{
	struct pci_access *volatile access = pci_alloc();
	char path[] = "sysfs.path", hwdb[] = "hwdb.disable", here[] = ".", yes[] = "1";
	char name[64];

	access->method = PCI_ACCESS_SYS_BUS_PCI;
	pci_set_param(access, path, here);
	pci_set_param(access, hwdb, yes);
	pci_init(access);
	puts(pci_lookup_name(access, name, sizeof(name), PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE,
			     0xfff9, 0x1234));
	if (!forget)
		pci_cleanup(access);
	access = NULL;
}

/* Nothing on the stack may still point to what was lost. */
static void __attribute__((noinline)) overwrite_stack(void)
{
	volatile char bytes[4096];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = 0;
}

int main(int argc, char **argv)
{
	(void)argv;
	look_up(argc > 1);
	overwrite_stack();
	return 0;
}
