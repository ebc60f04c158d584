/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checks that plan_make() consists of, and what they write into the plan. Pure, like
 * hookscript/plan/plan.h. Running out of memory is noted in struct plan_check, and is plan_make()'s
 * error at the end: what is added after that is lost, which does no harm.
 */
#ifndef HOOKSCRIPT_PLAN_PLAN_CHECK_H
#define HOOKSCRIPT_PLAN_PLAN_CHECK_H

#include "hookscript/plan/plan.h"

struct plan_check {
	const struct facts *facts;
	struct plan *plan;
	int err;	    /* 0 or -ENOMEM */
	bool shows_devices; /* a cure has a line for the settings with the list of devices */
};

/*
 * Adds a refusal about the device at BDF, which must be in the facts, or about none (NULL). Takes
 * over BRIEF, WHAT in a few words, and WHAT.
 */
void plan_add_refusal(struct plan_check *c, enum refusal_reason reason, const struct bdf *bdf,
		      char *brief, char *what);

/* The same by a format and its arguments. */
#define plan_refuse(c, reason, bdf, brief, ...) \
	plan_add_refusal((c), (reason), (bdf), (brief), fs_path(__VA_ARGS__))

/*
 * Adds a step to what cures the last refusal: WORDS (NULL: none), and a command after them (NULL:
 * words only); FIX: it is this one, which changes configuration only. Takes over all but WORDS.
 */
void cure_add(struct plan_check *c, const char *words, char *command, char **fix);

/* The same for a command by a format and its arguments, and for words alone. */
#define cure_command(c, words, ...) cure_add((c), (words), fs_path(__VA_ARGS__), NULL)
#define cure_words(c, ...)	    cure_add_words((c), fs_path(__VA_ARGS__))
void cure_add_words(struct plan_check *c, char *words);

/* The same for a command that `vm --fix` may run. */
void cure_config(struct plan_check *c, const char *words, char **fix);

/* cure_config() of the words of a qm set on the VM. */
void cure_qm_set(struct plan_check *c, const char *words, const char *option, const char *value);

/* That it is tried again, by COMMAND with the VM's number, or, of a test, by that. */
void cure_again(struct plan_check *c, const char *words, const char *command);

/* That the entry hostpciE is taken out. */
void cure_delete(struct plan_check *c, const char *words, size_t e);

/* That the VM is given the device at ADDRESS as hostpciE; of HOSTPCI_MAX nothing is added. */
void cure_by_entry(struct plan_check *c, const char *words, size_t e, const char *address);

/* What the kernel's log says, LINES; NULL: nothing. */
void cure_by_log(struct plan_check *c, const char *lines);

/* A cure that has one step a line. */
void cure_by_lines(struct plan_check *c, const char *cure);

/* That root can read what this user cannot, if ERR says so. Returns whether it does. */
bool cure_as_root(struct plan_check *c, int err);

/* Adds a warning about a device or none. Takes over WHAT. */
void plan_add_warning(struct plan_check *c, const struct bdf *bdf, char *what);

/* The same that the verb vm says, too. */
void plan_add_lasting(struct plan_check *c, char *what);

#define plan_warn(c, bdf, ...) plan_add_warning((c), (bdf), fs_path(__VA_ARGS__))

/* Adds a note, and a command (NULL: none). Takes over both. */
void plan_add_note(struct plan_check *c, char *what, char *command);

/* TEXT; for NULL "", and out of memory. */
const char *plan_text(struct plan_check *c, const char *text);

/* Adds a device to the last refusal's. */
void plan_refuse_also(struct plan_check *c, const struct bdf *bdf);

/* Says which use of the device the last refusal is about. */
void plan_refuse_finding(struct plan_check *c, const struct usage_finding *finding);

/* "0000:01:00.0", with a note if the VM does not name it. A new string. */
char *describe_device(const struct device *device) must_check;

/* The VM's config: its machine, its hostpci entries, the lines that Proxmox VE drops. */
void plan_check_config(struct plan_check *c);

/* That mediated devices, which args give to QEMU, are none of this hook's. */
void plan_note_mdevs(struct plan_check *c);

/* Whether args put an entry at 00:02.0 of the guest, by "-set device.hostpci0.addr=02.0": where
 * integrated graphics has its place on i440fx. (QEMU, docs/igd-assign.txt) */
bool plan_args_place_igd(const struct vmcfg *vm);

/* What Proxmox VE asks of a VM with legacy-igd=1. */
void plan_check_igd(struct plan_check *c);

/* What is wanted of entry E, in a few words; and a refusal of it, by a format and its arguments. */
char *plan_name_of_valid(int e) must_check;
#define refuse_entry(c, e, ...) \
	plan_refuse(c, REFUSAL_ENTRY, NULL, plan_name_of_valid((int)(e)), __VA_ARGS__)

/* Whether the addresses of the candidate alone name the device more than once. */
bool candidate_names_twice(const struct candidate *candidate, const struct bdf *bdf);

/* Refuses entry E: of its mapping's N_ALTERNATIVES on this node none can be chosen. */
void plan_refuse_no_alternative(struct plan_check *c, size_t e, size_t n_alternatives);

/* What `host-setup check` calls missing, in its words. */
void plan_check_host(struct plan_check *c);

/* That there is a device at every address that the entries name. */
void plan_check_addresses(struct plan_check *c);

/* That the devices at the addresses are those of the VM's last start. */
void plan_check_identity(struct plan_check *c);

/* That a VM which HA moves names no devices by address on a node that it is new to. */
void plan_check_ha(struct plan_check *c);

/* The devices that the entries name, and all members of their groups. */
void plan_check_devices(struct plan_check *c);

/* What the settings want of the virtual functions of network cards that the entries get. */
void plan_check_vfs(struct plan_check *c);

/* Whether the host has the memory that the devices pin. */
void plan_check_memory(struct plan_check *c);

/* How long its start takes, and what makes that shorter: huge pages, its place on the host. */
void plan_note_memory(struct plan_check *c);

/* What the host itself does with the devices that would be taken (host/usage/usage.h). */
void plan_check_usage(struct plan_check *c);

/* That no drive or port of the VM's own config is on a device that would be taken. */
void plan_check_own_nodes(struct plan_check *c);

#endif
