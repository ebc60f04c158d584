// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/net/vf_net.h"

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/net/netlink.h"
#include "host/pci/pci.h"

#include <arpa/inet.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* What a driver leaves alone that does not know it (Linux: rtnl_fill_vfinfo()). */
#define UNKNOWN UINT32_MAX

/* How soon a driver that is busy is asked again. */
#define BUSY_MS 100

/* For so long EIO is not taken for the driver's last word: bnxt and mlx5 say it, too, of a firmware
 * that did not answer in time. */
#define CARD_MS 5000

/* For so long a VF may be missing in the list: the kernel leaves one out of which its driver says
 * nothing (rtnl_fill_vfinfo()), as ice does while it is being reset. */
#define RESET_MS 1000

/* ---- which VF of which PF ---- */

/* The PF's link to VF number *RET. Absent links do not occur: names come from the directory. */
static int find_link(const struct fs_root *root, const struct bdf *pf, const struct bdf *vf,
		     unsigned int *ret)
{
	auto_free char *dir = pci_dir(pf);
	auto_names struct fs_names names = {0};
	int err = dir ? fs_list(root, dir, &names) : -ENOMEM;

	for (size_t i = 0; !err && i < names.n; i++) {
		const char *number = after_prefix(names.items[i], "virtfn");
		auto_free char *path = number ? pci_path(pf, names.items[i]) : NULL;
		auto_free char *target = NULL;
		struct bdf bdf;

		if (!number)
			continue;
		err = fs_link_name(root, path, &target);
		if (!err && !bdf_parse(target, &bdf) && !bdf_compare(&bdf, vf))
			return number_parse(number, ret) ? 0 : -EINVAL;
	}
	return err ? err : -EPROTO;
}

int vf_net_place(const struct fs_root *root, const struct bdf *vf, struct bdf *ret_pf,
		 unsigned int *ret_index)
{
	auto_free char *path = pci_path(vf, "physfn");
	auto_free char *target = NULL;
	struct bdf pf;
	int err = fs_link_name(root, path, &target);

	if (err)
		return fs_is_absent(err) ? 0 : err;
	err = bdf_parse(target, &pf) ? -EINVAL : find_link(root, &pf, vf, ret_index);
	if (err)
		return err;
	*ret_pf = pf;
	return 1;
}

int vf_net_count(const struct fs_root *root, const struct bdf *pf, unsigned int *ret)
{
	auto_free char *dir = pci_dir(pf);
	auto_names struct fs_names names = {0};
	int err = dir ? fs_list(root, dir, &names) : -ENOMEM;
	unsigned int n = 0;

	for (size_t i = 0; !err && i < names.n; i++)
		n += !!after_prefix(names.items[i], "virtfn");
	if (!err)
		*ret = n;
	return err;
}

/* ---- one VF ---- */

/* Each of these values begins with the VF's number, and the value follows. */
static uint32_t second_u32(struct netlink_value info, uint16_t type)
{
	struct netlink_value value = netlink_nested(info, type);
	struct ifla_vf_spoofchk pair;

	if (value.len < sizeof(pair))
		return UNKNOWN;
	memcpy(&pair, value.at, sizeof(pair));
	return pair.setting;
}

static void know(struct vf_net *vf, enum vf_net_field field)
{
	vf->known |= 1U << field;
}

static void read_flag(struct netlink_value info, uint16_t type, enum vf_net_field field,
		      struct vf_net *vf, bool *ret)
{
	uint32_t setting = second_u32(info, type);

	if (setting == UNKNOWN)
		return;
	*ret = setting;
	know(vf, field);
}

/* The list has the protocol, and one VLAN at most (Linux: MAX_VLAN_LIST_LEN). */
static void read_vlan(struct netlink_value info, struct vf_net *vf)
{
	struct netlink_value list = netlink_nested(info, IFLA_VF_VLAN_LIST);
	struct netlink_value value = netlink_nested(list, IFLA_VF_VLAN_INFO);
	struct ifla_vf_vlan_info vlan;

	if (value.len < sizeof(vlan))
		return;
	memcpy(&vlan, value.at, sizeof(vlan));
	vf->vlan = (uint16_t)vlan.vlan;
	vf->qos = (uint8_t)vlan.qos;
	vf->protocol = ntohs(vlan.vlan_proto);
	know(vf, VF_NET_VLAN);
}

