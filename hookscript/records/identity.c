// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/records/identity.h"

#include "host/base/conftext.h"
#include "host/base/fs_write.h"

#include <fcntl.h>
#include <string.h>

/* That of host-setup too, which everybody may read. */
#define STATE_FOLDER "var/lib/pve-passthrough"

/* Raised when an older program would understand a newer one's file wrongly. */
#define IDENTITY_FORMAT	  1
#define IDENTITY_TEXT_MAX ((size_t)256 * 1024)

/* Devices in order of address. */
struct known_list {
	struct known_device *items;
	size_t n;
};

static void free_list(struct known_list *list)
{
	free(list->items);
}

#define auto_list cleanup_with(free_list)

static int add(struct known_list *list, const struct known_device *device)
{
	if (!array_grow(list->items, list->n))
		return -ENOMEM;
	list->items[list->n++] = *device;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return bdf_compare(&((const struct known_device *)a)->bdf,
			   &((const struct known_device *)b)->bdf);
}

static void sort(struct known_list *list)
{
	if (list->n)
		qsort(list->items, list->n, sizeof(*list->items), compare);
}

/* Hands the list over, never as NULL. */
static int give(struct known_list *list, struct known_device **ret, size_t *ret_n)
{
	if (!list->items)
		list->items = calloc(1, sizeof(*list->items));
	if (!list->items)
		return -ENOMEM;
	*ret = TAKE_PTR(list->items);
	*ret_n = list->n;
	return 0;
}

static char *path_of(unsigned int vmid)
{
	return fs_path("%s/%u", IDENTITY_FOLDER, vmid);
}

/* ---- the file ---- */

static int get_device(const config_setting_t *setting, struct known_list *list)
{
	struct known_device device;
	const char *address, *identity;

	if (!config_setting_is_group(setting) ||
	    !config_setting_lookup_string(setting, "address", &address) ||
	    !config_setting_lookup_string(setting, "identity", &identity) ||
	    bdf_parse(address, &device.bdf) || pci_identity_parse(identity, &device.identity))
		return -EINVAL;
	return add(list, &device);
}

static int get_devices(const config_t *config, void *arg)
{
	struct known_list *list = arg;
	const config_setting_t *devices;
	int format, n, err = 0;

	if (!config_lookup_int(config, "format", &format) || format < 1)
		return -EINVAL;
	if (format > IDENTITY_FORMAT)
		return -EPROTONOSUPPORT;
	devices = config_lookup(config, "devices");
	if (!devices || !config_setting_is_list(devices))
		return -EINVAL;
	n = config_setting_length(devices);
	if ((size_t)n > IDENTITY_DEVICES_MAX)
		return -EINVAL;
	for (int i = 0; !err && i < n; i++)
		err = get_device(config_setting_get_elem(devices, (unsigned int)i), list);
	if (err)
		return err;
	sort(list);
	/* At one address there is one device. */
	for (size_t i = 1; i < list->n; i++)
		if (!compare(&list->items[i - 1], &list->items[i]))
			return -EINVAL;
	return 0;
}

static char *explain(unsigned int vmid, int err)
{
	const char *what = strerror(-err);

	if (err == -EPROTONOSUPPORT)
		what = _(
			"written by a newer version of pve-passthrough in a format that this one does "
			"not know");
	else if (err == -EINVAL)
		what = _("not a list of the VM's devices");
	else if (err == -EACCES)
		return fs_path(_("/%s/%u: %s; run this as root"), IDENTITY_FOLDER, vmid, what);
	return fs_path(_("/%s/%u: %s; see which devices the VM would get: pve-passthrough plan %u; "
			 "if they are the right ones, replace the file: pve-passthrough accept %u"),
		       IDENTITY_FOLDER, vmid, what, vmid, vmid);
}

int identity_read(const struct fs_root *root, unsigned int vmid, struct known_device **ret,
		  size_t *ret_n, char **ret_why)
{
	auto_free char *path = path_of(vmid);
	auto_close int fd = fs_open(root, path, O_RDONLY | O_NOFOLLOW, 0);
	auto_list struct known_list list = {0};
	auto_free char *text = NULL;
	size_t len;
	int err = 0;

	if (fd != -ENOENT)
		err = fd < 0 ? fd : fs_read_fd(fd, IDENTITY_TEXT_MAX, &text, &len);
	if (text)
		err = strlen(text) == len ? conftext_parse(text, get_devices, &list) : -EINVAL;
	if (!err)
		err = give(&list, ret, ret_n);
	if (err)
		*ret_why = explain(vmid, err);
	return err;
}

