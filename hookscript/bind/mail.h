/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mails root that devices could not be given back, once for each claim on a device: whose mail was
 * sent is noted in /run/pve-passthrough/records/VMID.mailed. Proxmox VE makes a notification of a
 * mail to root (proxmox-mail-forward).
 */
#ifndef HOOKSCRIPT_BIND_MAIL_H
#define HOOKSCRIPT_BIND_MAIL_H

#include "hookscript/bind/bind_slot.h"

/* The program, which is looked for below the root; tests run another one. */
#define MAIL_PROGRAM "usr/sbin/sendmail"
extern const char *mail_program;

/*
 * After BIND has given devices back: mails those of which this failed, unless they were mailed
 * before or their records say not to, with TEXT, what was said of them. When none failed, the note
 * goes. Without /usr/sbin/sendmail nothing is done; that it fails is reported.
 */
void mail_failures(const struct bind *bind, const char *text);

#endif
