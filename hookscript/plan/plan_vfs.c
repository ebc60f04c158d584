// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of the settings for a virtual function of a network card, by the VM's entry; and whether
 * QEMU can open a virtual function. */
#include "hookscript/plan/plan_check.h"

#include "host/text/strbuf.h"

#include <string.h>

static const char *const key_names[VF_KEYS] = {
	[VF_KEY_MAC] = "mac",		[VF_KEY_VLAN] = "vlan", [VF_KEY_TRUST] = "trust",
	[VF_KEY_SPOOFCHK] = "spoofchk", [VF_KEY_FDB] = "fdb",
};

/* The key that a field comes from. */
static const enum vf_key keys_of[VF_NET_FIELDS] = {
	[VF_NET_VLAN] = VF_KEY_VLAN,	     [VF_NET_MAC] = VF_KEY_MAC,
	[VF_NET_SPOOFCHK] = VF_KEY_SPOOFCHK, [VF_NET_TRUST] = VF_KEY_TRUST,
	[VF_NET_LINK_STATE] = VF_KEYS,
};

static const struct vf_setting *setting_of(struct plan_check *c, int entry)
{
	return &c->facts->settings->vfs[entry];
}

/* Where KEYS are set, and that they may go from there. */
static void cure_names(struct plan_check *c, int entry, const char *keys,
		       const struct setting_source *from)
{
	cure_words(c, _("or take %s of vm%u, hostpci%d, out of /%s, line %u"), keys, c->facts->vmid,
		   entry, from->path, from->line);
}

static void cure_key(struct plan_check *c, int entry, enum vf_key key)
{
	cure_names(c, entry, key_names[key], &setting_of(c, entry)->from[key]);
}

/* Proxmox VE may choose it, whatever was foreseen. */
static void cure_spare(struct plan_check *c, const struct vf_facts *vf)
{
	if (vf->spare)
		cure_words(c, _("or take %s out of the mapping: Datacenter, Resource Mappings, %s"),
			   bdf_text(&vf->bdf), c->facts->vm->hostpci[vf->entry]->mapping);
}

/* All keys of the entry that change a VF. */
static char *list_keys(struct plan_check *c, int entry)
{
	auto_strbuf struct strbuf text = {0};

	for (enum vf_key key = 0; key < VF_KEYS; key++)
		if (vf_setting_has(setting_of(c, entry), key))
			strbuf_add_item(&text, "%s", key_names[key]);
	return strbuf_take(&text);
}

/* The same of all keys of the entry: the next start would refuse for one that is left. */
static void cure_keys(struct plan_check *c, int entry)
{
	const struct setting_source *first = NULL, *from = setting_of(c, entry)->from;
	auto_free char *keys = list_keys(c, entry);
	auto_strbuf struct strbuf places = {0};
	bool same = true;

	for (enum vf_key key = 0; key < VF_KEYS; key++) {
		if (!from[key].path)
			continue;
		first = first ?: &from[key];
		same &= from[key].line == first->line && !strcmp(from[key].path, first->path);
		strbuf_add_item(&places, _("%s (/%s, line %u)"), key_names[key], from[key].path,
				from[key].line);
	}
	if (first && same)
		cure_names(c, entry, plan_text(c, keys), first);
	else if (first)
		cure_words(c, _("or take these of vm%u, hostpci%d, out of the settings: %s"),
			   c->facts->vmid, entry, plan_text(c, places.text));
}

/* An entry that gets no VF of a network card. */
static void refuse_other(struct plan_check *c, int entry, const struct bdf *bdf, const char *what)
{
	enum vf_key key = vf_setting_first(setting_of(c, entry));
	const struct setting_source *from;
	auto_free char *keys = list_keys(c, entry);

	if (key == VF_KEYS)
		key = VF_KEY_FDB;
	from = &setting_of(c, entry)->from[key];
	plan_refuse(c, REFUSAL_VF, bdf,
		    fs_path(_("a virtual function of a network card (hostpci%d)"), entry),
		    _("hostpci%d: the settings (/%s, line %u) have %s for it, which only a virtual "
		      "function of a network card has; %s"),
		    entry, from->path, from->line, plan_text(c, keys), what);
	cure_words(c, _("name a virtual function; host-setup groups lists the devices"));
	cure_keys(c, entry);
}

static void refuse_unreadable(struct plan_check *c, const struct vf_facts *vf)
{
	const char *address = bdf_text(&vf->bdf);

	if (vf->err)
		plan_refuse(c, REFUSAL_UNREADABLE, &vf->bdf,
			    strdup(_("whether it is a virtual function cannot be read")),
			    _("%s: the settings have VF keys for it, but whether it is a VF of a "
			      "network card cannot be read: %s"),
			    address, strerror(-vf->err));
	else
		plan_refuse(c, REFUSAL_UNREADABLE, &vf->bdf,
			    strdup(_("what its network card keeps for it cannot be read")),
			    _("%s: what its network card %s keeps for it cannot be read, so its "
			      "guest might be in the wrong network: %s"),
			    address, bdf_text(&vf->pf), vf_net_strerror(vf->list_err));
	if (!cure_as_root(c, vf->err ?: vf->list_err) && vf->port.name)
		cure_command(c, _("look at it"), "ip link show %s", vf->port.name);
	cure_spare(c, vf);
	cure_keys(c, vf->entry);
}

/* What the driver does not tell cannot be put back either. */
static void refuse_unknown_field(struct plan_check *c, const struct vf_facts *vf,
				 enum vf_net_field field)
{
	const char *key = key_names[keys_of[field]];

