// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/format.h"

#include <arpa/inet.h>
#include <string.h>

#include "vmcfg/hostpci.h"

static bool all_of(struct text t, bool (*good)(char c))
{
	for (size_t i = 0; i < t.len; i++) {
		if (!good(t.at[i]))
			return false;
	}
	return true;
}

bool format_parse_index(struct text digits, unsigned int count, unsigned int *ret)
{
	unsigned int index = 0;

	if (!digits.len || digits.len > 3 || (digits.len > 1 && digits.at[0] == '0') ||
	    !all_of(digits, char_is_digit))
		return false;
	for (size_t i = 0; i < digits.len; i++)
		index = index * 10 + (unsigned int)(digits.at[i] - '0');
	if (index >= count)
		return false;
	*ret = index;
	return true;
}

/* Takes a number of any length off T; one too long for a double becomes infinite. */
static bool take_number(struct text *t, double *ret)
{
	struct text digits = *t;
	double number = 0;

	if (!text_take_digits(t))
		return false;
	digits.len -= t->len;
	for (size_t i = 0; i < digits.len; i++)
		number = number * 10 + (digits.at[i] - '0');
	*ret = number;
	return true;
}

/* --- names --- */

static bool is_label_char(char c)
{
	return char_is_alnum(c) || c == '-';
}

bool format_is_dns_name(const struct propstr_key *key, struct text value)
{
	struct text rest = value, label;

	(void)key;
	while (text_next(&rest, '.', &label)) {
		if (!label.len || !all_of(label, is_label_char) || label.at[0] == '-' ||
		    label.at[label.len - 1] == '-')
			return false;
	}
	return true;
}

static bool is_storage_char(char c)
{
	return char_is_alnum(c) || c == '-' || c == '_' || c == '.';
}

bool format_is_storage(const struct propstr_key *key, struct text value)
{
	(void)key;
	return value.len >= 2 && all_of(value, is_storage_char) && char_is_alpha(value.at[0]) &&
	       char_is_alnum(value.at[value.len - 1]);
}

bool format_is_bridge(const struct propstr_key *key, struct text value)
{
	(void)key;
	return value.len && all_of(value, is_storage_char);
}

/* Whether VALUE is one of COUNT keys NAME0, NAME1, ... */
static bool is_device(struct text value, const char *name, unsigned int count)
{
	unsigned int index;

	return text_take(&value, name) && format_parse_index(value, count, &index);
}

static bool is_bootable_disk(struct text value)
{
	return is_device(value, "ide", FORMAT_IDE_MAX) ||
	       is_device(value, "sata", FORMAT_SATA_MAX) ||
	       is_device(value, "scsi", FORMAT_SCSI_MAX) ||
	       is_device(value, "virtio", FORMAT_VIRTIO_MAX);
}

bool format_is_disk(const struct propstr_key *key, struct text value)
{
	(void)key;
	return is_bootable_disk(value) || text_is(value, "efidisk0") || text_is(value, "tpmstate0");
}

/* --- volumes --- */

bool format_is_volume(const struct propstr_key *key, struct text value)
{
	struct text name = value, storage;

	text_next(&name, ':', &storage);
	return name.at && name.len && format_is_storage(key, storage);
}

bool format_is_volume_or_path(const struct propstr_key *key, struct text value)
{
	return text_is(value, "none") || text_is(value, "cdrom") ||
	       (value.len && value.at[0] == '/') || format_is_volume(key, value);
}

bool format_is_size(const struct propstr_key *key, struct text value)
{
	(void)key;
	if (!text_take_digits(&value))
		return false;
	if (text_take(&value, ".") && !text_take_digits(&value))
		return false;
	return !value.len || text_is_one_of(value, "K|M|G|T");
}

/* --- addresses --- */

bool format_is_mac(const struct propstr_key *key, struct text value)
{
	(void)key;
	if (value.len != strlen("00:11:22:33:44:55"))
		return false;
	for (size_t i = 0; i < value.len; i++) {
		if (i % 3 == 2 ? value.at[i] != ':' : !char_is_hex(value.at[i]))
			return false;
	}
	/* A multicast address is none for a network card. */
	return memchr("02468aceACE", value.at[1], strlen("02468aceACE"));
}

bool format_is_ipv4(const struct propstr_key *key, struct text value)
{
	struct text rest = value, octet;
	unsigned int parts = 0, number;

	(void)key;
	while (text_next(&rest, '.', &octet)) {
		if (!format_parse_index(octet, 256, &number))
			return false;
		parts++;
	}
	return parts == 4;
}

bool format_is_ipv6(const struct propstr_key *key, struct text value)
{
	char str[INET6_ADDRSTRLEN];
	struct in6_addr address;

	(void)key;
	if (value.len >= sizeof(str) || memchr(value.at, '\0', value.len))
		return false;
	*(char *)mempcpy(str, value.at, value.len) = '\0';
	return inet_pton(AF_INET6, str, &address) == 1;
}

/* ADDRESS/BITS with more than 7 bits. */
static bool is_cidr(struct text value, bool (*is_address)(const struct propstr_key *, struct text),
		    double max)
{
	struct text bits = value, address;
	double number;

	text_next(&bits, '/', &address);
	return bits.at && take_number(&bits, &number) && !bits.len && number > 7 && number <= max &&
	       is_address(NULL, address);
}

bool format_is_ipv4_config(const struct propstr_key *key, struct text value)
{
	(void)key;
	return text_is_one_of(value, "dhcp|manual") || is_cidr(value, format_is_ipv4, 32);
}

bool format_is_ipv6_config(const struct propstr_key *key, struct text value)
{
	(void)key;
	return text_is_one_of(value, "auto|dhcp|manual") || is_cidr(value, format_is_ipv6, 128);
}

