// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/net/vf_list.h"

#include <stdio.h>
#include <string.h>

#include "host/base/facts.h"
#include "host/text/strbuf.h"

static char *key_of(const struct bdf *pf)
{
	char address[BDF_TEXT_SIZE];

	return fs_path("vfs-%s", bdf_format(pf, address));
}

/* "error 0", and for each VF "vf 0", and a line for each field that is known. */
static void note(const struct bdf *pf, int err, const struct vf_net *items, size_t n)
{
	auto_strbuf struct strbuf text = {0};
	auto_free char *key = facts_are_noted() ? key_of(pf) : NULL;

	if (!key)
		return;
	strbuf_add(&text, "error %d\n", -err);
	for (size_t i = 0; i < n; i++) {
		strbuf_add(&text, "vf %u\n", items[i].index);
		for (enum vf_net_field k = 0; k < VF_NET_FIELDS; k++) {
			auto_free char *value = vf_net_knows(&items[i], k)
							? vf_net_format(&items[i], k)
							: NULL;

			if (value)
				strbuf_add(&text, "%s %s\n", vf_net_field_name(k), value);
		}
	}
	if (!text.failed)
		facts_note(key, "%s", text.text);
}

static void take_field(const char *line, struct vf_net *vf)
{
	for (enum vf_net_field k = 0; k < VF_NET_FIELDS; k++) {
		const char *value = after_prefix(line, vf_net_field_name(k));

		/* What is not understood stays unknown. */
		if (value && *value == ' ')
			(void)!vf_net_parse(value + 1, k, vf);
	}
}

static int take_noted(const struct fs_root *root, const struct bdf *pf, struct vf_net **ret,
		      size_t *ret_n)
{
	auto_free char *key = key_of(pf), *text = NULL;
	auto_free struct vf_net *items = NULL;
	char *rest, *line;
	size_t n = 0;
	int err = key ? facts_get(root, key, &text) : -ENOMEM;

	rest = text;
	while (!err && (line = strsep(&rest, "\n"))) {
		const char *error = after_prefix(line, "error "), *vf = after_prefix(line, "vf ");

		if (error)
			err = -(int)strtol(error, NULL, 10);
		else if (vf && !array_grow(items, n))
			err = -ENOMEM;
		else if (vf)
			items[n++] = (struct vf_net){.index = (unsigned int)strtoul(vf, NULL, 10)};
		else if (n)
			take_field(line, &items[n - 1]);
	}
	if (err)
		return err;
	*ret = TAKE_PTR(items);
	*ret_n = n;
	return 0;
}

int vf_list_read(const struct fs_root *root, const struct bdf *pf, struct vf_net **ret,
		 size_t *ret_n)
{
	int err;

	if (fs_root_is_capture(root))
		return take_noted(root, pf, ret, ret_n);
	err = vf_net_list(root, pf, ret, ret_n);
	note(pf, err, err ? NULL : *ret, err ? 0 : *ret_n);
	return err;
}
