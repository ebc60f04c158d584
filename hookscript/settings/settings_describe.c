// SPDX-License-Identifier: GPL-2.0-or-later
/* The struct as text. */
#include "hookscript/settings/settings_read.h"

#include "hookscript/settings/settings_values.h"

/* The column of the comments in what is printed. */
#define VALUE_WIDTH 48

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

/* Each entry that has a key, in the VM's group. */
static void print_vfs(struct strbuf *out, const struct settings *settings)
{
	bool any = false;

	for (unsigned int e = 0; e < HOSTPCI_MAX; e++) {
		const struct vf_setting *vf = &settings->vfs[e];

		if (!vf_setting_any(vf))
			continue;
		if (!any)
			strbuf_add(out, "vm%u = {\n", settings->vmid);
		any = true;
		strbuf_add(out, "  hostpci%u = {\n", e);
		for (enum vf_key key = 0; key < VF_KEYS; key++)
			if (vf_setting_has(vf, key))
				print_key(out, "    ", &vf_keys[key], vf, &vf->from[key]);
		strbuf_add(out, "  };\n");
	}
	if (any)
		strbuf_add(out, "};\n");
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
	print_vfs(out, settings);
	return strbuf_take(out);
}
