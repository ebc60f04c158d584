/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names that settings may hold. They end up in command lines and in sysfs, so each is strict.
 * Pure. */
#ifndef HOOKSCRIPT_SETTINGS_SETTINGS_GRAMMAR_H
#define HOOKSCRIPT_SETTINGS_SETTINGS_GRAMMAR_H

#include "host/base/base.h"

/* A driver's or a module's: letters, digits, '_', '-', no '-' in front, at most 55 of them (Linux:
 * include/linux/module.h, MODULE_NAME_LEN). */
bool grammar_is_module(const char *text);

/*
 * A systemd unit that can be stopped and started again by its name: NAME.TYPE, or
 * NAME@INSTANCE.TYPE (systemd.unit(5), at most 255 bytes). Those of the types device, scope and
 * slice cannot be started so; "-.mount" is the root file system.
 */
bool grammar_is_unit(const char *text);

/* STORAGE:snippets/NAME, a volume as Proxmox VE names a hookscript (pve-storage,
 * PVE/Storage/Plugin.pm, parse_volname; a storage's id: PVE/JSONSchema.pm, parse_storage_id). */
bool grammar_is_snippet(const char *text);

/*
 * What the attribute reset_method takes (Linux: Documentation/ABI/testing/sysfs-bus-pci; the names:
 * drivers/pci/pci.c, pci_reset_fn_methods): names with spaces between them, "default", or "".
 * Returns 0 and a new text with one space between names; -EINVAL for an unknown name or one that
 * stands there twice; -ENOMEM.
 */
int grammar_reset_method(const char *text, char **ret) must_check;

#endif
