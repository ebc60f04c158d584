// SPDX-License-Identifier: GPL-2.0-or-later
/* Mappings of which Proxmox VE can choose no device: why, and what helps. */
#include "hookscript/plan/plan_check.h"

char *plan_name_of_valid(int e)
{
	return fs_path(_("a valid entry (hostpci%d)"), e);
}

/* Whether the devices that the entry names are named more than once by itself. */
bool candidate_names_twice(const struct candidate *candidate, const struct bdf *bdf)
{
	size_t n = 0;

	for (size_t i = 0; i < candidate->n_addresses; i++)
		n += hostpci_address_names(&candidate->addresses[i], bdf);
	return n > 1;
}

/* The VM for which Proxmox VE has reserved a device of the candidate; 0: none. */
static unsigned int reserved_for(const struct facts *facts, const struct candidate *candidate)
{
	for (size_t i = 0; i < facts->n_devices; i++) {
		const struct device *device = &facts->devices[i];

		if (device->reserved_for &&
		    hostpci_addresses_name(candidate->addresses, candidate->n_addresses,
					   &device->bdf))
			return device->reserved_for;
	}
	return 0;
}

/* Why the alternatives of an entry are not free: so many are other VMs', and so many this VM's by
 * entries before it; the rest are lines that name a device twice. */
struct used_up {
	size_t others, own;
	unsigned int vmids[8]; /* the first of those VMs */
	size_t n_vmids;
};

static void add_vmid(struct used_up *used, unsigned int vmid)
{
	for (size_t i = 0; i < used->n_vmids; i++)
		if (used->vmids[i] == vmid)
			return;
	if (used->n_vmids < ARRAY_SIZE(used->vmids))
		used->vmids[used->n_vmids++] = vmid;
}

static struct used_up find_users(const struct facts *facts, size_t e)
{
	struct used_up used = {0};

	for (size_t i = 0; i < facts->n_candidates; i++) {
		const struct candidate *candidate = &facts->candidates[i];
		unsigned int vmid;

		if (candidate->entry != (int)e)
			continue;
		vmid = reserved_for(facts, candidate);
		if (vmid)
			add_vmid(&used, vmid);
		used.others += vmid != 0;
		used.own += !vmid && !(candidate->twice &&
				       candidate_names_twice(candidate, &candidate->repeated));
	}
	return used;
}

static void cure_used_up(struct plan_check *c, const struct used_up *used, size_t e, const char *id,
			 size_t n)
{
	for (size_t i = 0; i < used->n_vmids; i++)
		cure_command(c, i ? _("or") : _("stop one of those VMs"), "qm shutdown %u",
			     used->vmids[i]);
	if (used->own)
		cure_delete(c,
			    used->others ? _("or take this entry out") : _("take this entry out"),
			    e);
	cure_words(c,
		   used->others + used->own == n
			   ? _("or add another device to the mapping: Datacenter, Resource "
			       "Mappings, %s")
			   : _("or correct the mapping: Datacenter, Resource Mappings, %s"),
		   id);
}

/* There are alternatives, and Proxmox VE can choose none of them. */
static void refuse_used_up(struct plan_check *c, size_t e, const char *id, size_t n)
{
	const struct used_up used = find_users(c->facts, e);
	const char *node = c->facts->node;

	if (used.others == n)
		refuse_entry(c, e,
			     _("hostpci%zu: mapping %s: all of its %zu devices on this node (%s) "
			       "are reserved for other VMs; Proxmox VE would abort the start"),
			     e, id, n, node);
	else if (used.others)
		refuse_entry(c, e,
			     _("hostpci%zu: mapping %s: none of its %zu devices on this node (%s) "
			       "is free: they are reserved for other VMs, or this VM's own entries "
			       "name them already; Proxmox VE would abort the start"),
			     e, id, n, node);
	else if (used.own == n)
		refuse_entry(c, e,
			     _("hostpci%zu: mapping %s: this VM's own entries name all of its %zu "
			       "devices on this node (%s) already; Proxmox VE would abort the "
			       "start"),
			     e, id, n, node);
	else
		refuse_entry(
			c, e,
			_("hostpci%zu: mapping %s: none of its %zu lines for this node (%s) can "
			  "be used; Proxmox VE would abort the start"),
			e, id, n, node);
	cure_used_up(c, &used, e, id, n);
}

/* What an entry has none of: alternatives on this node, or one that is free. */
void plan_refuse_no_alternative(struct plan_check *c, size_t e, size_t n_alternatives)
{
	const char *node = c->facts->node, *id = c->facts->vm->hostpci[e]->mapping;

	if (!n_alternatives) {
		refuse_entry(c, e,
			     _("hostpci%zu: mapping=%s: /%s has no device of that name for "
			       "this node (%s); Proxmox VE would abort the start"),
			     e, id, MAPPINGS_PATH, node);
		cure_words(c, _("add one: pve-passthrough mapping %s ADDRESS"), id);
		cure_command(c, _("those that there are"),
			     "pvesh get /cluster/mapping/pci --check-node %s", node);
		return;
	}
	refuse_used_up(c, e, id, n_alternatives);
}
