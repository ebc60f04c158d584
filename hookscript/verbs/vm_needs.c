// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/vm_needs.h"

#include "hookscript/plan/facts/facts.h"
#include "hookscript/plan/judge.h"
#include "hookscript/plan/plan.h"
#include "hookscript/plan/plan_check.h"
#include "hookscript/settings/settings_read.h"
#include "hookscript/pve/vm.h"
#include "host/text/argv.h"
#include "host/base/log.h"
#include "host/text/strbuf.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define HOOK_NAME "pve-passthrough"

bool vm_hook_is_ours(const char *volume)
{
	auto_free char *storage = NULL, *name = NULL;

	return !storage_split_snippet(volume, &storage, &name) && !strcmp(name, HOOK_NAME);
}

/* Where the VM has our hook from, or should have: what its config names when that is ours, on a
 * storage that there is; else VM_HOOK_VOLUME. */
static const char *hook_volume(const struct vmcfg *vm, const struct storages *storages)
{
	const char *volume = vm->values[VMCFG_HOOKSCRIPT].text;
	auto_free char *path = NULL;

	if (volume && vm_hook_is_ours(volume) &&
	    !storages_snippet_path(storages, volume, &path, NULL))
		return volume;
	return VM_HOOK_VOLUME;
}

static bool is_entry(const struct vmcfg_dropped *dropped)
{
	return dropped->key >= VMCFG_HOSTPCI && dropped->key < VMCFG_KEYS;
}

static void check_device(struct plan_check *c)
{
	const struct facts *facts = c->facts;
	bool dropped = false;

	if (facts_have_devices(facts))
		return;
	for (size_t i = 0; i < facts->vm->n_dropped; i++)
		dropped |= is_entry(&facts->vm->dropped[i]);
	plan_refuse(c, NEED_DEVICE, NULL, strdup(_("a device")), "%s",
		    dropped ? _("the VM has no PCI device: there is no valid hostpci entry")
			    : _("the VM has no PCI device: there is no hostpci entry"));
	for (size_t i = 0; i < facts->vm->n_dropped; i++)
		if (is_entry(&facts->vm->dropped[i]))
			cure_add_words(c, plan_dropped_text(facts, i));
	cure_command(c, _("the devices of this host, one of which can be added"),
		     "pve-passthrough vm %u --add", facts->vmid);
}

static int check_storage(struct plan_check *c, const struct vm_hook *hook, const char *volume)
{
	auto_free char *id = NULL, *name = NULL, *content = NULL;
	const struct storage *storage;
	int err = storage_split_snippet(volume, &id, &name);

	if (err)
		return err;
	storage = storages_find(&hook->storages, id);
	if (!storage || storage_is_for(storage, "snippets"))
		return 0;
	plan_refuse(c, NEED_STORAGE, NULL, strdup(_("a storage for snippets")),
		    _("the storage %s allows %s, but not snippets, and a hookscript is one"), id,
		    storage->content ? storage->content : _("nothing"));
	content = storage_content_with(storage, "snippets");
	cure_config(c, _("pvesm replaces the whole list, so all of it is named"),
		    content ? argv_new("pvesm", "set", id, "--content", content) : NULL);
	return 0;
}

static int check_snippet(struct plan_check *c, const struct vm_hook *hook, const char *volume)
{
	bool absent = hook->snippet == SNIPPET_ABSENT;
	auto_free char *path = NULL;
	int err;

	if (hook->snippet == SNIPPET_GOOD)
		return 0;
	err = storages_snippet_path(&hook->storages, volume, &path, NULL);
	if (err)
		return err;
	plan_refuse(c, NEED_SNIPPET, NULL, strdup(_("the snippet")),
		    absent ? _("%s: /%s is not there; Proxmox VE aborts the start of a VM "
			       "that names it")
			   : _("%s: /%s is not executable; Proxmox VE aborts the start of a "
			       "VM that names it"),
		    volume, path);
	/* A link that leads nowhere may be there. */
	if (absent)
		cure_command(c, NULL,
			     "mkdir -p /%.*s && ln -sfn \"$(command -v " HOOK_NAME ")\" /%s",
			     (int)(strrchr(path, '/') - path), path, path);
	else
		cure_command(c, NULL, "chmod +x /%s", path);
	return 0;
}

/* Another hook is never removed. */
static void need_one_hookscript(struct plan_check *c, const char *other, const char *volume)
{
	unsigned int vmid = c->facts->vmid;

	plan_refuse(c, NEED_ONE_HOOKSCRIPT, NULL, strdup(_("hookscript (it has another one)")),
		    _("hookscript: %s is another hook, and a VM has one only"), other);
	cure_words(c, _("to run both, put this line into /%s: vm%u = { next = \"%s\"; };"),
		   SETTINGS_PATH, vmid, other);
	cure_command(c, _("then"), "qm set %u --hookscript %s", vmid, volume);
}

