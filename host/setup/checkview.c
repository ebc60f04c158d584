// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/checkview.h"

#include "host/log.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS 80

static const char *colour(const char *code)
{
	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") ? code : "";
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

/* How many columns the LEN bytes at TEXT take: as many as it has letters. */
static size_t width(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

/* Prints TEXT, which may hold anything, wrapped at blanks behind INDENT columns; the cursor is at
 * COLUMN. */
static void print_wrapped_at(const char *text, size_t column, size_t indent)
{
	auto_free char *safe = log_printable(text);
	bool first = true; /* on its line */

	for (const char *at = safe; at && *at;) {
		size_t word = strcspn(at, " ");

		if (column + !first + width(at, word) > COLUMNS && column > indent) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			putchar(' ');
			column++;
		}
		first = false;
		printf("%.*s", (int)word, at);
		column += width(at, word);
		at += word;
		at += strspn(at, " ");
	}
	putchar('\n');
}

static void print_wrapped(const char *text, size_t indent)
{
	print_wrapped_at(text, indent, indent);
}

/* Prints the lines of TEXT under a label of six columns. */
static void print_labelled(const char *label, const char *text)
{
	for (const char *rest = text; *rest; label = "") {
		size_t len = strcspn(rest, "\n");
		auto_free char *line = strndup(rest, len);

		printf("          %-6s", label);
		if (line)
			print_wrapped(line, 16);
		rest += len + (rest[len] == '\n');
	}
}

static const char *verdict_text(enum check_verdict verdict)
{
	switch (verdict) {
	case VERDICT_READY: return "this host is ready to pass devices through";
	case VERDICT_NOT_READY: return "this host is not ready: see what is missing, above";
	case VERDICT_AFTER_REBOOT: return "this host will be ready after a reboot";
	}
	return "";
}

void checkview_print(const struct checklist *list, enum check_verdict verdict)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct check_item *item = &list->items[i];

		printf("%s%-8s%s  ", status_colour(item->status), check_status_name(item->status),
		       colour("\033[0m"));
		print_wrapped(item->what, 10);
		if (item->evidence)
			print_labelled("seen:", item->evidence);
		if (item->cure)
			print_labelled("cure:", item->cure);
	}
	printf("\n%s\n", verdict_text(verdict));
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].status == CHECK_MISSING && list->items[i].cure) {
			fputs("next: ", stdout);
			print_wrapped(list->items[i].cure, 6);
			break;
		}
}

