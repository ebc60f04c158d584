// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/pve/guests.h"

#include "hookscript/pve/pve.h"
#include "host/usage/lxc.h"
#include "vmcfg/nets.h"
#include "vmcfg/text/text.h"

#include <string.h>

/* There whenever Proxmox VE's file system of the cluster is, without guests, too. While that is
 * being restarted there is an empty directory above. */
#define VMS_DIR "etc/pve/qemu-server"

static int vm_runs(const struct fs_root *root, unsigned int vmid)
{
	return pve_vm_runs(root, vmid);
}

/* The interfaces in a config; one that has gone meanwhile has none. */
static int add_config(const struct fs_root *root, const char *path, const struct fs_names *bridges,
		      struct macs *ret)
{
	auto_guest_nets struct guest_nets nets = {0};
	auto_free char *text = NULL;
	size_t len = 0;
	int err = fs_read(root, path, VMCFG_TEXT_MAX, &text, &len);

	if (err)
		return fs_is_absent(err) ? 0 : err;
	err = guest_nets_parse(text, len, &nets);
	for (size_t i = 0; !err && i < nets.n; i++) {
		struct mac mac;

		memcpy(mac.bytes, nets.items[i].mac, MAC_SIZE);
		if (fs_names_has(bridges, nets.items[i].bridge))
			err = macs_add(ret, &mac);
	}
	return err;
}

static int add_all(const struct fs_root *root, const char *dir,
		   int (*runs)(const struct fs_root *root, unsigned int vmid),
		   const struct fs_names *bridges, struct macs *ret)
{
	auto_names struct fs_names names = {0};
	int err = fs_list(root, dir, &names);

	for (size_t i = 0; !err && i < names.n; i++) {
		auto_free char *path = fs_path("%s/%s", dir, names.items[i]);
		char *dot = strchr(names.items[i], '.');
		unsigned int vmid;
		int running;

		if (!dot || strcmp(dot, ".conf"))
			continue;
		*dot = '\0';
		if (pve_vmid_parse(names.items[i], &vmid))
			continue;
		running = runs(root, vmid);
		err = running > 0 ? add_config(root, path, bridges, ret) : running;
	}
	return err;
}

static int probe_cluster(const struct fs_root *root)
{
	int there = fs_probe(root, VMS_DIR);

	return there > 0 ? 0 : there ? there : -ENOTCONN;
}

int guests_list_macs(const struct fs_root *root, const struct fs_names *bridges, struct macs *ret)
{
	int err = probe_cluster(root);

	err = err ?: add_all(root, VMS_DIR, vm_runs, bridges, ret);
	err = err ?: add_all(root, "etc/pve/lxc", lxc_runs, bridges, ret);
	/* It may have gone meanwhile. */
	return err ?: probe_cluster(root);
}
