// SPDX-License-Identifier: GPL-2.0-or-later
/* Other people's texts on the way to a terminal (host/text/utf8.h, utf8_printable). */
#include "fuzz.h"

#include <string.h>

#include "host/text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = fuzz_string(data, size);
	auto_free char *safe = utf8_printable(text);
	auto_free char *again = NULL;

	fuzz_require(safe && strlen(safe) >= strlen(text));
	for (const unsigned char *at = (const unsigned char *)safe; *at; at++) {
		fuzz_require(*at >= 0x20 && *at != 0x7f);
		/* A control of C1, as UTF-8 or, in another encoding, alone. */
		fuzz_require(*at != 0xc2 || at[1] >= 0xa0);
		fuzz_require(*at < 0x80 || *at >= 0xc2 || at > (const unsigned char *)safe);
	}
	again = utf8_printable(safe);
	fuzz_require(same_text(again, safe));
	return 0;
}