static int add(json_object *object, const char *key, json_object *value)
{
	if (value && !json_object_object_add(object, key, value))
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

/* A text, or null. */
static int add_text(json_object *object, const char *key, const char *text)
{
	if (!text)
		return json_object_object_add(object, key, NULL) ? -ENOMEM : 0;
	return add(object, key, json_object_new_string(text));
}

/* Prints and frees ROOT; with ERR, only frees it. Returns ERR. */
static int finish_json(json_object *root, int err)
{
	if (!err)
		puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
								  JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(root);
	return err;
}

static int add_item(json_object *array, const struct check_item *item)
{
	json_object *object = json_object_new_object();
	int err;

	if (!object || json_object_array_add(array, object)) {
		json_object_put(object);
		return -ENOMEM;
	}
	err = add_text(object, "name", item->name);
	if (!err)
		err = add_text(object, "status", check_status_name(item->status));
	if (!err)
		err = add_text(object, "what", item->what);
	if (!err)
		err = add_text(object, "evidence", item->evidence);
	return err ? err : add_text(object, "cure", item->cure);
}

static const char *verdict_name(enum check_verdict verdict)
{
	switch (verdict) {
	case VERDICT_READY: return "ready";
	case VERDICT_NOT_READY: return "not-ready";
	case VERDICT_AFTER_REBOOT: return "ready-after-reboot";
	}
	return NULL;
}

int checkview_print_json(const struct checklist *list, enum check_verdict verdict)
{
	json_object *root = json_object_new_object();
	json_object *items = json_object_new_array();
	int err;

	if (!root) {
		json_object_put(items);
		return -ENOMEM;
	}
	err = add_text(root, "verdict", verdict_name(verdict));
	if (err) {
		json_object_put(items);
		return finish_json(root, err);
	}
	err = add(root, "items", items);
	for (size_t i = 0; !err && i < list->n; i++)
		err = add_item(items, &list->items[i]);
	return finish_json(root, err);
}

/* Where all about a device begins: behind its address. */
#define DEVICE_INDENT ((size_t)16)

/* A line about a device, under its name. */
static void print_detail(const char *colour_code, const char *label, const char *text)
{
	printf("%*s%s%s%s ", (int)DEVICE_INDENT, "", colour(colour_code), label, colour("\033[0m"));
	print_wrapped_at(text, DEVICE_INDENT + strlen(label) + 1,
			 DEVICE_INDENT + strlen(label) + 1);
}

static void print_device(const struct group_device *device)
{
	auto_free char *what = fs_path("%s: %s", device->class_name, device->name);
	char address[BDF_TEXT_SIZE];

	printf("  %s%s%s  ", colour("\033[1m"), bdf_format(&device->bdf, address),
	       colour("\033[0m"));
	/* An address with a long domain moves its own line only. */
	print_wrapped_at(what ? what : "", 4 + strlen(address), DEVICE_INDENT);
	if (device->bridge) {
		printf("%*sa bridge: stays with the host\n", (int)DEVICE_INDENT, "");
		return;
	}
	printf("%*sdriver %-14s reset %s\n", (int)DEVICE_INDENT, "",
	       device->driver ? device->driver : "none", device->resets ? device->resets : "none");
	if (device->vms)
		print_detail("\033[36m", "named by:", device->vms);
	if (device->used)
		print_detail("\033[33m", "in use:", device->used);
}

/* Columns of a group's head: its number, and what is said of it. */
#define GROUP_INDENT ((size_t)11)

void groupsview_print(const struct groups *groups)
{
	static const char stays[] = "stays with the host: ", together[] = "together: ";

	if (!groups->n)
		puts("there are no IOMMU groups: the IOMMU is off; see: host-setup check");
	for (size_t g = 0; g < groups->n; g++) {
		const struct group *group = &groups->items[g];

		printf("group %-3d  %s%s%s", group->number,
		       colour(group->why_not ? "\033[33m" : "\033[32m"),
		       group->why_not ? stays : "can be passed through", colour("\033[0m"));
		print_wrapped_at(group->why_not ? group->why_not : "", GROUP_INDENT + strlen(stays),
				 GROUP_INDENT);
		if (group->why_together) {
			printf("%*s%s", (int)GROUP_INDENT, "", together);
			print_wrapped_at(group->why_together, GROUP_INDENT + strlen(together),
					 GROUP_INDENT);
		}
		for (size_t i = 0; i < group->n_devices; i++)
			print_device(&group->devices[i]);
	}
}

static int add_device(json_object *array, const struct group_device *device)
{
	json_object *object = json_object_new_object();
	char address[BDF_TEXT_SIZE], identity[PCI_IDENTITY_TEXT_SIZE];
	int err;

	if (!object || json_object_array_add(array, object)) {
		json_object_put(object);
		return -ENOMEM;
	}
	err = add_text(object, "address", bdf_format(&device->bdf, address));
	if (!err)
		err = add_text(object, "class", device->class_name);
	if (!err)
		err = add_text(object, "name", device->name);
	if (!err)
		err = add_text(object, "identity",
			       pci_identity_format(&device->identity, identity));
	if (!err)
		err = add_text(object, "driver", device->driver);
	if (!err)
		err = add_text(object, "reset_method", device->resets);
	if (!err)
		err = add(object, "bridge", json_object_new_boolean(device->bridge));
	if (!err)
		err = add_text(object, "used", device->used);
	return err ? err : add_text(object, "vms", device->vms);
}

static int add_group(json_object *array, const struct group *group)
{
	json_object *object = json_object_new_object();
	json_object *devices = NULL;
	int err;

	if (!object || json_object_array_add(array, object)) {
		json_object_put(object);
		return -ENOMEM;
	}
	err = add(object, "group", json_object_new_int(group->number));
	if (!err)
		err = add(object, "can_be_passed", json_object_new_boolean(!group->why_not));
	if (!err)
		err = add_text(object, "why_not", group->why_not);
	if (!err)
		err = add_text(object, "why_together", group->why_together);
	if (!err) {
		devices = json_object_new_array();
		err = add(object, "devices", devices);
	}
	for (size_t i = 0; !err && i < group->n_devices; i++)
		err = add_device(devices, &group->devices[i]);
	return err;
}

int groupsview_print_json(const struct groups *groups)
{
	json_object *root = json_object_new_object();
	json_object *array = json_object_new_array();
	int err;

	if (!root) {
		json_object_put(array);
		return -ENOMEM;
	}
	err = add(root, "groups", array);
	for (size_t i = 0; !err && i < groups->n; i++)
		err = add_group(array, &groups->items[i]);
	return finish_json(root, err);
}
