// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/pve/pvesh.h"

#include "host/base/log.h"
#include "host/text/strbuf.h"
#include "host/process/program.h"
#include "host/process/supervise.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

/* More than the mappings of any cluster, or the devices of any node. */
#define ANSWER_MAX ((size_t)8 * 1024 * 1024)

int pvesh_limit_ms = 30000;

static void release(struct json_object **json)
{
	json_object_put(*json);
}

#define auto_json cleanup_with(release)

/* ---- texts ---- */

/* The text of a string, or of a number; NULL: there is none. */
static const char *get_text(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, key, &value) ||
	    json_object_is_type(value, json_type_object) ||
	    json_object_is_type(value, json_type_array))
		return NULL;
	return value ? json_object_get_string(value) : NULL;
}

/* Perl's numbers come as strings, too. */
static bool get_bool(struct json_object *object, const char *key)
{
	const char *text = get_text(object, key);

	return text && *text && strcmp(text, "0") != 0 && strcmp(text, "false") != 0;
}

/* Whether it is "0x" and DIGITS hex digits, into *RET. */
static bool get_hex(struct json_object *object, const char *key, size_t digits, uint32_t *ret)
{
	const char *text = get_text(object, key);
	const char *number = text ? after_prefix(text, "0x") : NULL;

	if (!number || strlen(number) != digits || strspn(number, HEX_LOWER) != digits)
		return false;
	*ret = (uint32_t)strtoul(number, NULL, 16);
	return true;
}

/* ---- a mapping ---- */

static int add_lines(struct json_object *list, struct pvesh_mapping *ret)
{
	size_t n;

	/* No mapping is without lines: they would be lost when it is written. */
	if (!json_object_is_type(list, json_type_array))
		return -EBADMSG;
	n = json_object_array_length(list);
	for (size_t i = 0; i < n; i++) {
		struct json_object *line = json_object_array_get_idx(list, i);

		/* A NUL could not be handed back. */
		if (!json_object_is_type(line, json_type_string) ||
		    strlen(json_object_get_string(line)) !=
			    (size_t)json_object_get_string_len(line))
			return -EBADMSG;
		if (!array_grow(ret->lines, ret->n_lines))
			return -ENOMEM;
		ret->lines[ret->n_lines] = strdup(json_object_get_string(line));
		if (!ret->lines[ret->n_lines])
			return -ENOMEM;
		ret->n_lines++;
	}
	return 0;
}

/* Warnings are that a node has no entry. */
static int add_errors(struct json_object *list, struct pvesh_mapping *ret)
{
	size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < n; i++) {
		struct json_object *check = json_object_array_get_idx(list, i);
		const char *severity = get_text(check, "severity");
		const char *message = get_text(check, "message");

		if (severity && !strcmp(severity, "error"))
			strbuf_add(&text, "%s%.*s", text.len ? "; " : "",
				   message ? (int)strcspn(message, "\n") : 1,
				   message ? message : "?");
	}
	if (!text.len && !text.failed)
		return 0;
	ret->errors = strbuf_take(&text);
	return ret->errors ? 0 : -ENOMEM;
}

static int add_mapping(struct json_object *json, struct pvesh_mapping *ret)
{
	struct json_object *list = NULL;
	int err;

	ret->exists = true;
	ret->mdev = get_bool(json, "mdev");
	json_object_object_get_ex(json, "map", &list);
	err = add_lines(list, ret);
	list = NULL;
	json_object_object_get_ex(json, "checks", &list);
	return err ? err : add_errors(list, ret);
}

int pvesh_parse_mapping(const char *json, const char *name, struct pvesh_mapping *ret)
{
	auto_pvesh_mapping struct pvesh_mapping mapping = {0};
	auto_json struct json_object *list = json_tokener_parse(json);
	int err = 0;

	if (!json_object_is_type(list, json_type_array))
		return -EBADMSG;
	for (size_t i = 0; !err && i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);
		const char *id = get_text(item, "id"), *digest = get_text(item, "digest");

		if (!mapping.digest && digest) {
			mapping.digest = strdup(digest);
			err = mapping.digest ? 0 : -ENOMEM;
		}
		if (!err && id && !strcmp(id, name) && !mapping.exists)
			err = add_mapping(item, &mapping);
	}
	if (err)
		return err;
	*ret = mapping;
	mapping = (struct pvesh_mapping){0};
	return 0;
}

void pvesh_mapping_free(struct pvesh_mapping *mapping)
{
	for (size_t i = 0; i < mapping->n_lines; i++)
		free(mapping->lines[i]);
	free(mapping->lines);
	free(mapping->digest);
	free(mapping->errors);
	*mapping = (struct pvesh_mapping){0};
}

