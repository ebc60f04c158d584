// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/record.h"

#include "host/changes.h"
#include "host/clock.h"

#include <fcntl.h>
#include <libconfig.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#define STATE_FOLDER "run/pve-passthrough"
#define LOCK_FOLDER  "run/pve-passthrough/locks"

/* Raised when an older program could not give a device back by what a newer one wrote. */
#define RECORD_FORMAT	1
#define RECORD_TEXT_MAX ((size_t)64 * 1024)

#define LOCK_AGAIN_MS 20

static const char *const stage_names[] = {
	[RECORD_CLAIMED] = "claimed",
	[RECORD_TAKEN] = "taken",
};

static const char *const attribute_names[RECORD_ATTRIBUTES] = {
	[RECORD_RESET_METHOD] = "reset_method",
	[RECORD_D3COLD] = "d3cold_allowed",
};

const char *record_attribute_name(enum record_attribute_name name)
{
	return attribute_names[name];
}

const char *record_target(const struct record *record)
{
	if (!record->return_to)
		return record->driver;
	return strcmp(record->return_to, RECORD_RETURN_NONE) ? record->return_to : NULL;
}

void record_free(struct record *record)
{
	if (!record)
		return;
	free(record->driver);
	free(record->module);
	free(record->override);
	free(record->network);
	free(record->return_to);
	for (size_t i = 0; i < RECORD_ATTRIBUTES; i++) {
		free(record->attributes[i].set);
		free(record->attributes[i].before);
	}
	free(record->unload);
	free(record->unloaded);
	free(record);
}

/* A string setting; "" stands for none. */
static int get_text(const config_t *config, const char *name, char **ret)
{
	const char *text;

	if (!config_lookup_string(config, name, &text))
		return -EINVAL;
	*ret = NULL;
	if (*text) {
		*ret = strdup(text);
		if (!*ret)
			return -ENOMEM;
	}
	return 0;
}

static int get_stage(const config_t *config, enum record_stage *ret)
{
	const char *text;

	if (!config_lookup_string(config, "stage", &text))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(stage_names); i++)
		if (!strcmp(text, stage_names[i])) {
			*ret = (enum record_stage)i;
			return 0;
		}
	return -EINVAL;
}

/* A string setting that older records do not have. */
static int get_newer(const config_t *config, const char *name, char **ret)
{
	return config_lookup(config, name) ? get_text(config, name, ret) : 0;
}

static int get_attribute(const config_t *config, enum record_attribute_name name,
			 struct record_attribute *ret)
{
	auto_free char *before = fs_path("%s_before", attribute_names[name]);
	const char *text;

	if (!before)
		return -ENOMEM;
	/* Not get_text(): an empty value is one, too. */
	if (config_lookup_string(config, attribute_names[name], &text))
		ret->set = strdup(text);
	if (config_lookup_string(config, before, &text))
		ret->before = strdup(text);
	return 0;
}

static int get_newer_fields(const config_t *config, struct record *record)
{
	int err = get_newer(config, "network", &record->network);

	if (!err)
		err = get_newer(config, "return_to", &record->return_to);
	if (!err)
		err = get_newer(config, "unload", &record->unload);
	if (!err)
		err = get_newer(config, "unloaded", &record->unloaded);
	for (unsigned int i = 0; !err && i < RECORD_ATTRIBUTES; i++)
		err = get_attribute(config, i, &record->attributes[i]);
	return err;
}

