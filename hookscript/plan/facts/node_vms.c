// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/plan/facts/node_vms.h"

#include "hookscript/plan/facts/facts.h"
#include "hookscript/pve/pve.h"
#include "host/text/strbuf.h"

#include <string.h>

#define CONFIG_DIRECTORY "etc/pve/qemu-server"

static bool has_hostpci(const struct vmcfg *config)
{
	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		if (config->hostpci[e])
			return true;
	/* One that Proxmox VE drops is an entry that its VM needs set right. */
	for (size_t i = 0; i < config->n_dropped; i++)
		if (config->dropped[i].key >= VMCFG_HOSTPCI && config->dropped[i].key < VMCFG_KEYS)
			return true;
	return false;
}

/* The VM of a config's file name, "100.conf". */
static int vmid_of_file(const char *name, unsigned int *ret)
{
	size_t len = strcspn(name, ".");
	auto_free char *number = strndup(name, len);

	if (!number || strcmp(name + len, ".conf"))
		return -EINVAL;
	return pve_vmid_parse(number, ret);
}

/* A config that has just gone is none, one that cannot be read may name any device. */
static int add_vm(const struct fs_root *root, const char *name, struct node_vms *vms)
{
	auto_free char *path = fs_path(CONFIG_DIRECTORY "/%s", name);
	cleanup_with(vmcfg_freep) struct vmcfg *config = NULL;
	auto_free char *text = NULL;
	unsigned int vmid;
	size_t len;
	int err;

	if (vmid_of_file(name, &vmid))
		return 0;
	err = fs_read(root, path, VMCFG_TEXT_MAX, &text, &len);
	if (err == -ENOENT)
		return 0;
	if (!err && vmcfg_parse(text, len, &config))
		return -ENOMEM;
	if (config && !has_hostpci(config))
		return 0;
	if (!array_grow(vms->items, vms->n))
		return -ENOMEM;
	vms->items[vms->n++] = (struct node_vm){vmid, TAKE_PTR(config)};
	return 0;
}

static int compare_vms(const void *a, const void *b)
{
	unsigned int first = ((const struct node_vm *)a)->vmid;
	unsigned int second = ((const struct node_vm *)b)->vmid;

	return first < second ? -1 : first > second;
}

int node_vms_read(const struct fs_root *root, struct node_vms *ret)
{
	auto_node_vms struct node_vms vms = {0};
	auto_names struct fs_names names = {0};
	int err = fs_list(root, CONFIG_DIRECTORY, &names);

	if (err)
		return err;
	err = facts_read_mappings(root, &vms.mappings, &vms.node);
	if (err)
		return err;
	for (size_t i = 0; i < names.n; i++) {
		err = add_vm(root, names.items[i], &vms);
		if (err)
			return err;
	}
	if (vms.n)
		qsort(vms.items, vms.n, sizeof(*vms.items), compare_vms);
	*ret = vms;
	vms = (struct node_vms){0};
	return 0;
}

void node_vms_free(struct node_vms *vms)
{
	for (size_t i = 0; i < vms->n; i++)
		vmcfg_free(vms->items[i].config);
	mappings_free(vms->mappings);
	free(vms->node);
	free(vms->items);
	*vms = (struct node_vms){0};
}

static bool mapping_names(const struct node_vms *vms, const char *id, const struct bdf *bdf)
{
	const struct mapping *mapping = mappings_find(vms->mappings, id);
	const struct mapping_entry *alternative = NULL;

	while (mapping && (alternative = mapping_next(mapping, vms->node, alternative)))
		if (hostpci_addresses_name(alternative->paths, alternative->n_paths, bdf))
			return true;
	return false;
}

bool node_vms_name(const struct node_vms *vms, const struct vmcfg *config, size_t e,
		   const struct bdf *bdf)
{
	const struct hostpci *entry = config->hostpci[e];

	if (!entry)
		return false;
	return entry->mapping ? mapping_names(vms, entry->mapping, bdf)
			      : hostpci_addresses_name(entry->hosts, entry->n_hosts, bdf);
}

/* Adds the entries of one VM that name the device. */
static void add_naming(const struct node_vms *vms, const struct node_vm *vm, const struct bdf *bdf,
		       struct strbuf *text)
{
	if (!vm->config) {
		strbuf_add_item(text, _("maybe VM %u (its config cannot be read)"), vm->vmid);
		return;
	}
	for (size_t e = 0; e < HOSTPCI_MAX; e++) {
		const struct hostpci *entry = vm->config->hostpci[e];

		if (!node_vms_name(vms, vm->config, e, bdf))
			continue;
		if (entry->mapping)
			strbuf_add_item(text, _("VM %u (hostpci%zu, mapping %s)"), vm->vmid, e,
					entry->mapping);
		else
			strbuf_add_item(text, "VM %u (hostpci%zu)", vm->vmid, e);
	}
}

int node_vms_naming(const struct node_vms *vms, const struct bdf *bdf, char **ret)
{
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < vms->n; i++)
		add_naming(vms, &vms->items[i], bdf, &text);
	*ret = NULL;
	if (!text.len && !text.failed)
		return 0;
	*ret = strbuf_take(&text);
	return *ret ? 0 : -ENOMEM;
}
