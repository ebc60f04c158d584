// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/settings/settings_read.h"

#include "hookscript/pve/pve.h"
#include "hookscript/settings/settings_values.h"
#include "host/base/log.h"

#include <string.h>

/* Where the comments begin in what is printed, so that they stand below each other. */
#define VALUE_WIDTH 48

/* Reads one file over what it holds. No file is fine. */
static int read_file(const struct fs_root *root, struct settings_reader *reader, unsigned int vmid)
{
	int err = settings_file_read(reader, root, vmid);

	if (err == -ENOENT)
		return 0;
	if (err && !reader->why)
		reader->why = fs_path(_("/%s: cannot be read: %s"), reader->path,
				      log_strerror(err));
	return err;
}

/* The node's file is read last, so that it wins. */
static int read_files(const struct fs_root *root, unsigned int vmid, struct settings *settings,
		      char **ret_why)
{
	struct settings_reader reader = {.settings = settings};
	auto_free char *node = NULL;
	int err = pve_node_name(root, &node);

	if (err) {
		*ret_why = fs_path(_("this node's name cannot be read: %s"), strerror(-err));
		return err;
	}
	reader.node = node;
	reader.path = SETTINGS_CLUSTER_PATH;
	reader.of_cluster = true;
	err = read_file(root, &reader, vmid);
	if (!err) {
		reader.path = SETTINGS_PATH;
		reader.of_cluster = false;
		err = read_file(root, &reader, vmid);
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

/* ---- from the struct back to the text ---- */

/* Ends a line that begins at START, with where its value comes from. */
static void print_source(struct strbuf *out, size_t start, const struct setting_source *source)
{
	size_t width = out->len - start;

	strbuf_add(out, "%*s", width < VALUE_WIDTH ? (int)(VALUE_WIDTH - width) : 1, "");
	if (source->path)
		strbuf_add(out, "# /%s, line %u\n", source->path, source->line);
	else
		strbuf_add(out, "# default\n");
}

/* A line of a key with its value, and where that comes from. */
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