static int get_fields(const config_t *config, struct record *record)
{
	const char *identity;
	long long claim;
	int format, vmid, flag, err;

	if (!config_lookup_int(config, "format", &format) || format < 1)
		return -EINVAL;
	if (format > RECORD_FORMAT)
		return -EPROTONOSUPPORT;
	if (!config_lookup_int(config, "vmid", &vmid) || vmid < 1 ||
	    !config_lookup_int(config, "deadline", &record->deadline) || record->deadline < 1 ||
	    !config_lookup_string(config, "identity", &identity) ||
	    pci_identity_parse(identity, &record->identity))
		return -EINVAL;
	record->vmid = (unsigned int)vmid;
	record->claim = config_lookup_int64(config, "claim", &claim) ? (uint64_t)claim : 0;
	record->ifreload = config_lookup_bool(config, "ifreload", &flag) && flag;
	record->choice = config_lookup_bool(config, "choice", &flag) && flag;
	record->new_id = config_lookup_bool(config, "new_id", &flag) && flag;
	err = get_stage(config, &record->stage);
	if (!err)
		err = get_text(config, "driver", &record->driver);
	if (!err)
		err = get_text(config, "module", &record->module);
	if (!err)
		err = get_text(config, "driver_override", &record->override);
	return err ? err : get_newer_fields(config, record);
}

static int parse(const char *text, const struct bdf *bdf, struct record **ret)
{
	cleanup_with(record_freep) struct record *record = calloc(1, sizeof(*record));
	config_t config;
	int err;

	if (!record)
		return -ENOMEM;
	record->bdf = *bdf;
	config_init(&config);
	err = config_read_string(&config, text) ? get_fields(&config, record) : -EINVAL;
	config_destroy(&config);
	if (!err)
		*ret = TAKE_PTR(record);
	return err;
}

static char *explain(const char *name, int err)
{
	const char *what = strerror(-err);

	if (err == -EPROTONOSUPPORT)
		what = "written by a newer version of pve-passthrough in a format that this one does "
		       "not know";
	else if (err == -EINVAL)
		what = "not a record of pve-passthrough";
	return fs_path("/%s/%s: %s", RECORD_FOLDER, name, what);
}

static int read_named(const struct fs_root *root, const char *name, const struct bdf *bdf,
		      struct record **ret, char **ret_why)
{
	auto_free char *path = name ? fs_path("%s/%s", RECORD_FOLDER, name) : NULL;
	auto_close int fd = fs_open(root, path, O_RDONLY | O_NOFOLLOW, 0);
	auto_free char *text = NULL;
	int err;

	if (fd == -ENOENT) {
		*ret = NULL;
		return 0;
	}
	err = fd < 0 ? fd : fs_read_fd(fd, RECORD_TEXT_MAX, &text, NULL);
	if (!err)
		err = parse(text, bdf, ret);
	if (err)
		*ret_why = name ? explain(name, err) : NULL;
	return err;
}

int record_read(const struct fs_root *root, const struct bdf *bdf, struct record **ret,
		char **ret_why)
{
	char address[BDF_TEXT_SIZE];

	return read_named(root, bdf_format(bdf, address), bdf, ret, ret_why);
}

/* Not the form of an address, so that nobody takes it for a record. */
static char *spare_name(unsigned int vmid, const struct bdf *bdf)
{
	char address[BDF_TEXT_SIZE];

	return fs_path("%s.spare-%u", bdf_format(bdf, address), vmid);
}

int record_read_spare(const struct fs_root *root, unsigned int vmid, const struct bdf *bdf,
		      struct record **ret, char **ret_why)
{
	auto_free char *name = spare_name(vmid, bdf);

	return read_named(root, name, bdf, ret, ret_why);
}

static bool add_int(config_setting_t *top, const char *name, int value)
{
	config_setting_t *setting = config_setting_add(top, name, CONFIG_TYPE_INT);

	return setting && config_setting_set_int(setting, value);
}

static bool add_int64(config_setting_t *top, const char *name, uint64_t value)
{
	config_setting_t *setting = config_setting_add(top, name, CONFIG_TYPE_INT64);

	return setting && config_setting_set_int64(setting, (long long)value);
}

static bool add_bool(config_setting_t *top, const char *name, bool value)
{
	config_setting_t *setting = config_setting_add(top, name, CONFIG_TYPE_BOOL);

	return setting && config_setting_set_bool(setting, value);
}

static bool add_text(config_setting_t *top, const char *name, const char *value)
{
	config_setting_t *setting = config_setting_add(top, name, CONFIG_TYPE_STRING);

	return setting && config_setting_set_string(setting, value ? value : "");
}

