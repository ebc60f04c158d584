// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/vm_needs.h"

#include "hookscript/argv.h"
#include "hookscript/selection.h"
#include "host/fs.h"
#include "vmcfg/machine.h"

#include <stdio.h>
#include <string.h>

#define HOOK_NAME "pve-passthrough"

struct lister {
	const struct vm_needs_facts *facts;
	char vmid[sizeof("999999999")];
	const char *volume;
	struct vm_needs *needs;
};

static void free_need(struct vm_need *need)
{
	free(need->name);
	free(need->what);
	free(need->note);
	argv_free(need->command);
	free(need->by_hand);
}

/* Takes the texts and the command over, whatever happens. */
static int add(struct lister *l, struct vm_need need)
{
	struct vm_needs *needs = l->needs;

	if (!need.name || !need.what || (!need.command && !need.by_hand) ||
	    !array_grow(needs->items, needs->n)) {
		free_need(&need);
		return -ENOMEM;
	}
	needs->items[needs->n++] = need;
	return 0;
}

bool vm_hook_is_ours(const char *volume)
{
	auto_free char *storage = NULL, *name = NULL;

	return !storage_split_snippet(volume, &storage, &name) && !strcmp(name, HOOK_NAME);
}

const char *vm_hook_volume(const struct vmcfg *vm, const struct storages *storages)
{
	const char *volume = vm->values[VMCFG_HOOKSCRIPT].text;
	auto_free char *path = NULL;

	if (volume && vm_hook_is_ours(volume) &&
	    !storages_snippet_path(storages, volume, &path, NULL))
		return volume;
	return VM_HOOK_VOLUME;
}

static int check_device(struct lister *l)
{
	if (l->facts->has_devices)
		return 0;
	return add(l,
		   (struct vm_need){
			   .kind = NEED_DEVICE,
			   .name = strdup(_("a device")),
			   .what = strdup(_("the VM has no PCI device: there is no hostpci entry")),
			   .by_hand = fs_path(_("pve-passthrough vm %s --add lists the devices of "
						"this host, and adds one"),
					      l->vmid),
		   });
}

static char *machine_note(const struct vm_needs_facts *facts)
{
	return fs_path(
		_("what that does to a guest that is already installed: its network interfaces "
		  "get other names%s\n"
		  "to run this VM as it is instead, put this line into /%s: "
		  "vm%u = { machine = \"warn\"; };"),
		vmcfg_is_windows(facts->vm)
			? _(", and this one is a Windows, which forgets a static "
			    "address with that")
			: "",
		SETTINGS_PATH, facts->vmid);
}

static int need_q35(struct lister *l)
{
	const struct vmcfg_value *machine = &l->facts->vm->values[VMCFG_MACHINE];
	auto_free char *value = machine_value_as_q35(machine->text ? machine->text : "",
						     machine->text ? machine->len : 0);
	struct vm_need need = {
		.kind = NEED_Q35,
		.name = strdup("q35"),
		.what = fs_path(
			_("machine: %s; this is not q35, the only machine type whose guests "
			  "see PCI Express devices"),
			vmcfg_machine_text(l->facts->vm)),
		.note = machine_note(l->facts),
		.command = value ? argv_new("qm", "set", l->vmid, "--machine", value) : NULL,
	};

	return add(l, need);
}

static int check_machine(struct lister *l)
{
	const struct vm_needs_facts *facts = l->facts;
	const char *arch = facts->vm->values[VMCFG_ARCH].text;

	if (vmcfg_is_q35(facts->vm) || selection_has_legacy_igd(facts->vm) ||
	    facts->settings->machine != POLICY_REFUSE)
		return 0;
	/* What a VM gives to QEMU by its own args is its administrator's to arrange. */
	if (facts->has_devices && !selection_has_entries(facts->vm))
		return 0;
	if (!arch || strcmp(arch, "aarch64"))
		return need_q35(l);
	return add(
		l,
		(struct vm_need){
			.kind = NEED_Q35,
			.name = strdup("q35"),
			.what = strdup(_("this VM is of architecture aarch64, which has no q35")),
			.by_hand = fs_path(_("to run it as it is all the same, put this line into "
					     "/%s: vm%u = { machine = \"warn\"; };"),
					   SETTINGS_PATH, facts->vmid),
		});
}

static int need_pcie(struct lister *l, size_t e)
{
	auto_free char *value = hostpci_value_with_pcie(l->facts->vm->hostpci[e]);
	auto_free char *option = fs_path("--hostpci%zu", e);
	char address[BDF_TEXT_SIZE];
	struct vm_need need = {
		.kind = NEED_PCIE,
		.name = fs_path("pcie=1 (hostpci%zu)", e),
		.what = fs_path(
			_("hostpci%zu: %s is a PCI Express device, but the entry does not say "
			  "pcie=1; the guest would see it as conventional PCI, which many "
			  "drivers do not accept"),
			e, bdf_format(l->facts->express[e], address)),
		.command = value && option ? argv_new("qm", "set", l->vmid, option, value) : NULL,
	};

	return add(l, need);
}

/* As the plan judges it: what the settings allow is not needed, and what Proxmox VE would not start
 * is not proposed. */
static int check_entries(struct lister *l)
{
	const struct vm_needs_facts *facts = l->facts;
	bool q35 = vmcfg_is_q35(facts->vm);
	int err = 0;

	if (facts->settings->pcie != POLICY_REFUSE ||
	    (!q35 && selection_has_legacy_igd(facts->vm)) ||
	    (!q35 && facts->settings->machine != POLICY_REFUSE))
		return 0;
	for (size_t e = 0; !err && e < HOSTPCI_MAX; e++) {
		const struct hostpci *entry = facts->vm->hostpci[e];

		if (entry && facts->express[e] && entry->pcie != 1 && entry->legacy_igd != 1)
			err = need_pcie(l, e);
	}
	return err;
}