/* What one IFLA_VF_INFO says. Returns whether it says which VF it is of. */
static bool read_vf(struct netlink_value info, bool ethernet, struct vf_net *ret)
{
	struct netlink_value value = netlink_nested(info, IFLA_VF_MAC);
	uint32_t state = second_u32(info, IFLA_VF_LINK_STATE);
	struct vf_net vf = {0};
	struct ifla_vf_mac mac;

	if (value.len < sizeof(mac))
		return false;
	memcpy(&mac, value.at, sizeof(mac));
	vf.index = mac.vf;
	memcpy(vf.mac, mac.mac, MAC_SIZE);
	if (ethernet)
		know(&vf, VF_NET_MAC);
	read_vlan(info, &vf);
	read_flag(info, IFLA_VF_SPOOFCHK, VF_NET_SPOOFCHK, &vf, &vf.spoofchk);
	read_flag(info, IFLA_VF_TRUST, VF_NET_TRUST, &vf, &vf.trust);
	if (state <= VF_LINK_DISABLE) {
		vf.link_state = (enum vf_link_state)state;
		know(&vf, VF_NET_LINK_STATE);
	}
	*ret = vf;
	return true;
}

/* ---- all of a PF ---- */

/* What is known of an interface of the PF. */
struct port {
	unsigned int n_wanted; /* so many VFs there are */
	struct vf_net *vfs;
	size_t n;
	bool listed; /* its driver lists VFs at all */
	bool bad;    /* one that cannot be read, or is there twice */
};

/* Each VF once, in the place of its number. */
static void add_vf(struct port *port, struct netlink_value info, bool ethernet)
{
	struct vf_net vf;

	if (!read_vf(info, ethernet, &vf) || vf.index != port->n || port->n >= port->n_wanted)
		port->bad = true;
	else
		port->vfs[port->n++] = vf;
}

static int look_at_port(const struct nlmsghdr *message, void *arg)
{
	const struct ifinfomsg *head = netlink_head(message);
	struct netlink_value list, info;
	struct port *port = arg;
	uint16_t type;

	if (message->nlmsg_len < NLMSG_SPACE(sizeof(*head)))
		return -EBADMSG;
	list = netlink_attr(message, sizeof(*head), IFLA_VFINFO_LIST);
	port->listed = list.at;
	while (netlink_next(&list, &type, &info))
		if (type == IFLA_VF_INFO)
			add_vf(port, info, head->ifi_type == ARPHRD_ETHER);
	/* What is left over is an attribute that was cut off: lists of 64 KiB and more lose the
	 * upper bits of their length. */
	port->bad |= list.len;
	return 0;
}

/* Returns 0, also for an interface that has gone meanwhile; or -errno. */
static int ask_port(int fd, unsigned int index, struct port *port)
{
	static const uint32_t mask = RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS;
	struct ifinfomsg head = {.ifi_index = (int)index};
	struct netlink_request request;
	int err;

	netlink_begin(&request, RTM_GETLINK, 0, &head, sizeof(head));
	netlink_add(&request, IFLA_EXT_MASK, &mask, sizeof(mask));
	err = netlink_send(fd, &request, look_at_port, port);
	return err == -ENODEV ? 0 : err;
}

/* The index of the PF's interface NAME; 0 when it has gone. Returns 0 or -errno. */
static int read_index(const struct fs_root *root, const struct bdf *pf, const char *name,
		      unsigned int *ret)
{
	auto_free char *file = fs_path("net/%s/ifindex", name);
	auto_free char *path = file ? pci_path(pf, file) : NULL;
	auto_free char *text = NULL;
	int err = fs_read_attr(root, path, &text);

	*ret = 0;
	if (err)
		return fs_is_absent(err) ? 0 : err;
	return number_parse(text, ret) ? 0 : -EINVAL;
}

/* Which of the PF's interfaces lists its VFs: with switchdev, ports that represent VFs are beside
 * it. */
