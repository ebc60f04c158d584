// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/modules.h"

#include "host/base/facts.h"
#include "host/base/log.h"
#include "host/pci/module_text.h"
#include "host/text/strbuf.h"

#include <libkmod.h>
#include <string.h>

#define CMDLINE_MAX ((size_t)1024 * 1024)

struct modules {
	const struct fs_root *root;
	struct kmod_ctx *context;
};

static void unref_modulep(struct kmod_module **module)
{
	if (*module)
		kmod_module_unref(*module);
}

static void unref_listp(struct kmod_list **list)
{
	if (*list)
		kmod_module_unref_list(*list);
}

#define auto_module cleanup_with(unref_modulep)
#define auto_list   cleanup_with(unref_listp)

/* A module's directory, or a file in it, where every '-' of its name is '_'. */
static char *sysfs_path(const char *name, const char *file)
{
	char *path = fs_path("sys/module/%s%s", name, file);

	for (char *c = path ? path + strlen("sys/module/") : NULL; c && *c && *c != '/'; c++)
		if (*c == '-')
			*c = '_';
	return path;
}

int module_is_loaded(const struct fs_root *root, const char *name)
{
	auto_free char *path = sysfs_path(name, "");

	return fs_probe(root, path);
}

bool module_is_builtin(const struct fs_root *root, const char *name)
{
	auto_free char *path = sysfs_path(name, "/initstate");

	/* Only what was loaded has a state (Linux: kernel/module/sysfs.c, kernel/params.c). */
	return module_is_loaded(root, name) > 0 && !fs_probe(root, path);
}

int modules_release(const struct fs_root *root, char **ret)
{
	auto_names struct fs_names names = {0};
	const char *newest = NULL;
	int err = fs_read_attr(root, "proc/sys/kernel/osrelease", ret);
	if (!fs_is_absent(err))
		return err;
	err = fs_list(root, "lib/modules", &names);
	if (err)
		return err;
	for (size_t i = 0; i < names.n; i++)
		if (!newest || strverscmp(names.items[i], newest) > 0)
			newest = names.items[i];
	if (!newest)
		return -ENOENT;
	*ret = strdup(newest);
	return *ret ? 0 : -ENOMEM;
}

/* libkmod on another root: that root's configuration, and the modules of its kernel. */
static struct kmod_ctx *open_below(const struct fs_root *root)
{
	auto_free char *etc = fs_path("%s/etc/modprobe.d", root->path);
	auto_free char *run = fs_path("%s/run/modprobe.d", root->path);
	auto_free char *lib = fs_path("%s/lib/modprobe.d", root->path);
	const char *config[] = {etc, run, lib, NULL};
	auto_free char *release = NULL;
	auto_free char *dir = NULL;

	if (modules_release(root, &release))
		release = strdup("none");
	if (!etc || !run || !lib || !release)
		return NULL;
	dir = fs_path("%s/lib/modules/%s", root->path, release);
	return dir ? kmod_new(dir, config) : NULL;
}

/* libkmod prints each line that it does not understand, while it opens, before it can be told not
 * to but by the environment; `host-setup check` names those lines. */
static struct kmod_ctx *open_silently(const struct fs_root *root)
{
	bool ours = !getenv("KMOD_LOG") && !setenv("KMOD_LOG", "2", 0); /* LOG_CRIT */
	struct kmod_ctx *context = fs_root_is_running_system(root) ? kmod_new(NULL, NULL)
								   : open_below(root);

	if (ours)
		unsetenv("KMOD_LOG"); /* it is not for programs that are run */
	return context;
}

int modules_open(const struct fs_root *root, struct modules **ret)
{
	struct modules *modules = calloc(1, sizeof(*modules));

	if (!modules)
		return -ENOMEM;
	modules->root = root;
	modules->context = open_silently(root);
	if (!modules->context) {
		free(modules);
		return -ENOMEM;
	}
	*ret = modules;
	return 0;
}

void modules_close(struct modules *modules)
{
	if (!modules)
		return;
	kmod_unref(modules->context);
	free(modules);
}

/* The modules that a name or an alias stands for; an empty list is success. libkmod passes over an
 * index that it could not read as over one that is not there; errno tells them apart. */
static int lookup(struct modules *modules, const char *name, struct kmod_list **ret)
{
	int err;

	errno = 0;
	err = kmod_module_new_from_lookup(modules->context, name, ret);
	if (err < 0)
		return err;
	if (!*ret && (errno == ENOMEM || errno == EMFILE || errno == ENFILE || errno == EIO ||
		      errno == EINTR))
		return -errno;
	return 0;
}

int modules_has(struct modules *modules, const char *name)
{
	auto_list struct kmod_list *list = NULL;
	auto_free char *key = fs_path("module-%s", name);
	int there = key ? module_is_loaded(modules->root, name) : -ENOMEM;
	long long noted;

	if (there || !facts_get_number(modules->root, key, &noted))
		return there ? there : (int)noted;
	there = lookup(modules, name, &list);
	if (there)
		return there;
	facts_note_number(key, list != NULL);
	return list != NULL;
}

