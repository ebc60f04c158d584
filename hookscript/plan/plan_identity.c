// SPDX-License-Identifier: GPL-2.0-or-later
/* An address is a slot: a start refuses a different device in it than at the last start. */
#include "host/text/argv.h"
#include "hookscript/plan/plan_check.h"
#include "host/text/strbuf.h"

#include <string.h>

/* "0000:04:00.0, 0000:05:00.0" */
static char *list_now(const struct moved_device *moved)
{
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < moved->n_now; i++)
		strbuf_add_item(&text, "%s", bdf_text(&moved->now[i]));
	return strbuf_take(&text);
}

/* Where the device is, or may be, now, or that it is nowhere. */
static char *where_now(const struct moved_device *moved)
{
	auto_free char *list = list_now(moved);

	if (list && moved->found)
		return fs_path(_("that device is now at %s"), list);
	if (list && moved->n_now)
		return fs_path(_("a device like that is now at %s"), list);
	return strdup(moved->n_alike ? _("no free device like that is there now")
				     : _("no device like that is there now"));
}

/* Another one of the same model is at the address. */
static char *describe_twin(const struct moved_device *moved, const char *now)
{
	const struct identity_device *was = &moved->was, *is = &moved->is;
	const char *address = bdf_text(&moved->bdf);

	if (was->serial && is->serial && was->serial != is->serial)
		return fs_path(_("%s: the device here is not that of this VM's last start, but "
				 "another of the same model: its serial number is %016llx, and was "
				 "%016llx; hardware was probably added, removed or replaced; %s"),
			       address, (unsigned long long)is->serial,
			       (unsigned long long)was->serial, now);
	return fs_path(_("%s: the device here is of the same model as that of this VM's last "
			 "start, but in another slot (%s, not %s), so it is probably another one; "
			 "hardware was probably added or removed; %s"),
		       address, is->path, was->path, now);
}

/* What is at the address now, and where the device is instead. */
static char *describe_move(const struct moved_device *moved)
{
	const char *address = bdf_text(&moved->bdf);
	const char *was = pci_identity_text(&moved->was.identity);
	auto_free char *now = where_now(moved);

	if (!now)
		return NULL;
	if (moved->absent)
		return fs_path(_("%s: at this VM's last start the device here was %s, now there is "
				 "none; hardware was probably added or removed; %s"),
			       address, was, now);
	if (pci_identity_alike(&moved->was.identity, &moved->is.identity))
		return describe_twin(moved, now);
	return fs_path(_("%s: at this VM's last start the device here was %s, now it is %s; "
			 "hardware was probably added or removed; %s"),
		       address, was, pci_identity_text(&moved->is.identity), now);
}

/* Whether it can be only one device: that very one, or the only one of its model. */
static bool is_found(const struct moved_device *moved)
{
	return moved->found || (moved->n_now == 1 && moved->n_alike == 1);
}

static struct hostpci_move *list_moves(const struct facts *facts, size_t *ret_n)
{
	struct hostpci_move *moves = calloc(facts->n_moved + 1, sizeof(*moves));

	*ret_n = 0;
	for (size_t i = 0; moves && i < facts->n_moved; i++) {
		const struct moved_device *moved = &facts->moved[i];

		if (is_found(moved))
			moves[(*ret_n)++] = (struct hostpci_move){moved->bdf, moved->now[0]};
	}
	return moves;
}

/* The qm set line that follows the device, if there is one. Returns whether there is. */
static bool cure_by_following(struct plan_check *c, const char *words,
			      const struct moved_device *moved)
{
	const struct candidate *candidate = facts_chosen(c->facts, &moved->bdf);
	auto_free struct hostpci_move *moves = NULL;
	auto_free char *value = NULL, *option = NULL, *quoted = NULL;
	size_t n;
	int err;

	if (!candidate || candidate->entry == ENTRY_ARGS || candidate->mapping || !is_found(moved))
		return false;
	moves = list_moves(c->facts, &n);
	option = fs_path("--hostpci%d", candidate->entry);
	err = moves && option ? hostpci_value_with_moves(c->facts->vm->hostpci[candidate->entry],
							 moves, n, &value)
			      : -ENOMEM;
	if (err == -ENOENT)
		return false;
	quoted = argv_quote(value);
	if (err || !quoted)
		c->err = -ENOMEM;
	else
		cure_command(c, words, "qm set %u %s %s", c->facts->vmid, option, quoted);
	return true;
}

