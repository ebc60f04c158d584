// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/records/identity.h"

#include "host/base/conftext.h"
#include "host/base/fs_write.h"
#include "host/pci/answer.h"

#include <string.h>

/* To be raised when an older program would misread a newer one's file. */
#define IDENTITY_FORMAT	  1
#define IDENTITY_TEXT_MAX ((size_t)384 * 1024)

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

/* Both may be missing, but not wrong. */
static bool get_place(const config_setting_t *setting, struct identity_device *ret)
{
	const char *path, *serial;

	if (config_setting_lookup_string(setting, "path", &path)) {
		if (strlen(path) >= sizeof(ret->path) || !strchr(path, '/') ||
		    path[strspn(path, HEX_LOWER ":/.")])
			return false;
		memcpy(ret->path, path, strlen(path) + 1);
	}
	if (config_setting_lookup_string(setting, "serial", &serial)) {
		if (strlen(serial) != 16 || strspn(serial, HEX_LOWER) != 16)
			return false;
		ret->serial = strtoull(serial, NULL, 16);
	}
	return true;
}

static bool get_device(const config_setting_t *setting, struct identity_device *ret)
{
	const char *address, *identity;

	return config_setting_is_group(setting) &&
	       config_setting_lookup_string(setting, "address", &address) &&
	       config_setting_lookup_string(setting, "identity", &identity) &&
	       !bdf_parse(address, &ret->bdf) && !pci_identity_parse(identity, &ret->identity) &&
	       get_place(setting, ret);
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
		"# The devices that VM %u has by their addresses: vendor:device:subsystem:class,\n"
		"# and the path of slots and the serial number, which tell them from others of their model.\n"
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
		strbuf_add(&to, ";");
		if (*list[i].path)
			strbuf_add(&to, " path = \"%s\";", list[i].path);
		if (list[i].serial)
			strbuf_add(&to, " serial = \"%016llx\";",
				   (unsigned long long)list[i].serial);
		strbuf_add(&to, " }%s\n", i + 1 < n ? "," : "");
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

/* Whether that is an answer: it has no path, or is not there any more. */
static bool is_without_path(int err)
{
	return fs_is_absent(err) || err == -ENODEV || err == -EXDEV || err == -EINVAL ||
	       err == -ENAMETOOLONG;
}

int identity_add_paths(const struct fs_root *root, struct identity_device *list, size_t n)
{
	int err = 0;

	for (size_t i = 0; !err && i < n; i++) {
		*list[i].path = '\0';
		err = early_path_read(root, &list[i].bdf, list[i].path);
		if (err)
			list[i].serial = 0;
		if (is_without_path(err))
			err = 0;
	}
	return err;
}

int identity_place(const struct fs_root *root, struct identity_device *list, size_t n)
{
	auto_free struct bdf *asked = calloc(n + 1, sizeof(*asked));
	auto_free struct pci_answer *answers = calloc(n + 1, sizeof(*answers));
	int err = asked && answers ? identity_add_paths(root, list, n) : -ENOMEM;

	for (size_t i = 0; !err && i < n; i++)
		asked[i] = list[i].bdf;
	if (!err)
		err = pci_ask(root, asked, n, answers);
	for (size_t i = 0; !err && i < n; i++)
		list[i].serial = *list[i].path ? answers[i].serial : 0;
	return err;
}

void identity_keep_serials(struct identity_device *list, size_t n,
			   const struct identity_device *old, size_t n_old)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; !list[i].serial && k < n_old; k++)
			if (!compare(&list[i], &old[k]) && *list[i].path &&
			    !identity_differ(&list[i], &old[k]))
				list[i].serial = old[k].serial;
}

/* Both are known, and are the same; both are known, and are not. */
static bool same_serial(const struct identity_device *a, const struct identity_device *b)
{
	return a->serial && a->serial == b->serial;
}

static bool other_serial(const struct identity_device *a, const struct identity_device *b)
{
	return a->serial && b->serial && a->serial != b->serial;
}

static bool same_path(const struct identity_device *a, const struct identity_device *b)
{
	return *a->path && !strcmp(a->path, b->path);
}

bool identity_differ(const struct identity_device *a, const struct identity_device *b)
{
	return !pci_identity_alike(&a->identity, &b->identity) || other_serial(a, b) ||
	       (*a->path && *b->path && strcmp(a->path, b->path));
}

/* The functions of a card may have one serial number. */
bool identity_prove(const struct identity_device *a, const struct identity_device *b)
{
	return pci_identity_alike(&a->identity, &b->identity) && !other_serial(a, b) &&
	       (same_path(a, b) || (same_serial(a, b) && a->bdf.func == b->bdf.func));
}

/* By the number, and then the slot, where a maker has given one number to several. */
const struct identity_device *identity_pick(const struct identity_device *known,
					    const struct identity_device *list, size_t n)
{
	const struct identity_device *by_serial = NULL, *by_path = NULL;
	size_t n_serial = 0, n_path = 0;

	for (size_t i = 0; i < n; i++) {
		if (!identity_prove(known, &list[i]))
			continue;
		if (same_serial(known, &list[i])) {
			by_serial = &list[i];
			n_serial++;
		}
		if (same_path(known, &list[i])) {
			by_path = &list[i];
			n_path++;
		}
	}
	if (n_serial == 1)
		return by_serial;
	return n_path == 1 ? by_path : NULL;
}

enum identity_state identity_compare(const struct identity_device *known,
				     const struct identity_device *now, size_t n_now,
				     const struct identity_device **ret_there)
{
	for (size_t i = 0; i < n_now; i++) {
		if (compare(&now[i], known))
			continue;
		if (!identity_differ(&now[i], known))
			return IDENTITY_SAME;
		*ret_there = &now[i];
		return IDENTITY_OTHER;
	}
	return IDENTITY_ABSENT;
}

int identity_find(const struct fs_root *root, const struct pci_identity *identity,
		  struct identity_device **ret, size_t *ret_n)
{
	auto_names struct fs_names names = {0};
	auto_free struct identity_device *list = NULL;
	size_t n = 0;
	int err = fs_list(root, "sys/bus/pci/devices", &names);

	if (err)
		return err;
	list = calloc(names.n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < names.n; i++) {
		struct identity_device *found = &list[n];

		if (bdf_parse(names.items[i], &found->bdf))
			continue;
		err = pci_identify(root, &found->bdf, &found->identity);
		/* It may be removed while the list is read. */
		if (err && err != -ENODEV)
			return err;
		n += !err && pci_identity_alike(&found->identity, identity);
	}
	qsort(list, n, sizeof(*list), compare);
	err = identity_place(root, list, n);
	if (err)
		return err;
	*ret = TAKE_PTR(list);
	*ret_n = n;
	return 0;
}
