// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/args.h"

#include <json-c/json.h>
#include <string.h>

#include "vmcfg/text/text.h"

/* The properties of a -device that count here. */
enum property { DRIVER, HOST, SYSFSDEV, PROPERTIES };

static const char *const property_names[PROPERTIES] = {
	[DRIVER] = "driver",
	[HOST] = "host",
	[SYSFSDEV] = "sysfsdev",
};

struct properties {
	char *values[PROPERTIES]; /* NULL: not given */
};

static void free_properties(struct properties *p)
{
	for (size_t i = 0; i < PROPERTIES; i++)
		free(p->values[i]);
}

#define auto_properties cleanup_with(free_properties)

/* --- the line into words --- */

/*
 * Writes the next word, which may consist of quoted and unquoted pieces, to TO, which is as long as
 * the line. Between double quotes and outside quotes a backslash makes the byte after it an
 * ordinary one and is removed; between single quotes, unlike in a shell, it does so too but stays.
 * Returns 1; 0 at the end of the line; -EINVAL when a quote is not closed or nothing follows a
 * backslash.
 */
static int next_word(struct text *rest, char *to)
{
	char quote = '\0';

	*rest = text_skip(*rest, text_span(*rest, char_is_space));
	if (!rest->len)
		return 0;
	for (; rest->len && (quote || !char_is_space(rest->at[0])); *rest = text_skip(*rest, 1)) {
		char c = rest->at[0];

		if (quote ? c == quote : c == '"' || c == '\'') {
			quote = quote ? '\0' : c;
			continue;
		}
		if (c == '\\') {
			if (quote == '\'')
				*to++ = c;
			*rest = text_skip(*rest, 1);
			if (!rest->len)
				return -EINVAL;
			c = rest->at[0];
		}
		*to++ = c;
	}
	*to = '\0';
	return quote ? -EINVAL : 1;
}

/* --- the argument of -device into properties --- */

/* Takes ownership of VALUE, also on failure; NULL is no memory. */
static int set_property(struct properties *p, struct text name, char *value)
{
	if (!value)
		return -ENOMEM;
	for (size_t i = 0; i < PROPERTIES; i++) {
		if (!text_is(name, property_names[i]))
			continue;
		free(p->values[i]);
		p->values[i] = value;
		return 0;
	}
	free(value);
	return 0;
}

/* Takes a value off *TEXT, to the ',' after it and with it. NULL without memory. */
static char *take_value(const char **text)
{
	char *value = malloc(strlen(*text) + 1), *to = value;

	if (!value)
		return NULL;
	for (; **text; (*text)++) {
		if (**text == ',' && *++*text != ',')
			break;
		*to++ = **text;
	}
	*to = '\0';
	return value;
}

static int read_pairs(const char *text, struct properties *p)
{
	bool first = true;
	int r = 0;

	for (; !r && *text; first = false) {
		struct text name = {text, strcspn(text, "=,")};
		bool pair = text[name.len] == '=';

		if (pair || !first)
			text += name.len + (text[name.len] != '\0');
		if (pair)
			r = set_property(p, name, take_value(&text));
		else if (first)
			r = set_property(p, text_of("driver"), take_value(&text));
		else if (text_take(&name, "no"))
			r = set_property(p, name, strdup("off"));
		else
			r = set_property(p, name, strdup("on"));
	}
	return r;
}

/* The value of a property that is not a string is its JSON text, which is not an address. */
static int read_json_property(json_object *object, enum property property, struct properties *p)
{
	json_object *value;
	const char *text;

	if (!json_object_object_get_ex(object, property_names[property], &value))
		return 0;
	text = value ? json_object_get_string(value) : "null";
	return set_property(p, text_of(property_names[property]), text ? strdup(text) : NULL);
}

/* Where json-c accepts more than QEMU does, QEMU fails. Returns -EINVAL when TEXT is not a JSON
 * object. */
static int read_json(const char *text, struct properties *p)
{
	json_object *object = json_tokener_parse(text);
	int err = json_object_is_type(object, json_type_object) ? 0 : -EINVAL;

	for (enum property i = 0; !err && i < PROPERTIES; i++)
		err = read_json_property(object, i, p);
	json_object_put(object);
	return err;
}

