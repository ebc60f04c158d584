// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/settings/settings_read.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "hookscript/pve/pve.h"
#include "hookscript/settings/settings_values.h"
#include "host/base/log.h"

/* ---- keys ---- */

static struct setting_source source_of(const struct settings_reader *reader,
				       const config_setting_t *setting)
{
	return (struct setting_source){reader->path, config_setting_source_line(setting)};
}

/* An unknown key is an error in a node's file, and a warning in the cluster's. */
static int take_unknown(struct settings_reader *reader, const config_setting_t *setting)
{
	struct settings *settings = reader->settings;
	const char *name = config_setting_name(setting);
	char *warning;

	if (!reader->of_cluster)
		return reader_complain(reader, setting,
				       _("key '%s' is unknown; see: man 5 pve-passthrough.conf"),
				       name);
	warning = fs_path(_("/%s, line %u: key '%s' is unknown to this node's version, so it is "
			    "ignored here; see: man 5 pve-passthrough.conf"),
			  reader->path, config_setting_source_line(setting), name);
	if (!warning || !array_grow(settings->warnings, settings->n_warnings)) {
		free(warning);
		return -ENOMEM;
	}
	settings->warnings[settings->n_warnings++] = warning;
	return 0;
}

/* Reads a key of the table of N KEYS into OBJECT, and its source into FROM. */
static int read_key(struct settings_reader *reader, const config_setting_t *setting,
		    const struct setting_key *keys, size_t n, void *object,
		    struct setting_source *from)
{
	const char *name = config_setting_name(setting);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(keys[i].name, name) != 0)
			continue;
		from[i] = source_of(reader, setting);
		return keys[i].type->read(reader, setting, &keys[i], object);
	}
	return take_unknown(reader, setting);
}

/* ---- devices ---- */

static bool is_identity(const char *name)
{
	return !strcmp(name, "address") || !strcmp(name, "id") || !strcmp(name, "node");
}

/* "8086:10fb", as lspci -n shows it. */
static bool parse_id(const char *text, struct device_setting *device)
{
	if (strlen(text) != 9 || strspn(text, "0123456789abcdef") != 4 || text[4] != ':' ||
	    strspn(text + 5, "0123456789abcdef") != 4)
		return false;
	device->vendor = (uint16_t)strtoul(text, NULL, 16);
	device->device = (uint16_t)strtoul(text + 5, NULL, 16);
	return true;
}

/* Both are needed, so that no entry applies to another device after addresses have changed. */
static int read_identity(struct settings_reader *reader, const config_setting_t *entry,
			 struct device_setting *ret)
{
	const config_setting_t *address, *id;
	const char *text;

	address = config_setting_get_member(entry, "address");
	id = config_setting_get_member(entry, "id");
	if (!address || !id)
		return reader_complain(reader, entry,
				       _("an entry of 'devices' needs %s, as lspci -Dn shows it"),
				       address ? "'id'" : "'address'");
	text = config_setting_get_string(address);
	if (!text || bdf_parse(text, &ret->bdf))
		return reader_refuse(reader, address,
				     _("an address as lspci -D shows it, \"0000:BB:DD.F\""));
	text = config_setting_get_string(id);
	if (!text || !parse_id(text, ret))
		return reader_refuse(reader, id,
				     _("vendor and device as lspci -n shows them, \"8086:10fb\""));
	return 0;
}

/* Finds the device, or adds it, and moves it to PLACE, so that the devices of the list that is read
 * last come first. */
static int place_device(struct settings_reader *reader, const config_setting_t *entry, size_t place)
{
	struct settings *settings = reader->settings;
	struct device_setting device = {0};
	const struct device_setting *found;
	size_t at = settings->n_devices;
	int err = read_identity(reader, entry, &device);

	if (err)
		return err;
	found = settings_device(settings, &device.bdf, device.vendor, device.device);
	if (found) {
		at = (size_t)(found - settings->devices);
		device = *found;
	}
	if (at < place)
		return reader_complain(
			reader, entry,
			_("this list of 'devices' has an entry for that device already"));
	if (at == SETTINGS_DEVICES_MAX)
		return reader_complain(reader, entry, _("there are more than %d devices"),
				       SETTINGS_DEVICES_MAX);
	if (!found) {
		if (!array_grow(settings->devices, settings->n_devices))
			return -ENOMEM;
		settings->n_devices++;
	}
	memmove(&settings->devices[place + 1], &settings->devices[place],
		(at - place) * sizeof(device));
	settings->devices[place] = device;
	return 0;
}

