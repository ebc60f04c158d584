// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/records/record_text.h"

#include "host/base/conftext.h"
#include "host/pci/driver.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* To be raised when an older program could not give a device back by a newer one's record. */
#define RECORD_FORMAT 1

static const char *const stage_names[] = {
	[RECORD_CLAIMED] = "claimed",
	[RECORD_TAKEN] = "taken",
};

enum text_kind {
	REQUIRED, /* in every record; "" stands for NULL */
	OPTIONAL, /* the same, but not in older records or when it is NULL */
	VERBATIM, /* the same, but "" is a value */
};

#define TEXT(field)	   offsetof(struct record, field)
#define ATTRIBUTE(i, part) offsetof(struct record, attributes[RECORD_##i].part)
#define VF(i, part)	   offsetof(struct record, vf[VF_NET_##i].part)

/* The texts of a record, in the order in which they are written. */
static const struct {
	const char *name;
	enum text_kind kind;
	size_t at;
} texts[] = {
	{"driver", REQUIRED, TEXT(driver)},
	{"module", REQUIRED, TEXT(module)},
	{"driver_override", REQUIRED, TEXT(override)},
	{"network", OPTIONAL, TEXT(network)},
	{"return_to", OPTIONAL, TEXT(return_to)},
	{"bind_to", OPTIONAL, TEXT(bind_to)},
	{"unload", OPTIONAL, TEXT(unload)},
	{"unloaded", OPTIONAL, TEXT(unloaded)},
	{"reset_method", VERBATIM, ATTRIBUTE(RESET_METHOD, set)},
	{"reset_method_before", VERBATIM, ATTRIBUTE(RESET_METHOD, before)},
	{"d3cold_allowed", VERBATIM, ATTRIBUTE(D3COLD, set)},
	{"d3cold_allowed_before", VERBATIM, ATTRIBUTE(D3COLD, before)},
	{"vf_vlan", OPTIONAL, VF(VLAN, set)},
	{"vf_vlan_before", OPTIONAL, VF(VLAN, before)},
	{"vf_mac", OPTIONAL, VF(MAC, set)},
	{"vf_mac_before", OPTIONAL, VF(MAC, before)},
	{"vf_spoofchk", OPTIONAL, VF(SPOOFCHK, set)},
	{"vf_spoofchk_before", OPTIONAL, VF(SPOOFCHK, before)},
	{"vf_trust", OPTIONAL, VF(TRUST, set)},
	{"vf_trust_before", OPTIONAL, VF(TRUST, before)},
	{"vf_state", OPTIONAL, VF(LINK_STATE, set)},
	{"vf_state_before", OPTIONAL, VF(LINK_STATE, before)},
	{"vf_of", OPTIONAL, TEXT(vf_of)},
};

/* Written only when true. */
static const struct {
	const char *name;
	size_t at;
} flags[] = {
	{"ifreload", offsetof(struct record, ifreload)},
	{"choice", offsetof(struct record, choice)},
	{"new_id", offsetof(struct record, new_id)},
	{"no_mail", offsetof(struct record, no_mail)},
};

static char **text_at(const struct record *record, size_t i)
{
	return (char **)(uintptr_t)((const char *)record + texts[i].at);
}

static bool *flag_at(const struct record *record, size_t i)
{
	return (bool *)(uintptr_t)((const char *)record + flags[i].at);
}

static const char *const attribute_names[RECORD_ATTRIBUTES] = {
	[RECORD_RESET_METHOD] = "reset_method",
	[RECORD_D3COLD] = "d3cold_allowed",
};

const char *record_attribute_name(enum record_attribute_name name)
{
	return attribute_names[name];
}

const char *record_owner_format(unsigned int vmid, char buf[RECORD_OWNER_SIZE])
{
	if (vmid == RECORD_TEST)
		snprintf(buf, RECORD_OWNER_SIZE, "%s", _("the test"));
	else
		snprintf(buf, RECORD_OWNER_SIZE, "VM %u", vmid);
	return buf;
}

const char *record_owner_word_format(unsigned int vmid, char buf[RECORD_OWNER_SIZE])
{
	if (vmid == RECORD_TEST)
		snprintf(buf, RECORD_OWNER_SIZE, "%s", RECORD_TEST_WORD);
	else
		snprintf(buf, RECORD_OWNER_SIZE, "%u", vmid);
	return buf;
}

const char *record_target(const struct record *record)
{
	if (!record->return_to)
		return record->driver;
	return strcmp(record->return_to, RECORD_RETURN_NONE) ? record->return_to : NULL;
}

const char *record_taken_driver(const struct record *record)
{
	return record->bind_to ? record->bind_to : DRIVER_VFIO_PCI;
}