/* --- properties into a device --- */

/* Takes a number as QEMU does, by strtoul(3), and SEPARATOR, which may be the NUL at the end, off
 * *TEXT. */
static bool take_number(const char **text, int base, unsigned int max, char separator,
			unsigned int *ret)
{
	char *end;
	unsigned long number = strtoul(*text, &end, base);

	if (end == *text || number > max || *end != separator)
		return false;
	*text = end + 1;
	*ret = (unsigned int)number;
	return true;
}

/* [DOMAIN:]BUS:SLOT.FUNCTION (QEMU, hw/core/qdev-properties-system.c). */
static bool parse_host(const char *value, struct bdf *ret)
{
	const char *rest = value;
	unsigned int domain = 0, bus, slot, function;

	if (!take_number(&rest, 16, 0xffff, ':', &domain) ||
	    !take_number(&rest, 16, 0xff, ':', &bus)) {
		domain = 0;
		rest = value;
		if (!take_number(&rest, 16, 0xff, ':', &bus))
			return false;
	}
	if (!take_number(&rest, 16, 0x1f, '.', &slot) ||
	    !take_number(&rest, 10, 7, '\0', &function))
		return false;
	*ret = (struct bdf){domain, (uint8_t)bus, (uint8_t)slot, (uint8_t)function};
	return true;
}

