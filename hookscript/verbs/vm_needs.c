// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/vm_state.h"

#include "host/base/argv.h"
#include "hookscript/plan/plan_check.h"
#include "host/base/strbuf.h"

#include <stdio.h>
#include <string.h>

#define HOOK_NAME "pve-passthrough"

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

static void check_device(struct plan_check *c)
{
	if (facts_have_devices(c->facts))
		return;
	plan_refuse(c, NEED_DEVICE, NULL, strdup(_("a device")),
		    _("the VM has no PCI device: there is no hostpci entry"));
	cure_command(c, _("the devices of this host, one of which can be added"),
		     "pve-passthrough vm %u --add", c->facts->vmid);
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
	plan_add_refusal(c, NEED_HOOKSCRIPT, NULL, strdup("hookscript"), describe_hookscript(has));
	/* qm looks whether the file is there, and is a program. */
	if (hook->snippet == SNIPPET_GOOD)
		cure_qm_set(c, NULL, "--hookscript", volume);
	else
		cure_command(c, _("once the snippet is there"), "qm set %u --hookscript %s",
			     c->facts->vmid, volume);
}

int vm_needs_add(const struct facts *facts, const struct vm_hook *hook, struct plan *plan)
{
	const char *volume = vm_hook_volume(facts->vm, &hook->storages);
	struct plan_check c = {.facts = facts, .plan = plan};
	int err;

	check_device(&c);
	err = check_storage(&c, hook, volume);
	if (!err)
		err = check_snippet(&c, hook, volume);
	if (err)
		return err;
	check_hookscript(&c, hook, volume);
	return c.err;
}

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