/* NULL without memory. */
static char *format_text(unsigned int vmid, const struct known_device *list, size_t n)
{
	auto_strbuf struct strbuf to = {0};

	strbuf_add(
		&to,
		"# The devices that VM %u has by their addresses: vendor:device:subsystem:class.\n"
		"# pve-passthrough accept %u replaces this by what is there now.\n"
		"format = %d;\n"
		"devices = (\n",
		vmid, vmid, IDENTITY_FORMAT);
	for (size_t i = 0; i < n; i++) {
		char address[BDF_TEXT_SIZE], identity[PCI_IDENTITY_TEXT_SIZE];

		strbuf_add(&to, "  { address = ");
		conftext_put_string(&to, bdf_format(&list[i].bdf, address));
		strbuf_add(&to, "; identity = ");
		conftext_put_string(&to, pci_identity_format(&list[i].identity, identity));
		strbuf_add(&to, "; }%s\n", i + 1 < n ? "," : "");
	}
	strbuf_add(&to, ");\n");
	return strbuf_take(&to);
}

static bool is_file(const struct fs_root *root, const char *path, const char *text)
{
	auto_close int fd = fs_open(root, path, O_RDONLY | O_NOFOLLOW, 0);
	auto_free char *now = NULL;

	return fd >= 0 && !fs_read_fd(fd, IDENTITY_TEXT_MAX, &now, NULL) && !strcmp(now, text);
}

int identity_write(const struct fs_root *root, unsigned int vmid, const struct known_device *list,
		   size_t n)
{
	const struct fs_owner owner = {0600, geteuid(), getegid()};
	auto_free char *path = path_of(vmid);
	auto_free char *text = NULL;
	int err;

	if (!n)
		return identity_forget(root, vmid);
	if (n > IDENTITY_DEVICES_MAX)
		return -E2BIG;
	text = format_text(vmid, list, n);
	if (!text)
		return -ENOMEM;
	if (is_file(root, path, text))
		return 0;
	err = fs_make_dir(root, STATE_FOLDER, 0755);
	if (!err)
		err = fs_make_dir(root, IDENTITY_FOLDER, 0700);
	return err ? err : fs_replace_durably(root, path, text, &owner);
}

int identity_forget(const struct fs_root *root, unsigned int vmid)
{
	auto_free char *path = path_of(vmid);

	return fs_remove_durably(root, path);
}

/* ---- the machine ---- */

enum identity_state identity_compare(const struct known_device *known,
				     const struct known_device *now, size_t n_now,
				     const struct known_device **ret_there)
{
	for (size_t i = 0; i < n_now; i++) {
		if (compare(&now[i], known))
			continue;
		if (pci_identity_equal(&now[i].identity, &known->identity))
			return IDENTITY_SAME;
		*ret_there = &now[i];
		return IDENTITY_OTHER;
	}
	return IDENTITY_ABSENT;
}

/* Looks at the device called NAME; adds it when it is of that identity. */
static int add_found(const struct fs_root *root, const char *name,
		     const struct pci_identity *identity, struct bdf **list, size_t *n)
{
	struct pci_identity found;
	struct bdf bdf;
	int err;

	if (bdf_parse(name, &bdf))
		return 0;
	err = pci_identify(root, &bdf, &found);
	/* It may go while the list is read. */
	if (err == -ENODEV)
		return 0;
	if (err || !pci_identity_equal(&found, identity))
		return err;
	if (!array_grow(*list, *n))
		return -ENOMEM;
	(*list)[(*n)++] = bdf;
	return 0;
}

static int compare_bdfs(const void *a, const void *b)
{
	return bdf_compare(a, b);
}

int identity_find(const struct fs_root *root, const struct pci_identity *identity, struct bdf **ret,
		  size_t *ret_n)
{
	auto_names struct fs_names names = {0};
	auto_free struct bdf *list = calloc(1, sizeof(*list));
	size_t n = 0;
	int err;

	if (!list)
		return -ENOMEM;
	err = fs_list(root, "sys/bus/pci/devices", &names);
	for (size_t i = 0; !err && i < names.n; i++)
		err = add_found(root, names.items[i], identity, &list, &n);
	if (err)
		return err;
	qsort(list, n, sizeof(*list), compare_bdfs);
	*ret = TAKE_PTR(list);
	*ret_n = n;
	return 0;
}
