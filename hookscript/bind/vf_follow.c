// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/bind/vf_follow.h"

#include "hookscript/bind/bind.h"
#include "hookscript/pve/qemu.h"
#include "host/base/log.h"

/* Whether the record wants just what the entry wants. Returns 1 or 0, or -ENOMEM. */
static int is_recorded(const struct record *record, const struct bind_vf *vf)
{
	cleanup_with(record_freep) struct record *wanted = calloc(1, sizeof(*wanted));
	int err = wanted ? record_want_vf(wanted, &vf->wanted, vf->vf_of) : -ENOMEM;

	if (err)
		return err;
	for (enum vf_net_field field = 0; field < VF_NET_FIELDS; field++)
		if (!same_text(record->vf[field].set, wanted->vf[field].set))
			return 0;
	return same_text(record->vf_of, wanted->vf_of);
}

/* What is to be done with a device of QEMU's, in *VF; AGAIN: what was recorded may not have been
 * set. Returns 1 when that is something, 0, or -errno. */
static int look_at(const struct fs_root *root, const struct facts *facts,
		   const struct qemu_device *device, bool again, struct bind_vf *vf)
{
	cleanup_with(record_freep) struct record *record = NULL;
	auto_net_port struct net_port port = {0};
	auto_free char *why = NULL;
	unsigned int index;
	int place, same, err;

	*vf = (struct bind_vf){.bdf = device->bdf};
	facts_wanted_vf(facts, device->entry, &vf->wanted);
	place = vf_net_place(root, &device->bdf, &vf->pf, &index);
	err = place > 0 ? net_port_read(root, &vf->pf, &port) : place;
	if (!err && port.name && vf_setting_fdb(&facts->settings->vfs[device->entry]))
		vf->vf_of = &vf->pf;
	if (!vf->wanted.known && (err || !vf->vf_of))
		return 0;
	err = err ?: record_read(root, &device->bdf, &record, &why);
	if (err)
		return err;
	if (!record || record->vmid != facts->vmid)
		return vf->wanted.known ? -ENOENT : 0;
	same = again ? 0 : is_recorded(record, vf);
	return same < 0 ? same : !same;
}

static void say_unknown(const struct facts *facts, const struct qemu_device *device, int err)
{
	log_device(LOG_LEVEL_ERROR, &device->bdf, NULL,
		   _("%s: VM %u runs with it as hostpci%d, and whether its settings (MAC, VLAN) "
		     "are applied is not known: %s; its guest may be in the wrong network: qm "
		     "stop %u"),
		   bdf_text(&device->bdf), facts->vmid, device->entry,
		   err == -ENOENT ? _("it is not recorded") : log_strerror(err), facts->vmid);
}

/* Sets them. VFS have room for one more. */
static int follow(const struct fs_root *root, const struct facts *facts, struct bind_vf *vfs,
		  size_t n, bool last)
{
	int err = bind_follow_vfs(root, facts->vmid, vfs, n, facts->settings->deadline, last);

	if (!err || !last)
		return err;
	for (size_t i = 0; i < n; i++)
		if (vfs[i].err && vfs[i].wanted.known)
			bind_disable_vf(root, facts->vmid, &vfs[i], facts->settings->deadline);
	return err;
}

int vf_follow(const struct fs_root *root, const struct facts *facts, bool last, bool *ret_again)
{
	auto_free struct qemu_device *devices = NULL;
	auto_free struct bind_vf *vfs = NULL;
	size_t n_devices, n = 0;
	int err = qemu_devices_read(root, facts->vmid, &devices, &n_devices), first = 0;

	*ret_again = false;
	/* A VM that has ended already gets its devices back by its stop. */
	if (err == -ESRCH)
		return 0;
	*ret_again = facts_have_vf_keys(facts);
	if (err && *ret_again)
		log_error(_("VM %u: which devices it runs with cannot be read: %s; whether its "
			    "guest is in the right network is not known"),
			  facts->vmid, log_strerror(err));
	if (err)
		return *ret_again ? err : 0;
	vfs = calloc(n_devices + 1, sizeof(*vfs));
	if (!vfs)
		return -ENOMEM;
	*ret_again = false;
	for (size_t i = 0; i < n_devices; i++) {
		int due = look_at(root, facts, &devices[i], last, &vfs[n]);

		if (due < 0 && last)
			say_unknown(facts, &devices[i], due);
		if (due < 0 && !first)
			first = due;
		*ret_again |= due < 0 && due != -ENOENT;
		n += due > 0;
	}
	err = n ? follow(root, facts, vfs, n, last) : 0;
	return first ?: err;
}
