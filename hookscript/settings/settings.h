/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /etc/pve/pve-passthrough.conf for all nodes of a cluster, and /etc/pve-passthrough.conf for this
 * node (libconfig): pve-passthrough.conf(5) describes the keys. Every key is optional, and so are
 * the files.
 *
 * Key by key, the node's file beats the cluster's, also its vmNNN groups; within one file the VM's
 * group beats what is outside of it. Entries of 'devices' for the same device, which can only be in
 * different lists, are merged, key by key in that same order. A key of the cluster's
 * file that this version does not know is a warning, since nodes are upgraded one after the other;
 * in the node's file it is an error.
 */
#ifndef HOOKSCRIPT_SETTINGS_SETTINGS_H
#define HOOKSCRIPT_SETTINGS_SETTINGS_H

#include "host/text/bdf.h"
#include "host/base/fs.h"
#include "host/usage/usage.h"
#include "vmcfg/hostpci.h"

#define SETTINGS_PATH	      "etc/pve-passthrough.conf"
#define SETTINGS_CLUSTER_PATH "etc/pve/pve-passthrough.conf"
#define SETTINGS_TEXT_MAX     ((size_t)1024 * 1024)

/* What to do with a VM that fails a check. */
enum policy { POLICY_REFUSE, POLICY_WARN, POLICY_OFF };

/* What to do with the members of a group that the VM does not name. */
enum group_policy { GROUP_TAKE, GROUP_REFUSE };

/* What to write to d3cold_allowed: whether the device may lose its power. */
enum d3cold { D3COLD_AS_IT_IS, D3COLD_FORBID, D3COLD_ALLOW };

/* Where a value is set; without a path it is the default. */
struct setting_source {
	const char *path; /* SETTINGS_PATH or SETTINGS_CLUSTER_PATH */
	unsigned int line;
};

/* The keys of the files: indexes of their sources. */
enum setting_name {
	SETTING_MACHINE,
	SETTING_PCIE,
	SETTING_DEADLINE,
	SETTING_GROUP,
	SETTING_IFRELOAD,
	SETTING_AT_SHUTDOWN,
	SETTING_NEXT,
	SETTING_LANGUAGE,
	SETTING_MAIL,
	SETTING_KEYS /* how many */
};

enum device_key {
	DEVICE_ALLOW,
	DEVICE_RETURN_TO,
	DEVICE_RESET_METHOD,
	DEVICE_D3COLD,
	DEVICE_STOP_UNITS,
	DEVICE_STOP_CT,
	DEVICE_UNLOAD,
	DEVICE_DRIVER,
	DEVICE_KEYS /* how many */
};

/* The keys of a VM's group for the virtual function of a network card that its entry gets. */
enum vf_key {
	VF_KEY_MAC,
	VF_KEY_VLAN,
	VF_KEY_TRUST,
	VF_KEY_SPOOFCHK,
	VF_KEY_FDB,
	VF_KEYS /* how many */
};

/* Of one entry. A key without a source is not set, and its value means nothing. */
struct vf_setting {
	char *mac;	    /* an address in lower case; NULL: "stable", one made for the VM */
	unsigned int vlan;  /* 0: none */
	unsigned int trust; /* these are 0 or 1 */
	unsigned int spoofchk;
	unsigned int fdb; /* enter MACs of guests on the bridge that the PF is a port of */
	struct setting_source from[VF_KEYS];
};

#define SETTINGS_DEVICES_MAX 64
#define SETTINGS_NAMES_MAX   16 /* in one list of a device: units, containers, modules */

/* What holds for one device, as long as that device is at the address. */
struct device_setting {
	struct bdf bdf;
	uint16_t vendor, device;
	unsigned int allow; /* bits 1 << enum usage_kind */
	char *return_to;    /* as in struct record (hookscript/records/record_text.h) */
	/* For the attribute reset_method: names with one space between them, "default", or "" for
	 * none at all (which has to be written as "\n"); NULL: unchanged. */
	char *reset_method;
	enum d3cold d3cold;
	char *driver; /* the vfio variant driver for an entry with driver=keep; NULL: none */
	/* systemd units and containers to stop before the device is taken, in this order, and to
	 * start when it is back. */
	char **stop_units;
	size_t n_stop_units;
	char **stop_ct; /* their numbers */
	size_t n_stop_ct;
	/* Modules to unload before it is taken, in this order. */
	char **unload;
	size_t n_unload;
	struct setting_source source; /* of the entry */
	struct setting_source from[DEVICE_KEYS];
};

/* Everything that a pointer leads to belongs to it: settings_free(). */
struct settings {
	enum policy machine;
	enum policy pcie;
	int deadline; /* seconds, 1 to 3600 */
	enum group_policy group;
	unsigned int ifreload;		 /* 1: bring the network up after an interface came back */
	unsigned int return_at_shutdown; /* 1: give devices back although the host shuts down */
	unsigned int mail;		 /* 1: mail root when a device cannot be given back */
	char *next;			 /* "STORAGE:snippets/NAME"; NULL: none */
	char *language;			 /* "en", "zh_CN"; NULL: the environment's */
	struct device_setting *devices;	 /* each device once; SETTINGS_DEVICES_MAX at most */
	size_t n_devices;
	struct vf_setting vfs[HOSTPCI_MAX]; /* of hostpci0 … */
	unsigned int vmid;		    /* of which VM they are; 0: of none */
	struct setting_source from[SETTING_KEYS];
	char **warnings; /* for the user, without a newline */
	size_t n_warnings;
	int err;     /* why they could not be read, -errno, and the rest is the defaults; or 0 */
	char *error; /* the same as text; NULL: memory was short */
};

/* The settings without a file; owns nothing. */
extern const struct settings settings_default;

/* Why they could not be read, for a message. Valid as long as SETTINGS. */
const char *settings_error(const struct settings *settings);

/* Sets the language of messages that the settings name, if they do (host/base/language.h). */
void settings_set_language(const struct settings *settings);

/* Frees what it owns, and leaves the defaults. */
void settings_free(struct settings *settings);

#define auto_settings cleanup_with(settings_free)

/* The last entry of the node's own file for another device at BDF, one that is no longer there, or
 * NULL. The cluster's file may mean that of another node. */
const struct device_setting *settings_stale(const struct settings *settings, const struct bdf *bdf,
					    uint16_t vendor, uint16_t device);

/* What is set for the device at BDF when its id is VENDOR:DEVICE, or NULL. */
const struct device_setting *settings_device(const struct settings *settings, const struct bdf *bdf,
					     uint16_t vendor, uint16_t device);

/* Whether a key is set. */
static inline bool vf_setting_has(const struct vf_setting *setting, enum vf_key key)
{
	return setting->from[key].path;
}

/* The first key by which the VF itself is changed, or VF_KEYS: none is set. */
enum vf_key vf_setting_first(const struct vf_setting *setting);

/* Whether any key is set. */
static inline bool vf_setting_any(const struct vf_setting *setting)
{
	return vf_setting_first(setting) < VF_KEYS || vf_setting_has(setting, VF_KEY_FDB);
}

/* Whether MACs of other guests are entered for the VF: unless the settings say no. */
bool vf_setting_fdb(const struct vf_setting *setting);

/* Frees the N names of a list, and leaves an empty one. */
void settings_names_free(char ***names, size_t *n);

#endif
