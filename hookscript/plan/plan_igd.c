// SPDX-License-Identifier: GPL-2.0-or-later
/* What Proxmox VE asks of a VM with legacy-igd=1. (qemu-server, PVE/QemuServer/PCI.pm,
 * parse_hostpci_devices) */
#include "hookscript/plan/plan_check.h"

#include "host/text/strbuf.h"

#include <string.h>

/* An option that does not go with legacy-igd=1. */
struct igd_option {
	const char *name;
	const char *written; /* for messages */
	bool any_entry;	     /* in none of the VM's entries; else not in the same one */
	bool (*has)(const struct hostpci *entry);
};

/* For q35 only, which legacy-igd excludes. */
static bool has_pcie(const struct hostpci *entry)
{
	return entry->pcie == 1;
}

static bool has_x_vga(const struct hostpci *entry)
{
	return entry->x_vga == 1;
}

static bool has_no_rombar(const struct hostpci *entry)
{
	return !entry->rombar;
}

static const struct igd_option options[] = {
	{"pcie", "pcie=1", true, has_pcie},
	{"x-vga", "x-vga=1", false, has_x_vga},
	{"rombar", "rombar=0", false, has_no_rombar},
};

static bool is_wrong(const struct igd_option *option, const struct hostpci *entry)
{
	return (option->any_entry || entry->legacy_igd == 1) && option->has(entry);
}

/* The entry's value without the options that are wrong in it. A new string; NULL: no memory. */
static char *value_without_wrong(const struct hostpci *entry)
{
	auto_free char *value = strdup(entry->value);

	for (size_t i = 0; value && i < ARRAY_SIZE(options); i++) {
		const struct hostpci left = {.value = value, .value_len = strlen(value)};
		char *less;

		if (!is_wrong(&options[i], entry))
			continue;
		less = hostpci_value_without(&left, options[i].name);
		free(value);
		value = less;
	}
	return TAKE_PTR(value);
}

/* One refusal and one cure for all of them: each command sets the whole entry. */
static void check_options(struct plan_check *c, size_t e, size_t igd)
{
	const struct hostpci *entry = c->facts->vm->hostpci[e];
	auto_free char *option = fs_path("--hostpci%zu", e);
	auto_strbuf struct strbuf names = {0};
	auto_free char *value = NULL, *list = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (is_wrong(&options[i], entry))
			strbuf_add(&names, "%s%s", names.len ? ", " : "", options[i].written);
	if (!names.len)
		return;
	list = strbuf_take(&names);
	value = value_without_wrong(entry);
	refuse_entry(
		c, e,
		_("hostpci%zu: %s does not go with legacy-igd=1 (hostpci%zu); Proxmox VE would "
		  "abort the start"),
		e, plan_text(c, list), igd);
	cure_qm_set(c, NULL, option, value);
}

/* ---- what it is for ---- */

static void cure_without_igd(struct plan_check *c, const char *words, size_t e)
{
	auto_free char *option = fs_path("--hostpci%zu", e);
	auto_free char *value = hostpci_value_without(c->facts->vm->hostpci[e], "legacy-igd");

	cure_qm_set(c, words, option, value);
}

/* Devices that the entry names, which are there, and the first of them that is not at NN:02.0. */
static size_t count_devices(const struct facts *facts, size_t e, const struct device **ret_other)
{
	size_t n = 0;

	for (size_t d = 0; d < facts->n_devices; d++) {
		const struct device *device = &facts->devices[d];
		const struct candidate *candidate = facts_chosen(facts, &device->bdf);

		if (!candidate || candidate->entry != (int)e)
			continue;
		n++;
		if (!*ret_other && (device->bdf.slot != 2 || device->bdf.func))
			*ret_other = device;
	}
	return n;
}

/* A candidate of the entry, any one, and an address of them that the integrated graphics may have;
 * NULL for none. */
static const struct candidate *find_candidate(const struct facts *facts, size_t e,
					      const struct hostpci_address **ret_igd)
{
	const struct candidate *found = NULL;

	for (size_t i = 0; i < facts->n_candidates; i++) {
		const struct candidate *candidate = &facts->candidates[i];
		const struct hostpci_address *first = &candidate->addresses[0];

		if (candidate->entry != (int)e)
			continue;
		found = candidate;
		if (!*ret_igd && candidate->n_addresses == 1 && !first->impossible &&
		    !first->all_functions && first->bdf.slot == 2 && !first->bdf.func)
			*ret_igd = first;
	}
	return found;
}

