// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses name places: a start must not give a guest what has come to sit there since the last.
 */
#include "hookscript/argv.h"
#include "hookscript/planner.h"

#include <stdio.h>
#include <string.h>

/* The addresses where one like the device is now, with ", " between them. */
static char *list_now(const struct moved_device *moved)
{
	auto_free char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	for (size_t i = 0; i < moved->n_now; i++) {
		char address[BDF_TEXT_SIZE];

		fprintf(to, "%s%s", i ? ", " : "", bdf_format(&moved->now[i], address));
	}
	return fclose(to) ? NULL : TAKE_PTR(text);
}

/* Where the device is now, "a device like that is now at 0000:04:00.0", or that it is nowhere. */
static char *where_now(const struct moved_device *moved)
{
	auto_free char *list = list_now(moved);

	if (!list)
		return NULL;
	return moved->n_now ? fs_path(_("a device like that is now at %s"), list)
			    : strdup(_("no device like that is there now"));
}

/* What sits at the address now, and where the device is instead. */
static char *describe_move(const struct moved_device *moved)
{
	char address[BDF_TEXT_SIZE], was[PCI_IDENTITY_TEXT_SIZE], is[PCI_IDENTITY_TEXT_SIZE];
	auto_free char *now = where_now(moved);

	if (!now)
		return NULL;
	bdf_format(&moved->bdf, address);
	pci_identity_format(&moved->was, was);
	if (moved->absent)
		return fs_path(_("%s: at this VM's last start the device here was %s, now there is "
				 "none; hardware was probably added or removed; %s"),
			       address, was, now);
	return fs_path(_("%s: at this VM's last start the device here was %s, now it is %s; "
			 "hardware was probably added or removed; %s"),
		       address, was, pci_identity_format(&moved->is, is), now);
}

/* All moves that are beyond doubt: one place where it was, one where it is. */
static int list_moves(const struct planner *p, struct hostpci_move **ret, size_t *ret_n)
{
	struct hostpci_move *moves = calloc(p->snapshot->n_moved + 1, sizeof(*moves));

	if (!moves)
		return -ENOMEM;
	*ret_n = 0;
	for (size_t i = 0; i < p->snapshot->n_moved; i++) {
		const struct moved_device *moved = &p->snapshot->moved[i];

		if (moved->n_now == 1)
			moves[(*ret_n)++] = (struct hostpci_move){moved->bdf, moved->now[0]};
	}
	*ret = moves;
	return 0;
}

/* The qm set line that follows the device, or NULL when there is none. */
static int follow(const struct planner *p, const struct moved_device *moved, char **ret)
{
	const struct selected *item = selection_of(p->selection, &moved->bdf);
	auto_free struct hostpci_move *moves = NULL;
	auto_free char *value = NULL, *quoted = NULL;
	size_t n;
	int err;

	*ret = NULL;
	if (!item || item->entry == SELECTED_ARGS || item->mapping || moved->n_now != 1)
		return 0;
	err = list_moves(p, &moves, &n);
	if (!err)
		err = hostpci_value_with_moves(p->vm->hostpci[item->entry], moves, n, &value);
	if (err)
		return err == -ENOENT ? 0 : err;
	quoted = argv_quote(value);
	*ret = quoted ? fs_path(_("follow it: qm set %u --hostpci%d %s\n"), p->vmid, item->entry,
				quoted)
		      : NULL;
	return *ret ? 0 : -ENOMEM;
}

static int refuse_moved(struct planner *p, const struct moved_device *moved)
{
	auto_free char *line = NULL;
	int err = follow(p, moved, &line);

	if (err)
		return err;
	return planner_refuse_device(
		p, &moved->bdf, REFUSAL_MOVED, describe_move(moved),
		fs_path(_("%sor take what is there now as the right one: pve-passthrough accept %u\n"
			  "a mapping (Datacenter, Resource Mappings) notices such a change by itself"),
			line ? line : "", p->vmid));
}

int planner_check_identity(struct planner *p)
{
	int err = 0;

	if (p->snapshot->identity_error)
		err = planner_refuse(p, REFUSAL_MOVED, strdup(p->snapshot->identity_error),
				     fs_path(_("take what is there now as the right devices: "
					       "pve-passthrough accept %u"),
					     p->vmid));
	for (size_t i = 0; !err && i < p->snapshot->n_moved; i++)
		err = refuse_moved(p, &p->snapshot->moved[i]);
	return err;
}
