// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/picture/details.h"

#include "host/setup/picture/html.h"

#include <string.h>

/* ---- facts ---- */

/* Takes TEXT over; NULL: the fact is not known, and left out. */
static void add_fact(struct strbuf *page, const char *label, char *text)
{
	if (text) {
		html_element(page, "dt", NULL, label);
		html_element(page, "dd", NULL, text);
	}
	free(text);
}

static char *copied(const char *text)
{
	return text ? strdup(text) : NULL;
}

static void add_command(struct strbuf *page, const char *label, char *command)
{
	if (command) {
		html_element(page, "dt", NULL, label);
		html_open(page, "dd", NULL);
		html_element(page, "code", NULL, command);
		html_close(page, "dd");
	}
	free(command);
}

/* ---- links ---- */

/* "x16 at 8.0 GT/s", a new string; NULL: unknown. */
static char *lanes(const char *width, const char *speed)
{
	size_t len = speed ? strlen(speed) : 0;

	if (len > 5 && !strcmp(speed + len - 5, " PCIe"))
		len -= 5;
	if (width && speed)
		return fs_path(_("x%s at %.*s"), width, (int)len, speed);
	return width ? fs_path("x%s", width) : NULL;
}

/* The port that the device is plugged into, or NULL. */
static const struct picture_device *slot_of(const struct picture *picture,
					    const struct picture_device *device)
{
	return device->above >= 0 && !device->vf ? &picture->items[device->above] : NULL;
}

static char *link_text(const struct picture *picture, const struct picture_device *device)
{
	const struct picture_device *slot = slot_of(picture, device);
	auto_free char *now = lanes(device->link.width, device->link.speed);
	auto_free char *most = lanes(device->link.most_width, device->link.most_speed);
	auto_free char *slots = slot ? lanes(slot->link.most_width, slot->link.most_speed) : NULL;

	if (now && most && slots)
		return fs_path(_("%s now; at most %s, and its slot %s"), now, most, slots);
	if (now && most)
		return fs_path(_("%s now; at most %s"), now, most);
	return now ? fs_path(_("%s now"), now) : NULL;
}

/* "x4 of x16" where it has fewer lanes than both it and its slot could have; else "x16". */
static char *width_text(const struct picture *picture, const struct picture_device *device)
{
	const struct picture_device *slot = slot_of(picture, device);
	unsigned int now, most, slots;

	if (!device->link.width || !number_parse(device->link.width, &now))
		return NULL;
	if (!device->link.most_width || !number_parse(device->link.most_width, &most))
		most = now;
	if (slot && slot->link.most_width && number_parse(slot->link.most_width, &slots) &&
	    slots < most)
		most = slots;
	return now < most ? fs_path(_("x%u of x%u"), now, most) : fs_path("x%u", now);
}

/* ---- attached ---- */

/* "1.0 TB", as disks are sold. */
static char *size_text(uint64_t bytes)
{
	static const char units[] = "kMGTPE";
	double size = (double)bytes / 1000;
	size_t unit = 0;

	while (size >= 1000 && units[unit + 1]) {
		size /= 1000;
		unit++;
	}
	return fs_path(size < 10 ? "%.1f %cB" : "%.0f %cB", size, units[unit]);
}

static const char *kind_text(enum attached_kind kind)
{
	switch (kind) {
	case ATTACHED_DISK: return _("disk");
	case ATTACHED_USB: return _("USB port");
	case ATTACHED_NETWORK: return _("network");
	case ATTACHED_UNKNOWN: return _("what is below it cannot be read:");
	}
	return "";
}

