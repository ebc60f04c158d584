/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * (VM config, devices, storages) -> what the VM still needs before its devices can be passed
 * through with this hook, each with the command that gives it. Pure: no files, no output.
 */
#ifndef HOOKSCRIPT_VM_NEEDS_H
#define HOOKSCRIPT_VM_NEEDS_H

#include "hookscript/settings.h"
#include "host/bdf.h"
#include "vmcfg/storage.h"
#include "vmcfg/vmcfg.h"

/* The hook, as a VM's config names it. */
#define VM_HOOK_VOLUME "local:snippets/pve-passthrough"

/* Where VM configs, and what follows, take storages from. */
#define STORAGES_PATH "etc/pve/storage.cfg"

enum vm_need_kind {
	NEED_DEVICE,	     /* no hostpci entry at all */
	NEED_Q35,	     /* another machine */
	NEED_PCIE,	     /* pcie=1 in an entry */
	NEED_STORAGE,	     /* a storage that is for snippets */
	NEED_SNIPPET,	     /* the hook's file, as a program */
	NEED_HOOKSCRIPT,     /* the line hookscript */
	NEED_ONE_HOOKSCRIPT, /* another hook has that line */
};

struct vm_need {
	enum vm_need_kind kind;
	char *name;	/* in a word or two: "q35", "pcie=1 (hostpci0)" */
	char *what;	/* what is missing, in a sentence */
	char *note;	/* what to know before; NULL: nothing */
	char **command; /* what gives it (hookscript/argv.h); NULL: done by hand */
	char *by_hand;	/* then this says how, one step a line; NULL beside a command */
};

struct vm_needs {
	struct vm_need *items; /* in the order in which they are to be met */
	size_t n;
};

/* What there is of a file that is to be run. */
enum snippet_state { SNIPPET_GOOD, SNIPPET_ABSENT, SNIPPET_NOT_EXECUTABLE };

struct vm_needs_facts {
	unsigned int vmid;
	const struct vmcfg *vm;
	const struct settings *settings;
	bool has_devices; /* an entry, or one in args */
	bool binds;	  /* there are some that need binding; without, the hook has no work */
	/* Of each entry, a PCI Express device that it stands for; NULL: none. */
	const struct bdf *express[HOSTPCI_MAX];
	const struct storages *storages;
	enum snippet_state snippet; /* of the file of vm_hook_volume() */
};

/* Whether the volume is our hook, on whatever storage. */
bool vm_hook_is_ours(const char *volume);

/* Where the VM has our hook from, or should have: what its config names when that is ours, on a
 * storage that there is; else VM_HOOK_VOLUME. */
const char *vm_hook_volume(const struct vmcfg *vm, const struct storages *storages);

/* Lists what is missing. Returns 0 (free with vm_needs_free()) or -ENOMEM. */
int vm_needs_list(const struct vm_needs_facts *facts, struct vm_needs *ret) must_check;
void vm_needs_free(struct vm_needs *needs);

/* The names of all, "q35, hookscript". Returns a new string, or NULL without memory. */
char *vm_needs_names(const struct vm_needs *needs) must_check;

#define auto_vm_needs cleanup_with(vm_needs_free)

#endif
