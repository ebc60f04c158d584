// SPDX-License-Identifier: GPL-2.0-or-later
/* How long a VM's last start took (hookscript/records/duration.h). */
#include "fuzz.h"

#include "hookscript/records/duration.h"

static void check(const struct duration *duration)
{
	fuzz_require(duration->ms > 0 && duration->ms <= DURATION_MS_MAX && duration->mib > 0);
	fuzz_require(duration->page_kib == 4 || duration->page_kib == 2048 ||
		     duration->page_kib == 1024 * 1024);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct duration duration, again;
	int err;

	fuzz_write_file(DURATION_DIR "/100", size ? (const void *)data : "", size);
	err = duration_read(fuzz_root(), 100, &duration);
	if (err) {
		fuzz_require(!duration.ms);
		return 0;
	}
	check(&duration);
	/* parse(format(x)) is x */
	fuzz_require(!duration_write(fuzz_root(), 101, &duration));
	fuzz_require(!duration_read(fuzz_root(), 101, &again));
	fuzz_require(again.ms == duration.ms && again.mib == duration.mib &&
		     again.page_kib == duration.page_kib);
	return 0;
}
