// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/sriov_conf.h"

#include "host/base/conftext.h"

#include <string.h>

/* To be raised when an older program would misread a newer one's file. */
#define FORMAT	 1
#define TEXT_MAX ((size_t)256 * 1024)
#define PFS_MAX	 1024
#define VFS_MAX	 65535

static int compare(const void *a, const void *b)
{
	return bdf_compare(&((const struct sriov_entry *)a)->bdf,
			   &((const struct sriov_entry *)b)->bdf);
}

const char *sriov_conf_strerror(int err)
{
	return conftext_strerror(err, _("not what host-setup writes"));
}

/* ---- reading ---- */

/* "8086:10fb" */
static bool read_id(const char *text, struct sriov_entry *ret)
{
	uint32_t ids[2] = {0};

	if (!hex_fields(text, "XXXX:XXXX", HEX_LOWER, ids))
		return false;
	ret->vendor = (uint16_t)ids[0];
	ret->device = (uint16_t)ids[1];
	return true;
}

static bool read_entry(const config_setting_t *setting, struct sriov_entry *ret)
{
	const char *address, *id;
	int vfs, host_driver = 0, was;

	*ret = (struct sriov_entry){.autoprobe_was = -1};
	if (!config_setting_is_group(setting) ||
	    !config_setting_lookup_string(setting, "address", &address) ||
	    !config_setting_lookup_string(setting, "id", &id) ||
	    !config_setting_lookup_int(setting, "vfs", &vfs))
		return false;
	config_setting_lookup_bool(setting, "host_driver", &host_driver);
	if (config_setting_lookup_bool(setting, "autoprobe_was", &was))
		ret->autoprobe_was = was;
	ret->host_driver = host_driver;
	ret->vfs = (unsigned int)vfs;
	return vfs > 0 && vfs <= VFS_MAX && !bdf_parse(address, &ret->bdf) && read_id(id, ret);
}

static int read_config(const config_t *config, void *arg)
{
	const config_setting_t *list = config_lookup(config, "sriov");
	int n, err = conftext_check_format(config, FORMAT);
	struct sriov_conf *conf = arg;
	int flag;

	if (err)
		return err;
	if (!list || !config_setting_is_list(list))
		return -EINVAL;
	if (config_lookup_bool(config, "made_directory", &flag))
		conf->made_directory = flag;
	if (config_lookup_bool(config, "enabled_service", &flag))
		conf->enabled_service = flag;
	n = config_setting_length(list);
	for (int i = 0; i < n; i++) {
		struct sriov_entry entry;

		if (n > PFS_MAX ||
		    !read_entry(config_setting_get_elem(list, (unsigned int)i), &entry) ||
		    sriov_conf_at(conf, &entry.bdf))
			return -EINVAL;
		err = sriov_conf_put(conf, &entry);
		if (err)
			return err;
	}
	return early_list_read(config, &conf->early);
}

int sriov_conf_read(const struct fs_root *root, struct sriov_conf *ret)
{
	auto_sriov_conf struct sriov_conf conf = {.exists = true};
	auto_free char *text = NULL;
	size_t len;
	int err = fs_read(root, SRIOV_CONF_PATH, TEXT_MAX, &text, &len);

	if (fs_is_absent(err)) {
		*ret = (struct sriov_conf){0};
		return 0;
	}
	if (!err)
		err = strlen(text) == len ? conftext_parse(text, read_config, &conf) : -EINVAL;
	if (err)
		return err;
	*ret = conf;
	conf = (struct sriov_conf){0};
	return 0;
}

/* ---- writing ---- */

bool sriov_conf_is_needed(const struct sriov_conf *conf)
{
	return conf->n || conf->early.n;
}

static const char *bool_text(bool value)
{
	return value ? "true" : "false";
}

char *sriov_conf_text(const struct sriov_conf *conf)
{
	auto_strbuf struct strbuf to = {0};

	strbuf_add(&to,
		   SRIOV_CONF_COMMENT "\n"
				      "format = %d;\n"
				      "made_directory = %s;\n"
				      "enabled_service = %s;\n"
				      "sriov = (\n",
		   FORMAT, bool_text(conf->made_directory), bool_text(conf->enabled_service));
	for (size_t i = 0; i < conf->n; i++) {
		const struct sriov_entry *entry = &conf->items[i];

		strbuf_add(&to, "  { address = \"%s\"; id = \"%04x:%04x\"; vfs = %u;",
			   bdf_text(&entry->bdf), entry->vendor, entry->device, entry->vfs);
		strbuf_add(&to, " host_driver = %s;", bool_text(entry->host_driver));
		if (entry->autoprobe_was >= 0)
			strbuf_add(&to, " autoprobe_was = %s;", bool_text(entry->autoprobe_was));
		strbuf_add(&to, " }%s\n", i + 1 < conf->n ? "," : "");
	}
	strbuf_add(&to, ");\n");
	early_list_put(&to, &conf->early);
	return strbuf_take(&to);
}

/* ---- entries ---- */

struct sriov_entry *sriov_conf_at(const struct sriov_conf *conf, const struct bdf *bdf)
{
	const struct sriov_entry wanted = {.bdf = *bdf};

	return conf->n ? bsearch(&wanted, conf->items, conf->n, sizeof(wanted), compare) : NULL;
}

bool sriov_entry_is(const struct sriov_entry *entry, const struct pci_identity *identity)
{
	return entry->vendor == identity->vendor && entry->device == identity->device;
}

int sriov_conf_put(struct sriov_conf *conf, const struct sriov_entry *entry)
{
	struct sriov_entry *there = sriov_conf_at(conf, &entry->bdf);

	if (there) {
		*there = *entry;
		return 0;
	}
	if (!array_grow(conf->items, conf->n))
		return -ENOMEM;
	conf->items[conf->n++] = *entry;
	qsort(conf->items, conf->n, sizeof(*conf->items), compare);
	return 0;
}

void sriov_conf_drop(struct sriov_conf *conf, const struct bdf *bdf)
{
	struct sriov_entry *there = sriov_conf_at(conf, bdf);

	if (!there)
		return;
	conf->n--;
	memmove(there, there + 1, (size_t)(conf->items + conf->n - there) * sizeof(*there));
}

void sriov_conf_free(struct sriov_conf *conf)
{
	free(conf->items);
	early_list_free(&conf->early);
	*conf = (struct sriov_conf){0};
}