static int find_port(const struct fs_root *root, const struct bdf *pf, int fd,
		     unsigned int n_wanted, struct port *ret, unsigned int *ret_index)
{
	auto_free char *dir = pci_path(pf, "net");
	auto_names struct fs_names names = {0};
	int err = dir ? fs_list(root, dir, &names) : -ENOMEM;

	if (!err && !names.n)
		return -ENXIO;
	for (size_t i = 0; !err && i < names.n; i++) {
		struct port port = {.n_wanted = n_wanted};
		unsigned int index;

		err = read_index(root, pf, names.items[i], &index);
		if (err || !index)
			continue;
		port.vfs = calloc(n_wanted + 1, sizeof(*port.vfs));
		err = port.vfs ? ask_port(fd, index, &port) : -ENOMEM;
		if (!err && port.listed && ret->listed)
			err = -ENOTUNIQ;
		if (!err && port.listed) {
			*ret = port;
			*ret_index = index;
		} else {
			free(port.vfs);
		}
	}
	return err ? err : ret->listed ? 0 : -EOPNOTSUPP;
}

/* Reads N VFs' entries into *RET, whose vfs the caller frees, by the interface *RET_INDEX. */
static int list_by(const struct fs_root *root, const struct bdf *pf, int fd, unsigned int n,
		   struct port *ret, unsigned int *ret_index)
{
	int64_t deadline = clock_now_ms() + RESET_MS;

	for (;;) {
		int err = find_port(root, pf, fd, n, ret, ret_index);

		if (err || (!ret->bad && ret->n == n))
			return err;
		if (ret->bad || ret->n > n || !clock_left_ms(deadline))
			return -EPROTO;
		free(ret->vfs);
		*ret = (struct port){0};
		clock_sleep_ms(BUSY_MS);
	}
}

int vf_net_list(const struct fs_root *root, const struct bdf *pf, struct vf_net **ret,
		size_t *ret_n)
{
	struct port port = {0};
	unsigned int n, index;
	auto_close int fd = -1;
	int err = vf_net_count(root, pf, &n);

	if (!err && n) {
		fd = netlink_open(root);
		err = fd < 0 ? fd : list_by(root, pf, fd, n, &port, &index);
	}
	if (err) {
		free(port.vfs);
		return err;
	}
	*ret = port.vfs;
	*ret_n = port.n;
	return 0;
}

/* ---- writing ---- */

static void add_vlan(struct netlink_request *request, const struct vf_net *vf)
{
	struct ifla_vf_vlan_info info = {.vf = vf->index,
					 .vlan = vf->vlan,
					 .qos = vf->qos,
					 .vlan_proto = htons(vf->protocol)};
	size_t nest;

	/* The older form, which every driver knows, is for 802.1Q. */
	if (vf->protocol == VF_PROTOCOL_8021Q) {
		netlink_add(request, IFLA_VF_VLAN, &info, sizeof(struct ifla_vf_vlan));
		return;
	}
	nest = netlink_nest(request, IFLA_VF_VLAN_LIST);
	netlink_add(request, IFLA_VF_VLAN_INFO, &info, sizeof(info));
	netlink_end(request, nest);
}

static void add_pair(struct netlink_request *request, uint16_t type, const struct vf_net *vf,
		     uint32_t setting)
{
	struct ifla_vf_spoofchk pair = {.vf = vf->index, .setting = setting};

	netlink_add(request, type, &pair, sizeof(pair));
}

static void add_field(struct netlink_request *request, const struct vf_net *vf,
		      enum vf_net_field field)
{
	struct ifla_vf_mac mac = {.vf = vf->index};

	switch (field) {
	case VF_NET_VLAN: add_vlan(request, vf); break;
	case VF_NET_MAC:
		memcpy(mac.mac, vf->mac, MAC_SIZE);
		netlink_add(request, IFLA_VF_MAC, &mac, sizeof(mac));
		break;
	case VF_NET_SPOOFCHK: add_pair(request, IFLA_VF_SPOOFCHK, vf, vf->spoofchk); break;
	case VF_NET_TRUST: add_pair(request, IFLA_VF_TRUST, vf, vf->trust); break;
	case VF_NET_LINK_STATE: add_pair(request, IFLA_VF_LINK_STATE, vf, vf->link_state); break;
	case VF_NET_FIELDS: break;
	}
}

/* While a VF is being reset, its PF's driver may say so. */
static bool may_pass(int err, int64_t card_deadline)
{
	return err == -EAGAIN || err == -EBUSY || (err == -EIO && clock_left_ms(card_deadline));
}

