/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of the settings files: const tables of the name of each, the field of its value, and
 * what it may be. For hookscript/settings/, and what prints them.
 */
#ifndef HOOKSCRIPT_SETTINGS_SETTINGS_VALUES_H
#define HOOKSCRIPT_SETTINGS_SETTINGS_VALUES_H

#include <libconfig.h>

#include "hookscript/settings/settings.h"
#include "host/text/strbuf.h"

/* The file that is read. Later values replace earlier ones, so the file that wins is read last, and
 * in it the group of the VM. */
struct settings_reader {
	const char *path;	   /* the file, as in struct setting_source */
	bool of_cluster;	   /* it is the cluster's: each device needs its node */
	const char *node;	   /* this node's name */
	struct settings *settings; /* where the values go */
	char *why;		   /* after a failure: the error for the user */
};

struct setting_key;

/* How a kind of value is read and written. OBJECT is the struct settings, or device_setting.
 * Reading returns 0; or -errno, and sets reader->why unless memory was short. */
struct setting_type {
	int (*read)(struct settings_reader *reader, const config_setting_t *setting,
		    const struct setting_key *key, void *object);
	void (*write)(struct strbuf *out, const struct setting_key *key, const void *object);
};

struct setting_key {
	const char *name;
	const struct setting_type *type;
	size_t at;	    /* the offset of its field in the object */
	const char *wanted; /* what it must be; to be translated */
	size_t beside;	    /* of lists the offset of their length; of flags the value of false */
	const char *const *words; /* the texts of a choice, up to a NULL; the field is an index */
	bool (*is_good)(const char *text); /* of a text, or of each in a list; NULL there: numbers
					    * of containers */
	const char *none; /* the text for a field of NULL; NULL: the field always has a text */
};

extern const struct setting_key settings_keys[SETTING_KEYS];
extern const struct setting_key device_keys[DEVICE_KEYS];
extern const struct setting_key vf_keys[VF_KEYS];

/* true or false. */
extern const struct setting_type setting_flag;

/* Whether the name is that of an entry, "hostpci0"; which one in *RET. */
bool settings_is_entry(const char *name, unsigned int *ret);

/* Sets reader->why: what is wrong, with the file and the line. Returns -EINVAL or -ENOMEM. */
int reader_complain(struct settings_reader *reader, const config_setting_t *setting,
		    const char *format, ...) printf_like(3, 4);

/* The same: the key, or the element of a list, must be WANTED. */
int reader_refuse(struct settings_reader *reader, const config_setting_t *setting,
		  const char *wanted);

#endif
