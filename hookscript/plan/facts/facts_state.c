// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/plan/facts/facts_state.h"

#include "hookscript/pve/pve.h"
#include "host/pci/answer.h"
#include "host/pci/arch.h"
#include "host/base/log.h"
#include "host/pci/sriov.h"
#include "host/pci/sriov_conf.h"
#include "host/process/kernel_log.h"
#include "host/setup/check/cures.h"
#include "host/usage/owner_cure.h"
#include "host/usage/pf_use.h"

#include <string.h>

/* Of the kernel's log, about one device. */
#define LOG_LINES 3

/* ---- devices that do not answer ---- */

int facts_read_answers(const struct fs_root *root, struct facts *facts)
{
	auto_free struct bdf *list = calloc(facts->n_devices + 1, sizeof(*list));
	auto_free struct pci_answer *answers = calloc(facts->n_devices + 1, sizeof(*answers));
	size_t n = 0;
	int err;

	if (!list || !answers)
		return -ENOMEM;
	for (size_t i = 0; i < facts->n_devices; i++)
		if (facts_concern(facts, &facts->devices[i]))
			list[n++] = facts->devices[i].bdf;
	err = pci_ask(root, list, n, answers);
	for (size_t i = 0, asked = 0; !err && i < facts->n_devices; i++) {
		struct device *device = &facts->devices[i];

		if (!facts_concern(facts, device))
			continue;
		device->serial = answers[asked].serial;
		device->answer_err = answers[asked++].err;
		if (device->answer_err)
			err = kernel_log_about(root, bdf_text(&device->bdf), LOG_LINES,
					       &device->kernel_log);
	}
	return err;
}

/* ---- devices that are not there ---- */

/* What of the host uses the PF; what cannot be read may be a use. */
static int read_use(const struct fs_root *root, struct absent_vf *vf)
{
	auto_usage struct usage usage = {0};
	int err = pf_use_read(root, &vf->pf, &usage);

	if (err == -ENOMEM || (!err && !usage.n))
		return err;
	vf->pf_used = err ? fs_path(_("whether the host uses it cannot be read: %s"),
				    log_strerror(err))
			  : pf_use_text(&usage);
	return vf->pf_used ? 0 : -ENOMEM;
}

/* How many the PF is to have, if it is the device that was set up. */
static int read_configured(const struct fs_root *root, const struct sriov_conf *conf,
			   struct absent_vf *vf)
{
	const struct sriov_entry *entry = sriov_conf_at(conf, &vf->pf);
	struct pci_identity identity;
	int err = entry ? pci_identify(root, &vf->pf, &identity) : -ENODEV;

	if (err)
		return err == -ENODEV ? 0 : err;
	if (!sriov_entry_is(entry, &identity))
		return 0;
	vf->configured = entry->vfs;
	vf->autoprobe = entry->host_driver ? -1 : 0;
	return vf->configured >= vf->wanted && !vf->made ? read_use(root, vf) : 0;
}

static void free_vf(struct absent_vf *vf)
{
	free(vf->pf_driver);
	free(vf->pf_used);
}

/* Adds the VF of PF that would be at the address, if there is one. Returns 1 if so, 0, -errno. */
static int add_vf_of(const struct fs_root *root, struct facts *facts, const struct bdf *pf,
		     const struct sriov_conf *conf, struct absent_vf vf)
{
	struct sriov_places places;
	unsigned int n = 0;
	int err = sriov_places_read(root, pf, &places);

	if (err)
		return err;
	while (sriov_place(&places, n, &vf.bdf) && !hostpci_address_names(vf.address, &vf.bdf))
		n++;
	if (!sriov_place(&places, n, &vf.bdf))
		return 0;
	vf.pf = *pf;
	vf.wanted = n + 1;
	err = sriov_count(root, pf, &vf.made);
	err = err ?: pci_driver(root, pf, &vf.pf_driver);
	err = err ?: read_configured(root, conf, &vf);
	if (!err && !array_grow(facts->absent_vfs, facts->n_absent_vfs))
		err = -ENOMEM;
	if (err) {
		free_vf(&vf);
		return err;
	}
	facts->absent_vfs[facts->n_absent_vfs++] = vf;
	return 1;
}

