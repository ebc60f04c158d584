// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses at which there is nothing: why, and how to have the device there. */
#include "hookscript/plan/plan_check.h"

#include "host/pci/driver.h"
#include "host/pci/sriov_conf.h"

#include <string.h>

/* Whether what was there at the last start is known: that refusal says more. */
static bool is_known(const struct facts *facts, const struct hostpci_address *address)
{
	for (size_t i = 0; i < facts->n_moved; i++)
		if (facts->moved[i].absent && hostpci_address_names(address, &facts->moved[i].bdf))
			return true;
	return false;
}

static void refuse_absent(struct plan_check *c, const struct candidate *candidate,
			  const struct hostpci_address *address)
{
	auto_free char *name = candidate_name(candidate);
	const char *text = hostpci_address_text(address);

	plan_refuse(c, REFUSAL_ABSENT, NULL, fs_path(_("a device at %s"), text),
		    _("%s: there is no PCI device at %s on this host; was hardware added, "
		      "removed, or turned off in the firmware setup? Addresses move when it "
		      "was"),
		    plan_text(c, name), text);
	cure_command(c, _("find its address now"), "lspci -Dnn");
	if (candidate->entry == ENTRY_ARGS) {
		cure_words(c, _("then correct the line: qm set %u --args …"), c->facts->vmid);
		return;
	}
	cure_words(c, _("then: qm set %u --hostpci%d ADDRESS,pcie=1"), c->facts->vmid,
		   candidate->entry);
	cure_delete(c, _("or take it out"), (size_t)candidate->entry);
}

/* ---- virtual functions ---- */

/* So many of the PF's VFs as all entries of this VM want of it. */
static unsigned int vfs_wanted(const struct facts *facts, const struct bdf *pf)
{
	unsigned int most = 0;

	for (size_t i = 0; i < facts->n_absent_vfs; i++)
		if (!bdf_compare(&facts->absent_vfs[i].pf, pf) &&
		    facts->absent_vfs[i].wanted > most)
			most = facts->absent_vfs[i].wanted;
	return most;
}

/* Only the PF's own driver makes VFs. */
static void cure_driver(struct plan_check *c, const struct absent_vf *vf)
{
	const char *pf = bdf_text(&vf->pf);

	if (!vf->pf_driver)
		cure_command(c, _("its PF has no driver, and only that creates VFs: load it"),
			     "modprobe \"$(cat /sys/bus/pci/devices/%s/modalias)\"", pf);
	else if (!strcmp(vf->pf_driver, DRIVER_VFIO_PCI))
		cure_command(
			c,
			_("its PF is on vfio-pci, which creates no VFs: end what keeps it there (a "
			  "VM, or vfio-pci's option ids=), so that it gets its own driver again; "
			  "see"),
			"pve-passthrough status");
}

static bool is_nvidias(const struct absent_vf *vf)
{
	return vf->pf_driver && !strcmp(vf->pf_driver, "nvidia");
}

/* The kernel changes a number of VFs only from or to 0 (Linux: drivers/pci/pci-sysfs.c,
 * sriov_numvfs_store()); host-setup looks whether something uses them. */
static void cure_vf(struct plan_check *c, const struct absent_vf *vf)
{
	const char *pf = bdf_text(&vf->pf);
	unsigned int wanted = vfs_wanted(c->facts, &vf->pf);
	unsigned int n = vf->configured > wanted ? vf->configured : wanted;

	if (is_nvidias(vf)) {
		cure_command(c, _("create it, now and at every boot"),
			     "systemctl enable --now pve-nvidia-sriov@%s.service", pf);
		return;
	}
	cure_driver(c, vf);
	if (c->facts->sriov_err)
		cure_words(c, _("first mend /%s: %s"), SRIOV_CONF_PATH,
			   sriov_conf_strerror(c->facts->sriov_err));
	if (vf->pf_used)
		cure_command(c,
			     _("once the host can do without its PF for some seconds, create it"),
			     "host-setup sriov %s %u --now", pf, n);
	else if (vf->made)
		cure_command(
			c,
			_("once nothing uses the present VFs, create as many as are needed, now "
			  "and at every boot"),
			"host-setup sriov %s %u", pf, n);
	else
		cure_command(c, _("create it, now and at every boot"), "host-setup sriov %s %u", pf,
			     n);
}

/* The start makes it: one of the PF's is enough to know them all. */
static void plan_vf(struct plan_check *c, const struct absent_vf *vf)
{
	struct plan *plan = c->plan;

	for (size_t i = 0; i < plan->n_vfs; i++)
		if (!bdf_compare(&plan->vfs[i]->pf, &vf->pf))
			return;
	if (!array_grow(plan->vfs, plan->n_vfs)) {
		c->err = -ENOMEM;
		return;
	}
	plan->vfs[plan->n_vfs++] = vf;
}

static void refuse_vf(struct plan_check *c, const struct absent_vf *vf)
{
	auto_free char *name = candidate_name(vf->candidate);
	const char *address = bdf_text(&vf->bdf), *pf = bdf_text(&vf->pf);
	const char *driver = vf->pf_driver ? vf->pf_driver : _("none");

	if (vf->pf_used)
		plan_refuse(
			c, REFUSAL_ABSENT, NULL, fs_path(_("the VF %s"), address),
			_("%s: %s is not there: it is a virtual function (VF) of %s (driver "
			  "%s), number %u, which has not been created; that PF has %u VFs now "
			  "(its sriov_numvfs), and is to have %u, but making them may reset it, and "
			  "the host uses it: %s"),
			plan_text(c, name), address, pf, driver, vf->wanted, vf->made,
			vf->configured, vf->pf_used);
	else
		plan_refuse(c, REFUSAL_ABSENT, NULL, fs_path(_("the VF %s"), address),
			    _("%s: %s is not there: it is a virtual function (VF) of %s (driver "
			      "%s), number %u, which has not been created; that PF has %u VFs now "
			      "(its sriov_numvfs)"),
			    plan_text(c, name), address, pf, driver, vf->wanted, vf->made);
	cure_vf(c, vf);
}

static void check_address(struct plan_check *c, const struct candidate *candidate,
			  const struct hostpci_address *address)
{
	const struct absent_vf *vf = facts_absent_vf(c->facts, candidate, address);

	if (facts_have_device_at(c->facts, address))
		return;
	if (vf && facts_make_vf(vf))
		plan_vf(c, vf);
	else if (vf)
		refuse_vf(c, vf);
	else if (candidate->state == CANDIDATE_CHOSEN && !is_known(c->facts, address))
		refuse_absent(c, candidate, address);
}

/* Of a mapping's paths, only what its own check cannot say: how to make a VF. */
void plan_check_addresses(struct plan_check *c)
{
	for (size_t i = 0; i < c->facts->n_candidates; i++) {
		const struct candidate *candidate = &c->facts->candidates[i];

		for (size_t k = 0;
		     candidate->state != CANDIDATE_SPARE && k < candidate->n_addresses; k++)
			check_address(c, candidate, &candidate->addresses[k]);
	}
}