static void add_attached(struct strbuf *page, const struct attached *attached)
{
	if (!attached->n)
		return;
	html_open(page, "ul", "x");
	for (size_t i = 0; i < attached->n; i++) {
		const struct attached_item *part = &attached->items[i];
		auto_free char *size = part->bytes ? size_text(part->bytes) : NULL;

		html_open(page, "li", part->inside ? "in" : NULL);
		html_element(page, "i", NULL, kind_text(part->kind));
		strbuf_add(page, " ");
		html_element(page, "code", NULL, part->name);
		for (size_t k = 0; k < 2; k++) {
			const char *text = k ? size : part->model;

			strbuf_add(page, text ? k && part->model ? ", " : " " : "");
			html_text(page, text);
		}
		html_close(page, "li");
	}
	html_close(page, "ul");
}

/* ---- a device ---- */

const char *details_state(const struct picture_device *device)
{
	const struct device_summary *summary = device->summary;
	bool used = summary->used && !summary->dead;

	if (summary->bridge)
		return "d bridge";
	if (summary->vms)
		return used ? "d vm used" : "d vm";
	if (used)
		return "d used";
	return device->group && !device->group->why_not && !summary->dead ? "d free" : "d";
}

/* What is below is shown in the line itself; its details are shown when it has the focus. */
static void add_line(struct strbuf *page, const struct picture *picture,
		     const struct picture_device *device)
{
	const struct device_summary *summary = device->summary;
	const char *ids = strstr(summary->name, " [") ? strrchr(summary->name, '[') - 1 : NULL;
	auto_free char *name = ids ? strndup(summary->name, (size_t)(ids - summary->name))
				   : strdup(summary->name);
	auto_free char *width = summary->bridge ? NULL : width_text(picture, device);

	strbuf_add(page, "<a href=#%s>", bdf_text(&summary->bdf));
	html_element(page, "code", NULL, bdf_text(&summary->bdf));
	strbuf_add(page, " ");
	html_element(page, "b", NULL, name);
	strbuf_add(page, " ");
	html_open(page, "span", NULL);
	html_text(page, summary->class_name);
	for (size_t i = 0; i < 2; i++) {
		const char *text = i ? width : summary->driver;

		strbuf_add(page, text ? " · " : "");
		html_text(page, text);
	}
	html_close(page, "span");
	if (summary->vms) {
		strbuf_add(page, " ");
		html_element(page, "em", "v", summary->vms);
	}
	if (summary->early)
		html_element(page, "em", "e", _("held early"));
	if (summary->used && !summary->bridge) {
		html_open(page, "em", summary->dead ? "n" : "u");
		html_element(page, "strong", NULL, summary->dead ? _("dead: ") : _("in use: "));
		html_text(page, summary->used);
		html_close(page, "em");
	}
	html_close(page, "a");
}

/* The commands that begin what people do next with it. */
static void add_commands(struct strbuf *page, const struct picture *picture,
			 const struct picture_device *device)
{
	const struct device_summary *summary = device->summary;
	const char *address = bdf_text(&summary->bdf);

	if (summary->bridge)
		return;
	if (summary->dead)
		add_fact(page, _("Cure"), strdup(device_dead_cure()));
	else if (!device->group && device_is_display(summary))
		add_fact(page, _("Cure"), copied(picture->groups.igpu_cure));
	for (size_t i = 0; i < summary->n_named_by; i++)
		add_command(page, i ? "" : _("What the next start would do"),
			    fs_path("pve-passthrough plan %u", summary->named_by[i].vmid));
	if (!summary->n_named_by && !summary->dead && device->group)
		add_command(page,
			    summary->used ? _("How to end that, and to give it to a VM")
					  : _("Give it to a VM"),
			    fs_path("pve-passthrough vm VMID --add %s", address));
	if (!summary->used && !summary->dead && device->group)
		add_command(page, _("See first whether it comes back"),
			    fs_path("pve-passthrough test %s", address));
	if (device->possible && !device->made)
		add_command(page, _("Make virtual functions of it"),
			    fs_path("host-setup sriov %s N", address));
	if (summary->early)
		add_command(page, _("Hold it no longer"),
			    fs_path("host-setup early --remove %s", address));
}

