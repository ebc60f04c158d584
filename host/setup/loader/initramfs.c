// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/loader/initramfs.h"

#define DRACUT	 "usr/bin/dracut"
#define SCRIPT	 "etc/kernel/postinst.d/initramfs-tools"
#define DPKG_HAS "var/lib/dpkg/info/initramfs-tools."

int initramfs_by_dracut(const struct fs_root *root)
{
	int dracut = fs_probe(root, DRACUT), script = fs_probe(root, SCRIPT);
	int known, installed;

	if (dracut <= 0 || script < 0)
		return dracut < 0 ? dracut : script < 0 ? script : 0;
	known = fs_probe(root, DPKG_HAS "list");
	installed = fs_probe(root, DPKG_HAS "md5sums");
	if (known < 0 || installed < 0)
		return known < 0 ? known : installed;
	return !script || (known && !installed);
}
