// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/sriov/pfs_print.h"

#include <stdio.h>
#include <string.h>

#include "host/base/log.h"
#include "host/text/strbuf.h"
#include "host/text/utf8.h"
#include "host/text/wrap.h"
#include "host/net/vf_net.h"
#include "host/setup/jsontext.h"

/* Where the lines about a PF begin: after its address. */
#define PF_INDENT ((size_t)14)

/* What is wrong with a PF, and what mends it. A new string; NULL: nothing, or no memory. */
static char *problem_text(const struct pf *pf)
{
	const char *address = bdf_text(&pf->bdf);
	const struct sriov_entry *entry = pf->configured;
	unsigned int wanted = entry ? entry->vfs : 0;

	if (entry && !pf->device)
		return fs_path(_("there is no device now; it was a %04x:%04x; to forget it: "
				 "host-setup sriov %s 0"),
			       entry->vendor, entry->device, address);
	if (entry && pf->other)
		return fs_path(
			_("another device is here than the one that was set up, a %04x:%04x; "
			  "to forget that: host-setup sriov %s 0"),
			entry->vendor, entry->device, address);
	if (entry && pf->n_vfs != wanted)
		return fs_path(
			_("it does not have as many VFs as configured; now: host-setup sriov %s "
			  "%u --now; or reboot"),
			address, wanted);
	if (pf->down && (pf->n_vfs || wanted))
		return fs_path(_("%s is down, so its VFs have no link: ip link set %s up"),
			       pf->down, pf->down);
	if (pf->net_err)
		return fs_path(_("the MACs and VLANs of its VFs cannot be read: %s"),
			       vf_net_strerror(pf->net_err));
	return NULL;
}

static void print_line(const char *text)
{
	printf("%*s", (int)PF_INDENT, "");
	wrap_print(stdout, text, PF_INDENT, PF_INDENT);
}

/* "driver ixgbe, interface eno1" */
static char *driver_text(const struct pf *pf)
{
	auto_strbuf struct strbuf text = {0};
	const char *driver = pf->device->driver;

	strbuf_add(&text, _("driver %s"), driver ? driver : _("none"));
	for (size_t i = 0; i < pf->interfaces.n; i++)
		strbuf_add_item(&text, _("interface %s"), pf->interfaces.items[i]);
	return strbuf_take(&text);
}

/* "/etc/sysfs.d/vf.conf:3", or without a line where that is not known. */
static char *setter_text(const struct conf_item *setter)
{
	if (!setter->file)
		return strdup(setter->text);
	return setter->line ? fs_path("/%s:%u", setter->file, setter->line)
			    : fs_path("/%s", setter->file);
}

/* The count of a PF that is not set up: what others have set up for it is not undone by us. */
static char *count_elsewhere(const struct pf *pf)
{
	const struct conf_items *lines = &pf->setters.active;
	auto_free char *first = lines->n ? setter_text(lines->items) : NULL;

	if (pf->setters_err)
		return fs_path(_("VFs: %u possible, %zu now; what sets them at boot cannot be "
				 "read: %s"),
			       pf->sriov.total, pf->n_vfs, log_strerror(pf->setters_err));
	if (!lines->n)
		return fs_path(_("VFs: %u possible, %zu now, not set up for boot"), pf->sriov.total,
			       pf->n_vfs);
	return first ? fs_path(_("VFs: %u possible, %zu now; set at boot, or may be, by %s: %s"),
			       pf->sriov.total, pf->n_vfs, first, lines->items[0].text)
		     : NULL;
}

static char *count_text(const struct pf *pf)
{
	if (!pf->configured)
		return count_elsewhere(pf);
	return fs_path(
		pf->configured->host_driver
			? _("VFs: %u possible, %zu now, %u at every boot, with drivers of the "
			    "host")
			: _("VFs: %u possible, %zu now, %u at every boot"),
		pf->sriov.total, pf->n_vfs, pf->configured->vfs);
}

static void print_vf(const struct pf_vf *vf)
{
	const struct device_summary *device = vf->device;
	auto_strbuf struct strbuf text = {0};

	strbuf_add(&text, "%s", device && device->driver ? device->driver : _("no driver"));
	if (vf->mac)
		strbuf_add_item(&text, "MAC %s", vf->mac);
	if (vf->vlan)
		strbuf_add_item(&text, "VLAN %u", vf->vlan);
	if (vf->vmid)
		strbuf_add_item(&text, _("VM %u has it"), vf->vmid);
	else if (device && device->used)
		strbuf_add_item(&text, _("in use: %s"), device->used);
	if (device && device->vms)
		strbuf_add_item(&text, _("named by %s"), device->vms);
	printf("  %s  ", bdf_text(&vf->bdf));
	wrap_print(stdout, text.text ? text.text : "", PF_INDENT + 2, PF_INDENT + 2);
}

