// SPDX-License-Identifier: GPL-2.0-or-later
/* mapping/pci.cfg (vmcfg/mapping.h). */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "vmcfg/mapping.h"

static struct mappings *parse(const char *text, size_t size)
{
	struct mappings *mappings = NULL;

	fuzz_require(!mappings_parse(text, size, &mappings) && mappings);
	return mappings;
}

/* What hardware would agree with a text of four hex digits, a colon and four hex digits. */
static void parse_id(const char *text, uint16_t *ret_vendor, uint16_t *ret_device)
{
	*ret_vendor = (uint16_t)strtoul(text, NULL, 16);
	*ret_device = (uint16_t)strtoul(text + 5, NULL, 16);
}

static bool is_lower(const char *text)
{
	return !text || !strpbrk(text, "ABCDEF");
}

/* Whether the group is a number as sysfs writes it, and which. */
static bool parse_group(const char *text, int *ret)
{
	char again[16];
	long number = text ? strtol(text, NULL, 10) : -1;

	*ret = number > INT32_MAX || number < -1 ? -1 : (int)number;
	snprintf(again, sizeof(again), "%d", *ret);
	return !text || (*ret >= 0 && !strcmp(again, text));
}

static struct mapping_device *agreeing_devices(const struct mapping *mapping,
					       const struct mapping_entry *entry, bool *ret_good)
{
	struct mapping_device *devices = calloc(entry->n_paths, sizeof(*devices));

	fuzz_require(devices);
	*ret_good = is_lower(entry->id) && is_lower(entry->subsystem_id);
	for (size_t i = 0; i < entry->n_paths; i++) {
		struct mapping_device *device = &devices[i];

		device->exists = true;
		parse_id(entry->id, &device->vendor, &device->device);
		device->has_subsystem = entry->subsystem_id;
		if (entry->subsystem_id)
			parse_id(entry->subsystem_id, &device->sub_vendor, &device->sub_device);
		device->mdev = mapping->mdev;
		device->iommugroup = (int)i; /* of the first one only it counts */
	}
	*ret_good &= parse_group(entry->iommugroup, &devices[0].iommugroup);
	return devices;
}

/* Hardware made to agree does so, unless the file writes what sysfs never does. */
static void check_check(const struct mapping *mapping, const struct mapping_entry *entry)
{
	struct mapping_verdict verdict;
	bool good;
	auto_free struct mapping_device *devices = agreeing_devices(mapping, entry, &good);
	size_t last = entry->n_paths - 1;

	fuzz_require(mapping_check(mapping, entry, devices, &verdict) == good);
	if (!good)
		return;
	devices[last].mdev = !devices[last].mdev;
	fuzz_require(!mapping_check(mapping, entry, devices, &verdict));
	fuzz_require(verdict.wrong == MAPPING_MDEV && verdict.path == last);
	devices[last].exists = false;
	fuzz_require(!mapping_check(mapping, entry, devices, &verdict));
	fuzz_require(verdict.wrong == MAPPING_NO_DEVICE && verdict.path == last);
}

static void check_path(const struct hostpci_address *path)
{
	struct hostpci_address again;
	char address[BDF_TEXT_SIZE];

	fuzz_require(fuzz_is_printable(hostpci_address_format(path, address)));
	if (path->impossible)
		return;
	fuzz_require(!hostpci_address_parse(text_of(address), &again) && !again.impossible);
	fuzz_require(!bdf_compare(&again.bdf, &path->bdf) &&
		     again.all_functions == path->all_functions);
}

static void check_entry(const struct mapping *mapping, const struct mapping_entry *entry,
			unsigned int lines)
{
	fuzz_require(entry->line > 1 && entry->line <= lines);
	fuzz_require(entry->node && entry->id && entry->n_paths);
	fuzz_require(strlen(entry->id) == 9);
	for (size_t i = 0; i < entry->n_paths; i++)
		check_path(&entry->paths[i]);
	check_check(mapping, entry);
}

static void check_found(const struct mappings *mappings, const struct mapping *mapping)
{
	const struct mapping *found = mappings_find(mappings, mapping->id);
	const struct mapping_entry *entry = NULL;
	size_t n = 0;

	fuzz_require(found >= mapping && !strcmp(found->id, mapping->id));
	if (!found->n_entries)
		return;
	while ((entry = mapping_next(found, found->entries[0].node, entry))) {
		fuzz_require(!strcmp(entry->node, found->entries[0].node));
		n++;
	}
	fuzz_require(n >= 1 && n <= found->n_entries);
}

/* Whether Proxmox VE's own hand could have written it. */
static bool is_plain(const struct mapping_entry *entry)
{
	for (size_t i = 0; i < entry->n_paths; i++)
		if (entry->paths[i].impossible && *entry->paths[i].impossible == '\'')
			return false;
	return true;
}

static char *write_all(const struct mappings *mappings, size_t *ret_len)
{
	char *out = NULL;
	FILE *to = open_memstream(&out, ret_len);

	fuzz_require(to);
	for (size_t i = 0; i < mappings->n; i++) {
		const struct mapping *mapping = &mappings->items[i];

		fprintf(to, "%s\n\tmdev %d\n", mapping->id, mapping->mdev);
		for (size_t j = 0; j < mapping->n_entries; j++) {
			const struct mapping_entry *entry = &mapping->entries[j];

			if (!is_plain(entry))
				continue;
			fprintf(to, "\tmap id=%s,node=%s", entry->id, entry->node);
			if (entry->iommugroup)
				fprintf(to, ",iommugroup=%s", entry->iommugroup);
			if (entry->subsystem_id)
				fprintf(to, ",subsystem-id=%s", entry->subsystem_id);
			for (size_t k = 0; k < entry->n_paths; k++) {
				char buf[BDF_TEXT_SIZE];

				fprintf(to, "%s%s", k ? ";" : ",path=",
					hostpci_address_format(&entry->paths[k], buf));
			}
			putc('\n', to);
		}
		putc('\n', to);
	}
	fuzz_require(!fclose(to));
	return out;
}

/* What was understood, written down and read again, is the same. */
static void check_written(const struct mappings *mappings)
{
	size_t len, again_len;
	auto_free char *text = write_all(mappings, &len);
	auto_free char *again = NULL;
	struct mappings *second;

	if (len > VMCFG_TEXT_MAX)
		return;
	second = parse(text, len);
	again = write_all(second, &again_len);
	fuzz_require(len == again_len && !memcmp(text, again, len));
	mappings_free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = fuzz_bytes(data, size);
	unsigned int lines = fuzz_count_lines(text, size);
	struct mappings *mappings = NULL;

	if (size > VMCFG_TEXT_MAX) {
		fuzz_require(mappings_parse(text, size, &mappings) == -EFBIG);
		return 0;
	}
	mappings = parse(text, size);
	for (size_t i = 0; i < mappings->n; i++) {
		const struct mapping *mapping = &mappings->items[i];

		for (size_t j = 0; j < mapping->n_entries; j++)
			check_entry(mapping, &mapping->entries[j], lines);
		/* Quadratic, as nothing but this test does it. */
		if (i < 100)
			check_found(mappings, mapping);
	}
	check_written(mappings);
	mappings_free(mappings);
	return 0;
}
