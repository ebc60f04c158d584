// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/bdf.h"

#include <stdio.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* Reads exactly N hex digits and moves *TEXT behind them; false when there are fewer. */
static bool take_hex(const char **text, size_t n, uint32_t *ret)
{
	uint32_t value = 0;

	for (size_t i = 0; i < n; i++) {
		int digit = hex_digit((*text)[i]);

		if (digit < 0)
			return false;
		value = value << 4 | (uint32_t)digit;
	}
	*text += n;
	*ret = value;
	return true;
}

int bdf_parse(const char *text, struct bdf *ret)
{
	const char *at = text;
	size_t width = strcspn(text, ":");
	uint32_t domain, bus, slot, func;

	/* A fifth digit is there only when it is needed: 00001:… names nothing. */
	if (width < 4 || width > 8 || (width > 4 && text[0] == '0'))
		return -EINVAL;
	if (!take_hex(&at, width, &domain) || *at++ != ':' || !take_hex(&at, 2, &bus) ||
	    *at++ != ':' || !take_hex(&at, 2, &slot) || *at++ != '.' || !take_hex(&at, 1, &func) ||
	    *at || slot > 0x1f || func > 7)
		return -EINVAL;

	*ret = (struct bdf){domain, (uint8_t)bus, (uint8_t)slot, (uint8_t)func};
	return 0;
}

const char *bdf_format(const struct bdf *bdf, char buf[BDF_TEXT_SIZE])
{
	snprintf(buf, BDF_TEXT_SIZE, "%04x:%02x:%02x.%x", bdf->domain, bdf->bus, bdf->slot & 0x1f,
		 bdf->func & 7U);
	return buf;
}

int bdf_compare(const struct bdf *a, const struct bdf *b)
{
	if (a->domain != b->domain)
		return a->domain < b->domain ? -1 : 1;
	if (a->bus != b->bus)
		return a->bus < b->bus ? -1 : 1;
	if (a->slot != b->slot)
		return a->slot < b->slot ? -1 : 1;
	if (a->func != b->func)
		return a->func < b->func ? -1 : 1;
	return 0;
}

bool bdf_same_slot(const struct bdf *a, const struct bdf *b)
{
	return a->domain == b->domain && a->bus == b->bus && a->slot == b->slot;
}
