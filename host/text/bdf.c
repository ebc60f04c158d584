// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/text/bdf.h"

#include <stdio.h>
#include <string.h>

bool hex_fields(const char *text, const char *shape, const char *digits, uint32_t *ret)
{
	if (strlen(text) != strlen(shape))
		return false;
	for (size_t i = 0; shape[i]; i++) {
		const char *digit = strchr(digits, text[i]);

		if (shape[i] == 'X' ? !digit : text[i] != shape[i])
			return false;
		if (shape[i] != 'X')
			continue;
		*ret = *ret << 4 | (uint32_t)(digit - digits);
		if (shape[i + 1] != 'X')
			ret++;
	}
	return true;
}

int bdf_parse(const char *text, struct bdf *ret)
{
	static const char longest[] = "XXXXXXXX:XX:XX.X";
	size_t width = strcspn(text, ":");
	uint32_t field[4] = {0};

	/* A fifth digit is there only when it is needed: 00001:… is invalid. */
	if (width < 4 || width > 8 || (width > 4 && text[0] == '0') ||
	    !hex_fields(text, longest + 8 - width, HEX_LOWER, field) || field[2] > 0x1f ||
	    field[3] > 7)
		return -EINVAL;
	*ret = (struct bdf){field[0], (uint8_t)field[1], (uint8_t)field[2], (uint8_t)field[3]};
	return 0;
}

int bdf_parse_short(const char *text, struct bdf *ret)
{
	char longer[BDF_TEXT_SIZE];

	if (!bdf_parse(text, ret))
		return 0;
	/* What is cut off here is longer than any address of that domain. */
	snprintf(longer, sizeof(longer), "0000:%s", text);
	return bdf_parse(longer, ret);
}

const char *bdf_format(const struct bdf *bdf, char buf[BDF_TEXT_SIZE])
{
	snprintf(buf, BDF_TEXT_SIZE, "%04x:%02x:%02x.%x", bdf->domain, bdf->bus, bdf->slot & 0x1f,
		 bdf->func & 7U);
	return buf;
}

/* All of it but the domain, which has 32 bits, in one number. */
static unsigned int place_of(const struct bdf *bdf)
{
	return (unsigned int)bdf->bus << 16 | (unsigned int)bdf->slot << 8 | bdf->func;
}

int bdf_compare(const struct bdf *a, const struct bdf *b)
{
	if (a->domain != b->domain)
		return a->domain < b->domain ? -1 : 1;
	return (int)place_of(a) - (int)place_of(b);
}

bool bdf_same_slot(const struct bdf *a, const struct bdf *b)
{
	return a->domain == b->domain && a->bus == b->bus && a->slot == b->slot;
}

bool bdf_set_has(const struct bdf_set *set, const struct bdf *bdf)
{
	for (size_t i = 0; i < set->n; i++)
		if (!bdf_compare(&set->items[i], bdf))
			return true;
	return false;
}

int bdf_set_add(struct bdf_set *set, const struct bdf *bdf)
{
	if (bdf_set_has(set, bdf))
		return 0;
	if (!array_grow(set->items, set->n))
		return -ENOMEM;
	set->items[set->n++] = *bdf;
	return 0;
}

void bdf_set_free(struct bdf_set *set)
{
	free(set->items);
}