static bool add_newer(config_setting_t *top, const char *name, const char *value)
{
	return !value || add_text(top, name, value);
}

static bool add_attributes(config_setting_t *top, const struct record *record)
{
	for (size_t i = 0; i < RECORD_ATTRIBUTES; i++) {
		auto_free char *before = fs_path("%s_before", attribute_names[i]);

		if (!before || !add_newer(top, attribute_names[i], record->attributes[i].set) ||
		    !add_newer(top, before, record->attributes[i].before))
			return false;
	}
	return true;
}

/* The record's text; NULL without memory. */
static char *format_record(const struct record *record)
{
	char address[BDF_TEXT_SIZE], identity[PCI_IDENTITY_TEXT_SIZE];
	char *text = NULL;
	size_t size;
	config_t config;
	config_setting_t *top;
	FILE *to;
	bool good;

	config_init(&config);
	top = config_root_setting(&config);
	good = add_int(top, "format", RECORD_FORMAT) &&
	       add_text(top, "address", bdf_format(&record->bdf, address)) &&
	       add_int(top, "vmid", (int)record->vmid) && add_int64(top, "claim", record->claim) &&
	       add_text(top, "stage", stage_names[record->stage]) &&
	       add_text(top, "identity", pci_identity_format(&record->identity, identity)) &&
	       add_text(top, "driver", record->driver) && add_text(top, "module", record->module) &&
	       add_text(top, "driver_override", record->override) &&
	       add_int(top, "deadline", record->deadline) &&
	       add_newer(top, "network", record->network) &&
	       add_newer(top, "return_to", record->return_to) &&
	       add_newer(top, "unload", record->unload) &&
	       add_newer(top, "unloaded", record->unloaded) && add_attributes(top, record) &&
	       (!record->ifreload || add_bool(top, "ifreload", record->ifreload)) &&
	       (!record->choice || add_bool(top, "choice", record->choice)) &&
	       (!record->new_id || add_bool(top, "new_id", record->new_id));
	to = good ? open_memstream(&text, &size) : NULL;
	if (to) {
		config_write(&config, to);
		if (fclose(to))
			free(TAKE_PTR(text));
	}
	config_destroy(&config);
	return text;
}

