// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/bdf.h"

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

char *hex_put(char *to, unsigned int n, uint32_t value)
{
	for (unsigned int i = n; i--; value >>= 4)
		to[i] = "0123456789abcdef"[value & 0xf];
	return to + n;
}

const char *bdf_format(const struct bdf *bdf, char buf[BDF_TEXT_SIZE])
{
	unsigned int width = 4;
	char *at;

	while (width < 8 && bdf->domain >> 4 * width)
		width++;
	at = hex_put(buf, width, bdf->domain);
	*at++ = ':';
	at = hex_put(at, 2, bdf->bus);
	*at++ = ':';
	at = hex_put(at, 2, bdf->slot & 0x1f);
	*at++ = '.';
	at = hex_put(at, 1, bdf->func & 7);
	*at = '\0';
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
