// SPDX-License-Identifier: GPL-2.0-or-later
/* One settings file: may it be believed, and which of its keys are for the VM. */
#include "hookscript/settings_reader.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The VM that a group named "vm100" is for, or 0 when the name is of another kind. */
static unsigned int vmid_of_group(const char *name)
{
	const char *digits = name + 2;

	if (strncmp(name, "vm", 2) || *digits < '1' || *digits > '9' || strlen(digits) < 3 ||
	    strlen(digits) > 9)
		return 0;
	for (const char *c = digits; *c; c++)
		if (!isdigit((unsigned char)*c))
			return 0;
	return (unsigned int)strtoul(digits, NULL, 10);
}

static int read_group(struct settings_reader *reader, const config_setting_t *group)
{
	int n = config_setting_length(group);
	int err = 0;

	for (int i = 0; !err && i < n; i++)
		err = reader_read_key(reader, config_setting_get_elem(group, (unsigned int)i));
	return err;
}

/* Another VM's keys are checked too, and then forgotten. */
static int read_vm_group(struct settings_reader *reader, const config_setting_t *setting,
			 unsigned int vmid)
{
	auto_settings struct settings other = settings_default;
	struct settings *settings = reader->settings;
	int err;

	if (!config_setting_is_group(setting))
		return reader_refuse(reader, setting, _("a group: { machine = \"warn\"; }"));
	if (vmid_of_group(config_setting_name(setting)) != vmid)
		reader->settings = &other;
	err = read_group(reader, setting);
	reader->settings = settings;
	return err;
}

/* The keys for all VMs first, whatever their place in the file; then what this VM has of its own.
 */
static int read_tree(struct settings_reader *reader, const config_t *config, unsigned int vmid)
{
	const config_setting_t *top = config_root_setting(config);
	int n = config_setting_length(top);

	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < n; i++) {
			config_setting_t *setting = config_setting_get_elem(top, (unsigned int)i);
			bool is_vm = vmid_of_group(config_setting_name(setting));
			int err = 0;

			if (is_vm && pass == 1)
				err = read_vm_group(reader, setting, vmid);
			else if (!is_vm && pass == 0)
				err = reader_read_key(reader, setting);
			if (err)
				return err;
		}
	return 0;
}

static int check_owner(struct settings_reader *reader, int fd)
{
	auto_free char *cure = NULL;
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	/* geteuid(): in a test's tree nothing belongs to root; the hook itself is root. */
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

/* libconfig would follow @include to files that nobody checked. */
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
	int err = fd < 0 ? fd : check_owner(reader, fd);

	if (!err)
		err = fs_read_fd(fd, SETTINGS_TEXT_MAX, &text, &len);
	if (err)
		return err;
	if (strlen(text) != len) {
		reader->why = fs_path(_("/%s: holds a NUL byte, so it is no text"), reader->path);
		return -EINVAL;
	}
	*ret = TAKE_PTR(text);
	return 0;
}

int reader_read_file(struct settings_reader *reader, const struct fs_root *root, unsigned int vmid)
{
	auto_free char *text = NULL;
	int err = read_text(reader, root, &text);

	return err ? err : parse(reader, text, vmid);
}
