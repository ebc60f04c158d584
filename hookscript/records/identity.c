// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/records/identity.h"

#include "host/base/conftext.h"
#include "host/base/fs_write.h"

#include <string.h>

/* To be raised when an older program would misread a newer one's file. */
#define IDENTITY_FORMAT	  1
#define IDENTITY_TEXT_MAX ((size_t)256 * 1024)

struct list {
	struct identity_device *items;
	size_t n;
};

static int compare(const void *a, const void *b)
{
	return bdf_compare(&((const struct identity_device *)a)->bdf,
			   &((const struct identity_device *)b)->bdf);
}

static char *path_of(unsigned int vmid)
{
	return fs_path("%s/%u", IDENTITY_DIR, vmid);
}

/* ---- the file ---- */

static bool get_device(const config_setting_t *setting, struct identity_device *ret)
{
	const char *address, *identity;

	return config_setting_is_group(setting) &&
	       config_setting_lookup_string(setting, "address", &address) &&
	       config_setting_lookup_string(setting, "identity", &identity) &&
	       !bdf_parse(address, &ret->bdf) && !pci_identity_parse(identity, &ret->identity);
}

static int get_devices(const config_t *config, void *arg)
{
	const config_setting_t *devices = config_lookup(config, "devices");
	int n, err = conftext_check_format(config, IDENTITY_FORMAT);
	struct list *list = arg;

	if (err)
		return err;
	if (!devices || !config_setting_is_list(devices))
		return -EINVAL;
	n = config_setting_length(devices);
	if ((size_t)n > IDENTITY_DEVICES_MAX)
		return -EINVAL;
	list->items = calloc((size_t)n + 1, sizeof(*list->items));
	if (!list->items)
		return -ENOMEM;
	for (int i = 0; i < n; i++)
		if (!get_device(config_setting_get_elem(devices, (unsigned int)i),
				&list->items[list->n++]))
			return -EINVAL;
	qsort(list->items, list->n, sizeof(*list->items), compare);
	/* At one address there is one device. */
	for (size_t i = 1; i < list->n; i++)
		if (!compare(&list->items[i - 1], &list->items[i]))
			return -EINVAL;
	return 0;
}

static char *explain(unsigned int vmid, int err)
{
	const char *what = conftext_strerror(err, _("not a list of the VM's devices"));

	if (geteuid() && (err == -EACCES || err == -EPERM)) /* the cures need root, too */
		return fs_path("/%s/%u: %s", IDENTITY_DIR, vmid, what);
	return fs_path(_("/%s/%u: %s; see which devices the VM would get: pve-passthrough plan %u; "
			 "if they are the right ones, replace the file: pve-passthrough accept %u"),
		       IDENTITY_DIR, vmid, what, vmid, vmid);
}

/* Reads the VM's file into *RET, or NULL when there is none. Returns 0 or -errno. */
static int read_text(const struct fs_root *root, unsigned int vmid, char **ret)
{
	auto_free char *path = path_of(vmid);
	int err = statefile_read(root, path, IDENTITY_TEXT_MAX, ret);

	return err == -ENOENT ? 0 : err;
}

int identity_read(const struct fs_root *root, unsigned int vmid, struct identity_device **ret,
		  size_t *ret_n, char **ret_why)
{
	auto_free char *text = NULL;
	struct list list = {0};
	int err = read_text(root, vmid, &text);

	if (!err)
		err = conftext_parse(text ? text : "format = 1; devices = ();", get_devices, &list);
	if (err) {
		free(list.items);
		*ret_why = explain(vmid, err);
		return err;
	}
	*ret = list.items;
	*ret_n = list.n;
	return 0;
}

/* NULL without memory. */
static char *format_text(unsigned int vmid, const struct identity_device *list, size_t n)
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

int identity_write(const struct fs_root *root, unsigned int vmid,
		   const struct identity_device *list, size_t n)
{
	auto_free char *path = path_of(vmid);
	auto_free char *text = NULL, *now = NULL;

	if (!n)
		return identity_forget(root, vmid);
	if (n > IDENTITY_DEVICES_MAX)
		return -E2BIG;
	text = format_text(vmid, list, n);
	if (!text)
		return -ENOMEM;
	if (!read_text(root, vmid, &now) && now && !strcmp(now, text))
		return 0;
	return statefile_write(root, path, text, 0600, true);
}

int identity_forget(const struct fs_root *root, unsigned int vmid)
{
	auto_free char *path = path_of(vmid);

	return fs_remove_durably(root, path);
}

/* ---- the machine ---- */

enum identity_state identity_compare(const struct identity_device *known,
				     const struct identity_device *now, size_t n_now,
				     const struct identity_device **ret_there)
{
	for (size_t i = 0; i < n_now; i++) {
		if (compare(&now[i], known))
			continue;
		if (pci_identity_alike(&now[i].identity, &known->identity))
			return IDENTITY_SAME;
		*ret_there = &now[i];
		return IDENTITY_OTHER;
	}
	return IDENTITY_ABSENT;
}

static int compare_bdfs(const void *a, const void *b)
{
	return bdf_compare(a, b);
}

int identity_find(const struct fs_root *root, const struct pci_identity *identity, struct bdf **ret,
		  size_t *ret_n)
{
	auto_names struct fs_names names = {0};
	auto_free struct bdf *list = NULL;
	size_t n = 0;
	int err = fs_list(root, "sys/bus/pci/devices", &names);

	if (err)
		return err;
	list = calloc(names.n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < names.n; i++) {
		struct pci_identity found;

		if (bdf_parse(names.items[i], &list[n]))
			continue;
		err = pci_identify(root, &list[n], &found);
		/* It may be removed while the list is read. */
		if (err && err != -ENODEV)
			return err;
		n += !err && pci_identity_alike(&found, identity);
	}
	qsort(list, n, sizeof(*list), compare_bdfs);
	*ret = TAKE_PTR(list);
	*ret_n = n;
	return 0;
}