/* Reads the entry into the device number PLACE; keys that it does not have are unchanged. */
static int read_entry(struct settings_reader *reader, const config_setting_t *entry, size_t place)
{
	struct device_setting *device;
	int err = place_device(reader, entry, place);

	if (err)
		return err;
	device = &reader->settings->devices[place];
	device->source = source_of(reader, entry);
	for (int i = 0; !err && i < config_setting_length(entry); i++) {
		const config_setting_t *setting = config_setting_get_elem(entry, (unsigned int)i);

		if (!is_identity(config_setting_name(setting)))
			err = read_key(reader, setting, device_keys, DEVICE_KEYS, device,
				       device->from);
	}
	return err;
}

/* Whether the device is this node's. All nodes read the cluster's file, and different nodes may
 * have the same device at the same address. */
static int read_node(struct settings_reader *reader, const config_setting_t *entry, bool *ret_here)
{
	const config_setting_t *node = NULL;
	const char *name;

	*ret_here = true;
	if (!config_setting_is_group(entry))
		return reader_refuse(reader, entry,
				     _("a list of { address = \"0000:BB:DD.F\"; "
				       "id = \"VENDOR:DEVICE\"; … }"));
	node = config_setting_get_member(entry, "node");
	if (!node && reader->of_cluster)
		return reader_complain(
			reader, entry,
			_("an entry of 'devices' needs 'node' in the cluster's file: "
			  "the name of the node that has the device"));
	if (!node)
		return 0;
	name = config_setting_get_string(node);
	if (!name || !pve_is_node_name(name))
		return reader_refuse(reader, node, _("the name of a node, as in /etc/pve/nodes"));
	*ret_here = !strcmp(name, reader->node);
	return 0;
}

static int read_devices(struct settings_reader *reader, const config_setting_t *list)
{
	struct settings *settings = reader->settings;
	int n = config_setting_length(list);
	size_t place = 0;
	int err = 0;

	if (!config_setting_is_list(list))
		return reader_refuse(reader, list, _("a list: ( { address = …; id = …; … } )"));
	for (int i = 0; !err && i < n; i++) {
		const config_setting_t *entry = config_setting_get_elem(list, (unsigned int)i);
		auto_settings struct settings unused = settings_default;
		bool here;

		err = read_node(reader, entry, &here);
		if (err)
			break;
		/* Another node's entry is checked, too. */
		reader->settings = here ? settings : &unused;
		err = read_entry(reader, entry, here ? place++ : 0);
		reader->settings = settings;
	}
	return err;
}

/* ---- groups ---- */

static int read_setting(struct settings_reader *reader, const config_setting_t *setting)
{
	const char *name = config_setting_name(setting);
	struct settings *settings = reader->settings;

	if (!strcmp(name, "devices"))
		return read_devices(reader, setting);
	return read_key(reader, setting, settings_keys, SETTING_KEYS, settings, settings->from);
}

/* A key of a VM's group: one of all VMs, or the group of an entry. */
static int read_vm_setting(struct settings_reader *reader, const config_setting_t *setting)
{
	unsigned int entry;
	struct vf_setting *vf;
	int n, err = 0;

	if (!settings_is_entry(config_setting_name(setting), &entry))
		return read_setting(reader, setting);
	if (!config_setting_is_group(setting))
		return reader_refuse(reader, setting, _("a group: { vlan = 30; }"));
	n = config_setting_length(setting);
	vf = &reader->settings->vfs[entry];
	for (int i = 0; !err && i < n; i++)
		err = read_key(reader, config_setting_get_elem(setting, (unsigned int)i), vf_keys,
			       VF_KEYS, vf, vf->from);
	return err;
}

/* The VM of a group named "vm100"; 0: it is another name. */
static unsigned int vmid_of_group(const char *name)
{
	unsigned int vmid;

	return strncmp(name, "vm", 2) != 0 || pve_vmid_parse(name + 2, &vmid) ? 0 : vmid;
}

/* Another VM's keys are checked, too. */
static int read_vm_group(struct settings_reader *reader, const config_setting_t *group,
			 unsigned int vmid)
{
	auto_settings struct settings unused = settings_default;
	struct settings *settings = reader->settings;
	int n = config_setting_length(group);
	int err = 0;

	if (!config_setting_is_group(group))
		return reader_refuse(reader, group, _("a group: { machine = \"warn\"; }"));
	if (vmid_of_group(config_setting_name(group)) != vmid)
		reader->settings = &unused;
	for (int i = 0; !err && i < n; i++)
		err = read_vm_setting(reader, config_setting_get_elem(group, (unsigned int)i));
	reader->settings = settings;
	return err;
}

/* First the keys for all VMs, wherever they are in the file; then those of this VM. */
static int read_tree(struct settings_reader *reader, const config_t *config, unsigned int vmid)
{
	const config_setting_t *top = config_root_setting(config);
	int n = config_setting_length(top);
	int err = 0;

	for (int i = 0; !err && i < 2 * n; i++) {
		config_setting_t *setting = config_setting_get_elem(top, (unsigned int)(i % n));

		if (!vmid_of_group(config_setting_name(setting)))
			err = i < n ? read_setting(reader, setting) : 0;
		else
			err = i < n ? 0 : read_vm_group(reader, setting, vmid);
	}
	return err;
}

