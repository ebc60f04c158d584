// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/conftext.h"

int conftext_parse(const char *text, int (*read)(const config_t *config, void *arg), void *arg)
{
	config_t config;
	int err;

	/* An allocation that fails within libconfig may show as a syntax error, or as a setting
	 * that is missing after success; it always shows in errno. */
	errno = 0;
	config_init(&config);
	err = config_read_string(&config, text) ? 0 : -EINVAL;
	if (errno == ENOMEM)
		err = -ENOMEM;
	if (!err)
		err = read(&config, arg);
	config_destroy(&config);
	return err;
}

void conftext_put_string(struct strbuf *to, const char *text)
{
	strbuf_add(to, "\"");
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '"' || *c == '\\')
			strbuf_add(to, "\\%c", *c);
		else if (*c < ' ' || *c == 0x7f)
			strbuf_add(to, "\\x%02x", *c);
		else
			strbuf_add_bytes(to, c, 1);
	}
	strbuf_add(to, "\"");
}

void conftext_put(struct strbuf *to, const char *name, const char *text)
{
	strbuf_add(to, "%s = ", name);
	conftext_put_string(to, text ? text : "");
	strbuf_add(to, ";\n");
}
