// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/vm_state.h"
#include "hookscript/settings/settings_read.h"
#include "hookscript/plan/plan.h"
#include "hookscript/plan/facts.h"

#include "hookscript/plan/judge.h"
#include "hookscript/pve/vm.h"

#include "host/base/log.h"
#include "host/base/strbuf.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static int unreadable(const char *path, int err, char **ret_why)
{
	*ret_why = fs_path(_("/%s cannot be read: %s"), path, log_strerror(err));
	return err;
}

static int read_storages(const struct fs_root *root, struct storages *ret, char **ret_why)
{
	int err = storages_read(root, ret);

	return err ? unreadable(STORAGES_PATH, err, ret_why) : 0;
}

/* As Proxmox VE looks at it before it runs it (pve-guest-common, PVE/GuestHelpers.pm,
 * check_hookscript). */
static int read_snippet(const struct fs_root *root, struct vm_state *state, char **ret_why)
{
	const struct storages *storages = &state->hook.storages;
	auto_free char *path = NULL;
	auto_close int fd = -1;
	struct stat st;
	int err = storages_snippet_path(storages, vm_hook_volume(state->facts->vm, storages), &path,
					NULL);

	if (err)
		return err;
	fd = fs_open(root, path, O_PATH, 0);
	if (fd < 0 && fd != -ENOENT && fd != -ENOTDIR)
		return unreadable(path, fd, ret_why);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		state->hook.snippet = SNIPPET_ABSENT;
	else
		state->hook.snippet = st.st_mode & S_IXUSR ? SNIPPET_GOOD : SNIPPET_NOT_EXECUTABLE;
	return 0;
}

bool vm_state_is_exempt(const struct vm_state *state)
{
	return vmcfg_is_template(state->facts->vm) ||
	       (facts_have_devices(state->facts) && !facts_need_binding(state->facts));
}

int vm_state_read(const struct fs_root *root, unsigned int vmid, struct vm_state *ret,
		  char **ret_why)
{
	int err;

	*ret = (struct vm_state){0};
	settings_read(root, vmid, &ret->settings);
	err = facts_read(root, vmid, &ret->settings, FACTS_NEXT_START, &ret->facts, ret_why);
	if (!err)
		err = read_storages(root, &ret->hook.storages, ret_why);
	if (!err)
		err = read_snippet(root, ret, ret_why);
	if (!err)
		err = plan_make(ret->facts, &ret->plan);
	if (err || ret->settings.err || vm_state_is_exempt(ret))
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
		return check_add(list, "vm", CHECK_WARNING,
				 fs_path(_("%s: %s; it needs: %s"), who, runs, needs), NULL,
				 fs_path("pve-passthrough vm %u", vm->vmid));
	return check_add(list, "vm", CHECK_OK, what, NULL, NULL);
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
			err = check_add(list, "vm", CHECK_WARNING, TAKE_PTR(why), NULL, NULL);
	}
	return err;
}
