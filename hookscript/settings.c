// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/settings.h"

#include <ctype.h>
#include <fcntl.h>
#include <libconfig.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define DEADLINE_MAX 3600

const struct settings settings_default = {
	.machine = POLICY_REFUSE,
	.pcie = POLICY_REFUSE,
	.deadline = 30,
};

/* A key of the file: how to read its value. Returns NULL, or what the value should have been. */
struct settings_key {
	const char *name;
	const char *(*read)(const config_setting_t *setting, struct settings *settings);
};

static const char *read_policy(const config_setting_t *setting, enum policy *ret)
{
	static const char *const names[] = {
		[POLICY_REFUSE] = "refuse",
		[POLICY_WARN] = "warn",
		[POLICY_OFF] = "off",
	};
	const char *text = config_setting_get_string(setting);

	for (size_t i = 0; text && i < ARRAY_SIZE(names); i++)
		if (!strcmp(text, names[i])) {
			*ret = (enum policy)i;
			return NULL;
		}
	return "\"refuse\", \"warn\" or \"off\"";
}

static const char *read_machine(const config_setting_t *setting, struct settings *settings)
{
	return read_policy(setting, &settings->machine);
}

static const char *read_pcie(const config_setting_t *setting, struct settings *settings)
{
	return read_policy(setting, &settings->pcie);
}

static const char *read_deadline(const config_setting_t *setting, struct settings *settings)
{
	int seconds = config_setting_get_int(setting);

	if (config_setting_type(setting) != CONFIG_TYPE_INT || seconds < 1 ||
	    seconds > DEADLINE_MAX)
		return "a whole number of seconds from 1 to 3600";
	settings->deadline = seconds;
	return NULL;
}

static const char *read_group_policy(const config_setting_t *setting, struct settings *settings)
{
	const char *text = config_setting_get_string(setting);

	if (!text || (strcmp(text, "take") && strcmp(text, "refuse")))
		return "\"take\" or \"refuse\"";
	settings->group = strcmp(text, "take") ? GROUP_REFUSE : GROUP_TAKE;
	return NULL;
}

static const char *read_ifreload(const config_setting_t *setting, struct settings *settings)
{
	if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
		return "true or false";
	settings->ifreload = config_setting_get_bool(setting);
	return NULL;
}

static const char *read_at_shutdown(const config_setting_t *setting, struct settings *settings)
{
	const char *text = config_setting_get_string(setting);

	if (!text || (strcmp(text, "keep") && strcmp(text, "return")))
		return "\"keep\" or \"return\"";
	settings->return_at_shutdown = !strcmp(text, "return");
	return NULL;
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

static const char *read_allow(const config_setting_t *list, struct device_setting *device)
{
	static const char wanted[] =
		"a list whose 'allow' holds only \"disk\", \"network\", \"display\", \"sound\", "
		"\"process\", \"container\", \"chipset\" or \"vfs\"";
	int n = config_setting_length(list);

	if (!config_setting_is_array(list) && !config_setting_is_list(list))
		return wanted;
	for (int i = 0; i < n; i++) {
		const char *name = config_setting_get_string_elem(list, i);
		enum usage_kind kind;

		if (!name || usage_kind_parse(name, &kind))
			return wanted;
		device->allow |= 1U << kind;
	}
	return NULL;
}

/* One { address, id, allow }: the first two always, so that it opens no other device once addresses
 * have moved. */
static const char *read_device(const config_setting_t *setting, struct device_setting *ret)
{
	static const char wanted[] =
		"a list of { address = \"0000:BB:DD.F\"; id = \"VENDOR:DEVICE\"; "
		"allow = [ \"network\" ]; }, with address and id as lspci -Dn shows them";
	const char *address, *id;
	config_setting_t *allow;

	if (!config_setting_is_group(setting) ||
	    !config_setting_lookup_string(setting, "address", &address) ||
	    !config_setting_lookup_string(setting, "id", &id) || bdf_parse(address, &ret->bdf) ||
	    !parse_id(id, ret))
		return wanted;
	allow = config_setting_get_member(setting, "allow");
	if (config_setting_length(setting) != (allow ? 3 : 2))
		return wanted; /* a key that nobody knows */
	return allow ? read_allow(allow, ret) : NULL;
}

static const char *read_devices(const config_setting_t *setting, struct settings *settings)
{
	int n = config_setting_length(setting);

	if (!config_setting_is_list(setting))
		return "a list: ( { address = …; id = …; allow = [ … ]; } )";
	for (int i = 0; i < n; i++) {
		struct device_setting device = {0};
		const char *wanted = read_device(config_setting_get_elem(setting, (unsigned int)i),
						 &device);

		if (wanted)
			return wanted;
		if (settings->n_devices == SETTINGS_DEVICES_MAX)
			return "a list of at most 64 devices";
		settings->devices[settings->n_devices++] = device;
	}
	return NULL;
}

static const struct settings_key keys[] = {
	{"machine", read_machine},	   {"pcie", read_pcie},
	{"deadline", read_deadline},	   {"group", read_group_policy},
	{"at_shutdown", read_at_shutdown}, {"ifreload", read_ifreload},
	{"devices", read_devices},
};

static char *complain(const config_setting_t *setting, const char *what)
{
	return fs_path("/%s, line %u: key '%s' %s", SETTINGS_PATH,
		       config_setting_source_line(setting), config_setting_name(setting), what);
}

static int read_key(const config_setting_t *setting, struct settings *settings, char **ret_why)
{
	const char *name = config_setting_name(setting);
	const char *wanted;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		auto_free char *what = NULL;

		if (strcmp(keys[i].name, name))
			continue;
		wanted = keys[i].read(setting, settings);
		if (!wanted)
			return 0;
		what = fs_path("must be %s", wanted);
		*ret_why = what ? complain(setting, what) : NULL;
		return -EINVAL;
	}
	*ret_why = complain(setting, "is unknown; see pve-passthrough --help for the keys");
	return -EINVAL;
}

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