static void print_pf(const struct pf *pf)
{
	auto_free char *problem = problem_text(pf), *count = NULL, *driver = NULL;

	printf("%s  ", bdf_text(&pf->bdf));
	wrap_print(stdout, pf->device ? pf->device->name : _("no device"), PF_INDENT, PF_INDENT);
	if (pf->device) {
		driver = driver_text(pf);
		count = count_text(pf);
		print_line(driver ? driver : "");
		print_line(count ? count : "");
	}
	if (problem)
		print_line(problem);
	for (size_t i = 0; i < pf->n_vfs; i++)
		print_vf(&pf->vfs[i]);
}

void pfs_print(const struct pfs *pfs)
{
	if (!pfs->n)
		puts(pfs->in_vm
			     ? _("no device of this host can have virtual functions (SR-IOV); it "
				 "is itself a VM, and QEMU hides SR-IOV of devices it passes "
				 "through")
			     : _("no device of this host can have virtual functions (SR-IOV); "
				 "some need it enabled in the firmware setup, or by the vendor's "
				 "tool"));
	for (size_t i = 0; i < pfs->n; i++)
		print_pf(&pfs->items[i]);
}

/* ---- for programs ---- */

static void add_count(json_object *object, const char *key, size_t n, bool *failed)
{
	json_add(object, key, json_object_new_int64((int64_t)n), failed);
}

/* A number, or null for 0. */
static void add_number(json_object *object, const char *key, unsigned int n, bool *failed)
{
	if (n)
		add_count(object, key, n, failed);
	else
		json_add_text(object, key, NULL, failed);
}

static void add_vf(json_object *object, const struct pf_vf *vf, bool *failed)
{
	const struct device_summary *device = vf->device;
	json_object *vms = json_object_new_array();

	json_add_text(object, "address", bdf_text(&vf->bdf), failed);
	add_count(object, "number", vf->number, failed);
	json_add_text(object, "driver", device ? device->driver : NULL, failed);
	json_add_text(object, "mac", vf->mac, failed);
	add_number(object, "vlan", vf->vlan, failed);
	add_number(object, "taken_by", vf->vmid, failed);
	json_add_text(object, "used", device ? device->used : NULL, failed);
	json_add_uses(object, device, failed);
	for (size_t i = 0; device && i < device->n_named_by; i++)
		json_add_vm(vms, &device->named_by[i], failed);
	json_add(object, "vms", vms, failed);
}

static void add_interfaces(json_object *object, const struct fs_names *names, bool *failed)
{
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < names->n; i++)
		strbuf_add(&text, "%s ", names->items[i]);
	*failed |= text.failed;
	json_add_words(object, "interfaces", text.text, failed);
}

/* Where others set it, or null where that is not known. */
static void add_setters(json_object *object, const struct pf *pf, bool *failed)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < pf->setters.active.n; i++) {
		auto_free char *text = setter_text(&pf->setters.active.items[i]);
		auto_free char *valid = text ? utf8_valid(text) : NULL;

		*failed |= !valid || json_object_array_add(list, json_object_new_string(valid));
	}
	if (!pf->setters_err) {
		json_add(object, "set_by", list, failed);
		return;
	}
	json_object_put(list);
	json_add_text(object, "set_by", NULL, failed);
}

static void add_pf(json_object *object, const struct pf *pf, bool *failed)
{
	const struct device_summary *device = pf->device;
	auto_free char *problem = problem_text(pf);
	json_object *vfs = json_object_new_array();

	json_add_text(object, "address", bdf_text(&pf->bdf), failed);
	json_add_text(object, "name", device ? device->name : NULL, failed);
	json_add_text(object, "identity", device ? pci_identity_text(&device->identity) : NULL,
		      failed);
	json_add_text(object, "driver", device ? device->driver : NULL, failed);
	add_interfaces(object, &pf->interfaces, failed);
	json_add_text(object, "down", pf->down, failed);
	add_count(object, "possible", pf->sriov.total, failed);
	add_count(object, "made", pf->n_vfs, failed);
	add_number(object, "configured", pf->configured ? pf->configured->vfs : 0, failed);
	json_add(object, "host_driver",
		 json_object_new_boolean(pf->configured && pf->configured->host_driver), failed);
	add_setters(object, pf, failed);
	json_add_text(object, "problem", problem, failed);
	for (size_t i = 0; i < pf->n_vfs; i++)
		add_vf(json_add_object(vfs, failed), &pf->vfs[i], failed);
	json_add(object, "vfs", vfs, failed);
}

int pfs_print_json(const struct pfs *pfs)
{
	json_object *root = json_object_new_object(), *items = json_object_new_array();
	bool failed = false;

	for (size_t i = 0; i < pfs->n; i++)
		add_pf(json_add_object(items, &failed), &pfs->items[i], &failed);
	return json_print(root, "pfs", items, failed);
}
