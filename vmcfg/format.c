// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/format.h"

static bool all_of(struct text t, bool (*is_of_class)(char c))
{
	return text_span(t, is_of_class) == t.len;
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

static bool is_label_char(char c)
{
	return char_is_alnum(c) || c == '-';
}

bool format_is_dns_name(struct text value)
{
	struct text rest = value, label;

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

bool format_is_storage(struct text value)
{
	return value.len >= 2 && all_of(value, is_storage_char) && char_is_alpha(value.at[0]) &&
	       char_is_alnum(value.at[value.len - 1]);
}

bool format_is_volume(struct text value)
{
	struct text name = value, storage;

	text_next(&name, ':', &storage);
	return name.at && name.len && format_is_storage(storage);
}

bool format_is_uuid(struct text value)
{
	static const size_t groups[] = {8, 4, 4, 4, 12};
	struct text rest = value, group;
	size_t n = 0;

	for (; text_next(&rest, '-', &group); n++) {
		if (n == ARRAY_SIZE(groups) || group.len != groups[n] ||
		    !all_of(group, char_is_hex))
			return false;
	}
	return n == ARRAY_SIZE(groups);
}
