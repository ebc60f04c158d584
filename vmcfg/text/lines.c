// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/text/lines.h"

#include <string.h>

static bool is_key_char(char c)
{
	return (c >= 'a' && c <= 'z') || c == '_' || c == '-';
}

static bool is_list_char(char c)
{
	return !char_is_space(c) && c != ',' && c != ';';
}

struct text line_header(struct text line)
{
	struct text name = text_trim_end(line);

	if (!text_take(&name, "[") || !text_take_end(&name, "]") ||
	    (name.len && memchr(name.at, ']', name.len)))
		return (struct text){NULL, 0};
	return name;
}

bool line_is_snapstate(struct text line)
{
	line = text_trim_end(line);
	if (!text_take_end(&line, "prepare") && !text_take_end(&line, "delete"))
		return false;
	line = text_trim_end(line);
	return text_take_end(&line, "snapstate:");
}

bool line_take_key(struct text *line, struct text *ret)
{
	size_t n = text_span(*line, is_key_char);

	if (!n || line->at[0] == '_' || line->at[0] == '-')
		return false;
	n += text_span(text_skip(*line, n), char_is_digit);
	if (n == line->len || line->at[n] != ':')
		return false;
	*ret = (struct text){line->at, n};
	*line = text_skip(*line, n + 1);
	return true;
}

bool line_take_name(struct text *list, struct text *ret)
{
	if (!list->len)
		return false;
	*ret = (struct text){list->at, text_span(*list, is_list_char)};
	*list = text_skip(*list, ret->len + (ret->len < list->len));
	return true;
}
