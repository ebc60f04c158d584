// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/pve/vm.h"

#include "hookscript/pve/pve.h"
#include "host/base/log.h"
#include "vmcfg/nets.h"

#include <string.h>

#define COROSYNC_PATH "etc/pve/corosync.conf"

int vm_read(const struct fs_root *root, unsigned int vmid, struct vmcfg **ret, char **ret_why)
{
	auto_free char *path = pve_config_path(vmid, getenv("PVE_MIGRATED_FROM"));
	auto_free char *text = NULL;
	size_t len = 0;
	int err = fs_read(root, path, VMCFG_TEXT_MAX, &text, &len);

	if (!err)
		err = vmcfg_parse(text, len, ret);
	if (err == -ENOENT)
		*ret_why = fs_path(_("VM %u: there is no config /%s on this node; to list its VMs: "
				     "qm list"),
				   vmid, path);
	else if (err && path)
		*ret_why = fs_path(_("VM %u: /%s cannot be read: %s"), vmid, path,
				   log_strerror(err));
	return err;
}

int vm_read_next(const struct fs_root *root, unsigned int vmid, struct vmcfg **ret,
		 enum vmcfg_pending *ret_pending, char **ret_why)
{
	const char *source = getenv("PVE_MIGRATED_FROM");
	int err = vm_read(root, vmid, ret, ret_why);

	if (!err)
		*ret_pending = vmcfg_apply_pending(*ret, source && *source);
	return err;
}

/* The name of the cluster, or of this node. */
static int read_place(const struct fs_root *root, char **ret)
{
	auto_free char *text = NULL;
	char *rest, *line;
	int err = fs_read(root, COROSYNC_PATH, VMCFG_TEXT_MAX, &text, NULL);

	if (err)
		return err == -ENOENT ? pve_node_name(root, ret) : err;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		const char *name = after_prefix(line + strspn(line, " \t"), "cluster_name:");

		if (!name)
			continue;
		name += strspn(name, " \t");
		*ret = strndup(name, strcspn(name, " \t\r"));
		return *ret ? 0 : -ENOMEM;
	}
	return -EINVAL;
}

int vm_read_identity(const struct fs_root *root, unsigned int vmid, char **ret)
{
	auto_free char *path = pve_config_path(vmid, getenv("PVE_MIGRATED_FROM"));
	auto_free char *text = NULL, *uuid = NULL, *place = NULL;
	size_t len = 0;
	int err = fs_read(root, path, VMCFG_TEXT_MAX, &text, &len);

	if (!err)
		err = guest_uuid_parse(text, len, &uuid);
	if (!err && !uuid)
		err = read_place(root, &place);
	if (err)
		return err;
	*ret = uuid ? TAKE_PTR(uuid) : fs_path("%s %u", place, vmid);
	return *ret ? 0 : -ENOMEM;
}

int storages_read(const struct fs_root *root, struct storages *ret)
{
	auto_free char *text = NULL;
	size_t len = 0;
	int err = fs_read(root, STORAGES_PATH, VMCFG_TEXT_MAX, &text, &len);

	return err && err != -ENOENT ? err : storages_parse(text, len, ret);
}