/* ---- the kernel command line ---- */

/* A new string; "" without a /proc. */
static int read_cmdline(const struct fs_root *root, char **ret)
{
	int err = fs_read(root, "proc/cmdline", CMDLINE_MAX, ret, NULL);

	if (!fs_is_absent(err))
		return err;
	*ret = strdup("");
	return *ret ? 0 : -ENOMEM;
}

/* Adds the values of "MODULE.OPTION=VALUE". */
static int add_from_cmdline(const struct fs_root *root, const char *module, const char *option,
			    struct strbuf *values)
{
	auto_free char *cmdline = NULL;
	char *rest, *word;
	int err = read_cmdline(root, &cmdline);

	rest = cmdline;
	while (!err && (word = strsep(&rest, " \n"))) {
		const char *dot = strchr(word, '.'), *value = NULL;

		if (dot && module_name_is(word, (size_t)(dot - word), module))
			value = after_prefix(dot + 1, option);
		if (value && (!*value || *value == '='))
			strbuf_add(values, "\n%s", *value ? value + 1 : "");
	}
	return err;
}

/* ---- what keeps a module from being loaded ---- */

/* The command of its install line; NULL: none, or one that loads something, unless it may be ANY.
 */
static const char *install_command(struct kmod_module *module, bool any)
{
	const char *command = kmod_module_get_install_commands(module);

	return command && (any || module_command_is_none(command)) ? command : NULL;
}

static int find_obstacle(struct kmod_module *module, const char *cmdline, bool any,
			 struct module_obstacle *ret)
{
	const char *name = kmod_module_get_name(module), *command = install_command(module, any);
	const char *word = module_kernels_blacklist(cmdline, name);

	if (!word && !command)
		return 0;
	ret->on_cmdline = word;
	ret->text = word ? strndup(word, strcspn(word, " \n"))
			 : fs_path("install %s %s", name, command);
	return ret->text ? 0 : -ENOMEM;
}

int modules_find_obstacle(struct modules *modules, const char *name, bool any,
			  struct module_obstacle *ret)
{
	auto_module struct kmod_module *module = NULL;
	auto_list struct kmod_list *needs = NULL;
	auto_free char *cmdline = NULL;
	int err = kmod_module_new_from_name(modules->context, name, &module);

	*ret = (struct module_obstacle){0};
	err = err < 0 ? err : read_cmdline(modules->root, &cmdline);
	err = err ?: find_obstacle(module, cmdline, any, ret);
	needs = err || ret->text ? NULL : kmod_module_get_dependencies(module);
	for (struct kmod_list *at = needs; at && !err && !ret->text;
	     at = kmod_list_next(needs, at)) {
		auto_module struct kmod_module *need = kmod_module_get_module(at);
		int there = module_is_loaded(modules->root, kmod_module_get_name(need));

		err = there ? there < 0 ? there : 0 : find_obstacle(need, cmdline, any, ret);
	}
	return err;
}

const char *module_strerror(int err)
{
	return err == -ECANCELED ? _("an install line of modprobe.d is run in its place, and does "
				     "not load it")
				 : log_strerror(err);
}

/* An install command may load the module, or not, whatever it returns. */
static int insert(struct kmod_module *module)
{
	int err = kmod_module_probe_insert_module(module, 0, NULL, NULL, NULL, NULL);

	if (kmod_module_get_install_commands(module) && kmod_module_get_initstate(module) < 0)
		return -ECANCELED;
	return err < 0 ? err : 0;
}

int modules_load(struct modules *modules, const char *name)
{
	auto_list struct kmod_list *list = NULL;
	struct kmod_list *at;
	int err = module_is_loaded(modules->root, name);

	if (err)
		return err < 0 ? err : 0;
	if (!fs_root_is_running_system(modules->root))
		return -EOPNOTSUPP;
	err = lookup(modules, name, &list);
	if (err)
		return err;
	if (!list)
		return -ENOENT;
	for (at = list; at; at = kmod_list_next(list, at)) {
		auto_module struct kmod_module *module = kmod_module_get_module(at);

		err = insert(module);
		if (err)
			return err;
	}
	return 0;
}

int modules_unload(struct modules *modules, const char *name)
{
	auto_module struct kmod_module *module = NULL;
	int err = module_is_loaded(modules->root, name);

	if (err <= 0)
		return err;
	if (!fs_root_is_running_system(modules->root))
		return -EOPNOTSUPP;
	err = kmod_module_new_from_name(modules->context, name, &module);
	/* Not by force, and without waiting for its users. */
	return err < 0 ? err : kmod_module_remove_module(module, 0);
}

/* What cannot be read may be devices. */
static bool driver_serves_others(const struct fs_root *root, const char *dir, const struct bdf *bdf)
{
	auto_names struct fs_names names = {0};

	if (fs_list(root, dir, &names))
		return true;
	for (size_t i = 0; i < names.n; i++) {
		struct bdf other;

		if (!bdf_parse(names.items[i], &other) && bdf_compare(&other, bdf))
			return true;
	}
	return false;
}

