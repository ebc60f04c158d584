// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/net/netconsole.h"

#include "host/pci/modules.h"

#include <string.h>

#define TARGETS	    "sys/kernel/config/netconsole"
#define CMDLINE_MAX ((size_t)64 * 1024)

const char *netconsole_interface(const char *value, size_t *ret_len)
{
	const char *slash = strchr(value, '/');
	size_t len = slash ? strcspn(slash + 1, ",; \n\"") : 0;

	if (!len)
		return NULL;
	*ret_len = len;
	return slash + 1;
}

/* Adds the interfaces that the targets of TEXT name, which are separated by ';' or a line's end. */
static int add_interfaces(struct fs_names *names, const char *text)
{
	int err = 0;

	while (text && !err) {
		auto_free char *target = strndup(text, strcspn(text, ";\n"));
		size_t len;
		const char *name = target ? netconsole_interface(target, &len) : NULL;
		auto_free char *copy = name ? strndup(name, len) : NULL;

		if (!target || (name && !copy))
			return -ENOMEM;
		err = copy ? fs_names_add(names, copy) : 0;
		text = strpbrk(text, ";\n");
		text = text ? text + 1 : NULL;
	}
	return err;
}

static int add_targets(const struct fs_root *root, struct fs_names *names)
{
	auto_names struct fs_names targets = {0};
	int err = fs_list(root, TARGETS, &targets);

	for (size_t i = 0; !err && i < targets.n; i++) {
		auto_free char *enabled_path = fs_path("%s/%s/enabled", TARGETS, targets.items[i]);
		auto_free char *name_path = fs_path("%s/%s/dev_name", TARGETS, targets.items[i]);
		auto_free char *enabled = NULL, *name = NULL;

		err = fs_read_attr(root, enabled_path, &enabled);
		if (!err && strcmp(enabled, "0"))
			err = fs_read_attr(root, name_path, &name);
		if (!err && name)
			err = fs_names_add(names, name);
		if (fs_is_absent(err) || err == -ENODEV) /* it has been removed meanwhile */
			err = 0;
	}
	return err;
}

/* What the module was given, by modprobe.d or on the kernel command line. */
static int add_parameters(const struct fs_root *root, struct fs_names *names)
{
	cleanup_with(modules_closep) struct modules *modules = NULL;
	auto_free char *cmdline = NULL, *values = NULL;
	int err;

	if (!module_is_loaded(root, "netconsole"))
		return 0;
	err = fs_read(root, "proc/cmdline", CMDLINE_MAX, &cmdline, NULL);
	if (fs_is_absent(err))
		err = 0;
	for (const char *at = cmdline; at && !err; at = strchr(at, ' ')) {
		const char *value;

		at += *at == ' ';
		value = after_prefix(at, "netconsole=");
		if (value) {
			auto_free char *word = strndup(value, strcspn(value, " \n"));

			err = word ? add_interfaces(names, word) : -ENOMEM;
		}
	}
	err = err ?: modules_open(root, &modules);
	if (err)
		return err;
	err = modules_option(modules, "netconsole", "netconsole", &values);
	return err ? err : add_interfaces(names, values);
}

int usage_find_netconsole(const struct fs_root *root, const struct survey *survey,
			  struct usage *usage)
{
	auto_names struct fs_names names = {0};
	int err = add_targets(root, &names);

	err = err ?: add_parameters(root, &names);
	for (size_t i = 0; !err && i < survey->n_nets; i++) {
		const struct survey_net *net = &survey->nets[i];

		if (!net->name || !fs_names_has(&names, net->name))
			continue;
		err = usage_add(usage, &net->device->bdf, USAGE_NETWORK,
				fs_path(_("netconsole sends the kernel's messages through its "
					  "interface %s"),
					net->name),
				_("the messages are no longer sent, not even after the device is "
				  "given back"),
				strdup(_("let it use another interface")));
		if (!err)
			usage_last(usage)->harmless = true;
	}
	return err;
}
