/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a worker does to give a device back. */
#ifndef HOOKSCRIPT_BIND_BIND_GIVE_BACK_H
#define HOOKSCRIPT_BIND_BIND_GIVE_BACK_H

#include "hookscript/bind/bind_slot.h"

/* For bind.work: makes the device what its record says, then removes the record. */
int bind_give_back_device(struct bind_device *device) must_check;

/*
 * For bind.work: removes the device's id, if its record says so, from vfio-pci's new_id, where
 * Proxmox VE put it: not an id that the host's own configuration gives to vfio-pci, and not while
 * another VM is being started that way. What must wait stays noted in the record, and is tried
 * again when the device is given back.
 */
int bind_forget_id(struct bind_device *device) must_check;

#endif