/* Removes the slashes at the end of PATH, and returns what is after the last one left. */
static const char *last_component(char *path)
{
	size_t len = strlen(path);
	const char *slash;

	while (len && path[len - 1] == '/')
		path[--len] = '\0';
	slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* What a -device is that has no PCI device. */
enum { NO_DEVICE = 1, MEDIATED };

/*
 * VFIO is asked for the device by the last component, so a link of another name leads nowhere.
 * Returns 0, MEDIATED, or as text_refuse() does.
 */
static int read_sysfsdev(char *path, struct bdf *ret, char **ret_why)
{
	const char *name = last_component(path);

	if (text_is_uuid(text_of(name)))
		return MEDIATED;
	if (!bdf_parse(name, ret))
		return 0;
	return text_refuse_part(ret_why, text_of(path),
				_("the path of sysfsdev= must end in the device's address, like "
				  "/sys/bus/pci/devices/0000:01:00.0, unlike"));
}

/* As read_sysfsdev(). QEMU wants host= to be good even where sysfsdev= makes it unused. */
static int read_device(struct properties *p, struct bdf *ret, char **ret_why)
{
	struct bdf host;

	if (p->values[HOST] && !parse_host(p->values[HOST], &host))
		return text_refuse_part(ret_why, text_of(p->values[HOST]),
					_("host= must be an address with a function, like "
					  "0000:01:00.0 or 01:00.0, not"));
	if (p->values[SYSFSDEV])
		return read_sysfsdev(p->values[SYSFSDEV], ret, ret_why);
	if (!p->values[HOST])
		return text_refuse(ret_why, _("neither host= nor sysfsdev= says which device"));
	*ret = host;
	return 0;
}

static bool is_vfio_pci(const struct properties *p)
{
	const char *driver = p->values[DRIVER];

	return driver && text_is_one_of(text_of(driver), "vfio-pci|vfio-pci-nohotplug");
}

/* --- all of it --- */

/* Returns as read_device(); NO_DEVICE for what is none of VFIO's. */
static int judge_argument(const char *text, struct args_device *device)
{
	auto_properties struct properties p = {{NULL}};
	int r = text[0] == '{' ? read_json(text, &p) : read_pairs(text, &p);

	if (r == -EINVAL)
		return strstr(text, "vfio-pci")
			       ? text_refuse(&device->why,
					     _("it starts like JSON, but is not valid JSON"))
			       : NO_DEVICE;
	if (r)
		return r;
	return is_vfio_pci(&p) ? read_device(&p, &device->bdf, &device->why) : NO_DEVICE;
}

static int add_mdev(struct args *args, const char *text)
{
	char *copy = strdup(text);

	if (!copy || !array_grow(args->mdevs, args->n_mdevs)) {
		free(copy);
		return -ENOMEM;
	}
	args->mdevs[args->n_mdevs++] = copy;
	return 0;
}

static int read_argument(struct args *args, const char *text)
{
	struct args_device device = {0};
	int r = judge_argument(text, &device);

	if (r == NO_DEVICE || r == -ENOMEM)
		return r == NO_DEVICE ? 0 : r;
	if (r == MEDIATED)
		return add_mdev(args, text);
	device.text = strdup(text);
	if (!device.text || !array_grow(args->devices, args->n_devices)) {
		free(device.text);
		free(device.why);
		return -ENOMEM;
	}
	args->devices[args->n_devices++] = device;
	return 0;
}

/* --- nodes of the host --- */

static int add_node(struct node_paths *nodes, struct text path)
{
	auto_free char *key = strdup("args"), *copy = text_dup(path);

	for (size_t i = 0; i < nodes->n; i++)
		if (text_is(path, nodes->items[i].path))
			return 0;
	if (!key || !copy || !array_grow(nodes->items, nodes->n))
		return -ENOMEM;
	nodes->items[nodes->n++] = (struct node_path){TAKE_PTR(key), TAKE_PTR(copy)};
	return 0;
}

/* A path begins with the word, with a value ("file=", "host_device:"), or with a string of JSON,
 * and ends with it. */
static int add_nodes(struct node_paths *nodes, const char *word)
{
	int err = 0;

	for (const char *at = strstr(word, "/dev/"); !err && at; at = strstr(at, "/dev/")) {
		struct text path = {at, strcspn(at, ",\"")};
		bool begins = at == word || strchr("=:\"", at[-1]);

		at += path.len;
		if (begins && node_path_is_one(path))
			err = add_node(nodes, path);
	}
	return err;
}

/* Options that decide where the guest's memory comes from; with one dash or two. A device's own
 * -object memory-backend-… (ivshmem) is none. */
static bool sets_memory(const char *word)
{
	struct text option = text_of(word);

	if (strstr(word, "memory-backend="))
		return true;
	return text_take(&option, "-") && (text_take(&option, "-"), true) &&
	       text_is_one_of(option, "m|mem-path|numa");
}

/* As next_word(). */
static int read_words(struct args *args, struct text rest)
{
	auto_free char *word = malloc(rest.len + 1);
	bool is_argument = false;
	int r, err = 0;

	if (!word)
		return -ENOMEM;
	for (r = next_word(&rest, word); r > 0 && !err; r = next_word(&rest, word)) {
		if (is_argument)
			err = read_argument(args, word);
		if (!err)
			err = add_nodes(&args->nodes, word);
		args->memory |= sets_memory(word);
		is_argument = !is_argument && text_is_one_of(text_of(word), "-device|--device");
	}
	return err ? err : r;
}

static void free_found(struct args *args)
{
	for (size_t i = 0; i < args->n_devices; i++) {
		free(args->devices[i].text);
		free(args->devices[i].why);
	}
	free(args->devices);
	args->devices = NULL;
	args->n_devices = 0;
	for (size_t i = 0; i < args->n_mdevs; i++)
		free(args->mdevs[i]);
	free(args->mdevs);
	args->mdevs = NULL;
	args->n_mdevs = 0;
	node_paths_free(&args->nodes);
}

int args_parse(const char *value, size_t len, struct args **ret)
{
	cleanup_with(args_freep) struct args *args = calloc(1, sizeof(*args));
	int r;

	if (!args)
		return -ENOMEM;
	r = read_words(args, (struct text){value, len});
	if (r == -EINVAL) {
		/* QEMU does not get the words before it either. */
		free_found(args);
		args->memory = false;
		args->dropped = strdup(
			_("a quote is not closed, or a backslash is the last character"));
		r = args->dropped ? 0 : -ENOMEM;
	}
	if (!r)
		*ret = TAKE_PTR(args);
	return r;
}

void args_free(struct args *args)
{
	if (!args)
		return;
	free_found(args);
	free(args->dropped);
	free(args);
}
