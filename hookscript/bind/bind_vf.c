// SPDX-License-Identifier: GPL-2.0-or-later
/* What a network card keeps for a virtual function, while a VM has that. */
#include "hookscript/bind/bind_slot.h"

#include <string.h>

/* Which VF of which PF the device is. A VF that is none any more has nothing to be put back:
 * -ERANGE.
 */
static int find_place(struct bind_device *device, struct bdf *ret_pf, unsigned int *ret_index)
{
	int place;

	bind_set_step(device, BIND_VF);
	place = vf_net_place(device->bind->root, &device->bdf, ret_pf, ret_index);
	return place > 0 ? 0 : place ? place : -ERANGE;
}

static int read_now(struct bind_device *device, struct vf_net *ret)
{
	auto_free struct vf_net *list = NULL;
	unsigned int index;
	struct bdf pf;
	size_t n;
	int err = find_place(device, &pf, &index);

	if (!err)
		err = vf_net_list(device->bind->root, &pf, &list, &n);
	if (!err && index >= n)
		err = -EPROTO;
	if (!err)
		*ret = list[index];
	return err;
}

int bind_read_vf(struct bind_device *device, struct record *record, bool *ret_changed)
{
	struct vf_net now = {0};
	int err = 0;

	*ret_changed = false;
	for (enum vf_net_field field = 0; !err && field < VF_NET_FIELDS; field++) {
		struct record_attribute *vf = &record->vf[field];

		if (!vf->set || vf->before)
			continue;
		err = now.known ? 0 : read_now(device, &now);
		if (!err && !vf_net_knows(&now, field))
			err = -EOPNOTSUPP;
		if (err)
			break;
		vf->before = vf_net_format(&now, field);
		err = vf->before ? 0 : -ENOMEM;
		*ret_changed = true;
	}
	return err;
}

/* Sets one field to what TEXT says. *RET_REFUSED: the driver itself refused it, for good. */
static int set_field(struct bind_device *device, enum vf_net_field field, const char *text,
		     bool *ret_refused)
{
	enum vf_net_field not_taken = VF_NET_FIELDS;
	struct vf_net vf = {0};
	struct bdf pf;
	int err = find_place(device, &pf, &vf.index);

	if (!err)
		err = vf_net_parse(text, field, &vf);
	if (err)
		return err;
	bind_set_step(device, BIND_VF_SET + (enum bind_step)field);
	err = vf_net_set(device->bind->root, &pf, &vf, device->bind->deadline, &not_taken);
	*ret_refused = not_taken == field &&
		       (err == -EINVAL || err == -EIO || err == -EOPNOTSUPP || err == -EPERM ||
			err == -EADDRNOTAVAIL || err == -EPROTONOSUPPORT);
	return err;
}

int bind_set_vf(struct bind_device *device, const struct record *record)
{
	bool refused;
	int err = 0;

	for (enum vf_net_field field = 0; !err && field < VF_NET_FIELDS; field++) {
		const struct record_attribute *vf = &record->vf[field];

		if (vf->set || vf->before)
			err = set_field(device, field, vf->set ? vf->set : vf->before, &refused);
	}
	return err;
}

int bind_return_vf(struct bind_device *device, const struct record *record, bool *ret_refused)
{
	*ret_refused = false;
	/* The link last: it may be down because the guest was in the wrong network. */
	for (enum vf_net_field field = 0; field < VF_NET_FIELDS; field++) {
		bool refused = false;
		int err = record->vf[field].before
				  ? set_field(device, field, record->vf[field].before, &refused)
				  : 0;

		*ret_refused |= refused;
		if (err && !refused && err != -ERANGE)
			return err;
	}
	return 0;
}

int bind_follow_vf(struct bind_device *device)
{
	cleanup_with(record_freep) struct record *record = NULL;
	bool unused;
	int err = bind_read_record(device, &record);

	if (err)
		return err;
	if (!record || record->stage != RECORD_TAKEN)
		return -ESTALE;
	err = record_want_vf(record, &device->vf_wanted, device->vf_of);
	err = err ?: bind_read_vf(device, record, &unused);
	err = err ?: record_write(device->bind->root, record);
	err = err ?: bind_set_vf(device, record);
	if (!err)
		bind_set_step(device, BIND_DONE);
	return err;
}

int bind_disable_link(struct bind_device *device)
{
	cleanup_with(record_freep) struct record *record = NULL;
	struct record_attribute *link;
	bool refused, unused;
	int err = bind_read_record(device, &record);

	if (err)
		return err;
	if (!record || record->stage != RECORD_TAKEN)
		return -ESTALE;
	link = &record->vf[VF_NET_LINK_STATE];
	free(link->set);
	link->set = strdup("disable");
	err = link->set ? bind_read_vf(device, record, &unused) : -ENOMEM;
	err = err ?: record_write(device->bind->root, record);
	err = err ?: set_field(device, VF_NET_LINK_STATE, link->set, &refused);
	if (!err)
		bind_set_step(device, BIND_DONE);
	return err;
}