static int add_vf(const struct fs_root *root, struct facts *facts, const struct fs_names *bus,
		  const struct sriov_conf *conf, const struct absent_vf *vf)
{
	int err = 0;

	for (size_t i = 0; !err && i < bus->n; i++) {
		struct bdf pf;

		if (!bdf_parse(bus->items[i], &pf))
			err = add_vf_of(root, facts, &pf, conf, *vf);
	}
	return err < 0 ? err : 0;
}

/* One list of the bus for all; it is read at the first empty address. */
static int read_bus(const struct fs_root *root, struct facts *facts, struct fs_names *bus,
		    struct sriov_conf *conf)
{
	if (bus->n)
		return 0;
	facts->sriov_err = sriov_conf_read(root, conf);
	if (facts->sriov_err == -ENOMEM)
		return -ENOMEM;
	return fs_list(root, "sys/bus/pci/devices", bus);
}

int facts_read_absent(const struct fs_root *root, struct facts *facts)
{
	auto_names struct fs_names bus = {0};
	auto_sriov_conf struct sriov_conf conf = {0};
	int err = 0;

	for (size_t i = 0; i < facts->n_candidates; i++) {
		const struct candidate *candidate = &facts->candidates[i];

		for (size_t k = 0; !err && k < candidate->n_addresses; k++) {
			struct absent_vf vf = {.candidate = candidate,
					       .address = &candidate->addresses[k]};

			if (candidate->state == CANDIDATE_SPARE || vf.address->impossible ||
			    facts_have_device_at(facts, vf.address))
				continue;
			err = read_bus(root, facts, &bus, &conf);
			if (!err)
				err = add_vf(root, facts, &bus, &conf, &vf);
		}
	}
	return err;
}

/* ---- HA ---- */

int facts_read_ha(const struct fs_root *root, struct facts *facts)
{
	int err = facts->vmid ? ha_read(root, facts->vmid, &facts->ha) : 0;

	if (err == -ENOMEM)
		return err;
	facts->ha_err = err;
	return 0;
}

/* ---- devices that are held early ---- */

int facts_read_early(const struct fs_root *root, struct facts *facts)
{
	int err = early_read(root, &facts->early);

	for (size_t i = 0; !err && i < facts->n_devices; i++) {
		struct device *device = &facts->devices[i];
		const struct early_item *item = early_find(&facts->early, &device->bdf);

		device->held_early = item && item->state == EARLY_HELD;
	}
	return err;
}

/* ---- what the host does with them ---- */

static int add_own_node(struct facts *facts, const struct survey *survey,
			const struct survey_node *node, const struct node_path *given)
{
	struct own_node own = {given, strdup(survey_disk_of(survey, node)->name),
			       node->device->bdf};

	if (!own.name || !array_grow(facts->own_nodes, facts->n_own_nodes)) {
		free(own.name);
		return -ENOMEM;
	}
	facts->own_nodes[facts->n_own_nodes++] = own;
	return 0;
}

/* Of one that is not below /dev now, nothing is known. */
static int add_own_nodes(const struct fs_root *root, const struct survey *survey,
			 const struct node_paths *nodes, struct facts *facts)
{
	int err = 0;

	for (size_t i = 0; !err && survey->n_nodes && i < nodes->n; i++) {
		const struct survey_node *node = NULL;

		if (nodes->items[i].path)
			err = survey_find(root, survey, nodes->items[i].path, &node);
		if (!err && node)
			err = add_own_node(facts, survey, node, &nodes->items[i]);
	}
	return err;
}

static int read_own_nodes(const struct fs_root *root, const struct survey *survey,
			  struct facts *facts)
{
	int err = add_own_nodes(root, survey, &facts->vm->nodes, facts);

	return err || !facts->args ? err : add_own_nodes(root, survey, &facts->args->nodes, facts);
}

