/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the keys of one settings file to the struct. What is read replaces what was there, so the
 * file that shall win is read last, and in it the group of the VM. For hookscript/settings*.c only.
 */
#ifndef HOOKSCRIPT_SETTINGS_READER_H
#define HOOKSCRIPT_SETTINGS_READER_H

#include <libconfig.h>

#include "hookscript/settings.h"

struct settings_reader {
	const char *path; /* the file, as in struct setting_source */
	bool of_cluster;  /* it is the cluster's: a device needs its node, see settings.h */
	const char *node; /* this node's name */
	struct settings *settings; /* where the values go */
	char *why;		   /* after a failure: the error for the user */
};

/* Each returns 0; or -errno, and reader->why says what is wrong where, unless memory was short. */

/* A whole file, what it has for all VMs and then for VMID. -ENOENT when there is none. */
int reader_read_file(struct settings_reader *reader, const struct fs_root *root,
		     unsigned int vmid) must_check;

/* One key for all VMs or for one, devices too. */
int reader_read_key(struct settings_reader *reader, const config_setting_t *setting) must_check;

/* The list of devices. */
int reader_read_devices(struct settings_reader *reader, const config_setting_t *list) must_check;

/*
 * Sets reader->why: the key, or the element of a list, must be WANTED and not what it is. Returns
 * -EINVAL, or -ENOMEM.
 */
int reader_refuse(struct settings_reader *reader, const config_setting_t *setting,
		  const char *wanted);

/* A key that nobody knows: the same in a node's file, a warning and 0 in the cluster's. */
int reader_take_unknown(struct settings_reader *reader, const config_setting_t *setting);

/* The same in words: "/FILE, line N: WHAT". */
int reader_complain(struct settings_reader *reader, const config_setting_t *setting,
		    const char *format, ...) printf_like(3, 4);

/* Where it stands. */
struct setting_source reader_source(const struct settings_reader *reader,
				    const config_setting_t *setting);

/* A new copy of TEXT in place of *TEXT_OF, or none for NULL. Returns 0 or -ENOMEM. */
int reader_set_text(char **text_of, const char *text) must_check;

/* How the files name them. */
extern const char *const policy_names[3];
const char *setting_key_name(enum setting_key key);
const char *device_key_name(enum device_key key);

void device_setting_free(struct device_setting *device);

#endif
