// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/sriov/pfs.h"

#include <net/if.h>
#include <string.h>

#include "host/net/vf_list.h"
#include "host/pci/arch.h"
#include "host/pci/pci.h"

static void free_pf(struct pf *pf)
{
	for (size_t i = 0; i < pf->n_vfs; i++)
		free(pf->vfs[i].mac);
	free(pf->vfs);
	sriov_free(&pf->sriov);
	setters_free(&pf->setters);
	fs_names_free(&pf->interfaces);
}

int pf_interfaces(const struct fs_root *root, const struct bdf *pf, struct fs_names *ret,
		  const char **ret_down)
{
	auto_free char *dir = pci_path(pf, "net");
	int err = dir ? fs_list(root, dir, ret) : -ENOMEM;

	*ret_down = NULL;
	for (size_t i = 0; !err && i < ret->n && !*ret_down; i++) {
		auto_free char *path = fs_path("sys/class/net/%s/flags", ret->items[i]);
		auto_free char *text = NULL;

		/* One that has just gone is not down. */
		if (!fs_read_attr(root, path, &text) && !(strtoul(text, NULL, 16) & IFF_UP))
			*ret_down = ret->items[i];
	}
	return err;
}

static int add_vf(const struct fs_root *root, const struct sriov_above *above,
		  const struct pfs *pfs, const struct sriov_vf *vf, struct pf *pf)
{
	struct pf_vf added = {.bdf = vf->bdf, .number = vf->number};
	int taken = above->taken(root, &vf->bdf, &added.vmid);

	if (taken < 0)
		return taken;
	added.device = device_summaries_find(&pfs->devices, &vf->bdf);
	if (!array_grow(pf->vfs, pf->n_vfs))
		return -ENOMEM;
	pf->vfs[pf->n_vfs++] = added;
	return 0;
}

/* What the PF's driver keeps for its VFs; it need not tell. */
static int read_network(const struct fs_root *root, struct pf *pf)
{
	auto_free struct vf_net *list = NULL;
	size_t n = 0;
	int err = pf->n_vfs && pf->interfaces.n ? vf_list_read(root, &pf->bdf, &list, &n) : 0;

	for (size_t i = 0; !err && i < pf->n_vfs && i < n; i++) {
		const uint8_t *mac = list[i].mac;
		static const uint8_t none[MAC_SIZE];

		if (vf_net_knows(&list[i], VF_NET_VLAN))
			pf->vfs[i].vlan = list[i].vlan;
		if (!vf_net_knows(&list[i], VF_NET_MAC) || !memcmp(mac, none, MAC_SIZE))
			continue;
		pf->vfs[i].mac = fs_path("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
					 mac[3], mac[4], mac[5]);
		if (!pf->vfs[i].mac)
			return -ENOMEM;
	}
	/* Another root has no network, and not every driver keeps anything. */
	if (err != -EXDEV && err != -EOPNOTSUPP && err != -ENXIO)
		pf->net_err = err;
	return err == -ENOMEM ? err : 0;
}

/* What others than `host-setup sriov` have set up for it. */
static int read_setters(const struct fs_root *root, struct pf *pf)
{
	int err = setters_find_at(root, NULL, &pf->bdf, &pf->setters);

	pf->setters_err = err;
	return err == -ENOMEM ? err : 0;
}

/* Adds the device at the address if it can have VFs, or is to have some. */
static int add_pf(const struct fs_root *root, const struct sriov_above *above,
		  const struct bdf *bdf, struct pfs *pfs)
{
	const struct device_summary *device = device_summaries_find(&pfs->devices, bdf);
	cleanup_with(free_pf) struct pf pf = {.bdf = *bdf, .device = device};
	int err = device ? sriov_read(root, bdf, &pf.sriov) : 0;

	pf.configured = sriov_conf_at(&pfs->conf, bdf);
	if (err || (!pf.sriov.total && !pf.configured))
		return err;
	pf.other = pf.configured && device && !sriov_entry_is(pf.configured, &device->identity);
	if (device)
		err = pf_interfaces(root, bdf, &pf.interfaces, &pf.down);
	if (!err && device && !pf.configured)
		err = read_setters(root, &pf);
	for (size_t i = 0; !err && i < pf.sriov.n_vfs; i++)
		err = add_vf(root, above, pfs, &pf.sriov.vfs[i], &pf);
	if (!err)
		err = read_network(root, &pf);
	if (!err && !array_grow(pfs->items, pfs->n))
		err = -ENOMEM;
	if (err)
		return err;
	pfs->items[pfs->n++] = pf;
	pf = (struct pf){0};
	return 0;
}

static int compare(const void *a, const void *b)
{
	return bdf_compare(&((const struct pf *)a)->bdf, &((const struct pf *)b)->bdf);
}

int pfs_read(const struct fs_root *root, const struct sriov_above *above, struct pfs *ret)
{
	auto_pfs struct pfs pfs = {0};
	int err = device_summaries_read(root, &pfs.devices);

	if (!err)
		err = above->judge(root, &pfs.devices);
	if (err)
		return err;
	pfs.in_vm = arch_is_vm(root);
	pfs.conf_err = sriov_conf_read(root, &pfs.conf);
	if (pfs.conf_err == -ENOMEM)
		return pfs.conf_err;
	for (size_t i = 0; !err && i < pfs.devices.n; i++)
		err = add_pf(root, above, &pfs.devices.items[i].bdf, &pfs);
	for (size_t i = 0; !err && i < pfs.conf.n; i++)
		if (!device_summaries_find(&pfs.devices, &pfs.conf.items[i].bdf))
			err = add_pf(root, above, &pfs.conf.items[i].bdf, &pfs);
	if (err)
		return err;
	if (pfs.n)
		qsort(pfs.items, pfs.n, sizeof(*pfs.items), compare);
	*ret = pfs;
	pfs = (struct pfs){0};
	return 0;
}

void pfs_free(struct pfs *pfs)
{
	for (size_t i = 0; i < pfs->n; i++)
		free_pf(&pfs->items[i]);
	free(pfs->items);
	device_summaries_free(&pfs->devices);
	sriov_conf_free(&pfs->conf);
	*pfs = (struct pfs){0};
}
