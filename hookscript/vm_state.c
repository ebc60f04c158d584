// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/vm_state.h"

#include "hookscript/pve.h"
#include "hookscript/vms.h"
#include "host/pci.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static int read_storages(const struct fs_root *root, struct storages *ret)
{
	auto_free char *text = NULL;
	size_t len = 0;
	int err = fs_read(root, STORAGES_PATH, STORAGE_TEXT_MAX, &text, &len);

	if (err && err != -ENOENT)
		return err;
	return storages_parse(text, len, ret);
}

/* As Proxmox VE looks at it before it runs it (pve-guest-common, PVE/GuestHelpers.pm,
 * check_hookscript). */
static int read_snippet(const struct fs_root *root, const struct vmcfg *vm,
			const struct storages *storages, enum snippet_state *ret)
{
	auto_free char *path = NULL;
	auto_close int fd = -1;
	struct stat st;
	int err = storages_snippet_path(storages, vm_hook_volume(vm, storages), &path, NULL);

	if (err)
		return err;
	fd = fs_open(root, path, O_PATH, 0);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		*ret = SNIPPET_ABSENT;
	else
		*ret = st.st_mode & S_IXUSR ? SNIPPET_GOOD : SNIPPET_NOT_EXECUTABLE;
	return 0;
}

/* Finds the first function of ADDRESS that is a PCI Express device. */
static bool find_express(const struct fs_root *root, const struct hostpci_address *address,
			 struct bdf *ret)
{
	struct bdf bdf = address->bdf;

	if (address->impossible)
		return false;
	for (unsigned int f = 0; f < (address->all_functions ? 8U : 1U); f++, bdf.func++) {
		if (!pci_is_express(root, &bdf) || pci_has(root, &bdf, "pci_bus"))
			continue;
		*ret = bdf;
		return true;
	}
	return false;
}

/* For each entry, a PCI Express device that it stands for. */
static void read_express(const struct fs_root *root, const struct selection *selection,
			 struct bdf bdfs[HOSTPCI_MAX], struct vm_needs_facts *facts)
{
	for (size_t i = 0; i < selection->n; i++) {
		const struct selected *item = &selection->items[i];
		size_t a = 0;

		if (item->entry < 0 || item->spare || facts->express[item->entry])
			continue;
		while (a < item->n_addresses &&
		       !find_express(root, &item->addresses[a], &bdfs[item->entry]))
			a++;
		if (a < item->n_addresses)
			facts->express[item->entry] = &bdfs[item->entry];
	}
}

static bool has_entry(const struct vmcfg *vm)
{
	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		if (vm->hostpci[e])
			return true;
	return false;
}

static int read_needs(const struct fs_root *root, unsigned int vmid, const struct vmcfg *vm,
		      struct vm_state *state)
{
	struct vm_needs_facts facts = {
		.vmid = vmid, .vm = vm, .settings = &state->settings, .storages = &state->storages};
	struct bdf bdfs[HOSTPCI_MAX];
	int err = selection_read(root, vmid, vm, &state->selection);

	if (err)
		return err;
	read_express(root, state->selection, bdfs, &facts);
	err = read_snippet(root, vm, &state->storages, &facts.snippet);
	if (err)
		return err;
	state->binds = selection_is_needed(vm);
	facts.binds = state->binds;
	facts.has_devices = has_entry(vm) || state->selection->n;
	return vm_needs_list(&facts, &state->needs);
}

int vm_state_read(const struct fs_root *root, unsigned int vmid, const struct vmcfg *vm,
		  struct vm_state *ret, char **ret_why)
{
	auto_vm_state struct vm_state state = {.runs = pve_vm_runs(root, vmid)};
	int err = settings_read(root, vmid, &state.settings, ret_why);

	if (err)
		return err;
	err = read_storages(root, &state.storages);
	if (err) {
		*ret_why = fs_path(_("/%s cannot be read: %s"), STORAGES_PATH, strerror(-err));
		return err;
	}
	err = read_needs(root, vmid, vm, &state);
	if (err) {
		*ret_why = fs_path(_("VM %u: its devices cannot be read: %s"), vmid,
				   strerror(-err));
		return err;
	}
	*ret = state;
	state = (struct vm_state){0};
	return 0;
}

void vm_state_free(struct vm_state *state)
{
	settings_free(&state->settings);
	storages_free(&state->storages);
	selection_free(state->selection);
	vm_needs_free(&state->needs);
	*state = (struct vm_state){0};
}

/* ---- host-setup check ---- */

/* "VM 100 (name), hostpci0 hostpci3" */
static char *describe(const struct node_vm *vm)
{
	const char *name = vm->config->values[VMCFG_NAME].text;
	char *text = fs_path("VM %u%s%s%s", vm->vmid, name ? " (" : "", name ? name : "",
			     name ? ")" : "");

	for (size_t e = 0; text && e < HOSTPCI_MAX; e++) {
		char *longer;

		if (!vm->config->hostpci[e])
			continue;
		longer = fs_path("%s, hostpci%zu", text, e);
		free(text);
		text = longer;
	}
	return text;
}

static int add_vm(const struct node_vm *vm, const struct vm_state *state, struct checklist *list)
{
	auto_free char *who = describe(vm);
	auto_free char *names = vm_needs_names(&state->needs);
	const char *runs = state->runs ? _("runs") : _("stopped");

	if (!who || !names)
		return -ENOMEM;
	if (vmcfg_is_template(vm->config))
		return check_add(list, "vm", CHECK_OK,
				 fs_path(_("%s: a template, which starts without devices"), who),
				 NULL, NULL);
	if (!state->binds)
		return check_add(
			list, "vm", CHECK_OK,
			fs_path(_("%s: %s; its devices are left to Proxmox VE"), who, runs), NULL,
			NULL);
	if (!state->needs.n)
		return check_add(list, "vm", CHECK_OK,
				 fs_path(_("%s: %s; its config has what it needs"), who, runs),
				 NULL, NULL);
	return check_add(list, "vm", CHECK_WARNING,
			 fs_path(_("%s: %s; it needs: %s"), who, runs, names), NULL,
			 fs_path("pve-passthrough vm %u", vm->vmid));
}

int vm_states_check(const struct fs_root *root, struct checklist *list)
{
	auto_node_vms struct node_vms vms = {0};
	int err = node_vms_read(root, &vms);

	if (err && err != -ENOMEM) /* says nothing of the host, which is what was asked */
		return check_add(list, "vm", CHECK_NOTE,
				 fs_path(_("the VMs of this node cannot be read: %s%s"),
					 strerror(-err),
					 err == -EACCES ? _("; run this as root") : ""),
				 NULL, NULL);
	for (size_t i = 0; !err && i < vms.n; i++) {
		auto_vm_state struct vm_state state = {0};
		auto_free char *why = NULL;

		err = vm_state_read(root, vms.items[i].vmid, vms.items[i].config, &state, &why);
		if (!err)
			err = add_vm(&vms.items[i], &state, list);
		else if (why) /* one VM's trouble does not hide the others */
			err = check_add(list, "vm", CHECK_WARNING, TAKE_PTR(why), NULL, NULL);
	}
	return err;
}
