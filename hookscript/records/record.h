/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One record per taken device, /run/pve-passthrough/records/BDF: what the device was before, and
 * for which VM it was taken. Written before the first write to the device, removed when the
 * device is again as recorded. A libconfig file that only root can read, replaced as a whole.
 */
#ifndef HOOKSCRIPT_RECORDS_RECORD_H
#define HOOKSCRIPT_RECORDS_RECORD_H

#include "hookscript/records/record_text.h"
#include "host/base/fs.h"

#define RECORD_DIR "run/pve-passthrough/records"

/*
 * Reads the device's record. Returns 0 with a new record (record_free()), or with NULL when there
 * is none; or -errno and a new text in *ret_why (the caller frees it) that names the file: -EINVAL
 * when it is not a record, -EPROTONOSUPPORT when a newer version wrote it in a format unknown here.
 */
int record_read(const struct fs_root *root, const struct bdf *bdf, struct record **ret,
		char **ret_why) must_check;

/* Whether that error means that the file was read and is not a record for this version; with any
 * other error its content is unknown. */
static inline bool record_is_unusable(int err)
{
	return err == -EINVAL || err == -EPROTONOSUPPORT;
}

/*
 * Spare records: the before-images of devices that Proxmox VE may take for VM VMID instead of those
 * planned. A spare does not mean that the device is taken, and any number of VMs can have one of
 * the same device. As the functions of records.
 */
int record_read_spare(const struct fs_root *root, unsigned int vmid, const struct bdf *bdf,
		      struct record **ret, char **ret_why) must_check;
int record_write_spare(const struct fs_root *root, const struct record *record) must_check;
int record_remove_spare(const struct fs_root *root, unsigned int vmid,
			const struct bdf *bdf) must_check;
int record_list_spares(const struct fs_root *root, unsigned int vmid, struct bdf **ret,
		       size_t *ret_n) must_check;

/*
 * Renames an invalid record to BDF.broken: nothing of it is lost, and it blocks only its device.
 * Returns 0 or -errno.
 */
int record_mark_broken(const struct fs_root *root, const struct bdf *bdf) must_check;

/* The devices that have a broken record; as record_list(). */
int record_list_broken(const struct fs_root *root, struct bdf **ret, size_t *ret_n) must_check;

/* Whether the device has one; also when that is unknown. */
bool record_has_broken(const struct fs_root *root, const struct bdf *bdf);

/* A number that no other claim on this host has, since it was booted. */
uint64_t record_new_claim(void);

/* How long ago the claim was made, in ms; negative when it was not made on this boot. */
int64_t record_claim_age_ms(uint64_t claim);

/* Writes the record, or replaces it; creates the directories when needed. Returns 0 or -errno. */
int record_write(const struct fs_root *root, const struct record *record) must_check;

/* Removes the device's record; none is success. Returns 0 or -errno. */
int record_remove(const struct fs_root *root, const struct bdf *bdf) must_check;

/*
 * The addresses that have a record, in order. Returns 0 with a new array (the caller frees it), or
 * -errno. No directory means no records.
 */
int record_list(const struct fs_root *root, struct bdf **ret, size_t *ret_n) must_check;

/*
 * The lock under which records are claimed: short, never held during a write to sysfs. Waits until
 * DEADLINE (host/base/clock.h). Returns a descriptor, which releases the lock when closed, or
 * -errno: -EBUSY after the deadline.
 */
int record_lock_claims(const struct fs_root *root, int64_t deadline) must_check;

/*
 * The lock on one device's record, held by the worker that writes to the device for as long as it
 * lives, so that a stuck worker is visible and no two write to one device at once. As above.
 */
int record_lock_device(const struct fs_root *root, const struct bdf *bdf,
		       int64_t deadline) must_check;

/* Listens for records that are written or removed (host/process/changes.h, changes_open()). */
int record_changes(const struct fs_root *root) must_check;

/* Whether that lock is held. Never waits; concurrent calls do not disturb each other. */
bool record_device_is_busy(const struct fs_root *root, const struct bdf *bdf);

/*
 * A lock of another name beside these, taken with OPERATION of flock(2), which may block for ever.
 * Returns a descriptor, which releases the lock when closed, or -errno.
 */
int record_lock_named(const struct fs_root *root, const char *name, int operation) must_check;

#endif
