// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/plan/facts/facts_state.h"

#include "hookscript/pve/vm.h"
#include "host/net/vf_list.h"
#include "host/pci/driver.h"

#include <string.h>

/* ---- what the facts mean ---- */

const struct vf_facts *facts_vf(const struct facts *facts, const struct bdf *bdf)
{
	for (size_t i = 0; i < facts->n_vfs; i++)
		if (!facts->vfs[i].spare && !bdf_compare(&facts->vfs[i].bdf, bdf))
			return &facts->vfs[i];
	return NULL;
}

static const struct vf_setting *setting_of(const struct facts *facts, int entry)
{
	return &facts->settings->vfs[entry];
}

/* Of the VM's identity and the entry. */
static bool make_mac(const struct facts *facts, int entry, uint8_t ret[MAC_SIZE])
{
	auto_free char *name = facts->vm_identity
				       ? fs_path("hostpci%d %s", entry, facts->vm_identity)
				       : NULL;

	if (name)
		mac_derive(name, ret);
	return name;
}

static void know(struct vf_net *vf, enum vf_net_field field, bool known)
{
	if (known)
		vf->known |= 1U << field;
}

void facts_wanted_vf(const struct facts *facts, int entry, struct vf_net *ret)
{
	const struct vf_setting *setting;

	*ret = (struct vf_net){.protocol = VF_PROTOCOL_8021Q};
	if (entry == ENTRY_ARGS)
		return;
	setting = setting_of(facts, entry);
	ret->vlan = (uint16_t)setting->vlan;
	ret->spoofchk = setting->spoofchk;
	ret->trust = setting->trust;
	know(ret, VF_NET_VLAN, vf_setting_has(setting, VF_KEY_VLAN));
	know(ret, VF_NET_SPOOFCHK, vf_setting_has(setting, VF_KEY_SPOOFCHK));
	know(ret, VF_NET_TRUST, vf_setting_has(setting, VF_KEY_TRUST));
	if (vf_setting_has(setting, VF_KEY_MAC))
		know(ret, VF_NET_MAC,
		     setting->mac ? mac_parse(setting->mac, ret->mac)
				  : make_mac(facts, entry, ret->mac));
}

/* ---- reading ---- */

int facts_read_pf(const struct fs_root *root, struct device *device)
{
	auto_free char *path = pci_path(&device->bdf, "physfn"), *name = NULL, *driver = NULL;
	int err = path ? fs_link_name_if(root, path, &name) : -ENOMEM;

	if (err || !name)
		return err;
	err = bdf_parse(name, &device->pf) ? -EINVAL : pci_driver(root, &device->pf, &driver);
	device->pf_on_vfio = !err && driver && !strcmp(driver, DRIVER_VFIO_PCI);
	return err;
}

/* What the PF's driver keeps for the VF. */
static int read_now(const struct fs_root *root, struct vf_facts *vf)
{
	auto_free struct vf_net *list = NULL;
	size_t n;
	int err = vf_list_read(root, &vf->pf, &list, &n);

	if (!err && vf->index >= n)
		err = -EPROTO;
	if (!err)
		vf->now = list[vf->index];
	return err;
}

static int read_vf(const struct fs_root *root, struct vf_facts *vf, bool wants_now)
{
	int place = vf_net_place(root, &vf->bdf, &vf->pf, &vf->index);

	if (place <= 0)
		return place;
	vf->is_vf = true;
	if (wants_now)
		vf->list_err = read_now(root, vf);
	return net_port_read(root, &vf->pf, &vf->port);
}

/* A device of a candidate. */
static int add_vf(const struct fs_root *root, struct facts *facts, int entry, const struct bdf *bdf,
		  bool spare)
{
	const struct vf_setting *setting = setting_of(facts, entry);
	bool wanted = vf_setting_first(setting) < VF_KEYS;
	struct vf_facts *vf;

	if (!array_grow(facts->vfs, facts->n_vfs))
		return -ENOMEM;
	vf = &facts->vfs[facts->n_vfs];
	*vf = (struct vf_facts){.entry = entry, .bdf = *bdf, .spare = spare};
	vf->err = read_vf(root, vf, wanted);
	if (vf->err == -ENOMEM || vf->list_err == -ENOMEM)
		return -ENOMEM;
	if (vf_setting_any(setting) || (vf->is_vf && vf->port.name))
		facts->n_vfs++;
	else
		net_port_free(&vf->port);
	return 0;
}

int facts_read_vm_identity(const struct fs_root *root, struct facts *facts)
{
	bool needed = false;

	for (int e = 0; e < HOSTPCI_MAX; e++)
		needed |= facts->vm->hostpci[e] &&
			  vf_setting_has(setting_of(facts, e), VF_KEY_MAC) &&
			  !setting_of(facts, e)->mac;
	if (needed && facts->vmid)
		facts->vm_identity_err = vm_read_identity(root, facts->vmid, &facts->vm_identity);
	return facts->vm_identity_err == -ENOMEM ? -ENOMEM : 0;
}

/* What Proxmox VE may choose for an entry with keys has to be one on which they can be set, too. */
static int add_spares(const struct fs_root *root, struct facts *facts,
		      const struct candidate *candidate)
{
	const struct vf_setting *setting;
	int err = 0;

	if (candidate->state != CANDIDATE_SPARE || candidate->entry == ENTRY_ARGS)
		return 0;
	setting = setting_of(facts, candidate->entry);
	if (!vf_setting_any(setting))
		return 0;
	for (size_t i = 0; !err && i < facts->n_devices; i++) {
		const struct device *device = &facts->devices[i];

		if (!device->bridge && hostpci_addresses_name(candidate->addresses,
							      candidate->n_addresses, &device->bdf))
			err = add_vf(root, facts, candidate->entry, &device->bdf, true);
	}
	return err;
}

int facts_read_vfs(const struct fs_root *root, struct facts *facts)
{
	int err = 0;

	for (size_t i = 0; !err && i < facts->n_devices; i++) {
		const struct device *device = &facts->devices[i];
		const struct candidate *chosen = facts_chosen(facts, &device->bdf);

		if (chosen && chosen->entry != ENTRY_ARGS && !device->bridge)
			err = add_vf(root, facts, chosen->entry, &device->bdf, false);
	}
	for (size_t i = 0; !err && i < facts->n_candidates; i++)
		err = add_spares(root, facts, &facts->candidates[i]);
	return err;
}
