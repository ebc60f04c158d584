// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/text/sections.h"

static int read_setting(const struct sections_reader *reader, void *arg, unsigned int line,
			struct text text)
{
	struct text key = text_trim(text), value;

	if (!char_is_space(text.at[0]))
		return 0;
	value = text_skip(key, text_span(key, char_is_word));
	key.len -= value.len;
	value = value.len ? text_trim(value) : (struct text){NULL, 0};
	return reader->setting(arg, line, key, value);
}

int sections_read(struct text text, const struct sections_reader *reader, void *arg)
{
	bool in_section = false, skip = false;
	unsigned int number = 0;
	struct text line;
	int err = 0;

	if (text.len > VMCFG_TEXT_MAX)
		return -EFBIG;
	while (!err && text_next(&text, '\n', &line)) {
		struct text trimmed = text_trim(line);

		number++;
		if (trimmed.len && trimmed.at[0] == '#')
			continue;
		if (!line.len || text_is(line, "0")) { /* what is false in Perl */
			in_section = skip = false;
		} else if (!in_section) {
			err = reader->header(arg, line, &in_section, &skip);
		} else if (!skip) {
			err = read_setting(reader, arg, number, line);
		}
	}
	return err;
}