/* Whether its address is that of a VF that was not made, which is refused as such. */
static bool is_absent_vf(const struct facts *facts, const struct moved_device *moved)
{
	for (size_t i = 0; i < facts->n_absent_vfs; i++)
		if (hostpci_address_names(facts->absent_vfs[i].address, &moved->bdf))
			return true;
	return false;
}

/* Whether the address names the device, and another one that is there: a function of its slot. */
static bool is_left_with_others(const struct facts *facts, const struct hostpci_address *address,
				const struct bdf *bdf)
{
	return hostpci_address_names(address, bdf) && facts_have_device_at(facts, address);
}

static bool is_lost(const struct facts *facts, const struct hostpci_address *address)
{
	for (size_t i = 0; i < facts->n_moved; i++)
		if (facts->moved[i].absent && hostpci_address_names(address, &facts->moved[i].bdf))
			return !is_absent_vf(facts, &facts->moved[i]) &&
			       !facts_have_device_at(facts, address);
	return false;
}

/* The entry without all of its addresses that are lost. */
static void cure_by_leaving_out(struct plan_check *c, const char *words, size_t e)
{
	const struct hostpci *entry = c->facts->vm->hostpci[e];
	auto_free struct bdf *lost = calloc(entry->n_hosts + 1, sizeof(*lost));
	auto_free char *value = NULL, *quoted = NULL;
	size_t n = 0;

	for (size_t k = 0; lost && k < entry->n_hosts; k++)
		if (is_lost(c->facts, &entry->hosts[k]))
			lost[n++] = entry->hosts[k].bdf;
	if (lost && n == entry->n_hosts) {
		cure_delete(c, words, e);
		return;
	}
	value = lost ? hostpci_value_without_devices(entry, lost, n) : NULL;
	quoted = value ? argv_quote(value) : NULL;
	if (quoted)
		cure_command(c, words, "qm set %u --hostpci%zu %s", c->facts->vmid, e, quoted);
	else
		c->err = -ENOMEM;
}

/* Only the device that is lost is taken out of the VM, not what its entry names beside it. */
static void cure_by_taking_out(struct plan_check *c, const struct moved_device *moved)
{
	const struct candidate *candidate = facts_chosen(c->facts, &moved->bdf);
	const char *words = _("or, if it was taken out");
	bool with_others = false;

	if (!candidate || candidate->mapping)
		return;
	for (size_t k = 0; k < candidate->n_addresses; k++)
		with_others |= is_left_with_others(c->facts, &candidate->addresses[k], &moved->bdf);
	if (with_others)
		cure_command(c, words, "pve-passthrough accept %u", c->facts->vmid);
	else if (candidate->entry != ENTRY_ARGS)
		cure_by_leaving_out(c, words, (size_t)candidate->entry);
}

/* That nothing is at the address, and where others of its model are: one of them need not be it. */
static char *describe_loss(const struct moved_device *moved)
{
	const char *address = bdf_text(&moved->bdf), *was = pci_identity_text(&moved->was.identity);
	auto_free char *now = list_now(moved);

	if (now && moved->n_now)
		return fs_path(_("%s: at this VM's last start the device here was %s, now there is "
				 "none: it fell off the bus, was taken out, or was turned off in "
				 "the firmware setup; one of the same model is at %s"),
			       address, was, now);
	return fs_path(moved->n_alike
			       ? _("%s: at this VM's last start the device here was %s, now there "
				   "is none, and no free one like it on this host: it fell off the "
				   "bus, was taken out, or was turned off in the firmware setup")
			       : _("%s: at this VM's last start the device here was %s, now there "
				   "is none, and none like it on this host: it fell off the bus, "
				   "was taken out, or was turned off in the firmware setup"),
		       address, was);
}