/* --- lists --- */

static bool is_list_separator(char c)
{
	return char_is_blank(c) || c == ',' || c == ';';
}

/* Takes the next item off REST; false when there is none. */
static bool next_item(struct text *rest, struct text *ret)
{
	while (rest->len && is_list_separator(rest->at[0]))
		*rest = text_skip(*rest, 1);
	*ret = (struct text){rest->at, 0};
	while (rest->len && !is_list_separator(rest->at[0])) {
		*rest = text_skip(*rest, 1);
		ret->len++;
	}
	return ret->len > 0;
}

/* pve-common, split_list: a NUL anywhere makes it the only separator; "0" is an empty list. */
static bool is_list_of(struct text list, bool (*is_item)(struct text item))
{
	struct text item;

	if (text_is(list, "0"))
		return true;
	if (memchr(list.at, '\0', list.len)) {
		while (list.len && list.at[list.len - 1] == '\0')
			list.len--;
		while (list.len && text_next(&list, '\0', &item)) {
			if (!is_item(item))
				return false;
		}
		return true;
	}
	while (next_item(&list, &item)) {
		if (!is_item(item))
			return false;
	}
	return true;
}

static bool is_address(struct text item)
{
	return format_is_ipv4(NULL, item) || format_is_ipv6(NULL, item) ||
	       format_is_dns_name(NULL, item);
}

bool format_is_address_list(const struct propstr_key *key, struct text value)
{
	(void)key;
	return is_list_of(value, is_address);
}

static bool is_boot_device(struct text item)
{
	return is_bootable_disk(item) || is_device(item, "net", FORMAT_NET_MAX) ||
	       is_device(item, "usb", FORMAT_USB_MAX) || is_device(item, "hostpci", HOSTPCI_MAX);
}

bool format_is_boot_list(const struct propstr_key *key, struct text value)
{
	(void)key;
	return is_list_of(value, is_boot_device);
}

static bool is_hotplug_feature(struct text item)
{
	return text_is_one_of(item, "network|disk|cpu|memory|usb|cloudinit");
}

bool format_is_hotplug(const struct propstr_key *key, struct text value)
{
	(void)key;
	return text_is(value, "1") || is_list_of(value, is_hotplug_feature);
}

static bool is_tag_char(char c)
{
	return char_is_alnum(c) || c == '_' || c == '-' || c == '+' || c == '.';
}

static bool is_tag(struct text item)
{
	return item.len && all_of(item, is_tag_char) &&
	       (char_is_alnum(item.at[0]) || item.at[0] == '_');
}

bool format_is_tag_list(const struct propstr_key *key, struct text value)
{
	(void)key;
	return is_list_of(value, is_tag);
}

static bool is_volume(struct text item)
{
	return format_is_volume(NULL, item);
}

bool format_is_volume_list(const struct propstr_key *key, struct text value)
{
	(void)key;
	return is_list_of(value, is_volume);
}

/* --- numbers --- */

bool format_is_cpuset(const struct propstr_key *key, struct text value)
{
	struct text rest = value, part;
	double from, to;

	(void)key;
	/* Perl's split drops empty pieces at the end, not those in between. */
	while (text_take_end(&rest, ","))
		continue;
	while (rest.len && text_next(&rest, ',', &part)) {
		part = text_trim(part);
		if (!take_number(&part, &from))
			return false;
		to = from;
		if (text_take(&part, "-") && !take_number(&part, &to))
			return false;
		if (part.len || to < from)
			return false;
	}
	return true;
}

bool format_is_ranges(const struct propstr_key *key, struct text value)
{
	struct text rest = value, part;

	(void)key;
	while (text_next(&rest, ';', &part)) {
		if (!text_take_digits(&part))
			return false;
		if (text_take(&part, "-") && !text_take_digits(&part))
			return false;
		if (part.len)
			return false;
	}
	return true;
}

bool format_is_startup(const struct propstr_key *key, struct text value)
{
	struct text rest = value, part;

	(void)key;
	/* "0" counts as no value at all there, and that as one that cannot be read. */
	if (text_is(value, "0"))
		return false;
	while (text_next(&rest, ',', &part)) {
		if (text_is_blank(part))
			continue;
		if (!text_take(&part, "order=") && !text_take(&part, "up="))
			text_take(&part, "down=");
		if (!text_take_digits(&part) || part.len)
			return false;
	}
	return true;
}

bool format_is_version(const struct propstr_key *key, struct text value)
{
	struct text rest = value, part;
	size_t parts = 0;

	(void)key;
	while (text_next(&rest, '.', &part)) {
		if (!text_take_digits(&part) || part.len)
			return false;
		parts++;
	}
	return parts > 1;
}

/* --- bytes of one kind --- */

static bool is_base64_char(char c)
{
	return char_is_alnum(c) || c == '+' || c == '/';
}

bool format_is_base64(const struct propstr_key *key, struct text value)
{
	(void)key;
	if (text_take_end(&value, "="))
		text_take_end(&value, "=");
	return value.len && all_of(value, is_base64_char);
}

static bool is_urlencoded_char(char c)
{
	return char_is_alnum(c) || (c && strchr("-%_.!~*'()", c));
}

bool format_is_urlencoded(const struct propstr_key *key, struct text value)
{
	(void)key;
	return all_of(value, is_urlencoded_char);
}

bool format_is_uuid(const struct propstr_key *key, struct text value)
{
	static const size_t groups[] = {8, 4, 4, 4, 12};
	struct text rest = value, group;
	size_t n = 0;

	(void)key;
	for (; text_next(&rest, '-', &group); n++) {
		if (n == ARRAY_SIZE(groups) || group.len != groups[n] ||
		    !all_of(group, char_is_hex))
			return false;
	}
	return n == ARRAY_SIZE(groups);
}
