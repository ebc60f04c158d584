// SPDX-License-Identifier: GPL-2.0-or-later
/* Records of taken devices (hookscript/records/record.h). */
#include "fuzz.h"

#include <string.h>

#include "hookscript/records/record.h"

#define ADDRESS "0000:01:00.0"

static const struct bdf bdf = {0, 1, 0, 0};

static struct record *read_record(void)
{
	struct record *record = NULL;
	auto_free char *why = NULL;
	int err = record_read(fuzz_root(), &bdf, &record, &why);

	fuzz_require(!err == !why && !err == (record != NULL));
	fuzz_require(!why || !strncmp(why, "/" RECORD_DIR "/" ADDRESS ": ",
				      strlen("/" RECORD_DIR "/" ADDRESS ": ")));
	return record;
}

static void check_same(const struct record *a, const struct record *b)
{
	fuzz_require(!bdf_compare(&a->bdf, &b->bdf) && a->vmid == b->vmid && a->stage == b->stage);
	fuzz_require(pci_identity_equal(&a->identity, &b->identity));
	fuzz_require(same_text(a->driver, b->driver) && same_text(a->module, b->module));
	fuzz_require(same_text(a->override, b->override) && same_text(a->network, b->network));
	fuzz_require(a->claim == b->claim && a->deadline == b->deadline &&
		     a->ifreload == b->ifreload && a->choice == b->choice &&
		     a->new_id == b->new_id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_with(record_freep) struct record *record = NULL;
	cleanup_with(record_freep) struct record *again = NULL;

	fuzz_write_file(RECORD_DIR "/" ADDRESS, size ? (const void *)data : "", size);
	record = read_record();
	if (!record)
		return 0;
	fuzz_require(!bdf_compare(&record->bdf, &bdf));
	fuzz_require(record->stage <= RECORD_TAKEN && record->vmid >= 1 && record->deadline >= 1);
	fuzz_require(!record->driver || *record->driver);
	/* parse(format(x)) is x. */
	fuzz_require(!record_write(fuzz_root(), record));
	again = read_record();
	fuzz_require(again);
	check_same(record, again);
	return 0;
}