	plan_refuse(c, REFUSAL_VF, &vf->bdf, fs_path(_("a network card that knows %s"), key),
		    _("%s: the driver of its network card %s (%s) does not know %s, which the "
		      "settings have for hostpci%d"),
		    bdf_text(&vf->bdf), bdf_text(&vf->pf), vf->port.name ? vf->port.name : "", key,
		    vf->entry);
	cure_words(c, _("use a card whose driver knows it"));
	cure_spare(c, vf);
	cure_key(c, vf->entry, keys_of[field]);
}

static void check_vf(struct plan_check *c, const struct vf_facts *vf)
{
	const struct vf_setting *setting = setting_of(c, vf->entry);
	struct vf_net wanted;

	if (!vf_setting_any(setting))
		return;
	if (vf->list_err == -EXDEV) /* of another root, whose network is nowhere */
		return;
	if (vf->err || (vf->list_err && vf->list_err != -ENXIO && vf->list_err != -EOPNOTSUPP)) {
		refuse_unreadable(c, vf);
		return;
	}
	if (!vf->is_vf || !vf->port.name || vf->list_err) {
		auto_free char *what = vf->is_vf ? fs_path("%s: %s", bdf_text(&vf->bdf),
							   vf_net_strerror(-ENXIO))
						 : fs_path(_("%s is not one"), bdf_text(&vf->bdf));

		refuse_other(c, vf->entry, &vf->bdf, plan_text(c, what));
		cure_spare(c, vf);
		return;
	}
	facts_wanted_vf(c->facts, vf->entry, &wanted);
	for (enum vf_net_field field = 0; field < VF_NET_FIELDS; field++)
		if (vf_net_knows(&wanted, field) && !vf_net_knows(&vf->now, field))
			refuse_unknown_field(c, vf, field);
}

/* How many devices the entry gets. */
static size_t count_vfs(const struct facts *facts, int entry)
{
	size_t n = 0;

	for (size_t i = 0; i < facts->n_vfs; i++)
		n += facts->vfs[i].entry == entry && !facts->vfs[i].spare;
	return n;
}

static void check_mac(struct plan_check *c, int entry)
{
	const struct vf_setting *setting = setting_of(c, entry);

	if (!vf_setting_has(setting, VF_KEY_MAC))
		return;
	if (count_vfs(c->facts, entry) > 1) {
		plan_refuse(c, REFUSAL_VF, NULL, fs_path(_("one device in hostpci%d"), entry),
			    _("hostpci%d: it has several devices, and the settings one mac for "
			      "it"),
			    entry);
		cure_words(c, _("give each virtual function an entry of its own"));
		cure_key(c, entry, VF_KEY_MAC);
	} else if (!setting->mac && c->facts->vm_identity_err) {
		plan_refuse(c, REFUSAL_UNREADABLE, NULL,
			    strdup(_("what its MAC is made of cannot be read")),
			    _("hostpci%d: the uuid of the VM, or the name of the cluster, of which "
			      "mac = \"stable\" is made, cannot be read: %s"),
			    entry, strerror(-c->facts->vm_identity_err));
		if (!cure_as_root(c, c->facts->vm_identity_err))
			cure_command(c, _("give it a uuid"),
				     "qm set %u --smbios1 uuid=$(cat "
				     "/proc/sys/kernel/random/uuid)",
				     c->facts->vmid);
	}
}

static void check_entry(struct plan_check *c, int entry)
{
	const struct vf_setting *setting = setting_of(c, entry);
	const struct hostpci *hostpci = c->facts->vm->hostpci[entry];
	enum vf_key key = vf_setting_first(setting);

	if (key == VF_KEYS)
		return;
	if (!hostpci)
		plan_warn(
			c, NULL,
			_("/%s, line %u: the settings have %s for hostpci%d, which VM %u does not "
			  "have"),
			setting->from[key].path, setting->from[key].line, key_names[key], entry,
			c->facts->vmid);
	else if (!c->facts->binds[entry])
		refuse_other(c, entry, NULL,
			     hostpci->mdev ? _("its entry asks for a mediated device (mdev=)")
					   : _("its entry says driver=keep"));
	else
		check_mac(c, entry);
}

/* A PF on vfio-pci has only VFs that this has made, for it takes none that has some. They open with
 * its token, which QEMU has by a property of its own (Linux: drivers/vfio/pci/vfio_pci_core.c,
 * vfio_pci_validate_vf_token(); QEMU: hw/vfio/pci.c, vf-token). */
static void check_pf(struct plan_check *c, const struct device *device)
{
	const char *args = c->facts->vm->values[VMCFG_ARGS].text, *pf = bdf_text(&device->pf);

	if (!device->named || !device->pf_on_vfio || (args && strstr(args, "vf-token=")))
		return;
	plan_refuse(c, REFUSAL_VF, &device->bdf, fs_path(_("its PF %s is on vfio-pci"), pf),
		    _("%s is a virtual function of %s, which is on vfio-pci: the kernel lets QEMU "
		      "open it only with a token of that one, which Proxmox VE does not pass"),
		    bdf_text(&device->bdf), pf);
	cure_command(c,
		     _("end what keeps that PF on vfio-pci (a VM, or vfio-pci's option ids=), so "
		       "that it gets its own driver again; see"),
		     "pve-passthrough status");
	cure_words(c,
		   _("then have that driver create N VFs, now and at every boot: host-setup sriov "
		     "%s N"),
		   pf);
}

void plan_check_vfs(struct plan_check *c)
{
	for (size_t i = 0; i < c->facts->n_devices; i++)
		check_pf(c, &c->facts->devices[i]);
	if (!c->facts->vmid)
		return;
	for (int entry = 0; entry < HOSTPCI_MAX; entry++)
		check_entry(c, entry);
	for (size_t i = 0; i < c->facts->n_vfs; i++)
		check_vf(c, &c->facts->vfs[i]);
}
