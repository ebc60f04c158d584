// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/vms.h"

#include "hookscript/pve.h"
#include "hookscript/variant.h"

#include <stdio.h>
#include <string.h>

#define CONFIG_FOLDER "etc/pve/qemu-server"

static bool has_hostpci(const struct vmcfg *config)
{
	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		if (config->hostpci[e])
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

static int add_vm(const struct fs_root *root, const char *name, struct node_vms *vms)
{
	auto_free char *path = fs_path(CONFIG_FOLDER "/%s", name);
	cleanup_with(vmcfg_freep) struct vmcfg *config = NULL;
	auto_free char *text = NULL;
	struct selection *selection = NULL;
	unsigned int vmid;
	size_t len;

	if (vmid_of_file(name, &vmid) || fs_read(root, path, VMCFG_TEXT_MAX, &text, &len) ||
	    vmcfg_parse(text, len, &config) || !has_hostpci(config))
		return 0;
	if (!array_grow(vms->items, vms->n))
		return -ENOMEM;
	if (variant_mark(root, vmid, config) || selection_read(root, vmid, config, &selection))
		selection = NULL;
	vms->items[vms->n++] = (struct node_vm){vmid, TAKE_PTR(config), selection};
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
	int err = fs_list(root, CONFIG_FOLDER, &names);

	if (err && err != -ENOENT)
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
	for (size_t i = 0; i < vms->n; i++) {
		selection_free(vms->items[i].selection);
		vmcfg_free(vms->items[i].config);
	}
	free(vms->items);
	*vms = (struct node_vms){0};
}

static bool entry_names(const struct hostpci *entry, const struct bdf *bdf)
{
	for (size_t i = 0; entry && i < entry->n_hosts; i++)
		if (hostpci_address_names(&entry->hosts[i], bdf))
			return true;
	return false;
}

/* Adds to *TEXT, which is NULL at first. Returns 0 or -ENOMEM. */
static int add_name(char **text, unsigned int vmid, size_t e, const char *mapping)
{
	auto_free char *name = mapping ? fs_path(_("VM %u (hostpci%zu, mapping %s)"), vmid, e,
						 mapping)
				       : fs_path("VM %u (hostpci%zu)", vmid, e);
	char *longer = NULL;

	if (name)
		longer = fs_path("%s%s%s", *text ? *text : "", *text ? ", " : "", name);
	if (!longer)
		return -ENOMEM;
	free(*text);
	*text = longer;
	return 0;
}

/* The mapping with which entry E of the VM may get the device; NULL: none. */
static const char *mapping_of(const struct node_vm *vm, size_t e, const struct bdf *bdf)
{
	for (size_t i = 0; vm->selection && i < vm->selection->n; i++) {
		const struct selected *item = &vm->selection->items[i];

		for (size_t a = 0; item->entry == (int)e && a < item->n_addresses; a++)
			if (item->mapping && hostpci_address_names(&item->addresses[a], bdf))
				return item->mapping;
	}
	return NULL;
}

int node_vms_naming(const struct node_vms *vms, const struct bdf *bdf, char **ret)
{
	auto_free char *text = NULL;

	for (size_t i = 0; i < vms->n; i++)
		for (size_t e = 0; e < HOSTPCI_MAX; e++) {
			const struct node_vm *vm = &vms->items[i];
			const char *mapping = mapping_of(vm, e, bdf);

			if ((mapping || entry_names(vm->config->hostpci[e], bdf)) &&
			    add_name(&text, vm->vmid, e, mapping))
				return -ENOMEM;
		}
	*ret = TAKE_PTR(text);
	return 0;
}
