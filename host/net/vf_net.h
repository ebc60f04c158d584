/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a network card's driver keeps for each of its virtual functions (VFs), which belongs to the
 * physical function (PF): MAC, VLAN, and so on (ip-link(8), "vf"; Linux: net/core/rtnetlink.c,
 * rtnl_fill_vfinfo() and do_setvfinfo()). By rtnetlink(7), which may block for as long as the
 * kernel holds its lock of the network configuration: call these where a deadline is kept.
 */
#ifndef HOST_NET_VF_NET_H
#define HOST_NET_VF_NET_H

#include "host/text/bdf.h"
#include "host/base/fs.h"
#include "host/text/mac.h"

enum vf_net_field {
	VF_NET_VLAN, /* with its priority and protocol */
	VF_NET_MAC,
	VF_NET_SPOOFCHK,   /* frames with another source than its MAC are dropped */
	VF_NET_TRUST,	   /* the guest may change its MAC, receive all, … */
	VF_NET_LINK_STATE, /* drivers that cannot set it are read as AUTO */
	VF_NET_FIELDS	   /* how many */
};

enum vf_link_state { VF_LINK_AUTO, VF_LINK_ENABLE, VF_LINK_DISABLE };

#define VF_PROTOCOL_8021Q  0x8100
#define VF_PROTOCOL_8021AD 0x88a8

struct vf_net {
	unsigned int index;    /* which VF of the PF, from 0 */
	unsigned int known;    /* bits 1 << enum vf_net_field; the driver tells nothing of others */
	uint8_t mac[MAC_SIZE]; /* all zeroes: none is set, and the VF's driver chooses one */
	uint16_t vlan;	       /* 0: none */
	uint8_t qos;	       /* the priority in its tag, 0 to 7 */
	uint16_t protocol;     /* of its tag, VF_PROTOCOL_… */
	bool spoofchk;
	bool trust;
	enum vf_link_state link_state;
};

static inline bool vf_net_knows(const struct vf_net *vf, enum vf_net_field field)
{
	return vf->known & 1U << field;
}

/*
 * Which PF's VF the device is, and which one. Returns 1 with both; 0 when it is no VF; -errno, also
 * when its PF does not name it.
 */
int vf_net_place(const struct fs_root *root, const struct bdf *vf, struct bdf *ret_pf,
		 unsigned int *ret_index) must_check;

/* How many VFs the PF has made, by its links: reading sriov_numvfs waits for the device's lock.
 * Returns 0 or -errno. */
int vf_net_count(const struct fs_root *root, const struct bdf *pf, unsigned int *ret) must_check;

/*
 * Reads what the PF's driver keeps for all its VFs, in order of index: *RET is a new array (the
 * caller frees it) of exactly as many as there are. Returns 0, with none when there are none; or
 * -errno, for vf_net_strerror(): -ENXIO when the PF has no network interface in this network
 * namespace, -EOPNOTSUPP when its driver lists no VFs, -EPROTO when it does not list all of them
 * within a second, -ENOTUNIQ when several interfaces of the PF list them, -EXDEV when the root is
 * not the running system.
 */
int vf_net_list(const struct fs_root *root, const struct bdf *pf, struct vf_net **ret,
		size_t *ret_n) must_check;

/* Such an error in words. Static text. */
const char *vf_net_strerror(int err);

/*
 * Writes the fields that TO knows to VF number TO->index of the PF, one after the other, each only
 * when it is another now, and looks at what came of it. A driver that is busy is asked again until
 * DEADLINE (host/base/clock.h), one that says EIO for the first five seconds of that. Returns 0;
 * -ERANGE when there is no such VF; -EIO when the driver took the value and did not keep it;
 * -errno of vf_net_list(), or with which the kernel refused it.
 * *RET_REFUSED is the field that the kernel refused, or that was not kept; VF_NET_FIELDS when the
 * error is another.
 */
int vf_net_set(const struct fs_root *root, const struct bdf *pf, const struct vf_net *to,
	       int64_t deadline, enum vf_net_field *ret_refused) must_check;

/* Whether both have the same value of the field. */
bool vf_net_same(const struct vf_net *a, const struct vf_net *b, enum vf_net_field field);

/* "mac", "vlan", …: as ip-link(8) has it. */
const char *vf_net_field_name(enum vf_net_field field);

/*
 * The value of a field as a text, "52:54:00:12:34:56", "30", "30 qos 5 802.1ad", "on", "auto"; and
 * back, which marks it as known. The former returns a new string, or NULL without memory; the
 * latter 0, or -EINVAL and leaves *RET alone.
 */
char *vf_net_format(const struct vf_net *vf, enum vf_net_field field) must_check;
int vf_net_parse(const char *text, enum vf_net_field field, struct vf_net *ret) must_check;

#endif