static int check_owner(struct settings_reader *reader, const struct fs_root *root, int fd)
{
	auto_free char *cure = NULL;
	struct stat st;
	int err;

	err = fs_stat(root, fd, &st);
	if (err)
		return err;
	/* geteuid(): the files of a test's tree do not belong to root; the hook itself is root. */
	if ((st.st_uid == 0 || st.st_uid == geteuid()) && !(st.st_mode & 022))
		return 0;
	cure = reader->of_cluster
		       ? fs_path(_("mount /etc/pve, where Proxmox VE lets only root write: "
				   "systemctl restart pve-cluster"))
		       : fs_path("chown root: /%s && chmod 644 /%s", reader->path, reader->path);
	if (!cure)
		return -ENOMEM;
	reader->why = fs_path(_("/%s: others than root can write it (owner %u, mode %04o), and it "
				"decides what is done as root; cure: %s"),
			      reader->path, st.st_uid, st.st_mode & 07777, cure);
	return -EPERM;
}

/* libconfig would read @include files, whose owner is not checked. */
static unsigned int line_of_include(const char *text)
{
	unsigned int line = 1;

	for (const char *at = text;; line++) {
		at += strspn(at, " \t");
		if (!strncmp(at, "@include", strlen("@include")))
			return line;
		at = strchr(at, '\n');
		if (!at)
			return 0;
		at++;
	}
}

static int parse(struct settings_reader *reader, const char *text, unsigned int vmid)
{
	unsigned int include = line_of_include(text);
	config_t config;
	int err = -EINVAL;

	if (include) {
		reader->why = fs_path(_("/%s, line %u: @include is not supported here"),
				      reader->path, include);
		return -EINVAL;
	}
	config_init(&config);
	if (config_read_string(&config, text))
		err = read_tree(reader, &config, vmid);
	else
		reader->why = fs_path(_("/%s, line %d: %s"), reader->path,
				      config_error_line(&config), config_error_text(&config));
	config_destroy(&config);
	return err;
}

static int read_text(struct settings_reader *reader, const struct fs_root *root, char **ret)
{
	auto_close int fd = fs_open(root, reader->path, O_RDONLY, 0);
	auto_free char *text = NULL;
	size_t len = 0;
	int err = fd < 0 ? fd : check_owner(reader, root, fd);

	if (!err)
		err = fs_read_fd(fd, SETTINGS_TEXT_MAX, &text, &len);
	if (err)
		return err;
	if (strlen(text) != len) {
		reader->why = fs_path(_("/%s: holds a NUL byte, so it is not a text"),
				      reader->path);
		return -EINVAL;
	}
	*ret = TAKE_PTR(text);
	return 0;
}

/* Reads reader->path into reader->settings: the keys for all VMs and then those for VMID.
 * Returns 0; -ENOENT when there is no such file; or -errno, with reader->why set unless memory was
 * short. */
static int read_file(struct settings_reader *reader, const struct fs_root *root, unsigned int vmid)
{
	auto_free char *text = NULL;
	int err = read_text(reader, root, &text);

	return err ? err : parse(reader, text, vmid);
}

/* ---- both files ---- */

/* The node's file is read last, so that it wins. No file is no error. */
static int read_files(const struct fs_root *root, unsigned int vmid, struct settings *settings,
		      char **ret_why)
{
	static const char *const paths[] = {SETTINGS_CLUSTER_PATH, SETTINGS_PATH};
	struct settings_reader reader = {.settings = settings};
	auto_free char *node = NULL;
	int err = pve_node_name(root, &node);

	if (err) {
		*ret_why = fs_path(_("this node's name cannot be read: %s"), log_strerror(err));
		return err;
	}
	reader.node = node;
	for (size_t i = 0; !err && i < ARRAY_SIZE(paths); i++) {
		reader.path = paths[i];
		reader.of_cluster = i == 0;
		err = read_file(&reader, root, vmid);
		if (err == -ENOENT)
			err = 0;
		else if (err && !reader.why)
			reader.why = fs_path(_("/%s: cannot be read: %s"), reader.path,
					     log_strerror(err));
	}
	*ret_why = reader.why;
	return err;
}

int settings_read(const struct fs_root *root, unsigned int vmid, struct settings *ret)
{
	char *why = NULL;
	int err;

	*ret = settings_default;
	err = read_files(root, vmid, ret, &why);
	ret->vmid = vmid;
	if (err) {
		settings_free(ret);
		ret->err = err;
		ret->error = why;
	}
	return err;
}

void settings_set_language_of(const struct fs_root *root, unsigned int vmid)
{
	auto_settings struct settings settings = settings_default;

	if (!settings_read(root, vmid, &settings))
		settings_set_language(&settings);
}
