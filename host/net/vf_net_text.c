// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/net/vf_net.h"

#include <stdio.h>
#include <string.h>

/* The highest VLAN, and the highest priority (IEEE 802.1Q). */
#define VLAN_MAX 4094
#define QOS_MAX	 7

/* In the notation of ip-link(8). */
static const char *const field_names[VF_NET_FIELDS] = {
	[VF_NET_VLAN] = "vlan",	  [VF_NET_MAC] = "mac",		 [VF_NET_SPOOFCHK] = "spoofchk",
	[VF_NET_TRUST] = "trust", [VF_NET_LINK_STATE] = "state",
};

static const char *const switches[] = {"off", "on"};
static const char *const link_states[] = {
	[VF_LINK_AUTO] = "auto", [VF_LINK_ENABLE] = "enable", [VF_LINK_DISABLE] = "disable"};

const char *vf_net_field_name(enum vf_net_field field)
{
	return field_names[field];
}

/* 802.1Q and no priority are not written. */
static char *format_vlan(const struct vf_net *vf)
{
	const char *protocol = vf->protocol == VF_PROTOCOL_8021AD ? " 802.1ad" : "";

	return vf->qos ? fs_path("%u qos %u%s", vf->vlan, vf->qos, protocol)
		       : fs_path("%u%s", vf->vlan, protocol);
}

static bool parse_vlan(const char *text, struct vf_net *ret)
{
	unsigned int vlan, qos = 0;
	uint16_t protocol = VF_PROTOCOL_8021Q;
	const char *rest;

	if (!number_take(&text, &vlan) || vlan > VLAN_MAX)
		return false;
	rest = after_prefix(text, " qos ");
	if (rest && (!number_take(&rest, &qos) || qos > QOS_MAX))
		return false;
	rest = rest ? rest : text;
	if (!strcmp(rest, " 802.1ad"))
		protocol = VF_PROTOCOL_8021AD;
	else if (*rest)
		return false;
	ret->vlan = (uint16_t)vlan;
	ret->qos = (uint8_t)qos;
	ret->protocol = protocol;
	return true;
}

char *vf_net_format(const struct vf_net *vf, enum vf_net_field field)
{
	char mac[MAC_TEXT_SIZE];

	switch (field) {
	case VF_NET_VLAN: return format_vlan(vf);
	case VF_NET_MAC: return strdup(mac_format(vf->mac, mac));
	case VF_NET_SPOOFCHK: return strdup(switches[vf->spoofchk]);
	case VF_NET_TRUST: return strdup(switches[vf->trust]);
	case VF_NET_LINK_STATE: return strdup(link_states[vf->link_state]);
	case VF_NET_FIELDS: break;
	}
	return strdup("");
}

/* The index of TEXT among N words. */
static bool parse_word(const char *text, const char *const *words, unsigned int n,
		       unsigned int *ret)
{
	for (unsigned int i = 0; i < n; i++)
		if (!strcmp(text, words[i])) {
			*ret = i;
			return true;
		}
	return false;
}

int vf_net_parse(const char *text, enum vf_net_field field, struct vf_net *ret)
{
	struct vf_net vf = *ret;
	unsigned int word = 0;
	bool good = false;

	switch (field) {
	case VF_NET_VLAN: good = parse_vlan(text, &vf); break;
	case VF_NET_MAC: good = mac_parse(text, vf.mac); break;
	case VF_NET_SPOOFCHK:
	case VF_NET_TRUST: good = parse_word(text, switches, ARRAY_SIZE(switches), &word); break;
	case VF_NET_LINK_STATE:
		good = parse_word(text, link_states, ARRAY_SIZE(link_states), &word);
		break;
	case VF_NET_FIELDS: break;
	}
	if (!good)
		return -EINVAL;
	if (field == VF_NET_SPOOFCHK)
		vf.spoofchk = word;
	else if (field == VF_NET_TRUST)
		vf.trust = word;
	else if (field == VF_NET_LINK_STATE)
		vf.link_state = (enum vf_link_state)word;
	vf.known |= 1U << field;
	*ret = vf;
	return 0;
}