static void add_details(struct strbuf *page, const struct picture *picture,
			const struct picture_device *device)
{
	const struct device_summary *summary = device->summary;
	const struct pci_identity *id = &summary->identity;

	strbuf_add(page, "<dl id=%s>", bdf_text(&summary->bdf));
	add_fact(page, _("Device"),
		 fs_path("%s [%04x:%04x]", bdf_text(&summary->bdf), id->vendor, id->device));
	if (summary->bridge)
		add_fact(page, _("Use"), strdup(_("a bridge: stays with the host")));
	add_fact(page, _("Driver"), strdup(summary->driver ? summary->driver : _("none")));
	if (!summary->bridge)
		add_fact(page, _("Reset"), strdup(summary->resets ? summary->resets : _("none")));
	add_fact(page, _("Link"), link_text(picture, device));
	add_fact(page, _("NUMA node"), copied(device->node));
	if (device->possible)
		add_fact(page, _("Virtual functions"),
			 fs_path(_("%u of %u"), device->made, device->possible));
	add_fact(page, _("VMs"), copied(summary->vms));
	add_fact(page, summary->dead ? _("Dead") : _("In use"),
		 summary->bridge ? NULL : copied(summary->used));
	add_fact(page, _("Held early"), copied(summary->early));
	add_fact(page, _("So far"), copied(summary->returned));
	add_commands(page, picture, device);
	html_close(page, "dl");
}

void details_add_device(struct strbuf *page, const struct picture *picture,
			const struct picture_device *device)
{
	add_line(page, picture, device);
	add_details(page, picture, device);
	add_attached(page, &device->attached);
}

/* ---- a group ---- */

const char *details_verdict_class(const struct group *group)
{
	static const char *const classes[] = {
		[GROUP_CAN] = "g can",
		[GROUP_USED] = "g used",
		[GROUP_BRIDGES] = "g stays",
		[GROUP_CANNOT] = "g cannot",
	};

	return group ? classes[group->verdict] : "g cannot";
}

static void add_splits(struct strbuf *page, const struct splits *splits)
{
	if (splits->n)
		html_element(page, "dt", NULL, _("To split it"));
	for (size_t i = 0; i < splits->n; i++) {
		const struct split *split = &splits->items[i];

		html_open(page, "dd", NULL);
		html_text(page, split->what);
		html_element(page, "code", NULL, split->command);
		if (split->price) {
			html_open(page, "i", NULL);
			html_text(page, _("but: "));
			html_text(page, split->price);
			html_close(page, "i");
		}
		html_close(page, "dd");
	}
}

/* The verdict of GROUP_USED and GROUP_CANNOT is followed by its reason. */
static const char *verdict_text(const struct group *group)
{
	if (!group)
		return _("cannot be passed through: the IOMMU does not cover these");
	switch (group->verdict) {
	case GROUP_CAN: return _("can be passed through");
	case GROUP_BRIDGES: return _("only bridges");
	case GROUP_USED:
	case GROUP_CANNOT: return _("cannot be passed through: ");
	}
	return "";
}

void details_add_group(struct strbuf *page, const struct group *group, bool continued)
{
	auto_free char *title = group ? fs_path(continued ? _("Group %d, continued")
							  : _("Group %d"),
						group->number)
				      : strdup(_("No group"));
	bool more = group && !continued && (group->why_together || group->splits.n);

	if (more)
		strbuf_add(page, "<a class=h href=#g%d>", group->number);
	else
		html_open(page, "p", "h");
	html_element(page, "b", NULL, title);
	strbuf_add(page, " ");
	html_open(page, "span", NULL);
	html_text(page, verdict_text(group));
	if (group && !continued && group->verdict != GROUP_BRIDGES)
		html_text(page, group->why_not);
	html_close(page, "span");
	html_close(page, more ? "a" : "p");
	if (!more)
		return;
	strbuf_add(page, "<dl id=g%d>", group->number);
	add_fact(page, _("Group"), copied(title));
	add_fact(page, _("Together"), copied(group->why_together));
	add_splits(page, &group->splits);
	html_close(page, "dl");
}
