// SPDX-License-Identifier: GPL-2.0-or-later
/* The lines of a mapping that there are, and the devices that they are about. */
#include "hookscript/verbs/mapping_find.h"

#include "hookscript/plan/facts/facts.h"
#include "host/pci/sriov.h"

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

/* What may have become of a line's device. */
struct whereabouts {
	bool there, same; /* there is a device at each path; of its id */
	size_t n_like; /* so many of its id are elsewhere, and no line of the mapping names them */
	const struct device_summary *moved; /* the only one of them; NULL: several, or a VF */
	char *owner;			    /* what else names that; NULL: nothing */
	struct bdf pf;			    /* would have it as its VF number VF */
	unsigned int vf;		    /* 0: no PF would */
};

static void free_whereabouts(struct whereabouts *where)
{
	free(where->owner);
}

/* A VF has its address from its PF: one at another address is another one. */
static int find_like(const struct mapping_finder *f, const struct pvesh_mapping *now,
		     const struct mapping_entry *entry, struct whereabouts *where)
{
	const struct device_summary *found = NULL;
	int vf;

	for (size_t i = 0; i < f->devices->n; i++) {
		const struct device_summary *device = &f->devices->items[i];

		if (device->bridge || !has_id(device, entry->id) || is_named(f, now, &device->bdf))
			continue;
		found = device;
		where->n_like++;
	}
	if (!found || where->n_like != 1)
		return 0;
	vf = pci_probe_file(f->root, &found->bdf, "physfn");
	if (vf)
		return vf < 0 ? vf : 0;
	where->moved = found;
	if (!found->vms)
		return mapping_find_owner(f, f->here, &found->bdf, &where->owner);
	where->owner = strdup(found->vms);
	return where->owner ? 0 : -ENOMEM;
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

static int find_out(const struct mapping_finder *f, const struct pvesh_mapping *now,
		    const struct mapping_entry *entry, struct whereabouts *where)
{
	int err = 0;

	where->there = is_there(f, entry, &where->same);
	if (where->there && where->same)
		return 0;
	if (!where->there && !entry->paths[0].impossible)
		err = sriov_find_pf(f->root, &entry->paths[0].bdf, &where->pf, &where->vf);
	if (err || where->vf || entry->n_paths > 1)
		return err;
	return find_like(f, now, entry, where);
}

/* What is known of a device that is not where its line says, and is not followed. */
static void note_lost(struct mapping_finder *f, const char *path, const struct whereabouts *where)
{
	if (where->vf)
		mapping_note(f,
			     _("%s is a virtual function (VF) of %s, number %u, which has not been "
			       "created, and its line stays; to create it: host-setup sriov %s %u"),
			     path, bdf_text(&where->pf), where->vf, bdf_text(&where->pf),
			     where->vf);
	else if (where->owner)
		mapping_note(f,
			     _("the device of the line for %s is not there; the only one like it, "
			       "%s, is not taken for it: %s names that one; to name another one: "
			       "pve-passthrough mapping %s ADDRESS"),
			     path, bdf_text(&where->moved->bdf), where->owner, f->name);
	else if (where->there)
		mapping_note(
			f,
			_("%s is another device now than the line for it says; to name the right "
			  "one: pve-passthrough mapping %s ADDRESS"),
			path, f->name);
	else
		mapping_note(f,
			     _("there is no device at %s on this node, and where it is now cannot "
			       "be told; to name another one: pve-passthrough mapping %s ADDRESS"),
			     path, f->name);
}

/* Its devices have more to say than their address: a device that has moved is followed, unless
 * something else names it. */
static int find_line(struct mapping_finder *f, const struct pvesh_mapping *now, const char *line,
		     const struct mapping_entry *entry)
{
	cleanup_with(free_whereabouts) struct whereabouts where = {0};
	int err = find_out(f, now, entry, &where);

	if (err)
		return err;
	if (where.moved && !where.owner)
		return add_moved(f, where.moved, entry->paths[0].all_functions);
	if (!where.there || !where.same)
		note_lost(f, hostpci_address_text(&entry->paths[0]), &where);
	/* A device that has only been replaced is what is there now. */
	if (where.there && !where.n_like)
		return mapping_add_here(f, entry->paths, entry->n_paths);
	return where.there || where.vf ? fs_names_add(&f->kept, line) : 0;
}

int mapping_find_lines(struct mapping_finder *f, const struct pvesh_mapping *now)
{
	bool has_line = false;

	for (size_t i = 0; i < now->n_lines; i++) {
		auto_mapping_entry struct mapping_entry entry = {0};
		int err = mapping_entry_parse(now->lines[i], strlen(now->lines[i]), &entry, NULL);

		if (!err && !strcmp(entry.node, f->here)) {
			has_line = true;
			err = find_line(f, now, now->lines[i], &entry);
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
