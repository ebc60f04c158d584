// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/check/check_print.h"

#include "host/text/wrap.h"
#include "host/setup/jsontext.h"

#include <stdio.h>
#include <string.h>

static const char *colour(const char *code)
{
	const char *terminal = getenv("TERM");

	if (!isatty(STDOUT_FILENO) || getenv("NO_COLOR") || !terminal || !strcmp(terminal, "dumb"))
		return "";
	return code;
}

static const char *status_colour(enum check_status status)
{
	static const char *const codes[] = {
		[CHECK_OK] = "\033[32m",
		[CHECK_NOTE] = "\033[36m",
		[CHECK_WARNING] = "\033[33m",
		[CHECK_MISSING] = "\033[31m",
	};

	return colour(codes[status]);
}

/* TEXT, and what it takes to fill COLUMNS with it: for "%s%*s". */
#define filled(text, columns) (text), wrap_gap((text), (columns)), ""

/* Where a finding begins. */
#define FINDING_INDENT ((size_t)10)

/* Where its evidence and cure begin: after the longer of their labels in this language. */
static size_t evidence_indent(void)
{
	size_t seen = wrap_width(_("seen:")), cure = wrap_width(_("cure:"));
	size_t n = seen > cure ? seen : cure;

	return FINDING_INDENT + (n > 6 ? n : 6);
}

/* Prints the lines of TEXT after a label, all of them from column END on. */
static void print_labelled(size_t indent, const char *label, size_t end, const char *text)
{
	for (const char *rest = text; *rest; label = "") {
		size_t len = strcspn(rest, "\n");
		auto_free char *line = strndup(rest, len);

		printf("%*s%s%*s", (int)indent, "", filled(label, end - indent));
		if (line)
			wrap_print(stdout, line, end, end);
		rest += len + (rest[len] == '\n');
	}
}

static const char *verdict_text(enum check_verdict verdict)
{
	switch (verdict) {
	case VERDICT_READY: return _("this host is ready to pass devices through");
	case VERDICT_NOT_READY: return _("this host is not ready: see what is missing, above");
	case VERDICT_AFTER_REBOOT: return _("this host will be ready after a reboot");
	case VERDICT_UNTIL_REBOOT:
		return _("this host is ready to pass devices through now, but not after the next "
			 "boot: see the warnings, above");
	}
	return "";
}

void checklist_print(const struct checklist *list, enum check_verdict verdict)
{
	const char *next = _("next: ");

	for (size_t i = 0; i < list->n; i++) {
		const struct check_item *item = &list->items[i];

		printf("%s%s%*s%s  ", status_colour(item->status),
		       filled(_(check_status_name(item->status)), FINDING_INDENT - 2),
		       colour("\033[0m"));
		wrap_print(stdout, item->what, FINDING_INDENT, FINDING_INDENT);
		if (item->evidence)
			print_labelled(FINDING_INDENT, _("seen:"), evidence_indent(),
				       item->evidence);
		if (item->cure)
			print_labelled(FINDING_INDENT, _("cure:"), evidence_indent(), item->cure);
	}
	printf("\n%s\n", verdict_text(verdict));
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].status == CHECK_MISSING && list->items[i].cure) {
			print_labelled(0, next, wrap_width(next), list->items[i].cure);
			break;
		}
}

int checklist_print_json(const struct checklist *list, enum check_verdict verdict)
{
	static const char *const verdicts[] = {
		[VERDICT_READY] = "ready",
		[VERDICT_NOT_READY] = "not-ready",
		[VERDICT_AFTER_REBOOT] = "ready-after-reboot",
		[VERDICT_UNTIL_REBOOT] = "ready-until-reboot",
	};
	json_object *root = json_object_new_object(), *items = json_object_new_array();
	bool failed = false;

	json_add_text(root, "verdict", verdicts[verdict], &failed);
	for (size_t i = 0; i < list->n; i++) {
		const struct check_item *item = &list->items[i];
		json_object *object = json_add_object(items, &failed);

		json_add_text(object, "name", item->name, &failed);
		json_add_text(object, "status", check_status_name(item->status), &failed);
		json_add_text(object, "what", item->what, &failed);
		json_add_text(object, "evidence", item->evidence, &failed);
		json_add_text(object, "cure", item->cure, &failed);
		if (item->vmid)
			json_add(object, "vmid", json_object_new_int64(item->vmid), &failed);
	}
	return json_print(root, "items", items, failed);
}

