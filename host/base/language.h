/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The language of messages, by GNU gettext. The English text in the code is a message's id: _() of
 * host/base/base.h around it gives the text to print, N_() only marks it, where a table is filled.
 * What programs read (files, JSON, `config`) is not marked. po/ has the other languages.
 */
#ifndef HOST_BASE_LANGUAGE_H
#define HOST_BASE_LANGUAGE_H

/* For what is compiled without the Makefile's: where catalogs are installed. */
#ifndef LOCALEDIR
#define LOCALEDIR "/usr/share/locale"
#define LOCALES	  "/usr/share/pve-passthrough/locales"
#endif

/*
 * From now on messages are in the language of the environment (LC_ALL, LC_MESSAGES, LANG;
 * gettext(3)), as far as there is a catalog of it below LOCALEDIR, else in English. Proxmox VE runs
 * hookscripts with LC_ALL=C: English.
 *
 * gettext translates only in a locale that the host has, and Proxmox VE's hosts have only
 * English ones. So LOCALES is a directory with a link to libc's own C.utf8 for each catalog, named
 * as a generated locale would be (zh_CN.utf8), which is taken then. To be called once, by a main,
 * before any message. Neither text is copied.
 */
void language_open(const char *localedir, const char *locales);

/*
 * From now on messages are in the language NAME, "en" or that of a catalog ("zh_CN"), whatever the
 * environment says.
 */
void language_set(const char *name);

#endif
