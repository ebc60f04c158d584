// SPDX-License-Identifier: GPL-2.0-or-later
/* From the struct back to the text. */
#include "hookscript/settings_reader.h"

#include "hookscript/conftext.h"

#include <string.h>

/* Where the comments begin, so that they stand below each other. */
#define VALUE_WIDTH 48

static void print_texts(struct strbuf *out, char *const *texts, size_t n)
{
	strbuf_add(out, "[ ");
	for (size_t i = 0; i < n; i++) {
		strbuf_add(out, "%s", i ? ", " : "");
		conftext_put_string(out, texts[i]);
	}
	strbuf_add(out, "%s", n ? " ]" : "]");
}

static void print_numbers(struct strbuf *out, const unsigned int *numbers, size_t n)
{
	strbuf_add(out, "[ ");
	for (size_t i = 0; i < n; i++)
		strbuf_add(out, "%s%u", i ? ", " : "", numbers[i]);
	strbuf_add(out, "%s", n ? " ]" : "]");
}

static void print_kinds(struct strbuf *out, unsigned int kinds)
{
	bool first = true;

	strbuf_add(out, "[ ");
	for (unsigned int i = 0; kinds >> i; i++) {
		if (!(kinds & 1U << i))
			continue;
		strbuf_add(out, "%s\"%s\"", first ? "" : ", ", usage_kind_name((enum usage_kind)i));
		first = false;
	}
	strbuf_add(out, "%s", first ? "]" : " ]");
}

static void print_return_to(struct strbuf *out, const struct device_setting *device)
{
	switch (device->return_to) {
	case RETURN_TO_RECORDED: conftext_put_string(out, "recorded"); break;
	case RETURN_TO_NONE: conftext_put_string(out, "none"); break;
	case RETURN_TO_DRIVER: conftext_put_string(out, device->return_driver); break;
	}
}

static void print_device_value(struct strbuf *out, const struct device_setting *device,
			       enum device_key key)
{
	switch (key) {
	case DEVICE_ALLOW: print_kinds(out, device->allow); break;
	case DEVICE_RETURN_TO: print_return_to(out, device); break;
	case DEVICE_RESET_METHOD: conftext_put_string(out, device->reset_method); break;
	case DEVICE_D3COLD:
		strbuf_add(out, "%s", device->d3cold == D3COLD_ALLOW ? "true" : "false");
		break;
	case DEVICE_STOP_UNITS: print_texts(out, device->stop_units, device->n_stop_units); break;
	case DEVICE_STOP_CT: print_numbers(out, device->stop_ct, device->n_stop_ct); break;
	case DEVICE_UNLOAD: print_texts(out, device->unload, device->n_unload); break;
	case DEVICE_DRIVER: conftext_put_string(out, device->driver); break;
	case DEVICE_KEYS: break;
	}
}

static void print_value(struct strbuf *out, const struct settings *settings, enum setting_key key)
{
	switch (key) {
	case SETTING_MACHINE: conftext_put_string(out, policy_names[settings->machine]); break;
	case SETTING_PCIE: conftext_put_string(out, policy_names[settings->pcie]); break;
	case SETTING_DEADLINE: strbuf_add(out, "%d", settings->deadline); break;
	case SETTING_GROUP:
		conftext_put_string(out, settings->group == GROUP_TAKE ? "take" : "refuse");
		break;
	case SETTING_IFRELOAD: strbuf_add(out, "%s", settings->ifreload ? "true" : "false"); break;
	case SETTING_AT_SHUTDOWN:
		conftext_put_string(out, settings->return_at_shutdown ? "return" : "keep");
		break;
	case SETTING_NEXT: conftext_put_string(out, settings->next ? settings->next : ""); break;
	case SETTING_LANGUAGE:
		conftext_put_string(out, settings->language ? settings->language : "");
		break;
	case SETTING_KEYS: break;
	}
}

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

static void print_device(struct strbuf *out, const struct device_setting *device, bool last)
{
	char address[BDF_TEXT_SIZE];
	size_t start = out->len;
	bool any = false;

	strbuf_add(out, "  { address = \"%s\"; id = \"%04x:%04x\";",
		   bdf_format(&device->bdf, address), device->vendor, device->device);
	print_source(out, start, &device->source);
	for (enum device_key key = 0; key < DEVICE_KEYS; key++) {
		if (!device->from[key].path)
			continue;
		start = out->len;
		strbuf_add(out, "    %s = ", device_key_name(key));
		print_device_value(out, device, key);
		strbuf_add(out, ";");
		print_source(out, start, &device->from[key]);
	}
	for (enum device_key key = 0; key < DEVICE_KEYS; key++) {
		if (device->from[key].path)
			continue;
		strbuf_add(out, "%s%s", any ? ", " : "    # default: ", device_key_name(key));
		any = true;
	}
	strbuf_add(out, "%s  }%s\n", any ? "\n" : "", last ? "" : ",");
}

char *settings_describe(const struct settings *settings)
{
	auto_strbuf struct strbuf text = {0};
	struct strbuf *out = &text;

	for (enum setting_key key = 0; key < SETTING_KEYS; key++) {
		size_t start = out->len;

		strbuf_add(out, "%s = ", setting_key_name(key));
		print_value(out, settings, key);
		strbuf_add(out, ";");
		print_source(out, start, &settings->from[key]);
	}
	strbuf_add(out, "devices = (\n");
	for (size_t i = 0; i < settings->n_devices; i++)
		print_device(out, &settings->devices[i], i + 1 == settings->n_devices);
	strbuf_add(out, ");\n");
	return strbuf_take(out);
}
