// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/iomem.h"

#include "host/pci/pci.h"

#include <stdio.h>
#include <string.h>

#define IOMEM_MAX    ((size_t)4 * 1024 * 1024)
#define RESOURCE_MAX ((size_t)64 * 1024)

/* The flag of a line in a device's resource file that says memory (Linux: include/linux/ioport.h,
 * IORESOURCE_MEM). */
#define RESOURCE_MEM 0x200

struct range {
	uint64_t start, end; /* both belong to it */
};

static bool is_framebuffer(const char *name)
{
	static const char *const names[] = {"BOOTFB",	 "efifb",  "vesafb", "simplefb",
					    "simpledrm", "efidrm", "vesadrm"};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return after_prefix(name, "simple-framebuffer");
}

/* "  e0000000-e02fffff : BOOTFB", indented by two for each claim that this one lies in. */
static bool parse_claim(const char *line, struct range *ret, const char **ret_name)
{
	char *end;

	line += strspn(line, " ");
	ret->start = strtoull(line, &end, 16);
	if (end == line || *end != '-')
		return false;
	line = end + 1;
	ret->end = strtoull(line, &end, 16);
	if (end == line || strncmp(end, " : ", 3))
		return false;
	*ret_name = end + 3;
	return true;
}

static bool overlap(const struct range *a, const struct range *b)
{
	return a->start <= b->end && b->start <= a->end;
}

static bool parse_bar(const char *line, struct range *ret)
{
	unsigned long long flags;
	char *at;

	ret->start = strtoull(line, &at, 16);
	ret->end = strtoull(at, &at, 16);
	flags = strtoull(at, &at, 16);
	return ret->end && flags & RESOURCE_MEM;
}

/* Whether one of the BARs, a line each in RESOURCE, overlaps the range. */
static bool bars_overlap(const char *resource, const struct range *claim)
{
	struct range bar;

	for (const char *line = resource; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (parse_bar(line, &bar) && overlap(&bar, claim))
			return true;
	}
	return false;
}

int iomem_boot_framebuffer(const struct fs_root *root, const struct bdf *bdf, char **ret)
{
	auto_free char *path = pci_path(bdf, "resource");
	auto_free char *resource = NULL, *iomem = NULL;
	char *rest, *line;
	int err = fs_read(root, path, RESOURCE_MAX, &resource, NULL);

	if (!err)
		err = fs_read(root, "proc/iomem", IOMEM_MAX, &iomem, NULL);
	if (err)
		return err;
	for (rest = iomem; (line = strsep(&rest, "\n"));) {
		struct range claim;
		const char *name;

		/* Without root all addresses read as zero. */
		if (!parse_claim(line, &claim, &name) || !claim.end || !is_framebuffer(name) ||
		    !bars_overlap(resource, &claim))
			continue;
		*ret = strdup(name);
		return *ret ? 0 : -ENOMEM;
	}
	*ret = NULL;
	return 0;
}
