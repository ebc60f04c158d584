// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/vm_state.h"
#include "hookscript/settings/settings_read.h"
#include "hookscript/plan/plan_make.h"
#include "hookscript/plan/facts_read.h"

#include "hookscript/plan/vms.h"
#include "hookscript/pve/vm.h"

#include "host/base/log.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

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

bool vm_state_is_exempt(const struct vm_state *state)
{
	return vmcfg_is_template(state->facts->vm) ||
	       (facts_have_devices(state->facts) && !facts_need_binding(state->facts));
}

static int judge(const struct fs_root *root, struct vm_state *state)
{
	const struct facts *facts = state->facts;
	int err = read_snippet(root, facts->vm, &state->hook.storages, &state->hook.snippet);

	if (!err)
		err = plan_make(facts, &state->plan);
	return err || vm_state_is_exempt(state) ? err
						: vm_needs_add(facts, &state->hook, state->plan);
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
	if (ret->settings.err) {
		*ret_why = strdup(settings_error(&ret->settings));
		return ret->settings.err;
	}
	err = storages_read(root, &ret->hook.storages);
	if (!err)
		err = judge(root, ret);
	if (err)
		*ret_why = fs_path(_("/%s cannot be read: %s"), STORAGES_PATH, log_strerror(err));
	return err;
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
	auto_free char *needs = vm_needs_names(state->plan, true);
	const char *runs = state->facts->vm_runs ? _("runs") : _("stopped");

	if (!who || !needs)
		return -ENOMEM;
	if (vmcfg_is_template(vm->config))
		return check_add(list, "vm", CHECK_OK,
				 fs_path(_("%s: a template, which starts without devices"), who),
				 NULL, NULL);
	if (vm_state_is_exempt(state))
		return check_add(
			list, "vm", CHECK_OK,
			fs_path(_("%s: %s; its devices are left to Proxmox VE"), who, runs), NULL,
			NULL);
	if (!*needs)
		return check_add(list, "vm", CHECK_OK,
				 fs_path(_("%s: %s; its config has what it needs"), who, runs),
				 NULL, NULL);
	return check_add(list, "vm", CHECK_WARNING,
			 fs_path(_("%s: %s; it needs: %s"), who, runs, needs), NULL,
			 fs_path("pve-passthrough vm %u", vm->vmid));
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
		else if (why) /* one VM's trouble does not hide the others */
			err = check_add(list, "vm", CHECK_WARNING, TAKE_PTR(why), NULL, NULL);
	}
	return err;
}
