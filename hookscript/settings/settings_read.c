// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/settings/settings_read.h"

#include "hookscript/pve/pve.h"
#include "hookscript/settings/settings_values.h"
#include "host/base/log.h"

/* The column of the comments in what is printed. */
#define VALUE_WIDTH 48

/* The node's file is read last, so that it wins. No file is no error. */
static int read_files(const struct fs_root *root, unsigned int vmid, struct settings *settings,
		      char **ret_why)
{
	static const char *const paths[] = {SETTINGS_CLUSTER_PATH, SETTINGS_PATH};
	struct settings_reader reader = {.settings = settings};
	auto_free char *node = NULL;
	int err = pve_node_name(root, &node);

	if (err) {
		*ret_why = fs_path(_("this node's name cannot be read: %s"), log_strerror(err));
		return err;
	}
	reader.node = node;
	for (size_t i = 0; !err && i < ARRAY_SIZE(paths); i++) {
		reader.path = paths[i];
		reader.of_cluster = i == 0;
		err = settings_file_read(&reader, root, vmid);
		if (err == -ENOENT)
			err = 0;
		else if (err && !reader.why)
			reader.why = fs_path(_("/%s: cannot be read: %s"), reader.path,
					     log_strerror(err));
	}
	*ret_why = reader.why;
	return err;
}

int settings_read(const struct fs_root *root, unsigned int vmid, struct settings *ret)
{
	char *why = NULL;
	int err;

	*ret = settings_default;
	err = read_files(root, vmid, ret, &why);
	if (err) {
		settings_free(ret);
		ret->err = err;
		ret->error = why;
	}
	return err;
}

/* ---- the struct as text ---- */

/* Ends the line that begins at START with the source of its value. */
static void print_source(struct strbuf *out, size_t start, const struct setting_source *source)
{
	size_t width = out->len - start;

	strbuf_add(out, "%*s", width < VALUE_WIDTH ? (int)(VALUE_WIDTH - width) : 1, "");
	if (source->path)
		strbuf_add(out, "# /%s, line %u\n", source->path, source->line);
	else
		strbuf_add(out, "# default\n");
}

/* Adds the line of a key. */
static void print_key(struct strbuf *out, const char *indent, const struct setting_key *key,
		      const void *object, const struct setting_source *source)
{
	size_t start = out->len;

	strbuf_add(out, "%s%s = ", indent, key->name);
	key->type->write(out, key, object);
	strbuf_add(out, ";");
	print_source(out, start, source);
}

static void print_device(struct strbuf *out, const struct device_setting *device, bool last)
{
	char address[BDF_TEXT_SIZE];
	size_t start = out->len;
	bool any = false;

	strbuf_add(out, "  { address = \"%s\"; id = \"%04x:%04x\";",
		   bdf_format(&device->bdf, address), device->vendor, device->device);
	print_source(out, start, &device->source);
	for (enum device_key key = 0; key < DEVICE_KEYS; key++)
		if (device->from[key].path)
			print_key(out, "    ", &device_keys[key], device, &device->from[key]);
	for (enum device_key key = 0; key < DEVICE_KEYS; key++) {
		if (device->from[key].path)
			continue;
		strbuf_add(out, "%s%s", any ? ", " : "    # default: ", device_keys[key].name);
		any = true;
	}
	strbuf_add(out, "%s  }%s\n", any ? "\n" : "", last ? "" : ",");
}

char *settings_describe(const struct settings *settings)
{
	auto_strbuf struct strbuf text = {0};
	struct strbuf *out = &text;

	for (enum setting_name key = 0; key < SETTING_KEYS; key++)
		print_key(out, "", &settings_keys[key], settings, &settings->from[key]);
	strbuf_add(out, "devices = (\n");
	for (size_t i = 0; i < settings->n_devices; i++)
		print_device(out, &settings->devices[i], i + 1 == settings->n_devices);
	strbuf_add(out, ");\n");
	return strbuf_take(out);
}

void settings_speak_of(const struct fs_root *root, unsigned int vmid)
{
	auto_settings struct settings settings = settings_default;

	if (!settings_read(root, vmid, &settings))
		settings_speak(&settings);
}
