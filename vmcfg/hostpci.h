/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The value of a hostpciN line -> struct. The grammar is Proxmox VE's own (qemu-server,
 * PVE/QemuServer/PCI.pm); a value it would drop is refused here too. Pure.
 */
#ifndef VMCFG_HOSTPCI_H
#define VMCFG_HOSTPCI_H

#include "host/base/base.h"
#include "host/text/bdf.h"
#include "vmcfg/text/text.h"

struct propstr_format;

/* hostpci0 … hostpci15 */
#define HOSTPCI_MAX 16

/* One address of host=, or of a mapping's path=. */
struct hostpci_address {
	struct bdf bdf;	    /* domain 0000 where none was given; function 0 with all_functions */
	bool all_functions; /* no function was given: every one of the slot */
	/* Proxmox VE accepts addresses that no device can have (slot 3f, function f, domain 00001).
	 * Such an address, with its domain, for messages; BDF is not set then. Else NULL. */
	char *impossible;
};

/*
 * Removes [DOMAIN:]BUS:SLOT from the beginning of T as Proxmox VE does: lower case, the domain of
 * four digits or more, the others of two. False, with T undefined, when it does not begin so.
 */
bool hostpci_take_slot(struct text *t, bool *ret_has_domain);

/*
 * Reads an address, [DOMAIN:]BUS:SLOT[.FUNCTION]. Returns 0, with ret->impossible new or NULL and
 * the caller's to free; -EINVAL when Proxmox VE's grammar refuses it; -ENOMEM.
 */
int hostpci_address_parse(struct text written, struct hostpci_address *ret) must_check;

/* Moves ADDRESS to the end of the array *LIST of *N. Returns 0, or -ENOMEM with
 * ADDRESS freed. */
int hostpci_address_add(struct hostpci_address **list, size_t *n,
			struct hostpci_address *address) must_check;

void hostpci_addresses_free(struct hostpci_address *list, size_t n);

/* ADDRESS for people, "0000:01:00.0" or "0000:01:00": BUF, or a piece of ADDRESS. */
const char *hostpci_address_format(const struct hostpci_address *address, char buf[BDF_TEXT_SIZE]);

/* The same for a message: a text that lasts until the end of the block it is written in. */
#define hostpci_address_text(address) hostpci_address_format((address), (char[BDF_TEXT_SIZE]){0})

/* Whether ADDRESS names the device at BDF. */
bool hostpci_address_names(const struct hostpci_address *address, const struct bdf *bdf);

/* Whether one of N ADDRESSES does. */
bool hostpci_addresses_name(const struct hostpci_address *addresses, size_t n,
			    const struct bdf *bdf);

/* NULL strings and -1 booleans were not given; all of them for an entry that is set but empty. With
 * neither host nor mapping, or with both, the line is valid, and the VM's start fails. A string
 * ends at a NUL in the file, which mdev and value may contain. Options that this program does not
 * use are in value only. */
struct hostpci {
	char *value;	  /* the whole value as written in the file */
	size_t value_len; /* without the NUL after it */
	struct hostpci_address *hosts;
	size_t n_hosts;
	char *mapping;
	char *mdev;
	char *driver; /* "vfio" or "keep" */
	char *romfile;
	int pcie, legacy_igd, rombar, x_vga;
};

/* The options of an entry, for vmcfg/text/propstr.h. */
#define HOSTPCI_OPTIONS 13
extern const struct propstr_format hostpci_format;

/*
 * Parses VALUE of LEN bytes (NUL is an ordinary byte there). Returns 0 and a new struct, which the
 * caller frees with hostpci_free(); -EINVAL when Proxmox VE would drop the line, with a new string
 * in *ret_why (when not NULL) saying why in printable ASCII, to be freed by the caller; -ENOMEM.
 */
int hostpci_parse(const char *value, size_t len, struct hostpci **ret, char **ret_why) must_check;

/*
 * The entry's value with pcie=1 and every other option as written, for `qm set VMID --hostpciN`. An
 * option pcie=… is replaced in place; otherwise pcie=1 follows the address or the mapping. Returns
 * a new string, or NULL without memory.
 */
char *hostpci_value_with_pcie(const struct hostpci *entry) must_check;

/*
 * The entry's value with every device of host= named once, by the first address or the one that
 * names all functions of its slot, and everything else as written. Returns a new string, or NULL
 * without memory; for an entry without host= its value.
 */
char *hostpci_value_once(const struct hostpci *entry) must_check;

/*
 * The entry's value without the addresses of host= that name one of the N devices, and everything
 * else as written; at least one must be left. Returns a new string, or NULL without memory.
 */
char *hostpci_value_without_devices(const struct hostpci *entry, const struct bdf *devices,
				    size_t n) must_check;

/*
 * The entry's value with mapping=NAME in place of host=, and every other option as written. Returns
 * a new string, or NULL without memory.
 */
char *hostpci_value_with_mapping(const struct hostpci *entry, const char *name) must_check;

/* The entry's value without the option OPTION ("pcie"), and every other one as written. Returns a
 * new string, or NULL without memory. */
char *hostpci_value_without(const struct hostpci *entry, const char *option) must_check;

/* A device whose address has changed. */
struct hostpci_move {
	struct bdf from, to;
};

/*
 * The entry's value with every address of host= that names a moved device replaced by its new
 * address, all at once (two devices may have swapped addresses), and everything else as written. An
 * address without function is replaced when all devices that left its slot are in one slot now,
 * with the same functions. Returns 0 and a new string in *ret; -ENOENT when no address is replaced;
 * -ENOMEM.
 */
int hostpci_value_with_moves(const struct hostpci *entry, const struct hostpci_move *moves,
			     size_t n_moves, char **ret) must_check;

/* Frees ENTRY; NULL is fine. */
void hostpci_free(struct hostpci *entry);
DEFINE_CLEANUP(struct hostpci *, hostpci_free)

#endif