int facts_read_usage(const struct fs_root *root, struct facts *facts)
{
	auto_free struct usage_device *devices = calloc(facts->n_devices + 1, sizeof(*devices));
	auto_survey struct survey survey = {0};
	size_t n = 0;

	if (!devices)
		return -ENOMEM;
	for (size_t i = 0; i < facts->n_devices; i++) {
		const struct device *device = &facts->devices[i];

		if (facts_concern(facts, device))
			devices[n++] = (struct usage_device){device->bdf, device->identity.class,
							     device->driver};
	}
	facts->usage_err = usage_read_survey(root, devices, n, &facts->usage, &survey)
				   ?: read_own_nodes(root, &survey, facts);
	return facts->usage_err == -ENOMEM ? -ENOMEM : 0;
}

/* Why a graphics device is in no group may stand in the boot configuration. */
int facts_read_igpu_cure(const struct fs_root *root, struct facts *facts)
{
	auto_cures struct cures cures = {0};
	size_t i = 0;
	int err;

	while (i < facts->n_devices &&
	       (facts->devices[i].group >= 0 ||
		facts->devices[i].identity.class >> 16 != PCI_BASE_CLASS_DISPLAY))
		i++;
	if (!facts->iommu_active || i == facts->n_devices)
		return 0;
	err = cures_read(root, NULL, &cures);
	if (!err)
		facts->igpu_cure = TAKE_PTR(cures.igpu);
	return err;
}

void facts_read_machine(const struct fs_root *root, struct facts *facts)
{
	bool matters = false;

	for (size_t i = 0; i < facts->n_groups; i++)
		matters |= facts->groups[i].reserved;
	for (size_t i = 0; i < facts->n_devices; i++)
		matters |= facts->devices[i].child;
	facts->in_vm = matters && arch_is_vm(root);
}

/* ---- files for the devices' ROMs ---- */

/* Whether the file of ENTRY is not there, and QEMU wants it. What cannot be read is not judged, nor
 * a tree without the directory. */
static int lacks_romfile(const struct fs_root *root, const struct hostpci *entry, bool *ret)
{
	auto_free char *path = NULL;

	*ret = false;
	if (!entry->romfile || !entry->rombar || fs_probe(root, ROMFILES_PATH) != 1)
		return 0;
	path = fs_path("%s/%s", ROMFILES_PATH, entry->romfile);
	if (!path)
		return -ENOMEM;
	*ret = !fs_probe(root, path);
	return 0;
}

int facts_read_romfiles(const struct fs_root *root, struct facts *facts)
{
	int err = 0;

	for (size_t e = 0; e < HOSTPCI_MAX && !err; e++)
		if (facts->binds[e])
			err = lacks_romfile(root, facts->vm->hostpci[e], &facts->no_romfile[e]);
	return err;
}

/* ---- mappings ---- */

int facts_read_mappings(const struct fs_root *root, struct mappings **ret, char **ret_node)
{
	auto_free char *text = NULL, *node = NULL;
	size_t len = 0;
	int err = fs_read(root, MAPPINGS_PATH, VMCFG_TEXT_MAX, &text, &len);

	if (err && err != -ENOENT)
		return err;
	err = pve_node_name(root, &node);
	if (!err)
		err = mappings_parse(text ? text : "", len, ret);
	if (!err)
		*ret_node = TAKE_PTR(node);
	return err;
}

/* ---- programs that hold a group ---- */

/* A QEMU that outlived its VM, or a program that somebody runs by hand, is killed. */
static int read_holder_cure(const struct fs_root *root, pid_t pid, struct holder_cure *cure)
{
	auto_owner struct owner owner = {0};
	int err = owner_read(root, pid, &owner);

	if (err)
		return err;
	if (owner.kind == OWNER_UNKNOWN || owner.kind == OWNER_VM) {
		cure->words = strdup(_("end it"));
		cure->command = fs_path("kill %d", pid);
	} else {
		cure->words = owner_cure(root, pid, &owner, &cure->command);
	}
	return cure->words && cure->command ? 0 : -ENOMEM;
}

int facts_read_holder_cures(const struct fs_root *root, struct device_group *group)
{
	int err = 0;

	if (!group->holders.n)
		return 0;
	group->cures = calloc(group->holders.n, sizeof(*group->cures));
	if (!group->cures)
		return -ENOMEM;
	for (size_t i = 0; i < group->holders.n && !err; i++)
		if (!group->holders.items[i].vmid)
			err = read_holder_cure(root, group->holders.items[i].pid, &group->cures[i]);
	return err;
}