uint64_t record_new_claim(void)
{
	struct timespec now;

	/* Milliseconds and the process: no two processes of one number live in one millisecond.
	 * 22 bits hold every process number (Linux: PID_MAX_LIMIT). */
	clock_gettime(CLOCK_BOOTTIME, &now);
	return ((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000) << 22 |
	       (uint64_t)getpid();
}

static int make_folders(const struct fs_root *root)
{
	int err;

	/* Made first and closed to others, what is below needs no thought. */
	err = fs_make_folder(root, "run", 0755);
	if (!err)
		err = fs_make_folder(root, STATE_FOLDER, 0700);
	if (!err)
		err = fs_make_folder(root, RECORD_FOLDER, 0700);
	if (!err)
		err = fs_make_folder(root, LOCK_FOLDER, 0700);
	return err;
}

static int write_named(const struct fs_root *root, const char *name, const struct record *record)
{
	auto_free char *text = format_record(record);
	int err;

	if (!text || !name)
		return -ENOMEM;
	err = make_folders(root);
	return err ? err : fs_replace(root, RECORD_FOLDER, name, text, 0600);
}

int record_write(const struct fs_root *root, const struct record *record)
{
	char address[BDF_TEXT_SIZE];

	return write_named(root, bdf_format(&record->bdf, address), record);
}

int record_write_spare(const struct fs_root *root, const struct record *record)
{
	auto_free char *name = spare_name(record->vmid, &record->bdf);

	return write_named(root, name, record);
}

int record_remove_spare(const struct fs_root *root, unsigned int vmid, const struct bdf *bdf)
{
	auto_free char *name = spare_name(vmid, bdf);

	return name ? fs_remove(root, RECORD_FOLDER, name) : -ENOMEM;
}

int record_remove(const struct fs_root *root, const struct bdf *bdf)
{
	char address[BDF_TEXT_SIZE];

	return fs_remove(root, RECORD_FOLDER, bdf_format(bdf, address));
}

int record_set_aside(const struct fs_root *root, const struct bdf *bdf)
{
	char address[BDF_TEXT_SIZE];
	auto_free char *broken = fs_path("%s.broken", bdf_format(bdf, address));

	return broken ? fs_rename(root, RECORD_FOLDER, address, broken) : -ENOMEM;
}

bool record_is_set_aside(const struct fs_root *root, const struct bdf *bdf)
{
	char address[BDF_TEXT_SIZE];
	auto_free char *path = fs_path("%s/%s.broken", RECORD_FOLDER, bdf_format(bdf, address));

	return fs_exists(root, path);
}

/* The addresses in the names that end in SUFFIX behind an address. */
static int list_names(const struct fs_root *root, const char *suffix, struct bdf **ret,
		      size_t *ret_n)
{
	auto_names struct fs_names names = {0};
	auto_free struct bdf *list = NULL;
	size_t n = 0;
	int err;

	err = fs_list(root, RECORD_FOLDER, &names);
	if (err && err != -ENOENT)
		return err;
	list = calloc(names.n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < names.n; i++) {
		size_t len = strlen(names.items[i]);
		char *end = names.items[i] + len - strlen(suffix);

		if (len < strlen(suffix) || strcmp(end, suffix))
			continue;
		*end = '\0';
		/* What is no address is a note, or a temporary name left by a crash. */
		if (!bdf_parse(names.items[i], &list[n]))
			n++;
	}
	*ret = TAKE_PTR(list);
	*ret_n = n;
	return 0;
}

int record_list(const struct fs_root *root, struct bdf **ret, size_t *ret_n)
{
	return list_names(root, "", ret, ret_n);
}

int record_list_spares(const struct fs_root *root, unsigned int vmid, struct bdf **ret,
		       size_t *ret_n)
{
	auto_free char *suffix = fs_path(".spare-%u", vmid);

	return suffix ? list_names(root, suffix, ret, ret_n) : -ENOMEM;
}

int record_list_set_aside(const struct fs_root *root, struct bdf **ret, size_t *ret_n)
{
	return list_names(root, ".broken", ret, ret_n);
}

static int lock_until(const struct fs_root *root, const char *name, int64_t deadline)
{
	auto_free char *path = fs_path("%s/%s", LOCK_FOLDER, name);
	int fd;

	fd = make_folders(root);
	if (fd)
		return fd;
	for (;;) {
		fd = fs_lock(root, path, LOCK_EX | LOCK_NB);
		if (fd != -EWOULDBLOCK)
			return fd;
		if (!clock_left_ms(deadline))
			return -EBUSY;
		clock_sleep_ms(LOCK_AGAIN_MS);
	}
}

int record_lock_named(const struct fs_root *root, const char *name, int operation)
{
	auto_free char *path = fs_path("%s/%s", LOCK_FOLDER, name);
	int err = make_folders(root);

	return err ? err : fs_lock(root, path, operation);
}

int record_lock_claims(const struct fs_root *root, int64_t deadline)
{
	return lock_until(root, "claims", deadline);
}

int record_lock_device(const struct fs_root *root, const struct bdf *bdf, int64_t deadline)
{
	char address[BDF_TEXT_SIZE];

	return lock_until(root, bdf_format(bdf, address), deadline);
}

bool record_device_is_busy(const struct fs_root *root, const struct bdf *bdf)
{
	char address[BDF_TEXT_SIZE];
	auto_close int lock = record_lock_named(root, bdf_format(bdf, address), LOCK_SH | LOCK_NB);

	return lock == -EWOULDBLOCK;
}

int record_wait_for_device(const struct fs_root *root, const struct bdf *bdf)
{
	char address[BDF_TEXT_SIZE];
	auto_close int lock = record_lock_named(root, bdf_format(bdf, address), LOCK_SH);

	return lock < 0 ? lock : 0;
}

int record_changes(const struct fs_root *root)
{
	int err = make_folders(root);

	return err ? err : changes_open(root, RECORD_FOLDER);
}