/* ---- devices ---- */

static int read_group(struct json_object *item)
{
	const char *text = get_text(item, "iommugroup");
	unsigned int group;

	return text && number_parse(text, &group) ? (int)group : -1;
}

static int read_device(struct json_object *item, struct pvesh_device *ret)
{
	const char *id = get_text(item, "id"), *name = get_text(item, "device_name");
	uint32_t vendor, device, subvendor = 0, subdevice = 0, class = 0;
	struct pvesh_device read = {0};

	if (!id || bdf_parse(id, &read.bdf) || !get_hex(item, "vendor", 4, &vendor) ||
	    !get_hex(item, "device", 4, &device))
		return -EBADMSG;
	read.has_subsystem = get_hex(item, "subsystem_vendor", 4, &subvendor) &&
			     get_hex(item, "subsystem_device", 4, &subdevice);
	get_hex(item, "class", 6, &class);
	read.identity = (struct pci_identity){(uint16_t)vendor, (uint16_t)device,
					      (uint16_t)subvendor, (uint16_t)subdevice, class};
	read.group = read_group(item);
	read.mdev = get_bool(item, "mdev");
	read.name = strdup(name ? name : "");
	if (!read.name)
		return -ENOMEM;
	*ret = read;
	return 0;
}

int pvesh_parse_devices(const char *json, struct pvesh_devices *ret)
{
	auto_pvesh_devices struct pvesh_devices list = {0};
	auto_json struct json_object *answer = json_tokener_parse(json);
	int err = 0;

	if (!json_object_is_type(answer, json_type_array))
		return -EBADMSG;
	for (size_t i = 0; !err && i < json_object_array_length(answer); i++) {
		if (!array_grow(list.items, list.n))
			return -ENOMEM;
		err = read_device(json_object_array_get_idx(answer, i), &list.items[list.n]);
		list.n += !err;
	}
	if (err)
		return err;
	*ret = list;
	list = (struct pvesh_devices){0};
	return 0;
}

void pvesh_devices_free(struct pvesh_devices *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i].name);
	free(list->items);
	*list = (struct pvesh_devices){0};
}

/* ---- the program ---- */

static char *explain(const struct fs_root *root, const struct program *program, int err,
		     const struct program_end *end)
{
	auto_strbuf struct strbuf text = {0};
	auto_free char *why = err == -EBADMSG ? strdup(_("its answer cannot be understood"))
					      : program_explain(root, program, err, end);

	if (err == -EXDEV)
		return TAKE_PTR(why);
	for (size_t i = 0; program->args[i]; i++)
		strbuf_add(&text, "%s%s", i ? " " : "`", program->args[i]);
	strbuf_add(&text, _("` failed: %s"), why ? why : log_strerror(err));
	return strbuf_take(&text);
}

/* Runs `pvesh get` with ARGS, and hands its answer to READ. */
static int get(const struct fs_root *root, const char *const *args,
	       int (*read)(const char *json, const void *name, void *ret), const void *name,
	       void *ret, char **ret_why)
{
	const struct program program = {
		.args = args, .limit_ms = pvesh_limit_ms, .max = ANSWER_MAX};
	auto_program_end struct program_end end = {0};
	int err;

	supervise_allow(pvesh_limit_ms);
	err = program_act(root, &program, &end);
	supervise_allow(supervise_read_ms);
	if (!err)
		err = end.cut ? -EBADMSG : read(end.output, name, ret);
	if (err)
		*ret_why = explain(root, &program, err, &end);
	return err;
}

static int read_mapping(const char *json, const void *name, void *ret)
{
	return pvesh_parse_mapping(json, name, ret);
}

static int read_devices(const char *json, const void *name, void *ret)
{
	(void)name;
	return pvesh_parse_devices(json, ret);
}

int pvesh_read_mapping(const struct fs_root *root, const char *name, const char *node,
		       struct pvesh_mapping *ret, char **ret_why)
{
	const char *const args[] = {"pvesh",
				    "get",
				    "/cluster/mapping/pci",
				    "--output-format",
				    "json",
				    node ? "--check-node" : NULL,
				    node,
				    NULL};

	return get(root, args, read_mapping, name, ret, ret_why);
}

/* Left to itself, it leaves out memory controllers and coprocessors, too. */
int pvesh_read_devices(const struct fs_root *root, const char *node, struct pvesh_devices *ret,
		       char **ret_why)
{
	auto_free char *path = fs_path("/nodes/%s/hardware/pci", node);
	const char *const args[] = {
		"pvesh", "get", path, "--output-format", "json", "--pci-class-blacklist",
		"06",	 NULL};

	return path ? get(root, args, read_devices, NULL, ret, ret_why) : -ENOMEM;
}