/* Every key of a group; those of another VM are checked too, and then forgotten. */
static int read_group(const config_setting_t *group, struct settings *settings, char **ret_why)
{
	int n = config_setting_length(group);
	int err;

	for (int i = 0; i < n; i++) {
		err = read_key(config_setting_get_elem(group, (unsigned int)i), settings, ret_why);
		if (err)
			return err;
	}
	return 0;
}

static int read_vm_group(const config_setting_t *setting, unsigned int vmid,
			 struct settings *settings, char **ret_why)
{
	struct settings other = *settings;

	if (!config_setting_is_group(setting)) {
		*ret_why = complain(setting, "must be a group: { machine = \"warn\"; }");
		return -EINVAL;
	}
	return read_group(setting,
			  vmid_of_group(config_setting_name(setting)) == vmid ? settings : &other,
			  ret_why);
}

/* The keys for all VMs first, whatever their place in the file; then what this VM has of its own.
 */
static int read_tree(const config_t *config, unsigned int vmid, struct settings *settings,
		     char **ret_why)
{
	const config_setting_t *top = config_root_setting(config);
	int n = config_setting_length(top);

	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < n; i++) {
			config_setting_t *setting = config_setting_get_elem(top, (unsigned int)i);
			bool is_vm = vmid_of_group(config_setting_name(setting));
			int err = 0;

			if (is_vm && pass == 1)
				err = read_vm_group(setting, vmid, settings, ret_why);
			else if (!is_vm && pass == 0)
				err = read_key(setting, settings, ret_why);
			if (err)
				return err;
		}
	return 0;
}

static int check_owner(int fd, char **ret_why)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	/* geteuid(): in a test's tree nothing belongs to root; the hook itself is root. */
	if ((st.st_uid == 0 || st.st_uid == geteuid()) && !(st.st_mode & 022))
		return 0;
	*ret_why = fs_path(
		"/%s: others than root can write it (owner %u, mode %04o), and it decides "
		"what is done as root; cure: chown root: /%s && chmod 644 /%s",
		SETTINGS_PATH, st.st_uid, st.st_mode & 07777, SETTINGS_PATH, SETTINGS_PATH);
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

static int parse(const char *text, unsigned int vmid, struct settings *settings, char **ret_why)
{
	unsigned int include = line_of_include(text);
	config_t config;
	int err;

	if (include) {
		*ret_why = fs_path("/%s, line %u: @include is not supported here", SETTINGS_PATH,
				   include);
		return -EINVAL;
	}
	config_init(&config);
	if (config_read_string(&config, text)) {
		err = read_tree(&config, vmid, settings, ret_why);
	} else {
		*ret_why = fs_path("/%s, line %d: %s", SETTINGS_PATH, config_error_line(&config),
				   config_error_text(&config));
		err = -EINVAL;
	}
	config_destroy(&config);
	return err;
}

int settings_read(const struct fs_root *root, unsigned int vmid, struct settings *ret,
		  char **ret_why)
{
	auto_close int fd = fs_open(root, SETTINGS_PATH, O_RDONLY, 0);
	struct settings settings = settings_default;
	auto_free char *why = NULL;
	auto_free char *text = NULL;
	size_t len = 0;
	int err = fd < 0 ? fd : 0;

	if (err == -ENOENT) {
		*ret = settings;
		return 0;
	}
	if (!err)
		err = check_owner(fd, &why);
	if (!err)
		err = fs_read_fd(fd, SETTINGS_TEXT_MAX, &text, &len);
	if (!err && strlen(text) != len) {
		why = fs_path("/%s: holds a NUL byte, so it is no text", SETTINGS_PATH);
		err = -EINVAL;
	}
	if (!err)
		err = parse(text, vmid, &settings, &why);
	if (!err) {
		*ret = settings;
		return 0;
	}
	*ret_why = why ? TAKE_PTR(why)
		       : fs_path("/%s: cannot be read: %s", SETTINGS_PATH, strerror(-err));
	return err;
}