/* Where the lines of a device begin: after its address. */
#define DEVICE_INDENT ((size_t)16)

#define DRIVER_COLUMNS 14

/* A line about a device, under its name. */
static void print_detail(const char *colour_code, const char *label, const char *text)
{
	size_t indent = DEVICE_INDENT + wrap_width(label);

	printf("%*s%s%s%s", (int)DEVICE_INDENT, "", colour(colour_code), label, colour("\033[0m"));
	wrap_print(stdout, text, indent, indent);
}

static void print_device(const struct device_summary *device)
{
	auto_free char *what = fs_path("%s: %s", device->class_name, device->name);
	char address[BDF_TEXT_SIZE];

	printf("  %s%s%s  ", colour("\033[1m"), bdf_format(&device->bdf, address),
	       colour("\033[0m"));
	/* An address with a long domain moves its own line only. */
	wrap_print(stdout, what ? what : "", 4 + strlen(address), DEVICE_INDENT);
	if (device->bridge) {
		printf("%*s%s\n", (int)DEVICE_INDENT, "", _("a bridge: stays with the host"));
		return;
	}
	printf("%*s", (int)DEVICE_INDENT, "");
	printf(_("driver %s%*s reset %s\n"),
	       filled(device->driver ? device->driver : _("none"), DRIVER_COLUMNS),
	       device->resets ? device->resets : _("none"));
	if (device->vms)
		print_detail("\033[36m", _("used by: "), device->vms);
	if (device->early)
		print_detail("\033[36m", _("early: "), device->early);
	if (device->returned)
		print_detail("", _("so far: "), device->returned);
	if (device->used)
		print_detail("\033[33m", device->dead ? _("dead: ") : _("in use: "), device->used);
	if (device->dead)
		print_detail("", _("cure: "), device_dead_cure());
}

/* The devices that no group has. */
static void print_ungrouped(const struct groups *groups)
{
	const char *none = _("no group   "), *cure = _("cure: ");
	size_t indent = wrap_width(none);

	printf("%s%s", none, colour("\033[33m"));
	wrap_print(stdout, _("cannot be passed through: the IOMMU does not cover these"), indent,
		   indent);
	printf("%s", colour("\033[0m"));
	if (groups->igpu_cure)
		print_labelled(indent, cure, indent + wrap_width(cure), groups->igpu_cure);
	for (size_t i = 0; i < groups->n_ungrouped; i++)
		print_device(groups->ungrouped[i]);
}

/* Where the text after a group's number begins, in each language. */
#define GROUP_INDENT ((size_t)11)

/* What would split a group: a label of GROUP_INDENT, and each way below the other. */
static void print_splits(const struct splits *splits)
{
	const char *label = _("to split it: "), *price = _("but: ");
	size_t indent = GROUP_INDENT + wrap_width(label);

	for (size_t i = 0; i < splits->n; i++) {
		const struct split *split = &splits->items[i];

		printf("%*s%s%*s", (int)GROUP_INDENT, "",
		       filled(i ? "" : label, indent - GROUP_INDENT));
		wrap_print(stdout, split->what, indent, indent);
		if (split->command)
			printf("%*s%s\n", (int)indent, "", split->command);
		if (split->price)
			print_labelled(indent, price, indent + wrap_width(price), split->price);
	}
}

void groups_print(const struct groups *groups)
{
	const char *stays = _("cannot be passed through: "), *together = _("together: ");

	if (!groups->n)
		puts(_("there are no IOMMU groups: the IOMMU is off; see: host-setup check"));
	for (size_t g = 0; g < groups->n; g++) {
		const struct group *group = &groups->items[g];

		printf(_("group %-3d  "), group->number);
		printf("%s%s%s", colour(group->why_not ? "\033[33m" : "\033[32m"),
		       group->why_not ? stays : _("can be passed through"), colour("\033[0m"));
		wrap_print(stdout, group->why_not ? group->why_not : "",
			   GROUP_INDENT + wrap_width(stays), GROUP_INDENT);
		if (group->why_together) {
			printf("%*s%s", (int)GROUP_INDENT, "", together);
			wrap_print(stdout, group->why_together, GROUP_INDENT + wrap_width(together),
				   GROUP_INDENT);
		}
		print_splits(&group->splits);
		for (size_t i = 0; i < group->n_devices; i++)
			print_device(group->devices[i]);
	}
	if (groups->n_ungrouped)
		print_ungrouped(groups);
}

