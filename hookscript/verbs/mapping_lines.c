// SPDX-License-Identifier: GPL-2.0-or-later
/* The lines of a mapping that there are, and the devices that they are about. */
#include "hookscript/verbs/mapping_find.h"

#include "hookscript/plan/facts.h"

#include <stdio.h>
#include <string.h>

/* Whether a line of NOW for this node names the device. */
static bool is_named(const struct mapping_finder *f, const struct pvesh_mapping *now,
		     const struct bdf *bdf)
{
	for (size_t i = 0; i < now->n_lines; i++) {
		auto_mapping_entry struct mapping_entry entry = {0};

		if (!mapping_entry_parse(now->lines[i], strlen(now->lines[i]), &entry, NULL) &&
		    !strcmp(entry.node, f->here) &&
		    hostpci_addresses_name(entry.paths, entry.n_paths, bdf))
			return true;
	}
	return false;
}

static bool has_id(const struct device_summary *device, const char *id)
{
	char text[10];

	snprintf(text, sizeof(text), "%04x:%04x", device->identity.vendor, device->identity.device);
	return !strcasecmp(text, id);
}

/* The one device with the id of the entry that no line names. */
static const struct device_summary *find_moved(const struct mapping_finder *f,
					       const struct pvesh_mapping *now,
					       const struct mapping_entry *entry)
{
	const struct device_summary *found = NULL;

	for (size_t i = 0; i < f->devices->n; i++) {
		const struct device_summary *device = &f->devices->items[i];

		if (device->bridge || !has_id(device, entry->id) || is_named(f, now, &device->bdf))
			continue;
		if (found)
			return NULL;
		found = device;
	}
	return found;
}

/* Whether there is a device at each path of the entry; *RET_SAME: of its id. */
static bool is_there(const struct mapping_finder *f, const struct mapping_entry *entry,
		     bool *ret_same)
{
	*ret_same = true;
	for (size_t i = 0; i < entry->n_paths; i++) {
		const struct device_summary *device = entry->paths[i].impossible
							      ? NULL
							      : device_summaries_find(
									f->devices,
									&entry->paths[i].bdf);

		if (!device)
			return false;
		*ret_same &= has_id(device, entry->id);
	}
	return true;
}

/* A card's devices are named by its function 0. */
static int add_moved(struct mapping_finder *f, const struct device_summary *device,
		     bool all_functions)
{
	struct hostpci_address address = {.bdf = device->bdf, .all_functions = all_functions};

	if (all_functions && device->bdf.func)
		return 0;
	return mapping_add_here(f, &address, 1);
}

/* Its devices have more to say than their address: a device that has moved is followed. */
static int find_line(struct mapping_finder *f, const struct pvesh_mapping *now,
		     const struct mapping_entry *entry)
{
	const struct device_summary *moved = NULL;
	const char *path = hostpci_address_text(&entry->paths[0]);
	bool same, there = is_there(f, entry, &same);

	if (!(there && same) && entry->n_paths == 1)
		moved = find_moved(f, now, entry);
	if (moved)
		return add_moved(f, moved, entry->paths[0].all_functions);
	if (there && !same)
		mapping_note(
			f,
			_("%s is another device now than the line for it says; to name the right "
			  "one: pve-passthrough mapping %s ADDRESS"),
			path, f->name);
	if (there)
		return mapping_add_here(f, entry->paths, entry->n_paths);
	mapping_note(
		f,
		_("there is no device at %s on this node, and not exactly one like it elsewhere; "
		  "to name another one: pve-passthrough mapping %s ADDRESS"),
		path, f->name);
	return 0;
}

int mapping_find_lines(struct mapping_finder *f, const struct pvesh_mapping *now)
{
	bool has_line = false;

	for (size_t i = 0; i < now->n_lines; i++) {
		auto_mapping_entry struct mapping_entry entry = {0};
		int err = mapping_entry_parse(now->lines[i], strlen(now->lines[i]), &entry, NULL);

		if (!err && !strcmp(entry.node, f->here)) {
			has_line = true;
			err = find_line(f, now, &entry);
		}
		if (err && err != -EINVAL)
			return err;
	}
	if (!has_line)
		mapping_note(
			f,
			_("it has no line for this node (%s); to add one: pve-passthrough mapping "
			  "%s ADDRESS"),
			f->here, f->name);
	return 0;
}

/* ---- lines that stay ---- */

static bool is_target(const struct mapping_finder *f, const struct mapping_entry *entry)
{
	auto_free char *path = mapping_path(entry->paths, entry->n_paths);
	bool found = !path;

	for (size_t i = 0; !found && i < f->targets->n; i++)
		found = !strcmp(f->targets->items[i].node, entry->node) &&
			!strcmp(f->targets->items[i].path, path);
	return found;
}

static struct mapping_device device_at(const struct mapping_finder *f,
				       const struct hostpci_address *path)
{
	const struct device_summary *device = path->impossible ? NULL
							       : device_summaries_find(f->devices,
										       &path->bdf);

	return device ? facts_mapping_device(&device->identity, device->group)
		      : facts_mapping_device(NULL, -1);
}

/* As Proxmox VE's check will see it; on vfio-pci it provides no mediated devices. */
static int check_line(const struct mapping_finder *f, const struct mapping_entry *entry,
		      bool *ret_fits)
{
	auto_free struct mapping_device *devices = calloc(entry->n_paths, sizeof(*devices));
	const struct mapping mapping = {.mdev = false};
	struct mapping_verdict verdict;

	if (!devices)
		return -ENOMEM;
	for (size_t i = 0; i < entry->n_paths; i++)
		devices[i] = device_at(f, &entry->paths[i]);
	*ret_fits = mapping_check(&mapping, entry, devices, &verdict);
	return 0;
}

int mapping_note_misfits(const struct mapping_finder *f, char *const *lines, size_t n,
			 struct strbuf *notes)
{
	for (size_t i = 0; f->devices && i < n; i++) {
		auto_mapping_entry struct mapping_entry entry = {0};
		bool fits = true;
		int err = mapping_entry_parse(lines[i], strlen(lines[i]), &entry, NULL);

		if (!err && !strcmp(entry.node, f->here) && !is_target(f, &entry))
			err = check_line(f, &entry, &fits);
		if (err == -ENOMEM)
			return err;
		if (fits)
			continue;
		strbuf_add(notes, "%s", notes->len ? "\n" : "");
		strbuf_add(notes,
			   _("node %s: this line no longer fits the hardware, so no VM starts "
			     "with the mapping there: %s; cure: pve-passthrough mapping %s"),
			   f->here, lines[i], f->name);
	}
	return 0;
}
