// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/text/mac.h"

#include <stdio.h>
#include <string.h>

#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

bool mac_parse(const char *text, uint8_t ret[MAC_SIZE])
{
	static const char digits[] = "0123456789abcdefABCDEF";
	uint8_t mac[MAC_SIZE];

	if (strlen(text) != MAC_TEXT_SIZE - 1)
		return false;
	for (size_t i = 0; i < MAC_SIZE; i++) {
		const char *at = text + 3 * i;

		if (strspn(at, digits) != 2 || (i + 1 < MAC_SIZE && at[2] != ':'))
			return false;
		mac[i] = (uint8_t)strtoul(at, NULL, 16);
	}
	memcpy(ret, mac, MAC_SIZE);
	return true;
}

const char *mac_format(const uint8_t mac[MAC_SIZE], char buf[MAC_TEXT_SIZE])
{
	snprintf(buf, MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	return buf;
}

uint64_t mac_fnv1a(const char *text)
{
	uint64_t hash = FNV_BASIS;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * FNV_PRIME;
	return hash;
}

void mac_derive(const char *name, uint8_t ret[MAC_SIZE])
{
	uint64_t hash = mac_fnv1a(name);

	hash ^= hash >> 48;
	for (size_t i = 0; i < MAC_SIZE; i++)
		ret[i] = (uint8_t)(hash >> 8 * (MAC_SIZE - 1 - i));
	ret[0] = (uint8_t)((ret[0] & 0xfc) | 0x02);
}