/* What is wrong with the line hookscript, which is not another's that would be lost. */
static char *describe_hookscript(const struct storages *storages, const char *has)
{
	auto_free char *path = NULL, *why = NULL;

	if (!has)
		return strdup(
			_("hookscript: the VM's config does not name this hook, so it is not run"));
	if (vm_hook_is_ours(has))
		return storages_snippet_path(storages, has, &path, &why) == -EINVAL
			       ? fs_path("hookscript: %s: %s", has, why)
			       : NULL;
	return fs_path(
		_("hookscript: %s is another hook; /%s has it as 'next', so this hook runs it"),
		has, SETTINGS_PATH);
}

static void check_hookscript(struct plan_check *c, const struct vm_hook *hook, const char *volume)
{
	const char *has = c->facts->vm->values[VMCFG_HOOKSCRIPT].text;
	const char *next = c->facts->settings->next;

	if (has && !strcmp(has, volume))
		return;
	if (has && !vm_hook_is_ours(has) && (!next || strcmp(next, has) != 0)) {
		need_one_hookscript(c, has, volume);
		return;
	}
	plan_add_refusal(c, NEED_HOOKSCRIPT, NULL, strdup("hookscript"),
			 describe_hookscript(&hook->storages, has));
	/* qm looks whether the file is there, and is a program. */
	if (hook->snippet == SNIPPET_GOOD)
		cure_qm_set(c, NULL, "--hookscript", volume);
	else
		cure_command(c, _("once the snippet is there"), "qm set %u --hookscript %s",
			     c->facts->vmid, volume);
}

/* What the next node would not find: the start here is not concerned. */
static void warn_of_nodes(struct plan_check *c, size_t e)
{
	const struct ha *ha = &c->facts->ha;
	const struct hostpci *entry = c->facts->vm->hostpci[e];
	const struct mapping *mapping = NULL;
	auto_strbuf struct strbuf nodes = {0};

	if (entry && entry->mapping && c->facts->mappings)
		mapping = mappings_find(c->facts->mappings, entry->mapping);
	for (size_t i = 0; mapping && i < ha->nodes.n; i++)
		if (!mapping_next(mapping, ha->nodes.items[i], NULL) &&
		    strcmp(ha->nodes.items[i], ha->here) != 0)
			strbuf_add_item(&nodes, "%s", ha->nodes.items[i]);
	if (nodes.len)
		plan_add_lasting(c, fs_path(_("hostpci%zu: mapping %s has no line for %s, where HA "
					      "may start this VM, which would fail; run there: "
					      "pve-passthrough mapping %s ADDRESS"),
					    e, mapping->id, nodes.text, mapping->id));
	if (nodes.failed)
		c->err = -ENOMEM;
}

int vm_needs_add(const struct facts *facts, const struct vm_hook *hook, struct plan *plan)
{
	const char *volume = hook_volume(facts->vm, &hook->storages);
	struct plan_check c = {.facts = facts, .plan = plan};
	int err;

	check_device(&c);
	err = check_storage(&c, hook, volume);
	if (!err)
		err = check_snippet(&c, hook, volume);
	if (err)
		return err;
	check_hookscript(&c, hook, volume);
	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		warn_of_nodes(&c, e);
	return c.err;
}

/* ---- the state of a VM ---- */

static int unreadable(const char *path, int err, char **ret_why)
{
	*ret_why = fs_path(_("/%s cannot be read: %s"), path, log_strerror(err));
	return err;
}

/* As Proxmox VE looks at it before it runs it (pve-guest-common, PVE/GuestHelpers.pm,
 * check_hookscript). */
static int read_snippet(const struct fs_root *root, struct vm_state *state, char **ret_why)
{
	const struct storages *storages = &state->hook.storages;
	auto_free char *path = NULL;
	auto_close int fd = -1;
	struct stat st;
	int err = storages_snippet_path(storages, hook_volume(state->facts->vm, storages), &path,
					NULL);

	if (err)
		return err;
	fd = fs_open(root, path, O_PATH, 0);
	if (fd < 0 && fd != -ENOENT && fd != -ENOTDIR)
		return unreadable(path, fd, ret_why);
	if (fd < 0 || fs_stat(root, fd, &st) || !S_ISREG(st.st_mode))
		state->hook.snippet = SNIPPET_ABSENT;
	else
		state->hook.snippet = st.st_mode & S_IXUSR ? SNIPPET_GOOD : SNIPPET_NOT_EXECUTABLE;
	return 0;
}