/* A device of a model that there is more than once is not taken for the one that is gone. */
static void refuse_lost(struct plan_check *c, const struct moved_device *moved)
{
	const char *address = bdf_text(&moved->bdf);

	plan_add_refusal(c, REFUSAL_ABSENT, &moved->bdf, fs_path(_("a device at %s"), address),
			 describe_loss(moved));
	cure_by_log(c, moved->kernel_log);
	if (!moved->kernel_log)
		cure_command(c, _("look for it in the kernel's log"), "journalctl -k -g '%s'",
			     address);
	cure_words(c, _("a card that fell off comes back with a cold start: shut this host down, "
			"disconnect it from power for ten seconds, and switch it on"));
	cure_by_following(c, _("or, if that is the one, follow it"), moved);
	cure_by_taking_out(c, moved);
}

/* What the settings say of a device is by its address, too. */
static void cure_settings(struct plan_check *c, const struct moved_device *moved)
{
	const struct pci_identity *id = &moved->was.identity;
	const struct bdf *places[] = {&moved->bdf, &moved->now[0]};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const struct device_setting *setting = settings_device(
			c->facts->settings, places[i], id->vendor, id->device);

		if (setting)
			cure_command(c, _("and change the addresses in 'devices' of the settings"),
				     "nano +%u /%s", setting->source.line, setting->source.path);
		if (setting)
			return;
	}
}

/* It is known where it is: what is at its address now is not what its VM is to have. */
static void cure_found(struct plan_check *c, const struct moved_device *moved)
{
	const struct candidate *candidate = facts_chosen(c->facts, &moved->bdf);

	if (!cure_by_following(c, _("follow it"), moved) && candidate) {
		if (candidate->entry == ENTRY_ARGS)
			cure_words(c, _("name its new address: qm set %u --args …"),
				   c->facts->vmid);
		else
			cure_words(c, _("name its new address: qm set %u --hostpci%d …"),
				   c->facts->vmid, candidate->entry);
	}
	cure_settings(c, moved);
}

/* What is there may be what another VM has lost by the same change. */
static void cure_by_accepting(struct plan_check *c, const struct moved_device *moved, bool follows)
{
	auto_free char *see = fs_path(_("what is there now is VM %u's device, see"), moved->is_of);
	const char *words = follows ? _("or take what is there now as the right one")
				    : _("take what is there now as the right one");

	if (moved->is_of) {
		cure_command(c, plan_text(c, see), "pve-passthrough plan %u", moved->is_of);
		words = _("or, if this VM is to have that one");
	}
	cure_command(c, words, "pve-passthrough accept %u", c->facts->vmid);
}

/* A mapping knows a device by its model. */
static void cure_other(struct plan_check *c, const struct moved_device *moved)
{
	bool twin = !moved->absent && pci_identity_alike(&moved->was.identity, &moved->is.identity);
	bool follows = moved->found;

	if (moved->found)
		cure_found(c, moved);
	else
		follows = cure_by_following(c, _("if that is the one, follow it"), moved);
	if (!moved->absent && !(twin && moved->found))
		cure_by_accepting(c, moved, follows);
	if (!twin)
		cure_words(c, _("a mapping (Datacenter, Resource Mappings) notices such a change "
				"by itself"));
}

static void refuse_moved(struct plan_check *c, const struct moved_device *moved)
{
	const char *address = bdf_text(&moved->bdf);

	if (moved->absent && is_absent_vf(c->facts, moved))
		return;
	if (moved->absent && !moved->found) {
		refuse_lost(c, moved);
		return;
	}
	plan_add_refusal(c, REFUSAL_MOVED, &moved->bdf,
			 fs_path(moved->absent ? _("the new address of the device at %s")
					       : _("another device is at %s"),
				 address),
			 describe_move(moved));
	cure_other(c, moved);
}

void plan_check_identity(struct plan_check *c)
{
	const struct facts *facts = c->facts;

	if (facts->identity_err) {
		plan_refuse(c, REFUSAL_MOVED, NULL, strdup(_("which devices it had is not known")),
			    "%s", facts->identity_error);
		if (!cure_as_root(c, facts->identity_err))
			cure_command(c, _("take what is there now as the right devices"),
				     "pve-passthrough accept %u", facts->vmid);
	}
	for (size_t i = 0; i < facts->n_moved; i++)
		refuse_moved(c, &facts->moved[i]);
}
