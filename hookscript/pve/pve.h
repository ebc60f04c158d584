/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of a VM on this Proxmox VE node: its config, whether it runs, its lock. */
#ifndef HOOKSCRIPT_PVE_PVE_H
#define HOOKSCRIPT_PVE_PVE_H

#include <sys/types.h>

#include "host/text/bdf.h"
#include "host/base/fs.h"

/*
 * Reads a VM's number as Proxmox VE writes one: 100 to 999999999, no leading zero (pve-common,
 * PVE/JSONSchema.pm, pve-vmid). Returns 0, or -EINVAL and leaves *ret alone.
 */
int pve_vmid_parse(const char *text, unsigned int *ret) must_check;

/*
 * This node's name: what the link /etc/pve/local points to; without it, the host's name up to its
 * first dot, as Proxmox VE takes it (pve-common, PVE/INotify.pm, nodename). Returns 0
 * with a new string, or -errno.
 */
int pve_node_name(const struct fs_root *root, char **ret) must_check;

/* Whether a node can have that name: a host name without a domain. */
bool pve_is_node_name(const char *text);

/*
 * The path of the VM's config: below /etc/pve/qemu-server/, or, during an incoming migration, below
 * the node MIGRATED_FROM (the value of PVE_MIGRATED_FROM; NULL or "" otherwise). Returns a new path
 * without leading '/', or NULL without memory. An invalid node name is ignored.
 */
char *pve_config_path(unsigned int vmid, const char *migrated_from) must_check;

/*
 * Whether the VM runs, as Proxmox VE decides it: its pid file names a process whose command line
 * has -pidfile with exactly that file (process numbers recur). (qemu-server,
 * PVE/QemuServer/Helpers.pm, vm_running_locally) True also when that cannot be read.
 */
bool pve_vm_runs(const struct fs_root *root, unsigned int vmid);

/* The same, as the number of that process in *RET, 0: none. Returns 0 or -errno, and then 0 there,
 * too. */
int pve_vm_pid(const struct fs_root *root, unsigned int vmid, pid_t *ret) must_check;

/*
 * Whether Proxmox VE reboots the VM, which is a stop and, after its post-stop, a start
 * (qemu-server, PVE/QemuServer.pm, create_reboot_request).
 */
bool pve_vm_reboots(const struct fs_root *root, unsigned int vmid);

/*
 * A device that Proxmox VE has reserved for a VM that runs with it, or is being started. It
 * reserves only what a config names, never the neighbours in a group (qemu-server,
 * PVE/QemuServer/PCI.pm, reserve_pci_usage).
 */
struct pve_reservation {
	struct bdf bdf;
	bool has_bdf; /* else it is a mediated device, not a PCI device */
	unsigned int vmid;
	bool of_start;	 /* the VM is being started */
	long long value; /* until when, in seconds since 1970; else the number of its process */
};

struct pve_reservations {
	struct pve_reservation *items;
	size_t n;
};

/* Reads all of them, also stale ones. Lines that Proxmox VE cannot parse are ignored. No file means
 * no reservations. Returns 0 (free with pve_reservations_free()) or -errno. */
int pve_reservations_read(const struct fs_root *root, struct pve_reservations *ret) must_check;
void pve_reservations_free(struct pve_reservations *list);

#define auto_reservations cleanup_with(pve_reservations_free)

/* Whether it is not stale: its time is not over, or its process is the VM's. Reads files; true also
 * when that cannot be read. */
bool pve_reservation_holds(const struct fs_root *root, const struct pve_reservation *item);

/* Whether Proxmox VE starts another VM than VMID with devices at this moment. What cannot be read
 * counts as yes. */
bool pve_start_is_under_way(const struct fs_root *root, unsigned int vmid);

/* The devices that Proxmox VE has reserved for the VM. Returns 0 and a new array (the caller frees
 * it), or -errno. */
int pve_reserved_for(const struct fs_root *root, unsigned int vmid, struct bdf **ret,
		     size_t *ret_n) must_check;

/*
 * Takes the VM's config lock, shared: as long as it is held, Proxmox VE neither starts, stops nor
 * changes the VM, and waits 10 s for it at most, so never keep it during something slow. WAIT:
 * block until it is free. Returns a descriptor, which releases the lock when closed; -EWOULDBLOCK
 * when it is held; -ENOENT when the VM has never been locked here; -errno.
 */
int pve_vm_lock(const struct fs_root *root, unsigned int vmid, bool wait) must_check;

/*
 * Whether the VM's config lock is held, as Proxmox VE does while it starts, stops or changes a VM.
 * Also when that is unknown. Never waits.
 */
bool pve_vm_is_locked(const struct fs_root *root, unsigned int vmid);

#endif
