// SPDX-License-Identifier: GPL-2.0-or-later
/* The line args: of a VM config (vmcfg/args.h). */
#include "fuzz.h"

#include <string.h>

#include "vmcfg/args.h"

static struct args *parse(const char *value, size_t len)
{
	struct args *args = NULL;

	fuzz_require(!args_parse(value, len, &args) && args);
	return args;
}

static void check_device(const struct args_device *device)
{
	fuzz_require(device->text);
	fuzz_require(!device->why || fuzz_is_printable(device->why));
	fuzz_require(device->why || (device->bdf.slot < 32 && device->bdf.func < 8));
}

/* More options behind it change nothing of what was there, unless quotes are open. */
static void check_longer(const char *value, size_t len, const struct args *args)
{
	static const char more[] = " -device vfio-pci,host=0000:07:00.1";
	auto_free char *longer = malloc(len + strlen(more));
	struct args *with;

	fuzz_require(longer);
	if (len)
		memcpy(longer, value, len);
	memcpy(longer + len, more, strlen(more));
	with = parse(longer, len + strlen(more));
	/* A backslash, or -device without its argument, takes the first of MORE's words. */
	if (!args->dropped && !with->dropped && with->n_devices > args->n_devices) {
		const struct args_device *last = &with->devices[with->n_devices - 1];

		fuzz_require(with->n_devices == args->n_devices + 1 && !last->why);
		fuzz_require(last->bdf.bus == 7 && last->bdf.func == 1);
		for (size_t i = 0; i < args->n_devices; i++)
			fuzz_require(same_text(with->devices[i].text, args->devices[i].text));
	}
	args_free(with);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *value = fuzz_bytes(data, size);
	struct args *args = parse(value ? value : "", size);

	fuzz_require(!args->dropped || (!args->n_devices && fuzz_is_printable(args->dropped)));
	for (size_t i = 0; i < args->n_devices; i++)
		check_device(&args->devices[i]);
	check_longer(value, size, args);
	args_free(args);
	return 0;
}