int record_want_vf(struct record *record, const struct vf_net *wanted, const struct bdf *vf_of)
{
	char address[BDF_TEXT_SIZE];

	free(TAKE_PTR(record->vf_of));
	if (vf_of)
		record->vf_of = strdup(bdf_format(vf_of, address));
	if (vf_of && !record->vf_of)
		return -ENOMEM;
	for (enum vf_net_field field = 0; field < VF_NET_FIELDS; field++) {
		free(TAKE_PTR(record->vf[field].set));
		if (!vf_net_knows(wanted, field))
			continue;
		record->vf[field].set = vf_net_format(wanted, field);
		if (!record->vf[field].set)
			return -ENOMEM;
	}
	return 0;
}

void record_free(struct record *record)
{
	if (!record)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		free(*text_at(record, i));
	free(record);
}

static int get_text(const config_t *config, size_t i, struct record *record)
{
	const char *text;

	if (!config_lookup(config, texts[i].name))
		return texts[i].kind == REQUIRED ? -EINVAL : 0;
	if (!config_lookup_string(config, texts[i].name, &text))
		return -EINVAL;
	if (!*text && texts[i].kind != VERBATIM)
		return 0;
	*text_at(record, i) = strdup(text);
	return *text_at(record, i) ? 0 : -ENOMEM;
}

static int get_stage(const config_t *config, enum record_stage *ret)
{
	const char *text;

	if (!config_lookup_string(config, "stage", &text))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(stage_names); i++)
		if (!strcmp(text, stage_names[i])) {
			*ret = (enum record_stage)i;
			return 0;
		}
	return -EINVAL;
}

/* A value that could not be put back is found now, not then. */
static int check_vf(const struct record *record)
{
	struct vf_net unused = {0};
	struct bdf bdf;
	int err = record->vf_of && bdf_parse(record->vf_of, &bdf) ? -EINVAL : 0;

	for (enum vf_net_field field = 0; !err && field < VF_NET_FIELDS; field++) {
		const struct record_attribute *vf = &record->vf[field];

		err = vf->set ? vf_net_parse(vf->set, field, &unused) : 0;
		if (!err && vf->before)
			err = vf_net_parse(vf->before, field, &unused);
	}
	return err;
}

static int get_fields(const config_t *config, void *arg)
{
	struct record *record = arg;
	const char *identity;
	long long claim;
	int vmid, flag, err = conftext_check_format(config, RECORD_FORMAT);

	if (err)
		return err;
	if (!config_lookup_int(config, "vmid", &vmid) || vmid < 1 ||
	    !config_lookup_int(config, "deadline", &record->deadline) || record->deadline < 1 ||
	    !config_lookup_string(config, "identity", &identity) ||
	    pci_identity_parse(identity, &record->identity))
		return -EINVAL;
	record->vmid = (unsigned int)vmid;
	record->claim = config_lookup_int64(config, "claim", &claim) ? (uint64_t)claim : 0;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		*flag_at(record, i) = config_lookup_bool(config, flags[i].name, &flag) && flag;
	err = get_stage(config, &record->stage);
	for (size_t i = 0; !err && i < ARRAY_SIZE(texts); i++)
		err = get_text(config, i, record);
	return err ? err : check_vf(record);
}

int record_parse(const char *text, const struct bdf *bdf, struct record **ret)
{
	cleanup_with(record_freep) struct record *record = calloc(1, sizeof(*record));
	int err;

	if (!record)
		return -ENOMEM;
	record->bdf = *bdf;
	err = conftext_parse(text, get_fields, record);
	if (!err)
		*ret = TAKE_PTR(record);
	return err;
}

static void put_texts(struct strbuf *to, const struct record *record, bool required)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *text = *text_at(record, i);

		if (required ? texts[i].kind == REQUIRED : texts[i].kind != REQUIRED && text)
			conftext_put(to, texts[i].name, text);
	}
}

char *record_format(const struct record *record)
{
	char address[BDF_TEXT_SIZE], identity[PCI_IDENTITY_TEXT_SIZE];
	auto_strbuf struct strbuf to = {0};

	strbuf_add(&to, "format = %d;\n", RECORD_FORMAT);
	conftext_put(&to, "address", bdf_format(&record->bdf, address));
	strbuf_add(&to, "vmid = %u;\n", record->vmid);
	if (record->vmid == RECORD_TEST)
		conftext_put(&to, "owner", RECORD_TEST_WORD); /* for people: the number decides */
	strbuf_add(&to, "claim = %" PRId64 "L;\n", (int64_t)record->claim);
	conftext_put(&to, "stage", stage_names[record->stage]);
	conftext_put(&to, "identity", pci_identity_format(&record->identity, identity));
	put_texts(&to, record, true);
	strbuf_add(&to, "deadline = %d;\n", record->deadline);
	put_texts(&to, record, false);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (*flag_at(record, i))
			strbuf_add(&to, "%s = true;\n", flags[i].name);
	return strbuf_take(&to);
}
