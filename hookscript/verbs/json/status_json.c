// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/json/show_json.h"

#include "hookscript/pve/exit.h"
#include "hookscript/records/record.h"
#include "hookscript/records/returns.h"
#include "hookscript/records/taker.h"
#include "host/text/json.h"
#include "host/base/log.h"
#include "host/pci/answer.h"
#include "host/pci/pci.h"

/* Null for what is not known, or has no number. */
static void add_vmid(json_object *to, const char *key, unsigned int vmid, bool *failed)
{
	if (record_owner_vm(vmid))
		json_add_number(to, key, vmid, failed);
	else
		json_add_text(to, key, NULL, failed);
}

static void add_returns(const struct fs_root *root, json_object *to, const struct record *record,
			bool *failed)
{
	struct returns returns;
	json_object *object;

	if (returns_read(root, &record->bdf, &record->identity, &returns) || !returns.of) {
		json_add_text(to, "came_back", NULL, failed);
		return;
	}
	object = json_add_member(to, "came_back", failed);
	json_add_number(object, "times", returns.times, failed);
	json_add_number(object, "of", returns.of, failed);
	if (returns.last)
		json_add_number(object, "last", returns.last, failed);
	else
		json_add_text(object, "last", NULL, failed);
}

static void add_answer(const struct fs_root *root, json_object *to, const struct bdf *bdf,
		       bool there, bool *failed)
{
	struct pci_answer answer;
	bool known = there && !pci_ask(root, bdf, 1, &answer) &&
		     (!answer.err || answer.err == -ENODATA || answer.err == -ETIMEDOUT);

	if (known)
		json_add_bool(to, "answers", !answer.err, failed);
	else
		json_add_text(to, "answers", NULL, failed);
}

static void add_sets(json_object *to, const struct record *record, bool *failed)
{
	json_object *sets = json_add_array(to, "sets", failed);

	for (enum vf_net_field field = 0; field < VF_NET_FIELDS; field++) {
		const struct record_attribute *vf = &record->vf[field];
		json_object *item;

		if (!vf->set)
			continue;
		item = json_add_object(sets, failed);
		json_add_text(item, "key", vf_net_field_name(field), failed);
		json_add_text(item, "value", vf->set, failed);
		json_add_text(item, "before", vf->before, failed);
		json_add_bool(item, "applied", vf->before && record->stage != RECORD_CLAIMED,
			      failed);
	}
}

static void add_record(const struct fs_root *root, struct pci *pci, json_object *to,
		       const struct record *record, bool *failed)
{
	auto_free char *name = pci_name(pci, &record->identity), *driver = NULL;
	bool there = pci_probe(root, &record->bdf) != 0;
	bool claimed = record->stage == RECORD_CLAIMED;

	if (there && pci_driver(root, &record->bdf, &driver))
		driver = NULL;
	json_add_text(to, "address", bdf_text(&record->bdf), failed);
	json_add_text(to, "name", name, failed);
	json_add_text(to, "identity", pci_identity_text(&record->identity), failed);
	json_add_bool(to, "there", there, failed);
	json_add_text(to, "stage", claimed ? "claimed" : "taken", failed);
	add_vmid(to, "taken_by", record->vmid, failed);
	json_add_text(to, "driver_before", claimed ? NULL : record->driver, failed);
	json_add_text(to, "driver", driver, failed);
	add_answer(root, to, &record->bdf, there, failed);
	add_returns(root, to, record, failed);
	add_sets(to, record, failed);
}

static void add_taker(const struct fs_root *root, json_object *to, unsigned int vmid, bool *failed)
{
	enum taker taker = taker_state(root, vmid);
	auto_free char *cure = taker_is_gone(taker) ? fs_path("pve-passthrough restore %s",
							      record_owner_word(vmid))
						    : NULL;

	add_vmid(to, "vmid", vmid, failed);
	json_add_text(to, "state", taker_name(taker), failed);
	json_add_text(to, "cure", cure, failed);
}

static void add_unreadable(json_object *to, const struct bdf *bdf, int err, const char *why,
			   bool *failed)
{
	auto_free char *cure = record_is_unusable(err) ? record_by_hand(bdf) : NULL;

	json_add_text(to, "address", bdf_text(bdf), failed);
	json_add_text(to, "what", why ? why : log_strerror(err), failed);
	json_add_text(to, "cure", cure, failed);
}

/* The arrays of an answer. */
struct status {
	json_object *devices, *takers, *broken, *unreadable;
	unsigned int *vms; /* those that are in takers */
	size_t n_vms;
};

static void add_taker_once(const struct fs_root *root, struct status *status, unsigned int vmid,
			   bool *failed)
{
	for (size_t i = 0; i < status->n_vms; i++)
		if (status->vms[i] == vmid)
			return;
	if (!array_grow(status->vms, status->n_vms)) {
		*failed = true;
		return;
	}
	status->vms[status->n_vms++] = vmid;
	add_taker(root, json_add_object(status->takers, failed), vmid, failed);
}

static void add_records(const struct fs_root *root, struct pci *pci, struct status *status,
			const struct bdf *list, size_t n, bool *failed)
{
	for (size_t i = 0; i < n; i++) {
		auto_free char *why = NULL;
		struct record *record = NULL;
		int err = record_read(root, &list[i], &record, &why);

		if (err)
			add_unreadable(json_add_object(status->unreadable, failed), &list[i], err,
				       why, failed);
		if (!record)
			continue;
		add_record(root, pci, json_add_object(status->devices, failed), record, failed);
		add_taker_once(root, status, record->vmid, failed);
		record_free(record);
	}
}

static void add_broken(json_object *broken, const struct bdf *list, size_t n, bool *failed)
{
	for (size_t i = 0; i < n; i++) {
		auto_free char *file = fs_path("/%s/%s.broken", RECORD_DIR, bdf_text(&list[i]));
		auto_free char *cure = record_by_hand(&list[i]);
		json_object *item = json_add_object(broken, failed);

		*failed |= !file || !cure;
		json_add_text(item, "address", bdf_text(&list[i]), failed);
		json_add_text(item, "file", file, failed);
		json_add_text(item, "cure", cure, failed);
	}
}

int status_json(const struct fs_root *root, unsigned int vmid)
{
	cleanup_with(pci_closep) struct pci *pci = NULL;
	auto_free struct bdf *list = NULL, *broken = NULL;
	json_object *answer;
	struct status status = {0};
	size_t n, n_broken;
	bool failed = false, unreadable;
	int err = record_list(root, &list, &n) ?: record_list_broken(root, &broken, &n_broken);

	(void)vmid;
	if (!err)
		err = pci_open(root, &pci);
	if (err) {
		log_error(_("/%s cannot be read: %s"), RECORD_DIR, log_strerror(err));
		return EXIT_FAILED;
	}
	answer = json_object_new_object();
	status.devices = json_add_array(answer, "devices", &failed);
	status.takers = json_add_array(answer, "takers", &failed);
	status.broken = json_add_array(answer, "broken", &failed);
	status.unreadable = json_add_array(answer, "unreadable", &failed);
	add_records(root, pci, &status, list, n, &failed);
	add_broken(status.broken, broken, n_broken, &failed);
	unreadable = !failed && json_object_array_length(status.unreadable);
	free(status.vms);
	return json_print_root(answer, failed) || unreadable ? EXIT_FAILED : EXIT_DONE;
}
