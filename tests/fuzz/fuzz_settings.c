// SPDX-License-Identifier: GPL-2.0-or-later
/* /etc/pve-passthrough.conf and the cluster's (hookscript/settings/settings.h). */
#include "fuzz.h"

#include <string.h>

#include "hookscript/settings/settings_read.h"

static void check_settings(const struct settings *settings)
{
	fuzz_require(settings->machine <= POLICY_OFF && settings->pcie <= POLICY_OFF);
	fuzz_require(settings->group <= GROUP_REFUSE);
	fuzz_require(settings->deadline >= 1 && settings->deadline <= 3600);
	fuzz_require(settings->n_devices <= SETTINGS_DEVICES_MAX);
	for (size_t i = 0; i < settings->n_devices; i++) {
		const struct device_setting *device = &settings->devices[i];

		fuzz_require(device->bdf.slot < 32 && device->bdf.func < 8);
		fuzz_require(!(device->allow >> (USAGE_VFS + 1)));
		fuzz_require(!device->return_to || strcmp(device->return_to, "recorded"));
		fuzz_require(device->n_stop_units <= SETTINGS_NAMES_MAX &&
			     device->n_stop_ct <= SETTINGS_NAMES_MAX &&
			     device->n_unload <= SETTINGS_NAMES_MAX);
		fuzz_require(settings_device(settings, &device->bdf, device->vendor,
					     device->device) == device);
	}
}

/* What is wrong, and where, is said in full or not at all. */
static void check_refusal(int err, const char *why, const char *path)
{
	fuzz_require(err == -EINVAL && why);
	fuzz_require(*why == '/' && !strncmp(why + 1, path, strlen(path)));
}

/* The text that the settings come to, as a node's file, comes to the same settings; or NULL. PATH
 * is the file that a refusal must name. */
static char *read_for(unsigned int vmid, const char *path)
{
	auto_settings struct settings settings = settings_default;
	int err = settings_read(fuzz_root(), vmid, &settings);
	char *text;

	fuzz_require(settings.err == err);
	if (err) {
		check_refusal(err, settings.error, path);
		fuzz_require(settings.deadline == settings_default.deadline);
		return NULL;
	}
	fuzz_require(!settings.error);
	check_settings(&settings);
	text = settings_describe(&settings);
	fuzz_require(text);
	return text;
}

/* Cuts the comments off, which say where a value is from; no value that is left holds a "# ". */
static void cut_comments(char *text)
{
	char *end = text;

	for (char *at = text; *at;) {
		size_t len = strcspn(at, "\n");
		char *comment = memmem(at, len, "# ", 2);
		size_t kept = comment ? (size_t)(comment - at) : len;

		while (kept && at[kept - 1] == ' ')
			kept--;
		memmove(end, at, kept);
		end += kept;
		*end++ = '\n';
		at += len + (at[len] == '\n');
	}
	*end = '\0';
}

static void check_reads_back(const char *text)
{
	auto_free char *first = strdup(text), *second = NULL;

	fuzz_require(first);
	fuzz_write_file(SETTINGS_PATH, text, strlen(text));
	second = read_for(100, SETTINGS_PATH);
	fuzz_require(second);
	cut_comments(first);
	cut_comments(second);
	fuzz_require(!strcmp(first, second));
}

static void try_file(const char *path, const uint8_t *data, size_t size)
{
	auto_free char *text = NULL, *other = NULL, *third = NULL;

	fuzz_write_file(SETTINGS_PATH, "", 0);
	fuzz_write_file(SETTINGS_CLUSTER_PATH, "", 0);
	fuzz_write_file(path, size ? (const void *)data : "", size);
	/* Other VMs' groups are checked too: a file is good for all or for none. */
	text = read_for(100, path);
	other = read_for(101, path);
	third = read_for(999999999, path);
	fuzz_require(!text == !other && !text == !third);
	fuzz_write_file(SETTINGS_CLUSTER_PATH, "", 0);
	if (text)
		check_reads_back(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_file(SETTINGS_PATH, data, size);
	try_file(SETTINGS_CLUSTER_PATH, data, size);
	return 0;
}