bool module_serves_others(const struct fs_root *root, const char *name, const struct bdf *bdf)
{
	auto_free char *drivers = sysfs_path(name, "/drivers");
	auto_names struct fs_names names = {0};

	if (fs_list(root, drivers, &names))
		return true;
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *dir = fs_path("%s/%s", drivers, names.items[i]);

		if (after_prefix(names.items[i], "pci:") && driver_serves_others(root, dir, bdf))
			return true;
	}
	return false;
}

/* ---- what would be loaded ---- */

/* The first of the list that neither the kernel command line nor an install line keeps away; NULL:
 * none. libkmod reads the command line of the running system, whatever the root is. */
static struct kmod_module *first_left(struct kmod_list *list, const char *cmdline)
{
	for (struct kmod_list *at = list; at; at = kmod_list_next(list, at)) {
		struct kmod_module *module = kmod_module_get_module(at);

		if (!module_is_blacklisted(cmdline, kmod_module_get_name(module)) &&
		    !install_command(module, false))
			return module;
		kmod_module_unref(module);
	}
	return NULL;
}

static int find_for_alias(struct modules *modules, const char *modalias, char **ret,
			  bool *ret_blacklisted)
{
	auto_list struct kmod_list *all = NULL;
	auto_list struct kmod_list *allowed = NULL;
	auto_module struct kmod_module *module = NULL;
	auto_free char *cmdline = NULL;
	int err = lookup(modules, modalias, &all);

	if (err)
		return err;
	if (!all) {
		*ret = NULL;
		*ret_blacklisted = false;
		return 0;
	}
	err = kmod_module_apply_filter(modules->context, KMOD_FILTER_BLACKLIST, all, &allowed);
	if (err < 0)
		return err;
	err = read_cmdline(modules->root, &cmdline);
	if (err)
		return err;
	module = first_left(allowed, cmdline);
	*ret_blacklisted = !module;
	if (!module)
		module = kmod_module_get_module(allowed ? allowed : all);
	*ret = strdup(kmod_module_get_name(module));
	return *ret ? 0 : -ENOMEM;
}

int modules_for_alias(struct modules *modules, const char *modalias, char **ret,
		      bool *ret_blacklisted)
{
	auto_free char *key = fs_path("alias-%s", modalias), *noted = NULL;
	int err = key ? facts_get(modules->root, key, &noted) : -ENOMEM;

	if (!err) { /* '+' or '-', and the module's name */
		*ret = noted[0] && noted[1] ? strdup(noted + 1) : NULL;
		*ret_blacklisted = *noted == '-';
		return *ret || !noted[0] || !noted[1] ? 0 : -ENOMEM;
	}
	if (err != -ENODATA)
		return err;
	err = find_for_alias(modules, modalias, ret, ret_blacklisted);
	if (!err)
		facts_note(key, "%c%s", *ret_blacklisted ? '-' : '+', *ret ? *ret : "");
	return err;
}

static int read_option(struct modules *modules, const char *module, const char *option, char **ret)
{
	auto_module struct kmod_module *found = NULL;
	auto_strbuf struct strbuf values = {0};
	auto_free char *options = NULL;
	const char *all;
	char *rest, *word;
	int err = kmod_module_new_from_name(modules->context, module, &found);

	if (err < 0)
		return err;
	errno = 0;
	all = kmod_module_get_options(found);
	options = all ? strdup(all) : NULL;
	if (all ? !options : errno == ENOMEM)
		return -ENOMEM;
	rest = options;
	while ((word = strsep(&rest, " "))) {
		const char *value = after_prefix(word, option);

		if (value && (!*value || *value == '='))
			strbuf_add(&values, "\n%s", *value ? value + 1 : "");
	}
	err = fs_root_is_running_system(modules->root)
		      ? 0
		      : add_from_cmdline(modules->root, module, option, &values);
	if (err)
		return err;
	*ret = strbuf_take(&values);
	return *ret ? 0 : -ENOMEM;
}

int modules_option(struct modules *modules, const char *module, const char *option, char **ret)
{
	auto_free char *key = fs_path("option-%s-%s", module, option);
	int err = key ? facts_get(modules->root, key, ret) : -ENOMEM;

	if (err != -ENODATA)
		return err;
	err = read_option(modules, module, option, ret);
	if (!err)
		facts_note(key, "%s", *ret);
	return err;
}

bool modules_has_option(struct modules *modules, const char *module, const char *option)
{
	auto_free char *values = NULL;
	int err = modules_option(modules, module, option, &values);
	const char *last = !err && *values ? strrchr(values, '\n') + 1 : "0";

	/* As the kernel reads a boolean: by its first character, and "on" (lib/kstrtox.c). */
	return !*last || strchr("1yYtT", *last) || !strcmp(last, "on");
}

int modules_vfio_ids_match(struct modules *modules, const struct pci_identity *id)
{
	auto_free char *values = NULL;
	int err = modules_option(modules, "vfio_pci", "ids", &values);

	/* Of a parameter that is given more than once the kernel keeps the last. */
	return err ? err : *values && module_ids_match(strrchr(values, '\n') + 1, id);
}