/* Null for a device that no VM has had. */
static void add_returns(json_object *to, const struct device_summary *device, bool *failed)
{
	json_object *object;

	if (!device->returned) {
		json_add_text(to, "came_back", NULL, failed);
		return;
	}
	object = json_object_new_object();
	json_add(object, "times", json_object_new_int64(device->returned_times), failed);
	json_add(object, "of", json_object_new_int64(device->returned_of), failed);
	if (device->returned_last)
		json_add(object, "last", json_object_new_int64(device->returned_last), failed);
	else
		json_add_text(object, "last", NULL, failed);
	json_add(to, "came_back", object, failed);
}

static void add_device(json_object *object, const struct device_summary *device, bool *failed)
{
	char address[BDF_TEXT_SIZE], identity[PCI_IDENTITY_TEXT_SIZE];
	json_object *vms = json_object_new_array();

	json_add_text(object, "address", bdf_format(&device->bdf, address), failed);
	json_add_text(object, "class", device->class_name, failed);
	json_add_text(object, "name", device->name, failed);
	json_add_text(object, "identity", pci_identity_format(&device->identity, identity), failed);
	json_add_text(object, "driver", device->driver, failed);
	json_add_words(object, "reset_method", device->resets, failed);
	json_add(object, "bridge", json_object_new_boolean(device->bridge), failed);
	json_add(object, "dead", json_object_new_boolean(device->dead), failed);
	json_add_text(object, "used", device->used, failed);
	json_add_uses(object, device, failed);
	json_add_text(object, "early", device->early, failed);
	add_returns(object, device, failed);
	for (size_t i = 0; i < device->n_named_by; i++)
		json_add_vm(vms, &device->named_by[i], failed);
	json_add(object, "vms", vms, failed);
}

static void add_split(json_object *object, const struct split *split, bool *failed)
{
	json_object *ports = json_object_new_array();

	json_add_text(object, "how", split_how_name(split->how), failed);
	json_add_text(object, "what", split->what, failed);
	json_add_text(object, "command", split->command, failed);
	json_add_text(object, "price", split->price, failed);
	for (size_t i = 0; i < split->ports.n; i++)
		if (!ports || json_object_array_add(ports, json_object_new_string(bdf_text(
								   &split->ports.items[i]))))
			*failed = true;
	json_add(object, "ports", ports, failed);
}

int groups_print_json(const struct groups *groups)
{
	json_object *root = json_object_new_object(), *items = json_object_new_array();
	json_object *ungrouped = json_object_new_array();
	bool failed = false;

	for (size_t g = 0; g < groups->n; g++) {
		const struct group *group = &groups->items[g];
		json_object *object = json_add_object(items, &failed);
		json_object *devices = json_object_new_array();
		json_object *splits = json_object_new_array();

		json_add(object, "group", json_object_new_int(group->number), &failed);
		json_add(object, "can_be_passed", json_object_new_boolean(!group->why_not),
			 &failed);
		json_add_text(object, "why_not", group->why_not, &failed);
		json_add_text(object, "why_not_code", group->why_not_code, &failed);
		json_add_text(object, "why_together", group->why_together, &failed);
		for (size_t i = 0; i < group->splits.n; i++)
			add_split(json_add_object(splits, &failed), &group->splits.items[i],
				  &failed);
		json_add(object, "splits", splits, &failed);
		for (size_t i = 0; i < group->n_devices; i++)
			add_device(json_add_object(devices, &failed), group->devices[i], &failed);
		json_add(object, "devices", devices, &failed);
	}
	for (size_t i = 0; i < groups->n_ungrouped; i++)
		add_device(json_add_object(ungrouped, &failed), groups->ungrouped[i], &failed);
	json_add(root, "ungrouped", ungrouped, &failed);
	return json_print(root, "groups", items, failed);
}