/* Whether no start of the VM has anything for the hook to do. */
static bool needs_no_hook(const struct facts *facts)
{
	return vmcfg_is_template(facts->vm) ||
	       (facts_have_devices(facts) && !facts_need_binding(facts));
}

bool vm_state_is_exempt(const struct vm_state *state)
{
	return needs_no_hook(state->facts) && !plan_is_needed(state->facts);
}

int vm_state_read(const struct fs_root *root, unsigned int vmid, struct vm_state *ret,
		  char **ret_why)
{
	int err;

	*ret = (struct vm_state){0};
	settings_read(root, vmid, &ret->settings);
	err = facts_read(root, vmid, &ret->settings, FACTS_NEXT_START, &ret->facts, ret_why);
	if (err)
		return err;
	err = storages_read(root, &ret->hook.storages);
	if (err)
		return unreadable(STORAGES_PATH, err, ret_why);
	err = read_snippet(root, ret, ret_why);
	if (!err)
		err = plan_make(ret->facts, &ret->plan);
	if (err || ret->settings.err || needs_no_hook(ret->facts))
		return err;
	return vm_needs_add(ret->facts, &ret->hook, ret->plan);
}

void vm_state_free(struct vm_state *state)
{
	plan_free(state->plan);
	facts_free(state->facts);
	storages_free(&state->hook.storages);
	settings_free(&state->settings);
	*state = (struct vm_state){0};
}

/* ---- host-setup check ---- */

char *vm_needs_names(const struct plan *plan, bool lasting)
{
	auto_strbuf struct strbuf names = {0};

	for (size_t i = 0; i < plan->n_refusals; i++) {
		const struct refusal *refusal = &plan->refusals[i];

		if (!lasting ||
		    (refusal->reason != REFUSAL_HOST && refusal->reason != REFUSAL_OTHER_VM))
			strbuf_add_item(&names, "%s", refusal->brief);
	}
	return strbuf_take(&names);
}

/* "VM 100 (name), hostpci0, hostpci3" */
static char *describe(const struct node_vm *vm)
{
	const char *name = vm->config->values[VMCFG_NAME].text;
	auto_strbuf struct strbuf text = {0};

	strbuf_add(&text, "VM %u", vm->vmid);
	if (name)
		strbuf_add(&text, " (%s)", name);
	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		if (vm->config->hostpci[e])
			strbuf_add_item(&text, "hostpci%zu", e);
	return strbuf_take(&text);
}

static int add_vm(const struct node_vm *vm, const struct vm_state *state, struct checklist *list)
{
	auto_free char *who = describe(vm);
	auto_free char *needs = vm_needs_names(state->plan, true);
	const char *runs = state->facts->vm_runs ? _("runs") : _("stopped");
	char *what;

	if (!who || !needs)
		return -ENOMEM;
	if (vmcfg_is_template(vm->config))
		what = fs_path(_("%s: a template, which starts without devices"), who);
	else if (vm_state_is_exempt(state))
		what = fs_path(_("%s: %s; its devices are left to Proxmox VE"), who, runs);
	else if (!*needs)
		what = fs_path(_("%s: %s; its config has what it needs"), who, runs);
	else
		return check_add_vm(list, vm->vmid, CHECK_WARNING,
				    fs_path(_("%s: %s; it needs: %s"), who, runs, needs),
				    fs_path("pve-passthrough vm %u", vm->vmid));
	return check_add_vm(list, vm->vmid, CHECK_OK, what, NULL);
}

int vm_states_check(const struct fs_root *root, struct checklist *list)
{
	auto_node_vms struct node_vms vms = {0};
	int err = node_vms_read(root, &vms);

	if (err && err != -ENOMEM) /* says nothing of the host, which is what was asked */
		return check_add(
			list, "vm", CHECK_NOTE,
			fs_path(_("the VMs of this node cannot be read: %s"), log_strerror(err)),
			NULL, NULL);
	for (size_t i = 0; !err && i < vms.n; i++) {
		auto_vm_state struct vm_state state;
		auto_free char *why = NULL;

		err = vm_state_read(root, vms.items[i].vmid, &state, &why);
		if (!err)
			err = add_vm(&vms.items[i], &state, list);
		else if (why) /* the other VMs are checked all the same */
			err = check_add_vm(list, vms.items[i].vmid, CHECK_WARNING, TAKE_PTR(why),
					   NULL);
	}
	return err;
}