/* One field in each message: of several, the kernel leaves those before a failure changed. */
static int write_field(int fd, unsigned int index, const struct vf_net *vf, enum vf_net_field field,
		       int64_t deadline)
{
	struct ifinfomsg head = {.ifi_index = (int)index};
	int64_t card_deadline = clock_now_ms() + CARD_MS;
	struct netlink_request request;
	size_t list, info;
	int err;

	netlink_begin(&request, RTM_SETLINK, NLM_F_ACK, &head, sizeof(head));
	list = netlink_nest(&request, IFLA_VFINFO_LIST);
	info = netlink_nest(&request, IFLA_VF_INFO);
	add_field(&request, vf, field);
	netlink_end(&request, info);
	netlink_end(&request, list);
	for (;;) {
		err = netlink_send(fd, &request, NULL, NULL);
		if (!may_pass(err, card_deadline) || !clock_left_ms(deadline))
			return err;
		clock_sleep_ms(BUSY_MS);
	}
}

/* What the VF has now. */
static int read_one(const struct fs_root *root, const struct bdf *pf, int fd, unsigned int i,
		    struct vf_net *ret, unsigned int *ret_index)
{
	struct port port = {0};
	unsigned int n;
	int err = vf_net_count(root, pf, &n);

	if (!err)
		err = i < n ? list_by(root, pf, fd, n, &port, ret_index) : -ERANGE;
	if (!err)
		*ret = port.vfs[i];
	free(port.vfs);
	return err;
}

/* Sets one field of the VF that is NOW, which becomes what it is afterwards; *RET_REFUSED when the
 * driver did not take it, or did not keep it. */
static int set_field(const struct fs_root *root, const struct bdf *pf, int fd, unsigned int index,
		     const struct vf_net *to, enum vf_net_field field, int64_t deadline,
		     struct vf_net *now, enum vf_net_field *ret_refused)
{
	int err;

	if (!vf_net_knows(to, field) || (vf_net_knows(now, field) && vf_net_same(to, now, field)))
		return 0;
	err = write_field(fd, index, to, field, deadline);
	if (err) {
		*ret_refused = field;
		return err;
	}
	err = read_one(root, pf, fd, to->index, now, &index);
	if (err || (vf_net_knows(now, field) && vf_net_same(to, now, field)))
		return err;
	*ret_refused = field;
	return -EIO;
}

int vf_net_set(const struct fs_root *root, const struct bdf *pf, const struct vf_net *to,
	       int64_t deadline, enum vf_net_field *ret_refused)
{
	auto_close int fd = netlink_open(root);
	struct vf_net now = {0};
	unsigned int index = 0;
	int err = fd < 0 ? fd : read_one(root, pf, fd, to->index, &now, &index);

	*ret_refused = VF_NET_FIELDS;
	for (enum vf_net_field field = 0; !err && field < VF_NET_FIELDS; field++)
		err = set_field(root, pf, fd, index, to, field, deadline, &now, ret_refused);
	return err;
}

bool vf_net_same(const struct vf_net *a, const struct vf_net *b, enum vf_net_field field)
{
	switch (field) {
	case VF_NET_VLAN:
		return a->vlan == b->vlan && a->qos == b->qos && a->protocol == b->protocol;
	case VF_NET_MAC: return !memcmp(a->mac, b->mac, MAC_SIZE);
	case VF_NET_SPOOFCHK: return a->spoofchk == b->spoofchk;
	case VF_NET_TRUST: return a->trust == b->trust;
	case VF_NET_LINK_STATE: return a->link_state == b->link_state;
	case VF_NET_FIELDS: break;
	}
	return true;
}

const char *vf_net_strerror(int err)
{
	switch (err) {
	case -ENXIO:
		return _("the physical function has no network interface here: it is no network "
			 "card, has no driver, or its interface is in another network namespace");
	case -EOPNOTSUPP: return _("its driver does not know this for virtual functions");
	case -EPROTO:
		return _("the kernel's list of its virtual functions is not complete; see: ip link "
			 "show");
	case -EIO: return _("its driver accepted that, and did not keep it");
	case -ENOTUNIQ: return _("several of its network interfaces have virtual functions");
	default: return log_strerror(err);
	}
}
