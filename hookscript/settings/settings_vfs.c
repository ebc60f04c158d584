// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of a VM's entry for a virtual function of a network card. */
#include "hookscript/settings/settings_values.h"

#include "host/base/conftext.h"
#include "host/text/mac.h"

#include <stddef.h>
#include <string.h>

#define VLAN_MAX 4094

/* For an address that is made for the VM. */
#define STABLE "stable"

static int refuse(struct settings_reader *reader, const config_setting_t *setting,
		  const struct setting_key *key)
{
	return reader_refuse(reader, setting, _(key->wanted));
}

/* An address of one device: neither that of a group, nor all zeroes. */
static char *good_mac(const char *text)
{
	static const uint8_t none[MAC_SIZE];
	char buf[MAC_TEXT_SIZE];
	uint8_t address[MAC_SIZE];

	if (!mac_parse(text, address) || address[0] & 1 || !memcmp(address, none, MAC_SIZE))
		return NULL;
	return strdup(mac_format(address, buf));
}

static int read_mac(struct settings_reader *reader, const config_setting_t *setting,
		    const struct setting_key *key, void *object)
{
	const char *text = config_setting_get_string(setting);
	bool stable = text && !strcmp(text, STABLE);
	struct vf_setting *vf = object;
	char *mac = text && !stable ? good_mac(text) : NULL;

	if (!mac && !stable)
		return refuse(reader, setting, key);
	free(vf->mac);
	vf->mac = mac;
	return 0;
}

static void write_mac(struct strbuf *out, const struct setting_key *key, const void *object)
{
	const struct vf_setting *vf = object;

	(void)key;
	conftext_put_string(out, vf->mac ? vf->mac : STABLE);
}

static const struct setting_type mac = {read_mac, write_mac};

static int read_vlan(struct settings_reader *reader, const config_setting_t *setting,
		     const struct setting_key *key, void *object)
{
	int vlan = config_setting_get_int(setting);
	struct vf_setting *vf = object;

	if (config_setting_type(setting) != CONFIG_TYPE_INT || vlan < 0 || vlan > VLAN_MAX)
		return refuse(reader, setting, key);
	vf->vlan = (unsigned int)vlan;
	return 0;
}

static void write_vlan(struct strbuf *out, const struct setting_key *key, const void *object)
{
	const struct vf_setting *vf = object;

	(void)key;
	strbuf_add(out, "%u", vf->vlan);
}

static const struct setting_type vlan = {read_vlan, write_vlan};

#define IN_VF(field) offsetof(struct vf_setting, field)

const struct setting_key vf_keys[VF_KEYS] = {
	[VF_KEY_MAC] = {"mac", &mac, IN_VF(mac),
			N_("\"stable\", or the MAC of one device, \"52:54:00:12:34:56\""),
			.beside = 0},
	[VF_KEY_VLAN] = {"vlan", &vlan, IN_VF(vlan),
			 N_("a whole number from 1 to 4094, or 0 for no VLAN"), .beside = 0},
	[VF_KEY_TRUST] = {"trust", &setting_flag, IN_VF(trust), N_("true or false"), .beside = 0},
	[VF_KEY_SPOOFCHK] = {"spoofchk", &setting_flag, IN_VF(spoofchk), N_("true or false"),
			     .beside = 0},
	[VF_KEY_FDB] = {"fdb", &setting_flag, IN_VF(fdb), N_("true or false"), .beside = 0},
};

bool settings_is_entry(const char *name, unsigned int *ret)
{
	const char *digits = after_prefix(name, "hostpci");
	unsigned int entry;

	if (!digits || !number_parse(digits, &entry) || entry >= HOSTPCI_MAX ||
	    (*digits == '0' && digits[1]))
		return false;
	*ret = entry;
	return true;
}
