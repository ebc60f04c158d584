// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * host FUNCTIONS: makes a host's tree with so many network functions (PCI, eight a slot), each in
 * an IOMMU group of its own, and prints where it is. The first is on vfio-pci, for VM 100; VM 101
 * has no device; all others are on a driver of their own. For tests/bench/run, which removes it.
 */
#include "tree.h"

#include "host/text/bdf.h"

#include <stdio.h>

#define DRIVER "ixgbevf"

static void put_function(struct tree *tree, unsigned int i)
{
	const struct bdf bdf = {.bus = (uint8_t)(1 + i / 256),
				.slot = (uint8_t)(i / 8 % 32),
				.func = (uint8_t)(i % 8)};
	char address[BDF_TEXT_SIZE];

	tree_device(tree, &(struct tree_device){
				  .bdf = bdf_format(&bdf, address),
				  .vendor = 0x8086,
				  .device = 0x1515,
				  .subvendor = 0x8086,
				  .subdevice = 1,
				  .class = 0x020000,
				  .group = (int)(10 + i),
				  .driver = i ? DRIVER : "vfio-pci",
				  .express = true,
			  });
}

int main(int argc, char **argv)
{
	unsigned long n = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	struct tree *tree;
	void *state = NULL;

	if (n < 1 || n > 16384) {
		fputs("usage: host FUNCTIONS (1 to 16384)\n", stderr);
		return 64;
	}
	if (tree_setup(&state))
		return 1;
	tree = state;
	tree_vfio(tree);
	tree_iommu(tree);
	tree_driver(tree, DRIVER, DRIVER);
	for (unsigned int i = 0; i < n; i++)
		put_function(tree, i);
	tree_file(tree, "dev/vfio/10", "");
	tree_vm(tree, 100, "machine: q35\nhostpci0: 0000:01:00.0,pcie=1\n");
	tree_vm(tree, 101, "machine: q35\nname: nothing\n");
	puts(tree->root.path);
	return 0;
}