static int check_storage(struct lister *l)
{
	auto_free char *id = NULL, *name = NULL, *content = NULL;
	const struct storage *storage;
	int err = storage_split_snippet(l->volume, &id, &name);

	if (err)
		return err;
	storage = storages_find(l->facts->storages, id);
	if (!storage || storage_is_for(storage, "snippets"))
		return 0;
	content = storage_content_with(storage, "snippets");
	return add(
		l,
		(struct vm_need){
			.kind = NEED_STORAGE,
			.name = strdup(_("a storage for snippets")),
			.what = fs_path(_("the storage %s is for %s, not for snippets, which a "
					  "hookscript is one of"),
					id, storage->content ? storage->content : _("nothing")),
			.note = strdup(_("pvesm replaces the whole list, so all of it is named")),
			.command = content ? argv_new("pvesm", "set", id, "--content", content)
					   : NULL,
		});
}

static int check_snippet(struct lister *l)
{
	auto_free char *path = NULL;
	bool absent = l->facts->snippet == SNIPPET_ABSENT;
	struct vm_need need = {.kind = NEED_SNIPPET};
	int err;

	if (l->facts->snippet == SNIPPET_GOOD)
		return 0;
	err = storages_snippet_path(l->facts->storages, l->volume, &path, NULL);
	if (err)
		return err;
	need.name = strdup(_("the snippet"));
	need.what = fs_path(
		absent ? _("%s: /%s is not there; Proxmox VE aborts the start of a VM that "
			   "names it")
		       : _("%s: /%s is no program; Proxmox VE aborts the start of a VM that "
			   "names it"),
		l->volume, path);
	/* A link that leads nowhere may be there. */
	need.by_hand = absent ? fs_path("mkdir -p /%.*s && ln -sfn \"$(command -v " HOOK_NAME
					")\" /%s",
					(int)(strrchr(path, '/') - path), path, path)
			      : fs_path("chmod +x /%s", path);
	return add(l, need);
}

/* Another's hook is never taken away. */
static int need_one_hookscript(struct lister *l, const char *other)
{
	return add(l, (struct vm_need){
			      .kind = NEED_ONE_HOOKSCRIPT,
			      .name = strdup(_("hookscript (it has another one)")),
			      .what = fs_path(
				      _("hookscript: %s is another hook, and a VM has one only"),
				      other),
			      .by_hand = fs_path(_("to run both, put this line into /%s: "
						   "vm%u = { next = \"%s\"; };\n"
						   "then: qm set %u --hookscript %s"),
						 SETTINGS_PATH, l->facts->vmid, other,
						 l->facts->vmid, l->volume),
		      });
}

/* What is wrong with the line hookscript, which is not another's that would be lost. */
static char *describe_hookscript(const char *has)
{
	if (!has)
		return strdup(
			_("hookscript: the VM's config does not name this hook, so it is not run"));
	if (vm_hook_is_ours(has))
		return fs_path(_("hookscript: %s: there is no such storage"), has);
	return fs_path(
		_("hookscript: %s is another hook; /%s has it as 'next', so this hook runs it"),
		has, SETTINGS_PATH);
}

static int check_hookscript(struct lister *l)
{
	const char *has = l->facts->vm->values[VMCFG_HOOKSCRIPT].text;
	const char *next = l->facts->settings->next;
	struct vm_need need = {.kind = NEED_HOOKSCRIPT};

	if (has && !strcmp(has, l->volume))
		return 0;
	if (has && !vm_hook_is_ours(has) && (!next || strcmp(next, has) != 0))
		return need_one_hookscript(l, has);
	need.name = strdup("hookscript");
	need.what = describe_hookscript(has);
	/* qm looks whether the file is there, and is a program. */
	if (l->facts->snippet != SNIPPET_GOOD)
		need.by_hand = fs_path(_("then: qm set %s --hookscript %s"), l->vmid, l->volume);
	else
		need.command = argv_new("qm", "set", l->vmid, "--hookscript", l->volume);
	return add(l, need);
}

int vm_needs_list(const struct vm_needs_facts *facts, struct vm_needs *ret)
{
	static int (*const checks[])(struct lister * l) = {
		check_machine, check_entries, check_storage, check_snippet, check_hookscript,
	};
	auto_vm_needs struct vm_needs needs = {0};
	struct lister lister = {.facts = facts, .needs = &needs};
	int err;

	snprintf(lister.vmid, sizeof(lister.vmid), "%u", facts->vmid);
	lister.volume = vm_hook_volume(facts->vm, facts->storages);
	err = check_device(&lister);
	/* A VM without devices yet gets the rest, too; one whose devices Proxmox VE binds does not.
	 */
	if (facts->has_devices && !facts->binds)
		return err;
	for (size_t i = 0; !err && i < ARRAY_SIZE(checks); i++)
		err = checks[i](&lister);
	if (err)
		return err;
	*ret = needs;
	needs = (struct vm_needs){0};
	return 0;
}

void vm_needs_free(struct vm_needs *needs)
{
	for (size_t i = 0; i < needs->n; i++)
		free_need(&needs->items[i]);
	free(needs->items);
	*needs = (struct vm_needs){0};
}

char *vm_needs_names(const struct vm_needs *needs)
{
	char *text = strdup("");

	for (size_t i = 0; text && i < needs->n; i++) {
		char *longer = fs_path("%s%s%s", text, i ? ", " : "", needs->items[i].name);

		free(text);
		text = longer;
	}
	return text;
}
