/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a worker does to take a device. */
#ifndef HOOKSCRIPT_BIND_BIND_TAKE_H
#define HOOKSCRIPT_BIND_BIND_TAKE_H

#include "hookscript/bind/bind_slot.h"

/* For bind.work: completes the claimed record and binds the device to vfio-pci, or its variant
 * driver. -ESTALE when the VM has no claim on it. */
int bind_take_device(struct bind_device *device) must_check;

/* For bind.work: writes a spare record of what the device is now. */
int bind_write_spare(struct bind_device *device) must_check;

#endif