/* The mapping stays: others may use it. */
static void cure_alternatives(struct plan_check *c, size_t e, const struct hostpci_address *igd)
{
	auto_free char *option = fs_path("--hostpci%zu", e);
	auto_free char *rest = hostpci_value_without(c->facts->vm->hostpci[e], "mapping");
	auto_free char *value = igd && rest ? fs_path("%s%s%s", hostpci_address_text(igd),
						      *rest ? "," : "", rest)
					    : NULL;

	if (igd)
		cure_qm_set(c, _("name the integrated graphics alone"), option, value);
	cure_without_igd(c, igd ? _("or give them without that option") : NULL, e);
}

/* All lines count, whichever of them the start would get. */
static bool check_alternatives(struct plan_check *c, size_t e)
{
	const struct hostpci_address *igd = NULL;
	const struct candidate *candidate = find_candidate(c->facts, e, &igd);

	if (!candidate || candidate->n_alternatives < 2)
		return false;
	refuse_entry(c, e,
		     _("hostpci%zu: legacy-igd=1 is for one device, and mapping %s has %zu lines "
		       "for this node (%s); Proxmox VE would abort the start"),
		     e, candidate->mapping->id, candidate->n_alternatives, c->facts->node);
	cure_alternatives(c, e, igd);
	return true;
}

static void check_devices(struct plan_check *c, size_t e, size_t first)
{
	const struct device *other = NULL;
	size_t n = count_devices(c->facts, e, &other);

	if (e != first) {
		refuse_entry(c, e,
			     _("hostpci%zu: legacy-igd=1 is in hostpci%zu, too, and a VM can have "
			       "it once; Proxmox VE would abort the start"),
			     e, first);
		cure_without_igd(c, NULL, e);
	} else if (check_alternatives(c, e)) {
		return;
	} else if (n > 1) {
		refuse_entry(c, e,
			     _("hostpci%zu: legacy-igd=1 is for one function, and the entry names "
			       "%zu; Proxmox VE would abort the start"),
			     e, n);
		cure_words(c, _("name the integrated graphics alone: 0000:00:02.0"));
		cure_without_igd(c, _("or give them without that option"), e);
	} else if (other) {
		refuse_entry(
			c, e,
			_("hostpci%zu: legacy-igd=1 is for the integrated graphics at 00:02.0, "
			  "and the entry names %s; Proxmox VE would abort the start"),
			e, bdf_text(&other->bdf));
		cure_without_igd(c, NULL, e);
	}
}

/* ---- the VM ---- */

static void check_vga(struct plan_check *c, size_t e)
{
	const char *vga = c->facts->vm->values[VMCFG_VGA].text;

	if (vga && !strcmp(vga, "none"))
		return;
	plan_refuse(c, REFUSAL_ENTRY, NULL, fs_path(_("vga: none (hostpci%zu: legacy-igd=1)"), e),
		    _("hostpci%zu: legacy-igd=1 needs the line vga: none, and this VM has %s%s; "
		      "Proxmox VE would abort the start"),
		    e, vga ? "vga: " : _("none for vga"), vga ? vga : "");
	cure_qm_set(c, NULL, "--vga", "none");
}

bool plan_args_place_igd(const struct vmcfg *vm)
{
	static const char *const places[] = {"2.0", "02.0", "0x2", "0x02", "0x2.0", "0x02.0", "2"};
	static const char entry[] = "device.hostpci";
	const char *args = vm->values[VMCFG_ARGS].text;

	for (const char *at = args ? strstr(args, entry) : NULL; at; at = strstr(at, entry)) {
		const char *addr;
		size_t len;

		at += strlen(entry);
		addr = after_prefix(at + strspn(at, "0123456789"), ".addr=");
		len = addr ? strcspn(addr, " \t\"',") : 0;
		for (size_t i = 0; len && i < ARRAY_SIZE(places); i++)
			if (len == strlen(places[i]) && !strncmp(addr, places[i], len))
				return true;
	}
	return false;
}

void plan_check_igd(struct plan_check *c)
{
	const struct facts *facts = c->facts;
	size_t first = HOSTPCI_MAX;

	for (size_t e = 0; e < HOSTPCI_MAX; e++) {
		if (!facts->binds[e] || facts->vm->hostpci[e]->legacy_igd != 1)
			continue;
		if (first == HOSTPCI_MAX)
			first = e;
		check_devices(c, e, first);
	}
	if (first == HOSTPCI_MAX)
		return;
	check_vga(c, first);
	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		if (facts->vm->hostpci[e])
			check_options(c, e, first);
}
