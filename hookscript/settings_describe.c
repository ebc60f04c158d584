// SPDX-License-Identifier: GPL-2.0-or-later
/* From the struct back to the text. */
#include "hookscript/settings_reader.h"

#include <stdio.h>
#include <string.h>

/* Where the comments begin, so that they stand below each other. */
#define VALUE_WIDTH 48

/* TEXT as libconfig writes it. */
static void print_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '"' || *c == '\\')
			fputc('\\', out);
		if (*c < ' ' || *c == 0x7f)
			fprintf(out, "\\x%02x", *c);
		else
			fputc(*c, out);
	}
	fputc('"', out);
}

static void print_texts(FILE *out, char *const *texts, size_t n)
{
	fputs("[ ", out);
	for (size_t i = 0; i < n; i++) {
		fputs(i ? ", " : "", out);
		print_text(out, texts[i]);
	}
	fputs(n ? " ]" : "]", out);
}

static void print_numbers(FILE *out, const unsigned int *numbers, size_t n)
{
	fputs("[ ", out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s%u", i ? ", " : "", numbers[i]);
	fputs(n ? " ]" : "]", out);
}

static void print_kinds(FILE *out, unsigned int kinds)
{
	bool first = true;

	fputs("[ ", out);
	for (unsigned int i = 0; kinds >> i; i++) {
		if (!(kinds & 1U << i))
			continue;
		fprintf(out, "%s\"%s\"", first ? "" : ", ", usage_kind_name((enum usage_kind)i));
		first = false;
	}
	fputs(first ? "]" : " ]", out);
}

static void print_return_to(FILE *out, const struct device_setting *device)
{
	switch (device->return_to) {
	case RETURN_TO_RECORDED: print_text(out, "recorded"); break;
	case RETURN_TO_NONE: print_text(out, "none"); break;
	case RETURN_TO_DRIVER: print_text(out, device->return_driver); break;
	}
}

static void print_device_value(FILE *out, const struct device_setting *device, enum device_key key)
{
	switch (key) {
	case DEVICE_ALLOW: print_kinds(out, device->allow); break;
	case DEVICE_RETURN_TO: print_return_to(out, device); break;
	case DEVICE_RESET_METHOD: print_text(out, device->reset_method); break;
	case DEVICE_D3COLD: fputs(device->d3cold == D3COLD_ALLOW ? "true" : "false", out); break;
	case DEVICE_STOP_UNITS: print_texts(out, device->stop_units, device->n_stop_units); break;
	case DEVICE_STOP_CT: print_numbers(out, device->stop_ct, device->n_stop_ct); break;
	case DEVICE_UNLOAD: print_texts(out, device->unload, device->n_unload); break;
	case DEVICE_DRIVER: print_text(out, device->driver); break;
	case DEVICE_KEYS: break;
	}
}

static void print_value(FILE *out, const struct settings *settings, enum setting_key key)
{
	switch (key) {
	case SETTING_MACHINE: print_text(out, policy_names[settings->machine]); break;
	case SETTING_PCIE: print_text(out, policy_names[settings->pcie]); break;
	case SETTING_DEADLINE: fprintf(out, "%d", settings->deadline); break;
	case SETTING_GROUP:
		print_text(out, settings->group == GROUP_TAKE ? "take" : "refuse");
		break;
	case SETTING_IFRELOAD: fputs(settings->ifreload ? "true" : "false", out); break;
	case SETTING_AT_SHUTDOWN:
		print_text(out, settings->return_at_shutdown ? "return" : "keep");
		break;
	case SETTING_NEXT: print_text(out, settings->next ? settings->next : ""); break;
	case SETTING_LANGUAGE: print_text(out, settings->language ? settings->language : ""); break;
	case SETTING_KEYS: break;
	}
}

/* Ends a line that begins at START, with where its value comes from. */
static void print_source(FILE *out, long start, const struct setting_source *source)
{
	long width = ftell(out) - start;

	fprintf(out, "%*s", width < VALUE_WIDTH ? (int)(VALUE_WIDTH - width) : 1, "");
	if (source->path)
		fprintf(out, "# /%s, line %u\n", source->path, source->line);
	else
		fputs("# default\n", out);
}

static void print_device(FILE *out, const struct device_setting *device, bool last)
{
	char address[BDF_TEXT_SIZE];
	long start = ftell(out);
	bool any = false;

	fprintf(out, "  { address = \"%s\"; id = \"%04x:%04x\";", bdf_format(&device->bdf, address),
		device->vendor, device->device);
	print_source(out, start, &device->source);
	for (enum device_key key = 0; key < DEVICE_KEYS; key++) {
		if (!device->from[key].path)
			continue;
		start = ftell(out);
		fprintf(out, "    %s = ", device_key_name(key));
		print_device_value(out, device, key);
		fputc(';', out);
		print_source(out, start, &device->from[key]);
	}
	for (enum device_key key = 0; key < DEVICE_KEYS; key++) {
		if (device->from[key].path)
			continue;
		fprintf(out, "%s%s", any ? ", " : "    # default: ", device_key_name(key));
		any = true;
	}
	fprintf(out, "%s  }%s\n", any ? "\n" : "", last ? "" : ",");
}

char *settings_describe(const struct settings *settings)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (enum setting_key key = 0; key < SETTING_KEYS; key++) {
		long start = ftell(out);

		fprintf(out, "%s = ", setting_key_name(key));
		print_value(out, settings, key);
		fputc(';', out);
		print_source(out, start, &settings->from[key]);
	}
	fputs("devices = (\n", out);
	for (size_t i = 0; i < settings->n_devices; i++)
		print_device(out, &settings->devices[i], i + 1 == settings->n_devices);
	fputs(");\n", out);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
