// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/conftext.h"

#include "host/base/log.h"

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

int conftext_check_format(const config_t *config, int newest)
{
	int format;

	if (!config_lookup_int(config, "format", &format) || format < 1)
		return -EINVAL;
	return format > newest ? -EPROTONOSUPPORT : 0;
}

const char *conftext_strerror(int err, const char *invalid)
{
	if (err == -EINVAL)
		return invalid;
	if (err != -EPROTONOSUPPORT)
		return log_strerror(err);
	return _("written by a newer version of pve-passthrough in a format that this one does not "
		 "know");
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
